"""Numbers as a person reads them."""

from __future__ import annotations

import math

NOTHING = "–"
"""What stands where nothing was measured."""


def count(number: int) -> str:
    """A whole number with its thousands apart: ``1,200``."""
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """A number of things: ``1 step``, ``1,200 steps``."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}es" if noun.endswith("s") else f"{count(number)} {noun}s"


def percent(share: float | None) -> str:
    """A share as a whole percentage. Only exactly none is ``0 %`` and only exactly all is ``100 %``."""
    if share is None or math.isnan(share):
        return NOTHING
    if 0 < share < 0.01:
        return "<1 %"
    if 0.99 < share < 1:
        return ">99 %"
    return f"{share * 100:.0f} %"


def fine_percent(share: float) -> str:
    """A share as a percentage with two digits that count: ``1.1 %``, ``0.046 %``."""
    return f"{_plain(share * 100, 2)} %"


def magnitude(number: float | None) -> str:
    """A number of any size in six characters or so: ``3.2e-2``, ``0``, ``nan``."""
    if number is None:
        return NOTHING
    if number == 0:
        return "0"
    if not math.isfinite(number):
        return str(number)
    mantissa, _, exponent = f"{number:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def value(number: float) -> str:
    """A number of any kind with four digits that count; whole ones in full."""
    if isinstance(number, int) or (number.is_integer() and abs(number) < 1e15):
        return count(int(number))
    return _plain(number, 4)


def _plain(number: float, digits: int) -> str:
    """The number with `digits` digits that count, without an exponent where it has a usual size."""
    if not math.isfinite(number):
        return str(number)
    if number and not 1e-4 <= abs(number) < 1e6:
        return magnitude(number)
    if number == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(number))))
    text = f"{number:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
