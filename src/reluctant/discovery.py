"""Finds the definitions of a package: one file each, registered nowhere."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from .errors import DefinitionError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Base = TypeVar("Base")


def modules(package: str) -> Iterator[ModuleType]:
    """Import and yield every public module and subpackage of `package`, in alphabetical order.

    Public means that the name does not start with an underscore. An import that fails, fails here: a broken file of
    our own is a bug to be seen, not to be passed over.
    """
    parent = importlib.import_module(package)
    for name in sorted(info.name for info in pkgutil.iter_modules(parent.__path__)):
        if not name.startswith("_"):
            yield importlib.import_module(f"{package}.{name}")


def subclasses(package: str, base: type[Base], *, name: Callable[[type[Base]], str], group: str = "") -> dict[str, type[Base]]:
    """The subclasses of `base` that are defined in the public modules of `package`, by name.

    `name` gives the name of a class. A class whose own name starts with an underscore is machinery, as is one that was
    only imported into the module. With `group`, the entry points of that group are added after them: each names a
    class, or a module that defines some.

    Raises `DefinitionError` where two of our own have one name. What comes through an entry point is left out with a
    warning where it does not load, is no subclass, or takes a name that exists: somebody else's
    broken package must not cost a user the report of a long run.
    """
    found: dict[str, type[Base]] = {}
    for module in modules(package):
        for definition in _defined_in(module, base):
            _add(found, name(definition), definition)
    for entry, loaded in _loaded(group):
        try:
            for definition in _defined_in(loaded, base) if isinstance(loaded, ModuleType) else [_checked(loaded, base)]:
                _add(found, name(definition), definition)
        except DefinitionError as error:
            _leave_out(entry, str(error))
    return found


def objects(package: str, attribute: str, kind: type[Base], *, group: str = "") -> dict[str, Base]:
    """The object called `attribute` of every public module of `package` that has one, by the module's own name.

    This is how commands are found: each module of ``cli`` holds one ``command``. With `group`, the objects that the
    entry points of that group name are added by the entry point's name, under the same terms as in `subclasses`.

    Raises `DefinitionError` where an object of ours is not of the `kind` asked for.
    """
    found: dict[str, Base] = {}
    for module in modules(package):
        if hasattr(module, attribute):
            found[module.__name__.rpartition(".")[2]] = _of_kind(getattr(module, attribute), kind, f"{module.__name__}.{attribute}")
    for entry, loaded in _loaded(group):
        if entry.name in found:
            _leave_out(entry, f"the name {entry.name} is taken")
        elif not isinstance(loaded, kind):
            _leave_out(entry, f"it is {type(loaded).__name__}, not {kind.__name__}")
        else:
            found[entry.name] = loaded
    return found


def _defined_in(module: ModuleType, base: type[Base]) -> list[type[Base]]:
    """The public strict subclasses of `base` that `module` itself defines, in the order of definition."""
    return [
        value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, base)
        and value is not base
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and value.__name__ == name  # an alias of a class is not a second definition
    ]


def _add(found: dict[str, type[Base]], name: str, definition: type[Base]) -> None:
    taken = found.setdefault(name, definition)
    if taken is not definition:
        raise DefinitionError(
            f"two definitions are called {name!r}: {_place(taken)} and {_place(definition)}",
            where=_place(definition),
            advice="Rename one of them",
        )


def _checked(loaded: object, base: type[Base]) -> type[Base]:
    if not (isinstance(loaded, type) and issubclass(loaded, base)):
        raise DefinitionError(f"{loaded!r} is no subclass of {base.__name__}", advice=f"Name a class that derives from {base.__name__}")
    return loaded


def _of_kind(value: object, kind: type[Base], where: str) -> Base:
    if not isinstance(value, kind):
        raise DefinitionError(f"it is {type(value).__name__}, not {kind.__name__}", where=where, advice=f"Make it a {kind.__name__}")
    return value


def _place(definition: type) -> str:
    file = getattr(sys.modules.get(definition.__module__), "__file__", None) or definition.__module__
    return f"{file} ({definition.__qualname__})"


def _loaded(group: str) -> Iterator[tuple[EntryPoint, object]]:
    """The entry points of a group with what they name; those that do not load are left out with a warning."""
    if not group:
        return
    from importlib.metadata import entry_points  # on use: it reads the metadata of everything installed

    for entry in sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value)):
        try:
            yield entry, entry.load()
        except Exception as error:  # noqa: BLE001 (whatever somebody else's module raises while it is imported)
            _leave_out(entry, f"it does not load: {type(error).__name__}: {error}")


def _leave_out(entry: EntryPoint, reason: str) -> None:
    owner = f" of the package {entry.dist.name}" if entry.dist is not None else ""
    message = f"the entry point {entry.name} = {entry.value}{owner} is left out: {reason}"
    try:
        warnings.warn(message, RuntimeWarning, stacklevel=2)
    except RuntimeWarning:  # a script may make errors of warnings, and must not lose its report for that
        print(f"reluctant: {message}", file=sys.stderr)
