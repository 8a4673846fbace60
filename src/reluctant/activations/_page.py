"""The page of an activation: what it is, and what follows from it, as data and as Markdown, with its curve drawn in characters."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reluctant.numbers import constant, exact

from ._activation import Activation, Case
from ._shape import Interval
from ._traits import Traits

COLUMNS = 61
MOST_ROWS = 17
STEPS = (0.05, 0.1, 0.2, 0.25, 1 / 3, 0.5)
"""Heights that a line may stand for; the last makes 17 lines of the whole reach."""
REACH = 4.0
"""Drawn from -REACH to REACH; what lies higher or lower than that is cut off."""

CURVE, SLOPE = "●", "○"


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to show about one activation. Everything is text, ready for any form."""

    title: str
    summary: str
    latex: str
    formulas: tuple[tuple[str, str], ...]
    """Left and right side: ``("f(x)", "max(0, x)")``."""
    torch: tuple[str, ...]
    """How it is written in PyTorch."""
    parameters: tuple[tuple[str, str, str], ...]
    """Name, value, meaning."""
    derived: tuple[tuple[str, str], ...]
    """Property and value."""
    known_values: tuple[tuple[str, str, str], ...]
    """Input, output, why it is known."""
    references: tuple[str, ...]
    plot: str


def page_of(activation: Activation) -> Page:
    """The page of an activation with the parameters it has."""
    gated = activation.gate is not None
    left = ("f(a, b)", "(∂f/∂a, ∂f/∂b)") if gated else ("f(x)", "f'(x)")
    return Page(
        title=activation.spelling,
        summary=activation.summary(),
        latex=activation.latex(),
        formulas=(*zip(left, activation.formulas, strict=True), *((name, exact(value)) for name, value in activation.constants.items())),
        torch=tuple(_torch(activation)),
        parameters=tuple(
            (entry.name, exact(getattr(activation, entry.name)), entry.metadata["meaning"]) for entry in dataclasses.fields(activation)
        ),
        derived=tuple(_derived(activation)),
        known_values=tuple((_call(case), exact(case.y), case.why) for case in activation.cases),
        references=activation.references,
        plot=plot(activation),
    )


def _call(case: Case) -> str:
    inputs = ", ".join(exact(x) for x in (case.x if isinstance(case.x, tuple) else (case.x,)))
    return f"f({inputs})" + "".join(f", {name} = {exact(value)}" for name, value in case.given.items())


def _changed(activation: Activation) -> list[tuple[str, float | str]]:
    defaults = type(activation)().parameters
    return [(name, value) for name, value in activation.parameters.items() if value != defaults[name]]


def _torch(activation: Activation) -> Iterator[str]:
    """The module and the expression, with the values of the parameters in place of their names."""
    if activation.torch_class:
        arguments = ", ".join(f"{name}={value!r}" for name, value in _changed(activation))
        yield f"nn.{activation.torch_class}({arguments})"
    expression = activation.torch_expression
    for name, value in activation.parameters.items():
        expression = expression.replace(f"{name}={name}", f"{name}={_as_code(value)}")
    yield expression


def _as_code(value: float | str) -> str:
    return "None" if isinstance(value, float) and math.isinf(value) else repr(value)


def _derived(activation: Activation) -> Iterator[tuple[str, str]]:
    """What follows from the formula, in words; of a gated pair, what its product and then what its gate has."""
    traits = activation.traits
    gated = activation.gate is not None
    if traits.straight_line:
        yield "straight line", "yes: with these parameters it adds nothing to the layers around it"
    yield "range", str(traits.range)
    yield "zero-centred", "yes" if traits.zero_centred else f"no: its mean is {constant(traits.mean_output)} for a standard normal input"
    yield "gain", _gain(activation)
    over = "both halves, standard normal" if gated else "a standard normal z"
    yield "E[f'(z)²]", f"{constant(activation.mean_square_slope())} for {over}"
    yield "kept for backward", _kept(activation)
    for name, value in _of_slope(traits):
        yield f"gate's {name}" if gated else name, value


def _of_slope(traits: Traits) -> Iterator[tuple[str, str]]:
    yield "largest slope", _largest_slope(traits)
    for kink in traits.kinks:
        sides = f"slope {constant(kink.slope_below)} below, {constant(kink.slope_above)} above"
        yield f"kink at {constant(kink.x)}", f"{sides}; torch uses {constant(kink.subgradient)} there"
    yield "dead side", _dead(traits)
    yield "flat", _flat(traits)
    yield "monotone", "yes" if traits.monotone else "no"


def _largest_slope(traits: Traits) -> str:
    at = traits.largest_slope_at
    if math.isinf(traits.largest_slope):
        return f"none: it grows without bound as x → {constant(at)}"
    if math.isinf(at):
        return f"{constant(traits.largest_slope)} as x → {constant(at)}"
    return f"{constant(traits.largest_slope)} {'beside' if any(at == kink.x for kink in traits.kinks) else 'at'} x = {constant(at)}"


def _dead(traits: Traits) -> str:
    if not traits.dead_regions:
        return "none: no half-line has slope 0"
    return f"{traits.dead_side}: slope exactly 0 for {_stretches(traits.dead_regions)}"


def _flat(traits: Traits) -> str:
    if not traits.flat_regions:
        return "nowhere"
    measure = "slope 0" if math.isinf(traits.largest_slope) else "slope below 5 % of the largest"
    return f"{_stretches(traits.flat_regions)} ({measure})"


def _stretches(regions: tuple[Interval, ...]) -> str:
    return " and ".join(str(region) for region in regions)


def _gain(activation: Activation) -> str:
    customary = activation.customary_gain
    return constant(activation.gain) + (f"; {customary.why}" if customary is not None else "")


def _kept(activation: Activation) -> str:
    kept = activation.traits.kept_tensors
    if not kept:
        return "nothing beyond its output, which the next linear layer keeps anyway"
    text = f"{activation.traits.kept_bytes()} bytes an element in float32: {', '.join(kept)}"
    return text + ("; its output, which the next linear layer keeps anyway, would suffice" if activation.output_suffices else "")


def plot(activation: Activation) -> str:
    """F and f' from -4 to 4, at most 17 lines of at most 70 characters, with axis and legend; of a gated pair, its gate's."""
    shown = activation.gate or activation
    xs = [REACH * (2 * column / (COLUMNS - 1) - 1) for column in range(COLUMNS)]
    ys = [max(-REACH, min(REACH, y)) for f in (shown, shown.slope) for y in map(f, xs)] + [0.0]
    step, heights = _heights(min(ys), max(ys))
    top, bottom = heights[0], heights[-1]
    marks = {top: "┤", bottom: "┤", 0: "┼"}
    lines = [f"{constant(step * h) if h in marks else '':>7} {marks.get(h, '│')}{_plot_row(h, step, shown, xs)}".rstrip() for h in heights]
    of = f" of its gate {shown}" if shown is not activation else ""
    argument = "a" if shown is not activation else "x"
    axis = f"{'':8}└{'┴'.join('─' * (COLUMNS // 2) for _ in range(2))}┘"
    ticks = f"{'':8}{-REACH:<{COLUMNS // 2 + 1}.0f}{0:<{COLUMNS // 2}}{REACH:.0f}"
    return "\n".join([*lines, axis, ticks, f"{'':9}{CURVE} f({argument})   {SLOPE} f'({argument}){of}"])


def _heights(low: float, high: float) -> tuple[float, range]:
    """The finest step that needs few enough lines, and the lines as multiples of it, so that 0 has a line of its own."""
    for step in STEPS:
        heights = range(math.ceil(high / step - 1e-9), math.floor(low / step + 1e-9) - 1, -1)
        if len(heights) <= MOST_ROWS:
            break
    return step, heights


def _plot_row(height: int, step: float, shown: Activation, xs: list[float]) -> str:
    def lies_here(f: Callable[[float], float], x: float) -> bool:
        return bool(abs(f(x) / step - height) <= 0.5)

    return "".join(
        CURVE if lies_here(shown, x) else SLOPE if lies_here(shown.slope, x) else "·" if height == 0 else "│" if x == 0 else " " for x in xs
    )


def page(activation: Activation) -> str:
    """The page of an activation as Markdown, for the documentation."""
    return "\n".join(_markdown(page_of(activation)))


def _markdown(shown: Page) -> Iterator[str]:
    yield from (f"# {shown.title}", "", shown.summary, "", "$$", shown.latex, "$$", "")
    yield from ("```text", *(f"{left} = {right}" for left, right in shown.formulas), "```", "")
    yield from ("```text", shown.plot, "```", "")
    yield from ("## In PyTorch", "", "```python", *shown.torch, "```", "")
    if shown.parameters:
        yield from ("## Parameters", "", *_table(("name", "value", "meaning"), shown.parameters), "")
    yield from ("## What follows from the formula", "", *_table(("property", "value"), shown.derived), "")
    yield from ("## Known values", "", *_table(("input", "output", "why"), shown.known_values), "")
    yield from ("## References", "", *(f"- {reference}" for reference in shown.references), "")


def _table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        cells = (cell.replace("|", r"\|") for cell in row)
        yield f"| {' | '.join(cells)} |"
