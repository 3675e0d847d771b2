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
        from python_calamine import CalamineError, CalamineWorkbook  # loaded where a workbook comes, and not before

        self._decimal = decimal
        self._number = 0
        body = stream.read(BOUND + 1)
        if len(body) > BOUND:
            raise InputError(stream.name, "", f"the workbook has more than {BOUND >> 20} MiB; save it as 'CSV UTF-8'")
        try:
            sheets = _sheets(CalamineWorkbook.from_filelike(BytesIO(body)))
        except CalamineError as error:
            raise InputError(
                stream.name, "", f"the workbook cannot be read ({error}); save it without a password, or as 'CSV UTF-8'"
            ) from error
        places = [self._place(sheet) if skip is None else (skip, header_lines) for sheet in sheets]
        headers = [self._header(sheet, *place) for sheet, place in zip(sheets, places, strict=True)]
        fitting = [number for number, header in enumerate(headers) if header and set(expected) <= set(header)]
        if not any(headers):
            raise InputError(stream.name, "", "the workbook is empty; the first row of a sheet must name the columns")
        chosen = (
            fitting[0]
            if expected and fitting
            else max(range(len(sheets)), key=lambda number: len(headers[number]) * sheets[number].height)
        )
        self.header = headers[chosen]
        self.above, self.header_lines = places[chosen]
        """Rows of the sheet that stand above the header, and rows that name its columns."""
        self._rows = sheets[chosen].iter_rows()
        self._first = _first(sheets[chosen])
        self._merged = _merged(sheets[chosen])
        self.form = f"workbook, sheet {sheets[chosen].name!r}"
        if missing := [name for name in expected if name not in self.header]:
            problem = "; ".join(f"there is no column '{name}'{nearest(name, self.header)}" for name in missing)
            raise InputError(stream.name, "", f"{problem}. The columns are: {', '.join(self.header[:60])}")

    def position(self, number: int) -> str:
        """The row's number below the header, and the row of the sheet."""
        return f"row {number}, row {self._number} of the sheet"

    def __iter__(self) -> Iterator[Row | Broken]:
        """The rows that say anything."""
        width = len(self.header)
        header_left = self.header_lines
        self._spread: dict[int, tuple[int, str]] = {}
        for number, cells in enumerate(self._rows, self._first):
            self._number = number
            if number <= self.above:
                continue
            texts = self._whole(number, [self._text(cell) for cell in cells])
            if not any(texts):
                continue
            if header_left:
                header_left -= 1
                continue
            yield dict(zip(self.header, (*texts, *("",) * (width - len(texts))), strict=False))

    def _whole(self, number: int, texts: list[str]) -> list[str]:
        """The texts of a row, those of cells that were joined with one above filled in."""
        for column, last_row in self._merged.get(number, ()):
            if column < len(texts):
                self._spread[column] = last_row, texts[column]
        for column, (last_row, text) in list(self._spread.items()):
            if number > last_row:
                del self._spread[column]
            else:
                texts[column] = text
        return texts

    def _header(self, sheet: CalamineSheet, skip: int, header_lines: int) -> list[str]:
        band: list[str] = []
        for number, cells in enumerate(sheet.iter_rows(), _first(sheet)):
            texts = [self._text(cell) for cell in cells]
            if number <= skip or not any(texts):
                continue
            if header_lines == 2 and not band:
                band = texts
                continue
            return named(_without_end(joined(band, texts) if band else texts))
        return []

    def _place(self, sheet: CalamineSheet) -> tuple[int, int]:
        """The rows above those that name the columns, 0 where nothing stands there, and how many rows name them."""
        rows = [[self._text(cell) for cell in cells] for cells in islice(sheet.iter_rows(), LOOKED_AT)]
        number, header_lines = header_rows(rows)
        above = _first(sheet) - 1 + number if any(cell for row in rows[:number] for cell in row) else 0
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
                return (exact.rstrip("0").rstrip(".") if "." in exact else exact).replace(".", self._decimal)
            case _:
                return str(cell)


def _sheets(workbook: CalamineWorkbook) -> Sequence[CalamineSheet]:
    return [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]


def _first(sheet: CalamineSheet) -> int:
    """The number, from 1, of the first row that is not empty."""
    return (sheet.start or (0, 0))[0] + 1


def _merged(sheet: CalamineSheet) -> dict[int, list[tuple[int, int]]]:
    """Cells that were joined over several rows, by the row where they begin: the place in it, and the last row."""
    start = (sheet.start or (0, 0))[1]
    merged_cells: dict[int, list[tuple[int, int]]] = {}
    for (top, column), (last_row, _) in sheet.merged_cell_ranges or []:
        if last_row > top and column >= start:
            merged_cells.setdefault(top + 1, []).append((column - start, last_row + 1))
    return merged_cells


def _without_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells.pop()
    return cells
