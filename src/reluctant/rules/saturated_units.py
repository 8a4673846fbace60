"""RL203: units of a bounded activation that stay on its flat part."""

from __future__ import annotations

from collections.abc import Iterator

from reluctant.numbers import count, share
from reluctant.recording import FLAT_SLOPE, Finding, NotJudged, Recording, Site

from ._causes import why_flat
from ._coverage import unseen_end
from ._curves import curve, has_dead_side, is_bounded
from ._network import Network, label, network, place_of, where
from ._progress import is_solved
from ._rule import Rule


class SaturatedUnits(Rule):
    """Units of a bounded activation stay on its flat part.

    ## What it does

    Counts, for every sigmoid, tanh, hard sigmoid, hard tanh, softsign and clamp with two bounds, the units that are on the flat
    part for nearly every sample. Flat means a slope below 5 % of the largest: |z| above 4.4 for a sigmoid, above 2.2 for a
    tanh.

    ## Why is this bad?

    Little or no gradient passes where the curve is flat, so neither the unit nor what lies before it learns, and the unit tells
    the rest of the network hardly more than one bit.

    ## How it decides

    Unit by unit: a unit is saturated when it is flat on at least 95 % of the samples of the recent part of the run; a finding
    needs a fifth of the layer's units, on at least `least_samples` samples and two measured steps. Many flat entries do not
    suffice: units that switch between both ends do their work. Gates may saturate, since open and shut is what they are for. An
    output may saturate where its targets sit at its bounds, as those of a classifier do; it is judged only where all targets
    lie well inside. A sigmoid or tanh whose every slope is rounded to 0 is an error, since nothing before it learns; a hard
    tanh or ReLU6 of which that holds is blocked (RL202). Units that went flat as the loss was solved (down to a twentieth) are
    none of its findings.

    ## Remedy

    Scale the input, start from weights of the size that the activation asks for, or lower the learning rate, whichever the
    cause names.

    ## When to ignore it

    Where binary units are wanted.

    ## References

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010. LeCun, Bottou,
    Orr and Müller, "Efficient BackProp", 1998, section 4.
    """

    code = "RL203"
    severity = "warning"
    follows_from = ("RL303", "RL304", "RL305", "RL402", "RL401", "RL404", "RL403")

    unit_share: float = 0.95
    """Share of samples on the flat part from which a unit counts as saturated."""
    layer_share: float = 0.20
    """A fifth of the units. Saturated units still pass a trace of gradient, so more of them are borne than dead ones."""
    least_samples: int = 100
    """A unit that was flat on 95 of 100 samples is flat on more than 88 % of inputs (95 %, Clopper and Pearson)."""
    margin: float = 0.05
    """How far inside the bounds, as a share of the range, targets must lie for an output's saturation to be a fault."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each site with too many saturated units."""
        known = network(recording)
        for site in known.sites_in_order():
            window = site.recent
            if window is None or not window.flat.units or not self._judged(known, site):
                continue
            flat, units = window.flat.at_least(self.unit_share), window.flat.units
            blocked = window.passes.zero == units
            if flat < self.layer_share * units or (blocked and has_dead_side(site)):
                continue
            if window.samples < self.least_samples or window.first_step == window.last_step:
                yield self.not_judged(_too_few(site, flat, self.least_samples))
                continue
            if unseen := unseen_end(known, site):
                yield self.not_judged(unseen)
                continue
            at_start = site.start is not None and site.start.flat.at_least(0.5) >= self.layer_share * units
            if not at_start and is_solved(known, known.graph_ids(known.site_spots.get(site.id, ()))):
                continue
            cause = why_flat(known, site, flat_at_start=at_start)
            yield self.found(
                f"{count(flat)} of {count(units)} units of {site.operation} after {label(site)} are saturated: on at least "
                f"{share(self.unit_share)} of {count(window.samples)} samples their slope is below {share(FLAT_SLOPE)} of the largest"
                + (", and rounded to 0 for all of them: nothing before it learns." if blocked else "."),
                place_of(site),
                severity="error" if blocked else "warning",
                layer=site.after,
                site=site.id,
                cause=cause,
                evidence={
                    "saturated_units": flat, "units": units, "saturated_share": flat / units, "samples": window.samples,
                    "flat_at_start": at_start,
                },
            )

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x = 300 * torch.randn(600, 6)  # raw readings
y = torch.tanh(x[:, :1] / 300)
net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
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
x = 300 * torch.randn(600, 6)
y = torch.tanh(x[:, :1] / 300)
x = (x - x.mean(0)) / x.std(0)
net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(150):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.mse_loss(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''

    def _judged(self, known: Network, site: Site) -> bool:
        """Whether staying flat is a fault at this site."""
        if not is_bounded(site) or site.operation == "relu6" or site.first_non_finite_step is not None:
            return False
        if site.role == "hidden":
            return True
        return site.role == "output" and self._targets_inside(known, site)

    def _targets_inside(self, known: Network, site: Site) -> bool:
        """Whether every loss behind the output compares it with targets that lie well inside its bounds."""
        bounds = curve(site)
        losses = known.losses_after(known.site_spots.get(site.id, ()))
        if bounds is None or not losses:
            return False
        low, high = bounds.traits.range.lower, bounds.traits.range.upper
        slack = self.margin * (high - low)
        return all(
            loss.targets is not None and loss.kind in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
            and low + slack < loss.targets.minimum and loss.targets.maximum < high - slack
            for loss in losses
        )


def _too_few(site: Site, flat: int, needed: int) -> str:
    samples = site.recent.samples if site.recent is not None else 0
    return (
        f"{where(site)}: {count(flat)} of {count(site.units)} units of {site.operation} after {label(site)} were flat, but on "
        f"{count(samples)} samples; {count(needed)} over two measured steps are needed."
    )
