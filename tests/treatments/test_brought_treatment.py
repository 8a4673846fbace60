"""A treatment of another package, one file with an entry point: it is proposed, tried and verified, and proves the cause."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reluctant.recording import load
from tests.test_one_file_each import ROOT, example

SCRIPT = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 8)
y = x[:, :1] * x[:, 1:2]
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=3.0)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
"""


@pytest.mark.slow
def test_a_treatment_in_one_file_is_proposed_tried_and_verified(tmp_path: Path) -> None:
    file, code = example(ROOT / "docs" / "writing-a-treatment.md")
    package = tmp_path / "installed"
    metadata = package / "brought-1.0.dist-info"
    metadata.mkdir(parents=True)
    (package / file).write_text(code, encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[reluctant.treatments]\nclip-gradient = clip_gradient\n")
    (tmp_path / "train.py").write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")]))}
    command = [sys.executable, "-m", "reluctant", "treat", "--seeds", "3", "--random", "0", "-o", "out.json", "train.py"]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    finding = next(finding for finding in load(tmp_path / "out.json").findings if finding.code == "RL302")
    verdicts = {str(treatment): treatment.verdict for treatment in finding.treatments}
    assert verdicts["clip-gradient:0.1"] == "verified"
    assert list(verdicts)[:2] == ["lower-learning-rate:0.1", "lower-learning-rate:0.01"], "its order is that of the treatment"
    assert finding.cause is not None
    assert (finding.cause.kind, finding.cause.verified) == ("learning-rate", True)
