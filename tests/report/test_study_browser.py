"""The page of a study in a real browser: it opens, fits, folds, prints and can be read by everyone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reluctant.report.html import Html
from reluctant.studies import UNTREATED, compared
from tests.report import studies
from tests.report.in_browser import Opened, violations, width_of_page
from tests.report.test_html import HOSTILE

STUDIES = {**studies.STUDIES, "hostile": studies.named(" ".join(HOSTILE).replace("\x00", ""))}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, study in STUDIES.items():
        (folder / f"{name}.html").write_text(Html(source="study.json").render_study(study), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in STUDIES}


@pytest.mark.parametrize("name", ["answered", "troubled", "failing", "many", "empty", "hostile"])
@pytest.mark.parametrize(("width", "scripts"), [(320, True), (400, False), (1280, True)])
def test_nothing_is_wider_than_the_window(opened: Opened, name: str, width: int, scripts: bool) -> None:
    assert width_of_page(opened(name, width, scripts=scripts)) == width


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        *((name, "light", 1280) for name in STUDIES),
        *(("answered", *looks) for looks in (("dark", 1280), ("light", 400), ("dark", 400))),
        ("troubled", "dark", 400),
    ],
)
def test_it_is_accessible(opened: Opened, name: str, scheme: str, width: int) -> None:
    assert not violations(opened(name, width, scheme))


def test_on_a_phone_the_answers_are_seen_without_scrolling(opened: Opened) -> None:
    shown = opened(width=400)
    for badge in shown.locator(".ranking .badge").all():
        area = badge.bounding_box()
        assert area["x"] + area["width"] <= 400
    first = shown.locator(".ranking tbody tr").first
    difference = first.locator("td").nth(1).bounding_box()
    assert difference["x"] + difference["width"] <= 400


def test_the_pointer_reads_the_losses_of_all_arms(opened: Opened) -> None:
    shown = opened()
    found = {arm.arm: arm for arm in compared(STUDIES["answered"])}
    chart = shown.locator("svg.panel[data-y]")
    frame = [float(place) for place in chart.get_attribute("data-frame").split()]
    area = chart.bounding_box()
    chart.hover(position={"x": frame[1] / 380 * area["width"] - 1, "y": area["height"] / 2})
    told = dict(re.findall(r"^(.+): ([\d.]+)$", shown.locator(".reading").inner_text(), re.MULTILINE))
    assert next(iter(told)) == UNTREATED
    assert set(told) == set(found)
    for name, loss in told.items():
        assert float(loss) == pytest.approx(found[name].end, abs=0.06)  # at the last step, not over the last tenth


def test_what_a_script_wrote_last_is_unfolded_by_click_and_by_keyboard(opened: Opened) -> None:
    shown = opened("troubled")
    folded = shown.locator("details.failure").first
    assert not folded.locator("pre").is_visible()
    folded.locator("summary").click()
    assert folded.locator("pre").inner_text().endswith("FloatingPointError: NaN")
    folded.locator("summary").focus()
    shown.keyboard.press("Enter")
    assert not folded.locator("pre").is_visible()


def test_a_wide_table_can_be_scrolled_with_the_keyboard(opened: Opened) -> None:
    shown = opened(width=400)
    box = shown.locator(".scroll").first
    box.focus()
    assert box.evaluate("box => box.scrollLeft") == 0
    for _ in range(40):
        shown.keyboard.press("ArrowRight")
        shown.wait_for_timeout(50)
        if box.evaluate("box => box.scrollLeft") > 0:
            return
    raise AssertionError("the table stayed where it was")


def test_without_scripts_everything_is_there_and_no_control_is_dead(opened: Opened) -> None:
    shown = opened("troubled", scripts=False)
    for control in ("[data-theme-button]", "[data-copy]"):
        assert not shown.locator(control).first.is_visible()
    assert shown.locator("svg.panel").count() == 2
    shown.locator("details.failure > summary").first.click()
    assert shown.locator("details.failure pre").first.is_visible()


def test_on_paper_it_is_light_and_failures_are_unfolded(opened: Opened) -> None:
    shown = opened("troubled", scheme="dark")
    assert shown.pdf(format="A4").startswith(b"%PDF")
    shown.emulate_media(media="print")
    assert shown.locator("details.failure pre").first.bounding_box()["height"] > 10
    assert not shown.locator("[data-theme-button]").is_visible()
    assert shown.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(27, 31, 36)"


def test_no_name_runs(opened: Opened) -> None:
    shown = opened("hostile")
    assert shown.locator("script").count() == 2
    assert shown.evaluate("document.querySelectorAll('img, [onload], [onerror]').length") == 0
