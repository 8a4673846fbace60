"""A page is one file that loads nothing, runs only its own scripts, and shows text as text."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from pathlib import Path

import pytest

from reluctant.errors import DefinitionError
from reluctant.page import asset, render

HOSTILE = """</title><script>alert(1)</script><img src=x onerror=alert(1)>" onload="alert(1)' {{ 7 * 7 }} {% raw %} &amp;"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "a_package_with_a_page"
    (folder / "assets").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "assets" / "own.html.jinja").write_text(
        '{% extends "page/base.html.jinja" %}\n{% block title %}{{ name }}{% endblock %}\n'
        '{% block main %}<h1 title="{{ name }}">{{ name }}</h1>{% endblock %}\n'
    )
    (folder / "assets" / "own.js").write_text('"use strict";\n')
    monkeypatch.syspath_prepend(tmp_path)
    yield folder.name
    sys.modules.pop(folder.name, None)


def test_text_stays_text(package: str) -> None:
    text = render(package, "own.html.jinja", name=HOSTILE)
    assert text.count("<script>") == 1  # the page's own
    assert "<img" not in text
    assert "{{ 7 * 7 }}" in text
    assert re.search(r'<h1 title="[^"]*">[^<]*</h1>', text)


def test_only_its_own_scripts_run(package: str) -> None:
    own = asset(package, "own.js")
    text = render(package, "own.html.jinja", scripts=[own], name="")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert scripts[-1] == own
    for script in scripts:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy[1]
    assert "default-src 'none'" in policy[1]
    assert "script-src 'unsafe-inline'" not in policy[1]


def test_nothing_is_loaded(package: str) -> None:
    text = render(package, "own.html.jinja", name="")
    addresses = re.findall(r"""(?:src|href)=["']([^"']*)|url\(["']?([^"')]*)|@import""", text)
    assert all((source or style).startswith(("#", "data:")) for source, style in addresses)


@pytest.mark.parametrize("where", ["styles", "scripts"])
def test_a_text_that_would_end_its_element_is_refused(package: str, where: str) -> None:
    with pytest.raises(DefinitionError, match="may end its element"):
        render(package, "own.html.jinja", name="", **{where: ["/* </script> */"]})


def test_a_value_that_is_missing_is_an_error_and_no_gap(package: str) -> None:
    with pytest.raises(Exception, match="'name' is undefined"):
        render(package, "own.html.jinja")
