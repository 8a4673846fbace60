"""Runs rules over a recording, and puts what they say in order: roots first, and beneath them what follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reluctant.recording import Finding, NotJudged, Recording, Root

from ._catalogue import fits
from ._network import Network, Spot, build_network, numbered
from ._rule import Rule

SEVERITY_ORDER = {"error": 0, "warning": 1, "advice": 2}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a set of rules says about a recording."""

    findings: tuple[Finding, ...] = ()
    """Roots first, then what follows from them; each by severity, those whose cause is known first, then in network order."""
    not_judged: tuple[NotJudged, ...] = ()


def judge(recording: Recording, rules: Iterable[Rule]) -> Judgement:
    """Run every rule over the recording.

    A rule that crashes becomes a `NotJudged` that names the crash, and the others still run. Findings silenced by a
    comment on their line are left out, several of one kind on one line are told as one, and each that follows from
    another names its root.
    """
    ordered = sorted(rules, key=lambda rule: rule.code)
    findings: list[Finding] = []
    not_judged: list[NotJudged] = []
    for rule in ordered:
        for result in _results_of(rule, recording):
            if isinstance(result, Finding):
                findings.append(result)
            else:
                not_judged.append(result)
    network = build_network(recording)
    kept = [finding for finding in findings if not _silenced(finding, network)]
    ranked = _with_roots(_folded(_in_network_order(kept, network)), {rule.code: rule.follows_from for rule in ordered}, network)
    exact = {rule.code for rule in ordered if rule.exact}
    ranked.sort(key=lambda finding: _rank(finding, finding.code in exact))
    return Judgement(tuple(ranked), tuple(dict.fromkeys(not_judged)))


def _rank(finding: Finding, exact: bool) -> tuple[bool, int, bool, bool]:
    """Roots first, then by severity, then what is certain, then those whose cause is known; what is equal stays in network order."""
    uncaused = finding.cause is None or finding.cause.kind == "none"
    return finding.because_of is not None, SEVERITY_ORDER[finding.severity], not exact, uncaused


def _results_of(rule: Rule, recording: Recording) -> list[Finding | NotJudged]:
    """What one rule says; where it crashes, what it said before and that it crashed."""
    results: list[Finding | NotJudged] = []
    try:
        for one in rule.check(recording):
            results.append(one)  # one by one: a crash must not lose what came before it
    except Exception as error:  # noqa: BLE001 (whatever a rule raises, the other rules must still be heard)
        why = f"the rule itself failed ({type(error).__name__}: {error}). This is a bug in {_owner(rule)}"
        results.append(NotJudged(rule.code, rule.rule_name(), f"{why}, not in your script; please report it with the recording."))
    return results


def _owner(rule: Rule) -> str:
    module = type(rule).__module__
    return "Reluctant" if module.startswith("reluctant.") else module


def _silenced(finding: Finding, network: Network) -> bool:
    """Whether a comment silences the finding, on its line or on a line where its site is called or built."""
    lines = {(finding.file, finding.line)}
    site = network.sites.get(finding.site) if finding.site is not None else None
    if site is not None:
        lines |= {(place.file, place.line) for place in (site.place, site.called, site.built) if place is not None}
    return any(
        (file, line) in lines and (not selector or fits(selector, finding.code, finding.name))
        for file, line, selector in network.recording.suppressions
    )


def _in_network_order(findings: Sequence[Finding], network: Network) -> list[Finding]:
    last = (len(network.structures), 0)
    return sorted(findings, key=lambda finding: min((network.position(spot) for spot in _spots(finding, network)), default=last))


def _folded(findings: Sequence[Finding]) -> list[Finding]:
    """Findings of one rule, severity and cause on one line as one that names the layers of all (a loop builds many layers on one line)."""
    groups: dict[object, list[Finding]] = {}
    for index, finding in enumerate(findings):
        cause = finding.cause.kind if finding.cause else None
        alike = (finding.code, finding.file, finding.line, finding.severity, cause) if finding.line else index
        groups.setdefault(alike, []).append(finding)
    return [_merged(group) for group in groups.values()]


def _merged(group: Sequence[Finding]) -> Finding:
    first, *others = group
    names = tuple(dict.fromkeys(other.layer for other in others if other.layer and other.layer != first.layer))
    if not names:
        return first
    listed = ", ".join(numbered(name) for name in names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    message = f"{first.message} The same holds on this line for {listed}."
    return replace(first, message=message, evidence={**first.evidence, "also": list(names)})


def _with_roots(findings: list[Finding], follows_from: dict[str, tuple[str, ...]], network: Network) -> list[Finding]:
    """The findings with `because_of` set where another one is the root of theirs."""
    spots = [_spots(finding, network) for finding in findings]
    parents: dict[int, int] = {}
    for index, finding in enumerate(findings):
        parent = _parent(index, findings, spots, follows_from.get(finding.code, ()), network)
        if parent is not None and index not in _ancestry(parent, parents):
            parents[index] = parent
    rooted = []
    for index, finding in enumerate(findings):
        if index in parents and finding.because_of is None:
            root = findings[_ancestry(index, parents)[-1]]
            finding = replace(finding, because_of=Root(root.code, root.file, root.line))
        rooted.append(finding)
    return rooted


def _parent(
    index: int, findings: Sequence[Finding], spots: Sequence[tuple[Spot, ...]], codes: tuple[str, ...], network: Network
) -> int | None:
    """The finding that this one follows from: the first that is connected, in the order in which its rule lists the codes."""
    for code in codes:
        for other, candidate in enumerate(findings):
            if candidate.code != code or other == index:
                continue
            if code == findings[index].code:
                if network.precedes(spots[other], spots[index]) and not network.precedes(spots[index], spots[other]):
                    return other
            elif _agree(findings[index], candidate) and _related(spots[index], spots[other], findings[index], candidate, network):
                return other
    return None


def _agree(one: Finding, other: Finding) -> bool:
    """Whether two findings may have one cause: theirs are the same, or one of them is not known."""
    causes = {finding.cause.kind for finding in (one, other) if finding.cause is not None and finding.cause.kind != "none"}
    return len(causes) < 2


def _related(ones: tuple[Spot, ...], others: tuple[Spot, ...], one: Finding, other: Finding, network: Network) -> bool:
    """Whether two findings lie on one path through the network; one that has no place in a graph concerns all of it."""
    return not ones or not others or (one.site is not None and one.site == other.site) or network.connected(ones, others)


def _ancestry(index: int, parents: dict[int, int]) -> list[int]:
    line = [index]
    while line[-1] in parents:
        line.append(parents[line[-1]])
    return line


def _spots(finding: Finding, network: Network) -> tuple[Spot, ...]:
    """The nodes that a finding is about: its site's, else its layer's, else the loss's on its line."""
    if finding.site is not None and finding.site in network.site_spots:
        return network.site_spots[finding.site]
    named = [layer.id for layer in network.recording.layers if finding.layer and layer.name == finding.layer]
    if named:
        return tuple(spot for layer in named for spot in network.layer_spots.get(layer, ()))
    return tuple(
        Spot(index, loss.node)
        for loss in network.recording.losses
        if loss.place is not None and (loss.place.file, loss.place.line) == (finding.file, finding.line)
        for index, structure in enumerate(network.structures)
        if structure.graph.id == loss.graph and loss.node in structure.nodes
    )
