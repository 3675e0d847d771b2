"""From detection's result to observations of a week, and from there to alerts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from nytta.indicators.detection import NotAssessed, Parameters, Result, Signal
from nytta.insight.alerts.kinds import Family, Inhibition, Kind
from nytta.insight.alerts.lifecycle import causes, observe
from nytta.insight.alerts.model import Alert, Key, Observation, State, Verdict
from nytta.insight.alerts.signals import held_back, observations

ROOT = "county"


def monday(number: int) -> date:
    return date.fromisocalendar(2026, number, 1)


def name(number: int) -> str:
    return f"2026-W{number:02d}"


def signal(unit: str, opened: int, closed: int | None = None, **more: Any) -> Signal:
    kind = more.pop("kind", "level")
    system, indicator = more.pop("system", "arken"), more.pop("indicator", "intended-use")
    evidence = {"share": 0.4, "peer_median": 0.7, "urgency": 0.3, **more}
    return Signal(unit, system, indicator, kind, name(opened), name(closed) if closed else None, evidence)


def result(*signals: Signal, missing: tuple[NotAssessed, ...] = ()) -> Result:
    return Result(signals, missing, Parameters())


def seen(found: Result, number: int) -> list[Observation]:
    return observations(found.signals, found.not_assessed, monday(number), ROOT)


def test_a_signal_is_met_until_it_is_over() -> None:
    found = result(signal("north", 10, 20))
    assert seen(found, 9) == []
    (one,) = seen(found, 10)
    assert (one.verdict, one.kind, round(one.urgency, 3)) == (Verdict.MET, Kind.LEVEL, 0.3)
    assert [each.verdict for n in (19, 20, 25) for each in seen(found, n)] == [Verdict.MET, Verdict.OVER, Verdict.OVER]
    again = result(signal("north", 10, 20), signal("north", 30))
    assert [each.verdict for each in seen(again, 30)] == [Verdict.MET]


def test_a_week_that_was_not_assessed_is_no_evidence() -> None:
    quiet = NotAssessed("north", "arken", "intended-use", name(12), "quiet_week")
    (one,) = seen(result(signal("north", 10), missing=(quiet,)), 12)
    assert (one.verdict, one.inhibition) == (Verdict.UNUSABLE, None)
    alone = NotAssessed("north", "arken", "intended-use", name(12), "too_few_peers")
    (one,) = seen(result(signal("north", 10, kind="relapse", urgency=0.2), missing=(alone,)), 12)
    assert (one.verdict, one.urgency) == (Verdict.MET, 0.2)


def test_access_and_changed_units_are_held_back_and_told_once() -> None:
    missing = tuple(NotAssessed(f"u{n}", "arken", "weekly-breadth", name(12), "access") for n in range(5))
    missing += (NotAssessed("merged", "duvan", "weekly-breadth", name(12), "unit_changed"),)
    missing += (NotAssessed("odd", "arken", "weekly-breadth", "2026-W60", "invalid_week"),)
    found = seen(result(missing=missing), 12)
    told = causes(found, ROOT, monday(12), {})
    assert sorted((each.kind.value, each.system) for each in told) == [
        ("access", "arken"),
        ("reorganisation", "duvan"),
    ]
    assert {each.unit for each in told} == {ROOT}


def test_lacking_access_in_one_system_holds_back_no_other() -> None:
    missing = (NotAssessed("north", "arken", "weekly-breadth", name(12), "access"),)
    found = seen(result(signal("north", 10, system="duvan", indicator="weekly-breadth"), missing=missing), 12)
    assert sorted((each.system, each.verdict, each.inhibition) for each in found) == [
        ("arken", Verdict.UNUSABLE, Inhibition.ACCESS),
        ("duvan", Verdict.MET, None),
    ]


def test_a_common_cause_is_one_alert_to_operations_and_none_to_units() -> None:
    falls = [signal(f"u{n}", 12, kind="relapse", drop=0.3) for n in range(12)]
    cause = Signal("*", "arken", "intended-use", "common_cause", name(12), name(14), {"to": "operations"})
    found = result(cause, *falls)
    book: dict[Key, Alert] = {}
    for number in range(12, 19):
        each = seen(found, number)
        book = observe(book, [*each, *causes(each, ROOT, monday(number), book)], monday(number) + timedelta(weeks=1))
        if number == 13:
            assert [(a.kind, a.state) for a in book.values()] == [(Kind.COMMON_CAUSE, State.OPEN)]
    assert book[Key(ROOT, "arken", Family.SOURCE)].state is State.CLOSED


def test_many_behind_plan_go_to_the_lead_and_keep_their_own() -> None:
    late = [signal(f"u{n}", 12, kind="behind_plan", probability=0.1) for n in range(6)]
    cause = Signal("*", "arken", "intended-use", "common_cause", name(12), name(12), {"to": "programme_lead"})
    each = seen(result(cause, *late), 12)
    book = observe({}, [*each, *causes(each, ROOT, monday(12), {})], monday(13))
    assert sorted(alert.kind for alert in book.values()) == [Kind.BEHIND_PLAN] * 6 + [Kind.MANY_BEHIND_PLAN]


def test_an_agreement_comes_before_a_fault() -> None:
    found = seen(result(signal("north", 10), signal("south", 10), signal("west", 10, system="duvan")), 12)
    after = held_back(found, outages={"arken"}, stale_systems={"duvan"}, deviations={("north", "arken")})
    assert [each.inhibition for each in after] == [Inhibition.DEVIATION, Inhibition.OUTAGE, Inhibition.STALE_SOURCE]
    assert {each.kind for each in causes(after, ROOT, monday(12), {})} == {Kind.OUTAGE, Kind.STALE_SOURCE}
