"""One activation call while it is being observed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, Protocol

import torch
from torch import Tensor

from reluctant.activations import FLAT_SLOPE
from reluctant.recording import Location, Site, SiteMoment

from ._as_data import as_data
from ._norms import Moments, widest
from ._timeline import Timeline
from ._unit_statistics import UnitCounts, UnitStatistics

ENTRIES_READ = 1 << 19
"""At most this many entries of a tensor are read at one call; the rest is left out by whole samples."""


class Readable(Protocol):
    """An activation that can be read from what a node of autograd's graph keeps."""

    @property
    def name(self) -> str:
        """The operation of its site."""

    @property
    def keeps(self) -> str:
        """Under which name the values are kept: ``result`` for the output, empty for a mask."""

    @property
    def largest_slope(self) -> float:
        """The largest |f'|; ∞ where it grows for ever."""

    def slope(self, kept: Tensor, /) -> Tensor:
        """The slope at each kept value, in its shape."""

    def output(self, kept: Tensor, /) -> Tensor | None:
        """The output for each kept value; None where what is kept does not tell."""


Role = Literal["hidden", "gate", "output", "loss", "attention", "other"]


@dataclass(slots=True)
class _PendingSite:
    """What the calls of one pass add up to."""

    counts: UnitCounts | None = None
    output: Moments = field(default_factory=Moments)
    arriving: Moments = field(default_factory=Moments)
    leaving: Moments = field(default_factory=Moments)
    non_finite: int = 0
    kept_input_bytes: int = 0


@dataclass(slots=True)
class SiteRecord:
    """Collects what one site does; `plain` gives the `Site`."""

    number: int
    operation: str
    place: Location | None
    called: Location | None
    built: Location | None
    module: str
    module_type: str
    spelling: str
    layer: int | None
    after: str
    booleans: tuple[str, ...] = ()
    slope: int | None = None
    parameters: dict[str, float] = field(default_factory=dict)
    role: Role = "hidden"
    exact: bool = True
    calls: int = 0
    unit_axis: int | None = None
    units: UnitStatistics = field(default_factory=UnitStatistics)
    moments: Timeline[SiteMoment] = field(default_factory=Timeline)
    first_non_finite_step: int | None = None
    kept_input_bytes: int = 0
    kept_type: str = ""
    pending: _PendingSite = field(default_factory=_PendingSite)

    def read(self, activation: Readable, kept: Tensor, axis: int | None) -> None:
        """Read one call from the values that autograd keeps for it, of any shape, with their units along `axis` (None: one unit)."""
        self.unit_axis = axis
        kept = _fewer_samples(kept, axis)
        entries = kept.numel()
        if entries == 0:
            return
        output = activation.output(kept)
        total = float((kept if output is None else output).sum(dtype=widest(kept)))
        if not math.isfinite(total) and not bool(torch.isfinite(kept).all()):
            self._note_non_finite(kept)
            return
        if activation.name == "relu":
            passing = _per_unit(kept > 0, axis)
            on = float(passing.sum()) / entries
            counts = UnitCounts(entries // len(passing), passing, passing, entries // len(passing) - passing, 1 - on, on, on)
        else:
            counts = _counts(activation, kept, output, axis)
        self._add(counts)
        if output is not None:
            self.pending.output.add(output, total=total)

    def add_kept_input(self, kept: Tensor) -> None:
        """Count what autograd keeps of the input for one call."""
        self.kept_type = str(kept.dtype).removeprefix("torch.")
        self.pending.kept_input_bytes += kept.numel() * kept.element_size()

    def read_axis(self, result: Tensor, dim: int) -> None:
        """Read one call of softmax or log_softmax: how many classes, and the spread of its result."""
        size = result.shape[dim] if result.dim() else 1
        self.parameters["dim"] = float(dim)
        self.parameters["classes"] = max(float(size), self.parameters.get("classes", 0.0))
        self.parameters["classes_smallest"] = min(float(size), self.parameters.get("classes_smallest", math.inf))
        result = _fewer_samples(result, None)
        if result.numel():
            if not bool(torch.isfinite(result).all()):
                self._note_non_finite(result)
                return
            self.pending.output.add(result, total=float(result.sum(dtype=widest(result))))

    def read_ratio(self, arriving: Tensor, leaving: Tensor, axis: int | None) -> None:
        """Read one call from the gradients that arrive and leave, of the same shape: their ratio is the slope, where any arrives.

        Each unit along `axis` has as many samples as gradients other than 0 reached it; the counts are cut down to those of the unit with
        the fewest, so that all units speak of the same number.
        """
        self.unit_axis = axis
        arriving, leaving = _fewer_samples(arriving, axis), _fewer_samples(leaving, axis)
        if arriving.is_complex() or arriving.numel() == 0 or not bool(torch.isfinite(leaving).all()):
            return
        valid = arriving != 0
        seen = _per_unit(valid, axis)
        reached = seen > 0
        if not bool(reached.any()):
            return
        self.exact = False
        slope = torch.where(valid, leaving / torch.where(valid, arriving, 1), 0)
        samples = int(seen[reached].min())
        passing = _per_unit(valid & (leaving != 0), axis)
        largest = float(slope.abs().max()) or 1.0
        open_ = _per_unit(valid & (slope.abs() >= 0.95 * largest), axis)
        flat = _per_unit(valid & (slope.abs() < FLAT_SLOPE * largest), axis)
        share = torch.where(reached, samples / seen.clamp(min=1), 0)
        # Units that no gradient reached are unknown, and unknown is not silent.
        passing = torch.where(reached, torch.where(passing > 0, (passing * share).ceil().long().clamp(1, samples), 0), samples)
        n = int(valid.sum())
        mean, square = float(slope.sum()) / n, float((slope * slope).sum()) / n
        # A ReLU gives 0 exactly where its slope is 0; of other activations the gradients do not tell.
        zeros = float((valid & (leaving == 0)).sum()) / n if self.operation == "relu" else 0.0
        self._add(UnitCounts(samples, passing, (open_ * share).long(), (flat * share).round().long(), zeros, mean, square))

    def add_gradients(self, arriving: Tensor | None, leaving: Tensor | None, scale: float) -> None:
        """Add the size of the gradients at one call, which are those of the loss times `scale`."""
        if arriving is not None:
            self.pending.arriving.add(arriving, scale=scale)
        if leaving is not None:
            self.pending.leaving.add(leaving, scale=scale)

    def finish_pass(self, step: int) -> None:
        """Turn what the pass added up to into a moment of the timeline."""
        p, c = self.pending, self.pending.counts
        self.pending = _PendingSite()
        self.kept_input_bytes = max(self.kept_input_bytes, p.kept_input_bytes)
        if c is None and p.output.entries == 0 and p.non_finite == 0 and p.arriving.entries == 0:
            return
        if p.non_finite and self.first_non_finite_step is None:
            self.first_non_finite_step = step
        if c is not None:
            self.units.add(step, c)
        self.moments.append(
            SiteMoment(
                step=step,
                samples=c.samples if c else 0,
                silent_share=float((c.passing == 0).float().mean()) if c else 0.0,
                open_share=float((c.open >= c.samples).float().mean()) if c else 0.0,
                zero_share=c.zero_share if c else 0.0,
                slope_rms=c.slope_square_mean**0.5 if c else None,
                output_rms=p.output.rms,
                output_mean=p.output.mean,
                gradient_arriving_rms=p.arriving.rms,
                gradient_leaving_rms=p.leaving.rms,
                non_finite_share=p.non_finite / max(p.output.entries + p.non_finite, 1),
                flat_share=float(c.flat.sum()) / (c.samples * len(c.flat)) if c else 0.0,
            )
        )

    def plain(self) -> Site:
        """The site as data."""
        whole, recent, start = self.units.windows()
        return as_data(
            Site,
            self,
            id=self.number,
            parameters=dict(self.parameters),
            units=self.units.units,
            whole=whole,
            recent=recent,
            start=start,
            silences=self.units.silences(),
            silent_units=self.units.silent_units(),
            moments=self.moments.entries(),
        )

    def _add(self, counts: UnitCounts) -> None:
        old = self.pending.counts
        if old is None or len(old.passing) != len(counts.passing):
            self.pending.counts = counts
            return
        n, m = old.samples, counts.samples
        self.pending.counts = UnitCounts(
            n + m,
            old.passing + counts.passing,
            old.open + counts.open,
            old.flat + counts.flat,
            (old.zero_share * n + counts.zero_share * m) / (n + m),
            (old.slope_mean * n + counts.slope_mean * m) / (n + m),
            (old.slope_square_mean * n + counts.slope_square_mean * m) / (n + m),
        )

    def _note_non_finite(self, values: Tensor) -> None:
        finite = int(torch.isfinite(values).sum())
        self.pending.non_finite += values.numel() - finite
        self.pending.output.entries += finite


def _counts(activation: Readable, kept: Tensor, output: Tensor | None, axis: int | None) -> UnitCounts:
    slope = activation.slope(kept)
    size = slope.abs()
    largest = activation.largest_slope if activation.largest_slope < math.inf else float(size.max()) or 1.0
    passing = _per_unit(slope != 0, axis)
    entries = kept.numel()
    return UnitCounts(
        entries // len(passing),
        passing,
        _per_unit(size >= 0.95 * largest, axis),
        _per_unit(size < FLAT_SLOPE * largest, axis),
        float(((slope if output is None else output) == 0).sum()) / entries,
        float(slope.sum(dtype=widest(slope))) / entries,
        float((slope * slope).sum(dtype=widest(slope))) / entries,
    )


def _per_unit(condition: Tensor, axis: int | None) -> Tensor:
    """How often a condition of any shape holds for each unit: (units,) on the CPU, one entry where `axis` is None."""
    if axis is None or condition.dim() == 0:
        return condition.sum().reshape(1).cpu()
    others = [d for d in range(condition.dim()) if d != axis % condition.dim()]
    return (condition.sum(others) if others else condition.long()).cpu()


def _fewer_samples(values: Tensor, axis: int | None) -> Tensor:
    """Every k-th sample of a large tensor: never random, so that the run's random stream is left alone."""
    stride = -(-values.numel() // ENTRIES_READ)
    if stride <= 1 or values.dim() == 0:
        return values
    sample_axes = [d for d in range(values.dim()) if axis is None or d != axis % values.dim()]
    if not sample_axes:
        return values
    longest = max(sample_axes, key=lambda d: values.shape[d]) if values.shape[sample_axes[0]] < stride else sample_axes[0]
    return values[(slice(None),) * longest + (slice(None, None, stride),)]
