"""A Faust worker: the streams joined to one app. Nothing runs until `faust_app.run` is called."""

from __future__ import annotations

import faust

from nytta.ingest.stream import health, metrics, rejected, usage
from nytta.ingest.stream.consumer import every
from nytta.ingest.stream.faust_app import SESSION, faust_app
from nytta.ingest.stream.parts import Parts, patient
from nytta.ingest.stream.producer import Producer
from nytta.service.streams import marks
from nytta.storage.lease import Lease

_REFRESHED = 10.0
"""Seconds between two looks for units that were made meanwhile."""


def build(
    parts: Parts,
    *,
    port: int,
    host: str = "127.0.0.1",
    compute_every: float = 1.0,
    publish_every: float = 60.0,
    still: float = 300.0,
) -> faust.App:
    """The app of one worker. Its pages /healthz, /readyz and /metrics are served on `port`. Times are in seconds."""
    cluster = parts.cluster
    app = faust_app(cluster, cluster.prefix, host=host, port=port)
    producer = Producer(cluster, parts.keys.seal)
    # half of the time for which the partitions of a dead process wait: the lease is over before another one has them
    owner = marks.Owner(parts, producer, Lease(SESSION / 2))
    usage.attach(app, parts, producer)
    rejected.attach(app, parts)
    marks.attach(app, owner, compute_every=compute_every, publish_every=publish_every)
    health.attach(app, still=still)

    async def refresh() -> None:
        await patient(parts, parts.refresh)
        metrics.FREE.set(await patient(parts, parts.free))

    every(app, _REFRESHED, refresh)
    return app
