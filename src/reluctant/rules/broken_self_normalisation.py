"""RL503."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reluctant.numbers import count, size
from reluctant.recording import Cause, Finding, Node, Recording, Site
from reluctant.recording.example import StackLayer, stack, twice, with_parameter

from ._graph import is_affine
from ._initialisation import weight_scale
from ._network import Network, build_network, place_of
from ._rule import Rule
from .testing import Expected, RuleCase

SCALE = 1.0507009873554805
ALPHA = 1.6732632423543772
"""λ and α of SELU (Klambauer et al. 2017, equation 2 and section 2)."""


class BrokenSelfNormalisation(Rule):
    """SELU is used without LeCun's initialisation, or with ordinary dropout, so that it does not normalise itself.

    ## What it does

    Looks at the weights in front of SELUs before the first update, and at the dropout behind them.

    ## Why is this bad?

    SELU's two constants are chosen so that mean 0 and variance 1 are a fixed point from layer to layer, for weights
    with variance 1/n for n inputs (τ = n·Var(w) = 1). With small signals its mean squared slope is λ²(1 + α²)/2 =
    2.10, with large ones λ²/2 = 0.55. So for τ at or below 1/2.10 = 0.48 every signal shrinks towards 0 from layer to
    layer, and for τ at or above 1/0.55 = 1.81 every signal grows without limit: no fixed point is left. PyTorch's
    default for Linear has τ = 1/3, He's initialisation τ = 2. Ordinary dropout sets units to 0, which is not where
    SELU saturates, and moves mean and variance at every layer; alpha dropout sets them to −λα and corrects both.

    ## How it decides

    By the closed form, on the median τ of all SELU layers that follow weights directly (without a normalisation
    between), when there are at least two. Dropout is told by its name. Each is a warning of its own, since each stays when the other is
    mended.

    ## Remedy

    `nn.init.kaiming_normal_(weight, nonlinearity="linear")` (that is LeCun's: variance 1/n), biases 0, standardised
    inputs, and `nn.AlphaDropout`. Or another activation with a normalisation layer.

    ## When to ignore it

    When normalisation layers or short depth make self-normalisation unnecessary; then ELU or GELU do as well.

    ## Sources

    Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural networks" (2017), sections 2 and 3: theorem 1,
    "Initialization", "New dropout technique".
    """

    code = "RL503"
    severity = "warning"
    harms_loss = False
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 8)
y = (x[:, 0] * x[:, 1] > 0).long()
layers = []
for width in (8, 32, 32, 32):
    layers += [nn.Linear(width, 32), nn.SELU(), nn.Dropout(0.1)]
model = nn.Sequential(*layers, nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
for step in range(60):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = bad.replace(
        "nn.Dropout(0.1)]",
        '''nn.AlphaDropout(0.1)]
    nn.init.kaiming_normal_(layers[-3].weight, nonlinearity="linear")
    nn.init.zeros_(layers[-3].bias)''',
    )

    LOWEST = 2.0 / (SCALE**2 * (1.0 + ALPHA**2))
    """τ at which a small signal stops growing: with less, the only fixed point is 0."""

    HIGHEST = 2.0 / SCALE**2
    """τ at which a large signal stops shrinking: with more, there is no fixed point."""

    LEAST_LAYERS = 2
    """SELU layers from which a signal passes from one to the next."""

    def check(self, recording: Recording) -> Iterator[Finding]:
        """Yield a finding if the weights of the SELU layers undo self-normalisation, and one if the dropout behind them does."""
        network = build_network(recording)
        sites = [site for site in network.sites_in_order() if site.operation == "selu"]
        variances = [variance for site in sites if (variance := _weight_variance(site, network)) is not None]
        median = statistics.median(variances) if len(variances) >= self.LEAST_LAYERS else None
        if median is not None and not self.LOWEST < median < self.HIGHEST:
            yield self._unfit_weights(sites[0], median, len(variances))
        if dropped := [site for site in sites if _followed_by_dropout(site, network)]:
            yield self._ordinary_dropout(dropped)

    def _unfit_weights(self, site: Site, median: float, layers: int) -> Finding:
        fate = "shrinks towards 0" if median <= self.LOWEST else "grows without limit"
        why = (
            f"the weights before {layers} SELU layers start with variance {size(median)} / fan_in where SELU asks for 1 / fan_in, "
            f"and outside of {size(self.LOWEST)} to {size(self.HIGHEST)} the signal {fate} from layer to layer"
        )
        return self.finding(
            f"SELU does not normalise itself here: {why}.",
            place_of(site),
            layer=site.after,
            site=site.id,
            evidence={"weight_variance_times_fan_in": median, "lowest": self.LOWEST, "highest": self.HIGHEST, "layers": layers},
            cause=Cause("initialisation", why),
        )

    def _ordinary_dropout(self, sites: Sequence[Site]) -> Finding:
        why = f"ordinary dropout follows on {count(len(sites))} of them, which moves mean and variance at every layer"
        return self.finding(
            f"SELU does not normalise itself here: {why}.",
            place_of(sites[0]),
            about="dropout",
            layer=sites[0].after,
            site=sites[0].id,
            evidence={"ordinary_dropouts": len(sites)},
            cause=Cause("activation-choice", why),
        )

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        def selu(*variances: float, dropout: str = "", operation: str = "selu") -> Recording:
            """A stack of SELU layers whose weights have these variances times fan_in, each followed by `dropout`."""
            names = [f"fc{index + 1}" for index in range(len(variances))]
            recording = stack([StackLayer(name, 64, 21, "layers += [nn.Linear(n, 64), nn.SELU()]", operation=operation) for name in names])
            for name, variance in zip(names, variances, strict=True):
                recording = with_parameter(recording, f"{name}.weight", mean=0.0, std=math.sqrt(variance / 64))
            return with_dropout(recording, dropout) if dropout else recording

        def with_dropout(recording: Recording, operation: str) -> Recording:
            """A dropout behind each activation of the first graph."""
            graph = recording.graphs[0]
            behind = {node.id: 1000 + node.id for node in graph.nodes if node.kind == "activation"}
            moved = (replace(node, inputs=tuple(behind.get(source, source) for source in node.inputs)) for node in graph.nodes)
            added = (Node(new, operation, "dropout", (old,)) for old, new in behind.items())
            return replace(recording, graphs=(replace(graph, nodes=(*moved, *added)),))

        def behind_normalisation(recording: Recording) -> Recording:
            return replace(recording, layers=tuple(replace(layer, kind="batch_norm") for layer in recording.layers))

        return (
            RuleCase("LeCun", selu(1.0, 1.0, 1.0)),
            RuleCase(
                "PyTorch's default", selu(1 / 3, 1 / 3, 1 / 3),
                Expected(
                    "warning", "initialisation", 21, layer="fc1", site=0, treatments=("reinitialise:lecun",),
                    message="SELU does not normalise itself here: the weights before 3 SELU layers start with variance 0.33 / fan_in "
                    "where SELU asks for 1 / fan_in, and outside of 0.48 to 1.8 the signal shrinks towards 0 from layer to layer.",
                    evidence={"weight_variance_times_fan_in": 0.3333, "lowest": 0.4768, "highest": 1.812, "layers": 3},
                    because="the weights before 3 SELU layers start with variance 0.33 / fan_in where SELU asks for 1 / fan_in, and "
                    "outside of 0.48 to 1.8 the signal shrinks towards 0 from layer to layer",
                ),
            ),
            RuleCase(
                "He", selu(2.0, 2.0, 2.0),
                Expected(
                    "warning", "initialisation", 21, layer="fc1", site=0,
                    message="SELU does not normalise itself here: the weights before 3 SELU layers start with variance 2 / fan_in "
                    "where SELU asks for 1 / fan_in, and outside of 0.48 to 1.8 the signal grows without limit from layer to layer.",
                    evidence={"weight_variance_times_fan_in": 2.0, "lowest": 0.4768, "highest": 1.812, "layers": 3},
                    because="the weights before 3 SELU layers start with variance 2 / fan_in where SELU asks for 1 / fan_in, and "
                    "outside of 0.48 to 1.8 the signal grows without limit from layer to layer",
                ),
            ),
            RuleCase("just above the lower end", selu(0.48, 0.48)),
            RuleCase("just below the lower end", selu(0.47, 0.47), Expected("warning", "initialisation", 21)),
            RuleCase("just below the upper end", selu(1.8, 1.8)),
            RuleCase("just above the upper end", selu(1.82, 1.82), Expected("warning", "initialisation", 21)),
            RuleCase("one layer among several", selu(1.0, 1.0, 1 / 3)),
            RuleCase("one layer alone", selu(1 / 3)),
            RuleCase("behind a normalisation", behind_normalisation(selu(1 / 3, 1 / 3))),
            RuleCase("elu", selu(1 / 3, 1 / 3, operation="elu")),
            RuleCase("alpha dropout", selu(1.0, 1.0, dropout="alpha_dropout")),
            RuleCase(
                "ordinary dropout", selu(1.0, 1.0, dropout="dropout"),
                Expected(
                    "warning", "activation-choice", 21, layer="fc1", site=0, treatments=(),
                    message="SELU does not normalise itself here: ordinary dropout follows on 2 of them, which moves mean and "
                    "variance at every layer.",
                    evidence={"ordinary_dropouts": 2},
                    because="ordinary dropout follows on 2 of them, which moves mean and variance at every layer",
                ),
            ),
            RuleCase(
                "both", selu(1 / 3, 1 / 3, dropout="dropout"),
                Expected("warning", "initialisation", 21),
                Expected("warning", "activation-choice", 21),
            ),
            RuleCase("dropout behind elu", selu(1.0, 1.0, dropout="dropout", operation="elu")),
            RuleCase(
                "two such networks, told as one", twice(selu(1 / 3, 1 / 3, 1 / 3)),
                Expected(
                    "warning", "initialisation", 21, layer="fc1", site=0, treatments=("reinitialise:lecun",),
                    message="SELU does not normalise itself here: the weights before 6 SELU layers start with variance 0.33 / fan_in "
                    "where SELU asks for 1 / fan_in, and outside of 0.48 to 1.8 the signal shrinks towards 0 from layer to layer.",
                    evidence={"weight_variance_times_fan_in": 0.3333, "lowest": 0.4768, "highest": 1.812, "layers": 6},
                    because="the weights before 6 SELU layers start with variance 0.33 / fan_in where SELU asks for 1 / fan_in, and "
                    "outside of 0.48 to 1.8 the signal shrinks towards 0 from layer to layer",
                ),
            ),
        )


def _weight_variance(site: Site, network: Network) -> float | None:
    """Variance times fan_in of the weights in front of the site; None behind a normalisation, which does SELU's work."""
    layer = network.layer_of(site)
    scale = weight_scale(network, layer) if layer is not None and layer.kind in ("linear", "convolution") else None
    return scale**2 if scale is not None else None


def _followed_by_dropout(site: Site, network: Network) -> bool:
    """Whether the site's values go into a dropout that sets them to 0."""
    for spot in network.spots(site):
        structure = network.structures[spot.graph]
        for node in structure.nodes.values():
            if node.kind == "dropout" and "alpha" not in node.operation:
                sources = structure.nearest_upstream(node.id, lambda found: found.site is not None, is_affine)
                if spot.node in sources:
                    return True
    return False
