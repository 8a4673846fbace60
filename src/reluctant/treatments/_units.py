"""The units between two layers: which weights make them, which take them up, and which of them are dead."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reluctant.activations import Activation
from reluctant.recording import Location

if TYPE_CHECKING:
    from torch import Tensor

PASSING = frozenset(
    {
        "View", "UnsafeView", "ReshapeAlias", "Alias", "Clone", "ToCopy", "Squeeze", "Unsqueeze", "Mul", "Div", "NativeDropout",
        "MaxPool2DWithIndices", "MaxPool3DWithIndices", "AvgPool2D", "AvgPool3D", "AdaptiveAvgPool2D", "AdaptiveAvgPool3D",
        "AdaptiveMaxPool2D", "AdaptiveMaxPool3D", "Mean",
    }
)  # fmt: skip
"""Nodes of autograd's graph that leave each unit where it is: views, pooling, dropout, changes of type."""


def chain(values: Tensor, mark: str) -> Any:
    """What a node on the way back from `values` was marked with, if nothing lies between that mixes units; None where it was not."""
    node: Any = values.grad_fn
    while node is not None:
        if (marked := node.metadata.get(mark)) is not None:
            return marked
        below = [following for following, _ in node.next_functions if following is not None]
        name = node.name().rpartition("::")[2].rstrip("0123456789").removesuffix("Backward")
        if name == "CopyBackwards":  # what was overwritten comes first
            below = below[-1:]
        elif name not in PASSING:
            return None
        if len(below) != 1:
            return None
        node = below[0]
    return None


@dataclass(slots=True)
class Weights:
    """The weight of a linear or convolutional layer, and where in it the units stand that the layer makes and takes up."""

    weight: Tensor
    bias: Tensor | None = None
    is_convolution: bool = False
    is_transposed: bool = False
    groups: int = 1

    @property
    def units(self) -> int:
        """How many units it makes."""
        return self.weight.shape[1 if self.is_transposed else 0]

    def axis_of_units(self, values: Tensor) -> int:
        """The axis along which the units lie in what it has made."""
        return values.dim() - self.weight.dim() + 1 if self.is_convolution else values.dim() - 1

    def making(self, units: Tensor) -> Tensor:
        """Which entries of the weight make the units: a mask."""
        mask = _none_of(self.weight)
        if self.is_transposed:
            mask.movedim(1, 0)[units] = True
        else:
            mask[units] = True
        return mask

    def taking(self, units: Tensor, before: Weights) -> Tensor | None:
        """Which entries of the weight take up the units that `before` makes; None where that cannot be told."""
        count, mask = before.units, _none_of(self.weight)
        if self.is_convolution:
            # A transposed convolution with groups is no `Weights`.
            shares = mask.movedim(0, 1)[None] if self.is_transposed else mask.view(self.groups, -1, *mask.shape[1:])
            each = shares.shape[2]  # of groups, what they make, what they take up
            if self.groups * each != count:
                return None
            shares.movedim(2, 1)[units // each, units % each] = True
            return mask
        if mask.shape[1] % count:
            return None
        # A flattened picture has the positions of a channel in a row, flattened tokens the features of a position.
        features = mask.view(mask.shape[0], count, -1) if before.is_convolution else mask.view(mask.shape[0], -1, count).movedim(2, 1)
        features[:, units] = True
        return mask


@dataclass(slots=True)
class Units:
    """The units of one activation, with what was seen of them since they were last asked for."""

    activation: Activation
    place: Location | None
    before: Weights
    after: dict[int, Weights] = field(default_factory=dict)
    """The layers that take them up, by the identity of the weight."""
    samples: int = 0
    _rows: int = 0
    """Entries of the last batch."""
    _alive: Tensor | None = None

    def see(self, values: Tensor) -> bool:
        """Note which units are not 0 in what leaves the activation; whether the units could be told apart.

        What enters it is gone where it works in place.
        """
        axis = self.before.axis_of_units(values)
        if not 0 <= axis < values.dim() or values.shape[axis] != self.before.units or not values.numel():
            return False
        self._rows = values.shape[:axis].numel()
        entries = values.detach().movedim(axis, -1).flatten(0, -2) if values.dim() > 1 else values.detach()[None]
        fires = (entries != 0).any(0)
        self._alive = fires if self._alive is None else self._alive | fires
        self.samples += entries.shape[0]
        return True

    def taken_up(self, values: Tensor, by: Weights) -> None:
        """Note a layer that takes up `values`, unless they are a row for each channel, where positions would be taken for units."""
        if by.is_convolution or not self.before.is_convolution or values.shape[:-1].numel() == self._rows:
            self.after.setdefault(id(by.weight), by)

    def dead(self) -> Tensor:
        """The numbers of the units that were on the dead side on every sample; counting begins anew."""
        assert self._alive is not None
        found = (~self._alive).nonzero().flatten()
        self._alive, self.samples = None, 0
        return found


def mask_of(values: Tensor, units: Tensor) -> Tensor:
    """Which entries of a bias belong to the units."""
    mask = _none_of(values)
    mask[units] = True
    return mask


def _none_of(values: Tensor) -> Tensor:
    import torch

    return torch.zeros(values.shape, dtype=torch.bool, device=values.device)
