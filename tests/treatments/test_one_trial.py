"""A run under --treat, --seed and --steps, on scripts that are written in several ways."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from reluctant.recording import load
from reluctant.treatments.remove_output_activation import RemoveOutputActivation
from reluctant.treatments.swap_activation import SwapActivation
from reluctant.trials import trial_in_words
from tests.treatments.runs import plain, run

SEEDED = """
    import random
    import atexit

    import numpy
    import torch
    from torch import nn

    atexit.register(lambda: print("at exit"))
    random.seed(3)
    numpy.random.seed(4)
    torch.manual_seed(5)
    generator = torch.Generator().manual_seed(6)
    rng = numpy.random.default_rng(7)
    print("random", random.random())
    print("numpy", numpy.random.rand())
    print("default_rng", rng.random())
    print("generator", torch.rand(1, generator=generator, dtype=torch.float64).item())
    print("torch", torch.rand(1, dtype=torch.float64).item())
    print("instance", isinstance(torch.default_generator, torch.Generator))
    x = torch.randn(64, 4)
    y = x.sum(1, keepdim=True)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    try:
        for step in range(30):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            print("loss", loss.item())
    finally:
        print("finally")
"""


def values(text: str, name: str) -> list[str]:
    return re.findall(rf"^{name} (.*)$", text, flags=re.MULTILINE)


def test_trial_0_is_the_script_as_it_stands(tmp_path: Path) -> None:
    ended, trial = run(tmp_path, SEEDED, "--seed", "0")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == plain(tmp_path, SEEDED)
    assert trial is not None
    assert trial.counts
    assert trial.seeds == ()
    assert trial.stopped == ""


def test_a_run_that_is_no_trial_records_none(tmp_path: Path) -> None:
    _, trial = run(tmp_path, "import torch\n")
    assert trial is None


def test_seeds_are_shifted_and_the_end_is_clean(tmp_path: Path) -> None:
    ended, trial = run(tmp_path, SEEDED, "--seed", "2", "--steps", "7")
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert ended.stdout.endswith("finally\nat exit\n")
    assert trial is not None
    assert trial.stopped == "steps"
    assert sum(point.passes for point in trial.curves[0].points) == 7
    used = {call.function: (call.given, call.used, call.place.line if call.place else 0) for call in trial.seeds}
    assert used == {
        "random.seed": ("3", "5", 9),
        "numpy.random.seed": ("4", "6", 10),
        "torch.manual_seed": ("5", "7", 11),
        "torch.Generator.manual_seed": ("6", "8", 12),
        "numpy.random.default_rng": ("7", "9", 13),
    }
    moved = SEEDED.replace("seed(3)", "seed(5)").replace("seed(4)", "seed(6)").replace("_seed(5)", "_seed(7)")
    expected = plain(tmp_path, moved.replace("_seed(6)", "_seed(8)").replace("rng(7)", "rng(9)"))
    for name in ("random", "numpy", "default_rng", "generator", "torch", "instance"):
        assert values(ended.stdout, name) == values(expected, name)
    assert values(ended.stdout, "loss") == values(expected, "loss")[:6]


ENDLESS = SEEDED.replace("for step in range(30):", "import time\n        while True:\n            time.sleep(0.01)")


def test_seconds_end_a_trial_cleanly(tmp_path: Path) -> None:
    begun = time.monotonic()
    ended, trial = run(tmp_path, ENDLESS, "--seconds", "1", "--steps", "100000")
    took = time.monotonic() - begun
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert ended.stdout.endswith("finally\nat exit\n")
    assert trial is not None
    assert (trial.seconds, trial.stopped, trial.steps) == (1.0, "seconds", 100000)
    made = sum(point.passes for point in trial.curves[0].points)
    assert 1 < made <= 101  # each takes 10 ms or more, and the first comes before the clock
    assert took > 1


def test_steps_that_come_before_the_seconds_end_a_trial(tmp_path: Path) -> None:
    _, trial = run(tmp_path, ENDLESS, "--seconds", "1000", "--steps", "3")
    assert trial is not None
    assert trial.stopped == "steps"


def test_a_script_that_ends_before_its_seconds_was_not_stopped(tmp_path: Path) -> None:
    _, trial = run(tmp_path, SEEDED, "--seconds", "1000")
    assert trial is not None
    assert (trial.seconds, trial.stopped) == (1000.0, "")


FORMS = """
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
    from torch.nn.functional import relu as imported

    def x():
        return torch.tensor([[-2.0, 3.0]])

    def in_place(change):
        values = x()
        change(values)
        return values

    layer = nn.TransformerEncoderLayer(2, 1, 2, dropout=0.0, batch_first=True).eval()
    for weight in (layer.linear1, layer.linear2):
        nn.init.eye_(weight.weight)
        nn.init.zeros_(weight.bias)
    sequential = nn.Sequential(nn.ReLU())
    print("module", nn.ReLU()(x()).tolist())
    print("module in place", in_place(nn.ReLU(inplace=True)).tolist())
    print("sequential", sequential(x()).tolist())
    print("functional", F.relu(x()).tolist())
    print("keyword", F.relu(input=x()).tolist())
    print("functional in place", in_place(lambda v: F.relu(v, inplace=True)).tolist())
    print("underscore", in_place(F.relu_).tolist())
    print("torch", torch.relu(x()).tolist())
    print("torch in place", in_place(torch.relu_).tolist())
    print("method", x().relu().tolist())
    print("method in place", in_place(torch.Tensor.relu_).tolist())
    print("imported", imported(x()).tolist())
    print("tanh", torch.tanh(x()).tolist())
    print("sigmoid", torch.sigmoid(torch.zeros(1)).tolist())
    with torch.no_grad():
        print("encoder", layer._ff_block(x()).tolist())
    leaf = x().requires_grad_()
    values = leaf * 1.0
    F.relu(values, inplace=True).sum().backward()
    print("slope", leaf.grad.tolist())
"""


def test_every_form_of_a_call_is_exchanged(tmp_path: Path) -> None:
    ended, trial = run(tmp_path, FORMS, "--treat", "swap-activation:leaky_relu(0.5)")
    assert ended.returncode == 0, ended.stderr
    printed = dict(re.match(r"(.*?) (\[.*)", line).groups() for line in ended.stdout.splitlines())  # type: ignore[union-attr]
    assert printed.pop("sigmoid") == "[0.5]"
    assert printed.pop("slope") == "[[0.5, 1.0]]"
    assert len(printed) == 14
    assert set(printed.values()) == {"[[-1.0, 3.0]]"}, printed
    assert trial is not None
    assert trial.counts


ONE_LINE = """
    import torch
    import torch.nn as nn

    torch.manual_seed(0)
    x = torch.randn(64, 4)
    y = (x.sum(1) > 0).float()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(4, 8), nn.Linear(8, 1)

        def forward(self, x):
            return torch.sigmoid(self.fc2(torch.relu(self.fc1(x)))).squeeze(1)

    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = [p.clone() for p in model.parameters()]
    for step in range(4):
        optimizer.zero_grad()
        out = model(x)
        nn.functional.binary_cross_entropy_with_logits(out, y).backward()
        optimizer.step()
        assert all(p.grad is not None for p in model.parameters())
        moved = any((p != q).any().item() for p, q in zip(model.parameters(), before))
        print(step, bool(out.min() >= 0), moved)
"""


def test_of_several_activations_at_a_line_the_last_is_removed(tmp_path: Path) -> None:
    ended, trial = run(tmp_path, ONE_LINE, "--treat", "remove-output-activation@14")
    assert ended.stdout.split("\n")[:4] == ["0 True False", "1 False True", "2 False True", "3 False True"], ended.stderr
    assert trial is not None
    assert trial.counts
    assert [entry.what for entry in trial.treatments[0].applied] == ["sigmoid was taken off"]
    assert [entry.asked for entry in trial.treatments[0].not_applied] == [False]


def test_two_sorts_at_a_line(tmp_path: Path) -> None:
    _, trial = run(tmp_path, ONE_LINE, "--treat", "swap-activation:tanh@14", "--treat", "swap-activation:softplus@14")
    assert trial is not None
    first, second = trial.treatments
    assert [entry.what for entry in first.applied] == ["relu became tanh"]
    assert [entry.what for entry in second.applied] == ["sigmoid became softplus"]


def test_a_treatment_that_met_nothing_does_not_count(tmp_path: Path) -> None:
    script = """
        import torch
        w = torch.ones(3, requires_grad=True)
        for _ in range(3):
            w.square().sum().backward()
    """
    _, trial = run(tmp_path, script, "--treat", "lower-learning-rate:0.5", "--treat", "normalise@3")
    assert trial is not None
    assert not trial.counts
    assert trial.why_not == (
        "lower-learning-rate: no optimizer of torch.optim made a step; "
        "normalise: no activation was called; normalise: there was nothing to treat at line 3"
    )
    assert trial_in_words(trial) == f"trial 0: Does not count: {trial.why_not}."


RATES = """
    import torch

    w = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    for _ in range(3):
        optimizer.zero_grad()
        w.sum().backward()
        optimizer.step()
        print(w.item(), optimizer.param_groups[0]["lr"], scheduler.get_last_lr()[0])
        scheduler.step()
"""


def test_the_rate_is_lowered_under_a_scheduler(tmp_path: Path) -> None:
    ended, _ = run(tmp_path, RATES, "--treat", "lower-learning-rate:0.25@4")
    assert ended.stdout.splitlines() == ["0.75 1.0 1.0", "0.625 0.5 0.5", "0.5625 0.25 0.25"], ended.stderr


DECAY = """
    import torch
    import torch.nn as nn

    model = nn.Sequential(nn.Linear(2, 2), nn.PReLU())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=1.0)
    weight = model[0].weight.clone()
    for _ in range(2):
        optimizer.zero_grad()
        (model(torch.ones(1, 2)) * 0.0).sum().backward()
        optimizer.step()
    print(model[1].weight.item(), torch.allclose(model[0].weight, 0.81 * weight), len(optimizer.param_groups))
"""


def test_slopes_do_not_decay_and_weights_do(tmp_path: Path) -> None:
    ended, trial = run(tmp_path, DECAY, "--treat", "no-slope-decay")
    assert ended.stdout == "0.25 True 1\n", ended.stderr
    assert trial is not None
    assert trial.counts


SMALL = """
    import torch
    import torch.nn as nn

    torch.manual_seed(0)
    x = torch.randn(64, 4)
    fc1, fc2 = nn.Linear(4, 8), nn.Linear(8, 1)
    optimizer = torch.optim.SGD([*fc1.parameters(), *fc2.parameters()], lr=0.1)
    for step in range(2):
        optimizer.zero_grad()
        fc2(torch.relu(fc1(x))).square().mean().backward()
        optimizer.step()
"""


def test_every_line_that_is_asked_for_must_be_reached(tmp_path: Path) -> None:
    _, trial = run(tmp_path, SMALL, "--treat", "insert-activation:tanh@train.py:6@6", "--treat", "swap-activation:tanh@10@11")
    assert trial is not None
    inserted, swapped = trial.treatments
    assert [(entry.what, entry.place.line if entry.place else 0) for entry in inserted.applied] == [("tanh was put after linear", 10)]
    assert not inserted.not_applied  # the layers are built at line 6
    assert [(entry.what, entry.place.line if entry.place else 0) for entry in swapped.applied] == [("relu became tanh", 10)]
    assert [entry.why for entry in swapped.not_applied] == ["there was nothing to treat at line 11"]


def test_treatments_of_one_call_work_together_in_any_order(tmp_path: Path) -> None:
    _, trial = run(tmp_path, SMALL, "--treat", "swap-activation:tanh", "--treat", "normalise", "--treat", "reinitialise:he")
    assert trial is not None
    assert trial.counts, trial.why_not
    swapped, normalised, drawn = trial.treatments
    assert [entry.what for entry in swapped.applied] == ["relu became tanh"]
    assert [entry.what for entry in normalised.applied] == ["layer normalisation over (8,) before relu"]
    assert [entry.what for entry in drawn.applied] == [
        "he initialisation with gain 1.593 for linear, which tanh follows",
        "he initialisation with gain 1 for linear",
    ]


@pytest.mark.parametrize("treatment", ["remove-output-activation@7", "reinitialise:he"])
def test_the_untreated_pass_that_a_treatment_learns_from_is_not_recorded(treatment: str, tmp_path: Path) -> None:
    _, trial = run(tmp_path, RemoveOutputActivation.example, "--treat", treatment)
    recording = load(tmp_path / "out.json").recording
    assert trial is not None
    assert trial.counts
    assert (recording.steps, recording.passes) == (19, 19)
    assert len(recording.sites) == (0 if treatment.startswith("remove") else 1)


RECURRENT = """
    import torch
    from torch import nn

    torch.manual_seed(0)
    x = torch.randn(64, 40, 3)
    layer = {layer}
    head = nn.Linear(16, 1)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=1.0)
    optimizer = torch.optim.SGD([*layer.parameters(), *head.parameters()], lr=1e-3)
    for _ in range(4):
        optimizer.zero_grad()
        head(layer(x)[0][:, -1]).square().mean().backward()
        optimizer.step()
        print("std", *(f"{{parameter.std():.3f}}" for parameter in layer.parameters() if parameter.dim() == 2))
"""


@pytest.mark.parametrize(
    ("layer", "deviations"),
    [
        ("nn.RNN(3, 16, nonlinearity='relu', batch_first=True)", (1 / 3**0.5, 1 / 4)),
        ("nn.LSTM(3, 16, batch_first=True)", (1 / 3**0.5, 1 / 4)),
    ],
)
def test_the_matrices_of_recurrent_layers_are_drawn_anew(layer: str, deviations: tuple[float, ...], tmp_path: Path) -> None:
    ended, trial = run(tmp_path, RECURRENT.format(layer=layer), "--treat", "reinitialise:lecun")
    assert ended.returncode == 0, ended.stderr
    assert trial is not None
    assert trial.counts, trial.why_not
    first = [float(number) for number in values(ended.stdout, "std")[0].split()]
    assert first == pytest.approx(deviations, rel=0.25)


def test_a_treatment_that_waits_in_vain_for_a_step_leaves_the_passes_unobserved(tmp_path: Path) -> None:
    by_hand = RemoveOutputActivation.example.replace("optimizer.step()", "pass")
    _, trial = run(tmp_path, by_hand, "--treat", "remove-output-activation@7")
    assert trial is not None
    assert not trial.counts
    assert [entry.what for entry in load(tmp_path / "out.json").recording.not_observed] == ["all backward passes"]


def test_an_activation_that_the_script_uses_already_is_a_trial_of_the_script_as_it_stands(tmp_path: Path) -> None:
    script = SwapActivation.example
    same, trial = run(tmp_path, script, "--treat", "swap-activation:relu", "--treat", "reinitialise:he")
    assert same.returncode == 0, same.stderr
    assert trial is not None
    assert trial.counts, trial.why_not
    swapped, drawn = trial.treatments
    assert not swapped.applied
    assert [entry.why for entry in swapped.not_applied] == ["relu is what it computes already"]
    assert drawn.applied
