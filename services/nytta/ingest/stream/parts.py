"""What a worker is made of, given by the one who joins the parts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol, TypeVar

from nytta.ingest.events.batch import Batch
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.stream.cluster import Cluster
from nytta.ingest.stream.producer import Unavailable
from nytta.storage.errors import StoreError

log = logging.getLogger("nytta.worker")

T = TypeVar("T")

_DELAYS = (0.2, 0.5, 1.0, 2.0)
"""Seconds before the next try; the last holds for all that follow."""


class Computing(Protocol):
    """The installation, for the one process that computes."""

    @property
    def private(self) -> PrivateStore:
        """Its private zone."""

    def compute(self, current_time: datetime) -> int:
        """One round; how many marks it read."""

    def place_waiting(self, current_time: datetime) -> int:
        """Place events whose units are known now; how many."""

    def publish(self, current_time: datetime) -> None:
        """Bring the open zone up to date."""

    def closed(self, current_time: datetime) -> Sequence[date]:
        """The first open week of each time zone: what is to be published changes with it."""

    def judge(self, current_time: datetime) -> Sequence[str]:
        """Publish signals and facts; the organisations that were judged."""


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
    free: Callable[[], float] = lambda: float("nan")
    """The part of the store's fullest disk that is free."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """What time it is for those who publish."""
    patience: float = 120.0
    """Seconds for which a store that is away is waited for before the worker gives up and is started anew."""


class Patient(Protocol):
    """Whoever waits for a store that is away, for so many seconds."""

    @property
    def patience(self) -> float:
        """Seconds."""


async def patient(parts: Patient, call: Callable[[], T]) -> T:
    """The result of `call`, made in a thread; while the store is away, it is tried again."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + parts.patience
    tries = 0
    while True:
        try:
            return await asyncio.to_thread(call)
        except (StoreError, OSError, Unavailable) as error:
            delay = _DELAYS[min(tries, len(_DELAYS) - 1)]
            # then the process ends, for its supervisor to start anew
            if loop.time() + delay > deadline:
                raise
            log.warning("the store is away, trying again: %s", str(error)[:160])
            tries += 1
            await asyncio.sleep(delay)
