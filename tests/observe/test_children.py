"""A child process is left alone, does not write its parent's recording, and is spoken of when it trains."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reluctant.recording import Recording, load

from .runs import environment

TRAINING = """
import torch
from torch import nn

def train(steps=3):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(steps):
        loss = model(torch.randn(8, 4)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()
"""

SCRIPTS = {
    "fork that trains": "import os\ntrain()\npid = os.fork()\nif pid == 0:\n    train()\n    os._exit(0)\nos.waitpid(pid, 0)\ntrain()",
    "fork that does not": "import os\ntrain()\npid = os.fork()\nif pid == 0:\n    os._exit(0)\nos.waitpid(pid, 0)\ntrain()",
    "spawned that trains": (
        "import multiprocessing\nif __name__ == '__main__':\n"
        "    process = multiprocessing.get_context('spawn').Process(target=train)\n    process.start()\n    process.join()"
    ),
    "workers": (
        "from torch.utils.data import DataLoader\ntrain()\nlist(DataLoader(range(8), num_workers=2, batch_size=4))\ntrain()"
    ),
}


def observed(script: str, tmp_path: Path) -> Recording:
    path = tmp_path / "train.py"
    path.write_text(TRAINING + "\n" + script)
    line = [sys.executable, "-m", "reluctant", "run", "-q", "-o", "run.json", str(path)]
    ended = subprocess.run(line, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["run.json", "train.py"]
    return load(tmp_path / "run.json").recording


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.parametrize(
    ("name", "steps", "notes"),
    [
        ("fork that trains", 5, ["training in child processes"]),
        ("fork that does not", 5, []),
        ("spawned that trains", 0, ["training in child processes"]),
        ("workers", 5, []),
    ],
)
def test_children(name: str, steps: int, notes: list[str], tmp_path: Path) -> None:
    recording = observed(SCRIPTS[name], tmp_path)
    assert [note.what for note in recording.not_observed] == notes
    assert recording.steps == steps
