"""The documentation says what is true: its links lead somewhere, its rules exist, and its commands do what they are shown for."""

from __future__ import annotations

import posixpath
from pathlib import Path

import pytest

from generator.console import ConsoleError, with_output
from generator.links import dead_links, unknown_rules, with_rule_links
from generator.pages import DOCS, failing_commands, generated_pages, navigation, pages_with_commands, wrong_references
from reluctant.activations import all_activations
from reluctant.cli import commands
from reluctant.rules import all_rules

ROOT = Path(__file__).parent.parent


def test_every_link_leads_somewhere_and_every_rule_exists():
    assert not list(wrong_references())


@pytest.mark.slow
@pytest.mark.parametrize("path", pages_with_commands())
def test_every_command_does_what_it_is_shown_for(path):
    assert not list(failing_commands([path]))


def test_every_definition_has_its_page():
    pages = generated_pages()
    assert {f"rules/{rule.code}.md" for rule in all_rules()} <= pages.keys()
    assert {f"activations/{activation.name}.md" for activation in all_activations()} <= pages.keys()
    assert {f"commands/{name}.md" for name in commands.list_commands(None)} <= pages.keys()  # type: ignore[arg-type]


def test_every_page_is_in_the_table_of_contents():
    contents = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert all(f"- {page.name}" in contents for page in DOCS.glob("*.md"))
    assert all(f"- {section}\n" in contents for section in navigation())


def test_a_link_is_followed_from_the_folder_of_its_page():
    files = {"rules/RL1.md": "", "index.md": "# The first words\n"}
    assert not list(dead_links("rules/RL1.md", "[home](../index.md#the-first-words) [out](https://example.org)", files))
    assert list(dead_links("index.md", "[home](RL1.md) `[no](link.md)`", files)) == ["index.md: the link to RL1.md leads nowhere"]
    assert list(dead_links("index.md", "[there](#the-last-words)", files)) == ["index.md: index.md has no heading #the-last-words"]


def test_a_rule_that_does_not_exist_is_named():
    assert list(unknown_rules("index.md", "RL201 and RL999")) == ["index.md: there is no rule RL999"]


@pytest.mark.parametrize("path", ["index.md", "commands/run.md", "rules/RL202.md"])
def test_a_rule_in_the_prose_becomes_a_link(path):
    target = posixpath.relpath("rules/RL201.md", posixpath.dirname(path) or ".")
    assert with_rule_links(path, "# RL201\nSee RL201.") == f"# RL201\nSee [RL201]({target})."


@pytest.mark.parametrize("text", ["`RL201`", "```\nRL201\n```", "    RL201", "[RL201](x.md)", "RL999"])
def test_code_and_links_are_left_alone(text):
    assert with_rule_links("index.md", text) == text


def test_files_are_written_and_output_is_put_beneath_its_command():
    page = '```python title="a.py"\nprint("here")\n```\n\n```console\n$ python a.py\n$ touch b\n$ ls\n```\n'
    assert "```console\n$ python a.py\nhere\n\n$ touch b\n\n$ ls\na.py\nb\n```" in with_output("index.md", page)


@pytest.mark.parametrize("command", ["reluctant run no_such.py", "python -c 1/0", "output that was typed in"])
def test_a_command_that_fails_is_an_error_of_the_page(command):
    line = command if command.startswith("output") else f"$ {command}"
    with pytest.raises(ConsoleError, match=r"^index\.md: "):
        with_output("index.md", f"```console\n{line}\n```\n")
