"""The activation sites of a run as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from reluctant.figures import root_mean_square, sparkline
from reluctant.numbers import NOTHING, count, magnitude, percent, plural
from reluctant.recording import Document, Finding, Severity, ShareHistogram, Site, UnitWindow
from reluctant.rules import worst

from ._locations import Locations
from ._network_order import in_network_order
from ._safe_text import safe

LATEST_MOMENTS = 8
"""Over how many of the last measured steps the gradients are pooled: one step may be an accident."""

LONGEST_RUN = 12
"""Of more neighbouring rows than this with the same findings, only the ends are shown."""

MOST_ROWS = 60
"""Rows shown at most, unless all are asked for."""


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One site, every cell as text."""

    place: str
    after: str
    activation: str
    units: str
    dead: str
    open: str
    zeros: str
    arriving: str
    leaving: str
    over_the_run: str
    severity: Severity | None = None
    """The gravest finding on it."""


@dataclass(frozen=True, slots=True)
class SkippedRows:
    """Neighbouring sites that are summed up in a sentence."""

    sentence: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    """A site with what was found on it."""

    site: Site
    findings: tuple[Finding, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(sorted({finding.code for finding in self.findings if finding.severity != "advice"}))


def site_rows(document: Document, places: Locations) -> tuple[SiteRow, ...]:
    """One row for each site, in network order."""
    return tuple(site_row(judged.site, judged.findings, places) for judged in _judged(document))


def main_site_rows(document: Document, places: Locations) -> tuple[SiteRow | SkippedRows, ...]:
    """The rows of `site_rows` with long runs of neighbours that share their findings summed up, and at most `MOST_ROWS`."""
    rows: list[SiteRow | SkippedRows] = []
    for _, run in groupby(_judged(document), key=lambda judged: judged.codes):
        members = list(run)
        made = [site_row(judged.site, judged.findings, places) for judged in members]
        rows += made if len(made) <= LONGEST_RUN else [*made[:2], _skipped(members[2:-1]), made[-1]]
    if len(rows) > MOST_ROWS:
        rows[MOST_ROWS - 1 :] = [SkippedRows(f"and {plural(len(rows) - MOST_ROWS + 1, 'more row')}")]
    return tuple(rows)


def _judged(document: Document) -> list[_Judged]:
    """The sites in network order; those inside a loss function, which nobody can edit, only where something is found on them."""
    judged = [
        _Judged(site, tuple(finding for finding in document.findings if is_on(finding, site)))
        for site in in_network_order(document.recording)
    ]
    return [each for each in judged if each.site.role != "loss" or each.findings]


def is_on(finding: Finding, site: Site) -> bool:
    """Whether a finding is about a site: by its id; by its name, where one finding speaks for several; by its line, where it names none."""
    on_its_line = site.place is not None and (finding.file, finding.line) == (site.place.file, site.place.line)
    if finding.site is None:
        return on_its_line
    also = finding.evidence.get("also")
    return finding.site == site.id or (on_its_line and isinstance(also, (list, tuple)) and site.after in also)


def site_row(site: Site, findings: Sequence[Finding], places: Locations) -> SiteRow:
    """The row of one site; `findings` are those on it."""
    window = site.recent or site.whole
    latest = site.moments[-LATEST_MOMENTS:]
    return SiteRow(
        place=places.line(site.place) if site.place else NOTHING,
        after=safe(site.after or (f"in {site.module}" if site.module else "")) or NOTHING,
        activation=safe(site.operation),
        units=count(site.units) if site.units else NOTHING,
        dead=percent(dead_share(window)),
        open=percent(open_share(window)),
        zeros=percent(window.zero_share) if window and window.samples else NOTHING,
        arriving=magnitude(_pooled([moment.gradient_arriving_rms for moment in latest])),
        leaving=magnitude(_pooled([moment.gradient_leaving_rms for moment in latest])),
        over_the_run=sparkline([moment.gradient_leaving_rms for moment in site.moments]),
        severity=worst(findings),
    )


def dead_share(window: UnitWindow | None) -> float | None:
    """Share of the units that passed no gradient on any sample of the window; None where none was measured."""
    return window.passes.zero / window.passes.units if window and window.samples and window.passes.units else None


def open_share(window: UnitWindow | None) -> float | None:
    """Share of samples, over all units, on which the slope is not flat; None where none was measured.

    It is read off a histogram, to half the width of a bin. For ReLU this is the share of values above 0.
    """
    return 1 - _mean(window.flat) if window and window.samples and window.flat.units else None


def _mean(histogram: ShareHistogram) -> float:
    """Mean share of the units, each at the middle of its bin."""
    width = 1 / len(histogram.bins) if histogram.bins else 0.0
    inside = sum(units * (index + 0.5) * width for index, units in enumerate(histogram.bins))
    return (inside + histogram.one) / histogram.units


def _pooled(numbers: Sequence[float | None]) -> float | None:
    """Root mean square of those that were measured; None where none was."""
    measured = [number for number in numbers if number is not None]
    return root_mean_square(measured) if measured else None


def _skipped(members: Sequence[_Judged]) -> SkippedRows:
    windows = [judged.site.recent or judged.site.whole for judged in members]
    dead = _range([dead_share(window) for window in windows])
    passing = _range([open_share(window) for window in windows])
    codes = ", ".join(members[0].codes)
    found = f"each with {codes}" if codes else "none with a fault found"
    severity = worst(finding for judged in members for finding in judged.findings)
    return SkippedRows(f"{plural(len(members), 'more site')}, {found}: dead {dead}, open {passing}", severity)


def _range(shares: Sequence[float | None]) -> str:
    measured = [share for share in shares if share is not None]
    if not measured:
        return "not measured"
    low, high = percent(min(measured)), percent(max(measured))
    return low if low == high else f"{low} to {high}"
