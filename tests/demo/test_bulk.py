"""Plain events in bulk."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from nytta.demo import bulk
from nytta.ingest.events import Pseudonymiser, decode


def test_bulk_makes_as_many_distinct_acceptable_events_as_asked() -> None:
    bodies = list(bulk(25_001, 1, body_size=10_000))
    assert [body.count(b"\n") for body in bodies] == [10_000, 10_000, 5_001]
    found = [orjson.loads(line) for body in bodies for line in body.splitlines()]
    assert len({(event["source"], event["id"]) for event in found}) == 25_001
    assert len({event["data"]["unit"] for event in found}) == 500
    key = Pseudonymiser("test-1", b"a key of thirty-two bytes, no less")
    for body in bodies:
        assert not decode(body, received_at=datetime(2026, 11, 2, tzinfo=UTC), pseudonymise=key).rejects


def test_bulk_is_the_same_at_every_call() -> None:
    assert list(bulk(5_000, 1)) == list(bulk(5_000, 1))
    assert list(bulk(5_000, 1)) != list(bulk(5_000, 2))
