"""The demo finds what is wrong with its script, and leaves a changed script alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.observe.runs import Run, plain


def demo(folder: Path, *arguments: str) -> Run:
    return plain("-m", "reluctant", "demo", *arguments, folder=folder)


def test_demo_shows_a_stalled_loss_and_says_why(tmp_path: Path) -> None:
    seen = demo(tmp_path)
    losses = [float(loss) for loss in re.findall(r"loss (\S+)", seen.out.decode())]
    assert seen.code == 0
    assert len(losses) == 6
    assert min(losses) > 2.3
    assert b"RL202 blocked-layer" in seen.err
    document = json.loads((tmp_path / "reluctant-demo" / "run.json").read_text())
    assert document["exit_code"] == 0
    blocked = next(finding for finding in document["findings"] if finding["code"] == "RL202")
    assert (blocked["layer"], blocked["cause"]["kind"]) == ("fc3", "learning-rate")
    source = (tmp_path / "reluctant-demo" / "train_digits.py").read_text().splitlines()
    assert source[blocked["line"] - 1].strip() == "x = F.relu(self.fc3(x))"
    assert plain("-m", "reluctant", "report", "-o", "run.html", "reluctant-demo/run.json", folder=tmp_path).code == 0
    assert (tmp_path / "run.html").stat().st_size < 1_000_000


def test_demo_leaves_a_changed_script_alone(tmp_path: Path) -> None:
    (tmp_path / "train_digits.py").write_text("print('mine')\n")
    refused = demo(tmp_path, ".")
    assert refused.code == 2
    assert b"train_digits.py: the script was changed since the demo put it there" in refused.err
    assert (tmp_path / "train_digits.py").read_text() == "print('mine')\n"


def test_demo_without_scikit_learn_says_how_to_install_it(tmp_path: Path) -> None:
    probe = "import sys; sys.modules['sklearn'] = None\nfrom reluctant.cli import main\nmain()"
    seen = plain("-c", probe, "demo", folder=tmp_path)
    assert seen.code == 2
    assert b"pip install 'reluctant[demo]'" in seen.err
    assert not list(tmp_path.iterdir())
