"""Kernels in Triton, for tensors on NVIDIA's cards. Not measured on one yet."""

from __future__ import annotations

import functools
import importlib.util
import linecache
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from reluctant.activations import Activation, Gated
from reluctant.instrument.patches import LEDGER, SOURCE_LINES

from ._kernel import Forward, differentiable
from ._library import ELEMENT_TYPES
from ._signature import Signature, signature
from ._tables import HALVES, table
from ._triton_source import source

BLOCK = 1024
"""Elements that one program works on."""
FROM_ELEMENTS = 1 << 16
"""Size of a tensor from which a Triton kernel serves. Not measured: smaller ones hold too little to be worth a launch from Python."""
FILE = "<Triton kernels of reluctant>"
"""What stands for the file of the printed text, in tracebacks and where Triton reads it."""

Launch = Callable[..., None]
"""A kernel of one activation with its parameters: takes tensors, the count of elements, and for pairs columns and strides."""


@functools.cache
def missing() -> str:
    """Why there are no Triton kernels; empty where there are."""
    return "" if importlib.util.find_spec("triton") is not None else "triton is not installed"


@functools.cache
def printed() -> dict[str, Any]:
    """The kernels by name; printed by the first call."""
    text = source()
    LEDGER.switch(SOURCE_LINES, lambda: linecache.cache.update({FILE: (len(text), None, text.splitlines(keepends=True), FILE)}))
    names: dict[str, Any] = {"__name__": "reluctant.kernels.triton"}
    exec(compile(text, FILE, "exec"), names)  # our own text, printed from the catalogue
    return names


def triton_kernel(activation: Activation, dtype: torch.dtype) -> Any:
    """The Triton kernel of an activation for a type of elements; None where there is none: of learned and drawn values, say."""
    if missing() or dtype not in ELEMENT_TYPES or signature(activation).kind not in ("plain", "gated"):
        return None
    if isinstance(activation, Gated):
        from ._triton_pairs import triton_pairs

        return triton_pairs(activation)
    return _plain(activation, dtype)


def why_not(activation: Activation, dtype: torch.dtype) -> str:
    """Why torch's own operator is as good on a card; empty where a Triton kernel keeps fewer bytes, or runs once where torch runs often.

    On a card every elementwise operator of torch's is limited by memory, so that one of them cannot be beaten at the same task.
    """
    form = signature(activation)
    if missing():
        return missing()
    if form.kind not in ("plain", "gated"):
        return "there are no Triton kernels of learned and drawn values"
    keeps_less = form.kind == "plain" and activation.torch_keeps == ("input",) and _kept(activation, form, dtype) == "output"
    one_operator = activation.torch_keeps in (("input",), ("output",))
    return "torch's own operator reads, writes and keeps as little" if one_operator and not keeps_less else ""


def launch(activation: Activation, part: str) -> Launch:
    """One kernel of an activation: ``forward``, ``backward_from_input`` …; the first tensor says on which card it runs."""
    form = signature(activation)
    kernel, values = printed()[f"{form.name}_{part}"], [float(activation.parameters[name]) for name in form.parameters]

    def run(*arguments: Any) -> None:
        tensors = [argument for argument in arguments if isinstance(argument, Tensor)]
        count = arguments[len(tensors)]
        if count:
            with _on_card_of(tensors[0]):
                kernel[(-(-count // BLOCK),)](*arguments, *values, BLOCK=BLOCK, enable_fp_fusion=True)

    return run


def _on_card_of(x: Tensor) -> AbstractContextManager[object]:
    """Triton launches on the current card; in its interpreter there is none."""
    return torch.cuda.device(x.device) if x.is_cuda else nullcontext()


def _plain(activation: Activation, dtype: torch.dtype) -> Forward:
    kept = _kept(activation, signature(activation), dtype)
    run, run_back = launch(activation, "forward"), launch(activation, f"backward_from_{kept}")

    def forward(x: Tensor) -> Tensor:
        y = torch.empty_like(x)
        run(x, y, x.numel())
        return y

    def backward(g: Tensor, source: Tensor) -> Tensor:
        dx = torch.empty_like(source)
        run_back(g, source, dx, source.numel())
        return dx

    return differentiable(activation, forward, backward, kept)


def _kept(activation: Activation, form: Signature, dtype: torch.dtype) -> str:
    """What backward is given. To ask the card whether values are lost in the output would make the program wait for it."""
    if not (activation.output_suffices and form.has_slope_from_output) or form.may_lose_the_input:
        return "input"
    return table(activation, dtype).kept if dtype in HALVES else "output"
