"""Which row of a table names its columns: reports have a title, a period or a band of headings above it."""

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
_NO_NAME: Final = re.compile(r"[\d\s.,:/+%-]*\d[\d\s.,:/+%-]*|\d{4}-\d\d-\d\d.*")
"""Numbers and dates, which name no column."""


def header_row(rows: Sequence[Sequence[str]]) -> int:
    """The number, from 0, of the row that names the columns: the first that is as full as the rows below it.

    It has different names, and at most a third of them are numbers. 0 where no row is like that.
    """
    full = [len([cell for cell in row if cell.strip()]) for row in rows]
    filled_counts = [count for count in full if count]
    if not filled_counts:
        return 0
    usual = median(filled_counts[len(filled_counts) // 2 :]) if len(filled_counts) > 3 else max(filled_counts)
    wanted = max(2, ceil(_FULL * usual))
    for number, row in enumerate(rows):
        names = {cell.strip() for cell in row if cell.strip()}
        if len(names) >= wanted and sum(bool(_NO_NAME.fullmatch(name)) for name in names) * 3 <= len(names):
            return number
    return 0
