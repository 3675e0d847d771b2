"""Elements of an XML document as rows. Document types and entities are refused, namespaces are left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from xml.parsers import expat

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.json_file import TEXT
from nytta.ingest.files.records import NestedReader
from nytta.ingest.files.specs import Entries

BOUND = 16 << 20
"""Bytes of one row beyond which a document is refused."""

_PIECE = 1 << 16
_DEPTH = 64


class XmlReader(NestedReader):
    """The elements under one path of an XML document, `FlowInstances/FlowInstance`, or the document's only element.

    A field is the path of an element, "poster/user/userID", an attribute is "@name", and white space around a text is
    no part of it. The path may begin with the name of the document's element or below it.
    """

    form = "XML"

    def __init__(
        self, stream: Stream, records: str, list_path: str = "", entries: Sequence[Entries] = ()
    ) -> None:
        """`stream` stands at its beginning and is read once."""
        super().__init__(stream, list_path, entries)
        self._records = [element_name for element_name in records.split("/") if element_name]

    def items(self) -> Iterator[Any]:
        """The elements. `InputError` where the document is no XML, or there is no element of that path."""
        parser = _Parser(self._stream.name, self._records)
        any_element = False
        while True:
            chunk = self._stream.read(_PIECE)
            parser.feed(chunk)
            any_element = any_element or bool(parser.items)
            yield from parser.items
            parser.items.clear()
            if not chunk:
                break
        if not any_element and self._records and not parser.is_empty:
            path = "/".join(self._records)
            raise InputError(
                self._stream.name,
                "",
                f"no element under '{path}'; say in the mapping: records: PATH",
            )


class _Parser:
    """Expat with handlers that fill `items`: an element is a dictionary, a text, or a list where it is repeated."""

    def __init__(self, file: str, records: Sequence[str]) -> None:
        self.items: list[Any] = []
        self._file = file
        self._records = list(records)
        self._path: list[str] = []
        self._open: list[dict[str, Any]] = []
        self._texts: list[list[str]] = []
        self._since = 0
        self.is_empty = True
        """Whether the document's element has no element in it: a list of nothing."""
        self._expat = expat.ParserCreate()
        self._expat.StartDoctypeDeclHandler = self._refuse
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text

    def feed(self, chunk: bytes) -> None:
        """Parse the next bytes; none at the end."""
        try:
            self._expat.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            problem = expat.ErrorString(error.code)
            raise InputError(
                self._file, f"line {error.lineno}", f"is no XML: {problem}; export it again"
            ) from error
        except (LookupError, ValueError) as error:
            raise InputError(
                self._file, "line 1", "its encoding is not known; export it as UTF-8"
            ) from error
        if self._open and self._expat.CurrentByteIndex - self._since > BOUND:
            raise self._error(
                f"an element here is longer than {BOUND >> 20} MiB; name smaller ones in records"
            )

    def _error(self, problem: str) -> InputError:
        return InputError(self._file, f"line {self._expat.CurrentLineNumber}", problem)

    def _refuse(self, *_: Any) -> None:
        raise self._error("has a document type, which may hold entities; export it without")

    def _start(self, element_name: str, attributes: dict[str, str]) -> None:
        self._path.append(element_name.rpartition(":")[2])
        if len(self._path) > _DEPTH:
            raise self._error(f"elements are nested more than {_DEPTH} deep")
        if len(self._path) > 1:
            self.is_empty = False
        if not self._open:
            if self._path not in (self._records, [self._path[0], *self._records]):
                return
            self._since = self._expat.CurrentByteIndex
        own_attributes = {
            f"@{attribute_name.rpartition(':')[2]}": element_text
            for attribute_name, element_text in attributes.items()
            if not _declares(attribute_name)
        }
        self._open.append(own_attributes)
        self._texts.append([])

    def _text(self, element_text: str) -> None:
        if self._texts:
            self._texts[-1].append(element_text)

    def _end(self, _name: str) -> None:
        element_name = self._path.pop()
        if not self._open:
            return
        element, element_text = self._open.pop(), "".join(self._texts.pop()).strip()
        element_value: Any = element
        if element_text:
            element_value = element | {TEXT: element_text} if element else element_text
        if not self._open:
            self.items.append(
                element_value if isinstance(element_value, dict) else {TEXT: element_value}
            )
        elif element_name in self._open[-1]:
            present = self._open[-1][element_name]
            self._open[-1][element_name] = (
                [*present, element_value] if isinstance(present, list) else [present, element_value]
            )
        else:
            self._open[-1][element_name] = element_value


def _declares(attribute_name: str) -> bool:
    return attribute_name == "xmlns" or attribute_name.startswith("xmlns:")
