"""Raw events as they are stored: without the excluded, each insert within the span of days that counters tell of."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from nytta.ingest.store.exclusions import digests, without_excluded
from nytta.ingest.store.marks import with_number
from nytta.storage.client import Connection

_EPOCH: Final = date(1970, 1, 1)
_FAR: Final = 100_000
"""Days since 1970 from which the first day of the data is counted back, so that its counter grows too."""
_SPAN_BEFORE_DATA: Final = (date(2020, 1, 1), date(2027, 12, 31))
"""The days for which calendars are made before any event came."""
_SOURCE_UNIT: Final = ("source", "unit")


def raw_columns(connection: Connection) -> list[str]:
    """The columns of raw events that are written; the others are made of them."""
    described = connection.rows("DESCRIBE TABLE {private}.events")
    return [
        column_name
        for column_name, _type, default_kind, *_ in described
        if default_kind != "MATERIALIZED"
    ]


class RawEvents:
    """Stores raw events; before they are there, the span of the data and the units of their sources hold them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # days that the counters hold, as far as this process raised them
        self._span: tuple[int, int] | None = None
        # sources and units that are kept, as far as this process knows
        self._known_units: set[tuple[str, str]] = set()

    def insert(self, events: pa.Table, import_id: int = 0, snapshot: int = 0) -> None:
        """Store events that bear the number of their batch, durably."""
        # asked anew for each insert: who was excluded a moment ago must not be stored
        events = without_excluded(events, digests(self._connection))
        if not len(events):
            return
        self._announce(events)
        events = with_number(events, "import", import_id)
        events = with_number(events, "snapshot", snapshot)
        self._connection.insert_arrow("{private}.events", events)

    def span(self) -> tuple[date, date]:
        """The first and the last day of the events that ever came; some years of ours where there are none."""
        rows = self._connection.rows(
            "SELECT name, max(value) FROM {private}.counters WHERE name IN ('first_day', 'last_day') GROUP BY name"
        )
        counters = {name: int(value) for name, value in rows}
        if len(counters) < 2:
            return _SPAN_BEFORE_DATA
        first_number, last_number = _FAR - counters["first_day"], counters["last_day"]
        return _EPOCH + timedelta(days=first_number), _EPOCH + timedelta(days=last_number)

    def _announce(self, events: pa.Table) -> None:
        # the time of a retraction may be unknown, and stands as 1970 then
        if "retracted" in events.column_names:
            events = events.filter(pc.equal(events["retracted"], 0))
        if len(events):
            self._keep_units(events)
            self._widen_span(events)

    def _keep_units(self, events: pa.Table) -> None:
        """Keep of which units the sources tell that nobody told of before."""
        columns = list(_SOURCE_UNIT)
        pairs = events.select(columns).group_by(columns).aggregate([])
        named_pairs = set(zip(pairs["source"].to_pylist(), pairs["unit"].to_pylist(), strict=True))
        new_pairs = named_pairs - self._known_units
        if new_pairs:
            self._connection.insert(
                "{private}.source_units", columns, [list(pair) for pair in sorted(new_pairs)]
            )
            self._known_units |= new_pairs

    def _widen_span(self, events: pa.Table) -> None:
        moments = pc.min_max(events["time"]).as_py()
        first_day = max(0, (moments["min"].date() - _EPOCH).days)
        last_day = max(0, (moments["max"].date() - _EPOCH).days)
        span = self._span or (first_day, last_day)
        # counters only grow, so writing them once more than needed does no harm; most batches need it never
        if self._span is None or first_day < span[0] or last_day > span[1]:
            # together, for a statement costs as much as hundreds of events do
            days_reached = [["first_day", _FAR - first_day], ["last_day", last_day]]
            self._connection.insert("{private}.counters", ["name", "value"], days_reached)
            self._span = min(first_day, span[0]), max(last_day, span[1])
