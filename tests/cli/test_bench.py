"""``reluctant bench``: what it prints, what it saves, and what it refuses before it measures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from reluctant.bench import BenchMachine, BenchRow, BenchStudy, Floor, encoded
from reluctant.bench._accuracy import Accuracy, Error
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
    assert "1,024 elements of float32\n" in printed
    assert "elu" in printed
    assert "memory: how long torch takes to copy" in printed
    assert f"reluctant bench --from {file} -o {file.with_suffix('.svg')}" in printed
    assert json.loads(file.read_text())["rows"][0]["member"] == "elu"
    assert "1,024 elements of float32" in bench("--from", str(file))


def test_an_activation_with_arguments_is_measured():
    printed = bench(*QUICK, "elu(alpha=0.5)", "gelu_tanh", "--samples", "0")
    assert [line.split()[0] for line in printed.splitlines() if "×" in line and "→" in line] == ["gelu_tanh", "elu(alpha=0.5)"]


def test_the_picture(tmp_path: Path):
    bench(*QUICK, "relu", "-o", str(tmp_path / "bench.svg"))
    assert "relu" in (tmp_path / "bench.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["-o", "bench.txt"], UsageError, r"\.json or \.svg"),
        (["eluu"], UnknownNameError, "Did you mean elu"),
        (["--dtype", "int8"], UnknownNameError, "float32, bfloat16, float16"),
        (["-o", "nowhere/bench.json"], UsageError, "there is no directory for nowhere/bench.json"),
        ([*QUICK, "--elements", str(10**14), "relu"], UsageError, "not enough memory for tensors of this size"),
        (["--from", __file__, "relu"], UsageError, "shows all that was measured"),
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


def test_output_that_holds_ascii_only(tmp_path: Path):
    file = tmp_path / "study.json"
    bench(*QUICK, "relu", "-o", str(file))
    outcome = CliRunner(charset="ascii").invoke(command, ["--from", str(file)])
    assert outcome.exit_code == 0, outcome.exception
    assert any("x |0 > 0|" in line for line in outcome.output.splitlines())


def test_a_terminal_of_80_columns_holds_the_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("COLUMNS", "80")
    row = BenchRow("gelu(approximate=tanh)", "gelu_tanh", "float32", 65536, "kernel", 10.5, 10.5, 10.5, 10.5, 12.34, 12.34, 8, 12)
    machine = BenchMachine("EPYC", 2, 0.5, "avx512", "2.13", "0.1", True)
    error = Error(1.0, 1.0, 1.0, 10)
    accuracy = Accuracy(error, error, error, error, 1.0, 1.0)
    file = tmp_path / "study.json"
    file.write_bytes(encoded(BenchStudy(1, machine, (Floor("float32", 65536, 0.1, 0.2),), (row,), {row.member: accuracy})))
    lines = bench("--from", str(file)).splitlines()
    assert max(map(len, lines)) <= 80
    assert any("12.34×" in line and "12 → 8" in line for line in lines)
    assert any(line.strip().startswith("memory") and "0.10" in line and "0.20" in line for line in lines)
