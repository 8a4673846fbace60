"""The page: all claims of an account in one HTML file, in one language."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from markupsafe import Markup, escape

from reluctant.figures import Slider, Words, inline, legend, script_data, translation
from reluctant.page import asset, render

from . import _words
from ._account import Account
from ._claim import ClaimVerdict, Formula
from ._curves import title
from ._data import TASKS
from ._javascript import in_javascript, javascript
from ._text import Language

PACKAGE = "reluctant.explain"
LANGUAGE_TAGS: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}
KINDS = {ClaimVerdict.HOLDS: "clear", ClaimVerdict.CONDITIONS: "warning", ClaimVerdict.NOT_HERE: "error"}
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Learning rates of the network in the page."""
FEWER_POINTS = 120
NONE = "identity"
NO_BREAK = "\N{NO-BREAK SPACE}"


def page(account: Account, language: Language) -> str:
    """The page, as one file that loads nothing and reads without its scripts."""
    scripts = [_activations_script(), *(asset(PACKAGE, f"{name}.js") for name in ("network", "figures", "playground"))]

    def t(words: Words) -> Markup:
        return _with_code(translation(words, language))

    return render(
        PACKAGE,
        "explain.html.jinja",
        styles=[asset(PACKAGE, "explain.css")],
        scripts=scripts,
        account=account,
        words=_words,
        language_tag=LANGUAGE_TAGS[language],
        t=t,
        plain=lambda words: translation(words, language),
        kind_of=KINDS.__getitem__,
        numeric=_is_numeric,
        svg=lambda panel, name: Markup(inline(panel, language, name)),
        legend=legend,
        data=lambda figure: script_data(figure, language, _words.SLOPE),
        mathml=_mathml,
        playground=_Playground(account.seed, language),
    )


def _with_code(text: str) -> Markup:
    """The text escaped, what stands between backticks as code, indices and powers of ten as they are written by hand."""
    parts = re.split(r"`([^`]*)`", text)
    return Markup("").join(Markup("<code>{}</code>").format(part) if index % 2 else _set(part) for index, part in enumerate(parts))


def _set(text: str) -> Markup:
    """Prose as a typesetter would leave it: nothing torn from its number, its bracket or its sign at the end of a line."""
    kept = re.sub(r" (?=%)|(?<=\S) (?=[+×=→…/<>] )|(?<= [+×=→…/<>]) ", NO_BREAK, text)
    kept = re.sub(r"\[[^\][]{1,16}\]", lambda bracket: bracket[0].replace(" ", NO_BREAK), kept)
    markup = re.sub(r"(\d)e([−+]?\d+)", r"\1 × 10<sup>\2</sup>".replace(" ", NO_BREAK), str(escape(kept)))
    return Markup(re.sub(r"(?<=[α-ω])_(\w)(²?)", r"<sub>\1</sub>\2", markup))


def _is_numeric(slider: Slider) -> bool:
    """Whether the positions are numbers, so that it is dragged; else one of them is chosen by its name."""
    return all(isinstance(position, str) and re.fullmatch(r"[\d.]+", position) for position in slider.positions)


def _mathml(formula: Formula) -> Markup:
    from latex2mathml.converter import convert

    return Markup(convert(formula.latex, display="block"))


@cache
def _activations_script() -> str:
    """The activations of the catalogue as an object of JavaScript: by spelling, {f, slope}."""
    entries = [f"  {json.dumps(NONE)}: {{ f: (x) => x, slope: () => 1 }},"]
    for spelling, activation in in_javascript().items():
        f, slope = javascript(activation)
        entries.append(f"  {json.dumps(spelling)}: {{ f: (x) => {f}, slope: (x) => {slope} }},")
    return "\n".join(["// The formulas of the catalogue.", "const ReluctantActivations = {", *entries, "};", ""])


class _Playground:
    """What the controls of the network offer, and what its script is given."""

    def __init__(self, seed: int, language: Language) -> None:
        self.rates: Sequence[float] = RATES
        self.tasks = {name: words for name, (_, words) in TASKS.items()}
        self.activations: dict[str, Words] = {"relu": "ReLU", NONE: _words.NO_ACTIVATION}
        self.activations |= {spelling: title(activation) for spelling, activation in in_javascript().items() if spelling != "relu"}
        self.data: dict[str, Any] = {
            "seed": seed,
            "rates": RATES,
            "tasks": {name: _points(name, seed) for name in TASKS},
            "words": {name: translation(words, language) for name, words in _words.SCRIPT_WORDS.items()},
        }


def _points(name: str, seed: int) -> tuple[list[list[float]], list[int]]:
    """Points of a task, to two decimals, and their classes."""
    points, classes = TASKS[name][0](FEWER_POINTS, seed)
    return [[round(x, 2), round(y, 2)] for x, y in points.tolist()], [int(one) for one in classes.tolist()]
