"""What a trial can be compared by beside its training loss: validation losses, wrong classes, and numbers that the script prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reluctant.errors import UsageError
from reluctant.recording import Curve, Trial
from reluctant.trials import metric_pattern
from tests.treatments.runs import plain, run

CLASSES = """
    import logging
    import sys
    import torch
    from torch import nn
    from torch.nn.functional import mse_loss

    torch.manual_seed(0)
    x = torch.randn(96, 4)
    y = (x[:, 0] > 0).long()
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(20):
        optimizer.zero_grad()
        loss = criterion(model(x[:64]), y[:64])
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            outputs = model(x[64:])
            held = criterion(outputs, y[64:])
            mse_loss(outputs[:, 0], outputs[:, 1])
        print("epoch", epoch, end=" ")
        print(f"validation loss {held.item():.6f}")
        logging.warning("accuracy %.3f", (outputs.argmax(1) == y[64:]).float().mean())
    print("wrong", [round((model(x[:64]).argmax(1) != y[:64]).float().mean().item(), 4)])
"""


def curve(trial: Trial | None, source: str) -> Curve:
    assert trial is not None
    (found,) = (made for made in trial.curves if made.source == source)
    return found


def test_validation_losses_of_the_training_loss_are_recorded(tmp_path: Path) -> None:
    ended, trial = run(tmp_path, CLASSES, "--seed", "0")
    printed = [float(number) for number in re.findall(r"validation loss ([\d.]+)", ended.stdout)]
    found = curve(trial, "validation")
    assert found.what == "cross_entropy"
    assert [point.mean for point in found.points] == pytest.approx(printed, abs=1e-6)
    assert [point.step for point in found.points] == list(range(1, 21))
    assert trial is not None
    assert trial.curves[0].source == "backward"


def test_the_share_of_wrong_classes_is_recorded(tmp_path: Path) -> None:
    _, trial = run(tmp_path, CLASSES, "--seed", "0")
    found = curve(trial, "errors")
    assert found.what == "cross_entropy"
    assert len(found.points) == 20
    assert found.points[0].mean > 0.3
    assert found.points[-1].mean < 0.1


@pytest.mark.parametrize(
    ("head", "loss", "target"),
    [
        ("nn.Sigmoid()", "nn.BCELoss()", "y.float()[:, None]"),
        ("nn.Identity()", "nn.BCEWithLogitsLoss()", "y.float()[:, None]"),
    ],
)
def test_wrong_classes_of_two_are_told_by_where_the_guess_turns(head: str, loss: str, target: str, tmp_path: Path) -> None:
    script = f"""
        import torch
        from torch import nn
        x = torch.tensor([[-1.0], [1.0], [2.0], [3.0]])
        y = torch.tensor([0, 0, 1, 1])
        model = nn.Sequential(nn.Linear(1, 1), {head})
        nn.init.ones_(model[0].weight), nn.init.zeros_(model[0].bias)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        for _ in range(3):
            {loss}(model(x), {target}).backward()
            optimizer.step()
    """
    _, trial = run(tmp_path, script, "--seed", "0")
    assert {point.mean for point in curve(trial, "errors").points} == {0.25}


def test_a_number_that_the_script_prints_comes_first(tmp_path: Path) -> None:
    ended, trial = run(tmp_path, CLASSES, "--metric", r"accuracy ([\d.]+)", "--goal", "max")
    printed = [float(number) for number in re.findall(r"accuracy ([\d.]+)", ended.stderr)]
    assert trial is not None
    assert trial.goal == "max"
    assert trial.curves[0].source == "metric"
    assert [point.mean for point in trial.curves[0].points] == pytest.approx(printed)


def test_a_number_is_found_in_a_line_that_is_written_in_parts(tmp_path: Path) -> None:
    ended, trial = run(tmp_path, CLASSES, "--metric", r"epoch \d+ validation loss ([\d.]+)")
    printed = [float(number) for number in re.findall(r"validation loss ([\d.]+)", ended.stdout)]
    assert [point.mean for point in curve(trial, "metric").points] == pytest.approx(printed)


def test_reading_along_changes_nothing(tmp_path: Path) -> None:
    ended, _ = run(tmp_path, CLASSES, "--metric", r"(\d)", "--seed", "0")
    assert ended.stdout == plain(tmp_path, CLASSES)


@pytest.mark.parametrize("text", ["(", "accuracy", "(a)(b)"])
def test_a_pattern_that_finds_no_one_number_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--metric"):
        metric_pattern(text)
