"""The form of messages: batches of events, single CloudEvents of foreign producers, rejects, marks, notes.

A batch is NDJSON, one pseudonymised CloudEvent per line, with `content-type: application/x-ndjson` and the time of its
receipt in `nytta-received-at`. Anything else on the topic of events is one CloudEvent as the Kafka protocol binding of
CloudEvents 1.0 has it, structured or binary.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeVar

import msgspec
import orjson
import pyarrow as pa

from nytta.ingest.events import Reason, Reject, bodies
from nytta.ingest.events.lines import KEPT
from nytta.ingest.events.pseudonyms import SIZE
from nytta.ingest.events.strings import LONGEST_TEXT
from nytta.ingest.events.times import EARLIEST
from nytta.ingest.keys import Note

NDJSON: Final = "application/x-ndjson"
ARROW: Final = "application/vnd.apache.arrow.stream"
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Receipts from here on do not fit into the store's column."""
CLOUDEVENT: Final = "application/cloudevents+json"
RECEIVED: Final = "nytta-received-at"
COMMAND: Final = "text/plain"

Document = TypeVar("Document")

Headers = Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Body:
    """The events of a message as NDJSON, and when they were received; or why the message holds none."""

    lines: bytes
    received_at: datetime
    reject: Reject | None = None


def batch_headers(received_at: datetime) -> list[tuple[str, bytes]]:
    """The headers of a batch of pseudonymised events."""
    return [
        ("content-type", NDJSON.encode()),
        (RECEIVED, received_at.astimezone(UTC).isoformat().encode()),
    ]


def body_of(
    message_value: bytes | None, headers: Headers, stored_at: datetime, position: str
) -> Body:
    """What a message of the topic of events holds. `stored_at` is when the broker got it.

    Raises nothing: of whatever a producer may write, it makes lines that are judged, or a reject. A header without a
    value is as if it were not there.
    """
    message_value = message_value or b""
    texts_by_header = {name: text for name, text in headers.items() if text is not None}
    media = _media(texts_by_header)
    try:
        if media == NDJSON:
            return Body(_batch_lines(message_value), _received(texts_by_header, stored_at))
        return Body(_event_line(message_value, texts_by_header, media), stored_at)
    except _UnreadableError as error:
        source = texts_by_header.get("ce_source", b"").decode("utf-8", "replace")[:LONGEST_TEXT]
        reject = Reject(error.reason, error.detail, source, position, message_value[:KEPT])
        return Body(b"", stored_at, reject)


class _UnreadableError(Exception):
    """A message of which no line of an event can be made."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def _media(headers: Mapping[str, bytes]) -> str:
    content_type = headers.get("content-type", b"").decode("latin-1")
    media, _, _parameters = content_type.partition(";")
    return media.strip().lower()


def _batch_lines(message_value: bytes) -> bytes:
    # bounded as over HTTP: a foreign producer may say that its message is a batch
    if message_value.count(b"\n") > bodies.MOST:
        raise _UnreadableError(Reason.TOO_LARGE, str(bodies.TooManyError()))
    return message_value


def _event_line(message_value: bytes, headers: Mapping[str, bytes], media: str) -> bytes:
    """The line of a single CloudEvent. Raises _UnreadableError."""
    # the content type says structured mode, whatever headers repeat
    is_structured = media.startswith("application/cloudevents")
    if is_structured and media != CLOUDEVENT:
        detail = f"content-type: {media[:64]} is not read: send application/cloudevents+json, or binary mode"
        raise _UnreadableError(Reason.NOT_CLOUDEVENT, detail)
    if not is_structured and any(name.startswith("ce_") for name in headers):
        return _from_headers(message_value, headers, media)
    line = bodies.one_line(message_value)
    if not line:
        raise _UnreadableError(Reason.MALFORMED_JSON, "the message has no value")
    return line


def _received(headers: Mapping[str, bytes], stored_at: datetime) -> datetime:
    """When the gateway received a batch; the broker's time where it does not say so in a sensible way."""
    try:
        stated = datetime.fromisoformat(headers[RECEIVED].decode())
        # a receipt decides when a person's rows go: one that lies far away would keep them, or lose them
        is_sensible = stated.tzinfo and EARLIEST <= stated <= stored_at + timedelta(days=1)
        return stated if is_sensible else stored_at
    except (KeyError, ValueError):
        return stored_at


def _from_headers(message_value: bytes, headers: Mapping[str, bytes], media: str) -> bytes:
    """The structured form of an event in binary mode, its data as they are. Raises _UnreadableError."""
    event_headers = {
        name.removeprefix("ce_"): text for name, text in headers.items() if name.startswith("ce_")
    }
    try:
        attributes = {name: text.decode() for name, text in event_headers.items()}
    except UnicodeDecodeError:
        detail = "a header whose name begins with ce_ is not UTF-8"
        raise _UnreadableError(Reason.INVALID_ENCODING, detail) from None
    if "data" in attributes:
        raise _UnreadableError(
            Reason.INVALID_FIELD, "ce_data: binary mode has the data in the message's value"
        )
    if media:
        attributes["datacontenttype"] = media
    try:
        return bodies.with_data(attributes, message_value)
    except ValueError:
        detail = "data: the message's value is not one JSON value"
        raise _UnreadableError(Reason.MALFORMED_JSON, detail) from None


def reject_message(reject: Reject, received_at: datetime, token: bytes) -> bytes:
    """A reject as a message; `token` is its encrypted body."""
    return orjson.dumps(
        {
            "reason": reject.reason.value,
            "detail": reject.detail,
            "source": reject.source,
            "position": reject.position,
            "received_at": received_at,
            "body": base64.b64encode(token).decode(),
        }
    )


class _RejectMessage(msgspec.Struct):
    reason: Reason
    detail: str
    source: str
    position: str
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]
    body: bytes  # base64


class _NotesMessage(msgspec.Struct):
    notes: list[tuple[str, str, str, str]]


def read_reject(message_value: bytes) -> tuple[Reject, datetime]:
    """A reject whose body is still encrypted, and when it was received. ValueError where it is none."""
    reject_read = _read(message_value, _RejectMessage, "no reject")
    # the store could not hold it
    if not EARLIEST <= reject_read.received_at <= _LATEST:
        raise ValueError("is no reject: its receipt lies outside the calendar")
    reject = Reject(
        reason=reject_read.reason,
        detail=reject_read.detail,
        source=reject_read.source,
        position=reject_read.position,
        body=reject_read.body,
    )
    return reject, reject_read.received_at


def _read(message_value: bytes, kind: type[Document], requirement: str) -> Document:
    """JSON of a kind. ValueError, with what it is not, where it is anything else."""
    try:
        return msgspec.json.decode(message_value, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"is {requirement}: {error}") from error


def marks_message(marks: pa.Table) -> bytes:
    """A table of marks as a message."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, marks.schema) as stream:
        stream.write_table(marks)
    return bytes(sink.getvalue())


def notes_message(notes: Sequence[Note]) -> bytes:
    """What pseudonyms become when a key changes, as a message."""
    note_rows = [
        [note.used_key, note.coming_key, note.used.hex(), note.coming.hex()] for note in notes
    ]
    return orjson.dumps({"notes": note_rows})


def read_notes(message_value: bytes) -> list[Note]:
    """The notes of a message. ValueError where it holds none."""
    rows = _read(message_value, _NotesMessage, "no notes").notes
    notes = [
        Note(used, coming, bytes.fromhex(used_digest), bytes.fromhex(coming_digest))
        for used, coming, used_digest, coming_digest in rows
    ]
    digests = [digest for note in notes for digest in (note.used, note.coming)]
    if any(len(digest) != SIZE for digest in digests):
        raise ValueError(f"is no notes: a pseudonym has {SIZE} bytes")
    return notes


def read_marks(message_value: bytes, schema: pa.Schema) -> pa.Table:
    """The marks of a message. ValueError where it holds none."""
    try:
        table = pa.ipc.open_stream(message_value).read_all()
        # in full: lengths that a message states falsely would have the process read memory that is not its table
        table.validate(full=True)
        if any(column.null_count for column in table.columns):
            raise ValueError("is no table of marks: a value is missing")
        return table.select(schema.names).cast(schema)
    except (pa.ArrowException, KeyError, OSError) as error:
        raise ValueError(f"is no table of marks: {error}") from error
