"""Prose and tables keep within their width, in every script, and nothing of them is lost but what is cropped."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from reluctant.layout import Column, crop_end, crop_start, table_lines, wrap

ENGLISH = "Stacked linear layers are one linear layer: at any depth they draw one straight line, and 88.8 % is the best."
CHINESE = "多个线性层叠在一起仍是一个线性层：无论多深，它们只能画出一条直线，最好的也只有 88.8 % 正确（双月）。"


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
@pytest.mark.parametrize("width", [20, 33, 50, 80])
def test_lines_are_filled_and_nothing_is_lost(text, width):
    lines = wrap(text, width, "- ", "  ")
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(line[2:] for line in lines).replace(" ", "") == text.replace(" ", "")
    assert sum(map(cell_len, lines[:-1])) > 0.6 * width * len(lines[:-1])


def test_nothing_that_closes_begins_a_line():
    for width in range(12, 60):
        for line in wrap(CHINESE, width):
            assert line[0] not in "，。；：、）%"


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("one two", 10, ["one two"]),
        ("one two three", 7, ["one two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("dead 38 % of all", 7, ["dead", "38 % of", "all"]),
        ("漢字漢字", 4, ["漢字", "漢字"]),
    ],
)
def test_text_is_wrapped_by_cells(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width) == lines


def test_a_long_name_keeps_its_end() -> None:
    assert crop_start("encoder.layers.11.linear1", 12) == "….11.linear1"
    assert crop_start("fc1", 12) == "fc1"
    assert cell_len(crop_start("漢字漢字漢字", 6)) <= 6


SITES = [
    Column("line", ["train.py:31", "models/encoder.py:7"], right=True, least=9),
    Column("after", ["encoder.layers.0.linear1", "漢字漢字漢字漢字"], least=7),
    Column("activation", ["relu", "leaky_relu(0.1)"], least=6, crop=crop_end),
    Column("dead", ["4 %", "[bold]100 %[/]"], right=True),
]


def test_a_table_has_a_line_a_row_in_columns() -> None:
    assert table_lines([Column("name", ["漢字", "b"]), Column("number", ["1", "23"], right=True), Column("word", ["", "c"])], 40) == [
        "name  number  word",
        "漢字       1",
        "b         23  c",
    ]


@pytest.mark.parametrize("width", range(12, 90))
def test_a_table_keeps_within_its_width(width: int) -> None:
    lines = table_lines(SITES, width)
    assert len(lines) == 3
    assert all(cell_len(line) <= width and line == line.rstrip() for line in lines)
    assert [line.split()[0][-3:] for line in lines[1:]] == [":31", "y:7"], "names keep their ends"


def test_where_room_is_short_gaps_become_narrow_then_names_are_cropped_then_the_last_columns_go() -> None:
    widths = {width: table_lines(SITES, width)[2] for width in (78, 75, 60, 30)}
    assert widths[78] == "models/encoder.py:7  漢字漢字漢字漢字          leaky_relu(0.1)  [bold]100 %[/]"
    assert widths[75] == "models/encoder.py:7 漢字漢字漢字漢字         leaky_relu(0.1) [bold]100 %[/]"
    assert "…" in widths[60]
    assert widths[60].endswith(" [bold]100 %[/]")
    assert "%" not in widths[30]
