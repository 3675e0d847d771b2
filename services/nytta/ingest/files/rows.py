"""What every file format is read into: rows of texts by field name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

Row = dict[str, str]
"""Field name → text as it stands in the file. A field that the row lacks is absent."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that could be found but not be read: too few or too many cells, a stray quotation mark."""

    detail: str
    body: bytes


class Reader(Protocol):
    """A file format. Reads one stream, once, with memory that does not grow with the file."""

    form: str
    """The format as a person would name it, with what was guessed ("CSV, utf-8, delimiter ;")."""

    def __iter__(self) -> Iterator[Row | Broken]:
        """The rows in the order of the file. `InputError` where the file cannot be read any further."""

    def position(self, number: int) -> str:
        """Where the row that was yielded last stands; `number` counts rows from 1."""
