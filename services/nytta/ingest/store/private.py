"""The private zone's writer: raw events, rejects, marks, in that order; then an answer may be given.

Whoever calls it is the only writer of its marks' sequence (embedded: this process, one thread at a time; distributed:
the owner of the marks' partition), so the counters in the store need no lock. What is kept of imports, rejects and
sources stands in modules of their own beside it, which are given the store.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

import numpy as np
import pyarrow as pa

from nytta.ingest.events.columns import join
from nytta.ingest.events.pseudonyms import NOBODY
from nytta.ingest.store.marks import MARK, marks_in, marks_of, marks_of_batches, with_number
from nytta.ingest.store.raw import RawEvents, raw_columns
from nytta.ingest.store.rejects import write_rejects
from nytta.ingest.store.writing import Group, Writing
from nytta.storage.client import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from nytta.ingest.events.batch import Reject

EVERYTHING: Final = "everything"
"""What the owner of the marks is asked for when all there is must be computed anew."""

P = ParamSpec("P")
T = TypeVar("T")


def _alone(
    method: Callable[Concatenate[PrivateStore, P], T],
) -> Callable[Concatenate[PrivateStore, P], T]:
    """One writing thread at a time: a lower number of marks must not come after a round has read a higher one."""

    @wraps(method)
    def alone(self: PrivateStore, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.writing:
            return method(self, *args, **kwargs)

    return alone


class PrivateStore:
    """Writes the private zone: raw events, rejects and marks, under numbers that it gives."""

    def __init__(self, connection: Connection, ask: Callable[[str], None] | None = None) -> None:
        """With `ask`, another process owns the marks: it is asked for `everything`, or `import 17`, durably."""
        self.connection = connection
        self._ask = ask
        self.writing = Writing()
        self._raw = RawEvents(connection)
        self._numbering = threading.Lock()
        # the last number that was given to a batch, as far as this process knows
        self._number: int | None = None
        # whether a batch may lie there without its marks
        self._unfinished = False

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

    def counter(self, counter_name: str) -> int:
        """The persisted counter `counter_name`; 0 before it was ever raised."""
        return int(
            self.connection.value(
                "SELECT max(value) FROM {private}.counters WHERE name = {name:String}",
                name=counter_name,
            )
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
        self.connection.insert(
            "{private}.counters", ["name", "value"], [[*counter] for counter in values.items()]
        )

    # numbers

    def next_batch(self) -> int:
        """The next number; a batch whose writing failed gets its marks first, for no round looks behind it."""
        if self._unfinished:
            self._finish_batches()
        return self.raise_batch()

    def raise_batch(self) -> int:
        """The next number of a batch, or of marks, written down."""
        written = self.counter("batch")
        with self._numbering:
            # the greater of both: groups in the log have numbers that the store has not seen yet
            next_batch = self._number = max(self._number or 0, written) + 1
        # after the lock is let go: senders take numbers from it, and must not wait for a statement
        self.raise_counter("batch", next_batch)
        return next_batch

    def number_batch(self) -> int:
        """The next number of a batch that is written down elsewhere: whoever reads it there says `know_batch`."""
        if self._number is None:
            self.know_batch(0)
        with self._numbering:
            assert self._number is not None
            self._number += 1
            return self._number

    def know_batch(self, batch: int) -> None:
        """Give no batch a number up to this one any more."""
        written = self.counter("batch")
        with self._numbering:
            self._number = max(self._number or 0, written, batch)

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
        if import_id:
            batch = self.next_batch()
            self.store_events(events, batch, import_id, snapshot)
            write_rejects(self.connection, rejects, seal, received_at, import_id)
            return batch
        with self.marked_batch() as batch:
            self.store_events(events, batch, import_id, snapshot)
            write_rejects(self.connection, rejects, seal, received_at, import_id)
            # marks last: a round that reads them must find all that they stand for
            if len(events):
                self._insert_marks(marks_of(events, batch), batch)
        return batch

    @contextmanager
    def marked_batch(self) -> Iterator[int]:
        """The number of a batch whose rows and marks are written within; for whoever holds `writing`."""
        batch = self.next_batch()
        with self._unfinished_on_error():
            yield batch

    @contextmanager
    def _unfinished_on_error(self) -> Iterator[None]:
        # set before anything is written, and left standing by an error: the next batch then finishes this one first
        self._unfinished = True
        yield
        self._unfinished = False

    def write_groups(self, groups: Sequence[Group]) -> None:
        """Store groups durably under the numbers that they bear: raw, rejects, marks.

        The same group again makes no difference: its rows are the same, and a round computes what it touches anew.
        """
        # the lock alone, for the backlog calls this while `writing` is being entered: entering would bring it in again
        with self.writing.lock:
            # above all numbers of groups, and of marks that a round has read
            sequence = self.raise_batch()
            events = _numbered(groups)
            self._raw.insert(events)
            rejects = [group.rejects for group in groups if len(group.rejects)]
            if rejects:
                self.connection.insert_arrow(
                    "{private}.rejects", pa.concat_tables(rejects).combine_chunks()
                )
            if len(events):
                self._insert_marks(marks_of_batches(events), sequence)

    def store_events(
        self, events: pa.Table, batch: int, import_id: int = 0, snapshot: int = 0
    ) -> None:
        """Store raw events durably, as one of several writers; their marks bear the same number `batch`."""
        self._raw.insert(with_number(events, "batch", batch), import_id, snapshot)

    def data_span(self) -> tuple[date, date]:
        """The first and the last day of the events that ever came; some years of ours where there are none."""
        self.settle()
        return self._raw.span()

    def finish_batches(self) -> None:
        """Mark batches that were stored but not yet marked when the process ended."""
        # else batches are the matter of whoever owns the marks
        if not self._ask:
            self._finish_batches()

    def _finish_batches(self) -> None:
        """Batches get their marks last: those above the last round's number that have none died on the way.

        Of such a batch the raw rows may be there without what views make of them: they are written once more, as a
        batch of their own.
        """
        # this may die too: the new batch has no marks until the end, so the next start finds it in the same way
        with self._unfinished_on_error():
            markless_batches = self._markless_batches()
            if markless_batches:
                self._write_again(markless_batches)

    def _markless_batches(self) -> list[int]:
        batch_rows = self.connection.rows(
            """SELECT DISTINCT batch FROM {private}.events
               WHERE import = 0 AND batch > {cleared:UInt64} AND batch <= {last:UInt64}
                 AND batch NOT IN (SELECT DISTINCT batch FROM {private}.marks WHERE sequence > {cleared:UInt64})""",
            cleared=self.counter("cleared"),
            last=self.counter("batch"),
        )
        return [batch for (batch,) in batch_rows]

    def _write_again(self, batches: Sequence[int]) -> None:
        batch_again = self.raise_batch()
        columns = ", ".join(raw_columns(self.connection))
        self.connection.run(
            f"""INSERT INTO {{private}}.events ({columns})
            SELECT * REPLACE ({batch_again} AS batch)
            FROM (SELECT {columns} FROM {{private}}.events
                  WHERE import = 0 AND batch IN ({", ".join(map(str, batches))}))"""
        )
        self.mark_as(batch_again, f"batch = {batch_again}")

    # marks

    @_alone
    def append_marks(self, marks: pa.Table) -> None:
        """Store marks of other writers, as `marks_of` makes them, under the next sequence number.

        For their one owner: a lower number never comes after a round has read a higher one.
        """
        self._insert_marks(marks, self.raise_batch())

    @_alone
    def mark(self, condition: str = "1") -> None:
        """Mark the subjects and acts of all raw events that `condition` selects, as one sequence number."""
        self.mark_as(self.next_batch(), condition)

    def mark_as(self, sequence: int, condition: str) -> None:
        """As `mark`, under a number that the caller was given; for whoever holds `writing`."""
        self.connection.run(
            f"INSERT INTO {{private}}.marks (sequence, batch, {MARK}) "
            f"SELECT {sequence}, batch, {MARK} FROM ({marks_in('{private}.events', condition, 'batch')})"
        )

    def mark_import(self, number: int) -> None:
        """Mark what the rows of an import touch."""
        if self._ask:
            self._ask(f"import {number}")
        else:
            self.mark(f"import = {number}")

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
            [[self.counter("batch"), 0, "plan", "", NOBODY, "", epoch]],
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

    def _insert_marks(self, marks: pa.Table, sequence: int) -> None:
        self.connection.insert_arrow("{private}.marks", with_number(marks, "sequence", sequence))


def _numbered(groups: Sequence[Group]) -> pa.Table:
    """The events of all groups, each with the number of its batch."""
    # `join` leaves out empty tables, so empty groups must not be numbered either
    filled = [group for group in groups if len(group.events)]
    events = join([group.events for group in filled])
    batches = np.array([group.batch for group in filled], np.uint64)
    sizes = [len(group.events) for group in filled]
    return events.append_column("batch", pa.array(np.repeat(batches, sizes), pa.uint64()))
