"""What messages hold, and where a reject says that it stood: without a broker and without a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from nytta.ingest.events import Batch, Pseudonymiser, Reason, decode
from nytta.ingest.events.encode import encode
from nytta.ingest.keys import KeyFileError, Keys
from nytta.ingest.stream import usage, wire
from nytta.ingest.stream.cluster import Cluster
from nytta.ingest.stream.messages import Message
from nytta.ingest.stream.parts import Parts

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
WHO = "k1:" + "ab" * 16
EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "/permits",
    "type": "nytta.case.opened.v1",
    "time": "2026-05-04T10:00:00Z",
    "data": {"unit": "north", "case": WHO, "channel": "web"},
}
STRUCTURED = {"content-type": b"application/cloudevents+json; charset=utf-8"}
BATCH = dict(wire.batch_headers(NOW))
BINARY = {
    "ce_specversion": b"1.0",
    "ce_id": b"1",
    "ce_source": b"/permits",
    "ce_type": b"nytta.case.opened.v1",
    "ce_time": b"2026-05-04T10:00:00Z",
    "content-type": b"application/json",
}


def parts() -> Parts:
    given: Any = None
    return Parts(
        Cluster(("broker:9092",), "nytta", "PLAINTEXT", "", "", "", None),
        given,
        Keys("k1", bytes(32)),
        lambda body, at: decode(body, received_at=at, pseudonymise=None),
        lambda _: None,
        lambda: None,
        given,
    )


def message(value: bytes | None, headers: Mapping[str, bytes | None], offset: int = 17, at: datetime = NOW) -> Message:
    return Message(value, headers, at, f"nytta.usage/3 offset {offset}")


def read(*messages: Message) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Identities with their rows, and (reason, position) of the rejects."""
    batch = usage.read(parts(), messages).batch
    assert batch.read == len(batch) + len(batch.rejects)
    return batch.table.to_pylist(), [(str(r.reason), r.position) for r in batch.rejects]


PRETTY = orjson.dumps(EVENT, option=orjson.OPT_INDENT_2)


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (orjson.dumps(EVENT), STRUCTURED),
        (PRETTY, STRUCTURED),
        (PRETTY.replace(b"\n", b"\r\n"), STRUCTURED),
        (orjson.dumps(EVENT), {}),
        (orjson.dumps(EVENT["data"]), BINARY),
        (orjson.dumps(EVENT["data"], option=orjson.OPT_INDENT_2), BINARY),
        (orjson.dumps(EVENT) + b"\n", BATCH),
    ],
    ids=["structured", "pretty", "pretty-crlf", "no-headers", "binary", "binary-pretty", "batch"],
)
def test_one_event_in_every_form_is_the_same_event(value: bytes, headers: dict[str, bytes]) -> None:
    rows, rejects = read(message(value, headers))
    assert rejects == []
    expected = decode(orjson.dumps(EVENT), received_at=NOW, pseudonymise=None).table.to_pylist()
    assert rows == expected


@pytest.mark.parametrize(
    ("value", "headers", "reason"),
    [
        (None, {}, "malformed_json"),
        (b"", STRUCTURED, "malformed_json"),
        (b"\x00\xff\n\xfe", {}, "invalid_encoding"),
        (b"[1,\n2]", STRUCTURED, "not_cloudevent"),
        (b'{"specversion":\n"1.0"', STRUCTURED, "malformed_json"),
        (b"<event/>", {"content-type": b"application/cloudevents+xml"}, "not_cloudevent"),
        (orjson.dumps(EVENT | {"data": EVENT["data"] | {"case": "4711"}}), STRUCTURED, "raw_actor"),  # type: ignore[operator]
        (b"", BINARY, "missing_field"),
        (b"not json", BINARY, "malformed_json"),
        (b'{"unit": "north"}, "id": "2"', BINARY, "malformed_json"),
        (orjson.dumps(EVENT["data"]), BINARY | {"content-type": b"text/xml"}, "invalid_field"),
        (orjson.dumps(EVENT["data"]), BINARY | {"ce_specversion": b"0.3"}, "unsupported_version"),
        (orjson.dumps(EVENT | {"time": "2026-06-05T00:00:00Z"}), STRUCTURED, "future_time"),
    ],
)
def test_a_message_that_is_no_event_of_ours_is_one_reject(
    value: bytes | None, headers: dict[str, bytes], reason: str
) -> None:
    rows, rejects = read(message(value, headers))
    assert rows == []
    assert [name for name, _ in rejects] == [reason]
    assert rejects[0][1].startswith("nytta.usage/3 offset 17")


@pytest.mark.parametrize(
    ("value", "headers", "reason"),
    [
        (orjson.dumps(EVENT), {"content-type": None}, ""),
        (orjson.dumps(EVENT["data"]), BINARY | {"ce_subject": None}, ""),
        (orjson.dumps(EVENT["data"]), BINARY | {"ce_id": None}, "missing_field"),
        (orjson.dumps(EVENT["data"]), dict.fromkeys(BINARY), "not_cloudevent"),
        (orjson.dumps(EVENT), BATCH | {wire.RECEIVED: None}, ""),
        (orjson.dumps(EVENT), BATCH | {wire.RECEIVED: b"0001-01-01T00:00:00+14:00"}, ""),
        (orjson.dumps(EVENT), BATCH | {wire.RECEIVED: b"\xff"}, ""),
        (orjson.dumps(EVENT["data"]), BINARY | {"ce_ext": b"\xff"}, "invalid_encoding"),
        (orjson.dumps(EVENT["data"]), BINARY | {"ce_data": b"{}"}, "invalid_field"),
        (orjson.dumps(EVENT["data"]), BINARY | {"ce_": b"x"}, "invalid_field"),
        (orjson.dumps(EVENT["data"]), BINARY | {"ce_source": b"\x00" * 100_000}, "invalid_field"),
        (orjson.dumps(EVENT), {"content-type": b"\xff\x00; " * 50_000}, ""),
        (orjson.dumps(EVENT), {"": b"", "\x00": b"\x00"}, ""),
        (b"null", BINARY, "missing_field"),
        (b"[" * 253 + b"]" * 253, BINARY, "malformed_json"),
        (b"[" * 100_000 + b"]" * 100_000, STRUCTURED, "malformed_json"),
        (b'{"id": "\\ud800"}', STRUCTURED, "malformed_json"),
        (b"{\n}", {}, "not_cloudevent"),
        (b"\x1f\x8b\x08\x00broken", {"content-encoding": b"gzip"}, "invalid_encoding"),
        (b"\x28\xb5\x2f\xfd\x00", BATCH, "invalid_encoding"),
        (b"x" * (3 << 20), {}, "too_large"),
        (b"0\n" * 200_001, BATCH, "too_large"),
    ],
)
def test_whatever_a_producer_may_write_is_an_event_or_a_reject(
    value: bytes, headers: dict[str, bytes | None], reason: str
) -> None:
    rows, rejects = read(
        message(orjson.dumps(EVENT | {"id": "before"}), {}, 1), message(value, headers), message(None, {})
    )
    assert {row["id"] for row in rows} == {"before"} | ({"1"} if not reason else set())
    assert sorted(name for name, _ in rejects) == sorted(["malformed_json", *([reason] if reason else [])])


def test_a_reject_keeps_no_more_than_a_line_may_have() -> None:
    for headers in ({}, {"content-type": b"application/cloudevents+xml"}, BATCH):
        (reject,) = usage.read(parts(), [message(b"x" * (3 << 20), headers)]).batch.rejects
        assert len(reject.body) == (1 << 20) + 1


def test_an_error_of_the_worker_is_none_of_a_message() -> None:
    """Whatever reading raises that is not about a message ends the process, for its supervisor to start anew."""

    def judge(body: bytes, at: datetime) -> Batch:
        raise KeyFileError("the key file lacks a key")

    with pytest.raises(KeyFileError):
        usage.read(replace(parts(), judge=judge), [message(orjson.dumps(EVENT), {})])


def test_a_bad_line_changes_nothing_for_its_neighbours_and_says_where_it_stood() -> None:
    def line(number: int) -> bytes:
        return orjson.dumps(EVENT | {"id": str(number)}) + b"\n"

    first = message(line(1) + b"rubbish\n" + line(2), BATCH, 5)
    second = message(line(3) + b"\n" + line(4) + b"[]", BATCH, 6)
    rows, rejects = read(first, message(b"{}", STRUCTURED, 7), second)
    assert sorted(row["id"] for row in rows) == ["1", "2", "3", "4"]
    assert sorted(rejects) == [
        ("malformed_json", "nytta.usage/3 offset 5 line 2"),
        ("not_cloudevent", "nytta.usage/3 offset 6 line 4"),
        ("not_cloudevent", "nytta.usage/3 offset 7 line 1"),
    ]


def test_the_receipt_of_a_batch_is_the_gateways_unless_it_makes_no_sense() -> None:
    body = orjson.dumps(EVENT)
    late = NOW + timedelta(hours=5)
    (row,), _ = read(message(body, BATCH, at=late))
    assert row["received_at"] == NOW
    for told in (b"yesterday", b"2026-06-01T08:00:00", b"2027-06-01T08:00:00+00:00"):
        (row,), _ = read(message(body, BATCH | {wire.RECEIVED: told}, at=late))
        assert row["received_at"] == late


def test_messages_of_several_partitions_are_decoded_by_receipt_and_stored_as_one() -> None:
    """Partitions come mixed: messages of three moments take three calls to decode, in whatever order they come."""
    calls: list[datetime] = []

    def judge(body: bytes, at: datetime) -> Batch:
        calls.append(at)
        return decode(body, received_at=at, pseudonymise=None)

    moments = [NOW + timedelta(minutes=n) for n in (5, 0, 9)]
    mixed = [
        message(
            orjson.dumps(EVENT | {"id": str(n)}), dict(wire.batch_headers(moments[n % 3])), n, NOW + timedelta(hours=1)
        )
        for n in range(30)
    ]
    found = usage.read(replace(parts(), judge=judge), mixed).batch
    assert calls == sorted(moments)
    assert {row["id"]: row["received_at"] for row in found.table.to_pylist()} == {
        str(n): moments[n % 3] for n in range(30)
    }


def test_a_batch_that_was_accepted_is_not_refused_because_it_waited() -> None:
    event = EVENT | {"time": "2026-06-02T07:00:00Z"}  # 23 hours ahead of its receipt
    rows, rejects = read(message(orjson.dumps(event), BATCH, at=NOW + timedelta(days=3)))
    assert (len(rows), rejects) == (1, [])


def test_foreign_extensions_are_kept() -> None:
    rows, _ = read(message(orjson.dumps(EVENT["data"]), BINARY | {"ce_region": "Norrköping".encode()}))
    assert rows[0]["attributes"] == [("region", "Norrköping")]


def test_what_a_producer_writes_is_what_a_worker_reads() -> None:
    key = Pseudonymiser("k1", bytes(16))
    events = decode(orjson.dumps(EVENT | {"data": EVENT["data"] | {"case": "4711"}}), received_at=NOW, pseudonymise=key)  # type: ignore[operator]
    rows, rejects = read(message(b"".join(encode(events.table)), BATCH))
    assert (rows, rejects) == (events.table.to_pylist(), [])


def test_every_reason_has_a_counter() -> None:
    from nytta.ingest.stream.metrics import REJECTS

    told = {s.labels["reason"] for m in REJECTS.collect() for s in m.samples if s.name.endswith("_total")}
    assert told == {r.value for r in Reason}
