"""Output heads: for each loss, what stands between the last weights and the values that it compares with the targets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reluctant.recording import Cause, Finding, Location, Loss, Node, Recording, Severity, Site, ValueStatistics

from ._activation_at import curve
from ._graph import Structure
from ._network import Network, build_network, numbered, place_of
from ._rule import Rule
from ._value_range import EVERYWHERE, ValueRange, exp, hull, increasing, keeps_values, reach

DIFFERENCES = frozenset({"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "gaussian_nll_loss", "poisson_nll_loss"})
"""Losses that compare a prediction with a target number by number."""

LOGIT_LOSSES = frozenset({"binary_cross_entropy_with_logits", "soft_margin_loss", "multilabel_soft_margin_loss"})
"""Losses that apply a sigmoid, or its logarithm, themselves."""

JOINING = frozenset({"cat", "stack", "concat"})
"""Operations that lay several values side by side."""

TOLERANCE = 1e-3
"""By how much, relative to the width, seen predictions may leave an interval before the interval is taken for wrong."""


@dataclass(frozen=True, slots=True)
class Head:
    """One loss call and the operations in front of it."""

    loss: Loss
    chain: tuple[Node, ...]
    """From the predictions back to the last weights: operations on one value, the one nearest to the loss first."""
    sites: tuple[Site, ...]
    """The activations of `chain`, in its order."""
    network: Network
    structure: Structure | None

    @property
    def interval(self) -> ValueRange:
        """The values that predictions can take; everything where that is not known or is disproved by what was seen."""
        if self.loss.scores is None:
            return EVERYWHERE
        found = self.reach(self.loss.scores)
        return found if _agrees(found, self.loss.predictions) else EVERYWHERE

    @property
    def target_interval(self) -> ValueRange:
        """The targets that predictions can equal: `interval`, or its exponential where the loss takes predictions for logarithms.

        Where it is not known whether a Poisson loss does, a target counts as reachable if either reading reaches it.
        """
        if self.loss.kind != "poisson_nll_loss":
            return self.interval
        of_logarithms = increasing(exp, self.interval)
        log_input = self.loss.options.get("log_input")
        if log_input is None:
            return hull(self.interval, of_logarithms)
        return of_logarithms if log_input else self.interval

    @property
    def compares(self) -> bool:
        """Whether the loss compares predictions with targets number by number."""
        return self.loss.kind in DIFFERENCES or (self.loss.kind == "custom" and self.loss.handwritten and self.loss.targets is not None)

    @property
    def site(self) -> Site | None:
        """The activation nearest to the loss."""
        return self.sites[0] if self.sites else None

    @property
    def single_class(self) -> bool:
        """Whether the loss or a softmax before it has one class only, which makes every other question void."""
        if self.loss.kind == "cross_entropy" and self.loss.classes == 1:
            return True
        return any(site.operation in ("softmax", "log_softmax") and site.parameters.get("classes") == 1 for site in self.sites)

    @property
    def class_scores(self) -> int | None:
        """The node whose values are normalised over the classes as logits: by the loss, or by the log_softmax in front of an NLL loss."""
        if self.loss.kind == "cross_entropy":
            return self.loss.scores
        if self.loss.kind != "nll_loss":
            return None
        for node in self.chain:
            if node.kind == "activation" and node.operation in ("log_softmax", "softmax"):
                return node.inputs[0] if node.inputs else None
            if node.operation != "log" and not keeps_values(node):
                return None
        return None

    @property
    def score_sites(self) -> tuple[Site, ...]:
        """The activations of `chain` from `class_scores` back."""
        start = next((index for index, node in enumerate(self.chain) if node.id == self.class_scores), len(self.chain))
        return tuple(self.network.sites[node.site] for node in self.chain[start:] if node.site in self.network.sites)

    def reach(self, node: int) -> ValueRange:
        """The values that a node of the same graph can take."""
        return reach(self.structure.nodes, self.network.sites, node) if self.structure else EVERYWHERE

    def before(self, site: Site) -> ValueRange:
        """The values that can enter `site`."""
        node = self._node_of(site)
        return self.reach(node.inputs[0]) if node and node.inputs else EVERYWHERE

    def after(self, site: Site) -> ValueRange:
        """The values that can leave `site`."""
        node = self._node_of(site)
        return self.reach(node.id) if node else EVERYWHERE

    def place(self, site: Site | None = None) -> Location:
        """The line a user would edit: that of `site` where there is one, else that of the loss."""
        found = place_of(site) if site is not None else place_of(self.loss)
        return found if found.line else place_of(self.loss)

    def _node_of(self, site: Site) -> Node | None:
        return next((node for node in self.chain if node.site == site.id), None)


def heads(recording: Recording) -> tuple[Head, ...]:
    """The heads of a recording. One line's calls in several graphs count as one: the one that saw most values stands for them."""
    network = build_network(recording)
    found: dict[object, Head] = {}
    for loss in recording.losses:
        head = _head(loss, network)
        line = place_of(loss)
        same = (line.file, line.line, loss.kind, tuple(site.id for site in head.sites)) if line.line else loss.id
        if same not in found or _seen(loss) > _seen(found[same].loss):
            found[same] = head
    return tuple(found.values())


def _head(loss: Loss, network: Network) -> Head:
    structure = next((structure for structure in network.structures if structure.graph.id == loss.graph), None)
    chain = tuple(_chain(structure, loss.scores)) if structure and loss.scores is not None else ()
    sites = tuple(network.sites[node.site] for node in chain if node.site is not None and node.site in network.sites)
    return Head(loss, chain, tuple(site for site in sites if site.role != "loss"), network, structure)


def _chain(structure: Structure, start: int) -> Iterator[Node]:
    """The nodes from `start` back to where values come from weights or from several places."""
    seen: set[int] = set()
    current: int | None = start
    while current is not None and current in structure.nodes and current not in seen:
        seen.add(current)
        node = structure.nodes[current]
        if not _passes(node):
            return
        yield node
        current = _source(structure, node)


def _passes(node: Node) -> bool:
    """Whether the node maps one value to one value in a way that leaves the question of the head open."""
    if node.kind in ("activation", "elementwise", "dropout", "pooling"):
        return True
    return node.kind == "affine" and (keeps_values(node) or node.scale is not None or node.operation in ("neg", "sum"))


def _source(structure: Structure, node: Node) -> int | None:
    """The node before `node`; where values are laid side by side, the first if all come through the same activation.

    Values that were joined several times over are not followed: the number of ways through them grows without limit.
    """
    inputs = [source for source in node.inputs if source in structure.nodes]
    if len(inputs) <= 1:
        return inputs[0] if inputs else None
    if node.operation not in JOINING:
        return None
    firsts = {_first_site(structure, source) for source in inputs}
    return inputs[0] if len(firsts) == 1 and None not in firsts else None


def _first_site(structure: Structure, start: int) -> int | None:
    """The activation met first on the way back from `start` over operations of one input."""
    current = start
    while current in structure.nodes and _passes(structure.nodes[current]) and len(structure.nodes[current].inputs) == 1:
        if structure.nodes[current].site is not None:
            return structure.nodes[current].site
        current = structure.nodes[current].inputs[0]
    return None


def _agrees(interval: ValueRange, seen: ValueStatistics | None) -> bool:
    if seen is None:
        return True
    slack = TOLERANCE * (interval.width if interval.bounded else 1.0)
    return interval.lower - slack <= seen.minimum and seen.maximum <= interval.upper + slack


def _seen(loss: Loss) -> int:
    return loss.predictions.count if loss.predictions else 0


def named(site: Site) -> str:
    """The activation as a phrase: ``softmax after fc2``."""
    return f"{site.operation} after {numbered(site.after)}" if site.after else site.operation


def last_seen(loss: Loss) -> str:
    """The last value of the loss, for the end of a sentence; empty where none was seen."""
    return f" It was last seen at {loss.last_loss:.4g}." if loss.last_loss is not None else ""


def head_finding(
    rule: Rule,
    head: Head,
    message: str,
    *,
    site: Site | None = None,
    severity: Severity | None = None,
    cause: Cause,
    evidence: Mapping[str, Any],
) -> Finding:
    """A finding of `rule` about a head: placed at `site` where there is one, else at the loss."""
    return rule.finding(
        message,
        head.place(site),
        severity=severity or rule.severity,
        layer=site.after if site else "",
        site=site.id if site else None,
        evidence={"loss": head.loss.kind, **evidence},
        cause=cause,
    )


CLIPS = frozenset({"clamp", "hardtanh", "hardsigmoid"})
"""Activations that may cut off on both sides of the range that predictions need; relu6 cuts off so far up that it counts as a ReLU."""


def cuts(site: Site) -> bool:
    """Whether the slope is exactly 0 below some point, so that a unit that stays there gets no gradient."""
    activation = curve(site)
    return activation.traits.dead_side in ("below", "both") if activation is not None else site.operation == "maximum"


def rectifies(site: Site) -> bool:
    """Whether the activation is bounded below, and either cuts off there or grows without limit above."""
    activation = curve(site)
    if activation is None or cuts(site):
        return cuts(site)
    return math.isfinite(activation.traits.range.lower) and activation.traits.range.upper == math.inf


def rectifier(head: Head) -> Site | None:
    """The activation that gives the output its lower end: one that rectifies values without a lower end.

    A `clamp` that only guards a logarithm or a root follows on a sigmoid, softmax or square and is none.
    """
    for site in head.sites:
        if rectifies(site) and not head.before(site).bounded_below and head.after(site).bounded_below:
            return site
    return None


def clips(head: Head, site: Site) -> bool:
    """Whether the site cuts off on both sides, as a hardtanh does."""
    return site.operation in CLIPS and head.after(site).bounded
