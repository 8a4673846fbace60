"""A Ray cluster of two workers on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

GPUS = 2
"""Of one of the workers, in Ray's books alone."""


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """Two workers of one core each, and a head that does no work. RAY_ADDRESS names it; a connection of this process ends with it."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'reluctant[ray]'")
    from ray.cluster_utils import Cluster

    quick = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 3}
    running = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, "_system_config": quick})
    try:
        running.add_node(num_cpus=1)
        running.add_node(num_cpus=1, num_gpus=GPUS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RAY_ADDRESS", running.address)
            yield running
    finally:
        ray.shutdown()
        running.shutdown()
