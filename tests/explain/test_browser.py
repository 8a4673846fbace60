"""The page in a real browser: its sliders, its curves, and the network that trains in it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from reluctant.activations import all_activations, get
from reluctant.explain import LANGUAGES, page
from reluctant.explain._javascript import in_javascript

Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def files(short_account, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    found = {language: folder / f"explain.{language}.html" for language in LANGUAGES}
    for language, path in found.items():
        path.write_text(page(short_account, language), encoding="utf-8")
    return found


@pytest.fixture
def opened(browser, files):
    """A function that opens the page; when the test ends, it must have said nothing on the console and asked for nothing."""
    contexts, trouble = [], []

    def open_page(language: str = "en", width: int = 1280, scheme: str = "light", scripts: bool = True) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts)
        contexts.append(context)
        shown = context.new_page()
        shown.on("console", lambda message: message.type in ("warning", "error") and trouble.append(message.text))
        shown.on("pageerror", lambda error: trouble.append(str(error)))
        shown.on("request", lambda request: request.url.startswith(("file:", "data:")) or trouble.append(request.url))
        shown.goto(files[language].as_uri())
        return shown

    yield open_page
    for context in contexts:
        context.close()
    assert not trouble


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scripts", [True, False])
def test_nothing_is_wider_than_the_window(opened, language, width, scripts):
    shown = opened(language, width, scripts=scripts)
    # Without scripts nothing can be asked, but the picture of the whole page is as wide as the page.
    picture = shown.screenshot(full_page=True, type="png", timeout=180_000)  # a long page, perhaps on a busy machine
    assert int.from_bytes(picture[16:20], "big") == width


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(opened, language, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(opened(language, scheme=scheme), options={"resultTypes": ["violations"]})
    serious = [entry for entry in found.response["violations"] if entry["impact"] in ("serious", "critical")]
    assert not serious, [(entry["id"], entry["nodes"][0]["html"], entry["nodes"][0].get("failureSummary")) for entry in serious]


def test_without_scripts_there_are_no_dead_controls(opened):
    shown = opened(scripts=False)
    assert not shown.locator("[data-slider]").first.is_visible()
    assert not shown.locator("#playground").is_visible()
    assert shown.locator(".without-script").is_visible()
    assert shown.locator("#linear-stacks-separating output").inner_text().startswith("Step 200.")


def test_a_slider_moves_its_figure(opened):
    shown = opened()
    figure = shown.locator("#linear-stacks-separating")
    before = drawn(figure)
    figure.locator("input").focus()
    shown.keyboard.press("ArrowLeft")
    assert figure.locator("output").inner_text().startswith("Step 40.")
    assert drawn(figure) != pytest.approx(before, abs=0.21)
    shown.keyboard.press("ArrowRight")
    assert drawn(figure) == pytest.approx(before, abs=0.21), "what the script draws is what the page brought"


def drawn(figure: Any) -> list[float]:
    """Every coordinate of the marks of a figure."""
    read = "(element) => [...element.querySelectorAll('svg.panel > g path')].map((path) => path.getAttribute('d')).join(' ')"
    return [float(number) for number in re.findall(r"-?[\d.]+", figure.evaluate(read))]


@pytest.mark.parametrize("name", ["universal-approximation-fit", "dead-units-life", "variants-variants", "linear-stacks-separating"])
def test_every_position_can_be_drawn_and_left_again(opened, name):
    shown = opened()
    figure = shown.locator(f"#{name}")
    start = drawn(figure)
    controls = figure.locator("[data-slider]")
    for index in range(controls.count()):
        control = controls.nth(index)
        first = control.input_value()
        is_list = control.evaluate("element => element.tagName") == "SELECT"
        last = control.evaluate("element => element.tagName === 'SELECT' ? String(element.length - 1) : element.max")
        for position in ("0", last, first):
            control.select_option(position) if is_list else control.fill(position)
            assert "NaN" not in figure.locator(".panels").inner_html()
    assert drawn(figure) == pytest.approx(start, abs=0.21)


def test_a_curve_is_read_with_its_slope(opened):
    shown = opened()
    figure = shown.locator("#vanishing-gradients-flattening")
    box = figure.locator(".panel-box").first
    box.focus()
    for _ in range(8):
        shown.keyboard.press("ArrowRight")
    lines = box.locator(".reading").inner_text().splitlines()
    x = float(lines[0].removeprefix("x = ").replace("−", "-"))
    assert 0 < x < 1
    read = {line.split(" ")[0]: line for line in lines[1:]}
    for name in ("sigmoid", "tanh"):
        value, slope = (float(number) for number in read[name].removeprefix(f"{name} ").split(", slope "))
        assert value == pytest.approx(get(name)(x), rel=0.01)
        assert slope == pytest.approx(get(name).slope(x), rel=0.01)
    shown.keyboard.press("Escape")
    assert box.locator(".reading").inner_text() == ""


def test_a_pointer_reads_too(opened):
    shown = opened()
    box = shown.locator("#relu-definition-relu .panel-box").first
    box.hover(position={"x": 40, "y": 60})
    assert "slope 0" in box.locator(".reading").inner_text()
    size = box.bounding_box()
    box.hover(position={"x": size["width"] - 30, "y": 60})
    assert "slope 1" in box.locator(".reading").inner_text()


def test_the_formulas_of_the_page_are_the_catalogues(opened):
    xs = [-40.0, -6.5, -3.0, -1.0, -0.3, 0.0, 0.3, 1.0, 2.9, 6.5, 40.0]
    read = "([xs, names]) => names.map((n) => xs.map((x) => [ReluctantActivations[n].f(x), ReluctantActivations[n].slope(x)]))"
    names = list(in_javascript())
    found = opened().evaluate(read, [xs, names])
    for name, values in zip(names, found, strict=True):
        activation = get(name)
        for x, (value, slope) in zip(xs, values, strict=True):
            assert value == pytest.approx(activation(x), rel=1e-12, abs=1e-15), (name, x)
            assert slope == pytest.approx(activation.slope(x), rel=1e-12, abs=1e-15), (name, x)


@pytest.mark.parametrize("name", [a.spelling for a in all_activations() if a.spelling in in_javascript() and a.torch_class])
def test_one_step_of_the_network_is_torchs(opened, name):
    sizes, rate = (2, 5, 4, 1), 0.7
    torch.manual_seed(0)
    x = torch.randn(9, 2, dtype=torch.float64)
    y = (torch.arange(9) % 2).double()
    layers = [nn.Linear(a, b, dtype=torch.float64) for a, b in pairwise(sizes)]
    activation = get(name)
    between = getattr(nn, activation.torch_class)(**activation.parameters)
    start = [{"weights": layer.weight.tolist(), "biases": layer.bias.tolist()} for layer in layers]

    loss = nn.functional.binary_cross_entropy_with_logits(nn.Sequential(layers[0], between, layers[1], between, layers[2])(x)[:, 0], y)
    loss.backward()
    with torch.no_grad():
        for layer in layers:
            layer.weight -= rate * layer.weight.grad
            layer.bias -= rate * layer.bias.grad

    program = """([layers, points, classes, name, rate]) => {
        const loss = ReluctantNetwork.step(layers, points, classes, ReluctantActivations[name], rate);
        return [loss, layers];
    }"""
    # torch's hardsigmoid multiplies by a sixth in single precision, whatever the type of its input.
    ours, stepped = opened().evaluate(program, [start, x.tolist(), y.tolist(), name, rate])
    assert ours == pytest.approx(float(loss.detach()), rel=1e-8)
    for layer, found in zip(layers, stepped, strict=True):
        torch.testing.assert_close(torch.tensor(found["weights"], dtype=torch.float64), layer.weight.detach(), rtol=1e-7, atol=1e-9)
        torch.testing.assert_close(torch.tensor(found["biases"], dtype=torch.float64), layer.bias.detach(), rtol=1e-7, atol=1e-9)


def test_fresh_weights_are_drawn_as_torch_draws_them(opened):
    program = """(kind) => {
        const [first] = ReluctantNetwork.create([200, 300, 1], 7, kind);
        return [first.weights.flat(), first.biases];
    }"""
    shown = opened()
    for kind, variance in (("default", 1 / 3), ("he", 2.0)):
        weights, biases = (torch.tensor(numbers) for numbers in shown.evaluate(program, kind))
        assert 200 * float(weights.var()) == pytest.approx(variance, rel=0.03)
        assert abs(float(weights.mean())) < 0.01
        assert float(biases.abs().max()) <= (1 / math.sqrt(200) if kind == "default" else 0.0)
    assert shown.evaluate(program, "he") == shown.evaluate(program, "he"), "a seed gives the same weights"


def train(shown: Any, steps: int) -> None:
    shown.evaluate("(steps) => { for (let i = 0; i < steps; i++) document.querySelector('[data-part=one]').click(); }", steps)


def part(shown: Any, name: str) -> str:
    return str(shown.locator(f"#playground [data-part={name}]").inner_text())


def choose(shown: Any, **settings: str) -> None:
    for name, value in settings.items():
        control = shown.locator(f"#playground [name={name}]")
        control.fill(value) if control.evaluate("element => element.tagName") == "INPUT" else control.select_option(value)


def test_the_network_learns(opened):
    shown = opened()
    choose(shown, task="xor", depth="1", initialisation="he", rate="6")  # a rate of 1
    train(shown, 1)
    before = float(part(shown, "loss-now"))
    train(shown, 200)
    assert float(part(shown, "loss-now")) < before / 3
    assert float(part(shown, "right").removesuffix(" %")) > 95
    choose(shown, activation="identity")
    train(shown, 200)
    assert float(part(shown, "right").removesuffix(" %")) < 75, "without an activation it cannot"


def test_units_die_before_the_readers_eyes(opened):
    shown = opened()
    choose(shown, rate="9")  # 30
    train(shown, 25)
    dead = int(part(shown, "dead").split(" ")[0])
    assert dead > 8
    assert shown.locator("#playground .unit.dead").count() == dead
    assert "dead since step" in str(shown.locator("#playground .unit.dead").last.get_attribute("title"))
    assert part(shown, "status").startswith("Step 25: loss ")


def test_training_runs_until_it_is_paused_and_says_when_it_diverges(opened):
    shown = opened()
    button = shown.locator("#playground [data-part=train]")
    button.click()
    shown.wait_for_function("() => Number(document.querySelector('[data-part=step]').textContent) > 3")
    button.click()
    here = part(shown, "step")
    shown.wait_for_timeout(100)
    assert part(shown, "step") == here
    assert button.inner_text() == "Train"
    choose(shown, activation="elu", rate="9")
    button.click()
    shown.wait_for_function("() => document.querySelector('[data-part=status]').textContent.startsWith('Diverged')")
    assert button.inner_text() == "Train"


def test_changing_the_colours_redraws_the_field(opened):
    shown = opened()
    field = shown.locator("[data-part=field]")
    read = "(element) => element.toDataURL()"
    light = field.evaluate(read)
    shown.locator("[data-theme-button]").click()
    shown.wait_for_function("(light) => document.querySelector('[data-part=field]').toDataURL() !== light", arg=light)
    shown.locator("[data-theme-button]").click()
    shown.wait_for_function("(light) => document.querySelector('[data-part=field]').toDataURL() === light", arg=light)
