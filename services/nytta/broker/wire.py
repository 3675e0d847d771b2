"""The form of messages: batches of events, single CloudEvents of foreign producers, rejects, marks, signals.

A batch is NDJSON, one pseudonymised CloudEvent per line, with `content-type: application/x-ndjson` and the time of its
receipt in `nytta-received-at`. Anything else on the topic of events is one CloudEvent as the Kafka protocol binding of
CloudEvents 1.0 has it, structured or binary.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import orjson
import pyarrow as pa

from nytta.alerts.answers import Answer
from nytta.events import Reason, Reject
from nytta.events.validation import Refused, source_of, validate
from nytta.keys import Note

NDJSON: Final = "application/x-ndjson"
ARROW: Final = "application/vnd.apache.arrow.stream"
CLOUDEVENT: Final = "application/cloudevents+json"
RECEIVED: Final = "nytta-received-at"
COMMAND: Final = "text/plain"

Headers = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Body:
    """The events of a message as NDJSON, and when they were received; or why the message holds none."""

    lines: bytes
    received_at: datetime
    reject: Reject | None = None


def batch_headers(received_at: datetime) -> list[tuple[str, bytes]]:
    """The headers of a batch of pseudonymised events."""
    return [("content-type", NDJSON.encode()), (RECEIVED, received_at.astimezone(UTC).isoformat().encode())]


def body_of(value: bytes | None, headers: Headers, stored_at: datetime, position: str, max_future: timedelta) -> Body:
    """What a message of the topic of events holds. `stored_at` is when the broker got it."""
    value = value or b""
    media = _media(headers)
    if media == NDJSON:
        return Body(value, _received(headers, stored_at))
    if media.startswith("application/cloudevents"):  # says structured mode, whatever headers repeat
        if media != CLOUDEVENT:
            detail = f"content-type: {media[:64]} is not read: send application/cloudevents+json, or binary mode"
            return Body(b"", stored_at, Reject(Reason.NOT_CLOUDEVENT, detail, "", position, value))
        line = value
    elif any(name.startswith("ce_") for name in headers):
        source = headers.get("ce_source", b"").decode("utf-8", "replace")[:512]
        if value.strip() and not _is_json(value):
            detail = "data: the message's value is not one JSON value"
            return Body(b"", stored_at, Reject(Reason.MALFORMED_JSON, detail, source, position, value))
        try:
            line = _from_headers(value, headers, media)
        except UnicodeDecodeError:
            detail = "a header whose name begins with ce_ is not UTF-8"
            return Body(b"", stored_at, Reject(Reason.INVALID_ENCODING, detail, source, position, value))
    else:
        line = value
    if b"\n" in line or b"\r" in line or not line.strip():
        # a line of NDJSON must be one line; between JSON's tokens a line break says nothing
        try:
            validate(line, latest=stored_at + max_future, raw_ids=False)
        except Refused as refused:
            return Body(b"", stored_at, Reject(refused.reason, refused.detail, source_of(line), position, line))
        line = line.replace(b"\r", b" ").replace(b"\n", b" ")
    return Body(line, stored_at)


def _is_json(value: bytes) -> bool:
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        return False
    return True


def _media(headers: Headers) -> str:
    return headers.get("content-type", b"").decode("latin-1").partition(";")[0].strip().lower()


def _received(headers: Headers, stored_at: datetime) -> datetime:
    """When the gateway received a batch; the broker's time where it does not say so in a sensible way."""
    try:
        said = datetime.fromisoformat(headers[RECEIVED].decode())
        return said if said.tzinfo and said <= stored_at + timedelta(days=1) else stored_at
    except (KeyError, ValueError):
        return stored_at


def _from_headers(value: bytes, headers: Headers, media: str) -> bytes:
    """The structured form of an event in binary mode; its data are taken over as they are."""
    attributes = {name.removeprefix("ce_"): text.decode() for name, text in headers.items() if name.startswith("ce_")}
    if media:
        attributes["datacontenttype"] = media
    event = orjson.dumps(attributes)
    return event[:-1] + b',"data":' + value + b"}" if value.strip() else event


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


def read_reject(value: bytes) -> tuple[Reject, datetime]:
    """A reject whose body is still encrypted, and when it was received. ValueError where it is none."""
    try:
        held = orjson.loads(value)
        reject = Reject(
            Reason(held["reason"]), held["detail"], held["source"], held["position"], base64.b64decode(held["body"])
        )
        return reject, datetime.fromisoformat(held["received_at"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"is no reject: {error}") from error


def marks_message(marks: pa.Table) -> bytes:
    """A table of marks as a message."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, marks.schema) as stream:
        stream.write_table(marks)
    return bytes(sink.getvalue())


def notes_message(notes: Sequence[Note]) -> bytes:
    """What pseudonyms become when a key changes, as a message."""
    return orjson.dumps({"notes": [[n.used_key, n.coming_key, n.used.hex(), n.coming.hex()] for n in notes]})


def read_notes(value: bytes) -> list[Note]:
    """The notes of a message. ValueError where it holds none."""
    try:
        held = orjson.loads(value)["notes"]
        return [Note(used, coming, bytes.fromhex(one), bytes.fromhex(other)) for used, coming, one, other in held]
    except (KeyError, TypeError) as error:
        raise ValueError(f"is no notes: {error}") from error


def read_marks(value: bytes, schema: pa.Schema) -> pa.Table:
    """The marks of a message. ValueError where it holds none."""
    try:
        table = pa.ipc.open_stream(value).read_all()
        table.validate(full=True)
        return table.select(schema.names).cast(schema)
    except (pa.ArrowException, KeyError, OSError) as error:
        raise ValueError(f"is no table of marks: {error}") from error


def signal_message(row: Mapping[str, object]) -> bytes:
    """A published signal as a message."""
    return orjson.dumps({"signal": dict(row)}, default=str)


def judged_message(organisation: str) -> bytes:
    """That everything closed of an organisation is judged, as a message."""
    return orjson.dumps({"judged": organisation})


def answer_message(answer: Answer) -> bytes:
    """What a person answers to an alert, as a message."""
    return msgspec.json.encode({"answer": answer})


def read_answer(value: bytes | None) -> Answer | None:
    """The answer of a message; None where it tells of something else. ValueError where it is none of these."""
    try:
        held = msgspec.json.decode(value or b"", type=dict[str, msgspec.Raw])
        if held.keys() <= {"signal", "judged"}:
            return None
        return msgspec.json.decode(held["answer"], type=Answer)
    except (msgspec.MsgspecError, KeyError) as error:
        raise ValueError(f"is neither a signal nor an answer: {error}") from error
