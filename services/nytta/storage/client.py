"""One connection, and the two databases that are the two zones."""

from __future__ import annotations

import errno
import io
import itertools
import logging
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final, cast
from weakref import WeakSet

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from nytta import Mendable
from nytta.storage import permissions
from nytta.storage.halves import mended

if TYPE_CHECKING:
    from clickhouse_connect.datatypes.base import ClickHouseType
    from clickhouse_connect.driver.client import Client

_log = logging.getLogger(__name__)

_SETTINGS = {
    "async_insert": 0,  # an answer means stored
    "date_time_overflow_behavior": "saturate",  # a day before or after all that Date holds is its first or last
    "insert_deduplicate": 0,  # a replicated table would leave out a block because an equal one came before
    "optimize_on_insert": 0,  # repetitions collapse when parts merge, not while somebody waits
    "max_partitions_per_insert_block": 0,  # published values lie by quarter, and a staff list tells of decades
    "prefer_column_name_to_alias": 1,  # an aggregate may bear the name of the column it is made from
    "max_query_size": 4 << 20,  # a round asks for many indicators at once
    "max_ast_elements": 500_000,
}


_EMBEDDED_SETTINGS = {
    # statements are long and read little, and few come twice: machine code made for one costs more than it saves
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
}

_CANCELLED = 394
"""ClickHouse's code of a statement that was broken off."""

_CHANGE_TABLES: Final = ("DROP ", "CREATE OR REPLACE ")
"""Begin statements after which a table of a name may be another one."""

_FAILED = "WriteBufferFromFileDescriptorWriteFailed"
_CHUNK = 1 << 20
"""Bytes that are passed on at once."""

_KEPT_FREE = 256 << 20
"""Bytes of a disk, or a twentieth of a small one, that are left to what is under way when it becomes full."""

_NEED_NO_ROOM = ("DROP ", "KILL ", "SYSTEM ")

_answering: ContextVar[bool] = ContextVar("answering", default=False)


class StoreError(Mendable):
    """The store refused: what happened and what to do about it, in one sentence."""


class DiskFullError(StoreError):
    """There is no room: nothing was written, and the same may be tried again when there is."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _DISK_FULL)


class DamagedError(DiskFullError):
    """Writes of the engine failed while it went on as if they had not: the process must end, and open the store anew.

    What was acknowledged is on disk, whole; whoever opens the store next finds that, and does the rest again.
    """

    def __init__(self) -> None:
        super().__init__(
            "the disk was full while the engine wrote, so it must be opened anew; nothing acknowledged is lost. Free "
            "space under --data and start again"
        )


class StoppedError(Exception):
    """The process is ending: what was under way is broken off here, and can be begun again."""

    def __init__(self) -> None:
        super().__init__("the service is stopping")


@contextmanager
def answering() -> Iterator[None]:
    """While somebody waits for an answer, or what was done is written down: a store that stops takes its statements."""
    token = _answering.set(True)
    try:
        yield
    finally:
        _answering.reset(token)


@dataclass(frozen=True, slots=True)
class Zones:
    """Names of the private and the open database."""

    private: str = "nytta_private"
    open: str = "nytta"

    def fill(self, text: str) -> str:
        """`text` with `{private}` and `{open}` replaced."""
        return text.replace("{private}", self.private).replace("{open}", self.open)


class _Clients:
    """A client for each thread, so that a long query of one does not hold up another.

    `folder` is that of an embedded engine: its disk is looked at, and what fails on it.
    """

    def __init__(self, first_client: Client, more: Callable[[], Client] | None, folder: Path | None) -> None:
        self._first = first_client
        self._more = more
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
        self._failed = _failed_writes(first_client) if folder else 0

    @property
    def room(self) -> bool:
        """Whether the disk of an embedded engine has the room that is kept free for what is under way."""
        return self.folder is None or _room(self.folder)

    def look(self) -> None:
        """DamagedError where a write of an embedded engine has failed since it was opened.

        chDB 26.9 leaves out what it could not write and says nothing, of a merge as of an insert; it only counts.
        """
        if self.folder is not None and not self.damaged:
            # against the count when this store was opened: the engine counts for its process as a whole
            self.damaged = _failed_writes(self.own()) > self._failed
        # for good: what the engine holds in memory may differ from what is on disk until it is opened anew
        if self.damaged:
            raise DamagedError

    def note_change(self) -> None:
        """A statement that writes is over. Numbers of two threads may change places; neither comes twice."""
        self.changes = next(self._numbers)

    def types(self, place: tuple[str, ...]) -> Sequence[ClickHouseType] | None:
        """Types of columns of a table as the engine said them, which to ask costs as much as to insert a row."""
        return self._types.get(place)

    def keep_types(self, place: tuple[str, ...], types: Sequence[ClickHouseType]) -> None:
        """Keep what the engine said of columns, until a statement of this process may change them."""
        self._types[place] = types

    def note_statement(self, sql: str) -> None:
        """Forget types of columns where a statement that is over may have changed them, in part where it failed."""
        if " COLUMN " in sql or sql.startswith(_CHANGE_TABLES):
            self._types.clear()

    def forget_types(self, place: tuple[str, ...]) -> None:
        """Ask anew for the types of columns: another process may have changed the table."""
        self._types.pop(place, None)

    def own(self) -> Client:
        """The calling thread's client; forgotten when the thread ends."""
        if not hasattr(self._own, "client"):
            self._own.client = self._more() if self._more else self._first
            self._all.add(self._own.client)
        return self._own.client  # type: ignore[no-any-return]

    def cancel(self, only: str) -> None:
        """Break off what the engine is doing, but for rows on their way in, by a client that belongs to no thread."""
        with self._ending:  # an engine that is being closed must not be opened anew
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


class Connection:
    """ClickHouse clients that fill in the databases' names and turn failures into `StoreError`.

    May be shared by threads: each gets a client that `more` opens; without `more`, all take turns with `client`.
    """

    def __init__(
        self,
        client: Client,
        zones: Zones,
        more: Callable[[], Client] | None = None,
        *,
        folder: Path | None = None,
    ) -> None:
        self._clients = _Clients(client, more, folder)
        self.zones = zones

    @property
    def _client(self) -> Client:
        self.check()
        return self._clients.own()

    def stop(self) -> None:
        """Begin no statement any more, but where somebody waits for the answer; StoppedError instead.

        For good, in all threads, and for all connections that were made of this one.
        """
        self._clients.stopping.set()

    def check(self) -> None:
        """StoppedError where the store was stopped, DamagedError where it must be opened anew.

        For work that goes on long without a statement.
        """
        if self._clients.damaged:
            raise DamagedError
        if self._clients.stopping.is_set() and not _answering.get():
            raise StoppedError

    def look(self) -> None:
        """DamagedError where writes of an embedded engine failed; its merges write though nobody gives a statement."""
        with self._explaining():
            self._clients.look()

    @property
    def damaged(self) -> bool:
        """Whether it is known that the store must be opened anew."""
        return self._clients.damaged

    @property
    def room(self) -> bool:
        """Whether there is room on the disk of an embedded engine to begin something."""
        return self._clients.room

    @property
    def folder(self) -> Path | None:
        """The folder of an embedded engine, which this process alone writes to; None of a server."""
        return self._clients.folder

    @property
    def changes(self) -> int:
        """Another number after every statement of this process that wrote, whichever database it wrote to."""
        return self._clients.changes

    @property
    def forms(self) -> dict[tuple[str, ...], list[str]]:
        """What makes the tables of this engine as migrations left them, by the migrations: `migrate.make` keeps it."""
        return self._clients.forms

    def check_room(self) -> None:
        """As `check`, and DiskFullError where there is no room: for who fills the disk without a statement."""
        self.check()
        if not self.room:
            raise DiskFullError

    def cancel(self, only: str = "") -> None:
        """Break off the statements that are under way in this process, all but those that store what came in.

        Each fails where it was begun. `only` those that begin so. An embedded engine alone: of a server, others have
        statements too.
        """
        self._clients.cancel(only)

    def beside(self, zones: Zones) -> Connection:
        """The same connection on other databases."""
        # without __init__, which would open clients of its own: a stop or a damage must reach all of them
        beside = Connection.__new__(Connection)
        beside._clients = self._clients
        beside.zones = zones
        return beside

    def run(self, sql: str, **parameters: Any) -> None:
        """Execute a statement that returns nothing."""
        # what frees room must be possible on a full disk
        with self._writing(needs_room=not sql.startswith(_NEED_NO_ROOM)):
            try:
                self._client.command(self.zones.fill(sql), parameters=parameters or None)
            finally:
                self._clients.note_statement(sql)

    def run_all(self, statements: Iterable[str]) -> None:
        """Execute statements that return nothing, one after another; what failed of their writes is seen at the end."""
        with self._writing():
            for sql in statements:
                try:
                    self._client.command(self.zones.fill(sql))
                finally:
                    self._clients.note_statement(sql)

    def rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """All rows of a query, as tuples."""
        with self._explaining():
            result = self._client.query(self.zones.fill(sql), parameters=parameters or None)
            return [tuple(row) for row in result.result_rows]

    def dicts(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """All rows of a query, as dicts by column."""
        with self._explaining():
            result = self._client.query(self.zones.fill(sql), parameters=parameters or None)
            return list(result.named_results())

    def arrow(self, sql: str, **parameters: Any) -> pa.Table:
        """All rows of a query, as an Arrow table."""
        with self._explaining():
            return self._client.query_arrow(self.zones.fill(sql), parameters=parameters or None)

    def value(self, sql: str, **parameters: Any) -> Any:
        """The single value of a query."""
        return self.rows(sql, **parameters)[0][0]

    def insert_arrow(self, table: str, rows: pa.Table) -> None:
        """Insert an Arrow table into `database.table`; columns by name, missing ones take their default."""
        database, name = self.zones.fill(table).split(".")
        with self._writing():
            self._client.insert_arrow(name, rows, database=database)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert Python rows; for small tables."""
        if not rows:
            return
        database, name = self.zones.fill(table).split(".")
        place = (database, name, *columns)
        with self._writing():
            client, types = self._client, self._clients.types(place)
            context = client.create_insert_context(name, list(columns), database, column_types=types, data=rows)
            try:
                client.insert(context=context)
            except Exception:
                self._clients.forget_types(place)
                raise
            self._clients.keep_types(place, context.column_types)

    def write_native(self, sql: str, target: IO[bytes]) -> None:
        """Write all rows of a query into a file as ClickHouse's format Native, block by block; none, no byte."""
        with self._explaining():
            stream = cast("io.IOBase", self._client.raw_stream(self.zones.fill(sql), fmt="Native"))
            # closed where copying fails too: the rest of the answer must not stay under way
            with closing(stream) as rows:
                shutil.copyfileobj(cast("IO[bytes]", rows), target, _CHUNK)

    def read_native(self, table: str, source: IO[bytes]) -> None:
        """Insert the rows of a file that `write_native` wrote; columns by name, missing ones take their default."""
        with self._writing():
            self._client.raw_insert(self.zones.fill(table), insert_block=cast("BinaryIO", source), fmt="Native")

    def close(self) -> None:
        """Close the connection; an embedded engine releases its folder."""
        self._clients.close()

    @contextmanager
    def _writing(self, *, needs_room: bool = True) -> Iterator[None]:
        """A statement that writes: begun where there is room for it, and done when all of it is on disk."""
        with self._explaining():
            # looked at before the statement begins: a write that finds the disk full may be lost without an error
            if needs_room:
                self.check_room()
            try:
                yield
            finally:
                # noted where the statement failed too: part of it may have been written
                self._clients.note_change()
                self._clients.look()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        with _explaining():
            try:
                yield
            except ClickHouseError as error:
                # a statement is broken off by a stop or by a disk that fills up: its caller hears which
                if getattr(error, "code", None) == _CANCELLED:
                    if self._clients.stopping.is_set():
                        raise StoppedError from error
                    if not self._clients.room:
                        raise DiskFullError from error
                raise


@contextmanager
def _explaining() -> Iterator[None]:
    try:
        yield
    except ClickHouseError as error:
        explanation = explain(str(error))
        if explanation == _DISK_FULL:
            raise DiskFullError from error
        raise StoreError(explanation) from error
    except OSError as error:  # rows on their way to the engine wait in a file
        if error.errno not in _FULL:
            raise
        raise DiskFullError from error


def _room(folder: Path) -> bool:
    filesystem = os.statvfs(folder)
    # what a user who is not root may take: file systems hold some blocks back
    available = filesystem.f_bavail * filesystem.f_frsize
    size = filesystem.f_blocks * filesystem.f_frsize
    return available >= min(_KEPT_FREE, size // 20)


_LOOK: Final = "SELECT sum(value) FROM system.events"
"""Begins the question whether writes have failed."""


def _failed_writes(client: Client) -> int:
    """How many writes of the embedded engine of this process have failed."""
    return int(client.command(f"{_LOOK} WHERE event = '{_FAILED}'"))  # type: ignore[arg-type]


_FULL = (errno.ENOSPC, errno.EDQUOT)
_DISK_FULL = "the disk is full: what was complete stands. Free space under --data and run the same command again"


def explain(message: str) -> str:
    """A person's sentence for what ClickHouse says."""
    if "Error initializing EmbeddedServer" in message:
        return (
            "the folder is in use by another process, or cannot be written: only one process may open it. Stop the "
            "other one, or give another --data"
        )
    if "No space left on device" in message or "NOT_ENOUGH_SPACE" in message or "Cannot reserve" in message:
        return _DISK_FULL
    if "MEMORY_LIMIT_EXCEEDED" in message:
        match = re.search(r"maximum: ([0-9.]+ [KMGT]iB)", message)
        limit = f" ({match[1]})" if match else ""
        return (
            f"the engine needs more memory than it may have{limit}; nothing that stood is "
            "changed. Set NYTTA_MEMORY to more bytes, such as 4294967296 for 4 GiB, on a machine that has them, and "
            "run the same command again"
        )
    if away := re.search(r"HTTPS?ConnectionPool\(host='([^']+)', port=(\d+)\)", message):
        return (
            f"no ClickHouse server answers at {away[1]}:{away[2]}, which NYTTA_CLICKHOUSE names: see whether it runs, "
            "and whether this machine may reach it"
        )
    if "AUTHENTICATION_FAILED" in message:
        return "the ClickHouse server knows no such user with this password: see NYTTA_CLICKHOUSE"
    # one line: what may follow is long, and says nothing that a person could mend
    return message.strip().splitlines()[0][:600]


def embedded(folder: Path, zones: Zones | None = None, memory: int = 2 << 30) -> Connection:
    """The embedded engine on `folder`; one process at a time, never forked after opening. `memory` is in bytes."""
    if find_spec("chdb") is None:
        raise StoreError(
            "the embedded engine is not in this installation: name a ClickHouse server in NYTTA_CLICKHOUSE, or install "
            "the package chdb"
        )
    permissions.make_folder(folder)

    def client() -> Client:
        try:
            opened = clickhouse_connect.get_client(interface="chdb", path=str(folder))
        except Exception as error:  # chdb raises bare types of its own when the engine does not start
            raise StoreError(f"{folder}: {explain(str(error))}") from error
        with _explaining():
            for name, value in (_SETTINGS | _EMBEDDED_SETTINGS).items():
                opened.set_client_setting(name, value)
            opened.set_client_setting("max_memory_usage", memory)
            # half of it: a statement that goes on by way of the disk needs memory for that too
            opened.set_client_setting("max_bytes_before_external_group_by", memory // 2)
            opened.set_client_setting("max_bytes_before_external_sort", memory // 2)
        return opened

    # before the engine opens the folder: it does not start with such files
    with _explaining():
        halves = mended(folder)
    # the engine writes while it starts, and what it could not write it does not tell
    if not _room(folder):
        raise DiskFullError
    first_client = client()
    # said only now: an engine that is open elsewhere refuses the start, and nothing was removed then
    for name in halves:
        _log.warning("removed %s, which was begun and not written", name)
    return Connection(first_client, zones or Zones(), client, folder=folder)


def engine() -> str:
    """The version of the embedded engine."""
    import chdb  # half a gigabyte, which only those who open it should wait for

    return str(chdb.engine_version)


def server(dsn: str, zones: Zones | None = None) -> Connection:
    """A ClickHouse server; inserts are synchronous, so that an answer means stored."""

    def client() -> Client:
        with _explaining():
            return clickhouse_connect.get_client(dsn=dsn, settings=_SETTINGS)

    return Connection(client(), zones or Zones(), client)
