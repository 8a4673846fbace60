"""RL403."""

from __future__ import annotations

import math
from collections.abc import Iterator

from reluctant.numbers import share
from reluctant.recording import Cause, Finding, NotJudged, Recording, Site, UnitWindow

from ._heads import LOGIT_LOSSES, Head, finding, heads, named
from ._interval import Interval, softplus
from ._lower_end import clips, cuts, rectifier
from ._rectified_latent import rectified_latents
from ._rule import Rule
from ._targets import HARMFUL_VARIANCE_SHARE, label_floors, shortfall


class RectifiedOutput(Rule):
    """A ReLU, or a function like it, stands on the output that feeds the loss.

    ## What it does

    Looks for an activation with a lower end (ReLU, ReLU6, `clamp`, softplus, ELU, GELU …) between the last layer and
    the loss, also beneath a final sigmoid, tanh or softmax, and on the mean or log-variance of a latent distribution.

    ## Why is this bad?

    Hidden ReLUs may be zero for many inputs, because other units speak. An output has no stand-in:

    - targets below the lower end cannot be reached, and the squared error keeps E[d²], d being their distance to it;
    - as a logit it cannot be negative, so the probability never falls below one half and the loss of a negative label
      never below ln 2;
    - as one of several class scores it passes no gradient for rows where it is 0, also where it belongs to the right
      class;
    - an output unit that starts below 0 on all rows stays there for ever;
    - the log-variance of a latent variable cannot be negative, so its noise never falls below standard deviation 1.

    ## How it decides

    The lower end follows from the activation. It is an **error** when all output units passed no gradient on any
    recent sample: nothing can be learned. It is a **warning** when a logit cannot be negative (the floor is at least
    a tenth of ln 2), when class scores are cut off on some rows, when targets below the end cost at least 2 % of
    their variance, when rows are held at 0 although no target is that low, when a clipped line stands where a
    probability belongs, or when a log-variance is rectified. It is **advice** when the activation is on for every row
    (it does nothing), or when few targets lie below. Where targets start at the lower end and the units are alive, as
    with counts, it is silent.

    ## Remedy

    No activation on the output. For positive targets use softplus or an exponential; for probabilities a sigmoid with
    binary cross-entropy, or better the raw score with `binary_cross_entropy_with_logits`.

    ## When to ignore it

    When a negative prediction must not occur, the targets are positive, and the output is alive.

    ## Sources

    The floors are elementary. That units without gradient stay as they are: Lu, Shin, Su, Karniadakis, "Dying ReLU
    and initialization" (2019).
    """

    code = "RL403"
    severity = "warning"
    exact = True
    bad = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = x[:, :1] - x[:, 1:2]
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1), nn.ReLU())
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    good = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 4)
y = x[:, :1] - x[:, 1:2]
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""

    LEAST_FLOOR_SHARE = 0.1
    """Of ln 2, the loss of a constant guess; a floor below a tenth of it costs no more than noisy labels do."""

    HELD_SHARE = 0.05
    """Rows held at the lower end though no target is that low. A sound output has none; one in twenty leaves room for the first steps."""

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """Yield a finding for each rectified output, and for each rectified mean or log-variance."""
        for head in heads(recording):
            site = None if head.single_class else rectifier(head)
            if site is not None:
                yield from self._judged(head, site)
        for latent in rectified_latents(recording):
            yield self.found(
                latent.message,
                latent.place,
                layer=latent.site.after,
                site=latent.site.id,
                evidence=_state(latent.site),
                cause=Cause("head-loss-mismatch", latent.message),
            )

    def _judged(self, head: Head, site: Site) -> Iterator[Finding]:
        if head.loss.kind in LOGIT_LOSSES:
            yield from self._logit(head, site, head.interval)
        elif head.loss.kind == "binary_cross_entropy":
            yield from self._probability(head, site)
        elif head.class_scores is not None:
            if cuts(site) and site in head.score_sites:
                yield from self._class_scores(head, site)
        elif head.compares:
            yield from self._prediction(head, site)

    def _logit(self, head: Head, site: Site, logit: Interval) -> Iterator[Finding]:
        _, negative = label_floors(logit, head.loss.targets)
        if negative >= self.LEAST_FLOOR_SHARE * math.log(2.0) and softplus(-logit.upper) < self.LEAST_FLOOR_SHARE * math.log(2.0):
            why = f"the logit cannot fall below {logit.lower:.3g}, so the loss of a negative label cannot fall below {negative:.3f}"
            yield self._told(head, site, why, {"floor_negative": negative})

    def _probability(self, head: Head, site: Site) -> Iterator[Finding]:
        squash = head.sites[0]
        if squash.operation == "sigmoid":
            yield from self._logit(head, site, head.before(squash))
        elif squash.operation == "softmax" and cuts(site):
            yield from self._class_scores(head, site)
        elif squash is site and cuts(site):
            yield from self._clipped(head, site)

    def _clipped(self, head: Head, site: Site) -> Iterator[Finding]:
        if site.operation == "hardsigmoid" and not _all_silent(site):
            return
        why = "a straight line is clipped to serve as a probability, and rows outside the clip get no gradient, also where they are wrong"
        yield self._told(head, site, why, {})

    def _class_scores(self, head: Head, site: Site) -> Iterator[Finding]:
        if _always_on(site):
            yield self._told(head, site, "the class scores were never negative, so it did nothing", {}, advice=True)
        else:
            why = "a class score that is not positive gets no gradient, also on rows of its own class"
            yield self._told(head, site, why, {})

    def _prediction(self, head: Head, site: Site) -> Iterator[Finding]:
        targets, low = head.loss.targets, head.target_interval.lower
        if targets is None or low == -math.inf or clips(head, site):
            return
        short = shortfall(targets, Interval(lower=low))
        evidence = {
            "lower_end": low,
            "below_share": short.outside_share,
            "floor_mse": short.mean_square,
            "variance_share": short.variance_share,
            "targets": [targets.minimum, targets.maximum],
            "target_count": targets.count,
        }
        below = f"{share(short.outside_share)} of {targets.count:,} targets lie below {low:.3g}, down to {targets.minimum:.4g}"
        if short.variance_share >= HARMFUL_VARIANCE_SHARE:
            cost = f", which leaves a squared error of at least {short.mean_square:.3g}"
            yield self._told(head, site, f"{below}{cost}", evidence)
        elif cuts(site) and _all_silent(site) and targets.std > 0.0:
            yield self._told(head, site, "its output does not move", evidence)
        elif cuts(site) and low == 0.0 and targets.minimum > 0.0 and _held_share(site) >= self.HELD_SHARE:
            why = f"{share(_held_share(site))} of its values are 0 and get no gradient, though no target is below {targets.minimum:.3g}"
            yield self._told(head, site, why, evidence)
        elif short.outside_share > 0.0:
            yield self._told(head, site, below, evidence, advice=True)
        elif cuts(site) and _always_on(site):
            yield self._told(head, site, "it was on for every row, so it does nothing", evidence, advice=True)

    def _told(self, head: Head, site: Site, why: str, evidence: dict[str, object], *, advice: bool = False) -> Finding:
        silent = cuts(site) and _all_silent(site)
        message = f"The {named(site)} stands on the output that feeds {head.loss.kind}: {why}."
        if silent:
            window = _window(site)
            message += f" None of its {site.units} units passed any gradient on the last {window.samples if window else 0:,} samples."
        return finding(
            self,
            head,
            message,
            site=site,
            severity="error" if silent else "advice" if advice else "warning",
            cause=Cause("head-loss-mismatch", f"With the {named(site)} on the output, {why}."),
            evidence={**evidence, **_state(site)},
        )


def _window(site: Site) -> UnitWindow | None:
    return site.recent or site.whole


def _all_silent(site: Site) -> bool:
    window = _window(site)
    return window is not None and window.passes.units > 0 and window.passes.zero == window.passes.units


def _always_on(site: Site) -> bool:
    window = _window(site)
    return window is not None and window.open.units > 0 and window.open.one == window.open.units


def _held_share(site: Site) -> float:
    """Share of output values that are exactly 0."""
    window = _window(site)
    return window.zero_share if window else 0.0


def _state(site: Site) -> dict[str, object]:
    window = _window(site)
    if window is None:
        return {}
    return {"units": window.passes.units, "silent_units": window.passes.zero, "zero_share": window.zero_share, "samples": window.samples}
