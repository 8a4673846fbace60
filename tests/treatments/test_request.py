"""How a treatment is asked for, and what the parts of treatments compute."""

from __future__ import annotations

import pytest
import torch

from reluctant.treatments import RequestedLine, RequestedTreatment
from reluctant.treatments.reinitialise import _draw, _Layer
from reluctant.treatments.scale_input import _Statistics
from reluctant.trials._seeds import shifted_seed


@pytest.mark.parametrize(
    ("text", "request_read"),
    [
        ("normalise", RequestedTreatment("normalise")),
        ("normalise@31", RequestedTreatment("normalise", "", (RequestedLine(31),))),
        ("lower-learning-rate:0.1", RequestedTreatment("lower-learning-rate", "0.1")),
        (
            "swap-activation:elu(alpha=0.5)@nets/model.py:7@9",
            RequestedTreatment("swap-activation", "elu(alpha=0.5)", (RequestedLine(7, "nets/model.py"), RequestedLine(9))),
        ),
    ],
)
def test_what_is_written_is_read_and_written_again(text: str, request_read: RequestedTreatment) -> None:
    assert RequestedTreatment.parsed(text) == request_read
    assert str(request_read) == text


@pytest.mark.parametrize(
    ("seed", "shifted"),
    [(1, 4), (2**32 - 1, 2), ("a", "a+3"), ([1, 2], [1, 2, 3]), (None, None), (-5, -2)],
)
def test_seeds_differ_by_the_number_of_the_trial(seed: object, shifted: object) -> None:
    assert shifted_seed(seed, 3, 2**32) == shifted


@pytest.mark.parametrize(("scheme", "deviation"), [("he", 2**0.5 / 20), ("lecun", 2**0.5 / 20), ("glorot", 2 / 1000**0.5)])
def test_weights_have_the_scale_of_their_scheme(scheme: str, deviation: float) -> None:
    weight, bias = torch.ones(600, 400, requires_grad=True), torch.ones(600, requires_grad=True)
    _draw(_Layer("linear", None, weight, bias), scheme, 2**0.5, seed=1)
    assert weight.std().item() == pytest.approx(deviation, rel=0.01)
    assert weight.mean().item() == pytest.approx(0.0, abs=0.001)
    assert not bias.any()


def test_orthogonal_rows_have_the_length_of_the_gain() -> None:
    weight = torch.ones(6, 3, 2, 2, requires_grad=True)
    _draw(_Layer("convolution", None, weight, None), "orthogonal", 3.0, seed=1)
    rows = weight.detach().flatten(1)
    torch.testing.assert_close(rows @ rows.T, 9 * torch.eye(6))


def test_the_script_s_random_numbers_stay_its_own() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    _draw(_Layer("linear", None, torch.ones(4, 4, requires_grad=True), None), "he", 1.0, seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_features_are_standardised_with_the_first_batches() -> None:
    torch.manual_seed(0)
    statistics = _Statistics(torch.ones(1))
    rows = torch.cat([1000 + 5 * torch.randn(1200, 2), torch.full((1200, 1), 7.0)], 1)
    for batch in rows.split(600):
        statistics.add(batch)
    statistics.add(torch.full((600, 3), 1e9))  # comes after 1,024 samples, so it counts no more
    scaled = statistics.standardised(rows, 1)
    torch.testing.assert_close(scaled.mean(0), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(scaled.std(0, correction=0), torch.tensor([1.0, 1.0, 0.0]), atol=1e-3, rtol=0)


def test_channels_are_standardised_along_their_axis() -> None:
    torch.manual_seed(0)
    images = 3 + 2 * torch.randn(64, 2, 5, 5)
    statistics = _Statistics(torch.ones(1))
    statistics.add(images.movedim(1, -1).flatten(0, -2))
    scaled = statistics.standardised(images, 1)
    torch.testing.assert_close(scaled.mean((0, 2, 3)), torch.zeros(2), atol=1e-4, rtol=0)
    assert scaled.shape == images.shape
