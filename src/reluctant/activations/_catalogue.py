"""The catalogue: finds the activations, and answers to their names."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from reluctant import discovery
from reluctant.errors import DefinitionError, UnknownNameError, UsageError

from ._activation import Activation
from ._gated import Gated
from ._spelling import parse

GROUP = "reluctant.activations"
"""The entry point group through which other distributions add activations; also the package of our own."""


@functools.cache
def definitions() -> Mapping[str, type[Activation]]:
    """Every activation there is, by name in alphabetical order: our own and those of installed distributions."""
    found = discovery.subclasses(GROUP, Activation, name=_name_of, group=GROUP)
    return {name: found[name] for name in sorted(found) if found[name] is not Gated}


def _name_of(definition: type[Activation]) -> str:
    if "__dataclass_params__" not in vars(definition):
        raise DefinitionError(
            f"the activation {definition.__name__} is no dataclass, so its parameters would be ignored",
            where=definition.__module__,
            advice="Write @dataclass(frozen=True) above it",
        )
    return definition.name


@functools.cache
def _by_any_name() -> Mapping[str, tuple[type[Activation], Mapping[str, str]]]:
    """Names, torch's class names and aliases without case and underscores, each with the parameters it fixes."""
    found: dict[str, tuple[type[Activation], Mapping[str, str]]] = {}
    for name, definition in definitions().items():
        found[_folded(name)] = (definition, {})
    for definition in definitions().values():
        for other, fixed in {definition.torch_class: {}, definition.__name__: {}, **definition.aliases}.items():
            if other:
                found.setdefault(_folded(other), (definition, fixed))
    return found


def _folded(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")


def all_activations() -> tuple[Activation, ...]:
    """Every activation with its default parameters, in alphabetical order."""
    return tuple(definition() for definition in definitions().values())


def get(spelling: str, **parameters: Any) -> Activation:
    """The activation that is spelled ``elu``, ``elu(0.5)``, ``elu(alpha=0.5)``, ``nn.ELU(alpha=0.5)``; `parameters` are added to it.

    Raises `UnknownNameError` for a name or parameter that does not exist, with those that do, and `UsageError` for a
    spelling that cannot be read or a value that the activation does not take.
    """
    parsed = parse(spelling)
    if _folded(parsed.name) not in _by_any_name():
        raise UnknownNameError("activation", parsed.name, definitions())
    definition, fixed = _by_any_name()[_folded(parsed.name)]
    names = [entry.name for entry in dataclasses.fields(definition)]
    if len(parsed.positional) > len(names):
        raise UsageError(
            f"{len(parsed.positional)} arguments were given by place",
            where=spelling,
            advice=f"{definition.name} takes {', '.join(names) or 'none'}",
        )
    arguments: dict[str, Any] = {**fixed, **dict(zip(names, parsed.positional, strict=False))}
    for name, value in (*parsed.named, *parameters.items()):
        if name not in names:
            raise UnknownNameError(f"parameter of {definition.name}", name, names, where=spelling)
        if name in arguments and name not in fixed:
            raise UsageError(f"{name} is given twice", where=spelling, advice="Give it once")
        arguments[name] = value
    return definition(**arguments)


def find(operation: str, parameters: Mapping[str, float] | None = None) -> Activation | None:
    """The activation that a recorded site names, or None where the catalogue has none.

    Of the site's parameters those count that the activation has; a learned slope stands for the field that holds its start. Values an
    activation refuses (an empty range, say) give None: a site is what a script did, not what it should have done.
    """
    if _folded(operation) not in _by_any_name():
        return None
    definition, fixed = _by_any_name()[_folded(operation)]
    given = {definition.learned.get(name, name): value for name, value in (parameters or {}).items()}
    names = {entry.name for entry in dataclasses.fields(definition)}
    try:
        return definition(**{**fixed, **{name: value for name, value in given.items() if name in names}})
    except UsageError:
        return None
