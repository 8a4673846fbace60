"""A page for each rule, from the docstring and the examples of its class."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence

from reluctant.rules import Rule, all_rules

FAMILIES = {
    "RL1": "Is it non-linear?",
    "RL2": "Do the units work?",
    "RL3": "Does the signal pass?",
    "RL4": "Does the output fit the loss?",
    "RL5": "Are particular activations used as they should be?",
    "RL6": "Is more kept for backward than is needed?",
    "RL9": "What was not seen well enough?",
}
"""The question that a hundred of codes answers."""

INTRODUCTION = """\
# Rules

Each rule judges one thing about a recorded run. An *error* means that the network cannot learn as it should, a *warning* that it
learns worse than it could, *advice* that a gain is left. `reluctant rule RL201` prints these pages, `--select` and
`--ignore` choose among the rules by code, by the beginning of a code, or by name, and a comment on a line silences a rule there:

```python
x = torch.relu(self.fc2(x))  # reluctant: ignore[RL201]
```
"""


def rule_pages() -> dict[str, str]:
    """The text of each page by its path."""
    pages = {f"rules/{rule.code}.md": "\n".join(_page(rule)) for rule in all_rules()}
    return {"rules/index.md": "\n".join(_index(all_rules())), **pages}


def _index(rules: Sequence[Rule]) -> Iterator[str]:
    yield INTRODUCTION
    family = ""
    for rule in rules:
        if rule.code[:3] != family:
            family = rule.code[:3]
            yield from ("", f"## {FAMILIES.get(family, f'{family}xx')}", "", "| code | name | severity | meaning |", "|---|---|---|---|")
        yield f"| [{rule.code}]({rule.code}.md) | {rule.rule_name()} | {rule.severity} | {_first_paragraph(rule)} |"


def _first_paragraph(rule: Rule) -> str:
    return _docstring(rule).partition("\n\n")[0].replace("\n", " ").replace("|", r"\|")


def _docstring(rule: Rule) -> str:
    return inspect.cleandoc(type(rule).__doc__ or "").replace("``", "`")


def _page(rule: Rule) -> Iterator[str]:
    yield from (f"# {rule.code} {rule.rule_name()}", "", f"*{rule.severity}, since {rule.since}*", "", _docstring(rule), "")
    yield from ("## Example", "", "```python", inspect.cleandoc(rule.bad), "```", "")
    yield from ("## Use instead", "", "```python", inspect.cleandoc(rule.good), "```", "")
    if rule.follows_from:
        roots = ", ".join(rule.follows_from)
        yield from ("## What it can follow from", "", f"Where one of these is found on the same path, it is told as the root: {roots}.", "")
