"""How the page colours what a study came to."""

from __future__ import annotations

VERDICT_KINDS = {"clear": "clear", "warning": "warning", "nothing": "unknown"}
"""By the kind of the verdict."""

ANSWER_KINDS = {"better": "clear", "worse": "warning"}
"""By the answer for one arm; any other is ``unknown``."""
