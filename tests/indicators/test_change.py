"""Indicators of habit, change and outcome against a second SQL, written by hand over the raw events.

Twelve people of one unit over half a year, a survey, two courses, and cases that had ninety days to be closed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.scratch import verify
from nytta.indicators.store.values import ValueQuery, read_values, save_definitions
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from tests.organisations import small_county
from tests.rows import NOW, day, event, table

DEFINITIONS = load(declarations.schemas() / "indicators").definitions

MONDAYS = [date(2026, 1, 5) + timedelta(weeks=n) for n in range(20)]  # W02 to W21
PEOPLE = [f"p{n}" for n in range(12)]
TIERS = ["manager"] * 3 + ["key-role"] * 3 + ["staff"] * 6


def moment(monday: date, days: int = 1) -> str:
    return f"{monday + timedelta(days=days):%m-%d}"


EVENTS = [
    *(
        event(f"e{n}", "people.eligibility", "01-01", who, actor=who, entitled=1, tier=tier, valid_from=start)
        for n, (who, tier) in enumerate(zip(PEOPLE, TIERS, strict=True))
        # p11 came so late that she cannot have twelve weeks
        for start in [day("04-06") if who == "p11" else day("01-01")]
    ),
    # p0 acts in every week, p1 in the first nine of the last twelve, p2 in eight of them; p3 is away for four weeks and
    # acts in the nine before; nobody else acts
    *(event(f"a0-{n}", "platform.session", moment(m), "p0", actor="p0") for n, m in enumerate(MONDAYS)),
    *(event(f"a1-{n}", "platform.session", moment(m), "p1", actor="p1") for n, m in enumerate(MONDAYS[8:17])),
    *(event(f"a2-{n}", "platform.session", moment(m), "p2", actor="p2") for n, m in enumerate(MONDAYS[8:16])),
    *(event(f"a3-{n}", "platform.session", moment(m), "p3", actor="p3") for n, m in enumerate(MONDAYS[7:16])),
    *(
        event(f"away-{n}", "people.presence", moment(m), f"w{n}", actor="p3", valid_from=m, days=0)
        for n, m in enumerate(MONDAYS[16:])
    ),
    # the earlier system: p0 once beside the new one, p5 there alone
    event("l0", "platform.session", moment(MONDAYS[19]), "p0", actor="p0", legacy=1),
    event("l5", "platform.session", moment(MONDAYS[19], 2), "p5", actor="p5", legacy=1, category="old forms"),
    # courses: two managers before W07, the third in W07; one of the staff in another system
    event("t0", "change.training", "02-02", "course", actor="p0", activity="course", tier="manager"),
    event("t1", "change.training", "02-03", "course", actor="p1", activity="course", tier="manager"),
    event("t2", "change.training", "02-11", "course", actor="p2", activity="course", tier="manager"),
    event("t6", "change.training", "02-11", "other", actor="p6", activity="other", tier="staff", system="mail"),
    # one survey in W10: all managers, and one of the staff, which is too few of them
    *(
        event(f"s{n}-{item}", "change.pulse", "03-04", "spring", activity=item, tier=tier, quantity=score)
        for n, (tier, score) in enumerate([("manager", 5), ("manager", 4), ("manager", 3), ("staff", 2)])
        for item in ("awareness", "desire")
    ),
    # those who turned to the body: more answers than staff gave, and a week in which nobody was satisfied
    *(
        event(f"u{n}", "change.pulse", "03-05", "users", activity="satisfaction", tier="user", quantity=score)
        for n, score in enumerate([5, 4, 4, 3, 1])
    ),
    event("u9", "change.pulse", "03-18", "users", activity="satisfaction", tier="user", quantity=2),
    # cases: of four begun digitally in W06, two were closed in time and one too late; the desk's does not count
    event("c1", "case.opened", "02-03", "c1", channel="web"),
    event("c2", "case.opened", "02-03", "c2", channel="app"),
    event("c3", "case.opened", "02-04", "c3", channel="api"),
    event("c4", "case.opened", "02-04", "c4", channel="assisted"),
    event("c5", "case.opened", "02-04", "c5", channel="desk"),
    event("c1c", "case.closed", "03-02", "c1", end_to_end=1),
    event("c2s", "case.step", "03-02", "c2", activity="check", mode="digital"),
    event("c2t", "case.step", "03-02T14", "c2", activity="decide", mode="paper"),
    event("c2c", "case.closed", "03-03", "c2"),
    event("c4c", "case.closed", "05-14", "c4", end_to_end=1),
]
"""Wholly digital: c1 says so, the modes of c2 say no; of c6 and c7 (closed in the next week) nobody knows."""
EVENTS += [
    event("c6", "case.opened", "03-02", "c6"),
    event("c6c", "case.closed", "03-10", "c6"),
    event("c7s", "case.step", "03-09", "c7", activity="check", mode="auto"),
    event("c7c", "case.closed", "03-11", "c7"),
]


@pytest.fixture(scope="module")
def computed(new_module_store: Callable[[], PrivateStore]) -> PrivateStore:
    store = new_module_store()
    small_county(store.connection)
    save_definitions(store, DEFINITIONS)
    store.write(table(EVENTS), [], seal=bytes, received_at=NOW)
    store.mark_everything()
    recompute(store, DEFINITIONS)
    return store


def row(
    store: PrivateStore, indicator: str, period: str, part: str = "", grain: str = "week", unit: str = "north"
) -> dict[str, Any]:
    found = [
        r
        for r in read_values(store, ValueQuery(grain, indicator, unit))
        if (r["period"], r["part"], r["system"]) == (period, part, "cases")
    ]
    return found[0] if found else {"numerator": 0, "denominator": 0, "value": None, "persons": 0}


_STAFF = "(SELECT actor FROM {private}.events WHERE kind = 'eligibility' AND tier = 'staff')"

HAND = {
    ("legacy-residue", "2026-W21", "", "week"): (
        "SELECT uniqExactIf(actor, legacy = 1), uniqExact(actor) FROM {private}.events "
        "WHERE kind = 'session' AND time >= '2026-05-18 00:00:00'",
        (2, 2),
    ),
    ("habit", "2026-W21", "", "window"): (
        # weeks at work: all twelve last ones (W10 to W21), of p3 the twelve before the absence (W06 to W17), of p11 six
        "SELECT countIf(weeks >= 9), 11 FROM (SELECT actor, uniqExact(toMonday(time)) AS weeks FROM {private}.events "
        "WHERE kind = 'session' AND legacy != 1 "
        "AND toMonday(time) BETWEEN if(actor = {p3}, toDate('2026-02-02'), toDate('2026-03-02')) "
        "AND toDate('2026-05-18') GROUP BY actor)",
        (3, 11),
    ),
    ("completion", "2026-W19", "", "week"): (
        "SELECT uniqExactIf(subject, type = 'case.closed' AND time < '2026-05-01 00:00:00'), uniqExact(subject) "
        "FROM {private}.events WHERE subject IN (SELECT subject FROM {private}.events "
        "WHERE channel IN ('web', 'app', 'api', 'assisted'))",
        (2, 4),
    ),
    ("end-to-end", "2026-W10", "", "week"): (
        "SELECT 1, count() FROM {private}.events WHERE type = 'case.closed' "
        "AND time BETWEEN '2026-03-02 00:00:00' AND '2026-03-08 23:00:00'",
        (1, 2),
    ),
    ("trained-managers", "2026-W06", "", "week"): (
        "SELECT uniqExactIf(actor, kind = 'training' AND time < '2026-02-09 00:00:00'), "
        "uniqExactIf(actor, kind = 'eligibility') FROM {private}.events WHERE tier = 'manager'",
        (2, 3),
    ),
    ("trained-key-roles", "2026-W10", "", "week"): (
        "SELECT countIf(kind = 'training'), countIf(kind = 'eligibility') FROM {private}.events "
        "WHERE tier = 'key-role'",
        (0, 3),
    ),
    ("trained-staff", "2026-W21", "", "week"): (
        # p6 took the course of another system
        "SELECT countIf(kind = 'training' AND system = 'cases'), countIf(kind = 'eligibility') "
        f"FROM {{private}}.events WHERE actor IN {_STAFF}",
        (0, 6),
    ),
    ("pulse-managers", "2026-W10", "desire", "week"): (
        "SELECT sum(quantity), count() FROM {private}.events WHERE kind = 'pulse' AND tier = 'manager' "
        "AND activity = 'desire'",
        (12, 3),
    ),
    ("pulse-staff", "2026-W10", "awareness", "week"): (
        "SELECT sum(quantity), count() FROM {private}.events WHERE kind = 'pulse' AND tier = 'staff' "
        "AND activity = 'awareness'",
        (2, 1),
    ),
    ("pulse-key-roles", "2026-W10", "awareness", "week"): (
        "SELECT sum(quantity), count() FROM {private}.events WHERE kind = 'pulse' AND tier = 'key-role'",
        (0, 0),
    ),
    ("satisfaction", "2026-W10", "", "week"): (
        "SELECT countIf(quantity >= 4), count() FROM {private}.events WHERE tier = 'user' AND time < '2026-03-09'",
        (3, 5),
    ),
    ("satisfaction", "2026-W12", "", "week"): (
        "SELECT countIf(quantity >= 4), count() FROM {private}.events WHERE tier = 'user' AND time > '2026-03-09'",
        (0, 1),
    ),
    ("pulse-response", "2026-W10", "", "week"): (
        "SELECT countIf(kind = 'pulse' AND activity = 'desire'), "
        "countIf(kind = 'eligibility' AND valid_from < '2026-03-09') FROM {private}.events",
        (4, 11),
    ),
}
"""Indicator, period, part and grain: the SQL, and what it gives."""


@pytest.mark.parametrize(("indicator", "period", "part", "grain"), HAND, ids=str)
def test_equals_the_sql_written_by_hand(
    computed: PrivateStore, indicator: str, period: str, part: str, grain: str
) -> None:
    sql, expected = HAND[indicator, period, part, grain]
    p3 = f"unhex('{event(0, 'platform.session', '01-01', '', actor='p3')['actor'].hex()}')"
    assert tuple(computed.connection.rows(sql.replace("{p3}", p3))[0]) == expected
    found = row(computed, indicator, period, part, grain)
    assert (found["numerator"], found["denominator"]) == expected


def test_no_value_where_too_little_is_known(computed: PrivateStore) -> None:
    assert row(computed, "end-to-end", "2026-W10")["value"] == pytest.approx(0.5)
    # of two cases closed in W11 one is known, and of the staff one answered
    assert (
        row(computed, "end-to-end", "2026-W11")["denominator"],
        row(computed, "end-to-end", "2026-W11")["value"],
    ) == (
        1,
        None,
    )
    assert row(computed, "pulse-managers", "2026-W10", "awareness")["value"] == pytest.approx(80)
    assert row(computed, "pulse-staff", "2026-W10", "awareness")["value"] is None


def test_what_is_protected_is_the_tier(computed: PrivateStore) -> None:
    """Behind a figure of managers stand the managers, not everybody."""
    assert row(computed, "trained-managers", "2026-W06")["persons"] == 3
    assert row(computed, "pulse-managers", "2026-W10", "desire")["persons"] == 3
    assert row(computed, "legacy-residue", "2026-W21")["persons"] == 12


def test_no_feed_is_not_zero(computed: PrivateStore) -> None:
    systems = {r["system"] for r in read_values(computed, ValueQuery("week", "trained-staff", "north"))}
    assert systems == {"cases"}  # of mail nobody is eligible
    assert {r["period"] for r in read_values(computed, ValueQuery("week", "pulse-response", "north"))} == {"2026-W10"}


LATE = [
    # the first act in an earlier system of mail, a course before all others, a late answer, a case of ninety days
    event("m0", "people.eligibility", "01-01", "p0", actor="p0", entitled=1, valid_from=day("01-01"), system="mail"),
    event("m1", "platform.session", "03-03", "p0", actor="p0", legacy=1, system="mail"),
    event("m2", "change.training", "01-13", "course", actor="p4", activity="course", tier="key-role"),
    event("m3", "change.pulse", "04-01", "late", activity="desire", tier="key-role", quantity=4),
    event("m4", "case.closed", "04-20", "c3"),
]
LATER = [event("m5", "platform.session", "06-20", "p7", actor="p7")]  # a later week


@pytest.mark.slow
def test_late_events_leave_every_cell_equal_to_a_recomputation(
    new_store: Callable[[], PrivateStore], tables: Any
) -> None:
    store = new_store()
    small_county(store.connection)
    save_definitions(store, DEFINITIONS)
    for rows in (EVENTS, LATE, LATER):
        store.write(table(rows), [], seal=bytes, received_at=NOW)
        recompute(store, DEFINITIONS)
    found = verify(store, DEFINITIONS, tables)
    assert found.equal, found.examples
    assert row(store, "completion", "2026-W19")["numerator"] == 3
    assert row(store, "trained-key-roles", "2026-W03")["numerator"] == 1
    assert row(store, "habit", "2026-W25", grain="window")["denominator"] == 11
