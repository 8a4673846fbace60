"""Makes one self-contained HTML file of a template, its styles and its scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from reluctant.errors import DefinitionError

from ._assets import asset, stylesheet

if TYPE_CHECKING:
    import jinja2

SHARED = "reluctant.page"


def render(
    package: str, template: str, *, styles: Sequence[str] = (), scripts: Sequence[str] = (), connects: bool = False, **values: Any
) -> str:
    """The page that `template`, a file in the folder ``assets`` of `package`, makes of `values`. It extends ``page/base.html.jinja``.

    The shared style and script come first, then the texts in `styles` and `scripts`, inlined. The page states a content
    security policy: the browser loads nothing, sends nothing, and runs exactly these scripts, so text that came from a
    user could not run even if it did become markup. Handlers in attributes (``onclick``) do not run either. A page that
    `connects` may ask the server that it came from.

    Raises `DefinitionError` for a style or script that would end its own element.
    """
    all_scripts = [asset(SHARED, "page.js"), *scripts]
    all_styles = [stylesheet("colours", "page", "figures"), *styles]
    for text in (*all_scripts, *all_styles):
        if "</" in text:
            raise DefinitionError("a style or script holds `</`, which may end its element", where=template, advice=r"Write `<\/`")
    made = _environment(package).get_template(template)
    hashes = [_hash(script) for script in all_scripts]
    text = made.render(styles=all_styles, scripts=all_scripts, script_hashes=hashes, connects=connects, **values)
    return text.rstrip("\n") + "\n"


@cache
def _environment(package: str) -> jinja2.Environment:
    import jinja2  # on use: of all forms of a report only a page needs it

    own = jinja2.PackageLoader(package, "assets")
    shared = jinja2.PrefixLoader({"page": jinja2.PackageLoader(SHARED, "assets")})
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([shared, own]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _hash(script: str) -> str:
    """What the content security policy calls this script by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
