"""What is particular to a run that was a trial: its conditions, and what its treatments were applied to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ._location import Location
from ._loss_curve import LossPoint

Goal = Literal["min", "max"]


@dataclass(frozen=True, slots=True)
class Applied:
    """One place that a treatment was applied to."""

    place: Location | None
    what: str
    """What was done there: ``relu became leaky_relu``."""
    layer: str = ""
    """Path of the layer or module concerned, where it has one."""
    first_step: int = 0
    """Step from which it was applied."""
    calls: int = 1
    """How often it was applied; 1 for what is done once."""


@dataclass(frozen=True, slots=True)
class NotApplied:
    """One place that a treatment was meant for and not applied to, and why."""

    place: Location | None
    why: str
    asked: bool = True
    """Whether it should have been applied there. False where it was left on purpose, as a gate is when the activations are exchanged."""


@dataclass(frozen=True, slots=True)
class TreatmentReport:
    """What became of one treatment."""

    name: str
    arguments: str = ""
    places: tuple[str, ...] = ()
    """Where it was asked for; empty means wherever it makes sense."""
    applied: tuple[Applied, ...] = ()
    not_applied: tuple[NotApplied, ...] = ()


@dataclass(frozen=True, slots=True)
class SeedCall:
    """One call that seeds a random generator, and with what."""

    function: str
    """``torch.manual_seed``, ``numpy.random.default_rng`` …"""
    place: Location | None
    given: str
    used: str
    calls: int = 1


@dataclass(frozen=True, slots=True)
class Curve:
    """Values over the run, by which trials can be compared; at most 512 points."""

    source: Literal["backward", "validation", "metric", "errors"]
    """The value that backward was called on; the same loss function called without gradient; a number that the script printed; or the
    share of classes guessed wrongly among what was trained on.
    """
    what: str = ""
    """The loss function's name, or the pattern that the number was found by; empty for what backward was called on."""
    root: Location | None = None
    """The line of the user's code that called it."""
    points: tuple[LossPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """The conditions of one run."""

    seed: int = 0
    """The trial's number. 0 is the script as it stands."""
    steps: int | None = None
    """Steps after which it was to be stopped."""
    seconds: float | None = None
    """Seconds after which it was to be stopped."""
    stopped: Literal["", "steps", "seconds"] = ""
    """Which limit ended it; empty where the script ended by itself."""
    working_folder: str = ""
    """The folder that the script ran in, where it was given one of its own."""
    goal: Goal = "min"
    """Whether less or more is better."""
    counts: bool = True
    """Whether it may be compared: every treatment was applied at every place that was asked for."""
    why_not: str = ""
    """Why it does not count."""
    treatments: tuple[TreatmentReport, ...] = ()
    seeds: tuple[SeedCall, ...] = ()
    """Seed calls that were given another seed; none in trial 0."""
    curves: tuple[Curve, ...] = ()
    """What to compare by comes first: the metric where one was named, else the value that backward was called on most often."""
