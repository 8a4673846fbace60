"""The curve and the slope of activations, drawn from the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from reluctant.activations import Activation
from reluctant.figures import Axis, Line, Panel, Words

from ._text import Text

NEUTRAL = 0
"""The colour of what is no series: targets, floors, frames."""

COLOURS = {
    "relu": 1, "sigmoid": 2, "tanh": 3, "elu": 4, "leaky_relu": 5, "prelu": 6, "gelu": 7, "identity": 8,
}  # fmt: skip
"""One colour for each activation, in every figure."""

REACH = 4.0
STEPS = 64
"""Points on each side of 0."""
BESIDE = 1e-9
"""Beside 0, where many bend, there is a point on each side: a jump of the slope is drawn as one."""


def curve_panels(activations: Sequence[Activation], labels: Sequence[Words] = ()) -> tuple[Panel, Panel]:
    """One panel with the curves and one with the slopes, from -4 to 4; each value is the catalogue's own."""
    steps = [REACH * step / STEPS for step in range(1, STEPS + 1)]
    xs = (*(-x for x in reversed(steps)), -BESIDE, 0.0, BESIDE, *steps)
    names = labels or [title(activation) for activation in activations]
    shown = list(zip(activations, names, strict=True))
    curves = tuple(Line(name, xs, tuple(a(xs)), _colour(a), slopes=tuple(a.slope(xs))) for a, name in shown)
    slopes = tuple(Line(name, xs, tuple(a.slope(xs)), _colour(a)) for a, name in shown)
    low = min(-1.0, *(y for line in curves for y in line.ys if y is not None))
    return (
        Panel(Text("curve f(x)", "曲线 f(x)"), Axis("x", -REACH, REACH), Axis("f(x)", low, REACH), curves),
        Panel(Text("slope f′(x)", "斜率 f′(x)"), Axis("x", -REACH, REACH), Axis("f′(x)", -0.2, 1.2), slopes),
    )


def title(activation: Activation) -> str:
    """An activation as it is called in prose: ``ReLU``, ``Leaky ReLU (0.01)``."""
    name = {"leaky_relu": "Leaky ReLU"}.get(activation.name, activation.torch_class or activation.name)
    name = name.lower() if name in ("Sigmoid", "Tanh") else name
    numbers = [f"{number:g}" for number in activation.parameters.values() if isinstance(number, float)]
    return f"{name} ({', '.join(numbers)})" if numbers else name


def _colour(activation: Activation) -> int:
    return COLOURS.get(activation.name, NEUTRAL)
