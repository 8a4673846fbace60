"""``reluctant activation``: the list, a page, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from reluctant.activations import Activation, all_activations
from reluctant.cli.activation import command
from reluctant.errors import UnknownNameError, UsageError

ELU = """\
elu(alpha=0.5)

The input above 0, and an exponential below that saturates at -α and brings the
mean output closer to 0.

  f(x)   = x if x > 0 else alpha * (exp(x) - 1)
  f'(x)  = 1 if x > 0 else alpha * exp(x)

      4 ┤                              │                            ●●
        │                              │                          ●●
        │                              │                       ●●●
        │                              │                     ●●
        │                              │                  ●●●
        │                              │                ●●
        │                              │             ●●●
        │                              │           ●●
        │                              │        ●●●
        │                              │○○○○○○●●○○○○○○○○○○○○○○○○○○○○○○
        │                              ○   ●●●
        │                      ○○○○○○○○○ ●●
      0 ┼○○○○○○○○○○○○○○○○○○○○○○·····●●●●●·····························
        │●●●●●●●●●●●●●●●●●●●●●●●●●●●   │
-0.6667 ┤                              │
        └──────────────────────────────┴──────────────────────────────┘
        -4                             0                             4
         ● f(x)   ○ f'(x)

In PyTorch
  nn.ELU(alpha=0.5)
  F.elu(x, alpha=0.5)

Parameters
  alpha  0.5  minus the value to which it saturates; its slope just below 0

What follows from the formula
  range              (-0.5, ∞)
  zero-centred       no: its mean is 0.2797 for a standard normal input
  gain               1.366
  E[f'(z)²]          0.542 for a standard normal z
  kept for backward  4 bytes an element in float32: input; its output, which the
                     next linear layer keeps anyway, would suffice
  largest slope      1 beside x = 0
  kink at 0          slope 0.5 below, 1 above; torch uses 0.5 there
  dead side          none: no half-line has slope 0
  flat               x < -2.303 (slope below 5 % of the largest)
  monotone           yes

Known values
  f(-1)               = -0.6321205588285577   1/e - 1
  f(2)                = 2                     the input itself above 0
  f(-3)               = -0.950212931632136    1/e³ - 1
  f(4)                = 4                     the input itself above 0
  f(-1), alpha = 0.5  = -0.31606027941427883  half of 1/e - 1

References
  -  Clevert, Unterthiner, Hochreiter: Fast and Accurate Deep Network Learning
     by Exponential Linear Units, ICLR 2016, section 3, arXiv:1511.07289
"""


def shown(*arguments: str, columns: str = "80") -> str:
    result = CliRunner(env={"COLUMNS": columns, "NO_COLOR": "1"}).invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_list_has_a_row_for_each() -> None:
    lines = shown().split("\n")
    assert lines[1].split() == ["name", "f(x)", "range", "gain", "side", "slope"]
    for activation in all_activations():
        row = next(line for line in lines if line.startswith(f"{activation.name} "))
        assert activation.traits.dead_side in row
    assert any(line.split() == ["relu", "max(0,", "x)", "[0,", "∞)", "1.414", "below", "1"] for line in lines)
    assert any(line.split() == ["tanh", "tanh(x)", "(-1,", "1)", "1.593", "none", "1"] for line in lines)
    assert "reluctant activation 'elu(alpha=0.5)'" in lines[-2]


def test_page_of_elu() -> None:
    assert shown("elu(alpha=0.5)") == ELU


@pytest.mark.parametrize("activation", all_activations(), ids=str)
def test_pages_fit_eighty_columns(activation: Activation) -> None:
    page = shown(activation.name)
    assert all(len(line) <= 80 and line == line.rstrip() for line in page.split("\n"))
    assert "\x1b" not in page
    for title in ("In PyTorch", "What follows from the formula", "Known values", "References"):
        assert f"\n{title}\n" in page


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_widths(columns: str) -> None:
    assert all(len(line) <= int(columns) for line in shown(columns=columns).split("\n"))
    assert "leaky_relu" in shown(columns=columns)


def test_refusals() -> None:
    with pytest.raises(UnknownNameError, match="no activation is called 'elo'"):
        shown("elo")
    with pytest.raises(UsageError, match="does not spell an activation"):
        shown("elu(")


def test_as_a_program_piped() -> None:
    ran = subprocess.run([sys.executable, "-m", "reluctant", "activation", "relu"], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("relu\n\nThe input where it is positive, else 0: the rectified linear unit.\n")
    assert all(len(line) <= 100 for line in ran.stdout.split("\n"))
    wrong = subprocess.run([sys.executable, "-m", "reluctant", "activation", "relo"], capture_output=True, text=True, timeout=60)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "no activation is called 'relo'. Did you mean relu" in wrong.stderr


def test_output_that_holds_ascii_only() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for arguments in ([], ["elu"]):
        command_line = [sys.executable, "-m", "reluctant", "activation", *arguments]
        ran = subprocess.run(command_line, capture_output=True, text=True, timeout=60, env=environment)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "inf)" in ran.stdout
        assert "* f(x)   o f'(x)" in ran.stdout or not arguments
