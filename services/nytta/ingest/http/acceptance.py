"""The seam between the gateway and what makes events durable: a store in this process, or a broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from nytta.ingest.events.batch import Reject


class Refusal(Exception):
    """Nothing was acknowledged; the sender may send the same again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Busy(Refusal):
    """More is waiting than may wait: slow down (HTTP 429)."""


class Unavailable(Refusal):
    """What stores is away or failed (HTTP 503). Part of it may be stored; sending it again makes no difference."""


class Acceptance(Protocol):
    """Takes decoded events in for good.

    Events are as `nytta.ingest.events.decode` gives them: ids are pseudonyms, units are the codes that the source uses.
    Whoever stores them puts the registry's units in the place of the codes.
    """

    async def put(self, events: pa.Table, rejects: Sequence[Reject]) -> int | None:
        """Return when every event and every reject is durable. Raises Busy or Unavailable.

        The number of the batch that they were stored as, where that is known.
        """
        ...

    async def ready(self) -> None:
        """Return if `put` can be expected to succeed. Raises Unavailable with what is missing."""
        ...


class Bounded:
    """An acceptance that takes no more than `room` events and rejects at a time, and a single larger request."""

    def __init__(self, inner: Acceptance, room: int = 200_000) -> None:
        self._inner = inner
        self._room = room
        self.waiting = 0

    async def put(self, events: pa.Table, rejects: Sequence[Reject]) -> int | None:
        """As `Acceptance.put`."""
        event_count = len(events) + len(rejects)
        # where nothing waits, a larger request is taken too: it would never fit otherwise
        if self.waiting and self.waiting + event_count > self._room:
            raise Busy("more events are waiting to be stored than may wait")
        self.waiting += event_count
        # given back however it ends: senders that were refused come again
        try:
            return await self._inner.put(events, rejects)
        finally:
            self.waiting -= event_count

    async def ready(self) -> None:
        """As `Acceptance.ready`."""
        await self._inner.ready()
