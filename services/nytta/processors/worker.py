"""A Faust worker: the streams joined to one app. Nothing runs until `member.run` is called."""

from __future__ import annotations

import faust

from nytta.broker.producer import Producer
from nytta.processors import figures, health, marks, rejected, usage
from nytta.processors.member import SESSION, faust_app
from nytta.processors.parts import Parts, patient
from nytta.processors.stream import every
from nytta.store.lease import Lease

_REFRESHED = 10.0


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
    owner = marks.Owner(parts, producer, Lease(SESSION / 2))
    usage.attach(app, parts, producer)
    rejected.attach(app, parts)
    marks.attach(app, owner, compute_every=compute_every, publish_every=publish_every)
    health.attach(app, still=still)

    async def refresh() -> None:
        await patient(parts, parts.refresh)
        figures.FREE.set(await patient(parts, parts.free))

    every(app, _REFRESHED, refresh)
    return app
