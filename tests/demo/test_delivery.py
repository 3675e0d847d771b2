"""How events arrive: in order, but for some late ones; a few twice; a silent source not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import orjson
import pytest

from nytta.demo import World

from .conftest import local_week

Worlds = Callable[[str], World]


@pytest.fixture(scope="module")
def arrived(world: Worlds) -> list[bytes]:
    return b"".join(world("case-system").batches()).splitlines()


def test_some_events_are_late_but_none_by_more_than_two_days(arrived: list[bytes]) -> None:
    moments = [datetime.fromisoformat(orjson.loads(line)["time"]) for line in dict.fromkeys(arrived)]
    latest, late = moments[0], 0
    for moment in moments:
        latest = max(latest, moment)
        # an event that follows a later one has arrived late: the later one was there before it
        late += latest - moment > timedelta(minutes=30)
        assert latest - moment <= timedelta(hours=48)
    assert 0.02 < late / len(moments) < 0.06


def test_a_few_events_arrive_twice_unchanged(arrived: list[bytes]) -> None:
    once = dict.fromkeys(arrived)
    assert 0.002 < 1 - len(once) / len(arrived) < 0.006
    identities = [(event["source"], event["id"]) for event in map(orjson.loads, once)]
    assert len(identities) == len(set(identities))


def test_a_source_falls_silent_for_some_weeks(arrived: list[bytes], world: Worlds) -> None:
    truth = world("case-system").truth
    weeks, silences = truth["weeks"], truth["silences"]
    silent = {week for silence in silences for week in weeks if silence["from_week"] <= week <= silence["to_week"]}
    (source,) = {silence["source"] for silence in silences}
    events = [event for event in map(orjson.loads, arrived) if event["source"] == source]
    seen = {local_week(event["time"], "Europe/Stockholm") for event in events}
    assert len(silent) == 5
    assert not seen & silent
    assert len(seen) > 50


def test_chunks_follow_the_weeks(world: Worlds) -> None:
    truth = world("anchoring").truth
    for week, chunk in zip(truth["weeks"], world("anchoring").batches(), strict=True):
        for line in chunk.splitlines():
            assert local_week(orjson.loads(line)["time"], "Europe/Oslo") <= week
