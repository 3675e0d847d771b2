"""Worlds that several tests read, made once, and their events as plain dicts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from nytta.demo import World, simulate

Event = dict[str, Any]
UNTIL = "2026-W44"
SEED = 3


@lru_cache(maxsize=2)
def _world(story: str, seed: int) -> World:
    return simulate(story, seed, until=UNTIL)


@lru_cache(maxsize=1)
def _events(story: str, seed: int) -> list[Event]:
    found: dict[tuple[str, str], Event] = {}
    for chunk in _world(story, seed).batches():
        for line in chunk.splitlines():
            event = orjson.loads(line)
            found.setdefault((event["source"], event["id"]), event)
    return list(found.values())


@pytest.fixture(scope="session")
def world() -> Callable[[str], World]:
    """The world of a story."""
    return lambda story: _world(story, SEED)


@pytest.fixture(scope="session")
def events() -> Callable[[str], list[Event]]:
    """The events of a story, each once, in order of arrival."""
    return lambda story: _events(story, SEED)


def local_week(moment: str, zone: str) -> str:
    """The ISO week in which a moment falls in a time zone."""
    year, week, _ = datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)).isocalendar()
    return f"{year}-W{week:02d}"
