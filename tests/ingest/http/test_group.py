"""Group commit: nothing is answered before it is written, and all of a group are answered alike."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pyarrow as pa
import pytest

from nytta.ingest.events.batch import Reject, decode
from nytta.ingest.events.encode import to_ndjson
from nytta.ingest.events.reasons import Reason
from nytta.ingest.http.acceptance import Busy, Unavailable
from nytta.ingest.http.group import GroupCommit
from tests.ingest.http.conftest import KEYS, NOW, event

REJECT = Reject(Reason.MALFORMED_JSON, "no JSON", "desk", "body", b"{")


def table(*numbers: int) -> pa.Table:
    body = to_ndjson(event(n) for n in numbers)
    return decode(body, received_at=NOW, pseudonymise=KEYS.pseudonymiser()).table


class Store:
    """Remembers what was written in one go, and fails or waits when told."""

    def __init__(self) -> None:
        self.groups: list[tuple[list[str], int]] = []
        self.fails = False
        self.open = threading.Event()
        self.open.set()
        self.threads: set[int] = set()

    def __call__(self, events: pa.Table, rejects: Sequence[Reject]) -> None:
        self.threads.add(threading.get_ident())
        assert self.open.wait(60)
        if self.fails:
            raise OSError("the disk is full")
        self.groups.append((sorted(events["id"].to_pylist()), len(rejects)))


def test_what_comes_together_is_written_once() -> None:
    store = Store()

    async def run() -> None:
        async with GroupCommit(store) as commits:
            await asyncio.gather(*(commits.put(table(n), [REJECT]) for n in range(5)))
            assert commits.waiting == 0

    asyncio.run(run())
    assert store.groups == [(["0", "1", "2", "3", "4"], 5)]
    assert len(store.threads) == 1


def test_nothing_is_answered_before_it_is_written() -> None:
    store = Store()
    store.open.clear()

    async def run() -> None:
        async with GroupCommit(store) as commits:
            task = asyncio.create_task(commits.put(table(1), []))
            await asyncio.sleep(0.1)
            assert not task.done()
            assert commits.waiting == 1
            store.open.set()
            await task

    asyncio.run(run())
    assert store.groups == [(["1"], 0)]


def test_a_failed_write_answers_all_and_the_next_one_stands() -> None:
    store = Store()

    async def run() -> None:
        async with GroupCommit(store) as commits:
            store.fails = True
            answers = await asyncio.gather(*(commits.put(table(n), []) for n in range(3)), return_exceptions=True)
            assert [type(a) for a in answers] == [Unavailable] * 3
            with pytest.raises(Unavailable):
                await commits.ready()
            store.fails = False
            await commits.put(table(7), [])
            await commits.ready()

    asyncio.run(run())
    assert store.groups == [(["7"], 0)]


def test_a_refusal_is_answered_as_it_is() -> None:
    def full(_events: pa.Table, _rejects: Sequence[Reject]) -> int:
        raise Busy("the backlog is full", 5)

    async def run() -> None:
        async with GroupCommit(full) as commits:
            with pytest.raises(Busy) as refused:
                await commits.put(table(1), [])
            assert refused.value.retry_after == 5

    asyncio.run(run())


def test_a_group_has_no_more_than_most() -> None:
    store = Store()

    async def run() -> None:
        async with GroupCommit(store, most=4) as commits:
            await asyncio.gather(*(commits.put(table(n, n + 10), []) for n in range(4)))

    asyncio.run(run())
    assert store.groups == [(["0", "1", "10", "11"], 0), (["12", "13", "2", "3"], 0)]


def test_more_than_room_is_told_to_wait() -> None:
    store = Store()
    store.open.clear()

    async def run() -> None:
        async with GroupCommit(store, room=3) as commits:
            writing = asyncio.create_task(commits.put(table(1), []))
            await asyncio.sleep(0.1)
            waiting = asyncio.create_task(commits.put(table(2, 3), []))
            await asyncio.sleep(0)
            with pytest.raises(Busy):
                await commits.put(table(4), [])
            store.open.set()
            await asyncio.gather(writing, waiting)
            await commits.put(table(5, 6, 7, 8), [])  # larger than all room, but alone

    asyncio.run(run())
    assert [g for g, _ in store.groups] == [["1"], ["2", "3"], ["5", "6", "7", "8"]]


def test_stopping_writes_what_waits_and_takes_nothing_more() -> None:
    store = Store()

    async def run() -> None:
        commits = GroupCommit(store)
        async with commits:
            tasks = [asyncio.create_task(commits.put(table(n), [])) for n in range(3)]
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        with pytest.raises(Unavailable):
            await commits.put(table(9), [])

    asyncio.run(run())
    assert store.groups == [(["0", "1", "2"], 0)]


def test_a_sender_that_is_gone_takes_nobody_along() -> None:
    store = Store()

    async def run() -> None:
        async with GroupCommit(store) as commits:
            gone = asyncio.create_task(commits.put(table(1), []))
            stays = asyncio.create_task(commits.put(table(2), []))
            await asyncio.sleep(0)
            gone.cancel()
            await stays

    asyncio.run(run())
    assert store.groups == [(["1", "2"], 0)]
