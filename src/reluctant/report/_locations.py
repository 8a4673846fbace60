"""How files and lines are named in a report: as short as they can be without becoming unclear."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath, PurePosixPath, PureWindowsPath

from reluctant.recording import Finding, Location, Recording

from ._safe_text import safe


@dataclass(frozen=True, slots=True)
class Locations:
    """Names places of one recording relative to the folder of its script, and knows the code on them."""

    script: str
    """The script's name as shown."""
    folder: str
    """What is cut off the front of file names."""
    files: tuple[str, ...]
    """The files that hold sites, in order of appearance."""
    code: dict[tuple[str, int], str] = field(default_factory=dict)
    """Source lines that the recording itself holds. Files are never read: a recording may come from elsewhere, and name any file."""

    def file(self, path: str) -> str:
        """The name of a file, as shown."""
        if self.folder and path.startswith(self.folder):
            return safe(path[len(self.folder) :])
        for library in ("site-packages", "dist-packages"):
            start, found, inside = path.rpartition(library)
            if found and start:
                return safe(inside.lstrip("/\\"))
        return safe(path)

    def line(self, location: Location) -> str:
        """A place as the table shows it: the line alone where all sites are in one file."""
        return str(location.line) if len(self.files) < 2 else f"{self.file(location.file)}:{location.line}"

    def of(self, finding: Finding) -> str:
        """Where a finding is, in words: ``train.py:32, after fc2``."""
        return ", ".join(part for part in (self.line_of(finding), self.layer_of(finding)) if part)

    def line_of(self, finding: Finding) -> str:
        """The file and line of a finding; the file alone where it has no line, nothing where it has no file."""
        file = self.file(finding.file) if finding.file else ""
        return f"{file}:{finding.line}" if file and finding.line else file

    def layer_of(self, finding: Finding) -> str:
        """The layer of a finding: after it where the finding is about an activation, at it otherwise."""
        if not finding.layer:
            return ""
        name = f"layer {safe(finding.layer)}" if finding.layer[0].isdigit() else safe(finding.layer)  # of a Sequential they are numbers
        return f"{'after' if finding.site is not None else 'at'} {name}"


def locations_of(recording: Recording) -> Locations:
    """The names for the places of `recording`."""
    locations = list(_locations(recording))
    files = tuple(dict.fromkeys(site.place.file for site in recording.sites if site.place))
    code = {(location.file, location.line): location.code for location in locations if location.code}
    folder = _folder(recording.script, [location.file for location in locations])
    script = _path(recording.script)
    name = script.name if script.is_absolute() else recording.script
    return Locations(safe(name) or "a run", folder, files, code)


def _folder(script: str, files: list[str]) -> str:
    """The folder of the script with its separator, as it stands in the names of files; empty where there is none."""
    name = _path(script)
    for file in files:
        path = _path(file)
        if name.parts and path.parts[-len(name.parts) :] == name.parts:
            return file[: len(file) - len(path.name)]
    return script[: len(script) - len(name.name)]


def _path(text: str) -> PurePath:
    return PureWindowsPath(text) if "\\" in text and "/" not in text else PurePosixPath(text)


def _locations(recording: Recording) -> list[Location]:
    found: list[Location | None] = []
    for site in recording.sites:
        found += [site.place, site.called, site.built]
    for layer in recording.layers:
        found += [layer.place, layer.called, layer.built]
    for loss in recording.losses:
        found += [loss.place, loss.built]
    found += [parameter.initialised for parameter in recording.parameters]
    found += [optimizer.built for optimizer in recording.optimizers]
    for graph in recording.graphs:
        found += [graph.root, *(node.place for node in graph.nodes)]
    found += [curve.root for curve in recording.loss_curves]
    found += [missed.place for missed in recording.not_observed]
    return [location for location in found if location is not None]
