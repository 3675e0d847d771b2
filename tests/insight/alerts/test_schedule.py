"""Who is told what and when: hours, holidays, budget, digest, reminders and escalation."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nytta.insight.alerts.addressees import Recipient
from nytta.insight.alerts.clicks import ClickError, acknowledge, judge, snooze
from nytta.insight.alerts.kinds import Inhibition, Kind, Role, role
from nytta.insight.alerts.lifecycle import observe
from nytta.insight.alerts.model import Alert, Feedback, InvalidReason, Key, Observation, SnoozeReason, State, Verdict
from nytta.insight.alerts.schedule import MOST_OPEN, Dispatch, Hours, Occasion, Round, SentMessage, forget, plan
from nytta.registry.calendars import Break, Calendar
from nytta.registry.dates import monday

STOCKHOLM = ZoneInfo("Europe/Stockholm")
SPORT = Break("sportlov", date(2026, 2, 16), date(2026, 2, 20))
HOURS = Hours(STOCKHOLM, Calendar("SE", breaks=(SPORT,)))


def at(day: date, clock: str = "07:30") -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), STOCKHOLM)


def week(number: int, year: int = 2026) -> date:
    return date.fromisocalendar(year, number, 1)


def address(to: Role, unit: str, system: str, day: date) -> Recipient | None:
    """Every two units share a manager, who owns the benefits too."""
    if to in (Role.PROGRAMME_LEAD, Role.OPERATIONS):
        return Recipient(to.value, "root", "root", "sv")
    number = int(unit.removeprefix("u")) // 2 if unit.startswith("u") else 0
    return Recipient(f"manager-{number}", "root", unit, "sv")


def seen(
    unit: str,
    monday: date,
    verdict: Verdict = Verdict.MET,
    kind: Kind = Kind.LEVEL,
    system: str = "arken",
    urgency: float = 0.2,
) -> Observation:
    return Observation(unit, system, kind, monday, verdict, "weekly-breadth", urgency=urgency)


def book(*observations: Observation, day: date | None = None) -> dict[Key, Alert]:
    """A book in which the observations were heard on the Monday after their week."""
    found: dict[Key, Alert] = {}
    for each in observations:
        found = observe(found, [each], day or each.week + timedelta(weeks=1))
    return found


def run(held: dict[Key, Alert], now: datetime, sent: Iterable[SentMessage] = ()) -> Round:
    return plan(held, sent, now, hours=HOURS, address=address, units_in_order=[f"u{n}" for n in range(60)])


def said(dispatches: Iterable[Dispatch]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(d.recipient.id, [(p.what.value, p.alert.key.unit) for p in d.parts]) for d in dispatches]


def test_the_digest_goes_monday_half_past_seven() -> None:
    held = book(seen("u0", week(9)))
    for clock, expected in [("06:59", 0), ("07:29", 0), ("07:30", 1), ("16:59", 1), ("17:00", 0)]:
        assert len(run(held, at(week(10), clock)).dispatches) == expected, clock
    (dispatch,) = run(held, at(week(10))).dispatches
    assert dispatch.at.isoformat() == "2026-03-02T07:30:00+01:00"


def test_a_moment_needs_a_zone_and_any_zone_will_do() -> None:
    held = book(seen("u0", week(9)))
    assert run(held, at(week(10)).astimezone(ZoneInfo("America/New_York"))).dispatches
    with pytest.raises(ValueError, match="no time zone"):
        run(held, datetime(2026, 3, 2, 7, 30))


def test_a_missed_digest_goes_later_in_the_week_and_a_sent_one_never_again() -> None:
    held = book(seen("u0", week(9)))
    late = run(held, at(week(10) + timedelta(days=2), "09:00"))
    assert len(late.dispatches) == 1
    assert not run(late.book, at(week(10) + timedelta(days=3), "09:00"), late.sent).dispatches
    # What opens after the digest's day waits for the next one.
    new = book(seen("u0", week(9)), day=week(10) + timedelta(days=1))
    assert not run(new, at(week(10) + timedelta(days=2))).dispatches
    assert not run(held, at(week(10) + timedelta(days=5), "09:00")).dispatches


def test_a_holiday_on_monday_moves_the_digest_to_tuesday() -> None:
    easter_monday = date(2026, 4, 6)
    held = book(seen("u0", week(14)))
    assert not run(held, at(easter_monday)).dispatches
    assert len(run(held, at(easter_monday + timedelta(days=1))).dispatches) == 1


@pytest.mark.parametrize("number", [27, 28, 32, 52, 53, 1, 8])
def test_quiet_weeks_have_no_messages(number: int) -> None:
    day = week(number)
    held = book(seen("u0", day - timedelta(weeks=1)), seen("u2", day - timedelta(weeks=1), kind=Kind.NOT_ANCHORED))
    for n in range(7):
        assert not run(held, at(day + timedelta(days=n), "10:00")).dispatches


def test_after_quiet_weeks_only_what_is_found_anew_is_said() -> None:
    held = book(seen("u0", week(25)), seen("u2", week(25)))
    assert not run(held, at(week(33))).dispatches
    held = observe(held, [seen("u0", week(32)), seen("u2", week(32), Verdict.UNUSABLE)], week(33))
    assert not run(held, at(week(33))).dispatches
    held = observe(held, [seen("u0", week(33)), seen("u2", week(33), Verdict.CALM)], week(34))
    assert said(run(held, at(week(34))).dispatches) == [("manager-0", [("new", "u0")])]


def test_one_message_joins_systems_and_leads_with_the_most_urgent() -> None:
    held = book(
        seen("u0", week(9), system="arken", urgency=0.1),
        seen("u1", week(9), system="duvan", urgency=0.3),
        seen("u0", week(9), system="duvan", urgency=0.2, kind=Kind.TRAINING_NEED),
    )
    (dispatch,) = run(held, at(week(10))).dispatches
    assert [(p.alert.key.unit, p.alert.key.system) for p in dispatch.parts] == [
        ("u1", "duvan"),
        ("u0", "duvan"),
        ("u0", "arken"),
    ]


def test_new_things_at_most_every_four_weeks() -> None:
    first = run(book(seen("u0", week(9))), at(week(10)))
    held = observe(first.book, [seen("u1", week(10))], week(11))
    for number in (11, 12, 13):
        assert not any(
            p.what is Occasion.NEW
            for d in run(held, at(week(number)), first.sent).dispatches
            for p in d.parts
            if p.alert.key.unit == "u1"
        )
    told = run(held, at(week(14)), first.sent)
    assert ("manager-0", [("new", "u1")]) in said(told.dispatches)


def test_at_most_four_open_alerts() -> None:
    systems = [f"s{n}" for n in range(6)]
    held = book(*(seen("u0", week(9), system=system) for system in systems))
    first = run(held, at(week(10)))
    assert len(first.dispatches[0].parts) == MOST_OPEN
    held = observe(first.book, [seen("u0", week(13), system=system) for system in systems], week(14))
    later = run(held, at(week(14)), first.sent)
    assert not any(p.what is Occasion.NEW for d in later.dispatches for p in d.parts)


def test_reminder_after_two_weeks_escalation_after_four() -> None:
    first = run(book(seen("u0", week(9))), at(week(10)))
    held, sent = first.book, first.sent
    heard: dict[int, list[tuple[str, list[tuple[str, str]]]]] = {}
    for number in range(11, 20):
        now = run(held, at(HOURS.digest_day(week(number)) or week(number)), sent)
        held, sent = now.book, now.sent
        heard[number] = said(now.dispatches)
    assert {n: s for n, s in heard.items() if s} == {
        12: [("manager-0", [("reminder", "u0")])],
        14: [("programme_lead", [("escalation", "u0")])],
    }
    (alert,) = held.values()
    assert alert.state is State.ESCALATED


def test_quiet_weeks_do_not_count_as_waiting() -> None:
    first = run(book(seen("u0", week(24))), at(week(25)))
    days = {}
    held, sent = first.book, first.sent
    for number in range(26, 40):
        now = run(held, at(week(number)), sent)
        held, sent = now.book, now.sent
        for dispatch in now.dispatches:
            days[dispatch.parts[0].what] = number
    assert days == {Occasion.REMINDER: 33, Occasion.ESCALATION: 35}


def test_taken_without_action_is_reviewed_after_six_weeks() -> None:
    first = run(book(seen("u0", week(9)), seen("u2", week(9))), at(week(10)))
    held = {}
    for key, alert in first.book.items():
        held[key] = acknowledge(alert, Role.MANAGER, week(10), action="talk" if key.unit == "u2" else "")
    said_in = {}
    sent = first.sent
    for number in range(11, 22):
        now = run(held, at(HOURS.digest_day(week(number)) or week(number)), sent)
        held, sent = now.book, now.sent
        if now.dispatches:
            said_in[number] = said(now.dispatches)
    assert said_in == {16: [("programme_lead", [("review", "u0")])]}


def test_recovery_is_told_once_to_those_who_were_told() -> None:
    first = run(book(seen("u0", week(9))), at(week(10)))
    held = dict(first.book)
    for number in range(10, 14):
        held = observe(held, [seen("u0", week(number), Verdict.CALM)], week(number + 1))
    (alert,) = held.values()
    assert alert.state is State.CLOSED
    told = run(held, at(week(16)), first.sent)
    assert said(told.dispatches) == [("manager-0", [("recovery", "u0")])]
    assert not run(told.book, at(week(17)), told.sent).dispatches
    untold = observe({}, [seen("u0", week(9))], week(10))
    for number in range(10, 14):
        untold = observe(untold, [seen("u0", week(number), Verdict.CALM)], week(number + 1))
    assert not run(untold, at(week(16))).dispatches


def test_operations_hear_at_the_next_working_hour() -> None:
    held = book(seen("root", week(9), kind=Kind.OUTAGE))
    wednesday = week(10) + timedelta(days=2)
    assert not run(held, at(wednesday, "06:30")).dispatches
    (dispatch,) = run(held, at(wednesday, "07:05")).dispatches
    assert dispatch.recipient.id == "operations"
    now = run(held, at(wednesday, "07:05"))
    assert not run(now.book, at(wednesday, "08:05"), now.sent).dispatches


def test_who_cannot_be_reached_is_named() -> None:
    held = book(seen("u0", week(9)), seen("u2", week(9)))

    def lacking(to: Role, unit: str, system: str, day: date) -> Recipient | None:
        found = address(to, unit, system, day)
        return None if unit == "u0" or found is None else replace(found, reachable=False)

    now = plan(held, (), at(week(10)), hours=HOURS, address=lacking, units_in_order=())
    assert not now.dispatches
    assert [(u.unit, u.why) for u in now.undeliverable] == [("u0", "no_addressee"), ("u2", "no_address")]
    assert now.book == held


def test_the_same_decision_has_the_same_id() -> None:
    held = book(seen("u0", week(9)), seen("u2", week(9)))
    one, two = run(held, at(week(10))), run(held, at(week(10), "08:30"))
    assert [d.id for d in one.dispatches] == [d.id for d in two.dispatches]
    assert len({d.id for d in one.dispatches}) == 2


def test_the_record_forgets_what_no_rule_looks_back_at() -> None:
    old, new = SentMessage("a", week(1), digest=True, new=True), SentMessage("a", week(5), digest=True, new=True)
    assert forget([old, new], week(7)) == (new,)


def check(dispatches: list[Dispatch]) -> None:
    """What holds of every message of any course of events."""
    news: defaultdict[str, list[date]] = defaultdict(list)
    digests: defaultdict[str, set[date]] = defaultdict(set)
    assert len({d.id for d in dispatches}) == len(dispatches)
    for dispatch in dispatches:
        local, day = dispatch.at, dispatch.at.date()
        assert time(7) <= local.time() < time(17)
        assert HOURS.calendar.is_workday(day)
        assert not HOURS.calendar.is_quiet(monday(day))
        assert day.isocalendar().week not in {*range(27, 33), 52, 53, 1}
        if dispatch.recipient.id == "operations":
            continue
        assert monday(day) not in digests[dispatch.recipient.id]
        digests[dispatch.recipient.id].add(monday(day))
        if dispatch.recipient.id.startswith("manager") and any(p.what is Occasion.NEW for p in dispatch.parts):
            news[dispatch.recipient.id].append(day)
            assert sum(p.what is Occasion.NEW for p in dispatch.parts) <= MOST_OPEN
    for days in news.values():
        assert all(b - a >= timedelta(weeks=4) for a, b in pairwise(days))


def check_open(held: dict[Key, Alert]) -> None:
    told: defaultdict[str, int] = defaultdict(int)
    for alert in held.values():
        if alert.live and alert.told and role(alert.kind) in (Role.MANAGER, Role.BENEFIT_OWNER):
            found = address(role(alert.kind), alert.key.unit, alert.key.system, week(1))
            assert found is not None
            told[found.id] += 1
    assert all(number <= MOST_OPEN for number in told.values())


WEEKLY = st.fixed_dictionaries(
    {
        "seen": st.lists(
            st.tuples(
                st.sampled_from(["u0", "u1", "u2"]),
                st.sampled_from(["arken", "duvan"]),
                st.sampled_from([Kind.LEVEL, Kind.RELAPSE, Kind.NOT_MOVED, Kind.TRAINING_NEED, Kind.READY_NOT_USED]),
                st.sampled_from([Verdict.MET, Verdict.MET, Verdict.HIT, Verdict.CALM, Verdict.OVER, Verdict.UNUSABLE]),
                st.sampled_from([None, None, None, None, Inhibition.OUTAGE, Inhibition.DEVIATION]),
            ),
            max_size=5,
        ),
        "click": st.sampled_from(["", "", "acknowledge", "plan", "snooze", "wrong", "right"]),
        "moments": st.lists(st.tuples(st.integers(0, 6), st.integers(0, 23)), max_size=3),
    }
)


@settings(max_examples=60)
@given(st.integers(1, 52), st.lists(WEEKLY, max_size=30))
def test_no_course_of_events_breaks_budget_or_quiet(
    first: int, course: list[dict[str, list[tuple[object, ...]]]]
) -> None:
    held: dict[Key, Alert] = {}
    sent: tuple[SentMessage, ...] = ()
    all_sent: list[Dispatch] = []
    for number, happening in enumerate(course):
        start = week(first) + timedelta(weeks=number)
        found = [
            replace(Observation(unit, system, kind, start - timedelta(weeks=1), verdict), inhibition=why)  # type: ignore[arg-type]
            for unit, system, kind, verdict, why in happening["seen"]
        ]
        held = observe(held, found, start)
        for days, hour in sorted([(0, 7), *happening["moments"]]):
            assert isinstance(days, int)
            now = run(held, at(start + timedelta(days=days), f"{hour:02d}:30"), sent)
            held, sent = now.book, now.sent
            all_sent += now.dispatches
            check_open(held)
        for key, alert in list(held.items())[:2]:
            held[key] = clicked(alert, str(happening["click"]), start + timedelta(days=3))
    check(all_sent)


def clicked(alert: Alert, click: str, day: date) -> Alert:
    try:
        match click:
            case "acknowledge":
                return acknowledge(alert, Role.MANAGER, day)
            case "plan":
                return acknowledge(alert, Role.MANAGER, day, action="super_user")
            case "snooze":
                return snooze(alert, Role.MANAGER, day, until=day + timedelta(days=21), reason=SnoozeReason.STAFFING)
            case "wrong":
                return judge(alert, Feedback.NOT_RIGHT, day, reason=InvalidReason.WRONG_PEOPLE)
            case "right":
                return judge(alert, Feedback.RIGHT, day)
    except ClickError:
        pass
    return alert


def test_a_year_of_sixty_units() -> None:
    """Each unit has a manager of its own; a tenth lag, some now and then; managers answer, late or not at all."""
    draw = random.Random(1)
    units = [f"u{n}" for n in range(60)]
    systems = ("arken", "duvan", "skrivbordet")

    def own(to: Role, unit: str, system: str, day: date) -> Recipient | None:
        if to in (Role.PROGRAMME_LEAD, Role.OPERATIONS):
            return Recipient(to.value, "root", "root", "sv")
        return Recipient(f"manager-{unit}", "root", unit, "sv")

    lagging = {(unit, system) for unit in units for system in systems if draw.random() < 0.1}
    held: dict[Key, Alert] = {}
    sent: tuple[SentMessage, ...] = ()
    dispatches: list[Dispatch] = []
    for number in range(53):
        start = week(1) + timedelta(weeks=number)
        quiet = HOURS.calendar.is_quiet(start - timedelta(weeks=1))
        found = []
        for unit in units:
            for system in systems:
                chance = 0.8 if (unit, system) in lagging else 0.02
                verdict = (
                    Verdict.UNUSABLE if quiet else draw.choices([Verdict.HIT, Verdict.CALM], [chance, 1 - chance])[0]
                )
                found.append(seen(unit, start - timedelta(weeks=1), verdict, system=system, urgency=draw.random()))
        held = observe(held, found, start)
        for n in range(7):
            for hour in (0, 6, 7, 16, 17):
                now = plan(
                    held,
                    sent,
                    at(start + timedelta(days=n), f"{hour:02d}:30"),
                    hours=HOURS,
                    address=own,
                    units_in_order=units,
                )
                held, sent = now.book, forget(now.sent, start)
                dispatches += now.dispatches
        for key, alert in held.items():
            if alert.told and alert.state is State.OPEN and draw.random() < 0.2:
                held[key] = clicked(alert, draw.choice(["acknowledge", "plan", "snooze", "wrong", "right"]), start)
    check(dispatches)
    months: defaultdict[tuple[str, int], int] = defaultdict(int)
    news: defaultdict[tuple[str, int], int] = defaultdict(int)
    for dispatch in dispatches:
        place = (dispatch.recipient.id, dispatch.at.month)
        months[place] += 1
        news[place] += any(p.what is Occasion.NEW for p in dispatch.parts)
    managers = {place: number for place, number in months.items() if place[0].startswith("manager")}
    assert managers
    # Four weeks apart, two may fall on the first and the last Monday of a month.
    assert max(number for place, number in news.items() if place[0].startswith("manager")) <= 2
    assert sum(news.values()) <= 60 * 13
    assert sum(managers.values()) / (60 * 12) < 0.6
    assert max(managers.values()) <= 4
