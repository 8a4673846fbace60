"""The files that a package brings along for its pages, and the style sheets that all pages share."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Literal

Sheet = Literal["colours", "page", "figures"]
"""``colours``: every colour by its name, light and dark. ``page``: text, tables, boxes, print. ``figures``: what is drawn as SVG."""

_VARIABLE = re.compile(r"(--[\w-]+):\s*([^;]+);")
_LIGHT_DARK = re.compile(r"light-dark\(\s*([^,()]+?)\s*,\s*([^,()]+?)\s*\)")
_USE = re.compile(r"var\((--[\w-]+)\)")


def asset(package: str, name: str) -> str:
    """The text of the file `name` in the folder ``assets`` of `package`."""
    return (files(package) / "assets" / name).read_text(encoding="utf-8")


def stylesheet(*sheets: Sheet) -> str:
    """The text of some sheets, one after the other."""
    return "\n".join(asset("reluctant.page", f"{sheet}.css") for sheet in sheets)


def in_plain_colours(css: str, *, dark: bool = False) -> str:
    """A style with every ``var(--name)`` of the shared colours replaced by its colour.

    For figures that stand alone: programs that read SVG know neither variables nor two schemes of colours in one file.
    """
    values = colours(dark=dark)
    return _USE.sub(lambda use: values.get(use[1], use[0]), css)


def colours(*, dark: bool) -> dict[str, str]:
    """Every variable of the shared colours with its value in one of the two schemes."""
    return {name: _LIGHT_DARK.sub(r"\2" if dark else r"\1", value.strip()) for name, value in _VARIABLE.findall(stylesheet("colours"))}
