"""A JSON document as a whole, and its values as the texts that rows are made of."""

from __future__ import annotations

from typing import Any

import orjson

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.rows import Row

BOUND = 512 << 20
"""Bytes of a document beyond which it is refused: unlike other formats, it is held in memory."""

TEXT = "#text"
"""The name of an element's own text beside its attributes, as it is written where XML becomes JSON."""

_DEPTH = 16


def document(stream: Stream) -> Any:
    """The JSON value that the stream holds. `InputError` where it holds none, or too much."""
    body = stream.read(BOUND + 1)
    if len(body) > BOUND:
        raise InputError(stream.name, "", f"the file has more than {BOUND >> 20} MiB; export it in parts")
    try:
        return orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        line = f"line {error.lineno}"
        what = "the file is empty" if not body.strip() else f"is no JSON: {error.msg}"
        raise InputError(stream.name, line, what) from error


def written(value: Any) -> bytes:
    """The value as JSON, for a reject; b"" for one that is nested deeper than can be written."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b""


def texts(value: Any, path: str = "", depth: int = 0) -> Row:
    """The value's texts by path: "outer/inner" for what is nested. The first item of a list stands for it."""
    match value:
        case None:
            return {}
        case dict() if depth < _DEPTH:
            found: Row = {}
            for key, inner in value.items():
                place = path if key == TEXT and path else f"{path}/{key}" if path else key
                found |= texts(inner, place, depth + 1)
            return found
        case list() if depth < _DEPTH:
            return texts(value[0], path, depth + 1) if value else {}
        case dict() | list():
            return {}
        case bool():
            return {path: str(value).lower()}
        case _:
            return {path: str(value)}
