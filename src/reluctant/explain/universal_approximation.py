"""Claim 2: stacks of non-linear layers approximate any function."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from reluctant.figures import Axis, Dots, Figure, Line, Panel, Setting, Slider, Words, explorer
from reluctant.numbers import count, percent, percentage, short

from ._approximating import BASES, CURVES, RATE, Built, Trained, TrainingPlan, build, build_from_knots, train
from ._claim import Block, Claim, ClaimCase, ClaimVerdict, Conclusion, Paragraph, Table
from ._curves import COLOURS, NEUTRAL
from ._spread import interval, interval_words, over_seeds, spread
from ._text import Text

CLOSE = 0.01
"""An approximation is close where its error is below this share of the curve's standard deviation."""
FAR = 0.1

SHOWN = {"knots": "ReLU", "tanh": "tanh", "sigmoid": "sigmoid", "square": "x²"}
"""What is drawn of the networks that were computed: by what stands between the layers, and how that is called."""


@dataclass(frozen=True)
class UniversalApproximationMeasurement:
    """What the experiment gave."""

    first_seed: int
    seeds: int
    points: int
    steps: int
    grid: tuple[float, ...]
    curves: dict[str, tuple[float, ...]]
    built: tuple[Built, ...]
    trained: tuple[Trained, ...]


@dataclass(frozen=True)
class UniversalApproximationClaim(Claim[UniversalApproximationMeasurement]):
    """Stacks of non-linear layers approximate any function, better with every unit."""

    number = 2
    title = Text("What a non-linearity buys", "非线性换来了什么")
    statement = Text(
        "With a non-linearity between them, stacked layers approximate any continuous function, as closely as one likes, given enough "
        "units.",
        "层与层之间有了非线性，只要单元足够多，就能以任意精度逼近任何连续函数。",
    )
    experiment = Text(
        "Three curves on [−1, 1]. First, ReLU networks are computed: kinks at even distances, output weights that follow from the curve. "
        "Then only the output weights are solved for, behind a random first layer, with other functions in the place of ReLU. Then ReLU "
        "networks of every width and depth are trained.",
        "[−1, 1] 上的三条曲线。首先直接算出 ReLU 网络：折点等距分布，输出权重由曲线决定。然后第一层取随机值，只求解输出权重，并用别的函数"
        "代替 ReLU。最后训练各种宽度与深度的 ReLU 网络。",
    )
    verdict_rule = Text(
        f"Does not hold where the computed ReLU network does not come within {percent(CLOSE)} of some curve's standard deviation, or "
        "gains nothing from more units. Otherwise a condition is stated for each of these that is found: a function between the layers "
        f"that stays {percent(FAR)} or more away however wide the network; a trained network that is {percent(FAR)} or more away outside "
        "the interval; trained networks whose median is not close at any shape. Without any of them it holds.",
        f"若算出的 ReLU 网络在某条曲线上误差达不到其标准差的 {percent(CLOSE)} 以内，或加单元没有改善，则不成立。否则，以下每一项若出现就写"
        f"成一个条件：某个函数放在层间，网络再宽误差也不低于 {percent(FAR)}；训练出的网络在区间之外误差不低于 {percent(FAR)}；没有一种形状"
        "的网络训练后的中位数足够接近。都不出现则成立。",
    )
    measurement = UniversalApproximationMeasurement

    seeds: int = 4
    points: int = 65
    steps: int = 800
    widths: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    depths: tuple[int, ...] = (1, 2, 3)
    built_widths: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 128)

    @classmethod
    def short(cls, seed: int = 0) -> UniversalApproximationClaim:
        """Two seeds, two shapes."""
        return cls(seed=seed, seeds=2, points=33, steps=150, widths=(4, 16), depths=(1, 2))

    def measure(self) -> UniversalApproximationMeasurement:
        """Compute, solve, train."""
        import torch

        grid = torch.linspace(-1, 1, 81)
        runs = TrainingPlan(tuple(range(self.seed, self.seed + self.seeds)), self.widths, self.points, self.steps)
        return UniversalApproximationMeasurement(
            first_seed=self.seed,
            seeds=self.seeds,
            points=self.points,
            steps=self.steps,
            grid=tuple(grid.tolist()),
            curves={name: tuple(curve(grid).tolist()) for name, (curve, _) in CURVES.items()},
            built=(
                *(build_from_knots(curve, self.built_widths, grid) for curve in CURVES),
                *(build(curve, kind, self.built_widths, self.seed) for curve in CURVES for kind in BASES),
            ),
            trained=tuple(found for depth in self.depths for found in train(runs, depth, grid)),
        )

    def judge(self, measured: UniversalApproximationMeasurement) -> Conclusion:
        """See `verdict_rule`."""
        knots = [built for built in measured.built if built.activation == "knots"]
        works = all(built.errors[-1] <= CLOSE and built.errors[-1] < built.errors[0] / 2 for built in knots)
        worst = max(knots, key=lambda built: built.errors[-1])
        because = [_about_knots(worst, works)]
        if not works:
            return Conclusion(ClaimVerdict.NOT_HERE, tuple(because))
        conditions = [*_polynomials(measured), *_outside(measured), *_unfound(measured)]
        return Conclusion(ClaimVerdict.CONDITIONS if conditions else ClaimVerdict.HOLDS, (*because, *conditions))

    def show(self, measured: UniversalApproximationMeasurement) -> Iterator[Block]:
        """The fits, and the errors against the width."""
        yield Paragraph(
            Text(
                "A layer of ReLUs on one input is a piecewise straight line with one kink for each unit, at −b/w. Behind it the next "
                "layer adds, and its own units bend the sum again.",
                "一维输入上的一层 ReLU 是一条折线，每个单元一个折点，位于 −b/w。下一层把它们相加，而它自己的单元又把和再折一次。",
            )
        )
        yield _fits(measured)
        yield _errors(measured)
        yield _table(measured)

    def evidence(self, measured: UniversalApproximationMeasurement) -> Text:
        """Seeds, points and steps."""
        seeds, points, steps = over_seeds(measured.seeds, measured.first_seed), count(measured.points), count(measured.steps)
        return Text(
            f"Errors are root mean squares on {count(1001)} points, as a share of the curve's standard deviation. Trained: "
            f"{measured.seeds} networks for each curve and shape ({seeds.en}), torch's default initialisation, {points} points, {steps} "
            f"steps of Adam at {RATE} falling to 0. Drawn is the best of them. Random first layers: one for each width.",
            f"误差是 {count(1001)} 个点上的均方根，以曲线标准差的比例表示。训练：每条曲线、每种形状 {measured.seeds} 个网络（"
            f"{seeds.zh}），torch 默认初始化，{points} 个点，以 Adam 训练 {steps} 步，学习率从 {RATE} 降到 0。画出的是其中最好的一个。随机"
            "第一层：每个宽度一个。",
        )

    @classmethod
    def cases(cls, measured: UniversalApproximationMeasurement) -> Iterator[ClaimCase[UniversalApproximationMeasurement]]:
        """Both sides of every bound."""
        ideal = _with_trained(_with_built(_with_built(measured, "square", 0.0), "identity", 0.0), error=0.0, outside=0.0)
        yield ClaimCase("no condition found", ideal, ClaimVerdict.HOLDS)
        yield ClaimCase("just close enough", _with_built(ideal, "knots", CLOSE), ClaimVerdict.HOLDS)
        yield ClaimCase("just not close", _with_built(ideal, "knots", 1.01 * CLOSE), ClaimVerdict.NOT_HERE)
        yield ClaimCase("polynomials nearly far", _with_built(ideal, "square", 0.99 * FAR), ClaimVerdict.HOLDS)
        yield ClaimCase("polynomials far", _with_built(ideal, "square", FAR), ClaimVerdict.CONDITIONS)
        yield ClaimCase("nearly far outside", _with_trained(ideal, error=0.0, outside=0.99 * FAR), ClaimVerdict.HOLDS)
        yield ClaimCase("far outside", _with_trained(ideal, error=0.0, outside=FAR), ClaimVerdict.CONDITIONS)
        yield ClaimCase("found by training", _with_trained(ideal, error=CLOSE, outside=0.0), ClaimVerdict.HOLDS)
        yield ClaimCase("not found by training", _with_trained(ideal, error=1.01 * CLOSE, outside=0.0), ClaimVerdict.CONDITIONS)
        stuck = tuple(replace(one, errors=(CLOSE,) * len(one.errors)) if one.activation == "knots" else one for one in ideal.built)
        yield ClaimCase("more units gain nothing", replace(ideal, built=stuck), ClaimVerdict.NOT_HERE)

    @classmethod
    def expected(cls, measured: UniversalApproximationMeasurement) -> dict[str, bool]:
        """What the short form shows."""
        knots = [built.errors for built in measured.built if built.activation == "knots"]
        polynomials = [built.errors for built in measured.built if built.activation in ("square", "identity")]
        others = [built.errors for built in measured.built if built.activation not in ("knots", "square", "identity")]
        least, *_, most = sorted({found.width for found in measured.trained})
        errors = {(found.curve, found.depth, found.width): min(found.errors) for found in measured.trained}
        return {
            "more knots, less error": all(later < earlier for found in knots for earlier, later in pairwise(found[1:])),
            "half the distance, a quarter of the error": all(3.5 < found[-2] / found[-1] < 4.5 for found in knots),
            "polynomials do not get near": all(found[-1] > 0.9 * found[1] > 0.5 for found in polynomials),
            "all others do": all(found[-1] < 0.05 for found in others),
            "a layer has no more kinks than units": all(len(one.kinks) <= one.width for one in measured.trained if one.depth == 1),
            "wide beats narrow": all(
                error < errors[curve, depth, least] for (curve, depth, width), error in errors.items() if width == most
            ),
        }


def _about_knots(worst: Built, works: bool) -> Text:
    name, first, last = CURVES[worst.curve][1], percentage(worst.errors[0]), percentage(worst.errors[-1])
    few, many = worst.widths[0], worst.widths[-1]
    rate = short(math.log(worst.errors[-2] / worst.errors[-1], 2))
    start = Text("Every curve can be approached", "每条曲线都可以逼近")
    if not works:
        start = Text("Not every curve was approached", "并非每条曲线都被逼近")
    return Text(
        f"{start.en}: with evenly spaced kinks the error of the hardest, {name}, falls from {first} with {few} ReLUs to {last} with "
        f"{many}, at the end as the power −{rate} of their number.",
        f"{start.zh}：折点等距时，最难的曲线 {name} 的误差从 {first}（{few} 个 ReLU）降到 {last}（{many} 个），最后按单元数的 −{rate} 次幂"
        "下降。",
    )


def _polynomials(measured: UniversalApproximationMeasurement) -> Iterator[Text]:
    """The functions between the layers that did not come close, however wide."""
    names = {"square": Text("x²", "x²"), "identity": Text("nothing", "什么都没有")}
    floors = {kind: max(built.errors[-1] for built in measured.built if built.activation == kind) for kind in names}
    stuck = {kind: floor for kind, floor in floors.items() if floor >= FAR}
    if stuck:
        widest = max(max(built.widths) for built in measured.built)
        en = " and ".join(f"{percentage(floor)} with {names[kind].en} between the layers" for kind, floor in stuck.items())
        zh = "，".join(f"层间为{names[kind].zh}时是 {percentage(floor)}" for kind, floor in stuck.items())
        yield Text(
            f"Condition: the function is no polynomial. With {widest} units the error is still {en}: any number of parabolas add up to a "
            "parabola.",
            f"条件：该函数不是多项式。用 {widest} 个单元，误差仍然很大：{zh}。再多抛物线相加还是一条抛物线。",
        )


def _outside(measured: UniversalApproximationMeasurement) -> Iterator[Text]:
    """How far the best fits miss beside the interval."""
    best = [min(_of(measured, curve), key=lambda found: min(found.errors)) for curve in CURVES]
    worst = max(best, key=lambda found: found.outside)
    if worst.outside >= FAR:
        inside, outside, name = percentage(min(worst.errors)), percentage(worst.outside), CURVES[worst.curve][1]
        yield Text(
            f"Condition: a bounded interval. The best network trained on {name} errs by {inside} on [−1, 1] and by {outside} beside it, "
            "up to ±2: outside its last kink it is a straight line.",
            f"条件：有界区间。在 {name} 上训练得最好的网络在 [−1, 1] 内误差 {inside}，在区间外直到 ±2 误差 {outside}：最后一个折点之外它是"
            "直线。",
        )


def _unfound(measured: UniversalApproximationMeasurement) -> Iterator[Text]:
    """Curves of which the weights exist but were not found by training, for most seeds of any shape."""
    for curve in CURVES:
        medians = {(found.depth, found.width): spread(found.errors).median for found in _of(measured, curve)}
        (depth, width), least = min(medians.items(), key=lambda entry: entry[1])
        if least > CLOSE:
            yield Text(
                f"Condition: the weights have to be found. On {CURVES[curve][1]} the best median of the trained networks is "
                f"{percentage(least)}, with {depth} hidden layers of {width} units.",
                f"条件：权重要找得到。在 {CURVES[curve][1]} 上，训练出的网络中最好的中位误差是 {percentage(least)}（{depth} 个隐藏层，每"
                f"层 {width} 个单元）。",
            )


def _of(measured: UniversalApproximationMeasurement, curve: str) -> list[Trained]:
    return [found for found in measured.trained if found.curve == curve]


def _fits(measured: UniversalApproximationMeasurement) -> Figure:
    depths = sorted({found.depth for found in measured.trained})
    widths = [width for width in _built(measured, "wave", "knots").widths if width in {found.width for found in measured.trained}]
    start = len(widths) // 2
    frames = []
    for curve in CURVES:
        frames += [_computed_frame(measured, curve, width) for width in widths]
        frames += [_trained_frame(measured, curve, depth, width) for depth in depths for width in widths]
    built = _built(measured, "wave", "knots")
    error = percentage(built.errors[built.widths.index(widths[start])])
    return explorer(
        name="fit",
        title=Text("A curve, and what ReLU networks make of it", "一条曲线，和 ReLU 网络对它的拟合"),
        alt=Text(
            f"The curve sin(2πx) on [−1, 1], and the piecewise straight line of {widths[start]} ReLUs with one kink each, marked by dots, "
            f"which misses the curve by {error} of its standard deviation.",
            f"[−1, 1] 上的曲线 sin(2πx)，和 {widths[start]} 个 ReLU 组成的折线，每个单元一个折点，用圆点标出，误差为曲线标准差的 {error}。",
        ),
        sliders=[
            Slider(Text("curve", "曲线"), tuple(words for _, words in CURVES.values()), 0),
            Slider(
                Text("depth: hidden layers", "深度：隐藏层数"),
                (Text("1, computed", "1，直接算出"), *(Text(f"{depth}, trained", f"{depth}，训练得到") for depth in depths)),
                0,
            ),
            Slider(Text("width: units in a layer", "宽度：每层单元数"), tuple(map(str, widths)), start),
        ],
        settings=frames,
    )


def _computed_frame(measured: UniversalApproximationMeasurement, curve: str, width: int) -> Setting:
    built = _built(measured, curve, "knots")
    place = built.widths.index(width)
    error, kinks = percentage(built.errors[place]), tuple(2 * index / width - 1 for index in range(width))
    readout = Text(
        f"Error {error}, computed: {width} units with their kinks at even distances.", f"误差 {error}，直接算出：{width} 个单元，折点等距。"
    )
    return _frame(measured, curve, built.fits[place], kinks, readout)


def _trained_frame(measured: UniversalApproximationMeasurement, curve: str, depth: int, width: int) -> Setting:
    found = next(found for found in _of(measured, curve) if (found.depth, found.width) == (depth, width))
    median, best, kinks = percentage(spread(found.errors).median), percentage(min(found.errors)), len(found.kinks)
    readout = Text(
        f"Error {best} for the best of {len(found.errors)} trained networks, {median} in the median; {kinks} kinks from {depth * width} "
        "units.",
        f"{len(found.errors)} 个训练的网络中最好的误差 {best}，中位数 {median}；{depth * width} 个单元产生 {kinks} 个折点。",
    )
    return _frame(measured, curve, found.fit, found.kinks, readout)


def _frame(
    measured: UniversalApproximationMeasurement, curve: str, fit: tuple[float, ...], kinks: tuple[float, ...], readout: Text
) -> Setting:
    xs = measured.grid
    heights = tuple(_at(xs, fit, kink) for kink in kinks)
    marks = (
        Line(Text("the curve", "原曲线"), xs, measured.curves[curve], NEUTRAL, dashed=True),
        Line(Text("the network", "网络"), xs, fit, COLOURS["relu"]),
        Dots(Text("kinks", "折点"), kinks, heights, COLOURS["sigmoid"], size=6),
    )
    return Setting(readout, (Panel("", Axis("x", -1, 1), Axis("f(x)", -1.6, 1.6), marks),))


def _built(measured: UniversalApproximationMeasurement, curve: str, kind: str) -> Built:
    return next(built for built in measured.built if (built.curve, built.activation) == (curve, kind))


def _at(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """The height of a curve at x, between its points."""
    place = (x - xs[0]) / (xs[-1] - xs[0]) * (len(xs) - 1)
    left = min(int(place), len(xs) - 2)
    return ys[left] + (place - left) * (ys[left + 1] - ys[left])


def _errors(measured: UniversalApproximationMeasurement) -> Figure:
    fall = {kind: [_built(measured, curve, kind) for curve in CURVES] for kind in SHOWN}
    values = "; ".join(
        f"{SHOWN[kind]} " + ", ".join(f"{percentage(built.errors[0])} → {percentage(built.errors[-1])}" for built in found)
        for kind, found in fall.items()
    )
    few, many = fall["knots"][0].widths[0], fall["knots"][0].widths[-1]
    return Figure(
        name="error-by-width",
        title=Text("Error against width, for each curve", "每条曲线的误差与宽度"),
        alt=Text(
            f"Three panels, one for each curve, both axes logarithmic: the error against the width. From {few} to {many} units: {values}.",
            f"三幅图，每条曲线一幅，两轴都是对数：误差与宽度。从 {few} 到 {many} 个单元：{values}。",
        ),
        panels=tuple(_error_panel(measured, curve) for curve in CURVES),
    )


def _error_panel(measured: UniversalApproximationMeasurement, curve: str) -> Panel:
    built = {kind: _built(measured, curve, kind) for kind in SHOWN}
    labels = {kind: Text(f"{name}, random layer", f"{name}，随机层") for kind, name in SHOWN.items()}
    labels["knots"] = Text("ReLU, even kinks", "ReLU，等距折点")
    colours = {**COLOURS, "knots": COLOURS["relu"], "square": NEUTRAL}
    marks = [Line(labels[kind], own.widths, own.errors, colours[kind]) for kind, own in built.items()]
    for depth, colour in zip(sorted({found.depth for found in measured.trained}), (5, 4, 6), strict=False):
        own = sorted((found for found in _of(measured, curve) if found.depth == depth), key=lambda found: found.width)
        label = Text(f"trained ReLU, {depth} hidden, median", f"训练的 ReLU，{depth} 个隐藏层，中位数")
        medians = tuple(spread(found.errors).median for found in own)
        marks.append(Line(label, [found.width for found in own], medians, colour, dashed=True))
    widest = max(built["knots"].widths)
    names = tuple((float(width), str(width)) for width in (1, 4, 16, 64) if width <= widest)
    x = Axis(Text("units in a layer", "每层单元数"), 1, widest, scale="log", names=names)
    y = Axis(Text("error, share of std", "误差（标准差的比例）"), LOWEST, 3, scale="log")
    return Panel(CURVES[curve][1], x, y, tuple(marks))


LOWEST = 1e-5
"""Errors below are not drawn: smooth curves are met by smooth functions to the last digit."""


def _table(measured: UniversalApproximationMeasurement) -> Table:
    shapes = sorted({(found.depth, found.width) for found in measured.trained})
    kind_of = interval_words(measured.seeds)
    rows: list[tuple[Words, ...]] = []
    for depth, width in shapes:
        own = [next(found for found in _of(measured, curve) if (found.depth, found.width) == (depth, width)) for curve in CURVES]
        rows.append((f"{depth} × {width}", *(interval(spread(found.errors).times(100)) for found in own)))
    return Table(
        Text(
            f"Error of trained ReLU networks in % of the standard deviation: median over seeds ({kind_of.en})",
            f"训练的 ReLU 网络的误差（标准差的 %）：各种子的中位数（{kind_of.zh}）",
        ),
        (Text("hidden layers × units", "隐藏层 × 单元"), *(words for _, words in CURVES.values())),
        tuple(rows),
    )


def _with_built(measured: UniversalApproximationMeasurement, activation: str, last: float) -> UniversalApproximationMeasurement:
    changed = (replace(one, errors=(*one.errors[:-1], last)) if one.activation == activation else one for one in measured.built)
    return replace(measured, built=tuple(changed))


def _with_trained(measured: UniversalApproximationMeasurement, error: float, outside: float) -> UniversalApproximationMeasurement:
    changed = (replace(one, errors=(error,) * len(one.errors), outside=outside) for one in measured.trained)
    return replace(measured, trained=tuple(changed))
