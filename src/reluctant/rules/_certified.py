"""Whether a dead layer can be proved dead, from bounds on its input, weights and biases."""

from __future__ import annotations

from reluctant.numbers import size
from reluctant.recording import ParameterMoment, Site

from ._curves import curve
from ._network import Network


def certified(known: Network, site: Site) -> str | None:
    """The proof that no pre-activation of `site` exceeds 0, as a clause; None where the bounds leave that open.

    z ≤ max b + n · max |w| · max |x| with n inputs, the parameters as they were measured last and the data as they were seen. Weights
    that are all 0 need no bound on the input.
    """
    layer = known.layers.get(site.layer) if site.layer is not None else None
    activation = curve(site)
    if layer is None or activation is None or activation.traits.dead_side != "below" or activation.slope(0.0) != 0:
        return None
    weight, bias = _last(known, layer.weight), _last(known, layer.bias)
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


def _last(known: Network, parameter: int | None) -> ParameterMoment | None:
    found = known.parameters.get(parameter) if parameter is not None else None
    return max(found.moments, key=lambda moment: moment.step) if found is not None and found.moments else None
