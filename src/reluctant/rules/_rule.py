"""What every rule is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from reluctant.recording import Document, Finding, Location, NotJudged, Recording, Severity

from .testing import RuleCase


class Rule:
    """One thing that can be wrong, judged from a recording alone.

    The subclass's docstring is its manual page; `bad` must make it fire and `good` must leave it silent, and the
    tests run both, and `cases`. `check` is a pure function of the recording: it never looks at a script's name, its
    literals or its seed. Where evidence is lacking it yields `NotJudged`, never silence that looks like health.
    """

    code: ClassVar[str]
    """``RL201``: the hundred is the family, codes are never reused."""
    severity: ClassVar[Severity]
    """The usual severity; a finding may carry another where the docstring says so."""
    since: ClassVar[str] = "0.1"
    exact: ClassVar[bool] = False
    """Whether it decides by a closed form, from the graph and the arguments, and not by counting samples. What is certain is told before
    what is likely, among findings of one severity."""
    harms_loss: ClassVar[bool] = True
    """Whether a cure must show in the loss. False where the harm is cost, scale or slope: then the loss must only not get worse."""
    same_loss: ClassVar[bool] = True
    """Whether the loss means the same with the finding and without it, so that a cure can show in it."""
    follows_from: ClassVar[tuple[str, ...]] = ()
    """Codes of the rules whose findings, where present and connected, are the root of this one's."""
    bad: ClassVar[str]
    """A short training script on which the rule fires."""
    good: ClassVar[str]
    """The same script mended: `bad` with a few words replaced, so that the difference is the lesson."""

    @classmethod
    def rule_name(cls) -> str:
        """The class's name in kebab case: ``DeadUnits`` is ``dead-units``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()

    def check(self, recording: Recording) -> Iterator[Finding | NotJudged]:
        """Yield what was found in `recording`, and what could not be judged."""
        raise NotImplementedError

    @classmethod
    def cases(cls) -> Sequence[RuleCase]:
        """Hand-made recordings on both sides of each threshold, with exactly what is said of them."""
        return ()

    def document(self, recording: Recording) -> Document:
        """The recording with what this rule alone makes of it, in the order in which it says so."""
        results = list(self.check(recording))
        findings = tuple(result for result in results if isinstance(result, Finding))
        return Document(recording, findings, tuple(result for result in results if isinstance(result, NotJudged)))

    def finding(self, message: str, place: Location | None, **details: Any) -> Finding:
        """A `Finding` of this rule at `place`, with its code, name and usual severity unless `details` say otherwise."""
        where = place or Location("", 0)
        given = {"severity": self.severity, "file": where.file, "line": where.line, **details}
        return Finding(code=self.code, name=self.rule_name(), message=message, **given)

    def not_judged(self, why: str) -> NotJudged:
        """A `NotJudged` of this rule."""
        return NotJudged(self.code, self.rule_name(), why)
