"""RL902."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from reluctant.numbers import count, share
from reluctant.recording import Finding, Recording, Site
from reluctant.recording.example import StackLayer, stack, twice, window

from ._network import build_network, numbered, place_of
from ._rule import Rule
from ._unit_death import rule_of_three
from .testing import Expected, RuleCase


class TooFewSamples(Rule):
    """Units passed no gradient, on too few samples to call them dead.

    ## What it does

    Lists the activations with silent units that were seen on so few samples that nothing follows from their silence.

    ## Why is this bad?

    It is no fault of the script. A unit that fires on one input in a hundred is silent on a batch of 32 three times
    out of four. What was not judged for lack of evidence should be known, so that silence is not taken for health.

    ## How it decides

    A unit that was silent on n samples fires, with 95 % confidence, on fewer than 3/n of the inputs. Below 300
    samples it may still fire on 1 % of them, which is rare and not dead. A site is listed when it has silent units
    and fewer samples than that.

    ## Remedy

    Train longer, or measure more: a run of a few hundred samples is enough.

    ## When to ignore it

    When the run was meant to be short.

    ## Sources

    Hanley, Lippman-Hand, "If nothing goes wrong, is everything all right?" (1983), the rule of three.
    """

    code = "RL902"
    severity = "advice"
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(4, 4)
y = torch.randn(4, 1)
model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(3):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = bad.replace("randn(4,", "randn(512,").replace("range(3)", "range(20)")

    ENOUGH_SAMPLES = 300
    """Samples from which a silent unit fires on less than 1 % of inputs (95 %)."""

    def check(self, recording: Recording) -> Iterator[Finding]:
        """Yield one finding that lists every site with silent units and too few samples."""
        poor = [site for site in build_network(recording).sites_in_order() if self._poor(site)]
        if not poor:
            return
        fewest = min(poor, key=_samples)
        names = ", ".join(dict.fromkeys(_phrase(site) for site in poor))
        silent = sum(site.whole.passes.zero for site in poor if site.whole)
        yield self.finding(
            f"{count(silent)} units after {names} were silent on every sample, but only {count(_samples(fewest))} samples were seen: "
            f"such a unit may still fire on up to {share(rule_of_three(_samples(fewest)))} of inputs (95 %). "
            "Whether they are dead was not judged.",
            place_of(fewest),
            layer=fewest.after,
            site=fewest.id,
            evidence={"samples": _samples(fewest), "silent_units": silent, "sites": [site.id for site in poor]},
        )

    def _poor(self, site: Site) -> bool:
        silent = site.role != "loss" and site.whole is not None and site.whole.passes.zero > 0
        return silent and 0 < _samples(site) < self.ENOUGH_SAMPLES

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        RELU = StackLayer("fc1", 100, 31, "x = torch.relu(self.fc1(x))")

        def seen(samples: int, silent: int, role: Literal["hidden", "loss"] = "hidden") -> Recording:
            recording = stack([RELU])
            site = replace(recording.sites[0], whole=window(100, samples, silent), role=role)
            return replace(recording, sites=(site,))

        return (
            RuleCase(
                "299 samples, one silent unit", seen(299, 1),
                Expected(
                    "advice", line=31, layer="fc1", site=0, treatments=(),
                    message="1 units after fc1 were silent on every sample, but only 299 samples were seen: such a unit may still "
                    "fire on up to 1 % of inputs (95 %). Whether they are dead was not judged.",
                    evidence={"samples": 299, "silent_units": 1, "sites": [0]},
                ),
            ),
            RuleCase("300 samples, one silent unit", seen(300, 1)),
            RuleCase("299 samples, no silent unit", seen(299, 0)),
            RuleCase("part of the loss", seen(299, 1, "loss")),
            RuleCase(
                "two such networks, told as one", twice(seen(299, 1)),
                Expected(
                    "advice", line=31, layer="fc1", site=0, treatments=(),
                    message="2 units after fc1 were silent on every sample, but only 299 samples were seen: such a unit may still "
                    "fire on up to 1 % of inputs (95 %). Whether they are dead was not judged.",
                    evidence={"samples": 299, "silent_units": 2, "sites": [0, 1]},
                ),
            ),
        )


def _samples(site: Site) -> int:
    return site.whole.samples if site.whole else 0


def _phrase(site: Site) -> str:
    return numbered(site.after) if site.after else f"{site.operation} at line {place_of(site).line}"
