"""The process that asks sources beside workers; of several, one does, and another takes over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import faust
from faust.types import TP

from nytta.ingest.pull.declared import Declared
from nytta.ingest.stream import health, metrics, topics
from nytta.ingest.stream.cluster import Cluster
from nytta.ingest.stream.consumer import as_taken, consume, every, own_partition, unless_lost
from nytta.ingest.stream.faust_app import SESSION, faust_app
from nytta.ingest.stream.messages import Message
from nytta.ingest.stream.parts import patient
from nytta.service.installation import App
from nytta.service.metrics import SourceRounds
from nytta.service.pull_schedule import Pulling
from nytta.storage.lease import Lease

_MEASURES: Final = SourceRounds(metrics.REGISTRY)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a puller is made of, given by the one who joins the parts."""

    cluster: Cluster
    take_over: Callable[[Callable[[], None]], App]
    """Makes this process the one that asks; what it is given is asked before every statement, and may raise."""
    learn: Callable[[App], None]
    """Learns of units, excluded persons and keys that other processes made."""
    sources: Sequence[Declared]
    registry: Path | None
    """Where mappings lie that the sources name."""
    patience: float = 120.0
    """Seconds for which a store that is away is waited for before the puller gives up and is started anew."""


class Asking:
    """Asks sources while it holds the partition of the signals, one after the other."""

    def __init__(self, parts: Parts, lease: Lease) -> None:
        self.parts = parts
        self.lease = lease
        self._app: App | None = None
        self._pulling: Pulling | None = None

    async def ask_due(self) -> None:
        """Ask each source that is due. LeaseLostError where another process does it now."""
        # what was learned under a lease that is lost may be old when it comes again
        if not self.lease.held:
            self._forget()
            return
        if self._app is None or self._pulling is None:
            self._app = app = await patient(
                self.parts, lambda: self.parts.take_over(self.lease.check)
            )
            self._pulling = Pulling(
                app, self.parts.sources, self.parts.registry, lambda: None, _MEASURES
            )
        app, pulling = self._app, self._pulling
        await patient(self.parts, lambda: self.parts.learn(app))
        await asyncio.to_thread(pulling.ask_due)

    async def leave(self) -> None:
        """Write nothing more. A page under way may still be delivered: delivered again, it counts once."""
        self.lease.drop()
        if self._pulling is not None:
            self._pulling.stop()
        self._forget()

    def _forget(self) -> None:
        self._app = self._pulling = None
        # what this process knew of sources grows old, and would be told beside what another one knows
        _MEASURES.forget()


def build(
    parts: Parts,
    *,
    port: int,
    host: str = "127.0.0.1",
    look_every: float = 5.0,
    still: float = 300.0,
) -> faust.App:
    """The app of a puller. Its pages /healthz, /readyz and /metrics are served on `port`. Times are in seconds."""
    app = faust_app(parts.cluster, f"{parts.cluster.prefix}-puller", host=host, port=port)
    asking = Asking(parts, Lease(SESSION / 2))

    async def pass_over(_: Sequence[Message]) -> None:
        """Signals say nothing to a puller: of several, the one that is given their one partition asks."""

    own_partition(
        app, TP(topics.full(parts.cluster, topics.SIGNALS), 0), asking.lease, asking.leave
    )
    consume(app, parts.cluster, topics.SIGNALS, as_taken, pass_over, most=1000, within=1.0)
    every(app, look_every, unless_lost(asking.ask_due))
    health.attach(app, still=still)

    # at a stop too, and not only when the partition goes: a page under way is broken off
    async def stop_asking() -> None:
        await app.wait_until_stopped()
        await asking.leave()

    app.task(stop_asking)
    return app
