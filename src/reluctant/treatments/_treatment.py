"""What every treatment is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from reluctant.errors import UsageError
from reluctant.recording import CauseKind, Finding, Location, Recording

from ._requested_treatment import RequestedTreatment
from ._running_script import RunningScript
from ._source import Edit, Source


class Treatment:
    """One change to how a network is built or trained, made from outside while the unmodified script runs.

    The subclass's docstring is its manual page; `example` is a short script and `tried` what to ask for on it. The tests run
    both, and the treatment must have been applied. `start` is called once, when the script has imported torch and before it
    goes on. It must not import torch before: pages and errors about arguments come at once.
    """

    since: ClassVar[str] = "0.1"
    arguments: ClassVar[str] = ""
    """What follows the colon, in words: ``FACTOR``; empty where it takes none."""
    needs_line: ClassVar[bool] = False
    """Whether it must be told where."""
    at_the_line: ClassVar[bool] = False
    """Whether it could do without a line, and is tried where a finding is all the same; everywhere if `lines_against` names none."""
    order: ClassVar[int] = 100
    """Its place among those that are tried against one finding: the lower comes first."""
    removes: ClassVar[Mapping[CauseKind, tuple[str, ...]]] = {}
    """The kinds of causes that it takes away, with what to ask of it against each: arguments, those to prefer in front; an empty text
    where it takes none. A treatment that removes no cause may cure, but proves none.
    """
    unexplained: ClassVar[tuple[str, ...]] = ()
    """What to ask of it where no cause is known."""
    eases: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """By the name of a finding, what to ask of it where nothing that removes causes has cured it."""
    example: ClassVar[str]
    tried: ClassVar[str]
    """``lower-learning-rate:0.1``: what is tried on the example."""
    advice: ClassVar[str]
    """What to change, as one would say it to another: ``lower the learning rate``."""
    advice_with_arguments: ClassVar[str] = ""
    """The same where it has arguments, with ``{}`` in their place: ``multiply the learning rate by {}``."""
    nothing_met: ClassVar[str]
    """Why it was not applied where the script never came to a place for it, in one sentence."""

    def __init__(self, request: RequestedTreatment) -> None:
        """Read the arguments. Raises `UsageError` where they cannot be used."""
        self.request = request
        if self.needs_line and not request.lines:
            raise UsageError(f"{request} needs the line of its place", advice=f"Add it, as in {self.tried}")
        if request.arguments and not self.arguments:
            raise UsageError(f"{self.treatment_name()} takes no arguments", where=str(request), advice="Leave out what follows the colon")
        self.read(request.arguments)

    def read(self, arguments: str) -> None:
        """Read what follows the colon."""

    def start(self, script: RunningScript) -> None:
        """Ask `script` for the places where it works."""
        raise NotImplementedError

    def end(self) -> None:
        """Tell the script what only the end of the run shows."""

    @classmethod
    def in_words(cls, arguments: str = "") -> str:
        """What to change in the script, as one would say it to another."""
        return cls.advice_with_arguments.format(arguments) if arguments and cls.advice_with_arguments else cls.advice

    @classmethod
    def arguments_against(cls, finding: Finding, kind: CauseKind, recording: Recording) -> tuple[str, ...]:
        """What to ask of it against a finding whose cause is of this kind; nothing where it does not fit the finding.

        By default what `removes` says, or `unexplained` for the kind ``none``.
        """
        return cls.unexplained if kind == "none" else cls.removes.get(kind, ())

    @classmethod
    def lines_against(cls, finding: Finding, recording: Recording) -> tuple[int, ...]:
        """The lines of the finding's file at which it is tried against that finding."""
        return (finding.line,) if finding.line else ()

    @classmethod
    def anywhere(cls, recording: Recording) -> tuple[str, ...]:
        """What could be asked of it for this script by somebody who does not know what is wrong: the baseline draws from these."""
        return () if cls.needs_line or cls.arguments else (cls.treatment_name(),)

    def places_to_edit(self, finding: Finding, recording: Recording) -> tuple[Location, ...]:
        """The lines that a user would change to have the treatment for good: those at which it is tried."""
        if not (self.needs_line or self.at_the_line):
            return ()
        return tuple(Location(finding.file, line) for line in self.lines_against(finding, recording))

    def edits(self, source: Source, line: int) -> Iterator[Edit]:
        """Each way to make the change by editing an expression at `line`. It is made only where there is exactly one."""
        yield from ()

    @classmethod
    def treatment_name(cls) -> str:
        """The class's name in kebab case: ``ScaleInput`` is ``scale-input``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def usage(cls) -> str:
        """How it is written: ``lower-learning-rate:FACTOR[@LINE]``."""
        return f"{cls.treatment_name()}{':' if cls.arguments else ''}{cls.arguments}{'@LINE' if cls.needs_line else '[@LINE]'}"
