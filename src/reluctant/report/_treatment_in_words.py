"""Treatments as a person would say them to another."""

from __future__ import annotations

from reluctant.numbers import plural
from reluctant.recording import Treatment
from reluctant.treatments import all_treatments

from ._safe_text import safe


def treatment_in_words(treatment: Treatment) -> str:
    """What to change, and what trials made of it where there were some."""
    change = change_in_words(treatment)
    if treatment.verdict == "not tried":
        return change
    return f"{change} ({treatment.verdict}, {plural(treatment.trials, 'trial')})"


def change_in_words(treatment: Treatment) -> str:
    """What to change; its bare name where the recording names a treatment that is not installed here."""
    arguments = safe(treatment.arguments)
    kind = all_treatments().get(treatment.name)
    if kind is not None:
        return kind.in_words(arguments)
    name = safe(treatment.name).replace("-", " ")
    return f"{name}: {arguments}" if arguments else name
