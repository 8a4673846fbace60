"""Whatever form training takes, each loss keeps its own graph, and the run is bit for bit what it is without us."""

from __future__ import annotations

from pathlib import Path

import pytest

from .annotated import expected, mismatches, plain, same, scripts, watched

SCRIPTS = Path(__file__).parents[1] / "scripts" / "structures"


@pytest.mark.parametrize("path", scripts("structures"))
def test_structures_are_seen_as_announced(path: Path) -> None:
    assert not mismatches(same(path), expected(path))


@pytest.mark.parametrize("name", ["actor_critic", "gan", "lbfgs", "grad_scaler", "accumulation", "gradient_penalty"])
def test_the_updates_of_every_optimizer_are_looked_at(name: str) -> None:
    seen = watched(SCRIPTS / f"{name}.py").recording
    assert seen is not None
    assert seen.optimizers
    assert len(seen.parameters) >= 4
    for parameter in seen.parameters:
        assert parameter.optimizer is not None
        assert len(parameter.moments) >= 2
        assert all(moment.update_rms is not None for moment in parameter.moments)


def test_the_loss_that_a_scaler_has_multiplied_is_told_as_it_is() -> None:
    as_it_is = plain(SCRIPTS / "grad_scaler.py")
    seen = watched(SCRIPTS / "grad_scaler.py").recording
    assert seen is not None
    (curve,) = seen.loss_curves
    assert [point.mean for point in curve.points] == pytest.approx([float(line) for line in as_it_is.printed.split()], rel=1e-4)
