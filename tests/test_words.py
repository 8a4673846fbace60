"""The glossary names things that are there, and CONTRIBUTING.md every package and every page about adding something."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tests.test_import_rules import PACKAGE

ROOT = Path(__file__).parent.parent
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def is_there(name: str) -> bool:
    """Whether a dotted name is a module, or a name in one."""
    module, _, attribute = name.rpartition(".")
    try:
        return hasattr(importlib.import_module(module), attribute) or importlib.import_module(name) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(reluctant[\w.]*)`", GLOSSARY))))
def test_what_the_glossary_names_is_there(name):
    assert is_there(name)


def test_a_word_stands_in_the_glossary_once():
    words = re.findall(r"^\| \*([^*]+)\* \|", GLOSSARY, re.MULTILINE)
    assert len(words) >= 40
    assert len(words) == len(set(words))


def test_every_package_is_on_the_map():
    packages = {file.parent.name for file in PACKAGE.glob("*/*.py")}
    assert packages == set(re.findall(r"^\| `(\w+)` \|", CONTRIBUTING, re.MULTILINE))


def test_every_page_about_adding_something_is_linked():
    linked = set(re.findall(r"\]\((docs/[\w-]+\.md)\)", CONTRIBUTING))
    assert all((ROOT / link).exists() for link in linked)
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("writing-*.md")} <= linked
