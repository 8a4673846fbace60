"""One row of the benchmark: a member, a type and a size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from reluctant.kernels import kernel_of_node

from ._member import Member, Subject, subject
from ._timing import Times, interleaved


@dataclass(frozen=True)
class BenchRow:
    """What was measured of one member; times are nanoseconds of one thread for each element of the output."""

    member: str
    kernel: str
    dtype: str
    elements: int
    chosen: str
    """``kernel`` or ``torch``: what serves this size."""
    forward_ns: float
    backward_ns: float
    forward_ns_by_torch: float
    backward_ns_by_torch: float
    ratio: float
    """Torch's time by ours, forward and backward through autograd: the median of paired rounds."""
    ratio_to_compiled: float | None
    """The same for torch.compile of torch's operator; None where it was not measured."""
    kept_bytes: float
    """For backward, for each element of the output, beyond what linear layers around it keep."""
    kept_bytes_by_torch: float


def measure(
    member: Member, dtype: torch.dtype, elements: int, *, compiled: bool, rounds: int, seconds: float, kernel: bool = False
) -> BenchRow | None:
    """Measure one member; with `kernel` ours is the kernel whatever is chosen. None where torch has no operator for the type."""
    case = subject(member, dtype, elements, kernel=kernel)
    if not _torch_computes(case):
        return None
    calls = {"ours": _forward_and_backward(case, case.ours), "eager": _forward_and_backward(case, case.eager)}
    if compiled:
        torch.compiler.reset()
        calls["compiled"] = _forward_and_backward(case, torch.compile(case.eager, dynamic=False))
    both = interleaved(calls, rounds=rounds, seconds=seconds)
    parts = interleaved(
        {"ours": lambda: case.ours(*case.inputs), "eager": lambda: case.eager(*case.inputs)}, rounds=rounds, seconds=seconds / 3
    )
    per_element = 1e9 / case.elements
    return BenchRow(
        member=member.name,
        kernel=member.kernel_name,
        dtype=str(dtype).removeprefix("torch."),
        elements=case.elements,
        chosen=_chosen(case, kernel),
        forward_ns=parts.median("ours") * per_element,
        backward_ns=_backward(both, parts, "ours") * per_element,
        forward_ns_by_torch=parts.median("eager") * per_element,
        backward_ns_by_torch=_backward(both, parts, "eager") * per_element,
        ratio=both.ratio("eager", "ours"),
        ratio_to_compiled=both.ratio("compiled", "ours") if compiled else None,
        kept_bytes=kept_bytes(case.ours, case),
        kept_bytes_by_torch=kept_bytes(case.eager, case),
    )


def _torch_computes(case: Subject) -> bool:
    try:
        case.eager(*case.inputs)
    except NotImplementedError:
        return False
    return True


def _backward(both: Times, parts: Times, name: str) -> float:
    return max(both.median(name) - parts.median(name), 0.0)


def _forward_and_backward(case: Subject, function: Callable[..., Tensor]) -> Callable[[], object]:
    return lambda: torch.autograd.grad(function(*case.inputs), case.inputs, case.gradient)


def _chosen(case: Subject, kernel: bool) -> str:
    if kernel:
        return "kernel"
    return "torch" if kernel_of_node(case.ours(*case.inputs).grad_fn) is None else "kernel"


def kept_bytes(function: Callable[..., Tensor], case: Subject) -> float:
    """For each element of the output, beyond the output itself, which the next linear layer keeps, and beyond learned parameters."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.enable_grad(), saved_tensors_hooks(keep, lambda tensor: tensor):
        # The copy stands for the output of a linear layer, which that layer itself does not keep.
        before = case.inputs[0] * 1.0
        output = function(before, *case.inputs[1:])
    apart = {tensor.untyped_storage().data_ptr() for tensor in (output, *case.inputs)}
    return sum(size for place, size in kept.items() if place not in apart) / output.numel()
