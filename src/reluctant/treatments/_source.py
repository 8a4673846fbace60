"""The source of a script as its syntax tree has it: where a treatment finds the expression that it stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reluctant.activations import AXIS_WISE, Activation, AxisWise, definitions

FUNCTIONAL = ("F", "functional", "nn.functional", "torch.nn.functional", "torch", "torch.special")
"""What functions of torch are called on; on anything else that no import has named a call is a method of a tensor."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A new text for an expression."""

    node: ast.expr
    text: str


@dataclass(frozen=True, slots=True)
class ActivationCall:
    """A call of an activation in the source: as a module that is built, or of a value."""

    node: ast.Call
    prefix: str
    """What its name is looked up in: ``nn``, ``F``, ``torch``; empty for a method of a tensor."""
    input: ast.expr | None = None
    """What enters it; None for a module."""


@dataclass(frozen=True, slots=True)
class Source:
    """A script's text with its syntax tree."""

    text: str
    tree: ast.Module

    @classmethod
    def read(cls, file: str) -> Source:
        """The source in `file`. Raises `OSError`, and `ValueError` or `SyntaxError` where it is no Python."""
        text = Path(file).read_bytes().decode()
        return cls(text, ast.parse(text))

    def calls(self) -> Iterator[ast.Call]:
        """Every call."""
        yield from (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def activations(self, line: int) -> Iterator[ActivationCall]:
        """The calls of activations on a line, in whatever form."""
        kinds: tuple[type[Activation] | AxisWise, ...] = (*definitions().values(), *AXIS_WISE.values())
        modules = {kind.torch_class for kind in kinds}
        functions = {name for kind in kinds for name in kind.torch_functions()}
        imported = set(self._imported_names())
        for node in self.calls():
            if not (isinstance(node.func, ast.Attribute) and node.func.end_lineno == line):
                continue
            prefix = self.of(node.func.value)
            if node.func.attr in modules:
                yield ActivationCall(node, prefix)
            elif node.func.attr in functions and prefix in FUNCTIONAL:
                if node.args and not isinstance(node.args[0], ast.Starred):
                    yield ActivationCall(node, prefix, node.args[0])
            elif node.func.attr in functions and "torch" in imported and _root(node.func.value) not in imported:
                yield ActivationCall(node, "", node.func.value)

    def _imported_names(self) -> Iterator[str]:
        """What the script's imports name: ``np.clip(x, 0, 1)`` is no method of a tensor `np`."""
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)

    def of(self, node: ast.expr) -> str:
        """The source of an expression."""
        return ast.get_source_segment(self.text, node) or ""

    def grouped(self, node: ast.expr) -> str:
        """The source of an expression, in brackets where it would fall apart without."""
        whole = isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant))
        return self.of(node) if whole else f"({self.of(node)})"

    def edited(self, edits: Sequence[Edit]) -> str:
        """The text with new texts for some expressions, none of which lies in another. Columns of a syntax tree count bytes."""
        text = self.text.encode()
        for edit in sorted(
            edits, key=lambda edit: (edit.node.lineno, edit.node.col_offset), reverse=True
        ):  # what comes before stays in place
            lines = text.splitlines(keepends=True)
            node = edit.node
            assert node.end_lineno is not None
            assert node.end_col_offset is not None
            before = b"".join(lines[: node.lineno - 1]) + lines[node.lineno - 1][: node.col_offset]
            after = lines[node.end_lineno - 1][node.end_col_offset :] + b"".join(lines[node.end_lineno :])
            text = before + edit.text.encode() + after
        return text.decode()


def _root(node: ast.expr) -> str:
    """The first part of a dotted name; empty for another expression."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def given(parameters: dict[str, float | str]) -> list[str]:
    """Arguments as a call has them."""
    return [f"{name}={value!r}" for name, value in parameters.items()]
