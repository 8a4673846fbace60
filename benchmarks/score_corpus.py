"""Runs the labelled scripts under ``reluctant run`` and scores what was said about them.

    python benchmarks/score_corpus.py -j 2
    python benchmarks/score_corpus.py --json scores.json            # saved after every script
    python benchmarks/score_corpus.py --json scores.json --resume   # goes on where that one was interrupted
    python benchmarks/score_corpus.py --recordings runs             # keeps the recording of every script
    python benchmarks/score_corpus.py --recordings runs --rejudge   # judges those again: seconds, no training

`benchmarks/cases/README.md` says what the labels and the words found, placed, explained and first mean.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import fnmatch
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

import reluctant
from labels import Case, labelled_cases
from machine import description, environment
from reluctant.errors import RecordingError
from reluctant.recording import Finding, load
from reluctant.rules import all_rules, judge
from scoring import Score, Share, by_rule, failed, published, score, summary

SHORT = (
    "faulty/01_ring_points.py",
    "faulty/02_wine_cultivars.py",
    "faulty/14_patient_risk.py",
    "faulty/24_three_group_stack.py",
    "faulty/42_digit_convnet.py",
    "faulty/52_price_model.py",
    "healthy/30_squared_relu_sparse.py",
    "healthy/45_lbfgs_closure.py",
    "healthy/75_batchnorm_on_raw_input.py",
    "so109/so_34311586.py",
    "so109/so_48251943.py",
    "so109/so_68101077.py",
)
"""A dozen quick scripts: a linear network, a double softmax, a blocked layer, a fading signal, dead units, NaN; sparse, float64
with a closure, and unscaled but healthy; one class, a rectified output, probabilities in a likelihood."""

STUDY = "the best published tool located 53 of all 109 programs of the study"


@dataclass(frozen=True)
class Outcome:
    """What one run under Reluctant left."""

    key: str
    """Digest of Reluctant's code and of the script: the same key, the same outcome."""
    seconds: float
    findings: tuple[Finding, ...] = ()
    failure: str = ""
    """Why there are no findings."""
    complaint: str = ""
    """What Reluctant said about an error of its own."""
    overhead_share: float | None = None


def main() -> int:
    """Run, score and print; the exit code is 1 where ``--bars`` is given and one is missed."""
    options = _options()
    cases = chosen(options)
    print(f"{len(cases)} scripts; {description()}", flush=True)
    found = _rejudged(cases, options.recordings) if options.rejudge else _found(cases, options)
    return report(cases, found, options.bars)


def _found(cases: Sequence[Case], options: argparse.Namespace) -> dict[str, Outcome]:
    """The outcome of every case: kept from before where it still stands, else from a run; saved as they come."""
    file = OutcomeFile(options.json)
    kept = file.load() if options.resume else {}
    found = {case.name: kept[case.name] for case in cases if case.name in kept and kept[case.name].key == key(case)}
    if options.resume:
        print(f"{len(found)} of them are done already", flush=True)
    for name, outcome in _run_all([case for case in cases if case.name not in found], options):
        found[name] = outcome
        file.save(found)
        print(f"{name}: {outcome.seconds:.1f} s", file=sys.stderr, flush=True)
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-j", type=int, default=1, metavar="N", help="run N scripts at a time")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS", help="end a script after so long (300)")
    parser.add_argument("--only", nargs="+", default=[], metavar="PATTERN", help="run these only: faulty/*, so_343*, 02_wine_cultivars.py")
    parser.add_argument("--short", action="store_true", help="run a dozen scripts, chosen across the kinds")
    parser.add_argument("--unscored", action="store_true", help="also run the scripts whose labels keep them out of the score")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save the outcomes there after every script")
    parser.add_argument("--resume", action="store_true", help="keep the outcomes in FILE that this code and these scripts made")
    parser.add_argument("--recordings", type=Path, metavar="FOLDER", help="keep the recording of every script there")
    parser.add_argument("--rejudge", action="store_true", help="judge the recordings in FOLDER with the present rules; run nothing")
    parser.add_argument("--bars", action="store_true", help="exit with 1 where a bar is missed")
    options = parser.parse_args()
    if options.rejudge and options.recordings is None:
        parser.error("--rejudge needs --recordings FOLDER")
    if options.resume and options.json is None:
        parser.error("--resume needs --json FILE")
    return options


def chosen(options: argparse.Namespace) -> tuple[Case, ...]:
    """The cases that the options name."""
    cases = [case for case in labelled_cases() if case.scored or options.unscored]
    if options.short:
        cases = [case for case in cases if case.name in SHORT]
    if options.only:
        cases = [case for case in cases if any(_names(pattern, case) for pattern in options.only)]
    return tuple(cases)


def _names(pattern: str, case: Case) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for name in (case.name, case.file, Path(case.file).stem, case.kind))


@cache
def _code() -> bytes:
    """Digest of Reluctant's own code."""
    digest = hashlib.sha256()
    for file in sorted(Path(reluctant.__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.digest()


def key(case: Case) -> str:
    """Tells whether a saved outcome is still what a run would give."""
    return hashlib.sha256(_code() + case.path.read_bytes()).hexdigest()[:16]


class OutcomeFile:
    """The file of outcomes, whole at any time."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def load(self) -> dict[str, Outcome]:
        """Those saved before; none where there is no file."""
        if self._path is None or not self._path.exists():
            return {}
        return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Outcome])

    def save(self, outcomes: dict[str, Outcome]) -> None:
        """Replace the file, where there is to be one."""
        if self._path is not None:
            partial = self._path.with_suffix(".partial")
            partial.write_bytes(msgspec.json.format(msgspec.json.encode(outcomes)))
            partial.replace(self._path)


def _run_all(cases: Sequence[Case], options: argparse.Namespace) -> Iterator[tuple[str, Outcome]]:
    """The outcome of each case as it ends."""
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        names = {pool.submit(run, case, options.timeout, options.recordings): case.name for case in cases}
        try:
            for ended in concurrent.futures.as_completed(names):
                yield names[ended], ended.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def run(case: Case, timeout: float, recordings: Path | None = None) -> Outcome:
    """Run one script in a folder of its own, as a user would."""
    with tempfile.TemporaryDirectory() as folder:
        output = _recording(case, recordings) if recordings else Path(folder) / "run.json"
        output.parent.mkdir(parents=True, exist_ok=True)
        output.unlink(missing_ok=True)
        line = [sys.executable, "-m", "reluctant", "run", "-o", str(output.absolute()), str(case.path.absolute())]
        begin = time.perf_counter()
        code, error = _ended(line, folder, timeout)
        seconds = round(time.perf_counter() - begin, 1)
        return _outcome(case, seconds, output, code, error)


def _ended(line: list[str], folder: str, timeout: float) -> tuple[int | str, str]:
    """Exit code and standard error; what takes too long is ended together with its children."""
    with subprocess.Popen(
        line, cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            _, error = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return f"ended after {timeout:.0f} s", process.communicate()[1]
    return process.returncode, error


def _outcome(case: Case, seconds: float, output: Path, code: int | str, error: str) -> Outcome:
    complaints = [line for line in error.splitlines() if line.startswith("reluctant: ")]
    complaint = complaints[0] if complaints else ""
    if isinstance(code, str):
        return Outcome(key(case), seconds, failure=code, complaint=complaint)
    try:
        document = load(output)
    except RecordingError as missing:
        last = error.strip().splitlines()[-1:] or [""]
        return Outcome(key(case), seconds, failure=f"exit code {code}: {last[0] or missing}", complaint=complaint)
    return Outcome(key(case), seconds, document.findings, "", complaint, document.recording.overhead_share)


def _recording(case: Case, folder: Path) -> Path:
    return folder / Path(case.name).with_suffix(".json")


def _rejudged(cases: Sequence[Case], folder: Path) -> dict[str, Outcome]:
    """What the present rules say about the recordings in `folder`."""
    return {case.name: _judged_again(case, folder) for case in cases}


def _judged_again(case: Case, folder: Path) -> Outcome:
    try:
        document = load(_recording(case, folder))
    except RecordingError as error:
        return Outcome(key(case), 0.0, failure=str(error))
    return Outcome(key(case), document.recording.seconds, judge(document.recording, all_rules()).findings)


def report(cases: Sequence[Case], outcomes: dict[str, Outcome], bars: bool) -> int:
    """Print the score; the exit code that follows from it."""
    scores = [_score(case, outcomes[case.name]) for case in cases]
    scored = [score for score in scores if score.case.scored]
    _print_imperfect(scores, outcomes)
    _print_rules(scored)
    for kind in dict.fromkeys(case.kind for case in cases):
        _print_summary(kind, [score for score in scored if score.case.kind == kind])
    _print_published([score for score in scored if score.case.published])
    failures = sum(bool(outcomes[case.name].complaint) for case in cases)
    missed = [text for text, reached in _bars(scored, failures) if not reached]
    print(f"\nbars missed: {', '.join(missed)}" if missed else "\nevery bar reached")
    return 1 if bars and missed else 0


def _score(case: Case, outcome: Outcome) -> Score:
    return failed(case, outcome.failure) if outcome.failure else score(case, outcome.findings)


def _print_imperfect(scores: Sequence[Score], outcomes: dict[str, Outcome]) -> None:
    """A line for each script of which something is to be said."""
    print()
    for entry in scores:
        complaint = outcomes[entry.case.name].complaint
        if not entry.perfect or complaint:
            flaws = [*_flaws(entry), *([complaint] if complaint else [])]
            print(f"{entry.case.name}{'' if entry.case.scored else ' (not scored)'}: {'; '.join(flaws)}", flush=True)


def _flaws(entry: Score) -> Iterator[str]:
    for expected, found, placed in zip(entry.case.expected, entry.found, entry.placed, strict=True):
        if not found:
            yield f"missed {expected.code}"
        elif placed is False:
            yield f"{expected.code} is not at {' or '.join(map(str, sorted(expected.lines)))}"
    if entry.explained is False:
        yield f"cause is not {' or '.join(sorted(entry.case.causes))}"
    if entry.false_alarms:
        yield f"false alarm {' '.join(entry.false_alarms)}"
    if entry.breaches:
        yield f"said though banned: {', '.join(entry.breaches)}"
    if entry.failure:
        yield entry.failure


def _print_rules(scores: Sequence[Score]) -> None:
    names = {rule.code: rule.rule_name() for rule in all_rules()}
    print(f"\n{'rule':<36}{'recall':>15}{'line':>15}{'cause':>15}{'false alarms':>14}")
    for rule in by_rule(scores):
        name = f"{rule.code} {names.get(rule.code, '')}"
        print(f"{name:<36}{rule.recall!s:>15}{rule.placed!s:>15}{rule.explained!s:>15}{rule.false_alarms:>14}")


def _print_summary(kind: str, scores: Sequence[Score]) -> None:
    total = summary(scores)
    print(f"\n{kind}: {total.scripts} scripts", end="")
    print(f", {total.without_findings} of them without a report" if total.without_findings else "")
    shares = {"recall": total.recall, "right line": total.placed, "right cause": total.explained}
    shares |= {"found and placed": total.located, "first finding": total.first}
    for name, share in shares.items():
        if share.whole:
            print(f"  {name:<18}{share}")
    print(f"  {'false alarms':<18}{total.false_alarms} on {total.scripts_with_false_alarms} scripts; banned things said: {total.breaches}")


def _print_published(scores: Sequence[Score]) -> None:
    if scores:
        tools = ", ".join(f"{tool} {share}" for tool, share in published(scores).items())
        print(f"  published tools on the same programs: {tools}\n  ({STUDY})")


def _bars(scores: Sequence[Score], failures: int) -> Iterator[tuple[str, bool]]:
    """What is asked of the whole, in words, and whether it is reached. A bar of which nothing ran is reached."""

    def of(*kinds: str) -> list[Score]:
        return [score for score in scores if score.case.kind in kinds]

    def at_least(name: str, share: Share, bar: float) -> tuple[str, bool]:
        return f"{name} at least {bar:.2f}", share.value is None or share.value >= bar

    labelled, faulty, healthy, programs = summary(scores), summary(of("faulty")), summary(of("healthy")), summary(of("so109"))
    yield at_least("recall", labelled.recall, 0.95)
    yield at_least("right line", labelled.placed, 0.95)
    yield at_least("right cause", labelled.explained, 0.85)
    yield "no false alarm on healthy scripts", healthy.false_alarms == 0
    yield "at most 0.1 false alarms per faulty script", faulty.false_alarms_per_script <= 0.1
    yield at_least("found and placed on so109", programs.located, 0.87)
    yield "a report on every script", labelled.without_findings == 0
    yield "no error of Reluctant's own", failures == 0


if __name__ == "__main__":
    sys.exit(main())
