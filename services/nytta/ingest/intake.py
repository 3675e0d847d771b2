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

_DERIVED = re.compile(r"\.[a-z_]+$")
"""The word behind a row's id in the id of an event that was derived of the row."""
_FIELDS_NAMED = 60
"""Fields of a file that a warning names."""


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
        if self.key_file is None:  # keys of the memory alone end with the process: none can be missed later
            return
        for root in keys.persons:
            newest = keys.newest(root)
            if newest > self.private.counter(_key_of(root)):
                self.private.raise_counter(_key_of(root), newest)

    def choice(self) -> Choice:
        """Makes the pseudonyms of what comes in now. KeyFileError where a key is missing that there was."""
        with self._choosing:
            # a choice remembers its makers of pseudonyms, so it is kept as long as nothing that it rests on changes
            if self._chosen is None or self._chosen[0] != (self.keys, self.registry, self._excluded):
                self._have_keys(self._key_names())
                choice = Choice(self.keys, self.root_of, self._excluded, self.notes)
                # after `_have_keys`, which may have made keys: they are part of what the choice rests on
                grounds = (self.keys, self.registry, self._excluded)
                self._chosen = grounds, choice
            return self._chosen[1]

    def _key_names(self) -> dict[str, str]:
        """The name of the key of each organisation's persons, by organisation."""
        return {organisation.id: organisation.key for organisation in self.registry.organisations}

    def root_of(self, code: str, source: str) -> str:
        """The organisation behind a unit's code of a source; '' where that is open."""
        home = self.homes.get(source, "") if code == LOOKED_UP else ""
        return home or self.registry.root_of(code, source)

    def _choice_for(self, root: str) -> Choice:
        """Makes the pseudonyms of a file all of whose events are of one organisation."""
        with self._choosing:
            key_name = self._key_names().get(root, root)
            self._have_keys({root: key_name})
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

        def prepare(body: bytes) -> Batch:
            return self._placed_batch(_decode(body, current_time, choice))

        def write(batch: Batch) -> None:
            self._write(batch.table, batch.rejects, current_time, job)

        return behind(map(prepare, bodies), write)

    def judge(self, body: bytes, received_at: datetime) -> Batch:
        """Decode events that are pseudonymised already and give them their units; nothing is stored.

        A raw id is rejected. For one of several writers, which stores the batch itself.
        """
        return self._placed_batch(_decode(body, received_at, None))

    def _placed_batch(self, batch: Batch) -> Batch:
        """A decoded batch with the registry's units, without events of systems that are switched off."""
        placed, unplaced = self._place(batch.table)
        table = without_stopped(self.registry, placed, self.stopped)
        rejects = (*batch.rejects, *unplaced)
        return replace(batch, table=table, rejects=rejects)

    def judge_again(self, reject: SealedReject, current_time: datetime) -> pa.Table | None:
        """The decoded event of a reject if it passes now, else None. KeyFileError where the body stays sealed."""
        # it came where only pseudonyms pass: made into one here, the raw id would have passed after all
        pseudonymise = None if reject.reason == Reason.RAW_ACTOR else self.choice()
        batch = _decode(self._unsealed(reject), current_time, pseudonymise)
        if batch.rejects or not len(batch):
            return None
        _placed, unplaced = self._place(batch.table)
        # with the codes of its source, for whoever stores it puts the units in their place
        return None if unplaced else batch.table

    def _unsealed(self, reject: SealedReject) -> bytes:
        # the driver returns a String of the store as text
        sealed = reject.body if isinstance(reject.body, bytes) else str(reject.body).encode()
        return self.keys.unseal(sealed)

    def place_again(
        self, rejects: Sequence[SealedReject], current_time: datetime
    ) -> tuple[pa.Table, list[SealedReject]]:
        """The events among unplaced rejects whose units are known now, and the rejects that they were."""
        bodies = [self._unsealed(reject).rstrip(b"\n") for reject in rejects]
        batch = _decode(b"\n".join(bodies), current_time, None)
        placed, unplaced = self._place(batch.table)
        identities = placed.select(["source", "id"]).to_pylist()
        # rejects of events without a place bear the event's id as their position, as `_refused` makes them
        placed_positions = {(identity["source"], f"id {identity['id']}") for identity in identities}
        # an id may have come twice, of which one content has its place: the reject stays until none lacks it
        placed_positions -= {(reject.source, reject.position) for reject in unplaced}
        settled = [reject for reject in rejects if (reject.source, reject.position) in placed_positions]
        return placed, settled

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
        retracted_ids = retractions["id"].to_pylist() if len(retractions) else []
        left_ids = {*gone, *retracted_ids}
        listed_ids = {str(state["id"]) for state in states}
        standing = latest_memberships(self.private, str(mapping.source), listed_ids | left_ids)
        (today,) = local_days(self.registry, [current_time])
        changes = dated(states, sorted(left_ids), standing, today, current_time)
        # decoded anew, so that what was made of states passes the same checks as any event
        events = _decode(to_ndjson(changes), current_time, None)
        rejects = (*chunk.rejects, *unplaced, *events.rejects)
        return self._keep(replace(chunk, rejects=rejects), batch, events.table, current_time)

    def _mapped(
        self, items: Iterable[Any], mapping: Mapping, current_time: datetime, root: str
    ) -> tuple[Chunk, Batch, pa.Table]:
        """Rows as their mapping reads them: events that are pseudonymised, and what they take back."""
        from nytta.ingest.files.read import objects, translate

        # ids of rows are concealed by the lasting key: a row must be known again when keys of persons change
        conceal = self.keys.pseudonymiser().wire
        chunk = translate(objects(items, mapping), mapping, conceal)
        choice = self._choice_for(root) if root else self.choice()
        batch = _decode(chunk.ndjson, current_time, choice)
        retractions = _decode(chunk.retractions, current_time, None)
        return chunk, batch, retractions.table

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
        retracted = sum(placed["retracted"].to_pylist()) if "retracted" in placed.column_names else 0
        waiting = {reject.position for reject in rejects if reject.reason is Reason.UNPLACED}
        # by position, for a row of which several events were refused is one row
        refused = {reject.position for reject in rejects} - waiting
        return Pulled(
            rows=chunk.rows,
            events=len(placed) - retracted,
            retracted=retracted,
            rejected=len(refused),
            unplaced=len(waiting),
        )

    def _deliver(self, events: pa.Table, rejects: Sequence[Reject]) -> None:
        assert self.delivery is not None
        if len(events) or rejects:
            notes = self.notes.waiting()
            self.delivery.deliver(events, rejects, notes)
            # only now: a delivery that failed sends the same notes with the next
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
        file_name = files.as_text(path)
        root = organisation or (mapping.organisation.id if mapping else "")
        draft = Import(
            id=0,
            name=files.as_text(path.name),
            digest=files.digest(path),
            mapping=mapping.id if mapping else "cloudevents",
            organisation=root,
            snapshot=_snapshot_of(path, mapping, snapshot_at),
        )
        job = self._job(draft, mapping)
        if job.state != "open":  # the whole file was imported before: all of its rows are known
            return ImportReport(
                file=file_name,
                read=job.read,
                accepted=0,
                duplicate=job.read - job.rejected - job.left_out,
                rejected=job.rejected,
                conflict=0,
                left_out=job.left_out,
            )
        reading = _Reading(self, mapping, job, current_time, self._root(root, timezone, mapping), within)
        for step in behind(reading.steps(path), lambda step: self._write_step(step, current_time)):
            job = step.job
            # a step is written as an answer is, which a store that stops lets through: here the import breaks off
            self.private.connection.check()
            if progress:
                progress(step.bytes_read, step.bytes_total)
        # taken back before the commit: the retractions are rows of this import, and count from the same moment
        if mapping and mapping.complete:
            self._retract_absent(path, job, mapping, reading, gone_at_most, current_time)
        # counted before the commit, which writes the counts down
        job = self._counted(job, mapping)
        # units before the commit, so that no round meets rows of units that it does not know
        new_units = self._add_units(reading.made, mapping) if reading.made else ()
        self.private.commit_import(job, current_time)
        warnings = reading.warnings()
        if mapping:
            warnings += self._overlap(job, mapping)
        return ImportReport(
            file=file_name,
            read=job.read,
            accepted=job.accepted,
            duplicate=job.duplicate,
            rejected=job.rejected,
            conflict=job.conflict,
            left_out=job.left_out,
            units_created=new_units,
            superseded=job.superseded,
            retracted=job.retracted,
            partly=reading.partly,
            warnings=tuple(warnings),
        )

    def _add_units(self, created_root: CreatedRoot, mapping: Mapping | None) -> tuple[str, ...]:
        """Keep the organisation that a log brings, with its units; the codes of those that are new."""
        connection = self.private.connection
        stored_codes = {stored.root: stored.codes for stored in registry_tables.created_roots(connection)}
        new_codes = set(created_root.codes) - set(stored_codes.get(created_root.root, ()))
        registry_tables.add_created(connection, created_root)
        if mapping and mapping.approval:
            approval = mapping.approval.given(created_root.root)
            remember_approval(connection, created_root.root, approval)
        return tuple(sorted(new_codes))

    def _overlap(self, job: Import, mapping: Mapping) -> list[str]:
        """That rows stand in an earlier file too, where nothing tells whether they are the same."""
        if mapping.identity is not None or not job.accepted:
            return []
        match = overlap(self.private.connection, job)
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
            earlier = self.private.find_import(number)
            if earlier:
                return earlier
            if not job.snapshot or not self.private.snapshot_taken(job.mapping, job.organisation, job.snapshot):
                return replace(job, id=number)
            # one second later, and looked up anew: the same file with the same time finds the id that it got here
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
        seen_rows = sorted(reading.seen)
        absent = self.private.absent(job, listed, mapping.source, seen_rows)
        if not absent.gone:
            return
        # a list that lacks so much may be a part of one, which nothing else would show: a person has to say so
        allowed = absent.standing / 3 if gone_at_most is None else gone_at_most
        # an older list than the latest takes back only what that latest, accepted list lacks
        if listed is job and absent.gone > allowed:
            raise IntakeError(
                f"{files.as_text(path.name)}: {absent.gone} of {absent.standing} rows of '{mapping.source}' are not in "
                "this list, which says that it is complete. Nothing was changed. If they are gone, say "
                f"--gone-at-most {absent.gone}; if not, export the whole list"
            )
        self.private.retract_absent(job, listed, mapping.source, seen_rows, current_time)

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
                # asked for again: whoever held the lock before may have stored them
                notes = self.notes.waiting()
                renamings.note(self.private, notes)
                self.notes.stored(notes)

    def _place(self, events: pa.Table) -> tuple[pa.Table, tuple[Reject, ...]]:
        """Put the registry's units for the sources' codes; events of unknown units are rejected whole."""
        if not len(events):
            return events, ()
        # a batch names few units on few days: each triple is resolved once, and its events find it by number
        days = pc.cast(events["time"], pa.date32())
        triples, triple_numbers = distinct(events["source"], events["unit"], days)
        if any(code == LOOKED_UP for _, code, _ in triples):
            return self._place_looked_up(events)
        units = [self.registry.resolve_one(code, source, day) if code else "" for source, code, day in triples]
        # codes that are ids of units already: nothing is copied
        if all(unit == code for unit, (_, code, _) in zip(units, triples, strict=True)):
            return events, ()
        is_known = np.array([unit is not None for unit in units])
        is_placed = pa.array(is_known[triple_numbers])
        encoded = pa.array([unit or "" for unit in units], pa.string()).dictionary_encode()
        indices = encoded.indices.take(pa.array(triple_numbers))
        column = pa.DictionaryArray.from_arrays(indices, encoded.dictionary)
        with_units = events.set_column(events.schema.get_field_index("unit"), "unit", column)
        unplaced = events.filter(pc.invert(is_placed))
        return with_units.filter(is_placed), _unplaced(unplaced)

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
        # the source is the file's digest: only the same file, read by another mapping, can have told of these events
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
        if mapping is None:
            return None
        if self.declared and any(organisation.id == root for organisation in self.declared.organisations):
            return None
        stored_roots = {stored.root: stored for stored in registry_tables.created_roots(self.private.connection)}
        if root in stored_roots:
            return stored_roots[root]
        size = mapping.declared_size if isinstance(mapping.declared_size, int) else None
        public = mapping.purpose == "public_data"
        zone = timezone or mapping.timezone
        new_root = CreatedRoot(root, zone, (), mapping.organisation.country, public, size)
        self._with(new_root)  # refused before a row is read, where it does not go with the registry
        return new_root

    def with_units(self, created_root: CreatedRoot, events: pa.Table) -> CreatedRoot:
        """`created_root` with the codes of these events, and the registry with their units."""
        if not len(events):
            return created_root
        codes = set(events["unit"].unify_dictionaries().unique().to_pylist()) - {""}
        owners = {unit.id: unit.root for unit in self.registry.units}
        foreign = sorted(code for code in codes if owners.get(code, created_root.root) != created_root.root)
        if foreign:
            raise IntakeError(
                f"unit '{foreign[0]}' belongs to organisation '{owners[foreign[0]]}' already: if it is the same, say "
                f"--organisation {owners[foreign[0]]}; if not, give this log's units names of their own in the mapping"
            )
        if codes <= set(created_root.codes):
            return created_root
        all_codes = codes.union(created_root.codes)
        created_root = replace(created_root, codes=tuple(sorted(all_codes)))
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
        if self.mapping is None:
            chunks = read_cloudevents(path, self.job.read)
        else:
            conceal = self.intake.keys.pseudonymiser().wire  # rows keep their ids when keys of persons change
            chunks = read(
                path,
                self.mapping,
                self.job.read,
                digest=self.job.digest,
                conceal=conceal,
                lookalikes=self.lookalikes,
            )
        for chunk in chunks:
            batch = _decode(chunk.ndjson, self.now, choice)
            retractions = _decode(chunk.retractions, self.now, None)
            yield self._step(chunk, batch, retractions.table)

    def _step(self, chunk: Chunk, batch: Batch, retractions: pa.Table) -> _Step:
        if self.made:  # before the events are placed, which finds a unit only where the registry has it
            self.made = self.intake.with_units(self.made, batch.table)
        placed, unplaced = self.intake._place(batch.table)
        if self.within and len(placed):
            placed, foreign = _within(self.intake.registry, placed, self.within)
            unplaced = (*unplaced, *foreign)
        events = without_stopped(self.intake.registry, placed, self.intake.stopped)
        refused = [_at_row(reject, self.job.read) for reject in batch.rejects]
        rejects = (*chunk.rejects, *refused, *unplaced)
        # counted by the numbers of rows, which events of rows with an identity lose at once: a row that moved within
        # its list must be the same content
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
            kept_rows = set(events["sequence"].to_pylist()) if len(events) else set()
            refused_rows = {_row_of(reject) for reject in rejects}
            accepted, refused = len(kept_rows), len(refused_rows - kept_rows)
            self.partly += len(refused_rows & kept_rows)
        left_out = rows - accepted - refused
        self.job = replace(
            self.job,
            read=chunk.rows,
            rejected=self.job.rejected + refused,
            left_out=self.job.left_out + left_out,
        )
        self.absent, self.fields = chunk.absent, chunk.fields

    def warnings(self) -> list[str]:
        """What the file lacks, and that ids of it look alike."""
        alike = [self.lookalikes.warning()] if self.lookalikes.pairs else []
        if not self.absent:
            return alike
        names = ", ".join(f"'{name}'" for name in self.absent)
        plural = "s" if len(self.absent) > 1 else ""
        present = ", ".join(self.fields[:_FIELDS_NAMED])
        if len(self.fields) > _FIELDS_NAMED:
            present += " …"
        return [f"no row has the field{plural} {names}; the fields are: {present}", *alike]

    def _note_seen(self, chunk: Chunk, rejects: Sequence[Reject]) -> None:
        if self.mapping is None or not self.mapping.complete:
            return
        self.seen |= set(chunk.seen)
        self.unknown_rows |= chunk.unknown_rows > 0
        # rejected rows are in the list all the same: they must not be taken back as if it lacked them
        event_ids = filter(None, map(_id_of, rejects))
        self.seen |= {_DERIVED.sub("", event_id) for event_id in event_ids}


def behind(items: Iterable[T], write: Callable[[T], object]) -> Iterator[T]:
    """Each item after it was written; while one is being written, the next is made."""
    # one thread and one item ahead: order is kept, and memory holds two items whatever their number
    with ThreadPoolExecutor(1) as writer:
        under_way: tuple[Future[object], T] | None = None
        for item in items:
            if under_way:
                writing, written = under_way
                writing.result()
                yield written
            under_way = (writer.submit(write, item), item)
        if under_way:
            writing, written = under_way
            writing.result()
            yield written


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


def _snapshot_of(path: Path, mapping: Mapping | None, snapshot_at: datetime | None) -> int:
    """When a list was made, in seconds since 1970: as it is told, else by the file's own time; 0 for other files."""
    if mapping is None or not mapping.snapshot:
        return 0
    list_time = snapshot_at or datetime.fromtimestamp(path.stat().st_mtime, UTC)
    snapshot = int(list_time.timestamp())
    if snapshot <= 0:  # 0 says that a file is no list, and the store's column has no sign
        raise IntakeError(
            f"{files.as_text(path.name)}: the list is dated {list_time:%Y-%m-%d}: say when with --snapshot-at"
        )
    return snapshot


def _decode(body: bytes, current_time: datetime, pseudonymise: Choice | None) -> Batch:
    """The events of a body of NDJSON, and its rejects; None where they are pseudonymised already."""
    from nytta.ingest.events.batch import decode

    return decode(body, received_at=current_time, pseudonymise=pseudonymise)


def _within(registry: Registry, events: pa.Table, root: str) -> tuple[pa.Table, tuple[Reject, ...]]:
    """Events of units of an organisation, and rejects of the others."""
    unit_ids = {unit.id for unit in registry.units if unit.root == root}
    units = events["unit"].cast(pa.string())
    # an event that names no unit names none of another organisation
    is_within = pc.or_(pc.is_in(units, pa.array(sorted(unit_ids), pa.string())), pc.equal(units, ""))
    detail = f"the unit is not of {root}, whose files alone may be imported here"
    foreign = events.filter(pc.invert(is_within))
    return events.filter(is_within), _refused(foreign, Reason.FORBIDDEN_UNIT, lambda _: detail)


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

    rows = zip(events.to_pylist(), encode(events), strict=True)
    return tuple(Reject(reason, detail(event), event["source"], f"id {event['id']}", body) for event, body in rows)
