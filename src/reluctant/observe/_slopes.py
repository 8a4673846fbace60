"""What each activation's autograd node says about its slope, from the values that it keeps for backward."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of activation node: its catalogue name, its parameters and how its slope follows from what is kept."""

    name: str
    parameters: dict[str, float]
    keeps: str
    """The attribute of the node that holds the values: input or output of the activation."""
    slope: Callable[[Tensor], Tensor]
    """Slope of each kept value."""
    output: Callable[[Tensor], Tensor]
    """Output of the activation for each kept value."""
    largest_slope: float
    straight: Callable[[Tensor], Tensor] | None = None
    """Which kept values lie on the straight part with full slope; None where that is slope >= 95 % of the largest."""


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
    "leaky_relu": (lambda a: lambda x: torch.where(x > 0, 1.0, a), lambda a: lambda x: torch.where(x > 0, x, a * x)),
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
    return Operation(catalogue, parameters, "_saved_self", slope(*arguments), output(*arguments), largest)


_RELU = Operation("relu", {}, "_saved_result", _step, _identity, 1.0)
_RELU_FROM_INPUT = Operation("relu", {}, "_saved_self", _step, lambda x: x.clamp(min=0), 1.0)
_SIGMOID = Operation("sigmoid", {}, "_saved_result", lambda y: y * (1 - y), _identity, 0.25)
_TANH = Operation("tanh", {}, "_saved_result", lambda y: 1 - y * y, _identity, 1.0)


def _clamp(low: float | None, high: float | None) -> Operation:
    if low == 0 and high is None:
        return _RELU_FROM_INPUT
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    given = {k: v for k, v in (("min", low), ("max", high)) if math.isfinite(v)}
    slope, output = _BY_INPUT["clamp"]
    return Operation("clamp", given, "_saved_self", slope(low, high), output(low, high), 1.0)


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
        name, {} if name == "relu6" else {"min_val": low, "max_val": high}, "_saved_self", slope(low, high), output(low, high), 1.0
    )


def _elu_node(node: Any) -> Operation:
    alpha, scale, beta = float(node._saved_alpha), float(node._saved_scale), float(node._saved_input_scale)
    if abs(scale - 1.0507009873554805) < 1e-6 and abs(alpha - 1.6732632423543772) < 1e-6:
        return _from_input("selu", "elu", {}, alpha, scale, beta)
    return _from_input("elu", "elu", {"alpha": alpha}, alpha, scale, beta)


def _gelu_node(node: Any) -> Operation:
    form = node._saved_approximate
    form = form.decode() if isinstance(form, bytes) else str(form)
    return _from_input("gelu_tanh" if form == "tanh" else "gelu", "gelu_tanh" if form == "tanh" else "gelu", {})


def _rrelu(node: Any) -> Operation:
    low, high = float(node._saved_lower), float(node._saved_upper)
    middle = (low + high) / 2
    return _from_input("rrelu", "leaky_relu", {"lower": low, "upper": high}, middle)


def _prelu(node: Any) -> Operation:
    weight = node._saved_weight.detach()
    top = max(1.0, float(weight.abs().max()))
    return Operation(
        "prelu",
        {"slopes": float(weight.numel())},
        "_saved_self",
        lambda x: torch.where(x > 0, torch.ones_like(x), weight.to(x.dtype)),
        lambda x: torch.where(x > 0, x, weight.to(x.dtype) * x),
        top,
    )


_READERS: dict[str, Callable[[Any], Operation]] = {
    "ReluBackward0": lambda n: _RELU,
    "SigmoidBackward0": lambda n: _SIGMOID,
    "TanhBackward0": lambda n: _TANH,
    "LeakyReluBackward0": lambda n: _from_input(
        "leaky_relu", "leaky_relu", {"negative_slope": float(n._saved_negative_slope)}, float(n._saved_negative_slope)
    ),
    "EluBackward0": _elu_node,
    "CeluBackward0": lambda n: _from_input(
        "celu", "elu", {"alpha": float(n._saved_alpha)}, float(n._saved_alpha), 1.0, 1.0 / float(n._saved_alpha)
    ),
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
    "ThresholdBackward0": lambda n: _from_input(
        "threshold", "threshold", {"threshold": float(n._saved_threshold)}, float(n._saved_threshold)
    ),
    "SoftshrinkBackward0": lambda n: _from_input("softshrink", "softshrink", {"lambd": float(n._saved_lambd)}, float(n._saved_lambd)),
    "HardshrinkBackward0": lambda n: _from_input("hardshrink", "hardshrink", {"lambd": float(n._saved_lambd)}, float(n._saved_lambd)),
    "SinBackward0": lambda n: _from_input("sin", "sin", {}),
    "CosBackward0": lambda n: _from_input("cos", "cos", {}),
    "RreluWithNoiseBackward0": _rrelu,
    "PreluKernelBackward0": _prelu,
}

SOFTMAX = {"SoftmaxBackward0": "softmax", "SafeSoftmaxBackward0": "softmax", "LogSoftmaxBackward0": "log_softmax"}
"""Nodes over an axis: they are sites too, without a slope per unit."""


def is_activation(name: str) -> bool:
    """Whether a node of this name is an elementwise activation whose slope can be read."""
    return name in _READERS


def read_operation(name: str, node: Any) -> Operation:
    """The kind, parameters and formulas of an activation node."""
    return _READERS[name](node)
