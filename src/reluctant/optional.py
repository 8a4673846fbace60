"""Imports of libraries that only some parts need."""

from __future__ import annotations

import importlib
from types import ModuleType

from .errors import MissingExtraError


def require(library: str, *, extra: str, purpose: str = "") -> ModuleType:
    """Import `library`, or say how to install it.

    `extra` is the name of the extra that brings it (``pip install 'reluctant[ray]'``), `purpose` what needs it, as the
    subject of a sentence: ``the HTML page``. A submodule may be asked for: ``require("ray.util", extra="ray")``.

    Raises `MissingExtraError` where the library is missing, and also where it is there but does not import.
    """
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        missing = error.name or library
        if library == missing or library.startswith(f"{missing}."):
            raise MissingExtraError(library, extra=extra, purpose=purpose) from error
        raise MissingExtraError(library, extra=extra, purpose=purpose, reason=f"needs {missing}, which is not installed") from error
    except ImportError as error:
        raise MissingExtraError(library, extra=extra, purpose=purpose, reason=f"does not import here ({error})") from error
