"""Counts the bytes that autograd keeps for one backward pass, without unpacking anything."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node

from reluctant.instrument import torch_private
from reluctant.instrument.guard import is_interruption

from ._autograd_graph import RawGraph
from ._out_of_sight import is_plain, underlying

KEEPS_NOTHING = ("AccumulateGrad", "CopyBackwards", "UndefinedGrad", "UndefinedGradBackward")
"""Nodes written by hand in torch that save no tensor; an `AccumulateGrad` has the parameter itself."""

DEEPEST = 4
"""Tensors in lists and dictionaries are looked for down to this depth."""

_GENERATED = re.compile(r"\w*Backward\d+")
"""Names of the nodes that torch generates from its table of derivatives: these show all that they save."""

_SAVED: Any = torch_private.SAVED_TENSOR.get()

_PLAIN = (
    type(None), bool, int, float, complex, str, bytes, torch.Size, torch.dtype, torch.device, torch.layout, torch.memory_format,
    torch.SymInt, torch.SymFloat, torch.SymBool, torch.Generator,
)  # fmt: skip
"""What an autograd function may put on its context and that keeps no tensor."""


class _NotShownError(Exception):
    """Something is kept whose size cannot be read."""


class KeptBytes:
    """The most that was kept for one backward pass; None where nothing was counted or any pass could not be counted whole."""

    def __init__(self) -> None:
        self._largest: int | None = None
        self._uncounted = False

    def add(self, counted: int | None) -> None:
        """Note what was counted for a pass; None where that was not all."""
        if counted is None:
            self._uncounted = True
        else:
            self._largest = max(counted, self._largest or 0)

    @property
    def largest(self) -> int | None:
        """Bytes for one pass. One pass that could not be counted leaves it open: it may have kept more than all others."""
        return None if self._uncounted else self._largest


def kept_bytes(raw: RawGraph, parameters: Collection[Tensor]) -> int | None:
    """Bytes of the memory that the nodes of a graph save tensors in, each piece of it once; that of `parameters` is left out.

    A tensor keeps all of the memory that it is a view of. Of a view that carries no gradient, such as a batch cut out of a data set, only
    the part that it shows is counted: the rest is there anyway.

    None where that cannot be read: a node does not show what it saves, a hook of the user's has packed it, a tensor is no dense array.
    Nothing is unpacked, so that no checkpointed region is run again.
    """
    if raw.truncated or _SAVED is None:
        return None
    parts: dict[int, set[tuple[int, int]]] = {}
    try:
        left_out = {_memory(underlying(tensor))[0] for tensor in parameters if is_plain(tensor)}
        for tensor in _saved(raw):
            address, size = _memory(tensor)
            if address not in left_out and address not in parts and _is_parameter(tensor):
                left_out.add(address)
            if address not in left_out:
                parts.setdefault(address, set()).add(_part(tensor, size))
    except _NotShownError:
        return None
    return sum(map(_covered, parts.values()))


def _memory(tensor: Tensor) -> tuple[int, int]:
    """Address and bytes of a tensor's memory."""
    try:
        memory = tensor.untyped_storage()
        return memory.data_ptr(), memory.nbytes()
    except RuntimeError as error:  # on some devices tensors have no memory that can be asked for
        if is_interruption(error):
            raise
        raise _NotShownError from error


def _part(tensor: Tensor, whole: int) -> tuple[int, int]:
    """Where in its memory the bytes begin and end that a saved tensor keeps."""
    if tensor.requires_grad or not torch_private.IS_VIEW.of(tensor)():
        return 0, whole
    begin = int(tensor.storage_offset()) * tensor.itemsize
    steps = sum((int(size) - 1) * int(stride) for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    return begin, begin + (steps + 1) * tensor.itemsize if tensor.numel() else begin


def _covered(parts: Collection[tuple[int, int]]) -> int:
    """Bytes that lie in at least one part."""
    covered = end = 0
    for first, last in sorted(parts):
        covered += max(0, last - max(first, end))
        end = max(end, last)
    return covered


def _is_parameter(tensor: Tensor) -> bool:
    """Whether it is a parameter, or one seen from another side; a frozen one is no leaf of the graph."""
    return isinstance(tensor, torch.nn.Parameter) or isinstance(torch_private.BASE.of(tensor), torch.nn.Parameter)


def _saved(raw: RawGraph) -> Iterator[Tensor]:
    """Every tensor that the nodes save, as often as it is saved; inside a transform, the one that has the memory."""
    regions: set[int] = set()
    for entry in raw.nodes:
        for saved in _saved_by(entry.node, entry.name):
            for tensor in _unpacked(saved, regions):
                found = underlying(tensor)
                if not is_plain(found):
                    raise _NotShownError
                yield found


def _unpacked(saved: Any, regions: set[int]) -> Iterator[Tensor]:
    """The tensor itself, or what is kept in its place; `regions` are the checkpointed regions that were met before."""
    if isinstance(saved, Tensor):
        yield saved
    elif isinstance(saved, _SAVED):
        hook = torch_private.UNPACK_HOOK.of(saved)
        if hook is not None:
            yield from _inputs_of_region(hook, regions)
        elif (tensor := torch_private.PACKED.of(saved)) is not None:  # None: an argument that was not given, or freed since
            yield tensor


def _saved_by(node: Node, name: str) -> Iterator[Any]:
    """What one node saves, still packed; tensors that an autograd function has put on its context as they are."""
    is_function = isinstance(node, BackwardCFunction)
    for attribute in ("tensors",) if is_function else _attributes_of(type(node), name):
        try:
            saved = torch_private.RAW_SAVED.of(node, attribute)
        except RuntimeError as error:  # freed: it keeps nothing any more
            if is_interruption(error):
                raise
            continue
        if saved is None:  # the attribute has gone from torch
            raise _NotShownError
        yield from saved if isinstance(saved, tuple) else (saved,)
    if is_function:
        yield from _tensors_in(vars(node))


@functools.cache
def _attributes_of(kind: type, name: str) -> tuple[str, ...]:
    """The attributes under which a node of torch's own shows what it saves."""
    if kind.__name__ not in KEEPS_NOTHING and (_GENERATED.fullmatch(kind.__name__) is None or kind.__name__ != name):
        raise _NotShownError
    return torch_private.RAW_SAVED.names(kind)


def _tensors_in(value: Any, depth: int = 0) -> Iterator[Tensor]:
    """The tensors in what an autograd function has put on its context. What can be called is taken to be code."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, _PLAIN) or callable(value):
        return
    elif depth < DEEPEST and isinstance(value, (dict, tuple, list, set, frozenset)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _tensors_in(item, depth + 1)
    else:
        raise _NotShownError


def _inputs_of_region(hook: Any, regions: set[int]) -> Iterator[Tensor]:
    """What a checkpointed region keeps in the place of what it computed: its inputs. Other hooks are the user's, who alone knows."""
    region = torch_private.checkpointed_region(hook)
    if region is None:
        raise _NotShownError
    frame, inputs = region
    if id(frame) not in regions:
        regions.add(id(frame))
        for argument in inputs:
            yield from _unpacked(argument, regions)
