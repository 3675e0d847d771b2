"""One connection, and the two databases that are the two zones."""

from __future__ import annotations

import io
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from nytta.storage import permissions
from nytta.storage.clients import Clients, has_room
from nytta.storage.errors import (
    DamagedError,
    DiskFullError,
    StoppedError,
    StoreError,
    explain,
    explaining,
    is_answering,
)
from nytta.storage.halves import mended

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_log = logging.getLogger(__name__)

_SETTINGS = {
    "async_insert": 0,  # an answer means stored
    # a day before or after all that Date holds is its first or last
    "date_time_overflow_behavior": "saturate",
    # a replicated table would leave out a block because an equal one came before
    "insert_deduplicate": 0,
    # repetitions collapse when parts merge, not while somebody waits
    "optimize_on_insert": 0,
    # published values lie by quarter, and a staff list tells of decades
    "max_partitions_per_insert_block": 0,
    # an aggregate may bear the name of the column it is made from
    "prefer_column_name_to_alias": 1,
    # a round asks for many indicators at once
    "max_query_size": 4 << 20,
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

_CHUNK = 1 << 20
"""Bytes that are passed on at once."""

_NEED_NO_ROOM = ("DROP ", "KILL ", "SYSTEM ")
"""Begin statements that free room, or take none."""


@dataclass(frozen=True, slots=True)
class Zones:
    """Names of the private and the open database."""

    private: str = "nytta_private"
    open: str = "nytta"

    def fill(self, text: str) -> str:
        """`text` with `{private}` and `{open}` replaced."""
        return text.replace("{private}", self.private).replace("{open}", self.open)


class Connection:
    """ClickHouse clients that fill in the databases' names and turn failures into `StoreError`.

    May be shared by threads: each gets a client that `more` opens; without `more`, all take turns with `client`.
    """

    def __init__(
        self,
        client: Client,
        zones: Zones,
        open_client: Callable[[], Client] | None = None,
        *,
        folder: Path | None = None,
    ) -> None:
        self._clients = Clients(client, open_client, folder)
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
        if self._clients.stopping.is_set() and not is_answering():
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

    def insert_arrow(self, table: str, table_rows: pa.Table) -> None:
        """Insert an Arrow table into `database.table`; columns by name, missing ones take their default."""
        database, table_name = self.zones.fill(table).split(".")
        with self._writing():
            self._client.insert_arrow(table_name, table_rows, database=database)

    def insert(
        self, table: str, columns: Sequence[str], table_rows: Sequence[Sequence[Any]]
    ) -> None:
        """Insert Python rows; for small tables."""
        if not table_rows:
            return
        database, table_name = self.zones.fill(table).split(".")
        columns_of_table = (database, table_name, *columns)
        with self._writing():
            client, types = self._client, self._clients.types(columns_of_table)
            context = client.create_insert_context(
                table_name, list(columns), database, column_types=types, data=table_rows
            )
            try:
                client.insert(context=context)
            except Exception:
                self._clients.forget_types(columns_of_table)
                raise
            self._clients.keep_types(columns_of_table, context.column_types)

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
            self._client.raw_insert(
                self.zones.fill(table), insert_block=cast("BinaryIO", source), fmt="Native"
            )

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
        with explaining():
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
        except (
            Exception
        ) as error:  # chdb raises bare types of its own when the engine does not start
            raise StoreError(f"{folder}: {explain(str(error))}") from error
        with explaining():
            for setting_name, setting_value in (_SETTINGS | _EMBEDDED_SETTINGS).items():
                opened.set_client_setting(setting_name, setting_value)
            opened.set_client_setting("max_memory_usage", memory)
            # half of it: a statement that goes on by way of the disk needs memory for that too
            opened.set_client_setting("max_bytes_before_external_group_by", memory // 2)
            opened.set_client_setting("max_bytes_before_external_sort", memory // 2)
        return opened

    # before the engine opens the folder: it does not start with such files
    with explaining():
        halves = mended(folder)
    # the engine writes while it starts, and what it could not write it does not tell
    if not has_room(folder):
        raise DiskFullError
    first_client = client()
    # said only now: an engine that is open elsewhere refuses the start, and nothing was removed then
    for file_name in halves:
        _log.warning("removed %s, which was begun and not written", file_name)
    return Connection(first_client, zones or Zones(), client, folder=folder)


def engine() -> str:
    """The version of the embedded engine."""
    # half a gigabyte, which only those who open it should wait for
    import chdb

    return str(chdb.engine_version)


def server(dsn: str, zones: Zones | None = None) -> Connection:
    """A ClickHouse server; inserts are synchronous, so that an answer means stored."""

    def client() -> Client:
        with explaining():
            return clickhouse_connect.get_client(dsn=dsn, settings=_SETTINGS)

    return Connection(client(), zones or Zones(), client)
