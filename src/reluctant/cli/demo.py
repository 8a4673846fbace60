"""``reluctant demo``: a check-up to look at, of a script that does not learn."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import click

from reluctant.configuration import Configuration
from reluctant.errors import UsageError
from reluctant.observe.script import script
from reluctant.optional import require
from reluctant.rules import all_rules

from ._check_up import CheckUp

SCRIPT = "train_digits.py"


@click.command()
@click.argument("folder", default="reluctant-demo", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace the script in FOLDER where it was changed.")
def command(folder: Path, force: bool) -> Callable[[], None]:
    """Train a network that does not learn, and give it its check-up.

    Puts a script into FOLDER (reluctant-demo), where it can be read, changed and run again. It trains a classifier of
    scikit-learn's handwritten digits: it compiles, it runs, and its loss stalls. Then does what
    `reluctant run -o FOLDER/run.json FOLDER/train_digits.py` does.
    """
    require("sklearn", extra="demo", purpose="the demo")
    path, output = folder / SCRIPT, folder / "run.json"
    put_script(path, force)
    click.echo(f"$ reluctant run --force -o {output} {path}", err=True)
    configuration = Configuration(output=str(output), force=True)
    return CheckUp(script(str(path), ()), configuration, all_rules())


def put_script(path: Path, force: bool) -> None:
    """Write the bundled script to `path`. Raises `UsageError` where another script is there, unless `force`."""
    text = (files("reluctant") / "demo" / SCRIPT).read_text(encoding="utf-8")
    if path.exists() and path.read_text(encoding="utf-8") != text and not force:
        advice = f"Run your version with `reluctant run {path}`, or replace it with --force"
        raise UsageError("the script was changed since the demo put it there", where=str(path), advice=advice)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(f"the demo's script cannot be written: {reason}", where=str(path), advice="Name another FOLDER") from error
