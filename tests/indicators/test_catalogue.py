"""Each indicator of the catalogue against a second SQL, written by hand over the raw events.

The rows are few enough to count on fingers: the expected numbers stand beside the SQL.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.indicators.store.values import ValueQuery, read_values, save_definitions
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from tests.indicators.test_change import HAND as OF_CHANGE
from tests.organisations import small_county
from tests.rows import NOW, day, event, table

DEFINITIONS = load(declarations.schemas() / "indicators").definitions

EVENTS = [
    # week 2026-W06 (2 to 8 February): five cases opened, three by a digital channel
    event(1, "case.opened", "02-02", "c1", channel="web"),
    event(2, "case.opened", "02-02", "c2", channel="phone"),
    event(3, "case.opened", "02-03", "c3", channel="app"),
    event(4, "case.opened", "02-04", "c4", channel="api"),
    event(5, "case.opened", "02-05", "c5", channel="email"),
    event(6, "case.opened", "02-08", "c6"),  # nobody knows by which channel
    # steps: what is intended use is said by the event, or by the registry (activity 'decide')
    event(10, "case.step", "02-03", "c1", actor="ada", activity="decide", mode="digital", digital_route=1),
    event(11, "case.step", "02-03", "c2", actor="bo", activity="write letter", mode="paper", digital_route=1),
    event(12, "case.step", "02-04", "c3", actor="ada", activity="write letter", intended=1),
    event(13, "case.step", "02-05", "c4", actor="cy", activity="decide", intended=0),
    event(14, "case.handover", "02-06", "c2", quantity=2),  # a list counts them, and says not when
    # closed in 2026-W07: c1 after 7 days, c2 after 8, c3 after 9; c2 had been returned, c3 by law
    event(20, "case.returned", "02-06", "c2", by_law=0),
    event(21, "case.returned", "02-06", "c3", by_law=1),
    event(22, "case.closed", "02-09", "c1"),
    event(23, "case.closed", "02-10", "c2"),
    event(24, "case.closed", "02-12", "c3"),
    # people: four eligible, one without licence, one until 8 February only
    *(
        event(
            f"e{n}",
            "people.eligibility",
            "01-01",
            who,
            actor=who,
            entitled=entitled,
            valid_from=day("01-01"),
            valid_to=end,
        )
        for n, (who, entitled, end) in enumerate(
            [("ada", 1, None), ("bo", 1, None), ("cy", 0, None), ("di", 1, day("02-09"))]
        )
    ),
    event(30, "platform.session", "02-11", "ada", actor="ada", quantity=3),
    event(31, "platform.session", "02-11", "eve", actor="eve", quantity=1),  # nobody says that she is eligible
    # tickets about the system
    event(40, "ticket.opened", "02-02", "t1", channel="phone"),
    event(41, "ticket.opened", "02-03", "t2", channel="web"),
    event(42, "ticket.opened", "02-03", "t3", channel="web"),
    event(43, "ticket.selfservice", "02-03", "t4"),
    event(44, "ticket.resolved", "02-04", "t1", first_contact=1),
    event(45, "ticket.assigned", "02-04", "t2"),
    event(46, "ticket.assigned", "02-05", "t2"),
    event(47, "ticket.resolved", "02-05", "t2", first_contact=0),
    event(48, "ticket.opened", "02-05", "t5", channel="internal"),  # by the support itself
    # clients: ten planned workplaces; two enrolled, one retired again, one of the old platform
    event(50, "platform.enrolled", "02-02", "d1"),
    event(51, "platform.heartbeat", "02-10", "d1"),
    event(52, "platform.enrolled", "02-03", "d2"),
    event(53, "platform.retired", "02-18", "d2"),
    event(54, "platform.enrolled", "02-03", "d3", legacy=1),
    event(55, "platform.heartbeat", "03-05", "d1"),
]

CASES = "(SELECT subject, min(time) AS opened FROM {private}.events WHERE kind = 'case' GROUP BY subject)"


@pytest.fixture(scope="module")
def computed(new_module_store: Callable[[], PrivateStore]) -> PrivateStore:
    return compute(new_module_store())


def compute(store: PrivateStore) -> PrivateStore:
    small_county(store.connection)
    save_definitions(store, DEFINITIONS)
    store.write(table(EVENTS), [], seal=bytes, received_at=NOW)
    store.mark_everything()
    recompute(store, DEFINITIONS)
    return store


def figures(store: PrivateStore, indicator: str, period: str, part: str = "", unit: str = "north") -> tuple[Any, Any]:
    rows = read_values(store, ValueQuery("week", indicator, unit))
    found = [(r["numerator"], r["denominator"]) for r in rows if (r["period"], r["part"]) == (period, part)]
    return found[0] if found else (0, 0)


HAND = {
    ("digital-intake", "2026-W06"): (
        "SELECT countIf(channel IN ('web', 'app', 'api')), count() FROM {private}.events "
        "WHERE type = 'case.opened' AND channel != '' AND toMonday(toDate(time, 'Europe/Stockholm')) = '2026-02-02'",
        (3, 5),
    ),
    ("intended-use", "2026-W06"): (
        # the event's own word counts; where it says nothing, the step 'decide' does, or a closing without it;
        # c5 and c6 are open and have no step
        "SELECT countIf(used = 1), count() FROM ("
        "SELECT subject, max(if(intended >= 0, intended, activity = 'decide')) AS used "
        "FROM {private}.events WHERE type = 'case.step' GROUP BY subject)",
        (2, 4),
    ),
    ("rework", "2026-W07"): (
        "SELECT uniqExactIf(subject, type = 'case.returned' AND by_law = 0), "
        "uniqExactIf(subject, type = 'case.closed') FROM {private}.events "
        "WHERE subject IN (SELECT subject FROM {private}.events WHERE type = 'case.closed')",
        (1, 3),
    ),
    ("entitlement", "2026-W06"): (
        "SELECT countIf(entitled = 1), count() FROM {private}.events WHERE kind = 'eligibility'",
        (3, 4),
    ),
    ("weekly-breadth", "2026-W06"): (
        # cy acted but has no licence; di is entitled and did nothing
        "SELECT uniqExactIf(actor, kind = 'case'), uniqExactIf(actor, kind = 'eligibility') FROM {private}.events "
        "WHERE actor IN (SELECT actor FROM {private}.events WHERE entitled = 1)",
        (2, 3),
    ),
    ("weekly-breadth", "2026-W07"): (
        "SELECT uniqExactIf(actor, kind = 'session'), uniqExactIf(actor, kind = 'eligibility') FROM {private}.events "
        "WHERE actor IN (SELECT actor FROM {private}.events WHERE entitled = 1 AND valid_to < '2000-01-01')",
        (1, 2),
    ),
    ("tickets-per-100", "2026-W06"): (
        "SELECT countIf(type = 'ticket.opened'), countIf(kind = 'eligibility') FROM {private}.events",
        (4, 4),
    ),
    ("digital-take-up", "2026-W07"): (
        "SELECT countIf(channel IN ('web', 'app')), count() FROM {private}.events WHERE type = 'case.opened' "
        "AND subject IN (SELECT subject FROM {private}.events WHERE type = 'case.closed')",
        (2, 3),
    ),
    ("fallback", "2026-W07"): (
        "SELECT countIf(mode = 'paper'), count() FROM {private}.events WHERE digital_route = 1 "
        "AND subject IN (SELECT subject FROM {private}.events WHERE type = 'case.closed')",
        (1, 2),
    ),
    ("handovers", "2026-W07"): (
        "SELECT sumIf(quantity, type = 'case.handover'), countIf(type = 'case.closed') FROM {private}.events",
        (2, 3),
    ),
    ("first-contact-resolution", "2026-W06"): (
        "SELECT countIf(first_contact = 1), count() FROM {private}.events WHERE type = 'ticket.resolved'",
        (1, 2),
    ),
    ("self-service", "2026-W06"): (
        "SELECT uniqExactIf(subject, type = 'ticket.selfservice'), uniqExact(subject) FROM {private}.events "
        "WHERE kind = 'ticket'",
        (1, 5),
    ),
    ("reassignment", "2026-W06"): (
        "SELECT countIf(type = 'ticket.assigned'), countIf(type = 'ticket.resolved') FROM {private}.events",
        (2, 2),
    ),
    ("proactive-support", "2026-W06"): (
        "SELECT countIf(channel = 'internal'), count() FROM {private}.events WHERE type = 'ticket.opened'",
        (1, 4),
    ),
    ("e-service-take-up", "2026-W06"): (
        "SELECT countIf(channel = 'web'), count() FROM {private}.events WHERE type = 'ticket.opened' "
        "AND channel != 'internal'",
        (2, 3),
    ),
    ("enrolment", "2026-W06"): (
        "SELECT count(), 10 FROM {private}.events WHERE type = 'platform.enrolled' AND legacy != 1",
        (2, 10),
    ),
    ("enrolment", "2026-W08"): (
        "SELECT countIf(type = 'platform.enrolled' AND legacy != 1) - countIf(type = 'platform.retired'), 10 "
        "FROM {private}.events",
        (1, 10),
    ),
    ("activation", "2026-W08"): (
        # d1 came to life after eight days; d2 was retired before its fourteen days were over a week's end
        "SELECT uniqExactIf(subject, type = 'platform.heartbeat' AND time < '2026-02-16 12:00:00'), "
        "uniqExact(subject) FROM {private}.events WHERE kind = 'client' AND legacy != 1 AND subject NOT IN "
        "(SELECT subject FROM {private}.events WHERE type = 'platform.retired')",
        (1, 1),
    ),
}


@pytest.mark.parametrize(("indicator", "period"), HAND, ids=str)
def test_equals_the_sql_written_by_hand(computed: PrivateStore, indicator: str, period: str) -> None:
    sql, expected = HAND[indicator, period]
    assert tuple(computed.connection.rows(sql)[0]) == expected
    assert figures(computed, indicator, period) == expected


def test_channel_mix_is_one_whole(computed: PrivateStore) -> None:
    by_hand = dict(
        computed.connection.rows(
            "SELECT channel, count() FROM {private}.events WHERE type = 'ticket.opened' GROUP BY channel"
        )
    )
    assert by_hand == {"phone": 1, "web": 2, "internal": 1}
    for channel in ("phone", "web", "email"):
        got = figures(computed, "ticket-channel-mix", "2026-W06", channel)
        assert got == (by_hand.get(channel, 0), 4)


def test_lead_time_waits_for_half_of_the_cohort(store: PrivateStore) -> None:
    computed = compute(store)
    rows = {r["period"]: r for r in read_values(computed, ValueQuery("week", "lead-time", "north"))}
    # three of six are closed, after 7, 8 and 9 days: not yet more than half
    assert (rows["2026-W06"]["denominator"], rows["2026-W06"]["value"]) == (0, None)
    computed.write(table([event(60, "case.closed", "02-14", "c4")]), [], seal=bytes, received_at=NOW)
    recompute(computed, DEFINITIONS)
    row = next(r for r in read_values(computed, ValueQuery("week", "lead-time", "north")) if r["period"] == "2026-W06")
    days = computed.connection.value(
        "SELECT arraySort(groupArray(dateDiff('day', opened, closed))) FROM (SELECT subject, min(time) AS opened, "
        "maxIf(time, type = 'case.closed') AS closed FROM {private}.events WHERE kind = 'case' GROUP BY subject "
        "HAVING closed > '2000-01-01')"
    )
    assert days == [7, 8, 9, 10]
    # six in the cohort, two of them open and longer than all: the upper of the two in the middle, 10 days
    assert (row["denominator"], row["value"]) == (6, pytest.approx(10))


def test_every_indicator_is_held_to_a_second_sql() -> None:
    held = {indicator for indicator, *_ in (*HAND, *OF_CHANGE)} | {"ticket-channel-mix", "lead-time"}
    assert held == {d.id for d in DEFINITIONS}


def test_windows_sum_what_adds_and_stop_at_the_last_week(computed: PrivateStore) -> None:
    rows = read_values(computed, ValueQuery("window", "digital-intake", "north"))
    assert [(r["period"], r["numerator"], r["denominator"]) for r in rows] == [
        (f"2026-W{week:02}", 3, 5) for week in range(6, 11)
    ]


def test_levels_of_the_tree(computed: PrivateStore) -> None:
    rows = read_values(computed, ValueQuery("week", "digital-intake", tree=True))
    assert {(r["unit"], r["numerator"], r["denominator"]) for r in rows} == {
        ("north", 3, 5),
        ("county", 3, 5),
    }


def test_a_standing_figure_reaches_the_last_week(computed: PrivateStore) -> None:
    rows = read_values(computed, ValueQuery("week", "enrolment", "north"))
    assert rows[-1]["period"] == "2026-W10"
    assert date(2026, 3, 5).isocalendar().week == 10
