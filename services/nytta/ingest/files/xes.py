"""Event logs in XES (IEEE 1849): one row per event, in the order of the file, without ever holding the file.

A row has the event's attributes by key and the attributes of its trace by "case:" + key. An attribute nested
in another is found by the path of keys, "outer/inner". Log attributes, `global` defaults, extensions and
classifiers are not data. A trace without events yields nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from xml.parsers import expat

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.rows import Broken, Row

CASE = "case:"
"""Stands before the key of a trace attribute."""

_ATTRIBUTES = frozenset({"string", "date", "int", "float", "boolean", "id", "list", "container"})
# all its events are rows at once, each with the attributes of its trace
_PIECE = 1 << 14
_MOST = 1_000
"""Attributes of a trace, beyond which a log is refused: every event bears them."""
BOUND = 16 << 20
"""Bytes of one element, and of one event, beyond which a log is refused."""

_DEPTH = 64
_OF_OBJECTS = frozenset({"events", "objects", "event-types", "object-types"})
"""Parts of an object-centric log in XML, whose outermost element is called like that of XES."""

# expat's numbers for what a person can act on; everything else is told in expat's own words.
_NO_ELEMENTS, _INVALID_TOKEN, _UNCLOSED, _PARTIAL = 3, 4, 5, 6
_UNDEFINED_ENTITY, _UNKNOWN_ENCODING = 11, 18


class XesReader:
    """The events of one XES stream.

    Refused with `InputError`: a document type or entity declaration, XML that is cut off or malformed, OCEL in XML, an
    element or an event of more than 16 MiB, attributes nested more than 64 deep, more than 1,000 attributes of a
    trace, a trace attribute after an event of its trace.
    """

    form = "XES"

    def __init__(self, stream: Stream) -> None:
        """`stream` stands at its beginning and is read once."""
        self._stream = stream

    def position(self, number: int) -> str:
        """Events have no line that a person would look up in such a file; they are counted."""
        return f"row {number}"

    def __iter__(self) -> Iterator[Row | Broken]:
        """The events as rows. `InputError` where the document cannot be read any further."""
        stream = self._stream
        parser = _Parser(stream.name)
        bytes_before = 0
        while chunk := stream.read(_PIECE):
            parser.feed(chunk, bytes_before)
            bytes_before += len(chunk)
            yield from parser.rows
            parser.rows.clear()
        parser.close(bytes_before)
        yield from parser.rows


class _Elements:
    """The elements of a log, as they begin and end; events that have ended are `rows`.

    `start` and `end` run for every element of the log. `floor` is the depth at or above which the end of an element
    needs nothing done. What is filled is `target`: the trace, or the event with a copy of its trace.
    """

    __slots__ = (
        "_after_event",
        "_depth",
        "_error",
        "_floor",
        "_ignored",
        "_last_key",
        "_paths",
        "_prefix",
        "_target",
        "_target_depth",
        "_trace",
        "_trace_depth",
        "event_from",
        "fed",
        "rows",
    )

    def __init__(self, error: Callable[[str], InputError]) -> None:
        self.rows: list[Row | Broken] = []
        self.fed = 0
        """Bytes of the log before the piece that is parsed."""
        self.event_from = -1
        """Where the piece began in which an event is open; -1 where none is."""
        self._error = error
        self._depth = self._floor = self._ignored = self._trace_depth = self._target_depth = 0
        self._trace: Row = {}
        self._target: Row | None = None
        self._prefix = self._last_key = ""
        self._paths: dict[int, str] = {}
        self._after_event = False

    @property
    def is_event_open(self) -> bool:
        """Whether an event has begun and not ended."""
        return self.event_from >= 0

    def start(self, element_name: str, attributes: list[str]) -> None:
        """An element begins; names and values of its attributes stand in turn."""
        self._depth = depth = self._depth + 1
        target = self._target
        # most elements are attributes of an event, and are done with here
        if (
            depth == self._target_depth + 1
            and target is not None
            and element_name in _ATTRIBUTES
            and len(attributes) == 4
        ):
            if attributes[0] == "key":
                self._last_key = attribute_key = self._prefix + attributes[1]
                target[attribute_key] = attributes[3]
            else:
                self._last_key = attribute_key = self._prefix + attributes[3]
                target[attribute_key] = attributes[1]
        elif not self._ignored:
            self._start_other(element_name.rpartition(":")[2], attributes)

    def end(self, _name: str) -> None:
        """An element ends."""
        self._depth = depth = self._depth - 1
        if depth >= self._floor:
            return
        if self._ignored:
            self._ignored = 0
        elif self._target is not None and self._target_depth > self._trace_depth:
            self.rows.append(self._target)
            self.event_from = -1
            self._target, self._target_depth, self._after_event = None, 0, self._trace_depth > 0
        else:
            self._trace = {}
            self._target, self._target_depth, self._trace_depth, self._after_event = (
                None,
                0,
                0,
                False,
            )
        self._floor = self._trace_depth

    def _start_other(self, element_name: str, attributes: list[str]) -> None:
        depth = self._depth
        if depth > _DEPTH:
            raise self._error(
                f"attributes are nested more than {_DEPTH} deep; such a log cannot be read"
            )
        if depth == 1:
            if element_name != "log":
                raise self._error(
                    f"the file is XML but its outermost element is '{element_name}', not 'log': no XES log"
                )
        elif depth == 2 and element_name in _OF_OBJECTS:
            raise self._error("the file is OCEL in XML; export the log as OCEL 2.0 in JSON")
        elif element_name == "event" and depth == (self._trace_depth or 1) + 1:
            self._start_event()
        elif element_name == "trace" and depth == 2:
            self._start_trace()
        elif self._target is None:
            self._ignore(element_name)
        else:
            self._start_nested(
                self._target, dict(zip(attributes[::2], attributes[1::2], strict=True))
            )

    def _start_event(self) -> None:
        if len(self._trace) > _MOST:
            raise self._error(
                f"a trace here has more than {_MOST} attributes; leave those out that say nothing"
            )
        self._target = self._trace.copy()
        self._target_depth = self._floor = self._depth
        self._prefix = ""
        self.event_from = self.fed

    def _start_trace(self) -> None:
        self._target = self._trace = {}
        self._target_depth = self._floor = self._trace_depth = self._depth
        self._prefix = CASE
        self._after_event = False

    def _ignore(self, element_name: str) -> None:
        """Pass over an element with all within it, such as an extension; what would be lost is refused."""
        if (
            self._after_event
            and self._depth == self._trace_depth + 1
            and element_name in _ATTRIBUTES
        ):
            raise self._error(
                "an attribute of a trace stands after the trace's events; XES puts it before them, "
                "export the log again in that order"
            )
        self._ignored = self._floor = self._depth

    def _start_nested(self, target: Row, attributes: Mapping[str, str]) -> None:
        """An attribute within another, or one that says more or less than a key and a value."""
        level = self._depth - self._target_depth
        outer = self._outer_path(level)
        key = attributes.get("key")
        path = outer + key if key is not None else outer.removesuffix("/")
        if key is not None and "value" in attributes:
            # The items of a list may share one key: the first stands for it.
            target.setdefault(path, attributes["value"])
        if level == 1:
            self._last_key = path
        else:
            self._paths[self._depth] = path

    def _outer_path(self, level: int) -> str:
        """What stands before the key of an attribute so many levels within the trace or event."""
        if level == 1:
            return self._prefix
        return (self._last_key if level == 2 else self._paths[self._depth - 1]) + "/"


class _Parser:
    """Expat with handlers that fill `rows`."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._expat = expat.ParserCreate()
        self._expat.ordered_attributes = True
        self._expat.StartDoctypeDeclHandler = self._refuse_doctype
        self._head = b""
        self._reached = 0
        self._elements = _Elements(self._error)
        self.rows = self._elements.rows
        self._expat.StartElementHandler = self._elements.start
        self._expat.EndElementHandler = self._elements.end

    def feed(self, chunk: bytes, bytes_before: int) -> None:
        """Parse the next bytes; `bytes_before` bytes went before."""
        self._elements.fed = bytes_before
        if not bytes_before:
            self._head = chunk[:200]
        try:
            self._expat.Parse(chunk, False)
        except expat.ExpatError as error:
            raise self._explain(error, chunk, bytes_before) from error
        except (LookupError, ValueError) as error:
            # What Python says of a declared encoding that it does not know or that expat cannot use.
            raise InputError(self._file, "line 1", self._wrong_encoding()) from error
        self._reached = max(self._reached, self._expat.CurrentByteIndex)
        if bytes_before + len(chunk) - self._reached > BOUND:
            raise self._error(
                f"an element here is longer than {BOUND >> 20} MiB; leave the attribute out"
            )
        if self._elements.is_event_open and bytes_before - self._elements.event_from > BOUND:
            raise self._error(
                f"an event here is longer than {BOUND >> 20} MiB; leave attributes out"
            )

    def close(self, bytes_before: int) -> None:
        """Parse the end of the document."""
        try:
            self._expat.Parse(b"", True)
        except expat.ExpatError as error:
            raise self._explain(error, b"", bytes_before) from error

    def _refuse_doctype(self, *_declared: object) -> None:
        raise self._error(
            "the file declares a document type (<!DOCTYPE …>), which could hide or pull in other content; "
            "XES needs none, remove the declaration"
        )

    def _explain(self, error: expat.ExpatError, chunk: bytes, bytes_before: int) -> InputError:
        index = self._expat.ErrorByteIndex - bytes_before
        byte = chunk[index] if 0 <= index < len(chunk) else 0
        if error.code in (_NO_ELEMENTS, _UNCLOSED, _PARTIAL) and not chunk:
            explanation = (
                "the file is empty"
                if not bytes_before
                else "the file ends in the middle of the log; copy or export it again"
            )
        elif error.code == _UNKNOWN_ENCODING or (
            error.code in (_INVALID_TOKEN, _PARTIAL) and byte >= 0x80
        ):
            explanation = self._wrong_encoding()
        elif error.code == _UNDEFINED_ENTITY:
            explanation = (
                "the file uses an entity that XML does not define; write the character itself"
            )
        elif self._expat.ErrorByteIndex <= 0 and not self._head.lstrip(
            b"\xef\xbb\xbf \t\r\n"
        ).startswith(b"<"):
            explanation = "the file is no XML; name a table mapping if it is a CSV file"
        else:
            explanation = (
                f"the XML is malformed ({expat.ErrorString(error.code)}); export the log again"
            )
        return InputError(self._file, f"line {error.lineno}", explanation)

    def _wrong_encoding(self) -> str:
        declared = re.search(rb"encoding\s*=\s*[\"']([^\"']+)", self._head)
        element_name = declared[1].decode("ascii", "replace") if declared else "UTF-8"
        return f"the bytes are not {element_name}, which the file says it is written in; save it as UTF-8"

    def _error(self, message: str) -> InputError:
        return InputError(self._file, f"line {self._expat.CurrentLineNumber}", message)
