"""The files that a package brings along for its pages."""

from __future__ import annotations

from importlib.resources import files


def asset(package: str, name: str) -> str:
    """The text of the file `name` in the folder ``assets`` of `package`."""
    return (files(package) / "assets" / name).read_text(encoding="utf-8")
