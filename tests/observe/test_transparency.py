"""Measuring leaves no trace: what a script prints and leaves is bit for bit the same with and without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).parents[2] / "benchmarks" / "cases"
HERE = Path(__file__).parent

SCRIPTS = [
    "faulty/03_glycemic_progress.py",  # one module at three places
    "faulty/22_pulse_decoder.py",  # an unrolled recurrent network that diverges to NaN
    "healthy/03_resnet_shared_relu.py",  # in-place activations, batch norm
    "healthy/10_transformer_encoder_preln.py",  # the fused inference path of nn.TransformerEncoder
    "healthy/23_gan.py",  # two models, detached halves
    "healthy/43_gradient_accumulation.py",
    "healthy/45_lbfgs_closure.py",  # several backward calls in one step
    "healthy/47_activation_checkpointing.py",
    "healthy/52_module_with_own_hooks.py",
    "healthy/53_vmap_ensemble.py",
    "healthy/71_stochastic_depth.py",
    "healthy/92_crelu_and_rrelu.py",  # an activation that draws random numbers
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_training_is_bit_identical(script: str) -> None:
    runs = [_start(mode, CASES / script) for mode in ("plain", "watched")]
    plain, watched = (run.communicate(timeout=240) for run in runs)
    assert runs[0].returncode == 0, plain[1]
    assert runs[1].returncode == 0, watched[1]
    assert watched[0] == plain[0]
    assert watched[1] == plain[1]


def _start(mode: str, script: Path) -> subprocess.Popen[str]:
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    return subprocess.Popen(
        [sys.executable, str(HERE / "fingerprint.py"), mode, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
