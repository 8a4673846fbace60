"""A page for each activation, and the table of all."""

from __future__ import annotations

from collections.abc import Iterator

from reluctant.activations import Activation, all_activations, page
from reluctant.numbers import constant

INTRODUCTION = """\
# Activations

The catalogue. A definition gives the formula, its slope and where it comes from; gain, range, flat and dead regions and kinks
are computed from these. `reluctant activation elu` prints these pages, with any parameters: `reluctant activation 'elu(alpha=0.5)'`.

*Gain* is the factor on the scale of the weights that keeps the second moment from layer to layer. On its *dead side* the slope is
exactly 0: a unit that is there on every sample receives no gradient.
"""


def activation_pages() -> dict[str, str]:
    """The text of each page by its path."""
    pages = {f"activations/{activation.name}.md": page(activation) for activation in all_activations()}
    return {"activations/index.md": "\n".join(_index(all_activations())), **pages}


def _index(activations: tuple[Activation, ...]) -> Iterator[str]:
    yield INTRODUCTION
    yield from ("| name | f(x) | range | gain | dead side | largest slope |", "|---|---|---|---:|---|---:|")
    for activation in activations:
        traits = activation.traits
        formula = activation.formulas[0].replace("|", r"\|")
        cells = (str(traits.range), constant(traits.gain), traits.dead_side, constant(traits.largest_slope))
        yield f"| [{activation.name}]({activation.name}.md) | `{formula}` | {' | '.join(cells)} |"
