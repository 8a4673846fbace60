"""normalise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reluctant.activations import AXIS_WISE, definitions
from reluctant.recording import CauseKind, Finding, Recording

from ._running_script import Call, RunningScript
from ._treatment import Treatment
from .swap_activation import BOUNDED

if TYPE_CHECKING:
    from torch import Size, Tensor


class Normalise(Treatment):
    """Puts a layer normalisation before the activation.

    ## What it does

    What enters an activation is brought to mean 0 and variance 1 over the features of each sample: over the last axis, or, where
    there are four axes and more, over channels and positions. It has no weights of its own and does the same in training and in
    evaluation. Without a line, every activation is treated but sigmoid, hardsigmoid, softplus, clamp, softmax and log_softmax,
    which also make outputs and gates.

    ## When it cannot be applied

    Where an activation gets a single feature for each sample, and where none is called.
    """

    at_the_line = True
    order = 40
    removes = {"initialisation": ("",), "bias-initialisation": ("",), "input-scale": ("",), "depth": ("",)}
    unexplained = ("",)
    tried = "normalise"
    advice = "put a normalisation layer before the activation"
    nothing_met = "no activation was called"
    example = """
        import torch
        from torch import nn

        torch.manual_seed(0)
        x = 100 * torch.randn(256, 8)
        y = x.sum(1, keepdim=True) / 100
        model = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(20):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
    """

    @classmethod
    def arguments_against(cls, finding: Finding, kind: CauseKind, recording: Recording) -> tuple[str, ...]:
        """Not where an operation without a finite slope makes values that are no numbers, nor before SELU, which normalises by itself."""
        if finding.name == "broken-self-normalisation" or (finding.name, kind) == ("non-finite-values", "none"):
            return ()
        return super().arguments_against(finding, kind, recording)

    @classmethod
    def lines_against(cls, finding: Finding, recording: Recording) -> tuple[int, ...]:
        """Everywhere, but for a finding about one of those that are otherwise left: then at the hidden ones of these."""
        about = next((site for site in recording.sites if site.id == finding.site), None)
        if about is None or about.operation not in BOUNDED - AXIS_WISE.keys() or about.role != "hidden":
            return ()
        places = [site.place for site in recording.sites if site.operation == about.operation and site.role == "hidden"]
        return tuple(sorted({place.line for place in places if place is not None and place.file == finding.file and place.line}))

    def start(self, script: RunningScript) -> None:
        """Change what enters activations."""
        kinds = frozenset(definitions()) - AXIS_WISE.keys()
        if not self.request.lines:
            kinds -= BOUNDED

        def normalised(call: Call, function: Callable[[Tensor], Tensor]) -> Tensor:
            import torch

            shape = _features(call.input)
            if shape.numel() < 2:
                script.not_applied(call.place, f"{call.operation} gets a single feature")
                return function(call.input)
            script.applied(call.place, f"layer normalisation over {tuple(shape)} before {call.operation}")
            return function(torch.nn.functional.layer_norm(call.input, shape))

        script.at_calls(lambda call: call.operation in kinds, normalised)


def _features(values: Tensor) -> Size:
    """The shape of one sample's features: with four axes and more the second one holds channels."""
    return values.shape[1:] if values.dim() >= 4 else values.shape[-1:]
