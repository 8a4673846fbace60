"""What every activation is."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from reluctant.errors import DefinitionError, UsageError

from ._arithmetic import Arithmetic, Value
from ._evaluate import evaluate
from ._shape import SampledFormula
from ._traits import Traits, mean_square_slope, sampled, traits

Default = TypeVar("Default", float, int, str)


def parameter(default: Default, meaning: str) -> Default:
    """A parameter of an activation: its default and, in one phrase, what it means."""
    given: Default = field(default=default, metadata={"meaning": meaning})
    return given


@dataclass(frozen=True, slots=True)
class Case:
    """A value that is known from outside the formula: from the paper, from a table, from symmetry."""

    x: float | tuple[float, float]
    """The input; both inputs of a gated pair."""
    y: float
    why: str
    """What makes this value known or worth a look."""
    given: Mapping[str, float | str] = field(default_factory=dict)
    """Parameters that differ from their defaults."""


@dataclass(frozen=True, slots=True)
class CustomaryGain:
    """The gain that torch.nn.init.calculate_gain answers, where it differs from the one that keeps the second moment."""

    value: float
    why: str


@dataclass(frozen=True)
class Activation:
    r"""A function applied to each value between two layers, with its slope, and what follows from the two.

    A subclass is the whole of an activation: put in a file of this package, or named by an entry point of the group
    ``reluctant.activations``, it is found, tested, documented and offered everywhere. It is a frozen dataclass whose fields
    are the parameters by torch's names and with torch's defaults. Its docstring says in one sentence what it is and
    then gives the formula as ``.. math::``.

    `forward` and `derivative` are written in the arithmetic `m` (see `Arithmetic`) and ask no ``if`` about a value. What can be
    computed from them (gain, range, flat and dead regions, kinks …) is in `traits` and is stated nowhere else.
    """

    name: ClassVar[str]
    """``leaky_relu``: what users write, and the name of its file."""
    formula: ClassVar[str]
    """f(x) to be read at a terminal: a Python expression in x and the parameters. A test evaluates it."""
    slope_formula: ClassVar[str]
    """f'(x) in the same form."""
    references: ClassVar[tuple[str, ...]]
    """Who proposed it: authors, title, year, section, where to find it."""
    cases: ClassVar[tuple[Case, ...]]
    torch_class: ClassVar[str] = ""
    """Its name in torch.nn; empty where torch has no module for it."""
    torch_function: ClassVar[str] = ""
    """Its name in torch.nn.functional; empty where it takes more than one call."""
    torch_code: ClassVar[str] = ""
    """How it is written with torch where one call of `torch_function` does not say it: see `torch_expression`."""
    torch_forms: ClassVar[tuple[str, ...]] = ()
    """Other calls of torch that compute it, as expressions like `torch_code`: ``torch.special.expit(x)``."""
    torch_keeps: ClassVar[tuple[str, ...]]
    """What torch keeps for backward, per element: ``output`` (which the next layer keeps anyway) and others by any name."""
    aliases: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """Other names in use, each with the parameters that it fixes."""
    constants: ClassVar[Mapping[str, float]] = {}
    """Constants that the formulas mention by name."""
    customary_gain: ClassVar[CustomaryGain | None] = None
    learned: ClassVar[Mapping[str, str]] = {}
    """Learned tensors, each with the field that holds its start: ``{"weight": "init"}``.

    `forward` and `derivative` take them as further arguments, and for each there is a method
    ``weight_derivative(m, x)``: the derivative of f with respect to it.
    """
    drawn: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Values drawn at random in training, each with the fields that hold the ends of their uniform distribution.

    `forward` and `derivative` take them as further arguments; without them they give the evaluation form.
    """

    gate: ClassVar[Activation | None] = None
    """Of a gated pair (see `Gated`), the activation of its gate."""

    def __init_subclass__(cls, *, abstract: bool = False) -> None:
        super().__init_subclass__()
        if not abstract:
            _refuse_incomplete(cls)

    def __post_init__(self) -> None:
        for entry in dataclasses.fields(self):
            object.__setattr__(self, entry.name, _accepted(self.name, entry.name, type(entry.default), getattr(self, entry.name)))
        trouble = self.trouble()
        if trouble:
            raise UsageError(trouble, where=self.spelling)

    def trouble(self) -> str:
        """Why these parameters cannot be used, as a sentence; empty where they can."""
        return ""

    def forward(self, m: Arithmetic, x: Value) -> Value:
        """f(x)."""
        raise NotImplementedError

    def derivative(self, m: Arithmetic, x: Value) -> Value:
        """f'(x); at a kink the subgradient that torch uses."""
        raise NotImplementedError

    def derivative_from_output(self, m: Arithmetic, y: Value) -> Value:
        """f'(x) computed from y = f(x) alone, where that is possible: then nothing but the output need be kept for backward."""
        raise NotImplementedError

    def lost_in_output(self, m: Arithmetic, x: Value) -> Value:
        """The inputs at which single precision holds too little of the output for `derivative_from_output`; most have none."""
        raise NotImplementedError

    @property
    def output_suffices(self) -> bool:
        """Whether `derivative_from_output` exists and holds for these parameters."""
        return type(self).derivative_from_output is not Activation.derivative_from_output

    def __call__(self, x: Any) -> Any:
        """f(x) for a number, a list of numbers or a numpy array; at ±∞ the limit."""
        return evaluate(self.forward, x, what=self.name)

    def slope(self, x: Any) -> Any:
        """f'(x) for a number, a list of numbers or a numpy array; at ±∞ the limit, at a kink torch's subgradient."""
        return evaluate(self.derivative, x, what=f"the slope of {self.name}")

    @property
    def traits(self) -> Traits:
        """What follows from the formula: range, kinks, flat and dead regions, gain and so on. Computed once for each parameter set."""
        return traits(self)

    @property
    def curve(self) -> SampledFormula:
        """The formula with the points at which it bends; of a gated pair, its gate's. Computed once for each parameter set."""
        return sampled(self)

    @property
    def gain(self) -> float:
        """1 / sqrt(E[f(z)²]) for z ~ N(0, 1): the factor on the weights' scale that keeps the second moment from layer to layer."""
        return self.traits.gain

    def mean_square_slope(self, sigma: float = 1.0, mean: float = 0.0) -> float:
        """E[f'(z)²] for z ~ N(mean, sigma²).

        χ = σ_w² · E[f'²] is the factor by which one layer changes the mean square of the gradient, where σ_w² is fan-in times
        the variance of the weights (Schoenholz, Gilmer, Ganguli, Sohl-Dickstein: Deep Information Propagation, ICLR 2017). A gated
        pair gives E[(∂f/∂a)²] + E[(∂f/∂b)²], what both halves send back together.
        """
        return mean_square_slope(self, sigma, mean)

    @property
    def parameters(self) -> dict[str, float | str]:
        """The parameters by name, in the order of their fields."""
        return {entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self)}

    @property
    def formulas(self) -> tuple[str, str]:
        """f(x) and f'(x) for these parameters, as in `formula` and `slope_formula`."""
        return self.formula, self.slope_formula

    @property
    def spelling(self) -> str:
        """How it is written on the command line: ``elu``, ``elu(alpha=0.5)``. Parameters at their defaults are left out."""
        defaults = {entry.name: entry.default for entry in dataclasses.fields(self)}
        given = [f"{name}={value}" for name, value in self.parameters.items() if value != defaults[name]]
        return f"{self.name}({', '.join(given)})" if given else self.name

    def __str__(self) -> str:
        return self.spelling

    @classmethod
    def summary(cls) -> str:
        """The first sentence of its docstring."""
        return inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].replace("\n", " ").replace("``", "`")

    @classmethod
    def latex(cls) -> str:
        """The formulas of its docstring, as LaTeX."""
        text = inspect.cleandoc(cls.__doc__ or "")
        return " ".join(text.partition(".. math::")[2].partition("\n\n")[0].split())

    @property
    def torch_expression(self) -> str:
        """How it is written with torch, as an expression in ``F``, ``torch``, x and the parameters."""
        arguments = ["x", *(f"{name}={name}" for name in self.parameters)]
        return self.torch_code or f"F.{self.torch_function}({', '.join(arguments)})"

    @classmethod
    def torch_functions(cls) -> Mapping[str, tuple[str, ...]]:
        """Torch's functions and methods that compute it, the usual one first, each with the names of its arguments after the input.

        ``torch.clamp(x, min=0)`` is one way to write ReLU, but clamp computes other things as well, so it is no function of ReLU's. A
        gated pair has none.
        """
        fields = [entry.name for entry in dataclasses.fields(cls)]
        usual = f"F.{cls.torch_function}({', '.join(['x', *fields])})"
        calls = [_one_call(expression) for expression in (cls.torch_code or usual, *cls.torch_forms)]
        return {name: arguments[1:] for name, arguments in filter(None, calls) if {"x", *fields, *cls.learned}.issuperset(arguments)}


def _one_call(expression: str) -> tuple[str, tuple[str, ...]] | None:
    """``torch.clamp_min(x, min)`` as clamp_min and its arguments, x and min; None for what is more than one call."""
    call = ast.parse(expression, mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    if any(isinstance(part, ast.Call) for part in ast.walk(call.func)):
        return None
    return call.func.attr, tuple(ast.unparse(value) for value in (*call.args, *(keyword.value for keyword in call.keywords)))


def _refuse_incomplete(cls: type[Activation]) -> None:
    """Refuse a definition that lacks a part, at the moment it is imported."""
    wanted = ("name", "formula", "slope_formula", "references", "cases", "torch_keeps")
    missing = [name for name in wanted if not getattr(cls, name, None)]
    if not (cls.__doc__ or "").strip() or cls.__doc__ == Activation.__doc__ or ".. math::" not in (cls.__doc__ or ""):
        missing.append("a docstring with .. math::")
    if not (cls.torch_function or cls.torch_code):
        missing.append("torch_function or torch_code")
    if missing:
        raise DefinitionError(
            f"the activation {cls.__name__} lacks {', '.join(missing)}",
            where=cls.__module__,
            advice="See reluctant.activations.Activation for what each part is, and softsign for a short example",
        )


def _accepted(activation: str, name: str, kind: type, value: object) -> float | int | str:
    """The value as the kind that its default has, or an error that says what is wanted."""
    if not isinstance(value, bool):
        if kind is float and isinstance(value, numbers.Real) and not math.isnan(value):
            return float(value)
        if kind is not float and isinstance(value, kind) and isinstance(value, (int, str)):
            return value
    wanted = {float: "a number", int: "a whole number"}.get(kind, "a word")
    advice = f"Give {name} as {wanted}, or leave it out"
    if isinstance(value, bool):
        advice += f". In PyTorch {value} counts as {float(value)} here: arguments given by place are easily mistaken for inplace"
    raise UsageError(f"{name} is {value!r}, which is not {wanted}", where=activation, advice=advice)
