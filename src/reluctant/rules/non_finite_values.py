"""RL303: NaN or Inf, and where they appear first."""

from __future__ import annotations

import math
from collections.abc import Iterator

from reluctant.recording import Cause, Finding, LossCurve, Node, NotJudged, Recording, Site

from ._causes import why_blown_up
from ._network import Network, label, network, place_of
from ._progress import ends_non_finite, graphs_of, layers_of, loss_place
from ._rule import Rule


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
        known = network(recording)
        told: set[object] = set()
        for curve in recording.loss_curves:
            step = curve.first_non_finite_step
            if step is None or curve.root in told:
                continue
            told.add(curve.root)
            lasts = ends_non_finite(curve)
            cause = why_blown_up(known, layers_of(known, curve), step)
            root = _singular(known, curve, step) if cause.kind == "none" else None
            site = _first_site(known, curve, step) if root is None else None
            where = f"first in the output of {site.operation} after {label(site)}" if site is not None else "in the loss"
            if root is not None:
                cause = Cause("none", f"{root.operation} has no finite slope there, while all values up to then are of usual size")
                where = f"first in the gradient, a step after {root.operation} met a value at which its slope is infinite"
            then = ", and the loss stays so to the end." if lasts else "; the loss is finite again later."
            yield self.found(
                f"Values become NaN or Inf at step {step}, {where}{then}",
                root.place if root is not None else place_of(site) if site is not None else loss_place(known, curve),
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
    good = '''
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
    loss = -(p[range(50), y[rows]] + 1e-8).log().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''


SINGULAR = ("sqrt", "norm", "linalg_vector_norm", "cdist", "euclidean_dist", "rsqrt", "log", "acos", "asin", "std", "div", "pow")
"""Operations whose slope is infinite or undefined at some value, those that fail most often first."""


def _singular(known: Network, curve: LossCurve, step: int) -> Node | None:
    """The operation that turned a finite loss into gradients that are not: one of `SINGULAR`, of these the nearest to the loss.

    None where gradients were not measured before the loss was lost, or were finite until then.
    """
    gradients = (
        moment.step
        for layer in layers_of(known, curve)
        for moment in layer.moments
        if moment.output_gradient_rms is not None and not math.isfinite(moment.output_gradient_rms)
    )
    if min(gradients, default=step) >= step:
        return None
    graphs = graphs_of(known, curve)
    nodes = [held.nodes[node] for held in known.structures if held.graph.id in graphs for node in reversed(held.order)]
    risky = [node for node in nodes if node.operation in SINGULAR and node.place is not None]
    return min(risky, key=lambda node: SINGULAR.index(node.operation), default=None)


def _first_site(known: Network, curve: LossCurve, step: int) -> Site | None:
    """The first activation that is not finite though what lies before it is, at `step` or before; None where the weights or the loss
    were first.
    """
    touched = [site for site in known.sites_in_order() if site.first_non_finite_step is not None and site.first_non_finite_step <= step]
    if not touched or not _concerns(known, curve, touched[0]):
        return None
    earliest = min(site.first_non_finite_step or 0 for site in touched)
    first = next(site for site in touched if site.first_non_finite_step == earliest)
    spots = known.site_spots.get(first.id, ())
    before = [site for site in known.recording.sites if site is not first and known.precedes(known.site_spots.get(site.id, ()), spots)]
    return first if before or first.calls > 1 else None


def _concerns(known: Network, curve: LossCurve, site: Site) -> bool:
    return bool(graphs_of(known, curve) & known.graph_ids(known.site_spots.get(site.id, ())))
