"""A JSON document as a whole, and its values as the texts that rows are made of."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import orjson

from nytta.ingest.events import bodies
from nytta.ingest.files.encodings import in_utf8
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.rows import Row

BOUND = 512 << 20
"""Bytes of a document beyond which it is refused: unlike other formats, it is held in memory."""

TEXT = "#text"
"""The name of an element's own text beside its attributes, as it is written where XML becomes JSON."""

_DEPTH = 16
_PIECE = 1 << 20
_LONG_NUMBER = re.compile(rb"[0-9]{19}")
"""Digits of which orjson may make a fraction, so that two long ids would become one."""
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_DECODER = json.JSONDecoder()
_BLANKS = re.compile(r"[\s,]*")


def document(stream: Stream) -> Any:
    """The JSON value that the stream holds. `InputError` where it holds none, or too much."""
    return parsed(whole(stream), stream.name)


def whole(stream: Stream) -> bytes:
    """All that the stream holds, in UTF-8 without a mark. `InputError` where it is too much."""
    separator = b""
    chunks: list[bytes] = []
    bytes_held = 0
    for chunk in in_utf8(stream, stream.read(_PIECE)):
        chunks.append(chunk)
        bytes_held += len(chunk)
        if bytes_held > BOUND:
            raise InputError(
                stream.name, "", f"the file has more than {BOUND >> 20} MiB; export it in parts"
            )
    return separator.join(chunks)


def parsed(body: bytes, file_name: str) -> Any:
    """The JSON value of a body. `InputError`, with `file_name` for the file, where it holds none."""
    try:
        return loads(body)
    except ValueError as error:
        line = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        problem = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise InputError(
            file_name, line, f"is no JSON: {problem}" if body.strip() else "the file is empty"
        ) from error


def loads(body: bytes) -> Any:
    """The JSON value of a body, whole numbers of any size as they are. ValueError where it holds none."""
    # orjson says what is JSON, whichever of the two reads it: json would take NaN and half a surrogate pair
    json_value = orjson.loads(body)
    if _LONG_NUMBER.search(body) is None:
        return json_value
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def elements(body: bytes, file_name: str) -> list[bytes]:
    """The values of a body that is an array of them, or one after the other, each on one line as it is written.

    Of a damaged array each element that can be told is one, good or not. `InputError` where there are too many.
    """
    if bodies.is_array(body):
        try:
            return [bodies.one_line(bytes(element)) for element in _ARRAY.decode(body)]
        except (msgspec.MsgspecError, RecursionError):
            try:
                return bodies.elements(body)
            except bodies.TooManyError as error:
                raise InputError(
                    file_name, "", "the list is damaged and too long to be mended; export it again"
                ) from error
    text = body.decode("utf-8", "replace")
    array_elements: list[bytes] = []
    element_end = 0
    while (element_start := _BLANKS.match(text, element_end).end()) < len(text):  # type: ignore[union-attr]
        try:
            _, element_end = _DECODER.raw_decode(text, element_start)
        except (ValueError, RecursionError):
            element_end = len(text)
        array_elements.append(bodies.one_line(text[element_start:element_end].encode()))
    return array_elements


def written(json_value: Any) -> bytes:
    """The value as JSON, for a reject; b"" for one that is nested deeper than can be written."""
    try:
        return orjson.dumps(json_value)
    except TypeError:
        return b""


def texts(json_value: Any, path: str = "", depth: int = 0) -> Row:
    """The value's texts by path: "outer/inner" for what is nested. The first item of a list stands for it."""
    match json_value:
        case None:
            return {}
        case dict() if depth < _DEPTH:
            path_texts: Row = {}
            for key, inner in json_value.items():
                place = path if key == TEXT and path else f"{path}/{key}" if path else key
                path_texts |= texts(inner, place, depth + 1)
            return path_texts
        case list() if depth < _DEPTH:
            return texts(json_value[0], path, depth + 1) if json_value else {}
        case dict() | list():
            return {}
        case bool():
            return {path: str(json_value).lower()}
        case _:
            return {path: str(json_value)}
