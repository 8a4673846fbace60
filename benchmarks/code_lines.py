"""How many lines of code each package has, so that growth is seen.

    python benchmarks/code_lines.py                     # this checkout
    python benchmarks/code_lines.py OTHER/src/reluctant # beside another one, with the difference

A line of code is one that is not blank, not a comment and not in a docstring. What only tests run is counted apart: example scripts and
cases, which stand in the file of what they belong to (`bad`, `good`, `cases` …), and the modules that cases are made with.
"""

from __future__ import annotations

import argparse
import ast
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src" / "reluctant"
CASES = {"bad", "good", "example", "cases", "expected"}
"""Names in a definition's file that hold what its tests run."""
CASE_MODULES = {"testing.py", "example.py"}
"""Modules that cases are made with."""
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def main() -> int:
    """Count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", nargs="?", type=Path, help="src/reluctant of another checkout, to compare with")
    options = parser.parse_args()
    now, before = counted(SOURCES), counted(options.before) if options.before else None
    print(f"{'':14}{'files':>7}{'code':>8}{'cases':>8}" + ("" if before is None else f"{'code before':>14}{'':>8}"))
    for part in sorted({*now, *(before or ())}):
        print(row(part, now.get(part, Counter()), None if before is None else before.get(part, Counter())))
    print(row("in all", sum(now.values(), Counter()), None if before is None else sum(before.values(), Counter())))
    return 0


def row(part: str, now: Counter[str], before: Counter[str] | None) -> str:
    """One line of the table."""
    counts = f"{part:14}{now['files']:7,}{now['code']:8,}{now['cases']:8,}"
    return counts if before is None else f"{counts}{before['code']:14,}{now['code'] - before['code']:+8,}"


def counted(package: Path) -> dict[str, Counter[str]]:
    """By part of a package (its folders; ``.`` for the files beside them): files, lines of code, lines of cases."""
    found: dict[str, Counter[str]] = {}
    for file in sorted(package.rglob("*.py")):
        within = file.relative_to(package).parts
        part = within[0] if len(within) > 1 else "."
        code, cases = lines_of(file.read_text(encoding="utf-8"))
        if file.name in CASE_MODULES:
            code, cases = 0, code + cases
        found.setdefault(part, Counter()).update(files=1, code=code, cases=cases)
    return found


def lines_of(source: str) -> tuple[int, int]:
    """Lines of code of a file, and lines of its cases."""
    tree = ast.parse(source)
    docstrings, cases = set(_docstrings(tree)), set(_cases(tree))
    filled: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT:
            filled.update(range(token.start[0], token.end[0] + 1))
    text = source.splitlines()
    filled = {line for line in filled - docstrings if text[line - 1].strip()}
    return len(filled - cases), len(filled & cases)


def _docstrings(tree: ast.AST) -> Iterator[int]:
    """Lines of strings that are statements: docstrings, and what stands below a field or a constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _cases(tree: ast.AST) -> Iterator[int]:
    """Lines of a module's and its classes' assignments to the names of `CASES`, and of functions of such a name."""
    owners = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef)]
    for node in (statement for owner in owners for statement in owner.body):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {target.id for target in targets if isinstance(target, ast.Name)}
        else:
            names = {node.name} if isinstance(node, ast.FunctionDef) else set()
        if names & CASES:
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


if __name__ == "__main__":
    sys.exit(main())
