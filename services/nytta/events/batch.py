"""Bytes in, a table of accepted events and a list of rejects out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Self

import pyarrow as pa

from nytta.events.columns import COLUMNS, join, rows_of
from nytta.events.envelope import Event
from nytta.events.fast import FAST_PLANS, read
from nytta.events.lines import Lines
from nytta.events.models import Data
from nytta.events.plans import PLANS, TypePlan
from nytta.events.pseudonyms import Pseudonymiser
from nytta.events.reasons import Reason
from nytta.events.tables import Circumstances, tabulate
from nytta.events.validation import Refused, source_of, validate

__all__ = ["COLUMNS", "Batch", "Reject", "decode"]

# Few enough events to stay in the processor's cache until they are columns, many enough for arrays to pay.
_PORTION: Final = 16_384


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
    """The whole line or row, which may hold personal data."""


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
    pseudonymise: Pseudonymiser | None,
    source_label: str = "",
    max_future: timedelta = timedelta(days=1),
) -> Batch:
    """The events of a body of NDJSON, one CloudEvent per line; blank lines are skipped.

    `received_at` carries an offset. With `pseudonymise`, raw ids become pseudonyms; without, an event that
    has one is rejected. `source_label` says where the body comes from and names the source of all rejects;
    without it, each names the source in its event. Events after `received_at` + `max_future` are rejected.

    One bad event changes nothing for its neighbours. Rows come in no particular order, and an event that is
    in the body twice is in the table twice. Raises ValueError where `received_at` has no offset.
    """
    if received_at.tzinfo is None:
        raise ValueError("received_at has no offset: pass an aware datetime")
    given = Circumstances(received_at, (received_at + max_future).astimezone(UTC), pseudonymise)
    lines = Lines(body)
    tables, doubtful = _read(lines, given)
    judged, rejects = _judge(lines, doubtful, given, source_label)
    return Batch(join([*tables, *judged]), tuple(rejects), len(lines))


@dataclass(slots=True)
class _Pile:
    """Events of one type that wait to become a table, with the lines they stand on."""

    plan: TypePlan
    events: list[Any] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    extensions: list[dict[str, str]] = field(default_factory=list)


def _read(lines: Lines, given: Circumstances) -> tuple[list[pa.Table], list[int]]:
    """Tables of what the fast path accepts, and the indices of the lines it leaves."""
    piles = {kind: _Pile(plan) for kind, plan in FAST_PLANS.items()}
    tables: list[pa.Table] = []
    doubtful: list[int] = []

    def clear(pile: _Pile) -> None:
        table, certain = tabulate(pile.plan, pile.events, given)
        if not certain.all():
            doubtful.extend(line for line, sure in zip(pile.lines, certain, strict=True) if not sure)
            table = rows_of(table, certain)
        tables.append(table)
        pile.events, pile.lines = [], []

    for first in range(0, len(lines), _PORTION):
        last = min(first + _PORTION, len(lines))
        events = read(lines, first, last)
        kinds = set(map(type, events))
        if len(kinds) == 1 and (pile := piles.get(kinds.pop())) is not None:
            pile.events.extend(events)
            pile.lines.extend(range(first, last))
        else:
            for line, event in zip(range(first, last), events, strict=True):
                if event is None:
                    doubtful.append(line)
                else:
                    pile = piles[type(event)]
                    pile.events.append(event)
                    pile.lines.append(line)
        for pile in piles.values():
            if len(pile.events) >= _PORTION:
                clear(pile)
    for pile in piles.values():
        if pile.events:
            clear(pile)
    return tables, sorted(doubtful)


def _judge(
    lines: Lines, doubtful: Sequence[int], given: Circumstances, source_label: str
) -> tuple[list[pa.Table], list[Reject]]:
    """Tables of the doubtful lines that the models accept, and the rejects."""
    piles = {name: _Pile(plan) for name, plan in PLANS.items()}
    tables: list[pa.Table] = []
    rejects: list[Reject] = []

    def clear(pile: _Pile) -> None:
        tables.append(tabulate(pile.plan, pile.events, given, pile.extensions)[0])
        pile.events, pile.extensions = [], []

    for index in doubtful:
        line = lines[index]
        try:
            event = validate(line, latest=given.latest, raw_ids=given.pseudonymise is not None)
        except Refused as refused:
            source = source_label or source_of(line)
            rejects.append(Reject(refused.reason, refused.detail, source, f"line {lines.numbers[index]}", line))
        else:
            pile = piles[event.type]
            pile.events.append(_Judged.of(event))
            pile.extensions.append(event.extensions)
            if len(pile.events) >= _PORTION:
                clear(pile)
    for pile in piles.values():
        if pile.events:
            clear(pile)
    return tables, rejects


class _Judged(NamedTuple):
    """What a table takes from an event that the models accepted."""

    id: str
    source: str
    time: str
    sequence: int
    data: Data
    subject: None = None
    datacontenttype: None = None
    dataschema: None = None

    @classmethod
    def of(cls, event: Event) -> Self:
        time = event.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return cls(event.id, event.source, time, event.sequence, event.data)
