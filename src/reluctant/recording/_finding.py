"""What a rule says about a recording, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ._cause import Cause

Severity = Literal["error", "warning", "advice"]
"""error: it cannot learn. warning: it learns worse than it could. advice: a gain is left."""

TrialVerdict = Literal["not tried", "inconclusive", "worse", "no difference shown", "better", "verified"]


@dataclass(frozen=True, slots=True)
class TrialCurve:
    """The loss over the steps of several trials: its mean over the seeds, and a 95 % interval of that mean."""

    steps: tuple[int, ...] = ()
    """At most 128."""
    mean: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A treatment against the untreated script, paired by seed."""

    seeds: int
    """Pairs of trials."""
    difference: float | None = None
    """Loss at the end, treated less untreated, mean over the pairs: below 0 is better. None where one of them had none."""
    low: float | None = None
    """Lower end of the 95 % interval of `difference`."""
    high: float | None = None
    """Upper end of the 95 % interval of `difference`."""
    goal: Literal["min", "max"] = "min"
    """Where it is ``max``, the metric that the user named was compared in the place of the loss: above 0 is better."""
    finding_gone: int = 0
    """Seeds on which the finding was there without the treatment and gone with it."""
    untreated: TrialCurve | None = None
    treated: TrialCurve | None = None
    note: str = ""
    """What else is to be said in one sentence: why it is inconclusive, which findings are new."""
    by: str = "loss"
    """What was compared: ``loss``, ``validation loss``, ``metric``, or ``share of wrong classes``."""


@dataclass(frozen=True, slots=True)
class ProposedTreatment:
    """Something to try against a finding, as data."""

    name: str
    """``swap-activation``, ``scale-input`` …: a name that `reluctant treatment` lists."""
    arguments: str = ""
    """What follows the colon on the command line: ``leaky_relu(0.01)``, ``he``, ``0.1`` …"""
    verdict: TrialVerdict = "not tried"
    trials: int = 0
    comparison: Comparison | None = None
    """What the trials showed; None where it was not tried."""
    lines: tuple[str, ...] = ()
    """Where it was tried: ``21``, or ``model.py:21`` where that is not the script; none is wherever it makes sense."""

    def __str__(self) -> str:
        return f"{self.name}:{self.arguments}" if self.arguments else self.name


@dataclass(frozen=True, slots=True)
class Root:
    """Code and line of the finding that another one follows from."""

    code: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a rule."""

    code: str
    name: str
    severity: Severity
    message: str
    """One or two sentences: what happened, with the numbers and sample counts. Does not repeat file and line."""
    file: str = ""
    line: int = 0
    layer: str = ""
    """Readable name of the layer concerned (``fc2``)."""
    site: int | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    """Numbers behind the message, by self-explaining names (``dead_share``, ``samples`` …)."""
    cause: Cause | None = None
    because_of: Root | None = None
    treatments: tuple[ProposedTreatment, ...] = ()
    about: str = ""
    """What tells it from another finding of the same rule at the same line (``dropout``); empty where there is but one."""


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A rule that could not be judged on this recording, and why."""

    code: str
    name: str
    why: str
