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
        for source_row in rows:
            self.rows += 1
            # a flag or a number says something even where it is no or nought
            self._said.update(
                field_name
                for field_name, field_value in source_row.items()
                if field_value not in (None, "", [], {})
            )

    def percent(self) -> dict[str, int]:
        """By field, the percent of rows in which it says something; empty where there was no row."""
        return (
            {
                field_name: 100 * said_count // self.rows
                for field_name, said_count in sorted(self._said.items())
            }
            if self.rows
            else {}
        )

    def silent(self, field_name: str) -> bool:
        """Whether a field says nothing in any row."""
        return not self._said[field_name]


def vanished(
    shares: Shares,
    known_fields: Mapping[str, int],
    needed: Collection[str],
    indispensable: Collection[str],
) -> list[str]:
    """Fields that rows need, that used to be there, and that no row has now.

    Few rows may lack a field by chance: then only one counts without which they are rejected, and that was in all.
    """
    usual, wanted = (_USUAL, needed) if shares.rows >= _FEW else (100, indispensable)
    # a field within an object is silent with the object, which is what was counted
    roots = sorted(
        {
            field_name if field_name in known_fields else field_name.partition("/")[0]
            for field_name in wanted
        }
    )
    return [
        field_name
        for field_name in roots
        if known_fields.get(field_name, 0) >= usual and shares.silent(field_name)
    ]
