"""Messages on the topics of rejects and signals: what is none of ours is passed over, and its neighbours are done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa
import pytest

from nytta.ingest.events import Reason, Reject
from nytta.ingest.keys import Keys
from nytta.ingest.stream import rejected, wire
from nytta.insight.alerts.answers import Answer
from nytta.service.streams import signal_messages, signals
from tests.ingest.stream.test_usage import parts

AT = datetime(2026, 6, 1, tzinfo=UTC)
KEYS = Keys("k1", bytes(32))
REJECT = Reject(Reason.RAW_ACTOR, "data.actor: is no pseudonym", "/x", "line 1", b"body")
GOOD: dict[str, Any] = orjson.loads(wire.reject_message(REJECT, AT, KEYS.seal(b"body")))


class Store:
    """A store and its connection; keeps the rows of rejects that it is given."""

    def __init__(self) -> None:
        self.connection = self
        self.rows: list[dict[str, Any]] = []

    def insert_arrow(self, table: str, rows: pa.Table) -> None:
        assert table == "{private}.rejects"
        self.rows += rows.to_pylist()


def changed(**fields: Any) -> bytes:
    return orjson.dumps(GOOD | fields)


POISON = [
    None,
    b"",
    b"[]",
    b"null",
    b"\xff",
    b"{" * 2000,
    b'{"reason":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    changed(reason="no such"),
    changed(reason=None),
    changed(detail=5),
    changed(source=None),
    changed(position=["line 1"]),
    changed(received_at="yesterday"),
    changed(received_at="2026-06-01T00:00:00"),
    changed(received_at="0001-01-01T00:00:00Z"),
    changed(received_at="9999-12-31T23:59:59Z"),
    changed(received_at=10**18),
    changed(body="no base64 at all"),
    changed(body=None),
    changed(body=""),
    changed(body="YQ=="),
]


@pytest.mark.parametrize("value", POISON, ids=range(len(POISON)))
def test_a_message_that_is_no_reject_is_passed_over(value: bytes | None) -> None:
    store: Any = Store()
    rejected.store(replace(parts(), private=store), [changed(), value, changed(position="line 2")])
    told = [(row["reason"], row["detail"], row["source"], row["position"]) for row in store.rows]
    assert told == [(REJECT.reason, REJECT.detail, REJECT.source, line) for line in ("line 1", "line 2")]
    assert {(KEYS.unseal(row["body"]), row["received_at"]) for row in store.rows} == {(b"body", AT)}


ANSWER = Answer("a1", "take")
NO_ANSWERS = [
    None,
    b"",
    b"[]",
    b'{"answer": null}',
    b'{"answer": {"alert": 5, "does": "take"}}',
    b'{"answer": {"alert": "a", "does": "fly"}}',
    b'{"answer": {"alert": "a", "does": "take", "due": "0000-00-00"}}',
    b'{"signal":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"answer":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"other": 1}',
]


@pytest.mark.parametrize("value", NO_ANSWERS, ids=range(len(NO_ANSWERS)))
def test_a_message_that_is_no_answer_is_passed_over(value: bytes | None) -> None:
    told = [signal_messages.answer_message(ANSWER), value, b'{"signal": {}}', signal_messages.judged_message("county")]
    assert signals.read(told) == [ANSWER]
