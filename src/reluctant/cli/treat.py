"""``reluctant treat``: the remedies tried on the user's own script."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from reluctant.errors import ReluctantError, UsageError
from reluctant.numbers import plural
from reluctant.recording import Document, Finding, ProposedTreatment, loads, refuse_existing, save, write
from reluctant.report import safe, show, treatment_text, visible
from reluctant.studies import UNTREATED, Plan, PlannedTrial, Study, arm_against, by_hand, drawn_arms, job, result_of, trials_left
from reluctant.treatments import propose_more

from ._source_change import source_change
from ._study_options import Conduct, check_script, compared_by, each_trial, study_options, time_limit
from ._treated_document import arms_for, cure, roots, with_verdicts

RECORDED = ".json"

EQUAL = "equal"
"""Draw as many treatments at random as are proposed."""


@click.command(
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
    epilog="The exit code is 0 where nothing needs a cure or every root finding has a verified one, and 1 otherwise.",
)
@click.option("-o", "--output", metavar="FILE", help="Save recording and findings with their verdicts to FILE.json.")
@click.option("--write-patch", metavar="FILE", help="Write the changes that cure it to FILE, for `git apply`, where they are plain enough.")
@click.option(
    "--random",
    default="1",
    show_default=True,
    metavar="N",
    help=f"Also try N treatments drawn at random, to see what a remedy is worth beside them; {EQUAL}: as many as there are remedies.",
)
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

    Where nothing cures a finding that its cause calls for, what else could help is tried: the cause may have been judged wrongly.

    A treatment that is drawn at random is tried in the same way, as a baseline: a cure that any change would bring is none.
    """
    check_script(script_name, is_module)
    _check_output(output, given["force"])
    if write_patch is not None:
        refuse_existing(write_patch, given["force"])
    how = Conduct.given(given)
    limit = time_limit(given["trial_timeout"])
    plan = Plan(
        script_name,
        arguments,
        is_module,
        (),
        given["seeds"],
        given["steps"],
        limit,
        **compared_by(given),
        halving=True,
        **each_trial(given),
    )
    document, study = _check_up(plan, how)
    arms = arms_for(document)
    if arms:
        arms += drawn_arms(_number(given["random"], len(arms)), arms, document.recording)
        plan = dataclasses.replace(plan, arms=arms)
        study = how.study(plan, arms_join=True) if how.resume else Study(plan, study.results)
        study = how.carried_out(study, "Treating")
        document = with_verdicts(document, study)
        document, study = _widened(document, study, how, given["random"])
    show(document, sys.stdout, source=output or "")
    for line in conclusion(document, study):
        click.echo(line)
    if output:
        save(document, output, given["force"])
        click.echo(f"Written: {output}", err=True)
    if write_patch is not None:
        click.echo(_written(write_patch, document, given["force"]), err=True)
    return int(any(cure(finding) is None for finding in roots(document)))


def _widened(document: Document, study: Study, how: Conduct, random: str) -> tuple[Document, Study]:
    """Where a finding is not cured by what its cause calls for, try what else could help: the cause may have been judged wrongly."""
    wider = propose_more(document, [finding for finding in roots(document) if cure(finding) is None])
    tried = {arm.name for arm in study.plan.arms}
    arms = tuple(arm for arm in arms_for(wider) if arm.name not in tried)
    if not arms:
        return document, study
    if random == EQUAL:
        arms += drawn_arms(len(arms), (*study.plan.arms, *arms), document.recording)
    plan = dataclasses.replace(study.plan, arms=(*study.plan.arms, *arms))
    study = how.carried_out(Study(plan, study.results), "Trying what else there is")
    return with_verdicts(wider, study), study


def _number(given: str, treatments: int) -> int:
    """How many treatments to draw at random. Raises `UsageError` where it is no number."""
    if given == EQUAL:
        return treatments
    if not given.isdecimal():
        raise UsageError(f"{given!r} is no number of treatments", where="--random", advice=f"Write 0, 1, 2 … or {EQUAL}")
    return int(given)


def _at_lines(treatment: ProposedTreatment) -> str:
    return f"{treatment}{''.join(f'@{line}' for line in treatment.lines)}"


def _check_output(output: str | None, force: bool) -> None:
    if output is None:
        return
    if Path(output).suffix.lower() != RECORDED:
        raise UsageError(f"{output} names no form", where="--output", advice="End it with .json; `reluctant report` makes a page of it")
    refuse_existing(output, force)


def _check_up(plan: Plan, how: Conduct) -> tuple[Document, Study]:
    """The untreated script under its own seeds: its document, and the study that holds it as the first trial."""
    first = job(plan, PlannedTrial(UNTREATED, 0))
    (ended,) = how.executor.run([first])
    result = result_of(ended, plan.by)
    # A script that fails after some steps can be treated: an error is how many answer a loss that is not a number.
    ran = result.counts or (result.ending == "ended" and bool(ended.recording))
    document = loads(ended.recording) if ran else None
    if document is None or (not result.counts and roots(document)):
        advice = "Run it once with `reluctant run` to see why"
        raise ReluctantError(f"as it stands it gives nothing to treat: {safe(result.why_not)}", where=plan.script, advice=advice)
    return document, Study(plan, (result,))


def _written(path: str, document: Document, force: bool) -> str:
    """Write the changes that cure the root findings, each once; what was done, in a sentence."""
    cures = [(finding, found) for finding in roots(document) if (found := cure(finding)) is not None]
    changes = dict.fromkeys(filter(None, (source_change(finding, found, document.recording) for finding, found in cures)))
    if not changes:
        return f"Not written: {path}, for no change was verified that is plain enough to make."
    write(path, "".join(changes).encode(), force)
    return f"Written: {path}"


def conclusion(document: Document, study: Study) -> Iterator[str]:
    """What is to be changed, for each root finding, and what stands in the way of saying more."""
    wanted = roots(document)
    if not wanted:
        yield "Nothing to treat: no finding of weight that a treatment is known for."
    for places, change in _changes(wanted, document, study):
        yield f"{safe(', '.join(places))}: {change[0]}"
        yield from (f"  {line}" for line in change[1:])
    if document.baseline:
        yield _baseline(document.baseline)
    if left := trials_left(study):
        yield f"The time was over with {left} trials to go; more of it, or fewer seeds, may show more."


def _changes(wanted: Sequence[Finding], document: Document, study: Study) -> Iterator[tuple[list[str], tuple[str, ...]]]:
    """What cures each finding, in lines, with the places of all findings that the same cures."""
    places: dict[tuple[str, ...], list[str]] = {}
    for finding in wanted:
        place = f"{Path(finding.file).name}:{finding.line}" if finding.line else Path(finding.file or study.plan.script).name
        places.setdefault(_change(finding, document, study), []).append(place)
    yield from ((list(dict.fromkeys(found)), change) for change, found in places.items())


def _change(finding: Finding, document: Document, study: Study) -> tuple[str, ...]:
    found = cure(finding)
    arm = arm_against(finding, found, document.recording) if found is not None else None
    if found is None or arm is None:
        return (f"no treatment of {finding.code} {finding.name} was verified.",)
    difference = source_change(finding, found, document.recording).splitlines()
    return f"{treatment_text(found)}.", f"Try it: {by_hand(study.plan, arm)}", *map(_copied, difference)


def _copied(line: str) -> str:
    """A line of a difference, its indentation and tabs kept; else only characters without a shape are put into words."""
    return "\t".join(map(visible, line.split("\t")))


def _baseline(drawn: Sequence[ProposedTreatment]) -> str:
    verified = [treatment for treatment in drawn if treatment.verdict == "verified"]
    names = f": {safe(', '.join(map(_at_lines, verified)))}" if verified else ""
    return f"For comparison: of {plural(len(drawn), 'treatment')} drawn at random, {len(verified) or 'none'} cured it{names}."
