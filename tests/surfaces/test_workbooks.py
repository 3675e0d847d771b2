"""Workbooks, read back as a spreadsheet reads them: figures are numbers, texts are texts and never formulas."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from nytta.surfaces.reports import figures
from nytta.surfaces.workbooks import Number, Sheet, figure, workbook
from tests.surfaces.test_spreadsheets import HOSTILE

MADE = datetime(2026, 6, 8, 4, 0, tzinfo=UTC)


def read(content: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def sheet_xml(content: bytes) -> str:
    return zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()


def test_cells_are_numbers_days_and_texts() -> None:
    rows = [
        ("A", 3, 2.5, date(2026, 3, 2), ["x", "y"], None, "62,5\u00a0%", "12"),
        ("B", -1, 0, None, [], "", "–", "07"),
    ]
    columns = ["Enhet", "n", "x", "Dag", "Lista", "Tom", "Andel", "Kod"]
    found = read(workbook([Sheet("Mått", columns, rows, figures=(6,), note="Vecka 9")], "sv"))
    assert found["Mått"] == [
        columns,
        ["A", 3, 2.5, date(2026, 3, 2), "x; y", "", 0.625, "12"],
        ["B", -1, 0, "", "", "", "–", "07"],
        [""] * 8,
        ["Vecka 9", *[""] * 7],
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_could_be_calculated_is_a_text_and_stays_one_when_it_is_edited(text: str) -> None:
    content = workbook([Sheet("s", ["name"], [(text,)])], "en")
    assert "<f>" not in sheet_xml(content)
    assert "hyperlink" not in sheet_xml(content)
    assert 'quotePrefix="1"' in zipfile.ZipFile(io.BytesIO(content)).read("xl/styles.xml").decode()
    (written,) = read(content)["s"][1]
    assert written.replace("\r", "\n") == text.replace("\r", "\n")


TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=40)


@settings(max_examples=30)
@given(names=st.lists(TEXTS, max_size=5), cells=st.lists(TEXTS, min_size=1, max_size=5))
def test_whatever_sheets_are_called_every_text_comes_back(names: list[str], cells: list[str]) -> None:
    content = workbook([Sheet(name, ["a"], [(cell,) for cell in cells]) for name in names], "nb")
    found = list(read(content).values())
    assert len(found) == max(1, len(names))
    for rows in found if names else ():
        read_so = [row[0] for row in rows[1:]]
        assert read_so + [""] * (len(cells) - len(read_so)) == cells


@pytest.mark.parametrize("language", ["sv", "nb", "en"])
@given(value=st.integers(-10_000_000, 10_000_000), thousandths=st.integers(-9_999_999, 9_999_999))
def test_a_figure_is_the_number_that_the_page_shows(language: str, value: int, thousandths: int) -> None:
    assert figure(figures.whole_number(value, language), language) == Number(value, "#,##0")
    assert figure(figures.percent(value, language), language) == Number(value / 100, "0%")
    written = figure(figures.decimal(thousandths, language), language)
    assert written is not None
    assert written.value == thousandths / 1000
    paid = figure(figures.money(100 * value, "SEK", language), language)
    assert paid is not None
    assert re.fullmatch(r'#,##0 "(kr|SEK)"', paid.form)


@pytest.mark.parametrize("text", ["–", "50–60 %", "≥ 10", "<10", "v9 2026", "1,5 2", "12.3.2026", "", "ca 5", "1 2"])
def test_what_is_no_single_number_stays_a_text(text: str) -> None:
    assert figure(text, "sv") is None


def test_a_rounded_figure_is_a_number_that_says_so() -> None:
    content = workbook([Sheet("a", ["x", "y"], [("cirka 20\u00a0%", "cirka 5")], (0,), about="cirka ")], "sv")
    assert read(content)["a"][1] == [0.2, "cirka 5"]
    assert "&quot;cirka &quot;0%" in zipfile.ZipFile(io.BytesIO(content)).read("xl/styles.xml").decode()


def test_the_same_tables_are_the_same_bytes() -> None:
    tables = [Sheet("a", ["x"], [(1,)]), Sheet("A", ["x"], [("=1",)])]
    assert workbook(tables, "en", made_at=MADE) == workbook(tables, "en", made_at=MADE)
    assert list(read(workbook(tables, "en"))) == ["a", "A 2"]


def test_a_text_that_no_cell_holds_is_cut_and_says_so() -> None:
    (_, (written,)) = read(workbook([Sheet("a", ["x"], [("ö" * 40_000,)])], "en"))["a"]
    assert (len(written), written[-1]) == (32_767, "…")


def test_more_rows_than_a_spreadsheet_holds_are_refused() -> None:
    for columns, rows in ((["x"], [("a",)] * 1_048_576), (["x"] * 16_385, [])):
        with pytest.raises(ValueError, match="more rows or columns than a spreadsheet holds"):
            workbook([Sheet("a", columns, rows)], "en")
