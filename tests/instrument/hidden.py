"""Runs a small training in every way that Reluctant offers, each time with one private name of torch hidden from it.

``python hidden.py FOLDER PATH…`` prints a JSON object: by path what came out. A fork for each name: torch is imported once.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from reluctant.instrument import torch_private
from reluctant.instrument.torch_private import PrivateAttribute, PrivateKey, PrivateName, PrivateSymbol, PrivateVariable

SCRIPT = '''
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Conv1d(1, 3, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Flatten(), nn.Linear(18, 6), nn.GELU(), nn.Linear(6, 3))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(16, 1, 8), torch.randint(0, 3, (16,))
for _ in range(4):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    print(loss.item().hex())
print(sum(p.double().sum().item() for p in net.parameters()).hex())
'''


def hide(path: str) -> None:
    """Let this torch have no such name, as far as Reluctant can see."""
    for kind, method in (
        (PrivateName, "_find"), (PrivateSymbol, "_find"), (PrivateAttribute, "_read"), (PrivateKey, "_read"), (PrivateVariable, "_read"),
    ):  # fmt: skip
        setattr(kind, method, _without(path, getattr(kind, method)))


def _without(path: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def looked_up(self: PrivateName, *args: Any) -> Any:
        if self.path == path:
            raise AttributeError(path)
        return original(self, *args)

    return looked_up


def modules() -> list[float]:
    """Losses of a network of reluctant.nn."""
    import reluctant.nn as rn

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(64, 1100), rn.GELU(), rn.LinearActivation(1100, 8, "elu"), rn.Tanh(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for _ in range(2):
        loss = net(torch.ones(64, 64)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def watched(script: str) -> dict[str, Any]:
    """A script inside `reluctant.watch`."""
    import reluctant

    out = io.StringIO()
    with contextlib.redirect_stdout(out), reluctant.watch() as exam:
        exec(compile(Path(script).read_text(), script, "exec"), {})
        inside = len(exam.findings)
    return {"printed": out.getvalue(), "inside": inside, "report": str(exam), "findings": len(exam.findings)}


def ran(folder: Path, script: str, *options: str) -> dict[str, Any]:
    """``reluctant run``."""
    from reluctant.cli import main

    out, err = io.StringIO(), io.StringIO()
    target = folder / f"{os.getpid()}.json"
    sys.argv = ["reluctant", "run", "-o", str(target), *options, script]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        ended: Any = 0
        try:
            ended = main()
        except SystemExit as stop:
            ended = stop.code
        sys.__stderr__, stderr = err, sys.__stderr__
        atexit._run_exitfuncs()
        sys.__stderr__ = stderr
    return {"printed": out.getvalue(), "code": ended or 0, "report": err.getvalue(), "trial": json.loads(target.read_text())["trial"]}


def in_a_fork(work: Callable[[], Any]) -> Any:
    """What `work` returns in a fork of this process; the text of its traceback where it raises."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            result = work()
        except BaseException:
            result = {"raised": traceback.format_exc()}
        os.write(writing, json.dumps(result).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text)


def everything(folder: Path, script: str, path: str) -> dict[str, Any]:
    """All ways, with one name hidden; none where it is empty."""

    def both() -> Any:
        hide(path)
        return {"nn": modules(), "watch": watched(script), "run": ran(folder, script)}

    def trial() -> Any:
        hide(path)
        return ran(folder, script, "-q", "--treat", "lower-learning-rate:0.5", "--seed", "3", "--steps", "3")

    return {**in_a_fork(both), "trial": in_a_fork(trial)}


def main() -> None:
    """Run it for each path."""
    folder, paths = Path(sys.argv[1]), ["", *(entry.path for entry in torch_private.every_name())]
    script = folder / "train.py"
    script.write_text(SCRIPT)

    import reluctant.cli.run
    import reluctant.exam  # noqa: F401 - what asks for no private name

    print(json.dumps({path: everything(folder, str(script), path) for path in paths}))


if __name__ == "__main__":
    main()
