"""The callback after an import, and that importing is otherwise what it was."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zipfile
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path

import pytest

from reluctant.instrument.import_hook import when_imported


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package that says in `steps` how far it was imported, and fails while `broken` exists."""
    package = tmp_path / "tracked_library"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import pathlib\n"
        "steps = ['start']\n"
        "if pathlib.Path(__file__).with_name('broken').exists():\n    raise ImportError('broken')\n"
        "from . import part\n"
        "steps.append('end')\n"
    )
    (package / "part.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    meta_path = list(sys.meta_path)
    yield "tracked_library"
    sys.meta_path[:] = meta_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "tracked_library"]:
        del sys.modules[name]


def test_calls_back_once_when_the_module_is_complete(library: str) -> None:
    seen: list[list[str]] = []
    when_imported(library, lambda: seen.append(list(sys.modules[library].steps)))
    assert not seen
    importlib.import_module(f"{library}.part")
    importlib.reload(sys.modules[library])
    assert seen == [["start", "end"]]


def test_calls_back_at_once_for_a_module_that_is_there() -> None:
    seen: list[str] = []
    when_imported("sys", lambda: seen.append("now"))
    assert seen == ["now"]


def test_module_and_import_system_are_what_they_would_have_been(library: str) -> None:
    before = list(sys.meta_path)
    when_imported(library, lambda: None)
    spec = importlib.util.find_spec(library)
    assert type(spec) is ModuleSpec
    assert type(spec.loader) is SourceFileLoader
    assert library not in sys.modules
    module = importlib.import_module(library)
    assert type(module.__spec__) is ModuleSpec
    assert type(module.__loader__) is SourceFileLoader
    assert module.__loader__ is module.__spec__.loader
    assert "exec_module" not in vars(module.__loader__)
    assert sys.meta_path == before


def test_a_failed_import_is_waited_for_again(library: str, tmp_path: Path) -> None:
    (tmp_path / library / "broken").touch()
    seen: list[str] = []
    when_imported(library, lambda: seen.append("now"))
    with pytest.raises(ImportError, match="broken"):
        importlib.import_module(library)
    (tmp_path / library / "broken").unlink()
    assert not seen
    importlib.import_module(library)
    assert seen == ["now"]


def test_a_missing_module_is_missing(library: str) -> None:
    stop = when_imported("no_such_module_anywhere", lambda: None)
    assert importlib.util.find_spec("no_such_module_anywhere") is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_module_anywhere")
    stop()


def test_a_taken_back_wish_is_not_fulfilled(library: str) -> None:
    seen: list[str] = []
    before = list(sys.meta_path)
    when_imported(library, lambda: seen.append("now"))()
    assert sys.meta_path == before
    importlib.import_module(library)
    assert not seen


def test_other_modules_of_a_shared_loader_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.writestr("awaited_in_zip.py", "import other_in_zip")
        archive.writestr("other_in_zip.py", "")
    monkeypatch.syspath_prepend(str(tmp_path / "both.zip"))
    seen: list[str] = []
    when_imported("awaited_in_zip", lambda: seen.append("now"))
    importlib.util.find_spec("awaited_in_zip")
    importlib.import_module("other_in_zip")
    assert not seen
    importlib.import_module("awaited_in_zip")
    assert seen == ["now"]
    del sys.modules["awaited_in_zip"], sys.modules["other_in_zip"]
