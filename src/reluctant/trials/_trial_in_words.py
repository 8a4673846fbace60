"""A trial as one would tell of it: what was changed where, and whether it counts."""

from __future__ import annotations

import os

from reluctant.recording import TreatmentReport, Trial

PLACES = 4
"""More places than these are only counted."""


def trial_in_words(trial: Trial) -> str:
    """What was changed in a run, in a few sentences."""
    sentences = [f"{_name(report)} {_where(report)}." for report in trial.treatments if report.applied]
    if trial.seeds:
        calls = sum(call.calls for call in trial.seeds)
        sentences.append(f"{calls} seed{'s were' if calls != 1 else ' was'} shifted by {trial.seed}.")
    elif trial.seed:
        sentences.append("The script sets no seed; torch's own was shifted.")
    if trial.stopped == "steps":
        sentences.append(f"Ended after {trial.steps:,} step{'s' if trial.steps != 1 else ''}.")
    if trial.stopped == "seconds":
        sentences.append(f"Ended {trial.seconds:g} s after its first step.")
    if not trial.counts:
        sentences.append(f"Does not count: {trial.why_not}.")
    return " ".join([f"trial {trial.seed}:", *sentences] if sentences else [f"trial {trial.seed}: the script as it stands."])


def _name(report: TreatmentReport) -> str:
    return f"{report.name}:{report.arguments}" if report.arguments else report.name


def _where(report: TreatmentReport) -> str:
    places = [f"{os.path.basename(entry.place.file)}:{entry.place.line}" for entry in report.applied if entry.place is not None]
    places = list(dict.fromkeys(places))
    if not places:
        return "was applied"
    if len(places) > PLACES:
        return f"was applied at {len(places)} places"
    return f"was applied at {', '.join(places)}"
