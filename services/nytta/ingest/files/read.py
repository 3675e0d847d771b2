"""A file and its mapping become chunks of events; `explain` shows a person how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from nytta.ingest.events.batch import Reject
from nytta.ingest.events.lines import KEPT
from nytta.ingest.events.reasons import Reason
from nytta.ingest.files import files
from nytta.ingest.files.files import Stream
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.ocel import OcelReader
from nytta.ingest.files.records import LinesReader, ObjectReader, RecordsReader
from nytta.ingest.files.rows import Broken, Reader
from nytta.ingest.files.tables import TableReader
from nytta.ingest.files.translate import Translator
from nytta.ingest.files.xes import XesReader
from nytta.ingest.files.xml_records import XmlReader

CHUNK_ROWS = 5_000
"""Rows of the file that become one chunk."""
CHUNK_BYTES = 64 << 20
"""Bytes of events and rejects with which a chunk is full before that."""

_JSON = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True, slots=True)
class Chunk:
    """The events of some consecutive rows, and how far the reading has come."""

    ndjson: bytes
    """CloudEvents, one per line, with ids of persons, cases and tickets as the file has them."""
    rows: int
    """Rows of the file read so far, those before `start_row` included. Reading resumes there."""
    rejects: tuple[Reject, ...]
    """Rows of this chunk of which an event could not be made, once each, with the row as JSON in `body`.
    The row's other events are in `ndjson`: if only the date of closing is unreadable, its step is."""
    skipped: int
    """Rows of this chunk that the mapping leaves out (`when`)."""
    bytes_read: int
    bytes_total: int
    """Of the file on disk, for a progress bar."""
    retractions: bytes = b""
    """CloudEvents, one per line, that take back what earlier revisions of these rows may have said."""
    seen: tuple[str, ...] = ()
    """Ids of rows of this chunk of which an event could not be made."""
    unknown_rows: int = 0
    """Rows of this chunk whose id is not known."""


def source_of(mapping: Mapping, digest: str) -> str:
    """The source of a file's events: the mapping's where rows have an identity, else the file's digest."""
    return mapping.source if mapping.source is not None else f"file:{digest[:32]}"


def read(
    path: Path,
    mapping: Mapping,
    start_row: int = 0,
    *,
    digest: str | None = None,
    conceal: Callable[[str], str] | None = None,
) -> Iterator[Chunk]:
    """The file's events in chunks of at most `CHUNK_ROWS` rows, in the order of the file, with flat memory.

    All events of a row have its number (from 1) as `sequence`; the row's own event has the row's number or
    identity as id, a derived event that with "." and the rule's word behind it. `start_row` is the number of
    rows already stored: they are read over. `digest` saves computing it anew. `conceal` turns an identity
    made of the file's fields into the event's id; without it the fields stand there as they are. At least one
    chunk comes, so that an empty log is told.

    `InputError` where the file cannot be read any further; the chunks before it are sound.
    """
    known = digest or files.digest(path)
    source = source_of(mapping, known)
    translator = Translator(mapping, files.as_text(path.name), source, conceal)
    with opened(path, mapping) as (stream, reader):
        number = 0
        pieces: list[bytes] = []
        rejects: list[Reject] = []
        skipped = held = 0
        yielded = False
        gone: list[bytes] = []
        seen: list[str] = []
        unknown = 0

        def chunk(at: int) -> Chunk:
            return Chunk(
                b"".join(pieces),
                number,
                tuple(rejects),
                skipped,
                at,
                stream.bytes_total,
                b"".join(gone),
                tuple(seen),
                unknown,
            )

        for row in reader:
            number += 1
            if number <= start_row:
                if not isinstance(row, Broken):
                    translator.skip(row)
                continue
            if isinstance(row, Broken):
                position, body = reader.position(number), row.body[:KEPT]
                rejects.append(Reject(Reason.MALFORMED_ROW, row.detail, source, position, body))
                held += len(body)
                unknown += 1
            else:
                outcome = translator.translate(row, number)
                for event in outcome.retractions:
                    gone.append(orjson.dumps(event, option=_JSON))
                    held += len(gone[-1])
                for event in outcome.events:
                    pieces.append(orjson.dumps(event, option=_JSON))
                    held += len(pieces[-1])
                if outcome.errors and outcome.key is None:
                    unknown += 1
                elif outcome.errors:
                    seen.append(str(outcome.key))
                if outcome.errors:
                    detail = "; ".join(f"{also}: {error}" if also else str(error) for also, error in outcome.errors)
                    reason = outcome.errors[0][1].reason
                    body = orjson.dumps(row)[:KEPT]
                    rejects.append(Reject(reason, detail, source, reader.position(number), body))
                    held += len(body)
                if not outcome.events and not outcome.errors:
                    skipped += 1
            if (number - start_row) % CHUNK_ROWS == 0 or held >= CHUNK_BYTES:
                yield chunk(stream.bytes_read)
                pieces, rejects, skipped, held, yielded = [], [], 0, 0, True
                gone, seen, unknown = [], [], 0
        if pieces or gone or rejects or skipped or not yielded:
            yield chunk(stream.bytes_total)


@contextmanager
def opened(path: Path, mapping: Mapping, *, unpacked: int | None = None) -> Iterator[tuple[Stream, Reader]]:
    """The file's stream and the reader of its rows, by the mapping's format; `unpacked` as in `files.opened`."""
    with files.opened(path, unpacked=unpacked) as stream:
        match mapping.format:
            case "xes":
                yield stream, XesReader(stream)
            case "ocel":
                yield stream, OcelReader(stream)
            case "json":
                yield stream, RecordsReader(stream, mapping.records, mapping.each, mapping.entries)
            case "object":
                yield stream, ObjectReader(stream, mapping.records, mapping.each, mapping.entries)
            case "lines":
                yield stream, LinesReader(stream, mapping.each, mapping.entries)
            case "xml":
                yield stream, XmlReader(stream, mapping.records, mapping.each, mapping.entries)
            case "table":
                yield stream, TableReader(stream, mapping.table.dialect, sorted(mapping.columns))
