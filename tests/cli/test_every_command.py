"""What must hold for every command that is found: a new command adds rows here, never a file."""

from __future__ import annotations

import inspect

import click
import pytest
from click.testing import CliRunner

from reluctant.cli import commands

GROUP = click.Context(commands, info_name="reluctant")


@pytest.fixture(params=commands.list_commands(GROUP))
def command(request: pytest.FixtureRequest) -> tuple[str, click.Command]:
    found = commands.get_command(GROUP, request.param)
    assert found is not None
    return request.param, found


def test_its_help_says_in_a_sentence_what_it_does(command):
    name, found = command
    first, _, _ = inspect.cleandoc(found.help or "").partition("\n\n")
    assert first.endswith("."), "the first paragraph of its docstring stands in the list of commands"
    shown = CliRunner().invoke(commands, [name, "--help"])
    assert shown.exit_code == 0
    assert shown.output.startswith(f"Usage: commands {name} ")


def test_every_option_is_explained(command):
    _, found = command
    for parameter in found.params:
        if isinstance(parameter, click.Option):
            assert (parameter.help or "").strip().endswith((".", "…", "]")), f"{parameter.opts[0]} needs a sentence"
            assert max(parameter.opts, key=len) == max(parameter.opts, key=len).lower()


def test_an_option_that_does_not_exist_is_refused(command):
    name, _ = command
    refused = CliRunner().invoke(commands, [name, "--no-such-option"])
    assert refused.exit_code == 2
    assert "No such option" in refused.output
