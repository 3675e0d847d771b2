"""Bytes in, a table of accepted events and a list of rejects out."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nytta import Mendable
from nytta.ingest.events.columns import ALWAYS, COLUMNS, DEFAULTS, constant, join, rows_of
from nytta.ingest.events.envelope import Event, Retraction
from nytta.ingest.events.fast import read
from nytta.ingest.events.identifiers import identify_all, pairs_of
from nytta.ingest.events.lines import KEPT, Lines
from nytta.ingest.events.models import TYPES
from nytta.ingest.events.plans import PLANS, TypePlan
from nytta.ingest.events.pseudonyms import Chooser
from nytta.ingest.events.reasons import Reason
from nytta.ingest.events.tables import Circumstances, Columns, tabulate
from nytta.ingest.events.times import milliseconds
from nytta.ingest.events.validation import Refused, source_of, validate

__all__ = ["COLUMNS", "Batch", "Reject", "decode"]

MAX_FUTURE: Final = timedelta(days=1)
"""How far ahead of its receipt the clock of a source may place an event."""

# Few enough events to stay in the processor's cache, many enough for arrays to pay.
_PORTION: Final = 65_536
NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the time of a retraction that says none."""


@dataclass(frozen=True, slots=True)
class Reject:
    """An event or a row that was not accepted."""

    reason: Reason
    detail: str
    """Where the problem is and what to change; repeats no value of the event."""
    source: str
    """The label of where it was read, or else the source the event names; empty where neither is known."""
    position: str
    """Where it stood, such as `line 17` or `row 33`, counted from 1."""
    body: bytes
    """The line or row, which may hold personal data; of one that is too large, the beginning."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of the events of one body."""

    table: pa.Table
    """The accepted events: the columns ALWAYS, and of the other COLUMNS those that some event fills."""
    rejects: tuple[Reject, ...]
    """Those not accepted, in the order of their lines."""
    read: int
    """Number of events seen: accepted ones and rejects."""

    def __len__(self) -> int:
        return int(self.table.num_rows)


def decode(
    body: bytes,
    *,
    received_at: datetime,
    pseudonymise: Chooser | None,
    source_label: str = "",
    max_future: timedelta = MAX_FUTURE,
) -> Batch:
    """The events of a body of NDJSON, one CloudEvent per line; blank lines are skipped.

    `received_at` carries an offset. With `pseudonymise`, raw ids become pseudonyms; without, an event that
    has one is rejected. `source_label` says where the body comes from and names the source of all rejects;
    without it, each names the source in its event. Events after `received_at` + `max_future` are rejected.

    One bad event changes nothing for its neighbours, nor does one on which Nytta itself fails (`fault`). Rows come
    in no particular order, and an event that is in the body twice is in the table twice. Raises ValueError where
    `received_at` has no offset, and what `pseudonymise` raises for want of a key.
    """
    if received_at.tzinfo is None:
        raise ValueError("received_at has no offset: pass an aware datetime")
    latest = (received_at + max_future).astimezone(UTC)
    circumstances = Circumstances(received_at, latest, pseudonymise)
    return _decoded(Lines(body), circumstances, source_label)


def _decoded(lines: Lines, circumstances: Circumstances, source_label: str) -> Batch:
    try:
        piece_tables, doubtful = _read(lines, circumstances)
        judged_tables, rejects = _judge(lines, doubtful, circumstances, source_label)
        return Batch(join([*piece_tables, *judged_tables]), tuple(rejects), len(lines))
    except (Mendable, OSError, MemoryError):
        raise  # of the place where it runs, not of what it reads
    except Exception as error:
        if len(lines) == 1:
            return Batch(join([]), (_fault(lines, error, source_label),), 1)
    # outside the handler, so that the errors of halves do not pile up one behind the other
    middle = len(lines) // 2
    earlier = _decoded(lines.part(0, middle), circumstances, source_label)
    later = _decoded(lines.part(middle, len(lines)), circumstances, source_label)
    both_rejects = (*earlier.rejects, *later.rejects)
    return Batch(join([earlier.table, later.table]), both_rejects, len(lines))


def _fault(faulty_lines: Lines, error: Exception, source_label: str) -> Reject:
    """The reject of a line that nothing here should fail on, and yet did."""
    # the place and the kind, and never the message, which may repeat what the line holds
    place = traceback.extract_tb(error.__traceback__)[-1]
    detail = f"{type(error).__name__} in {PurePath(place.filename).name}, line {place.lineno}"
    position = f"line {faulty_lines.numbers[0]}"
    return Reject(Reason.FAULT, detail, source_label, position, faulty_lines[0][:KEPT])


def _read(lines: Lines, circumstances: Circumstances) -> tuple[list[pa.Table], NDArray[np.int64]]:
    """Tables of what the fast path accepts, and the indices of the lines it leaves."""
    tables: list[pa.Table] = []
    doubtful = np.ones(len(lines), np.bool_)
    for start in range(0, len(lines), _PORTION):
        portion_end = min(start + _PORTION, len(lines))
        for piece in read(lines, start, portion_end, circumstances.pseudonymise):
            table, certain = tabulate(piece.plan, piece.columns, circumstances)
            certain &= piece.certain
            doubtful[piece.rows] = ~certain
            tables.append(table if certain.all() else rows_of(table, certain))
    return tables, np.flatnonzero(doubtful)


def _judge(
    lines: Lines, doubtful: NDArray[np.int64], circumstances: Circumstances, source_label: str
) -> tuple[list[pa.Table], list[Reject]]:
    """Tables of the doubtful lines that the models accept, and the rejects."""
    accepted: dict[str, list[Event]] = {}
    tables: list[pa.Table] = []
    rejects: list[Reject] = []
    retractions: list[Retraction] = []

    def tabulate_accepted(events: list[Event]) -> None:
        plan = PLANS[events[0].type]
        columns = _columns(plan, events, circumstances)
        # all of its rows are certain: the models accepted these events
        table, _certain = tabulate(plan, columns, circumstances)
        tables.append(table)
        events.clear()

    for index in doubtful.tolist():
        line = lines[index]
        try:
            event = validate(
                line, latest=circumstances.latest, raw_ids=circumstances.pseudonymise is not None
            )
        except Refused as refused:
            source = source_label or source_of(line)
            position = f"line {lines.numbers[index]}"
            rejects.append(Reject(refused.reason, refused.detail, source, position, line[:KEPT]))
        else:
            if isinstance(event, Retraction):
                retractions.append(event)
                continue
            events = accepted.setdefault(event.type, [])
            events.append(event)
            # an event as an object is many times its columns: only so many are held at once
            if len(events) >= _PORTION:
                tabulate_accepted(events)
    for events in accepted.values():
        if events:
            tabulate_accepted(events)
    if retractions:
        tables.append(_retracted(retractions, circumstances))
    return tables, rejects


def _retracted(retractions: Sequence[Retraction], circumstances: Circumstances) -> pa.Table:
    """Events that are taken back, as rows that say nothing but whose identity they have, and since which revision."""
    row_count = len(retractions)
    models = [TYPES[retraction.type] for retraction in retractions]
    units = [retraction.data.unit if retraction.data else None for retraction in retractions]
    filled_columns = {
        "id": pa.array([retraction.id for retraction in retractions], pa.string()),
        "source": _words([retraction.source for retraction in retractions]),
        "type": _words([model.name for model in models]),
        "kind": _words([model.kind for model in models]),
        "unit": _words([unit or "" for unit in units]),
        "time": pa.array(
            [retraction.time or NO_TIME for retraction in retractions], COLUMNS["time"]
        ),
        "received_at": constant("received_at", milliseconds(circumstances.received_at), row_count),
        "revision": pa.array(
            [retraction.revision for retraction in retractions], COLUMNS["revision"]
        ),
        "retracted": constant("retracted", 1, row_count),
    }
    column_names = [
        column_name
        for column_name in COLUMNS
        if column_name in filled_columns or column_name in ALWAYS
    ]
    for column_name in column_names:
        if column_name not in filled_columns:
            filled_columns[column_name] = constant(column_name, DEFAULTS[column_name], row_count)
    return pa.table(
        [filled_columns[column_name] for column_name in column_names], names=column_names
    )


def _words(texts: list[str]) -> pa.DictionaryArray:
    """Texts that repeat, each once in a dictionary."""
    return pa.array(texts, pa.string()).dictionary_encode()


def _columns(plan: TypePlan, events: Sequence[Event], circumstances: Circumstances) -> Columns:
    """What a table takes from events of one type that the models accepted."""
    # as texts again, as JSON has them: both ways into a table meet here, so there is one way on
    times = [event.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for event in events]
    envelope = {
        "id": pa.array([event.id for event in events], pa.string()),
        "source": pa.array([event.source for event in events], pa.string()),
        "time": pa.array(times, pa.string()),
        "sequence": pa.array([event.sequence for event in events], pa.uint64()),
        "revision": pa.array([event.revision for event in events], pa.uint64()),
    }
    field_columns = {}
    for field in plan.fields:
        values = [_plain(getattr(event.data, field.name)) for event in events]
        field_columns[field.name] = pa.array(values, field.arrow)
    id_columns = {field_name: field_columns.pop(field_name) for field_name in plan.identifiers}
    pairs = pairs_of(len(events), envelope["source"], field_columns.get("unit"))
    identifiers = identify_all(id_columns, pairs, circumstances.pseudonymise)
    attributes_of_events = [event.extensions for event in events]
    extensions = {}
    for attribute_name in set().union(*attributes_of_events):
        texts = [attributes.get(attribute_name) for attributes in attributes_of_events]
        extensions[attribute_name] = pa.array(texts, pa.string())
    return Columns(len(events), envelope, field_columns, identifiers, extensions)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value
