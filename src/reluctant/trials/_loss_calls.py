"""What torch's loss functions gave beside the training loss: in validation, and how often a class was guessed wrongly."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from reluctant.instrument import torch_private
from reluctant.instrument.guard import Guard
from reluctant.instrument.loss_curve import LossCurveRecord
from reluctant.instrument.patches import LEDGER, LOSSES, AppliedPatch
from reluctant.recording import Curve

FUNCTIONS = (
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "cosine_embedding_loss", "ctc_loss", "gaussian_nll_loss",
    "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss",
    "triplet_margin_loss", "triplet_margin_with_distance_loss",
)  # fmt: skip
"""Functions of torch.nn.functional; the modules of torch.nn call these."""

_graph_task = torch_private.GRAPH_TASK.get()
_no_torch_function = torch_private.NO_TORCH_FUNCTION.get()

LIMITS = {"binary_cross_entropy": 0.5, "binary_cross_entropy_with_logits": 0.0}
"""Where the guess turns from one class to the other."""


class LossCalls:
    """Replaces torch's loss functions by ones that also note what they gave. What they compute stays the same to the bit.

    A script that has a loss function of its own is not seen, nor is what runs compiled.
    """

    def __init__(self, step: Callable[[], int]) -> None:
        self._step = step
        self._trained: set[str] = set()
        self._validation: dict[str, LossCurveRecord] = {}
        self._wrong: dict[str, LossCurveRecord] = {}
        self._patches: list[AppliedPatch] = []
        self._guard = Guard(self.stop)

    def start(self) -> None:
        """Replace the functions. The script must not have taken them from torch yet."""
        for name in FUNCTIONS:
            self._patches.append(LEDGER.replace(LOSSES, functools.partial(self._watched, name), torch.nn.functional, name))

    def stop(self) -> None:
        """Put the functions back, after an error of our own."""
        for patch in self._patches:
            patch.undo()

    def curves(self) -> tuple[Curve, ...]:
        """The validation losses by functions that were trained with, and the share of wrong classes among what was trained on."""
        validation = (
            Curve("validation", name, points=made.plain().points) for name, made in self._validation.items() if name in self._trained
        )
        return (*validation, *(Curve("errors", name, points=made.plain().points) for name, made in self._wrong.items()))

    def _watched(self, name: str, applied: AppliedPatch) -> Callable[..., Any]:
        note = self._guard(functools.partial(self._note, name, inspect.signature(applied.original)))

        def watched(*args: Any, **kwargs: Any) -> Any:
            result = applied.original(*args, **kwargs)
            if applied.on and not torch.compiler.is_compiling():
                note(result, args, kwargs)
            return result

        return watched

    def _note(self, name: str, signature: inspect.Signature, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if type(result) is not Tensor or _graph_task() != -1:  # inside backward: a region that is run again
            return
        with torch.no_grad(), _no_torch_function():
            if result.requires_grad:
                self._trained.add(name)
                wrong = _share_wrong(name, signature.bind(*args, **kwargs).arguments)
                if wrong is not None:
                    self._wrong.setdefault(name, LossCurveRecord(None)).add(self._step(), wrong)
            elif result.numel():
                self._validation.setdefault(name, LossCurveRecord(None)).add(self._step(), float(result.detach().mean()))


def _share_wrong(name: str, given: dict[str, Any]) -> float | None:
    """The share of samples whose class was guessed wrongly; None where the loss has no classes, or the targets are no certain ones."""
    values, target = given.get("input"), given.get("target")
    if not isinstance(values, Tensor) or not isinstance(target, Tensor) or not target.numel():
        return None
    if name in LIMITS:
        certain = bool(((target == 0) | (target == 1)).all())
        return float(((values > LIMITS[name]) != (target > 0.5)).float().mean()) if certain and values.shape == target.shape else None
    if name not in ("cross_entropy", "nll_loss") or target.is_floating_point():
        return None
    counted = target != given.get("ignore_index", -100)
    guessed = values.argmax(1 if values.dim() > 1 else 0)
    return float((guessed != target)[counted].float().mean()) if bool(counted.any()) else None
