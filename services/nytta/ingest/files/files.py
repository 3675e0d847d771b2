"""A file on disk as a stream of decompressed bytes that knows how far it has come."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from nytta.ingest.files import containers
from nytta.ingest.files.errors import InputError

_PIECE = 1 << 20


class Stream(io.RawIOBase):
    """The bytes of one file, decompressed where it is gzip or a zip archive of one file.

    `bytes_read` and `bytes_total` count the file's own (compressed) bytes and so drive a progress bar.
    Damaged or truncated compression raises `InputError`, and so does content beyond `most` bytes where that is given.
    """

    def __init__(
        self, file: IO[bytes], file_name: str, total: int, most: int | None = None
    ) -> None:
        """`file` is open for reading in binary mode and stands at its beginning. `InputError` where it is no list."""
        super().__init__()
        self.name = file_name
        self.bytes_total = total
        self._most = most
        self._taken = 0
        self._ahead = b""
        self._file = file
        self._content, self.is_workbook = containers.content(file, file_name)

    @property
    def bytes_read(self) -> int:
        """Bytes taken from the file so far, 0 … `bytes_total`."""
        return self._file.tell()

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with the next decompressed bytes; 0 at the end."""
        chunk = self.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def peek(self, size: int) -> bytes:
        """The `size` bytes that come next, or all of the rest, without taking them."""
        while len(self._ahead) < size and (chunk := self._read(size - len(self._ahead))):
            self._ahead += chunk
        return self._ahead[:size]

    def read(self, size: int = -1) -> bytes:
        """At most `size` decompressed bytes, all of the rest for -1; b"" at the end."""
        if not self._ahead:
            return self._read(size)
        chunk, self._ahead = (
            (self._ahead, b"") if size < 0 else (self._ahead[:size], self._ahead[size:])
        )
        return (
            chunk
            if len(chunk) == size
            else chunk + self._read(size - len(chunk) if size >= 0 else size)
        )

    def _read(self, size: int) -> bytes:
        if self._most is not None:
            # one more than may come: it tells that more would
            room = self._most + 1 - self._taken
            size = room if size < 0 else min(size, room)
        try:
            chunk = self._content.read(size)
        except EOFError as error:
            raise InputError(
                self.name,
                f"byte {self.bytes_read}",
                "the compressed file ends too early; copy or export it again",
            ) from error
        except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
            raise InputError(
                self.name,
                f"byte {self.bytes_read}",
                f"the compressed file is damaged ({error}); copy or export it again",
            ) from error
        self._taken += len(chunk)
        if self._most is not None and self._taken > self._most:
            raise InputError(
                self.name,
                "",
                f"its first {self._most >> 20} MiB, unpacked, do not hold the first rows; export it in parts",
            )
        return chunk


@contextmanager
def opened(path: Path, *, unpacked: int | None = None) -> Iterator[Stream]:
    """The file at `path` as a `Stream`. `InputError` when it cannot be opened.

    Of a compressed file no more than `unpacked` bytes are read, where that is given: a small file can hold terabytes.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        remedies = {
            "IsADirectoryError": "is a folder; name a file",
            "FileNotFoundError": "there is no such file",
        }
        reason = remedies.get(type(error).__name__, f"cannot be opened: {error.strerror}")
        raise InputError(as_text(path), "", reason) from error
    with file:
        size = path.stat().st_size
        yield Stream(file, as_text(path), size, None if unpacked is None else max(unpacked, size))


def as_text(path: Path | str) -> str:
    """A path, or a file's name, as text: bytes that are none, as names on some disks have them, are replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def digest(path: Path) -> str:
    """SHA-256 of the decompressed bytes, 64 hex digits. The same log has one digest, compressed or not."""
    hasher = hashlib.sha256()
    with opened(path) as stream:
        while chunk := stream.read(_PIECE):
            hasher.update(chunk)
    return hasher.hexdigest()
