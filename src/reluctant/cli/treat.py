"""``reluctant treat``: the remedies tried on the user's own script."""

from __future__ import annotations

import dataclasses
import math
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from reluctant.errors import ReluctantError, UsageError
from reluctant.recording import Document, Finding, Recording, Treatment, loads, save
from reluctant.recording._file import refuse_existing, write
from reluctant.report import finding_tree, safe, show, treatment_in_words
from reluctant.rules import all_rules
from reluctant.studies import (
    UNTREATED,
    Arm,
    Plan,
    PlannedTrial,
    Study,
    arm_against,
    compared,
    executor,
    job,
    judged,
    result_of,
    trials_left,
)
from reluctant.treatments import get

from ._source_change import source_change
from ._study_options import Conduct, check_script, study_options, time_limit

RECORDED = ".json"


@click.command(
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
    epilog="The exit code is 0 where nothing needs a cure or every root finding has a verified one, and 1 otherwise.",
)
@click.option("-o", "--output", metavar="FILE", help="Save recording and findings with their verdicts to FILE.json.")
@click.option("--write-patch", metavar="FILE", help="Write the changes that cure it to FILE, for `git apply`, where they are plain enough.")
@study_options
@click.argument("script_name", metavar="SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
def command(
    output: str | None, write_patch: str | None, is_module: bool, script_name: str, arguments: tuple[str, ...], **given: Any
) -> int:
    """Try the treatments for each finding on the script itself, and say which cure it.

    First SCRIPT gets its check-up. Then each root finding's treatments are applied from outside, one at a time, under several seeds, and
    compared with the script as it stands under the same seeds. The less promising ones are stopped early. A treatment is verified when
    the finding is gone on every seed and the loss is better. SCRIPT itself is never changed.
    """
    check_script(script_name, is_module)
    _check_output(output, given["force"])
    if write_patch is not None:
        refuse_existing(write_patch, given["force"])
    how = Conduct.given(given)
    plan = Plan(script_name, arguments, is_module, (), given["seeds"], given["steps"], time_limit(given["trial_timeout"]), halving=True)
    document, study = _check_up(plan, how)
    arms = arms_for(document)
    if arms:
        plan = dataclasses.replace(plan, arms=arms)
        study = how.study(plan) if how.resume else Study(plan, study.results)
        study = how.carried_out(study, "Treating")
        document = with_verdicts(document, study)
    show(document, sys.stdout, source=output or "")
    for line in conclusion(document, study):
        click.echo(line)
    if output:
        save(document, output, given["force"])
        click.echo(f"Written: {output}", err=True)
    if write_patch is not None:
        click.echo(_written(write_patch, document, given["force"]), err=True)
    return int(any(_cure(finding) is None for finding in roots(document)))


def _check_output(output: str | None, force: bool) -> None:
    if output is None:
        return
    if Path(output).suffix.lower() != RECORDED:
        raise UsageError(f"{output} names no form", where="--output", advice="End it with .json; `reluctant report` makes a page of it")
    refuse_existing(output, force)


def _check_up(plan: Plan, how: Conduct) -> tuple[Document, Study]:
    """The untreated script under its own seeds: its document, and the study that holds it as the first trial."""
    first = job(plan, PlannedTrial(UNTREATED, 0))
    (ended,) = executor(how.on, 1).run([first])
    result = result_of(ended)
    if not result.counts:
        advice = "Run it once with `reluctant run` to see why"
        raise ReluctantError(f"as it stands it gives nothing to treat: {safe(result.why_not)}", where=plan.script, advice=advice)
    return loads(ended.recording), Study(plan, (result,))


def _written(path: str, document: Document, force: bool) -> str:
    """Write the changes that cure the root findings, each once; what was done, in a sentence."""
    cures = [(finding, cure) for finding in roots(document) if (cure := _cure(finding)) is not None]
    changes = dict.fromkeys(filter(None, (source_change(finding, cure, document.recording) for finding, cure in cures)))
    if not changes:
        return f"Not written: {path}, for no change was verified that is plain enough to make."
    write(path, "".join(changes).encode(), force)
    return f"Written: {path}"


def roots(document: Document) -> list[Finding]:
    """The errors and warnings that follow from no other finding and that something can be tried against."""
    found = [branch.root for branch in finding_tree(document.findings)]
    return [finding for finding in found if finding.severity != "advice" and finding.treatments]


def arms_for(document: Document) -> tuple[Arm, ...]:
    """The arms that try the treatments of the root findings, each once, in the order of the findings and of their rules."""
    arms = [arm_against(finding, treatment, document.recording) for finding in roots(document) for treatment in finding.treatments]
    by_name: dict[str, Arm] = {}
    for arm in arms:
        if arm is not None:
            by_name.setdefault(arm.name, arm)
    return tuple(by_name.values())


def with_verdicts(document: Document, study: Study) -> Document:
    """The document with what the study showed of each root finding's treatments, and with the causes that it verified."""
    tried = {id(finding) for finding in roots(document)}
    treated = (_with_verdicts(finding, document.recording, study) if id(finding) in tried else finding for finding in document.findings)
    return dataclasses.replace(document, findings=tuple(treated))


def _with_verdicts(finding: Finding, recording: Recording, study: Study) -> Finding:
    harms_loss = next((rule.harms_loss for rule in all_rules() if rule.code == finding.code), True)
    by_arm = {found.arm: found for found in compared(study)}
    treatments = []
    for treatment in finding.treatments:
        arm = arm_against(finding, treatment, recording)
        treatments.append(judged(treatment, finding, by_arm[arm.name], study, harms_loss) if arm is not None else treatment)
    found = dataclasses.replace(finding, treatments=tuple(treatments))
    removed = {kind for treatment in treatments if treatment.verdict == "verified" for kind in get(treatment.name).removes}
    if finding.cause is not None and finding.cause.kind in removed:
        found = dataclasses.replace(found, cause=dataclasses.replace(finding.cause, verified=True))
    return found


def conclusion(document: Document, study: Study) -> Iterator[str]:
    """What is to be changed, for each root finding, and what stands in the way of saying more."""
    wanted = roots(document)
    if not wanted:
        yield "Nothing to treat: no finding of weight that a treatment is known for."
    for finding in wanted:
        place = f"{Path(finding.file).name}:{finding.line}" if finding.line else Path(finding.file or study.plan.script).name
        cure = _cure(finding)
        if cure is None:
            yield f"{safe(place)}: no treatment of {finding.code} {finding.name} was verified."
            continue
        yield f"{safe(place)}: {treatment_in_words(cure)}."
        yield f"  Try it: {_by_hand(arm_against(finding, cure, document.recording), study)}"
        yield from (f"  {safe(line)}" for line in source_change(finding, cure, document.recording).splitlines())
    if left := trials_left(study):
        yield f"The time was over with {left} trials to go; more of it, or fewer seeds, may show more."


def _by_hand(arm: Arm | None, study: Study) -> str:
    """The command that runs one trial of an arm."""
    treatments = [part for treatment in (arm.treatments if arm is not None else ()) for part in ("--treat", treatment)]
    steps = ["--steps", str(study.plan.steps)] * (study.plan.steps is not None)
    program = [*["-m"] * study.plan.is_module, study.plan.script, *study.plan.arguments]
    return shlex.join(["reluctant", "run", *treatments, *steps, *program])


def _cure(finding: Finding) -> Treatment | None:
    """The verified treatment that lowers the loss most; of equals, the first."""
    verified = [treatment for treatment in finding.treatments if treatment.verdict == "verified"]
    return min(verified, key=_difference, default=None)


def _difference(treatment: Treatment) -> float:
    found = treatment.comparison.difference if treatment.comparison is not None else None
    return math.inf if found is None else found
