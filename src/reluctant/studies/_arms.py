"""What a study tries: the treatments that findings ask for, activations, and what is drawn blindly, each as an arm."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from reluctant.errors import UsageError
from reluctant.recording import Document, Finding, Location, ProposedTreatment, Recording
from reluctant.rules import finding_tree
from reluctant.treatments import RequestedTreatment, all_treatments, get, requested, requested_line

from ._study import Arm, Found

_BETWEEN_NAMES = re.compile(r",(?![^(]*\))")
"""A comma that is not inside brackets."""


def roots(document: Document) -> list[Finding]:
    """The errors and warnings that follow from no other one and that something can be tried against.

    What follows from advice is such a root, the nearest of it: advice alone is no reason to treat.
    """
    grave = (
        [finding for finding in (branch.root, *branch.followers) if finding.severity != "advice"]
        for branch in finding_tree(document.findings)
    )
    return [found[0] for found in grave if found and found[0].treatments]


def request_against(finding: Finding, treatment: ProposedTreatment, recording: Recording) -> RequestedTreatment | None:
    """The treatment as it is asked for against the finding; None where it needs a line and there is none."""
    kind = get(treatment.name)
    lines = kind.lines_against(finding, recording) if kind.needs_line or kind.at_the_line else ()
    if kind.needs_line and not lines:
        return None
    asked = (requested_line(Location(finding.file, line), recording.script) for line in lines)
    return RequestedTreatment(treatment.name, treatment.arguments, tuple(asked))


def arm_against(finding: Finding, treatment: ProposedTreatment, recording: Recording) -> Arm | None:
    """The arm that tries `treatment` against `finding`; None where it cannot be asked for."""
    request = request_against(finding, treatment, recording)
    return Arm(str(request), (str(request),), Found.of(finding)) if request is not None else None


def proposed_arms(document: Document) -> tuple[Arm, ...]:
    """The arms that try the treatments of the root findings, each once, in the order of the findings and of their treatments."""
    arms = (arm_against(finding, treatment, document.recording) for finding in roots(document) for treatment in finding.treatments)
    by_name: dict[str, Arm] = {}
    for arm in arms:
        if arm is not None:
            by_name.setdefault(arm.name, arm)
    return tuple(by_name.values())


def drawn_arms(number: int, arms: Sequence[Arm], recording: Recording) -> tuple[Arm, ...]:
    """So many arms that try what was drawn blindly, none of them among `arms`: what a treatment is worth shows beside these.

    First the kind is drawn, then what is asked of it, each with the same chance. The same recording and arms give the same draw, so that
    an interrupted study goes on as it began. Fewer where there are no more.
    """
    tried = {arm.name for arm in arms}
    asked = (kind.anywhere(recording) for kind in all_treatments().values())
    left = [wanted for requests in asked if (wanted := [request for request in requests if request not in tried])]
    chance = random.Random(repr((left, sorted(tried))))
    drawn: list[str] = []
    while left and len(drawn) < number:
        requests = chance.choice(left)
        drawn.append(requests.pop(chance.randrange(len(requests))))
        left = [requests for requests in left if requests]
    against = next((arm.against for arm in arms), None)
    return tuple(Arm(name, (name,), against, drawn=True) for name in drawn)


def activation_arms(activations: Sequence[str], scheme: str | None = None, both: bool = False) -> tuple[Arm, ...]:
    """One arm for each activation that is named, with the weights drawn anew by `scheme`; without one, as the script draws them.

    A text may name several, with commas between. With `both` there are two arms for each; the scheme is then He's unless another is
    named. Raises `UsageError` where one cannot be had.
    """
    names = dict.fromkeys(name.strip() for text in activations for name in _BETWEEN_NAMES.split(text) if name.strip())
    if not names:
        raise UsageError("no activation is named", where="--activation", advice="Write them with commas between: relu,leaky_relu(0.1),elu")
    plain = [Arm(name, (f"swap-activation:{name}",)) for name in names]
    drawn = scheme or ("he" if both else "")
    anew = [Arm(f"{arm.name}, {drawn}", (*arm.treatments, f"reinitialise:{drawn}")) for arm in plain] if drawn else []
    arms = (*([] if drawn and not both else plain), *anew)
    for treatment in dict.fromkeys(treatment for arm in arms for treatment in arm.treatments):
        requested(treatment)
    return arms
