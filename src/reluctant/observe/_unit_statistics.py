"""Counts, per unit of a site, on how many samples it passed gradient, was open, and was flat."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from reluctant.recording import SHARE_BINS, ShareHistogram, Silence, UnitWindow

WINDOW_GROWTH = 1.3
"""A window is closed when the run has grown by this factor: the two latest then span the last 23 to 41 % of the run."""


@dataclass(slots=True)
class UnitCounts:
    """One reading of a site: how many of `samples` each unit spent passing, open and flat."""

    samples: int
    passing: Tensor
    open: Tensor
    flat: Tensor
    zero_share: float
    slope_mean: float
    slope_square_mean: float


class _Window:
    def __init__(self, step: int, counts: UnitCounts) -> None:
        self.first_step = self.last_step = step
        self.samples = counts.samples
        self.passing, self.open, self.flat = counts.passing.clone(), counts.open.clone(), counts.flat.clone()
        self.zero = counts.zero_share * counts.samples
        self.slope, self.slope_square = counts.slope_mean * counts.samples, counts.slope_square_mean * counts.samples

    def add(self, step: int, counts: UnitCounts) -> None:
        self.last_step = step
        self.samples += counts.samples
        self.passing += counts.passing
        self.open += counts.open
        self.flat += counts.flat
        self.zero += counts.zero_share * counts.samples
        self.slope += counts.slope_mean * counts.samples
        self.slope_square += counts.slope_square_mean * counts.samples

    def merged(self, other: _Window) -> _Window:
        both = object.__new__(_Window)
        both.first_step, both.last_step = self.first_step, other.last_step
        for name in ("samples", "passing", "open", "flat", "zero", "slope", "slope_square"):
            setattr(both, name, getattr(self, name) + getattr(other, name))
        return both

    def plain(self) -> UnitWindow:
        n = max(self.samples, 1)
        mean = self.slope / n
        spread = max(self.slope_square / n - mean * mean, 0.0) ** 0.5
        passing, open_, flat = (_histogram(counts, n) for counts in (self.passing, self.open, self.flat))
        return UnitWindow(self.first_step, self.last_step, self.samples, passing, open_, flat, self.zero / n, spread)


class UnitStatistics:
    """Everything that is kept about the units of one site: bounded by the number of units, not by the run."""

    def __init__(self) -> None:
        self._whole: _Window | None = None
        self._start: _Window | None = None
        self._closed: _Window | None = None
        self._current: _Window | None = None
        self._silent_samples = self._last_alive = self._first_silent = torch.zeros(0, dtype=torch.int64)

    def add(self, step: int, counts: UnitCounts) -> None:
        """Add one reading made at `step`."""
        if self._whole is None or len(self._silent_samples) != len(counts.passing):
            self._begin(step, counts)
        else:
            self._whole.add(step, counts)
            if self._start is not None and self._start.first_step == step:
                self._start.add(step, counts)
            self._roll(step, counts)
        silent = counts.passing == 0
        newly = silent & (self._silent_samples == 0)
        self._first_silent[newly] = step
        self._silent_samples = torch.where(silent, self._silent_samples + counts.samples, 0)
        self._last_alive[~silent] = step

    def _begin(self, step: int, counts: UnitCounts) -> None:
        self._whole, self._start, self._current, self._closed = _Window(step, counts), _Window(step, counts), _Window(step, counts), None
        self._silent_samples = torch.zeros_like(counts.passing)
        self._last_alive, self._first_silent = torch.full_like(counts.passing, -1), torch.full_like(counts.passing, -1)

    def _roll(self, step: int, counts: UnitCounts) -> None:
        current = self._current
        assert current is not None
        if step > current.first_step * WINDOW_GROWTH + 1 and step != current.last_step:
            self._closed, self._current = current, _Window(step, counts)
        else:
            current.add(step, counts)

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self._silent_samples)

    @property
    def undecided(self) -> bool:
        """Whether some units look silent on too few samples to say so."""
        silent = self._silent_samples
        return bool(((silent > 0) & (silent < 300)).any())

    def windows(self) -> tuple[UnitWindow | None, UnitWindow | None, UnitWindow | None]:
        """The whole run, its recent part and its first measured step."""
        if self._whole is None or self._current is None or self._start is None:
            return None, None, None
        recent = self._closed.merged(self._current) if self._closed is not None else self._current
        return self._whole.plain(), recent.plain(), self._start.plain()

    def silences(self, limit: int = 32) -> tuple[Silence, ...]:
        """The silent units, grouped by when they fell silent; the largest groups first beyond `limit`."""
        silent = self._silent_samples > 0
        if not bool(silent.any()):
            return ()
        keys = torch.stack([self._last_alive[silent], self._first_silent[silent]], 1)
        samples = self._silent_samples[silent]
        groups, which = torch.unique(keys, dim=0, return_inverse=True)
        found = [
            Silence(int((which == g).sum()), int(groups[g, 0]), int(groups[g, 1]), int(samples[which == g].min()))
            for g in range(len(groups))
        ]
        found.sort(key=lambda s: -s.units)
        return tuple(sorted(found[:limit], key=lambda s: s.first_silent_step))

    def silent_units(self, limit: int = 64) -> tuple[int, ...]:
        """Indices of silent units."""
        return tuple(int(i) for i in (self._silent_samples > 0).nonzero().flatten()[:limit])


def _histogram(counts: Tensor, samples: int) -> ShareHistogram:
    zero, one = int((counts == 0).sum()), int((counts >= samples).sum())
    between = counts[(counts > 0) & (counts < samples)]
    bins = torch.bincount((between * SHARE_BINS) // samples, minlength=SHARE_BINS)
    return ShareHistogram(zero, tuple(int(b) for b in bins[:SHARE_BINS]), one)
