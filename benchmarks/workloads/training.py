"""The training loop of the workloads: it times itself, and prints what came of it as one line of JSON."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

Batch = tuple[Tensor, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


def arguments(**defaults: int) -> argparse.Namespace:
    """The command line: ``--steps``, and what else a workload has, each with its default."""
    parser = argparse.ArgumentParser()
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser.parse_args()


def train(model: nn.Module, optimizer: torch.optim.Optimizer, loss_of: Loss, batches: list[Batch], steps: int) -> None:
    """Train for `steps` on the batches in turn, then print `result`."""
    begin, begin_cpu = time.perf_counter(), time.process_time()
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        optimizer.zero_grad()
        loss = loss_of(model(inputs), targets)
        loss.backward()
        optimizer.step()
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - begin_cpu
    print(json.dumps(result(model, steps, loss.item(), seconds, cpu_seconds)))


def result(model: nn.Module, steps: int, loss: float, seconds: float, cpu_seconds: float) -> dict[str, Any]:
    """What a run leaves: its time, and numbers that differ where one bit of the training does."""
    weights = sum(parameter.detach().double().sum().item() for parameter in model.parameters())
    return {"steps": steps, "seconds": seconds, "cpu_seconds": cpu_seconds, "loss": loss, "weights": weights}
