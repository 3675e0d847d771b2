"""A write-ahead log: records that are on disk before anybody is answered, until the store has what they say.

A record is there whole or not at all. It lies in one of several files (segments), each written by one process from its
first record to its last, and removed when all of its records are in the store.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nytta.storage import permissions

_MAGIC: Final = b"NYT1"
_HEAD: Final = struct.Struct("<4sQI")
"""Mark, length and CRC-32 of the body that follows."""
_PATTERN: Final = "*.segment"
_DAMAGED: Final = ".damaged"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of records as it was read: its whole records, and whether some before the last of them are damaged."""

    path: Path
    records: tuple[bytes, ...]
    damaged: bool


class WriteAheadLog:
    """The segments of a folder. One process at a time has it, one thread at a time appends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held: int | None = None
        self._file: int | None = None
        self._path = folder
        self._size = 0
        self._last = 0

    def hold(self) -> bool:
        """Take the folder for this process, until `close`; False where another process has it."""
        permissions.make_folder(self.folder)
        # the folder itself is locked: the kernel lets go of it when the process dies, and no file can be left over
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._held = descriptor
        return True

    def close(self) -> None:
        """Let go of the folder; segments stay as they are."""
        self.cut()
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def append(self, record_parts: Sequence[bytes]) -> Path:
        """Write the parts of `record_parts` as one record, on disk when this returns; the segment that it lies in.

        OSError where it cannot be kept: then it is not there, or whoever reads finds it though nobody was answered.
        """
        checksum = 0
        for record_part in record_parts:
            checksum = zlib.crc32(record_part, checksum)
        length = sum(map(len, record_parts))
        descriptor = self._begun()
        try:
            # one call for head and body: nothing is copied together, and a record is cut off at most at its end
            written_bytes = os.writev(
                descriptor, [_HEAD.pack(_MAGIC, length, checksum), *record_parts]
            )
            # a disk that fills up takes a part of it and reports no error
            if written_bytes != _HEAD.size + length:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            # the data alone, without times of the file: the length that reading needs is part of it
            os.fdatasync(descriptor)
        except OSError:
            # what a failed sync left on disk is unknown: nothing is written behind it
            with suppress(OSError):
                os.ftruncate(descriptor, self._size)
            self.cut()
            raise
        self._size += written_bytes
        return self._path

    def cut(self) -> None:
        """Have the next record begin a segment."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def remove(self, path: Path) -> None:
        """Remove a segment for good: it does not come again when the machine's power fails."""
        path.unlink(missing_ok=True)
        self._sync_folder()

    def segments(self) -> Iterator[Segment]:
        """All segments, the earliest first; the torn end of one is left out."""
        for path in sorted(self.folder.glob(_PATTERN)):
            yield _read(path)

    def put_aside(self, path: Path) -> Path:
        """Keep a segment under a name that `segments` passes over; that name."""
        aside = path.with_name(path.name + _DAMAGED)
        path.rename(aside)
        self._sync_folder()
        return aside

    def _begun(self) -> int:
        if self._file is None:
            # segments are read in the order of their names, so numbers grow though the clock was set back
            self._last = max(time.time_ns(), self._last + 1)
            self._path = self.folder / f"{self._last:020d}.segment"
            # exclusive: a segment is never continued, for its end may be torn
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(self._path, flags, 0o600)
            self._size = 0
            # a new file's name is on disk only when its folder is
            self._sync_folder()
        return self._file

    def _sync_folder(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(path: Path) -> Segment:
    log_bytes = path.read_bytes()
    records = []
    offset = 0
    damaged = False
    while offset < len(log_bytes):
        body = _record(log_bytes, offset)
        if body is not None:
            records.append(body)
            offset += _HEAD.size + len(body)
            continue
        following = _next_record(log_bytes, offset + 1)
        # the end was torn off while it was written: nobody was answered
        if following is None:
            _log.info(
                "%s: %d bytes that were not written to their end are left out",
                path,
                len(log_bytes) - offset,
            )
            break
        # a whole record follows, so this one was written to its end and acknowledged: the disk has lost it
        damaged = True
        offset = following
    return Segment(path, tuple(records), damaged)


def _record(log_bytes: bytes, offset: int) -> bytes | None:
    """The body of the record that begins at a byte; None where none does, or not all of it is as it was written."""
    if len(log_bytes) - offset < _HEAD.size:
        return None
    mark, length, checksum = _HEAD.unpack_from(log_bytes, offset)
    if mark != _MAGIC:
        return None
    start = offset + _HEAD.size
    body = log_bytes[start : start + length]
    is_whole = len(body) == length and zlib.crc32(body) == checksum
    return body if is_whole else None


def _next_record(log_bytes: bytes, offset: int) -> int | None:
    """Where the next whole record begins."""
    # the mark alone decides nothing: its four bytes may stand in a body, whose sum then does not fit
    while (offset := log_bytes.find(_MAGIC, offset)) >= 0:
        if _record(log_bytes, offset) is not None:
            return offset
        offset += 1
    return None
