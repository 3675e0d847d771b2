"""What operations may see of sources: coarse counts of days, and a source beside its own past."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

from nytta.disclosure.store.sources import publish_sources
from nytta.ingest.store.private import PrivateStore

NOW = datetime(2026, 3, 3, 6, tzinfo=UTC)
LAST = date(2026, 3, 2)


Delivered = tuple[str, date, int]
"""A source, a day, and how many events of that day it delivers."""


def deliver(
    store: PrivateStore, days: Iterable[Delivered], type_: str = "case.opened", received: date | None = None
) -> None:
    """Store the events of all days by one statement: each statement costs as much as thousands of rows.

    They are received as they happen, or all on the day `received`.
    """
    names = ["source", "id", "type", "kind", "system", "time", "received_at"]
    rows = []
    for source, day, events in days:
        moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        receipt = moment if received is None else datetime(received.year, received.month, received.day, 18, tzinfo=UTC)
        rows += [[source, f"{day}-{n}", type_, "case", "arken", moment, receipt] for n in range(events)]
    store.connection.insert("{private}.events", names, rows)


@pytest.mark.parametrize(("events", "told"), [(9, None), (10, 10), (34, 34), (146, 150), (1249, 1200)])
def test_counts_are_told_in_two_digits_and_none_under_ten(store: PrivateStore, events: int, told: int | None) -> None:
    deliver(store, [("/desk", LAST, events)])
    publish_sources(store.connection, NOW)
    publish_sources(store.connection, NOW)
    assert store.connection.rows("SELECT day, events FROM {open}.source_days") == [(LAST, told)]


def test_a_source_is_held_against_its_own_weekdays(store: PrivateStore) -> None:
    last = {"/steady": 60, "/half": 20, "/silent": 0, "/double": 200, "/fresh": 60}
    past = [
        (source, LAST - timedelta(weeks=week), 60 + week)
        for source in last
        for week in range(1, 9)
        if source != "/fresh" or week < 3
    ]
    deliver(store, [*past, *((source, LAST, events) for source, events in last.items())])
    publish_sources(store.connection, NOW)
    found = dict(store.connection.rows("SELECT source, state FROM {open}.sources"))
    assert found == {"/steady": "ok", "/half": "low", "/silent": "silent", "/double": "high", "/fresh": "learning"}


@pytest.mark.parametrize(("gap", "ago", "state"), [(28, 30, "ok"), (28, 58, "silent"), (2, 6, "ok"), (2, 9, "silent")])
def test_a_source_that_seldom_delivers_is_held_against_its_own_gaps(
    store: PrivateStore, gap: int, ago: int, state: str
) -> None:
    seldom = [("/seldom", LAST - timedelta(days=ago + gap * n), 3) for n in range(5 if gap > 7 else 20)]
    deliver(store, [("/daily", LAST, 60), *seldom, ("/once", LAST - timedelta(weeks=20), 3)])
    publish_sources(store.connection, NOW)
    found = dict(store.connection.rows("SELECT source, state FROM {open}.sources"))
    assert (found["/seldom"], found["/once"]) == (state, "learning")


@pytest.mark.parametrize("daily", [60, 3])
@pytest.mark.parametrize(("ago", "state"), [(2, "ok"), (3, "ok"), (15, "silent"), (43, "silent"), (85, "silent")])
def test_a_source_of_working_days_is_silent_on_a_weekend_too(
    store: PrivateStore, daily: int, ago: int, state: str
) -> None:
    """Its last day is a Friday or a Thursday, and it paused for eleven days at Christmas."""
    sunday = LAST - timedelta(days=1)
    days = [sunday - timedelta(days=offset) for offset in range(ago, ago + 90)]
    worked = [day for day in days if day.weekday() < 5 and not date(2025, 12, 23) < day < date(2026, 1, 3)]
    deliver(store, [("/other", sunday, 60), *(("/desk", day, daily) for day in worked)])
    publish_sources(store.connection, NOW)
    found = dict(store.connection.rows("SELECT source, state FROM {open}.sources"))
    assert found["/desk"] == state


@pytest.mark.parametrize(
    ("reads", "ago", "state"),
    [(1, 0, "learning"), (3, 0, "learning"), (5, 0, "ok"), (5, 27, "ok"), (5, 59, "ok"), (5, 63, "silent")],
)
def test_a_list_is_held_against_the_days_on_which_it_is_read(
    store: PrivateStore, reads: int, ago: int, state: str
) -> None:
    """Read every thirty days, each time with thirty days that thin out at their end."""
    deliver(store, [("/other", LAST - timedelta(days=n), 60) for n in range(80)])
    for read in range(reads):
        received = LAST - timedelta(days=ago + 30 * read)
        listed = [("/list", received - timedelta(days=n + 2), 60 if n > 9 else 12) for n in range(30)]
        deliver(store, listed, received=received)
    publish_sources(store.connection, NOW)
    found = dict(store.connection.rows("SELECT source, state FROM {open}.sources"))
    assert found == {"/other": "ok", "/list": state}


@pytest.mark.parametrize(("ago", "state"), [(3, "ok"), (28, "ok"), (29, "resting"), (170, "resting")])
def test_of_a_course_that_has_ended_nothing_is_awaited(store: PrivateStore, ago: int, state: str) -> None:
    deliver(store, [("/other", LAST, 60)])
    deliver(store, [("/course", LAST - timedelta(days=ago + n), 30) for n in range(10)], "change.training")
    publish_sources(store.connection, NOW)
    found = dict(store.connection.rows("SELECT source, state FROM {open}.sources"))
    assert found["/course"] == state


def test_what_lies_behind_the_span_or_ahead_of_the_clock_is_left_out(store: PrivateStore) -> None:
    deliver(store, [("/desk", LAST - timedelta(weeks=27), 50), ("/desk", LAST + timedelta(days=1), 50)])
    publish_sources(store.connection, NOW)
    assert store.connection.rows("SELECT * FROM {open}.source_days") == []
