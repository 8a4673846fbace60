"""Gated pairs in Triton: their two inputs are kept and nothing else."""

from __future__ import annotations

import torch
from torch import Tensor

from reluctant.activations import Gated

from ._pairs import PairKernel, pair_kernel
from ._triton import launch


def triton_pairs(activation: Gated) -> PairKernel:
    """The kernels of a pair, for every type of elements."""
    run, run_back = launch(activation, "forward"), launch(activation, "backward")

    def forward(a: Tensor, b: Tensor) -> Tensor:
        y, n = torch.empty_like(a), a.numel()
        run(a, b, y, n, n, n, n)
        return y

    def backward(g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        da, db, n = torch.empty_like(a), torch.empty_like(b), a.numel()
        run_back(g, a, b, da, db, n, n, n, n)
        return da, db

    def forward_of_halves(x: Tensor) -> Tensor:
        a, b = x.chunk(2, -1)
        y, width = torch.empty_like(a, memory_format=torch.contiguous_format), x.shape[-1]
        run(a, b, y, y.numel(), width // 2, width, width)
        return y

    def backward_of_halves(g: Tensor, x: Tensor) -> Tensor:
        dx, width = torch.empty_like(x), x.shape[-1]
        run_back(g, *x.chunk(2, -1), *dx.chunk(2, -1), g.numel(), width // 2, width, width)
        return dx

    return pair_kernel(activation, forward, backward, forward_of_halves, backward_of_halves)
