"""All pages: those written by hand, and those that follow from the definitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from .activation_pages import activation_pages
from .cause_page import cause_page
from .command_pages import command_pages
from .console import ConsoleError, with_output
from .links import dead_links, unknown_rules, with_rule_links
from .patch_page import patch_page
from .recording_page import recording_page
from .rule_pages import rule_pages
from .treatment_pages import treatment_pages

DOCS = Path(__file__).parents[1]


def generated_pages() -> dict[str, str]:
    """The pages that follow from the definitions, by path."""
    return {
        **rule_pages(),
        **treatment_pages(),
        **cause_page(),
        **activation_pages(),
        **command_pages(),
        **recording_page(),
        **patch_page(),
    }


def written_pages() -> dict[str, str]:
    """The pages written by hand, and the files they link to, by path."""
    files = [*DOCS.glob("*.md"), *DOCS.glob("*.json")]
    pictures = {file.name: "" for file in DOCS.glob("*.png")}
    return {**pictures, **{file.relative_to(DOCS).as_posix(): file.read_text(encoding="utf-8") for file in files}}


def navigation() -> dict[str, dict[str, list[str | dict[str, str]]]]:
    """The generated sections of the table of contents, by the name that stands for them in mkdocs.yml."""
    found: dict[str, list[str | dict[str, str]]] = {}
    for path, text in generated_pages().items():
        section, _, page = path.rpartition("/")
        if section:
            title = text.partition("\n")[0].removeprefix("# ")
            found.setdefault(section, []).append(path if page == "index.md" else {title: path})
    return {section: {section.capitalize(): pages} for section, pages in found.items()}


def complete_pages() -> dict[str, str]:
    """Every page as a reader gets it: commands run, rules linked. Raises `ConsoleError` where a command fails."""
    pages = {**generated_pages(), **{path: text for path, text in written_pages().items() if path.endswith(".md")}}
    return {path: with_rule_links(path, with_output(path, text)) for path, text in pages.items()}


def wrong_references() -> Iterator[str]:
    """A sentence for each link that leads nowhere and each rule that does not exist."""
    files = {**generated_pages(), **written_pages()}
    for path, text in files.items():
        if path.endswith(".md"):
            yield from unknown_rules(path, text)
            yield from dead_links(path, text, files)


def failing_commands(paths: Iterable[str]) -> Iterator[str]:
    """A sentence for each of these pages that shows a command which does not do what it is shown for."""
    pages = written_pages()
    for path in paths:
        try:
            with_output(path, pages[path])
        except ConsoleError as error:
            yield str(error)


def pages_with_commands() -> list[str]:
    """The pages written by hand that show commands with their output."""
    return sorted(path for path, text in written_pages().items() if "```console" in text)
