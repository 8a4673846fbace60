"""Every colour of text can be read on its paper, light and dark."""

from __future__ import annotations

import re
from itertools import product

import pytest

from reluctant.page import colours, in_plain_colours, stylesheet

KINDS = ("error", "warning", "advice", "clear", "unknown")
TEXT = [
    *product(("ink", "muted", "link"), ("paper", "raised", "sunken")),
    *product(("figure-ink", "figure-muted"), ("figure-paper", "paper")),
    *product(KINDS, ("paper", "raised")),
    *((kind, f"{kind}-paper") for kind in KINDS),
    *((ink, f"{kind}-paper") for ink in ("ink", "muted") for kind in KINDS),
    ("ink", "mark"),
    *((f"c{index}", "figure-paper") for index in range(9)),
]
"""(text, its paper). Curves are held to what text is held to, because labels take their colours."""


def luminance(colour: str) -> float:
    """The relative luminance that WCAG 2.2 defines."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "paper"), TEXT)
def test_text_can_be_read(text: str, paper: str, dark: bool) -> None:
    values = colours(dark=dark)
    assert contrast(values[f"--{text}"], values[f"--{paper}"]) >= 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_sizes_grow_away_from_the_paper(dark: bool) -> None:
    values = colours(dark=dark)
    steps = [contrast(values[f"--size-{index}"], values["--figure-paper"]) for index in range(1, 10)]
    assert steps == sorted(steps)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_variable_that_is_used_has_a_value() -> None:
    css = stylesheet("colours", "page", "figures")
    used, defined = set(re.findall(r"var\((--[\w-]+)[),]", css)), set(re.findall(r"(--[\w-]+):", css))
    assert used <= defined


def test_a_figure_that_stands_alone_has_no_variables() -> None:
    for dark in (False, True):
        css = in_plain_colours(stylesheet("figures"), dark=dark)
        assert "var(" not in css
        assert "light-dark(" not in css
    assert in_plain_colours(".line { stroke: var(--c1); }") != in_plain_colours(".line { stroke: var(--c1); }", dark=True)
