"""Bodies of events: decoded with the keys of today, placed by the registry of today, and stored."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from nytta.ingest.directory import LOOKED_UP
from nytta.ingest.events.reasons import Reason
from nytta.ingest.intake import person_keys
from nytta.ingest.intake.pipeline import behind
from nytta.ingest.intake.placement import Placed, placed
from nytta.ingest.keys import Choice, Keys, Notes
from nytta.ingest.store import renamings
from nytta.ingest.store.backlog import Backlog
from nytta.ingest.store.exclusions import digests
from nytta.ingest.store.imports import Import
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import SealedReject, sealed_table
from nytta.ingest.store.stops import count_stopped, without_stopped
from nytta.registry.registry import Registry
from nytta.registry.store import tables as registry_tables

# what decodes events is loaded by the first that come: commands that take none in start sooner
if TYPE_CHECKING:
    from nytta.ingest.events.batch import Batch, Reject


def decode(body: bytes, current_time: datetime, pseudonymise: Choice | None) -> Batch:
    """The events of a body of NDJSON, and its rejects; None where they are pseudonymised already."""
    from nytta.ingest.events import batch

    return batch.decode(body, received_at=current_time, pseudonymise=pseudonymise)


@dataclass
class EventIntake:
    """Takes events in. `declared` is the registry of files; `registry` has the units made for logs beside it.

    First keys of persons are made when an organisation's first events come, and kept in `key_file` where there is one.
    """

    private: PrivateStore
    keys: Keys
    declared: Registry | None
    key_file: Path | None = None
    backlog: Backlog | None = None
    """Where groups are durable before the store has them; None where whoever accepts waits for the store."""
    homes: Mapping[str, str] = field(default_factory=dict)
    """The organisation of a source's events, where sources.yaml says it: for events whose units are looked up."""

    def __post_init__(self) -> None:
        self._choosing = threading.Lock()
        self.notes = Notes()
        self.declare(self.declared)
        self._chosen: tuple[tuple[Keys, Registry, frozenset[bytes]], Choice] | None = None
        self.stopped: Counter[tuple[str, str]] = Counter()

    # What events are held against

    def declare(self, declared: Registry | None) -> None:
        """Take the registry as its files are now, and the persons who are not counted as the store has them."""
        self.declared = declared
        self.registry = registry_tables.with_created(
            declared, registry_tables.created_roots(self.private.connection)
        )
        self._excluded = digests(self.private.connection)

    def rekey(self, keys: Keys) -> None:
        """Make pseudonyms with these keys from now on; the store remembers those that are in the key file."""
        self.keys = keys
        # keys of the memory alone end with the process: none can be missed later
        if self.key_file is not None:
            person_keys.remember_newest(self.private, keys)

    def choice(self) -> Choice:
        """Makes the pseudonyms of what comes in now. KeyFileError where a key is missing that there was."""
        with self._choosing:
            # a choice remembers its makers of pseudonyms, so it is kept as long as nothing that it rests on changes
            if self._chosen is None or self._chosen[0] != (
                self.keys,
                self.registry,
                self._excluded,
            ):
                self._have_keys(self._key_names())
                choice = Choice(self.keys, self.root_of, self._excluded, self.notes)
                # after `_have_keys`, which may have made keys: they are part of what the choice rests on
                grounds = (self.keys, self.registry, self._excluded)
                self._chosen = grounds, choice
            return self._chosen[1]

    def choice_for(self, root: str) -> Choice:
        """Makes the pseudonyms of a file all of whose events are of one organisation."""
        with self._choosing:
            key_name = self._key_names().get(root, root)
            self._have_keys({root: key_name})
            return Choice(self.keys, lambda _unit, _source: root, self._excluded, self.notes)

    def root_of(self, code: str, source: str) -> str:
        """The organisation behind a unit's code of a source; '' where that is open."""
        home = self.homes.get(source, "") if code == LOOKED_UP else ""
        return home or self.registry.root_of(code, source)

    def _key_names(self) -> dict[str, str]:
        """The name of the key of each organisation's persons, by organisation."""
        return {organisation.id: organisation.key for organisation in self.registry.organisations}

    def _have_keys(self, key_names: dict[str, str]) -> None:
        """See to it that each of these organisations (root to key name) has a key of persons."""
        person_keys.check_newest(self.private, self.keys, key_names)
        today = datetime.now(UTC).date()
        self.rekey(person_keys.with_first_keys(self.keys, key_names, self.key_file, today))

    # Judged, and stored elsewhere

    def judge(self, body: bytes, received_at: datetime) -> Batch:
        """Decode events that are pseudonymised already and give them their units; nothing is stored.

        A raw id is rejected. For one of several writers, which stores the batch itself.
        """
        return self._placed_batch(decode(body, received_at, None))

    def judge_again(self, reject: SealedReject, current_time: datetime) -> pa.Table | None:
        """The decoded event of a reject if it passes now, else None. KeyFileError where the body stays sealed."""
        # it came where only pseudonyms pass: made into one here, the raw id would have passed after all
        pseudonymise = None if reject.reason == Reason.RAW_ACTOR else self.choice()
        batch = decode(self.keys.unseal(reject.body), current_time, pseudonymise)
        if batch.rejects or not len(batch):
            return None
        _events, unplaced = self.place(batch.table)
        # with the codes of its source, for whoever stores it puts the units in their place
        return None if unplaced else batch.table

    def place_again(
        self, rejects: Sequence[SealedReject], current_time: datetime
    ) -> tuple[pa.Table, list[SealedReject]]:
        """The events among unplaced rejects whose units are known now, and the rejects that they were."""
        bodies = [self.keys.unseal(reject.body).rstrip(b"\n") for reject in rejects]
        batch = decode(b"\n".join(bodies), current_time, None)
        events, unplaced = self.place(batch.table)
        identities = events.select(["source", "id"]).to_pylist()
        # rejects of events without a place bear the event's id as their position, as `refused` makes them
        placed_positions = {(identity["source"], f"id {identity['id']}") for identity in identities}
        # an id may have come twice, of which one content has its place: the reject stays until none lacks it
        placed_positions -= {(reject.source, reject.position) for reject in unplaced}
        settled = [
            reject for reject in rejects if (reject.source, reject.position) in placed_positions
        ]
        return events, settled

    def place(self, events: pa.Table) -> Placed:
        """Put the registry's units for the sources' codes; events of unknown units are rejected whole."""
        return placed(self.private, self.registry, events)

    def _placed_batch(self, batch: Batch) -> Batch:
        """A decoded batch with the registry's units, without events of systems that are switched off."""
        events, unplaced = self._processed(batch.table)
        rejects = (*batch.rejects, *unplaced)
        return replace(batch, table=events, rejects=rejects)

    def _processed(self, events: pa.Table) -> Placed:
        """As `place`, without events of systems that are switched off, which are only counted."""
        with_units, unplaced = self.place(events)
        return without_stopped(self.registry, with_units, self.stopped), unplaced

    # Stored here

    def accept(
        self, bodies: Iterable[bytes], current_time: datetime, import_job: Import | None = None
    ) -> Iterator[Batch]:
        """Validate, pseudonymise and store bodies of NDJSON; each comes out when it is durable.

        While one body is being stored, the next is decoded. Rows of an import (`import_job`) count when it commits.
        """
        choice = self.choice()

        def prepare(body: bytes) -> Batch:
            return self._placed_batch(decode(body, current_time, choice))

        def write(batch: Batch) -> None:
            self.write(batch.table, batch.rejects, current_time, import_job)

        return behind(map(prepare, bodies), write)

    def store(self, events: pa.Table, rejects: Sequence[Reject], current_time: datetime) -> int:
        """Give decoded events their units and store them, and the rejects; durable when it returns, with the batch."""
        with_units, unplaced = self._processed(events)
        return self.write(with_units, (*rejects, *unplaced), current_time)

    def accept_group(
        self, events: pa.Table, rejects: Sequence[Reject], current_time: datetime
    ) -> int:
        """As `store`, but what is durable when it returns waits in the backlog, which brings it into the store.

        BacklogFullError where too much waits there.
        """
        assert self.backlog is not None
        with_units, unplaced = self._processed(events)
        self._note(current_time)
        sealed_rejects = sealed_table((*rejects, *unplaced), self.keys.seal, current_time)
        return self.backlog.append(with_units, sealed_rejects)

    def count_stopped(self, current_time: datetime) -> None:
        """Store how many events of systems that are switched off `judge` has passed over."""
        count_stopped(self.private.connection, self.stopped, current_time)

    def write(
        self,
        events: pa.Table,
        rejects: Sequence[Reject],
        current_time: datetime,
        import_job: Import | None = None,
    ) -> int:
        """Store events that have their units, and rejects; the batch's number. An import's rows wait for its end."""
        import_id, snapshot = (import_job.id, import_job.snapshot) if import_job else (0, 0)
        self._note(current_time)
        return self.private.write(
            events,
            rejects,
            seal=self.keys.seal,
            received_at=current_time,
            import_id=import_id,
            snapshot=snapshot,
        )

    def _note(self, current_time: datetime) -> None:
        """Store what must be there before events are acknowledged: what was left out, and coming pseudonyms."""
        self.count_stopped(current_time)
        if self.notes.waiting():
            with self.private.writing.lock:
                # asked for again: whoever held the lock before may have stored them
                notes = self.notes.waiting()
                renamings.note(self.private, notes)
                self.notes.stored(notes)
