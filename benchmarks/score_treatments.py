"""Treats the labelled scripts whose cures are known, and scores what ``reluctant treat`` verified.

    python benchmarks/score_treatments.py -j 2
    python benchmarks/score_treatments.py --only '0*' --budget 3m
    python benchmarks/score_treatments.py --documents treated            # keeps the document of every script
    python benchmarks/score_treatments.py --documents treated --again    # scores those; runs nothing

A faulty script is *cured* when treat ends with a verified treatment. As many treatments as are proposed are drawn at random for each
script and tried under the same seeds: the share of scripts that these cure is what the proposals must beat. No treatment that is labelled
as no fix may be verified, whether proposed or drawn, and nothing may be proposed for a healthy script.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labels import Case, labelled_cases
from machine import description
from reluctant.recording import Document, ProposedTreatment, load

BAR = 0.85
"""Share of the faulty scripts that must be cured."""


@dataclass(frozen=True)
class Treated:
    """What treat said of one script."""

    case: Case
    verified: tuple[str, ...] = ()
    """Treatments that were verified for any finding."""
    tried: tuple[str, ...] = ()
    """Treatments that trials were run for."""
    drawn: int = 0
    """Treatments that were drawn at random and tried."""
    cured_by_chance: tuple[str, ...] = ()
    """Those of them that were verified."""
    failure: str = ""
    """Why there is no document."""

    @property
    def cured(self) -> bool:
        """Whether anything was verified."""
        return bool(self.verified)

    @property
    def wrongly_verified(self) -> tuple[str, ...]:
        """Verified treatments that are labelled as no fix."""
        verified = (*self.verified, *self.cured_by_chance)
        return tuple(name for name in verified if any(is_named_by(name, label) for label in self.case.not_fixes))


def is_named_by(treatment: str, label: str) -> bool:
    """Whether a label means this treatment: by name alone, or with its arguments."""
    return treatment == label or treatment.partition(":")[0] == label


def treated(case: Case, document: Document) -> Treated:
    """What a document of treat says."""
    treatments = [treatment for finding in document.findings for treatment in finding.treatments]
    tried = dict.fromkeys(str(treatment) for treatment in treatments if treatment.trials)
    drawn = [treatment for treatment in document.baseline if treatment.trials]
    return Treated(case, tuple(dict.fromkeys(_verified(treatments))), tuple(tried), len(drawn), tuple(_verified(drawn)))


def _verified(treatments: Sequence[ProposedTreatment]) -> list[str]:
    return [str(treatment) for treatment in treatments if treatment.verdict == "verified"]


def report(outcomes: Sequence[Treated]) -> tuple[list[str], bool]:
    """The score in lines, and whether every bar was reached."""
    faulty = [outcome for outcome in outcomes if outcome.case.kind != "healthy"]
    healthy = [outcome for outcome in outcomes if outcome.case.kind == "healthy"]
    cured = sum(outcome.cured for outcome in faulty)
    by_chance = sum(bool(outcome.cured_by_chance) for outcome in faulty)
    lines = [
        f"{outcome.case.name}: not cured ({outcome.failure or ', '.join(outcome.tried) or 'nothing tried'})"
        for outcome in faulty
        if not outcome.cured
    ]
    wrong = [f"{one.case.name}: verified, but no fix: {', '.join(one.wrongly_verified)}" for one in faulty if one.wrongly_verified]
    proposed = [f"{one.case.name}: healthy, but treated: {', '.join(one.tried)}" for one in healthy if one.tried]
    failed = [f"{one.case.name}: {one.failure}" for one in healthy if one.failure]
    if faulty:
        lines.append(f"cured: {cured} of {len(faulty)} = {cured / len(faulty):.2f} (bar {BAR})")
        lines.append(f"cured by as many treatments drawn at random: {by_chance} of {len(faulty)} = {by_chance / len(faulty):.2f}")
    reached = not (wrong or proposed or failed) and cured >= BAR * len(faulty) and (cured > by_chance or not faulty)
    return [*wrong, *proposed, *failed, *lines], reached


def main() -> int:
    """Treat, score and print; the exit code is 1 where a bar is missed."""
    options = _options()
    cases = [case for case in labelled_cases(("faulty", "healthy")) if case.scored and (case.fixes or case.kind == "healthy")]
    chosen = [case for case in cases if not options.only or any(fnmatch.fnmatch(case.name, f"*{only}") for only in options.only)]
    print(f"{len(chosen)} scripts; {description()}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.documents or Path(scratch)
        outcomes = [_outcome(case, folder, options) for case in chosen]
    lines, reached = report(outcomes)
    print("\n".join([*lines, "every bar reached" if reached else "a bar was missed"]))
    return int(not reached)


def _outcome(case: Case, folder: Path, options: argparse.Namespace) -> Treated:
    output = folder / case.kind / f"{Path(case.file).stem}.json"
    begin = time.perf_counter()
    complaint = "" if options.again else _treat(case, output, options)
    if not output.exists():
        return Treated(case, failure=complaint or "no document")
    outcome = treated(case, load(output))
    print(
        f"{case.name}: {time.perf_counter() - begin:.0f} s, verified: {', '.join(outcome.verified) or 'nothing'}; "
        f"{len(outcome.cured_by_chance)} of {outcome.drawn} drawn",
        file=sys.stderr,
        flush=True,
    )
    return outcome


def _treat(case: Case, output: Path, options: argparse.Namespace) -> str:
    """Run treat as a user would, in a folder of its own; what it complained of, where it left no document."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    line = [
        sys.executable,
        "-m",
        "reluctant",
        "treat",
        "--budget",
        options.budget,
        "--seeds",
        str(options.seeds),
        "--random",
        "equal",
        "-j",
        str(options.j),
    ]
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(
            [*line, "-o", str(output.absolute()), str(case.path.absolute())],
            cwd=folder,
            env=dict(os.environ),
            capture_output=True,
            text=True,
        )
    return "" if output.exists() else ended.stderr.strip().rpartition("\n")[2]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-j", type=int, default=2, metavar="N", help="trials at a time (2)")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="seeds of each treatment (5)")
    parser.add_argument("--budget", default="3m", metavar="TIME", help="time for each script (3m)")
    parser.add_argument("--only", nargs="+", default=[], metavar="PATTERN", help="these only: healthy/*, 02_wine_cultivars.py")
    parser.add_argument("--documents", type=Path, metavar="FOLDER", help="keep the documents there")
    parser.add_argument("--again", action="store_true", help="score the documents in FOLDER; run nothing")
    options = parser.parse_args()
    if options.again and options.documents is None:
        parser.error("--again needs --documents FOLDER")
    return options


if __name__ == "__main__":
    sys.exit(main())
