"""What a worker counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from nytta.ingest.events import Reason
from nytta.storage.disk import free_gauge
from nytta.storage.process_metrics import add_process

REGISTRY = CollectorRegistry()

MESSAGES = Counter(
    "nytta_worker_messages_total", "Messages taken and acknowledged", ["topic"], registry=REGISTRY
)
EVENTS = Counter(
    "nytta_worker_events_total", "Events stored, duplicates among them", registry=REGISTRY
)
REJECTS = Counter(
    "nytta_worker_rejects_total", "Events rejected, by reason", ["reason"], registry=REGISTRY
)
POISON = Counter(
    "nytta_worker_poison_total",
    "Messages that nothing could be made of",
    ["topic"],
    registry=REGISTRY,
)
STORING = Histogram(
    "nytta_worker_storing_seconds",
    "Time to decode and store what was taken at once",
    registry=REGISTRY,
)
ROUNDS = Histogram(
    "nytta_worker_round_seconds", "Time of a round of recomputation", registry=REGISTRY
)
LAG = Gauge(
    "nytta_worker_lag_messages",
    "Messages not yet acknowledged",
    ["topic", "partition"],
    registry=REGISTRY,
)
BATCHES = Histogram(
    "nytta_worker_batch_events",
    "Events stored at once",
    buckets=(1, 10, 100, 500, 1_000, 5_000, 20_000, 100_000),
    registry=REGISTRY,
)
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 3.5, 4, 4.5, 5, 7.5, 10, 20, 60)
STORED = Histogram(
    "nytta_worker_stored_seconds",
    "Seconds from the oldest message of what was taken at once being with the broker to its events being stored",
    buckets=_SECONDS,
    registry=REGISTRY,
)
CELLS = Histogram(
    "nytta_worker_cell_seconds",
    "Seconds from marks of a round being with the broker to their cells being there, message by message",
    buckets=_SECONDS,
    registry=REGISTRY,
)
PUBLISHING = Histogram(
    "nytta_worker_publication_seconds", "Time of a publication", registry=REGISTRY
)
PUBLISHED = Gauge(
    "nytta_worker_published_timestamp_seconds",
    "When it was last looked at publishing",
    registry=REGISTRY,
)
JUDGING = Histogram(
    "nytta_worker_judging_seconds", "Time of lag detection and facts", registry=REGISTRY
)
JUDGED = Gauge(
    "nytta_worker_judged_timestamp_seconds", "When closed weeks were last judged", registry=REGISTRY
)
NEWEST = Gauge(
    "nytta_worker_stored_timestamp_seconds", "When events were last stored", registry=REGISTRY
)
FREE = free_gauge(REGISTRY)
OWNER = Gauge("nytta_worker_owns_marks", "1 where this worker recomputes", registry=REGISTRY)

add_process(REGISTRY)
for _reason in Reason:
    REJECTS.labels(_reason.value)
