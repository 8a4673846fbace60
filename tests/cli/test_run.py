"""``reluctant run`` from outside: its options, its output and the settings file."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest

from tests.observe.runs import SCRIPTS, Run, command, environment, observed, plain

SCRIPT = str(SCRIPTS / "ends.py")


def test_json_on_standard_output_comes_after_the_script(tmp_path: Path) -> None:
    seen = observed("-q", "-o", "-", SCRIPT, "3", folder=tmp_path)
    expected = plain(SCRIPT, "3", folder=tmp_path)
    assert seen.out.startswith(expected.out)
    document = json.loads(seen.out[len(expected.out) :])
    assert (document["script"], document["arguments"], document["exit_code"]) == (SCRIPT, ["3"], 3)
    assert (seen.code, seen.err) == (3, b"")


def test_an_existing_output_is_left_as_it_is_without_force(tmp_path: Path) -> None:
    output = tmp_path / "run.json"
    output.write_text("precious")
    refused = observed("-o", "run.json", SCRIPT, "normal", folder=tmp_path)
    assert (refused.code, refused.out) == (2, b"")
    assert b"run.json: the file exists and is left as it is. Give another name, or --force to replace it" in refused.err
    assert output.read_text() == "precious"
    assert observed("-q", "--force", "-o", "run.json", SCRIPT, "normal", folder=tmp_path) == plain(SCRIPT, "normal", folder=tmp_path)
    assert json.loads(output.read_text())["exit_code"] == 0


def test_the_report_is_written_in_the_form_of_the_suffix(tmp_path: Path) -> None:
    observed("-q", "-o", "run.txt", SCRIPT, "normal", folder=tmp_path)
    assert "never called backward" in (tmp_path / "run.txt").read_text()


@pytest.mark.parametrize("form", ["json", "txt"])
def test_the_output_stays_where_it_was_named_when_the_script_goes_elsewhere(form: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "script.py").write_text("import os\nos.chdir('elsewhere')\n")
    observed("-q", "-o", f"run.{form}", "script.py", folder=tmp_path)
    assert (tmp_path / f"run.{form}").exists()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_settings_come_from_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.reluctant]\nquiet = true\noutput = 'from-settings.json'")
    assert observed(SCRIPT, "normal", folder=tmp_path) == plain(SCRIPT, "normal", folder=tmp_path)
    assert (tmp_path / "from-settings.json").exists()
    assert b"never called backward" in observed("--no-quiet", "--force", SCRIPT, "normal", folder=tmp_path).err
    (tmp_path / "pyproject.toml").write_text("[tool.reluctant]\nqiet = true")
    wrong = observed(SCRIPT, "normal", folder=tmp_path)
    assert (wrong.code, wrong.out) == (2, b"")
    assert b"there is no option 'qiet'. Did you mean quiet?" in wrong.err


def test_a_report_that_nobody_reads_changes_nothing(tmp_path: Path) -> None:
    line = f"{' '.join([*command(), SCRIPT])} 3 2>&- ; echo $?"
    ended = subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment(), capture_output=True, timeout=60)
    assert ended.stdout == plain(SCRIPT, "3", folder=tmp_path).out + b"3\n"


def test_a_reader_that_leaves_changes_nothing(tmp_path: Path) -> None:
    line = f"{' '.join([*command(), '-q', '-o', '-', SCRIPT])} 3 | true ; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment(), capture_output=True, timeout=60)
    assert ended.stdout in (b"3\n", b"120\n")  # python itself ends with 120 where it cannot write what the script printed
    assert b"This is a bug" not in ended.stderr


def test_an_unknown_command_is_answered_with_those_that_exist() -> None:
    seen = plain("-m", "reluctant", "rnu")
    assert seen.code == 2
    assert seen.err.startswith(b"Error: no command is called 'rnu'. Did you mean run? Known: ")


LIVE = """
import sys, time, types
import reluctant.observe
class Observer:
    def __init__(self, **arguments): pass
    def attach(self, *, waiting): pass
    def detach(self): pass
    def status(self): return {"step": 1234, "passes": 1300, "loss": 0.5, "sites": 7, "measured_steps": 12}
reluctant.observe.Observer = Observer
sys.modules["torch"] = types.ModuleType("torch")
from reluctant.cli import main
main()
"""


def on_terminal(arguments: list[str], tmp_path: Path) -> Run:
    """What a run prints on a terminal of 24 rows."""
    ours, theirs = pty.openpty()
    os.set_inheritable(theirs, True)
    settings = {**environment(), "TERM": "xterm"}
    process = subprocess.Popen(arguments, cwd=tmp_path, env=settings, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    subprocess.run(["stty", "-F", os.ttyname(theirs), "rows", "24", "cols", "80"], check=True)
    os.close(theirs)
    shown, end = b"", time.monotonic() + 60
    while time.monotonic() < end and select.select([ours], [], [], 30)[0]:
        try:
            shown += os.read(ours, 4096)
        except OSError:  # the last process let go of the terminal
            break
    os.close(ours)
    return Run(process.wait(timeout=30), shown, b"")


@pytest.mark.parametrize(("how", "code"), [("time.sleep(1)", 0), ("time.sleep(1); os.kill(os.getpid(), 9)", -9)])
def test_the_status_line_keeps_to_the_last_row_and_gives_it_back(how: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(f"import os, time\ntime.sleep(0.5)\nprint('from the script')\n{how}\n")
    (tmp_path / "live.py").write_text(LIVE)
    line = [command()[0], "live.py", "run", "-q", "--live", "script.py"]
    seen = on_terminal(line, tmp_path)
    status = "\x1b7\x1b[24;1H\x1b[2Kreluctant · step 1,234 · loss 0.5 · 12 measured · 7 sites\x1b8".encode()
    assert seen.code == code
    assert b"\x1b[1;23r" in seen.out
    assert 3 <= seen.out.count(status) <= 8
    # Python that does not buffer writes the line and its end apart, and the status may come between them.
    assert b"from the script\r\n" in seen.out.replace(status, b"")
    assert seen.out.count(b"\x1b[r") == 1
    assert seen.out.rstrip().endswith(b"\x1b7\x1b[r\x1b[9999;1H\x1b[2K\x1b8")


def test_no_status_line_where_there_is_no_terminal(tmp_path: Path) -> None:
    assert observed("-q", "--live", SCRIPT, "normal", folder=tmp_path) == plain(SCRIPT, "normal", folder=tmp_path)
