"""A definition is one file, by the text of the documentation alone: a page's example, put into a copy of the tree, passes the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COPIED = ("src", "native", "tests", "docs", "benchmarks", "pyproject.toml", "mkdocs.yml", "README.md")
EXAMPLE = re.compile(r'^```python title="(?P<file>\w+\.py)"\n(?P<code>.*?)^```$', re.MULTILINE | re.DOTALL)

NAMED = re.compile(r'^    (?:code|name) = "([\w-]+)"$', re.MULTILINE)
"""How else a definition may be called in the tests' names."""


@dataclass(frozen=True)
class Kind:
    """One kind of definition, and what of the suite meets a new one."""

    page: str
    folder: str
    """Where its files are, below ``src/reluctant``."""
    tests: tuple[str, ...]
    """Run as far as their names hold the name of what was added."""
    lists: tuple[str, ...]
    """Run whole, for they look at all definitions at once."""


KINDS = {
    "activation": Kind(
        "writing-an-activation.md",
        "activations",
        ("tests/activations", "tests/observe", "tests/nn", "tests/kernels", "tests/rewrites", "tests/bench"),
        ("tests/activations/test_catalogue.py", "tests/cli/test_activation.py"),
    ),
    "rule": Kind(
        "writing-a-rule.md",
        "rules",
        ("tests/rules",),
        (
            "tests/rules/test_judge.py",
            "tests/cli/test_rule.py",
            "tests/benchmarks/test_short_forms.py::test_the_cases_of_the_rules_notice_what_is_changed",
        ),
    ),
    "claim": Kind("writing-a-claim.md", "explain", ("tests/explain",), ("tests/explain/test_page.py", "tests/cli/test_explain.py")),
    "treatment": Kind("writing-a-treatment.md", "treatments", ("tests/treatments",), ("tests/cli/test_treatment.py",)),
    "form": Kind("writing-a-form.md", "report", ("tests/report",), ("tests/report/test_every_renderer.py", "tests/cli/test_report.py")),
    "picture": Kind("writing-a-picture.md", "report/pictures", ("tests/report",), ("tests/report/test_every_picture.py",)),
    "executor": Kind("writing-an-executor.md", "studies/executors", ("tests/studies",), ("tests/studies/test_study.py",)),
    "command": Kind("writing-a-command.md", "cli", ("tests/cli",), ("tests/cli/test_every_command.py",)),
}

ALWAYS = ("tests/test_docs.py", "tests/test_name_rules.py", "tests/test_import_rules.py", "tests/test_discovery.py")
"""What looks at the tree or at all pages."""


def example(page: Path) -> tuple[str, str]:
    """The name and the text of the first file that a page shows."""
    found = EXAMPLE.search(page.read_text(encoding="utf-8"))
    assert found is not None, f'{page.name} shows no file: ```python title="NAME.py"'
    return found["file"], found["code"]


def copied_tree(folder: Path) -> Path:
    """A copy of what the tests need, without anything that was compiled."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyc"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def ended(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The tests of a tree, run by themselves."""
    line = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(tree / "src")}
    return subprocess.run(line, cwd=tree, env=environment, capture_output=True, text=True, timeout=1800)


SHOWN = [name for name, kind in KINDS.items() if (ROOT / "docs" / kind.page).exists()]


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_the_example_of_the_page_is_one_file_that_passes_the_tests(name: str, tmp_path: Path) -> None:
    kind, tree = KINDS[name], copied_tree(tmp_path)
    file, code = example(tree / "docs" / kind.page)
    target = tree / "src" / "reluctant" / kind.folder / file
    assert not target.exists(), "an example is of something that is not there yet"
    target.write_text(code, encoding="utf-8")
    stem = target.stem
    spellings = " or ".join({stem, stem.replace("_", "-"), stem.replace("_", ""), *NAMED.findall(code)})
    whole = [Path(file).stem for file in (*kind.lists, *ALWAYS)]
    run = ended(tree, "-m", "not slow", "-k", " or ".join((spellings, *whole)), *kind.tests, *kind.lists, *ALWAYS)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
