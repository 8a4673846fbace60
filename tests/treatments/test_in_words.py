"""A trial told in words."""

from __future__ import annotations

import pytest

from reluctant.recording import Applied, Location, NotApplied, SeedCall, TreatmentReport, Trial
from reluctant.trials import trial_in_words

LINES = tuple(Location("/home/me/train.py", line) for line in (31, 32, 33, 34, 35))
SEED = SeedCall("torch.manual_seed", LINES[0], "0", "2")


def applied(*places: Location) -> TreatmentReport:
    return TreatmentReport("reinitialise", "he", applied=tuple(Applied(place, "drawn") for place in places))


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        (Trial(), "trial 0: the script as it stands."),
        (Trial(3), "trial 3: The script sets no seed; torch's own was shifted."),
        (Trial(2, steps=1, stopped="steps", seeds=(SEED,)), "trial 2: 1 seed was shifted by 2. Ended after 1 step."),
        (Trial(treatments=(applied(LINES[0], LINES[0], LINES[1]),)), "trial 0: reinitialise:he was applied at train.py:31, train.py:32."),
        (Trial(seconds=1.5, stopped="seconds"), "trial 0: Ended 1.5 s after its first step."),
        (Trial(treatments=(applied(*LINES),)), "trial 0: reinitialise:he was applied at 5 places."),
        (
            Trial(counts=False, why_not="x: y", treatments=(TreatmentReport("x", not_applied=(NotApplied(None, "y"),)),)),
            "trial 0: Does not count: x: y.",
        ),
    ],
)
def test_a_trial_is_told(trial: Trial, words: str) -> None:
    assert trial_in_words(trial) == words
