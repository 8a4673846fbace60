"""Each activation of a script is told apart: file and line, operation and parameters, units, and the layer before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .annotated import expected, mismatches, same, scripts


@pytest.mark.parametrize("path", scripts("sites"))
def test_sites_are_seen_as_announced(path: Path) -> None:
    assert not mismatches(same(path), expected(path))
