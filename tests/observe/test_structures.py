"""Whatever form training takes, each loss keeps its own graph, and the run is bit for bit what it is without us."""

from __future__ import annotations

from pathlib import Path

import pytest

from .annotated import expected, mismatches, plain, scripts, watched


@pytest.mark.parametrize("path", scripts("structures"))
def test_structures_are_seen_as_announced(path: Path) -> None:
    seen = watched(path)
    assert seen.recording is not None
    assert not mismatches(seen.recording, expected(path))
    as_it_is = plain(path)
    assert seen.printed == as_it_is.printed
    assert seen.digests == as_it_is.digests
