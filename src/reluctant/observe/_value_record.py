"""Running statistics of values seen at one place: predictions, targets, a layer's raw input."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from reluctant.recording import InputStatistics, ValueStatistics

from ._norms import widest

SAMPLE = 4096
DISTINCT = 32


class ValueRecord:
    """Minimum, maximum, moments, distinct values and a bounded sample of all values added."""

    def __init__(self) -> None:
        self.count = 0
        self._minimum, self._maximum = math.inf, -math.inf
        self._sum = self._square = 0.0
        self._below = self._above = 0
        self._integer = True
        self._distinct: set[float] | None = set()
        self._rows: bool | None = None
        self._log_rows: bool | None = None
        self._sample: list[Tensor] = []
        self._sampled = self._offered = 0
        self._stride = 1

    def add(self, values: Tensor, class_axis: int | None = None) -> None:
        """Add a tensor; `class_axis` is the axis whose rows might be distributions."""
        values = values.detach()
        flat = values.reshape(-1).to(widest(values))
        flat = flat[torch.isfinite(flat)]
        if flat.numel() == 0:
            return
        low, high = (float(v) for v in torch.aminmax(flat))
        self.count += flat.numel()
        self._minimum, self._maximum = min(self._minimum, low), max(self._maximum, high)
        self._sum += float(flat.sum())
        self._square += float((flat * flat).sum())
        self._below += int((flat < 0).sum())
        self._above += int((flat > 1).sum())
        self._integer = self._integer and bool((flat == flat.round()).all())
        self._add_distinct(flat)
        self._add_sample(flat)
        if class_axis is not None and values.dim() >= 2 and values.shape[class_axis] >= 2 and values.is_floating_point():
            rows = values.to(widest(values))
            self._rows = self._rows is not False and _is_one(rows.sum(class_axis)) and bool((rows >= -1e-6).all())
            self._log_rows = self._log_rows is not False and _is_one(rows.exp().sum(class_axis)) and bool((rows <= 1e-6).all())

    def plain(self) -> ValueStatistics | None:
        """The statistics as data; None where nothing finite was seen."""
        if self.count == 0:
            return None
        mean = self._sum / self.count
        sample = torch.cat(self._sample) if self._sample else torch.zeros(0, dtype=torch.float64)
        points = torch.linspace(0, 1, 21, dtype=torch.float64)
        return ValueStatistics(
            self.count,
            self._minimum,
            self._maximum,
            mean,
            max(self._square / self.count - mean * mean, 0.0) ** 0.5,
            integer_valued=self._integer,
            distinct=tuple(sorted(self._distinct)) if self._distinct is not None else (),
            below_zero_share=self._below / self.count,
            above_one_share=self._above / self.count,
            rows_sum_to_one=self._rows,
            rows_log_sum_to_zero=self._log_rows,
            quantiles=tuple(float(q) for q in torch.quantile(sample, points)) if sample.numel() else (),
        )

    def _add_distinct(self, flat: Tensor) -> None:
        if self._distinct is not None:
            self._distinct.update(sorted(set(flat[:SAMPLE].tolist()))[: DISTINCT + 1])
            if len(self._distinct) > DISTINCT:
                self._distinct = None

    def _add_sample(self, flat: Tensor) -> None:
        """Keep an even sample: each addition offers a few values, of which ever fewer are taken as the whole grows too long."""
        part = flat[:: max(1, flat.numel() // 256)][:256]
        taken = part[-self._offered % self._stride :: self._stride].to("cpu", torch.float64, copy=True)
        self._offered += part.numel()
        self._sample.append(taken)
        self._sampled += taken.numel()
        if self._sampled > SAMPLE:
            self._sample = [torch.cat(self._sample)[::2].clone()]
            self._sampled = self._sample[0].numel()
            self._stride *= 2


class InputRecord:
    """Per-feature statistics of what enters a layer straight from the data."""

    def __init__(self) -> None:
        self._samples = 0
        self._sum: Tensor | None = None
        self._square: Tensor | None = None
        self._low, self._high = math.inf, -math.inf
        self._integer = True

    def add(self, values: Tensor, feature_axis: int) -> None:
        """Add a batch; every axis but `feature_axis` counts as samples."""
        if values.numel() == 0 or values.dim() == 0 or not values.is_floating_point():
            return
        rows = values.detach().movedim(feature_axis, -1).reshape(-1, values.shape[feature_axis]).to(widest(values))
        rows = rows[:: max(1, rows.numel() // (1 << 18))]
        if not bool(torch.isfinite(rows).all()):
            return
        if self._sum is None or self._square is None or len(self._sum) != rows.shape[1]:
            self._samples = 0
            self._sum, self._square = torch.zeros(2, rows.shape[1], dtype=torch.float64)
        self._samples += len(rows)
        self._sum += rows.sum(0).cpu()
        self._square += (rows * rows).sum(0).cpu()
        low, high = (float(v) for v in torch.aminmax(rows))
        self._low, self._high = min(self._low, low), max(self._high, high)
        self._integer = self._integer and bool((rows == rows.round()).all())

    def plain(self) -> InputStatistics | None:
        """The statistics as data; None where nothing was seen."""
        if self._sum is None or self._square is None or self._samples == 0:
            return None
        means = self._sum / self._samples
        stds = (self._square / self._samples - means**2).clamp(min=0).sqrt()
        # Rounding leaves a constant feature with a tiny spread.
        varies = stds > 1e-6 * (means.abs() + 1e-12)
        mean = float(means.mean())
        std = float(((self._square / self._samples).mean() - mean**2).clamp(min=0)) ** 0.5
        return InputStatistics(
            samples=self._samples,
            features=len(means),
            mean=mean,
            std=std,
            minimum=self._low,
            maximum=self._high,
            largest_feature_mean=float(means.abs().max()),
            smallest_feature_std=float(stds[varies].min()) if bool(varies.any()) else 0.0,
            largest_feature_std=float(stds.max()),
            largest_offset=float((means.abs() / stds.clamp(min=1e-300))[varies].max()) if bool(varies.any()) else 0.0,
            constant_features=int((~varies).sum()),
            integer_valued=self._integer,
            feature_means_std=float(means.std(correction=0)),
        )


def _is_one(sums: Tensor) -> bool:
    return bool(((sums - 1).abs() < 1e-3).all())
