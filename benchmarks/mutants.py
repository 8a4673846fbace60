"""Which changes to a rule its own cases notice: thresholds, constants, operators and findings, changed one at a time.

    python benchmarks/mutants.py              everything, about a minute
    python benchmarks/mutants.py --short      without the operators
    python benchmarks/mutants.py dead-units   of these rules alone

A mutant survives where every case of `rules/` still holds. Prints the score by rule and kind, and each survivor. Survivors that are
known to be equal in effect, or meant so, stand in `INTENDED` with the reason. Exits 1 where the findings of a rule can be changed
unseen, where more than a tenth of the thresholds and constants survive, and where an entry of `INTENDED` holds no longer.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import inspect
import pkgutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import CodeType, FunctionType, ModuleType
from typing import Any

from reluctant import rules
from reluctant.recording import Document, Finding
from reluctant.rules import Rule, all_rules
from reluctant.rules.testing import RuleCase
from reluctant.treatments import propose

LARGEST_SHARE = 0.1
"""Of thresholds and constants that may survive."""

KINDS = ("content", "threshold", "constant", "operator")

SECONDS = 10
"""A mutant whose cases take longer runs for ever, and is noticed."""

READ_ONCE = "read while the class is defined: its bounds, which follow, are thresholds of their own"

INTENDED: dict[str, str] = {
    f"broken_self_normalisation.{name} {change}": READ_ONCE for name in ("SCALE", "ALPHA") for change in ("doubled", "halved")
}
"""Survivors by name, each with the reason why no case need notice it."""


@dataclass(frozen=True)
class Mutant:
    """One change, and how to make it."""

    kind: str
    owner: str
    """The module of `rules/` that holds what is changed."""
    name: str
    apply: Callable[[], Any]
    """Gives a context in which the change holds."""


@dataclass(frozen=True)
class Judged:
    """A case of a rule with what the rule says of it, treatments proposed."""

    rule: Rule
    case: RuleCase
    document: Document


def each_finding(change: Callable[[Finding], Finding]) -> Callable[[Judged], Document]:
    """A change to every finding of a document."""
    return lambda judged: replace(judged.document, findings=tuple(map(change, judged.document.findings)))


def without_cause_evidence(finding: Finding) -> Finding:
    return finding if finding.cause is None else replace(finding, cause=replace(finding.cause, evidence=""))


CONTENTS: dict[str, Callable[[Judged], Document]] = {
    "only the first finding kept": lambda judged: replace(judged.document, findings=judged.document.findings[:1]),
    "every finding told twice": lambda judged: replace(judged.document, findings=judged.document.findings * 2),
    "message replaced": each_finding(lambda finding: replace(finding, message="Something is wrong.")),
    "evidence emptied": each_finding(lambda finding: replace(finding, evidence={})),
    "treatments emptied": each_finding(lambda finding: replace(finding, treatments=())),
    "site and layer dropped": each_finding(lambda finding: replace(finding, site=None, layer="")),
    "evidence of the cause emptied": each_finding(without_cause_evidence),
    "not judged for no reason": lambda judged: replace(
        judged.document, not_judged=(*judged.document.not_judged, judged.rule.not_judged("for no reason"))
    ),
    "reasons emptied": lambda judged: replace(
        judged.document, not_judged=tuple(replace(reason, why="") for reason in judged.document.not_judged)
    ),
}
"""Changes to what a rule says."""

TOLD_AS_ONE = {"kept-memory", "too-few-samples"}
"""Rules that tell all places in one finding."""

NEVER: dict[str, Callable[[Rule], bool]] = {
    "only the first finding kept": lambda rule: rule.rule_name() in TOLD_AS_ONE,
    "reasons emptied": lambda rule: "not_judged(" not in inspect.getsource(sys.modules[type(rule).__module__]),
}
"""Where a change that changed nothing in any case cannot apply to a rule at all; elsewhere a case is missing."""


def module_name(rule: Rule) -> str:
    return type(rule).__module__.rpartition(".")[2]


def content_scores(rule: Rule, judged: Sequence[Judged]) -> Iterator[tuple[str, str]]:
    """Each of `CONTENTS` with ``noticed``, ``survives`` or ``cannot apply``."""
    for name, change in CONTENTS.items():
        changed = [(one, document) for one in judged if (document := change(one)) != one.document]
        if changed:
            yield name, "noticed" if any(one.case.differences(document) for one, document in changed) else "survives"
        else:
            yield name, "cannot apply" if NEVER.get(name, lambda rule: True)(rule) else "survives"


@contextmanager
def assigned(owners: Sequence[Any], name: str, value: object) -> Iterator[None]:
    """The attribute of all `owners` set to `value`."""
    before = [getattr(owner, name) for owner in owners]
    for owner in owners:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, old in zip(owners, before, strict=True):
            setattr(owner, name, old)


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def thresholds(rule: Rule) -> Iterator[Mutant]:
    """The numbers of a rule's class, a tenth smaller and larger; whole numbers by at least 1."""
    kind = type(rule)
    for name, value in list(vars(kind).items()):
        if is_number(value) and not name.startswith("_"):
            step = max(1, round(value / 10)) if isinstance(value, int) else value / 10
            for sign, words in ((1, "+"), (-1, "-")):
                label = f"{kind.__name__}.{name} {words}{step:g}" if isinstance(value, int) else f"{kind.__name__}.{name} {words}10 %"
                changed = value + sign * step
                yield Mutant("threshold", module_name(rule), label, lambda name=name, changed=changed: assigned([kind], name, changed))


def constants(module: ModuleType, everywhere: Sequence[ModuleType]) -> Iterator[Mutant]:
    """The numbers that a module defines, doubled and halved wherever they were imported."""
    short = module.__name__.rpartition(".")[2]
    for node in ast.parse(inspect.getsource(module)).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
        if not isinstance(target, ast.Name) or not is_number(value := getattr(module, target.id, None)):
            continue
        name = target.id
        holders = [one for one in everywhere if name in vars(one) and vars(one)[name] == value]
        for factor, words in ((2, "doubled"), (0.5, "halved")):
            changed = type(value)(value * factor)
            label = f"{short}.{name} {words}"
            yield Mutant("constant", short, label, lambda name=name, changed=changed, holders=holders: assigned(holders, name, changed))


SWAPPED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


def functions(module: ModuleType) -> Iterator[tuple[ast.AST, FunctionType]]:
    """The functions and methods of a module as syntax and as objects; the cases of a rule are no part of what they test."""
    tree = ast.parse(inspect.getsource(module))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node, inspect.unwrap(getattr(module, node.name))
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name != "cases":
                    found = vars(getattr(module, node.name))[method.name]
                    found = getattr(found, "fget", None) or getattr(found, "__func__", found)
                    yield method, inspect.unwrap(found)


def changed_operators(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Copies of a function with one operator changed, each with the words for it."""
    places = [index for index, part in enumerate(ast.walk(node)) if isinstance(part, ast.Compare | ast.BoolOp | ast.UnaryOp)]
    for index in places:
        original = list(ast.walk(node))[index]
        for position in range(len(original.ops)) if isinstance(original, ast.Compare) else (0,):
            copied = copy.deepcopy(node)
            part = list(ast.walk(copied))[index]
            before = ast.unparse(part)
            if isinstance(part, ast.Compare):
                part.ops[position] = SWAPPED[type(part.ops[position])]()
            elif isinstance(part, ast.BoolOp):
                part.op = SWAPPED[type(part.op)]()
            elif isinstance(part.op, ast.Not):
                part.op = ast.UAdd()
                part.operand = ast.Call(ast.Name("bool", ast.Load()), [part.operand], [])
            else:
                continue
            yield f"{before} → {ast.unparse(part)}", ast.fix_missing_locations(copied)


def code_of(node: ast.AST, name: str) -> CodeType | None:
    """The compiled body of a function; None where it holds on to names of a function around it."""
    stripped = copy.copy(node)
    stripped.decorator_list = []  # type: ignore[attr-defined]
    future = ast.parse("from __future__ import annotations")
    compiled = compile(ast.Module([*future.body, stripped], []), "mutant", "exec")
    return next((code for code in compiled.co_consts if isinstance(code, CodeType) and code.co_name == name), None)


def operators(module: ModuleType) -> Iterator[Mutant]:
    """Every comparison, ``and``, ``or`` and ``not`` of a module's functions, turned."""
    short = module.__name__.rpartition(".")[2]
    for node, function in functions(module):
        for words, changed in changed_operators(node):
            code = code_of(changed, function.__name__)
            if code is not None and code.co_freevars == function.__code__.co_freevars:
                label = f"{short}.{function.__name__}: {words}"
                yield Mutant("operator", short, label, lambda function=function, code=code: assigned([function], "__code__", code))


def expired(*_: object) -> None:
    raise TimeoutError


def noticed(mutant: Mutant, cases: Sequence[tuple[Rule, RuleCase]]) -> bool:
    """Whether some case no longer holds under the mutant; one that raises or runs for ever does not."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with mutant.apply():
            return any(case.differences(rule.document(case.recording)) for rule, case in cases)
    except Exception:  # noqa: BLE001 (whatever a mutant raises, it is noticed)
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def untreated(case: RuleCase) -> RuleCase:
    """The case without treatments, which are not the rule's to say."""
    return RuleCase(case.name, case.recording, *(replace(one, treatments=None) for one in case.findings), not_judged=case.not_judged)


def modules() -> list[ModuleType]:
    """The modules of `rules/`, shared ones and rules."""
    return [importlib.import_module(f"{rules.__name__}.{found.name}") for found in pkgutil.iter_modules(rules.__path__)]


def shared(module: ModuleType) -> set[str]:
    """The names of the private modules that a module of `rules/` leans on, its base class apart."""
    found: set[str] = set()
    waiting = [module.__name__.rpartition(".")[2]]
    while waiting:
        source = inspect.getsource(importlib.import_module(f"{rules.__name__}.{waiting.pop()}"))
        imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and node.level == 1]
        new = {node.module for node in imports if node.module and node.module.startswith("_")} - found - {"_rule"}
        found |= new
        waiting += new
    return found


def all_mutants(chosen: Sequence[Rule], every: bool, short: bool) -> Iterator[Mutant]:
    """The mutants of the chosen rules; with `every`, those of what rules share as well."""
    everywhere = modules()
    own = {module_name(rule) for rule in chosen}
    leaned_on = set[str]().union(*(shared(sys.modules[type(rule).__module__]) for rule in chosen)) if every else set()
    for rule in chosen:
        yield from thresholds(rule)
    for module in everywhere:
        if module.__name__.rpartition(".")[2] in own | leaned_on:
            yield from constants(module, everywhere)
            if not short:
                yield from operators(module)


class Scores:
    """What was noticed, by module and kind, and what survived."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, bool]] = Counter()
        self.survivors: dict[str, str] = {}
        """Kind by name."""
        self.cannot_apply: dict[str, list[str]] = {}
        """Names of rules by change of findings."""

    def add(self, owner: str, kind: str, name: str, was_noticed: bool) -> None:
        """Count one mutant of a module."""
        self.counts[owner, kind, was_noticed] += 1
        if not was_noticed:
            self.survivors[name] = kind

    def total(self, *kinds: str) -> int:
        """Mutants of these kinds."""
        return sum(number for (_, kind, _), number in self.counts.items() if kind in kinds)

    def table(self) -> Iterator[str]:
        """A line for each module: noticed of all, by kind."""
        yield f"{'noticed of':28}" + "".join(f"{kind:>12}" for kind in KINDS)
        for owner in (*sorted({owner for owner, _, _ in self.counts}), "all"):
            yield f"{owner:28}" + "".join(f"{self._cell(owner, kind):>12}" for kind in KINDS)

    def _cell(self, owner: str, wanted: str) -> str:
        seen, unseen = (
            sum(n for (who, kind, was), n in self.counts.items() if owner in (who, "all") and kind == wanted and was == noticed)
            for noticed in (True, False)
        )
        return f"{seen}/{seen + unseen}" if seen + unseen else ""


def score_contents(scores: Scores, rule: Rule) -> None:
    """Change what a rule says of its cases. Ends the program where a case fails without any change."""
    judged = [Judged(rule, case, propose(rule.document(case.recording))) for case in rule.cases()]
    wrong = [f"{rule.code} {one.case.name}: {why}" for one in judged for why in one.case.differences(one.document)]
    if wrong:
        raise SystemExit("\n".join(["these cases fail without any mutant:", *wrong]))
    for name, result in content_scores(rule, judged):
        if result == "cannot apply":
            scores.cannot_apply.setdefault(name, []).append(rule.rule_name())
        else:
            scores.add(module_name(rule), "content", f"{module_name(rule)}: {name}", result == "noticed")


def score_code(scores: Scores, chosen: Sequence[Rule], every: bool, short: bool) -> None:
    """Change the code of the rules; what they share is put to the cases of all."""
    cases = {module_name(rule): [(rule, untreated(case)) for case in rule.cases()] for rule in chosen}
    together = [case for own in cases.values() for case in own]
    for mutant in all_mutants(chosen, every, short):
        scores.add(mutant.owner, mutant.kind, mutant.name, noticed(mutant, cases.get(mutant.owner, together)))


def verdict(scores: Scores, stale: Sequence[str]) -> tuple[str, bool]:
    """The last line, and whether the bars are reached."""
    numbers = ("threshold", "constant")
    unseen = sum(kind == "content" for kind in scores.survivors.values())
    for_no_reason = sum(kind in numbers and name not in INTENDED for name, kind in scores.survivors.items())
    share = for_no_reason / max(1, scores.total(*numbers))
    line = (
        f"of {scores.total(*numbers)} thresholds and constants {share:.0%} survive for no reason; {unseen} changes of findings unnoticed; "
        f"{len(stale)} stale reasons"
    )
    return line, not unseen and not stale and share <= LARGEST_SHARE


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", help="codes or names; all where there are none")
    parser.add_argument("--short", action="store_true", help="without the operators")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGALRM, expired)
    begin = time.perf_counter()
    scores = Scores()
    chosen = rules.select(all_rules(), options.rules)
    for rule in chosen:
        score_contents(scores, rule)
    score_code(scores, chosen, not options.rules, options.short)
    print("\n".join(scores.table()))
    for name, names in scores.cannot_apply.items():
        print(f"{name}: cannot apply to {', '.join(names)}")
    for name, kind in scores.survivors.items():
        print(f"survives ({kind}): {name}" + (f" ({INTENDED[name]})" if name in INTENDED else ""))
    stale = [] if options.rules else [name for name in INTENDED if name not in scores.survivors]
    for name in stale:
        print(f"stale: {name} is noticed, or is not there")
    line, reached = verdict(scores, stale)
    print(f"{scores.total(*KINDS)} mutants in {time.perf_counter() - begin:.0f} s; {line}")
    return int(not reached)


if __name__ == "__main__":
    sys.exit(main())
