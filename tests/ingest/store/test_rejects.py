"""Rejects in the store: the same one twice is one, and those that passed are forgotten alone, in both zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nytta.ingest.events.batch import Reject
from nytta.ingest.events.reasons import Reason
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import RejectQuery, forget_rejects, latest_rejects, sealed_rejects, write_rejects

# rejects go after fourteen days, so these have come just now
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)


def reject(line: int, reason: Reason = Reason.UNKNOWN_UNIT) -> Reject:
    return Reject(reason, "no such unit", "desk", f"line {line}", b"body %d" % line)


def reversed_bytes(body: bytes) -> bytes:
    """What seals a body in these tests."""
    return body[::-1]


def test_the_same_reject_twice_is_one_and_bodies_stay_sealed(store: PrivateStore) -> None:
    for _ in range(2):
        write_rejects(store.connection, [reject(1), reject(2)], reversed_bytes, NOW)
    assert [(row["position"], row["reason"]) for row in latest_rejects(store)] == [
        ("line 1", "unknown_unit"),
        ("line 2", "unknown_unit"),
    ]
    assert all("body" not in row for row in latest_rejects(store))
    assert [sealed.body for sealed in sealed_rejects(store, RejectQuery())] == [b"1 ydob", b"2 ydob"]


def test_a_query_chooses_by_reason_source_and_time_of_receipt(store: PrivateStore) -> None:
    write_rejects(store.connection, [reject(1)], reversed_bytes, NOW)
    write_rejects(store.connection, [reject(2, Reason.FUTURE_TIME)], reversed_bytes, NOW + timedelta(hours=1))
    positions = {
        query: [sealed.position for sealed in sealed_rejects(store, query)]
        for query in (
            RejectQuery(reason="future_time"),
            RejectQuery(source="elsewhere"),
            RejectQuery(until=NOW + timedelta(hours=1)),
            RejectQuery(since=NOW + timedelta(hours=1)),
            RejectQuery(limit=1),
        )
    }
    assert list(positions.values()) == [["line 2"], [], ["line 1"], ["line 2"], ["line 1"]]


def test_what_passed_is_forgotten_alone(store: PrivateStore) -> None:
    lines = range(1100)  # more than one statement takes
    write_rejects(store.connection, [reject(line) for line in lines], reversed_bytes, NOW)
    passed = [sealed for sealed in sealed_rejects(store, RejectQuery()) if sealed.position != "line 7"]
    forget_rejects(store.connection, passed)
    assert [row["position"] for row in latest_rejects(store)] == ["line 7"]
    assert store.connection.rows("SELECT position FROM {open}.rejected") == [("line 7",)]
