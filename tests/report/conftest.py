"""Opens the pages of a test file in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.report.in_browser import Opened


@pytest.fixture
def opened(browser: Any, files: dict[str, Path]) -> Iterator[Opened]:
    """A function that opens a page, the first one of the test file's `files` unless another is named; when the test ends, it must
    have said nothing on the console and asked for nothing.
    """
    contexts, trouble = [], []

    def open_page(name: str = "", width: int = 1280, scheme: str = "light", scripts: bool = True, part: str = "") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts)
        contexts.append(context)
        shown = context.new_page()
        shown.on("console", lambda message: message.type in ("warning", "error") and trouble.append(message.text))
        shown.on("pageerror", lambda error: trouble.append(str(error)))
        shown.on("dialog", lambda dialog: trouble.append(dialog.message))
        shown.on("request", lambda request: request.url.startswith(("file:", "data:")) or trouble.append(request.url))
        shown.goto(files[name or next(iter(files))].as_uri() + part)
        return shown

    yield open_page
    for context in contexts:
        context.close()
    assert not trouble
