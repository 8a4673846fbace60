"""The change that a treatment stands for, as a difference of the source."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from reluctant.recording import Finding, Location, Optimizer, ProposedTreatment, Recording, Site
from reluctant.studies import source_change

SCRIPT = """import torch
import torch.nn.functional as F
from torch import nn

class Netz(nn.Module):
    größe = 3; kind = nn.ReLU(inplace=True)
    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = torch.relu(x + 1) * 2
        x = self.fc2(x).relu()
        x = F.relu(F.relu(x))
        x = 1 + F.softmax(x - 1, dim=1)
        return unknown(x)

head = nn.Sequential(nn.Linear(3, 4), nn.Softmax(dim=1))
stack = nn.Sequential(
    nn.Linear(3, 4),
    nn.Linear(4, 4),
)
optimizer = torch.optim.SGD(head.parameters(), lr=0.5)
other = torch.optim.SGD(head.parameters(), lr=rate)
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "train.py"
    file.write_text(SCRIPT, encoding="utf-8")
    return file


def line_of(start: str) -> int:
    return next(number for number, line in enumerate(SCRIPT.splitlines(), 1) if line.strip().startswith(start))


def change(script: Path, treatment: ProposedTreatment, line: int, optimizers: tuple[int, ...] = ()) -> str:
    finding = Finding("RL201", "dead-units", "error", "…", str(script), line)
    built = tuple(Optimizer(number, "SGD", Location(str(script), place)) for number, place in enumerate(optimizers))
    return source_change(finding, treatment, Recording(optimizers=built))


def added(difference: str) -> list[str]:
    return [line[1:].strip() for line in difference.splitlines() if line.startswith("+") and not line.startswith("+++")]


LEAKY = ProposedTreatment("swap-activation", "leaky_relu")
REMOVE = ProposedTreatment("remove-output-activation")


@pytest.mark.parametrize(
    ("treatment", "start", "expected"),
    [
        (LEAKY, "größe", "größe = 3; kind = nn.LeakyReLU(negative_slope=0.01)"),
        (LEAKY, "x = F.relu(self", "x = F.leaky_relu(self.fc1(x), negative_slope=0.01)"),
        (LEAKY, "x = torch.relu", "x = torch.nn.functional.leaky_relu(x + 1, negative_slope=0.01) * 2"),
        (LEAKY, "x = self.fc2", "x = torch.nn.functional.leaky_relu(self.fc2(x), negative_slope=0.01)"),
        (ProposedTreatment("swap-activation", "tanh"), "größe", "größe = 3; kind = nn.Tanh()"),
        (REMOVE, "x = 1 + F.softmax", "x = 1 + (x - 1)"),
        (REMOVE, "head", "head = nn.Sequential(nn.Linear(3, 4), nn.Identity())"),
        (ProposedTreatment("insert-activation", "relu"), "nn.Linear(3", "nn.Linear(3, 4), nn.ReLU(),"),
    ],
)
def test_a_plain_call_is_edited_and_nothing_else(script, treatment, start, expected):
    difference = change(script, treatment, line_of(start))
    assert added(difference) == [expected]
    assert sum(line.startswith("-") for line in difference.splitlines()) == 2  # the header, and the line


def test_all_lines_of_a_treatment_are_edited_or_none(script):
    lines = (line_of("größe"), line_of("x = F.relu(self"))
    sites = tuple(Site(line, "relu", place=Location(str(script), line), after=f"fc{line}") for line in lines)
    finding = Finding(
        "RL301", "vanishing-gradient", "error", "…", str(script), lines[0], evidence={"layers": [site.after for site in sites]}
    )
    assert len(added(source_change(finding, LEAKY, Recording(sites=sites)))) == 2
    hard = Site(99, "relu", place=Location(str(script), line_of("return")), after=sites[0].after)
    assert source_change(finding, LEAKY, Recording(sites=(*sites, hard))) == ""


def test_the_learning_rate_is_edited_where_the_optimizer_is_built(script):
    lower = ProposedTreatment("lower-learning-rate", "0.1")
    assert added(change(script, lower, 1, (line_of("optimizer"),))) == ["optimizer = torch.optim.SGD(head.parameters(), lr=0.05)"]
    assert change(script, lower, 1, (line_of("other"),)) == "", "the rate is no number there"
    assert change(script, lower, 1, (line_of("optimizer"), line_of("other"))) == "", "which of two is meant is not known"
    assert change(script, lower, 1) == ""


@pytest.mark.parametrize(
    ("treatment", "start"),
    [
        (LEAKY, "x = F.relu(F.relu"),
        (LEAKY, "return unknown"),
        (REMOVE, "return unknown"),
        (ProposedTreatment("insert-activation", "relu"), "x = self.fc2"),
        (ProposedTreatment("swap-activation", "squared_relu"), "größe"),
        (ProposedTreatment("swap-activation", "log_softmax"), "größe"),
        (ProposedTreatment("reinitialise", "he"), "größe"),
        (ProposedTreatment("scale-input"), "größe"),
    ],
)
def test_what_is_not_plain_is_left_to_words(script, treatment, start):
    assert change(script, treatment, line_of(start)) == ""


def test_a_source_that_is_gone_or_broken_is_left_to_words(script):
    script.write_text("x = (")
    assert change(script, LEAKY, 1) == ""
    script.write_bytes(b"\xff\xfe")
    assert change(script, LEAKY, 1) == ""
    script.unlink()
    assert change(script, LEAKY, 1) == ""


def test_git_applies_it(script):
    difference = change(script, LEAKY, line_of("größe"))
    done = subprocess.run(["git", "apply", "-"], input=difference, text=True, encoding="utf-8", cwd=script.parent, capture_output=True)
    assert done.returncode == 0, done.stderr
    changed = script.read_text(encoding="utf-8")
    assert changed == SCRIPT.replace("nn.ReLU(inplace=True)", "nn.LeakyReLU(negative_slope=0.01)")
    ast.parse(changed)
