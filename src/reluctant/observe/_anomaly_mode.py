"""Shares autograd's anomaly mode with the user, who must not notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from reluctant.instrument import torch_private
from reluctant.instrument.patches import (
    ANOMALY_CHECKS_NAN,
    ANOMALY_ENABLED,
    ANOMALY_MODE,
    FORMAT_STACK,
    LEDGER,
    SET_ANOMALY,
    AppliedPatch,
    Patch,
    undo_all,
)

_set_mode = torch_private.SET_ANOMALY.get()


Answer = Callable[[list[str]], list[str]]
"""Gives what a node made now keeps: the lines, which are printed where the user is in anomaly mode, and more. Must not raise."""


class AnomalyMode:
    """Anomaly mode, on (without its NaN check) while somebody has borrowed it, and whenever the user wants it.

    While it is lent, torch's functions that set the mode, or ask for it, know of the user's wish alone.
    """

    def __init__(self) -> None:
        self._borrowers: list[Answer] = []
        self._patches: list[AppliedPatch] = []
        self._users, self._users_nan_check = False, True
        self._paused = False

    def is_lent_to(self, borrower: Answer) -> bool:
        """Whether `borrower` has it."""
        return borrower in self._borrowers

    def borrow(self, borrower: Answer) -> None:
        """Let nodes keep what `borrower` answers."""
        if not self._borrowers:
            self._restore()  # what is left where a signal handler raised in here
            self._users, self._users_nan_check = torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()
            self._stand_in()
        if borrower not in self._borrowers:
            self._borrowers.append(borrower)
        self.pause(False)

    def pause(self, paused: bool) -> None:
        """Leave the mode for a while, or go on."""
        self._paused = paused
        self._apply()

    def give_back(self, borrower: Answer) -> None:
        """Leave it as the user wants it, if nobody else has borrowed it."""
        if borrower in self._borrowers:
            self._borrowers.remove(borrower)
        if not self._borrowers:
            self._restore()

    def _apply(self) -> None:
        if self._users or not self._borrowers or self._paused:
            _set_mode(self._users, self._users_nan_check)
        else:
            _set_mode(True, False)

    def _stand_in(self) -> None:
        """Answer in the place of torch's functions."""

        def is_anomaly_enabled() -> bool:
            return self._users

        def is_anomaly_check_nan_enabled() -> bool:
            return self._users_nan_check

        def set_anomaly_enabled(enabled: bool, check_nan: bool = True) -> None:
            self._users, self._users_nan_check = enabled, check_nan
            self._apply()

        def replace(patch: Patch, answer: Callable[..., Any]) -> None:
            def make(applied: AppliedPatch) -> Callable[..., Any]:
                return lambda *args, **kwargs: (answer if applied.on else applied.retired())(*args, **kwargs)

            self._patches.append(LEDGER.replace(patch, make))

        def make_format(applied: AppliedPatch) -> Callable[[], list[str]]:
            def format_stack() -> list[str]:
                if not applied.on:
                    return applied.retired()()  # type: ignore[no-any-return]
                lines = [line for line in applied.original() if __file__ not in line] if self._users else []
                for borrower in self._borrowers:
                    lines = borrower(lines)
                return lines

            return format_stack

        self._patches.append(LEDGER.switch(ANOMALY_MODE, self._apply, lambda _: self._apply()))
        replace(ANOMALY_ENABLED, is_anomaly_enabled)
        replace(ANOMALY_CHECKS_NAN, is_anomaly_check_nan_enabled)
        replace(SET_ANOMALY, set_anomaly_enabled)
        self._patches.append(LEDGER.replace(FORMAT_STACK, make_format))

    def _restore(self) -> None:
        """Put torch's functions back."""
        undo_all(self._patches)
