"""What was accepted is in the store once, whoever dies when; and nobody who must see it reads without it."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from nytta.ingest.events.batch import Reject
from nytta.ingest.events.pseudonyms import Pseudonym
from nytta.ingest.events.reasons import Reason
from nytta.ingest.store.backlog import Backlog, BacklogFullError
from nytta.ingest.store.exclusions import exclude
from nytta.ingest.store.outcomes import batch_counts
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import latest_rejects, sealed_table
from nytta.ingest.store.sources import all_sources
from nytta.storage.client import Connection
from nytta.storage.errors import DiskFullError
from tests.rows import NOW, event, pseudonym, table

NONE = sealed_table((), bytes, NOW)


class Death(BaseException):
    """The process is gone."""


@contextmanager
def dying(patch: pytest.MonkeyPatch, chance: random.Random, statements: int) -> Iterator[None]:
    """While this is entered, the process dies at one of the next inserts, before or after it."""
    left = [chance.randrange(statements)]
    insert = Connection.insert_arrow

    def mortal(self: Connection, name: str, rows: pa.Table) -> None:
        left[0] -= 1
        if left[0] == 0 and chance.random() < 0.5:
            raise Death
        insert(self, name, rows)
        if left[0] == 0:
            raise Death

    with patch.context() as inside:
        inside.setattr(Connection, "insert_arrow", mortal)
        yield


def torn(folder: Path, chance: random.Random) -> None:
    """Add a record that was not written to its end to the segment that was written last."""
    segments = sorted(folder.glob("*.segment"))
    if segments:
        content = segments[-1].read_bytes()
        length = int.from_bytes(content[4:12], "little")
        with segments[-1].open("ab") as file:
            file.write(content[: chance.randrange(length)])


def group(number: int) -> pa.Table:
    """Three events, one of them of the last group too."""
    cases = (2 * number, 2 * number + 1, 2 * number + 2)
    return table([event(case, "case.opened", "02-04", f"c{case}", channel="web") for case in cases])


def reject(number: int) -> pa.Table:
    found = Reject(Reason.MALFORMED_JSON, "no JSON", "desk", f"line {number}", b"{%d" % number)
    return sealed_table((found,), bytes, datetime.now(UTC))  # older ones go


@pytest.mark.parametrize("kills", [4, pytest.param(10, marks=pytest.mark.slow)])
def test_random_deaths_lose_nothing_and_double_nothing(
    new_store: Callable[[], PrivateStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)
    first = new_store()
    accepted: set[int] = set()
    number = deaths = 0
    while deaths < kills:
        store = PrivateStore(first.connection)  # a process of its own knows nothing
        backlog = Backlog(store, tmp_path / "accepted", most=10)
        try:
            with dying(monkeypatch, chance, 14):  # in the middle of what an earlier death left, too
                backlog.open()
                for _ in range(chance.randrange(1, 7)):
                    batch = backlog.append(group(number), reject(number))
                    assert batch not in accepted, f"seed {seed}"
                    accepted.add(batch)
                    number += 1
                    if chance.random() < 0.4:
                        store.settle()
        except Death:
            deaths += 1
        backlog.close()
        torn(tmp_path / "accepted", chance)
    store = PrivateStore(first.connection)
    with_all = Backlog(store, tmp_path / "accepted")
    with_all.open()
    assert list((tmp_path / "accepted").iterdir()) == []
    rows = store.connection.rows("SELECT id, count() FROM {private}.events FINAL GROUP BY id")
    assert len(rows) == 2 * number + 1, f"seed {seed}"
    assert {count for _, count in rows} == {1}, f"seed {seed}"
    assert store.connection.value("SELECT count() FROM {private}.rejects FINAL") == number
    assert store.connection.value("SELECT uniqExact(event) FROM {private}.deliveries") == 2 * number + 1
    marked = {batch for (batch,) in store.connection.rows("SELECT DISTINCT batch FROM {private}.marks")}
    assert marked == accepted, f"seed {seed}"
    assert store.raise_batch() > max(accepted)
    with_all.close()


@pytest.fixture(scope="module")
def store(new_module_store: Callable[[], PrivateStore]) -> PrivateStore:
    """One store for all that follows, each test with groups of its own."""
    return new_module_store()


@pytest.fixture
def backlog(store: PrivateStore, tmp_path: Path) -> Iterator[Backlog]:
    opened = Backlog(store, tmp_path / "accepted", room=8)
    opened.open()
    yield opened
    opened.close()


def stored(store: PrivateStore, number: int) -> int:
    """How many events of a group are in the store as it lies there."""
    ids = [str(row) for row in group(number)["id"].to_pylist()]
    return int(
        store.connection.value("SELECT uniqExact(id) FROM {private}.events WHERE has({ids:Array(String)}, id)", ids=ids)
    )


def test_whoever_reads_sees_what_was_accepted(store: PrivateStore, backlog: Backlog) -> None:
    batch = backlog.append(group(10), NONE)
    assert backlog.waits
    assert [row["events"] for row in all_sources(store)] == [3]
    assert not backlog.waits
    later = backlog.append(group(11), reject(1))
    assert [row["accepted"] for row in batch_counts(store, batch)] == [3]
    assert backlog.waits  # nobody who asks for another batch waits for this one
    assert [(row["accepted"], row["duplicate"]) for row in batch_counts(store, later)] == [(2, 1)]
    backlog.append(group(12), reject(2))
    assert {row["position"] for row in latest_rejects(store)} == {"line 1", "line 2"}
    backlog.append(group(13), NONE)
    assert store.marks_wait()
    assert stored(store, 13) == 3
    backlog.append(group(14), NONE)
    with store.writing:
        assert stored(store, 14) == 3


def test_a_number_is_given_once(store: PrivateStore, backlog: Backlog) -> None:
    numbers = [backlog.append(group(20), NONE)]
    numbers.append(store.write(group(21), (), seal=bytes, received_at=NOW))
    numbers.append(backlog.append(table([]), NONE))
    numbers.append(backlog.append(group(22), NONE))
    assert numbers == sorted(set(numbers))


def test_more_than_room_is_refused_until_it_is_stored(store: PrivateStore, backlog: Backlog) -> None:
    backlog.append(group(30), NONE)
    backlog.append(group(31), NONE)
    with pytest.raises(BacklogFullError):
        backlog.append(group(33), NONE)
    store.settle()
    assert stored(store, 33) == 0
    backlog.append(group(33), NONE)
    store.settle()
    assert stored(store, 33) == 3


def test_without_room_on_the_disk_nothing_is_accepted(
    store: PrivateStore, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", lambda *_: 0)
        with pytest.raises(DiskFullError, match="could not be kept"):
            backlog.append(group(40), NONE)
    assert not backlog.waits
    backlog.append(group(42), NONE)
    store.settle()
    assert (stored(store, 40), stored(store, 42)) == (0, 3)


def test_a_store_that_fails_keeps_what_was_accepted(
    store: PrivateStore, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DiskFullError

    backlog.append(group(50), NONE)
    with monkeypatch.context() as patch:
        patch.setattr(Connection, "insert_arrow", fail)
        with pytest.raises(DiskFullError):
            store.settle()
    assert backlog.waits
    store.settle()
    assert stored(store, 50) == 3


def test_a_thread_brings_in_what_nobody_asks_for(store: PrivateStore, tmp_path: Path) -> None:
    backlog = Backlog(store, tmp_path / "accepted", seconds=0.01)
    backlog.open()
    with backlog.draining():
        backlog.append(group(60), NONE)
        until = time.monotonic() + 60
        while backlog.waits and time.monotonic() < until:
            time.sleep(0.01)
        assert not backlog.waits
        backlog.append(group(61), NONE)
    assert not backlog.waits
    backlog.close()
    assert (stored(store, 60), stored(store, 61)) == (3, 3)


def test_who_is_excluded_meanwhile_is_not_stored(store: PrivateStore, backlog: Backlog) -> None:
    sessions = [event(who, "platform.session", "02-11", who, actor=who, quantity=1) for who in ("ada", "bo")]
    backlog.append(table(sessions), NONE)
    exclude(store.connection, [Pseudonym("k1", pseudonym("ada"))], "2026-7", NOW)
    store.settle()
    assert store.connection.rows("SELECT id FROM {private}.events FINAL WHERE kind = 'session'") == [("bo",)]
