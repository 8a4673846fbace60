"""Definitions are found in the files of a package and through entry points; two with one name are refused."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from reluctant import discovery
from reluctant.errors import DefinitionError

PACKAGE = "package_for_discovery"
BASE = "class Shape:\n    name = ''\n"


class Files:
    """A package made for one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / PACKAGE
        self.folder.mkdir()
        self.write("__init__", "")
        self.write("_shape", BASE)

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.py").write_text(text)

    def found(self, group: str = "") -> dict[str, type]:
        from importlib import import_module

        base = import_module(f"{PACKAGE}._shape").Shape
        return discovery.subclasses(PACKAGE, base, name=lambda shape: shape.name, group=group)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Files(tmp_path)
    for name in [name for name in sys.modules if name.startswith((PACKAGE, "plugin_for_discovery"))]:
        del sys.modules[name]


def shape(name: str, class_name: str | None = None) -> str:
    return f"from {PACKAGE}._shape import Shape\nclass {class_name or name.title()}(Shape):\n    name = {name!r}\n"


@pytest.fixture
def entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    found: list[EntryPoint] = []
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [entry for entry in found if entry.group == group])
    return found


def test_public_modules_in_alphabetical_order(files: Files) -> None:
    for name in ("square", "circle", "_private"):
        files.write(name, shape(name.strip("_")))
    assert [module.__name__ for module in discovery.modules(PACKAGE)] == [f"{PACKAGE}.circle", f"{PACKAGE}.square"]
    assert list(files.found()) == ["circle", "square"]


def test_what_counts_as_a_definition(files: Files) -> None:
    files.write("circle", shape("circle") + "Round = Circle\nclass _Machinery(Circle):\n    name = 'machinery'\n")
    files.write("ring", f"from {PACKAGE}.circle import Circle\nclass Ring(Circle):\n    name = 'ring'\nclass Other:\n    name = 'other'\n")
    assert {name: definition.__name__ for name, definition in files.found().items()} == {"circle": "Circle", "ring": "Ring"}


def test_two_with_one_name_are_refused(files: Files) -> None:
    files.write("circle", shape("circle"))
    files.write("disc", shape("circle", "Disc"))
    with pytest.raises(DefinitionError) as raised:
        files.found()
    message = str(raised.value)
    assert "disc.py (Disc): two definitions are called 'circle': " in message
    assert "circle.py (Circle) and " in message
    assert message.endswith("Rename one of them.")


def test_a_broken_file_of_our_own_is_seen(files: Files) -> None:
    files.write("circle", "import no_such_module_at_all")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        files.found()


def test_entry_points_name_classes_and_modules(files: Files, entries: list[EntryPoint], tmp_path: Path) -> None:
    files.write("circle", shape("circle"))
    (tmp_path / "plugin_for_discovery.py").write_text(shape("square") + "class Star(Shape):\n    name = 'star'\n")
    entries += [EntryPoint("one", "plugin_for_discovery:Star", "shapes"), EntryPoint("elsewhere", "plugin_for_discovery", "others")]
    assert list(files.found("shapes")) == ["circle", "star"]
    entries.append(EntryPoint("two", "plugin_for_discovery", "shapes"))
    assert list(files.found("shapes")) == ["circle", "star", "square"]
    assert list(files.found()) == ["circle"]


@pytest.mark.parametrize(
    ("plugin", "value", "reason"),
    [
        ("import no_such_module", "plugin_for_discovery", "it does not load: ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise ValueError('not today')", "plugin_for_discovery", "it does not load: ValueError: not today"),
        ("", "plugin_for_discovery:Star", "it does not load: AttributeError"),
        ("Star = 1", "plugin_for_discovery:Star", "1 is no subclass of Shape"),
        (shape("circle"), "plugin_for_discovery", "two definitions are called 'circle'"),
    ],
)
def test_a_faulty_entry_point_is_left_out_with_a_warning(
    files: Files, entries: list[EntryPoint], tmp_path: Path, plugin: str, value: str, reason: str
) -> None:
    files.write("circle", shape("circle"))
    (tmp_path / "plugin_for_discovery.py").write_text(plugin)
    entries.append(EntryPoint("star", value, "shapes"))
    with pytest.warns(RuntimeWarning) as caught:
        found = files.found("shapes")
    assert [definition.__module__ for definition in found.values()] == [f"{PACKAGE}.circle"]
    assert f"the entry point star = {value} is left out: " in str(caught[0].message)
    assert reason in str(caught[0].message)


def test_a_faulty_entry_point_is_no_error_where_warnings_are(
    files: Files, entries: list[EntryPoint], capsys: pytest.CaptureFixture[str]
) -> None:
    files.write("circle", shape("circle"))
    entries.append(EntryPoint("star", "no_such_module_at_all", "shapes"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(files.found("shapes")) == ["circle"]
    assert "reluctant: the entry point star = no_such_module_at_all is left out" in capsys.readouterr().err


def test_objects_of_each_module(files: Files, entries: list[EntryPoint], tmp_path: Path) -> None:
    files.write("first", "command = 'one'")
    files.write("second", "other = 'two'")
    assert discovery.objects(PACKAGE, "command", str) == {"first": "one"}
    (tmp_path / "plugin_for_discovery.py").write_text("command, number = 'three', 3")
    entries += [
        EntryPoint("third", "plugin_for_discovery:command", "commands"),
        EntryPoint("fourth", "plugin_for_discovery:number", "commands"),
        EntryPoint("first", "plugin_for_discovery:command", "commands"),
    ]
    with pytest.warns(RuntimeWarning) as caught:
        assert discovery.objects(PACKAGE, "command", str, group="commands") == {"first": "one", "third": "three"}
    reasons = sorted(str(warning.message).partition("left out: ")[2] for warning in caught)
    assert reasons == ["it is int, not str", "the name first is taken"]
    with pytest.raises(DefinitionError, match=rf"{PACKAGE}\.first\.command: it is str, not int\. Make it a int\."):
        discovery.objects(PACKAGE, "command", int)
