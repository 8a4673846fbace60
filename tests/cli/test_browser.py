"""``--open``: the page of a report in the reader's browser, here a script that notes what it is given."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

from reluctant.recording import Document, save
from tests import recordings
from tests.observe.runs import SCRIPTS, SOURCES


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """The path of a program that writes the address it is asked to open into ``opened``."""
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> "{tmp_path}/opened"\n')
    program.chmod(0o755)
    return program


def reluctant(folder: Path, *arguments: str, browser: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")}
    environment |= {"BROWSER": f"{browser} %s"} if browser else {}
    environment |= {"TMPDIR": str(folder), "PYTHONPATH": str(SOURCES)}
    line = [sys.executable, "-m", "reluctant", *arguments]
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def opened(folder: Path) -> Path:
    """The one file that was opened."""
    (address,) = (folder / "opened").read_text().splitlines()
    return Path(urllib.parse.unquote(address.removeprefix("file://")))


@pytest.fixture
def saved(tmp_path: Path) -> str:
    save(Document(recordings.blocked_layer()), tmp_path / "run.json")
    return "run.json"


def test_a_report_is_opened_as_a_temporary_page(tmp_path: Path, saved: str, browser: Path) -> None:
    ended = reluctant(tmp_path, "report", "--open", saved, browser=browser)
    page = opened(tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", f"Page: {page}\n")
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert "reluctant report run.json" in page.read_text()


def test_a_page_that_was_written_is_the_one_that_is_opened(tmp_path: Path, saved: str, browser: Path) -> None:
    ended = reluctant(tmp_path, "report", "--open", "-o", "my page.html", saved, browser=browser)
    assert ended.stderr == "Written: my page.html\nPage: my page.html\n"
    assert opened(tmp_path) == tmp_path / "my page.html"


def test_only_a_page_can_be_opened(tmp_path: Path, saved: str, browser: Path) -> None:
    ended = reluctant(tmp_path, "report", "--open", "-o", "run.md", saved, browser=browser)
    assert ended.returncode == 2
    assert "run.md is no page to open in a browser. Give a FILE that ends in .html" in ended.stderr
    assert not (tmp_path / "run.md").exists()


def test_without_a_screen_the_page_is_named(tmp_path: Path, saved: str) -> None:
    ended = reluctant(tmp_path, "report", "--open", saved)
    assert ended.returncode == 0
    assert "report.html (there is no screen here to open it on)" in ended.stderr


def test_a_run_opens_its_page_and_ends_as_the_script_does(tmp_path: Path, browser: Path) -> None:
    ended = reluctant(tmp_path, "run", "-q", "--open", str(SCRIPTS / "ends.py"), "3", browser=browser)
    assert ended.returncode == 3
    assert f"reluctant: Page: {opened(tmp_path)}\n" == ended.stderr
    assert "never called backward" in opened(tmp_path).read_text() or "before it called backward" in opened(tmp_path).read_text()


def test_a_run_opens_the_page_that_it_wrote(tmp_path: Path, browser: Path) -> None:
    reluctant(tmp_path, "run", "-q", "--open", "-o", "run.html", str(SCRIPTS / "ends.py"), "normal", browser=browser)
    assert opened(tmp_path) == tmp_path / "run.html"


def test_a_page_is_made_without_torch(tmp_path: Path, saved: str) -> None:
    program = (
        "import sys; sys.argv = ['reluctant', 'report', 'run.json', '-o', 'run.html']\n"
        "from reluctant.cli import main\nmain()\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "run.html").stat().st_size > 50_000
