"""RL901."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reluctant.recording import Finding, Location, Recording, Unobserved
from reluctant.recording.example import SCRIPT, StackLayer, stack, twice

from ._rule import Rule
from .testing import Expected, RuleCase


class NotObserved(Rule):
    """A part of the run could not be seen, and why.

    ## What it does

    Says what the recording could not see: a region that a compiler has fused, an operation whose values are not kept,
    a loss without a graph.

    ## Why is this bad?

    It is no fault of the script. But nothing observed is never "healthy": without this line, silence about a hidden
    part would read as a clean bill of health.

    ## How it decides

    The observer notes each thing that it met and could not read, with the reason. Each is told once for each line.

    ## Remedy

    Where there is one, the message names it: an option, or a way to write the same thing so that autograd shows it.

    ## When to ignore it

    When the hidden part is not the one in question.

    ## Sources

    Section "Observing" of the design: what cannot be seen is reported as not observed.
    """

    code = "RL901"
    severity = "advice"
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 4)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(40):
    with torch.autograd.graph.saved_tensors_hooks(torch.Tensor.half, torch.Tensor.float):
        loss = model(x).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = bad.replace("with torch.autograd.graph.saved_tensors_hooks(torch.Tensor.half, torch.Tensor.float):\n        ", "")

    def check(self, recording: Recording) -> Iterator[Finding]:
        """Yield a finding for each thing that the recording could not see."""
        for blind in dict.fromkeys(recording.not_observed):
            yield self._finding(blind)

    def _finding(self, blind: Unobserved) -> Finding:
        advice = f" {blind.advice.rstrip('.')}." if blind.advice else ""
        return self.finding(
            f"Not observed: {blind.what.rstrip('.')}, because {blind.why.rstrip('.')}.{advice}",
            blind.place,
            evidence={"what": blind.what, "why": blind.why},
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        REGION = Unobserved("a compiled region", "it could not be run step by step", Location(SCRIPT, 70), "Run with --leave-compiled off.")

        return (
            RuleCase("all was seen", stack([StackLayer("fc1", 64, 31, "x = torch.relu(self.fc1(x))")])),
            RuleCase(
                "a compiled region", Recording(not_observed=(REGION,)),
                Expected(
                    "advice", line=70, layer="", treatments=(),
                    message="Not observed: a compiled region, because it could not be run step by step. Run with --leave-compiled "
                    "off.",
                    evidence={"what": "a compiled region", "why": "it could not be run step by step"},
                ),
            ),
            RuleCase(
                "no line", Recording(not_observed=(Unobserved("a loss", "it has no graph"),)),
                Expected(
                    "advice", layer="",
                    message="Not observed: a loss, because it has no graph.",
                    evidence={"what": "a loss", "why": "it has no graph"},
                ),
            ),
            RuleCase(
                "two such networks", twice(Recording(not_observed=(REGION,))),
                Expected("advice", line=70),
                Expected("advice", line=170),
            ),
        )
