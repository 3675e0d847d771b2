"""How events reach the service: mostly at once, some late, a few twice, and not at all while a source is
silent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nytta.demo.lines import Lines
from nytta.demo.randomness import Flags, Ints, stream
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
    seed: int,
    feeds: Sequence[tuple[Feed, Calendar]],
    silences: Sequence[Silence],
    weeks: int,
) -> Iterator[bytes]:
    """NDJSON in order of arrival, one chunk per week; events after the last week have not happened yet.

    Holds the events of the weeks ahead that known cases will bring, and no more.
    """
    waiting: list[_Waiting] = [_Waiting() for _ in range(weeks)]
    rngs = [stream(seed, feed.source, type(feed).__name__, "delivery") for feed, _ in feeds]
    for week in range(weeks):
        for (feed, calendar), rng in zip(feeds, rngs, strict=True):
            feed_lines = feed.week(week)
            if not feed_lines.text:
                continue
            moments = feed_lines.moments()
            arrival = _arrival(moments, rng)
            duplicates = np.flatnonzero(rng.random(len(moments)) < TWICE_SHARE)
            repeat_delay = 60_000 + (rng.random(len(duplicates)) * 23 * _HOUR).astype(np.int64)
            second_arrival = arrival[duplicates] + repeat_delay
            # drawn for all, delivered or not: a silence leaves the other events as they are without it
            is_delivered = (moments < calendar.end) & ~_silent(
                feed.source, calendar.week_of(moments), silences
            )
            is_duplicated = is_delivered[duplicates]
            delivered_rows = np.concatenate(
                (np.flatnonzero(is_delivered), duplicates[is_duplicated])
            )
            arrivals = np.concatenate((arrival[is_delivered], second_arrival[is_duplicated]))
            # what was sent before the end is delivered by the end: the last chunk takes the stragglers
            chunk = np.clip(calendar.week_of(arrivals), week, weeks - 1)
            by_chunk = np.argsort(chunk, kind="stable")
            bounds = np.searchsorted(chunk[by_chunk], np.arange(week, weeks + 1))
            for number, arrival_week in enumerate(range(week, weeks)):
                arriving = by_chunk[bounds[number] : bounds[number + 1]]
                if len(arriving):
                    line_texts = [
                        feed_lines.text[line_number]
                        for line_number in delivered_rows[arriving].tolist()
                    ]
                    waiting[arrival_week].add(arrivals[arriving], line_texts)
        yield waiting[week].chunk()
        waiting[week] = _Waiting()


def _silent(source: str, weeks: Ints, silences: Sequence[Silence]) -> Flags:
    """Which events of a source fall into one of its silences, by the weeks in which they happened."""
    is_silent: Flags = np.zeros(len(weeks), bool)
    for silence in silences:
        if silence.source == source:
            is_silent |= (weeks >= silence.first) & (weeks <= silence.last)
    return is_silent


def _arrival(moments: Ints, rng: np.random.Generator) -> Ints:
    is_late = rng.random(len(moments)) < LATE_SHARE
    hours = np.minimum(rng.exponential(9.0, len(moments)), LATE_HOURS)
    delay = (hours * _HOUR).astype(np.int64)
    return moments + np.where(is_late, delay, 0)


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
