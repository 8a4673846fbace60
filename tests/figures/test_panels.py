"""Panels of a figure: drawn in any language, cut off at their axes, and the same for the page and its script."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

import pytest

from reluctant.figures import (
    Axis,
    Bar,
    BarPanel,
    Cells,
    Dots,
    Figure,
    Guide,
    Key,
    Line,
    Panel,
    Setting,
    Slider,
    bar_chart,
    blocks,
    explorer,
    half_blocks,
    inline,
    legend,
    script_data,
    standalone,
)


@dataclass(frozen=True)
class Both:
    """A word in two languages."""

    en: str
    de: str

    def to(self, language: str) -> str:
        return self.de if language == "de" else self.en


def panel(ys: tuple[float, ...] = (0.0, 5.0, 10.0)) -> Panel:
    line = Line(Both("loss", "Verlust"), (0, 1, 2), ys, 1)
    guide = Guide(2, Both("floor", "Boden"), upright=False)
    return Panel(Both("Title", "Titel"), Axis(Both("step", "Schritt"), 0, 2), Axis(Both("loss", "Verlust"), 1e-5, 10, "log"), (line, guide))


def texts(markup: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(markup).iter() if element.tag.endswith("text")]


@pytest.mark.parametrize(
    ("language", "words"), [("en", {"Title", "step", "loss", "floor"}), ("de", {"Titel", "Schritt", "Verlust", "Boden"})]
)
def test_words_are_those_of_the_language(language, words):
    assert words <= set(texts(inline(panel(), language, "one")))


def test_powers_of_ten_are_raised():
    assert "10−4" in texts(inline(panel(), "en", "one"))
    assert "<tspan" in inline(panel(), "en", "one")


def test_marks_are_cut_off_and_one_element_each():
    svg = ElementTree.fromstring(inline(panel(), "en", "one"))
    marks = svg.find("g")
    assert marks.get("clip-path") == "url(#one-clip)"
    assert [mark.get("class") for mark in marks] == ["line c1", "guide"]


def test_what_lies_far_outside_is_drawn_outside():
    svg = ElementTree.fromstring(inline(panel((1e-9, 1.0, 1.0)), "en", "one"))
    first = svg.find("g/path").get("d").split("L")[0].removeprefix("M")
    x, y = map(float, first.split())
    assert x == 50
    assert y > float(svg.get("viewBox").split()[3])


def test_a_legend_names_each_series_once():
    dots = Dots(Both("points", "Punkte"), (0,), (1,), 2)
    keys = legend([panel(), Panel("", Axis("", 0, 1), Axis("", 0, 1), (dots, dots))])
    assert [(key.mark, key.colour, key.label.to("en")) for key in keys] == [("line", "c1", "loss"), ("dots", "c2", "points")]
    assert all("<svg" in key.swatch() for key in keys)


def moved() -> Figure:
    settings = [Setting(str(end), (panel((0.1, 1.0, end)),)) for end in (1.0, 2.0)]
    return explorer("moved", "A title", "In words.", [Slider("end", ("1", "2"), 1)], settings)


def test_a_figure_shows_the_setting_of_its_sliders():
    figure = moved()
    data = script_data(figure, "de", Both("slope", "Steigung"))
    assert (data["words"]["slope"], data["frames"][figure.start]["marks"]) == ("Steigung", None)
    assert data["frames"][0]["marks"] == [[{"ys": [0.1, 1.0, 1.0]}, None]]
    with pytest.raises(ValueError, match="has 1 settings for 2 positions"):
        explorer("moved", "", "", [Slider("end", ("1", "2"), 1)], figure.settings[:1])


def test_a_figure_of_its_own_brings_words_and_style():
    root = ElementTree.fromstring(standalone(moved(), "en"))
    assert root.get("role") == "img"
    assert "var(--" not in root.find("{http://www.w3.org/2000/svg}style").text


def test_bars_are_as_long_as_their_numbers():
    bars = (Bar(1.0, 1, "1.00"), Bar(2.0, 2, "2.00"))
    panel = BarPanel("of", [("relu", bars)], [Key("area", "f3", "float32")])
    root = ElementTree.fromstring(bar_chart("Speed", "In words.", [panel], "note"))
    drawn = {path.get("class"): path.get("d") for path in root.iter("{http://www.w3.org/2000/svg}path")}
    lengths = [float(drawn[kind].split("h")[1].split("v")[0]) for kind in ("f1", "f2")]
    assert lengths[-1] == pytest.approx(2 * lengths[-2])


def test_letters_stand_in_for_curves_and_cells():
    assert blocks(Axis("", 0, 8), [0, None, 3.5, 8, 9], 5) == "▁ ▄██"
    assert half_blocks(Cells(("01", "11", "10"), "life")) == ["▄█", "▀ "]
