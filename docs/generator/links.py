"""Links between the pages: the codes of rules in the text become links, and links that lead nowhere are found."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from reluctant.rules import all_rules

LEFT_ALONE = r"```.*?```|^    .*?$|^#.*?$|`[^`\n]*`|\[[^\]]*\]\([^)]*\)"
"""Code, headings and links."""

CODE = re.compile(rf"{LEFT_ALONE}|\b(RL\d\d\d)\b", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"```.*?```|`[^`\n]*`|\[[^\]]*\]\(([^)\s]+)\)", re.DOTALL)


def with_rule_links(path: str, text: str) -> str:
    """The page at `path` with every code of a rule in its prose as a link to the rule's page, unless it is that page."""
    folder = posixpath.dirname(path)
    known = {rule.code: posixpath.relpath(f"rules/{rule.code}.md", folder or ".") for rule in all_rules()}

    def linked(match: re.Match[str]) -> str:
        code = match[1]
        if code not in known or path == f"rules/{code}.md":
            return match[0]
        return f"[{code}]({known[code]})"

    return CODE.sub(linked, text)


def unknown_rules(path: str, text: str) -> Iterator[str]:
    """A sentence for each code in the text, or in its code, that no rule has."""
    known = {rule.code for rule in all_rules()}
    for code in sorted(set(re.findall(r"\bRL\d\d\d\b", text)) - known):
        yield f"{path}: there is no rule {code}"


def dead_links(path: str, text: str, files: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each link of a page that leads to no page or file, or to no heading of it."""
    for target in (match[1] for match in LINK.finditer(text) if match[1]):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path
        if place not in files:
            yield f"{path}: the link to {target} leads nowhere"
        elif anchor and anchor not in _anchors(files[place]):
            yield f"{path}: {place} has no heading #{anchor}"


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*?)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}
