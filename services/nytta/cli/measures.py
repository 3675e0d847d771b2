"""What the service tells Prometheus of its publications, evaluations and messages, and of the store's disk."""

from __future__ import annotations

import contextlib
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from nytta.app import App
from nytta.app.evaluation import Evaluated
from nytta.store.client import StoreError

_BUCKETS: Final = (0.1, 0.5, 1, 2, 5, 10, 20, 60, 300)


class Measures:
    """Counters, histograms and gauges of the work that follows the clock."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._publishing = Histogram(
            "nytta_publication_seconds", "Seconds of a publication.", buckets=_BUCKETS, registry=registry
        )
        self._published = Gauge(
            "nytta_published_timestamp_seconds", "When it was last looked at publishing.", registry=registry
        )
        self._evaluating = Histogram(
            "nytta_evaluation_seconds",
            "Seconds of an evaluation: lag detection, alerts and the sending of messages.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._evaluated = Gauge(
            "nytta_evaluated_timestamp_seconds", "When alerts were last evaluated.", registry=registry
        )
        self._sent = Counter("nytta_messages_sent", "Messages that went out, each way by itself.", registry=registry)
        self._failed = Counter(
            "nytta_messages_failed", "Tries to send a message that failed.", ["channel"], registry=registry
        )
        self._waiting = Gauge("nytta_messages_waiting", "Messages that are tried again later.", registry=registry)
        self._free = Gauge(
            "nytta_store_free_ratio", "Part of the store's disk that is free, of the fullest disk.", registry=registry
        )
        self._free.set(float("nan"))  # not known yet

    def published(self, app: App, seconds: float) -> None:
        """A publication is over; how full the disk is belongs to it."""
        self._publishing.observe(seconds)
        self._published.set_to_current_time()
        sql = "SELECT min(free_space / total_space) FROM system.disks WHERE total_space > 0"
        with contextlib.suppress(StoreError):  # a server may not grant it; then it is not known
            self._free.set(float(app.private.connection.value(sql) or "nan"))

    def evaluated(self, done: Evaluated, seconds: float) -> None:
        """An evaluation is over, and what was due was sent or is tried again."""
        self._evaluating.observe(seconds)
        self._evaluated.set_to_current_time()
        self._sent.inc(done.delivered.sent)
        for problem in done.delivered.problems:
            self._failed.labels(problem.channel).inc()
        self._waiting.set(done.delivered.waiting + sum(p.state == "failed" for p in done.delivered.problems))
