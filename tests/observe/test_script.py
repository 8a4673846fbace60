"""A script runs under ``reluctant run`` as it runs under python."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from reluctant.observe.script import exit_code

from .runs import SCRIPTS, SOURCES, command, environment, observed, plain

ENDS = (
    "normal", "None", "0", "3", "-1", "256", "True", "'a message'", "(1, 2)", "2.5", "exception", "broken", "group", "hook",
    "failing-hook", "no-hook", "recursion", "interrupt", "signal", "terminate", "kill", "os-exit", "threads", "generator-exit", "syntax",
    "import", "closed", "breakpoint", "fork", "fork-exit",
)  # fmt: skip


@pytest.mark.parametrize("flags", [(), ("-O", "-u", "-W", "error::ImportWarning"), ("-P",)], ids=["plain", "options", "safe-path"])
def test_sees_what_it_sees_under_python(flags: tuple[str, ...]) -> None:
    if "-P" in flags and sys.version_info < (3, 11):
        pytest.skip("python 3.11 brought -P")
    arguments = ("identity.py", "--output", "x", "-m", "--", "-q")
    expected = plain(*arguments, stdin=b"one\ntwo\nthree", flags=flags)
    seen = observed("-q", *arguments, stdin=b"one\ntwo\nthree", flags=flags)
    assert seen.out.decode() == expected.out.decode()
    assert seen == expected
    assert expected.code == 0
    assert b"identity.py:16: UserWarning: seen at this line\n  warnings.warn" in expected.err


@pytest.mark.parametrize("name", ["./identity.py", "../scripts/identity.py", str(SCRIPTS / "identity.py")])
def test_sees_its_name_as_it_was_typed(name: str) -> None:
    assert observed("-q", name, stdin=b"\n") == plain(name, stdin=b"\n")


def test_a_link_finds_the_folder_of_its_target(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("beside the link")
    (tmp_path / "link.py").symlink_to(SCRIPTS / "identity.py")
    assert observed("-q", "link.py", folder=tmp_path, stdin=b"\n") == plain("link.py", folder=tmp_path, stdin=b"\n")


@pytest.mark.parametrize("how", ENDS)
def test_ends_as_it_ends_under_python(how: str) -> None:
    if how == "failing-hook" and sys.version_info < (3, 11):
        pytest.skip("python 3.10 shows the frame that called the hook")
    expected, seen = plain("ends.py", how), observed("-q", "ends.py", how)
    assert comparable(seen.err) == comparable(expected.err)
    assert (seen.code, seen.out) == (expected.code, expected.out)


def comparable(error_text: bytes) -> str:
    """Without what differs from run to run (addresses) and the one thing that differs under Reluctant: our few frames on the stack."""
    return re.sub(r"0x[0-9a-f]+|repeated \d+ more times", "…", error_text.decode())


def test_report_comes_after_everything_the_script_prints() -> None:
    expected = plain("ends.py", "exception")
    line = [*command(), "ends.py", "exception"]
    together = subprocess.run(line, cwd=SCRIPTS, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert together.stdout.startswith(expected.err + expected.out)
    assert b"never" in together.stdout[len(expected.err + expected.out) :]
    assert together.returncode == 1


@pytest.mark.parametrize(("number", "argument"), [(signal.SIGINT, ""), (signal.SIGTERM, ""), (signal.SIGTERM, "handled")])
def test_signals_end_it_as_under_python(number: signal.Signals, argument: str) -> None:
    endings = []
    for start in ([sys.executable], [*command(), "-q"]):
        line = [*start, "waits.py", *([argument] if argument else [])]
        process = subprocess.Popen(line, cwd=SCRIPTS, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(0.3)  # so that the signal meets it asleep
        process.send_signal(number)
        rest, errors = process.communicate(timeout=30)
        endings.append((process.returncode, first + rest, errors))
    assert endings[1] == endings[0]
    assert endings[0][0] == (4 if argument else -number)


def test_children_and_pickling_work_as_under_python() -> None:
    expected, seen = plain("children.py", "argument"), observed("-q", "children.py", "argument")
    assert seen.out.decode() == expected.out.decode()
    assert seen == expected
    assert expected.code == 0
    assert b"at exit True" in expected.out


def test_children_print_no_report() -> None:
    seen = observed("ends.py", "fork")
    assert seen.out == plain("ends.py", "fork").out
    assert seen.err.count(b"0 measured") == 1


@pytest.mark.parametrize("argument", ["well", "fail"])
@pytest.mark.parametrize(
    "target",
    [("-m", "package"), ("-m", "package.__main__"), ("package",), ("./package/",), ("archive.zip",)],
    ids=" ".join,
)
def test_modules_folders_and_archives_run_as_under_python(target: tuple[str, ...], argument: str, tmp_path: Path) -> None:
    (tmp_path / "package").symlink_to(SCRIPTS / "package")
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.write(SCRIPTS / "package" / "__main__.py", "__main__.py")
        archive.write(SCRIPTS / "package" / "inner" / "__init__.py", "inner/__init__.py")
    expected, seen = plain(*target, argument, folder=tmp_path), observed("-q", *target, argument, folder=tmp_path)
    assert seen.out.decode() == expected.out.decode()
    assert seen.err.decode() == expected.err.decode()
    assert seen.code == expected.code == (argument == "fail")


def test_a_compiled_script_runs(tmp_path: Path) -> None:
    import py_compile

    py_compile.compile(str(SCRIPTS / "ends.py"), cfile=str(tmp_path / "ends.pyc"), doraise=True)
    assert observed("-q", "ends.pyc", "exception", folder=tmp_path) == plain("ends.pyc", "exception", folder=tmp_path)


def test_a_script_that_python_cannot_compile_is_shown_as_python_shows_it() -> None:
    seen = observed("misspelled.py")
    assert seen.err == plain("misspelled.py").err
    assert (seen.code, seen.out) == (2, b"")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.py",), "missing.py: the script cannot be opened: no such file or directory"),
        (("package/inner",), "package/inner: the folder has no __main__.py"),
        (("-m", "missing"), "No module named missing"),
        (("-m", "package.missing"), "No module named package.missing"),
        ((), "Missing argument 'SCRIPT'"),
        (("--no-such", "ends.py"), "No such option"),
        (("--budget", "2", "ends.py"), "Invalid value for '--budget'"),
        (("--select", "RL999", "ends.py"), "no rule is called 'RL999'"),
        (("-o", "run.docx", "ends.py"), "no form of the report"),
        (("-o", "data.txt", "ends.py"), "the file exists"),
        (("-o", "no/such/folder/run.json", "ends.py"), "there is no such folder"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(arguments: tuple[str, ...], message: str) -> None:
    seen = observed(*arguments)
    assert seen.code == 2
    assert message in seen.err.decode()
    assert "Traceback" not in seen.err.decode()


def test_the_installed_command_leaves_no_trace_either(tmp_path: Path) -> None:
    launcher = tmp_path / "reluctant"
    launcher.write_text("import re\nimport sys\nfrom reluctant.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n")
    expected = plain("ends.py", "exception")
    assert plain(str(launcher), "run", "-q", "ends.py", "exception") == expected
    assert plain(str(launcher), "run", "-q", "identity.py", "a", stdin=b"\n") == plain("identity.py", "a", stdin=b"\n")


def test_help_and_version_import_no_torch() -> None:
    for option in ("--help", "--version"):
        probe = "import sys\nfrom reluctant.cli import main\ntry:\n    main()\nfinally:\n    assert 'torch' not in sys.modules"
        assert plain("-c", probe, option).code == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (SystemExit(), 0),
        (SystemExit(-1), 255),
        (SystemExit("text"), 1),
        (SystemExit(True), 1),
        (KeyboardInterrupt(), 130),
        (OSError(), 1),
    ],
)
def test_exit_codes(error: BaseException | None, code: int) -> None:
    assert exit_code(error) == code


def test_sources_are_those_of_this_checkout() -> None:
    assert (SOURCES / "reluctant").is_dir()
