"""Memberships as the store has them: the latest of each row of a directory, and the units of persons and cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Final

import orjson
import pyarrow as pa

from nytta.ingest.directory import Membership, Standing
from nytta.ingest.events.columns import COLUMNS
from nytta.ingest.events.encode import encode
from nytta.ingest.store.counted import COMMITTED, ROW, WINNERS
from nytta.ingest.store.portions import portions
from nytta.ingest.store.private import PrivateStore

_OF_ROWS: Final = f"source = {{source:String}} AND has({{rows:Array(String)}}, {ROW})"
_OF_ACTORS: Final = "actor IN (SELECT toFixedString(unhex(arrayJoin({actors:Array(String)})), 16))"
_OF_SUBJECTS: Final = (
    "subject IN (SELECT toFixedString(unhex(arrayJoin({subjects:Array(String)})), 16))"
)
_NO_DAY: Final = "{} < toDate32('1901-01-01')"
"""SQL condition that a column of days holds none: no event bears a day so early."""
_IS_OPEN: Final = _NO_DAY.format("valid_to")


def latest_memberships(
    store: PrivateStore, source: str, row_ids: Collection[str]
) -> dict[str, Standing]:
    """The latest membership of each of these rows of a source that has one."""
    standings: dict[str, Standing] = {}
    for portion in portions(row_ids):
        table = store.connection.arrow(
            f"SELECT {', '.join(map(_column, COLUMNS))}, {ROW} AS row FROM {_winning(_OF_ROWS)} "
            "ORDER BY length(id) DESC, id DESC LIMIT 1 BY row",
            source=source,
            rows=portion,
        )
        if not len(table):
            continue
        # the row's id comes after them
        columns = zip(COLUMNS.items(), table.columns, strict=False)
        events = pa.table({name: column.cast(kind) for (name, kind), column in columns})
        receipts = events["received_at"].to_pylist()
        stored_rows = zip(table["row"].to_pylist(), receipts, encode(events), strict=True)
        for row, received_at, line in stored_rows:
            standings[row] = Standing(orjson.loads(line), received_at)
    return standings


def open_rows(store: PrivateStore, source: str) -> set[str]:
    """The ids of rows of a source of which a membership stands without an end."""
    rows = store.connection.rows(
        f"SELECT DISTINCT {ROW} FROM {_winning('source = {source:String}')} WHERE {_IS_OPEN}",
        source=source,
    )
    return {row for (row,) in rows}


def memberships_of(store: PrivateStore, actors: Collection[bytes]) -> dict[bytes, list[Membership]]:
    """The memberships of each of these persons, whatever source tells of them."""
    memberships: defaultdict[bytes, list[Membership]] = defaultdict(list)
    for portion in portions(actors):
        membership_rows = store.connection.rows(
            f"SELECT hex(actor), unit, system, toString(valid_from), if({_IS_OPEN}, '', toString(valid_to)) "
            f"FROM {_winning(_OF_ACTORS)}",
            actors=[actor.hex() for actor in portion],
        )
        for actor, unit, system, first_day, last_day in membership_rows:
            membership = Membership(
                unit=unit,
                system=system,
                valid_from=date.fromisoformat(first_day),
                valid_to=date.fromisoformat(last_day) if last_day else None,
            )
            memberships[bytes.fromhex(actor)].append(membership)
    return memberships


def opening_units(store: PrivateStore, subjects: Collection[bytes]) -> dict[bytes, str]:
    """The unit in which each of these cases and tickets was opened, where that is known."""
    opening_by_subject: dict[bytes, str] = {}
    for portion in portions(subjects):
        opening_rows = store.connection.rows(
            "SELECT hex(subject), argMax(unit, (snapshot, revision)) FROM {private}.events "
            "WHERE type IN ('case.opened', 'ticket.opened') AND retracted = 0 AND unit != '' "
            f"AND {_OF_SUBJECTS} AND {COMMITTED} GROUP BY subject",
            subjects=[subject.hex() for subject in portion],
        )
        opening_by_subject |= {bytes.fromhex(subject): unit for subject, unit in opening_rows}
    return opening_by_subject


def _winning(condition: str) -> str:
    """SQL of the memberships that count, of identities of which any content fulfils the condition."""
    memberships = "FROM {private}.events WHERE kind = 'eligibility'"
    # by identity first: a content that fulfils the condition may have lost against one that does not
    identities = f"SELECT identity {memberships} AND {condition}"
    winners = (
        f"SELECT *, identity {memberships} AND identity IN ({identities}) AND {COMMITTED} {WINNERS}"
    )
    return f"(SELECT * FROM ({winners}) WHERE retracted = 0)"


def _column(name: str) -> str:
    """SQL of a column as a decoded event has it: days that the store has not are null there."""
    if name not in ("valid_from", "valid_to"):
        return name
    return f"if({_NO_DAY.format(name)}, NULL, {name}) AS {name}_"
