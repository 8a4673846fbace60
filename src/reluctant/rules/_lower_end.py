"""Activations that give an output a lower end and no upper one: ReLU and what is like it."""

from __future__ import annotations

import math

from reluctant.recording import Site

from ._curves import curve
from ._heads import Head

CLIPS = frozenset({"clamp", "hardtanh", "hardsigmoid"})
"""Activations that may cut off on both sides of the range that predictions need; relu6 cuts off so far up that it counts as a ReLU."""


def cuts(site: Site) -> bool:
    """Whether the slope is exactly 0 below some point, so that a unit that stays there gets no gradient."""
    known = curve(site)
    return known.traits.dead_side in ("below", "both") if known is not None else site.operation == "maximum"


def rectifies(site: Site) -> bool:
    """Whether the activation is bounded below, and either cuts off there or grows without limit above."""
    known = curve(site)
    if known is None or cuts(site):
        return cuts(site)
    return math.isfinite(known.traits.range.lower) and known.traits.range.upper == math.inf


def rectifier(head: Head) -> Site | None:
    """The activation that gives the output its lower end: one that rectifies values without a lower end.

    A `clamp` that only guards a logarithm or a root follows on a sigmoid, softmax or square and is none.
    """
    for site in head.sites:
        if rectifies(site) and not head.before(site).bounded_below and head.after(site).bounded_below:
            return site
    return None


def clips(head: Head, site: Site) -> bool:
    """Whether the site cuts off on both sides, as a hardtanh does."""
    return site.operation in CLIPS and head.after(site).bounded
