"""RL201: units that pass no gradient for any sample."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from reluctant.numbers import count, share
from reluctant.recording import Cause, Finding, NotJudged, Recording, Severity, Silence, Site
from reluctant.recording.example import RAW, StackLayer, ending, stack, twice, window, with_input, with_parameter, with_site

from ._activation_at import has_dead_side, is_bounded
from ._causes import why_dead
from ._coverage import unseen_end
from ._network import Network, build_network, label, place_of, where
from ._progress import is_solved, progress
from ._rule import Rule
from ._unit_death import DeadCount, count_dead_units, rule_of_three, suspects
from .testing import Expected, RuleCase


class DeadUnits(Rule):
    """A substantial share of a layer's units pass no gradient for any sample.

    ## What it does

    Counts, for every activation with a dead side (ReLU, ReLU6, squared ReLU, ``clamp(min=0)``, a user's own function), the
    units whose slope was exactly 0 on every sample of the recent part of the run.

    ## Why is this bad?

    A unit that is negative on every input outputs 0 and has slope 0 on every input: its weights get no gradient and it cannot
    come back by itself. The layer is in truth as narrow as its living units. Units die when an update pushes their bias or
    weights far to the negative side, or are born dead where the signal, the biases or the weights start out of scale.

    ## How it decides

    Unit by unit, never by the share of zeros: a layer that is 90 % zeros may have no dead unit at all. Told from 10 % of the
    units on. An error from 50 % in a network whose loss is stuck or no longer finite, and a warning else; advice where the loss
    fell to a twentieth all the same, or where nothing that could be mended made the units fall silent (such units are unused,
    and little is lost with them), or where no gradient reaches any layer, whatever the units do. Fewer than `least_samples`
    samples prove little: seen silent on n samples, a unit may still fire on up to 3/n of the inputs (95 %). The silence must
    span at least two measured steps. A layer that is dead as a whole is RL202's matter, an output that is clipped RL403's.

    ## Remedy

    The one that removes the cause: a lower learning rate where updates killed them, scaled inputs, a fresh initialisation,
    normalisation. Another activation keeps a slope below 0, but with a learning rate that kills ReLUs it tends to diverge
    instead. Where nothing removes the cause, dead units can be drawn anew while training goes on.

    ## When to ignore it

    Deep plain networks hold a few dead units and train all the same. Pruned or sparsified networks hold them on purpose.

    ## References

    Lu, Shin, Su and Karniadakis, "Dying ReLU and Initialization: Theory and Numerical Examples", Communications in
    Computational Physics 28 (2020), arXiv:1903.06733. Dohare et al., "Loss of plasticity in deep continual learning", Nature
    632 (2024). Sokar et al., "The Dormant Neuron Phenomenon in Deep Reinforcement Learning", ICML 2023, arXiv:2302.12902.
    """

    code = "RL201"
    severity = "warning"
    follows_from = ("RL202", "RL303", "RL304", "RL305", "RL403", "RL404")

    warning_share: float = 0.10
    """Below a tenth, healthy networks of some depth hold dead units too."""
    error_share: float = 0.50
    """With half of its units gone, a layer has lost more than noise and a later regrowth can explain."""
    least_samples: int = 600
    """From 600 samples on, a unit seen silent fires on less than 0.5 % of inputs (95 %): rare units are not called dead."""
    least_samples_of_many: int = 300
    """Where half of the units or more are silent, 1 % will do: so many rare units are improbable."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each site with too many dead units."""
        network = build_network(recording)
        for site in filter(_judged, network.sites_in_order()):
            found = count_dead_units(site, self.least_samples_of_many)
            if found.dead < self.error_share * found.units:
                found = count_dead_units(site, self.least_samples)
            if not found.units or found.silent < self.warning_share * found.units or found.dead == found.units:
                continue
            if found.dead < self.warning_share * found.units:
                if suspects(site) < self.warning_share * found.units:
                    continue
                yield self.not_judged(_too_few(site, found, self.least_samples))
                continue
            if unseen := unseen_end(network, site):
                yield self.not_judged(unseen)
                continue
            cause = why_dead(network, site)
            yield self.finding(
                f"{count(found.dead)} of {count(found.units)} units after {label(site)} are dead: none of {count(found.samples)} samples "
                f"in a row passed gradient, so each fires on fewer than {share(rule_of_three(found.samples))} of inputs (95 %).",
                place_of(site),
                severity=self._severity(network, site, found, cause),
                layer=site.after,
                site=site.id,
                cause=cause,
                evidence={
                    "dead_units": found.dead, "units": found.units, "dead_share": found.dead / found.units, "samples": found.samples,
                    "zero_share": site.recent.zero_share if site.recent is not None else 0.0,
                },
            )

    def _severity(self, network: Network, site: Site, found: DeadCount, cause: Cause) -> Severity:
        """An error only where training gets nowhere; advice where it solved its task, or where units lie idle without a cause to mend."""
        graphs, many = network.graph_ids(network.spots(site)), found.dead >= self.error_share * found.units
        state = progress(network, graphs)
        if state in ("stuck", "broken"):
            return "error" if many else "warning"
        idle = cause.kind == "none" and (state == "learning" or not many)
        return "advice" if idle or state == "untrained" or is_solved(network, graphs) else "warning"

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x, y = torch.randn(600, 10), torch.randint(0, 3, (600,))
net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 3))
nn.init.normal_(net[0].bias, -4.0, 2.0)  # most units start below 0 and stay there
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(150):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''
    good = bad.replace("nn.init.normal_(net[0].bias, -4.0, 2.0)  # most units start below 0 and stay there\n", "")

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        RELU = StackLayer("fc1", 100, 31, "x = torch.relu(self.fc1(x))")

        def dead(units: int, silent_from: int | None = None, loss: float = 2.29, of: int = 100, **changes: Any) -> Recording:
            """A network with so many dead units in its first layer; its loss goes from 2.3 to `loss`."""
            stages = [
                replace(RELU, units=of, dead=units, silent_from=silent_from, **changes),
                StackLayer("fc2", 50, 32, "x = torch.relu(self.fc2(x))"),
            ]
            return ending(stack(stages), loss)

        def silent_on(samples: int, first: int, units: int = 40) -> Recording:
            silence = Silence(units, first - 1, first, samples)
            return with_site(dead(units), silences=(silence,), recent=window(100, samples, units, first=first, last=1199))

        def last_measured(step: int) -> Recording:
            """The site was measured for the last time at `step` of 1,199."""
            return with_site(dead(60), recent=window(100, 1280, 60, first=100, last=step))

        def with_layers(recording: Recording, **changes: Any) -> Recording:
            """The recording with the moments of all layers changed."""
            layers = (replace(layer, moments=tuple(replace(moment, **changes) for moment in layer.moments)) for layer in recording.layers)
            return replace(recording, layers=tuple(layers))

        def behind(layers: int) -> Recording:
            """Units that are born dead behind so many layers."""
            stages = [replace(RELU, name=f"fc{index}") for index in range(1, layers)]
            return ending(stack([*stages, replace(RELU, dead=60)]), 2.29)

        def shrinking(spread: float, ratio: float = 0.41) -> Recording:
            """The second layer is born dead: its values spread by `spread` of the first one's, with weights at `ratio` of the gain."""
            recording = ending(stack([RELU, replace(RELU, name="fc2", line=32, dead=60)]), 2.29)
            first, second, *others = recording.layers
            faded = replace(second, moments=tuple(replace(moment, output_unit_std=0.6 * spread) for moment in second.moments))
            recording = replace(recording, layers=(first, faded, *others))
            recording = with_parameter(recording, "fc1.weight", std=ratio * math.sqrt(2 / 64))
            return with_parameter(with_parameter(recording, "fc2.weight", std=ratio * math.sqrt(2 / 100)), "fc2.bias", std=0.0)

        def updated(first: int) -> Recording:
            """Units that were silent when their site was first measured, at step `first`; the update at step 106 was large."""
            recording = with_site(dead(60), whole=window(100, 2432, 60, first=first))
            weight, *others = recording.parameters
            moments = tuple(replace(moment, update_rms=0.02 if moment.step == 106 else 1e-5) for moment in weight.moments)
            return replace(recording, parameters=(replace(weight, moments=moments), *others))

        def grown(factor: float) -> Recording:
            """Units that died at step 14, while the weights grew by `factor`."""
            recording = dead(60, 14)
            weight, *others = recording.parameters
            moments = tuple(replace(moment, std=moment.std * (factor if moment.step else 1.0)) for moment in weight.moments)
            return replace(recording, parameters=(replace(weight, moments=moments), *others))

        def stepped(optimizer: int = 0, **changes: Any) -> Recording:
            """Units that a large update killed, by an optimizer with these changes whose groups list no parameters."""
            recording = with_parameter(dead(60, 14), "fc1.weight", update_rms=0.02)
            (one,) = recording.optimizers
            other = replace(one, id=optimizer, groups=tuple(replace(group, parameters=()) for group in one.groups), **changes)
            return replace(recording, optimizers=(other,))

        return (
            RuleCase("none dead", dead(0)),
            RuleCase("9 of 100", dead(9)),
            RuleCase(
                "10 of 100", dead(10),
                Expected(
                    "warning", "none", 31, layer="fc1", site=0, treatments=("normalise", "swap-activation:leaky_relu"),
                    message="10 of 100 units after fc1 are dead: none of 2,432 samples in a row passed gradient, so each fires on "
                    "fewer than 0.1 % of inputs (95 %).",
                    evidence={"dead_units": 10, "units": 100, "dead_share": 0.1, "samples": 2432, "zero_share": 0.595},
                    because="they are silent from the first step: input, weights and biases are of usual size",
                ),
            ),
            RuleCase("49 of 100", dead(49), Expected("warning", "none", 31)),
            RuleCase("50 of 100", dead(50), Expected("error", "none", 31)),
            RuleCase("10 of 100, without a cause, and it learns", dead(10, loss=0.5), Expected("advice", "none", 31)),
            RuleCase("10 of 100, without a cause, and the loss fell a little", dead(10, loss=1.6), Expected("advice", "none", 31)),
            RuleCase("60 of 100, without a cause, and the loss fell a little", dead(60, loss=1.6), Expected("warning", "none", 31)),
            RuleCase("60 of 100, without a cause, and it learns", dead(60, loss=0.5), Expected("advice", "none", 31)),
            RuleCase(
                "60 of 100, with a cause, and it learns", with_parameter(dead(60, loss=0.5), "fc1.bias", mean=-4.0, std=2.0),
                Expected(
                    "warning", "bias-initialisation", 31, treatments=("reinitialise:he", "normalise"),
                    because="they are silent from the first step: the biases of fc1 start at -4 ± 2 where its input spreads a unit's "
                    "pre-activation by 0.6",
                ),
            ),
            RuleCase(
                "60 of 100, with a cause, and it is solved", with_parameter(dead(60, loss=0.1), "fc1.bias", mean=-4.0, std=2.0),
                Expected("advice", "bias-initialisation", 31),
            ),
            RuleCase("all are RL202's", dead(100)),
            RuleCase(
                "599 samples", silent_on(599, 900),
                not_judged="train.py:31: 40 of 100 units after fc1 are silent, but some of them on 599 samples only; 600 over two "
                "measured steps are needed to call them dead.",
            ),
            RuleCase(
                "600 samples", silent_on(600, 900),
                Expected("warning", "none", 31, because="40 units that had passed gradient fell silent at step 900; no update was large"),
            ),
            RuleCase(
                "half of them, 299 samples", silent_on(299, 900, 50),
                not_judged="train.py:31: 50 of 100 units after fc1 are silent, but some of them on 299 samples only; 600 over two "
                "measured steps are needed to call them dead.",
            ),
            RuleCase("half of them, 300 samples", silent_on(300, 900, 50), Expected("error", "none", 31)),
            RuleCase(
                "one measured step", silent_on(4000, 1199),
                not_judged="train.py:31: 40 of 100 units after fc1 are silent, but some of them on 4,000 samples only; 600 over two "
                "measured steps are needed to call them dead.",
            ),
            RuleCase("90 % zeros, none dead", dead(0, open_share=0.1)),
            RuleCase("rare units", dead(0, open_share=0.02)),
            RuleCase("part of the loss", with_site(dead(60), role="loss")),
            RuleCase("an output", with_site(dead(60), role="output")),
            RuleCase("a smooth activation", with_site(dead(60), operation="gelu")),
            RuleCase("hard tanh is RL203's", with_site(dead(60), operation="hardtanh", parameters={"min_val": -1.0, "max_val": 1.0})),
            RuleCase("relu6", with_site(dead(60), operation="relu6"), Expected("error", "none", 31)),
            RuleCase("clamp(min=0)", with_site(dead(60), operation="clamp", parameters={"min": 0.0}), Expected("error", "none", 31)),
            RuleCase("a user's own function", with_site(dead(60), operation="custom:Rectify"), Expected("error", "none", 31)),
            RuleCase("values are NaN", with_site(dead(60), first_non_finite_step=7)),
            RuleCase(
                "large updates", with_parameter(dead(60, 14), "fc1.weight", update_rms=0.02),
                Expected(
                    "error", "learning-rate", 31, treatments=("lower-learning-rate:0.1", "lower-learning-rate:0.01"),
                    because="60 units that had passed gradient fell silent at step 14; the update at step 0 moved the weights of fc1 "
                    "by 0.28 times their size (SGD with lr 0.1, line 44)",
                ),
            ),
            RuleCase("small updates", with_parameter(dead(60, 14), "fc1.weight", update_rms=0.0001), Expected("error", "none", 31)),
            RuleCase(
                "born with low biases", with_parameter(dead(60), "fc1.bias", mean=-4.0, std=2.0),
                Expected("error", "bias-initialisation", 31),
            ),
            RuleCase(
                "born of raw data", with_input(dead(60), RAW),
                Expected(
                    "error", "input-scale", 31, treatments=("scale-input", "normalise"),
                    because="they are silent from the first step: fc1 takes raw data (values from 0 to 1,700, mean 120, standard "
                    "deviation 300; initialisation expects about 1)",
                ),
            ),
            RuleCase(
                "born of zero weights", with_parameter(dead(60), "fc1.weight", mean=0.0, std=0.0),
                Expected(
                    "error", "initialisation", 31, treatments=("reinitialise:he", "normalise"),
                    because="they are silent from the first step: every weight of fc1 starts at 0",
                ),
            ),
            RuleCase(
                "born of negative weights", with_parameter(dead(60), "fc1.weight", mean=-0.2, std=0.05, minimum=-0.4, maximum=-0.01),
                Expected(
                    "error", "initialisation", 31,
                    because="they are silent from the first step: all weights of fc1 start with one sign (-0.4 to -0.01)",
                ),
            ),
            RuleCase(
                "born of huge weights", with_parameter(dead(60), "fc1.weight", std=1.0),
                Expected(
                    "error", "initialisation", 31,
                    because="they are silent from the first step: the weights of fc1 start with standard deviation 1 where 64 inputs "
                    "and the activation ask for 0.18",
                ),
            ),
            RuleCase(
                "born narrow",
                ending(stack([replace(RELU, name="neck", units=4, dead=2), StackLayer("fc2", 50, 32, "x = F.relu(self.fc2(x))")]), 2.29),
                Expected(
                    "error", "width", 31, layer="neck", site=0, treatments=("reinitialise:he", "swap-activation:leaky_relu"),
                    message="2 of 4 units after neck are dead: none of 2,432 samples in a row passed gradient, so each fires on "
                    "fewer than 0.1 % of inputs (95 %).",
                    evidence={"dead_units": 2, "units": 4, "dead_share": 0.5, "samples": 2432, "zero_share": 0.775},
                    because="they are silent from the first step: a layer of 4 units has few others to keep gradient flowing",
                ),
            ),
            RuleCase("95 of 1,000", dead(95, of=1000)),
            RuleCase(
                "110 samples are suspicious", silent_on(110, 900),
                not_judged="train.py:31: 40 of 100 units after fc1 are silent, but some of them on 110 samples only; 600 over two "
                "measured steps are needed to call them dead.",
            ),
            RuleCase("90 samples are none", silent_on(90, 900)),
            RuleCase(
                "last measured a little before the middle", last_measured(590),
                not_judged="train.py:31: relu after fc1 was measured last at step 590 of 1,200, so its state at the end is not "
                "known. A larger --budget measures later steps too.",
            ),
            RuleCase("last measured a little after the middle", last_measured(610), Expected("error", "none", 31)),
            RuleCase(
                "updates of 17 % of the weights", with_parameter(dead(60, 14), "fc1.weight", update_rms=0.012),
                Expected("error", "learning-rate", 31),
            ),
            RuleCase(
                "updates of 8 % of the weights", with_parameter(dead(60, 14), "fc1.weight", update_rms=0.0055),
                Expected("error", "none", 31),
            ),
            RuleCase(
                "weights that grew threefold", grown(3.0),
                Expected(
                    "error", "learning-rate", 31,
                    because="60 units that had passed gradient fell silent at step 14; the updates up to step 14 made the weights of "
                    "fc1 3 times as large as at the start (SGD with lr 0.1, line 44)",
                ),
            ),
            RuleCase("weights that grew by half", grown(1.5), Expected("error", "none", 31)),
            RuleCase(
                "a bias moved by 1.5 spreads", with_parameter(dead(60, 14), "fc1.bias", largest_update=0.9),
                Expected(
                    "error", "learning-rate", 31,
                    because="60 units that had passed gradient fell silent at step 14; the update at step 0 moved a bias of fc1 by "
                    "1.5 times the spread that its input gives a unit (SGD with lr 0.1, line 44)",
                ),
            ),
            RuleCase(
                "a bias moved by 0.75 spreads", with_parameter(dead(60, 14), "fc1.bias", largest_update=0.45),
                Expected("error", "none", 31),
            ),
            RuleCase(
                "an update 14 steps after the first measured one", updated(92),
                Expected(
                    "error", "learning-rate", 31,
                    because="they are silent from the first step measured (92): the update at step 106 moved the weights of fc1 by "
                    "0.28 times their size (SGD with lr 0.1, line 44)",
                ),
            ),
            RuleCase("an update 26 steps after the first measured one", updated(80), Expected("error", "none", 31)),
            RuleCase(
                "born behind 10 layers", behind(10),
                Expected(
                    "error", "depth", 31, treatments=("reinitialise:he", "normalise"),
                    because="they are silent from the first step: they lie 10 layers deep, where weights and biases are of usual size",
                ),
            ),
            RuleCase("born behind 9 layers", behind(9), Expected("error", "none", 31)),
            RuleCase("born of 8 units", ending(stack([replace(RELU, units=8, dead=4)]), 2.29), Expected("error", "width", 31)),
            RuleCase("born of 9 units", ending(stack([replace(RELU, units=9, dead=5)]), 2.29), Expected("error", "none", 31)),
            RuleCase(
                "born where 4 % of the spread is left", shrinking(0.04),
                Expected(
                    "error", "initialisation", 32,
                    because="they are silent from the first step: the spread of the signal falls from 0.6 after the first layer to "
                    "0.024 here, so that biases decide",
                ),
            ),
            RuleCase("born where 6 % of the spread is left", shrinking(0.06), Expected("error", "none", 32)),
            RuleCase("born where 4 % is left, at 0.75 of the gain", shrinking(0.04, 0.75), Expected("error", "initialisation", 32)),
            RuleCase("born where 4 % is left, at 0.85 of the gain", shrinking(0.04, 0.85), Expected("error", "none", 32)),
            RuleCase(
                "born of weights at twice the gain", with_parameter(dead(60), "fc1.weight", std=2.0 * math.sqrt(2 / 64)),
                Expected("error", "none", 31),
            ),
            RuleCase(
                "born of weights at four times the gain", with_parameter(dead(60), "fc1.weight", std=4.0 * math.sqrt(2 / 64)),
                Expected("error", "initialisation", 31),
            ),
            RuleCase(
                "born of weights at 0.15 of the gain", with_parameter(dead(60), "fc1.weight", std=0.15 * math.sqrt(2 / 64)),
                Expected("error", "initialisation", 31),
            ),
            RuleCase(
                "born of weights at 0.3 of the gain", with_parameter(dead(60), "fc1.weight", std=0.3 * math.sqrt(2 / 64)),
                Expected("error", "none", 31),
            ),
            RuleCase(
                "born with biases of 2.4 times the default",
                with_parameter(with_layers(dead(60), output_unit_std=0.1), "fc1.bias", std=0.3),
                Expected("error", "bias-initialisation", 31),
            ),
            RuleCase(
                "born with biases of 1.6 times the default",
                with_parameter(with_layers(dead(60), output_unit_std=0.1), "fc1.bias", std=0.2),
                Expected("error", "none", 31),
            ),
            RuleCase("a loss of no known kind fell by 8 %", replace(dead(60, loss=2.116), losses=()), Expected("error", "none", 31)),
            RuleCase("a loss of no known kind fell by 15 %", replace(dead(60, loss=1.955), losses=()), Expected("warning", "none", 31)),
            RuleCase(
                "the loss fell to what a constant reaches", replace(dead(60, loss=1.6), losses=ending(dead(60), 2.2).losses),
                Expected("error", "none", 31),
            ),
            RuleCase(
                "last measured late in the life of its optimizer",
                replace(last_measured(590), optimizers=tuple(replace(one, steps=800) for one in last_measured(590).optimizers)),
                Expected("error", "none", 31),
            ),
            RuleCase(
                "half of them died later", with_site(dead(60), silences=(Silence(30, -1, 0, 2432), Silence(30, 8, 14, 2176))),
                Expected("error", "none", 31),
            ),
            RuleCase(
                "most of them died later", with_site(dead(60), silences=(Silence(29, -1, 0, 2432), Silence(31, 8, 14, 2176))),
                Expected("error", "none", 31),
            ),
            RuleCase(
                "60 of 100, with a cause, and 7 % of the loss is left",
                with_parameter(dead(60, loss=0.161), "fc1.bias", mean=-4.0, std=2.0),
                Expected("warning", "bias-initialisation", 31),
            ),
            RuleCase(
                "born of zero weights and raw data", with_input(with_parameter(dead(60), "fc1.weight", mean=0.0, std=0.0), RAW),
                Expected("error", "initialisation", 31),
            ),
            RuleCase(
                "born of weights of one sign and raw data",
                with_input(with_parameter(dead(60), "fc1.weight", mean=-0.2, std=0.05, minimum=-0.4, maximum=-0.01), RAW),
                Expected("error", "initialisation", 31),
            ),
            RuleCase(
                "born of huge weights and raw data", with_input(with_parameter(dead(60), "fc1.weight", std=1.0), RAW),
                Expected("error", "input-scale", 31),
            ),
            RuleCase(
                "an optimizer that lists no parameters", stepped(),
                Expected(
                    "error", "learning-rate", 31,
                    because="60 units that had passed gradient fell silent at step 14; the update at step 0 moved the weights of fc1 "
                    "by 0.28 times their size (SGD with lr 0.1, line 44)",
                ),
            ),
            RuleCase(
                "the optimizer of another network", stepped(optimizer=1),
                Expected(
                    "error", "learning-rate", 31,
                    because="60 units that had passed gradient fell silent at step 14; the update at step 0 moved the weights of fc1 "
                    "by 0.28 times their size",
                ),
            ),
            RuleCase(
                "an optimizer of no known line", stepped(built=None),
                Expected(
                    "error", "learning-rate", 31,
                    because="60 units that had passed gradient fell silent at step 14; the update at step 0 moved the weights of fc1 "
                    "by 0.28 times their size (SGD with lr 0.1)",
                ),
            ),
            RuleCase("two such networks", twice(dead(10)), Expected("warning", "none", 31), Expected("warning", "none", 131)),
        )


def _judged(site: Site) -> bool:
    """Whether silence means death at this site: the activation has a dead side, and it is no part of the loss or of an attention.

    A hard tanh or hard sigmoid that stays on either flat end is saturated, which is RL203's matter; ReLU6 is a ReLU.
    """
    dead_side = has_dead_side(site) and (site.operation == "relu6" or not is_bounded(site))
    return dead_side and site.role in ("hidden", "gate") and site.first_non_finite_step is None


def _too_few(site: Site, found: DeadCount, needed: int) -> str:
    return (
        f"{where(site)}: {count(found.silent)} of {count(found.units)} units after {label(site)} are silent, but some of them "
        f"on {count(found.fewest)} samples only; {count(needed)} over two measured steps are needed to call them dead."
    )
