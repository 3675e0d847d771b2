"""Which rows of a table name its columns, and which are none of its rows: titles, bands of headings, totals, rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil
from statistics import median
from typing import Final

LOOKED_AT: Final = 60
"""So many rows are looked at."""
_FULL: Final = 0.75
"""The part of the cells of a usual row that a header names at least."""
_WIDE: Final = 4
"""Cells that a usual row has at least, for one cell alone to be a note."""
_NO_NAME: Final = re.compile(r"[\d\s.,:/+%-]*\d[\d\s.,:/+%-]*|\d{4}-\d\d-\d\d.*")
"""Numbers and dates, which name no column."""
_COUNTED: Final = re.compile(
    r"(column|kolumn|kolonne|coluna|columna|colonne|colonna|spalte|kolom|sarake|unnamed:?)[ _]?\d+",
    re.IGNORECASE,
)
"""Names that a program gives to columns without names, above the row in which the names stand."""


_TOTAL: Final = re.compile(
    r"(grand |sub)?totale?[nr]?t?|totalsumma?|summa?|sum|antall?|i alt|count|delsumma?|samlet|sammanlagt",
    re.IGNORECASE,
)
"""What stands first in a row that adds up those above it."""
_TOTAL_OF: Final = re.compile(
    r"(totalt?|sum(?:ma)?|antall?|i alt|samlet|sammanlagt)\b[^:]{0,30}:", re.IGNORECASE
)
"""What stands first in a row with little else that adds up something by name, such as "Antal rader: 4"."""
_RULE: Final = re.compile(r"[-=_*.+~\u2013\u2014\s]+")
"""A line drawn between rows."""


def header_rows(first_rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """The number, from 0, of the first row that names the columns, and how many rows do: one or two.

    Two where names stand twice, or lack, and a band of headings above them tells them apart: "Received" over "Date" and
    "Channel", "Decided" over "Date" and "Outcome".
    """
    header_number = header_row(first_rows)
    if header_number == 0:
        return 0, 1
    band_cells, column_names = first_rows[header_number - 1], first_rows[header_number]
    headings = [heading for heading in band_cells if heading.strip()]
    # a title above a table fills one cell
    if len(headings) < 2 or _are_counted(headings) or not _needs_band(band_cells, column_names):
        return header_number, 1
    whole_names = [column_name for column_name in joined(band_cells, column_names) if column_name]
    are_told_apart = len(set(whole_names)) == len(whole_names)
    return (header_number - 1, 2) if are_told_apart else (header_number, 1)


def _are_counted(headings: Sequence[str]) -> bool:
    return all(_COUNTED.fullmatch(heading.strip()) for heading in headings)


def _needs_band(band: Sequence[str], column_names: Sequence[str]) -> bool:
    """Whether a name stands twice, or lacks where the band has a heading."""
    filled = [column_name.strip() for column_name in column_names if column_name.strip()]
    has_twice = len(set(filled)) < len(filled)
    return has_twice or any(
        heading.strip() and not column_name.strip()
        for heading, column_name in zip(band, column_names, strict=False)
    )


def joined(band: Sequence[str], column_names: Sequence[str]) -> list[str]:
    """The names of columns under a band of headings, each of which holds until the next."""
    heading, whole_names = "", []
    for position in range(max(len(band), len(column_names))):
        own_heading = band[position].strip() if position < len(band) else ""
        column_name = column_names[position].strip() if position < len(column_names) else ""
        heading = own_heading or heading
        whole_names.append(f"{heading} {column_name}".strip() if column_name else own_heading)
    return whole_names


def is_none(cells: Sequence[str]) -> bool:
    """Whether a row below the names is none of the list: a line drawn between rows, or what adds up those above."""
    cell_texts = _filled(cells)
    if not cell_texts or all(_RULE.fullmatch(cell_text) for cell_text in cell_texts):
        return True
    # numbers alone, without what the row is of
    is_sparse = len(cell_texts) * 4 <= len(cells)
    if (
        is_sparse
        and not cells[0].strip()
        and all(_NO_NAME.fullmatch(cell_text) for cell_text in cell_texts)
    ):
        return True
    if len(cells) >= _WIDE and len(cell_texts) * 3 <= len(cells) and _TOTAL_OF.match(cell_texts[0]):
        return True
    is_total = _TOTAL.fullmatch(cell_texts[0].rstrip(" :")) is not None
    # a unit may be called "Sum": its row is as full as any
    return is_total and len(cell_texts) * 2 <= len(cells) + 1


def _filled(cells: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in cells if cell.strip()]


def notes_below(last_rows: Sequence[Sequence[str]]) -> int:
    """How many rows at the end of a table are notes: one cell alone, where rows usually have four and more."""
    filled_by_row = {
        row_number: len(_filled(cells)) for row_number, cells in enumerate(last_rows, 1)
    }
    whole_rows = {row_number: count for row_number, count in filled_by_row.items() if count > 1}
    if not whole_rows or median(whole_rows.values()) < _WIDE:
        return 0
    return len(last_rows) - max(whole_rows)


def header_row(first_rows: Sequence[Sequence[str]]) -> int:
    """The number, from 0, of the row that names the columns: the first that is as full as the rows below it.

    Most of its names are different, and at most a third of them are numbers. 0 where no row is like that.
    """
    filled_rows = [_filled(cells) for cells in first_rows]
    filled_counts = [len(cell_texts) for cell_texts in filled_rows if cell_texts]
    if not filled_counts:
        return 0
    # of the lower half alone: titles and notes stand above
    usual = (
        median(filled_counts[len(filled_counts) // 2 :])
        if len(filled_counts) > 3
        else max(filled_counts)
    )
    fewest = max(2, ceil(_FULL * usual))
    for row_number, cell_texts in enumerate(filled_rows):
        headings = set(cell_texts)
        if (
            len(cell_texts) < fewest
            or len(headings) * 2 <= len(cell_texts)
            or _are_counted(cell_texts)
        ):
            continue
        nameless = sum(_NO_NAME.fullmatch(heading) is not None for heading in headings)
        if nameless * 3 <= len(headings):
            return row_number
    return 0
