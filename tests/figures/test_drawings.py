"""Figures are drawn where their numbers say, and tell in words what they show."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest

from reluctant.figures import (
    Axis,
    Band,
    Bars,
    Drawing,
    Extent,
    Guide,
    HeatMap,
    Line,
    UnitGroup,
    chain,
    heat_map,
    histogram,
    line_chart,
    range_chart,
    spark,
    unit_map,
)

TIME = Axis("step", 0, 100)
HOSTILE = "<script>alert(1)</script> & \"'"


def shapes(drawn: Drawing, kind: str) -> list[str]:
    return [element.get("d", "") for element in drawn.svg.iter("path") if kind in element.get("class", "").split()]


def texts(drawn: Drawing) -> list[str]:
    return [element.text or "" for element in drawn.svg.iter("text")]


def boxes(drawn: Drawing, kind: str) -> list[tuple[float, ...]]:
    """(x, y, width, height) of the rectangles of a kind."""
    return [tuple(map(float, re.findall(r"-?[\d.]+", d)[:4])) for d in shapes(drawn, kind)]


def curve(ys: Sequence[float | None], **more) -> Drawing:
    return line_chart("Title", "alt.", TIME, Axis("loss", 0, 10), [Line("loss", range(0, 10 * len(ys), 10), ys)], **more)


def test_a_curve_goes_through_its_points() -> None:
    (d,) = shapes(curve([0, 10]), "line")
    (x1, y1), (x2, y2) = ((float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", d))
    assert x1 < x2
    assert y1 > y2  # up is larger


@pytest.mark.parametrize("hole", [None, math.nan, math.inf])
def test_what_is_no_number_is_a_gap(hole: float | None) -> None:
    (d,) = shapes(curve([1, 2, hole, 3, 4]), "line")
    assert d.count("M") == 2


def test_a_curve_of_nothing_but_gaps_is_not_drawn() -> None:
    assert shapes(curve([None, math.nan]), "line") == []


def test_what_a_script_reads_back_is_left_with_the_drawing() -> None:
    svg = curve([1, 2]).svg
    assert svg.get("data-x") == "linear 0 100"
    assert svg.get("data-y") == "linear 0 10"


def test_numbers_stand_in_a_table_of_bounded_length() -> None:
    drawn = line_chart("", "", TIME, Axis("", 0, 1), [Line("a", range(100), [0.5] * 100), Line("b", [0, 99], [0.25, None])])
    assert drawn.head == ("step", "a", "b")
    assert len(drawn.rows) <= 16
    assert drawn.rows[0] == ("0", "0.5", "0.25")
    assert drawn.rows[-1] == ("99", "0.5", "–")


def test_one_curve_needs_no_legend_and_two_do() -> None:
    assert curve([1, 2]).keys == ()
    assert [key.label for key in curve([1, 2], bands=[Band([0, 10], [0, 1], [2, 3], label="spread")]).keys] == ["loss", "spread"]


def test_a_word_at_a_mark_stays_inside() -> None:
    label = "a rather long word about what happened"
    drawn = curve([1, 2], guides=[Guide(97, label)])
    (element,) = (element for element in drawn.svg.iter("text") if element.text == label)
    assert element.get("text-anchor") == "end"


def test_units_are_drawn_alive_until_they_fall_silent() -> None:
    drawn = unit_map("", "", TIME, [UnitGroup(3), UnitGroup(1, 40, 50), UnitGroup(2, None, 0)])
    alive, dead, between = (boxes(drawn, kind) for kind in ("alive", "dead", "between"))
    assert (len(alive), len(dead), len(between)) == (4, 3, 1)
    assert sum(1 for box in dead if box[0] == min(box[0] for box in dead)) == 2  # the two that never lived are dead from the left
    late = max(dead)
    assert between[0][0] + between[0][2] == pytest.approx(late[0], abs=0.2)


def test_many_units_are_fields_of_their_share() -> None:
    drawn = unit_map("", "", TIME, [UnitGroup(750), UnitGroup(250, 40, 50)])
    (alive, _), (dead,) = sorted(boxes(drawn, "alive"), key=lambda box: -box[3]), boxes(drawn, "dead")
    assert alive[3] == pytest.approx(3 * dead[3], rel=0.02)


def test_sizes_zero_and_nan_have_colours_of_their_own() -> None:
    data = HeatMap(["a", "b"], [0, 50, 100], [[1.0, 1e-3, 0.0], [math.nan, None, 1.0]])
    drawn = heat_map("", "", TIME, data, "gradient")
    assert len(boxes(drawn, "d9")) == 3  # the largest twice, and the scale
    assert len(boxes(drawn, "d1")) == 2
    assert len(boxes(drawn, "d0")) == len(boxes(drawn, "dn")) == 2  # in the map and in the scale
    assert {"exactly 0", "NaN or Inf", "0.001", "1"} <= set(texts(drawn))


def test_what_does_not_occur_is_not_in_the_scale() -> None:
    drawn = heat_map("", "", TIME, HeatMap(["a"], [0, 100], [[1.0, 0.1]]), "gradient")
    assert not {"exactly 0", "NaN or Inf"} & set(texts(drawn))


def test_neighbours_of_one_colour_are_one_shape() -> None:
    drawn = heat_map("", "", TIME, HeatMap(["a"], list(range(100)), [[1.0] * 100]), "gradient")
    assert len(boxes(drawn, "d9")) == 2


def test_bars_are_as_high_as_their_counts() -> None:
    drawn = histogram("", "", Bars("now", 10, (0, 5, 20), 0), Bars("before", 0, (1, 0, 0), 34), "share", ("none", "all"), bad=0)
    (bad,), (low, high) = boxes(drawn, "bad"), sorted(boxes(drawn, "f1"), key=lambda box: box[3])
    assert (bad[3] / low[3], high[3] / low[3]) == (pytest.approx(2, rel=0.02), pytest.approx(4, rel=0.02))
    assert len(shapes(drawn, "before")) == 2
    assert [key.label for key in drawn.keys] == ["now", "before"]


def test_a_stretch_lies_between_its_ends_on_one_axis() -> None:
    drawn = range_chart("", "", "value", [Extent("can reach", -1, 1, allowed=True), Extent("targets", 0, 4, (1, 3), 2)])
    (field,), (bar,) = boxes(drawn, "allowed"), boxes(drawn, "column")
    assert field[2] == pytest.approx(bar[2], abs=0.3)  # both are 2 wide
    assert bar[0] == pytest.approx(field[0] + field[2], abs=0.3)


def test_stretches_of_very_different_size_share_a_logarithmic_axis() -> None:
    drawn = range_chart("", "", "value", [Extent("", -1, 1), Extent("", -4000, 4000)])
    assert {"value", "logarithmic on both sides of 0"} <= set(texts(drawn))


def test_narrow_stretches_around_zero_are_seen_beside_one_far_away() -> None:
    near, far = Extent("near", -0.08, 0.008, mean=-0.045), Extent("far", 1.7, 2.7, mean=2.2)
    drawn = range_chart("", "", "difference", [near, far], zero="no difference")
    assert "logarithmic on both sides of 0" in texts(drawn)
    first, last = (tuple(map(float, re.match(r"M([\d.]+) [\d.]+H([\d.]+)", d).groups())) for d in shapes(drawn, "line"))
    (zero,) = (float(d.split()[0][1:]) for d in shapes(drawn, "guide"))
    assert first[0] < zero < first[1] < last[0]
    assert first[1] - first[0] > 40
    alone = range_chart("", "", "difference", [near, Extent("like it", -0.1, 0.1)], zero="no difference")
    assert "logarithmic on both sides of 0" not in texts(alone)


def test_an_open_end_goes_to_the_edge() -> None:
    drawn = range_chart("", "", "value", [Extent("can reach", 0, math.inf, allowed=True), Extent("targets", -2, 2)])
    (field,) = boxes(drawn, "allowed")
    assert field[0] + field[2] == 370  # where the axis ends


def test_a_long_chain_goes_on_in_the_next_line_and_leaves_out_its_middle() -> None:
    drawn = chain("", "", [(f"layer{index}", "8 → 8") for index in range(30)], "= one layer")
    assert {"layer0", "… 22 more", "layer29", "= one layer"} <= set(texts(drawn))
    assert all(x + width <= 380 for x, _, width, _ in boxes(drawn, "chain"))


def test_a_small_curve_marks_zero_and_nan() -> None:
    svg = ElementTree.fromstring(spark([0, 0.3, 0.6, 1], [1.0, 0.1, 0.0, math.nan], "gradient"))
    assert [element.get("class") for element in svg] == ["line c1", "zero", "broken"]


@pytest.mark.parametrize(
    "drawn",
    [
        line_chart(HOSTILE, HOSTILE, Axis(HOSTILE, 0, 1), Axis(HOSTILE, 0, 1), [Line(HOSTILE, [0, 1], [0, 1])], guides=[Guide(0, HOSTILE)]),
        unit_map(HOSTILE, HOSTILE, Axis(HOSTILE, 0, 1), [UnitGroup(1, 0, 1)]),
        heat_map(HOSTILE, HOSTILE, Axis(HOSTILE, 0, 1), HeatMap([HOSTILE], [0, 1], [[1.0, 2.0]]), HOSTILE),
        histogram(HOSTILE, HOSTILE, Bars(HOSTILE, 1, (1,), 1), None, HOSTILE, (HOSTILE, HOSTILE)),
        range_chart(HOSTILE, HOSTILE, HOSTILE, [Extent(HOSTILE, 0, 1)]),
        chain(HOSTILE, HOSTILE, [(HOSTILE, HOSTILE)] * 3, HOSTILE),
    ],
    ids=["line", "units", "heat", "histogram", "range", "chain"],
)
def test_text_in_a_drawing_stays_text(drawn: Drawing) -> None:
    markup = drawn.markup()
    assert "<script" not in markup
    read = ElementTree.fromstring(markup)
    assert read.get("aria-label", "").startswith(HOSTILE)
    assert {element.tag for element in read.iter()} <= {"svg", "g", "path", "text"}
