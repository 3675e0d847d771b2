"""Requests that are judged together fare as each would alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nytta.ingest.http.decode_queue import DecodeQueue
from nytta.ingest.http.modes import Mode
from nytta.ingest.http.tokens import Token
from nytta.ingest.http.validation import Circumstances, EventRequest, Judged, judge
from tests.ingest.http.conftest import KEYS, NOW, Kept, event, of_unit
from tests.organisations import county

GIVEN = Circumstances(county(), KEYS.pseudonymiser(), NOW)
TOKENS = [
    Token(id="all", source="all", hash="", created=NOW),
    Token(id="south", source="south", hash="", created=NOW, units=("south",)),
]


def sent(token: Token, events: list[Any], mode: Mode = Mode.BATCH) -> EventRequest:
    body = orjson.dumps(events) if mode is Mode.BATCH else b"\n\n".join(map(orjson.dumps, events))
    return EventRequest(token, mode, [], body)


EVENTS = st.one_of(
    st.tuples(st.integers(1, 4), st.sampled_from(["north", "south", "nowhere"])).map(lambda t: of_unit(t[1], t[0])),
    st.sampled_from([event(1, time="lunchtime"), event(2, type="nytta.unheard.of.v1"), {}, 5, None, "text"]),
)
REQUESTS = st.builds(
    sent,
    st.sampled_from(TOKENS),
    st.lists(EVENTS, max_size=4),
    st.sampled_from([Mode.BATCH, Mode.NDJSON]),
)


def rows(table: pa.Table) -> Counter[tuple[str, str, str]]:
    names = ("source", "id", "unit")
    return Counter(zip(*(table[name].to_pylist() for name in names), strict=True))


@settings(max_examples=60)
@given(st.lists(REQUESTS, max_size=6))
def test_together_as_alone(requests: list[EventRequest]) -> None:
    table, judged = judge(requests, GIVEN)
    alone = [judge([one], GIVEN) for one in requests]
    assert rows(table) == sum((rows(its) for its, _ in alone), Counter())
    assert judged == [its for _, (its,) in alone]
    assert len(table) == sum(its.accepted for its in judged)


def test_an_unreadable_body_is_one_reject_beside_good_ones() -> None:
    bad = EventRequest(TOKENS[0], Mode.BATCH, [], b"{]")
    table, judged = judge([sent(TOKENS[0], [event(1)]), bad, sent(TOKENS[1], [of_unit("south", 2)])], GIVEN)
    assert sorted(table["id"].to_pylist()) == ["1", "2"]
    assert [(its.read, its.accepted) for its in judged] == [(1, 1), (1, 0), (1, 1)]
    assert judged[1].rejects[0].body == b"{]"


def test_the_fault_of_one_request_is_not_its_neighbours() -> None:
    def faulty(requests: Sequence[EventRequest]) -> tuple[pa.Table, list[Judged]]:
        if any(b"poison" in one.body for one in requests):
            raise RuntimeError("a fault")
        return judge(requests, GIVEN)

    async def run() -> list[Any]:
        queue = DecodeQueue(faulty, Kept())
        requests = [sent(TOKENS[0], [event(n)]) for n in range(6)] + [sent(TOKENS[0], [event("poison")])]
        try:
            return await asyncio.gather(*map(queue.take, requests), return_exceptions=True)
        finally:
            queue.close()

    *good, bad = asyncio.run(run())
    assert [its.accepted for its in good] == [1] * 6
    assert isinstance(bad, RuntimeError)


def test_nothing_is_answered_where_nothing_is_durable() -> None:
    kept = Kept()
    kept.refusal = OSError("the disk is full")

    async def run() -> None:
        queue = DecodeQueue(lambda requests: judge(requests, GIVEN), kept)
        with pytest.raises(OSError, match="full"):
            await queue.take(sent(TOKENS[0], [event(1)]))
        queue.close()

    asyncio.run(run())
