"""What a treatment is given to work with while a script runs, and the account of where it was applied."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reluctant.recording import Applied, Location, NotApplied, TreatmentReport

from ._requested_treatment import RequestedLine

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

    from ._treatment import Treatment

RECURRENT = ("rnn_relu", "rnn_tanh", "lstm", "gru")
"""Operations that are a whole recurrent layer, or one step of it."""

PLACES = 64
"""At most this many places where a treatment was applied are told, and as many where it was not."""


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

    @property
    def is_learned(self) -> bool:
        """Whether the weight is a parameter that is trained."""
        return self.weight is not None and self.weight.is_leaf and self.weight.requires_grad


@dataclass(frozen=True, slots=True)
class Caller:
    """What makes a call: the same in each pass, in training and in evaluation."""

    instruction: Hashable
    """The instruction of the user's code; None where it stands outside of all modules and calls one."""
    modules: tuple[Module, ...] = ()
    """The modules whose forward is running, innermost first."""


@dataclass(frozen=True, slots=True)
class Interception:
    """What one treatment does at calls."""

    wanted: Callable[[Call], bool]
    """Judges a call by all but its place."""
    applied: Callable[[Call, Callable[[Tensor], Tensor]], Tensor]
    """Makes the result, of the call and, as a function of the input, what the script asked for."""
    is_at: Callable[[tuple[Location, ...]], bool]
    """Whether one of the places by which a call may be named is where the treatment is wanted."""
    replaces: bool = False
    """Whether it takes the place of the call, and so comes after those that change what enters or leaves it."""


@dataclass(frozen=True, slots=True)
class StepHooks:
    """What one treatment does around the steps of optimizers."""

    before: Callable[[Optimizer], None]
    after: Callable[[Optimizer], None]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What is known of the running script from its frames and of what it has built."""

    file: str
    """The script itself."""
    caller: Callable[[], Caller]
    """What makes the running call."""
    built: Callable[[object], Location | None]
    """The line that built a module or an optimizer, where it was seen."""
    optimizers: Callable[[], Sequence[Optimizer]]
    """The optimizers that were built so far and are still there."""


@dataclass(slots=True)
class _Calls:
    first: int
    """Step from which it was applied."""
    calls: int = 1


class RunningScript:
    """The running script, as far as one treatment can get at it; and the account of what the treatment did.

    Calls are treated only at the lines that the treatment is asked for, if it is asked for any.
    """

    def __init__(self, treatment: Treatment, whereabouts: Whereabouts, step: Callable[[], int], seed: int) -> None:
        self.treatment = treatment
        self.seed = seed
        """The number of the trial."""
        self.is_learning = False
        """Whether what runs is still the untreated network, which a treatment learns from. It is not recorded."""
        self.interceptions: list[Interception] = []
        self.step_hooks: list[StepHooks] = []
        self.caller, self.built, self.optimizers = whereabouts.caller, whereabouts.built, whereabouts.optimizers
        self._file = whereabouts.file
        self._step = step
        self._reached: set[RequestedLine] = set()
        self._already_so = False
        self._applied: dict[tuple[Location | None, str], _Calls] = {}
        self._not_applied: dict[NotApplied, None] = {}

    def at_calls(self, wanted: Callable[[Call], bool], applied: Callable[[Call, Callable[[Tensor], Tensor]], Tensor]) -> None:
        """Let `applied` make the result of each call that is `wanted`, judged by all but its place.

        It gets the call and, as a function of the input, what the script asked for.
        """
        self.interceptions.append(Interception(wanted, applied, self._is_here))

    def instead_of_calls(self, wanted: Callable[[Call], bool], applied: Callable[[Call, Callable[[Tensor], Tensor]], Tensor]) -> None:
        """The same for what takes the place of the call: it comes after all that changes what enters or leaves it.

        It says in `call` what was computed instead.
        """
        self.interceptions.append(Interception(wanted, applied, self._is_here, replaces=True))

    def everywhere(self, wanted: Callable[[Call], bool], applied: Callable[[Call, Callable[[Tensor], Tensor]], Tensor]) -> None:
        """The same at all lines: for what must be seen, not treated."""
        self.interceptions.append(Interception(wanted, applied, lambda places: True))

    def around_steps(self, before: Callable[[Optimizer], None], after: Callable[[Optimizer], None]) -> None:
        """Call `before` and `after` around each step of each optimizer, wherever it was built."""
        self.step_hooks.append(StepHooks(before, after))

    def is_built_there(self, thing: object) -> bool:
        """Whether a module or an optimizer was built at a line asked for; true where none is asked for."""
        place = self.built(thing)
        return self._is_here((place,) if place is not None else ())

    def applied(self, place: Location | None, what: str) -> None:
        """Note that it was applied at a place, and what was done there: ``relu became leaky_relu``."""
        seen = self._applied.get((place, what))
        if seen is not None:
            seen.calls += 1
        elif len(self._applied) < PLACES:
            self._applied[place, what] = _Calls(self._step())

    def left(self, place: Location | None, why: str) -> None:
        """Note a place that was left as it is on purpose."""
        self._note(NotApplied(place, why, asked=False))

    def already_so(self, place: Location | None, why: str) -> None:
        """Note a place that was as the treatment wants it; where all were, the trial counts, as one of the script as it stands."""
        self._already_so = True
        self.left(place, why)

    def not_applied(self, place: Location | None, why: str) -> None:
        """Note, in one sentence, that it could not be applied at a place; the trial then does not count."""
        self._note(NotApplied(place, why))

    def report(self) -> TreatmentReport:
        """The account as data, when the run has ended."""
        self.treatment.end()
        request = self.treatment.request
        not_applied = tuple(self._not_applied)
        if not self._applied and not self._already_so and not any(entry.asked for entry in not_applied):
            not_applied = (*not_applied, NotApplied(None, self.treatment.nothing_met))
        missed = (line for line in request.lines if line not in self._reached)
        not_applied = (*not_applied, *(NotApplied(None, f"there was nothing to treat at line {line}") for line in missed))
        applied = (Applied(place, what, first_step=seen.first, calls=seen.calls) for (place, what), seen in self._applied.items())
        return TreatmentReport(request.name, request.arguments, tuple(map(str, request.lines)), tuple(applied), not_applied)

    def _note(self, entry: NotApplied) -> None:
        if len(self._not_applied) < PLACES:
            self._not_applied[entry] = None

    def _is_here(self, places: tuple[Location, ...]) -> bool:
        lines = self.treatment.request.lines
        reached = [line for line in lines if any(line.names(place, self._file) for place in places)]
        self._reached.update(reached)
        return bool(reached) or not lines
