"""Numbers of drawings: the round values of an axis, and coordinates."""

from __future__ import annotations

import math

ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def round_values(low: float, high: float, most: int) -> tuple[tuple[float, str], ...]:
    """Up to `most` + 1 round values from `low` to `high`, equally far apart, each with how it is written; none without a length."""
    span = high - low
    if not 0 < span < math.inf:
        return ()
    size = 10.0 ** math.floor(math.log10(span / most))
    step = next(size * factor for factor in ROUND_STEPS if span / (size * factor) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    places = next(places for places in range(16) if math.isclose(round(step, places), step, rel_tol=1e-9))
    return tuple((index * step, _written(index * step, places)) for index in range(first, last + 1))


def coordinate(value: float) -> str:
    """A place in a drawing to a tenth, without zeros that say nothing."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _written(number: float, places: int) -> str:
    """A number of an axis, all of which have as many decimals."""
    return f"{number:,.{places}f}".replace("-", "−") if round(number, places) else "0"
