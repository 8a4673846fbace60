"""One class name for one thing, and packages that know each other by their public names: read from the syntax trees."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from tests.test_import_rules import PACKAGE, imports, is_private, part_of, python_files

SHARED_NAMES: set[str] = set()
"""Debt: class names that stand for two things. A name is deleted here once it stands for one; none is added."""

PRIVATE_IMPORTS: set[str] = set()
"""Debt: `part → module`, where a part of the package imports another's private module. Entries are only ever deleted."""


def classes(package: Path) -> dict[str, list[str]]:
    """By class name, the places where a class of that name is defined."""
    found = defaultdict(list)
    for file in python_files(package):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(f"{file.relative_to(package)}:{node.lineno}")
    return found


def shared_names(package: Path) -> dict[str, list[str]]:
    """The class names that are defined more than once."""
    return {name: places for name, places in classes(package).items() if len(places) > 1}


def private_imports(package: Path) -> dict[str, list[str]]:
    """By `part → module`, the lines on which a part imports a private module, or a private name, of another."""
    found = defaultdict(list)
    for file in python_files(package):
        for entry in imports(file, package):
            if any(map(is_private, entry.name.split("."))) and entry.target not in ("", part_of(file, package)):
                found[f"{part_of(file, package)} → {entry.name.removeprefix('reluctant.')}"].append(str(entry))
    return found


def told(entries: dict[str, list[str]]) -> str:
    return "\n".join(f"{name}:\n    " + "\n    ".join(places) for name, places in sorted(entries.items()))


def test_no_class_name_stands_for_two_things():
    new = {name: places for name, places in shared_names(PACKAGE).items() if name not in SHARED_NAMES}
    assert not new, f"name each class after the one thing that it is:\n{told(new)}"


def test_no_part_imports_anothers_private_module():
    new = {name: places for name, places in private_imports(PACKAGE).items() if name not in PRIVATE_IMPORTS}
    assert not new, f"what two parts need is public in the lower one:\n{told(new)}"


def test_debt_only_shrinks():
    paid = sorted((SHARED_NAMES - set(shared_names(PACKAGE))) | (PRIVATE_IMPORTS - set(private_imports(PACKAGE))))
    assert not paid, f"mended: delete these entries from {Path(__file__).name}: {', '.join(paid)}"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for part in ("recording", "rules"):
        (tmp_path / part).mkdir()
    return tmp_path


def test_a_class_name_defined_twice_is_named_with_both_places(package):
    (package / "recording" / "_plan.py").write_text("class Plan:\n    class Step: ...\n")
    (package / "rules" / "_steps.py").write_text("def made():\n    class Step: ...\n")
    assert shared_names(package) == {"Step": ["recording/_plan.py:2", "rules/_steps.py:2"]}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("from reluctant.recording._file import dump", "recording._file"),
        ("from ..recording._file import dump", "recording._file"),
        ("import reluctant.recording._file", "recording._file"),
        ("from reluctant.recording import _file", "recording._file"),
        ("def late():\n    from reluctant.recording import Site, _file", "recording._file"),
    ],
)
def test_an_import_of_anothers_private_module_is_named(package, line, name):
    (package / "rules" / "dead_units.py").write_text(f"{line}\n")
    assert list(private_imports(package)) == [f"rules → {name}"]


@pytest.mark.parametrize("line", ["from reluctant.recording import Site", "from reluctant.rules._rule import Rule", "from . import _rule"])
def test_public_names_and_ones_own_are_let_through(package, line):
    (package / "rules" / "dead_units.py").write_text(f"{line}\n")
    assert not private_imports(package)
