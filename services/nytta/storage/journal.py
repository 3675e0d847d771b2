"""Lines that are on disk before anybody goes on, kept in a folder until they are brought into the store.

An insert costs tens of milliseconds, a line in a file one. Writers that wait at the same moment share one sync.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from nytta.storage import permissions
from nytta.storage.errors import StoreError

_journals_lock = threading.Lock()
_journals: dict[Path, Journal] = {}


class Journal:
    """A folder of lines. Each process writes into a file of its own, held locked; any process may bring the rest in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # three locks, so that a line is written while another is being synced, and both while lines are delivered.
        # Taken in the order bringing, syncing, lock
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._bringing = threading.Lock()
        self._file: tuple[Path, int] | None = None
        # numbers of lines: which were written, and which of them are on disk
        self._written = 0
        self._synced = 0
        self._brought = time.monotonic()

    @classmethod
    def of(cls, folder: Path) -> Journal:
        """The journal of a folder: one per process, because a file has one writer."""
        with _journals_lock:
            return _journals.setdefault(folder.resolve(), cls(folder.resolve()))

    def write(self, lines: bytes) -> None:
        """Write whole lines; on disk when this returns. StoreError where they cannot be kept."""
        try:
            with self._lock:
                _, descriptor = self._file = self._file or self._begun()
                _append(descriptor, lines)
                self._written += 1
                position = self._written
            # one sync serves every line written before it: a writer that waited may find its own on disk already
            with self._syncing:
                if self._synced < position:
                    with self._lock:
                        written, descriptor = self._written, self._file[1]
                    os.fdatasync(descriptor)
                    self._synced = written
        except OSError as error:
            raise StoreError(f"a line could not be kept in {self.folder}: {error}") from error

    def due(self, seconds: float) -> bool:
        """Whether lines may wait that were written more than `seconds` ago."""
        return self._written > 0 and time.monotonic() - self._brought > seconds

    def bring(self, deliver: Callable[[list[bytes]], None]) -> None:
        """Hand over all whole lines, file by file, and let them go; what was not delivered is handed over again."""
        with self._bringing:
            self._brought = time.monotonic()
            closed_file = self._ended()
            for path in sorted(self.folder.glob("*.lines")):
                if closed_file is not None and path == closed_file[0]:
                    # its lock is ours already
                    descriptor: int | None = closed_file[1]
                else:
                    descriptor = _taken(path)
                if descriptor is None:
                    continue
                try:
                    # nobody went on after a line that is torn
                    lines = path.read_bytes().split(b"\n")[:-1]
                    if lines:
                        deliver(lines)
                    # after delivery alone: a crash before this hands the lines over again, and loses none
                    path.unlink()
                finally:
                    os.close(descriptor)

    def _begun(self) -> tuple[Path, int]:
        permissions.make_folder(self.folder)
        while True:
            path = self.folder / f"{time.time_ns():020d}-{os.getpid()}.lines"
            file = os.open(
                path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600
            )
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_nlink:
                break
            # whoever brings lines in held it first, found none, and took it away
            os.close(file)
        # a new file's name is on disk only when its folder is
        descriptor = os.open(self.folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        return path, file

    def _ended(self) -> tuple[Path, int] | None:
        """The file that was written into until now; the next line begins another."""
        with self._syncing, self._lock:
            ended = self._file
            if ended is not None:
                os.fdatasync(ended[1])
            self._file, self._synced = None, self._written
            return ended


def _append(descriptor: int, lines: bytes) -> None:
    """Write all of `lines` or nothing; OSError where there is no room."""
    size_before = os.fstat(descriptor).st_size
    try:
        if os.write(descriptor, lines) != len(lines):
            raise OSError(errno.ENOSPC, "the disk is full")
    except OSError:
        # a torn line would run into the next one
        os.ftruncate(descriptor, size_before)
        raise


def _taken(path: Path) -> int | None:
    """A file of lines, held; None where another process writes into it, or has brought it in meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # a file without a name was brought in by another process between opening and locking
        if os.fstat(descriptor).st_nlink:
            return descriptor
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None
