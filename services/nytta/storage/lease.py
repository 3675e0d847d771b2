"""A connection that does nothing more once its process has lost what it was doing: for the one who recomputes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from nytta.storage.client import Connection

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


class LeaseLostError(Exception):
    """Another process may have taken over: nothing more may be written."""


class Lease:
    """Held while somebody renews it every few seconds. A process that slept through `seconds` holds it no more.

    The clock goes on while the process, or its machine, is suspended.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._renewed = float("-inf")
        self._lock = threading.Lock()

    def renew(self) -> None:
        """Say that it is held now."""
        with self._lock:
            self._renewed = _clock()

    def drop(self) -> None:
        """Say that it is held no more."""
        with self._lock:
            self._renewed = float("-inf")

    @property
    def held(self) -> bool:
        """Whether it was renewed in time."""
        with self._lock:
            return _clock() - self._renewed < self._seconds

    def check(self) -> None:
        """LeaseLostError unless it is held."""
        if not self.held:
            raise LeaseLostError("the partition of the marks went to another process, or may have")


class Guarded(Connection):
    """The same connection, for as long as `check` raises nothing: asked before every statement."""

    _check: Callable[[], None]

    @classmethod
    def of(cls, connection: Connection, check: Callable[[], None]) -> Self:
        """`connection`, guarded."""
        # without __init__: the clients stay those of the connection, which close and stop together
        guarded = cls.__new__(cls)
        guarded.__dict__.update(connection.__dict__)
        guarded._check = check
        return guarded

    @property
    def _client(self) -> Client:
        self._check()
        return super()._client


def _clock() -> float:
    # the monotonic clock of Linux stands still while a machine sleeps, and a lease would outlast its partition
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)
