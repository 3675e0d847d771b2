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


_TOTAL: Final = re.compile(
    r"(grand |sub)?totale?[nr]?t?|totalsumma?|summa?|sum|antall?|i alt|count|delsumma?|samlet|sammanlagt", re.IGNORECASE
)
"""What stands first in a row that adds up those above it."""
_TOTAL_OF: Final = re.compile(r"(totalt?|sum(?:ma)?|antall?|i alt|samlet|sammanlagt)\b[^:]{0,30}:", re.IGNORECASE)
"""What stands first in a row with little else that adds up something by name, such as "Antal rader: 4"."""
_RULE: Final = re.compile(r"[-=_*.+~\u2013\u2014\s]+")
"""A line drawn between rows."""


def header_rows(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """The number, from 0, of the first row that names the columns, and how many rows do: one or two.

    Two where names stand twice, or lack, and a band of headings above them tells them apart: "Received" over "Date" and
    "Channel", "Decided" over "Date" and "Outcome".
    """
    number = header_row(rows)
    if number == 0:
        return 0, 1
    band, names = rows[number - 1], rows[number]
    headings = [heading for heading in band if heading.strip()]
    # a title above a table fills one cell
    if len(headings) < 2 or not _needs_band(band, names):
        return number, 1
    whole_names = [name for name in joined(band, names) if name]
    are_told_apart = len(set(whole_names)) == len(whole_names)
    return (number - 1, 2) if are_told_apart else (number, 1)


def _needs_band(band: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a name stands twice, or lacks where the band has a heading."""
    filled = [name.strip() for name in names if name.strip()]
    has_twice = len(set(filled)) < len(filled)
    return has_twice or any(heading.strip() and not name.strip() for heading, name in zip(band, names, strict=False))


def joined(band: Sequence[str], names: Sequence[str]) -> list[str]:
    """The names of columns under a band of headings, each of which holds until the next."""
    heading, whole_names = "", []
    for place in range(max(len(band), len(names))):
        own_heading = band[place].strip() if place < len(band) else ""
        name = names[place].strip() if place < len(names) else ""
        heading = own_heading or heading
        whole_names.append(f"{heading} {name}".strip() if name else own_heading)
    return whole_names


def is_none(cells: Sequence[str]) -> bool:
    """Whether a row below the names is none of the list: a line drawn between rows, or what adds up those above."""
    texts = _filled(cells)
    if not texts or all(_RULE.fullmatch(text) for text in texts):
        return True
    # numbers alone, without what the row is of
    is_sparse = len(texts) * 4 <= len(cells)
    if is_sparse and not cells[0].strip() and all(_NO_NAME.fullmatch(text) for text in texts):
        return True
    if len(cells) >= _WIDE and len(texts) * 3 <= len(cells) and _TOTAL_OF.match(texts[0]):
        return True
    is_total = _TOTAL.fullmatch(texts[0].rstrip(" :")) is not None
    # a unit may be called "Sum": its row is as full as any
    return is_total and len(texts) * 2 <= len(cells) + 1


def _filled(cells: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in cells if cell.strip()]


def notes_below(rows: Sequence[Sequence[str]]) -> int:
    """How many rows at the end of a table are notes: one cell alone, where rows usually have four and more."""
    counts = {number: len(_filled(row)) for number, row in enumerate(rows, 1)}
    whole = {number: count for number, count in counts.items() if count > 1}
    if not whole or median(whole.values()) < _WIDE:
        return 0
    return len(rows) - max(whole)


def header_row(rows: Sequence[Sequence[str]]) -> int:
    """The number, from 0, of the row that names the columns: the first that is as full as the rows below it.

    Most of its names are different, and at most a third of them are numbers. 0 where no row is like that.
    """
    filled_rows = [_filled(row) for row in rows]
    counts = [len(texts) for texts in filled_rows if texts]
    if not counts:
        return 0
    # of the lower half alone: titles and notes stand above
    usual = median(counts[len(counts) // 2 :]) if len(counts) > 3 else max(counts)
    fewest = max(2, ceil(_FULL * usual))
    for number, texts in enumerate(filled_rows):
        names = set(texts)
        if len(texts) < fewest or len(names) * 2 <= len(texts):
            continue
        numbers = sum(_NO_NAME.fullmatch(name) is not None for name in names)
        if numbers * 3 <= len(names):
            return number
    return 0
