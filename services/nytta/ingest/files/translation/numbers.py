"""Numbers of a row, as files write them: with digits in groups, and a fraction behind a dot or a comma."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Final

from nytta.ingest.events.reasons import Reason
from nytta.ingest.files.errors import RowError
from nytta.ingest.files.rows import Row
from nytta.ingest.files.translation.texts import Texts

_NUMBER: Final = {
    ".": re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)"),
    ",": re.compile(r"[+-]?(?:(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?|,\d+)"),
}
"""By the mark before the fraction. A comma leaves the dot to groups of digits; a dot leaves the comma to nothing, for
1,234 may be either."""
_DIGITS: Final = 100
_SPACES: Final = str.maketrans("", "", " \u00a0\u202f")

Total = Callable[[Row], Decimal | None]


def number_of(text: str, mark: str, description: str) -> Decimal:
    """The number that a text says. RowError, by what `description` names its place, where it says none."""
    # a text of a million digits is read in hours
    if len(text) > _DIGITS:
        raise RowError(
            Reason.INVALID_FIELD, f"{description} is no number that counts anything", text
        )
    if text.isascii() and text.isdigit():
        return Decimal(text)
    plain = text.translate(_SPACES)
    if not _NUMBER[mark].fullmatch(plain):
        hint = (
            '; if its comma is a decimal mark, declare it (table: {decimal: ","})'
            if "," in plain
            else ""
        )
        raise RowError(Reason.INVALID_FIELD, f"{description} is no number{hint}", text)
    try:
        return Decimal(plain.replace(".", "").replace(",", ".") if mark == "," else plain)
    except InvalidOperation as error:
        raise RowError(Reason.INVALID_FIELD, f"{description} is no number", text) from error


def total_of(fields: tuple[str, ...], texts: Texts, mark: str) -> Total:
    """The sum of the fields that say a number; None where none does."""
    parts = [(texts.of_field(field), f"field '{field}'") for field in fields]

    def total(row: Row) -> Decimal | None:
        numbers = [
            number_of(text, mark, description)
            for getter, description in parts
            if (text := getter(row)) is not None
        ]
        return sum(numbers, Decimal(0)) if numbers else None

    return total
