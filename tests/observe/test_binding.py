"""Nodes are tied to sites with their part in the network, to layers by name, and to losses with what they compare."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reluctant.recording import Recording

from .watched import layer, loss, site, watched

X = torch.randn(12, 4)
CLASSES = torch.tensor([0, 1, 2] * 4)
POSITIVE = torch.rand(12, 3) + 0.5
SIGNS = torch.tensor([1.0, -1.0, 1.0] * 4)


def fc(outputs: int = 3) -> nn.Linear:
    return nn.Linear(4, outputs)


LOSSES: dict[str, tuple[Callable[[Tensor], Tensor], str, int | None]] = {
    "cross_entropy": (lambda z: F.cross_entropy(z, CLASSES), "cross_entropy", 3),
    "cross_entropy, smoothed": (lambda z: F.cross_entropy(z, CLASSES, label_smoothing=0.1), "cross_entropy", 3),
    "cross_entropy, weighted": (lambda z: F.cross_entropy(z, CLASSES, weight=torch.ones(3)), "cross_entropy", 3),
    "cross_entropy, soft targets": (lambda z: F.cross_entropy(z, POSITIVE.softmax(1)), "cross_entropy", 3),
    "cross_entropy, module": (lambda z: nn.CrossEntropyLoss(reduction="sum")(z, CLASSES), "cross_entropy", 3),
    "nll_loss": (lambda z: F.nll_loss(z.log_softmax(1), CLASSES), "nll_loss", 3),
    "binary_cross_entropy": (lambda z: F.binary_cross_entropy(z.sigmoid(), (POSITIVE > 1).float()), "binary_cross_entropy", 3),
    "bce with logits": (
        lambda z: F.binary_cross_entropy_with_logits(z, (POSITIVE > 1).float()),
        "binary_cross_entropy_with_logits",
        3,
    ),
    "bce with logits, weighted": (
        lambda z: F.binary_cross_entropy_with_logits(z, (POSITIVE > 1).float(), pos_weight=torch.ones(3)),
        "binary_cross_entropy_with_logits",
        3,
    ),
    "mse_loss": (lambda z: F.mse_loss(z, POSITIVE), "mse_loss", 3),
    "mse_loss, no reduction": (lambda z: F.mse_loss(z, POSITIVE, reduction="none").mean(), "mse_loss", 3),
    "l1_loss": (lambda z: F.l1_loss(z, POSITIVE), "l1_loss", 3),
    "smooth_l1_loss": (lambda z: F.smooth_l1_loss(z, POSITIVE), "smooth_l1_loss", 3),
    "huber_loss": (lambda z: F.huber_loss(z, POSITIVE), "huber_loss", 3),
    "kl_div": (lambda z: F.kl_div(z.log_softmax(1), POSITIVE.softmax(1), reduction="batchmean"), "kl_div", 3),
    "poisson_nll_loss": (lambda z: F.poisson_nll_loss(z, POSITIVE.round()), "poisson_nll_loss", 3),
    "gaussian_nll_loss": (lambda z: F.gaussian_nll_loss(z, POSITIVE, torch.ones(12, 3)), "gaussian_nll_loss", 3),
    "hinge_embedding_loss": (lambda z: F.hinge_embedding_loss(z[:, 0], SIGNS), "hinge_embedding_loss", None),
    "soft_margin_loss": (lambda z: F.soft_margin_loss(z[:, 0], SIGNS), "soft_margin_loss", None),
    "multi_margin_loss": (lambda z: F.multi_margin_loss(z, CLASSES), "multi_margin_loss", 3),
    "multilabel_soft_margin_loss": (
        lambda z: F.multilabel_soft_margin_loss(z, (POSITIVE > 1).float()),
        "multilabel_soft_margin_loss",
        3,
    ),
    "cosine_embedding_loss": (lambda z: F.cosine_embedding_loss(z, POSITIVE, SIGNS), "cosine_embedding_loss", None),
    "margin_ranking_loss": (lambda z: F.margin_ranking_loss(z[:, 0], z[:, 1], SIGNS), "margin_ranking_loss", None),
    "triplet_margin_loss": (lambda z: F.triplet_margin_loss(z, POSITIVE, POSITIVE + 1), "triplet_margin_loss", None),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_by_kind(name: str) -> None:
    function, kind, classes = LOSSES[name]
    model = fc()
    seen = watched(lambda: function(model(X)) / 2)
    found = loss(seen)
    assert (found.kind, found.handwritten) == (kind, False)
    assert found.place is not None
    assert found.place.file == __file__
    assert classes is None or found.classes == classes
    assert found.first_loss == pytest.approx(function(model(X)).item() / 2, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "predictions", "targets"),
    [
        ("cross_entropy", lambda z: z, CLASSES.float()),
        ("nll_loss", lambda z: z.log_softmax(1), CLASSES.float()),
        ("binary_cross_entropy", lambda z: z.sigmoid(), (POSITIVE > 1).float()),
        ("bce with logits", lambda z: z, (POSITIVE > 1).float()),
        ("mse_loss", lambda z: z, POSITIVE),
        ("l1_loss", lambda z: z, POSITIVE),
        ("smooth_l1_loss", lambda z: z, POSITIVE),
        ("huber_loss", lambda z: z, POSITIVE),
    ],
)
def test_what_a_loss_compares(name: str, predictions: Callable[[Tensor], Tensor], targets: Tensor) -> None:
    model = fc()
    seen = loss(watched(lambda: LOSSES[name][0](model(X))))
    expected = predictions(model(X)).detach()
    assert seen.predictions is not None
    assert seen.targets is not None
    assert seen.predictions.mean == pytest.approx(float(expected.mean()), rel=1e-4, abs=1e-6)
    assert seen.predictions.maximum == pytest.approx(float(expected.max()), rel=1e-4, abs=1e-6)
    assert (seen.targets.minimum, seen.targets.maximum) == pytest.approx((float(targets.min()), float(targets.max())))
    assert seen.targets.mean == pytest.approx(float(targets.mean()), rel=1e-4)


HANDWRITTEN: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "squares": (lambda z: ((z - POSITIVE) ** 2).mean(), "mse_loss"),
    "squares, target first": (lambda z: (POSITIVE - z).pow(2).sum(), "mse_loss"),
    "squares, by square": (lambda z: (z - POSITIVE).square().mean(), "mse_loss"),
    "squares, multiplied": (lambda z: (lambda d: (d * d).mean() * 0.5)(z - POSITIVE), "mse_loss"),
    "squares, halved": (lambda z: 0.5 * ((z - POSITIVE) ** 2).sum(1).mean(), "mse_loss"),
    "absolute": (lambda z: (z - POSITIVE).abs().mean(), "l1_loss"),
    "absolute, by torch": (lambda z: torch.mean(torch.abs(POSITIVE - z)), "l1_loss"),
    "logarithms": (
        lambda z: -((POSITIVE > 1).float() * z.sigmoid().log() + (1 - (POSITIVE > 1).float()) * (1 - z.sigmoid()).log()).mean(),
        "binary_cross_entropy",
    ),
}


@pytest.mark.parametrize("name", HANDWRITTEN)
def test_losses_written_by_hand(name: str) -> None:
    function, kind = HANDWRITTEN[name]
    model = fc()
    seen = watched(lambda: function(model(X)))
    found = loss(seen)
    assert (found.kind, found.handwritten) == (kind, True)
    if kind != "binary_cross_entropy" and name != "squares, multiplied":
        assert found.targets is not None
        assert found.targets.minimum == pytest.approx(float(POSITIVE.min()), abs=1e-5)
        assert found.targets.maximum == pytest.approx(float(POSITIVE.max()), abs=1e-5)


@pytest.mark.parametrize(
    "function",
    [lambda z: z.mean(), lambda z: -z.logsumexp(1).mean(), lambda z: (z[:6] * z[6:]).sum(), lambda z: z.var(0).sum()],
)
def test_any_other_formula_is_a_loss_of_its_own(function: Callable[[Tensor], Tensor]) -> None:
    model = fc()
    found = loss(watched(lambda: function(model(X))))
    assert (found.kind, found.handwritten, found.scores) == ("custom", True, None)


def test_two_losses_of_one_pass_are_two() -> None:
    model = fc(6)

    def both() -> Tensor:
        out = model(X)
        return F.cross_entropy(out[:, :3], CLASSES) + 0.1 * F.mse_loss(out[:, 3:], POSITIVE)

    assert sorted(found.kind for found in watched(both).losses) == ["cross_entropy", "mse_loss"]


class Net(nn.Module):
    """One module of each part."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.gate, self.fc2, self.out = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)
        self.q, self.k = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.fc1(x))
        h = h * torch.sigmoid(self.gate(h))
        h = (self.q(h) @ self.k(h).t()).softmax(-1) @ h
        return F.elu(self.fc2(h))


def test_the_part_of_each_site() -> None:
    net = Net()
    seen = watched(lambda: F.mse_loss(torch.tanh(net.out(net(X))), POSITIVE) + F.softplus(net.gate.weight).mean())
    assert {s.operation: s.role for s in seen.sites} == {
        "relu": "hidden",
        "sigmoid": "gate",
        "softmax": "attention",
        "elu": "hidden",
        "tanh": "output",
    }
    assert {s.operation: s.after for s in seen.sites} == {
        "relu": "fc1",
        "sigmoid": "gate",
        "softmax": "",
        "elu": "fc2",
        "tanh": "out",
    }


@pytest.mark.parametrize(
    ("between", "after"),
    [
        (nn.Identity(), "0"),
        (nn.BatchNorm1d(4), "0"),
        (nn.LayerNorm(4), "0"),
        (nn.Dropout(0.5), "0"),
        (nn.Unflatten(1, (2, 2)), "0"),
        (nn.Sequential(nn.Unflatten(1, (1, 4)), nn.MaxPool1d(2)), "0"),
        (nn.Softmax(1), ""),
        (nn.ReLU(), ""),
    ],
)
def test_the_layer_before_is_found_through_what_changes_no_meaning(between: nn.Module, after: str) -> None:
    net = nn.Sequential(fc(4), between, nn.Tanh())
    assert site(watched(lambda: net(X).sum()), "tanh").after == after


def test_a_weight_that_two_layers_share_is_one_parameter() -> None:
    embedding, head = nn.Embedding(5, 4), nn.Linear(4, 5, bias=False)
    head.weight = embedding.weight
    tokens = torch.tensor([0, 1, 2, 3])
    seen = watched(lambda: F.cross_entropy(head(torch.tanh(embedding(tokens))), tokens))
    assert len(seen.parameters) == 1
    assert len(seen.layers) in (1, 2)


def test_one_layer_that_is_called_often_counts_its_calls() -> None:
    model = fc(4)
    seen = watched(lambda: model(torch.tanh(model(torch.tanh(model(X))))).sum())
    assert layer(seen, "Linear").calls == 3
    assert site(seen, "tanh").calls == 2 if len(seen.sites) == 1 else len(seen.sites) == 2


def test_two_activations_of_one_container_line_are_told_apart() -> None:
    net = nn.Sequential(*[part for _ in range(3) for part in (fc(4), nn.ReLU())])
    seen = watched(lambda: net(X).sum())
    assert [(s.after, s.module) for s in sorted(seen.sites, key=lambda s: s.after)] == [("0", "1"), ("2", "3"), ("4", "5")]


@pytest.mark.parametrize(
    "masked",
    [
        lambda z: z * (POSITIVE > 1),
        lambda z: z * (POSITIVE > 1).float(),
        lambda z: z.log_softmax(1) * F.one_hot(CLASSES, 3),
        lambda z: z.log_softmax(1) * F.one_hot(CLASSES, 3).float(),
        lambda z: torch.where(POSITIVE > 1, z, 0),
        lambda z: z.masked_fill(POSITIVE > 1, -1e9),
        lambda z: z * torch.ones(12, 3, dtype=torch.bool),
    ],
)
def test_a_mask_from_elsewhere_is_no_activation(masked: Callable[[Tensor], Tensor]) -> None:
    model = fc()
    assert not [s for s in watched(lambda: masked(model(X)).sum()).sites if s.operation not in ("log_softmax",)]


@pytest.mark.parametrize(
    "masked",
    [
        lambda z: z * (z > 0),
        lambda z: z * (z > 0).float(),
        lambda z: torch.where(z > 0, z, 0),
        lambda z: torch.where(z <= 0, 0, z),
        lambda z: torch.maximum(z, torch.zeros(3)),
    ],
)
def test_a_mask_that_follows_the_sign_is_a_relu(masked: Callable[[Tensor], Tensor]) -> None:
    model = fc()
    seen = site(watched(lambda: masked(model(X)).sum()), "relu")
    assert seen.whole is not None
    assert seen.exact
    assert seen.whole.zero_share == pytest.approx(float((model(X) <= 0).float().mean()))


def test_a_frozen_bias_does_not_falsify_what_is_computed_again() -> None:
    model = fc(4)
    with torch.no_grad():
        model.bias.fill_(100.0)
    model.bias.requires_grad_(False)
    seen = watched(lambda: torch.sin(model(X)).sum())
    assert all(moment.output_mean is None for moment in seen.layers[0].moments)


@pytest.mark.parametrize(
    ("build", "data", "move", "units"),
    [
        (lambda: nn.Linear(4, 5), (7, 4), lambda z: z, 5),
        (lambda: nn.Linear(4, 5), (7, 3, 4), lambda z: z, 5),
        (lambda: nn.Linear(4, 5), (4,), lambda z: z, 5),
        (lambda: nn.Linear(4, 5), (7, 3, 4), lambda z: z.transpose(1, 2), 5),
        (lambda: nn.Linear(4, 1), (7, 4), lambda z: z.squeeze(1), 1),
        (lambda: nn.Linear(4, 1), (7, 3, 4), lambda z: z.squeeze(-1), 1),
        (lambda: nn.Conv2d(3, 5, 3), (2, 3, 8, 8), lambda z: z, 5),
        (lambda: nn.Conv2d(3, 5, 3), (3, 8, 8), lambda z: z, 5),
        (lambda: nn.Conv2d(3, 5, 3), (2, 3, 8, 8), lambda z: z.permute(0, 2, 3, 1), 5),
        (lambda: nn.Conv2d(3, 5, 3), (2, 3, 8, 8), lambda z: z.to(memory_format=torch.channels_last), 5),
        (lambda: nn.Conv2d(3, 5, 3), (2, 3, 8, 8), lambda z: z.flatten(2), 5),
        (lambda: nn.Conv2d(3, 5, 3), (2, 3, 8, 8), lambda z: z.flatten(2).transpose(1, 2), 5),
        (lambda: nn.Conv2d(3, 5, 3), (2, 3, 8, 8), lambda z: z.flatten(1), 5),
        (lambda: nn.Conv2d(3, 5, 3), (2, 3, 8, 8), lambda z: z.mean((2, 3)), 5),
        (lambda: nn.Conv1d(3, 5, 3), (2, 3, 8), lambda z: z, 5),
        (lambda: nn.Conv3d(3, 5, 3), (2, 3, 8, 8, 8), lambda z: z, 5),
        (lambda: nn.ConvTranspose2d(3, 5, 3), (2, 3, 8, 8), lambda z: z, 5),
    ],
)
def test_units_follow_from_the_layer(
    build: Callable[[], nn.Module], data: tuple[int, ...], move: Callable[[Tensor], Tensor], units: int
) -> None:
    model = build()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(0.001)
        model.bias.copy_(torch.tensor([1.0, -1.0, 1.0, 1.0, 1.0])[:units])
    seen = site(watched(lambda: move(model(torch.randn(data))).relu().sum()), "relu")
    assert (seen.units, seen.silent_units) == (units, (1,) if units > 1 else ())
    assert seen.whole is not None
    assert seen.whole.samples * units == 3 * move(model(torch.randn(data))).numel()


def test_booleans_where_numbers_belong() -> None:
    net = nn.Sequential(fc(4), nn.LeakyReLU(True))
    assert site(watched(lambda: net(X).sum()), "leaky_relu").booleans == ("negative_slope",)


def test_a_learned_slope_is_a_parameter_of_the_site() -> None:
    net = nn.Sequential(fc(4), nn.PReLU())
    seen = watched(lambda: net(X).sum())
    (slope,) = [p for p in seen.parameters if p.role == "slope"]
    assert site(seen, "prelu").slope == slope.id
    assert slope.name == "1.weight"


def gradients(seen: Recording, operation: str) -> tuple[float | None, float | None]:
    moment = site(seen, operation).moments[0]
    return moment.gradient_arriving_rms, moment.gradient_leaving_rms


def test_sizes_are_those_of_autograd() -> None:
    net = nn.Sequential(fc(4), nn.Sigmoid(), nn.Linear(4, 3))
    seen = watched(lambda: F.mse_loss(net(X), POSITIVE))
    z = net[0](X).detach().requires_grad_()
    y = torch.sigmoid(z)
    y.retain_grad()
    F.mse_loss(net[2](y), POSITIVE).backward()
    assert y.grad is not None
    assert z.grad is not None
    sizes = [float(gradient.square().mean().sqrt()) for gradient in (y.grad, z.grad)]
    assert gradients(seen, "sigmoid") == pytest.approx(sizes, rel=1e-4)
    moment = site(seen, "sigmoid").moments[0]
    slope = (y * (1 - y)).detach()
    assert moment.slope_rms == pytest.approx(float(slope.square().mean().sqrt()), rel=1e-4)
    assert moment.output_rms == pytest.approx(float(y.detach().square().mean().sqrt()), rel=1e-4)
    first = layer(seen, "0").moments[0]
    assert first.input_rms == pytest.approx(float(X.square().mean().sqrt()), rel=1e-4)
    assert first.output_rms == pytest.approx(float(z.detach().square().mean().sqrt()), rel=1e-4)
    assert first.output_gradient_rms == pytest.approx(float(z.grad.square().mean().sqrt()), rel=1e-4)


def test_a_gradient_scaler_changes_nothing_that_is_recorded() -> None:
    torch.manual_seed(0)
    recordings = []
    for scale in (None, 1024.0):
        torch.manual_seed(0)
        net = nn.Sequential(fc(4), nn.ReLU(), nn.Linear(4, 3))
        scaler = torch.amp.GradScaler("cpu", init_scale=scale or 1.0, growth_interval=2)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

        def train(net: nn.Module = net, scaler: torch.amp.GradScaler = scaler, scale: float | None = scale) -> Tensor:
            value = F.cross_entropy(net(X), CLASSES)
            return scaler.scale(value) if scale else value

        def update(
            net: nn.Module = net,
            scaler: torch.amp.GradScaler = scaler,
            optimizer: torch.optim.Optimizer = optimizer,
            scale: float | None = scale,
        ) -> None:
            if scale:
                scaler.step(optimizer)
                scaler.update()
            else:
                optimizer.step()
            optimizer.zero_grad()

        recordings.append(watched(train, 6, update))
    plain, scaled = recordings
    assert loss(scaled).first_loss == pytest.approx(loss(plain).first_loss, rel=1e-5)
    assert [p.mean for p in scaled.loss_curves[0].points] == pytest.approx([p.mean for p in plain.loss_curves[0].points], rel=1e-4)
    for a, b in zip(plain.sites[0].moments, scaled.sites[0].moments, strict=True):
        assert b.gradient_arriving_rms == pytest.approx(a.gradient_arriving_rms, rel=1e-3)
        assert b.gradient_leaving_rms == pytest.approx(a.gradient_leaving_rms, rel=1e-3)
    for one, other in zip(plain.layers, scaled.layers, strict=True):
        assert other.moments[2].weight_gradient_rms == pytest.approx(one.moments[2].weight_gradient_rms, rel=1e-3)
        assert other.moments[2].output_gradient_rms == pytest.approx(one.moments[2].output_gradient_rms, rel=1e-3)
    for first, second in zip(plain.parameters, scaled.parameters, strict=True):
        assert second.moments[0].gradient_rms == pytest.approx(first.moments[0].gradient_rms, rel=1e-3)
        assert second.moments[0].update_rms == pytest.approx(first.moments[0].update_rms, rel=1e-3)


def test_units_without_a_gradient_are_unknown_and_not_silent() -> None:
    class Gate(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, x: Tensor) -> Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: object, gradient: Tensor) -> Tensor:  # type: ignore[override]
            return gradient * torch.tensor([1.0, 0.0, 1.0, 1.0])

    model = fc(4)
    weights = torch.tensor([1.0, 1.0, 1.0, 0.0])
    seen = site(watched(lambda: (Gate.apply(model(X)) * weights).sum()), "custom:Gate")
    assert seen.whole is not None
    assert not seen.exact
    assert (seen.units, seen.silent_units, seen.whole.samples) == (4, (1,), 36)
    assert math.isclose(seen.moments[0].silent_share, 0.25)
