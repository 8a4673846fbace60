"""Runs short scripts as trials and reads what was saved."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from reluctant.recording import Trial, load


def run(folder: Path, script: str, *options: str) -> tuple[subprocess.CompletedProcess[str], Trial | None]:
    """Run the script under ``reluctant run OPTIONS``; the process as it ended, and the trial that was recorded."""
    file, output = folder / "train.py", folder / "out.json"
    file.write_text(textwrap.dedent(script).strip() + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "reluctant", "run", "-q", "--force", "-o", str(output), *options, str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder)
    return ended, load(output).recording.trial


def plain(folder: Path, script: str) -> str:
    """What the script prints under python alone."""
    file = folder / "train.py"
    file.write_text(textwrap.dedent(script).strip() + "\n", encoding="utf-8")
    return subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=120, cwd=folder, check=True).stdout
