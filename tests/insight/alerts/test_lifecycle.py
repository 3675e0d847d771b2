"""The state machine: what opens, what closes, what stays silent, and that no sequence breaks its rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nytta.insight.alerts.clicks import ClickError, acknowledge, escalate, judge, remind, snooze, tell
from nytta.insight.alerts.kinds import Family, Inhibition, Kind, Role, cause, family, role, rule
from nytta.insight.alerts.lifecycle import COOL_DOWN, MINIMUM_LIFE, causes, merge, observe, step, tick
from nytta.insight.alerts.model import (
    LIVE,
    TRANSITIONS,
    Alert,
    Closing,
    Feedback,
    InvalidReason,
    Key,
    Observation,
    SnoozeReason,
    State,
    Verdict,
    state,
)

START = date(2026, 1, 5)


def week(n: int) -> date:
    return START + timedelta(weeks=n)


def seen(n: int, verdict: Verdict, kind: Kind = Kind.LEVEL, **more: object) -> Observation:
    return replace(Observation("sundby", "arken", kind, week(n), verdict, "weekly-breadth"), **more)  # type: ignore[arg-type]


def run(*verdicts: Verdict, kind: Kind = Kind.LEVEL, alert: Alert | None = None, first: int = 0) -> Alert | None:
    for n, verdict in enumerate(verdicts, first):
        alert = step(alert, seen(n, verdict, kind), week(n + 1))
    return alert


def opened(n: int = 0) -> Alert:
    alert = step(None, seen(n, Verdict.MET), week(n + 1))
    assert alert is not None
    return alert


M, H, B, C, OVER, U = Verdict.MET, Verdict.HIT, Verdict.BETWEEN, Verdict.CALM, Verdict.OVER, Verdict.UNUSABLE


@pytest.mark.parametrize(
    ("verdicts", "kind", "expected"),
    [
        ([H], Kind.LEVEL, State.WATCHING),
        ([H, H], Kind.LEVEL, State.WATCHING),
        ([H, H, B, H], Kind.LEVEL, State.OPEN),
        ([H, U, H, U, H], Kind.LEVEL, State.OPEN),
        ([H, B, B, H, B, B, B], Kind.LEVEL, State.WATCHING),
        ([H, B, B, B, B], Kind.LEVEL, State.OK),
        ([H, B], Kind.RELAPSE, State.WATCHING),
        ([H, H], Kind.RELAPSE, State.OPEN),
        ([H], Kind.NOT_ANCHORED, State.OPEN),
        ([M], Kind.LEVEL, State.OPEN),
        ([B], Kind.LEVEL, State.OK),
        ([M, C], Kind.LEVEL, State.IMPROVING),
        ([M, C, C], Kind.LEVEL, State.IMPROVING),
        ([M, C, C, C], Kind.LEVEL, State.CLOSED),
        ([M, C, B, C, C], Kind.LEVEL, State.IMPROVING),
        ([M, C, U, U, C, C], Kind.LEVEL, State.CLOSED),
        ([M, C, C, H], Kind.LEVEL, State.OPEN),
        ([M, OVER], Kind.LEVEL, State.IMPROVING),
        ([M, OVER, U], Kind.LEVEL, State.CLOSED),
    ],
)
def test_evidence_opens_and_closes(verdicts: list[Verdict], kind: Kind, expected: State) -> None:
    assert state(run(*verdicts, kind=kind)) is expected


def test_two_weeks_out_of_seven_open_nothing() -> None:
    assert state(run(H, B, B, H, B, B, H)) is State.WATCHING


def test_a_week_is_heard_once() -> None:
    alert = run(H, H)
    assert alert is not None
    assert step(alert, seen(1, H), week(2)) == alert
    assert step(alert, seen(0, M), week(2)) == alert


def test_minimum_life_and_cool_down() -> None:
    alert = opened()
    for n in range(1, 30):
        after = step(alert, seen(n, OVER if n < 2 else M), week(n + 1))
        assert after is not None
        alert = after
        if alert.state is State.CLOSED:
            break
    # Evidence that comes back within the minimum life keeps the alert.
    assert alert.state is State.OPEN
    closed = run(OVER, U, alert=opened(), first=1)
    assert closed is not None
    assert closed.closed is not None
    assert closed.opened is not None
    assert closed.closed - closed.opened >= MINIMUM_LIFE
    silent: Alert | None = closed
    for n in range(4, 12):
        silent = step(silent, seen(n, M), week(n + 1))
        assert silent is not None
        assert (silent.state is State.OPEN) == (week(n + 1) >= closed.closed + COOL_DOWN)
        if silent.live:
            break
    assert silent is not None
    assert silent.id != closed.id


def test_evidence_on_the_day_of_closing_keeps_the_alert_open() -> None:
    alert = run(OVER, alert=opened(), first=1)
    assert alert is not None
    book = observe({alert.key: alert}, [seen(2, M)], week(3))
    assert book[alert.key].state is State.OPEN


def test_after_half_a_year_it_is_how_things_are() -> None:
    alert = opened()
    assert alert.opened is not None
    assert not tick(alert, alert.opened + timedelta(weeks=26, days=-1)).persistent
    assert tick(alert, alert.opened + timedelta(weeks=26)).persistent


def test_clicks() -> None:
    day = week(1)
    alert = tell(opened(), day)
    assert alert.waiting == day
    taken = acknowledge(alert, Role.MANAGER, day + timedelta(days=2))
    assert taken.state is State.ACKNOWLEDGED
    planned = acknowledge(taken, Role.MANAGER, day + timedelta(days=9), action="super_user", due_date=day)
    assert planned.acknowledged is not None
    assert planned.acknowledged.on == day + timedelta(days=2)
    assert planned.acknowledged.action == "super_user"
    better = run(C, alert=planned, first=1)
    assert better is not None
    assert better.state is State.IMPROVING
    worse = run(H, alert=better, first=2)
    assert worse is not None
    assert worse.state is State.ACKNOWLEDGED
    reached = escalate(remind(alert, day), day)
    assert acknowledge(reached, Role.MANAGER, day).state is State.ACKNOWLEDGED


def test_a_snooze_ends_where_it_began() -> None:
    day = week(1)
    for before in (tell(opened(), day), acknowledge(opened(), Role.MANAGER, day), escalate(opened(), day)):
        waits = snooze(before, Role.MANAGER, day, until=day + timedelta(days=28), reason=SnoozeReason.STAFFING)
        assert tick(waits, day + timedelta(days=27)).state is State.SNOOZED
        assert tick(waits, day + timedelta(days=28)).state is before.state
    recovered = run(C, C, C, alert=waits, first=1)
    assert recovered is not None
    assert recovered.state is State.CLOSED


@pytest.mark.parametrize("days", [0, -1, 29])
def test_a_snooze_has_bounds(days: int) -> None:
    with pytest.raises(ClickError, match="at the latest"):
        snooze(opened(), Role.MANAGER, START, until=START + timedelta(days=days), reason=SnoozeReason.OTHER)


def test_not_right_needs_a_reason_and_silences_the_finding() -> None:
    with pytest.raises(ClickError, match="say why"):
        judge(opened(), Feedback.NOT_RIGHT, START)
    wrong = judge(opened(), Feedback.NOT_RIGHT, week(1), reason=InvalidReason.OTHER_WAY)
    assert wrong.state is State.INVALID
    assert state(run(*[M] * 20, alert=wrong, first=1)) is State.INVALID
    # The finding goes away and another one comes later.
    assert state(run(C, C, C, M, M, M, M, alert=wrong, first=1)) is State.OPEN
    assert state(run(*[M] * 27, alert=wrong, first=1)) is State.OPEN


def test_what_ended_takes_no_clicks() -> None:
    closed = run(M, C, C, C)
    assert closed is not None
    with pytest.raises(ClickError, match="is closed"):
        acknowledge(closed, Role.MANAGER, START)
    assert judge(closed, Feedback.RIGHT, START).state is State.CLOSED
    assert judge(closed, Feedback.NOT_RIGHT, START, reason=InvalidReason.OTHER).state is State.INVALID
    watched = run(H)
    assert watched is not None
    with pytest.raises(ClickError, match="is not open"):
        judge(watched, Feedback.RIGHT, START)


@pytest.mark.parametrize("why", Inhibition)
def test_nothing_opens_while_it_is_held_back(why: Inhibition) -> None:
    assert step(None, seen(0, M, inhibition=why), week(1)) is None
    watched = run(H, H)
    after = step(watched, seen(2, M, inhibition=why), week(3))
    assert state(after) is not State.OPEN
    alert = step(opened(), seen(1, M, inhibition=why), week(2))
    assert alert is not None
    match why:
        case Inhibition.DEVIATION:
            assert alert.closing is Closing.DEVIATION
        case Inhibition.REORGANISATION:
            assert alert.closing is Closing.REORGANISATION
        case _:
            assert alert.inhibited is why
            assert alert.state is State.OPEN


def test_a_forecast_ends_on_its_day_without_a_word_of_recovery() -> None:
    behind = replace(opened(), kind=Kind.BEHIND_PLAN)
    due = step(behind, replace(seen(1, M, inhibition=Inhibition.DUE), kind=Kind.BEHIND_PLAN), week(2))
    assert due is not None
    assert (due.state, due.closing) == (State.CLOSED, Closing.DUE)


def test_one_cause_per_system_and_role() -> None:
    units = [replace(seen(0, M, inhibition=Inhibition.COMMON_CAUSE), unit=f"u{n}") for n in range(40)]
    units += [replace(each, inhibition=Inhibition.OUTAGE) for each in units[:3]]
    units += [replace(seen(0, M, inhibition=Inhibition.REORGANISATION), unit="merged")]
    units += [replace(seen(0, M, inhibition=Inhibition.DEVIATION), unit="agreed")]
    found = causes(units, "root", week(0), {})
    assert {(each.kind, each.unit) for each in found} == {(Kind.OUTAGE, "root"), (Kind.REORGANISATION, "root")}
    assert len(found) == 2
    assert {role(each.kind) for each in found} == {Role.OPERATIONS, Role.PROGRAMME_LEAD}
    book = observe({}, [*units, *found], week(1))
    assert {alert.kind for alert in book.values()} == {Kind.OUTAGE, Kind.REORGANISATION}
    for n in (1, 2, 3):
        book = observe(book, causes([], "root", week(n), book), week(n + 1))
    assert {alert.state for alert in book.values()} == {State.CLOSED}
    assert causes([], "root", week(4), book) == []


def test_a_fault_that_comes_back_is_told_again() -> None:
    fault = [seen(n, verdict, Kind.OUTAGE) for n, verdict in enumerate([M, C, C, M])]
    alert: Alert | None = None
    for n, each in enumerate(fault, 1):
        alert = step(alert, each, week(n))
    assert alert is not None
    assert (alert.state, alert.since) == (State.OPEN, week(3))


def test_findings_of_one_matter_are_one_observation() -> None:
    one = seen(0, M, urgency=0.1)
    two = seen(0, M, Kind.RELAPSE, urgency=0.3, indicator="intended-use")
    calm = seen(0, C, indicator="digital-intake")
    (merged,) = merge([one, two, calm])
    assert (merged.kind, merged.indicator, merged.also) == (Kind.RELAPSE, "intended-use", ("weekly-breadth",))
    (merged,) = merge([one, two, seen(0, M, Kind.READY_NOT_USED)])
    assert merged.kind is Kind.READY_NOT_USED
    (merged,) = merge([calm, seen(0, U)])
    assert merged.verdict is C


def heard(alert: Alert | None, observation: Observation) -> Alert:
    """What an alert becomes in the week after an observation; it must live on."""
    after = step(alert, observation, observation.week + timedelta(weeks=1))
    assert after is not None
    return after


def test_an_alert_keeps_what_its_first_finding_said() -> None:
    alert = heard(None, seen(0, M, urgency=0.4, also=("digital-intake",), since=week(-3)))
    assert (alert.since, alert.week, alert.confirmed) == (week(-3), week(0), week(0))
    assert (alert.indicator, alert.also, alert.urgency) == ("weekly-breadth", ("digital-intake",), 0.4)


def test_the_latest_finding_names_an_alert_until_somebody_is_told() -> None:
    relapse = seen(1, M, Kind.RELAPSE, indicator="intended-use", urgency=0.7, also=("digital-intake",))
    renamed = heard(opened(), relapse)
    assert (renamed.kind, renamed.indicator, renamed.also) == (
        Kind.RELAPSE,
        "intended-use",
        ("digital-intake", "weekly-breadth"),
    )
    kept = heard(tell(opened(), week(1)), relapse)
    assert (kept.kind, kept.indicator, kept.also) == (
        Kind.LEVEL,
        "weekly-breadth",
        ("digital-intake", "intended-use"),
    )
    for alert in (renamed, kept):
        assert (alert.urgency, alert.week, alert.confirmed) == (0.7, week(1), week(1))
    nameless = heard(opened(), seen(1, M, indicator=""))
    assert (nameless.indicator, nameless.also) == ("weekly-breadth", ())


def test_a_week_that_is_not_usable_is_noted_and_counts_neither_way() -> None:
    watched = run(H)
    held_back = heard(watched, seen(1, H, inhibition=Inhibition.OUTAGE))
    assert (held_back.week, held_back.inhibited, held_back.hits) == (week(1), Inhibition.OUTAGE, (True,))
    assert heard(held_back, seen(2, H)).inhibited is None


def test_hits_are_counted_by_the_rule_of_the_kind_that_is_found() -> None:
    """A relapse asks for two hits in a row; what a level had before does not help it."""
    watched = heard(run(H, B), seen(2, H, Kind.RELAPSE))
    assert (watched.state, watched.kind) == (State.WATCHING, Kind.RELAPSE)
    # what is not found renames nothing
    assert heard(run(H), seen(1, B, Kind.RELAPSE)).kind is Kind.LEVEL


def test_what_is_watched_is_forgotten_where_a_deviation_is_agreed() -> None:
    watched = run(H)
    assert watched is not None
    assert observe({watched.key: watched}, [seen(1, M, inhibition=Inhibition.DEVIATION)], week(2)) == {}


def test_the_day_on_which_it_became_better_stays_until_it_is_worse() -> None:
    better = run(C, C, alert=opened(), first=1)
    assert better is not None
    assert better.improving == week(2)
    worse = heard(better, seen(3, M))
    assert (worse.improving, worse.calm) == (None, 0)


def test_what_is_heard_during_a_snooze_counts_when_it_ends() -> None:
    day, until = week(1), week(5)
    untold = snooze(opened(), Role.MANAGER, day, until=until, reason=SnoozeReason.STAFFING)
    worse = run(C, C, M, alert=untold, first=1)
    assert worse is not None
    assert (worse.state, worse.calm) == (State.SNOOZED, 0)
    better = run(C, alert=untold, first=1)
    assert better is not None
    again = tick(better, until)
    assert (again.state, again.calm, again.snooze, again.waiting) == (State.IMPROVING, 1, None, None)
    told = snooze(tell(opened(), day), Role.MANAGER, day, until=until, reason=SnoozeReason.STAFFING)
    assert tick(told, until).waiting == until  # an answer is awaited from then on


def test_what_is_closed_holds_nothing_of_its_weeks() -> None:
    closed = heard(opened(), seen(1, M, inhibition=Inhibition.DEVIATION))
    assert (closed.hits, closed.inhibited, closed.snooze) == ((), None, None)
    assert heard(closed, seen(2, M)).week == week(2)


@pytest.mark.parametrize(("since", "begun"), [(3, 9), (2, 9), (4, 4)])
def test_a_new_alert_says_nothing_again_of_what_the_last_one_spoke_of(since: int, begun: int) -> None:
    closed = run(M, C, C, C)
    assert closed is not None
    assert closed.week == week(3)
    assert heard(closed, seen(9, M, since=week(since))).since == week(begun)


def test_what_was_called_wrong_is_silent_while_it_lasts_and_four_weeks_longer() -> None:
    wrong = judge(opened(), Feedback.NOT_RIGHT, week(1), reason=InvalidReason.OTHER_WAY)
    assert state(run(C, C, C, M, M, M, alert=wrong, first=1)) is State.INVALID
    assert state(run(*[M] * 25, alert=wrong, first=1)) is State.INVALID
    assert state(run(*[M] * 26, alert=wrong, first=1)) is State.OPEN
    calmer = heard(wrong, seen(1, C))
    assert (calmer.calm, calmer.calmed) == (1, None)
    assert heard(calmer, seen(2, C, inhibition=Inhibition.OUTAGE)).calm == 1
    assert heard(calmer, seen(2, M)).calm == 0
    over = heard(wrong, seen(1, OVER))
    assert (over.calm, over.calmed) == (rule(Kind.LEVEL).calm, week(2))


def test_causes_are_those_found_at_the_root_and_those_that_hold_back() -> None:
    own = replace(seen(0, M, Kind.STALE_SOURCE), unit="root")
    others = [
        replace(seen(0, M), unit="root"),
        seen(0, M, Kind.OUTAGE),
        seen(0, M),
        seen(0, M, inhibition=Inhibition.REORGANISATION),
    ]
    assert [(cause.kind, cause.unit, cause.system) for cause in causes([own, *others], "root", week(0), {})] == [
        (Kind.REORGANISATION, "root", "arken"),
        (Kind.STALE_SOURCE, "root", "arken"),
    ]


def test_observations_come_week_by_week_and_unit_by_unit() -> None:
    places = [("b", 0), ("a", 1), ("a", 0)]
    merged = merge([replace(seen(number, M), unit=unit) for unit, number in places])
    assert [(observation.unit, observation.week) for observation in merged] == [
        ("a", week(0)),
        ("b", week(0)),
        ("a", week(1)),
    ]


def test_what_was_decided_goes_before_what_was_found() -> None:
    deviation = seen(0, C, inhibition=Inhibition.DEVIATION)
    reorganised = seen(0, C, Kind.RELAPSE, inhibition=Inhibition.REORGANISATION)
    (merged,) = merge([seen(0, M), deviation, reorganised])
    assert merged == reorganised
    # what a fault holds back says nothing where another finding stands
    (merged,) = merge([seen(0, M, inhibition=Inhibition.OUTAGE), seen(0, C)])
    assert (merged.verdict, merged.inhibition) == (C, None)
    (merged,) = merge([seen(0, M, urgency=1.0), seen(0, M, indicator="")])
    assert merged.also == ()


def test_every_kind_has_a_family_a_role_and_a_rule() -> None:
    for kind in Kind:
        assert family(kind) in Family
        assert role(kind) in Role
        assert 1 <= rule(kind).hits <= rule(kind).of
    assert {cause(each) for each in Inhibition} <= {*Kind, None}
    assert set(TRANSITIONS) == set(State)


def test_an_alert_that_means_nothing_is_refused() -> None:
    alert = opened()
    for wrong in (
        {"state": State.SNOOZED},
        {"state": State.CLOSED},
        {"state": State.ACKNOWLEDGED},
        {"state": State.OK},
        {"opened": None},
        {"kind": Kind.OUTAGE},
    ):
        with pytest.raises(ValueError, match="alert sundby"):
            replace(alert, **wrong)


ACTS = st.one_of(
    st.tuples(
        st.just("observe"),
        st.sampled_from([*Verdict, M, M, C, C]),
        st.sampled_from([Kind.LEVEL, Kind.RELAPSE, Kind.READY_NOT_USED]),
        st.sampled_from([None] * 9 + list(Inhibition)),
    ),
    st.tuples(st.just("acknowledge"), st.booleans()),
    st.tuples(st.just("snooze"), st.integers(-2, 40)),
    st.tuples(st.just("judge"), st.sampled_from(Feedback), st.sampled_from([None, *InvalidReason])),
    st.tuples(st.sampled_from(["tell", "remind", "escalate", "wait"])),
)


def act(alert: Alert | None, doing: tuple[object, ...], day: date) -> Alert | None:
    match doing:
        case ("observe", verdict, kind, why):
            assert isinstance(verdict, Verdict)
            assert isinstance(kind, Kind)
            assert why is None or isinstance(why, Inhibition)
            observation = Observation("u", "s", kind, day - timedelta(weeks=1), verdict, "weekly-breadth")
            return step(alert, replace(observation, inhibition=why), day)
        case ("wait",):
            return alert and tick(alert, day)
    if alert is None:
        return None
    match doing:
        case ("acknowledge", planned):
            return acknowledge(alert, Role.MANAGER, day, action="talk" if planned else "")
        case ("snooze", int(days)):
            return snooze(alert, Role.MANAGER, day, until=day + timedelta(days=days), reason=SnoozeReason.OTHER)
        case ("judge", Feedback() as feedback, reason):
            return judge(alert, feedback, day, reason=reason)  # type: ignore[arg-type]
        case ("tell",):
            return tell(alert, day)
        case ("remind",):
            return remind(alert, day)
        case ("escalate",):
            return escalate(alert, day)
    raise AssertionError(doing)


@settings(max_examples=150)
@given(st.lists(st.tuples(ACTS, st.integers(0, 1)), max_size=60))
def test_no_sequence_leads_to_an_illegal_state(doings: list[tuple[tuple[object, ...], int]]) -> None:
    alert: Alert | None = None
    day, episodes = START, dict[str, tuple[date, date | None]]()
    for doing, weeks in doings:
        day += timedelta(weeks=weeks)
        before = state(alert)
        try:
            alert = act(alert, doing, day)
        except ClickError:
            continue
        assert state(alert) in TRANSITIONS[before]
        if alert is None or alert.opened is None:
            continue
        assert alert.key == Key("u", "s", Family.USE)
        if alert.id not in episodes:
            # An episode begins only when the one before has ended and its silence has passed.
            for _, end in episodes.values():
                assert end is not None
                assert alert.opened >= end + COOL_DOWN
        episodes[alert.id] = (alert.opened, alert.closed)
        if alert.closing is Closing.RECOVERED:
            assert alert.closed is not None
            assert alert.closed >= alert.opened + MINIMUM_LIFE
        assert alert.live == (alert.state in LIVE)
