"""Evidence as a reader meets it."""

from __future__ import annotations

from reluctant.report._finding_block import evidence_text


def test_evidence_as_text() -> None:
    evidence = {"dead_share": 0.83, "samples": 48640, "certified": True, "missing": None, "steps": list(range(12)), "of": {"a_share": 1.0}}
    shown = "dead 83 %, samples 48,640, certified yes, steps [0, 1, 2, 3, 4, 5, 6, 7, and 4 more], of (a 100 %)"
    assert evidence_text(evidence) == shown
    assert evidence_text({"text": "x" * 99}) == f"text {'x' * 79}…"
