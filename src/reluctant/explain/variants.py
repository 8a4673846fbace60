"""Claim 8: Leaky ReLU, PReLU and ELU keep a slope below 0, and that helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reluctant.activations import Activation, get
from reluctant.figures import Axis, Band, Dots, Figure, Line, Mark, Panel, Setting, Slider, Words, explorer
from reluctant.numbers import count, percent, percentage, short

from ._claim import Block, Claim, ClaimCase, ClaimVerdict, Conclusion, Paragraph, Table
from ._curves import COLOURS, curve_panels, title
from ._spread import ANSWERS, compared, over_seeds
from ._text import Text
from ._variant_training import NARROW, NARROW_RATE, SOLVED, WIDTH, PreluSlopes, Seeds, VariantRuns, fatal, learned_slopes, narrow

RELU = "relu"
VARIANTS = ("leaky_relu", "prelu", "elu")
ALPHAS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class VariantsMeasurement:
    """What the experiment gave."""

    first_seed: int
    seeds: int
    points: int
    steps: int
    narrow_steps: int
    fatal: tuple[VariantRuns, ...]
    """By learning rate, in a network of ordinary shape."""
    narrow: tuple[VariantRuns, ...]
    """By depth, in networks too narrow for it, at a gentle rate."""
    slopes: tuple[PreluSlopes, ...]
    """By layer."""


@dataclass(frozen=True)
class VariantsClaim(Claim[VariantsMeasurement]):
    """The variants of ReLU keep a slope below 0, so their units do not die and their networks learn."""

    number = 8
    title = Text("Leaky ReLU, PReLU, ELU", "Leaky ReLU、PReLU 与 ELU")
    statement = Text(
        "Leaky ReLU, PReLU and ELU keep a slope below 0, so their units do not die, and networks learn with them where they do not with "
        "ReLU.",
        "Leaky ReLU、PReLU 与 ELU 在 0 以下保留斜率，所以单元不会死；在 ReLU 学不动的地方，用它们的网络学得动。",
    )
    experiment = Text(
        "Two ways in which ReLUs die, each run again with every variant from the same seeds. The fatal run of claim 7, at rates from "
        "gentle to fatal. And narrow, deep networks, "
        "where units are dead before the first step. Besides, PReLU's slopes are watched as they are learned.",
        "ReLU 有两种死法，每种都用各个变体从相同的种子重跑一遍。一是论断 7 的致命训练，学习率从温和到致命。二是又窄又深的网络，那里的单元"
        "在第一步之前就已死去。另外，观察 PReLU 的斜率如何被学出来。",
    )
    verdict_rule = Text(
        f"A network has learned with {percent(SOLVED)} of its points right. A variant is better in a setting where it learns on more "
        "seeds than ReLU by the exact sign test at 95 %. The two settings are the first rate above ReLU's best at which it learns on "
        "fewer than half of the seeds, and the deepest of the narrow networks. Holds where all variants are better in both; does not "
        "hold where none is better in either; else it holds under conditions.",
        f"训练点答对 {percent(SOLVED)} 就算学会。若按 95 % 的精确符号检验，某个变体学会的种子比 ReLU 多，就称它在该设置下更好。两个设置"
        "是：在 ReLU 的最佳学习率之上、它在不到一半的种子上学会的第一个学习率，以及最深的窄网络。所有变体在两处都更好：成立。没有变体在任"
        "何一处更好：不成立。其余：有条件成立。",
    )
    measurement = VariantsMeasurement

    seeds: int = 16
    points: int = 128
    rates: tuple[float, ...] = (1.0, 3.0, 6.0, 10.0, 30.0)
    steps: int = 150
    depths: tuple[int, ...] = (4, 8, 16)
    narrow_steps: int = 200

    @classmethod
    def short(cls, seed: int = 0) -> VariantsClaim:
        """Few settings, fewer steps."""
        return cls(seed=seed, seeds=10, points=64, rates=(1.0, 30.0), steps=60, depths=(16,), narrow_steps=120)

    def measure(self) -> VariantsMeasurement:
        """Run what kills ReLUs with every variant."""
        names, seeds = (RELU, *VARIANTS), Seeds(tuple(range(self.seed, self.seed + self.seeds)), self.points)
        return VariantsMeasurement(
            first_seed=self.seed,
            seeds=self.seeds,
            points=self.points,
            steps=self.steps,
            narrow_steps=self.narrow_steps,
            fatal=tuple(runs for name in names for runs in fatal(seeds, name, self.rates, self.steps)),
            narrow=tuple(narrow(seeds, name, depth, self.narrow_steps) for name in names for depth in self.depths),
            slopes=learned_slopes(seeds, self.narrow_steps),
        )

    def judge(self, measured: VariantsMeasurement) -> Conclusion:
        """See `verdict_rule`."""
        rate, depth = _fatal_rate(measured), max(runs.setting for runs in measured.narrow)
        settings = ((measured.fatal, rate), (measured.narrow, depth))
        answers = [[compared(_runs(runs, name, at).solved, _runs(runs, RELU, at).solved) for name in VARIANTS] for runs, at in settings]
        better = [answer > 0 for one in answers for answer in one]
        verdict = ClaimVerdict.HOLDS if all(better) else ClaimVerdict.CONDITIONS if any(better) else ClaimVerdict.NOT_HERE
        return Conclusion(
            verdict, (_about_narrow(measured, depth, answers[1]), _about_fatal(measured, rate, answers[0]), _about_lowering(measured))
        )

    def show(self, measured: VariantsMeasurement) -> Iterator[Block]:
        """Curves over the slope, the two settings, the learned slopes."""
        yield _curves_figure()
        yield _settings_figure(measured)
        yield _table(measured)
        yield _slopes_figure(measured)
        yield Paragraph(
            Text(
                "A slope below 0 carries a gradient back through a unit that would be silent, so the unit can be moved again. It does "
                "nothing against a step that is too large: there it carries the blow as "
                "well as the gradient, and where ReLU goes silent the variants can diverge.",
                "0 以下的斜率让梯度能穿过本会沉默的单元，使它又能被推动。但它对过大的步子毫无帮助：它传递梯度，也传递冲击；在 ReLU 沉默的"
                "地方，变体可能发散。",
            )
        )

    def evidence(self, measured: VariantsMeasurement) -> Text:
        """Seeds, points, steps."""
        seeds, points = over_seeds(measured.seeds, measured.first_seed), count(measured.points)
        return Text(
            f"{measured.seeds} networks for each activation and setting ({seeds.en}), two moons, {points} points. Fatal run: 2 → {WIDTH} → "
            f"{WIDTH} → 1, torch's default initialisation, {measured.steps} steps of "
            f"gradient descent. Narrow: layers of {NARROW} units, He initialisation, {measured.narrow_steps} steps of Adam at "
            f"{NARROW_RATE:g}. PReLU's slopes start at {get('prelu').parameters['init']:g}.",
            f"每种激活函数、每个设置 {measured.seeds} 个网络（{seeds.zh}），双月，{points} 个点。致命训练：2 → {WIDTH} → {WIDTH} → 1，"
            f"torch 默认初始化，梯度下降 {measured.steps} 步。窄网络：每层 {NARROW} 个单元，He 初始化，Adam（学习率 {NARROW_RATE:g}）"
            f"{measured.narrow_steps} 步。PReLU 的斜率从 {get('prelu').parameters['init']:g} 开始。",
        )

    @classmethod
    def cases(cls, measured: VariantsMeasurement) -> Iterator[ClaimCase[VariantsMeasurement]]:
        """Both sides of every bound."""
        seeds = measured.seeds
        nobody = _with_solved(measured, "fatal narrow", (RELU, *VARIANTS), 0)
        every = _with_solved(nobody, "fatal narrow", VARIANTS, seeds)
        yield ClaimCase("all better in both", every, ClaimVerdict.HOLDS)
        yield ClaimCase("none better in either", nobody, ClaimVerdict.NOT_HERE)
        yield ClaimCase("six of six seeds are enough", _with_solved(nobody, "narrow", ("elu",), 6), ClaimVerdict.CONDITIONS)
        yield ClaimCase("five are not", _with_solved(nobody, "narrow", ("elu",), 5), ClaimVerdict.NOT_HERE)
        yield ClaimCase("worse is not better", _with_solved(nobody, "narrow", (RELU,), seeds), ClaimVerdict.NOT_HERE)
        yield ClaimCase("better in one of both", _with_solved(every, "fatal", VARIANTS, 0), ClaimVerdict.CONDITIONS)

    @classmethod
    def expected(cls, measured: VariantsMeasurement) -> dict[str, bool]:
        """What the short form shows."""
        rates = {(runs.activation, runs.setting): runs for runs in measured.fatal}
        depths = {runs.activation: runs for runs in measured.narrow}
        highest = max(runs.setting for runs in measured.fatal)
        return {
            "the highest rate kills ReLU's units": rates[RELU, highest].dead > 0.6,
            "a dead network is silent": rates[RELU, highest].diverged == 0.0,
            "no variant survives that rate": not any(solved for name in VARIANTS for solved in rates[name, highest].solved),
            "some of them diverge": any(rates[name, highest].diverged > 0.5 for name in VARIANTS),
            "narrow networks of ReLUs are born dead": depths[RELU].stuck_at_start > 0.5,
            "those of ELUs learn": sum(depths["elu"].solved) > sum(depths[RELU].solved) + 2,
            "PReLU learns its slopes": all(layer.median[0] == 0.25 != layer.median[-1] for layer in measured.slopes),
        }


def _runs(runs: Sequence[VariantRuns], name: str, setting: float) -> VariantRuns:
    return next(one for one in runs if (one.activation, one.setting) == (name, setting))


def _fatal_rate(measured: VariantsMeasurement) -> float:
    """The first rate above ReLU's best at which it learns on fewer than half of the seeds; the highest where there is none."""
    relu = [runs for runs in measured.fatal if runs.activation == RELU]
    above = relu[relu.index(_best_rate(measured)) + 1 :]
    return next((runs.setting for runs in above if sum(runs.solved) < len(runs.solved) / 2), relu[-1].setting)


def _best_rate(measured: VariantsMeasurement) -> VariantRuns:
    """The rate at which ReLU learns on most seeds."""
    return max((runs for runs in measured.fatal if runs.activation == RELU), key=lambda runs: sum(runs.solved))


def _by_variant(runs: Sequence[VariantRuns], setting: float, answers: Sequence[int]) -> Text:
    """How many seeds each variant learned on, and what that comes to."""
    en, zh = [], []
    for name, answer in zip(VARIANTS, answers, strict=True):
        number, shown = sum(_runs(runs, name, setting).solved), title(get(name))
        en.append(f"{shown} {number} ({ANSWERS[answer].en})")
        zh.append(f"{shown} {number}（{ANSWERS[answer].zh}）")
    return Text(", ".join(en), "，".join(zh))


def _about_narrow(measured: VariantsMeasurement, depth: float, answers: Sequence[int]) -> Text:
    by_variant, relu = _by_variant(measured.narrow, depth, answers), _runs(measured.narrow, RELU, depth)
    stuck = percentage(relu.stuck_at_start)
    return Text(
        f"In narrow networks of {depth:g} layers ReLU learns on {sum(relu.solved)} of {measured.seeds} seeds; {stuck} of its networks "
        f"give one output for every input before the first step. {by_variant.en}.",
        f"在 {depth:g} 层的窄网络中，ReLU 在 {measured.seeds} 个种子中的 {sum(relu.solved)} 个上学会；{stuck} 的网络在第一步之前就对每个输"
        f"入给出同一个输出。{by_variant.zh}。",
    )


def _about_fatal(measured: VariantsMeasurement, rate: float, answers: Sequence[int]) -> Text:
    by_variant, relu = _by_variant(measured.fatal, rate, answers), _runs(measured.fatal, RELU, rate)
    diverged = ", ".join(f"{title(get(name))} {percentage(_runs(measured.fatal, name, rate).diverged)}" for name in (RELU, *VARIANTS))
    return Text(
        f"At the fatal rate {rate:g} ReLU learns on {sum(relu.solved)} of {measured.seeds} seeds, with {percentage(relu.dead)} of its "
        f"units dead. {by_variant.en}. Diverged to no number at all: {diverged}.",
        f"在致命的学习率 {rate:g} 下，ReLU 在 {measured.seeds} 个种子中的 {sum(relu.solved)} 个上学会，{percentage(relu.dead)} "
        f"的单元死去。{by_variant.zh}。发散到不再是数：{diverged}。",
    )


def _about_lowering(measured: VariantsMeasurement) -> Text:
    best = _best_rate(measured)
    return Text(
        f"A lower rate from the start: at {best.setting:g} ReLU itself learns on {sum(best.solved)} of {measured.seeds}.",
        f"从一开始就用较低的学习率：在 {best.setting:g} 时，ReLU 自己在 {measured.seeds} 个中的 {sum(best.solved)} 个上学会。",
    )


def _curves_figure() -> Figure:
    kinds: dict[str, Callable[[float], Activation]] = {
        "Leaky ReLU, PReLU": lambda alpha: get("leaky_relu", negative_slope=alpha),
        "ELU": lambda alpha: get("elu", alpha=alpha),
    }
    start, at = ALPHAS.index(0.2), -2.0
    frames = [_curve_frame(kind(alpha), name, alpha) for name, kind in kinds.items() for alpha in ALPHAS]
    leaky, elu = (kind(ALPHAS[start]) for kind in kinds.values())
    return explorer(
        name="variants",
        title=Text("The variants and their slopes, by α", "各变体及其斜率，随 α 变化"),
        alt=Text(
            f"Curve and slope from −4 to 4. Above 0 all are the diagonal. Below, with α = {ALPHAS[start]:g}, at x = −2: Leaky ReLU "
            f"{short(leaky(at))} with slope {short(leaky.slope(at))}, ELU {short(elu(at))} with slope {short(elu.slope(at))}.",
            f"从 −4 到 4 的曲线与斜率。0 以上都是对角线。以下，α = {ALPHAS[start]:g}，x = −2 处：Leaky ReLU 为 {short(leaky(at))}，斜率 "
            f"{short(leaky.slope(at))}；ELU 为 {short(elu(at))}，斜率 {short(elu.slope(at))}。",
        ),
        sliders=[
            Slider(Text("activation", "激活函数"), tuple(kinds), 0),
            Slider(Text("slope α", "斜率 α"), tuple(f"{alpha:g}" for alpha in ALPHAS), start),
        ],
        settings=frames,
    )


def _curve_frame(activation: Activation, name: str, alpha: float) -> Setting:
    traits = activation.traits
    chi, gain = short(activation.mean_square_slope()), short(traits.gain)
    line = Text(" It is a straight line.", "它是一条直线。") if traits.straight_line else Text("", "")
    dead = Text(" Below 0 its slope is 0.", "在 0 以下斜率为 0。") if traits.dead_regions else Text("", "")
    readout = Text(
        f"{name}, α = {alpha:g}: gain {gain}, E[f′(z)²] = {chi}.{line.en}{dead.en}",
        f"{name}，α = {alpha:g}：增益 {gain}，E[f′(z)²] = {chi}。{line.zh}{dead.zh}",
    )
    curve, slope = curve_panels([activation], [Text("the curve", "曲线")])
    low = Axis("f(x)", -4, 4)
    return Setting(readout, (Panel(curve.title, curve.x, low, curve.marks), slope))


def _settings_figure(measured: VariantsMeasurement) -> Figure:
    rates, depths = (sorted({runs.setting for runs in which}) for which in (measured.fatal, measured.narrow))
    values = "; ".join(
        f"{title(get(name))} " + ", ".join(f"{sum(_runs(measured.fatal, name, rate).solved)}" for rate in rates) + " / "
        + ", ".join(f"{sum(_runs(measured.narrow, name, depth).solved)}" for depth in depths)
        for name in (RELU, *VARIANTS)
    )  # fmt: skip
    shown_rates, shown_depths = ", ".join(f"{rate:g}" for rate in rates), ", ".join(f"{depth:g}" for depth in depths)
    return Figure(
        name="learned-by-setting",
        title=Text(f"On how many of {measured.seeds} seeds each learns", f"各在 {measured.seeds} 个种子中的多少个上学会"),
        alt=Text(
            f"Two panels, a line for each activation. Left by learning rate ({shown_rates}), right by number of narrow layers "
            f"({shown_depths}); seeds on which it learned, left / right: {values}.",
            f"两幅图，每种激活函数一条线。左：按学习率（{shown_rates}）；右：按窄网络的层数（{shown_depths}）；学会的种子数，左 / 右："
            f"{values}。",
        ),
        panels=(
            _setting_panel(measured.fatal, Text("at a rate that kills", "致命的学习率"), Text("learning rate", "学习率"), log=True),
            _setting_panel(measured.narrow, Text("narrow and deep", "又窄又深"), Text("hidden layers", "隐藏层数"), log=False),
        ),
    )


def _setting_panel(runs: Sequence[VariantRuns], name: Text, label: Text, log: bool) -> Panel:
    settings, seeds, marks = sorted({one.setting for one in runs}), len(runs[0].solved), list[Mark]()
    for activation in (RELU, *VARIANTS):
        ys = tuple(float(sum(_runs(runs, activation, setting).solved)) for setting in settings)
        marks.append(Line(title(get(activation)), tuple(settings), ys, COLOURS[activation]))
        marks.append(Dots(title(get(activation)), tuple(settings), ys, COLOURS[activation], size=6))
    low, high = (settings[0] / 1.3, settings[-1] * 1.3) if log else (settings[0] - 1, settings[-1] + 1)
    ticks = tuple((setting, f"{setting:g}") for setting in settings)
    x = Axis(label, low, high, "log" if log else "linear", ticks)
    return Panel(name, x, Axis(Text("seeds", "种子数"), -0.5, seeds + 0.5), tuple(marks))


def _slopes_figure(measured: VariantsMeasurement) -> Figure:
    start = short(measured.slopes[0].median[0])
    ends = ", ".join(short(layer.median[-1]) for layer in measured.slopes)
    marks: list[Mark] = []
    for index, layer in enumerate(measured.slopes, start=1):
        xs, name = tuple(map(float, layer.steps)), Text(f"layer {index}, median", f"第 {index} 层，中位数")
        marks += [Band(xs, layer.least, layer.largest, index), Line(name, xs, layer.median, index)]
    least, largest = min(min(layer.least) for layer in measured.slopes), max(max(layer.largest) for layer in measured.slopes)
    x = Axis(Text("step", "步"), 0, float(measured.slopes[0].steps[-1]))
    y = Axis(Text("slope below 0", "0 以下的斜率"), min(0.0, 1.1 * least), 1.1 * largest)
    return Figure(
        name="learned-slopes",
        title=Text("PReLU's slopes as they are learned", "PReLU 的斜率如何被学出来"),
        alt=Text(
            f"The learned slope of each layer by step, median and range over {measured.seeds} seeds. All start at {start}; the medians "
            f"end at {ends}, the single ones between {short(least)} and {short(largest)}.",
            f"各层学出的斜率随步数变化，{measured.seeds} 个种子的中位数与范围。都从 {start} 开始；中位数最后为 {ends}，单个值在 "
            f"{short(least)} 与 {short(largest)} 之间。",
        ),
        panels=(Panel("", x, y, tuple(marks)),),
    )


def _table(measured: VariantsMeasurement) -> Table:
    rows: list[tuple[Words, ...]] = []
    for runs, words in ((measured.fatal, Text("rate", "学习率")), (measured.narrow, Text("narrow layers", "窄层数"))):
        for setting in sorted({one.setting for one in runs}):
            cells = []
            for name in (RELU, *VARIANTS):
                one = _runs(runs, name, setting)
                cells.append(f"{sum(one.solved)} / {percentage(one.dead)} / {percentage(one.diverged)}")
            rows.append((Text(f"{words.en} {setting:g}", f"{words.zh} {setting:g}"), *cells))
    return Table(
        Text("Seeds on which it learned / units dead at the end / networks diverged", "学会的种子数 / 最后死去的单元 / 发散的网络"),
        (Text("setting", "设置"), *(title(get(name)) for name in (RELU, *VARIANTS))),
        tuple(rows),
    )


def _with_solved(measured: VariantsMeasurement, settings: str, names: tuple[str, ...], number: int) -> VariantsMeasurement:
    """So many seeds learned with these activations, at every rate or depth of these settings."""
    for setting in settings.split():
        runs = getattr(measured, setting)
        solved = tuple(index < number for index in range(measured.seeds))
        changed: dict[str, Any] = {setting: tuple(replace(one, solved=solved) if one.activation in names else one for one in runs)}
        measured = replace(measured, **changed)
    return measured
