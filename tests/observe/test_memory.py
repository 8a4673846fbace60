"""What is kept does not grow with the run, and nothing of the user's is kept alive."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from reluctant.observe import Observer
from reluctant.observe._binding import SITES
from reluctant.observe._optimizer_record import KEPT
from reluctant.observe._passes import GRAPHS, PLANS
from reluctant.recording import Document, dumps


@contextmanager
def watching() -> Iterator[Observer]:
    observer = Observer(free_seconds=1e6)
    observer.attach()
    try:
        yield observer
    finally:
        observer.detach()
        assert observer._guard.error is None, observer._guard.error


def small_model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))


def train(model: nn.Module, steps: int, schedule: bool = False) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.999)
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(model(torch.randn(8, 3)), torch.randn(8, 1)).backward()
        optimizer.step()
        if schedule:
            scheduler.step()


def test_the_recording_does_not_grow_with_measured_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reluctant.observe._schedule.Schedule.counts", lambda *_: True)
    with watching() as observer:
        model = small_model()
        train(model, 250, schedule=True)
        tracemalloc.start()
        first, kept = len(dumps(Document(observer.recording()))), tracemalloc.get_traced_memory()[0]
        train(model, 500, schedule=True)
        gc.collect()
        last, grown = len(dumps(Document(observer.recording()))), tracemalloc.get_traced_memory()[0] - kept
        tracemalloc.stop()
    assert len(observer._passes.measured_steps) >= 740
    assert last < 1.35 * first
    assert grown < 1_000_000


def test_a_search_over_many_models_is_bounded_and_frees_them() -> None:
    models = weakref.WeakSet[nn.Module]()
    optimizers = weakref.WeakSet[torch.optim.Optimizer]()
    with watching() as observer:
        for _ in range(200):
            model = small_model()
            models.add(model)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            optimizers.add(optimizer)
            for _ in range(2):
                optimizer.zero_grad()
                F.mse_loss(model(torch.randn(8, 3)), torch.randn(8, 1)).backward()
                optimizer.step()
        del model, optimizer
        gc.collect()
        assert not models
        assert not optimizers
        assert not observer._building._lines
        passes = observer._passes
        assert len(passes._plans) <= PLANS
        assert len(passes.registry.graphs) <= GRAPHS
        assert len(passes.registry.sites) <= SITES
        assert len(passes.optimizers.records) <= KEPT
        assert len(passes.parameters._places) <= 8
        recording = observer.recording()
    assert recording.passes == 400
    assert len(dumps(Document(recording))) < 6_000_000


@pytest.mark.parametrize(
    "leaf",
    [
        lambda: torch.randn(8, 3).requires_grad_(),
        lambda: (torch.randn(8, 3) + 1).detach().requires_grad_(),
    ],
)
def test_leaves_that_are_made_anew_at_each_step_are_one(leaf: Callable[[], torch.Tensor]) -> None:
    with watching() as observer:
        model = small_model()
        for _ in range(50):
            x = leaf()
            torch.autograd.grad(model(x).sum(), x)
        passes = observer._passes
    assert len(passes.registry.graphs) == 1
    assert len(passes.parameters.records) == 7
    assert len(passes.parameters._by_address) == 7


def test_graphs_of_ever_other_length_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reluctant.observe._passes.PLANS", 16)
    with watching() as observer:
        cell, head = nn.RNNCell(3, 4), nn.Linear(4, 1)
        for length in range(1, 45):
            h = torch.zeros(2, 4)
            for _ in range(length):
                h = cell(torch.randn(2, 3), h)
            head(h).sum().backward()
        passes = observer._passes
    assert len(passes.registry.graphs) <= GRAPHS
    assert len(passes._plans) <= 16
    assert len(passes.registry.sites) == 1
    assert len(passes.registry.layers) == 3
    assert next(iter(passes.registry.sites.values())).calls >= 40


def test_the_graph_of_a_pass_is_not_kept_after_it() -> None:
    with watching():
        model = small_model()
        x = torch.randn(8, 3)
        hidden = model[:2](x)
        kept = weakref.ref(hidden)
        loss = model[2:](hidden).sum()
        loss.backward()
        del hidden, loss
        assert kept() is None


def test_observing_begins_no_reference_cycles_through_users_tensors() -> None:
    gc.disable()
    try:
        with watching():
            model = small_model()
            for _ in range(3):
                x = torch.randn(8, 3)
                hidden = model[:2](x)
                kept = weakref.ref(hidden)
                model[2:](hidden).sum().backward()
                del hidden
                assert kept() is None
            freed = weakref.ref(model)
            del model
            assert freed() is None
    finally:
        gc.enable()
