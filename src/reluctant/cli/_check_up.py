"""One check-up of a program: wait for torch, observe, and report after everything else."""

from __future__ import annotations

import atexit
import os
import platform
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from reluctant import __version__
from reluctant.configuration import Configuration
from reluctant.diagnosis import document_of
from reluctant.errors import ReluctantError
from reluctant.instrument.guard import failure, is_interruption
from reluctant.instrument.import_hook import when_imported
from reluctant.instrument.patches import LEDGER, REPORT_PATH
from reluctant.observe.script import NoProgramError, Program, exit_code
from reluctant.recording import Document, Recording, Unobserved, dumps, save, write
from reluctant.rules import Rule
from reluctant.trials import OneTrial, trial_in_words

from ._status_line import StatusLine

RECORDED = ".json"
"""The form that can be judged and shown again, and that is written while the run goes on."""


class CheckUp:
    """Runs a program under observation and reports on it when python is about to end.

    Python waits for a script's threads and calls its `atexit` handlers after the script itself has ended, last
    registered first. So the report is made in a handler registered before the script starts: it comes after all that
    the script prints, in whatever way it ends. A forked child inherits the handler and must not report.
    """

    def __init__(self, program: Program, configuration: Configuration, rules: Sequence[Rule], trial: OneTrial | None = None) -> None:
        self._program = program
        self._configuration = configuration
        self._rules = rules
        self._trial = trial
        self._owner = os.getpid()
        self._import_path = list(sys.path)
        self._target = os.path.abspath(configuration.output)  # the script may change the folder
        self._observer: Any = None
        self._status_line = StatusLine.over_terminal() if configuration.live else None
        self._exit_code: int | None = None
        self._failures: list[BaseException] = []
        self._cancelled = False

    def __call__(self) -> None:
        """Run the program; ends as it ends."""
        atexit.register(self._finish)
        if self._trial is not None:
            self._trial.begin()
        when_imported("torch", self._torch_imported)
        try:
            self._program.run()
        except NoProgramError:
            self._cancelled = True
            raise
        except BaseException as error:
            self._exit_code = exit_code(error)
            raise
        self._exit_code = 0

    def _torch_imported(self) -> None:
        """Start the trial, where the run is one, around the observing."""
        if self._trial is None:
            self._observe()
            return
        self._trial.before_observing()
        self._observe(waiting=self._trial.is_learning)
        self._trial.after_observing(self._begin)

    def _begin(self) -> None:
        """Watch the training that the observer was told to wait for."""
        if self._observer is not None:
            self._observer.begin()

    def _observe(self, waiting: bool = False) -> None:
        """Start observing; torch has just been imported by the script."""
        try:
            from reluctant.observe import Observer

            configuration = self._configuration
            self._observer = Observer(
                script=self._program.name,
                arguments=self._program.arguments,
                budget_share=configuration.budget,
                leave_compiled=configuration.leave_compiled,
                output=Path(self._target) if Path(configuration.output).suffix.lower() == RECORDED else None,
            )
            self._observer.attach(waiting=waiting)
            if self._status_line is not None:
                self._status_line.follow(self._observer.status)
        except Exception as error:  # told at the end: the import of torch must succeed whatever happens here
            if is_interruption(error):
                self._let_go()
                raise
            self._failures.append(error)
            self._let_go()

    def _let_go(self) -> None:
        """Stop observing for good, after a failure."""
        observer, self._observer = self._observer, None
        try:
            if observer is not None:
                observer.detach()
        except Exception as error:  # noqa: BLE001 (as above)
            self._failures.append(error)

    def _finish(self) -> None:
        """Take the observer off, write the document and print the report."""
        if os.getpid() != self._owner or self._cancelled:
            return
        # The script may have changed the path or the folder since; the report's own imports must not depend on that.
        path = LEDGER.replace(REPORT_PATH, lambda _: list(self._import_path))
        try:
            if self._status_line is not None:
                self._status_line.stop()
            if self._configuration.output or self._configuration.open or not self._configuration.quiet:
                self._tell(self._document())
        except KeyboardInterrupt:
            _say("interrupted before the report was complete")
        except Exception as error:  # noqa: BLE001 (the script has ended well or badly, and its exit code must stand)
            self._failures.append(error)
        finally:
            path.undo()
            self._tell_failures()

    def _document(self) -> Document:
        recording = self._recording()
        if self._trial is not None:
            recording = replace(recording, trial=self._trial.plain(recording))
        return document_of(recording, self._rules)

    def _recording(self) -> Recording:
        if self._observer is not None:
            self._observer.detach()
            recording: Recording = self._observer.recording(exit_code=self._exit_code, finished=True)
            return recording
        if self._failures:
            lost = failure(self._failures[0])
        else:
            lost = Unobserved("the whole run", "the script never imported torch", advice="Give the script that trains the network.")
        return Recording(
            script=self._program.name,
            arguments=self._program.arguments,
            reluctant=__version__,
            python=platform.python_version(),
            exit_code=self._exit_code,
            finished=True,
            not_observed=(lost,),
        )

    def _tell(self, document: Document) -> None:
        _flush_script_output()
        if self._configuration.output:
            self._write(document)
        if not self._configuration.quiet:
            if document.recording.trial is not None:
                _say(trial_in_words(document.recording.trial))
            self._print(document)
        if self._configuration.open:
            self._open(document)

    def _open(self, document: Document) -> None:
        from ._browser import open_document

        suffix = Path(self._configuration.output).suffix.lower()
        source, page = (self._target if suffix == wanted else "" for wanted in (RECORDED, ".html"))
        _say(open_document(document, source, page))

    def _write(self, document: Document) -> None:
        output = self._configuration.output
        if output == "-":
            if sys.__stdout__ is not None:
                sys.__stdout__.write(dumps(document))
                sys.__stdout__.flush()
        elif Path(output).suffix.lower() == RECORDED:
            save(document, self._target, force=True)  # that it may be replaced was settled before the run
        else:
            from reluctant.report import renderer_for

            write(self._target, renderer_for(output)().render(document).encode(), force=True)

    def _print(self, document: Document) -> None:
        if (stream := _standard_error()) is not None:
            from reluctant.report import show

            output = self._configuration.output
            show(document, stream, source=output if Path(output).suffix.lower() == RECORDED else "")

    def _tell_failures(self) -> None:
        for error in self._failures:
            _say(f"{_described(error)}\nThe script ran on without Reluctant and was not affected.")


def _flush_script_output() -> None:
    """Let what the script printed come before the report; python itself flushes, and complains, a moment later."""
    for stream in (sys.stdout, sys.__stdout__):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()


def _standard_error() -> TextIO | None:
    """The stream that python opened, wherever the script has pointed `sys.stderr` since; None where it is closed."""
    stream = sys.__stderr__
    return stream if stream is not None and not stream.closed else None


def _say(message: str) -> None:
    if (stream := _standard_error()) is not None:
        with suppress(OSError):  # nobody reads it any more
            print(f"reluctant: {message}", file=stream, flush=True)


def _described(error: BaseException) -> str:
    if isinstance(error, ReluctantError):
        return str(error)
    if isinstance(error, BrokenPipeError):
        return "what should read the report or the recording has ended before it was written."
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    return f"the check-up failed at {where} with {type(error).__name__}: {error}. This is a bug of Reluctant; please report it."
