"""The private zone's writer: raw events, rejects, marks, in that order; then an answer may be given.

Whoever calls it is the only writer of its marks' sequence (embedded: this process, one thread at a time; distributed:
the owner of the marks' partition), so the counters in the store need no lock.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nytta.ingest.events.columns import join
from nytta.ingest.store.counted import EVENT, EVENTS, winning
from nytta.ingest.store.exclusions import digests, without_excluded
from nytta.storage.client import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from nytta.ingest.events.batch import Reject

EVERYTHING = "everything"
"""What the owner of the marks is asked for when all there is must be computed anew."""

_MARK = "kind, system, subject, unit, hour"
_BY_PERSONS = ("session", "case")
_ROW = "replaceRegexpOne(id, '\\\\.[a-z_]+$', '')"
"""SQL of the id of the row that an event was made of: without the word of a derived event."""
_STANDING_OF_ROWS = f"""
    SELECT * FROM (
        SELECT *, identity FROM {{private}}.events
        WHERE source = {{source:String}} AND has({{rows:Array(String)}}, {_ROW})
        ORDER BY snapshot DESC, revision DESC, content ASC, import ASC LIMIT 1 BY identity)
    WHERE retracted = 0"""
"""SQL of the events of some rows of a source that count."""
_EPOCH = date(1970, 1, 1)
_FAR = 100_000
"""Days since 1970 from which the first day of the data is counted back, so that its counter grows too."""
_HOUR = 3_600_000
"""Milliseconds."""
_IDS = 5_000
"""Ids that one statement is given."""

P = ParamSpec("P")
T = TypeVar("T")


class Accepted(Protocol):
    """What was accepted and is not in the store yet."""

    @property
    def waits(self) -> bool:
        """Whether there is any."""
        ...

    def holds(self, batch: int) -> bool:
        """Whether a batch is among it."""
        ...

    def bring(self) -> None:
        """Bring it in; the caller holds the lock of `Writing`."""
        ...


class Writing:
    """The lock of whoever writes raw events and marks. On entering it, all that was accepted is in the store.

    One thread at a time, which may enter it again.
    """

    def __init__(self) -> None:
        # entered again by methods that call one another; the backlog stores groups while it is held
        self.lock = threading.RLock()
        self.backlog: Accepted | None = None

    def __enter__(self) -> None:
        self.lock.acquire()
        try:
            # under the lock, for marks of groups take their numbers as those of batches do: one writer at a time
            if self.backlog is not None:
                self.backlog.bring()
        # a stop of the process too: `__exit__` is not called where entering failed
        except BaseException:
            self.lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        self.lock.release()


@dataclass(frozen=True, slots=True)
class Group:
    """Decoded events with the registry's units, and sealed rejects, that were accepted together as one batch."""

    batch: int
    events: pa.Table
    rejects: pa.Table
    """As `sealed_table` makes them."""

    def __len__(self) -> int:
        return len(self.events) + len(self.rejects)


def _alone(method: Callable[Concatenate[PrivateStore, P], T]) -> Callable[Concatenate[PrivateStore, P], T]:
    """One writing thread at a time: a lower number of marks must not come after a round has read a higher one."""

    @wraps(method)
    def alone(self: PrivateStore, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.writing:
            return method(self, *args, **kwargs)

    return alone


@dataclass(frozen=True, slots=True)
class Import:
    """One import of one file under one mapping: its id is a digest of both, so that a second try finds the first."""

    id: int
    name: str
    digest: str
    mapping: str
    organisation: str
    state: str = "open"
    snapshot: int = 0
    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0
    left_out: int = 0
    superseded: int = 0
    retracted: int = 0

    @staticmethod
    def identify(digest: str, mapping: str, organisation: str, snapshot: int) -> int:
        """A 63-bit id of a file's digest, the mapping's digest, the organisation and the snapshot's time."""
        text = f"{digest}\0{mapping}\0{organisation}\0{snapshot}"
        leading_bits = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        # never 0, which stands in raw events for "of no import"
        return leading_bits >> 1 | 1


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of an import: rows, but for retractions, which are events."""

    accepted: int
    """Rows that say something new: nobody knew them, or they are newer than what was known."""
    superseded: int
    """Of these, rows that took the place of what was known of them."""
    conflict: int
    """Rows that say something else than what is known, and neither is newer: the smaller content hash counts."""
    retracted: int
    """Events that were taken back."""


@dataclass(frozen=True, slots=True)
class Absent:
    """What a complete list lacks."""

    gone: int
    standing: int
    """Rows that count, those of the list included."""


_REJECT = ("digest", "source", "reason", "position")


@dataclass(frozen=True, slots=True)
class RejectQuery:
    """Which rejects: of one reason or source, or all; received from `since` until before `until` (aware)."""

    reason: str = ""
    source: str = ""
    since: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    until: datetime = datetime(2200, 1, 1, tzinfo=UTC)
    limit: int = 100_000


@dataclass(frozen=True, slots=True)
class SealedReject:
    """A reject whose body is encrypted."""

    digest: bytes
    source: str
    reason: str
    position: str
    body: bytes


class PrivateStore:
    """Writes the private zone and reads it back for recomputation and for an administrator."""

    def __init__(self, connection: Connection, ask: Callable[[str], None] | None = None) -> None:
        """With `ask`, another process owns the marks: it is asked for `everything`, or `import 17`, durably."""
        self.connection = connection
        self._ask = ask
        self.writing = Writing()
        self._numbering = threading.Lock()
        self._number: int | None = None  # the last number that was given to a batch, as far as this process knows
        self._unfinished = False  # whether a batch may lie there without its marks
        self._span: tuple[int, int] | None = None  # days that the counters hold, as far as this process raised them
        self._known_units: set[tuple[str, str]] = set()  # sources and units that are kept, as far as this process knows

    def settle(self, batch: int | None = None) -> None:
        """Return when all that was accepted is in the store, or so much of it that `batch` is."""
        backlog = self.writing.backlog
        if backlog is None:
            return
        # asked without the lock first: a reader must not wait for a writer where nothing is accepted
        is_waiting = backlog.waits if batch is None else backlog.holds(batch)
        if is_waiting:
            with self.writing:
                pass

    # counters

    def counter(self, name: str) -> int:
        """The persisted counter `name`; 0 before it was ever raised."""
        return int(
            self.connection.value("SELECT max(value) FROM {private}.counters WHERE name = {name:String}", name=name)
        )

    def counters(self) -> Counter[str]:
        """All persisted counters; those that were never raised are 0."""
        rows = self.connection.rows("SELECT name, max(value) FROM {private}.counters GROUP BY name")
        return Counter({name: int(value) for name, value in rows})

    def raise_counter(self, name: str, value: int) -> None:
        """Set the counter to `value`, if that is more than it was."""
        self.raise_counters({name: value})

    def raise_counters(self, values: Mapping[str, int]) -> None:
        """Set counters to these values, those that are less; all of them or none."""
        self.connection.insert("{private}.counters", ["name", "value"], [[*counter] for counter in values.items()])

    # writing

    @_alone
    def write(
        self,
        events: pa.Table,
        rejects: Sequence[Reject],
        *,
        seal: Callable[[bytes], bytes],
        received_at: datetime,
        import_id: int = 0,
        snapshot: int = 0,
    ) -> int:
        """Store a decoded batch durably: raw, rejects, marks. Returns the batch's number.

        Rows of an import are marked when it commits. `seal` encrypts a reject's body.
        """
        batch = self._next_batch()
        if import_id:
            self.store_events(events, batch, import_id, snapshot)
            self.write_rejects(rejects, seal, received_at, import_id)
            return batch
        # set before anything is written, and left standing by an error: the next batch then finishes this one first
        self._unfinished = True
        self.store_events(events, batch, import_id, snapshot)
        self.write_rejects(rejects, seal, received_at, import_id)
        # marks last: a round that reads them must find all that they stand for
        if len(events):
            self._insert_marks(marks_of(events, batch), batch)
        self._unfinished = False
        return batch

    def write_groups(self, groups: Sequence[Group]) -> None:
        """Store groups durably under the numbers that they bear: raw, rejects, marks.

        The same group again makes no difference: its rows are the same, and a round computes what it touches anew.
        """
        # the lock alone, for the backlog calls this while `writing` is being entered: entering would bring it in again
        with self.writing.lock:
            sequence = self.raise_batch()  # above all numbers of groups, and of marks that a round has read
            events = _numbered(groups)
            self._insert_events(events)
            rejects = [group.rejects for group in groups if len(group.rejects)]
            if rejects:
                self.connection.insert_arrow("{private}.rejects", pa.concat_tables(rejects).combine_chunks())
            if len(events):
                self._insert_marks(_marks_of(events), sequence)

    def _insert_marks(self, marks: pa.Table, sequence: int) -> None:
        self.connection.insert_arrow("{private}.marks", _with_number(marks, "sequence", sequence))

    def _next_batch(self) -> int:
        """The next number; a batch whose writing failed gets its marks first, for no round looks behind it."""
        if self._unfinished:
            self._finish_batches()
        return self.raise_batch()

    def raise_batch(self) -> int:
        """The next number of a batch, or of marks, written down."""
        written = self.counter("batch")
        with self._numbering:
            # the greater of both: groups in the log have numbers that the store has not seen yet
            number = self._number = max(self._number or 0, written) + 1
        # after the lock is let go: senders take numbers from it, and must not wait for a statement
        self.raise_counter("batch", number)
        return number

    def number_batch(self) -> int:
        """The next number of a batch that is written down elsewhere: whoever reads it there says `know_batch`."""
        if self._number is None:
            self.know_batch(0)
        with self._numbering:
            assert self._number is not None
            self._number += 1
            return self._number

    def know_batch(self, number: int) -> None:
        """Give no batch a number up to this one any more."""
        written = self.counter("batch")
        with self._numbering:
            self._number = max(self._number or 0, written, number)

    def store_events(self, events: pa.Table, batch: int, import_id: int = 0, snapshot: int = 0) -> None:
        """Store raw events durably, as one of several writers; their marks bear the same number `batch`."""
        self._insert_events(_with_number(events, "batch", batch), import_id, snapshot)

    def _insert_events(self, events: pa.Table, import_id: int = 0, snapshot: int = 0) -> None:
        # asked anew for each insert: who was excluded a moment ago must not be stored
        events = without_excluded(events, digests(self.connection))
        if not len(events):
            return
        self._reach(events)
        events = _with_number(events, "import", import_id)
        events = _with_number(events, "snapshot", snapshot)
        self.connection.insert_arrow("{private}.events", events)

    def _reach(self, events: pa.Table) -> None:
        """Have the span of the data and the units of their sources hold these events, before they are there."""
        # the time of a retraction may be unknown, and stands as 1970 then
        if "retracted" in events.column_names:
            events = events.filter(pc.equal(events["retracted"], 0))
        if not len(events):
            return
        self._keep_units(events)
        moments = pc.min_max(events["time"]).as_py()
        first_day = max(0, (moments["min"].date() - _EPOCH).days)
        last_day = max(0, (moments["max"].date() - _EPOCH).days)
        span = self._span or (first_day, last_day)
        # counters only grow, so writing them once more than needed does no harm; most batches need it never
        if self._span is None or first_day < span[0] or last_day > span[1]:
            # together, for a statement costs as much as hundreds of events do
            days_reached = [["first_day", _FAR - first_day], ["last_day", last_day]]
            self.connection.insert("{private}.counters", ["name", "value"], days_reached)
            self._span = min(first_day, span[0]), max(last_day, span[1])

    def _keep_units(self, events: pa.Table) -> None:
        """Keep of which units the sources tell that nobody told of before."""
        columns = ["source", "unit"]
        pairs = events.select(columns).group_by(columns).aggregate([])
        new_pairs = set(zip(*(pairs[name].to_pylist() for name in columns), strict=True)) - self._known_units
        if new_pairs:
            self.connection.insert("{private}.source_units", columns, [list(pair) for pair in sorted(new_pairs)])
            self._known_units |= new_pairs

    @_alone
    def append_marks(self, marks: pa.Table) -> None:
        """Store marks of other writers, as `marks_of` makes them, under the next sequence number.

        For their one owner: a lower number never comes after a round has read a higher one.
        """
        self._insert_marks(marks, self.raise_batch())

    def write_rejects(
        self, rejects: Sequence[Reject], seal: Callable[[bytes], bytes], received_at: datetime, import_id: int = 0
    ) -> None:
        """Store rejects, their bodies encrypted by `seal`; the same reject twice is one.

        `seal` makes the same of the same body. What tells rejects apart is a digest of what it makes: without the
        key, nobody can find out whether a body that he has guessed was among them.
        """
        if rejects:
            self.connection.insert_arrow("{private}.rejects", sealed_table(rejects, seal, received_at, import_id))

    @_alone
    def mark(self, where: str = "1") -> None:
        """Mark the subjects and acts of all raw events that `where` selects, as one sequence number."""
        self._mark_as(self._next_batch(), where)

    def _mark_as(self, sequence: int, where: str) -> None:
        self.connection.run(
            f"INSERT INTO {{private}}.marks (sequence, batch, {_MARK}) "
            f"SELECT {sequence}, batch, {_MARK} FROM ({marks_in('{private}.events', where, 'batch')})"
        )

    @_alone
    def mark_everything(self) -> None:
        """Mark all subjects and plans: the registry or the definitions changed."""
        if self._ask:
            self._ask(EVERYTHING)
            return
        self.doubt_feeds()
        self.mark()
        # plans have no events that could be marked: one mark of their kind stands for all of them
        epoch = datetime.fromtimestamp(0, UTC)
        self.connection.insert(
            "{private}.marks",
            ["sequence", "batch", "kind", "system", "subject", "unit", "hour"],
            [[self.counter("batch"), 0, "plan", "", bytes(16), "", epoch]],
        )

    def doubt_feeds(self) -> None:
        """Have the next round look anew for what systems have: raw events went, or nothing is to be trusted."""
        self.raise_counter("feeds_doubted", self.counter("feeds_checked") + 1)

    def marks_wait(self) -> bool:
        """Whether there are marks that no round has read."""
        self.settle()
        return bool(
            self.connection.value(
                "SELECT (SELECT max(sequence) FROM {private}.marks) > "
                "(SELECT max(value) FROM {private}.counters WHERE name = 'cleared')"
            )
        )

    # imports

    def find_import(self, import_id: int) -> Import | None:
        """The import, as it stands; None before its first row."""
        rows = self.connection.rows(
            "SELECT import, name, digest, mapping, organisation, state, snapshot, read, accepted, duplicate, conflict, "
            "rejected, left_out, superseded, retracted FROM {private}.imports FINAL WHERE import = {id:UInt64}",
            id=import_id,
        )
        return Import(*rows[0]) if rows else None

    @_alone
    def save_import(self, job: Import, moment: datetime) -> None:
        """Record how far an import has come."""
        # the table keeps the row of the greatest version; raised first, so that no two rows ever share one
        version = self.counter("import_version") + 1
        self.raise_counter("import_version", version)
        columns = {
            "import": job.id,
            "name": job.name,
            "digest": job.digest,
            "mapping": job.mapping,
            "organisation": job.organisation,
            "state": job.state,
            "snapshot": job.snapshot,
            "read": job.read,
            "accepted": job.accepted,
            "duplicate": job.duplicate,
            "conflict": job.conflict,
            "rejected": job.rejected,
            "left_out": job.left_out,
            "superseded": job.superseded,
            "retracted": job.retracted,
            "updated_at": moment,
            "version": version,
        }
        self.connection.insert("{private}.imports", list(columns), [list(columns.values())])

    def commit_import(self, job: Import, moment: datetime) -> None:
        """Make an import's rows count, and mark what they touch."""
        # two states, because marks are written between them: what dies there is marked by `finish_commits`
        self.save_import(replace(job, state="committed"), moment)
        self._mark_import(job, moment)

    def finish_commits(self) -> None:
        """Mark what was stored but not yet marked when the process ended: batches, and committed imports."""
        if not self._ask:  # else batches are the matter of whoever owns the marks
            self._finish_batches()
        commits = self.connection.rows(
            "SELECT import, updated_at FROM {private}.imports FINAL WHERE state = 'committed'"
        )
        for number, imported_at in commits:
            job = self.find_import(number)
            if job is not None:
                self._mark_import(job, imported_at)

    def _finish_batches(self) -> None:
        """Batches get their marks last: those above the last round's number that have none died on the way.

        Of such a batch the raw rows may be there without what views make of them: they are written once more, as a
        batch of their own.
        """
        cleared = self.counter("cleared")
        markless_batches = self.connection.rows(
            """SELECT DISTINCT batch FROM {private}.events
               WHERE import = 0 AND batch > {cleared:UInt64} AND batch <= {last:UInt64}
                 AND batch NOT IN (SELECT DISTINCT batch FROM {private}.marks WHERE sequence > {cleared:UInt64})""",
            cleared=cleared,
            last=self.counter("batch"),
        )
        self._unfinished = False
        if not markless_batches:
            return
        # this may die too: the new batch has no marks until the end, so the next start finds it in the same way
        self._unfinished = True
        number = self.raise_batch()
        columns = ", ".join(self.raw_columns())
        batches = ", ".join(str(batch) for (batch,) in markless_batches)
        self.connection.run(
            f"""INSERT INTO {{private}}.events ({columns})
            SELECT * REPLACE ({number} AS batch)
            FROM (SELECT {columns} FROM {{private}}.events
                  WHERE import = 0 AND batch IN ({batches}))"""
        )
        self._mark_as(number, f"batch = {number}")
        self._unfinished = False

    def mark_import(self, number: int) -> None:
        """Mark what the rows of an import touch."""
        if self._ask:
            self._ask(f"import {number}")
        else:
            self.mark(f"import = {number}")

    def _mark_import(self, job: Import, moment: datetime) -> None:
        self.mark_import(job.id)
        self.save_import(replace(job, state="marked"), moment)

    def import_counts(self, import_id: int, *, derived: bool) -> Counts:
        """What became of the rows of an import against all that was committed beside it.

        With `derived`, the events of a row are told apart by the word behind its id, and count as one.
        """
        self.settle()
        row = _ROW if derived else "id"
        # `mine` has of each identity the content of this import that would win, `theirs` what counted without it
        counts = self.connection.rows(
            f"""
            WITH mine AS (
                    SELECT {EVENT} AS event, any(source) AS source, any({row}) AS row,
                           arraySort(c -> (-toInt64(c.1), -toInt64(c.2), c.3),
                                     groupUniqArray((snapshot, revision, content, retracted))) AS contents,
                           contents[1] AS best,
                           countEqual(arrayMap(c -> (c.1, c.2), contents), (best.1, best.2)) - 1 AS alike
                    FROM {{private}}.events WHERE import = {import_id} GROUP BY identity),
                 theirs AS (
                    SELECT event, groupUniqArray(content) AS contents, max((snapshot, revision)) AS newest,
                           argMax(retracted, (snapshot, revision)) AS gone
                    FROM {{private}}.deliveries
                    WHERE event IN (SELECT event FROM mine) AND import != {import_id}
                      AND (import = 0 OR import IN (SELECT import FROM {{private}}.imports FINAL WHERE state != 'open'))
                    GROUP BY event),
                 compared AS (
                    SELECT m.source AS source, m.row AS row, m.alike AS alike, m.best.4 AS retracts,
                           empty(t.contents) AS unknown, has(t.contents, toUInt32(m.best.3)) AS same,
                           (m.best.1, m.best.2) > t.newest AS newer, (m.best.1, m.best.2) = t.newest AS level,
                           t.gone AS gone
                    FROM mine AS m LEFT JOIN theirs AS t ON t.event = m.event),
                 rows AS (
                    SELECT max(unknown AND NOT retracts) AS new,
                           max(NOT unknown AND NOT gone) AS known,
                           max(NOT unknown AND NOT same AND newer AND NOT (retracts AND gone))
                               AND NOT min(retracts) AS changed,
                           max(alike) > 0 OR max(NOT unknown AND NOT same AND level) AS contested,
                           sum(NOT unknown AND retracts AND newer AND NOT gone) AS retractions
                    FROM compared GROUP BY source, row)
            SELECT countIf(new OR changed), countIf((new AND known) OR changed),
                   countIf(contested AND NOT new AND NOT changed), sum(retractions)
            FROM rows"""
        )
        return Counts(*counts[0])

    def batch_counts(self, batch: int) -> list[dict[str, Any]]:
        """What became of the events of a batch beside what was stored before it, by source."""
        self.settle(batch)
        return self.connection.dicts(
            f"""
            WITH mine AS (
                    SELECT source, {EVENT} AS event,
                           arraySort(c -> (-toInt64(c.1), -toInt64(c.2), c.3),
                                     groupUniqArray((snapshot, revision, content, retracted)))[1] AS best
                    FROM {{private}}.events WHERE batch = {batch} AND import = 0 GROUP BY source, identity),
                 theirs AS (
                    SELECT event, groupUniqArray(content) AS contents, max((snapshot, revision)) AS newest,
                           argMax(retracted, (snapshot, revision)) AS gone
                    FROM {{private}}.deliveries
                    WHERE event IN (SELECT event FROM mine) AND batch < {batch}
                      AND (import = 0 OR import IN (SELECT import FROM {{private}}.imports FINAL WHERE state != 'open'))
                    GROUP BY event),
                 compared AS (
                    SELECT m.source AS source, m.best.4 AS retracts, empty(t.contents) AS unknown,
                           has(t.contents, toUInt32(m.best.3)) AS same, (m.best.1, m.best.2) AS version,
                           t.newest AS newest,
                           (unknown AND NOT retracts)
                               OR (NOT unknown AND NOT same AND version > newest AND NOT (retracts AND t.gone)) AS new
                    FROM mine AS m LEFT JOIN theirs AS t ON t.event = m.event)
            SELECT source, count() AS events, countIf(new) AS accepted, countIf(new AND NOT unknown) AS superseded,
                   countIf(NOT new AND NOT (NOT unknown AND NOT same AND version = newest)) AS duplicate,
                   countIf(NOT unknown AND NOT same AND version = newest) AS conflict,
                   countIf(new AND retracts) AS retracted
            FROM compared GROUP BY source ORDER BY source"""
        )

    def absent(self, job: Import, listed: Import, source: str, seen_rows: Sequence[str] = ()) -> Absent:
        """How many rows of a source a complete list lacks that count so far, and how many count.

        `listed` is the import of the list, `job` the one that would take them back. `seen_rows` are ids of rows that
        the list has, though no event could be made of them.
        """
        self.settle()
        counts = self.connection.rows(
            f"SELECT uniqExactIf(row, absent), uniqExact(row) FROM ({self._standing(job, listed)})",
            source=source,
            seen=list(seen_rows),
        )
        return Absent(*counts[0])

    @_alone
    def retract_absent(
        self, job: Import, listed: Import, source: str, seen_rows: Sequence[str], current_time: datetime
    ) -> None:
        """Take back, as part of import `job`, what counts of a source and a complete list lacks."""
        self.connection.run(
            f"""INSERT INTO {{private}}.events
                (source, id, type, kind, time, received_at, batch, import, snapshot, unit, system, subject, revision,
                 retracted)
            SELECT source, id, type, kind, time, {{now:DateTime64(3, 'UTC')}}, {self._next_batch()}, {job.id},
                   {listed.snapshot}, unit, system, subject, revision, 1
            FROM ({self._standing(job, listed)}) WHERE absent""",
            source=source,
            seen=list(seen_rows),
            now=current_time,
        )

    def _standing(self, job: Import, listed: Import) -> str:
        """SQL of the events of a source that count, in an organisation, and whether a complete list lacks them."""
        # a literal, for the text is put into statements whose parameters are their callers'; rows of other
        # organisations must not count as standing, or a list of one would take back those of all
        organisation = job.organisation.replace("\\", "\\\\").replace("'", "\\'")
        condition = f"""(import = 0 OR import = {job.id} OR import IN (
            SELECT import FROM {{private}}.imports FINAL WHERE state != 'open' AND organisation = '{organisation}'))"""
        return f"""
            SELECT source, id, type, kind, time, unit, system, subject, revision, {_ROW} AS row,
                   snapshot < {listed.snapshot} AND NOT has({{seen:Array(String)}}, row)
                   AND {EVENT} NOT IN (
                       SELECT event FROM {{private}}.deliveries WHERE import = {listed.id}) AS absent
            FROM (
                SELECT *, identity FROM {{private}}.events WHERE source = {{source:String}} AND {condition}
                ORDER BY snapshot DESC, revision DESC, content ASC, import ASC LIMIT 1 BY identity)
            WHERE retracted = 0"""

    def unknown(self, events: pa.Table, source: str, unrevised: Collection[str] = ()) -> pa.Table:
        """Those of a source's events that say something: not known in this revision or a later one.

        A first revision may be 0; events whose ids are `unrevised` have none and are always new. A retraction says
        something only where the event stands.
        """
        self.settle()
        if not len(events):
            return events
        ids = events["id"].to_pylist()
        known_revisions: dict[str, tuple[int, int]] = {}
        for start in range(0, len(ids), _IDS):
            known_ids = self.connection.rows(
                f"""
                WITH given AS (
                    SELECT arrayJoin({{ids:Array(String)}}) AS id, sipHash128({{source:String}}, id) AS identity,
                           {EVENT} AS event)
                SELECT given.id, k.newest.1, k.newest.2
                FROM given
                INNER JOIN (
                    SELECT event, max((revision, retracted)) AS newest FROM {{private}}.deliveries
                    WHERE event IN (SELECT event FROM given)
                      AND (import = 0 OR import IN (SELECT import FROM {{private}}.imports FINAL WHERE state != 'open'))
                    GROUP BY event) AS k ON k.event = given.event""",
                ids=ids[start : start + _IDS],
                source=source,
            )
            for event_id, newest, was_retracted in known_ids:
                known_revisions[event_id] = int(newest), int(was_retracted)
        nothing = [0] * len(ids)
        revisions = events["revision"].to_pylist() if "revision" in events.column_names else nothing
        retractions = events["retracted"].to_pylist() if "retracted" in events.column_names else nothing

        def is_news(event_id: str, revision: int, retracts: int) -> bool:
            if event_id not in known_revisions:
                return not retracts
            newest, was_retracted = known_revisions[event_id]
            if retracts and was_retracted:
                return False
            return revision > newest or event_id in unrevised

        news = [is_news(*identity) for identity in zip(ids, revisions, retractions, strict=True)]
        return events.filter(pa.array(news))

    def standing_rows(self, source: str) -> set[str]:
        """The ids of a source's rows that count, without the words of derived events."""
        self.settle()
        rows = self.connection.rows(
            f"""SELECT DISTINCT {_ROW} FROM (
                SELECT id, argMax(retracted, (snapshot, revision)) AS gone
                FROM {{private}}.events WHERE source = {{source:String}} GROUP BY id)
            WHERE NOT gone""",
            source=source,
        )
        return {row for (row,) in rows}

    @_alone
    def retract_rows(self, source: str, rows: Sequence[str], current_time: datetime) -> int:
        """Take back all events of these rows of a source, by a revision of their own; how many were taken back."""
        retracted = 0
        for start in range(0, len(rows), _IDS):
            parameters = {"source": source, "rows": list(rows[start : start + _IDS])}
            # counted first: no event stands any more once its retraction is there
            count = int(self.connection.value(f"SELECT count() FROM ({_STANDING_OF_ROWS})", **parameters))
            if not count:
                continue
            batch = self._next_batch()
            self._unfinished = True
            self.connection.run(
                f"""INSERT INTO {{private}}.events
                    (source, id, type, kind, time, received_at, batch, snapshot, unit, system, subject, revision,
                     retracted)
                SELECT source, id, type, kind, time, {{now:DateTime64(3, 'UTC')}}, {batch}, snapshot, unit, system,
                       subject, revision + 1, 1
                FROM ({_STANDING_OF_ROWS})""",
                now=current_time,
                **parameters,
            )
            self._mark_as(batch, f"batch = {batch}")
            self._unfinished = False
            retracted += count
        return retracted

    def retractions_of(self, source: str, rows: Sequence[str], current_time: datetime) -> pa.Table:
        """What takes back all events of these rows of a source, for those who store it, as `encode` reads it."""
        # asked once where there are no rows too: an empty table has its columns from the store
        portions = [list(rows[start : start + _IDS]) for start in range(0, max(1, len(rows)), _IDS)]
        return pa.concat_tables(
            self.connection.arrow(
                f"""SELECT source, id, type, toTimeZone(time, 'UTC') AS time,
                    {{now:DateTime64(3, 'UTC')}} AS received_at, unit, revision + 1 AS revision, 1 AS retracted
                FROM ({_STANDING_OF_ROWS})""",
                now=current_time,
                source=source,
                rows=portion,
            )
            for portion in portions
        )

    def latest_list(self, job: Import) -> Import:
        """The latest committed list of the same mapping and organisation; `job` itself where none is later."""
        rows = self.connection.rows(
            """SELECT import FROM {private}.imports FINAL
            WHERE state != 'open' AND mapping = {mapping:String} AND organisation = {organisation:String}
              AND snapshot > {snapshot:UInt64} ORDER BY snapshot DESC LIMIT 1""",
            mapping=job.mapping,
            organisation=job.organisation,
            snapshot=job.snapshot,
        )
        latest = self.find_import(rows[0][0]) if rows else None
        return latest or job

    def snapshot_taken(self, mapping: str, organisation: str, snapshot: int) -> bool:
        """Whether another list of this mapping and organisation bears the very same time."""
        return bool(
            self.connection.rows(
                """SELECT 1 FROM {private}.imports FINAL WHERE mapping = {mapping:String}
                AND organisation = {organisation:String} AND snapshot = {snapshot:UInt64} LIMIT 1""",
                mapping=mapping,
                organisation=organisation,
                snapshot=snapshot,
            )
        )

    # what is there

    def raw_columns(self) -> list[str]:
        """The columns of raw events that are written; the others are made of them."""
        described = self.connection.rows("DESCRIBE TABLE {private}.events")
        return [name for name, _type, default_kind, *_ in described if default_kind != "MATERIALIZED"]

    def data_span(self) -> tuple[date, date]:
        """The first and the last day of the events that ever came; some years of ours where there are none."""
        self.settle()
        rows = self.connection.rows(
            "SELECT name, max(value) FROM {private}.counters WHERE name IN ('first_day', 'last_day') GROUP BY name"
        )
        counters = {name: int(value) for name, value in rows}
        if len(counters) < 2:
            return date(2020, 1, 1), date(2027, 12, 31)
        first_number, last_number = _FAR - counters["first_day"], counters["last_day"]
        return _EPOCH + timedelta(days=first_number), _EPOCH + timedelta(days=last_number)

    def sources(self) -> list[dict[str, Any]]:
        """Per source: events, first and last time and receipt, rejects, and the organisations whose units it names."""
        self.settle()
        named = dict(
            self.connection.rows(
                """SELECT source, groupUniqArray(root)
                   FROM (SELECT DISTINCT source, unit FROM {private}.events) AS e
                   INNER JOIN (SELECT DISTINCT unit, root FROM {open}.units) AS u USING (unit) GROUP BY source"""
            )
        )
        rows = self.connection.dicts(
            f"""SELECT source, sum(events) AS events, sum(rejects) AS rejects, min(first) AS first_event,
                      max(last) AS last_event, max(receipt) AS last_received
               FROM (
                   SELECT source, {EVENTS} AS events, 0 AS rejects, toNullable(min(time)) AS first,
                          toNullable(max(time)) AS last, max(received_at) AS receipt
                   FROM {{private}}.events WHERE {winning(self.connection)} GROUP BY source
                   UNION ALL
                   SELECT source, 0, count(), NULL, NULL, max(received_at)
                   FROM {{private}}.rejects FINAL GROUP BY source)
               GROUP BY source ORDER BY source"""
        )
        return [row | {"organisations": sorted(named.get(row["source"], ()))} for row in rows]

    def imports(self) -> list[dict[str, Any]]:
        """Every import, the latest last."""
        return self.connection.dicts(
            """SELECT name, mapping, organisation, if(state = 'open', 'interrupted', 'complete') AS state,
                      read, accepted, superseded, retracted, duplicate, conflict, rejected, updated_at
               FROM {private}.imports FINAL ORDER BY updated_at, name"""
        )

    def rejects(self, reason: str = "", source: str = "", limit: int = 1000) -> list[dict[str, Any]]:
        """Rejects without their bodies, the latest first."""
        self.settle()
        return self.connection.dicts(
            """SELECT source, reason, position, detail, received_at FROM {private}.rejects FINAL
               WHERE ({reason:String} = '' OR reason = {reason:String})
                 AND ({source:String} = '' OR source = {source:String})
               ORDER BY received_at DESC, source, position LIMIT {limit:UInt32}""",
            reason=reason,
            source=source,
            limit=limit,
        )

    def sealed_rejects(self, query: RejectQuery) -> list[SealedReject]:
        """Rejects with their encrypted bodies, the earliest first: for sending them again."""
        self.settle()
        rows = self.connection.rows(
            f"""SELECT {", ".join(_REJECT)}, body FROM {{private}}.rejects FINAL
                WHERE ({{reason:String}} = '' OR reason = {{reason:String}})
                  AND ({{source:String}} = '' OR source = {{source:String}})
                  AND received_at >= {{since:DateTime64(3, 'UTC')}} AND received_at < {{until:DateTime64(3, 'UTC')}}
                ORDER BY received_at, source, position LIMIT {{limit:UInt32}}""",
            reason=query.reason,
            source=query.source,
            since=query.since,
            until=query.until,
            limit=query.limit,
        )
        return [SealedReject(*row) for row in rows]

    def forget_rejects(self, rejects: Sequence[SealedReject]) -> None:
        """Take rejects out of both zones: they are rejects no more."""
        for start in range(0, len(rejects), 1000):
            portion = rejects[start : start + 1000]
            # as hexadecimal digits, for a parameter is text and a digest any bytes
            keys = [(reject.source, reject.reason, reject.digest.hex(), reject.position) for reject in portion]
            self.connection.run(
                "DELETE FROM {private}.rejects WHERE (source, reason, lower(hex(digest)), position) IN "
                "{keys:Array(Tuple(String, String, String, String))}",
                keys=keys,
            )
            places = [(reject.source, reject.reason, reject.position) for reject in portion]
            self.connection.run(
                "DELETE FROM {open}.rejected WHERE (source, reason, position) IN "
                "{places:Array(Tuple(String, String, String))}",
                places=places,
            )


def marks_in(events: str, where: str, *also: str) -> str:
    """SQL of the marks of the events that `where` selects: as `marks_of`, with columns `also` told apart."""
    more = "".join(f", {name}" for name in also)
    return f"""
        SELECT kind, system, subject, '' AS unit, toStartOfHour(max(time)) AS hour{more}
        FROM {events} WHERE {where} AND (kind != 'session' OR retracted) GROUP BY kind, system, subject{more}
        UNION ALL
        SELECT 'act', system, toFixedString('', 16), unit, toStartOfHour(max(time)){more}
        FROM {events} WHERE {where} AND kind IN {_BY_PERSONS} AND actor_kind = 'person'
        GROUP BY system, unit, toDate(time){more}"""


def sealed_table(
    rejects: Sequence[Reject], seal: Callable[[bytes], bytes], received_at: datetime, import_id: int = 0
) -> pa.Table:
    """Rejects as rows of their table, their bodies encrypted by `seal`, which makes the same of the same body."""
    bodies = [seal(reject.body) for reject in rejects]
    columns: dict[str, pa.Array] = {
        "digest": pa.array([hashlib.sha256(body).digest()[:16] for body in bodies], pa.binary(16)),
        "source": pa.array([reject.source for reject in rejects], pa.string()),
        "reason": pa.array([reject.reason.value for reject in rejects], pa.string()),
        "position": pa.array([reject.position for reject in rejects], pa.string()),
        "detail": pa.array([reject.detail for reject in rejects], pa.string()),
        "import": pa.repeat(pa.scalar(import_id, pa.uint64()), len(bodies)),
        "received_at": pa.repeat(pa.scalar(received_at, pa.timestamp("ms", "UTC")), len(bodies)),
        "body": pa.array(bodies, pa.binary()),
    }
    return pa.table(columns)


def marks_of(events: pa.Table, batch: int) -> pa.Table:
    """What a batch of events touches, as rows of table `marks` without their sequence number.

    Each subject once, acts of persons per unit and day.
    """
    return _marks_of(_with_number(events, "batch", batch))


def _marks_of(events: pa.Table) -> pa.Table:
    """As `marks_of`, of events of several batches, which column `batch` tells apart."""
    names = ("batch", "kind", "system", "subject", "unit", "time", "actor_kind")
    # words are told apart by their codes, so that all chunks have to have the same
    touching = events.select(names).unify_dictionaries()
    touching = touching.append_column("day", pc.cast(events["time"], pa.date32()))
    are_sessions = pc.equal(touching["kind"], "session")
    # a session has no subject whose row would be derived: it counts by its unit and day
    have_subject = pc.invert(are_sessions)
    if "retracted" in events.column_names:  # what a retraction takes back is found by its batch: it needs a mark
        have_subject = pc.or_(have_subject, pc.equal(events["retracted"], 1))
    subject_events = touching.filter(have_subject)
    subjects = subject_events.group_by(["batch", "kind", "system", "subject"]).aggregate([("time", "max")])
    are_acts = pc.or_(are_sessions, pc.equal(touching["kind"], "case"))
    are_by_persons = pc.equal(touching["actor_kind"], "person")
    act_events = touching.filter(pc.and_(are_acts, are_by_persons))
    acts = act_events.group_by(["batch", "system", "unit", "day"]).aggregate([("time", "max")])
    nobody = pa.scalar(bytes(16), pa.binary(16))
    # by arithmetic, for Arrow looks up the zone of each moment
    moments = _stacked(subjects["time_max"], acts["time_max"]).cast(pa.int64())
    hours = pc.multiply(pc.divide(moments, _HOUR), _HOUR)
    return pa.table(
        {
            "batch": _stacked(subjects["batch"], acts["batch"]),
            "kind": _stacked(_plain(subjects["kind"]), pa.repeat("act", len(acts))),
            "system": _stacked(_plain(subjects["system"]), _plain(acts["system"])),
            "subject": _stacked(subjects["subject"], pa.repeat(nobody, len(acts))),
            "unit": _stacked(pa.repeat("", len(subjects)), _plain(acts["unit"])),
            "hour": hours.cast(pa.timestamp("ms", "UTC")).cast(pa.timestamp("s", "UTC")),
        }
    )


def _numbered(groups: Sequence[Group]) -> pa.Table:
    """The events of all groups, each with the number of its batch."""
    # `join` leaves out empty tables, so empty groups must not be numbered either
    filled = [group for group in groups if len(group.events)]
    events = join([group.events for group in filled])
    batches = np.array([group.batch for group in filled], np.uint64)
    sizes = [len(group.events) for group in filled]
    return events.append_column("batch", pa.array(np.repeat(batches, sizes), pa.uint64()))


def _with_number(rows: pa.Table, name: str, number: int) -> pa.Table:
    """Rows with one more column, which holds the same number in each."""
    return rows.append_column(name, pa.repeat(pa.scalar(number, pa.uint64()), len(rows)))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _stacked(*columns: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray:
    chunks: list[pa.Array] = []
    for column in columns:
        chunks += column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return pa.chunked_array(chunks)
