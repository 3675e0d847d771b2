"""The process that keeps the alerts; of several, one does, and another takes over."""

from __future__ import annotations

import faust

from nytta.ingest.stream import health
from nytta.ingest.stream.faust_app import SESSION, faust_app
from nytta.service.streams import signals
from nytta.storage.lease import Lease


def build(
    parts: signals.Parts,
    *,
    port: int,
    host: str = "127.0.0.1",
    evaluate_every: float = 600.0,
    still: float = 300.0,
) -> faust.App:
    """The app of an alerter. Its pages /healthz, /readyz and /metrics are served on `port`. Times are in seconds."""
    app = faust_app(parts.cluster, f"{parts.cluster.prefix}-alerter", host=host, port=port)
    signals.attach(app, signals.Keeper(parts, Lease(SESSION / 2)), evaluate_every=evaluate_every)
    health.attach(app, still=still)
    return app
