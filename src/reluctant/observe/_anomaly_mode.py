"""Shares autograd's anomaly mode with the user, who must not notice."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol

import torch
import torch.fx.traceback as node_traceback


class Borrower(Protocol):
    """Somebody for whom nodes keep what `answer` gives them."""

    def answer(self, lines: list[str]) -> list[str]:
        """What a node made now keeps: `lines`, which are printed where the user is in anomaly mode, and more. Must not raise."""
        ...


class AnomalyMode:
    """Anomaly mode, on (without its NaN check) while somebody has borrowed it, and whenever the user wants it.

    While it is lent, torch's functions that set the mode, or ask for it, know of the user's wish alone.
    """

    def __init__(self) -> None:
        self._borrowers: list[Borrower] = []
        self._stand_ins: list[tuple[Any, str, Callable[..., Any], Callable[..., Any]]] = []
        self._users, self._users_nan_check = False, True
        self._paused = False

    def is_lent_to(self, borrower: Borrower) -> bool:
        """Whether `borrower` has it."""
        return borrower in self._borrowers

    def borrow(self, borrower: Borrower) -> None:
        """Let nodes keep what `borrower` answers."""
        if not self._borrowers:
            self._users, self._users_nan_check = torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()
            self._stand_in()
        if borrower not in self._borrowers:
            self._borrowers.append(borrower)
        self.pause(False)

    def pause(self, paused: bool) -> None:
        """Leave the mode for a while, or go on."""
        self._paused = paused
        self._apply()

    def give_back(self, borrower: Borrower) -> None:
        """Leave it as the user wants it, if nobody else has borrowed it."""
        if borrower in self._borrowers:
            self._borrowers.remove(borrower)
            if not self._borrowers:
                self._restore()
                self._apply()

    def _apply(self) -> None:
        if self._users or not self._borrowers or self._paused:
            torch._C.set_anomaly_enabled(self._users, self._users_nan_check)
        else:
            torch._C.set_anomaly_enabled(True, False)

    def _stand_in(self) -> None:
        """Answer in the place of torch's functions."""

        def is_anomaly_enabled() -> bool:
            return self._users

        def is_anomaly_check_nan_enabled() -> bool:
            return self._users_nan_check

        def set_anomaly_enabled(enabled: bool, check_nan: bool = True) -> None:
            self._users, self._users_nan_check = enabled, check_nan
            self._apply()

        def format_stack() -> list[str]:
            lines = [line for line in original_format() if __file__ not in line] if self._users else []
            for borrower in self._borrowers:
                lines = borrower.answer(lines)
            return lines

        original_format = node_traceback.format_stack
        for owner, function in (
            (torch, is_anomaly_enabled),
            (torch, is_anomaly_check_nan_enabled),
            (torch, set_anomaly_enabled),
            (node_traceback, format_stack),
        ):
            original = getattr(owner, function.__name__)
            functools.update_wrapper(function, original)
            self._stand_ins.append((owner, function.__name__, function, original))
            setattr(owner, function.__name__, function)

    def _restore(self) -> None:
        """Put torch's functions back, unless somebody else has replaced them meanwhile."""
        for owner, name, function, original in self._stand_ins:
            if getattr(owner, name) is function:
                setattr(owner, name, original)
        self._stand_ins.clear()
