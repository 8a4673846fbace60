"""The learned slopes of PReLU through time."""

from __future__ import annotations

import math

from reluctant.figures import Axis, Band, Drawing, Line, line_chart
from reluctant.numbers import value
from reluctant.recording import Finding

from .._safe_text import safe
from ._picture import Picture, RecordingView

MOST_LINES = 4


class LearnedSlopes(Picture):
    """Mean of each learned slope, and the stretch from its smallest to its largest, against time."""

    order = 14
    evidence = frozenset({"slope_first", "slopes"})
    example = Finding("RL501", "", "error", "", layer="fc1", evidence={"slope_first": 0.25, "slopes": ["p1.weight"]})
    example_alt = "p1.weight from 0 to 0"

    def draw(self, finding: Finding, view: RecordingView) -> Drawing | None:
        """The curves; None where no slope was measured twice."""
        slopes = [parameter for parameter in view.recording.parameters if parameter.role == "slope" and len(parameter.moments) > 1]
        if not slopes:
            return None
        named = finding.evidence.get("slopes")
        if isinstance(named, (list, tuple)):
            slopes.sort(key=lambda slope: slope.name not in named)  # those that the finding is about first
        lines, bands = [], []
        for colour, slope in enumerate(slopes[:MOST_LINES], start=1):
            steps = [moment.step for moment in slope.moments]
            lines.append(Line(safe(slope.name), steps, [moment.mean for moment in slope.moments], colour))
            if slope.shape not in ((), (1,)):
                low, high = [moment.minimum for moment in slope.moments], [moment.maximum for moment in slope.moments]
                bands.append(Band(steps, low, high, colour))
        moments = [moment for slope in slopes[:MOST_LINES] for moment in slope.moments]
        numbers = [0.0, *(end for moment in moments for end in (moment.minimum, moment.maximum) if math.isfinite(end))]
        margin = 0.08 * (max(numbers) - min(numbers)) or 0.1
        alt = "; ".join(f"{line.label} from {value(line.ys[0] or 0.0)} to {value(line.ys[-1] or 0.0)}" for line in lines) + "."
        y = Axis("slope below 0", min(numbers) - (margin if min(numbers) < 0 else 0), max(numbers) + margin)
        return line_chart("Learned slopes", alt, view.time, y, lines, bands)
