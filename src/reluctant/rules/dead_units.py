"""RL201: units that pass no gradient for any sample."""

from __future__ import annotations

from collections.abc import Iterator

from reluctant.numbers import count, share
from reluctant.recording import Cause, Finding, NotJudged, Recording, Severity, Site

from ._causes import why_dead
from ._coverage import unseen_end
from ._curves import has_dead_side, is_bounded
from ._dead import Dead, dead_units, suspects
from ._evidence import rule_of_three
from ._network import Network, label, network, place_of, where
from ._progress import is_solved, progress
from ._rule import Rule


class DeadUnits(Rule):
    """A substantial share of a layer's units pass no gradient for any sample.

    ## What it does

    Counts, for every activation with a dead side (ReLU, ReLU6, squared ReLU, ``clamp(min=0)``, a user's own function), the
    units whose slope was exactly 0 on every sample of the recent part of the run.

    ## Why is this bad?

    A unit that is negative on every input outputs 0 and has slope 0 on every input: its weights get no gradient and it cannot
    come back by itself. The layer is in truth as narrow as its living units. Units die when an update pushes their bias or
    weights far to the negative side, or are born dead where the signal, the biases or the weights start out of scale.

    ## How it decides

    Unit by unit, never by the share of zeros: a layer that is 90 % zeros may have no dead unit at all. Told from 10 % of the
    units on. An error from 50 % in a network whose loss is stuck or no longer finite, and a warning else; advice where the loss
    fell to a twentieth all the same, or where nothing that could be mended made the units fall silent (such units are unused,
    and little is lost with them), or where no gradient reaches any layer, whatever the units do. Fewer than `least_samples`
    samples prove little: seen silent on n samples, a unit may still fire on up to 3/n of the inputs (95 %). The silence must
    span at least two measured steps. A layer that is dead as a whole is RL202's matter, an output that is clipped RL403's.

    ## Remedy

    The one that removes the cause: a lower learning rate where updates killed them, scaled inputs, a fresh initialisation,
    normalisation. Another activation keeps a slope below 0, but with a learning rate that kills ReLUs it tends to diverge
    instead. Where nothing removes the cause, dead units can be drawn anew while training goes on.

    ## When to ignore it

    Deep plain networks hold a few dead units and train all the same. Pruned or sparsified networks hold them on purpose.

    ## References

    Lu, Shin, Su and Karniadakis, "Dying ReLU and Initialization: Theory and Numerical Examples", Communications in
    Computational Physics 28 (2020), arXiv:1903.06733. Dohare et al., "Loss of plasticity in deep continual learning", Nature
    632 (2024). Sokar et al., "The Dormant Neuron Phenomenon in Deep Reinforcement Learning", ICML 2023, arXiv:2302.12902.
    """

    code = "RL201"
    severity = "warning"
    follows_from = ("RL202", "RL303", "RL304", "RL305", "RL403", "RL404")

    warning_share: float = 0.10
    """Below a tenth, healthy networks of some depth hold dead units too."""
    error_share: float = 0.50
    """With half of its units gone, a layer has lost more than noise and a later regrowth can explain."""
    least_samples: int = 600
    """From 600 samples on, a unit seen silent fires on less than 0.5 % of inputs (95 %): rare units are not called dead."""
    least_samples_of_many: int = 300
    """Where half of the units or more are silent, 1 % will do: so many rare units are improbable."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """One finding for each site with too many dead units."""
        known = network(recording)
        for site in filter(_judged, known.sites_in_order()):
            found = dead_units(site, self.least_samples_of_many)
            if found.dead < self.error_share * found.units:
                found = dead_units(site, self.least_samples)
            if not found.units or found.silent < self.warning_share * found.units or found.dead == found.units:
                continue
            if found.dead < self.warning_share * found.units:
                if suspects(site) < self.warning_share * found.units:
                    continue
                yield self.not_judged(_too_few(site, found, self.least_samples))
                continue
            if unseen := unseen_end(known, site):
                yield self.not_judged(unseen)
                continue
            cause = why_dead(known, site)
            yield self.found(
                f"{count(found.dead)} of {count(found.units)} units after {label(site)} are dead: none of {count(found.samples)} samples "
                f"in a row passed gradient, so each fires on fewer than {share(rule_of_three(found.samples))} of inputs (95 %).",
                place_of(site),
                severity=self._severity(known, site, found, cause),
                layer=site.after,
                site=site.id,
                cause=cause,
                evidence={
                    "dead_units": found.dead, "units": found.units, "dead_share": found.dead / found.units, "samples": found.samples,
                    "zero_share": site.recent.zero_share if site.recent is not None else 0.0,
                },
            )

    def _severity(self, known: Network, site: Site, found: Dead, cause: Cause) -> Severity:
        """An error only where training gets nowhere; advice where it solved its task, or where units lie idle without a cause to mend."""
        graphs, many = known.graph_ids(known.site_spots.get(site.id, ())), found.dead >= self.error_share * found.units
        state = progress(known, graphs)
        if state in ("stuck", "broken"):
            return "error" if many else "warning"
        idle = cause.kind == "none" and (state == "learning" or not many)
        return "advice" if idle or state == "untrained" or is_solved(known, graphs) else "warning"

    bad = '''
import torch
from torch import nn

torch.manual_seed(0)
x, y = torch.randn(600, 10), torch.randint(0, 3, (600,))
net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 3))
nn.init.normal_(net[0].bias, -4.0, 2.0)  # most units start below 0 and stay there
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(150):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''
    good = '''
import torch
from torch import nn

torch.manual_seed(0)
x, y = torch.randn(600, 10), torch.randint(0, 3, (600,))
net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 3))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(150):
    rows = torch.randint(0, 600, (50,))
    loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
'''


def _judged(site: Site) -> bool:
    """Whether silence means death at this site: the activation has a dead side, and it is no part of the loss or of an attention.

    A hard tanh or hard sigmoid that stays on either flat end is saturated, which is RL203's matter; ReLU6 is a ReLU.
    """
    dead_side = has_dead_side(site) and (site.operation == "relu6" or not is_bounded(site))
    return dead_side and site.role in ("hidden", "gate") and site.first_non_finite_step is None


def _too_few(site: Site, found: Dead, needed: int) -> str:
    return (
        f"{where(site)}: {count(found.silent)} of {count(found.units)} units after {label(site)} are silent, but some of them "
        f"on {count(found.fewest)} samples only; {count(needed)} over two measured steps are needed to call them dead."
    )
