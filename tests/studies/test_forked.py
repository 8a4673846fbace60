"""Forked trials: what a script sees, does and gives is what it is in a new process."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reluctant.studies import UNTREATED, Arm, Ended, Job, Plan, PlannedTrial, job, result_of
from reluctant.studies.executors.local import Local

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="trials are forked on Linux only")

SEEN = """
import json, os, signal, sys, tempfile
facts = {
    "argv": sys.argv, "orig_argv": sys.orig_argv, "path": sys.path, "flags": str(sys.flags), "name": __name__, "file": __file__,
    "main": sorted(vars(sys.modules["__main__"])), "folder": os.getcwd(),
    "torch": [name for name in sys.modules if name.partition(".")[0] == "torch"],
    "environment": {name: value for name, value in os.environ.items() if name not in ("TMPDIR", "PYTEST_CURRENT_TEST")},
    "temporary": tempfile.gettempdir() == os.environ["TMPDIR"], "input": sys.stdin.read(),
    "streams": [(stream.encoding, stream.errors, stream.line_buffering, stream.isatty()) for stream in (sys.stdin, sys.stdout, sys.stderr)],
    "signals": {str(number): str(signal.getsignal(number)).partition(" at ")[0] for number in signal.valid_signals()},
    "leads": os.getsid(0) == os.getpid() == os.getpgid(0), "open": [os.readlink(f"/proc/self/fd/{number}")[:5] for number in range(3)],
    "further": len(os.listdir("/proc/self/fd")), "threads": len(os.listdir("/proc/self/task")),
}
"""

TRAINED = """
unseeded = torch.initial_seed()
torch.manual_seed(5)
facts |= {
    "loader": str(type(torch.__spec__.loader)), "origin": torch.__spec__.origin, "search": list(torch.__spec__.submodule_search_locations),
    "same": torch.__loader__ is torch.__spec__.loader, "seed": torch.initial_seed(), "drawn": torch.rand(3).tolist(),
    "cores": [torch.get_num_threads(), torch.get_num_interop_threads()], "finders": [str(type(finder)) for finder in sys.meta_path],
    "inductor": os.environ.get("TORCHINDUCTOR_CACHE_DIR"),
}
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters())
losses = []
for _ in range(20):
    optimizer.zero_grad()
    loss = model(torch.randn(16, 4)).square().mean()
    loss.backward()
    optimizer.step()
    losses.append(loss.item().hex())
facts |= {"losses": losses, "weights": [parameter.flatten().tolist() for parameter in model.parameters()]}
print("printed")
json.dump(facts, open("facts.json", "w"))
"""


class Forking(Local):
    """Forks whatever can be forked, and tells how often it did."""

    def __init__(self, at_a_time: int = 1) -> None:
        super().__init__(at_a_time)
        self.forked: list[bool] = []

    def _begun(self, job: Job, environment: dict[str, str], selector: Any) -> Any:
        self.forked.append(self._server is not None and self._server.serves(job, environment))
        return super()._begun(job, environment, selector)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The current folder of all these tests, and the environment: a server serves no other."""
    with pytest.MonkeyPatch.context() as patch:
        here = tmp_path_factory.mktemp("here")
        patch.chdir(here)
        patch.setenv("OMP_NUM_THREADS", "2")
        patch.setenv("MKL_NUM_THREADS", "2")
        yield here


@pytest.fixture(scope="module")
def shared(here: Path) -> Iterator[Forking]:
    """One executor for the tests that do its server no harm."""
    executor = Forking()
    yield executor
    if executor._server is not None:
        executor._server.close()


@pytest.fixture
def folder(here: Path) -> Path:
    shutil.rmtree(here / "own", ignore_errors=True)
    (here / "own").mkdir()
    return here / "own"


@pytest.fixture
def forking(folder: Path, shared: Forking) -> Forking:
    shared.forked.clear()
    return shared


def trial(seed: int = 0, *arguments: str, arm: Arm | None = None, script: str = "own/train.py") -> Job:
    arms = () if arm is None else (arm,)
    made = job(Plan(script, arguments, arms=arms), PlannedTrial(UNTREATED if arm is None else arm.name, seed))
    return replace(made, alone=False)  # one that must be alone is begun before there is a server


def facts(folder: str | Path = ".") -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(Path(folder, "facts.json").read_text())
    Path(folder, "facts.json").unlink()
    return seen


def forked(forking: Forking, *jobs: Job) -> list[Ended]:
    """The jobs run by an executor that forks from the first on: a study of few trials starts no server."""
    asked = [*jobs, *[trial(0, script="own/missing.py")] * (3 - len(jobs))]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTEST_CURRENT_TEST")  # another environment in each test
        with closing(forking.run(asked)) as endings:
            return list(itertools.islice(endings, len(jobs)))


@pytest.mark.parametrize("imports", ["from torch.nn import Linear\nimport torch", "import numpy, torch.nn.functional"])
def test_a_forked_trial_sees_what_a_trial_in_a_new_process_sees(folder, forking, imports):
    (folder / "train.py").write_text(SEEN + imports + TRAINED)
    (ended,) = forked(forking, trial(0, "an", "argument"))
    assert (ended.exit_code, ended.last_words, forking.forked[0]) == (0, "", True)
    seen = facts()
    (ended,) = Local(1).run([trial(0, "an", "argument")])
    assert ended.exit_code == 0
    assert seen == facts()


def test_trial_0_is_the_script_as_it_stands_to_the_bit(folder, forking):
    (folder / "train.py").write_text(SEEN + "import torch" + TRAINED)
    forked(forking, trial(0))
    seen = facts()
    subprocess.run([sys.executable, "own/train.py"], check=True, stdin=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(folder)})
    plain = facts()
    assert forking.forked[0]
    for same in ("argv", "orig_argv", "path", "main", "drawn", "losses", "weights"):
        assert seen[same] == plain[same]


def test_forks_give_what_new_processes_give(folder, forking):
    (folder / "train.py").write_text(SEEN + "import torch" + TRAINED)
    jobs = [trial(0), trial(3, arm=Arm("gelu", ("swap-activation:gelu",)))]
    forks = {ended.trial: result_of(ended) for ended in forked(forking, *jobs)}
    plain = {ended.trial: result_of(ended) for trial in jobs for ended in Local(1).run([trial])}
    assert forking.forked[:2] == [True] * 2
    assert [forks[job.trial].losses for job in jobs] == [plain[job.trial].losses for job in jobs]
    assert len({forks[job.trial].losses for job in jobs}) == 2
    assert all(result.counts for result in forks.values())


def test_a_script_that_draws_without_a_seed_draws_otherwise_each_time(folder, forking):
    (folder / "train.py").write_text(
        "import random, sys, torch, numpy\nopen(sys.argv[1], 'w').write(f'{random.random()} {numpy.random.random()} {torch.rand(1)}')\n"
    )
    forked(forking, *[trial(0, name, arm=Arm(name)) for name in "abc"])
    assert forking.forked[:3] == [True] * 3
    drawn = [Path(name).read_text().split() for name in "abc"]
    assert len(set(drawn[0] + drawn[1] + drawn[2])) == 9


def test_a_script_that_sets_what_torch_reads_becomes_a_new_process(folder, forking):
    (folder / "train.py").write_text("import os\nos.environ['MKL_NUM_THREADS'] = '1'\n" + SEEN + "import torch" + TRAINED)
    (ended,) = forked(forking, trial(0))
    assert (ended.exit_code, forking.forked[0]) == (0, True)
    assert facts()["cores"][0] == 1


def test_what_sets_it_out_of_sight_makes_the_fork_start_over(folder, forking):
    (folder / "settings.py").write_text("import os\nos.environ['MKL_NUM_THREADS'] = '1'\nos.chdir('own/elsewhere')\n")
    (folder / "elsewhere").mkdir()
    (folder / "train.py").write_text("import settings\n" + SEEN + "import torch" + TRAINED)
    (ended,) = forked(forking, trial(2, "an argument", arm=Arm("gelu", ("swap-activation:gelu",))))
    assert (ended.exit_code, forking.forked[0]) == (0, True)
    seen = facts("own/elsewhere")
    assert (seen["cores"][0], seen["argv"]) == (1, ["own/train.py", "an argument"])
    assert result_of(ended).counts


@pytest.mark.parametrize("name", ["sympy", "cProfile"])
def test_a_module_of_the_scripts_that_is_called_like_one_of_torchs_gets_a_new_process(folder, forking, name):
    (folder / f"{name}.py").write_text("ours = True\n")
    (folder / "train.py").write_text(f"import {name}\nopen('facts.json', 'w').write(str({name}.ours).lower())\n")
    forked(forking, trial(0))
    assert facts() is True
    assert not forking.forked[0]


def test_another_torch_in_the_scripts_path_is_that_which_it_gets(folder, forking):
    (folder / "other" / "torch").mkdir(parents=True)
    (folder / "other" / "torch" / "__init__.py").write_text("open('facts.json', 'w').write('true')\nraise SystemExit(7)\n")
    (folder / "train.py").write_text("import sys\nsys.path.insert(0, 'own/other')\nimport torch\n")
    (ended,) = forked(forking, trial(0))
    assert (ended.exit_code, forking.forked[0], facts()) == (7, True, True)


def test_errors_and_their_traceback_are_those_of_a_new_process(folder, forking):
    (folder / "train.py").write_text("import torch\ndef fail():\n    torch.zeros(2) @ torch.zeros(3)\nfail()\n")
    (ended,) = forked(forking, trial(0))
    (plain,) = Local(1).run([trial(0)])
    assert (ended.exit_code, ended.last_words) == (1, plain.last_words)
    assert forking.forked[0]


def test_a_study_goes_on_where_the_server_is_killed(folder):
    forking, before = Forking(), set(_children())
    (folder / "train.py").write_text(SEEN + "import torch" + TRAINED)
    jobs = [trial(seed) for seed in range(3)]
    with closing(forking.run(jobs)) as endings:
        first = next(endings)
        (server,) = (child for child in set(_children()) - before if "_fork_server" in _command_line(child))
        os.kill(server, signal.SIGKILL)
        rest = list(endings)
    assert [ended.exit_code for ended in (first, *rest)] == [0, 0, 0]
    assert forking.forked[0]


def test_few_trials_start_no_server(folder):
    (folder / "train.py").write_text("import os\nopen('facts.json', 'w').write(str(os.getppid()))\n")
    executor = Local(1)
    list(executor.run([trial(0), trial(1)]))
    assert executor._server is None


def test_the_server_ends_with_its_executor(folder):
    (folder / "train.py").write_text("pass\n")
    before = set(_children())
    forking: Forking | None = Forking()
    list(forking.run([trial(seed) for seed in range(3)]))
    assert set(_children()) > before
    del forking
    assert set(_children()) == before


def _children() -> list[int]:
    return [int(child) for child in Path("/proc/thread-self/children").read_text().split()]


def _command_line(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_bytes().decode()
