"""``reluctant bench``: what it prints, what it saves, and what it refuses before it measures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from reluctant.cli.bench import command
from reluctant.errors import ReluctantError, UnknownNameError, UsageError

QUICK = ["--elements", "1024", "--dtype", "float32", "--seconds", "0.05", "--samples", "2000"]


def bench(*arguments: str) -> str:
    outcome = CliRunner().invoke(command, arguments)
    if isinstance(outcome.exception, ReluctantError):
        raise outcome.exception
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def test_it_prints_saves_and_shows_again(tmp_path: Path):
    file = tmp_path / "study.json"
    printed = bench(*QUICK, "elu", "-o", str(file))
    assert "1,024 elements of float32; the memory's limit" in printed
    assert "elu" in printed
    assert json.loads(file.read_text())["rows"][0]["member"] == "elu"
    assert "1,024 elements of float32" in bench("--from", str(file))


def test_the_picture(tmp_path: Path):
    bench(*QUICK, "relu", "-o", str(tmp_path / "bench.svg"))
    assert "relu" in (tmp_path / "bench.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["-o", "bench.txt"], UsageError, r"\.json or \.svg"),
        (["eluu"], UnknownNameError, "Did you mean elu"),
        (["--dtype", "int8"], UnknownNameError, "float32, bfloat16, float16"),
    ],
)
def test_what_it_refuses(arguments: list[str], error: type[Exception], said: str):
    with pytest.raises(error, match=said):
        bench(*arguments)


def test_a_file_that_exists_is_kept(tmp_path: Path):
    file = tmp_path / "study.json"
    file.write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        bench(*QUICK, "relu", "-o", str(file))
    assert file.read_text() == "mine"
