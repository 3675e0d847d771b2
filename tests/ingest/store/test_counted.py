"""Whatever a person reads counts events, not raw rows: what came again, lost, or is not complete counts once or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from nytta.disclosure.store.series import short_weeks
from nytta.disclosure.store.sources import publish_sources
from nytta.indicators.disposal.removal import listed
from nytta.indicators.disposal.retention import due
from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.supports import supports
from nytta.ingest.events.batch import Reject
from nytta.ingest.events.reasons import Reason
from nytta.ingest.store.imports import Import, commit_import, finish_commits, save_import
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.quality import unknown_units
from nytta.ingest.store.rejects import write_rejects
from nytta.ingest.store.sources import all_sources
from nytta.registry import declarations
from tests.indicators.store.test_dying_rounds import Died, dying
from tests.organisations import county, small_county
from tests.rows import NOW, event, table

pytestmark = pytest.mark.slow

FIRST = [event(n, "case.opened", "03-02", f"c{n}", actor="bo", channel="web") for n in range(12)]
CLOSED = [event(100 + n, "case.closed", "03-03", f"c{n}") for n in range(3)]
OLD, NEW = (Import(n, f"{n}.csv", "", "", "", snapshot=n) for n in (1, 2))
LISTED = [event(200 + n, "case.opened", "03-02", f"l{n}", channel="web", source="list") for n in range(4)]
MOVED = [row | {"time": row["time"] + timedelta(days=7), "channel": ""} for row in LISTED[:3]]


@pytest.fixture
def untidy(store: PrivateStore) -> Iterator[PrivateStore]:
    """Fifteen events of one source and four of a list, in more than twice as many raw rows.

    Events were sent again, a writer was killed before its marks, two contents were in conflict, a later export of the
    list replaced three of its rows, and an import of other events was interrupted.
    """
    small_county(store.connection)
    store.connection.run("SYSTEM STOP MERGES")
    write = {"seal": bytes, "received_at": NOW}
    store.write(table(FIRST), [], **write)  # type: ignore[arg-type]
    store.write(table(FIRST), [], **write)  # type: ignore[arg-type]
    with pytest.raises(Died):
        dying(store, "{private}.marks").write(table(CLOSED), [], seal=bytes, received_at=NOW)
    finish_commits(store)
    store.write(table(CLOSED), [], **write)  # type: ignore[arg-type]
    store.write(table([FIRST[0] | {"channel": "phone"}]), [], **write)  # type: ignore[arg-type]
    for job, rows in ((OLD, LISTED), (NEW, MOVED)):
        for _ in range(2):
            store.write(table(rows), [], import_id=job.id, snapshot=job.snapshot, **write)  # type: ignore[arg-type]
        commit_import(store, job, NOW)
    save_import(store, replace(OLD, id=3), NOW)
    store.write(table([event("x", "case.opened", "03-02", "x", source="list")]), [], import_id=3, **write)  # type: ignore[arg-type]
    recompute(store, ())
    assert store.connection.value("SELECT count() FROM {private}.events") >= 2 * (12 + 3 + 4 + 3) + 1 + 1
    yield store
    store.connection.run("SYSTEM START MERGES")


def test_sources_and_what_a_restore_says(untidy: PrivateStore) -> None:
    found = {row["source"]: (row["events"], row["first_event"], row["last_event"]) for row in all_sources(untidy)}
    day = datetime(2026, 3, 2, 12, tzinfo=UTC).replace(tzinfo=None)
    assert {source: events for source, (events, *_) in found.items()} == {"test": 15, "list": 4}
    assert [moment.replace(tzinfo=None) for moment in found["list"][1:]] == [day, day + timedelta(days=7)]


def test_what_boards_show_of_a_source(untidy: PrivateStore) -> None:
    for n in range(12):  # a day of ten or more is told by its number
        untidy.write(table([event(f"t{n}", "case.opened", "03-04", f"t{n}")] * 2), [], seal=bytes, received_at=NOW)
    publish_sources(untidy.connection, datetime(2026, 3, 20, tzinfo=UTC))
    rows = untidy.connection.rows("SELECT source, day, events FROM {open}.source_days ORDER BY source, day")
    assert rows == [
        ("list", date(2026, 3, 2), None),
        ("list", date(2026, 3, 9), None),
        ("test", date(2026, 3, 2), 12),
        ("test", date(2026, 3, 3), None),
        ("test", date(2026, 3, 4), 12),
    ]


def test_a_day_whose_events_moved_is_told_anew(store: PrivateStore) -> None:
    rows = [event(n, "case.opened", "03-02", f"c{n}", source="list") for n in range(20)]
    later = [row | {"time": row["time"] + timedelta(days=1)} for row in rows]
    now = datetime(2026, 3, 20, tzinfo=UTC)
    for job, its in ((OLD, rows), (NEW, later)):
        store.write(table(its), [], seal=bytes, received_at=NOW, import_id=job.id, snapshot=job.snapshot)
        commit_import(store, job, NOW)
        recompute(store, ())
        publish_sources(store.connection, now)
    told = store.connection.rows("SELECT day, events FROM {open}.source_days ORDER BY day")
    assert told == [(date(2026, 3, 2), None), (date(2026, 3, 3), 20)]


def test_the_oldest_day_that_is_told_anew_is_told_whole(store: PrivateStore) -> None:
    rows = [event(n, "case.opened", f"03-02T{n:02d}", f"c{n}") for n in range(24)]
    store.write(table(rows), [], seal=bytes, received_at=NOW)
    publish_sources(store.connection, datetime(2026, 3, 2, 18, tzinfo=UTC) + timedelta(weeks=26))
    assert store.connection.rows("SELECT events FROM {open}.source_days") == [(24,)]


def test_the_share_that_names_units_nobody_knows(untidy: PrivateStore) -> None:
    rejects = [Reject(Reason.UNKNOWN_UNIT, "", "test", f"event {n}", b"%d" % n) for n in range(5)]
    write_rejects(untidy.connection, rejects, bytes, NOW)
    assert unknown_units(untidy.connection, NOW + timedelta(days=1)) == {"test": 5 / 20}


def test_what_a_source_supports(store: PrivateStore) -> None:
    """Twenty of twenty-one closed cases say whether they went end to end; the one that does not was sent five times."""
    store.connection.run("SYSTEM STOP MERGES")
    told = [event(n, "case.closed", "03-02", f"c{n}", end_to_end=1) for n in range(20)]
    untold = event("u", "case.closed", "03-02", "u")
    store.write(table(told), [], seal=bytes, received_at=NOW)
    for _ in range(5):
        store.write(table([untold]), [], seal=bytes, received_at=NOW)
    (definition,) = (d for d in load(declarations.schemas() / "indicators").definitions if d.id == "end-to-end")
    (found,) = supports(store, [definition])
    store.connection.run("SYSTEM START MERGES")
    assert not any("end_to_end" in missing for missing in found.indicators[0].missing), found


def test_weeks_that_came_in_short(store: PrivateStore) -> None:
    """The last of ten weeks brought fewer than half as many events, and each of them twice."""
    small_county(store.connection)
    store.connection.run("SYSTEM STOP MERGES")
    weeks = [date(2026, 1, 5) + timedelta(weeks=n) for n in range(10)]
    for n, week in enumerate(weeks):
        events = 9 if week == weeks[-1] else 20
        rows = [event(f"{n}-{e}", "case.opened", f"{week:%m-%d}", f"c{n}-{e}") for e in range(events)]
        for _ in range(1 + (week == weeks[-1])):
            store.write(table(rows), [], seal=bytes, received_at=NOW)
    store.connection.run("SYSTEM START MERGES")
    stale = short_weeks(store, county().organisations[0], weeks, np.zeros(10, bool))
    assert stale["cases", "case"].tolist() == [False] * 9 + [True]


def test_what_is_due_for_disposal_is_what_goes(untidy: PrivateStore) -> None:
    later = NOW + timedelta(weeks=27)
    found = {each.rule.value: each.rows for each in due(untidy, county(), later, "a decision")}
    assert found["persons"] == {"events": 12}
    untidy.connection.run("SYSTEM START MERGES")
    with listed(untidy, "actor != toFixedString('', 16)") as rows:
        assert rows == {"events deleted": 0, "events without their actor now": 12, "actions": 12}
