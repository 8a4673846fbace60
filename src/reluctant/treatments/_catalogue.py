"""Every treatment there is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from reluctant.discovery import subclasses
from reluctant.errors import UnknownNameError

from ._requested_treatment import RequestedTreatment
from ._treatment import Treatment

ENTRY_POINTS = "reluctant.treatments"
"""Entry point group under which a user's own treatments are found; also the package of our own."""


@cache
def all_treatments() -> Mapping[str, type[Treatment]]:
    """Every treatment by name, in alphabetical order."""
    found = subclasses(ENTRY_POINTS, Treatment, name=lambda kind: kind.treatment_name(), group=ENTRY_POINTS)
    return {name: found[name] for name in sorted(found)}


def get(name: str) -> type[Treatment]:
    """The treatment of this name; case does not count. Raises `UnknownNameError` with the names that exist."""
    found = all_treatments().get(name.strip().casefold())
    if found is None:
        raise UnknownNameError("treatment", name, all_treatments())
    return found


def requested(text: str) -> Treatment:
    """The treatment that ``NAME[:ARGUMENTS][@LINE]`` asks for. Raises `UsageError` where it cannot be had."""
    request = RequestedTreatment.parsed(text)
    return get(request.name)(request)
