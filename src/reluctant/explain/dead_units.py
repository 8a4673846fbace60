"""Claim 7: units die, and do not come back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reluctant.activations import get
from reluctant.figures import Axis, Cells, Figure, Guide, Line, Panel, Setting, Slider, Words, explorer
from reluctant.numbers import count, percent, percentage, short

from ._claim import Block, Claim, ClaimCase, ClaimVerdict, Conclusion, Paragraph, Table
from ._curves import COLOURS, NEUTRAL
from ._data import moons
from ._networks import binary_accuracy, binary_losses, descend, forward, in_torch, linear_layers, side_by_side, stacked
from ._spread import Spread, interval, interval_words, over_seeds, spread
from ._text import Text

if TYPE_CHECKING:
    from torch import Tensor

WIDTH = 32
LAYERS = 2
GENTLE = 0.3
"""The learning rate after the watched steps, for every network."""
KILLS = 0.25
"""A rate kills where the share of dead units grows by at least this."""
FRESH = 10_000
HIGHEST_LOSS = 1e3


@dataclass(frozen=True)
class Rate:
    """What one learning rate did, over seeds, and step by step to the first network."""

    rate: float
    born_dead: Spread
    """Share of units dead before the first step."""
    dead: Spread
    """And after the watched steps."""
    gained: Spread
    dead_at_end: Spread
    """And after the gentle steps that follow."""
    accuracy: Spread
    """On the training points, at the end."""
    died: tuple[int, ...]
    """How often a unit died in a watched step, by layer, all networks together."""
    revived: tuple[int, ...]
    """And how often one came back."""
    revived_later: tuple[int, ...]
    """Units that were dead when the gentle steps began and were not at their end."""
    largest_gradient: float
    """Of the incoming weights and biases of dead units, over all steps."""
    silent_on_fresh: float
    """Of the units that are dead at the end, the share that is 0 on every fresh point too."""
    life: tuple[tuple[str, ...], ...]
    """Of the first network, by layer: a row of digits for each unit, a digit for each watched step."""
    losses: tuple[float, ...]
    """Of the first network, at each watched step."""


@dataclass(frozen=True)
class DeadUnitsMeasurement:
    """What the experiment gave."""

    first_seed: int
    seeds: int
    points: int
    watched: int
    gentle: int
    rates: tuple[Rate, ...]


@dataclass(frozen=True)
class DeadUnitsClaim(Claim[DeadUnitsMeasurement]):
    """A step that is too large leaves a ReLU negative on every input; its slope is 0 there, so nothing brings it back."""

    number = 7
    title = Text("Units die", "单元会死")
    statement = Text(
        "After too large a step a unit may be negative on every input. There ReLU's slope is 0, so the unit's weights get no gradient, "
        "and it never comes back.",
        "步子太大之后，一个单元可能在每个输入上都为负。那里 ReLU 的斜率是 0，单元的权重得不到梯度，它再也回不来。",
    )
    experiment = Text(
        "Networks with two hidden layers are trained on two moons with learning rates from gentle to fatal. At every step each unit is "
        "looked at: dead is one that is "
        "0 on all training points. Then all of them go on with a gentle rate, and the dead are counted again.",
        "在双月上训练有两个隐藏层的网络，学习率从温和到致命。每一步都查看每个单元：在所有训练点上都为 0 的称为死单元。然后所有网络改用温"
        "和的学习率继续训练，再数一次死单元。",
    )
    verdict_rule = Text(
        f"A rate kills where the share of dead units grows by {percent(KILLS)} or more in the watched steps, with the whole interval. "
        "Does not hold where none kills, where a dead unit gets any gradient at all, or where one of the first layer comes back. Holds "
        "under conditions where units behind the first layer come back. Else it holds.",
        f"若在观察的步数内死单元的比例增加 {percent(KILLS)} 以上，且整个区间都是，就称该学习率致死。若没有学习率致死，或死单元得到任何梯"
        "度，或第一层有单元复活，则不成立。若第一层之后有单元复活，则有条件成立。否则成立。",
    )
    measurement = DeadUnitsMeasurement

    seeds: int = 12
    points: int = 128
    watched: int = 60
    gentle: int = 200
    rates: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0, 6.0, 10.0, 20.0, 30.0)

    @classmethod
    def short(cls, seed: int = 0) -> DeadUnitsClaim:
        """Few rates and steps."""
        return cls(seed=seed, seeds=6, points=64, watched=30, gentle=40, rates=(0.3, 10.0))

    def measure(self) -> DeadUnitsMeasurement:
        """Train, and look at every unit at every step."""
        return DeadUnitsMeasurement(self.seed, self.seeds, self.points, self.watched, self.gentle, _watch(self))

    def judge(self, measured: DeadUnitsMeasurement) -> Conclusion:
        """See `verdict_rule`."""
        killing = [rate for rate in measured.rates if rate.gained.low >= KILLS]
        gradient = max(rate.largest_gradient for rate in measured.rates)
        first = sum(rate.revived[0] + rate.revived_later[0] for rate in measured.rates)
        behind = sum(sum(rate.revived[1:]) + sum(rate.revived_later[1:]) for rate in measured.rates)
        because = [_about_killing(measured, killing), _about_gradient(measured, gradient, first)]
        if not killing or gradient > 0 or first:
            return Conclusion(ClaimVerdict.NOT_HERE, tuple(because))
        because.append(_about_lowering(killing[-1]))
        if behind:
            because.append(_about_revival(measured, behind))
        return Conclusion(ClaimVerdict.CONDITIONS if behind else ClaimVerdict.HOLDS, tuple(because))

    def show(self, measured: DeadUnitsMeasurement) -> Iterator[Block]:
        """The units step by step, the share of dead ones against the rate."""
        yield _life_figure(measured)
        yield _rates_figure(measured)
        yield _table(measured)
        yield Paragraph(
            Text(
                "A unit's own weights are moved by the gradient that passes it. Where it is 0 on every input, that gradient is a sum of "
                "zeros. Only a change of its inputs can bring it back, "
                "and the inputs of the first layer are the data. What helps is not to kill it: see claim 8.",
                "一个单元自己的权重由经过它的梯度推动。若它在每个输入上都为 0，这个梯度就是若干零之和。只有它的输入改变才能让它复活，而第"
                "一层的输入就是数据。有用的是不要杀死它：见论断 8。",
            )
        )

    def evidence(self, measured: DeadUnitsMeasurement) -> Text:
        """Seeds, points and steps."""
        seeds, points, fresh = over_seeds(measured.seeds, measured.first_seed), count(measured.points), count(FRESH)
        silent = percentage(measured.rates[-1].silent_on_fresh)
        return Text(
            f"{measured.seeds} networks for each rate ({seeds.en}), 2 → {WIDTH} → {WIDTH} → 1, torch's default initialisation, all "
            f"{points} points in each step of gradient descent: {measured.watched} watched steps, then {measured.gentle} at {GENTLE:g}. "
            f"Dead is said of the {points} training points; of the units dead at the end at the highest rate {silent} are 0 on {fresh} "
            "fresh points too.",
            f"每种学习率 {measured.seeds} 个网络（{seeds.zh}），2 → {WIDTH} → {WIDTH} → 1，torch 默认初始化，每一步梯度下降用全部 "
            f"{points} 个点：先观察 {measured.watched} 步，再以 {GENTLE:g} 走 {measured.gentle} 步。“死”是就这 {points} 个训练点而言；最高"
            f"学习率下最后死去的单元中，{silent} 在 {fresh} 个新的点上也为 0。",
        )

    @classmethod
    def cases(cls, measured: DeadUnitsMeasurement) -> Iterator[ClaimCase[DeadUnitsMeasurement]]:
        """Both sides of every bound."""
        ideal = _with_last(_with_all(measured, revived=(0, 0), revived_later=(0, 0), largest_gradient=0.0), gained=spread([KILLS] * 6))
        yield ClaimCase("a rate kills, none comes back", ideal, ClaimVerdict.HOLDS)
        yield ClaimCase("no rate kills", _with_all(ideal, gained=spread([0.99 * KILLS] * 6)), ClaimVerdict.NOT_HERE)
        yield ClaimCase("one of the first layer comes back", _with_last(ideal, revived=(1, 0)), ClaimVerdict.NOT_HERE)
        yield ClaimCase("one of the first layer comes back later", _with_last(ideal, revived_later=(1, 0)), ClaimVerdict.NOT_HERE)
        yield ClaimCase("a gradient reaches a dead unit", _with_last(ideal, largest_gradient=1e-30), ClaimVerdict.NOT_HERE)
        yield ClaimCase("one of the second layer comes back", _with_last(ideal, revived=(0, 1)), ClaimVerdict.CONDITIONS)
        yield ClaimCase("one of the second layer comes back later", _with_last(ideal, revived_later=(0, 1)), ClaimVerdict.CONDITIONS)

    @classmethod
    def expected(cls, measured: DeadUnitsMeasurement) -> dict[str, bool]:
        """What the short form shows."""
        gentle, fatal = measured.rates[0], measured.rates[-1]
        lives = [row for rate in measured.rates for layer in rate.life for row in layer]
        return {
            "a gentle rate kills few": gentle.gained.median < 0.1,
            "a rate of 10 kills": fatal.gained.low > 0.4,
            "a gentle rate does not revive": fatal.dead_at_end.median > 0.5,
            "with dead units it learns less": fatal.accuracy.median < gentle.accuracy.median,
            "a dead unit gets no gradient": all(rate.largest_gradient == 0.0 for rate in measured.rates),
            "none of the first layer comes back": not any(rate.revived[0] or rate.revived_later[0] for rate in measured.rates),
            "every unit is looked at before each step and after the last": {len(row) for row in lives} == {measured.watched + 1},
        }


@dataclass(frozen=True)
class _Watch:
    """What was noted of all networks side by side."""

    parameters: list[Tensor]
    """At the end."""
    dead: Tensor
    """(step, network, layer, unit), each step before it is taken, and after the last."""
    losses: Tensor
    """(step, network)"""
    largest_gradient: Tensor
    accuracy: Tensor


def _watch(claim: DeadUnitsClaim) -> tuple[Rate, ...]:
    """All rates and seeds together; networks of one seed begin alike."""
    import torch

    seeds = [claim.seed + index for index in range(claim.seeds)]
    parameters = side_by_side([linear_layers((2, *[WIDTH] * LAYERS, 1), seed) for _ in claim.rates for seed in seeds])
    x, y = stacked([moons(claim.points, seed) for seed in seeds] * len(claim.rates))
    rates = torch.tensor([rate for rate in claim.rates for _ in seeds])
    largest, dead, losses = torch.zeros(len(rates)), [], []
    for step in range(claim.watched + claim.gentle):
        scores, silent = _run(parameters, x)
        loss = binary_losses(scores, y)
        gradients = descend(parameters, loss, rates if step < claim.watched else torch.full_like(rates, GENTLE))
        for layer in range(LAYERS):
            own = torch.cat(gradients[2 * layer : 2 * layer + 2], 1).abs().amax(1)
            largest = torch.maximum(largest, torch.where(silent[:, layer], own, 0.0).amax(1))
        dead.append(silent)
        losses.append(loss.detach())
    with torch.no_grad():
        scores, silent = _run(parameters, x)
    seen = _Watch(parameters, torch.stack([*dead, silent]), torch.stack(losses), largest, binary_accuracy(scores, y))
    fresh = torch.stack([moons(FRESH, seed + 1_000_000)[0] for seed in seeds])
    return tuple(_rate(claim, index, seen, fresh) for index in range(len(claim.rates)))


def _run(parameters: Sequence[Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """The scores, and which units are dead: (network, layer, unit)."""
    import torch

    inner: list[Tensor] = []
    scores = forward(parameters, x, in_torch(get("relu")), inner)[..., 0]
    return scores, torch.stack([(z <= 0).all(1) for z in inner], 1)


def _rate(claim: DeadUnitsClaim, index: int, seen: _Watch, fresh: Tensor) -> Rate:
    """What happened to the networks of one rate."""
    own = slice(index * claim.seeds, (index + 1) * claim.seeds)
    dead = seen.dead[:, own]
    watched, at_end, shares = dead[: claim.watched + 1], dead[-1], dead.float().mean((2, 3))
    silent = _run([tensor[own].detach() for tensor in seen.parameters], fresh)[1] & at_end
    return Rate(
        rate=claim.rates[index],
        born_dead=spread(shares[0].tolist()),
        dead=spread(shares[claim.watched].tolist()),
        gained=spread((shares[claim.watched] - shares[0]).tolist()),
        dead_at_end=spread(shares[-1].tolist()),
        accuracy=spread(seen.accuracy[own].tolist()),
        died=_by_layer(~watched[:-1] & watched[1:]),
        revived=_by_layer(watched[:-1] & ~watched[1:]),
        revived_later=_by_layer((watched[-1] & ~at_end)[None]),
        largest_gradient=float(seen.largest_gradient[own].max()),
        silent_on_fresh=float(silent.sum() / at_end.sum().clamp(min=1)),
        life=tuple(_rows(~watched[:, 0, layer]) for layer in range(LAYERS)),
        losses=tuple(loss if math.isfinite(loss) else HIGHEST_LOSS for loss in seen.losses[: claim.watched, own][:, 0].tolist()),
    )


def _by_layer(happened: Tensor) -> tuple[int, ...]:
    return tuple(happened.sum((0, 1, 3)).tolist())


def _rows(alive: Tensor) -> tuple[str, ...]:
    """A row for each unit, those that live longest first."""
    order = alive.sum(0).argsort(descending=True, stable=True)
    return tuple("".join(str(int(one)) for one in alive[:, unit].tolist()) for unit in order.tolist())


def _about_killing(measured: DeadUnitsMeasurement, killing: list[Rate]) -> Text:
    if not killing:
        most = max(measured.rates, key=lambda rate: rate.gained.median)
        gained = percentage(most.gained.median)
        return Text(
            f"No rate kills: the most is {gained} more dead units, at {most.rate:g}.",
            f"没有学习率致死：死单元最多增加 {gained}，学习率 {most.rate:g}。",
        )
    rate, gentle = killing[0], measured.rates[0]
    born, dead, lived = percentage(rate.born_dead.median), percentage(rate.dead.median), percentage(gentle.dead.median)
    return Text(
        f"A rate of {rate.rate:g} kills: in {measured.watched} steps the dead grow from {born} of the units to {dead} in the median; at "
        f"{gentle.rate:g} there are {lived} at the end of them.",
        f"学习率 {rate.rate:g} 致死：{measured.watched} 步内，死单元的中位比例从 {born} 升到 {dead}；学习率 {gentle.rate:g} 时最后为 "
        f"{lived}。",
    )


def _about_gradient(measured: DeadUnitsMeasurement, gradient: float, first: int) -> Text:
    died = sum(rate.died[0] for rate in measured.rates)
    born = Text("none", "没有") if not first else Text(str(first), str(first))
    return Text(
        f"The largest gradient on the weights of a dead unit was {short(gradient)}. In the first layer units died {count(died)} times; "
        f"{born.en} came back.",
        f"死单元权重上的最大梯度为 {short(gradient)}。第一层的单元死去 {count(died)} 次；{born.zh}复活。",
    )


def _about_lowering(rate: Rate) -> Text:
    dead, accuracy = percentage(rate.dead_at_end.median), percentage(rate.accuracy.median)
    return Text(
        f"Lowering the rate afterwards does not undo it: from {rate.rate:g}, after the gentle steps, {dead} are dead, and {accuracy} of "
        "the points are right.",
        f"事后降低学习率无法挽回：从 {rate.rate:g} 降下来，温和的步数之后，仍有 {dead} 是死的，正确率 {accuracy}。",
    )


def _about_revival(measured: DeadUnitsMeasurement, behind: int) -> Text:
    died = sum(sum(rate.died[1:]) for rate in measured.rates)
    later = sum(sum(rate.revived_later[1:]) for rate in measured.rates)
    during = behind - later
    return Text(
        f"Condition: the unit's inputs do not change. Behind the first layer, where they do, units died {count(died)} times in the "
        f"watched steps and came back {count(during)} times; {count(later)} more came back in the gentle steps.",
        f"条件：单元的输入不变。第一层之后输入会变，那里的单元在观察的步数内死去 {count(died)} 次，复活 {count(during)} 次；温和的步数里又"
        f"复活 {count(later)} 个。",
    )


def _life_figure(measured: DeadUnitsMeasurement) -> Figure:
    killing = next((index for index, rate in enumerate(measured.rates) if rate.gained.low >= KILLS), len(measured.rates) - 1)
    shown = measured.rates[killing]
    alive = ", ".join(str(sum(row[-1] == "1" for row in layer)) for layer in shown.life)
    began = ", ".join(str(sum(row[0] == "1" for row in layer)) for layer in shown.life)
    return explorer(
        name="life",
        title=Text("Units × steps of one network: green is alive, the other colour dead", "一个网络的单元 × 步：绿色为活，另一色为死"),
        alt=Text(
            f"Two maps, one for each hidden layer, a row for each of {WIDTH} units and a column for each step, and the loss beneath. At "
            f"rate {shown.rate:g} the layers begin with {began} units alive and have {alive} after {measured.watched} steps.",
            f"两幅图，每个隐藏层一幅，{WIDTH} 个单元各占一行，每步一列；另有损失曲线。学习率 {shown.rate:g} 时，两层开始有 {began} 个活单"
            f"元，{measured.watched} 步后剩 {alive} 个。",
        ),
        sliders=[Slider(Text("learning rate", "学习率"), tuple(f"{rate.rate:g}" for rate in measured.rates), killing)],
        settings=[_life_frame(measured, rate) for rate in measured.rates],
    )


def _life_frame(measured: DeadUnitsMeasurement, rate: Rate) -> Setting:
    time, units = Axis(Text("step", "步"), 0, measured.watched + 1), Axis(Text("units", "单元"), 0, WIDTH, names=((0.0, ""),))
    panels = [
        Panel(Text(f"hidden layer {index + 1}", f"第 {index + 1} 个隐藏层"), time, units, (Cells(rows, "life"),))
        for index, rows in enumerate(rate.life)
    ]
    steps = tuple(float(step) for step in range(len(rate.losses)))
    losses = tuple(min(max(loss, 1e-4), HIGHEST_LOSS) for loss in rate.losses)
    loss, guessing = Text("loss", "损失"), Guide(math.log(2), Text("guessing", "瞎猜"), upright=False, label_at="end")
    curve = Line(loss, steps, losses, COLOURS["relu"])
    panels.append(Panel(loss, time, Axis(loss, 1e-4, HIGHEST_LOSS, scale="log"), (guessing, curve)))
    dead = [sum(row[-1] == "0" for row in layer) for layer in rate.life]
    median = percentage(rate.dead.median)
    readout = Text(
        f"Learning rate {rate.rate:g}: after {measured.watched} steps {dead[0]} and {dead[1]} of {WIDTH} units are dead here; {median} of "
        f"all in the median of {rate.dead.count} networks.",
        f"学习率 {rate.rate:g}：{measured.watched} 步后，这里两层的 {WIDTH} 个单元中有 {dead[0]} 与 {dead[1]} 个死去；{rate.dead.count} 个"
        f"网络的中位数为全部的 {median}。",
    )
    return Setting(readout, tuple(panels))


def _rates_figure(measured: DeadUnitsMeasurement) -> Figure:
    values = ", ".join(f"{rate.rate:g}: {percentage(rate.dead.median)}" for rate in measured.rates)
    xs = tuple(rate.rate for rate in measured.rates)
    born, watched, gentle = (
        tuple(100 * share.median for share in shares)
        for shares in zip(*((rate.born_dead, rate.dead, rate.dead_at_end) for rate in measured.rates), strict=True)
    )
    marks = (
        Line(Text("before training", "训练前"), xs, born, NEUTRAL),
        Line(Text("after the watched steps", "观察的步数之后"), xs, watched, COLOURS["relu"]),
        Line(Text("after the gentle steps", "温和的步数之后"), xs, gentle, COLOURS["sigmoid"], dashed=True),
    )
    x = Axis(Text("learning rate", "学习率"), xs[0], xs[-1], scale="log", names=tuple((rate, f"{rate:g}") for rate in xs))
    return Figure(
        name="dead-by-rate",
        title=Text("Dead units against the learning rate", "死单元与学习率"),
        alt=Text(
            f"The median share of dead units by learning rate, before training, after {measured.watched} steps, and after "
            f"{measured.gentle} gentle ones. After the watched steps: {values}.",
            f"各学习率下死单元的中位比例：训练前、{measured.watched} 步后、再走 {measured.gentle} 个温和的步之后。观察的步数之后："
            f"{values}。",
        ),
        panels=(Panel("", x, Axis(Text("dead units, %", "死单元，%"), 0, 100), marks),),
    )


def _table(measured: DeadUnitsMeasurement) -> Table:
    rows: list[tuple[Words, ...]] = []
    for rate in measured.rates:
        died, revived = (", ".join(count(number) for number in numbers) for numbers in (rate.died, rate.revived))
        shares = (interval(part.times(100)) for part in (rate.dead, rate.dead_at_end, rate.accuracy))
        rows.append((f"{rate.rate:g}", died, revived, *shares))
    kind_of = interval_words(measured.seeds)
    return Table(
        Text(
            f"Deaths and returns by layer, all networks together; shares as median over seeds ({kind_of.en})",
            f"各层的死亡与复活，所有网络合计；比例为各种子的中位数（{kind_of.zh}）",
        ),
        (
            Text("learning rate", "学习率"),
            Text("died", "死去"),
            Text("came back", "复活"),
            Text("dead, %", "死单元，%"),
            Text("dead after gentle steps, %", "温和的步数后死单元，%"),
            Text("right at the end, %", "最后正确率，%"),
        ),
        tuple(rows),
    )


def _with_all(measured: DeadUnitsMeasurement, **changes: Any) -> DeadUnitsMeasurement:
    return replace(measured, rates=tuple(replace(rate, **changes) for rate in measured.rates))


def _with_last(measured: DeadUnitsMeasurement, **changes: Any) -> DeadUnitsMeasurement:
    *others, last = measured.rates
    return replace(measured, rates=(*others, replace(last, **changes)))
