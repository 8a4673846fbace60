"""What follows from an activation's formula. Nothing here is stated by hand anywhere."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import _shape
from ._arithmetic import floats
from ._expectation import expectation
from ._shape import Interval, Kink, Range, SampledFormula, Side

if TYPE_CHECKING:
    from ._activation import Activation


@dataclass(frozen=True, slots=True)
class Traits:
    """The properties of one activation with one set of parameters. For a gated pair, of its gate unless said otherwise."""

    range: Range
    """Of a gated pair: of the product."""
    largest_slope: float
    """The largest |f'|; ∞ where it grows for ever."""
    largest_slope_at: float
    """An x with that slope; ±∞ where it is only approached."""
    kinks: tuple[Kink, ...]
    flat_regions: tuple[Interval, ...]
    """Where |f'| is below 5 % of the largest slope; where that is infinite, where the slope is 0."""
    dead_regions: tuple[Interval, ...]
    """The half-lines on which the slope is exactly 0."""
    dead_side: Side
    monotone: bool
    bounded: bool
    """Whether the range has two finite bounds."""
    straight_line: bool
    """Whether, with these parameters, it is an affine function and adds nothing to the layers around it."""
    zero_centred: bool
    """Whether E[f(z)] = 0 for z ~ N(0, 1)."""
    mean_output: float
    """E[f(z)] for z ~ N(0, 1)."""
    mean_square_output: float
    """E[f(z)²] for z ~ N(0, 1); of a gated pair with both inputs independent."""
    gain: float
    """1 / sqrt(E[f(z)²]); ∞ where f is 0 throughout."""
    kept_tensors: tuple[str, ...]
    """What torch keeps for backward between two linear layers beyond the output, which the second one keeps anyway."""

    def kept_bytes(self, itemsize: int = 4) -> int:
        """Bytes that torch keeps per output element between two linear layers, beyond what these keep themselves."""
        return itemsize * len(self.kept_tensors)

    def is_flat(self, x: float) -> bool:
        """Whether x lies on a flat part."""
        return any(x in region for region in self.flat_regions)


@functools.lru_cache(maxsize=512)
def traits(activation: Activation) -> Traits:
    """The traits of an activation, computed once for each set of parameters."""
    kept = tuple(kept for kept in activation.torch_keeps if kept != "output")
    return _of_curve(sampled(activation), kept) if activation.gate is None else _of_pair(traits(activation.gate), kept)


def _of_curve(c: SampledFormula, kept: tuple[str, ...]) -> Traits:
    largest, largest_at = _shape.largest_slope(c)
    dead = _shape.dead_regions(c)
    reach = _shape.value_range(c)
    mean = expectation(c.f, bends=c.bends)
    mean_square = expectation(lambda x: c.f(x) ** 2, bends=c.bends)
    return Traits(
        range=reach,
        largest_slope=largest,
        largest_slope_at=largest_at,
        kinks=_shape.kinks(c, largest),
        flat_regions=_shape.flat_regions(c, largest),
        dead_regions=dead,
        dead_side=_shape.dead_side(dead),
        monotone=_shape.is_monotone(c, largest),
        bounded=reach.bounded,
        straight_line=_shape.is_straight(c),
        zero_centred=abs(mean) < 1e-9,
        mean_output=mean,
        mean_square_output=mean_square,
        gain=1.0 / math.sqrt(mean_square) if mean_square > 0 else math.inf,
        kept_tensors=kept,
    )


def _of_pair(gate: Traits, kept: tuple[str, ...]) -> Traits:
    """The gate's traits, with those of the product where b ~ N(0, 1) is independent of a: E[b] = 0 and E[b²] = 1."""
    return replace(
        gate,
        range=Range(-math.inf, math.inf, False, False),
        bounded=False,
        straight_line=False,
        zero_centred=True,
        mean_output=0.0,
        kept_tensors=kept,
    )


@functools.lru_cache(maxsize=512)
def sampled(activation: Activation) -> SampledFormula:
    """The formula of an activation, sampled; of a gated pair, its gate's."""
    if activation.gate is not None:
        return sampled(activation.gate)
    written = tuple(value for value in activation.parameters.values() if isinstance(value, float))
    return _shape.sampled(activation.forward, activation.derivative, written)


@functools.lru_cache(maxsize=16384)
def mean_square_slope(activation: Activation, sigma: float, mean: float) -> float:
    """E[f'(z)²] for z ~ N(mean, sigma²).

    For a gated pair with independent inputs of that distribution it is E[(∂f/∂a)²] + E[(∂f/∂b)²], what both halves send back together.
    """
    c = sampled(activation)
    of_slope = expectation(lambda x: c.derivative(floats, x) ** 2, bends=c.bends, sigma=sigma, mean=mean)
    if activation.gate is None:
        return of_slope
    of_gate = expectation(lambda x: c.forward(floats, x) ** 2, bends=c.bends, sigma=sigma, mean=mean)
    return of_slope * (sigma * sigma + mean * mean) + of_gate
