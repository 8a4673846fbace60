"""Treating and comparing from Python: a script tried many times, and what that showed, which shows itself in a notebook."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Literal

from .errors import UsageError
from .numbers import plural
from .recording import Comparison, ProposedTreatment
from .report import Notebook, safe, show, show_study, treatment_text, visible
from .report.html import Html
from .studies import (
    Change,
    Executor,
    Study,
    StudyOptions,
    TreatedScript,
    activation_arms,
    changes,
    check_comparable,
    compared,
    cure,
    patch,
    roots,
    treat_script,
    trials_left,
)


@dataclass(frozen=True, repr=False)
class TreatResult(TreatedScript):
    """What treating a script showed. Printed, and in a notebook, it is the report with the change to make.

    `reluctant.recording.save` writes its `document`, the check-up with the verdicts filled in, to a file; `study` holds the trials that
    the verdicts rest on.
    """

    @property
    def is_cured(self) -> bool:
        """Whether every finding that needs a cure has one; true where none does."""
        return all(cure(finding) is not None for finding in roots(self.document))

    @property
    def changes(self) -> tuple[Change, ...]:
        """What to change, for each root finding, or that nothing was verified."""
        return changes(self)

    @property
    def patch(self) -> str:
        """The changes that cure it, as ``git apply`` takes them; empty where none is plain enough to make."""
        return patch(self)

    def table(self) -> list[dict[str, Any]]:
        """A row for each treatment of each root finding, as ``pandas.DataFrame`` takes them."""
        rows = []
        for finding in roots(self.document):
            for tried in finding.treatments:
                row = {"code": finding.code, "line": finding.line, "treatment": str(tried), "verdict": tried.verdict}
                shown = tried.comparison or Comparison(0)
                rows.append(row | {"trials": tried.trials, "difference": shown.difference, "low": shown.low, "high": shown.high})
        return rows

    def __repr__(self) -> str:
        found, trials = plural(len(roots(self.document)), "root finding"), plural(len(self.study.results), "trial")
        return f"<TreatResult of {self.study.plan.script}: {found}, {trials}>"

    def __str__(self) -> str:
        text = io.StringIO()
        show(self.document, text)
        return text.getvalue() + "".join(f"{line}\n" for line in conclusion(self))

    def _repr_html_(self) -> str:
        lines = "\n".join(map(escape, conclusion(self)))
        return f"{Notebook().render(self.document)}<pre>{lines}</pre>\n"


@dataclass(frozen=True, repr=False)
class CompareResult:
    """What comparing activations showed. Printed it is the ranking, in a notebook the page with its pictures."""

    study: Study

    @property
    def is_complete(self) -> bool:
        """Whether every trial that was wanted was run; False where the time was not enough."""
        return not trials_left(self.study)

    def table(self) -> list[dict[str, Any]]:
        """A row for each arm, the script as it stands first, as ``pandas.DataFrame`` takes them."""
        return [
            {name: value for name, value in asdict(row).items() if name != "difference"} | {"difference": row.difference.mean}
            for row in compared(self.study)
        ]

    def __repr__(self) -> str:
        arms, trials = plural(len(self.study.plan.arms), "arm"), plural(len(self.study.results), "trial")
        return f"<CompareResult of {self.study.plan.script}: {arms}, {trials}>"

    def __str__(self) -> str:
        text = io.StringIO()
        show_study(self.study, text)
        return text.getvalue()

    def _repr_html_(self) -> str:
        # A page of its own in a frame, in which nothing runs: its style sheet must not meet the notebook's.
        page = escape(Html().render_study(self.study))
        text = f"<details><summary>As text</summary><pre>{escape(str(self))}</pre></details>"
        return f'<iframe sandbox srcdoc="{page}" title="Ranking" style="width: 100%; height: 40em; border: 0"></iframe>\n{text}\n'


def treat(
    script: str | os.PathLike[str],
    arguments: Sequence[object] = (),
    *,
    is_module: bool = False,
    random: int | Literal["equal"] = 1,
    seeds: int = 5,
    steps: int | None = None,
    seconds: float | str | None = None,
    by: Literal["loss", "validation"] | None = None,
    metric: str | None = None,
    goal: Literal["min", "max"] | None = None,
    budget: float | str | None = None,
    trial_timeout: float | str | None = None,
    jobs: int | None = None,
    executor: str | Executor = "local",
    gpus_per_trial: int = 0,
    workdir: str | os.PathLike[str] | None = None,
    study: str | os.PathLike[str] | None = None,
    resume: bool = False,
    force: bool = False,
) -> TreatResult:
    """Try the treatments for each finding on a training script itself, and say which cure it, as ``reluctant treat`` does.

    First `script`, or with `is_module` the module of that name, gets its check-up with `arguments` as its command line. Then the treatments
    of each root finding are tried, and `random` treatments drawn at random beside them (``"equal"``: as many as are proposed). Each is
    compared with the script as it stands under the same `seeds`. Trials are processes of their own; the script is never changed.

    - `steps`, `seconds`: a trial ends after so many optimizer steps, or so long after the first one; else with the script.
    - `by`, `metric`, `goal`: what is compared. It is the training loss, unless `by` says ``"validation"``, or `metric` is a regular
      expression whose one group finds a number in what the script prints; of this more is better where `goal` is ``"max"``.
    - `budget`, `trial_timeout`: when to stop the study, and when a trial, which then is not counted.
    - `executor`, `jobs`, `gpus_per_trial`: where trials run (the command's ``--on``), how many at a time, one for each core unless said
      otherwise, and with how many GPUs each.
    - `workdir`: a folder in which each trial gets its own copy of the current one to run in.
    - `study`, `resume`, `force`: the file that trials are written to after each one, whether to go on with it, whether to replace it.

    Times are seconds, or texts such as ``"90s"`` and ``"10m"``.

    Raises `UsageError` where the options do not go together, and `ReluctantError` where the script gives nothing to treat.
    """
    if random != "equal" and not (type(random) is int and random >= 0):
        raise UsageError(f"{random!r} is no number of treatments", where="--random", advice='Give 0, 1, 2 … or "equal"')
    options = StudyOptions(
        seeds, steps, seconds, by, metric, goal, budget, trial_timeout, jobs, executor, gpus_per_trial, workdir, study, resume, force
    )
    conduct = options.conduct()
    treated = treat_script(options.plan(script, arguments, is_module, halving=True), conduct, random)
    return TreatResult(treated.document, treated.study)


def compare(
    script: str | os.PathLike[str],
    activations: Sequence[str],
    arguments: Sequence[object] = (),
    *,
    is_module: bool = False,
    reinitialise: str | None = None,
    also_initialisation: bool = False,
    seeds: int = 5,
    steps: int | None = None,
    seconds: float | str | None = None,
    by: Literal["loss", "validation"] | None = None,
    metric: str | None = None,
    goal: Literal["min", "max"] | None = None,
    budget: float | str | None = None,
    trial_timeout: float | str | None = None,
    jobs: int | None = None,
    executor: str | Executor = "local",
    gpus_per_trial: int = 0,
    workdir: str | os.PathLike[str] | None = None,
    study: str | os.PathLike[str] | None = None,
    resume: bool = False,
    force: bool = False,
) -> CompareResult:
    """Run a training script under several activations, and say which is better, as ``reluctant compare`` does.

    `activations` are names of the catalogue, with arguments where they differ from the defaults: ``["relu", "elu(0.5)"]``. Each takes the
    place of the script's own hidden activations, and is compared with the script as it stands under the same seeds. With `reinitialise`
    (``"he"``) weights are drawn anew with each activation's own gain; with `also_initialisation` each is tried both ways. The other
    options are those of `treat`.

    Raises `UsageError` where the options do not go together, `UnknownNameError` for an activation that does not exist, and
    `ReluctantError` where the script as it stands gives nothing to compare.
    """
    if isinstance(activations, str) or not all(isinstance(name, str) for name in activations):
        raise UsageError("activations are a sequence of names", where=str(activations), advice='Write ["relu", "elu"]')
    options = StudyOptions(
        seeds, steps, seconds, by, metric, goal, budget, trial_timeout, jobs, executor, gpus_per_trial, workdir, study, resume, force
    )
    arms = activation_arms(activations, reinitialise, also_initialisation)
    conduct = options.conduct()
    plan = options.plan(script, arguments, is_module, arms)
    compared_study = conduct.carried_out(conduct.begun(plan), "Comparing")
    check_comparable(compared_study)
    return CompareResult(compared_study)


def conclusion(result: TreatResult) -> Iterator[str]:
    """What is to be changed, for each root finding, and what stands in the way of saying more."""
    found = result.changes
    if not found:
        yield "Nothing to treat: no finding of weight that a treatment is known for."
        return
    for change in found:
        places = safe(", ".join(change.places))
        if change.treatment is None:
            yield f"{places}: no treatment of {change.finding.code} {change.finding.name} was verified."
            continue
        yield f"{places}: {treatment_text(change.treatment)}."
        yield f"  Try it: {change.command}"
        yield from (f"  {_copied(line)}" for line in change.difference.splitlines())
    if result.document.baseline:
        yield _baseline(result.document.baseline)
    if left := trials_left(result.study):
        yield f"The time was over with {plural(left, 'trial')} to go; more of it, or fewer seeds, may show more."


def _copied(line: str) -> str:
    """A line of a difference, its indentation and tabs kept; else only characters without a shape are put into words."""
    return "\t".join(map(visible, line.split("\t")))


def _baseline(drawn: Sequence[ProposedTreatment]) -> str:
    verified = [treatment for treatment in drawn if treatment.verdict == "verified"]
    at_lines = (f"{treatment}{''.join(f'@{line}' for line in treatment.lines)}" for treatment in verified)
    names = f": {safe(', '.join(at_lines))}" if verified else ""
    return f"For comparison: of {plural(len(drawn), 'treatment')} drawn at random, {len(verified) or 'none'} cured it{names}."
