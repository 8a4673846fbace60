"""What every claim is."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import ClassVar, Generic, TypeVar

from reluctant.errors import DefinitionError

from ._blocks import Block
from ._text import Text
from ._verdict import Judgement

Measured = TypeVar("Measured")


@dataclass(frozen=True)
class Claim(Generic[Measured]):
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

    seed: int = 0
    """The first seed; every random number of the claim follows from it."""

    @classmethod
    def claim_name(cls) -> str:
        """The class's name in kebab case: ``VanishingGradients`` is ``vanishing-gradients``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def short(cls, seed: int = 0) -> Claim[Measured]:
        """The experiment in a size that takes a second."""
        raise NotImplementedError

    def measure(self) -> Measured:
        """Run the experiment."""
        raise NotImplementedError

    def judge(self, measured: Measured) -> Judgement:
        """What the numbers say about the claim."""
        raise NotImplementedError

    def show(self, measured: Measured) -> Iterator[Block]:
        """Figures, tables and prose, in the order in which they are read."""
        raise NotImplementedError

    def evidence(self, measured: Measured) -> Text:
        """Seeds, sample counts and what the spread is taken over."""
        raise NotImplementedError


def refuse_incomplete(definition: type[Claim[object]]) -> None:
    """Refuse a claim that lacks a part, naming what is missing."""
    wanted = ("number", "title", "statement", "experiment", "verdict_rule", "measurement")
    methods = ("short", "measure", "judge", "show", "evidence")
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
