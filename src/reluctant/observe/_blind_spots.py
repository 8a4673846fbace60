"""What a graph contains that autograd does not show, to be reported as not observed."""

from __future__ import annotations

from collections.abc import Iterator

from reluctant.activations import Gated, definitions
from reluctant.recording import Unobserved

from . import _operations as ops
from ._plan import GraphPlan

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
            kind = (node.origin.module_type if node.origin is not None else "") or "recurrent layer"
            advice = f"A loop over nn.{kind}Cell shows them" if kind in ("LSTM", "GRU", "RNN") else ""
            yield Unobserved(f"the gates inside the {kind}", "one fused operation computes all its time steps", place, advice)
        elif node.operation == "compiled_function" and not compiling_noticed:
            why = "it was compiled in a way that Reluctant did not notice"
            advice = "Compile with torch.compile after the watching has begun"
            yield Unobserved("activations inside compiled code", why, place, advice)
        elif node.operation == "differentiable_graph":
            why, advice = "autograd shows it as one operation", "Train the module that is not scripted"
            yield Unobserved("activations inside code that TorchScript has fused", why, place, advice)
        elif node.operation in GATED:
            advice = f"Write it as `{GATED[node.operation]}` to see the gate"
            yield Unobserved(f"the gate inside {node.operation}", "one operation computes it and the product", place, advice)
