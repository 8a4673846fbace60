"""Reads how an activation is written on the command line: ``elu``, ``elu(0.5)``, ``elu(alpha=0.5)``."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import TypeAlias

from reluctant.errors import UsageError

Argument: TypeAlias = "float | int | str | bool"

LONGEST = 200
"""Longer texts are refused unread: no activation is spelled with so many characters."""


@dataclass(frozen=True, slots=True)
class ParsedSpelling:
    """A name with arguments."""

    name: str
    positional: tuple[Argument, ...] = ()
    named: tuple[tuple[str, Argument], ...] = ()


def parse(text: str) -> ParsedSpelling:
    """The name and arguments that a text spells.

    Numbers may be written as fractions (``rrelu(lower=1/8)``), words without quotes (``gelu(tanh)``), the name with or
    without ``nn.`` or ``F.`` before it. Raises `UsageError` on anything else.
    """
    tree = _tree(text)
    if isinstance(tree, ast.Call):
        if any(keyword.arg is None for keyword in tree.keywords):
            raise _unreadable(text)
        named = tuple((keyword.arg or "", _argument(keyword.value, text)) for keyword in tree.keywords)
        return ParsedSpelling(_name(tree.func, text), tuple(_argument(value, text) for value in tree.args), named)
    return ParsedSpelling(_name(tree, text))


def _tree(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise _unreadable(f"{text[:40]}…")
    plain = text.strip()
    if plain.replace("-", "_").isidentifier():
        plain = plain.replace("-", "_")  # leaky-relu is not meant as a difference
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # what Python thinks of ``1elu`` as a program helps nobody
            return ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _unreadable(text) from None


def _name(node: ast.expr, text: str) -> str:
    """The last part of a dotted name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        _name(node.value, text)
        return node.attr
    raise _unreadable(text)


def _argument(node: ast.expr, text: str) -> Argument:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str)):
        return node.value
    if isinstance(node, ast.Name):
        return float(node.id) if node.id in ("inf", "nan") else node.id
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        number = _number(node.operand, text)
        return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        over, under = _number(node.left, text), _number(node.right, text)
        if under:
            return over / under
    raise _unreadable(text)


def _number(node: ast.expr, text: str) -> float | int:
    value = _argument(node, text)
    if isinstance(value, str):
        raise _unreadable(text)
    return value


def _unreadable(text: str) -> UsageError:
    return UsageError(f"{text!r} does not spell an activation", advice="Write a name, with arguments where needed: elu or elu(alpha=0.5)")
