"""One thread for torch while something is measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .patches import LEDGER, THREADS


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread within, as many as before afterwards.

    What is measured is small: more threads would wait for each other, and sums would be rounded in another order on another machine.
    """
    import torch

    before = torch.get_num_threads()
    switched = LEDGER.switch(THREADS, lambda: torch.set_num_threads(1), lambda _: torch.set_num_threads(before))
    try:
        yield
    finally:
        switched.undo()
