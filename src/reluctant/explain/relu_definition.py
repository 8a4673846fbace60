"""Claim 3: ReLU is max(0, x), and what its slope is at 0."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reluctant.activations import get
from reluctant.figures import Figure
from reluctant.numbers import count, percentage, short, value

from ._claim import Block, Claim, ClaimCase, ClaimVerdict, Conclusion, Formula, Paragraph, Table
from ._curves import curve_panels
from ._networks import forward, in_torch, linear_layers, side_by_side
from ._spread import over_seeds
from ._text import Text

if TYPE_CHECKING:
    from torch import Tensor

EXAMPLE = (-1.0, 2.0, -3.0, 4.0)
NEARLY = 1e-30
"""So close to 0 that nothing but the branch decides the slope."""
BLANK = 4
"""Of the inputs of one experiment every so many-th is all zeros, as an empty picture is."""


def _spellings() -> dict[str, Callable[[Tensor], Tensor]]:
    """Ways to write ReLU in torch; each gives the same values."""
    import torch
    from torch.nn import functional as F

    return {
        "F.relu(x)": F.relu,
        "F.leaky_relu(x, 0)": lambda x: F.leaky_relu(x, 0.0),
        "x.clamp(min=0)": lambda x: x.clamp(min=0),
        "torch.maximum(x, 0)": lambda x: torch.maximum(x, torch.zeros_like(x)),
        "torch.where(x > 0, x, 0)": lambda x: torch.where(x > 0, x, torch.zeros_like(x)),
        "(x + x.abs()) / 2": lambda x: (x + x.abs()) / 2,
    }


@dataclass(frozen=True)
class Spelling:
    """One way to write ReLU, and the slopes that autograd gives for it."""

    code: str
    outputs: tuple[float, ...]
    below: float
    at_zero: float
    above: float


@dataclass(frozen=True)
class Zeros:
    """How many of the inputs of a network's ReLUs were exactly 0."""

    setting: str
    exact: int
    inputs: int
    nearest: float
    """The smallest size of those that were not."""


@dataclass(frozen=True)
class ReluDefinitionMeasurement:
    """What the experiment gave."""

    first_seed: int
    seeds: int
    spellings: tuple[Spelling, ...]
    zeros: tuple[Zeros, ...]


SETTINGS = {
    "default": Text("torch's default initialisation, normal inputs", "torch 默认初始化，正态输入"),
    "bfloat16": Text("the same in bfloat16", "同上，bfloat16"),
    "blank": Text(f"biases 0, every {BLANK}th input all zeros", f"偏置为 0，每 {BLANK} 个输入中有一个全零"),
}


@dataclass(frozen=True)
class ReluDefinitionClaim(Claim[ReluDefinitionMeasurement]):
    """ReLU is the input where it is positive and 0 elsewhere; its slope is 1 or 0."""

    number = 3
    title = Text("What ReLU is", "ReLU 是什么")
    statement = Text(
        "ReLU(x) = max(0, x): the input where it is positive, else 0. Its slope is 1 above 0 and 0 below.",
        "ReLU(x) = max(0, x)：输入为正则原样输出，否则为 0。斜率在 0 以上为 1，以下为 0。",
    )
    experiment = Text(
        "Six ways to write ReLU in torch are run on [−1, 2, −3, 4], and autograd is asked for their slope beside 0 and at 0. Then the "
        "inputs of the ReLUs of random networks are searched for exact zeros, where the answer would matter.",
        "在 torch 中用六种写法写出 ReLU，在 [−1, 2, −3, 4] 上运行，并向自动微分询问 0 两侧与 0 处的斜率。然后在随机网络的 ReLU 输入中寻找"
        "恰好为零的值：只有在那里，答案才有影响。",
    )
    verdict_rule = Text(
        "Does not hold where a way to write it gives another output than max(0, x), a slope beside 0 other than 0 and 1, or a slope at 0 "
        "outside [0, 1]. Holds under conditions where they do not agree at 0. Else it holds.",
        "若某种写法的输出不同于 max(0, x)，或 0 两侧的斜率不是 0 和 1，或 0 处的斜率不在 [0, 1] 内，则不成立。若各写法在 0 处不一致，则有"
        "条件成立。否则成立。",
    )
    measurement = ReluDefinitionMeasurement

    seeds: int = 4
    samples: int = 1024

    @classmethod
    def short(cls, seed: int = 0) -> ReluDefinitionClaim:
        """One network, fewer samples."""
        return cls(seed=seed, seeds=1, samples=64)

    def measure(self) -> ReluDefinitionMeasurement:
        """Ask autograd, and count zeros."""
        return ReluDefinitionMeasurement(
            first_seed=self.seed,
            seeds=self.seeds,
            spellings=tuple(_asked(code, function) for code, function in _spellings().items()),
            zeros=tuple(_count_zeros(self, setting) for setting in SETTINGS),
        )

    def judge(self, measured: ReluDefinitionMeasurement) -> Conclusion:
        """See `verdict_rule`."""
        expected = tuple(max(0.0, x) for x in EXAMPLE)
        wrong = [s for s in measured.spellings if s.outputs != expected or (s.below, s.above) != (0.0, 1.0) or not 0 <= s.at_zero <= 1]
        if wrong:
            names = ", ".join(f"`{spelling.code}`" for spelling in wrong)
            return Conclusion(ClaimVerdict.NOT_HERE, (Text(f"Another function: {names}.", f"不是同一个函数：{names}。"),))
        at_zero = sorted({spelling.at_zero for spelling in measured.spellings})
        same = Text(
            f"All {len(measured.spellings)} ways give {_vector(expected)} for {_vector(EXAMPLE)}, slope 0 just below 0 and slope 1 just "
            "above.",
            f"{len(measured.spellings)} 种写法对 {_vector(EXAMPLE)} 都给出 {_vector(expected)}，斜率在 0 以下为 0，以上为 1。",
        )
        if len(at_zero) == 1:
            return Conclusion(ClaimVerdict.HOLDS, (same,))
        return Conclusion(ClaimVerdict.CONDITIONS, (same, _about_zero(measured, at_zero), _about_occurrence(measured)))

    def show(self, measured: ReluDefinitionMeasurement) -> Iterator[Block]:
        """The curve, its slope, and what is chosen at 0."""
        relu = get("relu")
        yield Formula(relu.latex(), "f(x) = max(0, x),   f'(x) = 1 if x > 0 else 0")
        yield Figure(
            name="relu",
            title=Text("ReLU and its slope", "ReLU 与它的斜率"),
            alt=Text(
                "Two panels. The curve is 0 left of 0 and the diagonal right of it; the slope jumps from 0 to 1 at 0.",
                "两幅图。曲线在 0 的左边为 0，右边是对角线；斜率在 0 处从 0 跳到 1。",
            ),
            panels=curve_panels([relu]),
        )
        yield Paragraph(
            Text(
                "At 0 there is a kink and no slope: every number from 0 to 1 is a subgradient, the slope of a line that touches the "
                "curve there and nowhere lies above it. A framework has to choose one.",
                "在 0 处有一个折点，没有斜率：从 0 到 1 的每个数都是次梯度，即在该处接触曲线且处处不高于曲线的直线的斜率。框架必须选一个。",
            )
        )
        yield Table(
            Text("What torch answers", "torch 的回答"),
            (
                Text("written as", "写法"),
                Text(f"output for {_vector(EXAMPLE)}", f"对 {_vector(EXAMPLE)} 的输出"),
                Text("slope below 0", "0 以下的斜率"),
                Text("at 0", "0 处"),
                Text("above 0", "0 以上"),
            ),
            tuple((f"`{s.code}`", _vector(s.outputs), value(s.below), value(s.at_zero), value(s.above)) for s in measured.spellings),
        )
        yield Table(
            Text("Inputs of ReLUs that are exactly 0", "恰好为 0 的 ReLU 输入"),
            (
                Text("network", "网络"),
                Text("exactly 0", "恰好为 0"),
                Text("of", "总数"),
                Text("share", "比例"),
                Text("nearest other", "最近的其他值"),
            ),
            tuple(
                (SETTINGS[z.setting], count(z.exact), count(z.inputs), percentage(z.exact / z.inputs), short(z.nearest))
                for z in measured.zeros
            ),
        )

    def evidence(self, measured: ReluDefinitionMeasurement) -> Text:
        """Seeds and sample counts."""
        seeds, inputs = over_seeds(measured.seeds, measured.first_seed), count(measured.zeros[0].inputs)
        return Text(
            f"Slopes by autograd, beside 0 at ±{NEARLY:g}. Zeros: three hidden layers of 64 units, {seeds.en}, {inputs} inputs of ReLUs "
            "in each row. Only torch was asked; another framework may choose otherwise.",
            f"斜率由自动微分给出，0 两侧取 ±{NEARLY:g}。零的统计：三个隐藏层，每层 64 个单元，{seeds.zh}，每行 {inputs} 个 ReLU 输入。只询"
            "问了 torch；其他框架可能有别的选择。",
        )

    @classmethod
    def cases(cls, measured: ReluDefinitionMeasurement) -> Iterator[ClaimCase[ReluDefinitionMeasurement]]:
        """Both sides of every bound."""
        yield ClaimCase("they agree", _with_first(measured, all_of_them=True, at_zero=0.0), ClaimVerdict.HOLDS)
        yield ClaimCase("they disagree", _with_first(measured, at_zero=0.25), ClaimVerdict.CONDITIONS)
        yield ClaimCase("a subgradient above 1", _with_first(measured, at_zero=1.01), ClaimVerdict.NOT_HERE)
        yield ClaimCase("a subgradient below 0", _with_first(measured, at_zero=-0.01), ClaimVerdict.NOT_HERE)
        yield ClaimCase("another output", _with_first(measured, outputs=(0.0, 2.0, -0.03, 4.0)), ClaimVerdict.NOT_HERE)
        yield ClaimCase("another slope below", _with_first(measured, below=0.01), ClaimVerdict.NOT_HERE)
        yield ClaimCase("another slope above", _with_first(measured, above=0.99), ClaimVerdict.NOT_HERE)

    @classmethod
    def expected(cls, measured: ReluDefinitionMeasurement) -> dict[str, bool]:
        """What the short form shows."""
        at_zero = {spelling.code: spelling.at_zero for spelling in measured.spellings}
        shares = {zeros.setting: zeros.exact / zeros.inputs for zeros in measured.zeros}
        return {
            "the outputs": {spelling.outputs for spelling in measured.spellings} == {(0.0, 2.0, 0.0, 4.0)},
            "the slope of relu at 0": at_zero["F.relu(x)"] == 0.0,
            "the slope of clamp at 0": at_zero["x.clamp(min=0)"] == 1.0,
            "the slope of maximum at 0": at_zero["torch.maximum(x, 0)"] == 0.5,
            "exact zeros are rare but where inputs are": shares["default"] < 1e-4 < 0.2 < shares["blank"],
        }


def _asked(code: str, function: Callable[[Tensor], Tensor]) -> Spelling:
    import torch

    x = torch.tensor([-NEARLY, 0.0, NEARLY], dtype=torch.float64, requires_grad=True)
    (slopes,) = torch.autograd.grad(function(x).sum(), x)
    return Spelling(code, tuple(function(torch.tensor(EXAMPLE)).tolist()), *slopes.tolist())


def _count_zeros(claim: ReluDefinitionClaim, setting: str) -> Zeros:
    """Exact zeros among what enters the ReLUs of fresh networks."""
    import torch

    seeds = [claim.seed + index for index in range(claim.seeds)]
    networks = [linear_layers((32, 64, 64, 64, 10), seed, "he" if setting == "blank" else "default") for seed in seeds]
    x = torch.stack([torch.randn(claim.samples, 32, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
    if setting == "blank":
        x[:, ::BLANK] = 0
    dtype = torch.bfloat16 if setting == "bfloat16" else torch.float32
    seen: list[Tensor] = []
    with torch.no_grad():
        forward([tensor.to(dtype) for tensor in side_by_side(networks)], x.to(dtype), in_torch(get("relu")), seen)
    sizes = torch.cat([z.abs().flatten() for z in seen]).float()
    return Zeros(setting, int((sizes == 0).sum()), sizes.numel(), float(sizes[sizes > 0].min()))


def _vector(numbers: tuple[float, ...]) -> str:
    return f"[{', '.join(value(number).replace('-', '−') for number in numbers)}]"


def _about_zero(measured: ReluDefinitionMeasurement, at_zero: list[float]) -> Text:
    groups = {choice: ", ".join(f"`{s.code}`" for s in measured.spellings if s.at_zero == choice) for choice in at_zero}
    en = "; ".join(f"{value(choice)} in {codes}" for choice, codes in groups.items())
    zh = "；".join(f"{codes} 为 {value(choice)}" for choice, codes in groups.items())
    return Text(
        f"Condition: away from 0. At 0 the slope is a choice, and torch makes more than one: {en}.",
        f"条件：不在 0 处。0 处的斜率是一种选择，而 torch 的选择不止一种：{zh}。",
    )


def _about_occurrence(measured: ReluDefinitionMeasurement) -> Text:
    most = max(measured.zeros, key=lambda zeros: zeros.exact / zeros.inputs)
    usual = next(zeros for zeros in measured.zeros if zeros.setting == "default")
    name, share = SETTINGS[most.setting], percentage(most.exact / most.inputs)
    return Text(
        f"It matters only where an input is exactly 0: {count(usual.exact)} of {count(usual.inputs)} with {SETTINGS['default'].en}; "
        f"{share} with: {name.en}.",
        f"只有输入恰好为 0 时才有影响：{SETTINGS['default'].zh}时，{count(usual.exact)} / {count(usual.inputs)}；{name.zh}时，{share}。",
    )


def _with_first(measured: ReluDefinitionMeasurement, all_of_them: bool = False, **changes: Any) -> ReluDefinitionMeasurement:
    first, *others = measured.spellings
    changed = [replace(first, **changes), *(replace(one, **changes) if all_of_them else one for one in others)]
    return replace(measured, spellings=tuple(changed))
