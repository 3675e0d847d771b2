"""What a process tells Prometheus of evaluations, publications and messages, and of the sources that it asks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS: Final = (0.1, 0.5, 1, 2, 5, 10, 20, 60, 300)


class Publications:
    """How long publications take, and when the last one was."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "nytta_publication_seconds",
            "Seconds of a publication.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._at = Gauge(
            "nytta_published_timestamp_seconds",
            "When it was last looked at publishing.",
            registry=registry,
        )

    @contextmanager
    def one(self) -> Iterator[None]:
        """Entered for one publication; one that fails is not counted."""
        started = time.perf_counter()
        # no `finally`: a publication that fails soon would make the usual one seem short
        yield
        self._seconds.observe(time.perf_counter() - started)
        self.looked()

    def looked(self) -> None:
        """It was looked at publishing, and nothing was due."""
        self._at.set_to_current_time()


class Evaluations:
    """How long it takes to judge and to send, when it was last done, and what became of the messages."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "nytta_evaluation_seconds",
            "Seconds of an evaluation: lag detection, where this process does it, and alerts.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._at = Gauge(
            "nytta_evaluated_timestamp_seconds",
            "When alerts were last evaluated, or nothing was there to evaluate.",
            registry=registry,
        )
        self._delivering = Histogram(
            "nytta_delivery_seconds",
            "Seconds to send what was due.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._sent = Counter(
            "nytta_messages_sent", "Messages that went out, each way by itself.", registry=registry
        )
        self._failed = Counter(
            "nytta_messages_failed",
            "Tries to send a message that failed.",
            ["channel"],
            registry=registry,
        )
        self._waiting = Gauge(
            "nytta_messages_waiting", "Messages that are tried again later.", registry=registry
        )

    @contextmanager
    def one(self) -> Iterator[None]:
        """Entered for one evaluation; one that fails is not counted."""
        started = time.perf_counter()
        yield
        self._seconds.observe(time.perf_counter() - started)
        self.looked()

    def looked(self) -> None:
        """It was looked whether anything is to be evaluated, and nothing was."""
        self._at.set_to_current_time()

    @contextmanager
    def delivery(self) -> Iterator[None]:
        """Entered while what is due is sent."""
        started = time.perf_counter()
        yield
        self._delivering.observe(time.perf_counter() - started)

    def delivered(self, sent_count: int, failed: Iterable[str], waiting: int) -> None:
        """What became of the messages: how many went out, the channels that failed, and how many are tried again."""
        self._sent.inc(sent_count)
        for channel in failed:
            self._failed.labels(channel).inc()
        self._waiting.set(waiting)


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """How a source that is asked stands."""

    read_at: datetime | None
    """When it was last read well; None where it never was."""
    interval: float
    """Seconds between two of its rounds, as they are declared."""
    excused: bool
    """Whether nobody misses it: it is muted, or ended, by a date."""
    unplaced: int
    """Events that wait for their unit to be known."""
    silent_fields: int
    """Fields that said something in every row before, and say nothing now."""


class SourceRounds:
    """How the sources stand that this process asks, by the ids that sources.yaml gives them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"nytta_source_{name}", text, ["source"], registry=registry)

        self._read = gauge(
            "read_timestamp_seconds", "When a source was last read well; 0 where it never was."
        )
        self._interval = gauge(
            "interval_seconds", "Seconds between two rounds of a source, as declared."
        )
        self._excused = gauge(
            "excused", "1 where a source is muted or ended by a date, so that nobody misses it."
        )
        self._unplaced = gauge(
            "unplaced_events", "Events of a source that wait for their unit to be known."
        )
        self._silent = gauge(
            "silent_fields", "Fields of a source that always said something and say nothing now."
        )
        self._rounds = Counter(
            "nytta_source_rounds",
            "Rounds of a source, by how they ended.",
            ["source", "state"],
            registry=registry,
        )

    def stands(self, source: str, standing: SourceStanding) -> None:
        """Tell how a source stands now."""
        self._read.labels(source).set(standing.read_at.timestamp() if standing.read_at else 0)
        self._interval.labels(source).set(standing.interval)
        self._excused.labels(source).set(standing.excused)
        self._unplaced.labels(source).set(standing.unplaced)
        self._silent.labels(source).set(standing.silent_fields)

    def ended(self, source: str, state: str) -> None:
        """Count a round that ended in a state."""
        self._rounds.labels(source, state).inc()

    def forget(self) -> None:
        """Tell of no source any more: another process asks them."""
        for gauge in (self._read, self._interval, self._excused, self._unplaced, self._silent):
            gauge.clear()
