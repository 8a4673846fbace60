"""Draws the picture in the README: what `reluctant demo` prints, as it looks on a terminal.

usage: python docs/picture.py reluctant-demo/run.json docs/demo.svg
"""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from reluctant.recording import load
from reluctant.report import show

WIDTH = 100


def draw(recording: Path) -> str:
    """The report of a recording as SVG."""
    os.environ |= {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    stream = io.StringIO()
    show(load(recording), stream, source=recording.name)
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.from_ansi(stream.getvalue()))
    # Without its web fonts: a picture must not ask the network for anything.
    return re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="reluctant demo"), flags=re.DOTALL)


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(draw(Path(sys.argv[1])), encoding="utf-8")
