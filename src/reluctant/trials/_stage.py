"""The running script as one treatment gets it, and the account of where it was applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from reluctant.instrument.building_lines import BuildingLines
from reluctant.recording import Applied, Location, NotApplied, TreatmentReport
from reluctant.treatments import Call, Caller, Line, Remedy

from ._calls import Treater
from ._places import caller, is_at

if TYPE_CHECKING:
    from torch.optim import Optimizer

PLACES = 64
"""At most this many places where it was applied are told, and as many where it was not."""


@dataclass(slots=True)
class _Calls:
    first: int
    """Step from which it was applied."""
    calls: int = 1


@dataclass(slots=True)
class StepHooks:
    """What one treatment does around the steps of optimizers."""

    before: Callable[[Optimizer], None]
    after: Callable[[Optimizer], None]


class Stage:
    """Implements `reluctant.treatments.Scene` for one treatment."""

    def __init__(self, remedy: Remedy, script: str, lines: BuildingLines, step: Callable[[], int], seed: int) -> None:
        self.remedy = remedy
        self.seed = seed
        self.is_learning = False
        """Whether what runs is still the untreated network."""
        self.treaters: list[Treater] = []
        self.step_hooks: list[StepHooks] = []
        self._script = script
        self._lines = lines
        self._step = step
        self._reached: set[Line] = set()
        self._already_so = False
        self._applied: dict[tuple[Location | None, str], _Calls] = {}
        self._not_applied: dict[NotApplied, None] = {}

    def at_calls(self, wanted: Callable[[Call], bool], applied: Callable[[Call, Callable[[Tensor], Tensor]], Tensor]) -> None:
        """Let `applied` make the result of each call that is `wanted`."""
        self.treaters.append(Treater(wanted, applied, self._is_here))

    def instead_of_calls(self, wanted: Callable[[Call], bool], applied: Callable[[Call, Callable[[Tensor], Tensor]], Tensor]) -> None:
        """The same for what takes the place of the call."""
        self.treaters.append(Treater(wanted, applied, self._is_here, replaces=True))

    def everywhere(self, wanted: Callable[[Call], bool], applied: Callable[[Call, Callable[[Tensor], Tensor]], Tensor]) -> None:
        """The same at all lines."""
        self.treaters.append(Treater(wanted, applied, lambda places: True))

    def around_steps(self, before: Callable[[Optimizer], None], after: Callable[[Optimizer], None]) -> None:
        """Call both around each step of an optimizer."""
        self.step_hooks.append(StepHooks(before, after))

    def learns_first(self) -> None:
        """The first pass is untreated."""
        self.is_learning = True

    def has_learned(self) -> None:
        """From the next pass on it is treated."""
        self.is_learning = False

    def is_built_there(self, thing: object) -> bool:
        """Whether it was built at the line asked for."""
        place = self._lines.of(thing)
        return self._is_here((place,) if place is not None else ())

    def caller(self) -> Caller:
        """What makes the running call."""
        return caller()

    def optimizers(self) -> Sequence[Optimizer]:
        """The optimizers that are still there."""
        return self._lines.optimizers()

    def applied(self, place: Location | None, what: str) -> None:
        """Note a place where it was applied."""
        seen = self._applied.get((place, what))
        if seen is not None:
            seen.calls += 1
        elif len(self._applied) < PLACES:
            self._applied[place, what] = _Calls(self._step())

    def left(self, place: Location | None, why: str) -> None:
        """Note a place that was left on purpose."""
        self._note(NotApplied(place, why, asked=False))

    def already_so(self, place: Location | None, why: str) -> None:
        """Note a place where there was nothing to do."""
        self._already_so = True
        self.left(place, why)

    def not_applied(self, place: Location | None, why: str) -> None:
        """Note a place where it could not be applied."""
        self._note(NotApplied(place, why))

    def built(self, thing: object) -> Location | None:
        """The line that built a module or an optimizer."""
        return self._lines.of(thing)

    def plain(self) -> TreatmentReport:
        """The account as data."""
        self.remedy.end()
        request = self.remedy.request
        not_applied = tuple(self._not_applied)
        if not self._applied and not self._already_so and not any(entry.asked for entry in not_applied):
            not_applied = (*not_applied, NotApplied(None, self.remedy.nothing_met))
        missed = (line for line in request.lines if line not in self._reached)
        not_applied = (*not_applied, *(NotApplied(None, f"there was nothing to treat at line {line}") for line in missed))
        applied = (Applied(place, what, first_step=seen.first, calls=seen.calls) for (place, what), seen in self._applied.items())
        return TreatmentReport(request.name, request.arguments, tuple(map(str, request.lines)), tuple(applied), not_applied)

    def _note(self, entry: NotApplied) -> None:
        if len(self._not_applied) < PLACES:
            self._not_applied[entry] = None

    def _is_here(self, places: tuple[Location, ...]) -> bool:
        lines = self.remedy.request.lines
        reached = [line for line in lines if any(is_at(place, line, self._script) for place in places)]
        self._reached.update(reached)
        return bool(reached) or not lines
