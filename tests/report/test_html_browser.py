"""The page in a real browser: it opens, fits, folds, prints and can be read by everyone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reluctant.recording import Document
from reluctant.report.html import Html
from tests import recordings
from tests.report.in_browser import Opened, violations, width_of_page
from tests.report.test_html import HOSTILE, document_of

DOCUMENTS = {
    "blocked": recordings.blocked_document(),
    "healthy": recordings.healthy_document(),
    "nothing": Document(recordings.nothing_observed()),
    "deep": Document(recordings.deep_stack(layers=30, units=100, measured=20)),
    "hostile": document_of(" ".join(HOSTILE)),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, document in DOCUMENTS.items():
        (folder / f"{name}.html").write_text(Html(source="run.json").render(document), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in DOCUMENTS}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize(("width", "scripts"), [(320, True), (400, False), (1280, True)])
def test_nothing_is_wider_than_the_window(opened: Opened, name: str, width: int, scripts: bool) -> None:
    assert width_of_page(opened(name, width, scripts=scripts)) == width


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        *((name, "light", 1280) for name in DOCUMENTS),
        *(("blocked", *looks) for looks in (("dark", 1280), ("light", 400), ("dark", 400))),
        ("healthy", "dark", 400),
    ],
)
def test_it_is_accessible(opened: Opened, name: str, scheme: str, width: int) -> None:
    assert not violations(opened(name, width, scheme))


def test_a_site_opens_by_click_and_by_keyboard(opened: Opened) -> None:
    shown = opened()
    detail, summary = shown.locator("#site-2 .detail"), shown.locator("#site-2 > summary")
    assert not detail.is_visible()
    summary.click()
    assert detail.is_visible()
    assert detail.locator("svg.panel").count() == 2
    summary.focus()
    shown.keyboard.press("Enter")
    assert not detail.is_visible()


def test_a_link_to_what_is_folded_opens_it(opened: Opened) -> None:
    shown = opened()
    shown.locator("#finding-1 .to-map").click()
    assert shown.locator("#site-1 .detail").is_visible()
    shown.locator("#site-1 .detail a", has_text="RL202").click()
    assert re.search("#finding-1$", shown.url)
    assert opened(part="#finding-1-1").locator("#finding-1-1 .message").is_visible()


def test_the_tab_key_goes_through_the_page_from_the_top(opened: Opened) -> None:
    shown = opened()
    places = []
    for _ in range(40):
        shown.keyboard.press("Tab")
        seen = shown.evaluate(
            "(() => { const e = document.activeElement; return [e.tagName, e.className, e.getBoundingClientRect().top + scrollY]; })()"
        )
        if seen[0] == "BODY":
            break
        places.append(seen)
    assert places[0][1] == "skip"
    assert {"SUMMARY", "A", "BUTTON"} <= {tag for tag, _, _ in places}
    assert len(places) > 12


def test_the_skip_link_leads_to_the_content(opened: Opened) -> None:
    shown = opened()
    shown.keyboard.press("Tab")
    shown.keyboard.press("Enter")
    assert shown.evaluate("document.activeElement.id") == "main"


def test_light_and_dark_follow_the_system_and_the_button(opened: Opened) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = opened(scheme="light"), opened(scheme="dark")
    assert light.evaluate(background) != dark.evaluate(background)
    dark.locator("[data-theme-button]").click()
    assert dark.evaluate(background) == light.evaluate(background)
    dark.locator("[data-theme-button]").click()
    assert dark.evaluate(background) != light.evaluate(background)


def test_the_map_can_be_reduced_to_what_has_findings(opened: Opened) -> None:
    shown = opened()
    rows = shown.locator(".map .row:visible")
    assert rows.count() == 8
    button = shown.locator("[data-only-findings]")
    button.click()
    assert rows.count() == 3
    assert button.get_attribute("aria-pressed") == "true"


def test_the_pointer_reads_values_that_are_those_of_the_recording(opened: Opened) -> None:
    shown = opened()
    curve = DOCUMENTS["blocked"].recording.loss_curves[0]
    chart = shown.locator("#overview-1 svg.panel")
    frame = [float(place) for place in chart.get_attribute("data-frame").split()]
    area = chart.bounding_box()
    chart.hover(position={"x": frame[1] / 380 * area["width"] - 1, "y": area["height"] / 2})
    told = shown.locator("#overview-1 .reading")
    step, loss = re.fullmatch(r"step ([\d,]+)\s*mean: ([\d.]+)", told.inner_text()).groups()
    assert step == "1,199"
    assert float(loss) == pytest.approx(curve.points[-1].mean, rel=0.01)
    shown.mouse.move(1, 1)
    assert told.count() == 0


def test_without_scripts_everything_is_there_and_no_control_is_dead(opened: Opened) -> None:
    shown = opened(scripts=False)
    for control in ("[data-theme-button]", "[data-only-findings]", "[data-copy]"):
        assert not shown.locator(control).first.is_visible()
    assert shown.locator("#finding-1 svg.panel").first.is_visible()
    shown.locator("#site-0 > summary").click()
    assert shown.locator("#site-0 .detail").is_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_on_paper_what_follows_is_unfolded_and_it_is_light(opened: Opened, scripts: bool) -> None:
    shown = opened(scheme="dark", scripts=scripts)
    text = shown.pdf(format="A4")
    assert text.startswith(b"%PDF")
    shown.emulate_media(media="print")
    assert shown.locator("#finding-1-1 .message").bounding_box()["height"] > 10
    assert not shown.locator("[data-theme-button]").is_visible()
    if scripts:
        assert shown.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(27, 31, 36)"


def test_no_name_runs(opened: Opened) -> None:
    shown = opened("hostile")
    assert shown.locator("script").count() == 2
    assert shown.evaluate("document.querySelectorAll('img, [onload], [onerror]').length") == 0
    shown.evaluate("document.querySelectorAll('summary').forEach((summary) => summary.click())")
