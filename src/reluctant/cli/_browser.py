"""Shows a page in the reader's browser."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path

from reluctant.recording import Document, write
from reluctant.report.html import Html


def open_document(document: Document, source: str = "", page: str = "") -> str:
    """Open the page of a document and say what was done. `page` is the file that it was already written to; without one it is
    written to a new folder for temporary files. `source` is the file that the document is saved in.
    """
    return open_page_of(lambda: Html(source=source).render(document), page)


def open_page_of(make: Callable[[], str], page: str = "") -> str:
    """Open a page and say what was done; where it is not in the file `page` already, it is made and written as `open_document` does."""
    path = Path(page) if page else Path(tempfile.mkdtemp(prefix="reluctant-")) / "report.html"
    if not page:
        write(path, make().encode())
    return open_address(path.resolve().as_uri(), f"Page: {path}")


def open_address(address: str, message: str) -> str:
    """Open an address, and add to the `message` where that cannot be done."""
    if not _has_screen():
        return f"{message} (there is no screen here to open it on)"
    return message if webbrowser.open(address) else f"{message} (no browser was found to open it in)"


def _has_screen() -> bool:
    """Whether a browser can show a window; one that runs in the terminal would take it from what was just printed there."""
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
