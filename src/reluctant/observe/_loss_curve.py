"""The value that backward was called on, at every pass, in bounded memory."""

from __future__ import annotations

import math

from reluctant.recording import Location, LossCurve, LossPoint

POINTS = 512


class LossCurveRecord:
    """Collects the losses that one line of the user's code called backward on."""

    def __init__(self, root: Location | None) -> None:
        self.root = root
        self.graph: int | None = None
        self.first_non_finite_step: int | None = None
        self._points: list[LossPoint] = []
        self._span = 1

    def add(self, step: int, value: float) -> None:
        """Add the loss of one pass."""
        finite = math.isfinite(value)
        if not finite and self.first_non_finite_step is None:
            self.first_non_finite_step = step
        point = LossPoint(step, value, value, value) if finite else LossPoint(step, None, None, None, non_finite=1)
        if self._points and self._points[-1].passes < self._span:
            self._points[-1] = _joined(self._points[-1], point)
            return
        if len(self._points) >= POINTS:
            self._points = [_joined(*self._points[i:i + 2]) for i in range(0, POINTS, 2)]
            self._span *= 2
        self._points.append(point)

    def plain(self) -> LossCurve:
        """The curve as data."""
        return LossCurve(self.root, self.graph, tuple(self._points), self.first_non_finite_step)


def _joined(a: LossPoint, b: LossPoint) -> LossPoint:
    finite = [p for p in (a, b) if p.mean is not None and p.minimum is not None and p.maximum is not None]
    weights = [p.passes - p.non_finite for p in finite]
    total = sum(weights)
    return LossPoint(
        a.step,
        sum(p.mean * w for p, w in zip(finite, weights) if p.mean is not None) / total if total else None,
        min((p.minimum for p in finite if p.minimum is not None), default=None),
        max((p.maximum for p in finite if p.maximum is not None), default=None),
        a.passes + b.passes, a.non_finite + b.non_finite,
    )
