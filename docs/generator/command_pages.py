"""A page for each command, from its own help."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from reluctant.cli import commands

INTRODUCTION = """\
# Commands

Options come before the script; everything after it is the script's. `reluctant COMMAND --help` prints these pages.
"""


def command_pages() -> dict[str, str]:
    """The text of each page by its path."""
    group = click.Context(commands, info_name="reluctant")
    found = {name: command for name in commands.list_commands(group) if (command := commands.get_command(group, name)) is not None}
    pages = {f"commands/{name}.md": "\n".join(_page(name, command, group)) for name, command in found.items()}
    return {"commands/index.md": "\n".join(_index(found)), **pages}


def _index(found: dict[str, click.Command]) -> Iterator[str]:
    yield from (INTRODUCTION, "| command | what it does |", "|---|---|")
    for name, command in found.items():
        yield f"| [{name}]({name}.md) | {_help(command).partition(chr(10) * 2)[0].replace(chr(10), ' ')} |"


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "")


def _page(name: str, command: click.Command, group: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=group)
    yield from (f"# reluctant {name}", "", "```text", command.get_usage(context).removeprefix("Usage: "), "```", "", _help(command), "")
    yield from ("| option | meaning |", "|---|---|")
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and isinstance(parameter, click.Option):
            option, meaning = (text.replace("|", r"\|") for text in record)
            yield f"| `{option}` | {meaning} |"
    if command.epilog:
        yield from ("", inspect.cleandoc(command.epilog))
