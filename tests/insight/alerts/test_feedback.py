"""Precision, time to answer and actions, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from nytta.insight.alerts.clicks import acknowledge, judge, tell
from nytta.insight.alerts.feedback import FEWEST, missed, quality
from nytta.insight.alerts.kinds import Family, Kind, Role
from nytta.insight.alerts.model import Alert, Feedback, InvalidReason, Key, State
from nytta.registry.calendars import Calendar

TOLD = date(2026, 3, 30)  # Monday before Easter: Friday and the next Monday are holidays
CALENDAR = Calendar("SE")


def alert(n: int = 0) -> Alert:
    opened = Alert(Key(f"u{n}", "s", Family.USE), Kind.LEVEL, State.OPEN, TOLD, TOLD, TOLD, opened=TOLD)
    return tell(opened, TOLD)


def test_precision_counts_right_and_not_right_only() -> None:
    alerts = [judge(alert(n), Feedback.RIGHT, TOLD) for n in range(3)]
    alerts += [judge(alert(9), Feedback.NOT_RIGHT, TOLD, reason=InvalidReason.WRONG_PEOPLE)]
    alerts += [judge(alert(10), Feedback.KNOWN, TOLD), alert(11)]
    found = quality(alerts, CALENDAR.is_workday)
    assert (found.told, found.right, found.not_right, found.known, found.precision) == (6, 3, 1, 1, 0.75)
    assert found.reasons == {InvalidReason.WRONG_PEOPLE: 1}
    assert "precision" not in missed(found)


def test_days_are_working_days_and_not_told_of_few() -> None:
    taken = [acknowledge(alert(n), Role.MANAGER, TOLD + timedelta(days=10)) for n in range(FEWEST)]
    # Tuesday to Thursday, then Tuesday to Thursday after Easter.
    assert quality(taken, CALENDAR.is_workday).days == 6.0
    assert "days" in missed(quality(taken, CALENDAR.is_workday))
    assert quality(taken[1:], CALENDAR.is_workday).days is None


def test_actions_and_snoozes_are_shares_of_the_alerts_told() -> None:
    planned = acknowledge(alert(1), Role.MANAGER, TOLD, action="talk")
    taken = acknowledge(alert(2), Role.MANAGER, TOLD)
    waiting = replace(alert(3), snoozes=2)
    untold = replace(alert(4), told=None)
    found = quality([planned, taken, waiting, alert(5), untold], CALENDAR.is_workday)
    assert (found.with_action, found.snoozed_twice) == (0.25, 0.25)
    assert missed(found) == ["with_action", "snoozed_twice"]


def test_of_nothing_nothing_is_said() -> None:
    found = quality([], CALENDAR.is_workday)
    assert (found.precision, found.days, found.with_action, found.snoozed_twice) == (None, None, None, None)
    assert missed(found) == []
