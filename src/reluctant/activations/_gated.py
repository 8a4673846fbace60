"""What every gated pair is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._activation import Activation
from ._arithmetic import Arithmetic, Value
from ._evaluate import evaluate


@dataclass(frozen=True)
class Gated(Activation, abstract=True):
    """Two inputs, of which one passes through an activation and multiplies the other: f(a, b) = g(a) · b.

    `a` is the gate and comes first, as in Shazeer 2020; torch's ``F.glu`` takes its gate second.
    """

    gate: ClassVar[Activation]
    """g."""

    def forward(self, m: Arithmetic, a: Value, b: Value) -> Value:  # type: ignore[override]
        """f(a, b) = g(a) · b."""
        return self.gate.forward(m, a) * b

    def derivative(self, m: Arithmetic, a: Value, b: Value) -> tuple[Value, Value]:  # type: ignore[override]
        """(∂f/∂a, ∂f/∂b) = (g'(a) · b, g(a))."""
        return self.gate.derivative(m, a) * b, self.gate.forward(m, a)

    def __call__(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        """f(a, b) for numbers, lists of numbers or numpy arrays."""
        return evaluate(self.forward, a, b, what=self.name)

    def slope(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        """(∂f/∂a, ∂f/∂b) for numbers, lists of numbers (a list of pairs) or numpy arrays (a pair of arrays)."""
        return evaluate(self.derivative, a, b, what=f"the slope of {self.name}")
