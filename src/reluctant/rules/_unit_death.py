"""How many units of a site are dead at the end of the run, and on how many samples that rests."""

from __future__ import annotations

from dataclasses import dataclass

from reluctant.recording import Site


@dataclass(frozen=True, slots=True)
class DeadCount:
    """The dead units of a site."""

    dead: int
    """Units silent on at least as many samples in a row as were asked for, over two measured steps or more."""
    silent: int
    """Units silent now, on however few samples."""
    units: int
    samples: int
    """Samples in a row on which each of the dead units passed nothing."""
    fewest: int
    """The same for each of the silent units."""


SUSPICIOUS = 100
"""Samples on which a unit must have been silent to be suspected: one that fires on 3 % of inputs, as many do, is silent on fewer."""


def suspects(site: Site) -> int:
    """Counts the units that may be dead: silent from the start, or on so many samples that it is no accident of the last batch."""
    return sum(silence.units for silence in site.silences if silence.samples >= SUSPICIOUS or silence.last_alive_step < 0)


def count_dead_units(site: Site, least_samples: int) -> DeadCount:
    """Counts the units of `site` that passed no gradient on the last `least_samples` samples or more."""
    units = site.recent.passes.units if site.recent is not None else site.units
    silent = min(sum(silence.units for silence in site.silences), units)
    last = site.recent.last_step if site.recent is not None else 0
    lasting = [silence for silence in site.silences if silence.samples >= least_samples and silence.first_silent_step < last]
    counted = min(sum(silence.units for silence in lasting), units)
    samples = min((silence.samples for silence in lasting), default=0)
    fewest = min((silence.samples for silence in site.silences), default=0)
    window = site.recent
    if window is not None and window.samples >= least_samples and window.first_step < last and window.passes.zero > counted:
        return DeadCount(window.passes.zero, max(silent, window.passes.zero), units, window.samples, min(fewest, window.samples))
    return DeadCount(counted, silent, units, samples, fewest)


def rule_of_three(samples: int) -> float:
    """Upper 95 % bound on how often something happens that was not seen on `samples` samples.

    The exact bound is 1 − 0.05^(1/n), which 3/n approximates from above (Hanley & Lippman-Hand, JAMA 1983). 1 for
    no samples.
    """
    return min(1.0, 3.0 / samples) if samples > 0 else 1.0
