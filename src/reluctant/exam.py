"""A check-up around any training code: in a notebook, a test, or a part of a program."""

from __future__ import annotations

import io
import platform
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from . import __version__
from .diagnosis import document_of
from .instrument.guard import failure, is_interruption
from .recording import Document, Finding, Recording, Unobserved
from .report import Notebook, show
from .rules import all_rules, select

if TYPE_CHECKING:
    from .observe import Observer


class Exam:
    """What was seen between entering and leaving ``with reluctant.watch() as exam:``.

    Inside the block `findings` and `report` tell what is known so far; after it they stand. In a notebook the exam
    shows itself as the report.
    """

    def __init__(self, *, budget_share: float, leave_compiled: bool, chosen: Iterable[str], ignored: Iterable[str]) -> None:
        self._rules = select(all_rules(), tuple(chosen), tuple(ignored))
        self._script = getattr(sys.modules.get("__main__"), "__file__", None) or ""
        self._observer: Observer | None = None
        self._failure: Unobserved | None = None
        self._left = False
        try:
            from .observe import Observer

            self._observer = Observer(script=self._script, budget_share=budget_share, leave_compiled=leave_compiled)
        except Exception as error:  # the code that is watched must run whatever happens here; the report says it
            if is_interruption(error):
                raise
            self._failure = failure(error)

    def __enter__(self) -> Exam:
        if self._observer is not None:
            try:
                self._observer.attach()
            except BaseException:  # a signal handler's, such as KeyboardInterrupt: a block that was not entered is never left
                self._observer.detach()
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._observer is not None:
            self._observer.detach()
        self._left = True

    @property
    def recording(self) -> Recording:
        """What was observed so far."""
        return self._last if self._left else self._recorded(finished=False)

    @property
    def document(self) -> Document:
        """The recording with what the rules make of it; `reluctant.recording.save` writes it to a file."""
        recording = self.recording
        try:
            return document_of(recording, self._rules)
        except Exception as error:  # it would come up in the user's code; the report says it
            if is_interruption(error):
                raise
            return Document(replace(recording, not_observed=(*recording.not_observed, failure(error))))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the rules found, roots first."""
        return self.document.findings

    def report(self, stream: TextIO | None = None) -> None:
        """Print the report to `stream`, by default standard output."""
        show(self.document, stream if stream is not None else sys.stdout)

    def __str__(self) -> str:
        text = io.StringIO()
        self.report(text)
        return text.getvalue()

    def _repr_html_(self) -> str:
        return Notebook().render(self.document)

    @cached_property
    def _last(self) -> Recording:
        return self._recorded(finished=True)

    def _recorded(self, finished: bool) -> Recording:
        if self._observer is not None:
            return self._observer.recording(finished=finished)
        lost = (self._failure,) if self._failure is not None else ()
        return Recording(script=self._script, reluctant=__version__, python=platform.python_version(), finished=finished, not_observed=lost)


def watch(*, budget_share: float = 0.03, leave_compiled: bool = False, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> Exam:
    """Watch the training code inside a ``with`` block, without changing it.

    Modules that were built before the block are seen too, but without the line that built them. `budget_share` is the share of the block's
    time that measuring may take; `select` and `ignore` take rules by code, prefix or name.

    Raises `UnknownNameError` for a rule that does not exist.
    """
    return Exam(budget_share=budget_share, leave_compiled=leave_compiled, chosen=select, ignored=ignore)
