"""A file and its mapping become chunks of events; `explain` shows a person how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from nytta.ingest.events.batch import Reject
from nytta.ingest.events.lines import KEPT
from nytta.ingest.events.reasons import Reason
from nytta.ingest.files import files
from nytta.ingest.files.encodings import encoding_of
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.lookalikes import Lookalikes
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.object_cells import ObjectCells, column_of
from nytta.ingest.files.ocel import OcelReader
from nytta.ingest.files.records import ItemsReader, LinesReader, ObjectReader, RecordsReader
from nytta.ingest.files.rows import Broken, Reader, Row
from nytta.ingest.files.specs import Value
from nytta.ingest.files.tables import TableReader
from nytta.ingest.files.translation.texts import Shared, TextGetter, Texts
from nytta.ingest.files.translation.translator import Translator
from nytta.ingest.files.workbook import WorkbookReader
from nytta.ingest.files.xes import XesReader
from nytta.ingest.files.xml_records import XmlReader

_SAMPLE = 4_096
_SHOWN = 100
"""Rows whose fields are listed where one that is wanted is absent."""

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
    unrevised: frozenset[str] = frozenset()
    """Ids of events of rows that say no revision."""
    absent: tuple[str, ...] = ()
    """Fields that the mapping reads and no row had so far."""
    fields: tuple[str, ...] = ()
    """Where there are such, the fields that the first rows have."""
    beside: int = 0
    """Rows so far that name no unit and count in that of another row (`within`)."""
    unnamed: int = 0
    """Rows so far that name no unit and count where the mapping says (`missing`)."""


def alike(path: Path, mapping: Mapping) -> Lookalikes:
    """Those of a file as its mapping reads it. `InputError` where it cannot be read."""
    noted = Lookalikes()
    for _ in read(path, mapping, lookalikes=noted):
        pass
    return noted


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
    lookalikes: Lookalikes | None = None,
) -> Iterator[Chunk]:
    """The file's events in chunks of at most `CHUNK_ROWS` rows, in the order of the file, with flat memory.

    All events of a row have its number (from 1) as `sequence`; the row's own event has the row's number or
    identity as id, a derived event that with "." and the rule's word behind it. `start_row` is the number of
    rows already stored: they are read over. `digest` saves computing it anew. `conceal` turns an identity
    made of the file's fields into the event's id; without it the fields stand there as they are. `lookalikes` takes
    note of ids. At least one chunk comes, so that an empty log is told.

    `InputError` where the file cannot be read any further; the chunks before it are sound.
    """
    file_digest = digest or files.digest(path)
    source = source_of(mapping, file_digest)
    shared = shared_texts(path, mapping)
    translator = Translator(mapping, files.as_text(path.name), source, conceal, shared)
    with opened(path, mapping) as (stream, reader):
        row_number = 0
        events_pile = _Pile(source, lookalikes)
        yielded = False
        fields_met = _Met(mapping, shared)
        for source_row in reader:
            row_number += 1
            fields_met.add(source_row)
            if row_number <= start_row:
                if not isinstance(source_row, Broken):
                    translator.skip(source_row)
                continue
            events_pile.add(source_row, translator, row_number, reader.position(row_number))
            # by bytes too, for a few rows may be as long as thousands
            if (row_number - start_row) % CHUNK_ROWS == 0 or events_pile.held >= CHUNK_BYTES:
                yield events_pile.chunk(
                    row_number, stream.bytes_read, stream.bytes_total, fields_met
                )
                events_pile, yielded = _Pile(source, lookalikes), True
        if not events_pile.is_empty or not yielded:
            yield events_pile.chunk(row_number, stream.bytes_total, stream.bytes_total, fields_met)


def shared_texts(path: Path, mapping: Mapping, unpacked: int | None = None) -> Shared:
    """What rows of the file share (`within`), for which it is read once more; `unpacked` as in `files.opened`."""
    if not mapping.shared:
        return {}
    with opened(path, mapping, unpacked=unpacked) as (_, reader):
        return Texts(mapping.nulls).shared(reader, mapping.shared)


def objects(source_objects: Iterable[Any], mapping: Mapping) -> Reader:
    """What reads the rows of objects that are in memory."""
    return ItemsReader(source_objects, mapping.each, mapping.entries)


def translate(
    rows: Iterable[Row | Broken], mapping: Mapping, conceal: Callable[[str], str]
) -> Chunk:
    """The events of rows that came by another way than a file: a page that was pulled, or what a webhook sent.

    A reject is known by the id of its row, so that a row that comes again is the same reject. The mapping must have
    an identity.
    """
    assert mapping.source is not None
    translator = Translator(mapping, "", mapping.source, conceal)
    events_pile = _Pile(mapping.source, notes_revisions=True)
    row_number = 0
    for source_row in rows:
        row_number += 1
        events_pile.add(source_row, translator, row_number, "")
    return events_pile.chunk(row_number, 0, 0)


def identities(source_objects: Iterable[Any], mapping: Mapping) -> Iterator[str]:
    """What names each of these objects, of which no more than the fields of the identity need be there."""
    translator = Translator(mapping, "", str(mapping.source))
    for source_row in objects(source_objects, mapping):
        if not isinstance(source_row, Broken):
            yield translator.identity(source_row)


class _Met:
    """Which of the fields that a mapping reads were met in a row, and how many rows name no unit."""

    def __init__(self, mapping: Mapping, shared: Shared | None = None) -> None:
        self._absent = set(mapping.columns)
        self._rows = 0
        self._fields: dict[str, None] = {}
        self.beside = self.unnamed = 0
        unit = mapping.common.get("unit")
        self._unit: TextGetter | None = None
        # only where the mapping says what stands in: else such rows are rejected, and told of there
        if isinstance(unit, Value) and unit.field and unit.missing is not None:
            texts = Texts(mapping.nulls, shared)
            self._unit = texts.of_field(unit.field)
            self._unit_beside = (
                texts.of_shared(unit.field, unit.within) if unit.within else self._unit
            )

    def add(self, source_row: Row | Broken) -> None:
        """Take note of a row's fields, as long as one of those wanted is absent, and of its unit."""
        if isinstance(source_row, Broken):
            return
        # only until each was met: then nothing is looked at for the rest of the file
        if self._absent:
            self._absent -= source_row.keys()
            self._rows += 1
            if self._rows <= _SHOWN:
                self._fields |= dict.fromkeys(source_row)
        if self._unit is not None and self._unit(source_row) is None:
            is_beside = self._unit_beside(source_row) is not None
            self.beside += is_beside
            self.unnamed += not is_beside

    def told(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Fields that no row had, and those that the first rows have."""
        absent = tuple(sorted(self._absent)) if self._rows else ()
        return absent, tuple(self._fields) if absent else ()


class _Pile:
    """What becomes of consecutive rows, until it is a chunk."""

    def __init__(
        self, source: str, lookalikes: Lookalikes | None = None, *, notes_revisions: bool = False
    ) -> None:
        self.held = 0
        self._notes_revisions = notes_revisions
        self._lookalikes = lookalikes
        self._source = source
        self._events = bytearray()
        self._gone = bytearray()
        self._rejects: list[Reject] = []
        self._seen: list[str] = []
        self._unrevised: set[str] = set()
        self._unknown = self._skipped = 0

    @property
    def is_empty(self) -> bool:
        """Whether no row has come."""
        return not (self._events or self._gone or self._rejects or self._skipped)

    def add(
        self, source_row: Row | Broken, translator: Translator, row_number: int, position: str
    ) -> None:
        """The row of that number, which stands at `position`, '' where it is known by its id."""
        if isinstance(source_row, Broken):
            self._unknown += 1
            self._reject(
                Reason.MALFORMED_ROW, source_row.detail, position or "row", source_row.body
            )
            return
        outcome = translator.translate(source_row, row_number)
        if self._lookalikes is not None:
            self._lookalikes.add(outcome.events, row_number)
        if self._notes_revisions and not outcome.has_revision:
            self._unrevised.update(event["id"] for event in outcome.events)
        for events, body in ((outcome.events, self._events), (outcome.retractions, self._gone)):
            bytes_before = len(body)
            body.extend(b"".join(orjson.dumps(event, option=_JSON) for event in events))
            self.held += len(body) - bytes_before
        if outcome.errors:
            detail = "; ".join(
                f"{also_id}: {error}" if also_id else str(error)
                for also_id, error in outcome.errors
            )
            place = position or (f"row {outcome.key}" if outcome.key else "row")
            # one reject for the row, under the reason that came first: it is mended as a row
            self._reject(outcome.errors[0][1].reason, detail, place, orjson.dumps(source_row))
            if outcome.key is None:
                self._unknown += 1
            else:
                self._seen.append(outcome.key)
        # of no rule: the mapping leaves it out, and nobody has to mend it
        elif not outcome.events:
            self._skipped += 1

    def _reject(self, reason: Reason, detail: str, position: str, body: bytes) -> None:
        self._rejects.append(Reject(reason, detail, self._source, position, body[:KEPT]))
        self.held += len(body[:KEPT])

    def chunk(
        self, rows: int, bytes_read: int, bytes_total: int, fields_met: _Met | None = None
    ) -> Chunk:
        """All of it, and the fields that were met."""
        return Chunk(
            bytes(self._events),
            rows,
            tuple(self._rejects),
            self._skipped,
            bytes_read,
            bytes_total,
            bytes(self._gone),
            tuple(self._seen),
            self._unknown,
            frozenset(self._unrevised),
            *(fields_met.told() if fields_met else ((), ())),
            *((fields_met.beside, fields_met.unnamed) if fields_met else ()),
        )


@contextmanager
def opened(
    path: Path, mapping: Mapping, *, unpacked: int | None = None
) -> Iterator[tuple[Stream, Reader]]:
    """The file's stream and the reader of its rows, by the mapping's format; `unpacked` as in `files.opened`."""
    with files.opened(path, unpacked=unpacked) as stream:
        yield stream, reader_of(stream, mapping)


def reader_of(stream: Stream, mapping: Mapping) -> Reader:
    """What reads a stream's rows, by the mapping's format. `InputError` where it is another, or no header fits."""
    _refuse_other(stream, mapping.format)
    if mapping.format == "table":
        reader = _table_reader(stream, mapping)
        return ObjectCells(reader, mapping.table.objects) if mapping.table.objects else reader
    match mapping.format:
        case "xes":
            return XesReader(stream)
        case "ocel":
            return OcelReader(stream)
        case "json":
            return RecordsReader(stream, mapping.records, mapping.each, mapping.entries)
        case "object":
            return ObjectReader(stream, mapping.records, mapping.each, mapping.entries)
        case "lines":
            return LinesReader(stream, mapping.each, mapping.entries)
        case "xml":
            return XmlReader(stream, mapping.records, mapping.each, mapping.entries)


def _table_reader(stream: Stream, mapping: Mapping) -> Reader:
    table = mapping.table
    expected = sorted({column_of(field_name, table.objects) for field_name in mapping.columns})
    if stream.is_workbook:
        return WorkbookReader(stream, table.decimal, table.skip_lines, expected, table.header_lines)
    return TableReader(stream, table.dialect, expected)


def _refuse_other(stream: Stream, form: str) -> None:
    """InputError where the stream holds something else than its mapping says, with what to do."""
    if stream.is_workbook and form != "table":
        raise InputError(
            stream.name,
            "",
            f"the file is a workbook, and its mapping is for {form}; write format: table",
        )
    text = (
        stream.peek(_SAMPLE)
        .decode(encoding_of(stream.peek(_SAMPLE))[0], "replace")
        .lstrip("\ufeff \t\r\n")
    )
    if form != "table" and text[:20].lower().startswith(("<!doctype html", "<html")):
        message = "the file is a page of HTML, as one to sign in or of an error is; export the list itself"
        raise InputError(stream.name, "", message)
    is_xml, is_json = text.startswith("<"), text.startswith(("{", "["))
    if is_xml and form == "ocel":
        raise InputError(stream.name, "", "the file is XML; export the log as OCEL 2.0 in JSON")
    if is_xml and form in ("json", "object", "lines"):
        raise InputError(
            stream.name, "", f"the file is XML, and its mapping is for {form}; write format: xml"
        )
    if is_json and form in ("xes", "xml"):
        raise InputError(
            stream.name,
            "",
            f"the file is JSON, and its mapping is for {form}; name a mapping of JSON",
        )
