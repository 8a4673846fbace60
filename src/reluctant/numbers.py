"""Numbers as a person reads them: the one place that writes counts, shares, sizes, times and intervals as text."""

from __future__ import annotations

import math

NOTHING = "–"
"""What stands where nothing was measured."""


def count(number: int) -> str:
    """A whole number with its thousands apart: ``12,800``."""
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """A number of things: ``1 step``, ``1,200 steps``, ``2 passes``."""
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


def share(part: float) -> str:
    """A share as a whole percentage, with a digit more near none and near all, to tell rare from never: ``83 %``, ``0.02 %``."""
    hundredths = 100 * part
    if hundredths in (0, 100) or 1 <= hundredths <= 99:
        return f"{hundredths:.0f} %"
    return f"{hundredths:.1f} %" if hundredths > 99 else f"{hundredths:.1g} %"


def fine_percent(share: float) -> str:
    """A share as a percentage with two digits that count: ``1.1 %``, ``0.046 %``."""
    return f"{_digits(share * 100, 2)} %"


def percentage(part: float) -> str:
    """A share as a percentage with three digits that count: ``41.2 %``. Only exactly all is ``100 %``, and only exactly none ``0 %``."""
    text = short(100 * part)
    return f"{'>99.9' if text == '100' and part < 1 else text} %"


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


def size(number: float) -> str:
    """A number to two digits that count: ``0.023``, ``1,500``, ``2.5e-10``."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    rounded = float(f"{number:.2g}")
    return _digits(rounded, 2) if 1e-3 <= abs(rounded) < 1e6 else f"{rounded:.1e}"


def short(number: float) -> str:
    """A number to three digits that count, zeros among them, or two and a power of ten: ``0.412``, ``10.0``, ``−3.2e−7``."""
    rounded = float(f"{number:.3g}")
    if rounded == 0 or not math.isfinite(rounded) or not 1e-3 <= abs(rounded) < 1e4:
        return value(float(f"{number:.2g}")).replace("-", "−") if number else "0"
    places = _places(rounded, 3)
    return f"{number if places == 0 else rounded:,.{places}f}".replace("-", "−")


def value(number: float) -> str:
    """A number of any kind with four digits that count; whole ones in full: ``48,640``, ``2.303``, ``1.0e-7``."""
    if isinstance(number, int) or (number.is_integer() and abs(number) < 1e15):
        return count(int(number))
    return _digits(number, 4)


def constant(number: float) -> str:
    """A number of mathematics with four digits that count, and ∞: ``-0.17``, ``1.414``, ``-∞``."""
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    text = f"{number:.4g}"
    return text.removeprefix("-") if float(text) == 0 else text


def exact(number: float | str) -> str:
    """A parameter or known value in full: ``0.01``, ``-0.6321205588285577``, ``none``, ``∞``."""
    if isinstance(number, float):
        return constant(number) if math.isinf(number) else repr(number).removesuffix(".0")
    return str(number)


def result(number: float | None) -> str:
    """A loss, a step or a time of trials, to the three digits that a few seeds tell; ``never`` for what was not reached."""
    if number is None or math.isnan(number):
        return NOTHING
    return "never" if math.isinf(number) else value(float(f"{number:.3g}"))


def interval(ends: tuple[float, float] | None) -> str:
    """The two ends of an interval of results: ``-0.41 to -0.29``; empty where there is none."""
    return "" if ends is None else f"{result(ends[0])} to {result(ends[1])}"


def duration(seconds: float) -> str:
    """A time to be read at a glance: ``45 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def memory(size_bytes: int) -> str:
    """Bytes in the unit that a person reads memory in: ``270 MB``, ``1.2 GB``."""
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"


def _digits(number: float, digits: int) -> str:
    """The number with `digits` digits that count, without an exponent where it has a usual size."""
    if not math.isfinite(number):
        return str(number)
    if number and not 1e-4 <= abs(number) < 1e6:
        return magnitude(number)
    if number == 0:
        return "0"
    text = f"{number:,.{_places(number, digits)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _places(number: float, digits: int) -> int:
    """How many digits behind the point belong to the first `digits` that count."""
    return max(0, digits - 1 - math.floor(math.log10(abs(number))))
