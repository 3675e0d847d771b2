"""Lists in JSON, as interfaces answer with them: one row per item. SCIM, and the REST lists of most systems."""

from __future__ import annotations

from collections.abc import Iterator

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.json_file import document, texts, written
from nytta.ingest.files.rows import Broken, Row


class RecordsReader:
    """The items of one list of a JSON document, held in memory.

    `records` is the path of the list, "Resources" or "result/items"; "" where the document is the list itself.
    A field of a row is the path of its value, "outer/inner"; the first item of a list stands for the list.
    """

    form = "JSON"

    def __init__(self, stream: Stream, records: str) -> None:
        """`stream` stands at its beginning and is read once."""
        self._stream = stream
        self._records = records

    def position(self, number: int) -> str:
        """Items are counted."""
        return f"row {number}"

    def __iter__(self) -> Iterator[Row | Broken]:
        """The items as rows. `InputError` where the document has no such list."""
        found = document(self._stream)
        for key in filter(None, self._records.split("/")):
            found = found.get(key) if isinstance(found, dict) else None
        if not isinstance(found, list):
            where = f"no list under '{self._records}'" if self._records else "no list, but something else"
            raise InputError(self._stream.name, "", f"the document holds {where}; say in the mapping: records: PATH")
        for item in found:
            yield texts(item) if isinstance(item, dict) else Broken("the item is no JSON object", written(item))
