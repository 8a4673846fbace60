"""RL202: a layer that is dead as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from reluctant.numbers import count, share, size
from reluctant.recording import Finding, InputStatistics, Node, NotJudged, ParameterMoment, Recording, Silence, Site
from reluctant.recording.example import STANDARDISED, StackLayer, stack, twice, window, with_input, with_parameter

from ._activation_at import curve, has_dead_side, is_bounded
from ._causes import why_dead
from ._graph import is_weight
from ._network import Network, Spot, build_network, label, place_of, where
from ._rule import Rule
from ._unit_death import count_dead_units, rule_of_three
from .testing import Expected, RuleCase


class BlockedLayer(Rule):
    """Every unit of a layer is dead, so that no gradient passes it.

    ## What it does

    Finds activations of which every unit had slope exactly 0 on every sample of the recent part of the run, and asks the graph
    which weights can be reached past them.

    ## Why is this bad?

    Nothing in front of the activation receives any gradient: those weights stay as they are for ever, and what follows sees the
    same constant for every input. The loss settles at what a constant prediction reaches. It does not recover by itself.

    ## How it decides

    All units silent on at least `least_samples` samples and at two measured steps or more. The finding says *certified* where
    the bounds on data, weights and biases prove that no pre-activation exceeds 0. An error where the graph has no way
    around the activation; a warning where a residual connection or another branch still carries gradient to what lies before
    it. Not judged as a block: an activation that belongs to the loss (a hinge whose margin is met), a sigmoid or softmax used
    as a gate, and a sigmoid or tanh that is flat throughout (RL203).

    ## Remedy

    Remove the cause that is named with the finding: lower the learning rate, scale the input, give biases and weights their
    usual size at the start, take the activation off the output. The run must be started again: a dead layer does not come back.

    ## When to ignore it

    Where a branch is switched off on purpose.

    ## References

    Lu, Shin, Su and Karniadakis, "Dying ReLU and Initialization: Theory and Numerical Examples", Communications in
    Computational Physics 28 (2020), arXiv:1903.06733. He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", ICCV 2015,
    arXiv:1502.01852.
    """

    code = "RL202"
    severity = "error"
    follows_from = ("RL303", "RL403", "RL404", "RL304", "RL305", "RL202")

    least_samples: int = 100
    """All units must be silent together: that each of a layer's living units stays silent on 100 samples is out of the question."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each site that passes nothing."""
        network = build_network(recording)
        for site in network.sites_in_order():
            found = count_dead_units(site, self.least_samples)
            if not found.units or found.silent < found.units or not _judged(network, site):
                continue
            if found.dead < found.units:
                yield self.not_judged(
                    f"{where(site)}: no unit after {label(site)} passes gradient now, but for some of them "
                    f"this rests on {count(found.fewest)} samples; {count(self.least_samples)} over two measured steps are needed."
                )
                continue
            frozen, reached = _cut_off(network, site)
            cause = why_dead(network, site)
            proof = certified(network, site)
            sure = f"certified, {proof}" if proof else f"each fires on fewer than {share(rule_of_three(found.samples))} of inputs (95 %)"
            who = f"All {count(found.units)} units" if found.units > 1 else "The only unit"
            yield self.finding(
                f"{who} after {label(site)} passed no gradient on {count(found.samples)} samples in a row: {sure}. "
                f"{_consequence(frozen, reached)}",
                place_of(site),
                severity="error" if frozen and not reached else "warning",
                layer=site.after,
                site=site.id,
                cause=cause,
                evidence={
                    "dead_units": found.units, "units": found.units, "dead_share": 1.0, "samples": found.samples,
                    "frozen_layers": list(frozen), "certified": proof is not None,
                },
            )

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(600, 10)
y = x[:, :1] * x[:, 1:2]
net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
nn.init.constant_(net[0].bias, -20.0)  # no sample brings any unit above 0
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
for step in range(150):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.mse_loss(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''
    good = bad.replace("nn.init.constant_(net[0].bias, -20.0)  # no sample brings any unit above 0\n", "")

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        STAGES = [
            StackLayer("fc1", 64, 31, "x = torch.relu(self.fc1(x))"),
            StackLayer("fc2", 32, 32, "x = torch.relu(self.fc2(x))", dead=32),
            StackLayer("fc3", 16, 33, "x = torch.relu(self.fc3(x))"),
        ]

        BLOCKED = stack(STAGES)

        def second(**changes: Any) -> Recording:
            return replace(BLOCKED, sites=tuple(replace(site, **changes) if site.id == 1 else site for site in BLOCKED.sites))

        def silent_on(samples: int, first: int) -> Recording:
            return second(silences=(Silence(32, first - 1, first, samples),), recent=window(32, samples, 32, first=first, last=1199))

        def with_residual(recording: Recording) -> Recording:
            """The blocked activation's output is added to its layer's input before it goes on."""
            graph = recording.graphs[0]
            nodes = {node.id: node for node in graph.nodes}
            blocked = next(node for node in graph.nodes if node.site == 1)
            source = next(node for node in graph.nodes if node.site == 0)
            after = next(node for node in graph.nodes if blocked.id in node.inputs)
            nodes[99] = Node(99, "add", "affine", (blocked.id, source.id))
            nodes[after.id] = replace(after, inputs=(99,))
            return replace(recording, graphs=(replace(graph, nodes=tuple(nodes.values())),))

        def as_output(recording: Recording, operation: str) -> Recording:
            """The last activation is the output, behind an affine operation."""
            graph = recording.graphs[0]
            nodes = {node.id: node for node in graph.nodes}
            blocked = next(node for node in graph.nodes if node.site == 1)
            nodes[99] = Node(99, operation, "affine", blocked.inputs)
            nodes[blocked.id] = replace(blocked, inputs=(99,))
            sites = tuple(replace(site, role="output") if site.id == 1 else site for site in recording.sites)
            return replace(recording, sites=sites, graphs=(replace(graph, nodes=tuple(nodes.values())),))

        def bounded(weights: float, bias: float, operation: str = "relu", data: InputStatistics = STANDARDISED) -> Recording:
            """The first layer is dead; it takes these data, with weights up to `weights` and biases up to `bias`."""
            recording = with_input(stack([replace(STAGES[0], dead=64, operation=operation)]), data)
            recording = with_parameter(recording, "fc1.weight", minimum=-weights, maximum=weights)
            return with_parameter(recording, "fc1.bias", maximum=bias)

        return (
            RuleCase(
                "blocked from the start", BLOCKED,
                Expected(
                    "error", "none", 32, layer="fc2", site=1, treatments=("normalise", "swap-activation:leaky_relu"),
                    message="All 32 units after fc2 passed no gradient on 2,432 samples in a row: each fires on fewer than 0.1 % of "
                    "inputs (95 %). Nothing before it learns: fc1, fc2.",
                    evidence={
                        "dead_units": 32, "units": 32, "dead_share": 1.0, "samples": 2432, "frozen_layers": ["fc1", "fc2"],
                        "certified": False,
                    },
                    because="they are silent from the first step: input, weights and biases are of usual size",
                ),
            ),
            RuleCase("one unit lives", stack([STAGES[0], replace(STAGES[1], dead=31), STAGES[2]])),
            RuleCase(
                "99 samples", silent_on(99, 900),
                not_judged="train.py:32: no unit after fc2 passes gradient now, but for some of them this rests on 99 samples; 100 "
                "over two measured steps are needed.",
            ),
            RuleCase(
                "100 samples", silent_on(100, 900),
                Expected("error", "none", 32, because="32 units that had passed gradient fell silent at step 900; no update was large"),
            ),
            RuleCase(
                "one measured step", silent_on(4000, 1199),
                not_judged="train.py:32: no unit after fc2 passes gradient now, but for some of them this rests on 4,000 samples; "
                "100 over two measured steps are needed.",
            ),
            RuleCase(
                "a way around it", with_residual(BLOCKED),
                Expected(
                    "warning", "none", 32, layer="fc2", site=1,
                    message="All 32 units after fc2 passed no gradient on 2,432 samples in a row: each fires on fewer than 0.1 % of "
                    "inputs (95 %). No gradient reaches fc2, while other paths train the rest.",
                    evidence={
                        "dead_units": 32, "units": 32, "dead_share": 1.0, "samples": 2432, "frozen_layers": ["fc2"], "certified": False,
                    },
                ),
            ),
            RuleCase(
                "a hard tanh", second(operation="hardtanh", parameters={"min_val": -1.0, "max_val": 1.0}),
                Expected("error", "none", 32),
            ),
            RuleCase("a tanh is RL203's", second(operation="tanh")),
            RuleCase("a closed gate", second(role="gate", operation="sigmoid")),
            RuleCase("a dead ReLU gate", second(role="gate"), Expected("error", "none", 32)),
            RuleCase("a met hinge", as_output(BLOCKED, "rsub")),
            RuleCase(
                "a dead output", as_output(BLOCKED, "view"),
                Expected(
                    "error", "head-loss-mismatch", 32, treatments=("remove-output-activation",),
                    because="the relu sits on the output, where the loss cannot pull it back from its flat side",
                ),
            ),
            RuleCase(
                "low biases", with_parameter(BLOCKED, "fc2.bias", mean=-12.0, std=0.1),
                Expected(
                    "error", "bias-initialisation", 32, treatments=("reinitialise:he", "normalise"),
                    because="they are silent from the first step: the biases of fc2 start at -12 ± 0.1 where its input spreads a "
                    "unit's pre-activation by 0.6",
                ),
            ),
            RuleCase(
                "a step too large",
                with_parameter(stack([STAGES[0], replace(STAGES[1], silent_from=14), STAGES[2]]), "fc2.bias", largest_update=9.0),
                Expected(
                    "error", "learning-rate", 32, treatments=("lower-learning-rate:0.1", "lower-learning-rate:0.01"),
                    because="32 units that had passed gradient fell silent at step 14; the update at step 0 moved a bias of fc2 by "
                    "15 times the spread that its input gives a unit (SGD with lr 0.1, line 44)",
                ),
            ),
            RuleCase(
                "bounds that prove it", bounded(0.1, -19.3),
                Expected(
                    "error", "none", 31,
                    message="All 64 units after fc1 passed no gradient on 2,432 samples in a row: certified, with inputs up to 3, "
                    "weights up to 0.1 and biases up to -19 none exceeds -0.1. Nothing before it learns: fc1.",
                ),
            ),
            RuleCase(
                "bounds that leave it open", bounded(0.1, -19.1),
                Expected(
                    "error", "none", 31,
                    message="All 64 units after fc1 passed no gradient on 2,432 samples in a row: each fires on fewer than 0.1 % of "
                    "inputs (95 %). Nothing before it learns: fc1.",
                ),
            ),
            RuleCase(
                "weights of 0 and no positive bias", bounded(0.0, 0.0),
                Expected(
                    "error", "none", 31,
                    message="All 64 units after fc1 passed no gradient on 2,432 samples in a row: certified, all its weights are 0 "
                    "and no bias exceeds 0. Nothing before it learns: fc1.",
                ),
            ),
            RuleCase(
                "weights of 0 and a positive bias", bounded(0.0, 0.1),
                Expected(
                    "error", "none", 31,
                    message="All 64 units after fc1 passed no gradient on 2,432 samples in a row: each fires on fewer than 0.1 % of "
                    "inputs (95 %). Nothing before it learns: fc1.",
                ),
            ),
            RuleCase(
                "bounds on an activation with two flat sides", bounded(0.1, -100.0, "relu6"),
                Expected(
                    "error", "none", 31,
                    message="All 64 units after fc1 passed no gradient on 2,432 samples in a row: each fires on fewer than 0.1 % of "
                    "inputs (95 %). Nothing before it learns: fc1.",
                ),
            ),
            RuleCase(
                "bounds on a user's own function", bounded(0.1, -100.0, "custom:Rectify"),
                Expected(
                    "error", "none", 31,
                    message="All 64 units after fc1 passed no gradient on 2,432 samples in a row: each fires on fewer than 0.1 % of "
                    "inputs (95 %). Nothing before it learns: fc1.",
                ),
            ),
            RuleCase(
                "low biases, and no bound on what comes in", with_parameter(BLOCKED, "fc2.bias", maximum=-100.0),
                Expected(
                    "error", "none", 32,
                    message="All 32 units after fc2 passed no gradient on 2,432 samples in a row: each fires on fewer than 0.1 % of "
                    "inputs (95 %). Nothing before it learns: fc1, fc2.",
                ),
            ),
            RuleCase(
                "weights of 0, whatever comes in",
                with_parameter(with_parameter(BLOCKED, "fc2.bias", maximum=-1.0), "fc2.weight", minimum=0.0, maximum=0.0),
                Expected(
                    "error", "none", 32,
                    message="All 32 units after fc2 passed no gradient on 2,432 samples in a row: certified, all its weights are 0 "
                    "and no bias exceeds -1. Nothing before it learns: fc1, fc2.",
                ),
            ),
            RuleCase("a softmax", second(operation="softmax")),
            RuleCase("values are NaN", second(first_non_finite_step=7)),
            RuleCase("a closed gate of another kind", second(role="gate", operation="gelu")),
            RuleCase("a dead output behind a rearrangement", as_output(BLOCKED, "permute"), Expected("error", "head-loss-mismatch", 32)),
            RuleCase("two such networks", twice(BLOCKED), Expected("error", "none", 32), Expected("error", "none", 132)),
        )


SHIFTS = frozenset({"add", "sub", "rsub", "neg"})
"""Operations that turn a score into a margin or a distance: a ReLU behind one of them at the end of the graph is a hinge."""


def _judged(network: Network, site: Site) -> bool:
    """Whether silence of the whole site is a fault: it is none in a gate, in the loss, or in a hinge whose margin is met."""
    if site.first_non_finite_step is not None or site.operation in ("softmax", "log_softmax"):
        return False
    if is_bounded(site) and not has_dead_side(site):
        return False  # a sigmoid or tanh whose slope is rounded to 0 is saturated, which is RL203's matter
    spots = network.spots(site)
    if site.role == "output" or (site.role == "hidden" and not any(_feeds_weights(network, spot) for spot in spots)):
        return not any(_is_hinge(network, spot) for spot in spots)
    return site.role == "hidden" or (site.role == "gate" and site.operation in ("relu", "squared_relu", "relu6"))


def _feeds_weights(network: Network, spot: Spot) -> bool:
    structure = network.structures[spot.graph]
    return any(is_weight(structure.nodes[node]) for node in structure.downstream(spot.node))


def _is_hinge(network: Network, spot: Spot) -> bool:
    structure = network.structures[spot.graph]
    return any(structure.nodes[source].operation in SHIFTS for source in structure.nodes[spot.node].inputs if source in structure.nodes)


def _cut_off(network: Network, site: Site) -> tuple[tuple[str, ...], bool]:
    """Names of the layers that no gradient reaches while the site passes none, and whether it still reaches others before the site."""
    names: dict[str, None] = {}
    reached = False
    for index, structure in enumerate(network.structures):
        blocked = {spot.node for spot in network.spots(site) if spot.graph == index}
        before = set[int]().union(*(structure.upstream(node) for node in blocked))
        past = structure.reached_without(blocked)
        for node in sorted(before, key=structure.position.__getitem__):
            layer = network.layers.get(structure.nodes[node].layer or 0) if is_weight(structure.nodes[node]) else None
            if layer is not None and node in past:
                reached = True
            elif layer is not None:
                names[label(layer)] = None
    return tuple(names), reached


def _consequence(frozen: tuple[str, ...], reached: bool) -> str:
    if not frozen:
        return "Other paths still carry gradient to all that lies before it."
    listed = ", ".join(frozen[:4]) + (f" and {len(frozen) - 4} more" if len(frozen) > 4 else "")
    return f"No gradient reaches {listed}, while other paths train the rest." if reached else f"Nothing before it learns: {listed}."


def certified(network: Network, site: Site) -> str | None:
    """The proof that no pre-activation of `site` exceeds 0, as a clause; None where the bounds leave that open.

    z ≤ max b + n · max |w| · max |x| with n inputs, the parameters as they were measured last and the data as they were seen. Weights
    that are all 0 need no bound on the input.
    """
    layer = network.layer_of(site)
    activation = curve(site)
    if layer is None or activation is None or activation.traits.dead_side != "below" or activation.slope(0.0) != 0:
        return None
    weight, bias = _last(network, layer.weight), _last(network, layer.bias)
    if weight is None or (layer.bias is not None and bias is None):
        return None
    highest, largest = bias.maximum if bias is not None else 0.0, max(abs(weight.minimum), abs(weight.maximum))
    if largest == 0 and highest <= 0:
        return f"all its weights are 0 and no bias exceeds {size(highest)}"
    if layer.input is None or layer.fan_in <= 0:
        return None
    reach = max(abs(layer.input.minimum), abs(layer.input.maximum))
    bound = highest + layer.fan_in * largest * reach
    if not bound < 0:
        return None
    return f"with inputs up to {size(reach)}, weights up to {size(largest)} and biases up to {size(highest)} none exceeds {size(bound)}"


def _last(network: Network, parameter: int | None) -> ParameterMoment | None:
    found = network.parameters.get(parameter) if parameter is not None else None
    return max(found.moments, key=lambda moment: moment.step) if found is not None and found.moments else None
