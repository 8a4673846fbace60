"""What mean-field theory says of gradients in a wide network: χ, layer by layer.

With independent weights of variance σ_w²/n and biases of variance σ_b², what enters layer l + 1 has the mean square
q_{l+1} = σ_w² E[f(√q_l z)²] + σ_b², and going back through layer l multiplies the mean square of the gradient by
χ_l = σ_w² E[f'(√q_l z)²], z normal
(Poole, Lahiri, Raghu, Sohl-Dickstein, Ganguli: Exponential expressivity in deep neural networks through transient
chaos, NIPS 2016; Schoenholz, Gilmer, Ganguli, Sohl-Dickstein: Deep Information Propagation, ICLR 2017).
"""

from __future__ import annotations

import math
from functools import lru_cache

from reluctant.activations import Activation, expectation

from ._networks import Initialisation

WEIGHT_VARIANCE: dict[Initialisation, float] = {"default": 1 / 3, "glorot": 1.0, "he": 2.0}
"""σ_w² of a layer with as many inputs as outputs: n times the variance of its weights."""


def bias_variance(initialisation: Initialisation, width: int) -> float:
    """σ_b²: `nn.Linear` draws its biases as it draws its weights; the other two set them to 0."""
    return 1 / (3 * width) if initialisation == "default" else 0.0


def gradient_by_layer(activation: Activation, initialisation: Initialisation, depth: int, width: int) -> tuple[float, ...]:
    """The predicted root mean square of the gradient at each layer's input to its activation, as a multiple of the last layer's.

    The network's inputs have mean square 1.
    """
    weights, biases = WEIGHT_VARIANCE[initialisation], bias_variance(initialisation, width)
    q = weights + biases
    factors = []
    for _ in range(depth - 1):
        factors.append(weights * activation.mean_square_slope(math.sqrt(q)))
        q = weights * _mean_square(activation, math.sqrt(q)) + biases
    sizes = [1.0]
    for factor in reversed(factors):
        sizes.append(sizes[-1] * math.sqrt(factor))
    return tuple(reversed(sizes))


@lru_cache(maxsize=4096)
def _mean_square(activation: Activation, sigma: float) -> float:
    """E[f(z)²] for z ~ N(0, sigma²)."""
    c = activation.curve
    return expectation(lambda x: c.f(x) ** 2, bends=c.bends, sigma=sigma)
