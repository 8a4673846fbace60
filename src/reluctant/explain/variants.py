"""Claim 8: Leaky ReLU, PReLU and ELU keep a slope below 0, and that helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reluctant.activations import Activation, get
from reluctant.report._numbers import count

from ._blocks import Block, Paragraph, Table
from ._claim import Claim
from ._curves import curve_panels, title
from ._data import moons
from ._figure import COLOURS, Axis, Band, Dots, Figure, Frame, Line, Mark, Panel, Slider, explorer
from ._networks import Function, forward, in_torch, linear_layers, side_by_side
from ._paired import ANSWERS, compared
from ._spread import over_seeds, percentage, short, spread
from ._text import Text, Words
from ._verdict import Judgement, Verdict

if TYPE_CHECKING:
    from torch import Tensor

RELU = "relu"
VARIANTS = ("leaky_relu", "prelu", "elu")
SOLVED = 0.97
"""A network has learned where it gets at least this share of its training points right."""
NARROW = 4
NARROW_RATE = 0.01
WIDTH = 32
ALPHAS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Runs:
    """Networks with one activation in one setting, one for each seed."""

    activation: str
    setting: float
    """The learning rate, or the number of layers."""
    solved: tuple[bool, ...]
    dead: float
    """Mean share of units with slope 0 on every training point at the end."""
    diverged: float
    """Share of networks whose loss is no longer finite."""
    stuck_at_start: float
    """Share of networks that give the same output for every input before training, to float32."""


@dataclass(frozen=True)
class Slopes:
    """PReLU's learned slopes of one layer through a training, over seeds."""

    steps: tuple[int, ...]
    median: tuple[float, ...]
    least: tuple[float, ...]
    largest: tuple[float, ...]


@dataclass(frozen=True)
class Measured:
    """What the experiment gave."""

    first_seed: int
    seeds: int
    points: int
    steps: int
    narrow_steps: int
    fatal: tuple[Runs, ...]
    """By learning rate, in a network of ordinary shape."""
    narrow: tuple[Runs, ...]
    """By depth, in networks too narrow for it, at a gentle rate."""
    slopes: tuple[Slopes, ...]
    """By layer."""


@dataclass(frozen=True)
class Variants(Claim[Measured]):
    """The variants of ReLU keep a slope below 0, so their units do not die and their networks learn."""

    number = 8
    title = Text("Leaky ReLU, PReLU, ELU", "Leaky ReLU、PReLU、ELU")
    statement = Text(
        "Leaky ReLU, PReLU and ELU keep a slope below 0, so their units do not die, and networks learn with them where they do not with ReLU.",
        "Leaky ReLU、PReLU 与 ELU 在 0 以下保留斜率，所以单元不会死；在 ReLU 学不动的地方，用它们的网络学得动。",
    )
    experiment = Text(
        "Two ways in which ReLUs die, each run again with every variant from the same seeds. The fatal run of claim 7, at rates from gentle to fatal. And narrow, deep networks, "
        "where units are dead before the first step. Besides, PReLU's slopes are watched as they are learned.",
        "ReLU 有两种死法，每种都用各个变体从相同的种子重跑一遍。一是论断 7 的致命训练，学习率从温和到致命。二是又窄又深的网络，那里的单元在第一步之前就已死去。另外，观察 PReLU 的斜率如何被学出来。",
    )
    verdict_rule = Text(
        f"A network has learned with {percentage(SOLVED)} of its points right. A variant is better in a setting where it learns on more seeds than ReLU by the exact sign test at 95 %. The two settings are "
        "the first rate above ReLU's best at which it learns on fewer than half of the seeds, and the deepest of the narrow networks. Holds where all variants are better in both; does not hold where none is better in either; else "
        "it holds under conditions.",
        f"训练点答对 {percentage(SOLVED)} 就算学会。若按 95 % 的精确符号检验，某个变体学会的种子比 ReLU 多，就称它在该设置下更好。两个设置是：在 ReLU 的最佳学习率之上、它在不到一半的种子上学会的第一个学习率，"
        "以及最深的窄网络。所有变体在两处都更好：成立。没有变体在任何一处更好：不成立。其余：有条件成立。",
    )
    measurement = Measured

    seeds: int = 16
    points: int = 128
    rates: tuple[float, ...] = (1.0, 3.0, 6.0, 10.0, 30.0)
    steps: int = 150
    depths: tuple[int, ...] = (4, 8, 16)
    narrow_steps: int = 200

    @classmethod
    def short(cls, seed: int = 0) -> Variants:
        """Few settings, fewer steps."""
        return cls(seed=seed, seeds=10, points=64, rates=(1.0, 30.0), steps=60, depths=(16,), narrow_steps=120)

    def measure(self) -> Measured:
        """Run what kills ReLUs with every variant."""
        names = (RELU, *VARIANTS)
        return Measured(
            first_seed=self.seed,
            seeds=self.seeds,
            points=self.points,
            steps=self.steps,
            narrow_steps=self.narrow_steps,
            fatal=tuple(runs for name in names for runs in _fatal(self, name)),
            narrow=tuple(_narrow(self, name, depth) for name in names for depth in self.depths),
            slopes=_learned_slopes(self),
        )

    def judge(self, measured: Measured) -> Judgement:
        """See `verdict_rule`."""
        rate, depth = _fatal_rate(measured), max(runs.setting for runs in measured.narrow)
        settings = ((measured.fatal, rate), (measured.narrow, depth))
        answers = [[compared(_runs(runs, name, at).solved, _runs(runs, RELU, at).solved) for name in VARIANTS] for runs, at in settings]
        better = [answer > 0 for one in answers for answer in one]
        verdict = Verdict.HOLDS if all(better) else Verdict.CONDITIONS if any(better) else Verdict.NOT_HERE
        return Judgement(verdict, (_about_narrow(measured, depth, answers[1]), _about_fatal(measured, rate, answers[0]), _about_lowering(measured)))

    def show(self, measured: Measured) -> Iterator[Block]:
        """Curves over the slope, the two settings, the learned slopes."""
        yield _curves_figure()
        yield _settings_figure(measured)
        yield _table(measured)
        yield _slopes_figure(measured)
        yield Paragraph(
            Text(
                "A slope below 0 carries a gradient back through a unit that would be silent, so the unit can be moved again. It does nothing against a step that is too large: there it carries the blow as "
                "well as the gradient, and where ReLU goes silent the variants can diverge.",
                "0 以下的斜率让梯度能穿过本会沉默的单元，使它又能被推动。但它对过大的步子毫无帮助：它传递梯度，也传递冲击；在 ReLU 沉默的地方，变体可能发散。",
            )
        )

    def evidence(self, measured: Measured) -> Text:
        """Seeds, points, steps."""
        seeds, points = over_seeds(measured.seeds, measured.first_seed), count(measured.points)
        return Text(
            f"{measured.seeds} networks for each activation and setting ({seeds.en}), two moons, {points} points. Fatal run: 2 → {WIDTH} → {WIDTH} → 1, torch's default initialisation, {measured.steps} steps of "
            f"gradient descent. Narrow: layers of {NARROW} units, He initialisation, {measured.narrow_steps} steps of Adam at {NARROW_RATE:g}. PReLU's slopes start at {get('prelu').parameters['init']:g}.",
            f"每种激活函数、每个设置 {measured.seeds} 个网络（{seeds.zh}），双月，{points} 个点。致命训练：2 → {WIDTH} → {WIDTH} → 1，torch 默认初始化，梯度下降 {measured.steps} 步。"
            f"窄网络：每层 {NARROW} 个单元，He 初始化，Adam（学习率 {NARROW_RATE:g}）{measured.narrow_steps} 步。PReLU 的斜率从 {get('prelu').parameters['init']:g} 开始。",
        )


def _data(claim: Variants, repeats: int = 1) -> tuple[Tensor, Tensor]:
    """Points and classes of every seed, all of them `repeats` times over."""
    import torch

    samples = [moons(claim.points, claim.seed + index) for index in range(claim.seeds)] * repeats
    return torch.stack([points for points, _ in samples]), torch.stack([classes for _, classes in samples])


def _seeds(claim: Variants) -> list[int]:
    return [claim.seed + index for index in range(claim.seeds)]


def _learned(name: str, parameters: Sequence[Tensor]) -> list[Tensor]:
    """PReLU's slopes, one for each layer and network; of the others none."""
    import torch

    start = float(get("prelu").parameters["init"])
    return [torch.full_like(bias[:, :, :1], start).requires_grad_() for bias in parameters[1:-1:2]] if name == "prelu" else []


def _functions(name: str, learned: Sequence[Tensor], layers: int) -> list[Function]:
    """The activation of each layer. torch's PReLU takes one slope for all networks, so the networks side by side need it written out."""
    if name != "prelu":
        return [in_torch(get(name))] * layers
    return [_leaky(slope) for slope in learned]


def _leaky(slope: Tensor) -> Function:
    import torch

    return lambda z: torch.where(z > 0, z, slope * z)


def _scores(parameters: Sequence[Tensor], x: Tensor, functions: Sequence[Function], seen: list[Tensor] | None = None) -> Tensor:
    """The networks' scores, with an activation of its own for each layer."""
    following = iter(functions)
    return forward(parameters, x, lambda z: next(following)(z), seen)[..., 0]


def _train(claim: Variants, name: str, parameters: list[Tensor], steps: int, optimizer: str, rates: Tensor, note: Callable[[int, list[Tensor]], None]) -> tuple[Tensor, Tensor, float]:
    """Train the networks; which of them learned, which diverged, and the share of dead units of each at the end."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    x, y = _data(claim, len(parameters[0]) // claim.seeds)
    learned = _learned(name, parameters)
    functions = _functions(name, learned, len(parameters) // 2 - 1)
    trained = [*parameters, *learned]
    adam = torch.optim.Adam(trained, float(rates[0])) if optimizer == "adam" else None
    for step in range(steps):
        note(step, learned)
        losses = binary_cross_entropy_with_logits(_scores(parameters, x, functions), y, reduction="none").mean(1)
        gradients = torch.autograd.grad(losses.sum(), trained)
        if adam is None:
            with torch.no_grad():
                for tensor, gradient in zip(trained, gradients, strict=True):
                    tensor -= rates[:, None, None] * gradient
        else:
            for tensor, gradient in zip(trained, gradients, strict=True):
                tensor.grad = gradient
            adam.step()
    note(steps, learned)
    return _outcome(parameters, x, y, functions)


def _outcome(parameters: Sequence[Tensor], x: Tensor, y: Tensor, functions: Sequence[Function]) -> tuple[Tensor, Tensor, Tensor]:
    import torch

    seen: list[Tensor] = []
    with torch.enable_grad():
        scores = _scores(parameters, x, functions, seen)
        slopes = [torch.autograd.grad(function(z).sum(), z, retain_graph=True)[0] for function, z in zip(functions, seen, strict=True)]
    dead = torch.stack([(slope == 0).all(1).float().mean(1) for slope in slopes]).mean(0)
    solved = ((scores > 0) == (y > 0.5)).float().mean(1) >= SOLVED
    return solved & scores.isfinite().all(1), ~scores.isfinite().all(1), dead


def _fatal(claim: Variants, name: str) -> list[Runs]:
    """All rates and seeds together, at plain gradient descent."""
    import torch

    parameters = side_by_side([linear_layers((2, WIDTH, WIDTH, 1), seed) for _ in claim.rates for seed in _seeds(claim)])
    rates = torch.tensor([rate for rate in claim.rates for _ in _seeds(claim)])
    solved, diverged, dead = _train(claim, name, parameters, claim.steps, "descent", rates, _nothing)
    found = []
    for index, rate in enumerate(claim.rates):
        own = slice(index * claim.seeds, (index + 1) * claim.seeds)
        found.append(Runs(name, rate, tuple(solved[own].tolist()), float(dead[own].mean()), float(diverged[own].float().mean()), 0.0))
    return found


def _narrow(claim: Variants, name: str, depth: int) -> Runs:
    import torch

    parameters = side_by_side([linear_layers((2, *[NARROW] * depth, 1), seed, "he") for seed in _seeds(claim)])
    x, _ = _data(claim)
    with torch.no_grad():
        scores = _scores(parameters, x, _functions(name, _learned(name, parameters), depth))
    stuck = (scores == scores[:, :1]).all(1).float().mean()
    rates = torch.full((claim.seeds,), NARROW_RATE)
    solved, diverged, dead = _train(claim, name, parameters, claim.narrow_steps, "adam", rates, _nothing)
    return Runs(name, float(depth), tuple(solved.tolist()), float(dead.mean()), float(diverged.float().mean()), float(stuck))


def _nothing(step: int, learned: list[Tensor]) -> None:
    """Note nothing."""


def _learned_slopes(claim: Variants) -> tuple[Slopes, ...]:
    """PReLU's slopes through a training that succeeds."""
    import torch

    parameters = side_by_side([linear_layers((2, WIDTH, WIDTH, 1), seed, "he") for seed in _seeds(claim)])
    noted: dict[int, list[list[float]]] = {}
    every = max(1, claim.narrow_steps // 50)

    def note(step: int, learned: list[Tensor]) -> None:
        if step % every == 0:
            noted[step] = [slope.detach().flatten().tolist() for slope in learned]

    _train(claim, "prelu", parameters, claim.narrow_steps, "adam", torch.full((claim.seeds,), NARROW_RATE), note)
    by_layer = [[layers[index] for layers in noted.values()] for index in range(2)]
    return tuple(
        Slopes(tuple(noted), tuple(spread(at).median for at in layer), tuple(map(min, layer)), tuple(map(max, layer))) for layer in by_layer
    )


def _runs(runs: Sequence[Runs], name: str, setting: float) -> Runs:
    return next(one for one in runs if (one.activation, one.setting) == (name, setting))


def _fatal_rate(measured: Measured) -> float:
    """The first rate above ReLU's best at which it learns on fewer than half of the seeds; the highest where there is none."""
    relu = [runs for runs in measured.fatal if runs.activation == RELU]
    above = relu[relu.index(_best_rate(measured)) + 1 :]
    return next((runs.setting for runs in above if sum(runs.solved) < len(runs.solved) / 2), relu[-1].setting)


def _best_rate(measured: Measured) -> Runs:
    """The rate at which ReLU learns on most seeds."""
    return max((runs for runs in measured.fatal if runs.activation == RELU), key=lambda runs: sum(runs.solved))


def _told(runs: Sequence[Runs], setting: float, answers: Sequence[int]) -> Text:
    """How many seeds each variant learned on, and what that comes to."""
    en, zh = [], []
    for name, answer in zip(VARIANTS, answers, strict=True):
        number, shown = sum(_runs(runs, name, setting).solved), title(get(name))
        en.append(f"{shown} {number} ({ANSWERS[answer].en})")
        zh.append(f"{shown} {number}（{ANSWERS[answer].zh}）")
    return Text(", ".join(en), "，".join(zh))


def _about_narrow(measured: Measured, depth: float, answers: Sequence[int]) -> Text:
    told, relu = _told(measured.narrow, depth, answers), _runs(measured.narrow, RELU, depth)
    stuck = percentage(relu.stuck_at_start)
    return Text(
        f"In narrow networks of {depth:g} layers ReLU learns on {sum(relu.solved)} of {measured.seeds} seeds; {stuck} of its networks give one output for every input before the first step. {told.en}.",
        f"在 {depth:g} 层的窄网络中，ReLU 在 {measured.seeds} 个种子中的 {sum(relu.solved)} 个上学会；{stuck} 的网络在第一步之前就对每个输入给出同一个输出。{told.zh}。",
    )


def _about_fatal(measured: Measured, rate: float, answers: Sequence[int]) -> Text:
    told, relu = _told(measured.fatal, rate, answers), _runs(measured.fatal, RELU, rate)
    diverged = ", ".join(f"{title(get(name))} {percentage(_runs(measured.fatal, name, rate).diverged)}" for name in (RELU, *VARIANTS))
    return Text(
        f"At the fatal rate {rate:g} ReLU learns on {sum(relu.solved)} of {measured.seeds} seeds, with {percentage(relu.dead)} of its units dead. {told.en}. Diverged to no number at all: {diverged}.",
        f"在致命的学习率 {rate:g} 下，ReLU 在 {measured.seeds} 个种子中的 {sum(relu.solved)} 个上学会，{percentage(relu.dead)} 的单元死去。{told.zh}。发散到不再是数：{diverged}。",
    )


def _about_lowering(measured: Measured) -> Text:
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
            f"Curve and slope from −4 to 4. Above 0 all are the diagonal. Below, with α = {ALPHAS[start]:g}, at x = −2: Leaky ReLU {short(leaky(at))} with slope {short(leaky.slope(at))}, ELU {short(elu(at))} with slope {short(elu.slope(at))}.",
            f"从 −4 到 4 的曲线与斜率。0 以上都是对角线。0 以下，α = {ALPHAS[start]:g}，x = −2 处：Leaky ReLU 为 {short(leaky(at))}，斜率 {short(leaky.slope(at))}；ELU 为 {short(elu(at))}，斜率 {short(elu.slope(at))}。",
        ),
        sliders=[
            Slider(Text("activation", "激活函数"), tuple(kinds), 0),
            Slider(Text("slope α", "斜率 α"), tuple(f"{alpha:g}" for alpha in ALPHAS), start),
        ],
        frames=frames,
    )


def _curve_frame(activation: Activation, name: str, alpha: float) -> Frame:
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
    return Frame(readout, (Panel(curve.title, curve.x, low, curve.marks), slope))


def _settings_figure(measured: Measured) -> Figure:
    rates, depths = (sorted({runs.setting for runs in which}) for which in (measured.fatal, measured.narrow))
    told = "; ".join(
        f"{title(get(name))} " + ", ".join(f"{sum(_runs(measured.fatal, name, rate).solved)}" for rate in rates) + " / "
        + ", ".join(f"{sum(_runs(measured.narrow, name, depth).solved)}" for depth in depths)
        for name in (RELU, *VARIANTS)
    )  # fmt: skip
    shown_rates, shown_depths = ", ".join(f"{rate:g}" for rate in rates), ", ".join(f"{depth:g}" for depth in depths)
    return Figure(
        name="learned-by-setting",
        title=Text(f"On how many of {measured.seeds} seeds each learns", f"各在 {measured.seeds} 个种子中的多少个上学会"),
        alt=Text(
            f"Two panels, a line for each activation. Left by learning rate ({shown_rates}), right by number of narrow layers ({shown_depths}); seeds on which it learned, left / right: {told}.",
            f"两幅图，每种激活函数一条线。左：按学习率（{shown_rates}）；右：按窄网络的层数（{shown_depths}）；学会的种子数，左 / 右：{told}。",
        ),
        panels=(
            _setting_panel(measured.fatal, rates, Text("at a rate that kills", "致命的学习率"), Text("learning rate", "学习率"), measured.seeds, log=True),
            _setting_panel(measured.narrow, depths, Text("narrow and deep", "又窄又深"), Text("hidden layers", "隐藏层数"), measured.seeds, log=False),
        ),
    )


def _setting_panel(runs: Sequence[Runs], settings: list[float], name: Text, label: Text, seeds: int, log: bool) -> Panel:
    marks: list[Mark] = []
    for activation in (RELU, *VARIANTS):
        ys = tuple(float(sum(_runs(runs, activation, setting).solved)) for setting in settings)
        marks.append(Line(title(get(activation)), tuple(settings), ys, COLOURS[activation]))
        marks.append(Dots(title(get(activation)), tuple(settings), ys, COLOURS[activation], size=6))
    low, high = (settings[0] / 1.3, settings[-1] * 1.3) if log else (settings[0] - 1, settings[-1] + 1)
    ticks = tuple((setting, f"{setting:g}") for setting in settings)
    return Panel(name, Axis(label, low, high, log=log, ticks=ticks), Axis(Text("seeds", "种子数"), -0.5, seeds + 0.5), tuple(marks))


def _slopes_figure(measured: Measured) -> Figure:
    start = short(measured.slopes[0].median[0])
    ends = ", ".join(short(layer.median[-1]) for layer in measured.slopes)
    marks: list[Mark] = []
    for index, (layer, colour) in enumerate(zip(measured.slopes, (1, 2), strict=True)):
        xs = tuple(map(float, layer.steps))
        marks += [Band(xs, layer.least, layer.largest, colour), Line(Text(f"layer {index + 1}, median", f"第 {index + 1} 层，中位数"), xs, layer.median, colour)]
    least, largest = min(min(layer.least) for layer in measured.slopes), max(max(layer.largest) for layer in measured.slopes)
    return Figure(
        name="learned-slopes",
        title=Text("PReLU's slopes as they are learned", "PReLU 的斜率如何被学出来"),
        alt=Text(
            f"The learned slope of each layer by step, median and range over {measured.seeds} seeds. All start at {start}; the medians end at {ends}, the single ones between {short(least)} and {short(largest)}.",
            f"各层学出的斜率随步数变化，{measured.seeds} 个种子的中位数与范围。都从 {start} 开始；中位数最后为 {ends}，单个值在 {short(least)} 与 {short(largest)} 之间。",
        ),
        panels=(Panel("", Axis(Text("step", "步"), 0, float(measured.slopes[0].steps[-1])), Axis(Text("slope below 0", "0 以下的斜率"), min(0.0, 1.1 * least), 1.1 * largest), tuple(marks)),),
    )


def _table(measured: Measured) -> Table:
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
