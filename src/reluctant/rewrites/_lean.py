"""`lean`: gives a model the activations of reluctant.nn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeAlias

import torch

from reluctant.errors import UsageError

from ._exchange import Exchange, Refusal, functions, judged, name_of
from ._gain import kinds
from ._join import JoinablePair, pairs
from ._named_modules import NamedModule, named_modules
from ._rewrite import Changed, ModelEdit, Rewrite, Unchanged, exchanged

PROMISE = "The functions and their subgradients are the same; results can differ in their last bits."
JOINED = "keeps one tensor for backward where two layers keep two, and computes the activation once more in backward"

Entry: TypeAlias = "tuple[Changed | Unchanged, tuple[ModelEdit, ...]]"
"""What is said of one place, and what was done there."""


def lean(model: torch.nn.Module, *, join_linear: bool = False) -> Rewrite:
    """Exchange a model's activations for those of reluctant.nn, in place, where these are faster or keep fewer bytes for backward.

    Each module stays the object that it is, with its parameters (PReLU's weight, so optimizers go on), its hooks, its training mode and
    every other reference to it: only its class changes. With `join_linear`, an activation and the torch.nn.Linear after it in a
    torch.nn.Sequential become one `reluctant.nn.LinearActivation` at the place of the linear layer, with an Identity before it,
    where that keeps fewer bytes. Parameters and state dict stay as they were; the price is one more evaluation of the
    activation in backward.

    Kernels that keep the output for backward (ELU, softplus, leaky ReLU …) have autograd refuse what changes that output in place
    afterwards, as torch's ReLU, sigmoid and tanh do.

    Under torch.autocast, torch.compile, function transforms and a default device the modules call torch's operators, so nothing is gained
    there; LinearActivation keeps one tensor under autocast too.

    What is left as it is, is listed with the reason: places where torch's own operator is as good on this machine, subclasses, scripted,
    quantised and compiled modules, and calls of functions in a module's own code, which nothing from outside can exchange. Print
    the result, and take everything back with its `undo()`.
    """
    if not isinstance(model, torch.nn.Module):
        raise UsageError(
            f"it was given {type(model).__name__}, which is no torch.nn.Module", where="reluctant.lean",
            advice="Give it the model, such as reluctant.lean(model)",
        )
    with ThreadPoolExecutor(1) as apart:  # modes and transforms that are on here would make tensors that kernels cannot read
        return apart.submit(_leaned, model, join_linear).result()


def _leaned(model: torch.nn.Module, join_linear: bool) -> Rewrite:
    found = {place.module: place for place in named_modules(model)}
    tensors = kinds(model)
    pairs_by_activation = {pair.activation.module: pair for pair in pairs(found)} if join_linear else {}
    in_pairs = {pair.linear.module for pair in pairs_by_activation.values() if not pair.why_not}
    entries: list[Entry] = []
    for module, place in found.items():
        pair = pairs_by_activation.get(module)
        if pair is not None and not pair.why_not:
            entries.append((_joined(pair), pair.join()))
        elif module not in in_pairs:
            remark = f"; not joined with {pair.linear.path}: {pair.why_not}" if pair is not None else ""
            own = judged(place, tensors)
            outcomes = [*([replace(own, why=own.why + remark)] if own is not None else []), *functions(place, tensors)]
            entries += [_carried_out(outcome, place) for outcome in outcomes]
    return Rewrite(
        "lean",
        PROMISE,
        model,
        tuple(entry for entry, _ in entries if isinstance(entry, Changed)),
        tuple(entry for entry, _ in entries if isinstance(entry, Unchanged)),
        tuple(edit for _, edits in entries for edit in edits),
    )


def _joined(pair: JoinablePair) -> Changed:
    activation, linear = pair.activation, pair.linear
    was = f"{name_of(type(activation.module))}, {name_of(type(linear.module))}"
    return Changed(f"{activation.path}, {linear.path}", was, "nn.Identity, reluctant.nn.LinearActivation", JOINED)


def _carried_out(outcome: Exchange | Refusal, place: NamedModule) -> Entry:
    """Exchange something of the module at a place, or say why it stays."""
    if isinstance(outcome, Refusal):
        return Unchanged(place.path, outcome.what, outcome.why, place.also), ()
    path = place.path if outcome.name == "__class__" else f"{place.path}.{outcome.name}"
    edit = exchanged(path, place.module, outcome.name, outcome.now)
    now = f"{outcome.now.__module__}.{outcome.now.__name__}"
    return Changed(place.path, outcome.what, now, outcome.why, place.also), (edit,)
