"""Each activation of a script is told apart: file and line, operation and parameters, units, and the layer before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .annotated import expected, mismatches, plain, scripts, watched


@pytest.mark.parametrize("path", scripts("sites"))
def test_sites_are_seen_as_announced(path: Path) -> None:
    seen = watched(path)
    assert seen.recording is not None
    assert not mismatches(seen.recording, expected(path))
    as_it_is = plain(path)
    assert seen.printed == as_it_is.printed
    assert seen.digests == as_it_is.digests
