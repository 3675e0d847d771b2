"""A file as it is looked at first: what it is, where its list lies in it, its columns and its first rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from nytta.ingest.files import files
from nytta.ingest.files.encodings import encoding_of
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.headers import is_none, notes_below
from nytta.ingest.files.json_file import loads, whole
from nytta.ingest.files.ocel import OcelReader
from nytta.ingest.files.records import LinesReader, RecordsReader
from nytta.ingest.files.rows import Broken, Reader, Row
from nytta.ingest.files.tables import DELIMITERS, Dialect, TableReader, lines_above
from nytta.ingest.files.workbook import WorkbookReader
from nytta.ingest.files.xes import XesReader

_ROWS: Final = 5_000
"""So many rows say what a column holds."""
_SAMPLE: Final = 1 << 16
_DEPTH: Final = 3
"""How deep in a document its list may lie."""


@dataclass(frozen=True, slots=True)
class Look:
    """A file as it was looked at."""

    name: str
    form: str
    """The format, as a mapping says it."""
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    above: int = 0
    """Lines, or rows of a sheet, that stand above the names of the columns."""
    header_lines: int = 1
    """Rows that name the columns."""
    records: str = ""
    """Where in a document its list lies; "" where the document is the list."""

    def cells(self, column: str) -> list[str]:
        """The texts of a column; those of rows that lack it are empty."""
        return [row.get(column, "") for row in self.rows]


def look(path: Path, name: str, unpacked: int | None = None) -> Look:
    """The format by what the file holds, its columns, and its first rows. `InputError` where it cannot be read."""
    plain = _plain(name)
    with files.opened(path, unpacked=unpacked) as stream:
        above, header_lines, records = _place(stream, plain)
    with files.opened(path, unpacked=unpacked) as stream:
        form, reader = _reader(stream, plain, Dialect(skip_lines=above, header_lines=header_lines), records)
        items = list(islice(reader, _ROWS))
        rows = [row for row in items if not isinstance(row, Broken) and not is_none(list(row.values()))]
        header = reader.header if isinstance(reader, TableReader | WorkbookReader) else []
        if isinstance(reader, WorkbookReader):
            above, header_lines = reader.above, reader.header_lines
    columns = header or list(dict.fromkeys(column for row in rows for column in row))
    _refuse_unreadable(name, items)
    if form == "table":
        _refuse_objects(name, columns)
        rows = rows[: len(rows) - notes_below([list(row.values()) for row in rows])]
    if len(columns) == 1 and form == "table":
        _refuse_quoted_lines(name, columns[0], rows)
    return Look(name, form, tuple(columns) or ("column",), tuple(rows), above, header_lines, records)


def beyond(path: Path, looked: Look, column: str, unpacked: int | None = None) -> tuple[str, ...]:
    """The different texts of a column in the rows behind those that were looked at, as far as the file can be read."""
    texts: dict[str, None] = {}
    dialect = Dialect(skip_lines=looked.above, header_lines=looked.header_lines)
    with suppress(InputError), files.opened(path, unpacked=unpacked) as stream:
        _, reader = _reader(stream, _plain(looked.name), dialect, looked.records)
        for row in islice(reader, _ROWS, None):
            if not isinstance(row, Broken):
                texts[row.get(column, "")] = None
    return tuple(texts)


def _plain(name: str) -> str:
    """The name of a file without what says that it is packed."""
    return name.lower().removesuffix(".gz").removesuffix(".zip")


def _place(stream: files.Stream, plain: str) -> tuple[int, int, str]:
    """How much stands above the header of a table, how many rows it has, and where in a document its list lies."""
    if stream.is_workbook:
        return 0, 1, ""
    begins = _beginning(stream)
    form = _form(begins, plain)
    if form == "table":
        return *lines_above(stream.peek(_SAMPLE)), ""
    if form == "json" and begins.startswith("{"):
        return 0, 1, _list_in(stream)
    return 0, 1, ""


def _form(begins: str, plain: str) -> str:
    """The format of a file by its beginning, and by the end of its name where that does not tell."""
    if plain.endswith(".xes") or re.match(r"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<log\b", begins, re.DOTALL):
        return "xes"
    if '"ocel:' in begins or (begins.startswith("{") and '"eventTypes"' in begins and '"objectTypes"' in begins):
        return "ocel"
    if plain.endswith((".jsonocel", ".ocel", ".ocel.json")):
        return "ocel"
    if begins.startswith("{") and plain.endswith((".ndjson", ".jsonl")):
        return "lines"
    return "json" if begins.startswith(("{", "[")) else "table"


def _beginning(stream: files.Stream) -> str:
    sample = stream.peek(_SAMPLE)
    return sample.decode(encoding_of(sample)[0], "replace").lstrip("\ufeff \t\r\n")


def _reader(stream: files.Stream, plain: str, dialect: Dialect, records: str) -> tuple[str, Reader]:
    if stream.is_workbook:
        return "table", WorkbookReader(stream, skip=None)
    match form := _form(_beginning(stream), plain):
        case "xes":
            return form, XesReader(stream)
        case "ocel":
            return form, OcelReader(stream)
        case "lines":
            return form, LinesReader(stream)
        case "json":
            return form, RecordsReader(stream, records)
        case _:
            return form, TableReader(stream, dialect)


def _list_in(stream: files.Stream) -> str:
    """The path of the longest list of objects in a document; "" where it has none, or is an object a line."""
    try:
        lists_by_path = dict(_lists(loads(whole(stream)), "", _DEPTH))
    except ValueError:
        return ""
    return max(lists_by_path, key=lambda path: lists_by_path[path], default="")


def _lists(value: Any, path: str, depth: int) -> Iterator[tuple[str, int]]:
    if not isinstance(value, dict) or not depth:
        return
    for key, inner in value.items():
        place = f"{path}/{key}" if path else key
        if isinstance(inner, list) and inner and isinstance(inner[0], dict) and "/" not in key:
            yield place, len(inner)
        else:
            yield from _lists(inner, place, depth - 1)


def _refuse_unreadable(name: str, items: Sequence[Row | Broken]) -> None:
    """InputError where no row can be read, with what is wrong with the first."""
    if items and all(isinstance(item, Broken) for item in items):
        first = items[0]
        assert isinstance(first, Broken)
        raise InputError(name, "", f"no row can be read; of the first: {first.detail}")


def _refuse_objects(name: str, columns: Sequence[str]) -> None:
    """InputError where a table is an object-centric log: a cell of it lists objects, and no row has one case."""
    if "ocel:eid" in columns:
        raise InputError(name, "", "the file is OCEL 1.0 as a table; export the log as OCEL 2.0 in JSON")


def _refuse_quoted_lines(name: str, column: str, rows: Sequence[Row]) -> None:
    """InputError where each line is one cell that holds a row: it was put in quotation marks as a whole."""
    mark = next((mark for mark in DELIMITERS if column.count(mark) > 1), "")
    if mark and rows and all(row[column].count(mark) >= column.count(mark) for row in rows[:50]):
        raise InputError(
            name,
            "",
            "each line stands in quotation marks as a whole, so that it is one cell; export the list again, or take "
            "away the first and the last quotation mark of each line and single those that are doubled",
        )
