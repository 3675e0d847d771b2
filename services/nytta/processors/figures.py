"""What a worker counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from nytta.events import Reason

REGISTRY = CollectorRegistry()

MESSAGES = Counter("nytta_worker_messages_total", "Messages taken and acknowledged", ["topic"], registry=REGISTRY)
EVENTS = Counter("nytta_worker_events_total", "Events stored, duplicates among them", registry=REGISTRY)
REJECTS = Counter("nytta_worker_rejects_total", "Events rejected, by reason", ["reason"], registry=REGISTRY)
POISON = Counter("nytta_worker_poison_total", "Messages that nothing could be made of", ["topic"], registry=REGISTRY)
STORING = Histogram(
    "nytta_worker_storing_seconds", "Time to decode and store what was taken at once", registry=REGISTRY
)
ROUNDS = Histogram("nytta_worker_round_seconds", "Time of a round of recomputation", registry=REGISTRY)
LAG = Gauge("nytta_worker_lag_messages", "Messages not yet acknowledged", ["topic", "partition"], registry=REGISTRY)
OWNER = Gauge("nytta_worker_owns_marks", "1 where this worker recomputes", registry=REGISTRY)

for _reason in Reason:
    REJECTS.labels(_reason.value)
