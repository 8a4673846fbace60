"""Borrows autograd's anomaly mode from the user, who must not notice."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol

import torch
import torch.fx.traceback as node_traceback


class Borrower(Protocol):
    """Somebody for whom nodes keep what `answer` gives them."""

    def answer(self) -> list[str]:
        """What a node made now keeps; must not raise."""
        ...


class AnomalyMode:
    """Anomaly mode, on (without its NaN check) while somebody has borrowed it, until the user asks for it.

    Torch's functions that ask for the mode answer meanwhile as if it were off, and whoever sets it gets what was asked
    for: then everything that was borrowed is given back at once.
    """

    def __init__(self) -> None:
        self._borrowers: list[Borrower] = []
        self._stand_ins: list[tuple[Any, str, Callable[..., Any], Callable[..., Any]]] = []
        self._nan_check = True

    def is_lent_to(self, borrower: Borrower) -> bool:
        """Whether `borrower` has it."""
        return borrower in self._borrowers

    def borrow(self, borrower: Borrower) -> None:
        """Switch it on for `borrower`, unless the user has switched it on."""
        if not self._borrowers:
            if torch.is_anomaly_enabled():
                return
            self._nan_check = torch.is_anomaly_check_nan_enabled()
            self._stand_in()
        if borrower not in self._borrowers:
            self._borrowers.append(borrower)
        self.switch(True)

    def switch(self, on: bool) -> None:
        """Turn it off for a while, or on again, while it is borrowed."""
        torch._C.set_anomaly_enabled(on, self._nan_check and not on)

    def give_back(self, borrower: Borrower) -> None:
        """Leave it as it was found, if nobody else has borrowed it."""
        if borrower in self._borrowers:
            self._borrowers.remove(borrower)
            if not self._borrowers:
                self._restore()
                torch._C.set_anomaly_enabled(False, self._nan_check)

    def _stand_in(self) -> None:
        """Answer in the place of torch's functions."""

        def is_anomaly_enabled() -> bool:
            return False

        def is_anomaly_check_nan_enabled() -> bool:
            return self._nan_check

        def set_anomaly_enabled(*args: Any, **kwargs: Any) -> None:
            self._borrowers.clear()
            self._restore()
            torch._C.set_anomaly_enabled(*args, **kwargs)

        def format_stack() -> list[str]:
            answers = [borrower.answer() for borrower in self._borrowers]
            return answers[0] if answers else []

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
