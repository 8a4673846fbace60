"""Runs small scripts plainly and watched, and reads from their comments what should be seen.

``# site: OPERATION UNITS after LAYER name=value …`` on the line of an activation, several set apart by ``|``; what is
not a field of `Site` is one of its parameters. ``# sites: any`` where they depend on chance. ``# loss: KIND`` on the line of a
loss, ``# not observed: WORDS`` anywhere, for a note that contains these words. Whatever is not announced must not be there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import random
import re
import sys
import types
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from reluctant.observe import Observer
from reluctant.recording import Recording, Site

SITE_FIELDS = {f.name for f in dataclasses.fields(Site)}


@dataclass(frozen=True)
class Expected:
    """What a script's comments announce."""

    sites: tuple[tuple[int, str], ...]
    losses: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]
    any_sites: bool


@dataclass
class Outcome:
    """What one run of a script left."""

    recording: Recording | None
    printed: str
    warned: set[str] = field(default_factory=set)
    digests: list[str] = field(default_factory=list)


def scripts(folder: str) -> list[Any]:
    """The scripts in a folder beside the tests, named by their stem."""
    import pytest

    found = sorted((Path(__file__).parents[1] / "scripts" / folder).glob("*.py"))
    return [pytest.param(path, id=path.stem) for path in found]


def expected(path: Path) -> Expected:
    """What the comments of `path` announce."""
    sites, losses, notes = [], [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for kind, text in re.findall(r"# (site|loss|not observed): ([^#]*)", line):
            for part in (p.strip() for p in text.split("|")):
                if kind == "site":
                    sites.append((number, part))
                elif kind == "loss":
                    losses.append((number, part))
                else:
                    notes.append(part)
    return Expected(tuple(sites), tuple(losses), tuple(notes), "# sites: any" in path.read_text())


def plain(path: Path) -> Outcome:
    """Run a script as it is."""
    return run(path)


def watched(path: Path, **options: Any) -> Outcome:
    """Run a script under an observer that may spend what it likes, and check that nothing of ours went wrong."""
    observer = Observer(script=str(path), **{"free_seconds": 1e6, **options})
    observer.attach()
    try:
        outcome = run(path)
    finally:
        observer.detach()
    assert observer._guard.error is None, observer._guard.error
    outcome.recording = observer.recording()
    return outcome


def recorded(source: str, folder: Path, **options: Any) -> Recording:
    """What is seen of a script given as text."""
    path = folder / "train.py"
    path.write_text(source)
    recording = watched(path, **options).recording
    assert recording is not None
    return recording


def same(path: Path) -> Recording:
    """What is seen of a script that runs watched as it runs plainly; fails where it does not."""
    as_it_is = plain(path)
    seen = watched(path)
    assert seen.printed == as_it_is.printed
    assert seen.digests == as_it_is.digests
    assert seen.warned <= as_it_is.warned
    assert seen.recording is not None
    return seen.recording


def mismatches(recording: Recording, announced: Expected) -> list[str]:
    """How a recording differs from what was announced, in words."""
    found = []
    left = [s for s in recording.sites if s.role != "loss" and not announced.any_sites]
    for line, text in announced.sites:
        site = next((s for s in left if s.place and s.place.line == line and not _differences(s, text)), None)
        if site is not None:
            left.remove(site)
        else:
            near = [f"{s.operation} {s.units} after {s.after} {s.parameters}" for s in left if s.place and s.place.line == line]
            found.append(f"line {line}: expected {text}, seen {near}")
    found += [f"line {s.place.line if s.place else '?'}: not announced: {s.operation} {s.units} after {s.after}" for s in left]
    seen = sorted({(x.place.line if x.place else 0, x.kind) for x in recording.losses if x.kind != "custom"})
    if announced.losses and seen != sorted(announced.losses):
        found.append(f"losses: expected {sorted(announced.losses)}, seen {seen}")
    notes = [f"{n.what}: {n.why}" for n in recording.not_observed]
    found += [f"no note says {words}: {notes}" for words in announced.notes if not any(words in n for n in notes)]
    if len(notes) != len(announced.notes):
        found.append(f"notes: {notes}")
    return found


def _differences(site: Site, text: str) -> list[str]:
    words = re.fullmatch(r"(\S+) (\d+)(?: after (.+?))?((?: [\w.]+=\S+)*)", text)
    assert words, f"not understood: {text}"
    operation, units, after, rest = words.groups()
    seen: dict[str, tuple[object, object]] = {"operation": (operation, site.operation), "units": (int(units), site.units)}
    if after is not None:
        seen["after"] = (after, site.after)
    for name, value in (pair.split("=") for pair in rest.split()):
        if name in SITE_FIELDS:
            seen[name] = (value, str(getattr(site, name)))
        else:
            seen[name] = (float(value), site.parameters.get(name))
    return [f"{name}: {want} != {have}" for name, (want, have) in seen.items() if want != have]


def run(path: Path) -> Outcome:
    """Run a script in a ``__main__`` of its own, its random streams begun anew."""
    import numpy

    random.seed(0)
    numpy.random.seed(0)
    torch.manual_seed(0)
    module = types.ModuleType("__main__")
    module.__file__ = str(path)
    printed = io.StringIO()
    before = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            exec(compile(path.read_text(), str(path), "exec"), module.__dict__)
    finally:
        sys.modules["__main__"] = before
    digests = [f"{name} {_digest(value)}" for name, value in module.__dict__.items() if (_digest(value))]
    digests += [f"random {_hash(torch.get_rng_state().numpy().tobytes())} {_hash(repr(random.getstate()).encode())}"]
    digests += [f"numpy {_hash(repr(numpy.random.get_state()).encode())}", f"anomaly {torch.is_anomaly_enabled()}"]
    return Outcome(None, printed.getvalue(), {_told(w.message, path) for w in warned}, digests)


def _told(warning: object, path: Path) -> str:
    """A warning's text; of a call stack, what lies below the script's first line."""
    text = str(warning)
    return text[max(0, text.find(f'File "{path}"')) :]


def _digest(value: Any) -> str:
    """A hash of all numbers in a module, an optimizer, a tensor or a list of them; empty for anything else."""
    if isinstance(value, torch.nn.Module):
        parts = [*value.state_dict().values(), *(p.grad for p in value.parameters() if p.grad is not None)]
    elif isinstance(value, torch.optim.Optimizer):
        parts = [v for state in value.state.values() for v in state.values()]
    elif isinstance(value, torch.Tensor):
        parts = [value, *([value.grad] if value.is_leaf and value.grad is not None else [])]
    elif isinstance(value, (list, tuple)) and len(value) < 100:
        return " ".join(filter(None, (_digest(v) for v in value)))
    elif isinstance(value, (int, float)):
        return repr(value)
    else:
        return ""
    return _hash(b"".join(_bytes(p) for p in parts))


def _bytes(part: Any) -> bytes:
    if type(part) not in (torch.Tensor, torch.nn.Parameter) or part.layout != torch.strided or part.is_nested:
        return repr(part).encode()
    flat = part.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if part.numel() else b""


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
