"""What must hold for every treatment that discovery finds: a new one adds rows here, never a file."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

from reluctant.errors import UsageError
from reluctant.treatments import Treatment, all_treatments, get, requested
from tests.treatments.runs import run

every = pytest.mark.parametrize("kind", all_treatments().values(), ids=list(all_treatments()))


@every
def test_page_is_complete(kind: type[Treatment]) -> None:
    page = inspect.cleandoc(kind.__doc__ or "")
    assert page.splitlines()[0].endswith(".")
    assert [line for line in page.splitlines() if line.startswith("## ")] == ["## What it does", "## When it cannot be applied"]
    assert kind.__module__.rpartition(".")[2] == kind.treatment_name().replace("-", "_")


@every
def test_says_what_to_change(kind: type[Treatment]) -> None:
    assert kind.advice == kind.in_words()
    request = requested(kind.tried).request
    said = kind.in_words(request.arguments)
    assert "{" not in said
    assert (said != kind.advice) == bool(kind.advice_with_arguments and request.arguments)


@every
def test_what_it_proposes_can_be_asked_for(kind: type[Treatment]) -> None:
    for arguments in (*(one for several in (*kind.removes.values(), *kind.eases.values()) for one in several), *kind.unexplained):
        assert requested(f"{kind.treatment_name()}{':' if arguments else ''}{arguments}@3")


@every
def test_is_applied_to_its_example(kind: type[Treatment], tmp_path: Path) -> None:
    ended, trial = run(tmp_path, inspect.cleandoc(kind.example), "--treat", kind.tried, "--steps", "6")
    assert ended.returncode == 0, ended.stderr
    assert trial is not None
    assert trial.counts, trial.why_not
    assert trial.stopped == "steps"
    assert trial.treatments[0].applied
    assert all(entry.place is not None and entry.place.file.endswith("train.py") for entry in trial.treatments[0].applied)


@every
def test_refuses_what_it_cannot_take(kind: type[Treatment]) -> None:
    with pytest.raises(UsageError):
        requested(f"{kind.treatment_name()}:no such thing@3")
    if kind.needs_line:
        with pytest.raises(UsageError, match="needs the line"):
            requested(kind.tried.partition("@")[0])


def test_a_name_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(UsageError, match="lower-learning-rate"):
        get("lower-learning-rates")


@pytest.mark.parametrize("place", ["", "x", "0", "model.py", "model.py:"])
def test_a_place_that_is_no_line_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match="no line"):
        requested(f"normalise@{place}")


def test_no_module_of_a_treatment_imports_torch_by_itself() -> None:
    for kind in all_treatments().values():
        assert "torch" not in vars(importlib.import_module(kind.__module__))
