"""However events come, every cell equals one computed from the raw events alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.scratch import verify
from nytta.indicators.store.values import save_definitions
from nytta.ingest.store.imports import Import, commit_import, finish_commits, save_import
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.registry.store import tables as registry_tables
from tests.organisations import SMALL_COUNTY, county, small_county
from tests.rows import NOW, day, event, table
from tests.support.stores import Stores

DEFINITIONS = tuple(
    d
    for d in load(declarations.schemas() / "indicators").definitions
    if d.id in {"digital-intake", "lead-time", "weekly-breadth", "enrolment", "tickets-per-100"}
)

DAYS = st.integers(1, 60).map(lambda n: date.fromordinal(date(2026, 1, 4).toordinal() + n).strftime("%m-%d"))
UNITS = st.sampled_from(["north", "south"])
PERSONS = st.sampled_from(["ada", "bo", "cy"])
CASES = st.sampled_from(["c1", "c2", "c3", "c4"])

Row = dict[str, Any]


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """One event without its identity."""
    kind = draw(
        st.sampled_from(
            ["case.opened", "case.step", "case.closed", "session", "enrolled", "retired", "eligibility", "ticket"]
        )
    )
    unit, time = draw(UNITS), draw(DAYS)
    match kind:
        case "case.opened":
            return event(0, kind, time, draw(CASES), unit=unit, channel=draw(st.sampled_from(["web", "phone", ""])))
        case "case.step":
            return event(0, kind, time, draw(CASES), unit=unit, actor=draw(PERSONS), activity="decide")
        case "case.closed":
            return event(0, kind, time, draw(CASES), unit=unit)
        case "ticket":
            return event(0, "ticket.opened", time, draw(st.sampled_from(["t1", "t2"])), unit=unit, channel="phone")
        case "session":
            who = draw(PERSONS)
            return event(0, "platform.session", time, who, unit=unit, actor=who, quantity=1)
        case "enrolled" | "retired":
            return event(0, f"platform.{kind}", time, draw(st.sampled_from(["d1", "d2"])), unit=unit)
        case _:
            who = draw(PERSONS)
            spans = draw(st.sampled_from([("01-01", None), ("01-15", "02-10"), ("02-01", None)]))
            entitled = draw(st.sampled_from([0, 1]))
            first, last = day(spans[0]), spans[1] and day(spans[1])
            return event(
                0,
                "people.eligibility",
                time,
                who,
                unit=unit,
                actor=who,
                entitled=entitled,
                valid_from=first,
                valid_to=last,
            )


# identities come from a small set, so that many events share one: duplicates and conflicts
DELIVERIES = st.lists(st.tuples(st.integers(1, 12), rows()), min_size=5, max_size=25).map(
    lambda drawn: [row | {"id": str(number)} for number, row in drawn]
)


def deliver(store: PrivateStore, batches: list[list[Row]], *, between: bool = False) -> PrivateStore:
    small_county(store.connection)
    save_definitions(store, DEFINITIONS)
    store.mark_everything()
    for batch in batches:
        store.write(table(batch), [], seal=bytes, received_at=NOW)
        if between:
            recompute(store, DEFINITIONS)
    recompute(store, DEFINITIONS)
    return store


def cells(store: PrivateStore) -> list[tuple[Any, ...]]:
    return store.connection.rows("SELECT * EXCEPT (computed, is_deleted) FROM {private}.cells FINAL ORDER BY ALL")


@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.slow
@given(data=st.data(), delivered=DELIVERIES)
def test_order_duplicates_and_batches_make_no_difference(
    stores: Stores, tables: Path, data: st.DataObject, delivered: list[Row]
) -> None:
    shuffled = data.draw(st.permutations(delivered + data.draw(st.lists(st.sampled_from(delivered), max_size=8))))
    cut = data.draw(st.integers(1, len(shuffled)))
    with stores.lending() as new_store:  # given back after each example, for the next
        plain = deliver(new_store(), [delivered])
        other = deliver(new_store(), [part for part in (shuffled[:cut], shuffled[cut:]) if part], between=True)
        assert cells(other) == cells(plain)
        for store in (plain, other):
            found = verify(store, DEFINITIONS, tables)
            assert found.equal, found


def checked(store: PrivateStore, tables: Path) -> None:
    recompute(store, DEFINITIONS)
    found = verify(store, DEFINITIONS, tables)
    assert found.equal, found.examples
    assert found.compared


BASE = [
    event(1, "case.opened", "02-02", "c1", channel="web"),
    event(2, "case.step", "02-03", "c1", actor="ada", activity="decide"),
    event(3, "case.opened", "02-02", "c2", channel="phone", unit="south"),
    event(4, "platform.enrolled", "02-03", "d1"),
    event(5, "people.eligibility", "01-01", "ada", actor="ada", entitled=1, valid_from=day("01-01")),
    event(6, "platform.session", "02-11", "ada", actor="ada", quantity=1),
]


def test_a_late_closing_touches_the_week_of_opening(delivered: PrivateStore, tables: Path) -> None:
    delivered.write(table([event(7, "case.closed", "03-20", "c1")]), [], seal=bytes, received_at=NOW)
    checked(delivered, tables)
    rows = delivered.connection.rows(
        "SELECT unit, denominator FROM {private}.cells FINAL WHERE indicator = 'lead-time' AND grain = 'week' "
        "AND period = '2026-02-02' AND case_type = '*' AND unit = 'north'"
    )
    assert rows == [("north", 1)]


def test_a_case_that_moves_leaves_its_old_cell(delivered: PrivateStore, tables: Path) -> None:
    # an earlier opening in the south comes late
    delivered.write(
        table([event(8, "case.opened", "01-26", "c1", unit="south", channel="web")]),
        [],
        seal=bytes,
        received_at=NOW,
    )
    checked(delivered, tables)
    rows = delivered.connection.rows(
        "SELECT unit, toString(period), numerator, denominator FROM {private}.cells FINAL "
        "WHERE indicator = 'digital-intake' AND grain = 'week' ORDER BY ALL"
    )
    assert rows == [("south", "2026-01-26", 1, 1), ("south", "2026-02-02", 0, 1)]


@pytest.mark.slow
def test_another_content_of_an_identity_wins_by_its_hash_alone(
    new_store: Callable[[], PrivateStore], tables: Path
) -> None:
    one, other = BASE, [row | {"unit": "south", "system": "else"} for row in BASE]
    first, second = (
        deliver(new_store(), [one, other], between=True),
        deliver(new_store(), [other, one], between=True),
    )
    assert cells(first) == cells(second)
    for store in (first, second):
        checked(store, tables)


def test_a_source_that_resends_its_whole_list_changes_nothing(delivered: PrivateStore, tables: Path) -> None:
    before = cells(delivered)
    for _ in range(2):
        delivered.write(table(BASE), [], seal=bytes, received_at=NOW)
        recompute(delivered, DEFINITIONS)
    assert cells(delivered) == before
    checked(delivered, tables)


def test_a_later_snapshot_supersedes_an_earlier_one_in_any_order(
    new_store: Callable[[], PrivateStore], tables: Path
) -> None:
    monday, tuesday = BASE[:4], [BASE[0] | {"channel": "phone"}, *BASE[1:4]]

    def imported(store: PrivateStore, order: list[int]) -> PrivateStore:
        small_county(store.connection)
        save_definitions(store, DEFINITIONS)
        store.mark_everything()
        for number in order:
            job = Import(number, "list", "", "", "county", snapshot=number)
            rows = table(monday if number == 1 else tuesday)
            store.write(rows, [], seal=bytes, received_at=NOW, import_id=number, snapshot=number)
            commit_import(store, job, NOW)
            recompute(store, DEFINITIONS)
        return store

    forward, backward = imported(new_store(), [1, 2]), imported(new_store(), [2, 1])
    assert cells(forward) == cells(backward)
    checked(forward, tables)
    rows = forward.connection.rows(
        "SELECT numerator, denominator FROM {private}.cells FINAL WHERE indicator = 'digital-intake' "
        "AND grain = 'week' AND unit = 'north'"
    )
    assert rows == [(0, 1)]


def test_rows_of_an_open_import_do_not_count(delivered: PrivateStore, tables: Path) -> None:
    before = cells(delivered)
    late = table([event(9, "case.opened", "02-04", "c9", channel="web")])
    delivered.write(late, [], seal=bytes, received_at=NOW, import_id=7)
    save_import(delivered, Import(7, "half.csv", "", "", "county"), NOW)
    recompute(delivered, DEFINITIONS)
    assert cells(delivered) == before
    commit_import(delivered, Import(7, "half.csv", "", "", "county"), NOW)
    checked(delivered, tables)
    assert cells(delivered) != before


def test_a_commit_that_died_before_its_marks_is_finished(delivered: PrivateStore, tables: Path) -> None:
    late = table([event(9, "case.opened", "02-04", "c9", channel="web")])
    delivered.write(late, [], seal=bytes, received_at=NOW, import_id=7)
    save_import(delivered, Import(7, "half.csv", "", "", "county", state="committed"), NOW)
    assert not verify(delivered, DEFINITIONS, tables).equal
    finish_commits(delivered)
    checked(delivered, tables)


def test_a_changed_registry_moves_figures(delivered: PrivateStore, tables: Path) -> None:
    files = SMALL_COUNTY | {
        "organisation.yaml": SMALL_COUNTY["organisation.yaml"].replace(
            b"{id: south, name: South, parent: county}", b"{id: south, name: South, parent: north}"
        ),
        "systems.yaml": SMALL_COUNTY["systems.yaml"].replace(b"decide", b"write letter"),
    }
    assert registry_tables.save(delivered.connection, county(files), date(2026, 1, 1), date(2026, 12, 31))
    delivered.mark_everything()
    checked(delivered, tables)
    assert delivered.connection.rows("SELECT ancestor FROM {open}.unit_paths WHERE unit = 'south' ORDER BY depth") == [
        ("south",),
        ("north",),
        ("county",),
    ]


def test_the_first_ticket_of_a_system_gives_all_its_weeks_a_figure(delivered: PrivateStore, tables: Path) -> None:
    count = "SELECT count() FROM {private}.cells FINAL WHERE indicator = 'tickets-per-100' AND grain = 'week'"
    assert delivered.connection.value(count) == 0
    delivered.write(table([event(9, "ticket.opened", "02-11", "t1", channel="web")]), [], seal=bytes, received_at=NOW)
    checked(delivered, tables)
    assert delivered.connection.value(count) > 4


def test_marks_are_cleared_only_up_to_what_was_read(delivered: PrivateStore) -> None:
    assert recompute(delivered, DEFINITIONS).marks == 0
    delivered.write(table(BASE[:1]), [], seal=bytes, received_at=NOW)
    assert recompute(delivered, DEFINITIONS).marks > 0
    assert recompute(delivered, DEFINITIONS).marks == 0


def test_verification_sees_a_wrong_cell(delivered: PrivateStore, tables: Path) -> None:
    delivered.connection.run(
        "INSERT INTO {private}.cells SELECT * REPLACE (numerator + 1 AS numerator, computed + 100 AS computed) "
        "FROM {private}.cells FINAL WHERE indicator = 'digital-intake' LIMIT 1"
    )
    found = verify(delivered, DEFINITIONS, tables)
    assert (found.equal, found.different) == (False, 1)


@pytest.mark.parametrize("statement", ["TRUNCATE TABLE {private}.cells", "TRUNCATE TABLE {private}.cases"])
def test_derived_tables_can_be_thrown_away(delivered: PrivateStore, tables: Path, statement: str) -> None:
    before = cells(delivered)
    delivered.connection.run(statement)
    delivered.mark_everything()
    checked(delivered, tables)
    assert cells(delivered) == before
