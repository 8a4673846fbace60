"""Computes the coefficients of the polynomials in native/cpp/mathematics.h, and compares them with what stands there.

    python benchmarks/coefficients.py            # prints them all; exit code 1 where the file has others

Each is the polynomial of its degree whose largest weighted error over an interval is smallest, found by Remez's exchange
(E. Remez, Sur la détermination des polynômes d'approximation de degré donnée, 1934) in 50 digits and then rounded to float32. The weight is
the size of the function that the polynomial is part of, so that errors are relative.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mpmath import erfc, exp, expm1, log, log1p, lu_solve, matrix, mp, mpf, polyval, sqrt, tanh

HEADER = Path(__file__).parents[1] / "native" / "cpp" / "mathematics.h"
GRID = 600
"""Steps on which extrema are looked for."""

mp.dps = 50

Function = Callable[[mpf], mpf]


@dataclass(frozen=True)
class Fit:
    """One polynomial: what it stands for, and where."""

    name: str
    function: Function
    weight: Function
    low: mpf
    high: mpf
    terms: int
    rounded_in_turn: bool = False
    """Round the lowest coefficient first and fit the others to what is left, and so on: for where its rounding would show."""


def fits() -> list[Fit]:
    """Every polynomial of the header."""
    half = log(mpf(2)) / 2 * mpf("1.0005")
    return [
        Fit("exp", _exp_rest, lambda r: exp(r) / max(r * r, mpf("1e-4")), -half, half, 5),
        Fit("expm1", _exp_rest, lambda r: _ratio(expm1, r) / max(abs(r), mpf("1e-3")), -half, half, 6),
        Fit("log1p", _log_rest, _log_weight, sqrt(mpf("0.5")) - 1, sqrt(mpf(2)) - 1, 9),
        Fit("softplus", _log_rest, _log_weight, mpf(0), mpf(1), 9, rounded_in_turn=True),
        Fit("tanh", _tanh_rest, lambda s: _ratio(tanh, sqrt(s)) / max(s, mpf("1e-3")), mpf(0), mpf(1), 8, rounded_in_turn=True),
        Fit("normal share", _tail_ratio, _tail_ratio, 1 / (1 + mpf("0.3") * mpf("14.5")), mpf(1), 9),
    ]


def _ratio(function: Function, x: mpf) -> mpf:
    """f(x) / x, which is 1 at 0."""
    return function(x) / x if abs(x) > mpf("1e-12") else mpf(1)


def _exp_rest(r: mpf) -> mpf:
    return (expm1(r) - r) / r**2 if abs(r) > mpf("1e-15") else mpf(1) / 2


def _log_rest(f: mpf) -> mpf:
    return (f - log1p(f)) / f**2 if abs(f) > mpf("1e-15") else mpf(1) / 2


def _log_weight(f: mpf) -> mpf:
    return _ratio(log1p, f) / max(abs(f), mpf("1e-3"))


def _tanh_rest(s: mpf) -> mpf:
    return (_ratio(tanh, sqrt(s)) - 1) / s if s > mpf("1e-10") else -mpf(1) / 3 + 2 * s / 15


def _tail_ratio(s: mpf) -> mpf:
    t = (1 / s - 1) / mpf("0.3")
    return erfc(t / sqrt(mpf(2))) * exp(t * t / 2) / 2


def coefficients(fit: Fit) -> list[float]:
    """The coefficients, lowest power first, as float32."""
    if not fit.rounded_in_turn:
        return [_single(value) for value in remez(fit.function, fit.weight, fit.low, fit.high, fit.terms)]
    fixed: list[float] = []
    for place in range(fit.terms):
        low = fit.low if place == 0 else max(fit.low, mpf("1e-3") * fit.high)

        def rest(x: mpf, known: Sequence[float] = tuple(fixed)) -> mpf:
            return (fit.function(x) - polyval([mpf(value) for value in known][::-1] or [mpf(0)], x)) / x ** len(known)

        def weight(x: mpf, power: int = place) -> mpf:
            return fit.weight(x) / x**power

        fixed.append(_single(remez(rest, weight, low, fit.high, fit.terms - place)[0]))
    return fixed


def remez(function: Function, weight: Function, low: mpf, high: mpf, terms: int) -> list[mpf]:
    """The coefficients of the best polynomial with so many terms."""
    middle, radius = (low + high) / 2, (high - low) / 2
    nodes = [middle + radius * mp.cos(mp.pi * (2 * i + 1) / (2 * (terms + 1))) for i in range(terms + 1)]
    grid = [middle - radius * mp.cos(mp.pi * i / GRID) for i in range(GRID + 1)]
    found: list[mpf] = []
    for _ in range(12):
        system = matrix(terms + 1, terms + 1)
        for row, x in enumerate(nodes):
            for column in range(terms):
                system[row, column] = x**column
            system[row, terms] = (-1) ** row * weight(x)
        solved = lu_solve(system, matrix([function(x) for x in nodes]))
        found = [solved[i] for i in range(terms)]
        errors = [(function(x) - polyval(found[::-1], x)) / weight(x) for x in grid]
        extrema = _alternating(errors)
        if len(extrema) < terms + 1:
            break
        while len(extrema) > terms + 1:
            extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
        nodes = [grid[i] for i in extrema]
    return found


def _alternating(errors: Sequence[mpf]) -> list[int]:
    """Places of the largest error in each stretch of one sign."""
    places, current = [], 0
    for i in range(1, len(errors)):
        if (errors[i] > 0) != (errors[current] > 0):
            places.append(current)
            current = i
        elif abs(errors[i]) > abs(errors[current]):
            current = i
    return [*places, current]


def _single(value: mpf) -> float:
    return float(struct.unpack("f", struct.pack("f", float(value)))[0])


def literal(value: float) -> str:
    """As the header writes it: without the zeros at the end."""
    mantissa, _, exponent = value.hex().partition("p")
    return f"{mantissa.rstrip('0').rstrip('.')}p{exponent}f"


def main() -> int:
    """Print and compare; the exit code."""
    header, wrong = HEADER.read_text(encoding="utf-8"), 0
    for fit in fits():
        values = [literal(value) for value in coefficients(fit)]
        missing = [value for value in values if value not in header]
        wrong += len(missing)
        print(f"{fit.name}: {', '.join(values)}" + (f"  not in {HEADER.name}: {', '.join(missing)}" if missing else ""))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
