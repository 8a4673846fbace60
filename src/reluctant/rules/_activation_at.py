"""What the catalogue knows about the activation at a site."""

from __future__ import annotations

from reluctant import activations
from reluctant.activations import Activation
from reluctant.recording import Site


def curve(site: Site) -> Activation | None:
    """The activation at `site` with its parameters, or None where the catalogue has none (``sin``, a user's own Function)."""
    return activations.find(site.operation, site.parameters)


def gain(site: Site) -> float:
    """The scale on weights that keeps the signal's size through this activation; 1 where the catalogue does not know it.

    For a bounded activation it is torch's customary gain: the second moment of a sigmoid's output is mostly its mean of
    ½, so the gain that keeps it would say nothing about the signal.
    """
    activation = curve(site)
    if activation is None:
        return 1.0
    return activation.customary_gain.value if activation.traits.bounded and activation.customary_gain else activation.gain


def is_bounded(site: Site) -> bool:
    """Whether the output has two finite bounds, so that the slope vanishes on either side."""
    activation = curve(site)
    return activation is not None and activation.traits.bounded


def has_dead_side(site: Site) -> bool:
    """Whether the slope is exactly 0 on a half-line; what a user's own Function does is judged by what was measured."""
    activation = curve(site)
    return activation.traits.dead_side != "none" if activation is not None else site.operation.startswith("custom:")


def is_piecewise_linear(site: Site) -> bool:
    """Whether the slope takes a few values only: a unit that stays between two kinks is then an affine map, not nearly one."""
    activation = curve(site)
    if activation is None:
        return False
    points = [step / 8 + 1 / 16 for step in range(-80, 80)]
    return len({round(float(activation.slope(x)), 9) for x in points}) <= 3


def is_straight(site: Site) -> bool:
    """Whether it is a straight line by its parameters, whatever comes in."""
    activation = curve(site)
    return activation is not None and activation.traits.straight_line
