"""RL304: data that enter the network at a scale it is not made for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reluctant.numbers import share, size
from reluctant.recording import Cause, Finding, InputStatistics, Location, Node, NotJudged, Recording, Site
from reluctant.recording.example import StackLayer, stack, twice, window, with_input, with_site

from ._activation_at import is_bounded
from ._input_scale import Unscaled, unscaled
from ._network import Network, build_network
from ._progress import curves_of, ends_non_finite
from ._rule import Rule
from .testing import Expected, RuleCase


class UnscaledInput(Rule):
    """What enters the first layer has a scale or an offset that drives other faults.

    ## What it does

    Looks at the values that reach a layer straight from the data. They are out of range when their root mean square exceeds 10,
    or when features lie more than 10 times their own spread away from 0.

    ## Why is this bad?

    Initialisations are derived for inputs of mean 0 and variance 1. Raw values of hundreds saturate a sigmoid or tanh at once,
    and make every update of the first layer hundreds of times larger than meant. Data far on one side of 0 put each ReLU on one
    side too: on for all samples, or dead.

    ## How it decides

    Being out of range is advice. It becomes a warning when its harm was seen: units after the layer that are off or on for all
    samples or flat from the first step, or a loss that ends as NaN or Inf. Silent where a normalisation follows before the
    first activation, and for embeddings.

    ## Remedy

    Standardise: subtract each feature's mean over the training data and divide by its standard deviation. Or let a BatchNorm do
    so before the first layer.

    ## When to ignore it

    Where the harm has another cause, and scaled inputs were tried.

    ## References

    LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.3. Ioffe and Szegedy, "Batch Normalization", ICML 2015,
    arXiv:1502.03167.
    """

    code = "RL304"
    severity = "warning"

    driven_share: float = 0.5
    """Share of a layer's units off, on or flat from the first step that counts as harm: with inputs of unit scale and default biases few
    are."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each layer that takes data out of range."""
        network = build_network(recording)
        for layer in network.layers_in_order():
            found = unscaled(network, layer)
            if found is None:
                continue
            harm = self._harm(network, found)
            assert layer.input is not None
            yield self.finding(
                f"{found}." + (f" {harm}" if harm else ""),
                _where_data_enter(found),
                severity="warning" if harm else "advice",
                layer=layer.name,
                cause=Cause("input-scale", f"root mean square {size(found.scale)}, offset {size(found.offset)} times the spread"),
                evidence={
                    "input_rms": found.scale, "input_offset": found.offset, "input_mean": layer.input.mean, "input_std": layer.input.std,
                    "input_minimum": layer.input.minimum, "input_maximum": layer.input.maximum, "samples": layer.input.samples,
                },
            )

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.rand(600, 1) * 3000  # metres
y = torch.sin(x / 400)
net = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(150):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.mse_loss(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''
    good = bad.replace("  # metres", "").replace("net = ", "x = (x - x.mean()) / x.std()\nnet = ")

    def _harm(self, network: Network, found: Unscaled) -> str:
        """What the range of the data did, as a sentence; empty where nothing was seen."""
        spots = network.spots(found.layer)
        hidden = (site for site in network.sites_in_order() if site.role == "hidden")
        site = next((site for site in hidden if network.precedes(spots, network.spots(site))), None)
        driven = _driven_share(site) if site is not None else 0.0
        if site is not None and driven >= self.driven_share:
            how = "flat" if is_bounded(site) else "off or on"
            return f"At the first step {share(driven)} of the units of {site.operation} behind it are {how} for nearly every sample."
        return "The loss ends as NaN or Inf." if any(map(ends_non_finite, curves_of(network, network.graph_ids(spots)))) else ""

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        NET = stack([StackLayer("fc1", 40, 31, "x = torch.relu(self.fc1(x))"), StackLayer("fc2", 20, 32, "x = torch.relu(self.fc2(x))")])

        def data(mean: float, std: float, means_std: float = 0.0) -> InputStatistics:
            return InputStatistics(
                2432,
                64,
                mean,
                std,
                mean - 3 * std,
                mean + 3 * std,
                abs(mean) + means_std,
                std,
                std,
                abs(mean) / std,
                feature_means_std=means_std,
            )

        def fed(seen: InputStatistics, driven: int = 40) -> Recording:
            """The network on such data; `driven` of its 40 first units are on or off for all samples of the first step."""
            start = window(40, 64, dead=driven // 2, always_on=driven - driven // 2, first=0, last=0)
            return with_site(with_input(NET, seen), start=start)

        def normalised(recording: Recording) -> Recording:
            """A batch normalisation stands between the first layer and its activation."""
            graph = recording.graphs[0]
            nodes = {node.id: node for node in graph.nodes}
            activation = next(node for node in graph.nodes if node.site == 0)
            nodes[99] = Node(99, "native_batch_norm", "normalisation", activation.inputs)
            nodes[activation.id] = replace(activation, inputs=(99,))
            return replace(recording, graphs=(replace(graph, nodes=tuple(nodes.values())),))

        def diverged(recording: Recording) -> Recording:
            curve = recording.loss_curves[0]
            points = (*curve.points[:5], replace(curve.points[5], mean=None, non_finite=1))
            return replace(recording, loss_curves=(replace(curve, points=points, first_non_finite_step=curve.points[5].step),))

        def embedded(recording: Recording) -> Recording:
            first, *others = recording.layers
            return replace(recording, layers=(replace(first, kind="embedding"), *others))

        return (
            RuleCase("standardised", fed(data(0.0, 1.0))),
            RuleCase("pixels from 0 to 1", fed(data(0.3, 0.37, 0.26))),
            RuleCase("just in range", fed(data(0.0, 9.9))),
            RuleCase(
                "just out of range", fed(data(0.0, 10.1)),
                Expected(
                    "warning", "input-scale", 31, layer="fc1", treatments=("scale-input", "normalise"),
                    message="fc1 takes raw data (values from -30 to 30, mean 0, standard deviation 10; initialisation expects about "
                    "1). At the first step 100 % of the units of relu behind it are off or on for nearly every sample.",
                    evidence={
                        "input_rms": 10.1, "input_offset": 0.0, "input_mean": 0.0, "input_std": 10.1, "input_minimum": -30.3,
                        "input_maximum": 30.3, "samples": 2432,
                    },
                    because="root mean square 10, offset 0 times the spread",
                ),
            ),
            RuleCase(
                "out of range, without harm", fed(data(0.0, 10.1), driven=2),
                Expected(
                    "advice", "input-scale", 31, layer="fc1",
                    message="fc1 takes raw data (values from -30 to 30, mean 0, standard deviation 10; initialisation expects about "
                    "1).",
                    evidence={
                        "input_rms": 10.1, "input_offset": 0.0, "input_mean": 0.0, "input_std": 10.1, "input_minimum": -30.3,
                        "input_maximum": 30.3, "samples": 2432,
                    },
                ),
            ),
            RuleCase("19 of 40 units driven", fed(data(0.0, 300.0), driven=19), Expected("advice", "input-scale", 31)),
            RuleCase("20 of 40 units driven", fed(data(0.0, 300.0), driven=20), Expected("warning", "input-scale", 31)),
            RuleCase("9 spreads from 0", fed(data(4.5, 0.5))),
            RuleCase(
                "11 spreads from 0", fed(data(5.5, 0.5)),
                Expected(
                    "warning", "input-scale", 31, layer="fc1",
                    message="fc1 takes data that lie 11 times their own spread away from 0 (values from 4 to 7, mean 5.5, standard "
                    "deviation 0.5). At the first step 100 % of the units of relu behind it are off or on for nearly every sample.",
                    evidence={
                        "input_rms": 5.523, "input_offset": 11.0, "input_mean": 5.5, "input_std": 0.5, "input_minimum": 4.0,
                        "input_maximum": 7.0, "samples": 2432,
                    },
                ),
            ),
            RuleCase(
                "out of range, diverged", diverged(fed(data(0.0, 300.0), driven=0)),
                Expected(
                    "warning", "input-scale", 31, layer="fc1",
                    message="fc1 takes raw data (values from -900 to 900, mean 0, standard deviation 300; initialisation expects "
                    "about 1). The loss ends as NaN or Inf.",
                    evidence={
                        "input_rms": 300.0, "input_offset": 0.0, "input_mean": 0.0, "input_std": 300.0, "input_minimum": -900.0,
                        "input_maximum": 900.0, "samples": 2432,
                    },
                ),
            ),
            RuleCase("normalised at once", normalised(fed(data(0.0, 300.0)))),
            RuleCase("token numbers", embedded(fed(data(500.0, 300.0)))),
            RuleCase(
                "two such networks", twice(fed(data(0.0, 10.1))),
                Expected("warning", "input-scale", 31),
                Expected("warning", "input-scale", 131),
            ),
        )


def _driven_share(site: Site) -> float:
    """Share of the site's units that are off or on (bounded activations: flat) for nearly every sample of the first step."""
    start = site.start
    if start is None or not start.open.units:
        return 0.0
    if is_bounded(site):
        return start.flat.at_least(0.95) / start.open.units
    return (start.open.zero + start.open.one) / start.open.units


def _where_data_enter(found: Unscaled) -> Location | None:
    """The line that calls the layer: the data it passes are what a user would scale."""
    return found.layer.called or found.layer.place or found.layer.built
