"""What a source's rows look like, so that a field which falls silent is noticed before its silence is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

_FEW: Final = 10
"""Rows below which a silent field may be so by chance."""
_USUAL: Final = 50
"""Percent of rows from which on a field is usually there."""


class Shares:
    """In how many of some rows each field says something."""

    def __init__(self) -> None:
        self.rows = 0
        self._said: Counter[str] = Counter()

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Count more rows."""
        for row in rows:
            self.rows += 1
            # a flag or a number says something even where it is no or nought
            self._said.update(name for name, value in row.items() if value not in (None, "", [], {}))

    def percent(self) -> dict[str, int]:
        """By field, the percent of rows in which it says something; empty where there was no row."""
        return (
            {name: 100 * said_count // self.rows for name, said_count in sorted(self._said.items())}
            if self.rows
            else {}
        )

    def silent(self, name: str) -> bool:
        """Whether a field says nothing in any row."""
        return not self._said[name]


def vanished(
    shares: Shares, known_fields: Mapping[str, int], needed: Collection[str], indispensable: Collection[str]
) -> list[str]:
    """Fields that rows need, that used to be there, and that no row has now.

    Few rows may lack a field by chance: then only one counts without which they are rejected, and that was in all.
    """
    usual, wanted = (_USUAL, needed) if shares.rows >= _FEW else (100, indispensable)
    # a field within an object is silent with the object, which is what was counted
    roots = sorted({name if name in known_fields else name.partition("/")[0] for name in wanted})
    return [name for name in roots if known_fields.get(name, 0) >= usual and shares.silent(name)]
