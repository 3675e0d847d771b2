"""A file as it is looked at first: what it is, where its list lies in it, its columns and its first rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from nytta.ingest.files import files
from nytta.ingest.files.cells import ColumnTexts
from nytta.ingest.files.encodings import encoding_of
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.headers import is_none, notes_below
from nytta.ingest.files.json_file import loads, whole
from nytta.ingest.files.object_cells import columns_of_objects, parted
from nytta.ingest.files.ocel import OcelReader
from nytta.ingest.files.records import LinesReader, RecordsReader
from nytta.ingest.files.rows import Broken, Reader, Row
from nytta.ingest.files.tables import DELIMITERS, Dialect, TableReader, lines_above
from nytta.ingest.files.workbook import WorkbookReader
from nytta.ingest.files.xes import XesReader

ROWS: Final = 5_000
"""So many rows say what a column holds."""
_CELLS_BEHIND: Final = 10_000_000
"""So many cells of rows behind them are read, which takes some seconds of a processor."""
_SLOWER: Final = {"xes": 8}
"""Formats whose cells take so many times as long to read."""
_MOST_TEXTS: Final = 300_000
"""Different texts of a column that are looked at in those rows: of moments there may be one a row."""
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
    is_whole: bool = True
    """Whether it has no rows behind those that were looked at."""
    objects: tuple[str, ...] = ()
    """Columns of the file whose cells hold objects, of which `columns` has the fields."""

    columns_read: dict[str, ColumnTexts] = field(default_factory=dict, repr=False, compare=False)
    """The texts of columns that were asked for, since each is asked for many times."""

    def cells(self, column: str) -> list[str]:
        """The texts of a column; those of rows that lack it are empty."""
        texts = self.columns_read.get(column)
        if texts is None:
            texts = self.columns_read[column] = ColumnTexts(
                first_row.get(column, "") for first_row in self.rows
            )
        return texts


def look(path: Path, file_name: str, unpacked: int | None = None) -> Look:
    """The format by what the file holds, its columns, and its first rows. `InputError` where it cannot be read."""
    plain_name = _plain(file_name)
    with files.opened(path, unpacked=unpacked) as stream:
        above, header_lines, records = _place(stream, plain_name)
    with files.opened(path, unpacked=unpacked) as stream:
        file_format, reader = _reader(
            stream, plain_name, Dialect(skip_lines=above, header_lines=header_lines), records
        )
        first_items = list(islice(reader, ROWS))
        first_rows = [
            first_row
            for first_row in first_items
            if not isinstance(first_row, Broken) and not is_none(list(first_row.values()))
        ]
        header = reader.header if isinstance(reader, TableReader | WorkbookReader) else []
        if isinstance(reader, WorkbookReader):
            above, header_lines = reader.above, reader.header_lines
    columns = header or list(
        dict.fromkeys(column for first_row in first_rows for column in first_row)
    )
    _refuse_unreadable(file_name, first_items)
    if file_format == "table":
        _refuse_objects(file_name, columns)
        first_rows = first_rows[
            : len(first_rows) - notes_below([list(first_row.values()) for first_row in first_rows])
        ]
    if len(columns) == 1 and file_format == "table":
        _refuse_quoted_lines(file_name, columns[0], first_rows)
    objects = columns_of_objects(columns, first_rows) if file_format == "table" else ()
    if objects:
        first_rows = [parted(first_row, objects) for first_row in first_rows]
        columns = list(dict.fromkeys(column for first_row in first_rows for column in first_row))
    is_whole = len(first_items) < ROWS
    return Look(
        file_name,
        file_format,
        tuple(columns) or ("column",),
        tuple(first_rows),
        above,
        header_lines,
        records,
        is_whole,
        objects,
    )


class Behind(NamedTuple):
    """What rows of a file say behind those that were looked at."""

    texts: Mapping[str, tuple[str, ...]]
    """Column → its different texts."""
    rows: int
    """How many rows of the file were read."""
    is_whole: bool
    """Whether these are all that it has, or that can be read."""


def beyond(
    path: Path,
    looked: Look,
    wanted: Mapping[str, Callable[[str], bool]],
    unpacked: int | None = None,
) -> Behind:
    """What columns say in rows behind those that were looked at, as far as the file can be read, and within a bound.

    `wanted` says of each column which of its texts are kept.
    """
    if looked.is_whole or not wanted:
        return Behind({}, len(looked.rows), True)
    kept: dict[str, dict[str, bool]] = {column: {} for column in wanted}
    dialect = Dialect(skip_lines=looked.above, header_lines=looked.header_lines)
    cells_left = _CELLS_BEHIND // _SLOWER.get(looked.form, 1)
    rows_read = ROWS
    with suppress(InputError), files.opened(path, unpacked=unpacked) as stream:
        _, reader = _reader(stream, _plain(looked.name), dialect, looked.records)
        for row in islice(reader, ROWS, None):
            if cells_left <= 0:
                return Behind(_all_texts(kept), rows_read, False)
            rows_read += 1
            if isinstance(row, Broken):
                continue
            cells_left -= len(row)
            _keep(kept, wanted, parted(row, looked.objects) if looked.objects else row)
    return Behind(_all_texts(kept), rows_read, True)


def _keep(
    kept: Mapping[str, dict[str, bool]], wanted: Mapping[str, Callable[[str], bool]], row: Row
) -> None:
    """Note the texts of a row that are new, and whether each is wanted, which costs more than to know it again."""
    for column, is_wanted in wanted.items():
        text = row.get(column, "")
        known_texts = kept[column]
        if text not in known_texts and len(known_texts) < _MOST_TEXTS:
            known_texts[text] = is_wanted(text)


def _all_texts(kept: Mapping[str, dict[str, bool]]) -> dict[str, tuple[str, ...]]:
    return {
        column: tuple(text for text, is_kept in texts.items() if is_kept)
        for column, texts in kept.items()
    }


def _plain(file_name: str) -> str:
    """The name of a file without what says that it is packed."""
    return file_name.lower().removesuffix(".gz").removesuffix(".zip")


def _place(stream: files.Stream, plain_name: str) -> tuple[int, int, str]:
    """How much stands above the header of a table, how many rows it has, and where in a document its list lies."""
    if stream.is_workbook:
        return 0, 1, ""
    begins = _beginning(stream)
    file_format = _form(begins, plain_name)
    if file_format == "table":
        return *lines_above(stream.peek(_SAMPLE)), ""
    if file_format == "json" and begins.startswith("{"):
        return 0, 1, _list_in(stream)
    return 0, 1, ""


def _form(begins: str, plain_name: str) -> str:
    """The format of a file by its beginning, and by the end of its name where that does not tell."""
    if plain_name.endswith(".xes") or re.match(
        r"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<log\b", begins, re.DOTALL
    ):
        return "xes"
    if '"ocel:' in begins or (
        begins.startswith("{") and '"eventTypes"' in begins and '"objectTypes"' in begins
    ):
        return "ocel"
    if plain_name.endswith((".jsonocel", ".ocel", ".ocel.json")):
        return "ocel"
    if begins.startswith("{") and plain_name.endswith((".ndjson", ".jsonl")):
        return "lines"
    return "json" if begins.startswith(("{", "[")) else "table"


def _beginning(stream: files.Stream) -> str:
    sample = stream.peek(_SAMPLE)
    return sample.decode(encoding_of(sample)[0], "replace").lstrip("\ufeff \t\r\n")


def _reader(
    stream: files.Stream, plain_name: str, dialect: Dialect, records: str
) -> tuple[str, Reader]:
    if stream.is_workbook:
        return "table", WorkbookReader(stream, skip=None)
    match file_format := _form(_beginning(stream), plain_name):
        case "xes":
            return file_format, XesReader(stream)
        case "ocel":
            return file_format, OcelReader(stream)
        case "lines":
            return file_format, LinesReader(stream)
        case "json":
            return file_format, RecordsReader(stream, records)
        case _:
            return file_format, TableReader(stream, dialect)


def _list_in(stream: files.Stream) -> str:
    """The path of the longest list of objects in a document; "" where it has none, or is an object a line."""
    try:
        json_value = loads(whole(stream))
    except ValueError:
        return ""
    lists_by_path = dict(_lists(json_value, "", _DEPTH))
    _refuse_nameless(stream.name, json_value, max(lists_by_path.values(), default=0))
    return max(lists_by_path, key=lambda path: lists_by_path[path], default="")


def _lists(value: Any, path: str, depth: int) -> Iterator[tuple[str, int]]:
    if not isinstance(value, dict) or not depth:
        return
    for field_key, inner_value in value.items():
        list_path = f"{path}/{field_key}" if path else field_key
        if (
            isinstance(inner_value, list)
            and inner_value
            and isinstance(inner_value[0], dict)
            and "/" not in field_key
        ):
            yield list_path, len(inner_value)
        else:
            yield from _lists(inner_value, list_path, depth - 1)


def _refuse_unreadable(file_name: str, first_items: Sequence[Row | Broken]) -> None:
    """InputError where no row can be read, with what is wrong with the first."""
    if first_items and all(isinstance(item, Broken) for item in first_items):
        first = first_items[0]
        assert isinstance(first, Broken)
        raise InputError(file_name, "", f"no row can be read; of the first: {first.detail}")


def _refuse_objects(file_name: str, columns: Sequence[str]) -> None:
    """InputError where a table is an object-centric log: a cell of it lists objects, and no row has one case."""
    if "ocel:eid" in columns:
        raise InputError(
            file_name, "", "the file is OCEL 1.0 as a table; export the log as OCEL 2.0 in JSON"
        )


def _refuse_nameless(file_name: str, json_value: Any, longest: int) -> None:
    """InputError where the rows of a document are no objects of a list: they would be lost, or count as one.

    `longest` is the length of its longest list of objects.
    """
    rows_as_lists = max(_lists_of_lists(json_value, _DEPTH), default=0)
    are_keyed = isinstance(json_value, dict) and not longest and _has_objects_alone(json_value)
    if rows_as_lists > max(1, longest) or are_keyed:
        raise InputError(
            file_name,
            "",
            "the document has no list of objects, one a row; export it so, or as CSV with a header",
        )


def _has_objects_alone(json_value: Mapping[str, Any]) -> bool:
    """Whether a document is several objects by key, each a row or a column: a single thing says something of itself."""
    objects = [
        inner_value
        for inner_value in json_value.values()
        if isinstance(inner_value, dict) and inner_value
    ]
    return len(objects) == len(json_value) > 1 and len(
        {frozenset(value) for value in objects}
    ) < len(objects)


def _lists_of_lists(json_value: Any, depth: int) -> Iterator[int]:
    """The lengths of lists whose items are lists of values."""
    inner_values = json_value.values() if isinstance(json_value, dict) and depth else ()
    for inner_value in inner_values:
        if (
            isinstance(inner_value, list)
            and inner_value
            and all(isinstance(item, list) for item in inner_value)
        ):
            yield len(inner_value)
        yield from _lists_of_lists(inner_value, depth - 1)


def _refuse_quoted_lines(file_name: str, column: str, first_rows: Sequence[Row]) -> None:
    """InputError where each line is one cell that holds a row: it was put in quotation marks as a whole."""
    mark = next((mark for mark in DELIMITERS if column.count(mark) > 1), "")
    if (
        mark
        and first_rows
        and all(
            first_row[column].count(mark) >= column.count(mark) for first_row in first_rows[:50]
        )
    ):
        raise InputError(
            file_name,
            "",
            "each line stands in quotation marks as a whole, so that it is one cell; export the list again, or take "
            "away the first and the last quotation mark of each line and single those that are doubled",
        )
