"""RL403 from both sides."""

from __future__ import annotations

from dataclasses import replace

from reluctant.recording import Graph, Layer, Node, Recording, ValueStatistics
from tests.rules.cases import Case
from tests.rules.cases.output_head import Step, alive, always_on, output_head, silent, values

CAUSE = "head-loss-mismatch"
BCE = "binary_cross_entropy"
LABELS = values(0, 1, distinct=(0.0, 1.0))
SIGNED, POSITIVE, COUNTS = values(-2, 2), values(1, 9), values(0, 9)


def number(*steps: Step, targets: ValueStatistics | None = SIGNED, **changes: object) -> Recording:
    return output_head("mse_loss", steps, targets=targets, **changes)  # type: ignore[arg-type]


def classes(*steps: Step, kind: str = "cross_entropy") -> Recording:
    return output_head(kind, steps, classes=4)


def labels(*steps: Step, kind: str = "binary_cross_entropy_with_logits") -> Recording:
    return output_head(kind, steps, targets=LABELS)


def latent(mean: str = "relu", log_variance: str = "relu", penalty: bool = True) -> Recording:
    """Mean and log-variance of a latent variable: noise × exp(log-variance / 2) + mean goes on to a decoder, and both into a penalty."""
    heads = output_head("custom", (Step(mean, 24), Step(log_variance, 25)), classes=8)
    mu, spread = heads.sites[1], heads.sites[0]
    nodes = (
        Node(0, "add", "affine", (1, 2) if penalty else (1,)),
        Node(1, "addmm", "weight", (3,), layer=1),
        Node(2, "add", "affine", (8, 7)),
        Node(3, "add", "affine", (8, 4)),
        Node(4, "mul", "product", (5,)),
        Node(5, "exp", "elementwise", (6,)),
        Node(6, "mul", "affine", (9,), scale=0.5, offset=0.0),
        Node(7, "exp", "elementwise", (9,)),
        Node(8, mean, "activation", (10,), site=mu.id),
        Node(9, log_variance, "activation", (11,), site=spread.id),
        Node(10, "addmm", "weight", (12,), layer=0),
        Node(11, "addmm", "weight", (12,), layer=0),
        Node(12, "data", "data"),
    )
    decoder = Layer(1, "linear", "decoder", fan_in=8, fan_out=64)
    return replace(heads, graphs=(Graph(0, 10, nodes=nodes),), losses=(), layers=(*heads.layers, decoder))


CASES = (
    Case("no activation", number()),
    Case("relu and signed targets", number(Step("relu")), "warning", CAUSE, 40),
    Case("relu that is dead", number(Step("relu", seen=silent())), "error", CAUSE),
    Case("relu and positive targets, always on", number(Step("relu", seen=always_on()), targets=POSITIVE), "advice"),
    Case("relu and positive targets, held at 0 on 4 %", number(Step("relu", seen=alive(1, 0.04)), targets=POSITIVE)),
    Case("relu and positive targets, held at 0 on 5 %", number(Step("relu", seen=alive(1, 0.05)), targets=POSITIVE), "warning"),
    Case("relu and positive targets, dead", number(Step("relu", seen=silent()), targets=POSITIVE), "error"),
    Case("relu and counts from 0", number(Step("relu", seen=alive(1, 0.3)), targets=COUNTS)),
    Case("few targets below", number(Step("relu"), targets=values(-0.1, 9)), "advice"),
    Case("floor just below 2 % of the variance", number(Step("relu"), targets=values(-0.6, 3)), "advice"),
    Case("floor just above 2 % of the variance", number(Step("relu"), targets=values(-0.65, 3)), "warning"),
    Case("softplus and signed targets", number(Step("softplus")), "warning"),
    Case("elu and targets above −1", number(Step("elu", parameters={"alpha": 1.0}), targets=values(-0.9, 3))),
    Case("elu and targets down to −3", number(Step("elu", parameters={"alpha": 1.0}), targets=values(-3, 3)), "warning"),
    Case("leaky relu", number(Step("leaky_relu", parameters={"negative_slope": 0.01}))),
    Case("hardtanh is RL404's", number(Step("hardtanh"))),
    Case("relu beneath a sigmoid", number(Step("relu"), Step("sigmoid", 41), targets=values(0, 1)), "warning", line=40),
    Case("a clamp that guards a sigmoid", number(Step("sigmoid"), Step("clamp", 41, {"min": 1e-7}), targets=values(0, 1))),
    Case("no targets seen", number(Step("relu"), targets=None)),
    Case("logit", labels(Step("relu")), "warning", CAUSE),
    Case("logit of softplus", labels(Step("softplus")), "warning"),
    Case("logit of relu6", labels(Step("relu6")), "warning"),
    Case("logit of sigmoid is RL402's", labels(Step("sigmoid"))),
    Case("relu beneath the sigmoid of a probability", labels(Step("relu"), Step("sigmoid", 41), kind=BCE), "warning", line=40),
    Case("sigmoid as probability", labels(Step("sigmoid"), kind=BCE)),
    Case("sigmoid as probability, guarded", labels(Step("sigmoid"), Step("clamp", 41, {"min": 1e-7, "max": 1.0}), kind=BCE)),
    Case("clipped line as probability", labels(Step("clamp", parameters={"min": 0.0, "max": 1.0}), kind=BCE), "warning"),
    Case("hardsigmoid as probability", labels(Step("hardsigmoid"), kind=BCE)),
    Case("hardsigmoid as probability, dead", labels(Step("hardsigmoid", seen=silent()), kind=BCE), "error"),
    Case("class scores", classes(Step("relu")), "warning", CAUSE),
    Case("class scores, all dead", classes(Step("relu", seen=silent(4, 4))), "error"),
    Case("class scores, always on", classes(Step("relu", seen=always_on(4))), "advice"),
    Case("class scores of softplus", classes(Step("softplus"))),
    Case("class scores beneath a log_softmax", classes(Step("relu"), Step("log_softmax", 41), kind="nll_loss"), "warning", line=40),
    Case("rectified mean and log-variance", latent(), "warning", line=25),
    Case("rectified log-variance", latent(mean="tanh"), "warning", line=25),
    Case("rectified mean alone", latent(log_variance="tanh")),
    Case("softplus instead", latent(log_variance="softplus")),
    Case("no second way to the loss", latent(penalty=False)),
)
