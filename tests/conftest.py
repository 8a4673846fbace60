"""What holds for every test: one thread for torch, so that two workers do not fight over two cores; and a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; where there is none, the test is skipped."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install 'reluctant[test]'")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if found is None:
        pytest.skip("no Chromium was found on the PATH")
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found)
        yield running
        running.close()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs compiled kernels where there are none, and where none was compiled of the activation that a test is about."""
    if item.get_closest_marker("compiled") is None:
        return
    from reluctant.activations import Activation
    from reluctant.kernels import library, signature

    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    activations = [value for value in parameters if isinstance(value, Activation)]
    lacking = [library().why_not(signature(activation)) for activation in activations] if library() else [library().reason]
    if any(lacking):
        pytest.skip(f"no compiled kernel here: {next(filter(None, lacking))}")
