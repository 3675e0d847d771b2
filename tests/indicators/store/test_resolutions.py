"""When a ticket was resolved: the first resolution after the last work on it, and never while it is reopened."""

from __future__ import annotations

import pytest

from nytta.indicators.store.recompute import recompute
from nytta.ingest.store.private import PrivateStore
from tests.rows import NOW, at, event, table

TICKETS: dict[str, tuple[list[tuple[str, str]], str | None]] = {
    "closed by itself": ([("opened", "03-28"), ("resolved", "03-29"), ("resolved", "04-03")], "03-29"),
    "worked on again": (
        [("resolved", "03-29"), ("assigned", "03-30"), ("resolved", "04-03"), ("resolved", "04-09")],
        "04-03",
    ),
    "reopened": ([("resolved", "03-29"), ("reopened", "03-30")], None),
    "reopened and solved": ([("resolved", "03-29"), ("reopened", "03-30"), ("resolved", "04-02")], "04-02"),
    "changed after": ([("resolved", "03-29"), ("assigned", "04-02")], "03-29"),
    "at once": ([("assigned", "03-29"), ("resolved", "03-29")], "03-29"),
    "open": ([("opened", "03-28"), ("assigned", "03-29")], None),
}


@pytest.mark.parametrize("backwards", [False, True])
def test_when_a_ticket_was_resolved(store: PrivateStore, backwards: bool) -> None:
    rows = [
        event(f"{name} {number}", f"ticket.{what}", day, name)
        for name, (events, _) in TICKETS.items()
        for number, (what, day) in enumerate(events)
    ]
    store.write(table(rows[::-1] if backwards else rows), [], seal=bytes, received_at=NOW)
    recompute(store, ())
    found = store.connection.rows(
        "SELECT any(e.id), any(t.resolved_at), any(t.reopened) "
        "FROM {private}.tickets AS t FINAL INNER JOIN {private}.events AS e ON e.subject = t.subject GROUP BY t.subject"
    )
    told = {id_.rpartition(" ")[0]: resolved and resolved.replace(tzinfo=NOW.tzinfo) for id_, resolved, _ in found}
    assert told == {name: day and at(day) for name, (_, day) in TICKETS.items()}
    assert sum(reopened for *_, reopened in found) == 2
