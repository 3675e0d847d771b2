"""What messages ask the owner of the marks for, and what it tells of a value."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from nytta.ingest.store.marks import marks_of
from nytta.ingest.stream import wire
from nytta.service.streams import marks
from nytta.storage.lease import Lease, LeaseLostError
from tests.rows import event, table


def some() -> pa.Table:
    events = [
        event(1, "case.opened", "02-02", "c1", channel="web"),
        event(2, "case.closed", "02-03", "c1"),
        event(3, "platform.session", "02-03", "ada", actor="ada", quantity=1),
    ]
    return marks_of(table(events), 7)


def test_marks_travel_whole() -> None:
    sent = some()
    assert len(sent) == 2  # the case once, the session's unit and day once
    asked = marks.read([wire.marks_message(sent), wire.marks_message(sent.slice(1))])
    assert asked.marks.to_pylist() == [*sent.to_pylist(), sent.to_pylist()[1]]
    assert (asked.imports, asked.everything) == ((), False)


def test_commands_are_read() -> None:
    asked = marks.read([b"import 17", b"everything", b"import 4", b"import 17"])
    assert (asked.imports, asked.everything, len(asked.marks)) == ((17, 4), True, 0)


POISON = [
    None,
    b"",
    b"import",
    b"import 0x1",
    b"\xff" * 200,
    wire.marks_message(some())[:-40],
    wire.marks_message(pa.table({"a": [1]})),
    wire.marks_message(some().drop_columns("hour")),
    wire.marks_message(some().set_column(1, "kind", pa.nulls(2, pa.string()))),
    wire.marks_message(some().set_column(1, "kind", pa.array([[1], [2]]))),
    b'{"notes": [["k1", 2, "ab", "cd"]]}',
    b'{"notes": [["k1", "k2", "ab", "cd"]]}',
    b'{"notes": [["k1", "k2", "no hex", "cd"]]}',
    b'{"notes": null}',
    b'{"notes": [["k1", "k2"]]}',
    b'{"notes":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
]


@pytest.mark.parametrize("value", POISON, ids=range(len(POISON)))
def test_poison_is_passed_over_and_its_neighbours_are_done(value: bytes | None) -> None:
    asked = marks.read([b"import 1", value, wire.marks_message(some())])
    assert (asked.imports, asked.everything, len(asked.marks)) == ((1,), False, 2)


def test_a_later_value_of_a_figure_has_the_same_key() -> None:
    row = {"indicator": "rework", "version": 1, "grain": "week", "unit": "north", "system": "cases", "case_type": "*"}
    row |= {"part": "", "period": date(2026, 2, 2), "published_at": datetime(2026, 3, 1, tzinfo=UTC), "low": None}
    key, value = marks.value_message(row | {"value": 25.0})
    assert key == marks.value_message(row | {"value": 30.0})[0] == b"rework|1|week|north|cases|*||2026-02-02"
    assert b'"value":25.0' in value
    assert b"low" not in value


def test_a_lease_ends_by_itself_and_when_it_is_dropped() -> None:
    lease = Lease(1000)
    with pytest.raises(LeaseLostError):
        lease.check()
    lease.renew()
    lease.check()
    lease.drop()
    assert not lease.held
    short = Lease(0)
    short.renew()
    assert not short.held
