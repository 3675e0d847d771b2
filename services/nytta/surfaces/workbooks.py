"""Workbooks (XLSX) for people who take tables away: the one place that writes them.

A text is written as a text, never as a formula or a link, and one that a spreadsheet would take for a formula when
somebody edits it bears the mark of a quoted text. Figures are numbers with the digits that the page shows, so that they
can be sorted and drawn.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import xlsxwriter

from nytta.surfaces.spreadsheets import guarded

MEDIA: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
"""What a workbook is called over HTTP."""

_MOST_SIGNS: Final = 32_767
"""Signs that a cell holds at most."""
_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_384
_NAME_LENGTH: Final = 31
"""How long the name of a sheet is at most, in units of UTF-16."""
_NO_NAME: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]|^'|'$")
"""What the name of a sheet may not have."""
_WIDEST: Final = 60
_SPACE: Final = "[ \u00a0\u202f]"


def _written(thousands: str, point: str) -> re.Pattern[str]:
    """A figure of which these signs part thousands, and whole from fraction."""
    return re.compile(
        rf"(?P<before>[A-Z]{{3}}{_SPACE})?(?P<whole>[−-]?(?:[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+|[0-9]+))"
        rf"(?:{point}(?P<part>[0-9]+))?(?P<after>{_SPACE}?(?:%|kr|[A-Z]{{3}}))?"
    )


_FIGURE: Final = {
    "sv": _written(_SPACE, ","),
    "nb": _written(_SPACE, ","),
    "en": _written(",", "[.]"),
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its name, the titles of its columns, rows, and a line below them.

    Cells are texts, numbers, days, lists of texts, or None. In the columns of `figures`, texts such as `62,5 %`
    become numbers.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    figures: Collection[int] = ()
    note: str = ""
    about: str = ""
    """Words before a figure that is rounded: a spreadsheet shows them before the number."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number with the form in which a spreadsheet shows it."""

    value: float
    form: str = field(default="General")


def workbook(
    sheets: Iterable[Sheet], language: str, *, title: str = "", made_at: datetime | None = None
) -> bytes:
    """An XLSX file with these sheets. The same sheets at the same moment are the same bytes.

    `language` says how figures are written. ValueError where a sheet has more rows than a spreadsheet holds.
    """
    buffer = io.BytesIO()
    options = {"in_memory": True, "remove_timezone": True}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties(
            {"title": title, "created": (made_at or datetime(2000, 1, 1)).replace(tzinfo=None)}
        )
        taken: set[str] = set()
        for sheet in sheets:
            _write(book, sheet, _sheet_name(sheet.name, taken), language)
        if not taken:
            book.add_worksheet()
    return buffer.getvalue()


def figure(figure_text: str, language: str) -> Number | None:
    """The number that a figure of a page is, with the digits that it shows; None where it is something else.

    Thousands are apart by spaces, in English by commas; a comma, in English a point, parts whole from fraction.
    """
    matched = _FIGURE[language].fullmatch(figure_text)
    if matched is None:
        return None
    part = matched["part"] or ""
    figure_value = float(
        re.sub(rf"{_SPACE}|,", "", matched["whole"]).replace("−", "-") + "." + part
    )
    number_format = "#,##0" + ("." + "0" * len(part) if part else "")
    unit = ((matched["after"] or "") + (matched["before"] or "")).strip(" \u00a0\u202f")
    if unit == "%":
        return Number(figure_value / 100, number_format.replace("#,##0", "0") + "%")
    return Number(figure_value, f'{number_format} "{unit}"' if unit else number_format)


def _write(book: xlsxwriter.Workbook, sheet: Sheet, sheet_name: str, language: str) -> None:
    if len(sheet.rows) >= _MOST_ROWS or len(sheet.columns) > _MOST_COLUMNS:
        raise ValueError(
            f"'{sheet.name}' has more rows or columns than a spreadsheet holds; ask for fewer"
        )
    page = _Page(book, sheet, sheet_name, language)
    page.head()
    for number, row in enumerate(sheet.rows, 1):
        page.row(number, row)
    page.end()


class _Page:
    """A sheet of a file that is being written, with the forms of its numbers and how wide its columns are."""

    def __init__(
        self, book: xlsxwriter.Workbook, sheet: Sheet, sheet_name: str, language: str
    ) -> None:
        self._book = book
        self._sheet = sheet
        self._language = language
        self._page = book.add_worksheet(sheet_name)
        self._bold = book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self._quoted = book.add_format({"quote_prefix": True})
        self._forms: dict[str, Any] = {}
        self._widths = [len(title) for title in sheet.columns]

    def head(self) -> None:
        """The titles of the columns."""
        for column, title in enumerate(self._sheet.columns):
            self._page.write_string(0, column, title[:_MOST_SIGNS], self._bold)

    def row(self, number: int, cells: Sequence[Any]) -> None:
        """One row below them."""
        for column, cell in enumerate(cells):
            self._widths[column] = max(self._widths[column], self._put(number, column, cell))

    def end(self) -> None:
        """What is known when all rows are there: widths, the filter, the note below."""
        sheet = self._sheet
        for column, width in enumerate(self._widths):
            self._page.set_column(column, column, min(_WIDEST, width + 2))
        self._page.freeze_panes(1, 1)
        if sheet.rows:
            self._page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)
        if sheet.note:
            self._put(len(sheet.rows) + 2, 0, sheet.note)

    def _put(self, row: int, column: int, cell: Any) -> int:
        """Write one cell; how wide it is, in signs."""
        language = self._language if column in self._sheet.figures else ""
        match _cell(cell, language, self._sheet.about):
            case None:
                return 0
            case Number(value=value, form=form):
                self._page.write_number(row, column, value, self._form(form))
                return len(f"{value:.2f}")
            case date() as day:
                form = "yyyy-mm-dd"
                self._page.write_datetime(row, column, day, self._form(form))
                return len(form)
            case text:
                style = self._quoted if guarded(text) != text else None
                self._page.write_string(row, column, text, style)
                return len(text)

    def _form(self, number_format: str) -> Any:
        # each once, so that cells that look alike share it
        if number_format not in self._forms:
            self._forms[number_format] = self._book.add_format({"num_format": number_format})
        return self._forms[number_format]


def _cell(cell: Any, language: str, about: str) -> Number | date | str | None:
    """A cell as it is written; `language` is that of a figure, "" where the cell is none."""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int | float):
        return Number(cell) if math.isfinite(cell) else str(cell)
    if cell is None or isinstance(cell, date | Number):
        return cell
    cell_text = "; ".join(map(str, cell)) if isinstance(cell, list | tuple) else str(cell)
    if not cell_text:
        return None
    number = figure(cell_text.removeprefix(about), language) if language else None
    if number and about and cell_text.startswith(about):
        number = Number(number.value, f'"{about}"{number.form}')
    return number or (
        cell_text if len(cell_text) <= _MOST_SIGNS else cell_text[: _MOST_SIGNS - 1] + "…"
    )


def _sheet_name(wished: str, taken_names: set[str]) -> str:
    """A name that a sheet may bear, and no other does; it is taken from then on."""
    plain_name = _NO_NAME.sub(" ", wished).strip("' ")
    sheet_name, copy_number = _cut(plain_name, _NAME_LENGTH) or "1", 2
    while sheet_name.casefold() in taken_names:
        ending = f" {copy_number}"
        sheet_name, copy_number = (
            _cut(plain_name, _NAME_LENGTH - len(ending)) + ending,
            copy_number + 1,
        )
    taken_names.add(sheet_name.casefold())
    return sheet_name


def _cut(text: str, length: int) -> str:
    return text.encode("utf-16-le")[: 2 * length].decode("utf-16-le", "ignore").strip("' ")
