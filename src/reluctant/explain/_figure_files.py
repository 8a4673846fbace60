"""Every figure of an account as a file of its own."""

from __future__ import annotations

from pathlib import Path

from reluctant.errors import UsageError
from reluctant.figures import Figure, standalone
from reluctant.optional import require

from ._account import Account
from ._text import Language

SCALE = 2
"""Pixels of a PNG for one unit of its SVG."""


def figures(account: Account) -> dict[str, Figure]:
    """The figures by the name of their file: ``4-gradient-by-layer``."""
    return {
        f"{outcome.claim.number}-{block.name}": block
        for outcome in account.outcomes
        for block in outcome.claim.show(outcome.measured)
        if isinstance(block, Figure)
    }


def ready_for_figures(folder: Path, force: bool = False) -> None:
    """See that figures can be written to `folder`, before anything is measured for them.

    Raises `MissingExtraError` where there is nothing to make PNGs with, and `UsageError` where the folder holds figures, unless `force`.
    """
    require("resvg_py", extra="figures", purpose="a figure as PNG")
    there = [path.name for path in sorted(folder.glob("*")) if path.suffix in (".svg", ".png")] if folder.is_dir() else []
    if there and not force:
        advice = "Name another folder, or --force to replace what has the same name"
        raise UsageError(f"there are figures in it ({there[0]})", where=str(folder), advice=advice)


def write_figures(account: Account, language: Language, folder: Path) -> list[Path]:
    """Write every figure to `folder`, as SVG and as PNG; the files that were written.

    Raises `MissingExtraError` where there is nothing to make the PNGs with, and `UsageError` where the folder cannot be written to.
    """
    resvg = require("resvg_py", extra="figures", purpose="a figure as PNG")
    contents: dict[Path, bytes] = {}
    for name, figure in figures(account).items():
        svg = standalone(figure, language)
        contents[folder / f"{name}.svg"] = svg.encode()
        contents[folder / f"{name}.png"] = bytes(resvg.svg_to_bytes(svg_string=svg, zoom=SCALE, languages=[language]))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in contents.items():
            path.write_bytes(data)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(f"the figures cannot be written: {reason}", where=str(folder), advice="Name another folder") from error
    return list(contents)
