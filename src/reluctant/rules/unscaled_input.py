"""RL304: data that enter the network at a scale it is not made for."""

from __future__ import annotations

from collections.abc import Iterator

from reluctant.numbers import share, size
from reluctant.recording import Cause, Finding, Location, NotJudged, Recording, Site

from ._curves import is_bounded
from ._inputs import Unscaled, unscaled
from ._network import Network, network
from ._progress import curves_of, ends_non_finite
from ._rule import Rule


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
        known = network(recording)
        for layer in known.layers_in_order():
            found = unscaled(known, layer)
            if found is None:
                continue
            harm = self._harm(known, found)
            assert layer.input is not None
            yield self.found(
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
    good = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.rand(600, 1) * 3000
y = torch.sin(x / 400)
x = (x - x.mean()) / x.std()
net = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(150):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.mse_loss(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''

    def _harm(self, known: Network, found: Unscaled) -> str:
        """What the range of the data did, as a sentence; empty where nothing was seen."""
        spots = known.layer_spots.get(found.layer.id, ())
        hidden = (site for site in known.sites_in_order() if site.role == "hidden")
        site = next((site for site in hidden if known.precedes(spots, known.site_spots.get(site.id, ()))), None)
        driven = _driven_share(site) if site is not None else 0.0
        if site is not None and driven >= self.driven_share:
            how = "flat" if is_bounded(site) else "off or on"
            return f"At the first step {share(driven)} of the units of {site.operation} behind it are {how} for nearly every sample."
        return "The loss ends as NaN or Inf." if any(map(ends_non_finite, curves_of(known, known.graph_ids(spots)))) else ""


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
