"""RL103: an activation that acts as a straight line."""

from __future__ import annotations

from collections.abc import Iterator

from reluctant.recording import Cause, Finding, NotJudged, Recording, Site

from ._causes import why_idle
from ._coverage import unseen_end
from ._idle import idle
from ._network import Network, label, network, place_of
from ._rule import Rule


class IdleActivation(Rule):
    """An activation bends nothing: by its parameters, or on every sample that reaches it, it is a straight line.

    ## What it does

    Finds activations that are straight by their parameters (a LeakyReLU of slope 1), and those whose every unit had one and the
    same slope on all samples of the recent part of the run: always on, or always off.

    ## Why is this bad?

    The layers on either side of a straight line are one affine map. Depth that was paid for is not had.

    ## How it decides

    The slope of each unit over at least 100 samples and two measured steps. One unit that changes its slope, and there is no
    finding. A warning where the activation is straight by its parameters, or where no other hidden activation of the network
    bends anything either; advice where others do. Outputs, gates, activations inside a loss or an attention, and clamps that
    only guard against bad values are left out.

    ## Remedy

    Another activation, or other parameters of it, where these make it straight; input and biases of usual size where every unit
    is on because of them.

    ## When to ignore it

    Where the inputs of the layer are positive by nature and the others carry the non-linearity.

    ## References

    Hanin and Rolnick, "Deep ReLU Networks Have Surprisingly Few Activation Patterns", NeurIPS 2019, arXiv:1906.00904.
    """

    code = "RL103"
    severity = "warning"
    follows_from = ("RL502", "RL303", "RL304", "RL305")

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each idle site."""
        known = network(recording)
        for site in known.sites_in_order():
            found = idle(site) if site.role == "hidden" and not _is_guard(known, site) else None
            if found is None:
                continue
            if not found.by_parameters and (unseen := unseen_end(known, site)):
                yield self.not_judged(unseen)
                continue
            alone = not any(_bends(other) for other in _with(known, site))
            cause = Cause("activation-choice", found.clause) if found.by_parameters else why_idle(known, site)
            yield self.found(
                f"The {site.operation} after {label(site)} acts as a straight line: {found.clause}."
                + (" No other activation of the network bends anything either." if alone else ""),
                place_of(site),
                severity="warning" if found.by_parameters or alone else "advice",
                layer=site.after,
                site=site.id,
                cause=cause,
                evidence={"always_on_units": found.always_on, "dead_units": found.silent, "units": site.units, "samples": found.samples},
            )

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x = torch.rand(600, 2)
y = torch.sin(9 * x[:, :1])
net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
nn.init.constant_(net[0].bias, 5.0)  # every unit is on for every sample
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
x = torch.rand(600, 2)
y = torch.sin(9 * x[:, :1])
net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(150):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.mse_loss(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''


def _with(known: Network, site: Site) -> list[Site]:
    """The hidden sites of the graphs that hold `site`."""

    def graphs(one: Site) -> set[int]:
        return {spot.graph for spot in known.site_spots.get(one.id, ())}

    return [other for other in known.recording.sites if other.role == "hidden" and graphs(site) & graphs(other)]


def _is_guard(known: Network, site: Site) -> bool:
    """Whether the site is a clamp that keeps values out of trouble and is meant to be idle: bounds of its own, or no layer before it.

    ``variance.clamp(min=1e-6)`` and ``distance.clamp(min=0).sqrt()`` are guards; ``layer(x).clamp(min=0)`` is a ReLU.
    """
    clamps = any(known.node(spot).operation.startswith("clamp") for spot in known.site_spots.get(site.id, ()))
    return clamps and (site.operation == "clamp" or site.layer is None)


def _bends(site: Site) -> bool:
    return site.operation not in ("softmax", "log_softmax") and idle(site) is None
