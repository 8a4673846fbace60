"""What unfolds beneath a site of the map."""

from __future__ import annotations

from reluctant.figures import Drawing, Line, line_chart
from reluctant.numbers import NOTHING, count, magnitude, value
from reluctant.recording import Location, Site

from .._places import Places
from .._safe_text import safe, source_line
from .._site_table import SiteRow
from ..pictures import Scene
from ..pictures._layer_curves import size_axis
from ..pictures.slope_histogram import USUAL, slope_histogram
from ..pictures.units_over_time import units_over_time

SPELLINGS = {"module": "a module", "functional": "a function", "method": "a method of the tensor", "inside": "inside a module of torch"}


def facts(site: Site, row: SiteRow, places: Places) -> tuple[tuple[str, str], ...]:
    """(what, value) of what is known about a site, besides its numbers in the map."""
    arguments = ", ".join(f"{safe(name)} {value(number)}" for name, number in site.parameters.items())
    window = site.recent or site.whole
    found = [
        ("arguments", arguments),
        ("written as", " ".join(part for part in (SPELLINGS.get(site.spelling, ""), safe(site.module)) if part)),
        ("called", _line(site.called, places)),
        ("built", _line(site.built, places) if site.built != site.called else ""),
        ("part", "" if site.role in ("hidden", "other") else site.role),
        ("samples", f"{count(window.samples)} of steps {count(window.first_step)} to {count(window.last_step)}" if window else "none"),
        ("calls in a pass", count(site.calls) if site.calls > 1 else ""),
        ("gradient in", row.arriving),
        ("gradient out", row.leaving),
        ("output", _output(site)),
        ("slopes", "" if site.exact else "from the ratio of gradients, not from values"),
        ("not finite from", f"step {count(site.first_non_finite_step)}" if site.first_non_finite_step is not None else ""),
    ]
    return tuple((what, words) for what, words in found if words and words != NOTHING)


def details(site: Site, scene: Scene) -> tuple[Drawing, ...]:
    """The pictures of a site: who is alive, how often units pass gradient, and how large the gradient is."""
    drawn = [units_over_time(site, scene.time), slope_histogram(site, *USUAL), _gradient(site, scene)]
    return tuple(each for each in drawn if each is not None)


def _gradient(site: Site, scene: Scene) -> Drawing | None:
    steps = [moment.step for moment in site.moments]
    arriving = [moment.gradient_arriving_rms for moment in site.moments]
    leaving = [moment.gradient_leaving_rms for moment in site.moments]
    axis = size_axis("root mean square", [*arriving, *leaving])
    if axis is None or len(steps) < 2:
        return None
    last_in = next((size for size in reversed(arriving) if size is not None), None)
    last_out = next((size for size in reversed(leaving) if size is not None), None)
    alt = f"At the last measured step {magnitude(last_in)} arrives and {magnitude(last_out)} goes on."
    shown = [[size if size else None for size in sizes] for sizes in (arriving, leaving)]  # 0 has no place on a logarithmic axis
    lines = [Line("arrives", steps, shown[0], colour=0), Line("goes on", steps, shown[1])]
    return line_chart("Gradient through time", alt, scene.time, axis, lines)


def _output(site: Site) -> str:
    last = next((moment for moment in reversed(site.moments) if moment.output_rms is not None), None)
    return f"rms {magnitude(last.output_rms)}, mean {magnitude(last.output_mean)}" if last else ""


def _line(place: Location | None, places: Places) -> str:
    if place is None:
        return ""
    code = source_line(place.code)
    return f"{places.file(place.file)}:{place.line}" + (f"  {code}" if code else "")
