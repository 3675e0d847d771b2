"""Bodies as senders write them, cut into the lines of NDJSON that `decode` judges: one event on each.

Nothing is parsed and written anew: each line holds the bytes that the sender wrote, so an event that cannot be read is
one line that is refused, whatever is wrong with it, and its neighbours stand on lines of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import orjson

MOST: Final = 200_000
"""Events of a body: more than the largest body of good ones holds."""

BLANK: Final = b" \t\r\n"
"""What JSON may have between its tokens."""

_OPEN, _CLOSE, _FIRST, _LAST, _COMMA, _QUOTE = b'{}[],"'
# A string ends at a line break, which JSON does not allow inside one: so an open quotation mark costs one line at most.
_TOKEN: Final = re.compile(rb'"[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+"?|[][{},]')
_AFTER_TEXT: Final = frozenset(bytes([sign]) for sign in b":,}]" + BLANK) | {b""}
_NEXT: Final = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*\{")
_RAW: Final = msgspec.json.Decoder(list[msgspec.Raw])
_COMMAS: Final = 10
"""Commas for each event that may come: with more, most elements are no events, and objects are not made of them."""
_TOKENS: Final = 4_000_000
"""Brackets, commas and texts that are looked at; the events of a whole body have fewer."""
_APART: Final = 64


class TooManyError(Exception):
    """A body holds more events than may come at once."""

    def __init__(self) -> None:
        super().__init__(f"the body has more than {MOST} events: send fewer at a time")


def one_line(text: bytes) -> bytes:
    """JSON on one line. A line break inside a string, which JSON forbids, becomes a tab, which it forbids too."""
    return text.strip(BLANK).replace(b"\n", b"\t")


def with_data(attributes: Mapping[str, str], data: bytes) -> bytes:
    """The line of an event of these attributes, of which there is one at least.

    `data` are JSON, or blank where the event has none. Raises ValueError where they are not exactly one JSON value.
    """
    head = orjson.dumps(dict(attributes))
    if not data.strip(BLANK):
        return head
    orjson.loads(data)  # else they could close the event and begin another
    return head[:-1] + b',"data":' + one_line(data) + b"}"


def lines(body: bytes) -> list[bytes]:
    """The lines of NDJSON, blank ones among them. Raises TooManyError for more than MOST."""
    if body.count(b"\n") > MOST:
        raise TooManyError
    return body.split(b"\n")


def is_array(body: bytes) -> bool:
    """Whether what the body holds begins as a JSON array."""
    return body.lstrip(BLANK).startswith(b"[")


def elements(body: bytes) -> list[bytes]:
    """The elements of a JSON array, each on one line.

    An element that is no JSON is an element all the same; where brackets are missing, the next element begins at the
    first `{` that JSON does not allow. What no element can be told in, to the end of the body, is one more.
    Raises TooManyError for more than MOST. The body is one that `is_array` says yes to.
    """
    array_elements = _elements(body)
    if len(array_elements) > MOST:
        raise TooManyError
    return [one_line(element) or b"," for element in array_elements]


def _elements(body: bytes) -> list[bytes]:
    if body.count(b",") <= MOST * _COMMAS:
        try:
            return [bytes(element) for element in _RAW.decode(body)]
        except (msgspec.MsgspecError, RecursionError):
            pass  # one bad element spoils the whole for a parser: the scanner tells the good ones apart
    array_elements = []
    for element in _scanned(body):
        array_elements.append(element)
        if len(array_elements) > MOST:
            break
    return array_elements


def _scanned(body: bytes) -> Iterator[bytes]:
    """The elements of what begins as an array, found by brackets, commas and quotation marks alone."""
    opening = body.index(b"[") + 1
    start = opening
    end = len(body.rstrip(BLANK)) - 1
    awaited: list[int] = []  # brackets that are open inside the element
    objects = 0  # of these, how many are braces
    tokens = _TOKEN.finditer(body, opening)
    for _ in range(_TOKENS):
        match = next(tokens, None)
        if match is None:
            break
        place = match.start()
        token = body[place]
        if token == _QUOTE:
            if body[match.end() : match.end() + 1] not in _AFTER_TEXT:
                # a quotation mark is missing or too many: what is text and what is not has changed places
                following = _NEXT.search(body, place)
                if following is None:
                    break
                yield body[start : following.start() + 1]
                start = following.end() - 1
                awaited, objects, tokens = [], 0, _TOKEN.finditer(body, start)
        elif token == _COMMA:
            if not awaited:
                yield body[start:place]
                start = place + 1
        elif token == _OPEN and awaited and awaited[-1] == _OPEN and not _is_value(body, place):
            # no object has an object for a key: the element before lacks a brace, and here the next one begins
            yield body[start:place]
            start, awaited, objects = place, [_OPEN], 1
        elif token in (_OPEN, _FIRST):
            awaited.append(token)
            objects += token == _OPEN
        elif token == _CLOSE and objects:
            while awaited.pop() != _OPEN:
                pass
            objects -= 1
        elif token == _LAST and len(awaited) > objects:
            while awaited.pop() != _FIRST:
                objects -= 1
        elif token == _LAST and (not awaited or place == end):
            if start > opening or body[start:place].strip(BLANK):
                yield body[start:place]
            if place < end:
                yield body[place + 1 :]
            return
    yield body[start:]


def _is_value(body: bytes, place: int) -> bool:
    """Whether a colon stands before the place, as far as a few blanks may keep them apart."""
    preceding = body[max(0, place - _APART) : place].rstrip(BLANK)
    return not preceding or preceding.endswith(b":")
