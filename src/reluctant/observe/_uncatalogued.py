"""Functions of torch that stand where activations do and are not in the catalogue, with what it takes to read their nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reluctant.activations import Activation, Arithmetic, Value, parameter


class UncataloguedFunction(Activation, abstract=True):
    """No activation of the catalogue: the slope is all that is needed of it."""

    largest_slope: ClassVar[float] = 1.0
    """The same for all of them."""


@dataclass(frozen=True)
class _LogSigmoid(UncataloguedFunction, abstract=True):
    name = torch_function = "logsigmoid"

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.sigmoid(-x)


@dataclass(frozen=True)
class _Sine(UncataloguedFunction, abstract=True):
    name = "sin"
    torch_code = "torch.sin(x)"

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.cos(x)


@dataclass(frozen=True)
class _Cosine(UncataloguedFunction, abstract=True):
    name = "cos"
    torch_code = "torch.cos(x)"

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return -m.sin(x)


@dataclass(frozen=True)
class _Threshold(UncataloguedFunction, abstract=True):
    """Its node does not keep the value below the threshold, which is taken for 0."""

    name = "threshold"
    torch_code = "F.threshold(x, threshold, 0.0)"
    threshold: float = parameter(0.0, "input above which it is the input itself")

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.where(x > self.threshold, 1.0, 0.0)


@dataclass(frozen=True)
class _Softshrink(UncataloguedFunction, abstract=True):
    name = torch_function = "softshrink"
    lambd: float = parameter(0.5, "size up to which an input becomes 0")

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        return m.where(m.abs(x) > self.lambd, 1.0, 0.0)


@dataclass(frozen=True)
class _Hardshrink(_Softshrink, abstract=True):
    name = torch_function = "hardshrink"


UNCATALOGUED: tuple[type[Activation], ...] = (_LogSigmoid, _Sine, _Cosine, _Threshold, _Softshrink, _Hardshrink)
