"""Recognises activations among the nodes of autograd's graph, and reads their slopes from what the nodes keep for backward.

Nothing about a node is written down here. Each call that a definition of the catalogue declares is made once, on one number, and the
node that torch makes for it is looked at: its name, and which parameters it keeps. An activation that torch makes of several operations
has no node of its own; then those of its parts are recognised that are activations themselves.
"""

from __future__ import annotations

import functools
import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import Node

from reluctant.activations import AXIS_WISE, Activation, Gated, definitions, get
from reluctant.errors import UsageError
from reluctant.instrument import torch_private
from reluctant.operators import Tensors, tensors, torch_form

from ._out_of_sight import out_of_sight
from ._saved_tensor import saved_tensor, saved_value
from ._uncatalogued import UNCATALOGUED, UncataloguedFunction

BLOCK = 1 << 15
"""Values of which a slope is computed at once on a CPU, so that what lies between stays in its cache: for half a million values in single
precision that took GELU's from 2.3 ms to 1.6 and SiLU's from 1.3 to 0.5 on one thread of a Xeon."""

BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""Integers of as many bytes as a number."""

MANY = object()
"""Stands for the numbers of a tensor, where a parameter is one number."""

_BUILT_IN = re.compile(r"(\w+Backward)\d+")
"""``EluBackward0``; the number tells overloads and in-place forms apart. A user's own autograd Function has none."""

AXIS_NODES = {node: kind.name for kind in AXIS_WISE.values() for node in kind.torch_nodes}
"""Nodes of softmax and log_softmax by name: they are sites too, without a slope for each unit."""

MAXIMUM = "MaximumBackward0"
"""An activation only where the plan has seen that the other side is 0."""


@dataclass(frozen=True, slots=True)
class ActivationNode:
    """An activation as a node of autograd's graph keeps it."""

    activation: Activation
    keeps: str
    """Name under which the node saves the values: ``self`` or ``other``, an input, or ``result``."""
    learned: tuple[Tensor, ...] = ()
    """Its learned tensors, in a shape that broadcasts over the values."""

    @property
    def name(self) -> str:
        """The name that its site has."""
        return site_name(self.activation)

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters that its site has: of learned slopes their number."""
        return site_parameters(self.activation) if not self.learned else {"slopes": float(sum(t.numel() for t in self.learned))}

    @property
    def largest_slope(self) -> float:
        """The largest |f'|; ∞ where it grows for ever."""
        if isinstance(self.activation, UncataloguedFunction):
            return self.activation.largest_slope
        if not self.learned:
            return self.activation.traits.largest_slope
        # Learned values change from pass to pass, and the traits of each would be worked out anew.
        learned = [t.detach().reshape(1, -1).double() for t in self.learned]
        x = torch.linspace(-12, 12, 97, dtype=torch.float64, device=learned[0].device).reshape(-1, 1)
        return float(self.activation.derivative(tensors(torch.float64), x, *learned).abs().max())

    def slope(self, kept: Tensor) -> Tensor:
        """The slope at each kept value, in its shape and type."""
        m, formula = _Slopes(kept.dtype), self.activation.derivative
        if self.learned:
            result: Tensor = formula(m, kept, *(t.to(kept.dtype) for t in self.learned))
            return result
        if self.keeps == "result":
            return _in_blocks(lambda y: self.activation.derivative_from_output(m, y), kept)
        return _in_blocks(lambda x: formula(m, x), kept)

    def output(self, kept: Tensor) -> Tensor:
        """The output of the activation for each kept value: by torch's own operator, so that it is what the user's program has computed."""
        if self.keeps == "result":
            return kept
        if self.learned:  # torch's operator takes them in another shape
            result: Tensor = self.activation.forward(tensors(kept.dtype), kept, *(t.to(kept.dtype) for t in self.learned))
            return result
        return torch_form(self.activation, self.activation.torch_expression)(kept)


class _Slopes(Tensors):
    """The arithmetic of tensors that nobody differentiates."""

    def where(self, condition: Tensor, a: Any, b: Any) -> Tensor:
        """`a` where the condition holds, else `b`.

        On a CPU torch.where and masked_fill branch at every value (torch 2.13), and signs cannot be foretold: 136 µs for 32,768 values in
        single precision on one thread of a Xeon, where choosing by bits takes 28.
        """
        if condition.device.type != "cpu":
            return super().where(condition, a, b)
        bits = BITS[self.dtype.itemsize]
        first, second = (torch.as_tensor(value, dtype=self.dtype).view(bits) for value in (a, b))
        return ((first ^ second) & -condition.to(bits) ^ second).view(self.dtype)


def _in_blocks(formula: Callable[[Tensor], Any], values: Tensor) -> Tensor:
    """The formula of all the values. A constant slope is a bare number."""
    if values.numel() <= BLOCK or values.device.type != "cpu":
        result = torch.as_tensor(formula(values), dtype=values.dtype, device=values.device)
        return result if result.shape == values.shape else result.expand_as(values)
    result = torch.empty(values.shape, dtype=values.dtype)
    for block, place in zip(torch.split(values.reshape(-1), BLOCK), torch.split(result.view(-1), BLOCK), strict=True):
        place.copy_(torch.as_tensor(formula(block), dtype=values.dtype))
    return result


@dataclass(frozen=True, slots=True)
class NodeForm:
    """What a kind of node computes where it keeps certain numbers."""

    definition: type[Activation]
    parameters: tuple[str, ...]
    """Parameters of the activation that the node keeps."""
    fixed: Mapping[str, Any]
    """What else it must keep to be this activation: SELU is an ELU of one scale, and ``clamp(min=0)`` is ReLU."""

    def fits(self, node: Node) -> bool:
        """Whether a node of this kind is this activation."""
        same = all(_scalar(node, name) == value for name, value in self.fixed.items())
        return same and not any(_scalar(node, name) is MANY for name in self.parameters)

    def activation(self, node: Node) -> Activation | None:
        """The activation with the node's parameters; None where it takes none of these: a site is what a script did, not what it should."""
        kept = {name: _scalar(node, name) for name in self.parameters}
        try:
            return self.definition(**{name: value for name, value in kept.items() if value is not None})
        except UsageError:
            return None


@functools.cache
def node_forms() -> Mapping[str, tuple[NodeForm, ...]]:
    """What each kind of node may be, by its name without the number; the narrowest comes first."""
    found: dict[str, list[NodeForm]] = defaultdict(list)
    with out_of_sight(), torch.inference_mode(False), torch.enable_grad():
        for definition in (*definitions().values(), *UNCATALOGUED):
            if not issubclass(definition, Gated):
                for kind, form in _forms_of(definition()):
                    found[kind].append(form)
    return {kind: tuple(sorted(forms, key=lambda form: -len(form.fixed))) for kind, forms in found.items()}


def _forms_of(activation: Activation) -> list[tuple[str, NodeForm]]:
    """The nodes that torch makes for the activation's calls; none where it makes several of one call."""
    found = []
    for expression in (activation.torch_expression, *activation.torch_forms):
        x = torch.ones(1, dtype=torch.float32, device="cpu", requires_grad=True)  # whatever type and device the user has made usual
        learned = [torch.full_like(x, getattr(activation, start), requires_grad=False) for start in activation.learned.values()]
        node = torch_form(activation, expression)(x, *learned).grad_fn
        assert node is not None  # its input asks for a gradient
        kind = _BUILT_IN.fullmatch(node.name())
        takes_x = [getattr(below, "variable", None) is x for below, _ in node.next_functions if below is not None] == [True]
        if kind is not None and takes_x and _keeps(node):
            scalars = {name: torch_private.saved(node, name) for name in torch_private.saved_names(node)}
            # Whether RReLU was in training says nothing about which activation it is.
            scalars = {name: value for name, value in scalars.items() if isinstance(value, (int, float, str, type(None)))}
            scalars = {name: value for name, value in scalars.items() if not isinstance(value, bool)}
            parameters = tuple(name for name in scalars if name in activation.parameters)
            fixed = {name: value for name, value in scalars.items() if name not in parameters}
            found.append((kind[1], NodeForm(type(activation), parameters, fixed)))
    return found


def _keeps(node: Node) -> str:
    """Under which name a node keeps its values: in-place forms keep the result."""
    return next((name for name in ("self", "result") if name in torch_private.saved_names(node)), "")


def _scalar(node: Node, name: str) -> Any:
    """A number or word that a node keeps, or that is in a tensor of one element; of a tensor of several `MANY`."""
    value = saved_value(node, name)
    if isinstance(value, Tensor):
        return float(value) if value.numel() == 1 else MANY
    return float(value) if isinstance(value, bool) else value  # LeakyReLU(True): torch 2.13 keeps what was given


def node_form(name: str, node: Node) -> NodeForm | None:
    """What a node of torch's own is, where it is an elementwise activation."""
    kind = _BUILT_IN.fullmatch(name)
    forms = node_forms().get(kind[1], ()) if kind is not None else ()
    return next((form for form in forms if form.fits(node)), None)


def read_activation(name: str, node: Node) -> ActivationNode | None:
    """The activation that a node computes, with what it keeps; None where what the slope depends on cannot be had."""
    if name == MAXIMUM:
        return ActivationNode(get("relu"), "self" if node.next_functions[0][0] is not None else "other")
    form = node_form(name, node)
    activation = form.activation(node) if form is not None else None
    if activation is None:
        return None
    keeps, learned = _keeps(node), [saved_tensor(node, learned) for learned in activation.learned]
    if keeps == "result" and not activation.output_suffices:
        return None
    kept = tuple(t for t in learned if t is not None and t.numel())
    return ActivationNode(activation, keeps, kept) if len(kept) == len(learned) else None


def kernel_activation(node: Node) -> Activation | None:
    """The activation that one of our own autograd functions computes; None for every other node."""
    activation = getattr(torch_private.FORWARD_CLASS.of(type(node)), "activation", None)
    return activation if isinstance(activation, Activation) else None


def site_name(activation: Activation) -> str:
    """The name that a site has: ``gelu_tanh`` for the form of GELU that goes by this name."""
    for alias, fixed in type(activation).aliases.items():
        if fixed and all(activation.parameters[name] == value for name, value in fixed.items()):
            return alias
    return activation.name


def site_parameters(activation: Activation) -> dict[str, float]:
    """Its numbers, less bounds that are infinite. A learned one's start is left out: what counts is what was learned."""
    if activation.learned:
        return {}
    numbers = {name: float(value) for name, value in activation.parameters.items() if not isinstance(value, str)}
    return {name: value for name, value in numbers.items() if math.isfinite(value)}
