"""``reluctant check``: 0 for clean, 1 for findings, 2 for what could not be checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from reluctant.recording import Document, Recording, save
from tests import recordings


@pytest.mark.parametrize(
    ("recording", "code"),
    [
        (recordings.healthy_mlp(), 0),
        (recordings.blocked_layer(), 1),
        (recordings.nothing_observed(), 2),
        (Recording(exit_code=1, finished=True), 2),
        (recordings.crashed_run(), 0),
    ],
)
def test_exit_code(recording: Recording, code: int, reluctant, tmp_path: Path) -> None:
    save(Document(recording), tmp_path / "run.json")
    assert reluctant("check", "run.json").exit_code == code


def test_each_finding_is_a_line_that_editors_read(reluctant, tmp_path: Path) -> None:
    save(Document(recordings.blocked_layer()), tmp_path / "run.json")
    ended = reluctant("check", "run.json")
    assert ended.out.startswith(f"{recordings.SCRIPT}:32: error RL202 blocked-layer [fc2]: ")
    assert ended.err == "This network cannot learn as it should: blocked layer at train.py:32, after fc2.\n"


def test_a_fault_that_is_ignored_is_no_finding(reluctant, tmp_path: Path) -> None:
    save(Document(recordings.blocked_layer()), tmp_path / "run.json")
    assert reluctant("check", "run.json", "--select", "RL4").exit_code == 0


def test_saved_findings_do_not_count(reluctant, tmp_path: Path) -> None:
    save(Document(recordings.healthy_mlp(), recordings.blocked_document().findings), tmp_path / "run.json")
    assert reluctant("check", "run.json").exit_code == 0


def test_pyproject_chooses_rules(reluctant, tmp_path: Path) -> None:
    save(Document(recordings.blocked_layer()), tmp_path / "run.json")
    (tmp_path / "pyproject.toml").write_text('[tool.reluctant]\nselect = ["RL4"]\n')
    assert reluctant("check", "run.json").exit_code == 0
    assert reluctant("check", "run.json", "--select", "RL2").exit_code == 1
