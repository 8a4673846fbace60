"""swap-activation to activations with learned or drawn values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reluctant.recording import load
from tests.treatments.runs import plain, run

TRAIN = """
    import json
    import torch
    from torch import nn
    import torch.nn.functional as F

    torch.manual_seed(0)
    x = torch.randn(64, 4)
    y = x.abs().sum(1, keepdim=True)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2, self.fc3 = nn.Linear(4, 16), nn.Linear(16, 16), nn.Linear(16, 1)

        def forward(self, x):
            return self.fc3(F.relu(self.fc2(torch.relu(self.fc1(x)))))

    model = Net()
    optimizer = {optimizer}
    {scheduler}
    before = len(optimizer.param_groups)
    for step in range(8):
        def closure():
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            return loss
        loss = closure()
        optimizer.step(closure)
        {step}
    known = set(map(id, model.parameters()))
    slopes = [p for group in optimizer.param_groups for p in group["params"] if id(p) not in known]
    with torch.no_grad():
        evaluated = F.mse_loss(model(x), y).item()
    after = F.mse_loss(model(x), y).item()
    print(json.dumps([len(optimizer.param_groups) - before, [s.tolist() for s in slopes], evaluated, after]))
"""


def trained(folder: Path, optimizer: str, scheduler: str = "", step: str = "") -> list[Any]:
    """What the script tells of its training with PReLU: groups more than before, slopes, and the loss in evaluation and after it."""
    ended, trial = run(folder, TRAIN.format(optimizer=optimizer, scheduler=scheduler, step=step), "--treat", "swap-activation:prelu")
    assert ended.returncode == 0, ended.stderr
    assert trial is not None
    assert trial.counts, trial.why_not
    told: list[Any] = json.loads(ended.stdout)
    return told


SGD = "torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.5)"


def test_each_place_has_a_slope_that_is_learned_and_used_in_evaluation(tmp_path: Path) -> None:
    groups, slopes, evaluated, after = trained(tmp_path, SGD)
    assert groups == 0
    assert len(slopes) == 2
    assert all(len(slope) == 1 and slope[0] != 0.25 for slope in slopes)
    assert evaluated == after


BY_HAND = """
    import json
    import torch
    from torch import nn
    import torch.nn.functional as F

    torch.manual_seed(0)
    x = torch.randn(64, 4)
    y = x.abs().sum(1, keepdim=True)
    model = nn.Sequential(nn.Linear(4, 16), nn.{first}, nn.Linear(16, 16), nn.{second}, nn.Linear(16, 1))
    slopes = [*model[1].parameters(), *model[3].parameters()]
    weights = [p for p in model.parameters() if all(p is not slope for slope in slopes)]
    groups = [{{"params": weights, "weight_decay": 0.5}}, *([{{"params": slopes}}] if slopes else [])]
    optimizer = torch.optim.SGD(groups, lr=0.05, momentum=0.9)
    for step in range(8):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
    slopes = slopes or optimizer.param_groups[0]["params"][-2:]
    print([slope.tolist() for slope in slopes], loss.item())
"""


def test_what_comes_out_is_what_the_script_would_give_with_prelu_in_it(tmp_path: Path) -> None:
    swapped, _ = run(tmp_path, BY_HAND.format(first="ReLU()", second="ReLU()"), "--treat", "swap-activation:prelu(init=0.1)")
    written = plain(tmp_path, BY_HAND.format(first="PReLU(init=0.1)", second="PReLU(init=0.1)"))
    assert swapped.stdout == written, swapped.stderr
    assert "[0.1]" not in written


@pytest.mark.parametrize(
    ("scheduler", "step"),
    [
        ("scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=20)", "scheduler.step()"),
        ("scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8)", "scheduler.step()"),
        ("scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.9 ** step)", "scheduler.step()"),
        ("scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0.0])", "scheduler.step(loss.item())"),
        ("scheduler = torch.optim.lr_scheduler.CyclicLR(optimizer, 0.01, 0.1)", "scheduler.step()"),
    ],
)
def test_schedulers_go_on(scheduler: str, step: str, tmp_path: Path) -> None:
    groups, slopes, _, _ = trained(tmp_path, SGD, scheduler, step)
    assert groups == 0
    assert all(slope != [0.25] for slope in slopes)


@pytest.mark.parametrize(
    "optimizer",
    [
        "torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.5)",
        "torch.optim.Adagrad(model.parameters(), lr=0.01)",
        "torch.optim.RMSprop(model.parameters(), lr=0.01)",
        "torch.optim.LBFGS(model.parameters(), lr=0.1)",
        "torch.optim.Adam([{'params': model.fc1.parameters()}, {'params': [*model.fc2.parameters(), *model.fc3.parameters()]}], lr=0.01)",
    ],
)
def test_optimizers_of_all_kinds_learn_the_slopes(optimizer: str, tmp_path: Path) -> None:
    _, slopes, _, _ = trained(tmp_path, optimizer)
    assert len(slopes) == 2
    assert all(slope != [0.25] for slope in slopes)


DECAYED = """
    import torch
    from torch import nn

    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    nn.init.constant_(model[0].weight, -1.0)
    nn.init.zeros_(model[0].bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=1.0)
    x = torch.ones(1, 2)
    for _ in range(2):
        optimizer.zero_grad()
        (model(x) * 0.0).sum().backward()
        optimizer.step()
    print(optimizer.param_groups[0]["params"][-1].tolist(), round(model[0].weight[0, 0].item(), 4), model.eval()(x).tolist())
"""


def test_the_slopes_are_not_decayed_and_belong_to_the_network_wherever_it_is_called(tmp_path: Path) -> None:
    ended, _ = run(tmp_path, DECAYED, "--treat", "swap-activation:prelu(num_parameters=3)")
    slopes, rest = ended.stdout.split("] ", 1)
    assert slopes == "[0.25, 0.25, 0.25", ended.stderr
    weight, result = rest.split(" ", 1)
    assert weight == "-0.81"
    assert result.startswith("[[-0.405")


def test_another_number_of_channels_is_told_and_the_trial_does_not_count(tmp_path: Path) -> None:
    _, trial = run(tmp_path, DECAYED, "--treat", "swap-activation:prelu(num_parameters=5)")
    assert trial is not None
    assert not trial.counts
    assert "prelu(num_parameters=5) has 5 learned values, and relu gets 3 channels" in trial.why_not


def test_where_nothing_learns_the_slopes_the_trial_does_not_count(tmp_path: Path) -> None:
    _, trial = run(tmp_path, DECAYED.replace("optimizer.step()", "pass"), "--treat", "swap-activation:prelu")
    assert trial is not None
    assert trial.why_not == "swap-activation: no optimizer made a step with the learned values of prelu"


GAN = """
    import torch
    from torch import nn

    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))
    critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    first = torch.optim.Adam(generator.parameters(), lr=0.01)
    second = torch.optim.Adam(critic.parameters(), lr=0.01)
    for _ in range(4):
        first.zero_grad()
        critic(generator(torch.randn(16, 2))).mean().backward()
        first.step()
        second.zero_grad()
        (critic(torch.randn(16, 2)) - critic(generator(torch.randn(16, 2)).detach())).mean().backward()
        second.step()
    print([len(optimizer.param_groups[0]["params"]) for optimizer in (first, second)])
"""


def test_each_optimizer_gets_the_slopes_of_its_own_network(tmp_path: Path) -> None:
    ended, trial = run(tmp_path, GAN, "--treat", "swap-activation:prelu")
    assert ended.stdout == "[5, 5]\n", ended.stderr
    assert trial is not None
    assert trial.counts


SCALED = """
    import torch
    from torch import nn

    torch.manual_seed(0)
    x = torch.randn(64, 4)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, enabled={enabled})
    for _ in range(3):
        optimizer.zero_grad()
        scaler.scale(model(x).square().mean()).backward()
        scaler.step(optimizer)
        scaler.update()
    print(optimizer.param_groups[0]["params"][-1].item())
"""


def test_a_gradient_scaler_unscales_the_slopes(tmp_path: Path) -> None:
    plain, scaled = (run(tmp_path, SCALED.format(enabled=on), "--treat", "swap-activation:prelu")[0].stdout for on in (False, True))
    assert float(plain) != 0.25
    assert float(scaled) == pytest.approx(float(plain), rel=1e-5)


ENCODER = """
    import torch
    from torch import nn

    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, activation="relu")
    model = nn.TransformerEncoder(layer, 2)
    x = torch.randn(3, 5, 8)
    mask = torch.arange(5)[None] >= torch.tensor([[5], [3], [2]])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        model(x, src_key_padding_mask=mask).square()[~mask].mean().backward()
        optimizer.step()
    trained = model(x, src_key_padding_mask=mask)[~mask]
    model.eval()
    with torch.no_grad():
        fused = model(x, src_key_padding_mask=mask)[~mask]
    print("difference", (trained - fused).abs().max().item())
    print(*fused.flatten()[:4].tolist())
"""


@pytest.mark.parametrize("swap", ["swap-activation:tanh", "swap-activation:prelu"])
def test_the_fused_path_of_an_encoder_gives_the_other_activation_in_evaluation(swap: str, tmp_path: Path) -> None:
    untreated = run(tmp_path, ENCODER, "--seed", "0")[0].stdout.splitlines()
    ended, trial = run(tmp_path, ENCODER, "--treat", swap)
    difference, values = ended.stdout.splitlines()
    assert float(difference.split()[1]) < 1e-5, "evaluation computes what training computes"
    assert values != untreated[1]
    assert trial is not None
    assert trial.counts


DRAWN = """
    import torch
    from torch import nn
    import torch.nn.functional as F

    torch.manual_seed(0)

    class Net(nn.Module):
        def forward(self, x):
            return F.relu(x)

    model, x = Net(), -torch.ones(1, 1000)
    loose = nn.Sequential(nn.ReLU())
    for net in (model, loose):
        net.train()
        print(net(x).std().item() > 0.01, round(net(x).mean().item(), 2))
        net.eval()
        print(net(x).unique().tolist())
    print(F.relu(x).std().item())
    with torch.no_grad():
        print(F.relu(x).std().item() > 0.01)
    print(model.train()(x).sum().item())
"""


def test_slopes_are_drawn_in_training_and_are_their_mean_in_evaluation(tmp_path: Path) -> None:
    ended, trial = run(tmp_path, DRAWN, "--treat", "swap-activation:rrelu(0.1, 0.3)")
    lines = ended.stdout.splitlines()
    assert lines[:4] == ["True -0.2", "[-0.20000000298023224]"] * 2, ended.stderr
    assert float(lines[4]) > 0.01
    assert lines[5] == "False"
    assert trial is not None
    assert trial.counts


def test_drawn_slopes_follow_from_the_seed(tmp_path: Path) -> None:
    first, again, other = (
        run(tmp_path, DRAWN, "--treat", "swap-activation:rrelu", "--seed", seed)[0].stdout.splitlines()[-1] for seed in ("1", "1", "2")
    )
    assert first == again
    assert first != other


def test_the_recording_knows_the_learned_slopes(tmp_path: Path) -> None:
    run(tmp_path, TRAIN.format(optimizer=SGD, scheduler="", step=""), "--treat", "swap-activation:prelu")
    recording = load(tmp_path / "out.json").recording
    assert {site.operation for site in recording.sites} == {"prelu"}
    slopes = [parameter for parameter in recording.parameters if parameter.role == "slope"]
    assert len(slopes) == 2
    assert all(recording.optimizers[0].groups[slope.group or 0].weight_decay == 0.0 for slope in slopes)
