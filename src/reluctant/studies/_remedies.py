"""The treatments that a finding asks for, as arms of a study."""

from __future__ import annotations

import random
from collections.abc import Sequence

from reluctant.recording import Finding, Location, ProposedTreatment, Recording
from reluctant.treatments import all_treatments, at_place, get

from ._study import Arm, Found


def arm_against(finding: Finding, treatment: ProposedTreatment, recording: Recording) -> Arm | None:
    """The arm that tries `treatment` against `finding`; None where it needs a line and there is none."""
    kind = get(treatment.name)
    lines = kind.lines_against(finding, recording) if kind.needs_line or kind.at_the_line else ()
    if kind.needs_line and not lines:
        return None
    name = str(treatment) + "".join(at_place(Location(finding.file, line), recording.script) for line in lines)
    return Arm(name, (name,), Found.of(finding))


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
