"""Several processes store raw events, one owns the marks: in any interleaving every cell comes out right.

A delivery is stored raw by some writer, perhaps by two of them, because the first died before its marks were sent; its
marks reach the owner later, perhaps twice, and rounds of computation fall anywhere between. Of two contents of one
identity, whichever is marked later must see the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.scratch import verify
from nytta.indicators.store.values import save_definitions
from nytta.ingest.store.marks import marks_of
from nytta.ingest.store.private import PrivateStore
from tests.indicators.store.test_exactness import BASE, DEFINITIONS, DELIVERIES, Row, cells, checked, deliver
from tests.organisations import small_county
from tests.rows import NOW, event, table
from tests.support.stores import Stores

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Step:
    """What happens next: rows stored under a number, marks of a delivery written, or a round."""

    what: str
    number: int = 0
    rows: tuple[int, ...] = ()


@st.composite
def courses(draw: st.DrawFn, count: int) -> list[Step]:
    """An order of events: each delivery's marks follow its last storing, whatever else happens meanwhile."""
    cuts = sorted(draw(st.sets(st.integers(1, count - 1), min_size=2, max_size=5)))
    deliveries = [tuple(range(a, b)) for a, b in zip([0, *cuts], [*cuts, count], strict=True)]
    open_ = []
    for rows in deliveries:
        numbers = draw(st.lists(st.integers(1, 1000), min_size=1, max_size=2))  # two writers may even draw the same
        steps = [Step("store", number, rows) for number in numbers]
        steps += [Step("mark", numbers[-1], rows)] * draw(st.integers(1, 2))
        open_.append(steps)
    course = []
    while any(open_):
        at = draw(st.sampled_from([n for n, steps in enumerate(open_) if steps]))
        course.append(open_[at].pop(0))
        if draw(st.integers(0, 3)) == 0:
            course.append(Step("round"))
    return course


@pytest.mark.slow
@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), delivered=DELIVERIES)
def test_any_interleaving_of_writers_ends_in_the_same_cells(
    stores: Stores, tables: Path, data: st.DataObject, delivered: list[Row]
) -> None:
    course = data.draw(courses(len(delivered)))
    with stores.lending() as new_store:  # given back after each example, for the next
        store = new_store()
        small_county(store.connection)
        save_definitions(store, DEFINITIONS)
        store.mark_everything()
        for step in course:
            rows = table([delivered[n] for n in step.rows]) if step.rows else None
            match step.what:
                case "store":
                    store.store_events(rows, step.number)
                case "mark":
                    store.append_marks(marks_of(rows, step.number))
                case _:
                    recompute(store, DEFINITIONS)
        recompute(store, DEFINITIONS)
        assert cells(store) == cells(deliver(new_store(), [delivered]))
        found = verify(store, DEFINITIONS, tables)
        assert found.equal, found.examples


def test_a_content_stored_again_after_its_marks_is_still_seen(store: PrivateStore, tables: Path) -> None:
    """The first coming is marked, a second one is not: parts of both are merged before the other content comes."""
    deliver(store, [])
    first = table(BASE)
    other = table([row | {"unit": "south", "system": "else"} for row in BASE])
    for number in (7, 3, 9):  # three comings, in no order of their numbers; only one of them was marked
        store.store_events(first, number)
    store.append_marks(marks_of(first, 3))
    store.connection.run("OPTIMIZE TABLE {private}.deliveries FINAL")
    recompute(store, DEFINITIONS)
    store.store_events(other, 5)
    store.store_events(other, 4)
    store.append_marks(marks_of(other, 5))
    store.connection.run("OPTIMIZE TABLE {private}.deliveries FINAL")
    checked(store, tables)


def test_two_events_that_share_half_an_identity_are_two(delivered: PrivateStore, tables: Path) -> None:
    """As if another event had the same half: no source can be found that does, so it is written into the index."""
    before = cells(delivered)
    resent = table(BASE)
    delivered.connection.run(
        """INSERT INTO {private}.deliveries
        SELECT event, snapshot, bitNot(content), import, batch + 1, revision + 1, 1 FROM {private}.deliveries"""
    )
    delivered.write(resent, [], seal=bytes, received_at=NOW)
    checked(delivered, tables)
    assert cells(delivered) == before
    assert delivered.connection.value("SELECT count() FROM {private}.superseded") == 0


def test_marks_written_late_are_not_lost(delivered: PrivateStore, tables: Path) -> None:
    late = table([event(9, "case.opened", "02-04", "c9", channel="web")])
    delivered.store_events(late, 1 << 62)  # numbers of writers say nothing about the order of marks
    recompute(delivered, DEFINITIONS)
    assert not verify(delivered, DEFINITIONS, tables).equal
    delivered.append_marks(marks_of(late, 1 << 62))
    assert delivered.marks_wait()
    checked(delivered, tables)
    assert not delivered.marks_wait()


def test_a_plan_that_was_computed_before_the_first_event_has_its_weeks(store: PrivateStore, tables: Path) -> None:
    deliver(store, [])
    store.store_events(table(BASE), 1)
    store.append_marks(marks_of(table(BASE), 1))
    checked(store, tables)
    weeks = "SELECT count() FROM {private}.cells FINAL WHERE indicator = 'enrolment' AND grain = 'week'"
    assert store.connection.value(weeks) > 5
