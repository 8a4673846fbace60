"""The pictures of a finding."""

from __future__ import annotations

from functools import cache

from reluctant import discovery
from reluctant.figures import Drawing
from reluctant.recording import Finding

from ._picture import Picture, Scene

MOST = 2
"""Pictures beside one finding: the evidence, not an album."""


@cache
def all_pictures() -> tuple[Picture, ...]:
    """Every picture, the ones that say most first."""
    found = discovery.subclasses("reluctant.report.pictures", Picture, name=lambda picture: picture.__name__)
    return tuple(sorted((picture() for picture in found.values()), key=lambda picture: (picture.order, type(picture).__name__)))


def pictures_of(finding: Finding, scene: Scene) -> tuple[Drawing, ...]:
    """The first pictures that its evidence asks for and that can be drawn; where there are none, a general one."""
    found: list[Drawing] = []
    for picture in all_pictures():
        if len(found) < MOST and picture.suits(finding) and (drawn := picture.draw(finding, scene)) is not None:
            found.append(drawn)
    if not found:
        drawings = (picture.draw(finding, scene) for picture in all_pictures() if picture.general)
        found += [drawn for drawn in drawings if drawn is not None][:1]
    return tuple(found)
