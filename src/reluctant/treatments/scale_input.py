"""scale-input."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ._running_script import Call, RunningScript
from ._treatment import Treatment

if TYPE_CHECKING:
    from torch import Tensor

SAMPLES = 1024
"""Samples (for convolutions: positions) after which mean and standard deviation of the features are held."""

BATCHES = 16
"""Batches after which they are held in any case."""


class ScaleInput(Treatment):
    """Standardises what enters the first layer.

    ## What it does

    Each feature of what a linear or convolutional layer gets straight from the data, in training, is brought to mean 0 and standard
    deviation 1. Features are the last axis, for a convolution the channels. Mean and standard deviation are those of the
    batches so far, until 1,024 samples or 16 batches were seen; from then on they stay, in evaluation too. A feature that
    does not vary is only centred.

    ## When it cannot be applied

    Where the data enter no such layer: an embedding, a recurrent layer, attention.
    """

    order = 20
    removes = {"input-scale": ("",)}
    tried = "scale-input"
    advice = "scale the input: each feature to mean 0 and standard deviation 1"
    nothing_met = "no linear or convolutional layer got data"
    example = """
        import torch
        from torch import nn

        torch.manual_seed(0)
        x = 1000 + 100 * torch.randn(256, 8)
        y = x.sum(1, keepdim=True) / 1000
        model = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(20):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
    """

    def start(self, script: RunningScript) -> None:
        """Change what enters first layers."""
        self._script = script
        self._statistics: dict[int, _Statistics] = {}
        script.at_calls(self._is_first, self._scaled)

    def _is_first(self, call: Call) -> bool:
        if call.operation not in ("linear", "convolution") or call.weight is None or not call.input.is_floating_point():
            return False
        return id(call.weight) in self._statistics or _gets_data(call)

    def _scaled(self, call: Call, function: Callable[[Tensor], Tensor]) -> Tensor:
        assert call.weight is not None
        channels = call.weight.dim() - 1 if call.operation == "convolution" else 1
        axis = call.input.dim() - channels
        statistics = self._statistics.setdefault(id(call.weight), _Statistics(call.weight))
        if _gets_data(call):
            statistics.add(call.input.detach().movedim(axis, -1).flatten(0, -2))
        self._script.applied(call.place, f"the input of {call.operation} was standardised")
        return function(statistics.standardised(call.input, axis))


def _gets_data(call: Call) -> bool:
    """Whether it is called in training, with a weight to be learned and an input that nothing learned has made."""
    import torch

    return torch.is_grad_enabled() and call.input.grad_fn is None and call.weight is not None and call.weight.requires_grad


class _Statistics:
    """Mean and standard deviation of each feature over the first batches, as sums in double precision."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight  # kept alive, so that its identity stays its own
        self._samples = self._batches = 0
        self._sums: tuple[Tensor, Tensor] | None = None

    def add(self, rows: Tensor) -> None:
        """Count another batch, as long as there are few."""
        import torch

        if self._samples >= SAMPLES or self._batches >= BATCHES:
            return
        with torch.no_grad():
            wide = rows.double()
            sums = wide.sum(0), wide.square().sum(0)
            self._sums = sums if self._sums is None else (self._sums[0] + sums[0], self._sums[1] + sums[1])
        self._samples += rows.shape[0]
        self._batches += 1

    def standardised(self, values: Tensor, axis: int) -> Tensor:
        """The values with the features, which lie along `axis`, brought to mean 0 and standard deviation 1."""
        import torch

        if self._sums is None:
            return values
        with torch.no_grad():
            mean = self._sums[0] / self._samples
            variance = (self._sums[1] / self._samples - mean.square()).clamp(min=0)
            varies = variance > 1e-12 * mean.square()
            deviation = torch.where(varies, variance.sqrt(), torch.ones_like(variance))
            shape = [-1 if dimension == axis else 1 for dimension in range(values.dim())]
        return ((values - mean.view(shape)) / deviation.view(shape)).to(values.dtype)
