"""An import of a file: read in steps, each durable, and counted from the moment it is complete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nytta.ingest.files import files
from nytta.ingest.intake import created_units
from nytta.ingest.intake.events import EventIntake
from nytta.ingest.intake.file_reading import FileReading, FileStep
from nytta.ingest.intake.pipeline import behind
from nytta.ingest.intake.reports import ImportReport, IntakeError
from nytta.ingest.store.imports import (
    Import,
    commit_import,
    find_import,
    latest_list,
    save_import,
    snapshot_taken,
)
from nytta.ingest.store.outcomes import import_counts
from nytta.ingest.store.overlap import is_known, overlap
from nytta.ingest.store.retractions import absent_rows, retract_absent
from nytta.registry.store.tables import CreatedRoot
from nytta.storage.errors import answering

if TYPE_CHECKING:
    from nytta.ingest.files.mapping import Mapping

Progress = Callable[[int, int], None]
"""Called with (bytes read, bytes in all) as a file is read."""

_GONE_DIVISOR = 3
"""A complete list may take back a third of the rows that stand without anybody saying so."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What whoever imports a file says of it beside its mapping."""

    organisation: str = ""
    """Whose file it is; "" where the mapping or its events say it."""
    timezone: str = ""
    """Of an organisation that the file brings; "" for the mapping's."""
    snapshot_at: datetime | None = None
    """When a list was made; None for the file's own time."""
    gone_at_most: int | None = None
    """Rows that a complete list may take back; None for a third of those that stand."""
    within: str = ""
    """The organisation whose rows alone are taken; "" for any."""
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class FileImport:
    """A file that is imported by one mapping, or as CloudEvents without one."""

    intake: EventIntake
    path: Path
    mapping: Mapping | None
    options: ImportOptions
    current_time: datetime

    def run(self) -> ImportReport:
        """Import the file, or the rest of it. IntakeError where it cannot be taken in as it is."""
        import_job = self._job()
        if import_job.state != "open":
            return self._known_report(import_job)
        reading = FileReading(
            self.intake,
            self.mapping,
            import_job,
            self.current_time,
            self._created_root(import_job.organisation),
            self.options.within,
        )
        import_job = self._store_steps(reading)
        # taken back before the commit: the retractions are rows of this import, and count from the same moment
        if self.mapping and self.mapping.complete:
            self._retract_absent(import_job, self.mapping, reading)
        # counted before the commit, which writes the counts down
        import_job = self._counted(import_job)
        # units before the commit, so that no round meets rows of units that it does not know
        new_units = self._add_units(reading.created_root)
        commit_import(self.intake.private, import_job, self.current_time)
        warnings = (*reading.warnings(), *self._overlap_warnings(import_job))
        return self._report(import_job, new_units, reading.partly, warnings)

    def _job(self) -> Import:
        """The import as it stands, or a new one. Of two lists of the same moment, the one that comes later is later."""
        mapping = self.mapping
        organisation = self.options.organisation or (mapping.organisation.id if mapping else "")
        store = self.intake.private
        import_job = Import(
            id=0,
            name=files.as_text(self.path.name),
            digest=files.digest(self.path),
            mapping=mapping.id if mapping else "cloudevents",
            organisation=organisation,
            snapshot=self._snapshot(),
        )
        while True:
            import_id = Import.identify(
                import_job.digest, repr(mapping), organisation, import_job.snapshot
            )
            earlier = find_import(store, import_id)
            if earlier:
                return earlier
            if not import_job.snapshot or not snapshot_taken(
                store, import_job.mapping, organisation, import_job.snapshot
            ):
                return replace(import_job, id=import_id)
            # one second later, and looked up anew: the same file with the same time finds the id that it got here
            import_job = replace(import_job, snapshot=import_job.snapshot + 1)

    def _snapshot(self) -> int:
        """When a list was made, in seconds since 1970: as it is told, else by the file's time; 0 for other files."""
        if self.mapping is None or not self.mapping.snapshot:
            return 0
        list_time = self.options.snapshot_at or datetime.fromtimestamp(
            self.path.stat().st_mtime, UTC
        )
        snapshot = int(list_time.timestamp())
        # 0 says that a file is no list, and the store's column has no sign
        if snapshot <= 0:
            raise IntakeError(
                f"{files.as_text(self.path.name)}: the list is dated {list_time:%Y-%m-%d}: say when with --snapshot-at"
            )
        return snapshot

    def _created_root(self, root: str) -> CreatedRoot | None:
        """The organisation under which units are made; None where the registry declares it or events name theirs."""
        if self.mapping is None or created_units.is_declared(self.intake.declared, root):
            return None
        stored = created_units.stored_root(self.intake.private.connection, root)
        if stored is not None:
            return stored
        created_root = created_units.root_of_log(root, self.options.timezone, self.mapping)
        # refused before a row is read, where it does not go with the registry
        created_units.joined(self.intake.registry, created_root)
        return created_root

    def _store_steps(self, reading: FileReading) -> Import:
        """Store the file step by step; the import as the last step leaves it."""
        import_job = reading.job
        for step in behind(reading.steps(self.path), self._write_step):
            import_job = step.job
            # a step is written as an answer is, which a store that stops lets through: here the import breaks off
            self.intake.private.connection.check()
            if self.options.progress:
                self.options.progress(step.bytes_read, step.bytes_total)
        return import_job

    def _write_step(self, step: FileStep) -> None:
        # what was read is kept, and how far it was read
        with answering():
            self.intake.write(step.events, step.rejects, self.current_time, step.job)
            save_import(self.intake.private, step.job, self.current_time)

    def _retract_absent(self, import_job: Import, mapping: Mapping, reading: FileReading) -> None:
        """Take back what a complete list lacks; what an older list says and a later one lacks is taken back as well."""
        # they may be any of those that seem to be gone
        if reading.unknown_rows:
            return
        assert mapping.source is not None
        store = self.intake.private
        listed = latest_list(store, import_job)
        seen_rows = sorted(reading.seen)
        absent = absent_rows(store, import_job, listed, mapping.source, seen_rows)
        if not absent.gone:
            return
        # a list that lacks so much may be a part of one, which nothing else would show: a person has to say so
        gone_at_most = self.options.gone_at_most
        allowed = absent.standing / _GONE_DIVISOR if gone_at_most is None else gone_at_most
        # an older list than the latest takes back only what that latest, accepted list lacks
        if listed is import_job and absent.gone > allowed:
            raise IntakeError(
                f"{files.as_text(self.path.name)}: {absent.gone} of {absent.standing} rows of '{mapping.source}' are "
                "not in this list, which says that it is complete. Nothing was changed. If they are gone, say "
                f"--gone-at-most {absent.gone}; if not, export the whole list"
            )
        retract_absent(store, import_job, listed, mapping.source, seen_rows, self.current_time)

    def _counted(self, import_job: Import) -> Import:
        """Rows against what was there before: a row of a file is known by its number, or by the mapping's identity."""
        mapping = self.mapping
        store = self.intake.private
        stored = import_job.read - import_job.rejected - import_job.left_out
        # the source is the file's digest: only the same file, read by another mapping, can have told of these events
        if (
            mapping is not None
            and mapping.identity is None
            and not is_known(store.connection, import_job)
        ):
            return replace(import_job, accepted=stored)
        import_totals = import_counts(store, import_job.id, derived=mapping is not None)
        duplicate = max(0, stored - import_totals.accepted - import_totals.conflict)
        return replace(
            import_job,
            accepted=import_totals.accepted,
            superseded=import_totals.superseded,
            conflict=import_totals.conflict,
            duplicate=duplicate,
            retracted=import_totals.retracted,
        )

    def _add_units(self, created_root: CreatedRoot | None) -> tuple[str, ...]:
        if created_root is None or self.mapping is None:
            return ()
        return created_units.add_units(self.intake.private.connection, created_root, self.mapping)

    def _overlap_warnings(self, import_job: Import) -> list[str]:
        """That rows stand in an earlier file too, where nothing tells whether they are the same."""
        if self.mapping is None or self.mapping.identity is not None or not import_job.accepted:
            return []
        earlier = overlap(self.intake.private.connection, import_job)
        if earlier is None:
            return []
        return [
            f"{earlier.rows} of {import_job.read} rows stand in {earlier.file} too, and count again: name the columns "
            "by which a row is known (identity) in the mapping and import both anew, or import the new rows alone"
        ]

    def _known_report(self, import_job: Import) -> ImportReport:
        """The report of a file that was imported whole before: all of its rows are known."""
        return ImportReport(
            file=files.as_text(self.path),
            read=import_job.read,
            accepted=0,
            duplicate=import_job.read - import_job.rejected - import_job.left_out,
            rejected=import_job.rejected,
            conflict=0,
            left_out=import_job.left_out,
        )

    def _report(
        self, import_job: Import, new_units: tuple[str, ...], partly: int, warnings: tuple[str, ...]
    ) -> ImportReport:
        return ImportReport(
            file=files.as_text(self.path),
            read=import_job.read,
            accepted=import_job.accepted,
            duplicate=import_job.duplicate,
            rejected=import_job.rejected,
            conflict=import_job.conflict,
            left_out=import_job.left_out,
            units_created=new_units,
            superseded=import_job.superseded,
            retracted=import_job.retracted,
            partly=partly,
            warnings=warnings,
        )
