"""Latent distributions whose mean or log-variance is rectified: outputs that feed the loss by a second way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reluctant.recording import Location, Node, Recording, Site

from ._graph import Structure, is_weight
from ._network import Network, build_network, place_of
from ._output_head import cuts, named
from ._value_range import keeps_values, reach


@dataclass(frozen=True, slots=True)
class RectifiedLatent:
    """One rectified parameter of a latent distribution."""

    site: Site
    place: Location
    message: str


def rectified_latents(recording: Recording) -> Iterator[RectifiedLatent]:
    """The rectified log-variances of a recording, and the rectified means that their noise is added to; each site once."""
    network = build_network(recording)
    reported: set[int] = set()
    for structure in network.structures:
        for latent in _in_graph(structure, network):
            if latent.site.id not in reported:
                reported.add(latent.site.id)
                yield latent


def _in_graph(structure: Structure, network: Network) -> Iterator[RectifiedLatent]:
    """A log-variance is told by its exponential, and by a way from it to the loss that meets no weights (its penalty)."""
    direct = structure.reached_without(node.id for node in structure.nodes.values() if is_weight(node))
    for spread in structure.nodes.values():
        if spread.operation != "exp":
            continue
        for source in structure.nearest_upstream(spread.id, lambda node: node.kind == "activation", _grows_with):
            site = _rectified(structure, source, network)
            if site is None or source not in direct:
                continue
            yield RectifiedLatent(
                site,
                place_of(site),
                f"The {named(site)} is the logarithm of a scale, and its exponential feeds the loss: it cannot be negative, "
                "so the scale never falls below 1.",
            )
            yield from _means(structure, spread, direct, network)


def _means(structure: Structure, spread: Node, direct: set[int], network: Network) -> Iterator[RectifiedLatent]:
    """The rectified activations to which noise of this spread is added."""
    for node in structure.nodes.values():
        if node.operation not in ("add", "addcmul") or not _has_product_of(structure, node, spread):
            continue
        for source in structure.nearest_upstream(node.id, lambda found: found.kind == "activation", keeps_values):
            site = _rectified(structure, source, network)
            if site is not None and source in direct:
                yield RectifiedLatent(
                    site,
                    place_of(site),
                    f"The {named(site)} is the mean of a latent variable and feeds the loss a second time: it cannot be negative, "
                    "and a unit that is 0 on all rows gets no gradient.",
                )


def _has_product_of(structure: Structure, node: Node, spread: Node) -> bool:
    """Whether one summand of `node` is a product with `spread`."""
    products = structure.nearest_upstream(node.id, lambda found: found.kind == "product" or found.operation == "mul", keeps_values)
    return any(spread.id in structure.nearest_upstream(product, lambda found: found.id == spread.id, _grows_with) for product in products)


def _grows_with(node: Node) -> bool:
    """Whether the node keeps the sign of what passes: a rearrangement, or a product with a positive constant."""
    return keeps_values(node) or (node.kind == "affine" and node.scale is not None and node.scale > 0.0)


def _rectified(structure: Structure, node: int, network: Network) -> Site | None:
    """The site at `node` if it cuts values off at 0 or above.

    Softplus does not: a positive mean may be meant, and no unit of it is stuck.
    """
    number = structure.nodes[node].site
    site = network.sites.get(number) if number is not None else None
    return site if site is not None and cuts(site) and reach(structure.nodes, network.sites, node).lower >= 0.0 else None
