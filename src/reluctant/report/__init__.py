"""Shows a document, or a study: on a terminal, as JSON, as Markdown, in a notebook. Never imports torch."""

from ._finding_tree import Branch, finding_tree
from ._forms import renderer_for, renderers
from ._notebook import notebook_html
from ._renderer import Renderer
from ._safe_text import safe
from ._treatment_in_words import treatment_in_words
from ._verdict import Verdict, verdict
from .terminal import Terminal, show, show_study, width_of

__all__ = [
    "Branch", "Renderer", "Terminal", "Verdict", "finding_tree", "notebook_html", "renderer_for", "renderers", "safe", "show",
    "show_study", "treatment_in_words", "verdict", "width_of",
]  # fmt: skip
