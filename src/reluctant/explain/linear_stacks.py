"""Claim 1: stacked linear layers are one linear layer."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reluctant.activations import get
from reluctant.figures import Axis, Cells, Dots, Figure, Mark, Panel, Setting, Slider, Words, explorer
from reluctant.numbers import count, percent, percentage, short

from ._claim import Block, Claim, ClaimCase, ClaimVerdict, Conclusion, Formula, Paragraph, Table
from ._data import TASKS
from ._networks import Function, binary_accuracy, binary_losses, follow, forward, in_torch, linear_layers, side_by_side, stacked
from ._spread import interval, interval_words, over_seeds, spread
from ._text import Text

if TYPE_CHECKING:
    from torch import Tensor

REACH = 1.6
"""The pictures show the plane from -REACH to REACH."""
CELLS = 26
WIDTH = 16
RATE = 0.02
ROUNDING = 1e-5
"""Two computations in float32 agree where they differ by less than this share of the largest output."""
SLACK = 0.005
"""Lines are tried in steps of half a degree, so a better one between two of them may exist."""
SEPARATED = 0.97

LINEAR, RELU = "identity", "relu"


@dataclass(frozen=True)
class Merged:
    """Three affine layers, and the one layer that does the same."""

    weight: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]
    layer_parameters: int
    """Numbers in the three layers."""
    points: int
    largest_difference: float
    largest_output: float
    relu_residual: float
    """With ReLU between the same layers: what the best affine map leaves of the output, as a share of its standard deviation."""


@dataclass(frozen=True)
class Accuracies:
    """Share of fresh points put on the right side by trained networks of one kind, one for each seed."""

    task: str
    activation: str
    hidden_layers: int
    of_seeds: tuple[float, ...]


@dataclass(frozen=True)
class PlaneAnswers:
    """What one network answers all over the plane at one moment of its training."""

    task: str
    activation: str
    step: int
    rows: tuple[str, ...]
    accuracy: float


@dataclass(frozen=True)
class TaskSample:
    """Some of the points of a task, and how many of the fresh ones the best of all straight lines gets right."""

    task: str
    best_line: float
    points: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True)
class LinearStacksMeasurement:
    """What the experiment gave."""

    first_seed: int
    seeds: int
    training_points: int
    fresh_points: int
    steps: int
    merged: Merged
    tasks: tuple[TaskSample, ...]
    accuracies: tuple[Accuracies, ...]
    pictures: tuple[PlaneAnswers, ...]


@dataclass(frozen=True)
class LinearStacksClaim(Claim[LinearStacksMeasurement]):
    """Stacked linear layers are one linear layer, and the same with ReLU between are not."""

    number = 1
    title = Text("Why a non-linearity at all", "为什么需要非线性")
    statement = Text(
        "Stacked linear layers are one linear layer: f(f(f(x))) = W′x + b′. At any depth they draw one straight line, and cannot separate "
        "two moons, XOR or two rings. The same layers with ReLU between them can.",
        "多个线性层叠在一起仍是一个线性层：f(f(f(x))) = W′x + b′。无论多深，它们只能画出一条直线，分不开双月、异或和双环。在层与层之间加"
        "上 ReLU，就分得开。",
    )
    experiment = Text(
        "Three layers with random weights are multiplied into one, and both are run on the same points. Then networks with one, two and "
        "four hidden layers are trained on each task, with ReLU and with nothing between the layers, from the same weights.",
        "把三个随机权重的层相乘合并成一层，在同样的点上比较两者。然后在每个任务上训练隐藏层数不同（一、二、四层）的网络：层间有 ReLU，或"
        "什么都没有，两者从相同的权重开始。",
    )
    verdict_rule = Text(
        "Holds where the merged layer differs by rounding only, no linear stack beats the best of all straight lines, and the median "
        f"ReLU network gets at least {percent(SEPARATED)} of fresh points right on every task. Holds under conditions where ReLU does not "
        "on some task. Does not hold where the merged layer differs or a linear stack beats every line.",
        "若合并后的层只有舍入误差，没有线性网络胜过所有直线中最好的一条，且 ReLU 网络的中位正确率在每个任务上都不低于 "
        f"{percent(SEPARATED)}，则成立。若 ReLU 在某个任务上达不到，则有条件成立。若合并后的层有差别，或某个线性网络胜过每一条直线，则不成"
        "立。",
    )
    measurement = LinearStacksMeasurement

    seeds: int = 8
    training_points: int = 256
    fresh_points: int = 2000
    depths: tuple[int, ...] = (1, 2, 4)
    moments: tuple[int, ...] = (0, 5, 10, 20, 40, 80, 160, 320)

    @classmethod
    def short(cls, seed: int = 0) -> LinearStacksClaim:
        """Three seeds, one depth."""
        return cls(seed=seed, seeds=3, training_points=128, fresh_points=500, depths=(2,), moments=(0, 40, 200))

    def measure(self) -> LinearStacksMeasurement:
        """Merge, train, and draw."""
        accuracies: list[Accuracies] = []
        pictures: list[PlaneAnswers] = []
        for activation in (LINEAR, RELU):
            for depth in self.depths:
                found, drawn = _train(self, activation, depth)
                accuracies += found
                pictures += drawn if depth == 2 else []
        return LinearStacksMeasurement(
            first_seed=self.seed,
            seeds=self.seeds,
            training_points=self.training_points,
            fresh_points=self.fresh_points,
            steps=self.moments[-1],
            merged=_merge(self.seed),
            tasks=tuple(_sample(self, name) for name in TASKS),
            accuracies=tuple(accuracies),
            pictures=tuple(pictures),
        )

    def judge(self, measured: LinearStacksMeasurement) -> Conclusion:
        """See `verdict_rule`."""
        merged = measured.merged
        same = merged.largest_difference <= ROUNDING * merged.largest_output
        beaten = [task for task in measured.tasks if _best(measured, task.task, LINEAR) > task.best_line + SLACK]
        unsolved = [task for task in measured.tasks if _worst_median(measured, task.task, RELU) < SEPARATED]
        verdict = ClaimVerdict.NOT_HERE if not same or beaten else ClaimVerdict.CONDITIONS if unsolved else ClaimVerdict.HOLDS
        return Conclusion(verdict, (_about_merging(merged), *(_about_task(measured, task) for task in measured.tasks)))

    def show(self, measured: LinearStacksMeasurement) -> Iterator[Block]:
        """The merged layer, the trainings, the accuracies."""
        merged = measured.merged
        yield Formula(
            r"W_3 (W_2 (W_1 x + b_1) + b_2) + b_3 = W' x + b', \quad W' = W_3 W_2 W_1, \quad b' = W_3 (W_2 b_1 + b_2) + b_3",
            "W3 (W2 (W1 x + b1) + b2) + b3 = W' x + b',  W' = W3 W2 W1,  b' = W3 (W2 b1 + b2) + b3",
        )
        rows = "; ".join(", ".join(short(entry) for entry in row) for row in merged.weight)
        bias = ", ".join(short(entry) for entry in merged.bias)
        numbers, few = merged.layer_parameters, len(merged.bias) + sum(map(len, merged.weight))
        yield Paragraph(
            Text(
                f"Three layers of together {numbers} numbers, multiplied out, give W′ = [{rows}] and b′ = [{bias}]: {few} numbers do the "
                "same.",
                f"三层共 {numbers} 个数，乘开之后得到 W′ = [{rows}]，b′ = [{bias}]：{few} 个数做同样的事。",
            )
        )
        yield _figure(measured)
        yield _table(measured)
        apart = short(100 * _largest_change_with_depth(measured))
        yield Paragraph(
            Text(
                f"From the same seed, linear stacks of different depths end at most {apart} percentage points apart: they are one family "
                "of functions, and another layer only writes it with more numbers.",
                f"从同一个种子出发，不同深度的线性网络最后的正确率最多相差 {apart} 个百分点：它们是同一族函数，多一层只是用更多的数来写"
                "它。",
            )
        )

    def evidence(self, measured: LinearStacksMeasurement) -> Text:
        """Seeds and sample counts."""
        seeds = over_seeds(measured.seeds, measured.first_seed)
        trained, fresh, points = count(measured.training_points), count(measured.fresh_points), count(measured.merged.points)
        return Text(
            f"Networks of {WIDTH} units a layer, {measured.seeds} for each row ({seeds.en}), each on {trained} points of its own, "
            f"{measured.steps} steps of Adam at {RATE}; accuracy on {fresh} fresh points. The merged layer on {points} points.",
            f"每层 {WIDTH} 个单元，每行 {measured.seeds} 个网络（{seeds.zh}），各用 {trained} 个自己的点，以 Adam（学习率 {RATE}）训练 "
            f"{measured.steps} 步；正确率在 {fresh} 个新的点上计算。合并后的层在 {points} 个点上比较。",
        )

    @classmethod
    def cases(cls, measured: LinearStacksMeasurement) -> Iterator[ClaimCase[LinearStacksMeasurement]]:
        """Both sides of every bound."""
        solved = _with_accuracy(_with_accuracy(measured, LINEAR, 0.5), RELU, 1.0)
        yield ClaimCase("all separated by ReLU", solved, ClaimVerdict.HOLDS)
        yield ClaimCase("ReLU just enough", _with_accuracy(solved, RELU, SEPARATED), ClaimVerdict.HOLDS)
        yield ClaimCase("ReLU just too little", _with_accuracy(solved, RELU, SEPARATED - 0.001), ClaimVerdict.CONDITIONS)
        best = measured.tasks[0].best_line
        least = min(task.best_line for task in measured.tasks)
        yield ClaimCase("a stack as good as a line", _with_accuracy(solved, LINEAR, least), ClaimVerdict.HOLDS)
        yield ClaimCase("a stack that beats every line", _with_accuracy(solved, LINEAR, best + SLACK + 0.001), ClaimVerdict.NOT_HERE)
        size = measured.merged.largest_output
        for share, verdict in ((0.99, ClaimVerdict.HOLDS), (1.01, ClaimVerdict.NOT_HERE)):
            merged = replace(measured.merged, largest_difference=share * ROUNDING * size)
            yield ClaimCase(f"{share} of the rounding allowed", replace(solved, merged=merged), verdict)

    @classmethod
    def expected(cls, measured: LinearStacksMeasurement) -> dict[str, bool]:
        """What the short form shows."""
        best = {task.task: task.best_line for task in measured.tasks}
        stacks, bent = ([one for one in measured.accuracies if (one.activation == RELU) is relu] for relu in (False, True))
        return {
            "the layers are one": measured.merged.largest_difference < 1e-5 * measured.merged.largest_output,
            "with ReLU they are not": measured.merged.relu_residual > 0.05,
            "with ReLU they beat every line": all(statistics.median(one.of_seeds) > best[one.task] + 0.05 for one in bent),
            "without it they beat none": all(max(one.of_seeds) <= best[one.task] + SLACK for one in stacks),
        }


def _merge(seed: int, points: int = 10_000) -> Merged:
    import torch

    w1, b1, w2, b2, w3, b3 = layers = linear_layers((2, WIDTH, WIDTH, 2), seed)
    x = torch.randn(points, 2, generator=torch.Generator().manual_seed(seed))
    weight, bias = w3 @ w2 @ w1, w3 @ (w2 @ b1 + b2) + b3
    deep = ((x @ w1.T + b1) @ w2.T + b2) @ w3.T + b3
    bent = torch.relu(torch.relu(x @ w1.T + b1) @ w2.T + b2) @ w3.T + b3
    with_one = torch.cat([x, torch.ones(points, 1)], 1)
    left = bent - with_one @ torch.linalg.lstsq(with_one, bent).solution
    return Merged(
        weight=tuple(tuple(row) for row in weight.tolist()),
        bias=tuple(bias.tolist()),
        layer_parameters=sum(tensor.numel() for tensor in layers),
        points=points,
        largest_difference=float((deep - (x @ weight.T + bias)).abs().max()),
        largest_output=float(deep.abs().max()),
        relu_residual=float(left.std() / (bent - bent.mean(0)).std()),
    )


def _train(claim: LinearStacksClaim, name: str, depth: int) -> tuple[list[Accuracies], list[PlaneAnswers]]:
    """Networks for every task and seed, trained together."""
    import torch

    seeds = [claim.seed + index for index in range(claim.seeds)]
    networks = [linear_layers((2, *[WIDTH] * depth, 1), seed) for _ in TASKS for seed in seeds]
    x, y = stacked(task(claim.training_points, seed) for task, _ in TASKS.values() for seed in seeds)
    parameters, activation = side_by_side(networks), _between(name)
    optimizer = torch.optim.Adam(parameters, RATE)
    pictures: list[PlaneAnswers] = []
    for step in range(claim.moments[-1] + 1):
        if step in claim.moments and depth == 2:
            pictures += _pictures(claim, parameters, name, step)
        if step == claim.moments[-1]:
            break
        follow(optimizer, parameters, binary_losses(forward(parameters, x, activation)[..., 0], y))
    return _accuracies(claim, parameters, name, depth), pictures


def _between(name: str) -> Function:
    return in_torch(get(name)) if name != LINEAR else lambda x: x


def _accuracies(claim: LinearStacksClaim, parameters: Sequence[Tensor], name: str, depth: int) -> list[Accuracies]:
    import torch

    fresh = stacked(task(claim.fresh_points, _fresh_seed(claim)) for task, _ in TASKS.values())
    x, y = (part.repeat_interleave(claim.seeds, 0) for part in fresh)
    with torch.no_grad():
        right = binary_accuracy(forward(parameters, x, _between(name))[..., 0], y).tolist()
    return [
        Accuracies(task, name, depth, tuple(right[index * claim.seeds : (index + 1) * claim.seeds])) for index, task in enumerate(TASKS)
    ]


def _pictures(claim: LinearStacksClaim, parameters: Sequence[Tensor], name: str, step: int) -> list[PlaneAnswers]:
    """The answers of the first seed's network of each task, cell by cell."""
    import torch

    middles = torch.linspace(REACH / CELLS - REACH, REACH - REACH / CELLS, CELLS)
    cells = torch.stack([middles.repeat(CELLS), middles.flip(0).repeat_interleave(CELLS)], 1)
    found = []
    for index, (task_name, (task, _)) in enumerate(TASKS.items()):
        own = [tensor[index * claim.seeds : index * claim.seeds + 1] for tensor in parameters]
        points, classes = task(claim.fresh_points, _fresh_seed(claim))
        with torch.no_grad():
            sure = torch.sigmoid(forward(own, cells[None], _between(name))).flatten()
            right = binary_accuracy(forward(own, points[None], _between(name))[..., 0], classes)
        digits = "".join(str(min(9, int(10 * share))) for share in sure.tolist())
        rows = tuple(digits[start : start + CELLS] for start in range(0, CELLS * CELLS, CELLS))
        found.append(PlaneAnswers(task_name, name, step, rows, float(right)))
    return found


def _fresh_seed(claim: LinearStacksClaim) -> int:
    """A seed that none of the training sets has."""
    return claim.seed + 1_000_000


def _sample(claim: LinearStacksClaim, name: str, shown: int = 120) -> TaskSample:
    task, _ = TASKS[name]
    points, classes = task(claim.fresh_points, _fresh_seed(claim))
    pairs = zip(points[:shown].tolist(), classes[:shown].tolist(), strict=True)
    return TaskSample(name, _best_line(points, classes), tuple((x, y, int(one)) for (x, y), one in pairs))


def _best_line(points: Tensor, classes: Tensor, angles: int = 360) -> float:
    """The largest share that one straight line gets right, over lines of every direction at every distance."""
    import torch

    angle = torch.arange(angles) * (math.pi / angles)
    distances = points @ torch.stack([angle.cos(), angle.sin()])
    signs = (2 * classes - 1)[distances.argsort(0)]
    # With everything before a place taken for class 0 and the rest for 1, each sign passed by costs a right answer or adds one.
    change = torch.cat([torch.zeros(1, angles), -signs.cumsum(0)])
    right = (classes.sum() + change) / len(classes)
    return float(torch.maximum(right, 1 - right).max())


def _all(measured: LinearStacksMeasurement, task: str, activation: str) -> list[Accuracies]:
    return [found for found in measured.accuracies if (found.task, found.activation) == (task, activation)]


def _best(measured: LinearStacksMeasurement, task: str, activation: str) -> float:
    return max(max(found.of_seeds) for found in _all(measured, task, activation))


def _worst_median(measured: LinearStacksMeasurement, task: str, activation: str) -> float:
    return min(spread(found.of_seeds).median for found in _all(measured, task, activation))


def _largest_change_with_depth(measured: LinearStacksMeasurement) -> float:
    """The largest difference in accuracy between linear stacks that differ in depth alone."""
    by_depth = [[found.of_seeds for found in _all(measured, task.task, LINEAR)] for task in measured.tasks]
    apart: list[float] = [max(depths) - min(depths) for seeds in by_depth for depths in zip(*seeds, strict=True)]
    return max(apart)


def _about_merging(merged: Merged) -> Text:
    difference, size, residual = short(merged.largest_difference), short(merged.largest_output), percentage(merged.relu_residual)
    return Text(
        f"On {count(merged.points)} points the three layers and W′x + b′ differ by at most {difference}, in outputs up to {size}: "
        "rounding. With "
        f"ReLU between the same layers the best affine map leaves {residual} of the output's standard deviation unexplained.",
        f"在 {count(merged.points)} 个点上，三层网络与 W′x + b′ 最多相差 {difference}，而输出最大为 {size}：只是舍入。"
        f"在同样的层之间加上 ReLU 后，最好的仿射映射仍有输出标准差的 {residual} 解释不了。",
    )


def _about_task(measured: LinearStacksMeasurement, task: TaskSample) -> Text:
    linear, relu = percentage(_best(measured, task.task, LINEAR)), percentage(_worst_median(measured, task.task, RELU))
    line, name = percentage(task.best_line), TASKS[task.task][1]
    return Text(
        f"{name.en[0].upper()}{name.en[1:]}: the best of all straight lines gets {line} right, the best linear stack {linear}; the median "
        f"ReLU network at least {relu} at every depth.",
        f"{name.zh}：所有直线中最好的一条答对 {line}，最好的线性网络 {linear}；ReLU 网络的中位数在每个深度都至少为 {relu}。",
    )


def _figure(measured: LinearStacksMeasurement) -> Figure:
    steps = sorted({picture.step for picture in measured.pictures})
    final = {(picture.task, picture.activation): percentage(picture.accuracy) for picture in measured.pictures if picture.step == steps[-1]}
    linear, relu = (", ".join(final[task, activation] for task in TASKS) for activation in (LINEAR, RELU))
    return explorer(
        name="separating",
        title=Text("Trained before your eyes: two hidden layers, without and with ReLU", "眼看着训练：两个隐藏层，没有与有 ReLU"),
        alt=Text(
            f"Six maps of the plane, of three tasks without and with ReLU. Without it every map is split by one straight line, which gets "
            f"{linear} right on moons, XOR and rings. With ReLU the border bends around the classes: {relu}.",
            f"平面的六幅图：三个任务，没有与有 ReLU。没有它，每幅图都被一条直线分开，在双月、异或、双环上答对 {linear}。有 ReLU 时，边界绕"
            f"着类别弯曲：{relu}。",
        ),
        sliders=[Slider(Text("step of the training", "训练步数"), tuple(str(step) for step in steps), len(steps) - 1)],
        settings=[_frame(measured, step) for step in steps],
    )


def _frame(measured: LinearStacksMeasurement, step: int) -> Setting:
    pictures = {(picture.activation, picture.task): picture for picture in measured.pictures if picture.step == step}
    panels = tuple(_panel(measured, pictures[activation, task]) for activation in (LINEAR, RELU) for task in TASKS)
    linear, relu = (", ".join(percentage(pictures[activation, task].accuracy) for task in TASKS) for activation in (LINEAR, RELU))
    readout = Text(
        f"Step {step}. Right on moons, XOR, rings: without activation {linear}; with ReLU {relu}.",
        f"第 {step} 步。双月、异或、双环上的正确率：没有激活函数 {linear}；有 ReLU {relu}。",
    )
    return Setting(readout, panels)


def _panel(measured: LinearStacksMeasurement, picture: PlaneAnswers) -> Panel:
    points = next(task.points for task in measured.tasks if task.task == picture.task)
    name = TASKS[picture.task][1]
    kind = Text("no activation", "无激活函数") if picture.activation == LINEAR else Text("ReLU", "ReLU")
    x, y = Axis("x₁", -REACH, REACH), Axis("x₂", -REACH, REACH)
    marks: list[Mark] = [Cells(picture.rows, "field")]
    for one in (0, 1):
        own = [point for point in points if point[2] == one]
        marks.append(Dots(Text(f"class {one}", f"第 {one} 类"), tuple(x for x, _, _ in own), tuple(y for _, y, _ in own), colour=one + 1))
    return Panel(Text(f"{name.en}, {kind.en}", f"{name.zh}，{kind.zh}"), x, y, tuple(marks))


def _table(measured: LinearStacksMeasurement) -> Table:
    kinds: dict[str, Words] = {LINEAR: Text("none", "无"), RELU: "ReLU"}
    depths = sorted({found.hidden_layers for found in measured.accuracies})
    rows: list[tuple[Words, ...]] = []
    for task in measured.tasks:
        for activation, kind in kinds.items():
            by_depth = {found.hidden_layers: spread(found.of_seeds).times(100) for found in _all(measured, task.task, activation)}
            rows.append((TASKS[task.task][1], kind, *(interval(by_depth[depth]) for depth in depths), short(100 * task.best_line)))
    kind_of = interval_words(measured.seeds)
    heads = tuple(Text(f"{depth} hidden", f"{depth} 个隐藏层") for depth in depths)
    return Table(
        Text(f"Right answers in %: median over seeds ({kind_of.en})", f"正确率（%）：各种子的中位数（{kind_of.zh}）"),
        (Text("task", "任务"), Text("activation", "激活函数"), *heads, Text("best line", "最好的直线")),
        tuple(rows),
    )


def _with_accuracy(measured: LinearStacksMeasurement, activation: str, share: float) -> LinearStacksMeasurement:
    """All networks with this activation as good as this."""
    changed = (replace(one, of_seeds=(share,) * len(one.of_seeds)) if one.activation == activation else one for one in measured.accuracies)
    return replace(measured, accuracies=tuple(changed))
