"""Shows a document, or a study: on a terminal, as JSON, as Markdown, in a notebook. Never imports torch."""

from ._finding_block import treatment_text
from ._outline import Outline
from ._renderer import Renderer, renderer_for, renderers, study_renderer_for
from ._safe_text import safe, visible
from ._verdict import Verdict, verdict
from .notebook import Notebook
from .terminal import Terminal, encodable, show, show_study, width_of

__all__ = [
    "Notebook", "Outline", "Renderer", "Terminal", "Verdict", "encodable", "renderer_for",
    "renderers", "safe", "show", "show_study", "study_renderer_for", "treatment_text", "verdict", "visible", "width_of",
]  # fmt: skip
