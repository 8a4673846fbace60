"""Runs what a page shows: files are written, commands are run, and what they print is put beneath them.

A block of code with a title is a file; a ``console`` block holds commands, each after ``$``, to be run in a folder that
belongs to the page, one after another:

    ```python title="train.py"
    ...
    ```

    ```console
    $ reluctant run train.py
    ```
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FILE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)

READER = "/home/ada"
"""What stands in the output for the folder in which the commands are run."""

FAILED = ("Traceback (most recent call last)", "This is a bug", "an error of its own")
"""What is never in the output of a command that did what its page says."""


class ConsoleError(Exception):
    """A command on a page that does not do what it is shown for."""


def with_output(path: str, text: str) -> str:
    """The page with the output of its commands. Raises `ConsoleError` where one fails."""
    if CONSOLE.search(text) is None:
        return text
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "here"
        folder.mkdir()
        for name, content in FILE.findall(text):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
        environment = _environment(Path(place))
        return CONSOLE.sub(lambda block: _run(path, block[1], folder, environment), text)


def _environment(place: Path) -> dict[str, str]:
    """The variables of the commands: `reluctant` is this one, and the output is as on a terminal of 80 columns without colours."""
    shim = place / "bin" / "reluctant"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reluctant "$@"\n')
    shim.chmod(0o755)
    path = os.pathsep.join([str(shim.parent), str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    sources = os.pathsep.join(os.path.abspath(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry)
    return {**os.environ, "PATH": path, "PYTHONPATH": sources, "OMP_NUM_THREADS": "1", "COLUMNS": "80", "NO_COLOR": "1"}


def _run(path: str, commands: str, folder: Path, environment: dict[str, str]) -> str:
    shown = []
    for line in commands.splitlines():
        if not line.startswith("$ "):
            raise ConsoleError(f"{path}: {line!r} in a console block does not begin with $: output is made, not written")
        command = line.removeprefix("$ ")
        ended = subprocess.run(
            command, shell=True, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300
        )
        if ended.returncode > 1 or ended.returncode < 0 or any(said in ended.stdout for said in FAILED):
            raise ConsoleError(f"{path}: `{command}` ended with exit code {ended.returncode}:\n{ended.stdout}")
        output = ended.stdout.rstrip().replace(str(folder), READER)
        shown += [line, *([output] if output else []), ""]
    return "\n".join(["```console", *shown[:-1], "```"])
