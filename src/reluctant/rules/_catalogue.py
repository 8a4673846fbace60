"""Every rule there is, and the choice among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

from reluctant.discovery import subclasses
from reluctant.errors import DefinitionError, UnknownNameError

from ._rule import Rule

ENTRY_POINTS = "reluctant.rules"
"""Entry point group under which a user's own rules are found."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule of the package and of the entry points, ordered by code.

    Raises `DefinitionError` where two rules have one name or one code.
    """
    by_name = subclasses("reluctant.rules", Rule, name=lambda kind: kind.rule_name(), group=ENTRY_POINTS)
    found = sorted(by_name.values(), key=lambda kind: kind.code)
    for one, other in pairwise(found):
        if one.code == other.code:
            both = f"{one.__qualname__} and {other.__qualname__}"
            raise DefinitionError(f"{both} both have the code {one.code}", advice="Give one of them another code")
    return tuple(kind() for kind in found)


def get(name: str) -> Rule:
    """The rule with this code (``RL201``) or name (``dead-units``); case does not count.

    Raises `UnknownNameError` with the names that exist.
    """
    wanted = name.strip().casefold()
    for rule in all_rules():
        if wanted in (rule.code.casefold(), rule.rule_name()):
            return rule
    raise UnknownNameError("rule", name, known_selectors(all_rules()))


def select(rules: Iterable[Rule], select: Sequence[str] = (), ignore: Sequence[str] = ()) -> tuple[Rule, ...]:
    """The rules that `select` names (all where it is empty), less those that `ignore` names.

    A selector is a code (``RL201``), the beginning of one (``RL2``) or a name (``dead-units``). Raises
    `UnknownNameError` for one that fits no rule.
    """
    offered = tuple(rules)
    for selector in (*select, *ignore):
        if not any(selects(selector, rule) for rule in offered):
            raise UnknownNameError("rule", selector, known_selectors(offered))
    wanted = [rule for rule in offered if not select or any(selects(selector, rule) for selector in select)]
    return tuple(rule for rule in wanted if not any(selects(selector, rule) for selector in ignore))


def selects(selector: str, rule: Rule) -> bool:
    """Whether `selector` names `rule` by code, by the beginning of its code, or by name."""
    return fits(selector, rule.code, rule.rule_name())


def fits(selector: str, code: str, name: str) -> bool:
    """Whether `selector` names the rule with this code and name; an empty one names none."""
    wanted = selector.strip().casefold()
    return bool(wanted) and (wanted == name.casefold() or code.casefold().startswith(wanted))


def known_selectors(rules: Iterable[Rule]) -> tuple[str, ...]:
    """Codes, then names: what an error about an unknown selector lists."""
    offered = tuple(rules)
    return (*(rule.code for rule in offered), *(rule.rule_name() for rule in offered))
