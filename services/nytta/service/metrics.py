"""What a process tells Prometheus of evaluations, publications and messages, and of the store's disk."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS: Final = (0.1, 0.5, 1, 2, 5, 10, 20, 60, 300)


class Publications:
    """How long publications take, and when the last one was."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "nytta_publication_seconds", "Seconds of a publication.", buckets=_BUCKETS, registry=registry
        )
        self._at = Gauge(
            "nytta_published_timestamp_seconds", "When it was last looked at publishing.", registry=registry
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
            "nytta_delivery_seconds", "Seconds to send what was due.", buckets=_BUCKETS, registry=registry
        )
        self._sent = Counter("nytta_messages_sent", "Messages that went out, each way by itself.", registry=registry)
        self._failed = Counter(
            "nytta_messages_failed", "Tries to send a message that failed.", ["channel"], registry=registry
        )
        self._waiting = Gauge("nytta_messages_waiting", "Messages that are tried again later.", registry=registry)

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
