"""Scores the findings on labelled scripts: a `Score` a script, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from labels import Case, Expected
from reluctant.recording import Finding


@dataclass(frozen=True)
class Score:
    """How the findings on one script compare with its labels."""

    case: Case
    found: tuple[bool, ...]
    """For each expected finding, whether it came, at any severity."""
    placed: tuple[bool | None, ...]
    """For each, whether it came at a right line; None where it did not come or has no single line."""
    explained: bool | None
    """Whether a finding names a right cause; None where no cause is labelled."""
    first: bool | None
    """Whether the first finding of the report is an expected one at a right line; None where none is expected."""
    false_alarms: tuple[str, ...]
    """Warnings and errors that are neither expected nor allowed, as ``RL201@41``."""
    breaches: tuple[str, ...]
    """Codes and causes that were said though the labels ban them."""
    failure: str = ""
    """Why there are no findings to compare; empty where there are."""

    @property
    def located(self) -> bool:
        """Whether every expected finding came, each at a right line."""
        return all(self.found) and False not in self.placed

    @property
    def perfect(self) -> bool:
        """Whether there is nothing to say about it."""
        return self.located and self.explained is not False and not (self.false_alarms or self.breaches or self.failure)


def score(case: Case, findings: Sequence[Finding]) -> Score:
    """Compare the findings of a report, in its order, with the labels."""
    grave = [finding for finding in findings if finding.severity in ("error", "warning")]
    right = [[finding for finding in findings if finding.code in expected.codes] for expected in case.expected]
    known = case.allowed.union(*(expected.codes for expected in case.expected))
    return Score(
        case,
        found=tuple(bool(matches) for matches in right),
        placed=tuple(_placed(expected, matches) for expected, matches in zip(case.expected, right, strict=True)),
        explained=any(_cause(finding) in case.causes for finding in grave) if case.causes and case.expected else None,
        first=any(_fits(expected, finding) for expected in case.expected for finding in grave[:1]) if case.expected else None,
        false_alarms=tuple(f"{finding.code}@{finding.line}" for finding in grave if finding.code not in known),
        breaches=tuple(_breaches(case, grave)),
    )


def failed(case: Case, failure: str) -> Score:
    """The score of a script whose run left no findings."""
    nothing = score(case, ())
    return Score(case, nothing.found, nothing.placed, nothing.explained, nothing.first, (), (), failure)


def _placed(expected: Expected, matches: Sequence[Finding]) -> bool | None:
    if not (matches and expected.lines):
        return None
    return any(expected.is_right_place(finding.line) for finding in matches)


def _fits(expected: Expected, finding: Finding) -> bool:
    return finding.code in expected.codes and expected.is_right_place(finding.line)


def _cause(finding: Finding) -> str:
    return finding.cause.kind if finding.cause is not None else "none"


def _breaches(case: Case, grave: Iterable[Finding]) -> Iterator[str]:
    for finding in grave:
        for said in (finding.code, f"cause: {_cause(finding)}"):
            if said in case.banned:
                yield said


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @classmethod
    def of(cls, answers: Iterable[bool | None]) -> Share:
        """The share of True among those answers that are not None."""
        given = [answer for answer in answers if answer is not None]
        return cls(sum(given), len(given))

    @property
    def value(self) -> float | None:
        """0 to 1; None of nothing."""
        return self.part / self.whole if self.whole else None

    def __str__(self) -> str:
        return f"{self.part}/{self.whole}" + (f" = {self.value:.3f}" if self.value is not None else "")


@dataclass(frozen=True)
class Summary:
    """What the scores of many scripts add up to."""

    scripts: int
    without_findings: int
    recall: Share
    placed: Share
    explained: Share
    located: Share
    """Of the scripts on which something is expected."""
    first: Share
    false_alarms: int
    scripts_with_false_alarms: int
    breaches: int

    @property
    def false_alarms_per_script(self) -> float:
        """False alarms divided by scripts."""
        return self.false_alarms / self.scripts if self.scripts else 0.0


def summary(scores: Sequence[Score]) -> Summary:
    """Add up the scores."""
    return Summary(
        scripts=len(scores),
        without_findings=sum(bool(score.failure) for score in scores),
        recall=Share.of(found for score in scores for found in score.found),
        placed=Share.of(placed for score in scores for placed in score.placed),
        explained=Share.of(score.explained for score in scores),
        located=Share.of(score.located for score in scores if score.case.expected),
        first=Share.of(score.first for score in scores),
        false_alarms=sum(len(score.false_alarms) for score in scores),
        scripts_with_false_alarms=sum(bool(score.false_alarms) for score in scores),
        breaches=sum(len(score.breaches) for score in scores),
    )


@dataclass(frozen=True)
class RuleSummary:
    """How one rule did."""

    code: str
    recall: Share
    """Of the findings of this code that are expected, those that came, in this code or another that will do."""
    placed: Share
    explained: Share
    """Of the scripts on which it is expected."""
    false_alarms: int


def by_rule(scores: Sequence[Score]) -> tuple[RuleSummary, ...]:
    """A summary of every rule that is expected somewhere or raised a false alarm, by code."""
    expected = {expected.code for score in scores for expected in score.case.expected}
    raised = [alarm.partition("@")[0] for score in scores for alarm in score.false_alarms]
    return tuple(_rule_summary(code, scores, raised.count(code)) for code in sorted(expected.union(raised)))


def _rule_summary(code: str, scores: Sequence[Score], false_alarms: int) -> RuleSummary:
    entries = [
        (found, placed)
        for score in scores
        for expected, found, placed in zip(score.case.expected, score.found, score.placed, strict=True)
        if expected.code == code
    ]
    concerned = [score for score in scores if any(expected.code == code for expected in score.case.expected)]
    return RuleSummary(
        code,
        recall=Share.of(found for found, _ in entries),
        placed=Share.of(placed for _, placed in entries),
        explained=Share.of(score.explained for score in concerned),
        false_alarms=false_alarms,
    )


def published(scores: Sequence[Score]) -> dict[str, Share]:
    """For each published tool, best first, on how many of these scripts it located the fault."""
    tools = {tool for score in scores for tool in score.case.published}
    shares = {tool: Share.of(score.case.published.get(tool) for score in scores) for tool in tools}
    return dict(sorted(shares.items(), key=lambda item: -item[1].part))
