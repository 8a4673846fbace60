"""``reluctant rule``: the manual of the rules."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence

import click

from reluctant.layout import wrap
from reluctant.report import width_of
from reluctant.rules import Rule, all_rules, get, select

from . import _manual_page

ROOMY = 100
"""From this width on, a rule's sentence stands beside its name; below it, under it."""


@click.command()
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the rules, or print the manual page of one.

    NAME is a code or a name: RL201, dead-units. The beginning of a code, RL2, lists the rules that have it.
    """
    width = width_of(sys.stdout)
    several = _several(name)
    for line in _listing(several, width if sys.stdout.isatty() else None) if several else _page(get(name or ""), min(width, ROOMY)):
        click.echo(click.style(line.removeprefix("## "), bold=True) if _manual_page.is_heading(line) else line)


def _several(name: str | None) -> Sequence[Rule]:
    """The rules to list: all without a name, and those whose codes begin with it; none where it should name one."""
    if name is None:
        return all_rules()
    begins = any(rule.code.startswith(name.strip().upper()) and rule.code != name.strip().upper() for rule in all_rules())
    return select(all_rules(), [name]) if name.strip() and begins else ()


def _listing(rules: Sequence[Rule], width: int | None) -> Iterator[str]:
    """A line for each rule; on a terminal, of a given `width`, as many as its sentence takes."""
    names = max((len(rule.rule_name()) for rule in rules), default=0)
    for rule in rules:
        head = f"{rule.code}  {rule.rule_name():<{names}}  {rule.severity:<7}  "
        sentence = _manual_page.summary(type(rule).__doc__)
        if width is None:
            yield head + sentence
        elif width >= ROOMY:
            yield from wrap(sentence, width, head, " " * len(head))
        else:
            yield from (head.rstrip(), *wrap(sentence, width, " " * 7, " " * 7))


def _page(rule: Rule, width: int) -> Iterator[str]:
    yield f"## {rule.code} {rule.rule_name()} ({rule.severity}, since {rule.since})"
    yield ""
    yield from _manual_page.page(type(rule).__doc__, width)
    yield from _manual_page.example("## Example", inspect.cleandoc(rule.bad))
    yield from _manual_page.example("## Use instead", inspect.cleandoc(rule.good))
