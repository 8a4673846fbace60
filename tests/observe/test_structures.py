"""Whatever form training takes, each loss keeps its own graph, and the run is bit for bit what it is without us."""

from __future__ import annotations

from pathlib import Path

import pytest

from .annotated import expected, mismatches, same, scripts


@pytest.mark.parametrize("path", scripts("structures"))
def test_structures_are_seen_as_announced(path: Path) -> None:
    assert not mismatches(same(path), expected(path))
