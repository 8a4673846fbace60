"""The claims there are, and the choice among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from reluctant.discovery import subclasses
from reluctant.errors import DefinitionError, UnknownNameError

from ._claim import Claim, refuse_incomplete

ENTRY_POINTS = "reluctant.claims"
"""Entry point group under which other distributions add claims."""


@cache
def all_claims() -> tuple[type[Claim[Any]], ...]:
    """Every claim of the package and of the entry points, in the order of the account.

    Raises `DefinitionError` where a claim is incomplete, or two have one name or one number.
    """
    found = sorted(_found().values(), key=lambda claim: claim.number)
    for one, other in pairwise(found):
        if one.number == other.number:
            both = f"{one.__qualname__} and {other.__qualname__}"
            raise DefinitionError(f"{both} both have the number {one.number}", advice="Give one of them another number")
    return tuple(found)


def _found() -> dict[str, type[Claim[Any]]]:
    found = subclasses("reluctant.explain", Claim, name=lambda claim: claim.claim_name(), group=ENTRY_POINTS)
    for claim in found.values():
        refuse_incomplete(claim)
    return found


def get(name: str) -> type[Claim[Any]]:
    """The claim with this number (``4``) or name (``vanishing-gradients``); case does not count.

    Raises `UnknownNameError` with the numbers and names that exist.
    """
    wanted = name.strip().casefold()
    for claim in all_claims():
        if wanted in (str(claim.number), claim.claim_name()):
            return claim
    raise UnknownNameError("claim", name, [*(str(claim.number) for claim in all_claims()), *(claim.claim_name() for claim in all_claims())])


def select(names: Sequence[str]) -> tuple[type[Claim[Any]], ...]:
    """The claims with these numbers or names, in the order of the account; all of them where none is named."""
    chosen: Iterable[type[Claim[Any]]] = {get(name) for name in names} or all_claims()
    return tuple(sorted(chosen, key=lambda claim: claim.number))
