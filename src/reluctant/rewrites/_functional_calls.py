"""Finds activations that a module's own code calls as functions, where no exchange of modules reaches them."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from reluctant.activations import Activation, AxisWise, Gated, definitions
from reluctant.operators import activation_functions


@dataclass(frozen=True)
class FunctionalCall:
    """One call in the code of a class."""

    written: str
    """``F.gelu``; ``.relu`` for a tensor's method; ``F.silu(…) * …`` for the gate of a pair."""
    definition: type[Activation]
    """What is computed there: of a gate that is multiplied into something else the gated pair."""
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.written} ({Path(self.file).name}:{self.line})"


def functional_calls(kind: type[torch.nn.Module]) -> tuple[FunctionalCall, ...]:
    """The calls of the catalogue's activations in the methods that a user's class defines, in the order of the lines.

    Names are looked up where the method would look them up. A method whose source cannot be read has none.
    """
    own = [cls for cls in kind.__mro__ if cls.__module__.partition(".")[0] not in ("torch", "builtins", "reluctant")]
    found = [call for cls in own for method in vars(cls).values() if inspect.isfunction(method) for call in _calls(method)]
    return tuple(sorted(set(found), key=lambda call: (call.file, call.line, call.written)))


def activation_function(value: object) -> type[Activation] | None:
    """The activation that a function of torch computes; None for everything else.

    `clamp` counts as none: mostly it keeps numbers in range, and where it is called says nothing of which.
    """
    found = activation_functions().get(value) if inspect.isroutine(value) else None
    return found.computes if found is not None and not isinstance(found.computes, AxisWise) and found.computes.torch_function else None


def _calls(method: Callable[..., Any]) -> Iterator[FunctionalCall]:
    method = inspect.unwrap(method)
    try:
        lines, first = inspect.getsourcelines(method)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return
    file = inspect.getsourcefile(method) or ""
    gates = set(_multiplied(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = _named(node.func, method)
            if named is not None:
                written, definition = named
                pair = _pairs().get(definition) if node in gates else None
                named = (f"{written}(…) * …", pair) if pair is not None else named
                yield FunctionalCall(*named, file, first + node.lineno - 1)


def _multiplied(tree: ast.AST) -> Iterator[ast.expr]:
    """Calls of one argument or none whose result is multiplied with another call's or with what a name holds."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            for side, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(side, ast.Call) and len(side.args) < 2 and not side.keywords and isinstance(other, ast.Call | ast.Name):
                    yield side


@functools.cache
def _pairs() -> Mapping[type[Activation], type[Gated]]:
    """Gated pairs by the activation of their gate."""
    return {type(definition.gate): definition for definition in definitions().values() if issubclass(definition, Gated)}


def _named(function: ast.expr, method: Callable[..., Any]) -> tuple[str, type[Activation]] | None:
    """How the function is written, and which activation it is."""
    written = ast.unparse(function)
    definition = activation_function(_value(function, method))
    if definition is not None:
        return written, definition
    if isinstance(function, ast.Attribute) and _value(function.value, method) is None:
        method_of = activation_function(getattr(torch.Tensor, function.attr, None))
        return (f".{function.attr}", method_of) if method_of is not None else None
    return None


def _value(expression: ast.expr, method: Callable[..., Any]) -> object:
    """What a dotted name means in the method's module; None where that is not known before it runs."""
    if isinstance(expression, ast.Name):
        return getattr(method, "__globals__", {}).get(expression.id)
    if isinstance(expression, ast.Attribute):
        holder = _value(expression.value, method)
        return getattr(holder, expression.attr, None) if inspect.ismodule(holder) else None
    return None
