"""A treatment as it is asked for on the command line: ``NAME[:ARGUMENTS][@LINE]``."""

from __future__ import annotations

from dataclasses import dataclass

from reluctant.errors import UsageError


@dataclass(frozen=True, slots=True)
class Request:
    """A treatment by name, with its arguments and the line where it is wanted."""

    name: str
    arguments: str = ""
    file: str = ""
    """End of the path of the file that `line` is in; empty is the script itself."""
    line: int = 0
    """0 is everywhere."""

    def __str__(self) -> str:
        return f"{self.name}{':' if self.arguments else ''}{self.arguments}{''.join(f'@{place}' for place in self.places)}"

    @property
    def places(self) -> tuple[str, ...]:
        """Where it is wanted, as it was written: ``31``, ``model.py:31``; none is everywhere."""
        return (f"{self.file}:{self.line}" if self.file else str(self.line),) if self.line else ()

    @classmethod
    def parsed(cls, text: str) -> Request:
        """What `text` asks for. Raises `UsageError` where what follows ``@`` names no line."""
        wanted, _, place = text.partition("@")
        name, _, arguments = wanted.partition(":")
        file, _, line = place.rpartition(":")
        if "@" in text and not (line.isdigit() and int(line) > 0):
            raise UsageError(f"{place!r} is no line", where=text, advice="Write @LINE or @FILE:LINE after the treatment, as in @31")
        return cls(name.strip(), arguments.strip(), file, int(line or 0))
