"""Event logs in XES (IEEE 1849): one row per event, in the order of the file, without ever holding the file.

A row has the event's attributes by key and the attributes of its trace by "case:" + key. An attribute nested
in another is found by the path of keys, "outer/inner". Log attributes, `global` defaults, extensions and
classifiers are not data. A trace without events yields nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.parsers import expat

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.rows import Broken, Row

CASE = "case:"
"""Stands before the key of a trace attribute."""

_ATTRIBUTES = frozenset({"string", "date", "int", "float", "boolean", "id", "list", "container"})
_PIECE = 1 << 14  # all its events are rows at once, each with the attributes of its trace
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
        while piece := stream.read(_PIECE):
            parser.feed(piece, bytes_before)
            bytes_before += len(piece)
            yield from parser.rows
            parser.rows.clear()
        parser.close(bytes_before)
        yield from parser.rows


class _Parser:
    """Expat with handlers that fill `rows`."""

    def __init__(self, file: str) -> None:
        self.rows: list[Row | Broken] = []
        self._file = file
        self._expat = expat.ParserCreate()
        self._expat.ordered_attributes = True
        self._expat.StartDoctypeDeclHandler = self._refuse_doctype
        self._head = b""
        self._reached = 0
        self._event_from = -1
        self._fed = 0
        self._attach()

    def feed(self, piece: bytes, bytes_before: int) -> None:
        """Parse the next bytes; `bytes_before` bytes went before."""
        self._fed = bytes_before
        if not bytes_before:
            self._head = piece[:200]
        try:
            self._expat.Parse(piece, False)
        except expat.ExpatError as error:
            raise self._explain(error, piece, bytes_before) from error
        except (LookupError, ValueError) as error:
            # What Python says of a declared encoding that it does not know or that expat cannot use.
            raise InputError(self._file, "line 1", self._wrong_encoding()) from error
        self._reached = max(self._reached, self._expat.CurrentByteIndex)
        if bytes_before + len(piece) - self._reached > BOUND:
            raise self._error(f"an element here is longer than {BOUND >> 20} MiB; leave the attribute out")
        if self._event_from >= 0 and bytes_before - self._event_from > BOUND:
            raise self._error(f"an event here is longer than {BOUND >> 20} MiB; leave attributes out")

    def close(self, bytes_before: int) -> None:
        """Parse the end of the document."""
        try:
            self._expat.Parse(b"", True)
        except expat.ExpatError as error:
            raise self._explain(error, b"", bytes_before) from error

    def _attach(self) -> None:
        # Local names only: these two functions run for every element of the log. `floor` is the depth at or
        # above which the end of an element needs nothing done.
        rows = self.rows
        attributes = _ATTRIBUTES
        depth = floor = ignored = trace_depth = target_depth = 0
        trace: Row = {}
        target: Row | None = None
        prefix = last_key = ""
        paths: dict[int, str] = {}
        after_event = False

        def start(name: str, attributes_given: list[str]) -> None:
            nonlocal depth, last_key
            depth += 1
            if depth == target_depth + 1 and target is not None and name in attributes and len(attributes_given) == 4:
                if attributes_given[0] == "key":
                    last_key = prefix + attributes_given[1]
                    target[last_key] = attributes_given[3]
                else:
                    last_key = prefix + attributes_given[3]
                    target[last_key] = attributes_given[1]
            elif not ignored:
                start_other(name.rpartition(":")[2], attributes_given)

        def start_other(name: str, attributes_given: list[str]) -> None:
            nonlocal floor, ignored, trace, trace_depth, after_event, target, target_depth, prefix, last_key
            if depth > _DEPTH:
                raise self._error(f"attributes are nested more than {_DEPTH} deep; such a log cannot be read")
            if depth == 1:
                if name != "log":
                    raise self._error(f"the file is XML but its outermost element is '{name}', not 'log': no XES log")
            elif depth == 2 and name in _OF_OBJECTS:
                raise self._error("the file is OCEL in XML; export the log as OCEL 2.0 in JSON")
            elif name == "event" and depth == (trace_depth or 1) + 1:
                if len(trace) > _MOST:
                    raise self._error(
                        f"a trace here has more than {_MOST} attributes; leave those out that say nothing"
                    )
                target, target_depth, floor, prefix = trace.copy(), depth, depth, ""
                self._event_from = self._fed
            elif name == "trace" and depth == 2:
                trace = {}
                target, target_depth, floor, prefix = trace, depth, depth, CASE
                trace_depth, after_event = depth, False
            elif target is None:
                if after_event and depth == trace_depth + 1 and name in attributes:
                    raise self._error(
                        "an attribute of a trace stands after the trace's events; XES puts it before them, "
                        "export the log again in that order"
                    )
                ignored = floor = depth
            else:
                attributes_found = dict(zip(attributes_given[::2], attributes_given[1::2], strict=True))
                level = depth - target_depth
                outer = prefix if level == 1 else (last_key if level == 2 else paths[depth - 1]) + "/"
                key = attributes_found.get("key")
                path = outer + key if key is not None else outer.removesuffix("/")
                if key is not None and "value" in attributes_found:
                    # The items of a list may share one key: the first stands for it.
                    target.setdefault(path, attributes_found["value"])
                if level == 1:
                    last_key = path
                else:
                    paths[depth] = path

        def end(_name: str) -> None:
            nonlocal depth, floor, ignored, trace, trace_depth, target, target_depth, after_event
            depth -= 1
            if depth >= floor:
                return
            if ignored:
                ignored = 0
            elif target is not None and target_depth > trace_depth:
                rows.append(target)
                self._event_from = -1
                target, target_depth, after_event = None, 0, trace_depth > 0
            else:
                trace = {}
                target, target_depth, trace_depth, after_event = None, 0, 0, False
            floor = trace_depth

        self._expat.StartElementHandler = start
        self._expat.EndElementHandler = end

    def _refuse_doctype(self, *_declared: object) -> None:
        raise self._error(
            "the file declares a document type (<!DOCTYPE …>), which could hide or pull in other content; "
            "XES needs none, remove the declaration"
        )

    def _explain(self, error: expat.ExpatError, piece: bytes, bytes_before: int) -> InputError:
        index = self._expat.ErrorByteIndex - bytes_before
        byte = piece[index] if 0 <= index < len(piece) else 0
        if error.code in (_NO_ELEMENTS, _UNCLOSED, _PARTIAL) and not piece:
            text = (
                "the file is empty"
                if not bytes_before
                else "the file ends in the middle of the log; copy or export it again"
            )
        elif error.code == _UNKNOWN_ENCODING or (error.code in (_INVALID_TOKEN, _PARTIAL) and byte >= 0x80):
            text = self._wrong_encoding()
        elif error.code == _UNDEFINED_ENTITY:
            text = "the file uses an entity that XML does not define; write the character itself"
        elif self._expat.ErrorByteIndex <= 0 and not self._head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            text = "the file is no XML; name a table mapping if it is a CSV file"
        else:
            text = f"the XML is malformed ({expat.ErrorString(error.code)}); export the log again"
        return InputError(self._file, f"line {error.lineno}", text)

    def _wrong_encoding(self) -> str:
        declared = re.search(rb"encoding\s*=\s*[\"']([^\"']+)", self._head)
        name = declared[1].decode("ascii", "replace") if declared else "UTF-8"
        return f"the bytes are not {name}, which the file says it is written in; save it as UTF-8"

    def _error(self, message: str) -> InputError:
        return InputError(self._file, f"line {self._expat.CurrentLineNumber}", message)
