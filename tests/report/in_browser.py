"""What a test asks of a page that is open in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Opened = Callable[..., Any]


def width_of_page(shown: Any) -> int:
    """Pixels from its left to its right end, those beyond the window included.

    Without scripts nothing can be asked, but the picture of the whole page is as wide as the page.
    """
    picture = shown.screenshot(full_page=True, type="png", timeout=180_000)
    return int.from_bytes(picture[16:20], "big")


def violations(shown: Any) -> list[tuple[Any, ...]]:
    """What keeps somebody from reading the page, everything on it unfolded, as axe-core finds it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    shown.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    found = axe.Axe().run(shown, options={"resultTypes": ["violations"]})
    return [
        (entry["id"], entry["impact"], entry["nodes"][0]["html"], entry["nodes"][0].get("failureSummary"))
        for entry in found.response["violations"]
    ]
