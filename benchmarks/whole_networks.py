"""Training steps of whole networks with torch's activations and with reluctant.nn's."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn as torch_nn
from torch import Tensor, nn

import reluctant.nn as reluctant_nn
from reluctant.bench._timing import interleaved

ACTIVATIONS = ("PReLU", "Mish", "ELU")


@dataclass(frozen=True)
class Network:
    """A training step (forward, backward, SGD) of one network."""

    name: str
    ours_ms: float
    torch_ms: float
    ratio: float
    saved_mb: float
    """Bytes that autograd keeps in a step, ours."""
    saved_mb_by_torch: float

    def __str__(self) -> str:
        return (
            f"{self.name:12} a training step {self.ours_ms:.2f} ms, torch's {self.torch_ms:.2f} ms: {self.ratio:.2f} times its speed; "
            f"keeps {self.saved_mb:.1f} of {self.saved_mb_by_torch:.1f} MB for backward"
        )


def networks(*, short: bool) -> Iterator[Network]:
    """Every network with every activation."""
    torch.set_num_threads(1)
    for kind, build in (("mlp", mlp), ("cnn", cnn)):
        for name in ACTIVATIONS:
            yield compare(f"{name.lower()} {kind}", name, build, short=short)


Build = Callable[[type[nn.Module], bool], tuple[nn.Module, Tensor, Tensor]]
"""Makes a network with an activation, inputs and targets; of another size for the short form."""


def compare(label: str, activation: str, build: Build, *, short: bool) -> Network:
    """Both networks from the same weights, their steps in turn."""
    steps, saved = {}, {}
    for who, library in (("ours", reluctant_nn), ("torch", torch_nn)):
        torch.manual_seed(0)
        model, inputs, targets = build(getattr(library, activation), short)
        steps[who] = step_of(model, inputs, targets)
        saved[who] = saved_bytes(model, inputs) / 1e6
    times = interleaved(steps, rounds=3 if short else 15, seconds=0.1 if short else 60)
    return Network(
        label, times.median("ours") * 1e3, times.median("torch") * 1e3, times.ratio("torch", "ours"), saved["ours"], saved["torch"]
    )


def step_of(model: nn.Module, inputs: Tensor, targets: Tensor) -> Callable[[], object]:
    """A training step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()

    return step


def saved_bytes(model: nn.Module, inputs: Tensor) -> int:
    """Bytes of all tensors that a forward pass keeps, each storage once, parameters left out."""
    kept: dict[int, int] = {}
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = model(inputs)
    del output
    return sum(size for place, size in kept.items() if place not in own)


def mlp(activation: type[nn.Module], short: bool) -> tuple[nn.Module, Tensor, Tensor]:
    """Three hidden layers of 1,024, batch 256."""
    width = 32 if short else 1024
    layers = [layer for _ in range(3) for layer in (nn.Linear(width, width), activation())]
    return nn.Sequential(*layers, nn.Linear(width, 10)), torch.randn(256, width), torch.randint(10, (256,))


def cnn(activation: type[nn.Module], short: bool) -> tuple[nn.Module, Tensor, Tensor]:
    """The small CNN of the overhead benchmark: three convolutions with batch norm on 64 images of 32 by 32."""
    width, images = (4, 8) if short else (32, 64)
    layers: list[nn.Module] = []
    for inward, outward in itertools.pairwise((3, width, 2 * width, 2 * width)):
        pool = [nn.MaxPool2d(2)] if layers else []
        layers += [*pool, nn.Conv2d(inward, outward, 3, padding=1), nn.BatchNorm2d(outward), activation()]
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * width, 10))
    return model, torch.randn(images, 3, 32, 32), torch.randint(10, (images,))
