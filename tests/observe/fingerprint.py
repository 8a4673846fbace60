"""Runs a script, watched or not, and prints a fingerprint of all it leaves: models, optimizers, random streams.

usage: fingerprint.py watched|plain script.py
"""

from __future__ import annotations

import gc
import hashlib
import random
import sys
import types


def digest(*parts: object) -> str:
    """Hash of tensors to the bit, and of anything else by its text."""
    import torch

    sha = hashlib.sha256()
    for part in parts:
        if isinstance(part, torch.Tensor) and part.device.type != "meta":
            sha.update(part.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if part.numel() else b"")
        else:
            sha.update(repr(part).encode())
    return sha.hexdigest()[:16]


def main() -> None:
    """Run and print."""
    mode, script = sys.argv[1:3]
    sys.argv = [script]
    import numpy
    import torch

    torch.set_num_threads(1)
    random.seed(0)
    numpy.random.seed(0)
    observer = None
    if mode == "watched":
        from reluctant.observe import Observer

        observer = Observer(script=script)
        observer.attach()
    module = types.ModuleType("__main__")
    module.__file__ = script
    sys.modules["__main__"] = module
    with open(script, encoding="utf-8") as file:
        exec(compile(file.read(), script, "exec"), module.__dict__)
    if observer is not None:
        observer.detach()
        assert observer._guard.error is None, observer._guard.error
        seen = observer.recording()
        assert seen.measured_steps or seen.not_observed, "nothing was measured, and nothing said why"
    modules = [o for o in gc.get_objects() if isinstance(o, torch.nn.Module)]
    optimizers = [o for o in gc.get_objects() if isinstance(o, torch.optim.Optimizer)]
    print("models", *sorted(digest(*m.parameters(), *m.buffers()) for m in modules))
    print("gradients", *sorted(digest(*(p.grad for p in m.parameters())) for m in modules))
    print("optimizers", *sorted(digest(*(v for s in o.state.values() for v in s.values())) for o in optimizers))
    print("random", digest(torch.get_rng_state()), digest(numpy.random.get_state()), digest(random.getstate()))
    print("settings", torch.is_anomaly_enabled(), torch.is_grad_enabled(), torch.get_default_dtype())


if __name__ == "__main__":
    main()
