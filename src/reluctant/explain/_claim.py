"""What every claim is, what it shows, and what it comes to."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import ClassVar, Generic, TypeVar

from reluctant.errors import DefinitionError
from reluctant.figures import Figure, Words

from ._text import Text

Measurement = TypeVar("Measurement")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences. What stands between backticks is code."""

    words: Words


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers in rows; the first column says what a row is."""

    caption: Words
    head: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula of its own line."""

    latex: str
    plain: str
    """The same for a terminal."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A short program and what it printed when it was run."""

    caption: Words
    code: str
    output: str


Block = Paragraph | Table | Formula | Listing | Figure


class ClaimVerdict(Enum):
    """The three answers a claim can have."""

    HOLDS = "holds"
    CONDITIONS = "holds under these conditions"
    NOT_HERE = "does not hold here"

    @property
    def words(self) -> Text:
        """The answer in every language."""
        return Text(self.value, _IN_CHINESE[self])


_IN_CHINESE = {ClaimVerdict.HOLDS: "成立", ClaimVerdict.CONDITIONS: "在下列条件下成立", ClaimVerdict.NOT_HERE: "在此不成立"}


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The verdict on a claim, and what it rests on."""

    verdict: ClaimVerdict
    because: tuple[Text, ...]
    """One sentence or two for each part of the claim, with the measured numbers; first what decides."""


@dataclass(frozen=True, slots=True)
class ClaimCase(Generic[Measurement]):
    """A measurement that is made up, and the verdict that the claim's rule must come to. The tests ask for it."""

    name: str
    measured: Measurement
    verdict: ClaimVerdict


@dataclass(frozen=True)
class Claim(Generic[Measurement]):
    """One sentence of the classic account of activations, with the experiment that tests it.

    A subclass is the whole of a claim, in both languages: put in a file of this package, or named by an entry point of the group
    ``reluctant.claims``, it is run, shown and tested everywhere. It is a frozen dataclass whose fields are the sizes of its experiment,
    with the defaults that a page is made with; `short` gives one that takes a second, for the tests.

    Measuring, judging and showing are apart. `measure` gives a frozen dataclass of numbers, strings and tuples, the class attribute
    `measurement`; `judge` and `show` are functions of that alone, so a saved measurement can be judged and shown again.
    """

    number: ClassVar[int]
    """Its place in the account."""
    title: ClassVar[Text]
    statement: ClassVar[Text]
    """The claim as it is usually made."""
    experiment: ClassVar[Text]
    """What is done to test it."""
    verdict_rule: ClassVar[Text]
    """How the verdict follows from the numbers."""
    measurement: ClassVar[type]
    timed: ClassVar[tuple[str, ...]] = ()
    """The parts of its measurement that are times, which differ from one run to the next. All else follows from the seed."""
    seeded: ClassVar[bool] = True
    """Whether another seed gives other numbers, times apart."""

    seed: int = 0
    """The first seed; every random number of the claim follows from it."""

    @classmethod
    def claim_name(cls) -> str:
        """The class's name in kebab case, without its last word: ``VanishingGradientsClaim`` is ``vanishing-gradients``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__.removesuffix("Claim")).lower()

    @classmethod
    def short(cls, seed: int = 0) -> Claim[Measurement]:
        """The experiment in a size that takes a second."""
        raise NotImplementedError

    def measure(self) -> Measurement:
        """Run the experiment."""
        raise NotImplementedError

    def judge(self, measured: Measurement) -> Conclusion:
        """What the numbers say about the claim."""
        raise NotImplementedError

    def show(self, measured: Measurement) -> Iterator[Block]:
        """Figures, tables and prose, in the order in which they are read."""
        raise NotImplementedError

    def evidence(self, measured: Measurement) -> Text:
        """Seeds, sample counts and what the spread is taken over."""
        raise NotImplementedError

    @classmethod
    def cases(cls, measured: Measurement) -> Iterator[ClaimCase[Measurement]]:
        """For the tests: measurements on both sides of the verdict rule's bounds, made of what the short form gave."""
        raise NotImplementedError

    @classmethod
    def expected(cls, measured: Measurement) -> Mapping[str, bool]:
        """For the tests: what the short form must show on every machine, each as a sentence with whether it is so.

        How times compare is another matter on every machine, so nothing is expected of them.
        """
        return {}


def refuse_incomplete(definition: type[Claim[object]]) -> None:
    """Refuse a claim that lacks a part, naming what is missing."""
    wanted = ("number", "title", "statement", "experiment", "verdict_rule", "measurement")
    methods = ("short", "measure", "judge", "show", "evidence", "cases")
    missing = [name for name in wanted if not hasattr(definition, name)]
    missing += [name for name in methods if inspect.getattr_static(definition, name) is inspect.getattr_static(Claim, name)]
    if "__dataclass_params__" not in vars(definition):
        missing.append("@dataclass(frozen=True) above it")
    measurement = getattr(definition, "measurement", None)
    if measurement is not None and not (is_dataclass(measurement) and fields(measurement)):
        missing.append("a dataclass as its measurement")
    if missing:
        raise DefinitionError(
            f"the claim {definition.__name__} lacks {', '.join(missing)}",
            where=definition.__module__,
            advice="See `reluctant.explain.Claim`",
        )
