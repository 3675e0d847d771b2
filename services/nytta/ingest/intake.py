"""What comes in: bodies of events, and files of them, become durable rows, rejects and marks."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from collections.abc import Mapping as PyMapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from nytta import Mendable
from nytta.ingest.directory import LOOKED_UP, dated
from nytta.ingest.events.columns import distinct, join, unnumbered
from nytta.ingest.events.reasons import Reason
from nytta.ingest.files import files
from nytta.ingest.files.errors import RowError
from nytta.ingest.files.lookalikes import Lookalikes
from nytta.ingest.keys import Choice, KeyFileError, Keys, Note, Notes, with_first
from nytta.ingest.store import renamings
from nytta.ingest.store.backlog import Backlog
from nytta.ingest.store.exclusions import digests
from nytta.ingest.store.overlap import is_known, overlap
from nytta.ingest.store.private import Import, PrivateStore, SealedReject, sealed_table
from nytta.ingest.store.stops import count_stopped, without_stopped
from nytta.registry.registry import Registry
from nytta.registry.store import tables as registry_tables
from nytta.registry.store.approvals import remember_approval
from nytta.registry.store.tables import CreatedRoot
from nytta.storage.client import answering

# what decodes events and reads files is loaded by the first that come: commands that take none in start sooner
if TYPE_CHECKING:
    from nytta.ingest.events.batch import Batch, Reject
    from nytta.ingest.files.mapping import Mapping
    from nytta.ingest.files.read import Chunk

Progress = Callable[[int, int], None]
"""Told (bytes read, bytes in all) as a file is read."""

T = TypeVar("T")


class IntakeError(Mendable):
    """A file that cannot be taken in as it is: what to change."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the rows of one file: read = accepted + duplicate + conflict + rejected + left out.

    Rejected are rows of which nothing was kept; `left_out` are rows that the mapping leaves out on purpose, and those
    of systems that are switched off.
    """

    file: str
    read: int
    accepted: int
    duplicate: int
    rejected: int
    conflict: int
    left_out: int
    units_created: tuple[str, ...] = ()
    superseded: int = 0
    """Of the accepted rows, those that took the place of what was known of them."""
    retracted: int = 0
    """Events that were taken back: what a row says no more, and what a complete list lacks."""
    partly: int = 0
    """Rows of which an event was kept and another refused; they count as accepted or known."""
    warnings: tuple[str, ...] = ()
    """What a person should know of the file, each a sentence."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self) | {"units_created": list(self.units_created), "warnings": list(self.warnings)}


@dataclass(frozen=True, slots=True)
class Pulled:
    """What became of a page: rows, events stored, events taken back, and rows or events that were rejected.

    Those whose unit nobody knows yet are `unplaced`, and not among the rejected.
    """

    rows: int
    events: int
    retracted: int
    rejected: int
    unplaced: int = 0


class Delivery(Protocol):
    """The way of what is pulled to the processes that store it, where this one does not."""

    def deliver(self, events: pa.Table, rejects: Sequence[Reject], notes: Sequence[Note]) -> None:
        """Return when all of it is durable. Events are pseudonymised, their units the codes that the source uses."""
        ...

    def settle(self) -> None:
        """Return when what was delivered before is in the store."""
        ...


def _key_of(root: str) -> str:
    """The counter that holds the number of the newest key of an organisation's persons."""
    return f"key of persons of {root}"


@dataclass
class Intake:
    """Takes events in. `declared` is the registry of files; `registry` has the units made for logs beside it.

    First keys of persons are made when an organisation's first events come, and kept in `key_file` where there is one.
    """

    private: PrivateStore
    keys: Keys
    declared: Registry | None
    key_file: Path | None = None
    backlog: Backlog | None = None
    """Where groups are durable before the store has them; None where whoever accepts waits for the store."""
    delivery: Delivery | None = None
    """Who stores what is pulled; None where this process does."""
    homes: PyMapping[str, str] = field(default_factory=dict)
    """The organisation of a source's events, where sources.yaml says it: for events whose units are looked up."""

    def __post_init__(self) -> None:
        self._one_file = threading.Lock()  # an import makes units, and another must see them
        self._choosing = threading.Lock()
        self.notes = Notes()
        self.declare(self.declared)
        self._chosen: tuple[tuple[Keys, Registry, frozenset[bytes]], Choice] | None = None
        self.stopped: Counter[tuple[str, str]] = Counter()

    def declare(self, declared: Registry | None) -> None:
        """Take the registry as its files are now, and the persons who are not counted as the store has them."""
        self.declared = declared
        self.registry = registry_tables.with_created(declared, registry_tables.created_roots(self.private.connection))
        self._excluded = digests(self.private.connection)

    def rekey(self, keys: Keys) -> None:
        """Make pseudonyms with these keys from now on; the store remembers those that are in the key file."""
        self.keys = keys
        for root in keys.persons if self.key_file else ():
            if keys.newest(root) > self.private.counter(_key_of(root)):
                self.private.raise_counter(_key_of(root), keys.newest(root))

    def choice(self) -> Choice:
        """Makes the pseudonyms of what comes in now. KeyFileError where a key is missing that there was."""
        with self._choosing:
            if self._chosen is None or self._chosen[0] != (self.keys, self.registry, self._excluded):
                self._have_keys({organisation.id: organisation.key for organisation in self.registry.organisations})
                choice = Choice(self.keys, self.root_of, self._excluded, self.notes)
                self._chosen = (self.keys, self.registry, self._excluded), choice
            return self._chosen[1]

    def root_of(self, code: str, source: str) -> str:
        """The organisation behind a unit's code of a source; '' where that is open."""
        home = self.homes.get(source, "") if code == LOOKED_UP else ""
        return home or self.registry.root_of(code, source)

    def _choice_for(self, root: str) -> Choice:
        """Makes the pseudonyms of a file all of whose events are of one organisation."""
        with self._choosing:
            key_names = {organisation.id: organisation.key for organisation in self.registry.organisations}
            self._have_keys({root: key_names.get(root, root)})
            return Choice(self.keys, lambda _unit, _source: root, self._excluded, self.notes)

    def _have_keys(self, names: dict[str, str]) -> None:
        """See to it that each of these organisations (root to key name) has a key of persons."""
        for root, name in names.items():
            newest_made = self.private.counter(_key_of(root))
            if self.keys.newest(root) < newest_made:
                raise KeyFileError(
                    f"the key file has no key {name}-{newest_made}, with which persons of '{root}' are pseudonymised: "
                    "restore the file from its backup; with another key each of them would count twice"
                )
        missing = {root: name for root, name in names.items() if not self.keys.newest(root)}
        today = datetime.now(UTC).date()
        if self.key_file:
            self.rekey(with_first(self.key_file, missing, today) if missing else self.keys)
            return
        for root, name in missing.items():
            self.keys = self.keys.with_coming(root, name, today)

    def accept(self, bodies: Iterable[bytes], current_time: datetime, job: Import | None = None) -> Iterator[Batch]:
        """Validate, pseudonymise and store bodies of NDJSON; each comes out when it is durable.

        While one body is being stored, the next is decoded. Rows of an import (`job`) count when it commits.
        """
        choice = self.choice()

        def prepared(body: bytes) -> Batch:
            batch = _decode(body, current_time, choice)
            placed, unplaced = self._place(batch.table)
            table = without_stopped(self.registry, placed, self.stopped)
            return replace(batch, table=table, rejects=(*batch.rejects, *unplaced))

        return behind(map(prepared, bodies), lambda batch: self._write(batch.table, batch.rejects, current_time, job))

    def judge(self, body: bytes, received_at: datetime) -> Batch:
        """Decode events that are pseudonymised already and give them their units; nothing is stored.

        A raw id is rejected. For one of several writers, which stores the batch itself.
        """
        batch = _decode(body, received_at, None)
        placed, unplaced = self._place(batch.table)
        table = without_stopped(self.registry, placed, self.stopped)
        return replace(batch, table=table, rejects=(*batch.rejects, *unplaced))

    def judge_again(self, reject: SealedReject, current_time: datetime) -> pa.Table | None:
        """The decoded event of a reject if it passes now, else None. KeyFileError where the body stays sealed."""
        pseudonymise = None if reject.reason == Reason.RAW_ACTOR else self.choice()
        batch = _decode(self._unsealed(reject), current_time, pseudonymise)
        if batch.rejects or not len(batch) or self._place(batch.table)[1]:
            return None
        return batch.table

    def _unsealed(self, reject: SealedReject) -> bytes:
        return self.keys.unseal(reject.body if isinstance(reject.body, bytes) else str(reject.body).encode())

    def place_again(
        self, rejects: Sequence[SealedReject], current_time: datetime
    ) -> tuple[pa.Table, list[SealedReject]]:
        """The events among unplaced rejects whose units are known now, and the rejects that they were."""
        bodies = [self._unsealed(reject).rstrip(b"\n") for reject in rejects]
        batch = _decode(b"\n".join(bodies), current_time, None)
        placed, unplaced = self._place(batch.table)
        known_places = {(row["source"], f"id {row['id']}") for row in placed.select(["source", "id"]).to_pylist()}
        still_places = {(reject.source, reject.position) for reject in unplaced}
        known_places -= still_places
        return placed, [reject for reject in rejects if (reject.source, reject.position) in known_places]

    def pulled(self, items: Iterable[Any], mapping: Mapping, current_time: datetime, root: str = "") -> Pulled:
        """Store what rows of a pulled page say that is not known yet, durably, with rejects and marks.

        Rows are known by the mapping's identity and revision: what came before, or was said in a later revision
        already, is not stored again. The mapping's source is the source of the events, `root` their organisation where
        their units do not say it.
        """
        chunk, batch, retractions = self._mapped(items, mapping, current_time, root)
        events = join([unnumbered(batch.table), retractions])
        events = self.private.unknown(events, str(mapping.source), chunk.unrevised)
        return self._keep(chunk, batch, events, current_time)

    def pulled_directory(
        self,
        items: Iterable[Any],
        mapping: Mapping,
        current_time: datetime,
        *,
        gone: Collection[str] = (),
        root: str = "",
    ) -> Pulled:
        """Store what a page of a directory says, dated by the day on which it was seen; `gone` are ids of rows."""
        from nytta.ingest.events.encode import encode, to_ndjson
        from nytta.ingest.lookup import local_days
        from nytta.ingest.store.memberships import latest_memberships

        chunk, batch, retractions = self._mapped(items, mapping, current_time, root)
        placed, unplaced = self._place(batch.table)
        states = [orjson.loads(line) for line in encode(placed)]
        left = {*gone, *(retractions["id"].to_pylist() if len(retractions) else ())}
        rows = {str(state["id"]) for state in states} | left
        standing = latest_memberships(self.private, str(mapping.source), rows)
        changes = dated(states, sorted(left), standing, local_days(self.registry, [current_time])[0], current_time)
        events = _decode(to_ndjson(changes), current_time, None)
        chunk = replace(chunk, rejects=(*chunk.rejects, *unplaced, *events.rejects))
        return self._keep(chunk, batch, events.table, current_time)

    def _mapped(
        self, items: Iterable[Any], mapping: Mapping, current_time: datetime, root: str
    ) -> tuple[Chunk, Batch, pa.Table]:
        """Rows as their mapping reads them: events that are pseudonymised, and what they take back."""
        from nytta.ingest.files.read import objects, translate

        chunk = translate(objects(items, mapping), mapping, self.keys.pseudonymiser().wire)
        choice = self._choice_for(root) if root else self.choice()
        batch = _decode(chunk.ndjson, current_time, choice)
        return chunk, batch, _decode(chunk.retractions, current_time, None).table

    def _keep(self, chunk: Chunk, batch: Batch, events: pa.Table, current_time: datetime) -> Pulled:
        """Store events of a page and all that was rejected of it, or deliver them to those who do."""
        placed, unplaced = self._place(events)
        rejects = (*chunk.rejects, *batch.rejects, *unplaced)
        if self.delivery is not None:
            # whoever stores them places them, and rejects what has no place: a code is put in a unit's place once
            self._deliver(events, (*chunk.rejects, *batch.rejects))
        else:
            placed = without_stopped(self.registry, placed, self.stopped)
            if len(placed) or rejects:
                self._write(placed, rejects, current_time)
        gone = sum(placed["retracted"].to_pylist()) if "retracted" in placed.column_names else 0
        waiting = {reject.position for reject in rejects if reject.reason is Reason.UNPLACED}
        refused = {reject.position for reject in rejects} - waiting
        return Pulled(chunk.rows, len(placed) - gone, gone, len(refused), len(waiting))

    def _deliver(self, events: pa.Table, rejects: Sequence[Reject]) -> None:
        assert self.delivery is not None
        if len(events) or rejects:
            self.delivery.deliver(events, rejects, notes := self.notes.waiting())
            self.notes.stored(notes)

    def settle(self) -> None:
        """Return when what was pulled before is in the store, whoever stores it."""
        if self.delivery is not None:
            self.delivery.settle()

    def take_back(self, source: str, rows: Sequence[str], current_time: datetime) -> int:
        """Take back all events of rows of a source that it has no more; how many were taken back."""
        if self.delivery is None:
            return self.private.retract_rows(source, rows, current_time)
        retractions = self.private.retractions_of(source, rows, current_time)
        self._deliver(retractions, ())
        return len(retractions)

    def ids_of(self, items: Iterable[Any], mapping: Mapping) -> set[str]:
        """The ids that rows with these identities have. IntakeError where one has none: it may be any row."""
        from nytta.ingest.files.read import identities

        conceal = self.keys.pseudonymiser().wire
        try:
            return {conceal(key) for key in identities(items, mapping)}
        except RowError as error:
            raise IntakeError(f"{error}: it cannot be said which rows are gone, so none was taken back") from error

    def count_stopped(self, current_time: datetime) -> None:
        """Store how many events of systems that are switched off `judge` has passed over."""
        count_stopped(self.private.connection, self.stopped, current_time)

    def store(self, events: pa.Table, rejects: Sequence[Reject], current_time: datetime) -> int:
        """Give decoded events their units and store them, and the rejects; durable when it returns, with the batch."""
        placed, unplaced = self._place(events)
        placed = without_stopped(self.registry, placed, self.stopped)
        return self._write(placed, (*rejects, *unplaced), current_time)

    def accept_group(self, events: pa.Table, rejects: Sequence[Reject], current_time: datetime) -> int:
        """As `store`, but what is durable when it returns waits in the backlog, which brings it into the store.

        BacklogFullError where too much waits there.
        """
        assert self.backlog is not None
        placed, unplaced = self._place(events)
        placed = without_stopped(self.registry, placed, self.stopped)
        self._note(current_time)
        return self.backlog.append(placed, sealed_table((*rejects, *unplaced), self.keys.seal, current_time))

    def import_file(
        self,
        path: Path,
        mapping: Mapping | None,
        current_time: datetime,
        *,
        organisation: str = "",
        timezone: str = "",
        snapshot_at: datetime | None = None,
        gone_at_most: int | None = None,
        within: str = "",
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import a file, or go on with an interrupted import of it; its rows count from the moment it is complete.

        Without a mapping the file holds CloudEvents, one per line. Threads take turns, file by file. A list that says
        it is complete may take back at most `gone_at_most` rows, or a third of them: else IntakeError. With `within`,
        rows of units that are not of that organisation are rejected.
        """
        with self._one_file:
            return self._import_file(
                path, mapping, current_time, organisation, timezone, snapshot_at, gone_at_most, within, progress
            )

    def _import_file(
        self,
        path: Path,
        mapping: Mapping | None,
        current_time: datetime,
        organisation: str,
        timezone: str,
        snapshot_at: datetime | None,
        gone_at_most: int | None,
        within: str,
        progress: Progress | None,
    ) -> ImportReport:
        digest = files.digest(path)
        root = organisation or (mapping.organisation.id if mapping else "")
        snapshot = 0
        if mapping and mapping.snapshot:
            list_time = snapshot_at or datetime.fromtimestamp(path.stat().st_mtime, UTC)
            snapshot = int(list_time.timestamp())
            if snapshot <= 0:
                raise IntakeError(
                    f"{files.as_text(path.name)}: the list is dated {list_time:%Y-%m-%d}: say when with --snapshot-at"
                )
        kind = mapping.id if mapping else "cloudevents"
        job = self._job(Import(0, files.as_text(path.name), digest, kind, root, snapshot=snapshot), mapping)
        if job.state != "open":
            return ImportReport(
                files.as_text(path), job.read, 0, job.read - job.rejected - job.left_out, job.rejected, 0, job.left_out
            )
        reading = _Reading(self, mapping, job, current_time, self._root(root, timezone, mapping), within)
        for step in behind(reading.steps(path), lambda step: self._write_step(step, current_time)):
            job = step.job
            self.private.connection.check()
            if progress:
                progress(step.bytes_read, step.bytes_total)
        if mapping and mapping.complete:
            self._retract_absent(path, job, mapping, reading, gone_at_most, current_time)
        job = self._counted(job, mapping)
        created_root = reading.made
        new_units: tuple[str, ...] = ()
        if created_root:
            known_codes = {
                created_root.root: created_root.codes
                for created_root in registry_tables.created_roots(self.private.connection)
            }
            new_units = tuple(sorted(set(created_root.codes) - set(known_codes.get(root, ()))))
            registry_tables.add_created(self.private.connection, created_root)
            if mapping and mapping.approval:
                remember_approval(self.private.connection, root, mapping.approval.given(root))
        self.private.commit_import(job, current_time)
        warnings = [*reading.warnings(), *(self._overlap(job, mapping) if mapping else ())]
        return ImportReport(
            files.as_text(path),
            job.read,
            job.accepted,
            job.duplicate,
            job.rejected,
            job.conflict,
            job.left_out,
            new_units,
            job.superseded,
            job.retracted,
            reading.partly,
            tuple(warnings),
        )

    def _overlap(self, job: Import, mapping: Mapping) -> list[str]:
        """That rows stand in an earlier file too, where nothing tells whether they are the same."""
        match = overlap(self.private.connection, job) if mapping.identity is None and job.accepted else None
        if match is None:
            return []
        return [
            f"{match.rows} of {job.read} rows stand in {match.file} too, and count again: name the columns by which a "
            "row is known (identity) in the mapping and import both anew, or import the new rows alone"
        ]

    def _job(self, job: Import, mapping: Mapping | None) -> Import:
        """The import as it stands, or a new one. Of two lists of the same moment, the one that comes later is later."""
        while True:
            number = Import.identify(job.digest, repr(mapping), job.organisation, job.snapshot)
            import_found = self.private.find_import(number)
            if import_found:
                return import_found
            if not job.snapshot or not self.private.snapshot_taken(job.mapping, job.organisation, job.snapshot):
                return replace(job, id=number)
            job = replace(job, snapshot=job.snapshot + 1)

    def _retract_absent(
        self,
        path: Path,
        job: Import,
        mapping: Mapping,
        reading: _Reading,
        gone_at_most: int | None,
        current_time: datetime,
    ) -> None:
        """Take back what a complete list lacks; what an older list says and a later one lacks is taken back as well."""
        if reading.unknown_rows:  # they may be any of those that seem to be gone
            return
        assert mapping.source is not None
        listed = self.private.latest_list(job)
        absent = self.private.absent(job, listed, mapping.source, sorted(reading.seen))
        if not absent.gone:
            return
        if listed is job and absent.gone > (absent.standing / 3 if gone_at_most is None else gone_at_most):
            raise IntakeError(
                f"{files.as_text(path.name)}: {absent.gone} of {absent.standing} rows of '{mapping.source}' are not in "
                "this list, which says that it is complete. Nothing was changed. If they are gone, say "
                f"--gone-at-most {absent.gone}; if not, export the whole list"
            )
        self.private.retract_absent(job, listed, mapping.source, sorted(reading.seen), current_time)

    def _write_step(self, step: _Step, current_time: datetime) -> None:
        with answering():  # what was read is kept, and how far it was read
            self._write(step.events, step.rejects, current_time, step.job)
            self.private.save_import(step.job, current_time)

    def _write(
        self, events: pa.Table, rejects: tuple[Reject, ...], current_time: datetime, job: Import | None = None
    ) -> int:
        number, snapshot = (job.id, job.snapshot) if job else (0, 0)
        self._note(current_time)
        return self.private.write(
            events, rejects, seal=self.keys.seal, received_at=current_time, import_id=number, snapshot=snapshot
        )

    def _note(self, current_time: datetime) -> None:
        """Store what must be there before events are acknowledged: what was left out, and coming pseudonyms."""
        count_stopped(self.private.connection, self.stopped, current_time)
        if self.notes.waiting():
            with self.private.writing.lock:
                renamings.note(self.private, notes := self.notes.waiting())
                self.notes.stored(notes)

    def _place(self, events: pa.Table) -> tuple[pa.Table, tuple[Reject, ...]]:
        """Put the registry's units for the sources' codes; events of unknown units are rejected whole."""
        if not len(events):
            return events, ()
        triples, codes = distinct(events["source"], events["unit"], pc.cast(events["time"], pa.date32()))
        if any(unit == LOOKED_UP for _, unit, _ in triples):
            return self._place_looked_up(events)
        homes = [self.registry.resolve_one(unit, source, day) if unit else "" for source, unit, day in triples]
        if all(home == unit for home, (_, unit, _) in zip(homes, triples, strict=True)):
            return events, ()
        is_placed = pa.array(np.array([home is not None for home in homes])[codes])
        units = pa.array([home or "" for home in homes], pa.string()).dictionary_encode()
        column = pa.DictionaryArray.from_arrays(units.indices.take(pa.array(codes)), units.dictionary)
        placed = events.set_column(events.schema.get_field_index("unit"), "unit", column).filter(is_placed)
        lost = events.filter(pc.invert(is_placed))
        return placed, _unplaced(lost)

    def _place_looked_up(self, events: pa.Table) -> tuple[pa.Table, tuple[Reject, ...]]:
        """As `_place`, where some events leave it to us to look their units up."""
        from nytta.ingest.lookup import looked_up

        is_looked_up = pc.equal(events["unit"].cast(pa.string()), LOOKED_UP)
        others_placed, rejects = self._place(events.filter(pc.invert(is_looked_up)))
        placed, unplaced = looked_up(self.private, self.registry, events.filter(is_looked_up))
        return join([others_placed, placed]), (*rejects, *unplaced)

    def _counted(self, job: Import, mapping: Mapping | None) -> Import:
        """Rows against what was there before: a row of a file is known by its number, or by the mapping's identity."""
        stored = job.read - job.rejected - job.left_out
        if mapping is not None and mapping.identity is None and not is_known(self.private.connection, job):
            return replace(job, accepted=stored)
        counts = self.private.import_counts(job.id, derived=mapping is not None)
        duplicate = max(0, stored - counts.accepted - counts.conflict)
        return replace(
            job,
            accepted=counts.accepted,
            superseded=counts.superseded,
            conflict=counts.conflict,
            duplicate=duplicate,
            retracted=counts.retracted,
        )

    def _root(self, root: str, timezone: str, mapping: Mapping | None) -> CreatedRoot | None:
        """The organisation under which units are made; None where the registry declares it or events name theirs."""
        if mapping is None or (
            self.declared and any(organisation.id == root for organisation in self.declared.organisations)
        ):
            return None
        known_roots = {
            created_root.root: created_root for created_root in registry_tables.created_roots(self.private.connection)
        }
        if root in known_roots:
            return known_roots[root]
        size = mapping.declared_size if isinstance(mapping.declared_size, int) else None
        public = mapping.purpose == "public_data"
        zone = timezone or mapping.timezone
        new_root = CreatedRoot(root, zone, (), mapping.organisation.country, public, size)
        self._with(new_root)
        return new_root

    def with_units(self, created_root: CreatedRoot, events: pa.Table) -> CreatedRoot:
        """`created_root` with the codes of these events, and the registry with their units."""
        codes = set(events["unit"].unify_dictionaries().unique().to_pylist()) - {""} if len(events) else set()
        owners = {unit.id: unit.root for unit in self.registry.units}
        foreign = sorted(code for code in codes if owners.get(code, created_root.root) != created_root.root)
        if foreign:
            raise IntakeError(
                f"unit '{foreign[0]}' belongs to organisation '{owners[foreign[0]]}' already: if it is the same, say "
                f"--organisation {owners[foreign[0]]}; if not, give this log's units names of their own in the mapping"
            )
        new = codes - set(created_root.codes)
        if new:
            created_root = replace(created_root, codes=tuple(sorted(set(created_root.codes) | codes)))
            self.registry = self._with(created_root)
        return created_root

    def _with(self, created_root: CreatedRoot) -> Registry:
        """The registry with what a log brings; IntakeError where the two do not go together."""
        try:
            return registry_tables.with_created(self.registry, [created_root])
        except ValueError as error:
            raise IntakeError(f"{error}; say another with --organisation or --timezone") from error


@dataclass(frozen=True, slots=True)
class _Step:
    """Some rows of a file, ready to be stored, and how far the import has come with them."""

    events: pa.Table
    rejects: tuple[Reject, ...]
    job: Import
    bytes_read: int
    bytes_total: int


@dataclass
class _Reading:
    """A file on its way in: its chunks are decoded and given their units, one after the other."""

    intake: Intake
    mapping: Mapping | None
    job: Import
    now: datetime
    made: CreatedRoot | None
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
    lookalikes: Lookalikes = field(default_factory=Lookalikes)
    """Ids as the file has them: seen while it is read, and kept nowhere."""

    def steps(self, path: Path) -> Iterator[_Step]:
        """The rest of the file, from the row at which the import stands."""
        from nytta.ingest.files.cloudevents import read_cloudevents
        from nytta.ingest.files.read import read

        root = self.job.organisation
        if self.mapping and self.mapping.complete and self.job.read:  # it was interrupted: which rows were rejected?
            self.unknown_rows = bool(self.intake.private.rejects(source=self.mapping.source or "", limit=1))
        choice = self.intake._choice_for(root) if root else self.intake.choice()
        conceal = self.intake.keys.pseudonymiser().wire  # rows keep their ids when keys of persons change
        chunks = (
            read(
                path,
                self.mapping,
                self.job.read,
                digest=self.job.digest,
                conceal=conceal,
                lookalikes=self.lookalikes,
            )
            if self.mapping
            else read_cloudevents(path, self.job.read)
        )
        for chunk in chunks:
            retractions = _decode(chunk.retractions, self.now, None)
            yield self._step(chunk, _decode(chunk.ndjson, self.now, choice), retractions.table)

    def _step(self, chunk: Chunk, batch: Batch, retractions: pa.Table) -> _Step:
        if self.made:
            self.made = self.intake.with_units(self.made, batch.table)
        placed, unplaced = self.intake._place(batch.table)
        if self.within and len(placed):
            placed, foreign = _within(self.intake.registry, placed, self.within)
            unplaced = (*unplaced, *foreign)
        events = without_stopped(self.intake.registry, placed, self.intake.stopped)
        rejects = (*chunk.rejects, *(_at_row(reject, self.job.read) for reject in batch.rejects), *unplaced)
        self._count(chunk, events, rejects)
        if self.mapping and self.mapping.identity is not None:
            events = join([unnumbered(events), retractions])
        self._note_seen(chunk, (*batch.rejects, *unplaced))
        return _Step(events, rejects, self.job, chunk.bytes_read, chunk.bytes_total)

    def _count(self, chunk: Chunk, events: pa.Table, rejects: Sequence[Reject]) -> None:
        """Every row of the chunk is one of three: something of it is kept, all of it was refused, or it is left out."""
        rows = chunk.rows - self.job.read
        if self.mapping is None:
            accepted, refused = len(events), len(rejects)
        else:
            numbers = set(events["sequence"].to_pylist()) if len(events) else set()
            named = {_row_of(reject) for reject in rejects}
            accepted, refused = len(numbers), len(named - numbers)
            self.partly += len(named & numbers)
        self.job = replace(
            self.job,
            read=chunk.rows,
            rejected=self.job.rejected + refused,
            left_out=self.job.left_out + rows - accepted - refused,
        )
        self.absent, self.fields = chunk.absent, chunk.fields

    def warnings(self) -> list[str]:
        """What the file lacks, and that ids of it look alike."""
        alike = [self.lookalikes.warning()] if self.lookalikes.pairs else []
        if not self.absent:
            return alike
        names = ", ".join(f"'{name}'" for name in self.absent)
        known_names = ", ".join(self.fields[:60]) + (" …" if len(self.fields) > 60 else "")
        return [f"no row has the field{'s' * (len(self.absent) > 1)} {names}; the fields are: {known_names}", *alike]

    def _note_seen(self, chunk: Chunk, rejects: Sequence[Reject]) -> None:
        if self.mapping is None or not self.mapping.complete:
            return
        self.seen |= set(chunk.seen)
        self.unknown_rows |= chunk.unknown_rows > 0
        self.seen |= {re.sub(r"\.[a-z_]+$", "", reject_id) for reject in rejects if (reject_id := _id_of(reject))}


def behind(items: Iterable[T], write: Callable[[T], object]) -> Iterator[T]:
    """Each item after it was written; while one is being written, the next is made."""
    with ThreadPoolExecutor(1) as writer:
        under_way: tuple[Future[object], T] | None = None
        for item in items:
            if under_way:
                under_way[0].result()
                yield under_way[1]
            under_way = (writer.submit(write, item), item)
        if under_way:
            under_way[0].result()
            yield under_way[1]


def _at_row(reject: Reject, rows_before: int) -> Reject:
    """The reject of a decoded line with its place in the file: the row it was mapped from, or the line itself."""
    try:
        row = str(orjson.loads(reject.body)["sequence"])
        return replace(reject, position=f"row {int(row)}")
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        line = int(reject.position.removeprefix("line "))
        return replace(reject, position=f"line {rows_before + line}")


def _row_of(reject: Reject) -> int:
    """The number of the row that a reject was made of; 0 where it is not known."""
    if match := re.match(r"row (\d+)", reject.position):
        return int(match[1])
    try:
        return int(orjson.loads(reject.body)["sequence"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return 0


def _id_of(reject: Reject) -> str:
    """The id of a rejected event that was made of a row."""
    try:
        return str(orjson.loads(reject.body)["id"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""


def _decode(body: bytes, current_time: datetime, pseudonymise: Choice | None) -> Batch:
    """The events of a body of NDJSON, and its rejects; None where they are pseudonymised already."""
    from nytta.ingest.events.batch import decode

    return decode(body, received_at=current_time, pseudonymise=pseudonymise)


def _within(registry: Registry, events: pa.Table, root: str) -> tuple[pa.Table, tuple[Reject, ...]]:
    """Events of units of an organisation, and rejects of the others."""
    own_units = pa.array(sorted({unit.id for unit in registry.units if unit.root == root}), pa.string())
    units = events["unit"].cast(pa.string())
    is_within = pc.or_(pc.is_in(units, own_units), pc.equal(units, ""))
    detail = f"the unit is not of {root}, whose files alone may be imported here"
    lost = events.filter(pc.invert(is_within))
    return events.filter(is_within), _refused(lost, Reason.FORBIDDEN_UNIT, lambda _: detail)


def _unplaced(events: pa.Table) -> tuple[Reject, ...]:
    """Rejects of events whose unit nobody knows."""
    return _refused(
        events,
        Reason.UNKNOWN_UNIT,
        lambda row: f"the registry has no unit '{row['unit']}' on {row['time']:%Y-%m-%d}; add it or map the code",
    )


def _refused(events: pa.Table, reason: Reason, detail: Callable[[dict[str, Any]], str]) -> tuple[Reject, ...]:
    """Rejects of decoded events; the body of each is the event, pseudonymised."""
    from nytta.ingest.events.batch import Reject
    from nytta.ingest.events.encode import encode

    return tuple(
        Reject(reason, detail(row), row["source"], f"id {row['id']}", body)
        for row, body in zip(events.to_pylist(), encode(events), strict=True)
    )
