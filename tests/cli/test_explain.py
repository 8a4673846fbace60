"""``reluctant explain``: on the terminal, as a page, as figures, and what it refuses before it measures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reluctant.explain import all_claims, dumps
from tests.explain.conftest import short_account  # noqa: F401 (a fixture)


@pytest.fixture
def saved(tmp_path: Path, short_account) -> str:  # noqa: F811
    (tmp_path / "explain.json").write_bytes(dumps(short_account))
    return "explain.json"


def test_one_claim_is_shown_in_full(reluctant) -> None:
    ended = reluctant("explain", "9")
    assert (ended.exit_code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith("9  The same in code  holds  ")
    for expected in ("[0.0, 2.0, 0.0, 4.0]", "[-0.01, 2.0, -0.03, 4.0]", "[-0.6321, 2.0, -0.9502, 4.0]"):
        assert f"    {expected}" in lines
    assert any(line.startswith("How the verdict follows. Holds where every printed number") for line in lines)


def test_a_claim_is_measured_with_the_seed_that_is_given(reluctant) -> None:
    first, again, other = (reluctant("explain", "relu-definition", "--seed", seed).out for seed in ("0", "0", "7"))
    assert first.splitlines()[1:] == again.splitlines()[1:]
    assert "seeds 0 to 3" in first
    assert "seeds 7 to 10" in other


def test_in_chinese(reluctant) -> None:
    ended = reluctant("explain", "9", "--lang", "zh")
    assert ended.out.startswith("9  写成代码  成立  ")
    assert "结论如何得出：若打印的每个数" in ended.out


def test_all_are_shown_in_short(reluctant, saved: str) -> None:
    ended = reluctant("explain", "--from", saved)
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines if line[:1].isdigit()] == [str(claim.number) for claim in all_claims()]
    assert lines[-1] == "One claim in full: reluctant explain 4 · All as a page: reluctant explain -o explain.html"
    assert len(lines) < 7 * len(all_claims())


def test_a_page_and_what_was_measured_are_written(reluctant, saved: str, tmp_path: Path) -> None:
    ended = reluctant("explain", "--from", saved, "-o", "explain.html", "--lang", "zh")
    assert (ended.exit_code, ended.err) == (0, "Written: explain.html\n")
    assert (tmp_path / "explain.html").read_text(encoding="utf-8").startswith('<!DOCTYPE html>\n<html lang="zh-Hans">')
    assert reluctant("explain", "4", "9", "--from", saved, "-o", "few.json").exit_code == 0
    assert [claim["name"] for claim in json.loads((tmp_path / "few.json").read_text())["claims"]] == ["vanishing-gradients", "in-code"]


def test_figures_are_written(reluctant, saved: str, tmp_path: Path) -> None:
    pytest.importorskip("resvg_py", reason="resvg-py is not installed")
    ended = reluctant("explain", "3", "7", "--from", saved, "--figures", "figures")
    assert ended.err == "Written: 6 files in figures\n"
    assert {path.name for path in (tmp_path / "figures").iterdir()} >= {"3-relu.svg", "7-life.png", "7-dead-by-rate.svg"}
    again = reluctant("explain", "3", "--from", saved, "--figures", "figures")
    assert (again.exit_code, again.out) == (2, "")
    assert again.err.startswith("Error: figures: there are figures in it (3-relu.png). Name another folder, or --force")
    assert reluctant("explain", "3", "--from", saved, "--figures", "figures", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["1000"], f"Known: {', '.join(str(claim.number) for claim in all_claims())}, linear-stacks, universal-approximation, "),
        (["vanishing-gradient"], "Did you mean vanishing-gradients?"),
        (["-o", "explain.pdf"], "explain.pdf: the ending '.pdf' stands for no form. Use one of .html, .json."),
        (["-o", "there.html"], "there.html: the file exists and is left as it is. Give another name, or --force"),
        (["-o", "nowhere/explain.html"], "nowhere: there is no such folder."),
        (["--from", "no.json"], "no.json: it cannot be read: no such file or directory."),
        (["--from", "there.html"], "there.html: it holds no measurements of claims"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_measured(arguments: list[str], message: str, reluctant, tmp_path: Path) -> None:
    (tmp_path / "there.html").write_text("mine")
    ended = reluctant("explain", *arguments)
    assert (ended.exit_code, ended.out) == (2, "")
    assert message in ended.err
    assert (tmp_path / "there.html").read_text() == "mine"


def test_claims_that_were_not_measured_are_named_as_such(reluctant, saved: str) -> None:
    reluctant("explain", "9", "--from", saved, "-o", "nine.json")
    ended = reluctant("explain", "4", "--from", "nine.json")
    assert ended.exit_code == 2
    assert "none of these claims was measured in that file" in ended.err


def test_output_that_holds_ascii_only() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "80"}
    command = [sys.executable, "-m", "reluctant", "explain", "3"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "3  What ReLU is  holds under these conditions" in ran.stdout
    assert "[-1, 2, -3, 4]" in ran.stdout
