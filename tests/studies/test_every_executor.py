"""What every executor must do, whatever it runs on. An executor that is added is tested by these."""

from __future__ import annotations

import ast
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from reluctant.errors import UnknownNameError, UsageError
from reluctant.studies import OUTPUT, Ended, Executor, Job, PlannedTrial, executor, executors
from reluctant.studies.executors.local import Local
from tests.studies.made_up import Made

MARK = "{mark}"
"""Stands in a program for the file in which it notes the id of its process."""

HANG = 60
"""Seconds after which what hangs would end by itself."""

PROGRAMS = {
    "ends": "open(output, 'w').write('done ' + str(sys.argv[2:]))",
    "fails": "print('first', file=sys.stderr); raise ValueError('the loss is not a number')",
    "fails after it has recorded": "open(output, 'w').write('so far'); sys.exit(3)",
    "hangs": "note(); time.sleep(60)",
    "hangs and will not be asked": "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); note(); time.sleep(60)",
    "is killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "prints without end to standard output": "[print('x' * 100000) for _ in range(300)]; open(output, 'w').write('done')",
    "prints without end to standard error": "[print('x' * 100000, file=sys.stderr) for _ in range(300)]; sys.exit('last')",
    "leaves a child": "note(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid); open(output, 'w').write('done')",
    "leaves a daemon": (
        "note(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True).pid)\n"
        "open(output, 'w').write('done')"
    ),
    "hangs with a child": (
        "note(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True).pid); time.sleep(60)"
    ),
    "cannot have the memory it asks for": "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 28, -1)); bytearray(1 << 30)",
    "reads standard input": "open(output, 'w').write(repr(sys.stdin.read()))",
    "sees its GPUs": (
        "begun = time.time(); time.sleep(1.0)\n"
        "open(output, 'w').write(repr((os.environ['CUDA_VISIBLE_DEVICES'].split(','), begun, time.time())))"
    ),
    "leaves temporary files": "import tempfile; name = tempfile.mkstemp()[1]; open(output, 'w').write(name)",
}
START = """import os, signal, subprocess, sys, time
output = sys.argv[1]
def note(number=None):
    with open({mark!r} + '.part', 'w') as file: file.write(str(number or os.getpid()))
    os.rename({mark!r} + '.part', {mark!r})
"""


ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what descends from a process")


@dataclass
class Bench:
    """One executor with programs for it to run."""

    make: Callable[..., Executor]
    """From the number at a time, and the GPUs for each."""
    mark: Path

    def job(self, program: str, seed: int = 0, time_limit: float | None = 30.0) -> Job:
        source = START.replace("{mark!r}", repr(str(self.mark))) + PROGRAMS[program]
        return Job(PlannedTrial(program, seed), (sys.executable, "-c", source, OUTPUT), time_limit)

    def noted(self) -> int:
        """The process that a program noted; waits for it."""
        for _ in range(400):
            if self.mark.exists():
                return int(self.mark.read_text())
            time.sleep(0.05)
        raise AssertionError("nothing was noted")

    def one(self, program: str, time_limit: float | None = 30.0) -> Ended:
        (ended,) = self.make(1).run([self.job(program, time_limit=time_limit)])
        return ended


@pytest.fixture(params=[*executors(), pytest.param(Made.name)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    mark = tmp_path / "mark"
    if request.param == "ray":
        request.getfixturevalue("cluster")
    if request.param == Made.name:
        return Bench(lambda at_a_time: Made(_as_it_would_be, at_a_time), mark)
    return Bench(lambda at_a_time, gpus=0: executor(request.param, at_a_time, gpus), mark)


def _as_it_would_be(job: Job) -> Ended:
    """What the executor of made-up trials answers: the same programs, told instead of run."""
    told = {
        "ends": Ended(job.trial, 0, 0.1, recording=b"done []"),
        "fails": Ended(job.trial, 1, 0.1, last_words="first\nValueError: the loss is not a number"),
        "fails after it has recorded": Ended(job.trial, 3, 0.1, recording=b"so far"),
        "is killed": Ended(job.trial, None, 0.1),
        "cannot have the memory it asks for": Ended(job.trial, 1, 0.1, last_words="MemoryError"),
        "prints without end to standard output": Ended(job.trial, 0, 0.1, recording=b"done"),
        "prints without end to standard error": Ended(job.trial, 1, 0.1, last_words="last"),
        "reads standard input": Ended(job.trial, 0, 0.1, recording=b"''"),
    }
    return told.get(job.trial.arm, Ended(job.trial, None, job.time_limit or 0.0, timed_out=True))


def is_alive(process: int) -> bool:
    """Whether a process is there and more than a remainder that nobody has asked after."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def gone(process: int) -> bool:
    for _ in range(100):
        if not is_alive(process):
            return True
        time.sleep(0.05)
    return False


def needs_processes(bench: Bench) -> None:
    if isinstance(bench.make(1), Made):
        pytest.skip("nothing is started")


def test_a_command_that_ends_gives_its_recording(bench):
    ended = bench.one("ends")
    assert (ended.exit_code, ended.timed_out, ended.recording) == (0, False, b"done []")
    assert ended.trial == PlannedTrial("ends", 0)


def test_every_job_ends_once(bench):
    jobs = [bench.job("ends", seed) for seed in range(5)]
    assert sorted(ended.trial for ended in bench.make(2).run(jobs)) == [job.trial for job in jobs]


def test_no_jobs_are_no_work(bench):
    assert list(bench.make(2).run([])) == []


def test_a_failure_gives_exit_code_and_last_words(bench):
    ended = bench.one("fails")
    assert ended.exit_code == 1
    assert ended.recording == b""
    assert ended.last_words.startswith("first")
    assert ended.last_words.endswith("ValueError: the loss is not a number")


def test_what_was_recorded_before_a_failure_is_kept(bench):
    ended = bench.one("fails after it has recorded")
    assert (ended.exit_code, ended.recording) == (3, b"so far")


@pytest.mark.parametrize("program", ["hangs", "hangs and will not be asked"])
def test_what_hangs_is_stopped_at_its_time_limit(bench, program):
    ended = bench.one(program, time_limit=1.0)
    assert (ended.exit_code, ended.timed_out) == (None, True)
    assert 1.0 <= ended.seconds < HANG


def test_a_hang_takes_nothing_else_with_it(bench):
    jobs = [bench.job("hangs", time_limit=1.0), bench.job("fails"), bench.job("ends", 1), bench.job("ends", 2)]
    found = {(ended.trial.arm, ended.trial.seed): ended.exit_code for ended in bench.make(2).run(jobs)}
    assert found == {("hangs", 0): None, ("fails", 0): 1, ("ends", 1): 0, ("ends", 2): 0}


def test_what_is_killed_is_no_time_out(bench):
    ended = bench.one("is killed")
    assert (ended.exit_code, ended.timed_out) == (None, False)


def test_endless_standard_output_harms_nobody(bench):
    assert bench.one("prints without end to standard output").recording == b"done"


def test_of_endless_standard_error_the_end_is_kept(bench):
    ended = bench.one("prints without end to standard error")
    assert ended.exit_code == 1
    assert ended.last_words.endswith("last")
    assert len(ended.last_words) < 10_000


def test_standard_input_is_empty(bench):
    assert bench.one("reads standard input").recording == b"''"


def test_at_its_time_it_stops_and_yields_no_more(bench):
    needs_processes(bench)
    begun = time.monotonic()
    assert list(bench.make(1).run([bench.job("hangs"), bench.job("ends")], until=begun + 2.0)) == []
    assert time.monotonic() - begun < HANG
    assert gone(bench.noted())


def test_a_time_that_is_over_starts_nothing(bench):
    assert list(bench.make(1).run([bench.job("ends")], until=time.monotonic() - 1)) == []


def test_closing_stops_what_runs(bench):
    needs_processes(bench)
    with closing(bench.make(2).run([bench.job("hangs"), bench.job("ends")])) as endings:
        assert next(endings).trial.arm == "ends"
        process = bench.noted()
        assert is_alive(process)
    assert gone(process)


@pytest.mark.parametrize("program", ["leaves a child", pytest.param("leaves a daemon", marks=ONLY_LINUX)])
def test_what_a_command_leaves_is_stopped(bench, program):
    needs_processes(bench)
    assert bench.one(program).recording == b"done"
    assert gone(bench.noted())


@ONLY_LINUX
def test_a_time_limit_stops_the_children_too(bench):
    needs_processes(bench)
    assert bench.one("hangs with a child", time_limit=1.0).timed_out
    assert gone(bench.noted())


def test_want_of_memory_is_a_failure_of_its_own(bench):
    ended = bench.one("cannot have the memory it asks for")
    assert ended.exit_code == 1
    assert ended.last_words.endswith("MemoryError")


def test_temporary_files_are_removed(bench):
    needs_processes(bench)
    name = bench.one("leaves temporary files").recording.decode()
    assert name
    assert not os.path.exists(name)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("hanging", ["hangs", pytest.param("hangs with a child", marks=ONLY_LINUX)])
def test_nothing_outlives_a_program_that_is_ended(bench, ending, hanging):
    needs_processes(bench)
    job = bench.job(hanging)
    program = (
        "from reluctant.studies import Job, PlannedTrial, executor\n"
        f"list(executor({bench.make(1).name!r}, 1).run([Job(PlannedTrial('hangs', 0), {job.command!r})]))"
    )
    study = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    try:
        process = bench.noted()
        assert is_alive(process)
        study.send_signal(ending)
        assert study.wait(20) != 0
        assert gone(process)
    finally:
        with suppress(ProcessLookupError):
            study.kill()


@pytest.mark.parametrize("gpus", [1, 2])
def test_each_command_has_whole_gpus_of_its_own(bench, gpus, monkeypatch):
    needs_processes(bench)
    if isinstance(bench.make(1), Local):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    jobs = [bench.job("sees its GPUs", seed) for seed in range(4 // gpus)]
    seen = [ast.literal_eval(ended.recording.decode()) for ended in bench.make(2 // gpus, gpus).run(jobs)]
    assert len(seen) == len(jobs)
    assert {len(set(devices)) for devices, _, _ in seen} == {gpus}
    assert len({device for devices, _, _ in seen for device in devices}) == 2
    for one, other in itertools.combinations(seen, 2):
        if max(one[1], other[1]) < min(one[2], other[2]):
            assert not set(one[0]) & set(other[0])


def test_more_gpus_than_there_are_are_refused(bench, monkeypatch):
    needs_processes(bench)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    with pytest.raises(UsageError, match="GPUs"):
        list(bench.make(1, 3).run([bench.job("ends")]))


def test_more_at_a_time_than_there_are_gpus_for_are_refused_here(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7,8")
    with pytest.raises(UsageError, match=r"2 for each of 2 at a time, of 3.*--jobs"):
        executor("local", 2, 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(UsageError, match=r"of 0.*--gpus-per-trial"):
        executor("local", None, 1)


def test_an_address_is_for_those_that_take_one():
    with pytest.raises(UsageError, match="local takes no address"):
        executor("local://here")


@pytest.mark.parametrize("at_a_time", [0, -1])
def test_nothing_at_a_time_is_refused(bench, at_a_time):
    with pytest.raises(UsageError, match="at a time"):
        bench.make(at_a_time)


def test_an_unknown_executor_is_answered_with_those_that_exist():
    with pytest.raises(UnknownNameError, match="local"):
        executor("locale", 1)
