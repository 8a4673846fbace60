"""RL203: units of a bounded activation that stay on its flat part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from reluctant.activations import FLAT_SLOPE
from reluctant.numbers import count, share
from reluctant.recording import (
    Finding,
    LossPoint,
    NotJudged,
    Recording,
    ShareHistogram,
    Site,
    SiteMoment,
    UnitWindow,
    ValueStatistics,
)
from reluctant.recording.example import RAW, StackLayer, histogram, stack, twice, with_input, with_parameter, with_site

from ._activation_at import curve, has_dead_side, is_bounded
from ._causes import why_flat
from ._coverage import unseen_end
from ._network import Network, build_network, label, place_of, where
from ._progress import is_solved
from ._rule import Rule
from .testing import Expected, RuleCase


class SaturatedUnits(Rule):
    """Units of a bounded activation stay on its flat part.

    ## What it does

    Counts, for every sigmoid, tanh, hard sigmoid, hard tanh, softsign and clamp with two bounds, the units that are on the flat
    part for nearly every sample. Flat means a slope below 5 % of the largest: |z| above 4.4 for a sigmoid, above 2.2 for a
    tanh.

    ## Why is this bad?

    Little or no gradient passes where the curve is flat, so neither the unit nor what lies before it learns, and the unit tells
    the rest of the network hardly more than one bit.

    ## How it decides

    Unit by unit: a unit is saturated when it is flat on at least 95 % of the samples of the recent part of the run; a finding
    needs a fifth of the layer's units, on at least `least_samples` samples and two measured steps. Many flat entries do not
    suffice: units that switch between both ends do their work. Gates may saturate, since open and shut is what they are for. An
    output may saturate where its targets sit at its bounds, as those of a classifier do; it is judged only where all targets
    lie well inside. A sigmoid or tanh whose every slope is rounded to 0 is an error, since nothing before it learns; a hard
    tanh or ReLU6 of which that holds is blocked (RL202). Units that went flat as the loss was solved (down to a twentieth) are
    none of its findings.

    ## Remedy

    Scale the input, start from weights of the size that the activation asks for, or lower the learning rate, whichever the
    cause names.

    ## When to ignore it

    Where binary units are wanted.

    ## References

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010. LeCun, Bottou,
    Orr and Müller, "Efficient BackProp", 1998, section 4.
    """

    code = "RL203"
    severity = "warning"
    follows_from = ("RL303", "RL304", "RL305", "RL402", "RL401", "RL404", "RL403")

    unit_share: float = 0.95
    """Share of samples on the flat part from which a unit counts as saturated."""
    layer_share: float = 0.20
    """A fifth of the units. Saturated units still pass a trace of gradient, so more of them are borne than dead ones."""
    least_samples: int = 100
    """A unit that was flat on 95 of 100 samples is flat on more than 88 % of inputs (95 %, Clopper and Pearson)."""
    margin: float = 0.05
    """How far inside the bounds, as a share of the range, targets must lie for an output's saturation to be a fault."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each site with too many saturated units."""
        network = build_network(recording)
        for site in network.sites_in_order():
            window = site.recent
            if window is None or not window.flat.units or not self._judged(network, site):
                continue
            flat, units = window.flat.at_least(self.unit_share), window.flat.units
            blocked = window.passes.zero == units
            if flat < self.layer_share * units or (blocked and has_dead_side(site)):
                continue
            if window.samples < self.least_samples or window.first_step == window.last_step:
                yield self.not_judged(_too_few(site, flat, self.least_samples))
                continue
            if unseen := unseen_end(network, site):
                yield self.not_judged(unseen)
                continue
            at_start = site.start is not None and site.start.flat.at_least(0.5) >= self.layer_share * units
            if not at_start and is_solved(network, network.graph_ids(network.spots(site))):
                continue
            cause = why_flat(network, site, flat_at_start=at_start)
            yield self.finding(
                f"{count(flat)} of {count(units)} units of {site.operation} after {label(site)} are saturated: on at least "
                f"{share(self.unit_share)} of {count(window.samples)} samples their slope is below {share(FLAT_SLOPE)} of the largest"
                + (", and rounded to 0 for all of them: nothing before it learns." if blocked else "."),
                place_of(site),
                severity="error" if blocked else "warning",
                layer=site.after,
                site=site.id,
                cause=cause,
                evidence={
                    "saturated_units": flat, "units": units, "saturated_share": flat / units, "samples": window.samples,
                    "flat_at_start": at_start,
                },
            )

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x = 300 * torch.randn(600, 6)  # raw readings
y = torch.tanh(x[:, :1] / 300)
net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(150):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.mse_loss(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''
    good = bad.replace("  # raw readings", "").replace("net = ", "x = (x - x.mean(0)) / x.std(0)\nnet = ")

    def _judged(self, network: Network, site: Site) -> bool:
        """Whether staying flat is a fault at this site."""
        if not is_bounded(site) or site.operation == "relu6" or site.first_non_finite_step is not None:
            return False
        if site.role == "hidden":
            return True
        return site.role == "output" and self._targets_inside(network, site)

    def _targets_inside(self, network: Network, site: Site) -> bool:
        """Whether every loss behind the output compares it with targets that lie well inside its bounds."""
        bounds = curve(site)
        losses = network.losses_after(network.spots(site))
        if bounds is None or not losses:
            return False
        low, high = bounds.traits.range.lower, bounds.traits.range.upper
        slack = self.margin * (high - low)
        return all(
            loss.targets is not None and loss.kind in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
            and low + slack < loss.targets.minimum and loss.targets.maximum < high - slack
            for loss in losses
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        TANH = StackLayer("fc1", 100, 31, "x = torch.tanh(self.fc1(x))", operation="tanh")

        def flat(units: int, share: float, samples: int = 1280, first: int = 900) -> UnitWindow:
            """Units that are flat on `share` of the samples, the others on 30 % of them."""
            bins = [0] * 20
            bins[6] = 100 - units
            if share < 1:
                bins[min(int(share * 20 + 1e-9), 19)] += units
            return UnitWindow(
                first,
                1199,
                samples,
                histogram(100, one=100),
                histogram(100, share=0.3),
                ShareHistogram(0, tuple(bins), units if share == 1 else 0),
            )

        def moments(at_start: float) -> tuple[SiteMoment, ...]:
            return tuple(
                SiteMoment(step, 64, 0.0, 0.0, 0.0, 0.5, flat_share=0.9 if step > 20 else at_start) for step in (0, 10, 30, 600, 1199)
            )

        def saturated(recent: UnitWindow, start: UnitWindow | None = None, **changes: Any) -> Recording:
            start = start or flat(0, 0.3, 64, 0)
            at_start = 0.9 if start.flat.at_least(0.5) else 0.1
            recording = with_site(
                stack([TANH, StackLayer("fc2", 50, 32, "x = torch.relu(self.fc2(x))")]),
                recent=recent,
                start=start,
                moments=moments(at_start),
                **changes,
            )
            return stuck(recording)

        def stuck(recording: Recording) -> Recording:
            curve = replace(
                recording.loss_curves[0],
                points=(LossPoint(0, 2.3, 2.2, 2.4), LossPoint(600, 2.2, 2.1, 2.3), LossPoint(1199, 2.2, 2.1, 2.3)),
            )
            return replace(recording, loss_curves=(curve,))

        def solved(recording: Recording) -> Recording:
            curve = replace(recording.loss_curves[0], points=(LossPoint(0, 2.3, 2.2, 2.4), LossPoint(1199, 0.01, 0.0, 0.02)))
            return replace(recording, loss_curves=(curve,))

        def output(low: float, high: float) -> Recording:
            recording = saturated(flat(60, 1.0), role="output")
            targets = ValueStatistics(2432, low, high, (low + high) / 2, (high - low) / 4)
            return replace(recording, losses=(replace(recording.losses[0], kind="mse_loss", targets=targets),))

        def blocked(operation: str, **parameters: float) -> Recording:
            """Every unit is flat on all samples, and the slope is rounded to 0."""
            recent = replace(flat(100, 1.0), passes=histogram(100, zero=100))
            return saturated(recent, flat(100, 1.0, 64, 0), operation=operation, parameters=parameters)

        return (
            RuleCase("none", saturated(flat(0, 1.0))),
            RuleCase("19 of 100", saturated(flat(19, 1.0))),
            RuleCase(
                "20 of 100", saturated(flat(20, 1.0)),
                Expected(
                    "warning", "none", 31, layer="fc1", site=0, treatments=("normalise", "swap-activation:relu"),
                    message="20 of 100 units of tanh after fc1 are saturated: on at least 95 % of 1,280 samples their slope is below "
                    "5 % of the largest.",
                    evidence={"saturated_units": 20, "units": 100, "saturated_share": 0.2, "samples": 1280, "flat_at_start": False},
                    because="its units were off the flat part at the start and on it from step 30; no update was large",
                ),
            ),
            RuleCase("flat on 94 %", saturated(flat(60, 0.94))),
            RuleCase("flat on 95 %", saturated(flat(60, 0.95)), Expected("warning", "none", 31)),
            RuleCase("flat half of the time", saturated(flat(100, 0.5))),
            RuleCase(
                "99 samples", saturated(flat(60, 1.0, 99)),
                not_judged="train.py:31: 60 of 100 units of tanh after fc1 were flat, but on 99 samples; 100 over two measured steps "
                "are needed.",
            ),
            RuleCase("100 samples", saturated(flat(60, 1.0, 100)), Expected("warning", "none", 31)),
            RuleCase(
                "one measured step", saturated(flat(60, 1.0, 4000, 1199)),
                not_judged="train.py:31: 60 of 100 units of tanh after fc1 were flat, but on 4,000 samples; 100 over two measured "
                "steps are needed.",
            ),
            RuleCase("a gate", saturated(flat(60, 1.0), role="gate")),
            RuleCase("an activation without bounds", saturated(flat(60, 1.0), operation="elu")),
            RuleCase(
                "a hard tanh", saturated(flat(60, 1.0), operation="hardtanh", parameters={"min_val": -1.0, "max_val": 1.0}),
                Expected(
                    "warning", "none", 31, layer="fc1", site=0,
                    message="60 of 100 units of hardtanh after fc1 are saturated: on at least 95 % of 1,280 samples their slope is "
                    "below 5 % of the largest.",
                    evidence={"saturated_units": 60, "units": 100, "saturated_share": 0.6, "samples": 1280, "flat_at_start": False},
                ),
            ),
            RuleCase(
                "all of it, rounded to 0", blocked("tanh"),
                Expected(
                    "error", "none", 31, layer="fc1", site=0,
                    message="100 of 100 units of tanh after fc1 are saturated: on at least 95 % of 1,280 samples their slope is "
                    "below 5 % of the largest, and rounded to 0 for all of them: nothing before it learns.",
                    evidence={"saturated_units": 100, "units": 100, "saturated_share": 1.0, "samples": 1280, "flat_at_start": True},
                    because="flat from the first step; input, weights and biases are of usual size",
                ),
            ),
            RuleCase("all of it, and hard: RL202's", blocked("hardtanh", min_val=-1.0, max_val=1.0)),
            RuleCase("solved, flat since then", solved(saturated(flat(60, 1.0)))),
            RuleCase(
                "solved, flat from the start", solved(saturated(flat(60, 1.0), flat(60, 1.0, 64, 0))),
                Expected("warning", "none", 31),
            ),
            RuleCase("an output with targets at its bounds", output(-1.0, 1.0)),
            RuleCase("an output with targets near its bounds", output(-0.95, 0.5)),
            RuleCase("an output with targets well inside", output(-0.5, 0.5), Expected("warning", "none", 31)),
            RuleCase(
                "raw data", with_input(saturated(flat(60, 1.0), flat(60, 1.0, 64, 0)), RAW),
                Expected(
                    "warning", "input-scale", 31, treatments=("scale-input", "normalise"),
                    because="flat from the first step: fc1 takes raw data (values from 0 to 1,700, mean 120, standard deviation 300; "
                    "initialisation expects about 1)",
                ),
            ),
            RuleCase(
                "huge weights", with_parameter(saturated(flat(60, 1.0), flat(60, 1.0, 64, 0)), "fc1.weight", std=1.0),
                Expected(
                    "warning", "initialisation", 31, treatments=("reinitialise:lecun", "normalise"),
                    because="at the first step fc1 multiplies the size of its input (0.8) by 8",
                ),
            ),
            RuleCase(
                "large updates", with_parameter(saturated(flat(60, 1.0)), "fc1.weight", update_rms=0.02),
                Expected(
                    "warning", "learning-rate", 31, treatments=("lower-learning-rate:0.1", "lower-learning-rate:0.01"),
                    because="its units were off the flat part at the start and on it from step 30; the update at step 0 moved the "
                    "weights of fc1 by 0.28 times their size (SGD with lr 0.1, line 44)",
                ),
            ),
            RuleCase(
                "small updates", with_parameter(saturated(flat(60, 1.0)), "fc1.weight", update_rms=0.0001),
                Expected("warning", "none", 31),
            ),
            RuleCase("an output with targets 4.8 % inside its bounds", output(-0.904, 0.5)),
            RuleCase("an output with targets 5.2 % inside its bounds", output(-0.896, 0.5), Expected("warning", "none", 31)),
            RuleCase(
                "not measured at the end",
                with_site(saturated(flat(60, 1.0)), recent=replace(flat(60, 1.0), last_step=500, first_step=300)),
                not_judged="train.py:31: tanh after fc1 was measured last at step 500 of 1,200, so its state at the end is not "
                "known. A larger --budget measures later steps too.",
            ),
            RuleCase("an output without a loss", replace(output(-0.5, 0.5), losses=())),
            RuleCase(
                "two such networks", twice(saturated(flat(20, 1.0))),
                Expected("warning", "none", 31),
                Expected("warning", "none", 131),
            ),
        )


def _too_few(site: Site, flat: int, needed: int) -> str:
    samples = site.recent.samples if site.recent is not None else 0
    return (
        f"{where(site)}: {count(flat)} of {count(site.units)} units of {site.operation} after {label(site)} were flat, but on "
        f"{count(samples)} samples; {count(needed)} over two measured steps are needed."
    )
