"""What trials showed is told in words, differences and curves."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import Comparison, ProposedTreatment, TrialCurve
from reluctant.report._html._card import comparison_text, trial_pictures

CURVE = TrialCurve((0, 50, 100), (2.3, 2.2, 2.1), (2.2, 2.1, 2.0), (2.4, 2.3, 2.2))
SHOWN = Comparison(5, -1.5, -1.75, -1.25, "min", 4, CURVE, replace(CURVE, mean=(2.3, 1.0, 0.6)), "RL203 came instead on one seed.")
CURED = ProposedTreatment("lower-learning-rate", "0.1", "better", 10, SHOWN)


def test_the_difference_is_told_with_its_interval_and_its_pairs() -> None:
    assert comparison_text(SHOWN) == (
        "Loss at the end, treated less untreated: -1.5 (95 % interval -1.75 to -1.25), 5 pairs of trials. "
        "The finding was gone on 4 of 5 seeds. RL203 came instead on one seed."
    )


def test_nothing_is_said_that_was_not_measured() -> None:
    assert comparison_text(Comparison(1)) == "The finding was gone on 0 of 1 seed."
    assert trial_pictures([ProposedTreatment("normalise"), ProposedTreatment("normalise", comparison=Comparison(1))]) == ()


def test_differences_and_curves_are_drawn() -> None:
    differences, curves = trial_pictures([CURED])
    assert differences.alt == "lower-learning-rate:0.1: -1.5, from -1.75 to -1.25. Below 0 is better."
    assert curves.alt == "At the end 2.1 without the treatment, 0.6 with it, mean over 5 seeds."
    assert [key.label for key in curves.keys] == ["untreated", "lower-learning-rate:0.1", "95\N{NO-BREAK SPACE}% interval"]
    assert sum("band" in element.get("class", "") for element in curves.svg.iter("path")) == 2


def test_of_a_metric_of_which_more_is_better_the_side_is_told() -> None:
    more = replace(SHOWN, difference=0.2, low=0.1, high=0.3, by="metric", goal="max")
    assert comparison_text(more).startswith("Metric at the end, treated less untreated: 0.2 (95 % interval 0.1 to 0.3)")
    differences, curves = trial_pictures([replace(CURED, comparison=more)])
    assert differences.alt.endswith("Above 0 is better.")
    assert curves.title.startswith("Metric with and without")


def test_the_best_curves_come_first_and_are_few() -> None:
    worse = [replace(CURED, name=f"other-{index}", verdict="worse") for index in range(3)]
    differences, first, _ = trial_pictures([*worse, CURED])
    assert "lower-learning-rate" in first.title
    assert differences.alt.count("from") == 4


def test_curves_without_an_interval_have_no_band() -> None:
    bare = replace(SHOWN, treated=replace(CURVE, low=(), high=()), untreated=replace(CURVE, low=(), high=()))
    _, curves = trial_pictures([replace(CURED, comparison=bare)])
    assert not any("band" in element.get("class", "") for element in curves.svg.iter("path"))
