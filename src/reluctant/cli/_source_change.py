"""The change that a treatment stands for, made in a script's source where the call is plain enough to edit.

It is only ever shown or written as a difference: the script itself is never changed.
"""

from __future__ import annotations

import ast
import difflib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reluctant.activations import Activation, definitions, get
from reluctant.errors import ReluctantError
from reluctant.recording import Finding, Recording, Treatment
from reluctant.studies import is_at_lines, lines_for

FUNCTIONAL = ("F", "functional", "nn.functional", "torch.nn.functional", "torch")
"""What functions of torch are called on; on anything else a call is a method of a tensor."""

AXIS_WISE = {"softmax": "Softmax", "log_softmax": "LogSoftmax"}
"""Functions that stand where activations do and are not in the catalogue, with their modules."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """A new text for an expression."""

    node: ast.expr
    text: str


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of an activation: as a module that is built, or of a value."""

    node: ast.Call
    prefix: str
    """What its name is looked up in: ``nn``, ``F``, ``torch``; empty for a method of a tensor."""
    input: ast.expr | None = None
    """What enters it; None for a module."""


def source_change(finding: Finding, treatment: Treatment, recording: Recording) -> str:
    """The change as a unified difference, as ``git apply`` takes it; empty where the source is not plain enough to edit."""
    file, lines = _places(finding, treatment, recording)
    if not lines or treatment.name not in _CHANGES:
        return ""
    try:
        source = Path(file).read_bytes().decode()
        tree = ast.parse(source)
        edits = [list(_CHANGES[treatment.name](source, tree, line, treatment.arguments)) for line in lines]
    except (OSError, ValueError, SyntaxError, ReluctantError):  # gone or changed since, or no torch function says it: then words must do
        return ""
    if any(len(found) != 1 for found in edits):
        return ""
    name = os.path.relpath(file).replace(os.sep, "/")
    before, after = source.splitlines(keepends=True), _edited(source, [found[0] for found in edits]).splitlines(keepends=True)
    return "".join(difflib.unified_diff(before, after, fromfile=f"a/{name}", tofile=f"b/{name}"))


def _places(finding: Finding, treatment: Treatment, recording: Recording) -> tuple[str, tuple[int, ...]]:
    """The file and the lines to edit: where the one optimizer is built, or where the treatment was tried."""
    if treatment.name == "lower-learning-rate":
        built = [optimizer.built for optimizer in recording.optimizers]
        if len(built) != 1 or built[0] is None:
            return "", ()
        return built[0].file, (built[0].line,)
    return finding.file, lines_for(finding, treatment, recording) if is_at_lines(treatment) else ()


def _lower_rate(source: str, tree: ast.Module, line: int, arguments: str) -> Iterator[_Edit]:
    """The learning rate that is written as a number where the optimizer is built."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.lineno == line:
            for keyword in node.keywords:
                value = keyword.value
                if keyword.arg == "lr" and isinstance(value, ast.Constant) and isinstance(value.value, (int, float)):
                    yield _Edit(value, f"{value.value * float(arguments):.6g}")


def _swap(source: str, tree: ast.Module, line: int, arguments: str) -> Iterator[_Edit]:
    """Another activation in the same form."""
    other = get(arguments)
    if not (other.torch_class and other.torch_function):
        return
    given = [f"{name}={value!r}" for name, value in other.parameters.items()]
    for call in _activations(source, tree, line):
        if call.input is None:
            yield _Edit(call.node, f"{call.prefix}.{other.torch_class}({', '.join(given)})")
        else:
            home = call.prefix if call.prefix not in ("", "torch") else "torch.nn.functional"
            yield _Edit(call.node, f"{home}.{other.torch_function}({', '.join([_text(source, call.input), *given])})")


def _remove(source: str, tree: ast.Module, line: int, arguments: str) -> Iterator[_Edit]:
    """What enters the activation in its place."""
    for call in _activations(source, tree, line):
        yield _Edit(call.node, f"{call.prefix}.Identity()" if call.input is None else _grouped(source, call.input))


def _insert(source: str, tree: ast.Module, line: int, arguments: str) -> Iterator[_Edit]:
    """An activation behind a layer in a list of modules."""
    other = get(arguments)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "Sequential" and other.torch_class:
            prefix = _text(source, node.func.value)
            given = ", ".join(f"{name}={value!r}" for name, value in other.parameters.items())
            for layer in node.args:
                if isinstance(layer, ast.Call) and layer.lineno == line:
                    yield _Edit(layer, f"{_text(source, layer)}, {prefix}.{other.torch_class}({given})")


_CHANGES: Mapping[str, Callable[[str, ast.Module, int, str], Iterator[_Edit]]] = {
    "insert-activation": _insert,
    "lower-learning-rate": _lower_rate,
    "remove-output-activation": _remove,
    "swap-activation": _swap,
}


def _activations(source: str, tree: ast.Module, line: int) -> Iterator[_Call]:
    """The calls of activations on a line, in whatever form."""
    known: list[type[Activation]] = list(definitions().values())
    modules = {kind.torch_class for kind in known} | set(AXIS_WISE.values())
    functions = {kind.torch_function for kind in known} | set(AXIS_WISE)
    imports_torch = any(isinstance(node, ast.Import) and any(name.name == "torch" for name in node.names) for node in ast.walk(tree))
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.end_lineno == line):
            continue
        prefix = _text(source, node.func.value)
        if node.func.attr in modules:
            yield _Call(node, prefix)
        elif node.func.attr in functions and prefix in FUNCTIONAL:
            if node.args and not isinstance(node.args[0], ast.Starred):
                yield _Call(node, prefix, node.args[0])
        elif node.func.attr in functions and imports_torch:
            yield _Call(node, "", node.func.value)


def _text(source: str, node: ast.expr) -> str:
    return ast.get_source_segment(source, node) or ""


def _grouped(source: str, node: ast.expr) -> str:
    """The source of an expression, in brackets where it would fall apart without."""
    text = _text(source, node)
    return text if isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant)) else f"({text})"


def _edited(source: str, edits: Sequence[_Edit]) -> str:
    """The source with the new texts. Columns of a syntax tree count bytes."""
    text = source.encode()
    for edit in sorted(edits, key=lambda edit: (edit.node.lineno, edit.node.col_offset), reverse=True):  # what comes before stays in place
        lines = text.splitlines(keepends=True)
        node = edit.node
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        before = b"".join(lines[: node.lineno - 1]) + lines[node.lineno - 1][: node.col_offset]
        after = lines[node.end_lineno - 1][node.end_col_offset :] + b"".join(lines[node.end_lineno :])
        text = before + edit.text.encode() + after
    return text.decode()
