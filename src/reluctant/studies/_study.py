"""A study as data: what is to be tried, and what came out so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from reluctant.recording import Finding, Goal

from ._losses import Losses

UNTREATED = "as it stands"
"""Name of the arm that every other is compared with."""

Measured = Literal["loss", "validation loss", "metric"]
"""loss: what backward was called on. validation loss: the same loss function, called without gradient. metric: what the script prints."""

Ending = Literal["ended", "failed", "timed out", "killed"]
"""ended: the script ended well, or made its steps or seconds. failed: it raised or returned an error. timed out: its time limit stopped
it. killed: something else did, such as the system for want of memory."""


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of a trial, as far as it tells one from another."""

    code: str
    severity: str = ""
    file: str = ""
    line: int = 0
    layer: str = ""
    about: str = ""

    @classmethod
    def of(cls, finding: Finding) -> Found:
        """What is kept of a finding."""
        return cls(finding.code, finding.severity, finding.file, finding.line, finding.layer, finding.about)


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to run the script, under a name."""

    name: str
    treatments: tuple[str, ...] = ()
    """As ``--treat`` takes them; none for the script as it stands."""
    against: Found | None = None
    """The finding that it is tried against: where arms are stopped early, the better half of those against one finding goes on."""
    drawn: bool = False
    """Whether it was drawn at random, to compare the others with: those are stopped and corrected for among themselves."""

    @property
    def is_everywhere(self) -> bool:
        """Whether it is tried on the whole network, and not at some lines."""
        return not any("@" in treatment for treatment in self.treatments)

    @property
    def group(self) -> str:
        """The finding in a few words, or that it was drawn; empty where it is tried against nothing."""
        if self.drawn:
            return "drawn at random"
        found = self.against
        return f"{found.code} {found.file}:{found.line}" if found is not None else ""


@dataclass(frozen=True, slots=True, order=True)
class PlannedTrial:
    """One arm under one seed."""

    arm: str
    seed: int
    """The trial's number; 0 is the script with its own seeds."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study tries."""

    script: str
    arguments: tuple[str, ...] = ()
    is_module: bool = False
    arms: tuple[Arm, ...] = ()
    """Those compared with the untreated script, which is not among them, in the order in which they are to be preferred."""
    seeds: int = 5
    steps: int | None = None
    """Steps of each trial; None lets the script run to its end."""
    time_limit: float | None = None
    """Seconds after which a trial is stopped and counts as timed out."""
    by: Measured = "loss"
    """What trials are compared by."""
    metric: str = ""
    """The pattern that finds the metric in what the script prints, where trials are compared by it."""
    goal: Goal = "min"
    """Whether less of it is better, or more."""
    halving: bool = False
    """Stop the less promising arms after few seeds."""
    seconds: float | None = None
    """Seconds of each trial from its first step on; None lets it make its steps. Unlike steps they do not repeat exactly."""
    working_folder: str = ""
    """Where each trial gets a folder of its own to run in; empty where all run in the current one."""

    @property
    def all_arms(self) -> tuple[Arm, ...]:
        """The untreated script, then the others."""
        return Arm(UNTREATED), *self.arms


@dataclass(frozen=True, slots=True)
class Result:
    """What one trial gave."""

    trial: PlannedTrial
    ending: Ending = "ended"
    why_not: str = ""
    """Why it is not counted, in a few words; empty where it is."""
    losses: Losses = field(default_factory=Losses)
    """What it is compared by; negated where more is better."""
    steps: int = 0
    seconds: float = 0.0
    """Of the script, without starting Python and importing torch where the script was watched; else of the process."""
    findings: tuple[Found, ...] = ()
    not_judged: tuple[str, ...] = ()
    """Codes of rules that could not be judged: what they look for may still be there."""
    last_words: str = ""
    """End of what it wrote to standard error, where it did not end well."""
    errors: Losses = field(default_factory=Losses)
    """Share of classes guessed wrongly in training; empty where its loss function knows no classes."""
    kept_bytes: int | None = None
    """Bytes that autograd keeps for one backward pass, as the recording counts them; None where it could not."""

    @property
    def counts(self) -> bool:
        """Whether it may be compared."""
        return not self.why_not

    @property
    def step_ms(self) -> float | None:
        """Milliseconds a step, measuring included; None where no step was made."""
        return 1000 * self.seconds / self.steps if self.steps else None


@dataclass(frozen=True, slots=True)
class Study:
    """A plan with the results so far, in the order in which they came."""

    plan: Plan
    results: tuple[Result, ...] = ()

    def with_result(self, result: Result) -> Study:
        """The study with one more result; a trial that was run before is replaced."""
        kept = tuple(earlier for earlier in self.results if earlier.trial != result.trial)
        return replace(self, results=(*kept, result))

    def of(self, arm: str) -> Mapping[int, Result]:
        """The results of one arm by seed."""
        return {result.trial.seed: result for result in self.results if result.trial.arm == arm}

    @property
    def nothing_to_compare(self) -> str:
        """Why the script as it stands gave nothing that arms could be compared with, without a full stop."""
        first = next(iter(self.of(UNTREATED).values()), None)
        if first is None:
            return "the time was over before the script had run once as it stands"
        return f"as it stands the script gives nothing to compare: {first.why_not}"


def has(result: Result, finding: Finding | Found, everywhere: bool) -> bool:
    """Whether the trial has the finding as an error or a warning; `everywhere` counts it at any line.

    What is done to the whole network must help all of it: under another seed it may be another layer that dies. Where only advice is left,
    such as units that lie idle in a network that has learned its task, the fault is gone.
    """
    grave = (found for found in result.findings if found.severity != "advice")
    alike = (found for found in grave if (found.code, found.about) == (finding.code, finding.about))
    return any(everywhere or (found.file, found.line) == (finding.file, finding.line) for found in alike)


def is_free(result: Result, finding: Finding | Found, everywhere: bool) -> bool:
    """Whether the finding was looked for to the end of the trial and not found."""
    return result.ending == "ended" and finding.code not in result.not_judged and not has(result, finding, everywhere)
