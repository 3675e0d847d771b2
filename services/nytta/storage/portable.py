"""The rows of a store in one file, whichever engine keeps them: the way from an embedded store to a server, and back.

A backup of an embedded store holds its engine's files, and a server's own backup lies on its disk: neither can take the
other's. Here each table is its rows as ClickHouse writes them down (format Native), under the migrations that it had.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Final, cast

from nytta.storage import backup
from nytta.storage.backup import BackupError, Manifest
from nytta.storage.client import Connection
from nytta.storage.cluster import Cluster
from nytta.storage.errors import StoreError
from nytta.storage.migrate import migrate

FORMAT: Final = 2
_MIGRATIONS: Final = "migrations"
_ENDING: Final = ".native"
_TARGET: Final = re.compile(r" TO `?([\w-]+)`?\.`?(\w+)`? ")


def pack(
    connection: Connection, target: Path, key_fingerprint: str, current_time: datetime
) -> Manifest:
    """Put the rows of every table into one file, which bears its name only when it is complete and on disk.

    The caller sees to it that nobody writes meanwhile: each table is read as it stands when its turn comes.
    """
    manifest = backup.describe(connection, key_fingerprint, current_time, FORMAT)
    # by way of a file without a name: an archive wants to know how long an entry is before it begins, and rows may be
    # more than the memory holds
    with (
        backup.archive(target, manifest) as archive,
        tempfile.TemporaryFile(dir=target.parent) as rows_file,
    ):
        sums = []
        for table in _tables(connection):
            rows_file.seek(0)
            rows_file.truncate()
            connection.write_native(f"SELECT * FROM {_braced(table)}", rows_file)
            archive_entry = tarfile.TarInfo(f"rows/{table}{_ENDING}")
            archive_entry.size = rows_file.tell()
            archive_entry.mode = 0o600
            rows_file.seek(0)
            digest = hashlib.file_digest(rows_file, "sha256").hexdigest()
            sums.append(f"{digest}  {archive_entry.name}\n")
            rows_file.seek(0)
            archive.addfile(archive_entry, rows_file)
        backup.add(archive, backup.SUMS, "".join(sums).encode())
    return manifest


def load(source: Path, connection: Connection, tables: Path, cluster: Cluster) -> None:
    """Put the rows of a file into an empty store, made with the migrations that the rows were written under.

    BackupError where the store is not empty, or the file is not whole; then nothing was written. Whoever opens the
    store next applies the migrations that came since.
    """
    # before anything is written: a file that is damaged in its middle must leave the store as it is
    check_sums(source)
    migrate(connection, tables, only=frozenset(backup.read(source).migrations), cluster=cluster)
    counts = backup.counts(connection)
    filled_tables = [
        table for table, count in counts.items() if count and not _is_of_migrations(table)
    ]
    if filled_tables:
        raise BackupError(
            f"the store has rows already (table {filled_tables[0]}): restore into an empty one. After a restore that "
            f"was broken off, drop the databases {connection.zones.open} and {connection.zones.private} first"
        )
    derived = _filled_by_views(connection)
    try:
        # what a view makes of rows as they come is not what stood there: such a table is emptied, and comes last
        for takes_derived in (False, True):
            for table, rows_file in _packed(source):
                is_derived = table in derived
                if is_derived is not takes_derived:
                    continue
                if is_derived:
                    connection.run(f"TRUNCATE TABLE {_braced(table)}")
                connection.read_native(_braced(table), rows_file)
    except StoreError as error:
        raise BackupError(
            f"{error}. The store is not whole: drop the databases {connection.zones.open} and "
            f"{connection.zones.private}, then restore again"
        ) from error


def check_sums(source: Path) -> None:
    """BackupError where a file is not as it was written."""
    actual_sums: dict[str, str] = {}
    written_sums: dict[str, str] | None = None
    try:
        # one way through the file, in the order of its entries: the sums stand at its end
        with tarfile.open(source, "r:") as archive:
            for archive_entry in archive:
                entry_file = archive.extractfile(archive_entry)
                if entry_file is None:
                    continue
                if archive_entry.name == backup.SUMS:
                    written_sums = _sums(entry_file.read())
                else:
                    digest = hashlib.file_digest(cast("io.BufferedReader", entry_file), "sha256")
                    actual_sums[archive_entry.name] = digest.hexdigest()
    except (tarfile.TarError, OSError) as error:
        raise BackupError(
            f"{source} is damaged or not complete: {error}. Take another backup"
        ) from error
    if written_sums is None:
        raise BackupError(f"{source} is not complete: its end is missing. Take another backup")
    # the manifest has no sum: `backup.read` refuses it where it is none
    for entry_name, written_sum in written_sums.items():
        if actual_sums.get(entry_name) != written_sum:
            raise BackupError(
                f"{source} is damaged: {entry_name} is not what it was. Take another backup"
            )


def _sums(body: bytes) -> dict[str, str]:
    """The digest of each entry by its name, as `sha256sum` writes them."""
    lines = body.decode("utf-8", "replace").splitlines()
    pairs = (line.partition("  ") for line in lines)
    return {entry_name: digest for digest, _, entry_name in pairs}


def _packed(source: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Each table of a file that has rows, by its zone and name, and its rows."""
    with tarfile.open(source, "r:") as archive:
        for entry in archive:
            entry_name = entry.name.removeprefix("rows/")
            file = archive.extractfile(entry)
            if entry_name != entry.name and entry.size and file is not None:
                yield entry_name.removesuffix(_ENDING), file


def _tables(connection: Connection) -> list[str]:
    """Tables that hold rows, by zone and name; which migrations were applied stands in the manifest."""
    return [table for table in backup.counts(connection) if not _is_of_migrations(table)]


def _is_of_migrations(table: str) -> bool:
    return table.partition(".")[2] == _MIGRATIONS


def _filled_by_views(connection: Connection) -> set[str]:
    """Tables that get rows whenever others do."""
    zones = {connection.zones.private: "private", connection.zones.open: "open"}
    queries = connection.rows(
        "SELECT create_table_query FROM system.tables "
        "WHERE database IN ({private:String}, {open:String}) AND engine = 'MaterializedView'",
        private=connection.zones.private,
        open=connection.zones.open,
    )
    # where a view writes is read from the statement that made it
    matches = (_TARGET.search(query) for (query,) in queries)
    targets = [match.groups() for match in matches if match]
    return {f"{zones[database]}.{table_name}" for database, table_name in targets}


def _braced(table: str) -> str:
    zone, _, table_name = table.partition(".")
    return f"{{{zone}}}.{table_name}"
