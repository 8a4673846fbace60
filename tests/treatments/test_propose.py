"""Which treatments are proposed against which finding, and why none is where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from reluctant.recording import CAUSES, Cause, CauseKind, Document, Finding, Recording, Site
from reluctant.treatments import all_treatments, propose, propose_more, requested

TRAINING = [
    "lower-learning-rate:0.1", "lower-learning-rate:0.01", "scale-input", "reinitialise:he", "normalise", "swap-activation:leaky_relu",
]  # fmt: skip

NAMED = {*(offer.partition(":")[0] for offer in TRAINING), "insert-activation", "no-slope-decay", "remove-output-activation", "revive"}
"""Treatments that are spoken of here; others may be proposed as well."""


def found(name: str, kind: CauseKind | None, **details: object) -> Finding:
    cause = Cause(kind) if kind is not None else None
    return replace(Finding("RL000", name, "error", "Something is wrong.", "train.py", 3, cause=cause), **details)


def texts(document: Document) -> list[str]:
    return [str(treatment) for treatment in document.findings[0].treatments]


def proposed(finding: Finding, recording: Recording | None = None) -> list[str]:
    return texts(propose(Document(recording or Recording(), (finding,))))


def test_each_kind_of_cause_is_removed_by_a_treatment_or_says_why_only_the_author_can() -> None:
    assert get_args(CauseKind) == tuple(CAUSES)
    removed = {kind for treatment in all_treatments().values() for kind in treatment.removes}
    assert "none" not in removed
    for kind, cause in CAUSES.items():
        assert cause.meaning.endswith(".")
        assert (kind in removed) != bool(cause.only_the_author) or kind == "none", kind


@pytest.mark.parametrize("kind", [kind for kind, cause in CAUSES.items() if kind != "none" and not cause.only_the_author])
def test_what_is_proposed_first_removes_the_cause_and_can_be_asked_for(kind: CauseKind) -> None:
    offers = proposed(found("a-rule-of-somebody-else", kind, site=0))
    assert offers
    for offer in offers:
        assert kind in type(requested(f"{offer}@3")).removes


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (found("dead-units", "learning-rate"), TRAINING[:2]),
        (found("dead-units", "input-scale"), ["scale-input", "normalise"]),
        (found("dead-units", "depth"), ["reinitialise:he", "normalise"]),
        (found("dead-units", "width"), ["reinitialise:he", "swap-activation:leaky_relu"]),
        (found("dead-units", "none"), ["normalise", "swap-activation:leaky_relu"]),
        (found("dead-units", "head-loss-mismatch", site=0), ["remove-output-activation"]),
        (found("saturated-units", "initialisation"), ["reinitialise:lecun", "normalise"]),
        (found("vanishing-gradient", "activation-choice"), ["swap-activation:tanh"]),
        (found("vanishing-gradient", "learning-rate"), TRAINING[:2]),
        (found("exploding-gradient", "none"), ["normalise"]),
        (found("exploding-gradient", "initialisation"), ["reinitialise:he", "reinitialise:lecun", "normalise"]),
        (found("non-finite-values", "none"), []),
        (found("linear-network", "missing-activation"), ["insert-activation:relu"]),
        (found("broken-self-normalisation", "initialisation"), ["reinitialise:lecun"]),
        (found("broken-self-normalisation", "activation-choice"), []),
        (found("decayed-slope", "weight-decay"), ["no-slope-decay"]),
        (found("probabilities-in-nll", "head-loss-mismatch", site=0), ["swap-activation:log_softmax"]),
        (found("regression-loss-on-classes", "head-loss-mismatch"), []),
        (found("single-class-softmax", "head-loss-mismatch", site=0, evidence={"targets": [0.0, 1.0]}), ["swap-activation:sigmoid"]),
        (found("single-class-softmax", "head-loss-mismatch", site=0, evidence={"targets": [0.0, 9.0]}), ["remove-output-activation"]),
        (found("single-class-softmax", "head-loss-mismatch", site=0), ["remove-output-activation"]),
        (found("single-class-softmax", "activation-choice", site=0), []),
        (found("unreachable-target", "target-range", site=0, evidence={"bounded_by": "output"}), ["remove-output-activation"]),
        (found("unreachable-target", "target-range", site=0, evidence={"bounded_by": "loss"}), []),
        (found("kept-memory", None), []),
    ],
    ids=lambda value: f"{value.name}, {value.cause.kind if value.cause else 'no cause'}" if isinstance(value, Finding) else None,
)
def test_proposals_fit_the_finding_and_its_cause(finding: Finding, expected: list[str]) -> None:
    assert [offer for offer in proposed(finding) if offer.partition(":")[0] in NAMED] == expected


@pytest.mark.parametrize(
    ("operation", "expected"), [("elu", "elu"), ("softplus", "softplus"), ("rrelu", "leaky_relu"), ("prelu", "leaky_relu")]
)
def test_an_improper_slope_is_answered_with_the_usual_one(operation: str, expected: str) -> None:
    recording = Recording(sites=(Site(0, operation),))
    assert proposed(found("improper-slope", "activation-choice", site=0), recording) == [f"swap-activation:{expected}"]
    assert proposed(found("improper-slope", "activation-choice", site=0, severity="advice"), recording) == []


def test_where_nothing_cured_it_what_else_could_is_added_behind() -> None:
    uncured, cured = found("dead-units", "input-scale"), found("dead-units", "input-scale", line=4)
    document = propose(Document(Recording(), (uncured, cured)))
    wider = propose_more(document, document.findings[:1])
    assert texts(wider)[:2] == texts(document)
    assert {*TRAINING, "revive:50"} <= set(texts(wider))
    assert len(texts(wider)) == len(set(texts(wider)))
    assert wider.findings[1] == document.findings[1]


def test_nothing_is_added_where_the_cause_is_certain() -> None:
    document = propose(Document(Recording(), (found("softmax-before-cross-entropy", "head-loss-mismatch", site=0),)))
    assert propose_more(document, document.findings) == document
