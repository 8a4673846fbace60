"""The report as an HTML page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reluctant.figures import swatch
from reluctant.page import asset, render
from reluctant.recording import Document

from ._renderer import Renderer

if TYPE_CHECKING:
    from reluctant.studies import Study

PACKAGE = "reluctant.report"

VERDICT_KINDS = {"clear": "clear", "warning": "warning", "nothing": "unknown"}
"""How the page of a study colours its verdict, by the verdict's kind."""

ANSWER_KINDS = {"better": "clear", "worse": "warning"}
"""By the answer for one arm; any other is ``unknown``."""


@dataclass(frozen=True)
class Html(Renderer):
    """The report as one self-contained page: figures drawn in, nothing loaded, readable without a script, light and dark, printable.

    It always holds every site and every finding; what many share is folded.
    """

    name = "html"
    suffix = ".html"

    follows: bool = False
    """Whether the page asks the server that it came from for newer ones; a page in a file has none to ask."""

    def render(self, document: Document) -> str:
        """The page as text."""
        from ._html import page_content  # on use: the manual pages of all rules come with it

        return render(
            PACKAGE,
            "report.html.jinja",
            styles=[asset(PACKAGE, "report.css")],
            scripts=[asset(PACKAGE, name) for name in ("report.js", *(["follow.js"] if self.follows else []))],
            connects=self.follows,
            follows=self.follows,
            page=page_content(document, self.source),
        )

    def render_study(self, study: Study) -> str:
        """The page of what a study showed."""
        from ._study import study_outline, study_pictures

        outline = study_outline(study)
        return render(
            PACKAGE,
            "study.html.jinja",
            styles=[asset(PACKAGE, "report.css"), asset(PACKAGE, "study.css")],
            scripts=[asset(PACKAGE, "report.js")],
            page=outline,
            kind=VERDICT_KINDS[outline.verdict.kind],
            kinds=ANSWER_KINDS,
            swatch=swatch,
            pictures=study_pictures(study, outline),
        )
