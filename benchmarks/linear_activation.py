"""What a LinearActivation costs in time and saves in kept bytes, beside the two layers that it stands for.

    python benchmarks/linear_activation.py                 # every activation, 1,024 wide, batches of 1,024: a few minutes
    python benchmarks/linear_activation.py --activation gelu --batch 4096 --dtype bfloat16

Each step is forward and backward of ``Linear, activation, Linear`` and of ``Linear, LinearActivation``, both with reluctant.nn's
activation and the same weights. Their steps follow one another in turned order on one core with one thread, and what is
printed is the median of the paired ratios of processor time: the price of one more evaluation of the activation in backward.
Beside it stand the bytes that autograd keeps between the two linear layers, for each element of the second one's input.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor

from machine import description, pin
from reluctant import nn
from reluctant.activations import Activation, Gated, all_activations, get
from reluctant.bench._timing import interleaved, keep_freed_memory
from reluctant.kernels import library

SHORT_ROUNDS, ROUNDS = 3, 15


def activation_module(activation: Activation) -> torch.nn.Module:
    """The module of reluctant.nn for an activation."""
    kind = type(activation)
    made = nn.MODULES[kind.torch_class or kind.__name__]
    return made(**activation.parameters)


def step(first: torch.nn.Module, rest: torch.nn.Module, x: Tensor, g: Tensor) -> Callable[[], None]:
    """One forward and backward through both."""
    parameters = [*first.parameters(), *rest.parameters()]

    def run() -> None:
        torch.autograd.grad(rest(first(x)), parameters, g)

    return run


def kept(rest: torch.nn.Module, x: Tensor, elements: int) -> float:
    """Bytes an element that autograd keeps, parameters apart."""
    own = {parameter.untyped_storage().data_ptr() for parameter in rest.parameters()}
    found: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        rest(x.clone().requires_grad_() * 1)
    return sum(found.values()) / elements


def row(activation: Activation, width: int, batch: int, dtype: torch.dtype, rounds: int) -> str:
    """The line of one activation."""
    torch.manual_seed(0)
    wide = 2 * width if isinstance(activation, Gated) else width
    first = torch.nn.Linear(width, wide, dtype=dtype)
    second = torch.nn.Linear(width, width, dtype=dtype)
    apart = torch.nn.Sequential(activation_module(activation).to(dtype), second)
    joined = nn.LinearActivation.from_modules(apart[0], second)
    x, g = torch.randn(batch, width, dtype=dtype), torch.randn(batch, width, dtype=dtype)
    times = interleaved({"apart": step(first, apart, x, g), "joined": step(first, joined, x, g)}, rounds=rounds)
    between = torch.randn(batch, wide, dtype=dtype)
    bytes_apart, bytes_joined = (kept(rest, between, batch * width) for rest in (apart, joined))
    cost = times.ratio("joined", "apart") - 1
    return (
        f"{activation.spelling:<24} {1000 * times.median('apart'):>8.1f} ms {1000 * times.median('joined'):>8.1f} ms"
        f" {100 * cost:>+7.1f} %  {bytes_apart:>5.3g} → {bytes_joined:.3g}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--activation", action="append", help="a spelling of the catalogue; may be given again (default: all)")
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--dtype", choices=("float32", "bfloat16", "float64"), default="float32")
    parser.add_argument("--short", action="store_true", help="few rounds: that it works, not what it costs")
    given = parser.parse_args()
    chosen = [get(spelling) for spelling in given.activation or [*(one.spelling for one in all_activations()), "gelu_tanh"]]
    torch.set_num_threads(1)
    tuned = "malloc keeps freed memory" if keep_freed_memory() else "malloc as it is"
    print(f"{description()}; {pin()}; {tuned}; kernels: {library().level or library().reason}")
    print(f"{given.dtype}, width {given.width}, batch {given.batch}; a step is forward and backward of both linear layers")
    print(f"{'activation':<24} {'apart':>11} {'joined':>11} {'cost':>9}  kept bytes an element")
    for activation in chosen:
        print(row(activation, given.width, given.batch, getattr(torch, given.dtype), SHORT_ROUNDS if given.short else ROUNDS), flush=True)


if __name__ == "__main__":
    main()
