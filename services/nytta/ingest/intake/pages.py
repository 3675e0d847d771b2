"""Pages of a source that is asked: their rows become events, stored here or by the processes that do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import orjson
import pyarrow as pa

from nytta.ingest.directory import dated
from nytta.ingest.events.columns import join, unnumbered
from nytta.ingest.events.reasons import Reason
from nytta.ingest.files.errors import RowError
from nytta.ingest.intake.events import EventIntake, decode
from nytta.ingest.intake.reports import IntakeError, PageReport
from nytta.ingest.keys import Note
from nytta.ingest.store.outcomes import unknown_events
from nytta.ingest.store.retractions import retract_rows, retractions_of
from nytta.ingest.store.stops import without_stopped

# what decodes events and reads rows is loaded by the first that come: commands that take none in start sooner
if TYPE_CHECKING:
    from nytta.ingest.events.batch import Reject
    from nytta.ingest.files.mapping import Mapping


class Delivery(Protocol):
    """The way of what is pulled to the processes that store it, where this one does not."""

    def deliver(self, events: pa.Table, rejects: Sequence[Reject], notes: Sequence[Note]) -> None:
        """Return when all of it is durable. Events are pseudonymised, their units the codes that the source uses."""
        ...

    def settle(self) -> None:
        """Return when what was delivered before is in the store."""
        ...


class _Page(NamedTuple):
    """Rows of a page as their mapping reads them, pseudonymised."""

    rows: int
    unrevised: frozenset[str]
    """Ids of events of rows that say no revision, so that each is new."""
    events: pa.Table
    retractions: pa.Table
    """What rows take back."""
    rejects: tuple[Reject, ...]
    """Rows that could not be mapped, and events that could not be decoded."""


@dataclass
class PageIntake(EventIntake):
    """Takes in what sources are asked for."""

    delivery: Delivery | None = None
    """Who stores what is pulled; None where this process does."""

    def pulled(
        self, items: Iterable[Any], mapping: Mapping, current_time: datetime, root: str = ""
    ) -> PageReport:
        """Store what rows of a pulled page say that is not known yet, durably, with rejects and marks.

        Rows are known by the mapping's identity and revision: what came before, or was said in a later revision
        already, is not stored again. The mapping's source is the source of the events, `root` their organisation where
        their units do not say it.
        """
        page = self._mapped(items, mapping, current_time, root)
        events = join([unnumbered(page.events), page.retractions])
        news = unknown_events(self.private, events, str(mapping.source), page.unrevised)
        return self._keep(page.rows, news, page.rejects, current_time)

    def pulled_directory(
        self,
        items: Iterable[Any],
        mapping: Mapping,
        current_time: datetime,
        *,
        gone: Collection[str] = (),
        root: str = "",
    ) -> PageReport:
        """Store what a page of a directory says, dated by the day on which it was seen; `gone` are ids of rows."""
        from nytta.ingest.events.encode import encode, to_ndjson
        from nytta.ingest.lookup import local_days
        from nytta.ingest.store.memberships import latest_memberships

        page = self._mapped(items, mapping, current_time, root)
        placed, unplaced = self.place(page.events)
        states = [orjson.loads(line) for line in encode(placed)]
        retracted_ids = page.retractions["id"].to_pylist() if len(page.retractions) else []
        left_ids = {*gone, *retracted_ids}
        listed_ids = {str(state["id"]) for state in states}
        standing = latest_memberships(self.private, str(mapping.source), listed_ids | left_ids)
        (today,) = local_days(self.registry, [current_time])
        changes = dated(states, sorted(left_ids), standing, today, current_time)
        # decoded anew, so that what was made of states passes the same checks as any event
        batch = decode(to_ndjson(changes), current_time, None)
        rejects = (*page.rejects, *unplaced, *batch.rejects)
        return self._keep(page.rows, batch.table, rejects, current_time)

    def ids_of(self, items: Iterable[Any], mapping: Mapping) -> set[str]:
        """The ids that rows with these identities have. IntakeError where one has none: it may be any row."""
        from nytta.ingest.files.read import identities

        conceal = self.keys.pseudonymiser().wire
        try:
            return {conceal(identity) for identity in identities(items, mapping)}
        except RowError as error:
            raise IntakeError(
                f"{error}: it cannot be said which rows are gone, so none was taken back"
            ) from error

    def take_back(self, source: str, row_ids: Sequence[str], current_time: datetime) -> int:
        """Take back all events of rows of a source that it has no more; how many were taken back."""
        if self.delivery is None:
            return retract_rows(self.private, source, row_ids, current_time)
        retractions = retractions_of(self.private, source, row_ids, current_time)
        self._deliver(self.delivery, retractions, ())
        return len(retractions)

    def settle(self) -> None:
        """Return when what was pulled before is in the store, whoever stores it."""
        if self.delivery is not None:
            self.delivery.settle()

    def _mapped(
        self, items: Iterable[Any], mapping: Mapping, current_time: datetime, root: str
    ) -> _Page:
        from nytta.ingest.files.read import objects, translate

        # ids of rows are concealed by the lasting key: a row must be known again when keys of persons change
        conceal = self.keys.pseudonymiser().wire
        chunk = translate(objects(items, mapping), mapping, conceal)
        choice = self.choice_for(root) if root else self.choice()
        batch = decode(chunk.ndjson, current_time, choice)
        retractions = decode(chunk.retractions, current_time, None)
        rejects = (*chunk.rejects, *batch.rejects)
        return _Page(chunk.rows, chunk.unrevised, batch.table, retractions.table, rejects)

    def _keep(
        self,
        row_count: int,
        events: pa.Table,
        page_rejects: tuple[Reject, ...],
        current_time: datetime,
    ) -> PageReport:
        """Store events of a page and all that was rejected of it, or deliver them to those who do."""
        placed_events, unplaced = self.place(events)
        rejects = (*page_rejects, *unplaced)
        if self.delivery is not None:
            # whoever stores them places them, and rejects what has no place: a code is put in a unit's place once
            self._deliver(self.delivery, events, page_rejects)
        else:
            placed_events = without_stopped(self.registry, placed_events, self.stopped)
            if len(placed_events) or rejects:
                self.write(placed_events, rejects, current_time)
        return _report(row_count, placed_events, rejects)

    def _deliver(self, delivery: Delivery, events: pa.Table, rejects: Sequence[Reject]) -> None:
        if len(events) or rejects:
            notes = self.notes.waiting()
            delivery.deliver(events, rejects, notes)
            # only now: a delivery that failed sends the same notes with the next
            self.notes.stored(notes)


def _report(row_count: int, events: pa.Table, rejects: Sequence[Reject]) -> PageReport:
    retracted = sum(events["retracted"].to_pylist()) if "retracted" in events.column_names else 0
    waiting = {reject.position for reject in rejects if reject.reason is Reason.UNPLACED}
    # by position, for a row of which several events were refused is one row
    refused = {reject.position for reject in rejects} - waiting
    return PageReport(
        rows=row_count,
        events=len(events) - retracted,
        retracted=retracted,
        rejected=len(refused),
        unplaced=len(waiting),
    )
