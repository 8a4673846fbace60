"""Claim 6: ReLU is sparse, and that is good for something."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import matmul
from typing import TYPE_CHECKING

from reluctant.activations import get
from reluctant.figures import Axis, Dots, Figure, Guide, Line, Mark, Panel, Words
from reluctant.numbers import count, percent, percentage, short

from ._claim import Block, Claim, ClaimCase, ClaimVerdict, Conclusion, Paragraph, Table
from ._curves import COLOURS, title
from ._data import clusters
from ._networks import follow, forward, in_torch, linear_layers, side_by_side, stacked
from ._spread import Spread, interval, interval_words, over_seeds, spread
from ._text import Text
from ._timing import interleaved

if TYPE_CHECKING:
    from torch import Tensor

ACTIVATIONS = ("relu", "leaky_relu", "tanh")
TWINS = ("leaky_relu", "tanh")
FEATURES, CLASSES = 16, 8
RATE = 3e-3
SPARSE = 0.3
"""A layer is sparse where at least this share of its outputs is exactly 0."""


@dataclass(frozen=True)
class Course:
    """What trained networks with one activation did, over seeds."""

    activation: str
    steps: tuple[int, ...]
    zeros: tuple[tuple[Spread, ...], ...]
    """Share of exact zeros among a layer's outputs on fresh data, by layer and by step."""
    dead: float
    """Share of units that are 0 on every fresh sample, at the end: zeros of these are no sparse code but waste."""
    correlation: tuple[float, ...]
    """Mean size of the correlation between two units of a layer, over all layers, for each seed."""
    error: tuple[float, ...]
    """Share of fresh samples put into a wrong class, for each seed."""


@dataclass(frozen=True)
class Skipping:
    """One sample through one layer, whose inputs are 0 in part: the rows of the weight that meet zeros left out."""

    zeros: float
    relative: Spread
    """Time as a multiple of the whole product's."""


@dataclass(frozen=True)
class SparsityMeasurement:
    """What the experiment gave."""

    first_seed: int
    seeds: int
    training_samples: int
    fresh_samples: int
    layers: int
    width: int
    rounds: int
    size: int
    courses: tuple[Course, ...]
    dense: Spread
    """Time of the usual product with an input of which half is 0, as a multiple of that with none."""
    skipping: tuple[Skipping, ...]


@dataclass(frozen=True)
class SparsityClaim(Claim[SparsityMeasurement]):
    """ReLU's zeros make activations sparse, which saves work, decouples features and generalises better."""

    number = 6
    title = Text("ReLU is sparse", "ReLU 是稀疏的")
    statement = Text(
        "ReLU outputs many exact zeros. That saves work, makes features depend less on each other, and so networks generalise better.",
        "ReLU 输出许多恰好为零的值。这省去计算，使特征之间的依赖更少，因此网络泛化更好。",
    )
    experiment = Text(
        "Networks with ReLU, Leaky ReLU and tanh are trained from the same weights on the same made-up classes, and compared seed by seed: "
        "exact zeros by "
        "layer, correlation between units, errors on fresh samples. Apart from that, products with inputs that are partly 0 are timed.",
        "用 ReLU、Leaky ReLU 与 tanh 的网络，从相同的权重出发，在相同的人造类别上训练，并逐个种子比较：各层恰好为零的比例、单元间的相关、"
        "新样本上的错误。另外，对部分为 0 的输入计时矩阵乘积。",
    )
    verdict_rule = Text(
        f"Four parts. Sparse: in the median at least {percent(SPARSE)} zeros in every layer at the end. Saves work: skipping is faster at "
        "the share of zeros that was found, with the whole interval. Decouples, and generalises: correlation, and errors, are lower than "
        "with both twins, with the whole interval of the paired differences. All four: holds. Not sparse: does not hold. Else it holds "
        "under conditions.",
        f"四个部分。稀疏：训练结束时每层零的比例中位数至少 {percent(SPARSE)}。省计算：在测得的零比例下，跳过零更快，且整个区间都是。解耦与"
        "泛化：相关与错误都低于两个孪生网络，且成对差的整个区间都是。四项全有：成立。不稀疏：不成立。其余：有条件成立。",
    )
    measurement = SparsityMeasurement
    timed = ("dense", "skipping")

    seeds: int = 10
    training_samples: int = 320
    fresh_samples: int = 1000
    layers: int = 3
    width: int = 64
    moments: tuple[int, ...] = (0, 20, 50, 100, 200, 300)
    rounds: int = 15
    size: int = 1536
    shares: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)

    @classmethod
    def short(cls, seed: int = 0) -> SparsityClaim:
        """Fewer samples and steps, a small product."""
        return cls(
            seed=seed,
            seeds=6,
            training_samples=256,
            fresh_samples=300,
            width=32,
            moments=(0, 30, 150),
            rounds=7,
            size=512,
            shares=(0.0, 0.5, 0.95),
        )

    def measure(self) -> SparsityMeasurement:
        """Train the twins, time the products."""
        dense, skipping = _products(self)
        return SparsityMeasurement(
            first_seed=self.seed,
            seeds=self.seeds,
            training_samples=self.training_samples,
            fresh_samples=self.fresh_samples,
            layers=self.layers,
            width=self.width,
            rounds=self.rounds,
            size=self.size,
            courses=tuple(_train(self, name) for name in ACTIVATIONS),
            dense=dense,
            skipping=skipping,
        )

    def judge(self, measured: SparsityMeasurement) -> Conclusion:
        """See `verdict_rule`."""
        relu = _course(measured, "relu")
        at_end = [layer[-1].median for layer in relu.zeros]
        sparse = min(at_end) >= SPARSE
        saves = _skipped_at(measured, sum(at_end) / len(at_end)).relative.high < 1
        decouples = [_difference(measured, twin, "correlation") for twin in TWINS]
        generalises = [_difference(measured, twin, "error") for twin in TWINS]
        parts = (sparse, saves, all(one.sure_sign < 0 for one in decouples), all(one.sure_sign < 0 for one in generalises))
        verdict = ClaimVerdict.NOT_HERE if not sparse else ClaimVerdict.HOLDS if all(parts) else ClaimVerdict.CONDITIONS
        because = (
            _about_zeros(relu, sparse),
            _about_saving(measured, at_end),
            _about_correlation(decouples),
            _about_error(measured, generalises),
        )
        return Conclusion(verdict, because)

    def show(self, measured: SparsityMeasurement) -> Iterator[Block]:
        """Zeros through training, what skipping saves, the twins."""
        yield _zeros_figure(measured)
        yield _skipping_figure(measured)
        yield _twins_table(measured)
        yield Paragraph(
            Text(
                "To gain by zeros, the rows they meet have to be left out, and what leaving out costs has to be earned first. Correlation "
                "is one measure of dependence of several, and one made-up task is one task: what is shown here is shown for it alone.",
                "要从零中获益，就得跳过与零相遇的行，并先挣回跳过本身的代价。相关只是依赖性的度量之一，而一个人造任务只是一个任务：这里表"
                "明的只对它成立。",
            )
        )

    def evidence(self, measured: SparsityMeasurement) -> Text:
        """Seeds, samples, rounds."""
        seeds, size = over_seeds(measured.seeds, measured.first_seed), count(measured.size)
        trained, fresh, steps = map(count, (measured.training_samples, measured.fresh_samples, _course(measured, "relu").steps[-1]))
        return Text(
            f"{measured.seeds} networks for each activation ({seeds.en}), {measured.layers} hidden layers of {measured.width} units; "
            f"{CLASSES} classes in {FEATURES} dimensions, {trained} samples, {steps} steps of Adam at {RATE:g}; {fresh} fresh samples. "
            f"Products: {size} × {size} float32 with one row, {measured.rounds} rounds in turned order, one thread.",
            f"每种激活函数 {measured.seeds} 个网络（{seeds.zh}），{measured.layers} 个隐藏层，每层 {measured.width} 个单元；{CLASSES} 个类"
            f"别，{FEATURES} 维，{trained} 个样本，Adam（学习率 {RATE:g}）训练 {steps} 步；{fresh} 个新样本。乘积：{size} × {size} "
            f"float32 矩阵与一行，{measured.rounds} 轮，顺序打乱，单线程。",
        )

    @classmethod
    def cases(cls, measured: SparsityMeasurement) -> Iterator[ClaimCase[SparsityMeasurement]]:
        """Both sides of every bound."""
        ideal = _with_skipping(_with_twins(_with_zeros_of_relu(measured, SPARSE), correlation=-0.1, error=-0.1), 0.9)
        yield ClaimCase("all four", ideal, ClaimVerdict.HOLDS)
        yield ClaimCase("not sparse", _with_zeros_of_relu(ideal, 0.99 * SPARSE), ClaimVerdict.NOT_HERE)
        yield ClaimCase("skipping takes as long", _with_skipping(ideal, 1.0), ClaimVerdict.CONDITIONS)
        yield ClaimCase("correlation as before", _with_twins(ideal, correlation=0.0, error=-0.1), ClaimVerdict.CONDITIONS)
        yield ClaimCase("errors as before", _with_twins(ideal, correlation=-0.1, error=0.0), ClaimVerdict.CONDITIONS)
        yield ClaimCase("errors higher", _with_twins(ideal, correlation=-0.1, error=0.1), ClaimVerdict.CONDITIONS)

    @classmethod
    def expected(cls, measured: SparsityMeasurement) -> dict[str, bool]:
        """What the short form shows."""
        relu, leaky, tanh = measured.courses
        others = [moment for course in (leaky, tanh) for layer in course.zeros for moment in layer]
        return {
            "half of a symmetric input is negative": all(0.4 < layer[0].median < 0.6 for layer in relu.zeros),
            "ReLU stays sparse": all(layer[-1].median > 0.2 for layer in relu.zeros),
            "its twins are not sparse": all(moment.largest < 0.01 for moment in others),
            "its units are less correlated than those of tanh": statistics.mean(relu.correlation) < statistics.mean(tanh.correlation),
            "every time is one": all(0 < one.relative.least <= one.relative.largest < math.inf for one in measured.skipping),
        }


def _train(claim: SparsityClaim, name: str) -> Course:
    """The twins with one activation, all seeds together; each seed has its own classes, samples and weights."""
    import torch
    from torch.nn.functional import cross_entropy

    seeds = [claim.seed + index for index in range(claim.seeds)]
    parameters = side_by_side([linear_layers((FEATURES, *[claim.width] * claim.layers, CLASSES), seed, "he") for seed in seeds])
    x, y = _samples(claim.training_samples, seeds, 0)
    fresh, answers = _samples(claim.fresh_samples, seeds, 1_000_000)
    activation, optimizer = in_torch(get(name)), torch.optim.Adam(parameters, RATE)
    zeros: list[list[Spread]] = []
    for step in range(claim.moments[-1] + 1):
        if step in claim.moments:
            zeros.append([spread((layer == 0).float().mean((1, 2)).tolist()) for layer in _layers(parameters, fresh, activation)[:-1]])
        if step < claim.moments[-1]:
            scores = forward(parameters, x, activation)
            follow(optimizer, parameters, cross_entropy(scores.flatten(0, 1), y.flatten(), reduction="none").reshape(y.shape).mean(1))
    *hidden, scores = _layers(parameters, fresh, activation)
    return Course(
        activation=name,
        steps=claim.moments,
        zeros=tuple(zip(*zeros, strict=True)),
        dead=float(torch.stack([(layer == 0).all(1).float().mean() for layer in hidden]).mean()),
        correlation=tuple(torch.stack([_correlation(layer) for layer in hidden]).mean(0).tolist()),
        error=tuple((scores.argmax(2) != answers).float().mean(1).tolist()),
    )


def _samples(size: int, seeds: Sequence[int], offset: int) -> tuple[Tensor, Tensor]:
    return stacked(clusters(size, seed + offset, world=seed, classes=CLASSES, features=FEATURES) for seed in seeds)


def _layers(parameters: Sequence[Tensor], x: Tensor, activation: Callable[[Tensor], Tensor]) -> list[Tensor]:
    """The outputs of every hidden layer, and the scores."""
    import torch

    seen: list[Tensor] = []
    with torch.no_grad():
        scores = forward(parameters, x, activation, seen)
        return [*(activation(z) for z in seen), scores]


def _correlation(layer: Tensor) -> Tensor:
    """For each network the mean |correlation| over pairs of units that are not constant."""
    import torch

    centred = layer - layer.mean(1, keepdim=True)
    size = centred.square().sum(1).sqrt()
    varies = (size > 1e-6).float()
    directions = centred / size.clamp(min=1e-6)[:, None]
    products = (directions.transpose(1, 2) @ directions).abs() * varies[:, :, None] * varies[:, None, :]
    own = torch.diagonal(products, dim1=1, dim2=2).sum(1)
    units = varies.sum(1)
    return (products.sum((1, 2)) - own) / (units * (units - 1)).clamp(min=1)


def _products(claim: SparsityClaim) -> tuple[Spread, tuple[Skipping, ...]]:
    """Times of one row times a matrix, whole and with the rows that meet zeros left out; and of the whole one with zeros in the row."""
    import torch

    generator = torch.Generator().manual_seed(claim.seed)
    weight = torch.randn(claim.size, claim.size, generator=generator)
    order = torch.randperm(claim.size, generator=generator)
    full = torch.rand(claim.size, generator=generator) + 0.1
    calls = {"whole": partial(matmul, full, weight), "half": partial(matmul, _with_zeros(full, order, 0.5), weight)}
    calls |= {f"{share}": partial(_skipping, _with_zeros(full, order, share), weight) for share in claim.shares}
    timings = {timing.name: timing.relative for timing in interleaved(calls, "whole", claim.rounds, claim.seed)}
    return timings["half"], tuple(Skipping(share, timings[f"{share}"]) for share in claim.shares)


def _with_zeros(row: Tensor, order: Tensor, share: float) -> Tensor:
    chosen = row.clone()
    chosen[order[: round(share * len(order))]] = 0
    return chosen


def _skipping(row: Tensor, weight: Tensor) -> Tensor:
    """The product without the rows that meet zeros."""
    kept = row.nonzero()[:, 0]
    return row[kept] @ weight[kept]


def _course(measured: SparsityMeasurement, name: str) -> Course:
    return next(course for course in measured.courses if course.activation == name)


def _difference(measured: SparsityMeasurement, twin: str, quantity: str) -> Spread:
    """ReLU's less its twin's, seed by seed."""
    ours, theirs = (getattr(_course(measured, name), quantity) for name in ("relu", twin))
    return spread([own - other for own, other in zip(ours, theirs, strict=True)])


def _skipped_at(measured: SparsityMeasurement, zeros: float) -> Skipping:
    """The timed share of zeros that is the next one below what the layers have."""
    return max((one for one in measured.skipping if one.zeros <= zeros), key=lambda one: one.zeros)


def _about_zeros(relu: Course, sparse: bool) -> Text:
    ends = ", ".join(percentage(layer[-1].median) for layer in relu.zeros)
    starts = ", ".join(percentage(layer[0].median) for layer in relu.zeros)
    start = Text("Sparse", "稀疏") if sparse else Text("Not sparse", "不稀疏")
    return Text(
        f"{start.en}: zeros by layer, first to last, {starts} before training and {ends} after it; {percentage(relu.dead)} of the units "
        "are 0 on every fresh sample, which is no sparse code but dead weight.",
        f"{start.zh}：各层零的比例从前到后，训练前 {starts}，训练后 {ends}；{percentage(relu.dead)} 的单元在每个新样本上都是 0，那不是稀疏"
        "编码，而是死重。",
    )


def _about_saving(measured: SparsityMeasurement, at_end: list[float]) -> Text:
    share = sum(at_end) / len(at_end)
    here, most = _skipped_at(measured, share), measured.skipping[-1]
    paying = [one for one in measured.skipping if one.relative.high < 1]
    from_share = (
        Text(f"It pays from {percentage(paying[0].zeros)} zeros on.", f"从 {percentage(paying[0].zeros)} 的零开始划算。")
        if paying
        else Text("It never pays.", "始终不划算。")
    )
    return Text(
        f"Saved work: the usual product takes {interval(measured.dense)} times as long with half its inputs 0. Leaving out rows takes "
        f"{interval(here.relative)} times as long at "
        f"{percentage(here.zeros)} zeros, and {interval(most.relative)} at {percentage(most.zeros)}. {from_share.en}",
        f"省下的计算：输入一半为 0 时，通常的乘积耗时是原来的 {interval(measured.dense)} 倍。跳过行时，{percentage(here.zeros)} 的零耗时 "
        f"{interval(here.relative)} 倍，{percentage(most.zeros)} 时 {interval(most.relative)} 倍。{from_share.zh}",
    )


DIRECTIONS = {
    -1: Text("lower than with", "低于"), 1: Text("higher than with", "高于"), 0: Text("no difference shown to", "未显示差别于"),
}  # fmt: skip


def _compared(differences: Sequence[Spread], factor: float) -> Text:
    """ReLU against each twin, in words and numbers."""
    en, zh = [], []
    for twin, difference in zip(TWINS, differences, strict=True):
        answer, numbers, name = DIRECTIONS[difference.sure_sign], interval(difference.times(factor)), title(get(twin))
        en.append(f"{answer.en} {name}, {numbers}")
        zh.append(f"{answer.zh} {name}，{numbers}")
    return Text("; ".join(en), "；".join(zh))


def _about_correlation(differences: Sequence[Spread]) -> Text:
    compared = _compared(differences, 1)
    return Text(f"Correlation between units with ReLU, and its difference: {compared.en}.", f"ReLU 单元之间的相关，及其差：{compared.zh}。")


def _about_error(measured: SparsityMeasurement, differences: Sequence[Spread]) -> Text:
    compared, error = _compared(differences, 100), percentage(spread(_course(measured, "relu").error).median)
    return Text(
        f"Errors on fresh samples with ReLU ({error}), and the difference in percentage points: {compared.en}.",
        f"ReLU 在新样本上的错误（{error}），及相差的百分点：{compared.zh}。",
    )


def _zeros_figure(measured: SparsityMeasurement) -> Figure:
    relu = _course(measured, "relu")
    last = "; ".join(
        f"{title(get(course.activation))} " + ", ".join(percentage(layer[-1].median) for layer in course.zeros)
        for course in measured.courses
    )
    return Figure(
        name="zeros",
        title=Text("Exact zeros in each layer through training", "训练过程中各层恰好为零的比例"),
        alt=Text(
            "Three panels, one for each activation: the share of exact zeros by step, a line for each layer. At the end, by layer: "
            f"{last}.",
            f"三幅图，每种激活函数一幅：各步恰好为零的比例，每层一条线。结束时各层：{last}。",
        ),
        panels=tuple(_zeros_panel(course, relu.steps[-1]) for course in measured.courses),
    )


def _zeros_panel(course: Course, last: int) -> Panel:
    xs, marks = tuple(map(float, course.steps)), list[Mark]()
    for index, layer in enumerate(course.zeros):
        ys = tuple(100 * moment.median for moment in layer)
        marks.append(Line(Text(f"layer {index + 1}", f"第 {index + 1} 层"), xs, ys, (1, 2, 3, 4, 5)[index % 5]))
    return Panel(title(get(course.activation)), Axis(Text("step", "步"), 0, last), Axis(Text("zeros, %", "零，%"), -4, 100), tuple(marks))


def _skipping_figure(measured: SparsityMeasurement) -> Figure:
    values = ", ".join(f"{percentage(one.zeros)}: {short(one.relative.median)}" for one in measured.skipping)
    xs = tuple(100 * one.zeros for one in measured.skipping)
    ys = tuple(one.relative.median for one in measured.skipping)
    name, guide = Text("zeros skipped", "跳过零"), Guide(1.0, Text("the whole product", "完整的乘积"), upright=False)
    marks = (guide, Line(name, xs, ys, COLOURS["relu"]), Dots(name, xs, ys, COLOURS["relu"], size=6))
    x = Axis(Text("zeros in the input, %", "输入中的零，%"), 0, 100)
    y = Axis(Text("times the whole product's", "完整乘积的倍数"), 0, 1.2 * max(one.relative.high for one in measured.skipping))
    return Figure(
        name="skipping",
        title=Text("What leaving out zeros saves", "跳过零省下多少"),
        alt=Text(
            "The time of one row times a matrix with the zeros left out, as a multiple of the whole product's, by share of zeros: "
            f"{values}.",
            f"跳过零的行与矩阵相乘所需的时间，相对完整乘积的倍数，按零的比例：{values}。",
        ),
        panels=(Panel("", x, y, marks),),
    )


def _twins_table(measured: SparsityMeasurement) -> Table:
    rows: list[tuple[Words, ...]] = []
    for course in measured.courses:
        zeros = ", ".join(short(100 * layer[-1].median) for layer in course.zeros)
        error = interval(spread(course.error).times(100))
        rows.append((title(get(course.activation)), zeros, interval(spread(course.correlation)), error))
    kind_of = interval_words(measured.seeds)
    return Table(
        Text(f"After training: median over seeds ({kind_of.en})", f"训练后：各种子的中位数（{kind_of.zh}）"),
        (
            Text("activation", "激活函数"),
            Text("zeros by layer, %", "各层的零，%"),
            Text("mean |correlation|", "平均 |相关|"),
            Text("errors, %", "错误，%"),
        ),
        tuple(rows),
    )


def _with_zeros_of_relu(measured: SparsityMeasurement, share: float) -> SparsityMeasurement:
    """ReLU's layers with this share of zeros at the end."""
    relu, *others = measured.courses
    layers = tuple((*layer[:-1], spread([share] * measured.seeds)) for layer in relu.zeros)
    return replace(measured, courses=(replace(relu, zeros=layers), *others))


def _with_twins(measured: SparsityMeasurement, correlation: float, error: float) -> SparsityMeasurement:
    """ReLU's correlation and errors differ from its twins' by this on every seed."""
    relu, *others = measured.courses
    seeds = measured.seeds
    twins = (replace(twin, correlation=(0.5,) * seeds, error=(0.5,) * seeds) for twin in others)
    return replace(measured, courses=(replace(relu, correlation=(0.5 + correlation,) * seeds, error=(0.5 + error,) * seeds), *twins))


def _with_skipping(measured: SparsityMeasurement, relative: float) -> SparsityMeasurement:
    return replace(measured, skipping=tuple(replace(one, relative=spread([relative] * 7)) for one in measured.skipping))
