"""Shifts the seeds that a script sets by the number of the trial."""

from __future__ import annotations

import functools
import numbers
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

from reluctant.instrument.frames import is_torchs, location_of
from reluctant.instrument.import_hook import when_imported
from reluctant.instrument.patches import GENERATOR, LEDGER, SEEDS, AppliedPatch, assign
from reluctant.recording import SeedCall

TORCH_SEEDS = 2**64
NUMPY_SEEDS = 2**32

CALLS = 256
"""At most this many calls that set a seed are told."""


class ShiftedSeeds:
    """Replaces the functions that set a seed. Shift 0 replaces nothing: trial 0 is the script as it stands.

    What the script does not seed is seeded with the trial's number, so that a treated and an untreated run of one number differ by
    the treatment alone.
    """

    def __init__(self, shift: int) -> None:
        self.shift = shift
        self._met: dict[SeedCall, int] = {}
        self._unseeded = 0
        self._inside = False
        """Whether one of the functions is running: those that it calls get the seed that it was given."""

    def start(self) -> None:
        """Shift what is set through python's random at once, and through numpy when it is imported."""
        if self.shift:
            random.seed(self.shift)
            self._replace(random, "seed", "random.seed", 0)
            when_imported("numpy.random", self._numpy)

    def torch(self) -> None:
        """Shift what is set through torch, which has just been imported; it starts from another seed each time."""
        if not self.shift:
            return
        import torch

        torch.manual_seed(self.shift)
        for owner in (torch, torch.random):
            self._replace(owner, "manual_seed", "torch.manual_seed", TORCH_SEEDS)
        for name in ("manual_seed", "manual_seed_all"):
            self._replace(torch.cuda, name, f"torch.cuda.{name}", TORCH_SEEDS)
        self._replace_generator(torch)

    def plain(self) -> tuple[SeedCall, ...]:
        """The calls that were given another seed, as data."""
        return tuple(replace(call, calls=calls) for call, calls in self._met.items())

    def _numpy(self) -> None:
        numpy_random = sys.modules["numpy.random"]  # it is being imported, and not yet an attribute of numpy
        numpy_random.seed(self.shift)
        self._replace(numpy_random, "seed", "numpy.random.seed", NUMPY_SEEDS)
        self._replace(numpy_random, "default_rng", "numpy.random.default_rng", 0, unseeded=self._next_unseeded)

    def _next_unseeded(self) -> list[int]:
        """A seed for what the script leaves to chance, another one each time."""
        self._unseeded += 1
        return [self.shift, self._unseeded]

    def _replace(self, owner: Any, name: str, told: str, modulus: int, unseeded: Callable[[], Any] | None = None) -> None:
        LEDGER.replace(SEEDS, functools.partial(self._shifted, told, modulus, unseeded), owner, name)

    def _shifted(self, told: str, modulus: int, unseeded: Callable[[], Any] | None, applied: AppliedPatch) -> Callable[..., Any]:
        original = applied.original

        def shifted(*args: Any, **kwargs: Any) -> Any:
            caller = sys._getframe(1)
            if self._inside or is_torchs(caller.f_code.co_filename):  # as for the workers of a DataLoader: it follows from others
                return original(*args, **kwargs)
            if args:
                args = (self._moved(told, args[0], modulus, caller), *args[1:])
            else:
                named = ("seed", "a")
                kwargs = {key: self._moved(told, value, modulus, caller) if key in named else value for key, value in kwargs.items()}
            if unseeded is not None and (args or tuple(kwargs.values()) or (None,))[0] is None:
                args, kwargs = (unseeded(),), {}
            self._inside = True
            try:
                return original(*args, **kwargs)
            finally:
                self._inside = False

        return shifted

    def _replace_generator(self, torch: Any) -> None:
        """A class in the place of torch.Generator, whose methods cannot be replaced."""
        seeds = self
        original: Any = torch.Generator
        metaclass: Any = type(original)

        class Instances(metaclass):  # type: ignore[misc]
            def __instancecheck__(self, instance: object) -> bool:
                return isinstance(instance, original)

        class Generator(original, metaclass=Instances):  # type: ignore[misc]
            __doc__ = original.__doc__
            __module__ = original.__module__

            def manual_seed(self, seed: int) -> Any:
                caller = sys._getframe(1)
                if is_torchs(caller.f_code.co_filename):
                    return super().manual_seed(seed)
                return super().manual_seed(seeds._moved("torch.Generator.manual_seed", seed, TORCH_SEEDS, caller))

        assign(GENERATOR, Generator)

    def _moved(self, function: str, seed: Any, modulus: int, caller: FrameType) -> Any:
        """The seed to use instead, and a note of it."""
        used = shifted_seed(seed, self.shift, modulus)
        if used is not seed:
            call = SeedCall(function, location_of(caller.f_code, caller.f_lineno), repr(seed), repr(used))
            if call in self._met or len(self._met) < CALLS:
                self._met[call] = self._met.get(call, 0) + 1
        return used


def shifted_seed(seed: Any, shift: int, modulus: int) -> Any:
    """A seed that differs from trial to trial; what is no number, text or list (None, a generator) stays as it is."""
    if isinstance(seed, str):
        return f"{seed}+{shift}"
    if isinstance(seed, (list, tuple)):
        return [*seed, shift]
    if not isinstance(seed, numbers.Real):
        return seed
    number: Any = seed
    return (number + shift) % modulus if modulus and number >= 0 else number + shift
