"""Claim 4: through sigmoid and tanh gradients vanish with depth, through ReLU they do not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, get_args

from reluctant.activations import Activation, expectation, get
from reluctant.figures import Axis, Band, Figure, Line, Mark, Panel, Setting, Slider, Words, explorer, translation
from reluctant.numbers import short

from ._claim import Block, Claim, ClaimCase, ClaimVerdict, Conclusion, Paragraph, Table
from ._curves import COLOURS, curve_panels, title
from ._networks import Initialisation, forward, in_torch, linear_layers, side_by_side
from ._spread import Spread, interval, interval_words, over_seeds, spread
from ._text import Text, listed

if TYPE_CHECKING:
    from torch import Tensor

ACTIVATIONS = ("sigmoid", "tanh", "elu", "gelu", "relu")
FLATTENING = ("sigmoid", "tanh")
INITIALISATIONS: tuple[Initialisation, ...] = get_args(Initialisation)
NAMES: dict[str, Words] = {"default": Text("torch's default", "torch 默认"), "glorot": "Glorot", "he": "He"}

WEIGHT_VARIANCE: dict[Initialisation, float] = {"default": 1 / 3, "glorot": 1.0, "he": 2.0}
"""σ_w² of a layer with as many inputs as outputs: n times the variance of its weights."""

VANISHES = 0.95
"""A gradient that keeps less than this of its size from layer to layer has lost nearly two thirds of it after twenty."""


@dataclass(frozen=True)
class Gradients:
    """Gradient sizes in networks of one kind, from the first layer to the last, as multiples of the last."""

    activation: str
    initialisation: str
    depth: int
    width: int
    median: tuple[float, ...]
    least: tuple[float, ...]
    largest: tuple[float, ...]
    predicted: tuple[float, ...]
    factor: Spread
    """By which one layer multiplies the gradient's size: the geometric mean over the layers."""

    @property
    def predicted_factor(self) -> float:
        """The same by mean-field theory."""
        return float(self.predicted[0] ** (1 / (self.depth - 1)))


@dataclass(frozen=True)
class VanishingGradientsMeasurement:
    """What the experiment gave."""

    first_seed: int
    seeds: int
    samples: int
    gradients: tuple[Gradients, ...]


@dataclass(frozen=True)
class VanishingGradientsClaim(Claim[VanishingGradientsMeasurement]):
    """Sigmoid and tanh flatten, so gradients vanish with depth; ReLU's slope is 1 where it is active."""

    number = 4
    title = Text("Vanishing gradients", "梯度消失")
    statement = Text(
        "Sigmoid and tanh are flat far from 0, so gradients shrink from layer to layer and deep networks do not train. ReLU's slope on "
        "its active side is exactly 1, so through it they do not shrink.",
        "sigmoid 与 tanh 在远离 0 处是平的，所以梯度逐层缩小，深层网络训练不动。ReLU 在激活的一侧斜率恰好是 1，所以梯度经过它不会缩小。",
    )
    experiment = Text(
        "A random gradient is sent back through fresh networks of equally wide layers, and its size is taken at every layer: for five "
        "activations, with torch's default, Glorot's and He's initialisation, at several depths and widths. Beside it stands what "
        "mean-field theory predicts.",
        "把一个随机梯度反向送过各层等宽、刚初始化的网络，在每一层记下它的大小：五种激活函数，torch 默认、Glorot、He 三种初始化，若干深度"
        "与宽度。旁边是平均场理论的预测。",
    )
    verdict_rule = Text(
        f"A gradient vanishes where a layer keeps less than {VANISHES} of its size, with the whole interval, in the reference network. "
        "Does not hold where it vanishes through ReLU under every initialisation, or through neither sigmoid nor tanh under any. Holds "
        "under conditions where it vanishes through ReLU under some, or does not through sigmoid or tanh under some. Else it holds.",
        f"在参考网络中，若每层保留的梯度不到 {VANISHES}（整个区间都是），就称梯度消失。若经过 ReLU 在每种初始化下都消失，或经过 sigmoid "
        "与 tanh 在任何初始化下都不消失，则不成立。若经过 ReLU 在某种初始化下消失，或经过 sigmoid 或 tanh 在某种初始化下不消失，则有条件"
        "成立。否则成立。",
    )
    measurement = VanishingGradientsMeasurement

    seeds: int = 6
    samples: int = 16
    depths: tuple[int, ...] = (5, 10, 20, 30)
    widths: tuple[int, ...] = (16, 64, 256)

    @classmethod
    def short(cls, seed: int = 0) -> VanishingGradientsClaim:
        """One depth and width."""
        return cls(seed=seed, samples=8, depths=(20,), widths=(128,))

    def measure(self) -> VanishingGradientsMeasurement:
        """Send gradients back."""
        gradients = [
            _gradients(self, get(name), initialisation, depth, width)
            for depth in self.depths
            for width in self.widths
            for initialisation in INITIALISATIONS
            for name in ACTIVATIONS
        ]
        return VanishingGradientsMeasurement(self.seed, self.seeds, self.samples, tuple(gradients))

    def judge(self, measured: VanishingGradientsMeasurement) -> Conclusion:
        """See `verdict_rule`."""
        factors = {(found.activation, found.initialisation): found for found in _reference(measured)}
        relu = [name for name in INITIALISATIONS if factors["relu", name].factor.high < VANISHES]
        flat = [(a, name) for a in FLATTENING for name in INITIALISATIONS if factors[a, name].factor.high < VANISHES]
        spared = [(a, name) for a in FLATTENING for name in INITIALISATIONS if (a, name) not in flat]
        if len(relu) == len(INITIALISATIONS) or not flat:
            verdict = ClaimVerdict.NOT_HERE
        else:
            verdict = ClaimVerdict.CONDITIONS if relu or spared else ClaimVerdict.HOLDS
        because = [_about(a, [factors[a, name] for name in INITIALISATIONS]) for a in (*FLATTENING, "relu")]
        return Conclusion(verdict, (*because, *_conditions(relu, spared)))

    def show(self, measured: VanishingGradientsMeasurement) -> Iterator[Block]:
        """The curves, the gradients by layer, the factors."""
        shown = [get(name) for name in ACTIVATIONS]
        yield Figure(
            name="flattening", title=Text("Where curves flatten", "曲线在哪里变平"), alt=_alt_of_curves(shown), panels=curve_panels(shown)
        )
        yield _figure(measured)
        yield Paragraph(
            Text(
                "A layer multiplies the mean square of the gradient by χ = σ_w² · E[f′(z)²]: the weights' variance times fan-in, and the "
                "mean square of the slope. ReLU's slope is 1, but on half of a symmetric input only, so E[f′²] is ½, and the weights "
                "must make up for it with σ_w² = 2. That is He's initialisation. Torch's default has σ_w² = ⅓.",
                "一层把梯度的均方乘以 χ = σ_w² · E[f′(z)²]：权重方差乘以输入数，再乘以斜率的均方。ReLU 的斜率是 1，但只在对称输入的一半上，"
                "所以 E[f′²] 是 ½，必须由权重以 σ_w² = 2 来弥补。这就是 He 初始化。torch 默认的 σ_w² 是 ⅓。",
            )
        )
        yield _table(measured)

    def evidence(self, measured: VanishingGradientsMeasurement) -> Text:
        """Seeds, samples and the reference network."""
        seeds, reference = over_seeds(measured.seeds, measured.first_seed), _reference(measured)[0]
        return Text(
            f"{measured.seeds} networks of each kind ({seeds.en}), {measured.samples} normal inputs each; root mean squares over units "
            f"and samples. The reference network has {reference.depth} layers of {reference.width} units.",
            f"每种 {measured.seeds} 个网络（{seeds.zh}），各 {measured.samples} 个正态输入；对单元与样本取均方根。参考网络有 "
            f"{reference.depth} 层，每层 {reference.width} 个单元。",
        )

    @classmethod
    def cases(cls, measured: VanishingGradientsMeasurement) -> Iterator[ClaimCase[VanishingGradientsMeasurement]]:
        """Both sides of every bound."""
        ideal = _with_factors(measured, relu=1.0, flat=0.5)
        yield ClaimCase("only the flattening ones vanish", ideal, ClaimVerdict.HOLDS)
        for share, verdict in ((1.01, ClaimVerdict.HOLDS), (0.99, ClaimVerdict.CONDITIONS)):
            yield ClaimCase(f"ReLU at {share} of the threshold once", _with_factors(ideal, relu=share * VANISHES, only="default"), verdict)
            yield ClaimCase(f"flat at {2 - share} of it once", _with_factors(ideal, flat=(2 - share) * VANISHES, only="he"), verdict)
        yield ClaimCase("ReLU vanishes everywhere", _with_factors(ideal, relu=0.9), ClaimVerdict.NOT_HERE)
        yield ClaimCase("nothing vanishes", _with_factors(ideal, flat=1.0), ClaimVerdict.NOT_HERE)
        unsure = _with_factors(ideal, relu=0.9, only="default", high=0.96)
        yield ClaimCase("an interval on both sides", unsure, ClaimVerdict.HOLDS)

    @classmethod
    def expected(cls, measured: VanishingGradientsMeasurement) -> dict[str, bool]:
        """What the short form shows."""
        factor = {(found.activation, found.initialisation): found.factor for found in measured.gradients}
        return {
            "sigmoid loses most": factor["sigmoid", "default"].high < 0.2 and factor["sigmoid", "he"].high < 0.4,
            "tanh loses much": factor["tanh", "default"].high < 0.65,
            "ReLU alone is not enough": factor["relu", "default"].high < 0.5,
            "ReLU with its initialisation keeps the size": 0.95 < factor["relu", "he"].median < 1.05,
            "a wide network keeps what mean-field theory says": all(
                math.isclose(found.factor.median, found.predicted_factor, rel_tol=0.08) for found in measured.gradients
            ),
            "sizes are multiples of the last": {found.median[-1] for found in measured.gradients} == {1.0},
        }


def _gradients(claim: VanishingGradientsClaim, activation: Activation, initialisation: Initialisation, depth: int, width: int) -> Gradients:
    seeds = [claim.seed + index for index in range(claim.seeds)]
    parameters = side_by_side([linear_layers([width] * (depth + 1), seed, initialisation) for seed in seeds])
    sizes = _sizes(parameters, _normal(seeds, claim.samples, width, 0), _normal(seeds, claim.samples, width, 1), activation)
    by_layer = list(zip(*sizes, strict=True))
    return Gradients(
        activation=activation.name,
        initialisation=initialisation,
        depth=depth,
        width=width,
        median=tuple(spread(layer).median for layer in by_layer),
        least=tuple(map(min, by_layer)),
        largest=tuple(map(max, by_layer)),
        predicted=gradient_by_layer(activation, initialisation, depth, width),
        factor=spread([network[0] ** (1 / (depth - 1)) for network in sizes]),
    )


def _normal(seeds: list[int], samples: int, width: int, stream: int) -> Tensor:
    import torch

    return torch.stack([torch.randn(2, samples, width, generator=torch.Generator().manual_seed(seed))[stream] for seed in seeds])


def _sizes(parameters: list[Tensor], x: Tensor, gradient: Tensor, activation: Activation) -> list[list[float]]:
    """For each network, the gradient's size at each layer's input to its activation; the last layer's is that of what is sent back."""
    import torch

    seen: list[Tensor] = []
    last = forward(parameters, x, in_torch(activation), seen)
    gradients = torch.autograd.grad(last, seen, gradient)
    sizes = torch.stack([part.double().square().mean((1, 2)).sqrt() for part in (*gradients, gradient)])
    return [list(map(float, network)) for network in (sizes / sizes[-1]).T]


def _reference(measured: VanishingGradientsMeasurement) -> list[Gradients]:
    """The networks the verdict rests on: of the widest, those of a middle depth."""
    depths, widest = sorted({found.depth for found in measured.gradients}), max(found.width for found in measured.gradients)
    return [found for found in measured.gradients if (found.depth, found.width) == (depths[len(depths) // 2], widest)]


def _about(name: str, found: list[Gradients]) -> Text:
    shown = title(get(name))
    en = ", ".join(f"{short(one.factor.median)} with {translation(NAMES[one.initialisation], 'en')}" for one in found)
    zh = "，".join(f"{translation(NAMES[one.initialisation], 'zh')} 为 {short(one.factor.median)}" for one in found)
    depth, default = found[0].depth, found[0]
    return Text(
        f"{shown[0].upper()}{shown[1:]} keeps per layer {en}. Under torch's default the first of {depth} layers gets "
        f"{short(default.median[0])} of the last's gradient.",
        f"{shown} 每层保留：{zh}。torch 默认初始化时，{depth} 层中的第一层得到最后一层梯度的 {short(default.median[0])}。",
    )


def _conditions(relu: list[Initialisation], spared: list[tuple[str, Initialisation]]) -> Iterator[Text]:
    if relu:
        names = listed([NAMES[name] for name in relu])
        yield Text(
            f"Condition: ReLU alone is not enough. Under {names.en} initialisation the gradient vanishes through ReLU too; what keeps it "
            "is the scale of the weights.",
            f"条件：只有 ReLU 还不够。{names.zh} 初始化时，梯度经过 ReLU 也会消失；保住梯度的是权重的尺度。",
        )
    if spared:
        en = ", ".join(f"{title(get(a))} with {translation(NAMES[name], 'en')}" for a, name in spared)
        zh = "、".join(f"{title(get(a))}（{translation(NAMES[name], 'zh')}）" for a, name in spared)
        yield Text(f"Nor does every flattening curve lose it: not {en}.", f"而且并非每条会变平的曲线都丢失梯度：{zh}就没有。")


def _alt_of_curves(shown: list[Activation]) -> Text:
    at = 3.0
    slopes = ", ".join(f"{title(activation)} {short(activation.slope(at))}" for activation in shown)
    return Text(
        "Two panels, curves and slopes from −4 to 4. Sigmoid and tanh level off on both sides, the others only on the left. Slopes at x "
        f"= {short(at)}: {slopes}.",
        f"两幅图，从 −4 到 4 的曲线与斜率。sigmoid 与 tanh 在两边都变平，其余只在左边变平。x = {short(at)} 处的斜率：{slopes}。",
    )


def _figure(measured: VanishingGradientsMeasurement) -> Figure:
    depths, widths = (sorted({getattr(found, name) for found in measured.gradients}) for name in ("depth", "width"))
    first = {(found.activation, found.initialisation): short(found.median[0]) for found in _reference(measured)}
    apart = short(max(abs(found.factor.median - found.predicted_factor) for found in _reference(measured)))
    en = "; ".join(
        f"{translation(NAMES[i], 'en')}: " + ", ".join(f"{title(get(a))} {first[a, i]}" for a in ACTIVATIONS) for i in INITIALISATIONS
    )
    zh = "；".join(
        f"{translation(NAMES[i], 'zh')}：" + "，".join(f"{title(get(a))} {first[a, i]}" for a in ACTIVATIONS) for i in INITIALISATIONS
    )
    return explorer(
        name="gradient-by-layer",
        title=Text(
            "Gradient size by layer: measured, with the range over seeds, and predicted", "各层梯度的大小：测量值（附各种子的范围）与预测值"
        ),
        alt=Text(
            "Three panels, one for each initialisation: the gradient's size at each layer as a multiple of the last layer's, on a "
            f"logarithmic axis. At the first layer it is, {en}. Measured and predicted factors per layer differ by at most {apart}.",
            f"三幅图，每种初始化一幅：各层梯度的大小相对最后一层的倍数，对数轴。第一层处：{zh}。每层因子的测量值与预测值最多相差 {apart}。",
        ),
        sliders=[
            Slider(Text("depth: layers", "深度：层数"), tuple(map(str, depths)), len(depths) // 2),
            Slider(Text("width: units in a layer", "宽度：每层单元数"), tuple(map(str, widths)), len(widths) - 1),
        ],
        settings=[_frame(measured, depth, width) for depth in depths for width in widths],
    )


LOWEST, HIGHEST = 1e-12, 1e4


def _frame(measured: VanishingGradientsMeasurement, depth: int, width: int) -> Setting:
    own = [found for found in measured.gradients if (found.depth, found.width) == (depth, width)]
    deepest = max(found.depth for found in measured.gradients)
    panels = tuple(_panel([found for found in own if found.initialisation == name], name, deepest) for name in INITIALISATIONS)
    relu = {found.initialisation: short(found.factor.median) for found in own if found.activation == "relu"}
    readout = Text(
        f"{depth} layers of {width} units. ReLU keeps per layer: {relu['default']} with torch's default, {relu['glorot']} with Glorot, "
        f"{relu['he']} with He.",
        f"{depth} 层，每层 {width} 个单元。ReLU 每层保留：torch 默认 {relu['default']}，Glorot {relu['glorot']}，He {relu['he']}。",
    )
    return Setting(readout, panels)


def _panel(own: list[Gradients], initialisation: Initialisation, deepest: int) -> Panel:
    marks: list[Mark] = []
    for found in own:
        xs, name, colour = range(1, found.depth + 1), title(get(found.activation)), COLOURS[found.activation]
        predicted = Line(Text(f"{name}, predicted", f"{name}，预测"), xs, found.predicted, colour, dashed=True)
        marks += [Band(xs, found.least, found.largest, colour), Line(name, xs, found.median, colour), predicted]
    return Panel(
        NAMES[initialisation],
        Axis(Text("layer", "层"), 1, deepest),
        Axis(Text("gradient, of the last layer's", "梯度（相对最后一层）"), LOWEST, HIGHEST, scale="log"),
        tuple(marks),
    )


def _table(measured: VanishingGradientsMeasurement) -> Table:
    reference = {(found.activation, found.initialisation): found for found in _reference(measured)}
    rows: list[tuple[Words, ...]] = []
    for name in ACTIVATIONS:
        cells = [f"{interval(reference[name, i].factor)} / {short(reference[name, i].predicted_factor)}" for i in INITIALISATIONS]
        rows.append((title(get(name)), short(get(name).mean_square_slope()), short(get(name).gain), *cells))
    kind_of = interval_words(measured.seeds)
    return Table(
        Text(
            f"What one layer keeps of the gradient's size: median over seeds ({kind_of.en}) / predicted",
            f"一层保留多少梯度：各种子的中位数（{kind_of.zh}）/ 预测",
        ),
        (Text("activation", "激活函数"), "E[f′(z)²]", Text("gain", "增益"), *(NAMES[name] for name in INITIALISATIONS)),
        tuple(rows),
    )


def _with_factors(
    measured: VanishingGradientsMeasurement, relu: float | None = None, flat: float | None = None, only: str = "", high: float | None = None
) -> VanishingGradientsMeasurement:
    """Other factors per layer for ReLU, and for sigmoid and tanh, under one initialisation or all."""

    def changed(found: Gradients) -> Gradients:
        new = {"relu": relu, "sigmoid": flat, "tanh": flat}.get(found.activation)
        if new is None or only not in ("", found.initialisation):
            return found
        return replace(found, factor=replace(spread([new] * 6), high=high or new))

    return replace(measured, gradients=tuple(map(changed, measured.gradients)))


def gradient_by_layer(activation: Activation, initialisation: Initialisation, depth: int, width: int) -> tuple[float, ...]:
    """What mean-field theory says of the gradient in a wide network: its size at each layer, as a multiple of the last layer's.

    The size is the root mean square of the gradient at the input to the layer's activation. The network's inputs have mean square 1.
    With independent weights of variance σ_w²/n and biases of variance σ_b², what enters layer l + 1 has the mean square
    q_{l+1} = σ_w² E[f(√q_l z)²] + σ_b², and going back through layer l multiplies the mean square of the gradient by
    χ_l = σ_w² E[f'(√q_l z)²], z normal
    (Poole, Lahiri, Raghu, Sohl-Dickstein, Ganguli: Exponential expressivity in deep neural networks through transient
    chaos, NIPS 2016; Schoenholz, Gilmer, Ganguli, Sohl-Dickstein: Deep Information Propagation, ICLR 2017).
    """
    weights = WEIGHT_VARIANCE[initialisation]
    biases = 1 / (3 * width) if initialisation == "default" else 0.0  # `nn.Linear` draws them as it draws its weights
    q = weights + biases
    factors = []
    for _ in range(depth - 1):
        factors.append(weights * activation.mean_square_slope(math.sqrt(q)))
        q = weights * _mean_square(activation, math.sqrt(q)) + biases
    sizes = [1.0]
    for factor in reversed(factors):
        sizes.append(sizes[-1] * math.sqrt(factor))
    return tuple(reversed(sizes))


@lru_cache(maxsize=4096)
def _mean_square(activation: Activation, sigma: float) -> float:
    """E[f(z)²] for z ~ N(0, sigma²)."""
    c = activation.curve
    return expectation(lambda x: c.f(x) ** 2, bends=c.bends, sigma=sigma)
