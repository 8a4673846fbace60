"""RL303: NaN or Inf, and where they appear first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reluctant.recording import Cause, Finding, Location, LossCurve, LossPoint, Node, NotJudged, Recording, Site
from reluctant.recording.example import RAW, SCRIPT, StackLayer, stack, twice, with_input

from ._causes import why_blown_up
from ._network import Network, build_network, label, place_of
from ._progress import ends_non_finite, graphs_of, layers_of, loss_place
from ._rule import Rule
from .testing import Expected, RuleCase


class NonFiniteValues(Rule):
    """The loss becomes NaN or Inf.

    ## What it does

    Finds the first step at which a loss that backward was called on is NaN or Inf, and the first place in the network where
    such values appear at that step or before: an activation, or only the loss itself.

    ## Why is this bad?

    A NaN in the loss makes every gradient NaN, and the next step writes it into every weight. From there on nothing is learned.

    ## How it decides

    By the loss. A NaN or Inf inside the network that never reaches it (a masked attention score, a branch that is selected
    away) is no finding. An error where the loss ends that way; a warning where it became finite again, as with gradient scaling
    that skips such steps. Where every activation turns non-finite at the same step as the first one of the network, the weights
    already were, and the loss's line is named.

    ## Remedy

    As the cause says: a lower learning rate, scaled inputs, weights at their usual size. A division by 0, a logarithm of 0 or a
    root at 0 in the code of the loss needs a small constant.

    ## When to ignore it

    Where the script provokes it.

    ## References

    Micikevicius et al., "Mixed Precision Training", ICLR 2018, arXiv:1710.03740.
    """

    code = "RL303"
    severity = "error"
    follows_from = ("RL302", "RL305", "RL304")

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each line that calls backward on such a loss."""
        network = build_network(recording)
        reported: set[object] = set()
        for curve in recording.loss_curves:
            step = curve.first_non_finite_step
            if step is None or curve.root in reported:
                continue
            reported.add(curve.root)
            lasts = ends_non_finite(curve)
            cause = why_blown_up(network, layers_of(network, curve), step)
            root = _singular(network, curve, step) if cause.kind == "none" else None
            site = _first_site(network, curve, step) if root is None else None
            where = f"first in the output of {site.operation} after {label(site)}" if site is not None else "in the loss"
            if root is not None:
                cause = Cause("none", f"{root.operation} has no finite slope there, while all values up to then are of usual size")
                where = f"first in the gradient, a step after {root.operation} met a value at which its slope is infinite"
            then = ", and the loss stays so to the end." if lasts else "; the loss is finite again later."
            yield self.finding(
                f"Values become NaN or Inf at step {step}, {where}{then}",
                root.place if root is not None else place_of(site) if site is not None else loss_place(network, curve),
                severity="error" if lasts else "warning",
                layer=site.after if site is not None else "",
                site=site.id if site is not None else None,
                cause=cause,
                evidence={"first_non_finite_step": step, "lasts": lasts},
            )

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(600, 10)
y = torch.randint(0, 3, (600,))
net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 3))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(60):
    rows = torch.randint(0, 600, (50,))
    p = net(x[rows]).softmax(1)
    loss = -(p[range(50), y[rows]] - 0.3).log().mean()  # the logarithm of a negative number
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''
    good = bad.replace("- 0.3).log().mean()  # the logarithm of a negative number", "+ 1e-8).log().mean()")

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        NET = stack([StackLayer(f"fc{index}", 40, 30 + index, "x = torch.relu(fc(x))") for index in (1, 2, 3)])

        def lost(first: int | None, sites: dict[int, int], last: bool = True, recording: Recording = NET) -> Recording:
            """The loss is not finite from step `first` on, or at that step only, the sites from the steps given by their ids."""
            points = [LossPoint(0, 2.3, 2.3, 2.3)]
            if first is not None:
                points += [
                    LossPoint(first, None, None, None, non_finite=1),
                    LossPoint(1199, None if last else 1.0, None, None, non_finite=int(last)),
                ]
            curve = replace(recording.loss_curves[0], points=tuple(points), first_non_finite_step=first)
            seen = tuple(replace(site, first_non_finite_step=sites.get(site.id)) for site in recording.sites)
            return replace(recording, sites=seen, loss_curves=(curve,))

        def in_backward(operation: str, step: int) -> Recording:
            """The gradient is not finite from `step` on, the loss from 12 on; `operation` stands at line 40 before the loss."""
            recording = lost(12, {0: 12, 1: 12, 2: 12})
            graph = recording.graphs[0]
            nodes = {node.id: node for node in graph.nodes}
            nodes[99] = Node(99, operation, "elementwise", nodes[0].inputs, place=Location(SCRIPT, 40))
            nodes[0] = replace(nodes[0], inputs=(99,))
            layers = tuple(
                replace(
                    layer,
                    moments=tuple(
                        replace(moment, step=index, output_gradient_rms=math.nan if index >= step else 0.01)
                        for index, moment in enumerate(layer.moments)
                    ),
                )
                for layer in recording.layers
            )
            return replace(recording, layers=layers, graphs=(replace(graph, nodes=tuple(nodes.values())),))

        return (
            RuleCase("all finite", lost(None, {})),
            RuleCase("a site that does not reach the loss", lost(None, {1: 10})),
            RuleCase(
                "only the loss", lost(12, {}),
                Expected(
                    "error", "none", 54, layer="", treatments=(),
                    message="Values become NaN or Inf at step 12, in the loss, and the loss stays so to the end.",
                    evidence={"first_non_finite_step": 12, "lasts": True},
                    because="input, signal and weights are of usual size at the start, and no update was large",
                ),
            ),
            RuleCase(
                "the second site first", lost(12, {1: 12, 2: 12}),
                Expected(
                    "error", "none", 32, layer="fc2", site=1,
                    message="Values become NaN or Inf at step 12, first in the output of relu after fc2, and the loss stays so to "
                    "the end.",
                    evidence={"first_non_finite_step": 12, "lasts": True},
                ),
            ),
            RuleCase("the third site earlier", lost(12, {1: 12, 2: 11}), Expected("error", "none", 33)),
            RuleCase("all sites at once: the weights were", lost(12, {0: 12, 1: 12, 2: 12}), Expected("error", "none", 54)),
            RuleCase(
                "a root at 0", in_backward("sqrt", 11),
                Expected(
                    "error", "none", 40, layer="",
                    message="Values become NaN or Inf at step 12, first in the gradient, a step after sqrt met a value at which its "
                    "slope is infinite, and the loss stays so to the end.",
                    evidence={"first_non_finite_step": 12, "lasts": True},
                    because="sqrt has no finite slope there, while all values up to then are of usual size",
                ),
            ),
            RuleCase("the gradient was finite before", in_backward("sqrt", 12), Expected("error", "none", 54)),
            RuleCase("no operation could be to blame", in_backward("sin", 11), Expected("error", "none", 54)),
            RuleCase(
                "finite again later", lost(12, {}, last=False),
                Expected(
                    "warning", "none", 54, layer="",
                    message="Values become NaN or Inf at step 12, in the loss; the loss is finite again later.",
                    evidence={"first_non_finite_step": 12, "lasts": False},
                ),
            ),
            RuleCase(
                "raw data", lost(12, {}, recording=with_input(NET, RAW)),
                Expected(
                    "error", "input-scale", 54, treatments=("scale-input", "normalise"),
                    because="fc1 takes raw data (values from 0 to 1,700, mean 120, standard deviation 300; initialisation expects "
                    "about 1): a step changes the output by as much as the square of that scale",
                ),
            ),
            RuleCase("two such networks", twice(lost(12, {})), Expected("error", "none", 54), Expected("error", "none", 154)),
        )


SINGULAR = ("sqrt", "norm", "linalg_vector_norm", "cdist", "euclidean_dist", "rsqrt", "log", "acos", "asin", "std", "div", "pow")
"""Operations whose slope is infinite or undefined at some value, those that fail most often first."""


def _singular(network: Network, curve: LossCurve, step: int) -> Node | None:
    """The operation that turned a finite loss into gradients that are not: one of `SINGULAR`, of these the nearest to the loss.

    None where gradients were not measured before the loss was lost, or were finite until then.
    """
    gradients = (
        moment.step
        for layer in layers_of(network, curve)
        for moment in layer.moments
        if moment.output_gradient_rms is not None and not math.isfinite(moment.output_gradient_rms)
    )
    if min(gradients, default=step) >= step:
        return None
    graphs = graphs_of(network, curve)
    nodes = [
        structure.nodes[node] for structure in network.structures if structure.graph.id in graphs for node in reversed(structure.order)
    ]
    risky = [node for node in nodes if node.operation in SINGULAR and node.place is not None]
    return min(risky, key=lambda node: SINGULAR.index(node.operation), default=None)


def _first_site(network: Network, curve: LossCurve, step: int) -> Site | None:
    """The first activation that is not finite though what lies before it is, at `step` or before; None where the weights or the loss
    were first.
    """
    touched = [site for site in network.sites_in_order() if site.first_non_finite_step is not None and site.first_non_finite_step <= step]
    if not touched or not _concerns(network, curve, touched[0]):
        return None
    earliest = min(site.first_non_finite_step or 0 for site in touched)
    first = next(site for site in touched if site.first_non_finite_step == earliest)
    spots = network.spots(first)
    before = [
        site for site in network.recording.sites if site is not first and network.precedes(network.spots(site), spots)
    ]
    return first if before or first.calls > 1 else None


def _concerns(network: Network, curve: LossCurve, site: Site) -> bool:
    return bool(graphs_of(network, curve) & network.graph_ids(network.spots(site)))
