"""What people of the invented county answer: by the habit of their unit, once, and never to what nobody was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from nytta.demo.replies import Habit, habit, reply
from nytta.insight.alerts.answers import carry_out
from nytta.insight.alerts.clicks import remind, tell
from nytta.insight.alerts.kinds import Kind
from nytta.insight.alerts.lifecycle import step, tick
from nytta.insight.alerts.model import Alert, Observation, State, Verdict
from nytta.insight.alerts.texts import actions

MONDAY = date(2026, 9, 7)
UNITS = {habit(f"unit-{number}"): f"unit-{number}" for number in range(50)}


def told_alert(of: Habit) -> Alert:
    """An alert of a unit with this habit, told on the Monday."""
    seen = Observation(UNITS[of], "arken", Kind.LEVEL, MONDAY - timedelta(weeks=1), Verdict.MET, "weekly-breadth")
    opened = step(None, seen, MONDAY)
    assert opened is not None
    return tell(opened, MONDAY)


def lived(alert: Alert, weeks: int) -> list[tuple[int, str, str]]:
    """What is answered on each Wednesday: week, deed and action; reminded after two weeks without an answer."""
    answers: list[tuple[int, str, str]] = []
    for week in range(weeks):
        day = MONDAY + timedelta(weeks=week)
        alert = tick(alert, day)
        if week == 2 and alert.state is State.OPEN:
            alert = remind(alert, day)
        wednesday = day + timedelta(days=2)
        answer = reply(alert, wednesday)
        if answer is not None:
            answers.append((week, answer.does, answer.action))
            alert = carry_out(answer, alert, wednesday)
    return answers


def test_each_habit_answers_in_its_way_and_not_twice() -> None:
    assert set(UNITS) == set(Habit)
    assert {of: lived(told_alert(of), 10) for of in Habit} == {
        Habit.ACTS: [(0, "take", "level-1"), (1, "judge", "")],
        Habit.IS_REMINDED: [(2, "take", "level-2"), (3, "judge", "")],
        Habit.WAITS: [(0, "wait", ""), (4, "take", "level-1")],
        Habit.TAKES: [(0, "take", "")],
        Habit.IGNORES: [],
    }


def test_nothing_is_answered_before_somebody_was_told() -> None:
    for of in Habit:
        assert reply(replace(told_alert(of), told=None), MONDAY + timedelta(weeks=9)) is None


def test_what_is_planned_stands_in_the_catalogue() -> None:
    for kind in Kind:
        if kind.value not in ("outage", "stale_source", "access", "common_cause", "reorganisation", "many_behind_plan"):
            assert {f"{kind.value}-1", f"{kind.value}-2"} <= set(actions(kind, (), "sv")), kind
