"""insert-activation."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from reluctant.activations import AXIS_WISE, get
from reluctant.errors import UsageError
from reluctant.recording import Finding, Recording

from ._other_activation import activation_named
from ._requested_treatment import at_place
from ._running_script import Call, RunningScript
from ._source import Edit, Source, given
from ._treatment import Treatment

if TYPE_CHECKING:
    from torch import Tensor


class InsertActivation(Treatment):
    """Puts an activation after a layer that has none.

    ## What it does

    The output of the linear or convolutional layer that is called or built at the line goes through ACTIVATION, a name of the
    catalogue with its arguments.

    ## When it cannot be applied

    Where no such layer is at the line: layers of other kinds, recurrent ones among them, are left alone.
    """

    arguments = "ACTIVATION"
    needs_line = True
    order = 70
    removes = {"missing-activation": ("relu",)}
    tried = "insert-activation:relu@7"
    advice = "put an activation between the layers"
    advice_with_arguments = "put {} between the layers"
    nothing_met = "no linear or convolutional layer was called"
    example = """
        import torch
        from torch import nn

        torch.manual_seed(0)
        x = torch.randn(256, 8)
        y = x.prod(1, keepdim=True)
        first = nn.Linear(8, 32)
        second = nn.Linear(32, 1)
        optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], lr=0.05)
        for _ in range(20):
            optimizer.zero_grad()
            nn.functional.mse_loss(second(first(x)), y).backward()
            optimizer.step()
    """

    def read(self, arguments: str) -> None:
        """The activation to put there."""
        self._other = activation_named(arguments, str(self.request))
        if self._other.name in AXIS_WISE:
            raise UsageError(f"{self._other.name} works along an axis", where=str(self.request), advice="Choose another activation")

    def start(self, script: RunningScript) -> None:
        """Make the result of the layer."""
        self._function = self._other.function(script)

        def inserted(call: Call, function: Callable[[Tensor], Tensor]) -> Tensor:
            after = replace(call, input=function(call.input))
            if why := self._other.why_not(after):
                script.not_applied(call.place, why)
                return after.input
            script.applied(call.place, f"{self._other.spelling} was put after {call.operation}")
            return self._function.of(after)

        script.at_calls(lambda call: call.operation in ("linear", "convolution"), inserted)

    def end(self) -> None:
        """Tell what a learned activation could not learn."""
        self._function.end()

    @classmethod
    def lines_against(cls, finding: Finding, recording: Recording) -> tuple[int, ...]:
        """After each layer that the finding is about but the last: a network without an activation needs one after each."""
        names = finding.evidence.get("layers", ())[:-1]
        places = [layer.place for layer in recording.layers if layer.name in names]
        lines = {place.line for place in places if place is not None and place.file == finding.file and place.line}
        return tuple(sorted(lines)) or super().lines_against(finding, recording)

    def edits(self, source: Source, line: int) -> Iterator[Edit]:
        """An activation behind a layer in a list of modules."""
        other = get(self.request.arguments)
        for node in source.calls():
            if isinstance(node.func, ast.Attribute) and node.func.attr == "Sequential" and other.torch_class:
                prefix = source.of(node.func.value)
                for layer in node.args:
                    if isinstance(layer, ast.Call) and layer.lineno == line:
                        yield Edit(layer, f"{source.of(layer)}, {prefix}.{other.torch_class}({', '.join(given(other.parameters))})")

    @classmethod
    def anywhere(cls, recording: Recording) -> tuple[str, ...]:
        """A ReLU after any one layer."""
        layers = (layer.place for layer in recording.layers if layer.kind in ("linear", "convolution"))
        places = dict.fromkeys(at_place(place, recording.script) for place in layers if place is not None)
        return tuple(f"{cls.treatment_name()}:relu{place}" for place in places)
