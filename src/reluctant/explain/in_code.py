"""Claim 9: the same in code."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

from reluctant.activations import Activation, get

from ._claim import Block, Claim, ClaimCase, ClaimVerdict, Conclusion, Listing
from ._curves import title
from ._text import Text

CODE = """\
import torch
from torch import nn

x = torch.tensor([-1.0, 2.0, -3.0, 4.0])
for activation in (nn.ReLU(), nn.LeakyReLU(0.01), nn.ELU(1.0)):
    print([round(y, 4) for y in activation(x).tolist()])
"""
INPUTS = (-1.0, 2.0, -3.0, 4.0)
SPELLINGS = ("relu", "leaky_relu(0.01)", "elu(1.0)")
DIGITS = 4


@dataclass(frozen=True)
class InCodeMeasurement:
    """What the listing printed."""

    output: str


@dataclass(frozen=True)
class InCodeClaim(Claim[InCodeMeasurement]):
    """In PyTorch all of it is one module each."""

    number = 9
    title = Text("The same in code", "写成代码")
    statement = Text(
        "In PyTorch ReLU, Leaky ReLU and ELU are one module each, and give for [−1, 2, −3, 4] what the formulas say.",
        "在 PyTorch 中，ReLU、Leaky ReLU 与 ELU 各是一个模块，对 [−1, 2, −3, 4] 给出的正是公式所说的值。",
    )
    experiment = Text(
        "The listing is run as it stands, and what it prints is compared with the values of the formulas in the catalogue.",
        "原样运行这段程序，把它打印的结果与目录中公式的值相比较。",
    )
    verdict_rule = Text(
        f"Holds where every printed number is the formula's, to {DIGITS} decimals. Does not hold where one differs.",
        f"若打印的每个数与公式的值在 {DIGITS} 位小数内一致，则成立。若有一个不同，则不成立。",
    )
    measurement = InCodeMeasurement
    seeded = False

    @classmethod
    def short(cls, seed: int = 0) -> InCodeClaim:
        """The same: it takes no time."""
        return cls(seed=seed)

    def measure(self) -> InCodeMeasurement:
        """Run the listing."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(CODE, "<listing>", "exec"), {"__name__": "listing"})
        return InCodeMeasurement(printed.getvalue())

    def judge(self, measured: InCodeMeasurement) -> Conclusion:
        """See `verdict_rule`."""
        pairs = list(zip((get(spelling) for spelling in SPELLINGS), measured.output.splitlines(), strict=True))
        because = tuple(_about(activation, line) for activation, line in pairs)
        holds = all(line == _expected(activation) for activation, line in pairs)
        return Conclusion(ClaimVerdict.HOLDS if holds else ClaimVerdict.NOT_HERE, because)

    def show(self, measured: InCodeMeasurement) -> Iterator[Block]:
        """The listing."""
        yield Listing(Text("Three activations", "三种激活函数"), CODE, measured.output)

    def evidence(self, measured: InCodeMeasurement) -> Text:
        """Nothing here is random."""
        return Text(
            "float32, rounded when printed. There is nothing random in it, so no seed changes it.",
            "float32，打印时舍入。其中没有随机性，所以种子改变不了它。",
        )

    @classmethod
    def cases(cls, measured: InCodeMeasurement) -> Iterator[ClaimCase[InCodeMeasurement]]:
        """Both sides of every bound."""
        yield ClaimCase("as the formulas say", measured, ClaimVerdict.HOLDS)
        yield ClaimCase("another digit", InCodeMeasurement(measured.output.replace("-0.6321", "-0.6322")), ClaimVerdict.NOT_HERE)

    @classmethod
    def expected(cls, measured: InCodeMeasurement) -> dict[str, bool]:
        """What the short form shows."""
        printed = [[float(number) for number in line.strip("[]").split(",")] for line in measured.output.splitlines()]
        return {"the numbers": printed == [[0.0, 2.0, 0.0, 4.0], [-0.01, 2.0, -0.03, 4.0], [-0.6321, 2.0, -0.9502, 4.0]]}


def _expected(activation: Activation) -> str:
    return str([round(activation(x), DIGITS) for x in INPUTS])


def _about(activation: Activation, line: str) -> Text:
    name, expected = title(activation), _expected(activation)
    if line == expected:
        return Text(f"{name} prints {line}, as its formula says.", f"{name} 打印 {line}，与公式一致。")
    return Text(f"{name} prints {line}, where its formula gives {expected}.", f"{name} 打印 {line}，而公式给出 {expected}。")
