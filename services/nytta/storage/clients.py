"""Clients of one store for the threads of a process, what is known of its tables, and whether its writes arrive."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

from clickhouse_connect.driver.exceptions import ClickHouseError

from nytta.storage.errors import DamagedError, StoreError

if TYPE_CHECKING:
    from clickhouse_connect.datatypes.base import ClickHouseType
    from clickhouse_connect.driver.client import Client

_CHANGE_TABLES: Final = ("DROP ", "CREATE OR REPLACE ")
"""Begin statements after which a table of a name may be another one."""

_FAILED: Final = "WriteBufferFromFileDescriptorWriteFailed"
"""The engine's counter of writes that failed."""

_KEPT_FREE: Final = 256 << 20
"""Bytes of a disk, or a twentieth of a small one, that are left to what is under way when it becomes full."""

_LOOK: Final = "SELECT sum(value) FROM system.events"
"""Begins the question whether writes have failed."""


class Clients:
    """A client for each thread, so that a long query of one does not hold up another.

    `folder` is that of an embedded engine: its disk is looked at, and what fails on it.
    """

    def __init__(
        self, first_client: Client, open_client: Callable[[], Client] | None, folder: Path | None
    ) -> None:
        self._first = first_client
        self._more = open_client
        # a client runs one statement at a time, so threads that shared one would wait for each other
        self._own = threading.local()
        # the thread that opens the store keeps the first client; each other one opens its own when it first asks
        self._own.client = first_client
        # weak, so that a client goes with its thread
        self._all: WeakSet[Client] = WeakSet([first_client])
        self.folder = folder
        self.stopping = threading.Event()
        self.damaged = False
        self.forms: dict[tuple[str, ...], list[str]] = {}
        self._types: dict[tuple[str, ...], Sequence[ClickHouseType]] = {}
        self.changes = 0
        # a counter whose next number is taken in one step, so that it needs no lock
        self._numbers = itertools.count(1)
        self._closed = False
        self._ending = threading.Lock()
        self._failed = failed_writes(first_client) if folder else 0

    @property
    def room(self) -> bool:
        """Whether the disk of an embedded engine has the room that is kept free for what is under way."""
        return self.folder is None or has_room(self.folder)

    def look(self) -> None:
        """DamagedError where a write of an embedded engine has failed since it was opened.

        chDB 26.9 leaves out what it could not write and says nothing, of a merge as of an insert; it only counts.
        """
        if self.folder is not None and not self.damaged:
            # against the count when this store was opened: the engine counts for its process as a whole
            self.damaged = failed_writes(self.own()) > self._failed
        # for good: what the engine holds in memory may differ from what is on disk until it is opened anew
        if self.damaged:
            raise DamagedError

    def note_change(self) -> None:
        """A statement that writes is over. Numbers of two threads may change places; neither comes twice."""
        self.changes = next(self._numbers)

    def types(self, columns_of_table: tuple[str, ...]) -> Sequence[ClickHouseType] | None:
        """Types of columns of a table as the engine said them, which to ask costs as much as to insert a row."""
        return self._types.get(columns_of_table)

    def keep_types(
        self, columns_of_table: tuple[str, ...], types: Sequence[ClickHouseType]
    ) -> None:
        """Keep what the engine said of columns, until a statement of this process may change them."""
        self._types[columns_of_table] = types

    def note_statement(self, sql: str) -> None:
        """Forget types of columns where a statement that is over may have changed them, in part where it failed."""
        if " COLUMN " in sql or sql.startswith(_CHANGE_TABLES):
            self._types.clear()

    def forget_types(self, columns_of_table: tuple[str, ...]) -> None:
        """Ask anew for the types of columns: another process may have changed the table."""
        self._types.pop(columns_of_table, None)

    def own(self) -> Client:
        """The calling thread's client; forgotten when the thread ends."""
        if not hasattr(self._own, "client"):
            self._own.client = self._more() if self._more else self._first
            self._all.add(self._own.client)
        return self._own.client  # type: ignore[no-any-return]

    def cancel(self, only: str) -> None:
        """Break off what the engine is doing, but for rows on their way in, by a client that belongs to no thread."""
        # an engine that is being closed must not be opened anew
        with self._ending:
            if self._closed or self._more is None or self.folder is None:
                return
            # rows on their way in are let through: somebody waits for the answer that they are stored. So is the look
            # at failed writes, by which a process ends well or not. Asynchronous, for a statement that takes its time
            # to end must not hold up whoever stops the process. A failure is passed over: the rest goes on
            with suppress(StoreError, ClickHouseError), self._more() as client:
                client.command(
                    f"KILL QUERY WHERE query ILIKE '{only}%' AND query NOT ILIKE '% FROM INFILE %' "
                    f"AND NOT startsWith(query, '{_LOOK}') ASYNC"
                )

    def close(self) -> None:
        """Close the clients of all threads."""
        with self._ending:
            self._closed = True
        for client in list(self._all):
            client.close()


def has_room(folder: Path) -> bool:
    """Whether the disk of a folder has the room that is kept free for what is under way."""
    filesystem = os.statvfs(folder)
    # what a user who is not root may take: file systems hold some blocks back
    available = filesystem.f_bavail * filesystem.f_frsize
    size = filesystem.f_blocks * filesystem.f_frsize
    return available >= min(_KEPT_FREE, size // 20)


def failed_writes(client: Client) -> int:
    """How many writes of the embedded engine of this process have failed."""
    return int(client.command(f"{_LOOK} WHERE event = '{_FAILED}'"))  # type: ignore[arg-type]
