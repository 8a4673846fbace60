"""The command line: one file a command.

Each public module of this package defines one click command called ``command``; its file name is the command's name.
Nothing is registered anywhere, and a command's module is imported only when it is needed, so that ``--help`` and
``--version`` start at once.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable
from typing import Any, cast

import click

from reluctant import __version__
from reluctant.errors import ReluctantError, UnknownNameError


class Commands(click.Group):
    """The commands that the modules of this package define."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in alphabetical order."""
        return sorted(name.replace("_", "-") for _, name, _ in pkgutil.iter_modules(__path__) if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None where there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return cast(click.Command, importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; one that does not exist is answered with those that do."""
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise UnknownNameError("command", args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="reluctant %(version)s")
def commands() -> None:
    """Find out why a network is reluctant to learn, prove the cure, and make its activations cheaper."""


def main() -> None:
    """Run the command line.

    A command may return something to call once the command line's own frames are gone: what is on the stack below a
    user's script is there for the script to see. An error of ours is one message on standard error and exit code 2.
    """
    try:
        outcome = _parsed()
        if callable(outcome):
            outcome()
        elif outcome:
            sys.exit(outcome)
    except ReluctantError as error:
        from reluctant.report import visible

        click.echo("\n".join(map(visible, f"Error: {error}".split("\n"))), err=True)  # it may hold what a script has written
        sys.exit(error.exit_code)


def _parsed() -> Callable[[], None] | int | None:
    try:
        return cast("Callable[[], None] | int | None", cast(Any, commands).main(prog_name="reluctant", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Aborted.", err=True)
        sys.exit(1)
