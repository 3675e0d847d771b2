"""Marks of a batch as it comes, in Arrow, and of stored events, in SQL, are the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from nytta.ingest.store.marks import marks_in, marks_of
from nytta.ingest.store.private import PrivateStore
from tests.organisations import small_county
from tests.rows import NOW, event, pseudonym, table

EVENTS = [
    event(1, "case.opened", "03-02T08", "c1"),
    event(2, "case.step", "03-02T09", "c1", actor="bo", activity="receive"),
    event(3, "case.step", "03-02T15", "c1", actor="ann", activity="decide"),
    event(4, "case.step", "03-03T15", "c1", actor="batch", actor_kind="system", activity="close"),
    event(5, "case.step", "03-03T09", "c2", actor="bo", activity="receive", unit="south"),
    event(6, "platform.session", "03-02T10", "bo", actor="bo", quantity=1),
    event(7, "platform.session", "03-04T10", "ann", actor="ann", quantity=1, retracted=1, revision=1),
    event(8, "ticket.opened", "03-02T10", "t1", actor="bo", channel="web"),
    event(9, "people.eligibility", "01-01", "bo", actor="bo", entitled=1),
]


def told(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Marks without their numbers, in order."""
    return sorted((row["kind"], row["system"], row["subject"], row["unit"], row["hour"]) for row in rows)


def test_a_batch_is_marked_as_stored_events_are(store: PrivateStore) -> None:
    small_county(store.connection)
    batch = store.write(table(EVENTS), [], seal=bytes, received_at=NOW)
    stored = store.connection.arrow(marks_in("{private}.events", f"batch = {batch}")).to_pylist()
    # the engine's own moments are seconds since 1970
    as_moments = [row | {"hour": datetime.fromtimestamp(row["hour"], UTC)} for row in stored]
    assert told(marks_of(table(EVENTS), batch).to_pylist()) == told(as_moments)


def test_acts_are_marked_by_unit_and_day_and_sessions_by_these_alone() -> None:
    marks = told(marks_of(table(EVENTS), 7).to_pylist())
    acts = [(system, unit, f"{hour:%m-%d}") for kind, system, _, unit, hour in marks if kind == "act"]
    assert acts == [
        ("cases", "north", "03-02"),
        ("cases", "north", "03-04"),
        ("cases", "south", "03-03"),
    ]
    # a session has no row that is derived of it; one that is taken back must be found by its batch
    sessions = [subject for kind, _, subject, _, _ in marks if kind == "session"]
    assert sessions == [pseudonym("ann")]
