"""Columns of a table whose cells hold whole objects, as interfaces write them where they export a table.

A field of such an object is the column `department/name`, as in a document. An object may be written as JSON has it, or
as Python prints it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from nytta.ingest.files.json_file import loads, texts
from nytta.ingest.files.rows import Broken, Reader, Row

_LONGEST: Final = 20_000
"""Characters of a cell beyond which it is left as it is: no name is that long."""

_LOOKED_AT: Final = 200
"""So many cells tell whether a column holds objects."""


class ObjectCells:
    """The rows of a table with the fields of its objects in place of the cells that hold them."""

    def __init__(self, reader: Reader, columns: Collection[str]) -> None:
        """`columns` are those whose cells hold objects."""
        self._reader = reader
        self._columns = frozenset(columns)
        self.form = reader.form

    def __iter__(self) -> Iterator[Row | Broken]:
        """The rows; a cell that holds no object stays a text."""
        for row in self._reader:
            yield row if isinstance(row, Broken) else parted(row, self._columns)

    def position(self, number: int) -> str:
        """Where the row that was yielded last stands."""
        return self._reader.position(number)


def parted(row: Row, columns: Collection[str]) -> Row:
    """A row with the fields of the objects in these columns in their place."""
    parted_row: Row = {}
    for column, cell_text in row.items():
        json_value = _object(cell_text) if column in columns else None
        if json_value is None:
            parted_row[column] = cell_text
        else:
            parted_row |= texts(json_value, column)
    return parted_row


def columns_of_objects(columns: Sequence[str], rows: Sequence[Row]) -> tuple[str, ...]:
    """The columns of which the first cells that say something all hold an object, or a list of objects."""
    return tuple(column for column in columns if _holds_objects(column, rows))


def column_of(field_name: str, columns: Collection[str]) -> str:
    """The column of the file in which a field stands: that of its object, or the field itself."""
    return next((column for column in columns if field_name.startswith(f"{column}/")), field_name)


def _holds_objects(column: str, rows: Sequence[Row]) -> bool:
    cell_texts = (cell_text for row in rows if (cell_text := row.get(column, "").strip()))
    first = next(cell_texts, "")
    # most columns are told by their first cell
    return _object(first) is not None and all(
        _object(cell_text) is not None for cell_text in islice(cell_texts, _LOOKED_AT)
    )


def _object(cell_text: str) -> Any:
    """The object, or the list of objects, that a cell holds; None where it holds none."""
    stripped_text = cell_text.strip()
    if not stripped_text.startswith(("{", "[{")) or len(stripped_text) > _LONGEST:
        return None
    json_value = _read(stripped_text)
    first = json_value[0] if isinstance(json_value, list) and json_value else json_value
    return json_value if isinstance(first, dict) and first else None


def _read(cell_text: str) -> Any:
    try:
        return loads(cell_text.encode())
    except ValueError:
        pass
    try:
        return ast.literal_eval(cell_text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
