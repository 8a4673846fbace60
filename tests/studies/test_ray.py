"""What only Ray does: a copy of the script's folder, workers that are lost, a cluster elsewhere."""

from __future__ import annotations

import importlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reluctant.errors import MissingExtraError, ReluctantError
from reluctant.studies import OUTPUT, Arm, Ended, Job, Plan, PlannedTrial, executor, job, result_of
from tests.studies.test_every_executor import gone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc")

ROOT = Path(__file__).parents[2]

TRAIN = """
import pathlib
import torch
from model import network

torch.manual_seed(0)
rate = float(pathlib.Path("rate.txt").read_text())
model = network()
optimizer = torch.optim.SGD(model.parameters(), lr=rate)
for _ in range(30):
    optimizer.zero_grad()
    model(torch.randn(16, 4)).square().mean().backward()
    optimizer.step()
"""

MODEL = """
from torch import nn

def network():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
"""

SLOW = """
import os, sys, time
open(sys.argv[2], 'a').write(f'{os.getpid()} ')
time.sleep(1.5)
open(sys.argv[1], 'w').write('done')
"""


def slow(folder: Path, seed: int) -> Job:
    """A job that notes its process, and is not over at once."""
    return Job(PlannedTrial("slow", seed), (sys.executable, "-c", SLOW, OUTPUT, str(folder / str(seed))), 60.0)


def noted(folder: Path, seed: int) -> int:
    for _ in range(400):
        if words := (folder / str(seed)).read_text().split() if (folder / str(seed)).exists() else []:
            return int(words[0])
        time.sleep(0.05)
    raise AssertionError("the job did not begin")


def parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def worker_of(command: int) -> int:
    """The worker of Ray that a command was started by: the first of its forebears that is none of our keepers."""
    process = parent(command)
    while "_keeper.py" in Path(f"/proc/{process}/cmdline").read_text():
        process = parent(process)
    return process


def files(ended: Ended) -> set[bytes]:
    """The files of the places that a recording names."""
    return set(re.findall(rb'"file":\s*"([^"]+)"', ended.recording))


def test_a_trial_runs_in_a_copy_of_the_scripts_folder_and_gives_what_it_gives_here(cluster, tmp_path, monkeypatch):
    folder = tmp_path / "work" / "script"
    folder.mkdir(parents=True)
    for name, text in {"train.py": TRAIN, "model.py": MODEL, "rate.txt": "0.05"}.items():
        (folder / name).write_text(text)
    monkeypatch.chdir(folder)
    plan = Plan("train.py", arms=(Arm("gelu", ("swap-activation:gelu",)),))
    jobs = [job(plan, PlannedTrial(arm.name, 1)) for arm in plan.all_arms]
    here = {ended.trial: ended for ended in executor("local", 2).run(jobs)}
    monkeypatch.chdir(tmp_path)
    plan = Plan("work/script/train.py", arms=plan.arms)
    there = {ended.trial: ended for ended in executor("ray").run([job(plan, asked.trial) for asked in jobs])}
    for trial in here:
        assert there[trial].exit_code == 0, there[trial].last_words
        assert result_of(there[trial]).losses == result_of(here[trial]).losses
        assert b"working_dir" not in there[trial].recording
        assert files(there[trial]) == files(here[trial]) >= {str(folder / "model.py").encode()}


def test_a_study_loses_nothing_with_the_process_of_a_worker(cluster, tmp_path):
    jobs = [slow(tmp_path, seed) for seed in range(3)]
    endings = executor("ray", 2).run(jobs)
    first = next(endings)
    running = next(seed for seed in (0, 1, 2) if (tmp_path / str(seed)).exists() and seed != first.trial.seed)
    command = noted(tmp_path, running)
    os.kill(worker_of(command), signal.SIGKILL)
    assert gone(command)
    rest = list(endings)
    assert sorted(ended.trial.seed for ended in (first, *rest)) == [0, 1, 2]
    assert all(ended.recording == b"done" for ended in (first, *rest))
    assert len((tmp_path / str(running)).read_text().split()) == 2


def test_a_study_loses_nothing_with_a_worker_machine(cluster, tmp_path):
    more = cluster.cluster.add_node(num_cpus=2)
    jobs = [slow(tmp_path, seed) for seed in range(8)]
    endings = executor("ray").run(jobs)
    first = next(endings)
    cluster.cluster.remove_node(more, allow_graceful=False)
    rest = list(endings)
    assert sorted(ended.trial.seed for ended in (first, *rest)) == list(range(8))
    assert all(ended.recording == b"done" for ended in (first, *rest))


ELSEWHERE = """
import sys
from pathlib import Path
from reluctant.studies import executor
from tests.studies.test_ray import slow

endings = executor(sys.argv[1], gpus_per_trial=2).run([slow(Path(sys.argv[2]), seed) for seed in range(2)])
print(sorted((ended.trial.seed, ended.exit_code, ended.recording) for ended in endings))
"""


def test_a_cluster_elsewhere_is_reached_by_its_address(cluster, tmp_path):
    line = [sys.executable, "-c", ELSEWHERE, cluster.address, str(tmp_path)]
    for _ in range(3):  # Ray gives its server of clients 30 seconds to start, which a busy machine may not have
        ended = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=300)
        if "Ray cannot be used" not in ended.stderr:
            break
    assert ended.stdout == "[(0, 0, b'done'), (1, 0, b'done')]\n", ended.stderr


def test_a_cluster_that_cannot_be_reached_is_an_error(cluster, monkeypatch):
    import ray

    def init(address: str, **_: object) -> None:
        assert address == "ray://elsewhere:10001"
        raise ConnectionError("ray client connection timeout\nand more")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(ReluctantError, match=r"Ray cannot be used: ray client connection timeout\. See"):
        list(executor("ray://elsewhere:10001").run([slow(Path(), 0)]))


@pytest.mark.parametrize("falls", [1, 2, 3])
def test_a_server_that_falls_at_its_start_is_asked_for_again(cluster, monkeypatch, falls):
    import ray

    from reluctant.studies.executors import ray as ours

    asked = []

    def init(**_: object) -> None:
        asked.append(True)
        if len(asked) <= falls:
            raise ConnectionAbortedError("Initialization failure from server")

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ours, "_connected_to", [])
    if falls < ours.ATTEMPTS:
        assert ours._connected("elsewhere:10001", "") is ray
        assert len(asked) == falls + 1
    else:
        with pytest.raises(ReluctantError, match="Ray cannot be used: Initialization failure"):
            ours._connected("elsewhere:10001", "")


def test_what_the_cluster_lacks_is_an_error_that_says_what_to_install(cluster, monkeypatch):
    from reluctant.studies.executors import ray as ours

    monkeypatch.setattr(ours, "_at_work", lambda job, folder: importlib.import_module("nowhere_installed"))
    with pytest.raises(ReluctantError, match=r"nowhere_installed.*Install"):
        list(executor("ray").run([slow(Path(), 0)]))


def test_without_ray_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"reluctant\[ray\]"):
        list(executor("ray").run([slow(Path(), 0)]))
