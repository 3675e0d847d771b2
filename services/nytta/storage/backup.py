"""A copy of an embedded store as it stood at one moment, in one file; and the way back into an empty folder.

Parts of tables are never changed once they are written. So a moment is held by hard links to them, which takes hardly
any time; only then are they read into the file, while the store goes on. A server makes its own backups.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import orjson

from nytta import Mendable
from nytta.storage import permissions
from nytta.storage.client import Connection
from nytta.storage.errors import StoreError
from nytta.storage.migrate import migrations, recorded

FORMAT: Final = 1
_LATEST: Final = 2
"""Of the formats that this program reads: 1 holds an engine's files, 2 the rows of tables (nytta.storage.portable)."""

SUMS: Final = "sums"
_MANIFEST: Final = "manifest.json"
_HELD: Final = ".backup-"
"""Begins the name of a folder that holds a store while it is packed; the number of the process follows."""
_UNFINISHED: Final = ".unfinished"
# `data` holds only links by name, which the engine makes anew
_SKIPPED: Final = frozenset({"data", "metadata_dropped", "tmp", "shadow", "preprocessed_configs"})


class BackupError(Mendable):
    """A backup that cannot be made or taken: what to change."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: when it was taken, by which engine, with which migrations, keys and numbers of rows."""

    format: int
    taken: str
    engine: str
    migrations: list[str]
    key: str
    """Tells whether a key file is the one that the pseudonyms were made with; the key cannot be found from it."""
    rows: dict[str, int]


class _Format(msgspec.Struct):
    format: int


@contextmanager
def hold(
    connection: Connection, key_fingerprint: str, current_time: datetime
) -> Iterator[tuple[Path, Manifest]]:
    """A folder beside the store that holds it as it stands now, and what is told of it; gone afterwards.

    The caller sees to it that nobody writes until it is entered.
    """
    store = _folder(connection)
    let_go(store.parent)
    # beside the store, because hard links do not reach into another file system
    linked_store = store.parent / f"{_HELD}{os.getpid()}"
    # a merge would take away parts between their listing and their links
    connection.run("SYSTEM STOP MERGES")
    try:
        manifest = describe(connection, key_fingerprint, current_time, FORMAT)
        _link(store, linked_store, _active(connection))
        # once the links are there: reading them into a file takes long, and the store must not fill with parts
        connection.run("SYSTEM START MERGES")
        yield linked_store, manifest
    finally:
        # a second time where all went well, which changes nothing
        connection.run("SYSTEM START MERGES")
        shutil.rmtree(linked_store, ignore_errors=True)


def let_go(folder: Path) -> None:
    """Remove what a backup held in a data folder, and whose process is gone: it keeps room that the store has left."""
    for abandoned in folder.glob(f"{_HELD}*"):
        shutil.rmtree(abandoned, ignore_errors=True)


def pack(
    folder: Path, target: Path, manifest: Manifest, check: Callable[[], None] = lambda: None
) -> Manifest:
    """Put a held folder into one file, which bears its name only when it is complete and on disk.

    `check` is asked before each file of the folder, and may raise.
    """
    with archive(target, manifest) as archive_file:
        sums = []
        for path in sorted(folder.rglob("*")):
            check()
            entry_name = f"store/{path.relative_to(folder)}"
            archive_file.add(path, entry_name, recursive=False)
            if path.is_file() and not path.is_symlink():
                sums.append(f"{_digest(path)}  {entry_name}\n")
        # last: where the sums are missing, so is the end of the file
        add(archive_file, SUMS, "".join(sums).encode())
    return manifest


@contextmanager
def archive(target: Path, manifest: Manifest) -> Iterator[tarfile.TarFile]:
    """A file that begins with its manifest, and bears its name only when it is complete and on disk."""
    if target.exists():
        raise BackupError(f"{target} is there already: give another name")
    unfinished = target.with_name(f".{target.name}{_UNFINISHED}")
    try:
        permissions.make_folder(target.parent)
        _forget_unfinished(target.parent)
        with permissions.create(unfinished) as unfinished_file:
            fcntl.flock(unfinished_file, fcntl.LOCK_EX)
            with tarfile.open(
                fileobj=unfinished_file, mode="w", format=tarfile.PAX_FORMAT
            ) as archive_file:
                add(
                    archive_file,
                    _MANIFEST,
                    orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2),
                )
                yield archive_file
            # on disk before it bears its name: a power failure must not leave a whole name on half a file
            unfinished_file.flush()
            os.fsync(unfinished_file.fileno())
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _forget_unfinished(folder: Path) -> None:
    """Remove what backups into a folder left that were killed; what is being written is held locked."""
    for path in folder.glob(f".*{_UNFINISHED}"):
        if path.is_file():
            with path.open("rb") as file, suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def read(source: Path) -> Manifest:
    """What a backup says of itself. BackupError where it is none, or of a format that this program does not know."""
    try:
        with tarfile.open(source, "r:") as archive_file:
            # the first entry alone: nobody should wait for a large file to hear that it is none of ours
            entry = archive_file.next()
            is_manifest = entry is not None and entry.name == _MANIFEST
            file = archive_file.extractfile(entry) if entry and is_manifest else None
            manifest_body = file.read() if file else b"{}"
        # the format first: a newer manifest may have other fields, and must be told as newer rather than as broken
        format_number = msgspec.json.decode(manifest_body, type=_Format).format
        if format_number > _LATEST:
            raise BackupError(
                f"{source} was made by a newer version of Nytta (format {format_number}): upgrade first"
            )
        return msgspec.json.decode(manifest_body, type=Manifest)
    except FileNotFoundError:
        raise BackupError(f"{source}: there is no such file") from None
    except (tarfile.TarError, OSError) as error:
        raise BackupError(
            f"{source} is no backup of Nytta, or only a part of one: {error}"
        ) from error
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BackupError(
            f"{source} is no backup of Nytta: it begins with something else ({error})"
        ) from error


def check(manifest: Manifest, tables: Path, engine: Callable[[], str]) -> None:
    """BackupError where the backup is ahead of this program: its migrations or its engine are not known here.

    `engine` is asked for its version only where its files are what the backup holds.
    """
    known_names = {f"{migration.sequence}/{migration.name}" for migration in migrations(tables)}
    ahead = [name for name in manifest.migrations if name not in known_names]
    if ahead:
        raise BackupError(
            f"the backup was made by a newer version of Nytta (its migration {ahead[0]} is unknown here): upgrade first"
        )
    # rows do not depend on the engine that wrote them; its files do
    if manifest.format == FORMAT and _version(manifest.engine) > _version(engine()):
        raise BackupError(
            f"the backup was made by a newer engine ({manifest.engine}, here {engine()}): upgrade the package chdb "
            "first"
        )


def unpack(source: Path, store: Path) -> None:
    """Put the store of a backup into the folder `store`, which must not exist; complete and compared, or not at all."""
    if store.exists():
        raise BackupError(
            f"{store} is there already: restore into an empty folder, and never over a store"
        )
    unfinished = store.with_name(f".{store.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        permissions.make_folder(unfinished)
        with tarfile.open(source, "r:") as archive_file:
            archive_file.extractall(unfinished, filter=_private)
        # compared from the disk rather than from the archive: what was written badly is seen too
        sums = unfinished / SUMS
        if not sums.is_file():
            raise BackupError(f"{source} is not complete: its end is missing. Take another backup")
        for line in sums.read_text("utf-8", "replace").splitlines():
            digest, _, entry_name = line.partition("  ")
            path = unfinished / entry_name
            if not path.is_file() or _digest(path) != digest:
                raise BackupError(
                    f"{source} is damaged: {entry_name} is not what it was. Take another backup"
                )
        (unfinished / "store").rename(store)
    except tarfile.TarError as error:
        raise BackupError(
            f"{source} is damaged or not complete: {error}. Take another backup"
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def engine_of(connection: Connection) -> str:
    """The version of the engine."""
    return str(connection.value("SELECT version()"))


def on_server(connection: Connection, disk: str, backup_name: str) -> str:
    """Have a server back up both zones onto a disk that its configuration allows; what it answers."""
    try:
        backup_rows = connection.rows(
            "BACKUP DATABASE {private}, DATABASE {open} TO Disk({disk:String}, {name:String})",
            disk=disk,
            name=backup_name,
        )
    except StoreError as error:
        raise BackupError(
            f"the server made no backup: {error}. It needs backups.allowed_disk = {disk}"
        ) from error
    return str(backup_rows[0][-1])


def _folder(connection: Connection) -> Path:
    return Path(str(connection.value("SELECT path FROM system.disks WHERE name = 'default'")))


def _active(connection: Connection) -> dict[Path, set[str]]:
    """Per folder of a table its parts that count."""
    active_parts: dict[Path, set[str]] = {}
    part_rows = connection.rows(
        "SELECT path, name FROM system.parts WHERE active AND database IN ({private:String}, {open:String})",
        private=connection.zones.private,
        open=connection.zones.open,
    )
    for part_path, part in part_rows:
        # resolved here and where it is looked up: the data folder may be reached by a link
        table_folder = Path(part_path).parent.resolve()
        active_parts.setdefault(table_folder, set()).add(part)
    return active_parts


def _link(store: Path, linked_store: Path, active: dict[Path, set[str]]) -> None:
    """Hold the store in `linked_store`: parts by links, because they never change; small files as copies."""
    for folder, subfolder_names, files in os.walk(store):
        folder_path = Path(folder)
        target = linked_store / folder_path.relative_to(store)
        permissions.make_folder(target)
        # `os.walk` goes into what this list still holds
        if folder_path == store:
            subfolder_names[:] = [
                entry_name for entry_name in subfolder_names if entry_name not in _SKIPPED
            ]
        active_parts = active.get(folder_path.resolve())
        is_table = (folder_path / "format_version.txt").exists()
        if is_table:
            # only parts that count: others are what merges left, or are not complete
            for part_name in sorted(active_parts or ()):
                shutil.copytree(folder_path / part_name, target / part_name, copy_function=os.link)
            # a table has it, though what lies in it is not held
            (target / "detached").mkdir(exist_ok=True)
            subfolder_names.clear()
        # `os.walk` counts links to folders as folders and would not list what they are: they are copied as links
        for entry_name in list(subfolder_names):
            if (folder_path / entry_name).is_symlink():
                subfolder_names.remove(entry_name)
                files.append(entry_name)
        # copies, because these small files may change while the folder is read into an archive
        for entry_name in files:
            shutil.copy2(folder_path / entry_name, target / entry_name, follow_symlinks=False)


def describe(
    connection: Connection, key_fingerprint: str, current_time: datetime, format_number: int
) -> Manifest:
    """What a store is at this moment: its engine, its migrations and its rows."""
    return Manifest(
        format_number,
        current_time.isoformat(timespec="seconds"),
        engine_of(connection),
        recorded(connection),
        key_fingerprint,
        counts(connection),
    )


def counts(connection: Connection) -> dict[str, int]:
    """Rows of each table that holds any of its own, by zone and name."""
    count_rows = connection.rows(
        "SELECT if(database = {open:String}, 'open', 'private') AS zone, name, total_rows FROM system.tables "
        "WHERE database IN ({private:String}, {open:String}) AND total_rows IS NOT NULL "
        "AND engine LIKE '%MergeTree' ORDER BY zone, name",
        private=connection.zones.private,
        open=connection.zones.open,
    )
    return {f"{zone}.{table_name}": int(row_count) for zone, table_name, row_count in count_rows}


def add(archive_file: tarfile.TarFile, entry_name: str, entry_body: bytes) -> None:
    """A file of an archive, its owner's alone."""
    entry = tarfile.TarInfo(entry_name)
    entry.size = len(entry_body)
    entry.mode = 0o600
    archive_file.addfile(entry, io.BytesIO(entry_body))


def _private(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
    """A member as tarfile's filter for data lets it in, its owner's alone whatever it was when it was packed."""
    mode = 0o700 if member.isdir() else 0o600
    return tarfile.data_filter(member, path).replace(mode=mode, deep=False)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _version(text: str) -> tuple[int, ...]:
    # year and month of a release: its later fixes are taken to leave the form of files as it is
    numbers = text.split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdigit())
