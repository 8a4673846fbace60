"""RL902 from both sides."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import Recording
from tests.recordings import Stage, stack, window
from tests.rules.cases import Case

RELU = Stage("fc1", 100, 31, "x = torch.relu(self.fc1(x))")


def seen(samples: int, silent: int, role: str = "hidden") -> Recording:
    recording = stack([RELU])
    site = replace(recording.sites[0], whole=window(100, samples, silent), role=role)  # type: ignore[arg-type]
    return replace(recording, sites=(site,))


CASES = (
    Case("299 samples, one silent unit", seen(299, 1), "advice", line=31),
    Case("300 samples, one silent unit", seen(300, 1)),
    Case("299 samples, no silent unit", seen(299, 0)),
    Case("part of the loss", seen(299, 1, "loss")),
)
