"""Who may write to the private zone: one thread at a time, after all that was accepted before it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


class Accepted(Protocol):
    """What was accepted and is not in the store yet."""

    @property
    def waits(self) -> bool:
        """Whether there is any."""
        ...

    def holds(self, batch: int) -> bool:
        """Whether a batch is among it."""
        ...

    def bring(self) -> None:
        """Bring it in; the caller holds the lock of `Writing`."""
        ...


class Writing:
    """The lock of whoever writes raw events and marks. On entering it, all that was accepted is in the store.

    One thread at a time, which may enter it again.
    """

    def __init__(self) -> None:
        # entered again by methods that call one another; the backlog stores groups while it is held
        self.lock = threading.RLock()
        self.backlog: Accepted | None = None

    def __enter__(self) -> None:
        self.lock.acquire()
        try:
            # under the lock, for marks of groups take their numbers as those of batches do: one writer at a time
            if self.backlog is not None:
                self.backlog.bring()
        # a stop of the process too: `__exit__` is not called where entering failed
        except BaseException:
            self.lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        self.lock.release()


@dataclass(frozen=True, slots=True)
class Group:
    """Decoded events with the registry's units, and sealed rejects, that were accepted together as one batch."""

    batch: int
    events: pa.Table
    rejects: pa.Table
    """As `sealed_table` makes them."""

    def __len__(self) -> int:
        return len(self.events) + len(self.rejects)
