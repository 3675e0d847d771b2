"""A file of CloudEvents, one per line, in an array or indented: nothing to map, only to cut into chunks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nytta.ingest.files import files
from nytta.ingest.files.encodings import encoding_of, in_utf8
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.json_file import elements, whole
from nytta.ingest.files.read import Chunk

CHUNK_ROWS = 50_000
"""Lines that become one chunk."""
CHUNK_BYTES = 64 << 20
"""Bytes with which a chunk is full before that."""

_SAMPLE = 1 << 16

LONGEST = 1 << 20
"""Bytes of a line; what is longer is cut off and rejected as too large."""


def read_cloudevents(path: Path, start_row: int = 0) -> Iterator[Chunk]:
    """The lines of the file in chunks, blank ones left out. `start_row` is the number of lines already stored.

    `InputError` where the file cannot be read any further; the chunks before it are sound.
    """
    with files.opened(path) as stream:
        row_number = bytes_held = 0
        kept_lines: list[bytes] = []
        for line in _events(stream):
            if not line.strip():
                continue
            row_number += 1
            if row_number <= start_row:
                continue
            kept_lines.append(line if line.endswith(b"\n") else line + b"\n")
            bytes_held += len(kept_lines[-1])
            if len(kept_lines) == CHUNK_ROWS or bytes_held >= CHUNK_BYTES:
                yield Chunk(
                    b"".join(kept_lines), row_number, (), 0, stream.bytes_read, stream.bytes_total
                )
                kept_lines, bytes_held = [], 0
        yield Chunk(b"".join(kept_lines), row_number, (), 0, stream.bytes_total, stream.bytes_total)


def _events(stream: files.Stream) -> Iterator[bytes]:
    """The events on a line each, whether the file has them so, in an array, or over several lines."""
    if stream.is_workbook:
        raise InputError(
            stream.name,
            "",
            "a workbook is no list of CloudEvents; say with --mapping what the columns mean",
        )
    sample = stream.peek(_SAMPLE)
    text = sample.decode(encoding_of(sample)[0], "replace").lstrip("\ufeff \t\r\n")
    if text and text[0] not in "{[":
        raise InputError(
            stream.name, "line 1", "not a CloudEvent; say with --mapping what the columns mean"
        )
    if text.startswith("[") or text.split("\n", 1)[0].strip() == "{":
        yield from elements(whole(stream), stream.name)
        return
    yield from _lines(in_utf8(stream, stream.read(_SAMPLE)))


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Lines with their ends; of a line longer than allowed, one byte more than allowed and its end."""
    remainder = b""
    skipping = False
    for piece in pieces:
        *lines, remainder = (remainder + piece).split(b"\n")
        for line in lines:
            if not skipping:
                yield line + b"\n"
            skipping = False
        if len(remainder) > LONGEST:
            if not skipping:
                yield remainder[: LONGEST + 1] + b"\n"
            remainder, skipping = b"", True
    if remainder and not skipping:
        yield remainder
