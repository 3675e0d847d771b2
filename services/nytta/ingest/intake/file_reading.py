"""A file as it is read for an import: its chunks, decoded and with their units, and what was seen of its rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from nytta.ingest.events.columns import join, unnumbered
from nytta.ingest.files.lookalikes import Lookalikes
from nytta.ingest.intake.created_units import joined, with_codes
from nytta.ingest.intake.events import EventIntake, decode
from nytta.ingest.intake.placement import of_organisation
from nytta.ingest.intake.rejects import at_row, event_id_of, row_of
from nytta.ingest.store.imports import Import
from nytta.ingest.store.rejects import latest_rejects
from nytta.ingest.store.stops import without_stopped
from nytta.registry.store.tables import CreatedRoot

# readers of files are loaded by the first file that comes: commands that take none in start sooner
if TYPE_CHECKING:
    from nytta.ingest.events.batch import Batch, Reject
    from nytta.ingest.files.mapping import Mapping
    from nytta.ingest.files.read import Chunk

_DERIVED = re.compile(r"\.[a-z_]+$")
"""The word behind a row's id in the id of an event that was derived of the row."""
_FIELDS_NAMED = 60
"""Fields of a file that a warning names."""


class FileStep(NamedTuple):
    """Some rows of a file, ready to be stored, and how far the import has come with them."""

    events: pa.Table
    rejects: tuple[Reject, ...]
    job: Import
    bytes_read: int
    bytes_total: int


@dataclass
class FileReading:
    """A file on its way in: its chunks are decoded and given their units, one after the other."""

    intake: EventIntake
    mapping: Mapping | None
    """None for a file of CloudEvents, one per line."""
    job: Import
    current_time: datetime
    created_root: CreatedRoot | None
    """The organisation whose units the file brings; None where all its units are declared."""
    within: str = ""
    """The organisation to which all units must belong; "" for any."""
    seen: set[str] = field(default_factory=set)
    """Ids of rows that are in the file, though an event of theirs could not be made."""
    unknown_rows: bool = False
    """Whether there are rows that could not be made out."""
    partly: int = 0
    """Rows of which an event was kept and another refused."""
    absent: tuple[str, ...] = ()
    """Fields that the mapping reads and no row has."""
    fields: tuple[str, ...] = ()
    """Where there are such, fields that rows have."""
    beside: int = 0
    """Rows that name no unit and count in that of another row."""
    unnamed: int = 0
    """Rows that name no unit and count where the mapping says."""
    lookalikes: Lookalikes = field(default_factory=Lookalikes)
    """Ids as the file has them: seen while it is read, and kept nowhere."""

    def steps(self, path: Path) -> Iterator[FileStep]:
        """The rest of the file, from the row at which the import stands."""
        if self.mapping and self.mapping.complete and self.job.read:
            # it was interrupted, and nobody noted which rows were rejected before
            self.unknown_rows = bool(
                latest_rejects(self.intake.private, source=self.mapping.source or "", limit=1)
            )
        root = self.job.organisation
        choice = self.intake.choice_for(root) if root else self.intake.choice()
        for chunk in self._chunks(path):
            batch = decode(chunk.ndjson, self.current_time, choice)
            retractions = decode(chunk.retractions, self.current_time, None)
            yield self._step(chunk, batch, retractions.table)

    def _chunks(self, path: Path) -> Iterable[Chunk]:
        from nytta.ingest.files.cloudevents import read_cloudevents
        from nytta.ingest.files.read import read

        if self.mapping is None:
            return read_cloudevents(path, self.job.read)
        # by the lasting key: rows keep their ids when keys of persons change
        conceal = self.intake.keys.pseudonymiser().wire
        return read(
            path,
            self.mapping,
            self.job.read,
            digest=self.job.digest,
            conceal=conceal,
            lookalikes=self.lookalikes,
        )

    def _step(self, chunk: Chunk, batch: Batch, retractions: pa.Table) -> FileStep:
        # before the events are placed, which finds a unit only where the registry has it
        self._create_units(batch.table)
        placed, unplaced = self.intake.place(batch.table)
        if self.within and len(placed):
            placed, foreign = of_organisation(self.intake.registry, placed, self.within)
            unplaced = (*unplaced, *foreign)
        events = without_stopped(self.intake.registry, placed, self.intake.stopped)
        undecoded = [at_row(reject, self.job.read) for reject in batch.rejects]
        rejects = (*chunk.rejects, *undecoded, *unplaced)
        # counted by the numbers of rows, which events of rows with an identity lose at once: a row that moved within
        # its list must be the same content
        self._count(chunk, events, rejects)
        if self.mapping and self.mapping.identity is not None:
            events = join([unnumbered(events), retractions])
        self._note_seen(chunk, (*batch.rejects, *unplaced))
        return FileStep(events, rejects, self.job, chunk.bytes_read, chunk.bytes_total)

    def _create_units(self, events: pa.Table) -> None:
        if self.created_root is None:
            return
        extended_root = with_codes(self.intake.registry, self.created_root, events)
        if extended_root != self.created_root:
            self.intake.registry = joined(self.intake.registry, extended_root)
            self.created_root = extended_root

    def _count(self, chunk: Chunk, events: pa.Table, rejects: Sequence[Reject]) -> None:
        """Every row of the chunk is one of three: something of it is kept, all of it was refused, or it is left out."""
        read_rows = chunk.rows - self.job.read
        if self.mapping is None:
            accepted, refused = len(events), len(rejects)
        else:
            kept_rows = set(events["sequence"].to_pylist()) if len(events) else set()
            refused_rows = {row_of(reject) for reject in rejects}
            accepted, refused = len(kept_rows), len(refused_rows - kept_rows)
            self.partly += len(refused_rows & kept_rows)
        left_out = read_rows - accepted - refused
        self.job = replace(
            self.job,
            read=chunk.rows,
            rejected=self.job.rejected + refused,
            left_out=self.job.left_out + left_out,
        )
        self.absent, self.fields = chunk.absent, chunk.fields
        self.beside, self.unnamed = chunk.beside, chunk.unnamed

    def _note_seen(self, chunk: Chunk, rejects: Sequence[Reject]) -> None:
        if self.mapping is None or not self.mapping.complete:
            return
        self.seen |= set(chunk.seen)
        self.unknown_rows |= chunk.unknown_rows > 0
        # rejected rows are in the list all the same: they must not be taken back as if it lacked them
        event_ids = filter(None, map(event_id_of, rejects))
        self.seen |= {_DERIVED.sub("", event_id) for event_id in event_ids}

    def warnings(self) -> list[str]:
        """What the file lacks, where rows count that name no unit, and that ids of it look alike."""
        other_warnings = [
            *self._unit_warnings(),
            *([self.lookalikes.warning()] if self.lookalikes.pairs else []),
        ]
        if not self.absent:
            return other_warnings
        absent_fields = ", ".join(f"'{name}'" for name in self.absent)
        plural = "s" if len(self.absent) > 1 else ""
        present = ", ".join(self.fields[:_FIELDS_NAMED])
        if len(self.fields) > _FIELDS_NAMED:
            present += " …"
        return [
            f"no row has the field{plural} {absent_fields}; the fields are: {present}",
            *other_warnings,
        ]

    def _unit_warnings(self) -> Iterator[str]:
        unit = self.mapping.common.get("unit") if self.mapping else None
        if self.beside:
            within = getattr(unit, "within", "")
            first = f"that of the first row that does with the same '{within}'"
            yield f"{self.beside} rows name no unit and count in {first}"
        if self.unnamed:
            yield f"{self.unnamed} rows name no unit and count in '{getattr(unit, 'missing', '')}'"
