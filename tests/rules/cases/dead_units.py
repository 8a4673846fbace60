"""RL201 from both sides."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import InputStatistics, Recording, Silence
from tests.recordings import Stage, stack, window
from tests.rules.cases import Case
from tests.rules.cases.mismatched_initialisation import ending

RELU = Stage("fc1", 100, 31, "x = torch.relu(self.fc1(x))")


def dead(units: int, silent_from: int | None = None, loss: float = 2.29, **changes: object) -> Recording:
    """A network with so many dead units in its first layer; its loss goes from 2.3 to `loss`."""
    stages = [replace(RELU, dead=units, silent_from=silent_from, **changes), Stage("fc2", 50, 32, "x = torch.relu(self.fc2(x))")]
    return ending(stack(stages), loss)


def with_site(recording: Recording, **changes: object) -> Recording:
    first, *others = recording.sites
    return replace(recording, sites=(replace(first, **changes), *others))


def silent_on(samples: int, first: int, units: int = 40) -> Recording:
    silence = Silence(units, first - 1, first, samples)
    return with_site(dead(units), silences=(silence,), recent=window(100, samples, units, first=first, last=1199))


def with_parameter(recording: Recording, name: str, **changes: object) -> Recording:
    """The recording with one parameter's moments changed."""
    parameters = tuple(
        replace(parameter, moments=tuple(replace(moment, **changes) for moment in parameter.moments))
        if parameter.name == name
        else parameter
        for parameter in recording.parameters
    )
    return replace(recording, parameters=parameters)


def with_input(recording: Recording, seen: InputStatistics) -> Recording:
    first, *others = recording.layers
    return replace(recording, layers=(replace(first, input=seen), *others))


RAW = InputStatistics(2432, 64, 120.0, 300.0, 0.0, 1700.0, 800.0, 10.0, 300.0, 4.0, feature_means_std=200.0)


CASES = (
    Case("none dead", dead(0)),
    Case("9 of 100", dead(9)),
    Case("10 of 100", dead(10), "warning", line=31),
    Case("49 of 100", dead(49), "warning"),
    Case("50 of 100", dead(50), "error"),
    Case("10 of 100, without a cause, and it learns", dead(10, loss=0.5), "advice"),
    Case("10 of 100, without a cause, and the loss fell a little", dead(10, loss=1.6), "advice"),
    Case("60 of 100, without a cause, and the loss fell a little", dead(60, loss=1.6), "warning"),
    Case("60 of 100, without a cause, and it learns", dead(60, loss=0.5), "advice"),
    Case("60 of 100, with a cause, and it learns", with_parameter(dead(60, loss=0.5), "fc1.bias", mean=-4.0, std=2.0), "warning"),
    Case("60 of 100, with a cause, and it is solved", with_parameter(dead(60, loss=0.1), "fc1.bias", mean=-4.0, std=2.0), "advice"),
    Case("all are RL202's", dead(100)),
    Case("599 samples", silent_on(599, 900), not_judged=True),
    Case("600 samples", silent_on(600, 900), "warning"),
    Case("half of them, 299 samples", silent_on(299, 900, 50), not_judged=True),
    Case("half of them, 300 samples", silent_on(300, 900, 50), "error"),
    Case("one measured step", silent_on(4000, 1199), not_judged=True),
    Case("90 % zeros, none dead", dead(0, open_share=0.1)),
    Case("rare units", dead(0, open_share=0.02)),
    Case("part of the loss", with_site(dead(60), role="loss")),
    Case("an output", with_site(dead(60), role="output")),
    Case("a smooth activation", with_site(dead(60), operation="gelu")),
    Case("hard tanh is RL203's", with_site(dead(60), operation="hardtanh", parameters={"min_val": -1.0, "max_val": 1.0})),
    Case("relu6", with_site(dead(60), operation="relu6"), "error"),
    Case("clamp(min=0)", with_site(dead(60), operation="clamp", parameters={"min": 0.0}), "error"),
    Case("a user's own function", with_site(dead(60), operation="custom:Rectify"), "error"),
    Case("values are NaN", with_site(dead(60), first_non_finite_step=7)),
    Case("large updates", with_parameter(dead(60, 14), "fc1.weight", update_rms=0.02), "error", "learning-rate"),
    Case("small updates", with_parameter(dead(60, 14), "fc1.weight", update_rms=0.0001), "error", "none"),
    Case("born with low biases", with_parameter(dead(60), "fc1.bias", mean=-4.0, std=2.0), "error", "bias-initialisation"),
    Case("born of raw data", with_input(dead(60), RAW), "error", "input-scale"),
    Case("born of zero weights", with_parameter(dead(60), "fc1.weight", mean=0.0, std=0.0), "error", "initialisation"),
    Case(
        "born of negative weights",
        with_parameter(dead(60), "fc1.weight", mean=-0.2, std=0.05, minimum=-0.4, maximum=-0.01),
        "error",
        "initialisation",
    ),
    Case("born of huge weights", with_parameter(dead(60), "fc1.weight", std=1.0), "error", "initialisation"),
    Case(
        "born narrow",
        ending(stack([Stage("neck", 4, 31, "x = F.relu(self.neck(x))", dead=2), Stage("fc2", 50, 32, "x = F.relu(self.fc2(x))")]), 2.29),
        "error",
        "width",
    ),
)
