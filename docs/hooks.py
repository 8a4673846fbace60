"""What mkdocs calls: the generated pages join the others, commands are run, formulas become MathML."""

from __future__ import annotations

import re
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

from generator.console import with_output
from generator.links import with_rule_links
from generator.pages import generated_pages, navigation

FORMULA = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.DOTALL | re.MULTILINE)


def on_config(config: Any) -> Any:
    """Put the generated sections into the navigation, in the place of their names."""
    sections = navigation()
    config.nav = [sections.get(entry, entry) if isinstance(entry, str) else entry for entry in config.nav]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    for path, text in generated_pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Complete a page."""
    path = page.file.src_uri
    text = with_rule_links(path, with_output(path, markdown))
    return FORMULA.sub(lambda formula: convert(formula[1], display="block"), text)
