"""The errors Reluctant raises: what happened, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable


class ReluctantError(Exception):
    """An error with a message for a person; the root of every error Reluctant raises on purpose.

    Its text is ``where: what. advice``, with the parts that were given. A command that ends with one prints that
    text without a traceback and exits with `exit_code`.
    """

    exit_code: int = 2
    """What a command that ends with this error returns to the shell."""

    def __init__(self, what: str, *, where: str = "", advice: str = "") -> None:
        self.what = what
        """What happened, as one sentence."""
        self.where = where
        """Where: ``train.py:41``, a path, an option; empty where there is no place."""
        self.advice = advice
        """What to do about it."""
        super().__init__(what, where, advice)

    def __str__(self) -> str:
        start = f"{self.where}: " if self.where else ""
        return start + " ".join(_sentence(part) for part in (self.what, self.advice) if part)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[ReluctantError], arguments: tuple[object, ...], state: dict[str, object]) -> ReluctantError:
    """An error of `kind` as it was before it was pickled; subclasses take other arguments than the root."""
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(state)
    return error


def _sentence(text: str) -> str:
    """The text with a full stop, unless it ends with one, with another mark, or with something to copy and type."""
    return text if text.endswith((".", "!", "?", ":", "`", "…")) else f"{text}."


class UsageError(ReluctantError):
    """Input that cannot be used: a missing file, a wrong option, an output that exists."""


class RecordingError(ReluctantError):
    """A recording that cannot be read: foreign, truncated, or of another format."""


class DefinitionError(ReluctantError):
    """A definition (activation, rule, command …) that cannot be accepted: incomplete, or its name is taken."""


class UnknownNameError(UsageError):
    """A name that does not exist, answered with the names that do."""

    def __init__(self, kind: str, name: str, names: Iterable[str], *, where: str = "") -> None:
        self.kind = kind
        """What was looked for, in the singular: ``activation``, ``rule``."""
        self.name = name
        self.names = tuple(names)
        """The names that exist, in the order they were given."""
        self.close = close_matches(name, self.names)
        """Those that look like the name, best first."""
        super().__init__(f"no {kind} is called {name!r}", where=where, advice=self._answer())

    def _answer(self) -> str:
        guess = f"Did you mean {' or '.join(self.close)}? " if self.close else ""
        return f"{guess}Known: {', '.join(self.names)}." if self.names else f"{guess}There are none."


def close_matches(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """Up to three of the names that look like `name`, best first; case does not count."""
    import difflib  # on use: a name that is wrong is rare, and start-up is not

    by_folded = {candidate.casefold(): candidate for candidate in names}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=3, cutoff=0.6)
    return tuple(by_folded[match] for match in found)


class MissingExtraError(ReluctantError):
    """A library that an optional part needs and that is not installed."""

    def __init__(self, library: str, *, extra: str, purpose: str = "", reason: str = "is not installed") -> None:
        self.library = library
        self.extra = extra
        needed = f"{purpose} needs {library}, which {reason}" if purpose else f"{library} {reason}"
        super().__init__(needed, advice=f"Install it with `pip install 'reluctant[{extra}]'`")
