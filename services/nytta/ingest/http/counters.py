"""What Prometheus reads. Labels are bounded: reasons are a closed list, senders those that have tokens."""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_asgi_app
from starlette.types import ASGIApp

from nytta.ingest.events.batch import Reject
from nytta.ingest.http.tokens import sender_id
from nytta.storage.process_metrics import add_process

# What the objectives count stands at zero from the start: for Prometheus, a counter that appears has not increased.
_PROMISED: Final = ("202", "500", "503")


def named_at(address: str) -> Callable[[str], str]:
    """How senders are labelled at an address, host:port: by name on this machine, by id where others may read."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        by_name = ip_address(host).is_loopback
    except ValueError:
        by_name = host == "localhost"
    return str if by_name else sender_id


class Counters:
    """The counters of one gateway. Others may add theirs to `registry`. `label` makes a sender's label of its name."""

    def __init__(
        self, waiting: Callable[[], float] | None = None, label: Callable[[str], str] = str
    ) -> None:
        self._label = label
        self.registry = CollectorRegistry()
        self._accepted = Counter(
            "nytta_events_accepted", "Events that are durable.", ["sender"], registry=self.registry
        )
        self._rejected = Counter(
            "nytta_events_rejected",
            "Events that were refused.",
            ["reason", "sender"],
            registry=self.registry,
        )
        self._requests = Counter(
            "nytta_requests", "Requests to /events by status.", ["status"], registry=self.registry
        )
        for status in _PROMISED:
            self._requests.labels(status)
        self._sizes = Histogram(
            "nytta_request_events",
            "Events of a request.",
            buckets=(1, 10, 100, 500, 1_000, 5_000, 20_000, 100_000),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "nytta_durable_seconds",
            "Seconds from a whole request to its events being durable.",
            buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
            registry=self.registry,
        )
        self._last = Gauge(
            "nytta_last_event_timestamp_seconds", "When events of a sender last became durable.", ["sender"],
            registry=self.registry,
        )  # fmt: skip
        add_process(self.registry)
        if waiting:
            gauge = Gauge(
                "nytta_waiting_events", "Events that are not yet durable.", registry=self.registry
            )
            gauge.set_function(waiting)

    def durable(
        self, sender: str, accepted: int, rejects: Sequence[Reject], seconds: float
    ) -> None:
        """A request whose events and rejects are durable."""
        sender_label = self._label(sender)
        self._accepted.labels(sender_label).inc(accepted)
        if accepted:
            # a sender all of whose events are refused is as silent as one that sends none
            self._last.labels(sender_label).set_to_current_time()
        reasons = Count(reject.reason.value for reject in rejects)
        for reason, count in reasons.items():
            self._rejected.labels(reason, sender_label).inc(count)
        self._sizes.observe(accepted + len(rejects))
        self._seconds.observe(seconds)

    def answered(self, status: int) -> None:
        """A request to /events, however it ended."""
        self._requests.labels(str(status)).inc()

    def application(self) -> ASGIApp:
        """All of it in the formats of Prometheus, to be served on an address of its own: not everybody's to read."""
        served: ASGIApp = make_asgi_app(self.registry)
        return served
