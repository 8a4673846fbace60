"""Claim 5: ReLU is cheap."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from reluctant.activations import get
from reluctant.figures import Axis, Dots, Figure, Guide, Mark, Panel, Whiskers, Words, translation
from reluctant.machine import this_machine
from reluctant.numbers import count, short

from ._claim import Block, Claim, ClaimCase, ClaimVerdict, Conclusion, Paragraph, Table
from ._curves import COLOURS, NEUTRAL, title
from ._networks import Function, follow, in_torch, linear_layers
from ._spread import interval, interval_words, spread
from ._text import Language, Text
from ._timing import Timing, interleaved

if TYPE_CHECKING:
    from torch import Tensor

ACTIVATIONS = ("relu", "sigmoid", "tanh", "elu", "gelu")
FLOOR = "floor"
MUCH = 2.0
"""ReLU is much faster than what takes at least this many times as long."""

PLACES: dict[str, Text] = {
    "forward, small": Text("forward, small tensor", "前向，小张量"),
    "forward, large": Text("forward, large tensor", "前向，大张量"),
    "backward, small": Text("backward, small tensor", "反向，小张量"),
    "backward, large": Text("backward, large tensor", "反向，大张量"),
    "training step": Text("a training step", "一个训练步"),
}
FLOORS: dict[str, Text] = {
    "forward": Text("a copy", "复制"),
    "backward": Text("a product", "逐元素相乘"),
    "training step": Text("no activation", "无激活函数"),
}


@dataclass(frozen=True)
class Place:
    """The times at one place, ReLU's being the reference."""

    place: str
    elements: int
    """Of the tensor; of a training step, the outputs of all its activations together."""
    timings: tuple[Timing, ...]


@dataclass(frozen=True)
class CostMeasurement:
    """What the experiment gave."""

    seed: int
    rounds: int
    machine: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class CostClaim(Claim[CostMeasurement]):
    """ReLU costs a comparison, where others cost an exponential."""

    number = 5
    title = Text("ReLU is cheap", "ReLU 很便宜")
    statement = Text(
        "ReLU costs one comparison where sigmoid, tanh, ELU and GELU compute exponentials or an error function, so networks with it are "
        "much faster.",
        "ReLU 只需一次比较，而 sigmoid、tanh、ELU、GELU 要计算指数或误差函数，所以用它的网络快得多。",
    )
    experiment = Text(
        "Each activation runs forward and backward on this machine, on a small tensor and on a large one, and in the training steps of a "
        "small network. Beside them stands what no activation can be faster than: copying the tensor, multiplying two tensors, and the "
        "same network without an activation.",
        "每个激活函数都在这台机器上做前向与反向，用小张量和大张量，再放进小网络的训练步里。旁边是任何激活函数都不可能更快的下限：复制张"
        "量、两个张量相乘、没有激活函数的同一网络。",
    )
    verdict_rule = Text(
        f"Much faster means that another takes at least {MUCH:g} times as long, with the whole interval. Holds where each of the four "
        "takes that long at each of the five places; does not hold where none does at any; else it holds under the conditions listed.",
        f"“快得多”指其他函数至少要 {MUCH:g} 倍的时间，且整个区间都是如此。若四个函数在五处都是这样，则成立；若没有一处是这样，则不成立；否"
        "则在所列条件下成立。",
    )
    measurement = CostMeasurement
    timed = ("places",)
    seeded = False

    rounds: int = 21
    small: int = 2**17
    large: int = 2**22
    batch: int = 128
    width: int = 256

    @classmethod
    def short(cls, seed: int = 0) -> CostClaim:
        """Few rounds, small tensors."""
        return cls(seed=seed, rounds=7, small=2**14, large=2**18, batch=32, width=64)

    def measure(self) -> CostMeasurement:
        """Take times."""
        places = [
            _place(self, f"{way}, {size}", calls(elements, self.seed), elements)
            for way, calls in (("forward", _forward_calls), ("backward", _backward_calls))
            for size, elements in (("small", self.small), ("large", self.large))
        ]
        places.append(_place(self, "training step", _step_calls(self), 2 * self.batch * self.width))
        return CostMeasurement(self.seed, self.rounds, str(this_machine()), tuple(places))

    def judge(self, measured: CostMeasurement) -> Conclusion:
        """See `verdict_rule`."""
        others = [(place, timing) for place in measured.places for timing in place.timings if timing.name not in ("relu", FLOOR)]
        much = [(place, timing) for place, timing in others if timing.relative.low >= MUCH]
        verdict = ClaimVerdict.HOLDS if len(much) == len(others) else ClaimVerdict.CONDITIONS if much else ClaimVerdict.NOT_HERE
        return Conclusion(verdict, (_about_tally(len(much), len(others)), *(_about(place) for place in measured.places)))

    def show(self, measured: CostMeasurement) -> Iterator[Block]:
        """The times, at every place."""
        yield _figure(measured)
        yield _table(measured)
        step = _named(measured, "training step")
        floor, relu = step[FLOOR].seconds.median * 1e3, step["relu"].seconds.median * 1e3
        share = short(100 * (relu - floor) / relu)
        yield Paragraph(
            Text(
                f"In a training step most of the time goes to the layers: it takes {short(floor)} ms without an activation and "
                f"{short(relu)} ms with ReLU, so ReLU's share is {share} %. The dearer the layers, the less an activation counts.",
                f"训练步的大部分时间花在层上：没有激活函数时 {short(floor)} 毫秒，有 ReLU 时 {short(relu)} 毫秒，ReLU 占 {share} %。层越"
                "贵，激活函数越不要紧。",
            )
        )

    def evidence(self, measured: CostMeasurement) -> Text:
        """Machine, rounds, sizes."""
        sizes = {place.place: count(place.elements) for place in measured.places}
        return Text(
            f"{measured.machine}; one thread, float32. Medians of {measured.rounds} rounds, all calls once in each, in turned order (seed "
            f"{measured.seed}); ratios are taken within a round. Tensors of {sizes['forward, small']} and {sizes['forward, large']} "
            f"elements. The step: two hidden layers whose activations have {sizes['training step']} outputs, forward, backward, SGD.",
            f"{measured.machine}；单线程，float32。{measured.rounds} 轮的中位数，每轮各调用一次，顺序打乱（种子 {measured.seed}）；比值在"
            f"同一轮内计算。张量有 {sizes['forward, small']} 与 {sizes['forward, large']} 个元素。训练步：两个隐藏层，其激活函数共有 "
            f"{sizes['training step']} 个输出，前向、反向、SGD。",
        )

    @classmethod
    def cases(cls, measured: CostMeasurement) -> Iterator[ClaimCase[CostMeasurement]]:
        """Both sides of every bound."""
        yield ClaimCase("much everywhere", _with_ratio(measured, MUCH), ClaimVerdict.HOLDS)
        yield ClaimCase("much nowhere", _with_ratio(measured, 0.99 * MUCH), ClaimVerdict.NOT_HERE)
        one = _with_ratio(measured, 0.99 * MUCH, but={"gelu": MUCH})
        yield ClaimCase("one of them", one, ClaimVerdict.CONDITIONS)
        yield ClaimCase("an interval that reaches below", _with_ratio(measured, 3.0, low=0.99 * MUCH), ClaimVerdict.NOT_HERE)

    @classmethod
    def expected(cls, measured: CostMeasurement) -> dict[str, bool]:
        """What the short form shows."""
        timings = [timing for place in measured.places for timing in place.timings]
        return {
            "every time is one": all(0 < timing.seconds.least <= timing.seconds.largest < math.inf for timing in timings),
            "ReLU is the reference": {timing.relative.median for timing in timings if timing.name == "relu"} == {1.0},
        }


def _place(claim: CostClaim, name: str, calls: dict[str, Callable[[], object]], elements: int) -> Place:
    return Place(name, elements, interleaved(calls, "relu", claim.rounds, claim.seed))


def _normal(*shape: int, seed: int) -> Tensor:
    import torch

    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _forward_calls(elements: int, seed: int) -> dict[str, Callable[[], object]]:
    """Each activation on one tensor; the floor reads as much and writes as much."""
    x = _normal(elements, seed=seed)
    return {FLOOR: x.clone, **{name: partial(in_torch(get(name)), x) for name in ACTIVATIONS}}


def _backward_calls(elements: int, seed: int) -> dict[str, Callable[[], object]]:
    """Each activation's way back through autograd; the floor is that of a product with a constant: two tensors read, one written."""
    import torch

    x, factor, gradient = (_normal(elements, seed=seed + index) for index in range(3))
    x.requires_grad_()
    outputs = {FLOOR: x * factor, **{name: in_torch(get(name))(x) for name in ACTIVATIONS}}
    return {name: partial(torch.autograd.grad, output, x, gradient, retain_graph=True) for name, output in outputs.items()}


def _step_calls(claim: CostClaim) -> dict[str, Callable[[], object]]:
    """A step of training for each activation, all from the same weights; the floor has nothing between its layers."""
    functions: dict[str, Function] = {FLOOR: lambda x: x, **{name: in_torch(get(name)) for name in ACTIVATIONS}}
    return {name: _step(claim, function) for name, function in functions.items()}


def _step(claim: CostClaim, function: Function) -> Callable[[], object]:
    import torch
    from torch.nn.functional import linear, mse_loss

    parameters = [tensor.requires_grad_() for tensor in linear_layers((claim.width, claim.width, claim.width, 10), claim.seed)]
    x, y = _normal(claim.batch, claim.width, seed=claim.seed), _normal(claim.batch, 10, seed=claim.seed + 1)
    optimizer = torch.optim.SGD(parameters, 1e-3)

    def step() -> None:
        h = function(linear(x, parameters[0], parameters[1]))
        h = function(linear(h, parameters[2], parameters[3]))
        follow(optimizer, parameters, mse_loss(linear(h, parameters[4], parameters[5]), y))

    return step


def _named(measured: CostMeasurement, name: str) -> dict[str, Timing]:
    place = next(place for place in measured.places if place.place == name)
    return {timing.name: timing for timing in place.timings}


def _floor_name(place: str) -> Text:
    return FLOORS[place.partition(",")[0]]


def _about_tally(much: int, all_of_them: int) -> Text:
    return Text(
        f"In {much} of {all_of_them} comparisons the other takes at least {MUCH:g} times as long as ReLU.",
        f"在 {all_of_them} 次比较中的 {much} 次里，对方至少要 ReLU 的 {MUCH:g} 倍时间。",
    )


def _about(place: Place) -> Text:
    others = [timing for timing in place.timings if timing.name not in ("relu", FLOOR)]
    floor = next(timing for timing in place.timings if timing.name == FLOOR)
    values = ", ".join(f"{title(get(timing.name))} {short(timing.relative.median)}" for timing in others)
    name, reached = PLACES[place.place], short(1 / floor.relative.median)
    return Text(
        f"{name.en[0].upper()}{name.en[1:]}, in times of ReLU's: {values}. ReLU itself takes {reached} times what "
        f"{_floor_name(place.place).en} takes.",
        f"{name.zh}，相对 ReLU 的倍数：{values}。ReLU 自己是{_floor_name(place.place).zh}的 {reached} 倍。",
    )


def _figure(measured: CostMeasurement) -> Figure:
    values = Text(
        "; ".join(_short_account(place, "en") for place in measured.places),
        "；".join(_short_account(place, "zh") for place in measured.places),
    )
    largest = max(timing.relative.high for place in measured.places for timing in place.timings)
    least = min(timing.relative.low for place in measured.places for timing in place.timings)
    high, low = 2.0 ** max(0, math.ceil(math.log2(largest))), 2.0 ** min(0, math.floor(math.log2(least)))
    return Figure(
        name="cost",
        title=Text("Time as a multiple of ReLU's, with its interval", "相对 ReLU 的时间倍数及其区间"),
        alt=Text(f"Five panels of dots on a logarithmic axis, ReLU at 1. {values.en}.", f"五幅点图，对数轴，ReLU 在 1。{values.zh}。"),
        panels=tuple(_panel(place, low, high) for place in measured.places),
    )


def _short_account(place: Place, language: Language) -> str:
    numbers = ", ".join(f"{translation(_name(place, timing), language)} {short(timing.relative.median)}" for timing in place.timings)
    return f"{translation(PLACES[place.place], language)}: {numbers}"


def _name(place: Place, timing: Timing) -> Words:
    """What a time belongs to: an activation, or the place's own floor."""
    return _floor_name(place.place) if timing.name == FLOOR else title(get(timing.name))


def _panel(place: Place, low: float, high: float) -> Panel:
    names = [_name(place, timing) for timing in place.timings]
    marks: list[Mark] = [Guide(1.0, "ReLU", upright=True)]
    if high > MUCH:
        marks.append(Guide(MUCH, Text(f"{MUCH:g} times", f"{MUCH:g} 倍"), upright=True))
    for index, timing in enumerate(place.timings):
        colour, y = COLOURS.get(timing.name, NEUTRAL), (float(len(names) - index),)
        marks.append(Whiskers((timing.relative.low,), (timing.relative.high,), y, colour))
        marks.append(Dots("", (timing.relative.median,), y, colour, size=8))
    powers = [low * 2**power for power in range(64) if low * 2**power <= high]
    return Panel(
        PLACES[place.place],
        Axis(Text("times ReLU's", "ReLU 的倍数"), low, high, scale="log", names=tuple((power, f"{power:g}") for power in powers)),
        Axis("", 0.3, len(names) + 0.7, names=tuple((float(len(names) - index), name) for index, name in enumerate(names))),
        tuple(marks),
    )


def _table(measured: CostMeasurement) -> Table:
    rows: list[tuple[Words, ...]] = []
    for place in measured.places:
        unit = 1e3 if place.place == "training step" else 1e9 / place.elements
        for timing in place.timings:
            rows.append((PLACES[place.place], _name(place, timing), short(timing.seconds.median * unit), interval(timing.relative)))
    kind_of = interval_words(measured.rounds)
    return Table(
        Text(
            f"Times: nanoseconds for an element, milliseconds for a training step, and as a multiple of ReLU's ({kind_of.en})",
            f"时间：每个元素的纳秒数，训练步为毫秒，以及相对 ReLU 的倍数（{kind_of.zh}）",
        ),
        (Text("where", "何处"), Text("what", "什么"), Text("time", "时间"), Text("times ReLU's", "ReLU 的倍数")),
        tuple(rows),
    )


def _with_ratio(measured: CostMeasurement, ratio: float, low: float | None = None, but: dict[str, float] | None = None) -> CostMeasurement:
    """All but ReLU and the floor take `ratio` times ReLU's time."""

    def changed(timing: Timing) -> Timing:
        own = (but or {}).get(timing.name, ratio)
        return timing if timing.name in ("relu", FLOOR) else replace(timing, relative=replace(spread([own] * 7), low=low or own))

    places = (replace(place, timings=tuple(map(changed, place.timings))) for place in measured.places)
    return replace(measured, places=tuple(places))
