"""Workbooks of spreadsheets (xlsx, xls, ods) as tables: one row per row below the header, by column name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.headers import LOOKED_AT, header_rows, joined
from nytta.ingest.files.rows import Broken, Row
from nytta.ingest.files.tables import named
from nytta.registry.problems import nearest

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

BOUND = 256 << 20
"""Bytes of a workbook beyond which it is refused: it is held in memory."""
_WEIGHED = 500
"""Rows of a sheet by which it is judged how much the sheet holds."""


class WorkbookReader:
    """The rows of one sheet: the first that has every expected column, else the one that holds most.

    Dates come as ISO 8601 texts, numbers with the mapping's mark before their fraction, yes and no as true and false.
    Refused with `InputError`: a workbook with a password, one that cannot be read, a sheet without an expected column.
    """

    def __init__(
        self,
        stream: Stream,
        decimal: str = ".",
        skip: int | None = 0,
        expected: Collection[str] = (),
        header_lines: int = 1,
    ) -> None:
        """`stream` stands at its beginning and is read once.

        `skip` rows stand before the `header_lines` that name the columns; None: find out both.
        """
        # loaded where a workbook comes, and not before
        from python_calamine import CalamineError, CalamineWorkbook

        self._decimal = decimal
        self._number = 0
        workbook_bytes = stream.read(BOUND + 1)
        if len(workbook_bytes) > BOUND:
            raise InputError(
                stream.name,
                "",
                f"the workbook has more than {BOUND >> 20} MiB; save it as 'CSV UTF-8'",
            )
        try:
            sheets = _sheets(CalamineWorkbook.from_filelike(BytesIO(workbook_bytes)))
        except CalamineError as error:
            raise InputError(
                stream.name,
                "",
                f"the workbook cannot be read ({error}); save it without a password, or as 'CSV UTF-8'",
            ) from error
        header_places = [
            self._place(sheet) if skip is None else (skip, header_lines) for sheet in sheets
        ]
        headers = [
            self._header(sheet, *place) for sheet, place in zip(sheets, header_places, strict=True)
        ]
        fitting = [
            sheet_number
            for sheet_number, header in enumerate(headers)
            if header and set(expected) <= set(header)
        ]
        if not any(headers):
            raise InputError(
                stream.name,
                "",
                "the workbook is empty; the first row of a sheet must name the columns",
            )
        chosen_sheet = (
            fitting[0]
            if expected and fitting
            else max(
                range(len(sheets)),
                key=lambda sheet_number: (
                    _filled(sheets[sheet_number]) if headers[sheet_number] else 0
                ),
            )
        )
        self.header = headers[chosen_sheet]
        self.above, self.header_lines = header_places[chosen_sheet]
        """Rows of the sheet that stand above the header, and rows that name its columns."""
        self._rows = sheets[chosen_sheet].iter_rows()
        self._first = _first(sheets[chosen_sheet])
        self._merged = _merged(sheets[chosen_sheet])
        self.form = f"workbook, sheet {sheets[chosen_sheet].name!r}"
        if missing := [name for name in expected if name not in self.header]:
            problem = "; ".join(
                f"there is no column '{name}'{nearest(name, self.header)}" for name in missing
            )
            raise InputError(
                stream.name, "", f"{problem}. The columns are: {', '.join(self.header[:60])}"
            )

    def position(self, row_number: int) -> str:
        """The row's number below the header, and the row of the sheet."""
        return f"row {row_number}, row {self._number} of the sheet"

    def __iter__(self) -> Iterator[Row | Broken]:
        """The rows that say anything."""
        width = len(self.header)
        header_left = self.header_lines
        self._spread: dict[int, tuple[int, str]] = {}
        for row_number, cells in enumerate(self._rows, self._first):
            self._number = row_number
            if row_number <= self.above:
                continue
            cell_texts = self._whole(row_number, [self._text(cell) for cell in cells])
            if not any(cell_texts):
                continue
            if header_left:
                header_left -= 1
                continue
            yield dict(
                zip(self.header, (*cell_texts, *("",) * (width - len(cell_texts))), strict=False)
            )

    def _whole(self, row_number: int, cell_texts: list[str]) -> list[str]:
        """The texts of a row, those of cells that were joined with one above filled in."""
        for column, last_row in self._merged.get(row_number, ()):
            if column < len(cell_texts):
                self._spread[column] = last_row, cell_texts[column]
        for column, (last_row, cell_text) in list(self._spread.items()):
            if row_number > last_row:
                del self._spread[column]
            else:
                cell_texts[column] = cell_text
        return cell_texts

    def _header(self, sheet: CalamineSheet, skip: int, header_lines: int) -> list[str]:
        band_texts: list[str] = []
        for row_number, cells in enumerate(sheet.iter_rows(), _first(sheet)):
            cell_texts = [self._text(cell) for cell in cells]
            if row_number <= skip or not any(cell_texts):
                continue
            if header_lines == 2 and not band_texts:
                band_texts = cell_texts
                continue
            return named(_without_end(joined(band_texts, cell_texts) if band_texts else cell_texts))
        return []

    def _place(self, sheet: CalamineSheet) -> tuple[int, int]:
        """The rows above those that name the columns, 0 where nothing stands there, and how many rows name them."""
        rows = [
            [self._text(cell) for cell in cells] for cells in islice(sheet.iter_rows(), LOOKED_AT)
        ]
        row_number, header_lines = header_rows(rows)
        above = (
            _first(sheet) - 1 + row_number
            if any(cell for row in rows[:row_number] for cell in row)
            else 0
        )
        return above, header_lines

    def _text(self, cell: Any) -> str:
        match cell:
            case bool():
                return str(cell).lower()
            case datetime():
                return cell.isoformat(" ")
            case date() | time():
                return cell.isoformat()
            case int():
                return str(cell)
            case float():
                exact = format(Decimal(repr(cell)), "f")
                return (exact.rstrip("0").rstrip(".") if "." in exact else exact).replace(
                    ".", self._decimal
                )
            case _:
                return str(cell)


def _sheets(workbook: CalamineWorkbook) -> Sequence[CalamineSheet]:
    return [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]


def _filled(sheet: CalamineSheet) -> float:
    """The cells of a sheet that say something, as its first rows are filled: a page of charts is wide, and empty."""
    rows = list(islice(sheet.iter_rows(), _WEIGHED))
    return sum(cell != "" for row in rows for cell in row) / max(1, len(rows)) * sheet.height


def _first(sheet: CalamineSheet) -> int:
    """The number, from 1, of the first row that is not empty."""
    return (sheet.start or (0, 0))[0] + 1


def _merged(sheet: CalamineSheet) -> dict[int, list[tuple[int, int]]]:
    """Cells that were joined over several rows, by the row where they begin: the place in it, and the last row."""
    first_column = (sheet.start or (0, 0))[1]
    merged_cells: dict[int, list[tuple[int, int]]] = {}
    for (top, column), (last_row, _) in sheet.merged_cell_ranges or []:
        if last_row > top and column >= first_column:
            merged_cells.setdefault(top + 1, []).append((column - first_column, last_row + 1))
    return merged_cells


def _without_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells.pop()
    return cells
