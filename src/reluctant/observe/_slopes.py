"""What each activation's autograd node says about its slope, from the values that it keeps for backward."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ._saved_tensor import saved_tensor


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of activation node: its catalogue name, its parameters and how its slope follows from what is kept."""

    name: str
    parameters: dict[str, float]
    keeps: str
    """Name under which the node saves the values: input or output of the activation."""
    slope: Callable[[Tensor], Tensor]
    """Slope of each kept value."""
    output: Callable[[Tensor], Tensor] | None
    """Output of the activation for each kept value; None where what is kept does not tell."""
    largest_slope: float


def _identity(x: Tensor) -> Tensor:
    return x


@functools.lru_cache(maxsize=256)
def _largest(name: str, *arguments: float) -> float:
    """The largest |slope| on a fine grid: derived, not typed in."""
    x = torch.linspace(-12, 12, 48_001, dtype=torch.float64)
    slope = _BY_INPUT[name][0](*arguments)
    return float(slope(x).abs().max())


def _step(x: Tensor) -> Tensor:
    return (x > 0).to(x.dtype)


def _elu(alpha: float, scale: float = 1.0, input_scale: float = 1.0) -> Callable[[Tensor], Tensor]:
    return lambda x: torch.where(x > 0, scale, scale * alpha * input_scale * torch.exp(input_scale * x.clamp(max=0)))


def _gelu_slope(x: Tensor) -> Tensor:
    return 0.5 * (1 + torch.erf(x / math.sqrt(2))) + x * torch.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def _gelu_tanh_slope(x: Tensor) -> Tensor:
    k = math.sqrt(2 / math.pi)
    t = torch.tanh(k * (x + 0.044715 * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * k * (1 + 3 * 0.044715 * x * x)


def _silu_slope(x: Tensor) -> Tensor:
    s = torch.sigmoid(x)
    return s * (1 + x * (1 - s))


def _mish_slope(x: Tensor) -> Tensor:
    t = torch.tanh(torch.nn.functional.softplus(x))
    return t + x * (1 - t * t) * torch.sigmoid(x)


def _softplus(beta: float, threshold: float) -> Callable[[Tensor], Tensor]:
    return lambda x: torch.where(beta * x > threshold, 1.0, torch.sigmoid(beta * x))


def _between(low: float, high: float, inside: float) -> Callable[[Tensor], Tensor]:
    return lambda x: ((x > low) & (x < high)).to(x.dtype) * inside


def _hardswish_slope(x: Tensor) -> Tensor:
    return torch.where(x <= -3, 0.0, torch.where(x >= 3, 1.0, (2 * x + 3) / 6))


_BY_INPUT: dict[str, tuple[Callable[..., Callable[[Tensor], Tensor]], Callable[..., Callable[[Tensor], Tensor]]]] = {
    "leaky_relu": (lambda a: lambda x: torch.where(x > 0, torch.ones_like(x), a), lambda a: lambda x: torch.where(x > 0, x, a * x)),
    "elu": (_elu, lambda alpha, scale=1.0, beta=1.0: lambda x: scale * torch.where(x > 0, x, alpha * torch.expm1(beta * x.clamp(max=0)))),
    "gelu": (lambda: _gelu_slope, lambda: torch.nn.functional.gelu),
    "gelu_tanh": (lambda: _gelu_tanh_slope, lambda: lambda x: torch.nn.functional.gelu(x, approximate="tanh")),
    "silu": (lambda: _silu_slope, lambda: torch.nn.functional.silu),
    "mish": (lambda: _mish_slope, lambda: torch.nn.functional.mish),
    "softplus": (_softplus, lambda b, t: lambda x: torch.nn.functional.softplus(x, b, t)),
    "clamp": (lambda low, high: _between(low, high, 1.0), lambda low, high: lambda x: x.clamp(low, high)),
    "hardswish": (lambda: _hardswish_slope, lambda: torch.nn.functional.hardswish),
    "hardsigmoid": (lambda: _between(-3, 3, 1 / 6), lambda: torch.nn.functional.hardsigmoid),
    "logsigmoid": (lambda: lambda x: torch.sigmoid(-x), lambda: torch.nn.functional.logsigmoid),
    "sin": (lambda: torch.cos, lambda: torch.sin),
    "cos": (lambda: lambda x: -torch.sin(x), lambda: torch.cos),
    "threshold": (lambda t: lambda x: (x > t).to(x.dtype), lambda t: lambda x: torch.where(x > t, x, torch.zeros_like(x))),
    "softshrink": (lambda a: lambda x: (x.abs() > a).to(x.dtype), lambda a: lambda x: torch.nn.functional.softshrink(x, a)),
    "hardshrink": (lambda a: lambda x: (x.abs() > a).to(x.dtype), lambda a: lambda x: torch.nn.functional.hardshrink(x, a)),
}


def _from_input(catalogue: str, key: str, parameters: dict[str, float], *arguments: float) -> Operation:
    slope, output = _BY_INPUT[key]
    largest = _largest(key, *arguments)
    return Operation(catalogue, parameters, "self", slope(*arguments), output(*arguments), largest)


def _from_output(
    catalogue: str, parameters: dict[str, float], below: Callable[[Tensor], Tensor], above: float, largest: float
) -> Operation:
    """An activation that worked in place: it keeps its output, which is above 0 where its input was."""
    return Operation(catalogue, parameters, "result", lambda y: torch.where(y > 0, above, below(y)), _identity, largest)


_RELU = Operation("relu", {}, "result", _step, _identity, 1.0)
_RELU_FROM_INPUT = Operation("relu", {}, "self", _step, lambda x: x.clamp(min=0), 1.0)
_SIGMOID = Operation("sigmoid", {}, "result", lambda y: y * (1 - y), _identity, 0.25)
_TANH = Operation("tanh", {}, "result", lambda y: 1 - y * y, _identity, 1.0)


def _clamp(low: float | None, high: float | None) -> Operation:
    if low == 0 and high is None:
        return _RELU_FROM_INPUT
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    given = {k: v for k, v in (("min", low), ("max", high)) if math.isfinite(v)}
    slope, output = _BY_INPUT["clamp"]
    return Operation("clamp", given, "self", slope(low, high), output(low, high), 1.0)


def _number(value: Any) -> float | None:
    """A node's saved scalar, which may be a number, None or a tensor bound of one element."""
    if value is None:
        return None
    if isinstance(value, Tensor):
        return float(value) if value.numel() == 1 else math.nan
    return float(value)


def _hardtanh(node: Any) -> Operation:
    low, high = float(node._saved_min_val), float(node._saved_max_val)
    name = "relu6" if (low, high) == (0.0, 6.0) else "hardtanh"
    slope, output = _BY_INPUT["clamp"]
    return Operation(
        name, {} if name == "relu6" else {"min_val": low, "max_val": high}, "self", slope(low, high), output(low, high), 1.0
    )


def _elu_node(node: Any, in_place: bool) -> Operation:
    alpha, scale, beta = float(node._saved_alpha), float(node._saved_scale), float(node._saved_input_scale)
    selu = abs(scale - 1.0507009873554805) < 1e-6 and abs(alpha - 1.6732632423543772) < 1e-6
    return _exponential("selu" if selu else "elu", {} if selu else {"alpha": alpha}, alpha, scale, beta, in_place)


def _celu_node(node: Any, in_place: bool) -> Operation:
    alpha = float(node._saved_alpha)
    return _exponential("celu", {"alpha": alpha}, alpha, 1.0, 1.0 / alpha, in_place)


def _exponential(name: str, parameters: dict[str, float], alpha: float, scale: float, beta: float, in_place: bool) -> Operation:
    """``scale * (x if x > 0 else alpha * (exp(beta * x) - 1))``."""
    if in_place:
        return _from_output(name, parameters, lambda y: beta * (y + scale * alpha), scale, _largest("elu", alpha, scale, beta))
    return _from_input(name, "elu", parameters, alpha, scale, beta)


def _leaky_relu(node: Any, in_place: bool) -> Operation:
    slope = float(node._saved_negative_slope)
    if in_place:
        return _from_output("leaky_relu", {"negative_slope": slope}, lambda y: torch.full_like(y, slope), 1.0, max(1.0, abs(slope)))
    return _from_input("leaky_relu", "leaky_relu", {"negative_slope": slope}, slope)


def _gelu_node(node: Any) -> Operation:
    form = node._saved_approximate
    form = form.decode() if isinstance(form, bytes) else str(form)
    return _from_input("gelu_tanh" if form == "tanh" else "gelu", "gelu_tanh" if form == "tanh" else "gelu", {})


def _rrelu(node: Any, in_place: bool) -> Operation:
    """With the middle of the range for the slope that is drawn."""
    low, high = float(node._saved_lower), float(node._saved_upper)
    parameters, middle = {"lower": low, "upper": high}, (low + high) / 2
    if in_place:
        return _from_output("rrelu", parameters, lambda y: torch.full_like(y, middle), 1.0, max(1.0, abs(middle)))
    return _from_input("rrelu", "leaky_relu", parameters, middle)


def _threshold(node: Any) -> Operation:
    threshold = float(node._saved_threshold)
    return _from_input("threshold", "threshold", {"threshold": threshold}, threshold)


def _maximum(node: Any) -> Operation:
    """``maximum(x, 0)``; the plan has seen to it that the other side is 0."""
    return _RELU_FROM_INPUT if node.next_functions[0][0] is not None else replace(_RELU_FROM_INPUT, keeps="other")


def _prelu(node: Any) -> Operation | None:
    weight = saved_tensor(node, "weight")
    if weight is None or weight.numel() == 0:
        return None
    top = max(1.0, float(weight.abs().max()))
    return Operation(
        "prelu",
        {"slopes": float(weight.numel())},
        "self",
        lambda x: torch.where(x > 0, torch.ones_like(x), weight.to(x.dtype)),
        lambda x: torch.where(x > 0, x, weight.to(x.dtype) * x),
        top,
    )


_READERS: dict[str, Callable[[Any], Operation | None]] = {
    "ReluBackward0": lambda n: _RELU,
    "SigmoidBackward0": lambda n: _SIGMOID,
    "TanhBackward0": lambda n: _TANH,
    "LeakyReluBackward0": lambda n: _leaky_relu(n, False),
    "LeakyReluBackward1": lambda n: _leaky_relu(n, True),
    "EluBackward0": lambda n: _elu_node(n, False),
    "EluBackward1": lambda n: _elu_node(n, True),
    "CeluBackward0": lambda n: _celu_node(n, False),
    "CeluBackward1": lambda n: _celu_node(n, True),
    "GeluBackward0": _gelu_node,
    "SiluBackward0": lambda n: _from_input("silu", "silu", {}),
    "MishBackward0": lambda n: _from_input("mish", "mish", {}),
    "SoftplusBackward0": lambda n: _from_input(
        "softplus",
        "softplus",
        {"beta": float(n._saved_beta), "threshold": float(n._saved_threshold)},
        float(n._saved_beta),
        float(n._saved_threshold),
    ),
    "HardtanhBackward0": _hardtanh,
    "HardswishBackward0": lambda n: _from_input("hardswish", "hardswish", {}),
    "HardsigmoidBackward0": lambda n: _from_input("hardsigmoid", "hardsigmoid", {}),
    "LogSigmoidBackward0": lambda n: _from_input("logsigmoid", "logsigmoid", {}),
    "ClampMinBackward0": lambda n: _clamp(_number(n._saved_min), None),
    "ClampMaxBackward0": lambda n: _clamp(None, _number(n._saved_max)),
    "ClampBackward0": lambda n: _clamp(_number(n._saved_min), _number(n._saved_max)),
    "ClampBackward1": lambda n: _clamp(_number(n._saved_min), _number(n._saved_max)),
    "ThresholdBackward0": _threshold,
    "ThresholdBackward1": _threshold,
    "SoftshrinkBackward0": lambda n: _from_input("softshrink", "softshrink", {"lambd": float(n._saved_lambd)}, float(n._saved_lambd)),
    "HardshrinkBackward0": lambda n: _from_input("hardshrink", "hardshrink", {"lambd": float(n._saved_lambd)}, float(n._saved_lambd)),
    "SinBackward0": lambda n: _from_input("sin", "sin", {}),
    "CosBackward0": lambda n: _from_input("cos", "cos", {}),
    "RreluWithNoiseBackward0": lambda n: _rrelu(n, False),
    "RreluWithNoiseBackward1": lambda n: _rrelu(n, True),
    "PreluKernelBackward0": _prelu,
}

_CHOSEN = {"MaximumBackward0": _maximum}
"""Operations that are activations only where the plan says so."""

SOFTMAX = {"SoftmaxBackward0": "softmax", "SafeSoftmaxBackward0": "softmax", "LogSoftmaxBackward0": "log_softmax"}
"""Nodes over an axis: they are sites too, without a slope per unit."""


MASKS = {name: Operation(name, {}, "", _identity, None, 1.0) for name in ("mask", "where")}
"""Activations that a user makes of a mask and what passes it: the mask is the slope."""


def saved_mask(name: str, node: Any) -> Tensor | None:
    """The mask that ``x * mask`` or ``where(mask, x, 0)`` keeps, as numbers."""
    if name == "where":
        mask = saved_tensor(node, "condition")
        passes_first = node.next_functions[0][0] is not None
        mask = mask if passes_first or mask is None else ~mask
    else:
        mask = saved_tensor(node, "other")
        mask = mask if mask is not None else saved_tensor(node, "self")
    shape = getattr(node, "_input_metadata", ())
    if mask is None or not shape:
        return None
    return mask.to(torch.float32)


def is_activation(name: str) -> bool:
    """Whether a node of this name is an elementwise activation whose slope can be read."""
    return name in _READERS


def is_readable(name: str) -> bool:
    """Whether the slope of a node of this name can be read, if it is an activation."""
    return name in _READERS or name in _CHOSEN


def read_operation(name: str, node: Any) -> Operation | None:
    """The kind, parameters and formulas of an activation node; None where what they depend on cannot be had."""
    return _READERS[name](node) if name in _READERS else _CHOSEN[name](node)
