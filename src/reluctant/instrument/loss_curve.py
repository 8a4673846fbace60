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
        self.scaled = False
        """Whether a gradient scaler multiplies the loss before backward is called."""
        self.first_non_finite_step: int | None = None
        self._points: list[LossPoint] = []
        self._span = 1
        self._open = _Stretch(0)

    def add(self, step: int, value: float) -> None:
        """Add the loss of one pass. This runs at every pass, so it does next to nothing."""
        stretch = self._open
        if stretch.passes >= self._span:
            self._close()
            stretch = self._open = _Stretch(step)
        elif stretch.passes == 0:
            stretch.step = step
        stretch.passes += 1
        if math.isfinite(value):
            stretch.total += value
            stretch.minimum = min(stretch.minimum, value)
            stretch.maximum = max(stretch.maximum, value)
        else:
            stretch.non_finite += 1
            if self.first_non_finite_step is None:
                self.first_non_finite_step = step

    def plain(self) -> LossCurve:
        """The curve as data."""
        last = (self._open.plain(),) if self._open.passes else ()
        return LossCurve(self.root, self.graph, (*self._points, *last), self.first_non_finite_step)

    def _close(self) -> None:
        self._points.append(self._open.plain())
        if len(self._points) >= POINTS:
            self._points = [_joined(*self._points[i : i + 2]) for i in range(0, POINTS, 2)]
            self._span *= 2


class _Stretch:
    """The passes since the last point."""

    __slots__ = ("maximum", "minimum", "non_finite", "passes", "step", "total")

    def __init__(self, step: int) -> None:
        self.step, self.passes, self.non_finite, self.total = step, 0, 0, 0.0
        self.minimum, self.maximum = math.inf, -math.inf

    def plain(self) -> LossPoint:
        finite = self.passes - self.non_finite
        if finite == 0:
            return LossPoint(self.step, None, None, None, self.passes, self.non_finite)
        return LossPoint(self.step, self.total / finite, self.minimum, self.maximum, self.passes, self.non_finite)


def _joined(a: LossPoint, b: LossPoint) -> LossPoint:
    finite = [p for p in (a, b) if p.mean is not None and p.minimum is not None and p.maximum is not None]
    weights = [p.passes - p.non_finite for p in finite]
    total = sum(weights)
    return LossPoint(
        a.step,
        sum(p.mean * w for p, w in zip(finite, weights, strict=True) if p.mean is not None) / total if total else None,
        min((p.minimum for p in finite if p.minimum is not None), default=None),
        max((p.maximum for p in finite if p.maximum is not None), default=None),
        a.passes + b.passes,
        a.non_finite + b.non_finite,
    )
