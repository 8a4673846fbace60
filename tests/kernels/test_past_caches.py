"""Results that are stored past the processor's caches are those that are stored the usual way, at any size and place in memory."""

from __future__ import annotations

import pytest
import torch

from reluctant.activations import get
from reluctant.kernels import _library
from reluctant.kernels._elementwise import _compiled
from reluctant.kernels._library import ELEMENT_TYPES, library

from .forced import KERNELS, every, fits, gradients, numbers, of_kernels, same_bits, serving, subject

pytestmark = of_kernels

SHAPES = [(1,), (7,), (4099,), (70_001,), (3, 6, 37), (5, 6), (33, 6, 129), (9, 66), (64, 1030)]
"""Rows that start at any place, tails of all lengths, work for several threads."""


@pytest.fixture
def no_caches():
    """A processor without caches: everything is too much for them."""
    handle = library().handle

    def set_to(size: int) -> None:
        handle.reluctant_use_cache(size)

    yield set_to
    set_to(_library._last_cache_bytes())


@every
@pytest.mark.parametrize("dtype", ELEMENT_TYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
def test_results_are_the_same_bits(activation, dtype, no_caches):
    case = subject(activation)
    for shape in SHAPES:
        x = numbers(*shape, dtype=dtype)
        if not fits(activation, x):
            continue
        with serving(KERNELS):
            no_caches(2**40)
            usual = gradients(case.ours, case.inputs(x))
            no_caches(0)
            past = gradients(case.ours, case.inputs(x))
        assert all(same_bits(one, other) for one, other in zip(usual, past, strict=True)), shape


@pytest.mark.parametrize(("told", "size"), [("32768K\n", 32 * 2**20), ("1048576\n", 2**20), (None, 32 * 2**20)])
def test_the_size_of_the_cache(told, size, tmp_path, monkeypatch):
    file = tmp_path / "size"
    if told is not None:
        file.write_text(told, encoding="ascii")
    monkeypatch.setattr(_library, "THIRD_LEVEL", file)
    assert _library._last_cache_bytes() == size


def test_an_exponential_just_below_its_largest():
    """Of softplus the slope from an output y is 1 - e^-y: for y near -88.5, which no softplus has, infinite and not NaN."""
    y = torch.linspace(-89, -88, 2001)
    slope = _compiled(get("softplus"), torch.float32).backward("output")(torch.ones_like(y), y)
    exact = -torch.expm1(-y.double())
    assert slope[y > -88.37].isfinite().all()
    assert (slope[y < -88.38] == -torch.inf).all()
    torch.testing.assert_close(slope[y > -88.37].double(), exact[y > -88.37], rtol=2**-21, atol=0)
