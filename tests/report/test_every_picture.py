"""What holds for every picture that discovery finds: a new picture adds rows here, never a file."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reluctant.recording import Finding, InputStatistics, LayerMoment, Loss, Recording, Silence, ValueStatistics
from reluctant.report.pictures import Picture, all_pictures, pictures_of, view_of
from reluctant.report.pictures._picture import event_of
from reluctant.rules import all_rules, judge
from tests import recordings

PICTURES = {type(picture).__name__: picture for picture in all_pictures()}
every = pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)


def run() -> Recording:
    """A recording that every picture finds something in: a layer that died, a learned slope, an input, targets."""
    blocked = recordings.blocked_layer()
    slope = replace(blocked.parameters[0], name="p1.weight", role="slope", shape=(8,))
    seen = ValueStatistics(100, -2.0, 22.0, 10.0, 5.0, quantiles=tuple(range(21)))
    return replace(
        blocked,
        parameters=(*blocked.parameters[1:], slope),
        layers=(
            replace(blocked.layers[0], input=InputStatistics(640, 8, 2.0, 500.0, -4000.0, 3600.0, 9.0, 0.1, 500.0, 3.0)),
            *blocked.layers[1:],
        ),
        losses=(Loss(0, "mse_loss", targets=seen, predictions=replace(seen, minimum=-1.0, maximum=1.0, quantiles=())),),
    )


@every
def test_is_drawn_for_a_finding_that_asks_for_it(picture: Picture) -> None:
    finding = picture.example
    assert picture.suits(finding)
    drawn = picture.draw(finding, view_of(run(), [finding]))
    assert drawn is not None
    assert drawn.title
    assert drawn.alt.endswith(".")
    assert picture.example_alt in drawn.alt
    assert drawn.svg.get("role") == "img"
    assert drawn.alt in drawn.svg.get("aria-label", "")


@every
def test_is_not_drawn_from_nothing(picture: Picture) -> None:
    finding = replace(picture.example, evidence={})
    assert not picture.suits(finding)
    assert picture.draw(finding, view_of(Recording())) is None


ODD = st.none() | st.booleans() | st.integers(-3, 10**12) | st.floats() | st.text(max_size=5)
EVIDENCE = st.recursive(
    ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2), max_leaves=4
)


@every
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_takes_whatever_evidence_a_file_may_hold(picture: Picture, data: st.DataObject) -> None:
    usual = picture.example
    names = sorted({*picture.evidence, *usual.evidence})
    evidence: dict[str, Any] = {**usual.evidence, **data.draw(st.dictionaries(st.sampled_from(names), EVIDENCE))}
    picture.draw(replace(usual, evidence=evidence), view_of(run()))


@every
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e300, 5e-324])
def test_takes_whatever_numbers_a_diverging_run_has(picture: Picture, number: float) -> None:
    whole = run()
    moment = LayerMoment(5, number, number, number, number, number, number, number, number)
    odd = replace(
        whole,
        layers=tuple(replace(layer, moments=(layer.moments[0], moment)) for layer in whole.layers),
        losses=tuple(replace(loss, targets=ValueStatistics(1, -1.0, 1.0, number, number)) for loss in whole.losses),
        loss_curves=tuple(
            replace(curve, points=tuple(replace(point, mean=number, maximum=number) for point in curve.points))
            for curve in whole.loss_curves
        ),
        parameters=tuple(
            replace(each, moments=tuple(replace(moment, minimum=number, maximum=number) for moment in each.moments))
            for each in whole.parameters
        ),
    )
    picture.draw(picture.example, view_of(odd))


def test_no_two_are_of_one_order() -> None:
    orders = [picture.order for picture in PICTURES.values()]
    assert len(set(orders)) == len(orders)


CASES = [(rule.code, case) for rule in all_rules() for case in rule.cases()]


def test_every_finding_of_every_rule_has_a_picture() -> None:
    looked_at, without = 0, set()
    for name, case in CASES:
        if any(len(curve.points) > 1 for curve in case.recording.loss_curves):
            view = view_of(case.recording)
            for finding in judge(case.recording, all_rules()).findings:
                looked_at += 1
                if not finding.code.startswith("RL9") and not pictures_of(finding, view):
                    without.add(name)
    assert looked_at > 20
    assert not without, f"no picture for a finding of {', '.join(sorted(without))}: use a name in its evidence that a picture knows"


def test_a_fault_is_marked_between_the_steps_at_which_it_was_not_and_was_seen() -> None:
    site = replace(recordings.healthy_mlp().sites[0], units=100)
    fallen = (Silence(2, 3, 4, 10), Silence(58, 10, 12, 10), Silence(30, 19, 20, 10), Silence(5, -1, 0, 10))
    dead = Finding("RL201", "", "error", "", site=0, evidence={"dead_units": 95})
    event = event_of(dead, replace(site, silences=fallen))
    assert event is not None
    assert (event.at, event.until, event.label) == (10, 20, "fc1: 90 of 100 units fell silent")
    assert event_of(dead, replace(site, silences=(Silence(5, -1, 0, 10),))) is None
    assert event_of(replace(dead, evidence={"units": 100}), replace(site, silences=fallen)) is None
