"""Whether a site was measured late enough to say anything about the state that training ended in."""

from __future__ import annotations

from reluctant.numbers import count
from reluctant.recording import Site

from ._network import Network, label, where

LATE = 0.5
"""Share of a site's steps after which it must have been measured last: units that are silent early may come to life."""


def unseen_end(network: Network, site: Site) -> str:
    """Why nothing can be said about how the site ended, as a sentence; empty where it was measured in the later half of its life."""
    if site.recent is None or site.whole is None:
        return ""
    first, last = site.whole.first_step, site.recent.last_step
    steps = _life(network, site)
    if last - first >= LATE * (steps - 1):
        return ""
    return (
        f"{where(site)}: {site.operation} after {label(site)} was measured last at step {count(last)} of {count(first + steps)}, "
        "so its state at the end is not known. A larger --budget measures later steps too."
    )


def _life(network: Network, site: Site) -> int:
    """Steps that the layer before the site was trained for: of the optimizer that holds its weights, where that is known."""
    layer = network.layer_of(site)
    weight = network.parameters.get(layer.weight) if layer is not None and layer.weight is not None else None
    own = [optimizer.steps for optimizer in network.recording.optimizers if weight is not None and optimizer.id == weight.optimizer]
    return own[0] if own and own[0] else network.recording.steps
