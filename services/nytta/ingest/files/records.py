"""Objects in JSON as rows: one list of a document, one object, or an object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import chain
from typing import Any

from nytta.ingest.files.encodings import in_utf8
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.json_file import TEXT, document, loads, parsed, texts, whole, written
from nytta.ingest.files.rows import Broken, Row
from nytta.ingest.files.specs import Entries

LONGEST = 16 << 20
"""Bytes of a line beyond which a file is refused."""

_PIECE = 1 << 20


class NestedReader:
    """Rows of what may be nested. A subclass says where the items are.

    A field of a row is the path of its value, "outer/inner"; the first item of a list stands for the list. With
    `each`, the items of that list are the rows, their own text is the field ".", and what stands around them has "../"
    before its name. `entries` are lists of named values: each is the field "path/NAME".
    """

    form = ""

    def __init__(
        self, stream: Stream, list_path: str = "", entries: Sequence[Entries] = ()
    ) -> None:
        """`stream` stands at its beginning and is read once."""
        self._stream = stream
        self._each = [path_key for path_key in list_path.split("/") if path_key]
        self._entries = entries

    def position(self, number: int) -> str:
        """Rows are counted."""
        return f"row {number}"

    def items(self) -> Iterator[Any]:
        """The objects that rows are made of, or `Broken`."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Row | Broken]:
        """The rows. `InputError` where the document has none in the place that the mapping names."""
        for item in self.items():
            if isinstance(item, Broken):
                yield item
            elif isinstance(item, dict):
                yield from self._rows(item, self._each, {})
            else:
                yield Broken("the item is no JSON object", written(item))

    def _rows(self, json_value: Any, keys: Sequence[str], around: Row) -> Iterator[Row]:
        if not keys:
            yield around | self._row(json_value)
            return
        # one step further out for each list that is gone into, so that two lists never share a name
        outer = {
            f"../{field_name}": field_text
            for field_name, field_text in (around | self._row(json_value)).items()
        }
        inner_value = json_value
        for place, path_key in enumerate(keys, 1):
            inner_value = inner_value.get(path_key) if isinstance(inner_value, dict) else None
            if isinstance(inner_value, list):
                for item in inner_value:
                    yield from self._rows(item, keys[place:], outer)
                return
        # where a list would have one item, XML and some interfaces write the item alone
        if inner_value is not None:
            yield from self._rows(inner_value, (), outer)

    def _row(self, json_value: Any) -> Row:
        if not isinstance(json_value, dict):
            return {
                field_name or ".": field_text
                for field_name, field_text in texts(json_value).items()
            }
        row = texts(json_value)
        if TEXT in row:
            row["."] = row.pop(TEXT)
        for entries in self._entries:
            for entry in _listed(json_value, entries.path):
                field_name, field_text = _text(entry, entries.key), _text(entry, entries.value)
                if field_name is not None and field_text is not None:
                    # the first of a name stands, as for any field that is said twice
                    row.setdefault(f"{entries.path}/{field_name}", field_text)
        return row


def _listed(json_value: Any, path: str) -> list[Any]:
    for path_key in path.split("/"):
        json_value = json_value.get(path_key) if isinstance(json_value, dict) else None
    return (
        json_value if isinstance(json_value, list) else [] if json_value is None else [json_value]
    )


def _text(entry: Any, path: str) -> str | None:
    return texts(entry).get(path) if isinstance(entry, dict) else None


class ItemsReader(NestedReader):
    """Objects that are in memory already."""

    form = "objects"

    def __init__(
        self, items: Iterable[Any], list_path: str = "", entries: Sequence[Entries] = ()
    ) -> None:
        """`items` are read once."""
        super().__init__(Stream(BytesIO(), "", 0), list_path, entries)
        self._items = items

    def items(self) -> Iterator[Any]:
        """The objects."""
        yield from self._items


class RecordsReader(NestedReader):
    """The items of one list of a JSON document, held in memory.

    `records` is the path of the list, "Resources" or "result/items"; "" where the document is the list itself. A
    document that is one object without lists is a list of one, and an object on each line is a list too.
    """

    form = "JSON"

    def __init__(
        self, stream: Stream, records: str, list_path: str = "", entries: Sequence[Entries] = ()
    ) -> None:
        """`stream` stands at its beginning and is read once."""
        super().__init__(stream, list_path, entries)
        self._records = records

    def items(self) -> Iterator[Any]:
        """The items of the list. `InputError` where the document has no such list."""
        file_body = whole(self._stream)
        try:
            json_value = loads(file_body)
        except ValueError:
            # a document whose first line is an object by itself holds one on each line, whatever it is called
            if self._records or not _is_object(file_body.lstrip().partition(b"\n")[0]):
                # says what is wrong, and where
                parsed(file_body, self._stream.name)
            self.form = LinesReader.form
            yield from _lines(file_body.split(b"\n"))
            return
        list_value = _at(json_value, self._records)
        # an object without lists is the answer about one thing, not one in which a list was missed
        if isinstance(list_value, dict) and not self._records and not _lists(list_value):
            list_value = [list_value]
        if not isinstance(list_value, list):
            where = (
                f"no list under '{self._records}'"
                if self._records
                else "no list, but something else"
            )
            inside = (
                f" (it has {', '.join(_lists(json_value))})"
                if isinstance(json_value, dict) and _lists(json_value)
                else ""
            )
            raise InputError(
                self._stream.name,
                "",
                f"the document holds {where}; say in the mapping: records: PATH{inside}",
            )
        yield from list_value


class ObjectReader(RecordsReader):
    """One object of a JSON document, held in memory: what a webhook sends, or the answer about one thing."""

    form = "JSON object"

    def items(self) -> Iterator[Any]:
        """The object. `InputError` where there is none."""
        document_value = _at(document(self._stream), self._records)
        if not isinstance(document_value, dict):
            where = (
                f"no object under '{self._records}'"
                if self._records
                else "no object, but something else"
            )
            raise InputError(
                self._stream.name,
                "",
                f"the document holds {where}; say in the mapping: records: PATH",
            )
        yield document_value


class LinesReader(NestedReader):
    """A JSON object on each line; blank lines are none. Memory does not grow with the file.

    A file that is an array instead, or one object over several lines, is read as that, in memory.
    """

    form = "JSON lines"

    def items(self) -> Iterator[Any]:
        """The objects, and `Broken` for a line that is none. `InputError` for a line of more than 16 MiB."""
        lines = self._pieces()
        first_line = next((line for line in lines if line.strip()), b"")
        if (
            not first_line
            or _is_object(first_line)
            or not first_line.lstrip().startswith((b"[", b"{"))
        ):
            yield from _lines(chain((first_line,), lines))
            return
        # a first line that is cut off begins a document over several lines
        joined_lines = b"\n".join([first_line, *lines])
        try:
            json_value = loads(joined_lines)
        except ValueError:
            yield from _lines(joined_lines.split(b"\n"))
            return
        self.form = "JSON"
        yield from json_value if isinstance(json_value, list) else [json_value]

    def _pieces(self) -> Iterator[bytes]:
        remainder = b""
        for piece in in_utf8(self._stream, self._stream.read(_PIECE)):
            *complete, remainder = (remainder + piece).split(b"\n")
            if len(remainder) > LONGEST:
                raise InputError(
                    self._stream.name,
                    "",
                    f"a line is longer than {LONGEST >> 20} MiB; is it JSON lines?",
                )
            yield from complete
        yield remainder


def _lines(lines: Iterable[bytes]) -> Iterator[Any]:
    """The values of lines that are not blank, and `Broken` for a line that is none."""
    for line in lines:
        stripped_line = line.strip()
        if not stripped_line:
            continue
        try:
            yield loads(stripped_line)
        except ValueError as error:
            problem = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            yield Broken(f"the line is no JSON: {problem}", stripped_line[:LONGEST])


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(loads(line), dict)
    except ValueError:
        return False


def _lists(json_value: dict[str, Any]) -> list[str]:
    """The names of lists of objects in an object."""
    return [
        field_name
        for field_name, inner_value in json_value.items()
        if isinstance(inner_value, list) and inner_value and isinstance(inner_value[0], dict)
    ]


def _at(json_value: Any, path: str) -> Any:
    for path_key in filter(None, path.split("/")):
        json_value = json_value.get(path_key) if isinstance(json_value, dict) else None
    return json_value
