"""Why a finding is there: the kinds of causes that there are, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CauseKind = Literal[
    "learning-rate", "input-scale", "initialisation", "bias-initialisation", "depth", "width", "activation-choice",
    "missing-activation", "head-loss-mismatch", "weight-decay", "target-range", "none",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class CauseDescription:
    """What a kind of cause means."""

    meaning: str
    """One sentence."""
    is_inferred: bool = False
    """Whether it is inferred from how values and gradients behave, so that another such cause may be behind it; others stand in the
    graph, in arguments and in targets.
    """
    only_the_author: str = ""
    """Why no treatment can remove it, in one sentence; empty where one does."""


CAUSES: Mapping[CauseKind, CauseDescription] = {
    "learning-rate": CauseDescription("The steps of the optimizer are too large for the network.", is_inferred=True),
    "input-scale": CauseDescription("What enters the network is far from mean 0 and standard deviation 1.", is_inferred=True),
    "initialisation": CauseDescription("The weights begin larger or smaller than the activation asks for.", is_inferred=True),
    "bias-initialisation": CauseDescription("The biases begin so far from 0 that they decide which units are on.", is_inferred=True),
    "depth": CauseDescription("What each layer takes away adds up over the layers.", is_inferred=True),
    "width": CauseDescription("The layer has so few units that all can be off at once.", is_inferred=True),
    "activation-choice": CauseDescription("The activation, or an argument of it, does not do what it is there for.", is_inferred=True),
    "missing-activation": CauseDescription("Layers follow on one another with no activation between."),
    "head-loss-mismatch": CauseDescription("The loss asks for other values than the output's activation gives."),
    "weight-decay": CauseDescription("Weight decay pulls values to 0 that are no weights."),
    "target-range": CauseDescription("Targets lie where the output, or the loss, cannot reach."),
    "none": CauseDescription("Nothing that was measured explains it.", is_inferred=True),
}
"""What each kind means. A kind is added here and in `CauseKind`."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a finding is there, with its own evidence; verified only by a trial that removes both."""

    kind: CauseKind
    evidence: str = ""
    """One sentence with the numbers that speak for this cause."""
    verified: bool = False
