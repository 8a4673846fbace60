"""swap-activation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from reluctant.activations import AXIS_WISE, definitions, get
from reluctant.recording import CauseKind, Finding, Recording

from ._other_activation import OtherActivation, activation_named
from ._requested_treatment import at_place
from ._running_script import Call, RunningScript
from ._source import Edit, Source, given
from ._treatment import Treatment

if TYPE_CHECKING:
    from torch import Tensor

USUAL = ("relu", "leaky_relu", "elu", "gelu", "silu", "tanh")
"""Activations that hidden layers mostly have."""

BOUNDED = frozenset({"sigmoid", "hardsigmoid", "softplus", "clamp", *AXIS_WISE})
"""Activations that also make outputs, gates and limits, where another one would change what is computed."""

INSTEAD: dict[str, tuple[str, ...]] = {
    "saturated-units": ("relu",),
    "idle-activation": ("relu",),
    "linear-network": ("relu",),
    "vanishing-gradient": ("tanh",),
    "exploding-gradient": (),
    "non-finite-values": (),
    "unscaled-input": (),
    "broken-self-normalisation": (),
    "single-class-softmax": (),
}
"""By the name of a finding, what usually works in the place of a hidden activation; nothing where another one would be no answer to it."""


def activation_for_head(finding: Finding) -> tuple[str, ...]:
    """What belongs on the output in the place of the activation that a finding is about; nothing where none does."""
    if finding.name == "probabilities-in-nll":
        return ("log_softmax",)
    low, high = finding.evidence.get("targets", (math.inf, -math.inf)) if finding.name == "single-class-softmax" else (-math.inf, math.inf)
    return ("sigmoid",) if 0.0 <= low <= high <= 1.0 else ()


def _usual_slope(finding: Finding, recording: Recording) -> tuple[str, ...]:
    """The activation with its usual arguments; Leaky ReLU for those whose slope is drawn. Advice is about slopes that are sound."""
    site = next((site for site in recording.sites if site.id == finding.site), None)
    if finding.severity == "advice" or site is None:
        return ()
    return (site.operation if site.operation in ("elu", "celu", "softplus") else "leaky_relu",)


class SwapActivation(Treatment):
    """Computes another activation in the place of one.

    ## What it does

    Every call of an activation gives what ACTIVATION would give, however the script writes it: modules, functions, methods of
    tensors, forms that work in place, and the activation inside torch's encoder and decoder layers, also in evaluation.
    ACTIVATION is a name of the catalogue with its arguments, as in `elu(alpha=0.5)`; see `reluctant activation`. With
    `@LINE` only the calls that stand at that line, or whose module is built there, are treated.

    Without a line, sigmoid, hardsigmoid, softplus, clamp, softmax and log_softmax are left: they also make outputs, gates and
    limits. Name the line to exchange one of them: where another activation stands at that line as well, they are left too, unless
    ACTIVATION is one of them; then the other one is. `softmax` and `log_softmax` can stand in for each other, along the same axis.

    `prelu` gets slopes of its own at each place: the instruction that calls the activation, and the modules that run there. Several
    layers that share a module, or are called in a loop by one instruction, share their slopes. `prelu(num_parameters=64)` has one for
    each of 64 channels, along axis 1 as torch has it. The slopes join the optimizer that holds the weights before them, in the
    same group, so that a scheduler, a gradient scaler and `zero_grad` reach them; they are not decayed.
    `clip_grad_norm_(model.parameters())`, averages of `model.parameters()` and the model's `state_dict()` do not see them, and
    processes that train together do not exchange their gradients. A checkpoint of the optimizer that the untreated script
    wrote cannot be loaded.

    `rrelu` draws its slopes from torch's stream of random numbers while the innermost module that is running is in training, and
    takes their mean where it is in evaluation. Outside of all modules it draws them where gradients are wanted. What the script draws
    from that stream after it, such as dropout, is so not what it is in the untreated script under the same seed.

    ## When it cannot be applied

    Where the script computes its activation from other operations, such as `x * (x > 0)`, or in a scripted module; where no optimizer
    of torch.optim trains the slopes of `prelu`, or it has another number of slopes than there are channels. Gated pairs do not
    serve: they need two inputs.
    """

    arguments = "ACTIVATION"
    at_the_line = True
    order = 60
    removes = {"activation-choice": ("leaky_relu",), "width": ("leaky_relu",), "head-loss-mismatch": ("log_softmax", "sigmoid")}
    unexplained = ("leaky_relu",)
    tried = "swap-activation:leaky_relu(0.1)"
    advice = "use another activation there"
    advice_with_arguments = "use {} there instead"
    nothing_met = "no activation that could be exchanged was called (sigmoid and its like only where a line is named)"
    example = """
        import torch
        from torch import nn

        torch.manual_seed(0)
        x = torch.randn(256, 8)
        y = x.sum(1, keepdim=True)
        model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(inplace=True), nn.Linear(32, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(20):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
    """

    @classmethod
    def arguments_against(cls, finding: Finding, kind: CauseKind, recording: Recording) -> tuple[str, ...]:
        """What usually works where the finding is; what the loss asks for, on an output."""
        if kind == "head-loss-mismatch":
            return activation_for_head(finding)
        if finding.name == "improper-slope":
            return _usual_slope(finding, recording)
        return INSTEAD.get(finding.name, super().arguments_against(finding, kind, recording)) if kind in (*cls.removes, "none") else ()

    def read(self, arguments: str) -> None:
        """The activation to use."""
        self._other = activation_named(arguments, str(self.request))

    def start(self, script: RunningScript) -> None:
        """Make the results of activations."""
        self._script = script
        self._kinds = frozenset({*definitions(), *AXIS_WISE})
        if not self.request.lines:
            self._kinds -= BOUNDED
        elif self._other.name in BOUNDED:
            self._kinds &= BOUNDED
        self._exchanged: set[tuple[str, int]] = set()
        self._function = self._other.function(script)
        script.instead_of_calls(lambda call: call.operation in self._kinds, self._swapped)

    def end(self) -> None:
        """Tell what a learned activation could not learn."""
        self._function.end()

    def _swapped(self, call: Call, function: Callable[[Tensor], Tensor]) -> Tensor:
        other: OtherActivation = self._other
        if other.is_computed_by(call):
            self._script.already_so(call.place, f"{other.spelling} is what it computes already")
            return function(call.input)
        if why := other.why_not(call):
            self._script.not_applied(call.place, why)
            return function(call.input)
        place = (call.place.file, call.place.line) if call.place is not None else ("", 0)
        if call.operation not in BOUNDED:
            self._exchanged.add(place)
        elif self.request.lines and place in self._exchanged:
            self._script.left(call.place, f"{call.operation} stands at the same line as an activation that was exchanged")
            return function(call.input)
        self._script.applied(call.place, f"{call.operation} became {other.spelling}")
        result = self._function.of(call)
        call.operation, call.options = other.name, dict(other.parameters)
        return result

    @classmethod
    def lines_against(cls, finding: Finding, recording: Recording) -> tuple[int, ...]:
        """At each hidden activation that the finding is about: a gradient that fades over many layers is not mended at one of them."""
        names = finding.evidence.get("layers", ())
        places = [site.place for site in recording.sites if site.after in names and site.role == "hidden"]
        lines = {place.line for place in places if place is not None and place.file == finding.file and place.line}
        return tuple(sorted(lines)) or super().lines_against(finding, recording)

    def edits(self, source: Source, line: int) -> Iterator[Edit]:
        """Another activation in the same form."""
        other = get(self.request.arguments)
        if not (other.torch_class and other.torch_function):
            return
        arguments = given(other.parameters)
        for call in source.activations(line):
            if call.input is None:
                yield Edit(call.node, f"{call.prefix}.{other.torch_class}({', '.join(arguments)})")
            elif not other.learned:
                home = call.prefix if call.prefix not in ("", "torch") else "torch.nn.functional"
                yield Edit(call.node, f"{home}.{other.torch_function}({', '.join([source.of(call.input), *arguments])})")

    @classmethod
    def anywhere(cls, recording: Recording) -> tuple[str, ...]:
        """One of the usual activations in the place of any one, or of all hidden ones."""
        places = ["", *(at_place(site.place, recording.script) for site in recording.sites if site.place is not None)]
        return tuple(f"{cls.treatment_name()}:{name}{place}" for name in USUAL for place in dict.fromkeys(places))
