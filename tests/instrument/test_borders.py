"""What is private to torch, and what is replaced in the process, is reached through `reluctant.instrument` alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_import_rules import PACKAGE, python_files

TABLE, LEDGER = PACKAGE / "instrument" / "torch_private.py", PACKAGE / "instrument" / "patches.py"

PYTHONS = {"_getframe", "_exit", "_process_counter", "_run_module_as_main", "_Error"}
"""Private names of python's own library."""

SWITCHES = {
    "register_at_fork", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook", "set_num_threads", "set_stance",
    "set_anomaly_enabled", "register_module_forward_hook", "register_module_forward_pre_hook",
}  # fmt: skip
"""Functions that change how a whole process behaves."""

LISTS = {("sys", "meta_path"), ("sys", "path"), ("sys", "modules")}


def own_private_names(package: Path) -> set[str]:
    """The private names that this package defines."""
    found = set()
    for file in python_files(package):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                found.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
    return {name for name in found if is_private(name)}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_reads(file: Path, own: set[str]) -> Iterator[str]:
    """Where a file reads a private name that is not this package's."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own | PYTHONS:
            yield f"{file}:{node.lineno}: .{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == "torch":
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            yield from (f"{file}:{node.lineno}: {name}" for name in names if is_private(name))
        elif isinstance(node, ast.Import):
            yield from (f"{file}:{node.lineno}: {a.name}" for a in node.names if a.name.startswith("torch") and "._" in a.name)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("getattr", "hasattr"):
            text = node.args[1]
            parts = text.values[:1] if isinstance(text, ast.JoinedStr) else [text]
            names = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            yield from (f"{file}:{node.lineno}: {name}" for name in names if is_private(name) and name not in own)


def imported(tree: ast.AST) -> set[str]:
    """The names that a file gives to modules and to what it imports from modules that are not this package's."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] != "reluctant":
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def replacements(file: Path) -> Iterator[str]:
    """Where a file replaces, adds or switches something that belongs to another library, or to the whole process."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    others = imported(tree)
    noted = {call for call in ast.walk(tree) if isinstance(call, ast.Call) and _root(call.func) in ("LEDGER", "assign")}
    within = {inner for call in noted for inner in ast.walk(call)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)):
            targets = node.targets if isinstance(node, (ast.Assign, ast.Delete)) else [node.target]
            for target in targets:
                attribute = target.value if isinstance(target, ast.Subscript) else target
                if isinstance(attribute, ast.Attribute) and (_root(attribute) in others or attribute.attr == "__class__"):
                    yield f"{file}:{node.lineno}: {ast.unparse(target)} ="
        elif isinstance(node, ast.Call) and node not in within:
            # A call in the arguments of the ledger's is made by it.
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            sets = called in ("setattr", "delattr") and _root(node.args[0]) in others
            changes = called in ("insert", "append", "pop", "remove", "update") and _parts(node.func)[:2] in LISTS
            if sets or changes or called in SWITCHES:
                yield f"{file}:{node.lineno}: {ast.unparse(node)}"


def _parts(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, ast.Attribute):
        return (*_parts(node.value), node.attr)
    return (node.id,) if isinstance(node, ast.Name) else ("",)


def _root(node: ast.AST) -> str:
    return _parts(node)[0]


def test_private_names_of_torch_are_read_from_the_table():
    own = own_private_names(PACKAGE)
    found = [entry for file in python_files(PACKAGE) if file != TABLE for entry in private_reads(file, own)]
    assert not found, "\n".join(["give them an entry in instrument/torch_private.py:", *found])


def test_what_is_replaced_goes_through_the_ledger():
    found = [entry for file in python_files(PACKAGE) if file != LEDGER for entry in replacements(file)]
    assert not found, "\n".join(["declare them in instrument/patches.py:", *found])


@pytest.mark.parametrize(
    "line",
    [
        "import torch\ntorch._C._nn.gelu(x)",
        "from torch._C import _nn",
        "import torch._dynamo",
        "getattr(node, '_saved_self')",
        "getattr(node, f'_saved_{name}')",
        "node._input_metadata",
    ],
)
def test_a_private_name_is_noticed(tmp_path, line):
    file = tmp_path / "file.py"
    file.write_text(line)
    assert [*private_reads(file, {"_ours"})]


@pytest.mark.parametrize(
    "line",
    [
        "import torch\ntorch.compile = x",
        "import sys\nsys.excepthook = x",
        "import torch\nsetattr(torch.nn.functional, name, x)",
        "import sys\nsys.meta_path.insert(0, x)",
        "import torch\ntorch.set_num_threads(1)",
        "module.__class__ = x",
        "import sys\nsys.modules['torch'] = x",
    ],
)
def test_a_replacement_is_noticed(tmp_path, line):
    file = tmp_path / "file.py"
    file.write_text(line)
    assert [*replacements(file)]
