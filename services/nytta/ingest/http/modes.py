"""Content modes of the CloudEvents HTTP binding: headers and a body become lines of NDJSON.

Whether a line is an event that may pass is not judged here but in `nytta.ingest.events`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final
from urllib.parse import unquote_to_bytes

import orjson

from nytta.ingest.events import bodies
from nytta.ingest.events.reasons import Reason
from nytta.ingest.http.problems import Problem

Headers = Sequence[tuple[bytes, bytes]]
"""Header lines as they came, names in lower case."""

_PREFIX: Final = b"ce-"
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CHARSET: Final = re.compile(r';\s*charset\*?\s*=\s*"?([^";]*)', re.IGNORECASE)
_UTF8: Final = ("utf-8", "utf8", "us-ascii", "ascii")

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
NDJSON: Final = "application/x-ndjson"
_ACCEPTED: Final = f"{STRUCTURED}, {BATCH}, {NDJSON}, or JSON data with ce- headers"


class Mode(StrEnum):
    """How the events of a request are written."""

    BINARY = "binary"
    STRUCTURED = "structured"
    BATCH = "batch"
    NDJSON = "ndjson"


class Unreadable(Exception):
    """A body of which no event can be made: it is one reject as a whole."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def mode_of(headers: Headers) -> Mode:
    """The content mode that the headers say. Raises Problem (415) where there is none."""
    media, charset = _content_type(headers)
    if charset not in ("", *_UTF8):
        raise _unsupported("the charset is not UTF-8: JSON is sent as UTF-8")
    if media == STRUCTURED:
        return Mode.STRUCTURED
    if media == BATCH:
        return Mode.BATCH
    if media == NDJSON:
        return Mode.NDJSON
    if media.startswith("application/cloudevents"):
        raise _unsupported("this event format is not read; send JSON")
    if any(header_name.startswith(_PREFIX) for header_name, _ in headers):
        return Mode.BINARY
    raise _unsupported(
        "this is no CloudEvent: the content type names no event format and there are no ce- headers"
    )


def lines_of(mode: Mode, headers: Headers, body: bytes) -> list[bytes]:
    """The events of a request, one line of NDJSON each in the order of the request. Raises Unreadable.

    A line is what the sender wrote of an event, JSON or not: one that cannot be read is refused by itself.
    """
    if mode is Mode.BINARY:
        return [_from_headers(headers, body)]
    if mode is not Mode.NDJSON and not body.strip(bodies.BLANK):
        raise Unreadable(Reason.MALFORMED_JSON, "the body is empty")
    if mode is Mode.STRUCTURED:
        return [bodies.one_line(body)]
    if mode is Mode.BATCH and not bodies.is_array(body):
        _parse(body)  # what is no JSON at all is told as that
        raise Unreadable(Reason.NOT_CLOUDEVENT, "a batch is a JSON array of CloudEvents")
    try:
        return bodies.elements(body) if mode is Mode.BATCH else bodies.lines(body)
    except bodies.TooManyError as error:
        raise Unreadable(Reason.TOO_LARGE, str(error)) from None


def _content_type(headers: Headers) -> tuple[str, str]:
    """(media type, charset) in lower case; empty where there is none."""
    content_types = [text.decode("latin-1") for name, text in headers if name == b"content-type"]
    # two could be read in two ways, by us and by whatever stands between the sender and us
    if len(content_types) > 1:
        raise Problem(400, "the header Content-Type is given more than once")
    content_type = content_types[0] if content_types else ""
    media, _, parameters = content_type.partition(";")
    charset_match = _CHARSET.search(f";{parameters}")
    charset = charset_match[1].strip().lower() if charset_match else ""
    return media.strip().lower(), charset


def _parse(body: bytes) -> None:
    """Raise Unreadable where the body is not one JSON value."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(Reason.INVALID_ENCODING, f"byte {error.start + 1} is not UTF-8") from None
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(Reason.MALFORMED_JSON, str(error)) from None


def _from_headers(headers: Headers, body: bytes) -> bytes:
    """The line of an event in binary mode: attributes from headers, data from the body."""
    event_headers = []
    for header_name, header_value in headers:
        if header_name.startswith(_PREFIX):
            attribute_name = header_name.removeprefix(_PREFIX).decode("latin-1")
            event_headers.append((attribute_name, header_value))
    name_counts = Counter(attribute_name for attribute_name, _ in event_headers)
    repeated = sorted(attribute_name for attribute_name, count in name_counts.items() if count > 1)
    if repeated:
        raise Unreadable(Reason.INVALID_FIELD, f"{repeated[0]}: its header is given more than once")
    if name_counts["datacontenttype"] or name_counts["data"]:
        detail = "binary mode says the type of the data in Content-Type, data in the body"
        raise Unreadable(Reason.INVALID_FIELD, detail)
    attributes = {name: header_text(name, header_value) for name, header_value in event_headers}
    for header_name, header_value in headers:
        if header_name == b"content-type":
            attributes["datacontenttype"] = header_value.decode("latin-1")
    if body:
        # first, for a body that is no JSON has a reason of its own
        _parse(body)
    return bodies.with_data(attributes, body)


def header_text(header_name: str, header_value: bytes) -> str:
    """The text that a header value stands for: quotes undone, then percent-encoding once. Raises Unreadable."""
    decoded_text = header_value.decode("latin-1").strip()
    quoted = _QUOTED.fullmatch(decoded_text)
    if quoted:
        decoded_text = re.sub(r"\\(.)", r"\1", quoted[1])
    if _BAD_PERCENT.search(decoded_text):
        detail = f"{header_name}: a percent sign is followed by no two hexadecimal digits"
        raise Unreadable(Reason.INVALID_FIELD, detail)
    try:
        # Bytes beyond ASCII should not be here; where they are, they are taken for UTF-8 as they came.
        return unquote_to_bytes(decoded_text.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable(
            Reason.INVALID_ENCODING, f"{header_name}: its percent-encoded bytes are not UTF-8"
        ) from None


def _unsupported(detail: str) -> Problem:
    return Problem(
        415,
        detail,
        headers={"Accept": _ACCEPTED.split(", or")[0]},
        members={"accepted_types": _ACCEPTED},
    )
