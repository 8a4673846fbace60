"""RL901 from both sides."""

from __future__ import annotations

from reluctant.recording import Location, Recording, Unobserved
from tests.recordings import SCRIPT, healthy_mlp
from tests.rules.cases import Case

REGION = Unobserved("a compiled region", "it could not be run step by step", Location(SCRIPT, 70), "Run with --leave-compiled off.")

CASES = (
    Case("all was seen", healthy_mlp()),
    Case("a compiled region", Recording(not_observed=(REGION,)), "advice", line=70),
    Case("no line", Recording(not_observed=(Unobserved("a loss", "it has no graph"),)), "advice"),
)
