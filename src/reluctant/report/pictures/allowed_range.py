"""A measured number against the range that it should be in."""

from __future__ import annotations

import math

from reluctant.figures import Drawing, Extent, range_chart
from reluctant.numbers import value
from reluctant.recording import Finding

from .._safe_text import safe
from ._picture import Picture, Scene


class AllowedRange(Picture):
    """The number that the evidence gives first, and the stretch from its ``lowest`` to its ``highest`` allowed value."""

    order = 16
    evidence = frozenset({"lowest", "highest"})

    def draw(self, finding: Finding, scene: Scene) -> Drawing | None:
        """The chart; None where the evidence holds no such range or no number."""
        ends = [finding.evidence.get(name) for name in ("lowest", "highest")]
        name, seen = next(iter(finding.evidence.items()), ("", None))
        if not all(isinstance(number, (int, float)) and math.isfinite(number) for number in (*ends, seen)):
            return None
        low, high, measured = float(ends[0]), float(ends[1]), float(seen)  # type: ignore[arg-type]
        words = safe(name).replace("_", " ")
        extents = [Extent("should be", low, high, allowed=True), Extent("measured", measured, measured, mean=measured)]
        alt = f"{words}: {value(measured)} measured, {value(low)} to {value(high)} asked for."
        return range_chart(words.capitalize(), alt, words, extents)
