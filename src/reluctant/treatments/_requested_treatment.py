"""A treatment as it is asked for on the command line: ``NAME[:ARGUMENTS][@LINE]...``."""

from __future__ import annotations

import os
from dataclasses import dataclass

from reluctant.errors import UsageError
from reluctant.recording import Location


@dataclass(frozen=True, slots=True)
class RequestedLine:
    """A line that a treatment is asked for at."""

    number: int
    file: str = ""
    """End of the path of its file; empty is the script itself."""

    def __str__(self) -> str:
        return f"{self.file}:{self.number}" if self.file else str(self.number)

    def names(self, place: Location, script: str) -> bool:
        """Whether a place is this line; without a file of its own that is one of the `script`."""
        if place.line != self.number:
            return False
        if not self.file:
            return os.path.realpath(place.file) == os.path.realpath(script)
        return place.file.replace(os.sep, "/").endswith(f"/{self.file}") or os.path.realpath(place.file) == os.path.realpath(self.file)


@dataclass(frozen=True, slots=True)
class RequestedTreatment:
    """A treatment by name, with its arguments and the lines where it is wanted."""

    name: str
    arguments: str = ""
    lines: tuple[RequestedLine, ...] = ()
    """None is everywhere."""

    def __str__(self) -> str:
        return f"{self.name}{':' if self.arguments else ''}{self.arguments}{''.join(f'@{line}' for line in self.lines)}"

    @classmethod
    def parsed(cls, text: str) -> RequestedTreatment:
        """What `text` asks for. Raises `UsageError` where what follows an ``@`` names no line."""
        wanted, *places = text.split("@")
        name, _, arguments = wanted.partition(":")
        return cls(name.strip(), arguments.strip(), tuple(_line(place, text) for place in places))


def requested_line(place: Location, script: str) -> RequestedLine:
    """The place as a line that can be asked for; in the script itself the number is enough."""
    same = os.path.abspath(place.file) == os.path.abspath(script)
    return RequestedLine(place.line, "" if same else place.file)


def at_place(place: Location, script: str) -> str:
    """The place as a request ends with it: ``@21`` in the script itself, ``@FILE:21`` elsewhere."""
    return f"@{requested_line(place, script)}"


def _line(place: str, where: str) -> RequestedLine:
    file, _, number = place.rpartition(":")
    if not (number.isdecimal() and int(number) > 0):
        raise UsageError(f"{place!r} is no line", where=where, advice="Write @LINE or @FILE:LINE after the treatment, as in @31")
    return RequestedLine(int(number), file)
