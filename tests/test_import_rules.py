"""Who may import whom, what must never import torch, and how files are named: read from the syntax trees."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "reluctant"

FOUNDATION = {"errors", "optional", "discovery", "layout", "machine", "numbers"}
"""What every part may import. These import nothing of ours but the errors."""

ANYTHING = None

ARROWS: dict[str, set[str] | None] = {
    "__init__": ANYTHING,  # on first use only: the test at the end sees to that
    "__main__": {"cli"},
    "activations": set(),
    "cli": ANYTHING,
    "configuration": set(),
    "bench": {"figures", "activations", "instrument", "kernels", "nn", "operators"},
    "instrument": {"recording"},
    "kernels": {"activations", "instrument", "operators"},
    "nn": {"kernels", "activations", "instrument"},
    "explain": {"activations", "figures", "instrument", "page"},
    "diagnosis": {"recording", "rules", "treatments"},
    "exam": {"diagnosis", "instrument", "observe", "recording", "report", "rules"},
    "observe": {"recording", "activations", "instrument", "operators"},
    "recording": set(),
    "figures": {"page"},
    "operators": {"activations", "instrument"},
    "page": set(),
    "report": {"figures", "recording", "rules", "page", "studies", "treatments"},
    "rewrites": {"nn", "kernels", "activations", "instrument", "operators"},
    "rules": {"recording", "activations"},
    "prove": {"recording", "report", "studies"},
    "studies": {"instrument", "recording", "rules", "treatments", "trials"},
    "treatments": {"recording", "activations", "instrument", "nn"},
    "trials": {"instrument", "operators", "recording", "treatments"},
}
"""By part of the package (a folder or a file): the other parts that it may import. `docs/design.md` says why."""

WITHOUT_TORCH = {"activations", "configuration", "diagnosis", "figures", "page", "recording", "report", "rules", "studies", *FOUNDATION}
"""Help, manual pages and the rendering of a saved run start at once, so these never import torch, not even inside a function."""

SCRIPTS = {"demo"}
"""Folders whose files are run as a user's scripts, not imported."""

LONGEST_FILE = 600
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "stuff", "lib"}
"""Names that say nothing about what a file holds."""


@dataclass(frozen=True)
class Import:
    """One imported name and the line it stands on."""

    file: Path
    line: int
    name: str

    @property
    def target(self) -> str:
        """The part of ours that it names; empty where it is not ours, or only a name of the root."""
        parts = self.name.split(".")
        return parts[1] if parts[0] == "reluctant" and len(parts) > 1 else ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.file.read_text().splitlines()[self.line - 1].strip()}"


def python_files(package: Path) -> list[Path]:
    return [file for file in sorted(package.rglob("*.py")) if file.relative_to(package).parts[0] not in SCRIPTS]


def part_of(file: Path, package: Path) -> str:
    return file.relative_to(package).parts[0].removesuffix(".py")


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def imports(file: Path, package: Path) -> Iterator[Import]:
    """Every import of a file, at the top or inside a function, relative ones resolved."""
    within = ["reluctant", *file.relative_to(package).with_suffix("").parts]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(file, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = ".".join([*within[: len(within) - node.level], *filter(None, [node.module])]) if node.level else node.module or ""
            # `from reluctant import discovery` names a module, `from reluctant import __version__` none.
            named = [alias.name for alias in node.names if origin == "reluctant" or is_private(alias.name)]
            names = [f"{origin}.{name}" for name in named] + [origin] * (len(named) < len(node.names))
            yield from (Import(file, node.lineno, name) for name in names if not name.startswith("reluctant.__"))


def forbidden_arrows(package: Path) -> list[str]:
    """The imports that no arrow allows."""
    found = []
    for file in python_files(package):
        part = part_of(file, package)
        allowed = {"errors"} if part in FOUNDATION else ARROWS.get(part)
        if allowed is ANYTHING:
            continue
        allowed = allowed | {part} if part in FOUNDATION else allowed | FOUNDATION | {part}
        found += [
            f"{entry}   ({part} may import {', '.join(sorted(allowed - {part}))})"
            for entry in imports(file, package)
            if entry.target and entry.target not in allowed
        ]
    return found


def torch_imports(package: Path) -> list[str]:
    """The imports of torch where there must be none."""
    files = [file for file in python_files(package) if part_of(file, package) in WITHOUT_TORCH]
    return [str(entry) for file in files for entry in imports(file, package) if entry.name.split(".")[0] == "torch"]


def test_every_import_follows_an_arrow():
    assert not forbidden_arrows(PACKAGE), "\n".join(["imports against the arrows of the design:", *forbidden_arrows(PACKAGE)])


def test_torch_stays_out_of_what_must_start_at_once():
    assert not torch_imports(PACKAGE), "\n".join(["torch must not be imported here:", *torch_imports(PACKAGE)])


def test_every_part_has_a_row():
    parts = {part_of(file, PACKAGE) for file in python_files(PACKAGE)}
    assert parts - FOUNDATION == set(ARROWS), "a new part needs a row in ARROWS, and one that is gone must lose its own"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for part in ("recording", "rules", "observe"):
        (tmp_path / part).mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "from reluctant.observe import Observer",
        "from reluctant import observe",
        "import reluctant.observe._observer",
        "from ..observe import Observer",
        "from .. import observe",
        "def late():\n    from reluctant.observe import Observer",
    ],
)
def test_an_import_against_the_arrows_is_named_with_its_line(package, line):
    (package / "rules" / "dead_units.py").write_text(f'"""A rule."""\n{line}\n')
    (found,) = forbidden_arrows(package)
    assert f"dead_units.py:{1 + line.count(chr(10)) + 1}: " in found
    assert "rules may import activations, discovery, errors, layout, machine, numbers, optional, recording" in found


@pytest.mark.parametrize(
    "line", ["from reluctant.recording import Site", "from . import _rule", "from reluctant import __version__", "import json"]
)
def test_an_import_along_an_arrow_is_let_through(package, line):
    (package / "rules" / "dead_units.py").write_text(f"{line}\n")
    assert not forbidden_arrows(package)


@pytest.mark.parametrize("line", ["import torch", "from torch import nn", "def late():\n    import torch.nn.functional as F"])
def test_an_import_of_torch_is_named_with_its_line(package, line):
    (package / "rules" / "dead_units.py").write_text(f"{line}\n")
    (package / "observe" / "_observer.py").write_text(f"{line}\n")
    (found,) = torch_imports(package)
    assert f"dead_units.py:{1 + line.count(chr(10))}: " in found


def _modules() -> list[str]:
    commands = sorted(file.stem for file in (PACKAGE / "cli").glob("[!_]*.py"))
    used = ["reluctant.rules; reluctant.rules.all_rules()", "reluctant.activations; reluctant.activations.all_activations()"]
    parts = [part for part in sorted(WITHOUT_TORCH) if (PACKAGE / part).exists() or (PACKAGE / f"{part}.py").exists()]
    return ["reluctant", *(f"reluctant.{part}" for part in (*parts, "cli")), *(f"reluctant.cli.{name}" for name in commands), *used]


@pytest.mark.parametrize("module", _modules())
def test_no_torch_is_loaded_by(module):
    program = f"import sys, {module}\nsys.exit('torch was loaded' if 'torch' in sys.modules else 0)"
    ended = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)}, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr


def files() -> list[Path]:
    return [file for folder in ("src", "native", "tests", "benchmarks", "docs") for file in sorted((ROOT / folder).rglob("*.py"))]


def test_every_file_is_named_after_what_it_holds():
    nameless = [str(file.relative_to(ROOT)) for file in files() if file.stem.strip("_").lower() in EMPTY_NAMES]
    assert not nameless, f"name each after the one thing it defines: {', '.join(nameless)}"


def test_no_file_holds_more_than_one_idea():
    lengths = {file: file.read_bytes().count(b"\n") for file in files()}
    long = [f"{file.relative_to(ROOT)} ({length} lines)" for file, length in lengths.items() if length > LONGEST_FILE]
    assert not long, f"split what has more than {LONGEST_FILE} lines: {', '.join(long)}"
