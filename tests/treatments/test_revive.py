"""revive: dead units are drawn anew, wherever their weights stand, and what the network computes stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.treatments.runs import run

DEAD = """
    import torch
    from torch import nn

    torch.manual_seed(0)
    {model}
    optimizer = {optimizer}
    before = [p.detach().clone() for p in model.parameters()]

    for step in range(4):
        optimizer.zero_grad()
        (model(x) * 1e-30).square().mean().backward()
        optimizer.step()
        if step == 1:
            ({silence}).detach().flatten()[:2].fill_(-1e3)
    after = model(x)
    print("function", torch.equal(after, model(x)), bool(after.isfinite().all()))
    for old, new in zip(before, model.parameters()):
        changed = (old != new.detach())
        print(list(new.shape), changed.sum().item(), (new == 0).sum().item())
    print("alive", (nn.Sequential(*list(model)[:{upto}])(x) > 0).movedim(1, 0).flatten(1).any(1).tolist())
"""

MODELS = {
    "linear": (
        "x = torch.randn(400, 3); model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.0), nn.Linear(4, 2))",
        2,
        ["[4, 3] 6 0", "[4] 2 2", "[2, 4] 4 4", "[2] 0 0"],
    ),
    "flattened": (
        "x = torch.randn(40, 3, 6, 6); "
        "model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 2))",
        2,
        ["[4, 3, 3, 3] 54 0", "[4] 2 2", "[2, 16] 16 16", "[2] 0 0"],
    ),
    "convolutions": (
        "x = torch.randn(40, 3, 6, 6); model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.ConvTranspose2d(4, 2, 3))",
        2,
        ["[4, 3, 3, 3] 54 0", "[4] 2 2", "[4, 2, 3, 3] 36 36", "[2] 0 0"],
    ),
    "groups": (
        "x = torch.randn(40, 3, 6, 6); model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3, groups=2))",
        2,
        ["[4, 3, 3, 3] 54 0", "[4] 2 2", "[4, 2, 3, 3] 36 36", "[4] 0 0"],
    ),
    "depthwise": (
        "x = torch.randn(40, 3, 6, 6); model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3, groups=4))",
        2,
        ["[4, 3, 3, 3] 54 0", "[4] 2 2", "[4, 1, 3, 3] 18 18", "[4] 0 0"],
    ),
    "hardswish": (
        "x = torch.randn(400, 3); model = nn.Sequential(nn.Linear(3, 4), nn.Hardswish(inplace=True), nn.Linear(4, 2))",
        1,
        ["[4, 3] 6 0", "[4] 2 2", "[2, 4] 4 4", "[2] 0 0"],
    ),
}


@pytest.mark.parametrize("kind", MODELS)
def test_the_weights_of_dead_units_are_drawn_anew_and_those_that_take_them_up_are_zeroed(kind: str, tmp_path: Path) -> None:
    model, upto, expected = MODELS[kind]
    script = DEAD.format(model=model, optimizer="torch.optim.SGD(model.parameters(), lr=0.0)", silence="model[0].bias", upto=upto)
    script = script.replace("if step == 1", "if step == -1").replace("before = [", "model[0].bias.detach()[:2].fill_(-1e3)\n    before = [")
    ended, trial = run(tmp_path, script, "--treat", "revive:4")
    lines = ended.stdout.splitlines()
    assert lines[0] == "function True True", ended.stderr
    assert lines[1:5] == expected
    assert lines[5] == "alive [True, True, True, True]"
    assert trial is not None
    assert trial.counts, trial.why_not
    (applied,) = trial.treatments[0].applied
    name = "hardswish" if kind == "hardswish" else "relu"
    assert (applied.what, applied.calls, applied.first_step) == (f"dead units before {name} were drawn anew", 2, 3)


STATE = """
    import torch
    from torch import nn

    torch.manual_seed(0)
    x, y = torch.randn(400, 3), torch.randn(400, 1)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(8):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        if step == 3:
            with torch.no_grad():
                model[0].bias[1] = -1e3
        if step == 6:
            print(loss.item())
    state = [optimizer.state[p]["exp_avg_sq"] for p in model.parameters()]
    print(state[0].eq(0).any(1).tolist(), state[1].eq(0).tolist(), state[2].eq(0).tolist())
    print(nn.functional.mse_loss(model(x), y).item(), torch.rand(1).item())
"""


def test_the_optimizer_forgets_the_unit_and_the_rest_stays(tmp_path: Path) -> None:
    treated, trial = run(tmp_path, STATE, "--treat", "revive:4")
    untreated, _ = run(tmp_path, STATE, "--seed", "0")
    first, state, last = treated.stdout.splitlines()
    assert state == "[False, True, False, False] [False, True, False, False] [[False, True, False, False]]", treated.stderr
    assert (first, last) == (untreated.stdout.splitlines()[0], untreated.stdout.splitlines()[2]), "nothing else changes, the stream neither"
    assert trial is not None
    assert trial.counts
    assert [(entry.calls, entry.first_step) for entry in trial.treatments[0].applied] == [(1, 7)]


TWO = """
    import torch
    from torch import nn

    torch.manual_seed(0)
    x, y = torch.randn(400, 3), torch.randn(400, 1)
    first, second = nn.Linear(3, 4), nn.Linear(4, 1)
    optimizers = [torch.optim.Adam(layer.parameters(), lr=0.01) for layer in (second, first)]
    for step in range(8):
        for optimizer in optimizers:
            optimizer.zero_grad()
        nn.functional.mse_loss(second(torch.relu(first(x))), y).backward()
        for optimizer in optimizers:
            optimizer.step()
        if step == 3:
            first.bias.detach()[1] = -1e3
    print(optimizers[0].state[second.weight]["exp_avg_sq"].eq(0).tolist(), second.weight.eq(0).tolist())
"""


def test_each_optimizer_forgets_what_it_holds(tmp_path: Path) -> None:
    ended, _ = run(tmp_path, TWO, "--treat", "revive:4")
    assert ended.stdout == "[[False, True, False, False]] [[False, True, False, False]]\n", ended.stderr


POSITIONS = """
    import torch
    from torch import nn

    torch.manual_seed(0)
    x = torch.randn(40, 3, 6, 6)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), {after})
    model[0].bias.detach()[:2].fill_(-1e3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(4):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
    print(model[-1].weight.eq(0).any().item())
"""


@pytest.mark.parametrize(
    ("after", "why"),
    [
        ("nn.Flatten(2), nn.Linear(16, 2)", "no activation with a dead side stands between two linear or convolutional layers"),
        ("nn.Flatten(1), nn.Unflatten(1, (1, 64)), nn.Conv1d(1, 2, 3)", "units are dead, and which weights take them up cannot be told"),
    ],
)
def test_weights_that_take_up_something_else_stay(after: str, why: str, tmp_path: Path) -> None:
    ended, trial = run(tmp_path, POSITIONS.format(after=after), "--treat", "revive:4")
    assert ended.stdout == "False\n", ended.stderr
    assert trial is not None
    assert not trial.counts
    assert why in trial.why_not


def test_what_is_drawn_follows_from_the_seed(tmp_path: Path) -> None:
    script = STATE + "    print(model[0].weight[1].tolist())\n"
    drawn = [run(tmp_path, script, "--treat", "revive:4", "--seed", seed)[0].stdout.splitlines()[-1] for seed in ("1", "1", "2")]
    assert drawn[0] == drawn[1] != drawn[2]


def test_where_no_unit_is_dead_the_trial_counts_and_changes_nothing(tmp_path: Path) -> None:
    _, trial = run(tmp_path, STATE.replace("if step == 3", "if step == -1"), "--treat", "revive:4")
    assert trial is not None
    assert trial.counts
    assert [entry.why for entry in trial.treatments[0].not_applied] == ["no unit was dead when dead ones were looked for"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("range(8)", "range(7)"), "revive: the run ended before 8 steps and 300 samples were made"),
        (("nn.ReLU(), nn.Linear(4, 1)", "nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1)"), "revive: no activation with a dead side"),
        (("nn.ReLU()", "nn.LeakyReLU()"), "revive: no activation with a dead side"),
    ],
)
def test_it_says_where_it_cannot_be_applied(change: tuple[str, str], why: str, tmp_path: Path) -> None:
    _, trial = run(tmp_path, STATE.replace(*change), "--treat", "revive:8")
    assert trial is not None
    assert not trial.counts
    assert trial.why_not.startswith(why)
