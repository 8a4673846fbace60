"""Runs a formula on what a user has in hand: a number, a list of numbers, or a numpy array."""

from __future__ import annotations

import math
import numbers
import sys
from collections.abc import Callable
from typing import Any

from reluctant.errors import UsageError

from ._arithmetic import Arithmetic, Value, arrays, floats

NEARLY_INFINITE = 1e50
"""So far out that every activation has reached its limit to the last digit, and its sixth power is still finite."""

Formula = Callable[..., Value]
"""``formula(m, x)`` or ``formula(m, a, b)``."""


def limit(formula: Callable[[Arithmetic, float], float], side: float) -> float:
    """The limit of a formula as x goes to +∞ (`side` 1) or -∞ (`side` -1): a number, ±∞ where it grows for ever, or NaN.

    At ±∞ itself many formulas are 0·∞, so the value far out is compared with the value still farther out.
    """
    near = formula(floats, side * NEARLY_INFINITE**0.6)
    far = formula(floats, side * NEARLY_INFINITE)
    if math.isnan(far) or abs(far - near) <= 1e-9 * (1.0 + abs(near)):
        return far
    return math.copysign(math.inf, far - near)


def evaluate(formula: Formula, *inputs: Any, what: str) -> Any:
    """The value of a formula: a float for numbers, a list for lists, a numpy array for numpy arrays.

    At ±∞ the limit is given. Raises `UsageError` on anything that is none of these, naming `what` was called.
    """
    numpy = sys.modules.get("numpy")
    if numpy is not None and any(isinstance(x, numpy.ndarray) for x in inputs):
        return _of_arrays(formula, inputs, numpy)
    if any(isinstance(x, (list, tuple)) for x in inputs):
        if not all(isinstance(x, (list, tuple)) and len(x) == len(inputs[0]) for x in inputs):
            raise UsageError(f"{what} was given lists that do not match", advice="Give both inputs as lists of one length")
        return [evaluate(formula, *row, what=what) for row in zip(*inputs, strict=True)]
    return _of_numbers(formula, [_number(x, what) for x in inputs])


def _number(x: Any, what: str) -> float:
    if isinstance(x, numbers.Real):
        return float(x)
    raise UsageError(
        f"{what} takes a number, a list of numbers or a numpy array, not {type(x).__name__}",
        advice="For tensors use torch.nn, whose names and defaults the catalogue shares",
    )


def _of_numbers(formula: Formula, inputs: list[float]) -> Any:
    if len(inputs) == 1 and math.isinf(inputs[0]):
        return limit(formula, math.copysign(1.0, inputs[0]))
    return formula(floats, *inputs)


def _of_arrays(formula: Formula, inputs: tuple[Any, ...], numpy: Any) -> Any:
    values = [x if x.dtype.kind == "f" else x.astype(float) for x in map(numpy.asarray, inputs)]
    with numpy.errstate(all="ignore"):  # a branch that is not taken may overflow
        result = formula(arrays(), *values)
    return result if len(values) > 1 else _with_limits(formula, result, values[0], numpy)


def _with_limits(formula: Formula, result: Any, x: Any, numpy: Any) -> Any:
    """The result in the shape and dtype of x (a constant slope is a bare number), with the limits where x is infinite."""
    filled = numpy.array(numpy.broadcast_to(result, x.shape), dtype=x.dtype)
    for side in (1.0, -1.0):
        infinite = x == side * math.inf
        if infinite.any():
            filled[infinite] = limit(formula, side)
    return filled
