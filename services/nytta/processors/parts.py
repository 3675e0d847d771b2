"""What a worker is made of, given by the one who joins the parts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from nytta.broker.cluster import Cluster
from nytta.broker.producer import Unavailable
from nytta.events.batch import Batch
from nytta.keys import Keys
from nytta.store.client import StoreError
from nytta.store.private import PrivateStore

log = logging.getLogger("nytta.worker")

T = TypeVar("T")

_DELAYS = (0.2, 0.5, 1.0, 2.0)


class Computing(Protocol):
    """The installation, for the one process that computes."""

    private: PrivateStore

    def compute(self, now: datetime) -> int:
        """One round; how many marks it read."""

    def publish(self, now: datetime) -> None:
        """Bring the open zone up to date."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The store, the key, and the installation's functions, none of which knows Faust."""

    cluster: Cluster
    private: PrivateStore
    keys: Keys
    judge: Callable[[bytes, datetime], Batch]
    """Decodes a body of pseudonymised events and gives them their units."""
    count: Callable[[datetime], None]
    """Stores how many events of stopped systems were passed over."""
    refresh: Callable[[], None]
    """Learns of units that were made meanwhile."""
    take_over: Callable[[Callable[[], None]], Computing]
    """Makes this process the one that computes; what it is given is asked before every statement, and may raise."""
    patience: float = 120.0
    """Seconds for which a store that is away is waited for before the worker gives up and is started anew."""


async def patient(parts: Parts, call: Callable[[], T]) -> T:
    """The result of `call`, made in a thread; while the store is away, it is tried again."""
    loop = asyncio.get_running_loop()
    until = loop.time() + parts.patience
    tries = 0
    while True:
        try:
            return await asyncio.to_thread(call)
        except (StoreError, OSError, Unavailable) as error:
            delay = _DELAYS[min(tries, len(_DELAYS) - 1)]
            if loop.time() + delay > until:
                raise
            log.warning("the store is away, trying again: %s", str(error)[:160])
            tries += 1
            await asyncio.sleep(delay)
