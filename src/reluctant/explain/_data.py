"""Made-up data that need no download: two moons, XOR, rings, and clusters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from ._text import Text

if TYPE_CHECKING:
    from torch import Tensor

NOISE = 0.1
"""Standard deviation of what is added to each coordinate of the moons."""


def moons(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Two half circles that reach into each other: points (count, 2) and classes 0.0 or 1.0."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    angle = math.pi * torch.rand(count, generator=generator)
    classes = (torch.arange(count) % 2).float()
    upper = torch.stack([angle.cos() - 0.5, angle.sin() - 0.25], 1)
    lower = torch.stack([0.5 - angle.cos(), 0.25 - angle.sin()], 1)
    noise = NOISE * torch.randn(count, 2, generator=generator)
    return torch.where(classes[:, None] == 0, upper, lower) + noise, classes


def xor(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Four squares, of which the two across from each other are of one class, with a gap between."""
    import torch

    points = 2 * torch.rand(count, 2, generator=torch.Generator().manual_seed(seed)) - 1
    return points + 0.1 * points.sign(), (points[:, 0] * points[:, 1] < 0).float()


def rings(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """A ring around a ring."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    classes = (torch.arange(count) % 2).float()
    radius = 0.5 + 0.5 * classes + 0.07 * torch.randn(count, generator=generator)
    angle = 2 * math.pi * torch.rand(count, generator=generator)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1), classes


Task = Callable[[int, int], "tuple[Tensor, Tensor]"]

TASKS: dict[str, tuple[Task, Text]] = {
    "moons": (moons, Text("two moons", "双月")),
    "xor": (xor, Text("XOR", "异或")),
    "rings": (rings, Text("two rings", "双环")),
}
"""Tasks with two classes in the plane, by name."""


def clusters(count: int, seed: int, world: int, classes: int = 8, per_class: int = 4, features: int = 16) -> tuple[Tensor, Tensor]:
    """Points (count, features) around the centres that `world` draws, several for each class, and their classes."""
    import torch

    centres = torch.randn(classes * per_class, features, generator=torch.Generator().manual_seed(world))
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randint(len(centres), (count,), generator=generator)
    points = centres[chosen] + 0.75 * torch.randn(count, features, generator=generator)
    return points, chosen % classes
