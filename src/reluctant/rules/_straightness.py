"""Whether an activation bends anything: what the rules about linear networks and idle activations share."""

from __future__ import annotations

from dataclasses import dataclass

from reluctant.numbers import count
from reluctant.recording import Site, UnitWindow

from ._activation_at import is_piecewise_linear, is_straight

LEAST_SAMPLES = 100
"""Samples on which every unit must keep one slope: from 100 on, a unit leaves it on less than 3 % of inputs (95 %), and no unit did."""

NO_SPREAD = 0.01
"""Standard deviation of the slope, relative to its size, below which a smooth activation is a straight line on its inputs."""


@dataclass(frozen=True, slots=True)
class StraightLine:
    """An activation that acts as a straight line."""

    by_parameters: bool
    """Whether it is one whatever comes in."""
    exact: bool
    """Whether the straight line is one to the last digit; a smooth activation near the middle of its range is one nearly."""
    from_start: bool
    """Whether it was one at the first measured step already; else training made it so."""
    always_on: int
    silent: int
    samples: int
    clause: str


def straight_line(site: Site) -> StraightLine | None:
    """Why the activation at `site` bends nothing; None where it does, or where too little was seen."""
    if site.role in ("loss", "attention", "gate") or site.first_non_finite_step is not None:
        return None
    if is_straight(site):
        samples = site.whole.samples if site.whole is not None else 0
        return StraightLine(True, True, True, site.units, 0, samples, f"{site.operation} with these parameters is a straight line")
    window = site.recent
    if window is None or not window.open.units or window.samples < LEAST_SAMPLES or window.first_step == window.last_step:
        return None
    return _by_units(site, window)


def _by_units(site: Site, window: UnitWindow) -> StraightLine | None:
    """A straight line because every unit is on for all samples, or silent for all: then each multiplies its input by a constant."""
    on, silent, units = window.open.one, window.passes.zero, window.open.units
    if on > 0 and on + silent == units:
        exact = is_piecewise_linear(site)
        others = f", the other {count(silent)} are silent on all" if silent else ""
        state = "on" if exact else "near their largest slope"
        clause = f"{count(on)} of {count(units)} units are {state} for all of {count(window.samples)} samples{others}"
        return StraightLine(False, exact, _at_start(site), on, silent, window.samples, clause)
    slope = _slope(site)
    if silent == 0 and window.slope_spread is not None and slope and window.slope_spread < NO_SPREAD * slope:
        clause = f"the slope varies by less than {NO_SPREAD:.0%} over {count(window.samples)} samples"
        return StraightLine(False, False, _at_start(site), on, 0, window.samples, clause)
    return None


def _at_start(site: Site) -> bool:
    start = site.start
    return start is not None and start.open.units > 0 and start.open.one + start.passes.zero == start.open.units


def _slope(site: Site) -> float | None:
    return site.moments[-1].slope_rms if site.moments else None
