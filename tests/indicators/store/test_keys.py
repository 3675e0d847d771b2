"""Sums of record keys and counts of hands in the cells, against hand-written SQL over the raw events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.scratch import verify
from nytta.indicators.store.values import save_definitions
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from tests.organisations import small_county
from tests.rows import NOW, day, event, table

pytestmark = pytest.mark.slow

DEFINITIONS = load(declarations.schemas() / "indicators").definitions
WEEK = date(2026, 2, 2)


def step(number: int, case: str, actor: str, **fields: Any) -> dict[str, Any]:
    return event(f"s{number}", "case.step", f"02-03T{8 + number % 10:02d}", case, actor=actor, **fields)


EVENTS = [
    *(event(f"o{n}", "case.opened", "02-02", f"c{n}", channel="web" if n < 3 else "desk") for n in range(5)),
    # c0: ada did most; c1: equal, bo was the latest; c2: a robot did most, cy once; c3: nobody; c4: its opener alone
    *(step(n, "c0", who) for n, who in enumerate(("ada", "ada", "bo"))),
    *(step(n, "c1", who) for n, who in enumerate(("ada", "bo"), 3)),
    *(step(n, "c2", "rob", actor_kind="system") for n in (5, 6)),
    step(7, "c2", "cy"),
    event("o9", "case.opened", "02-03", "c4", actor="di", channel="desk"),
    # who did the step that shows intended use is another than who did most
    step(8, "c0", "cy", intended=1),
    *(
        event(f"e{who}", "people.eligibility", "01-01", who, actor=who, entitled=entitled, valid_from=day("01-01"))
        for who, entitled in (("ada", 1), ("bo", 1), ("cy", 0), ("di", 1))
    ),
    # tickets: two ask, one of them twice; fay resolves both of hers, gus one
    *(
        event(f"t{n}", "ticket.opened", "02-02", f"t{n}", actor=who, channel="web")
        for n, who in enumerate(("ada", "ada", "bo"))
    ),
    *(
        event(f"r{n}", "ticket.resolved", "02-04", f"t{n}", actor=who, first_contact=1)
        for n, who in enumerate(("fay", "fay", "gus"))
    ),
    event("last", "case.opened", "02-16", "later"),
]  # fmt: skip


@pytest.fixture(scope="module")
def filled(new_module_store: Callable[[], PrivateStore]) -> PrivateStore:
    """A store that tests read; the last one changes it, and brings it back."""
    store = new_module_store()
    small_county(store.connection)
    save_definitions(store, DEFINITIONS)
    store.mark_everything()
    store.write(table(EVENTS), [], seal=bytes, received_at=NOW)
    recompute(store, DEFINITIONS)
    return store


def keys(store: PrivateStore, indicator: str, unit: str = "north") -> tuple[int, int]:
    return store.connection.rows(
        "SELECT numerator_keys, denominator_keys FROM {private}.indicator_values WHERE indicator = {id:String} "
        "AND unit = {unit:String} AND grain = 'week' AND period = {week:Date} AND case_type = '*' AND part = ''",
        id=indicator,
        unit=unit,
        week=WEEK,
    )[0]


@pytest.mark.parametrize(
    ("indicator", "numerator", "denominator"),
    [
        (
            "digital-intake",
            "kind = 'case' AND channel = 'web'",
            "kind = 'case' AND channel != '' AND time < '2026-02-09'",
        ),
        ("entitlement", "kind = 'eligibility' AND entitled = 1", "kind = 'eligibility'"),
    ],
)
def test_sums_of_keys_are_those_of_the_records_that_count(
    filled: PrivateStore, indicator: str, numerator: str, denominator: str
) -> None:
    by_hand = "SELECT sum(key) FROM (SELECT DISTINCT subject, sipHash64({0}) AS key FROM {{private}}.events WHERE {1})"
    record = "actor" if indicator == "entitlement" else "subject"
    expected = tuple(filled.connection.value(by_hand.format(record, where)) for where in (numerator, denominator))
    assert keys(filled, indicator) == expected
    assert keys(filled, indicator, "county") == expected
    assert keys(filled, indicator) != (0, 0)


def hands(store: PrivateStore, indicator: str, unit: str = "north") -> tuple[int, int, int]:
    return store.connection.rows(
        "SELECT handlers, most_by_one, requesters FROM {private}.hands FINAL WHERE indicator = {id:String} "
        "AND unit = {unit:String} AND grain = 'week' AND period = {week:Date} AND case_type = '*'",
        id=indicator,
        unit=unit,
        week=WEEK,
    )[0]


def test_a_case_has_one_hand_and_robots_have_none(filled: PrivateStore) -> None:
    by_case = dict(
        filled.connection.rows(
            "SELECT c.subject, e.name FROM (SELECT * FROM {private}.cases FINAL) AS c "
            "LEFT JOIN (SELECT DISTINCT actor, subject AS name FROM {private}.events WHERE kind = 'eligibility') AS e "
            "ON e.actor = c.hand"
        )
    )
    assert len(by_case) == 6
    assert hands(filled, "lead-time") == (4, 1, 0)  # ada, bo, cy, di; nobody for c3
    assert hands(filled, "lead-time", "county") == (4, 1, 0)
    # c0's measured step is cy's; c2, which nobody intended, is cy's too where its steps say anything
    assert hands(filled, "intended-use")[0] == 1


def test_tickets_count_who_asked_and_who_resolved(filled: PrivateStore) -> None:
    assert hands(filled, "first-contact-resolution") == (2, 2, 2)


def test_verify_compares_keys_and_hands(filled: PrivateStore, tables: Any) -> None:
    assert verify(filled, DEFINITIONS, tables).equal
    for change in (
        "ALTER TABLE {private}.cells UPDATE numerator_keys = 1 WHERE indicator = 'digital-intake'",
        "ALTER TABLE {private}.hands UPDATE handlers = 9 WHERE indicator = 'lead-time'",
    ):
        filled.connection.run(f"{change} SETTINGS mutations_sync = 2")
        assert not verify(filled, DEFINITIONS, tables).equal
        filled.mark_everything()
        recompute(filled, DEFINITIONS)
