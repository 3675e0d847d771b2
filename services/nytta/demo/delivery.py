"""How events reach the service: mostly at once, some late, a few twice, and not at all while a source is
silent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nytta.demo.lines import Lines
from nytta.demo.randomness import Ints, stream
from nytta.demo.weeks import Calendar

LATE_SHARE = 0.05
"""Share of events that arrive late."""
LATE_HOURS = 48
"""The latest arrival, in hours after the event."""
TWICE_SHARE = 0.004
"""Share of events that are delivered a second time, unchanged, within a day."""
_HOUR = 3_600_000


class Feed(Protocol):
    """A source that can say what it sends about one week; weeks are asked for in order, once each."""

    source: str

    def week(self, week: int) -> Lines:
        """Events that arise from this week; none of them is earlier than the week itself."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A source that delivers nothing for the weeks from `first` to `last`, both included; what it had is
    lost."""

    source: str
    first: int
    last: int


def deliver(
    seed: int, feeds: Sequence[tuple[Feed, Calendar]], silences: Sequence[Silence], weeks: int
) -> Iterator[bytes]:
    """NDJSON in order of arrival, one chunk per week; events after the last week have not happened yet.

    Holds the events of the weeks ahead that known cases will bring, and no more.
    """
    waiting: list[_Waiting] = [_Waiting() for _ in range(weeks)]
    rngs = [stream(seed, feed.source, type(feed).__name__, "delivery") for feed, _ in feeds]
    for week in range(weeks):
        for (feed, calendar), rng in zip(feeds, rngs, strict=True):
            lines = feed.week(week)
            if not lines.text:
                continue
            moments = lines.moments()
            arrival = _arrival(moments, rng)
            twice = np.flatnonzero(rng.random(len(moments)) < TWICE_SHARE)
            again = arrival[twice] + 60_000 + (rng.random(len(twice)) * 23 * _HOUR).astype(np.int64)
            is_within = moments < calendar.end
            for silence in silences:
                if silence.source == feed.source:
                    happened = calendar.week_of(moments)
                    is_within &= (happened < silence.first) | (happened > silence.last)
            rows = np.concatenate((np.flatnonzero(is_within), twice[is_within[twice]]))
            arrivals = np.concatenate((arrival[is_within], again[is_within[twice]]))
            # what was sent before the end is delivered by the end: the last chunk takes the stragglers
            chunk = np.clip(calendar.week_of(arrivals), week, weeks - 1)
            order = np.argsort(chunk, kind="stable")
            edges = np.searchsorted(chunk[order], np.arange(week, weeks + 1))
            for ahead in range(week, weeks):
                arriving = order[edges[ahead - week] : edges[ahead - week + 1]]
                if len(arriving):
                    waiting[ahead].add(arrivals[arriving], [lines.text[line] for line in rows[arriving].tolist()])
        yield waiting[week].chunk()
        waiting[week] = _Waiting()


def _arrival(times: Ints, rng: np.random.Generator) -> Ints:
    late = rng.random(len(times)) < LATE_SHARE
    hours = np.minimum(rng.exponential(9.0, len(times)), LATE_HOURS)
    return times + np.where(late, (hours * _HOUR).astype(np.int64), 0)


class _Waiting:
    """Lines that will arrive in one week."""

    def __init__(self) -> None:
        self._at: list[Ints] = []
        self._text: list[str] = []

    def add(self, times: Ints, text: list[str]) -> None:
        self._at.append(times)
        self._text.extend(text)

    def chunk(self) -> bytes:
        """All lines in order of arrival."""
        if not self._text:
            return b""
        order = np.argsort(np.concatenate(self._at), kind="stable").tolist()
        text = self._text
        return ("\n".join([text[line] for line in order]) + "\n").encode()
