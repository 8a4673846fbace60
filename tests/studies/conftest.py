"""A Ray cluster of two workers on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

GPUS = 2
"""Of one of the workers, in Ray's books alone."""


@dataclass(frozen=True)
class Workers:
    """The cluster, and what ``--on`` calls it from elsewhere."""

    cluster: Any
    address: str


@pytest.fixture(scope="session")
def cluster() -> Iterator[Workers]:
    """Two workers, and a head that does no work. RAY_ADDRESS names it; a connection of this process ends with it."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'reluctant[ray]'")
    from ray.cluster_utils import Cluster

    quick = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 3}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    head = {"num_cpus": 0, "include_dashboard": False, "ray_client_server_port": port, "_system_config": quick}
    running = Cluster(initialize_head=True, head_node_args=head)
    try:
        running.add_node(num_cpus=1)
        running.add_node(num_cpus=2, num_gpus=GPUS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RAY_ADDRESS", running.address)
            yield Workers(running, f"ray://127.0.0.1:{port}")
    finally:
        ray.shutdown()
        running.shutdown()
