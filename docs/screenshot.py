"""Takes the pictures of a page that the documentation shows, in a real browser.

usage: python docs/screenshot.py explain.html docs/explain.png 1280 1500
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def take(page: Path, picture: Path, width: int, height: int) -> None:
    """The first `height` pixels of a page in a window as wide as this."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"))
        shown = browser.new_page(viewport={"width": width, "height": height})
        shown.goto(page.resolve().as_uri())
        shown.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
