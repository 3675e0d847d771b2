"""A store that is stopped begins nothing more but what somebody waits for, and breaks off what is under way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nytta.indicators.store.recompute import recompute
from nytta.ingest.events import to_ndjson
from nytta.ingest.files import cloudevents
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.imports import all_imports
from nytta.ingest.store.private import PrivateStore
from nytta.storage.client import Connection, embedded
from nytta.storage.errors import StoppedError, StoreError, answering
from tests.indicators.store.test_dying_rounds import MOVES
from tests.indicators.store.test_exactness import BASE, DEFINITIONS, checked, deliver
from tests.ingest.http.conftest import event
from tests.organisations import county, small_county
from tests.rows import NOW, table
from tests.support.processes import until

LONG = "SELECT count() FROM numbers(100000000000) WHERE cityHash64(number) = 1"


@pytest.fixture
def another(engine: Connection) -> Iterator[Callable[[PrivateStore], PrivateStore]]:
    """Opens a store once more, by a connection that can be stopped without stopping the others of this run."""
    opened: list[Connection] = []

    def open_(store: PrivateStore) -> PrivateStore:
        (path,) = engine.rows("SELECT path FROM system.disks WHERE name = 'default'")[0]
        opened.append(embedded(Path(path), store.connection.zones))
        return PrivateStore(opened[-1])

    yield open_
    for connection in opened:
        connection.close()


def test_nothing_is_begun_any_more_but_what_somebody_waits_for(
    store: PrivateStore, another: Callable[[PrivateStore], PrivateStore]
) -> None:
    stopped = another(store)
    connection = stopped.connection
    connection.check()
    connection.stop()
    beside = connection.beside(connection.zones)
    for begun in (
        connection.check,
        lambda: connection.rows("SELECT 1"),
        lambda: beside.run("SELECT 1"),
        lambda: stopped.write(table(BASE), [], seal=bytes, received_at=NOW),
    ):
        with pytest.raises(StoppedError):
            begun()
    with answering():
        stopped.write(table(BASE), [], seal=bytes, received_at=NOW)
        connection.check()
    with pytest.raises(StoppedError):
        connection.check()
    assert store.connection.value("SELECT count() FROM {private}.events") == len(BASE)


@pytest.mark.parametrize("stops", [True, False])
def test_a_statement_under_way_is_broken_off(
    store: PrivateStore, another: Callable[[PrivateStore], PrivateStore], stops: bool
) -> None:
    connection = another(store).connection
    raised: list[Exception] = []

    def long() -> None:
        try:
            connection.rows(LONG)
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=long)
    thread.start()
    until(lambda: _under_way(store) == 1, "the statement")
    if stops:
        connection.stop()
    connection.cancel()
    thread.join(60)
    assert [type(error) for error in raised] == [StoppedError if stops else StoreError]
    assert _under_way(store) == 0


def test_a_stop_breaks_off_no_look_at_failed_writes(
    store: PrivateStore, another: Callable[[PrivateStore], PrivateStore]
) -> None:
    """A process looks at its end, while what it was doing is broken off again and again."""
    connection = another(store).connection
    connection.stop()
    ended = threading.Event()

    def break_off() -> None:
        while not ended.is_set():
            connection.cancel()

    thread = threading.Thread(target=break_off)
    thread.start()
    try:
        for _ in range(200):
            connection.look()
    finally:
        ended.set()
        thread.join(60)


def _under_way(store: PrivateStore) -> int:
    return int(
        store.connection.value("SELECT count() FROM system.processes WHERE query LIKE '%cityHash64(number) = 1\\n%'")
    )


@pytest.mark.slow
def test_a_round_that_is_broken_off_is_done_by_the_next(
    store: PrivateStore, tables: Path, another: Callable[[PrivateStore], PrivateStore]
) -> None:
    """At any of its moments: the marks stand, and the cells come out as from raw."""
    started = time.monotonic()
    deliver(store, [BASE])
    whole = time.monotonic() - started
    store.write(table(MOVES), [], seal=bytes, received_at=NOW)
    stopped = another(store)
    threading.Timer(whole / 2, stopped.connection.stop).start()

    def rounds() -> None:
        while True:
            recompute(stopped, DEFINITIONS)
            store.mark()

    with pytest.raises(StoppedError):
        rounds()
    assert store.marks_wait()
    checked(store, tables)


def test_what_an_import_has_read_is_kept(
    store: PrivateStore,
    another: Callable[[PrivateStore], PrivateStore],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The import ends between two chunks; given again it goes on from there, and every row counts once."""
    monkeypatch.setattr(cloudevents, "CHUNK_ROWS", 50)
    small_county(store.connection)
    events = [event(n) for n in range(300)]
    (tmp_path / "many.ndjson").write_bytes(to_ndjson(events))
    stopped = another(store)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    intake = Intake(stopped, Keys("k1", bytes(32)), county())
    with pytest.raises(StoppedError):
        intake.import_file(tmp_path / "many.ndjson", None, now, progress=lambda *_: stopped.connection.stop())
    (job,) = all_imports(store)
    assert job["state"] == "interrupted"
    assert 0 < job["read"] < len(events)
    report = Intake(store, intake.keys, county()).import_file(tmp_path / "many.ndjson", None, now)
    assert (report.read, report.accepted, report.duplicate) == (300, 300, 0)
