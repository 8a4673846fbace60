"""What a treatment is given to work with while a script runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from reluctant.recording import Location

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer


RECURRENT = ("rnn_relu", "rnn_tanh", "lstm", "gru")
"""Operations that are a whole recurrent layer, or one step of it."""


@dataclass(slots=True)
class Call:
    """One call of an activation or of a layer's product, in whatever form the script writes it."""

    operation: str
    """Name of the activation in the catalogue, or ``softmax``, ``log_softmax``, ``linear``, ``convolution``, ``matmul``, or one of
    `RECURRENT`.
    """
    input: Tensor
    """What enters it."""
    weight: Tensor | None = None
    """What the input is multiplied with, for the products; the learned slope, for PReLU."""
    options: dict[str, Any] = field(default_factory=dict)
    """The other arguments by name, as far as they were given: ``dim``, ``negative_slope`` …"""
    place: Location | None = None
    """The line a user would edit; None where no line of the user's is on the stack."""
    weights: tuple[Tensor, ...] = ()
    """The matrices and biases of a recurrent layer; its result is a tuple."""
    key: Hashable = None
    """Tells the calls at one line apart: the same for the same instruction, or the same module, in each pass."""


@dataclass(frozen=True, slots=True)
class Caller:
    """What makes a call: the same in each pass, in training and in evaluation."""

    instruction: Hashable
    """The instruction of the user's code; None where it stands outside of all modules and calls one."""
    modules: tuple[Module, ...] = ()
    """The modules whose forward is running, innermost first."""


class Scene(Protocol):
    """The running script, as far as a treatment can get at it; and the account of what was done.

    `seed` is the number of the trial.
    Calls are treated only at the request's line, if it has one.
    """

    seed: int

    def at_calls(self, wanted: Callable[[Call], bool], applied: Callable[[Call, Callable[[Tensor], Tensor]], Tensor]) -> None:
        """Let `applied` make the result of each call that is `wanted`, judged by all but its place.

        It gets the call and, as a function of the input, what the script asked for.
        """

    def instead_of_calls(self, wanted: Callable[[Call], bool], applied: Callable[[Call, Callable[[Tensor], Tensor]], Tensor]) -> None:
        """The same for what takes the place of the call: it comes after all that changes what enters or leaves it.

        It says in `call` what was computed instead.
        """

    def everywhere(self, wanted: Callable[[Call], bool], applied: Callable[[Call, Callable[[Tensor], Tensor]], Tensor]) -> None:
        """The same at all lines: for what must be seen, not treated."""

    def around_steps(self, before: Callable[[Optimizer], None], after: Callable[[Optimizer], None]) -> None:
        """Call `before` and `after` around each step of each optimizer, wherever it was built."""

    def learns_first(self) -> None:
        """Say that the first pass is that of the untreated network. It is then not recorded, until `has_learned` is said."""

    def has_learned(self) -> None:
        """Say that all passes from the next one on are those of the treated network."""

    def is_built_there(self, thing: object) -> bool:
        """Whether a module or an optimizer was built at the line asked for; true without a line."""

    def caller(self) -> Caller:
        """What makes the running call."""

    def optimizers(self) -> Sequence[Optimizer]:
        """The optimizers that were built so far and are still there."""

    def applied(self, place: Location | None, what: str) -> None:
        """Note that it was applied at a place, and what was done there: ``relu became leaky_relu``."""

    def left(self, place: Location | None, why: str) -> None:
        """Note a place that was left as it is on purpose."""

    def already_so(self, place: Location | None, why: str) -> None:
        """Note a place that was as the treatment wants it; where all were, the trial counts, as one of the script as it stands."""

    def not_applied(self, place: Location | None, why: str) -> None:
        """Note, in one sentence, that it could not be applied at a place; the trial then does not count."""

    def built(self, thing: object) -> Location | None:
        """The line that built a module or an optimizer, where it was seen."""
