"""Bodies as senders write them, cut into the lines of NDJSON that `decode` judges: one event on each.

Nothing is parsed and written anew: each line holds the bytes that the sender wrote, so an event that cannot be read is
one line that is refused, whatever is wrong with it, and its neighbours stand on lines of their own.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
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
"""Blanks that are looked through between a colon and its value, so that no body takes longer than its length."""


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
    envelope = orjson.dumps(dict(attributes))
    if not data.strip(BLANK):
        return envelope
    # else they could close the event and begin another
    orjson.loads(data)
    return envelope[:-1] + b',"data":' + one_line(data) + b"}"


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
            # one bad element spoils the whole for a parser: the scanner tells the good ones apart
            pass
    array_elements = []
    for element in _scanned(body):
        array_elements.append(element)
        if len(array_elements) > MOST:
            break
    return array_elements


def _scanned(body: bytes) -> Iterator[bytes]:
    """The elements of what begins as an array, found by brackets, commas and quotation marks alone."""
    scanner = _Scanner(body)
    run_start: int | None = scanner.opening
    while run_start is not None:
        run_start = yield from scanner.run(run_start)


class _Scanner:
    """Looks at the tokens of a body, in runs: a run ends where a quotation mark is missing or too many."""

    def __init__(self, body: bytes) -> None:
        self.opening = body.index(b"[") + 1
        self._body = body
        self._end = len(body.rstrip(BLANK)) - 1
        self._budget = iter(range(_TOKENS))

    def run(self, element_start: int) -> Generator[bytes, None, int | None]:
        """Yield the elements from `element_start` on. Returns where the next run begins, None at the end."""
        body = self._body
        nesting = _Nesting()
        for match, _ in zip(_TOKEN.finditer(body, element_start), self._budget, strict=False):
            position = match.start()
            token = body[position]
            if token == _QUOTE:
                if body[match.end() : match.end() + 1] in _AFTER_TEXT:
                    continue
                # what is text and what is not has changed places, up to where one object surely follows another
                following = _NEXT.search(body, position)
                if following is None:
                    break
                yield body[element_start : following.start() + 1]
                return following.end() - 1
            if token == _COMMA:
                if not nesting.brackets:
                    yield body[element_start:position]
                    element_start = position + 1
            elif token == _OPEN and nesting.awaits_key() and not _is_value(body, position):
                # no object has an object for a key: the element before lacks a brace, and here the next one begins
                yield body[element_start:position]
                element_start, nesting = position, _Nesting(_OPEN)
            elif not nesting.follows(token) and (not nesting.brackets or position == self._end):
                yield from self._last(element_start, position)
                return None
        yield body[element_start:]
        return None

    def _last(self, element_start: int, position: int) -> Iterator[bytes]:
        """What stands before the bracket that closes the array, and what stands behind it."""
        if element_start > self.opening or self._body[element_start:position].strip(BLANK):
            yield self._body[element_start:position]
        if position < self._end:
            yield self._body[position + 1 :]


class _Nesting:
    """Brackets that are open inside an element."""

    __slots__ = ("brackets", "objects")

    def __init__(self, *brackets: int) -> None:
        self.brackets = list(brackets)
        self.objects = len(brackets)
        """How many of them are braces: all with which an element begins."""

    def awaits_key(self) -> bool:
        """Whether an object is the innermost that is open."""
        return bool(self.brackets) and self.brackets[-1] == _OPEN

    def follows(self, bracket: int) -> bool:
        """Open or close what a bracket does; False where it closes an array that did not begin inside the element.

        What stands open inside of what is closed lacks a bracket, and is closed with it.
        """
        if bracket in (_OPEN, _FIRST):
            self.brackets.append(bracket)
            self.objects += bracket == _OPEN
        elif bracket == _CLOSE:
            if self.objects:
                self.objects -= 1
                while self.brackets.pop() != _OPEN:
                    pass
        elif len(self.brackets) > self.objects:
            while self.brackets.pop() != _FIRST:
                self.objects -= 1
        else:
            return False
        return True


def _is_value(body: bytes, position: int) -> bool:
    """Whether a colon stands before the position, as far as a few blanks may keep them apart."""
    preceding = body[max(0, position - _APART) : position].rstrip(BLANK)
    return not preceding or preceding.endswith(b":")
