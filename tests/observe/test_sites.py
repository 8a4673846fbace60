"""Each activation of a script is told apart: file and line, operation and parameters, units, and the layer before it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from .annotated import expected, mismatches, plain, same, scripts, watched
from .watched import watched as recording_of


@pytest.mark.parametrize("path", scripts("sites"))
def test_sites_are_seen_as_announced(path: Path) -> None:
    assert not mismatches(same(path), expected(path))


def test_code_that_is_left_compiled_is_not_observed() -> None:
    path = next(param.values[0] for param in scripts("sites") if param.id == "compiled")
    as_it_is, seen = plain(path), watched(path, leave_compiled=True)
    assert seen.digests == as_it_is.digests
    assert seen.recording is not None
    assert not seen.recording.sites
    assert [note.why for note in seen.recording.not_observed] == ["--leave-compiled was given"]


def test_code_that_was_compiled_before_the_watching_began_is_not_observed() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
    fast = torch.compile(model, backend="aot_eager")
    seen = recording_of(lambda: fast(torch.ones(2, 3)).sum())
    assert [note.what for note in seen.not_observed] == ["activations inside compiled code"]
    assert "Compile with torch.compile after the watching has begun" in seen.not_observed[0].advice
