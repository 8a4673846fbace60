"""What a graph contains that autograd does not show, to be reported as not observed."""

from __future__ import annotations

from collections.abc import Iterator

from reluctant.activations import Gated, definitions
from reluctant.recording import Unobserved

from . import _operations as ops
from ._plan import GraphPlan, PlanNode

GATED = {definition.name: definition.torch_code for definition in definitions().values() if issubclass(definition, Gated)}
"""Gated pairs that a kernel of ours computes in one operation, with what computes them in two."""
GATED["glu"] = "a * torch.sigmoid(b)"


def blind_spots(plan: GraphPlan, *, compiling_noticed: bool) -> Iterator[Unobserved]:
    """A note for each operation of a learned plan whose inside stays hidden.

    `compiling_noticed` says that there is a note about compiled code already.
    """
    for node in plan.nodes:
        place = node.origin.called if node.origin is not None else None
        if node.operation in ops.RECURRENT:
            kind = _module(node, "recurrent layer")
            yield Unobserved(
                f"the gates inside the {kind}",
                "one fused operation computes all its time steps",
                place,
                f"A loop over nn.{kind}Cell shows them" if kind in ("LSTM", "GRU", "RNN") else "",
            )
        elif node.operation == "compiled_function" and not compiling_noticed:
            yield Unobserved(
                "activations inside compiled code",
                "it was compiled in a way that Reluctant did not notice",
                place,
                "Compile with torch.compile after the watching has begun",
            )
        elif node.operation == "differentiable_graph":
            yield Unobserved(
                "activations inside code that TorchScript has fused",
                "autograd shows it as one operation",
                place,
                "Train the module that is not scripted",
            )
        elif node.operation in GATED:
            yield Unobserved(
                f"the gate inside {node.operation}",
                "one operation computes it and the product",
                place,
                f"Write it as `{GATED[node.operation]}` to see the gate",
            )


def _module(node: PlanNode, otherwise: str) -> str:
    return node.origin.module_type if node.origin is not None and node.origin.module_type else otherwise
