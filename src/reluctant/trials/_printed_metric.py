"""A number that the script prints, over the steps."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from typing import Any

from reluctant.errors import UsageError
from reluctant.instrument.loss_curve import LossCurveRecord
from reluctant.instrument.patches import LEDGER, PRINTED, AppliedPatch
from reluctant.recording import Curve

LONGEST_LINE = 65_536
"""Characters of a line that are looked at."""


def metric_pattern(text: str, where: str = "--metric") -> re.Pattern[str]:
    """The pattern whose one group finds the number. Raises `UsageError` where it is no pattern or has no group."""
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise UsageError(
            f"{text!r} is no regular expression: {error}", where=where, advice=r"Write one as in 'accuracy ([\d.]+)'"
        ) from error
    if pattern.groups != 1:
        what = f"{text!r} has {pattern.groups} groups"
        raise UsageError(what, where=where, advice=r"Put the number, and nothing else, in brackets, as in 'accuracy ([\d.]+)'")
    return pattern


class PrintedMetric:
    """Reads along what is written to ``sys.stdout`` and ``sys.stderr``; what is written stays as it is.

    Output of C code and of other processes does not pass through them and is not seen.
    """

    def __init__(self, pattern: re.Pattern[str], step: Callable[[], int]) -> None:
        self._pattern, self._step = pattern, step
        self._found: list[tuple[int, float]] = []
        self._begun: dict[int, str] = {}

    def start(self) -> None:
        """Read along from now on."""
        for number, stream in enumerate((sys.stdout, sys.stderr)):
            if stream is not None:
                LEDGER.replace(PRINTED, functools.partial(self._read_along, number), stream, "write")

    def curve(self) -> Curve:
        """The numbers that were found."""
        for number in list(self._begun):
            self._line(self._begun.pop(number))
        record = LossCurveRecord(None)
        for step, value in self._found:
            record.add(step, value)
        return Curve("metric", self._pattern.pattern, points=record.plain().points)

    def _read_along(self, number: int, applied: AppliedPatch) -> Callable[[str], Any]:
        def written(text: str) -> Any:
            *lines, rest = re.split(r"[\r\n]", self._begun.pop(number, "") + text) if isinstance(text, str) else ("",)
            for line in lines:
                self._line(line)
            if rest:
                self._begun[number] = rest[-LONGEST_LINE:]
            return applied.original(text)

        return written

    def _line(self, line: str) -> None:
        for found in self._pattern.finditer(line[:LONGEST_LINE]):
            try:
                self._found.append((self._step(), float(found.group(1) or "")))
            except ValueError:
                continue  # the group holds no number here, as in a heading
