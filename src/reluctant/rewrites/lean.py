"""`lean`: gives a model the activations of reluctant.nn."""

from __future__ import annotations

import torch

from ._exchange import Exchange, Refusal, functions, judged, name_of
from ._gain import devices_of
from ._join import Pair, pairs
from ._places import Place, places
from ._rewrite import Changed, Rewrite, Step, Unchanged, of_another_class

PROMISE = "The functions and their subgradients are the same; results can differ in their last bits."
JOINED = "keeps one tensor for backward where two layers keep two, and computes the activation once more in backward"


def lean(model: torch.nn.Module, *, join_linear: bool = False) -> Rewrite:
    """Exchange a model's activations for those of reluctant.nn, in place, where these are faster or keep fewer bytes for backward.

    Each module stays the object that it is, with its parameters (PReLU's weight, so optimizers go on), its hooks, its training mode and
    every other reference to it: only its class changes. With `join_linear`, an activation and the torch.nn.Linear after it in a
    torch.nn.Sequential become one `reluctant.nn.LinearActivation` at the place of the linear layer, with an Identity before it,
    where that keeps fewer bytes. Parameters and state dict stay as they were; the price is one more evaluation of the
    activation in backward.

    What is left as it is, is listed with the reason: places where torch's own operator is as good on this machine, subclasses, scripted,
    quantised and compiled modules, and calls of functions in a module's own code, which nothing from outside can exchange. Print
    the result, and take everything back with its `undo()`.
    """
    found = {place.module: place for place in places(model)}
    devices = devices_of(model)
    pairs_by_activation = {pair.activation.module: pair for pair in pairs(found)} if join_linear else {}
    in_pairs = {pair.linear.module for pair in pairs_by_activation.values() if not pair.why_not}
    changed: list[Changed] = []
    unchanged: list[Unchanged] = []
    steps: list[Step] = []
    for module, place in found.items():
        pair = pairs_by_activation.get(module)
        if pair is not None and not pair.why_not:
            changed.append(_joined(pair))
            steps += pair.join()
        elif module not in in_pairs:
            outcome = judged(place, devices)
            remark = f"; not joined with {pair.linear.path}: {pair.why_not}" if pair is not None else ""
            if isinstance(outcome, Exchange):
                changed.append(_exchanged(place, outcome, remark))
                steps.append(of_another_class(place.path, module, outcome.now))
            refusals = [outcome] if isinstance(outcome, Refusal) else []
            unchanged += [_left(place, refusal, remark) for refusal in (*refusals, *functions(place, devices))]
    return Rewrite("lean", PROMISE, tuple(changed), tuple(unchanged), tuple(steps))


def _joined(pair: Pair) -> Changed:
    activation, linear = pair.activation, pair.linear
    was = f"{name_of(type(activation.module))}, {name_of(type(linear.module))}"
    return Changed(f"{activation.path}, {linear.path}", was, "nn.Identity, reluctant.nn.LinearActivation", JOINED)


def _exchanged(place: Place, exchange: Exchange, remark: str) -> Changed:
    return Changed(place.path, name_of(type(place.module)), name_of(exchange.now), exchange.why + remark, place.also)


def _left(place: Place, refusal: Refusal, remark: str) -> Unchanged:
    return Unchanged(place.path, refusal.what, refusal.why + remark, place.also)
