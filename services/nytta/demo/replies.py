"""What people of the invented county do about alerts that they were told of.

Each unit has a habit, the same at every start: some act at once, some when they are reminded, some wait first, some
take a matter and plan nothing, and some never answer.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import IntEnum
from zlib import crc32

from nytta.insight.alerts.answers import Answer
from nytta.insight.alerts.kinds import Family
from nytta.insight.alerts.model import Alert, Feedback, SnoozeReason, State

_TO_READ, _TO_WAIT, _TO_BEGIN = timedelta(days=2), timedelta(weeks=3), timedelta(weeks=1)
_UNANSWERED = frozenset({State.OPEN, State.ESCALATED})


class Habit(IntEnum):
    """How whoever is responsible for a unit goes about an alert."""

    ACTS = 0
    """Plans what is suggested first, within days."""
    IS_REMINDED = 1
    """Plans what is suggested second, after the reminder."""
    WAITS = 2
    """Waits three weeks, then plans what is suggested first."""
    TAKES = 3
    """Takes the matter and plans nothing."""
    IGNORES = 4


_JUDGES = frozenset({Habit.ACTS, Habit.IS_REMINDED})
"""Who says a week later that an alert was right."""


def habit(unit: str) -> Habit:
    """The habit of a unit."""
    return Habit(crc32(unit.encode()) % len(Habit))


def reply(alert: Alert, day: date) -> Answer | None:
    """What is answered to an alert on a day; None where nothing is."""
    unit_habit = habit(alert.key.unit)
    if alert.acknowledged is not None and alert.feedback is None and unit_habit in _JUDGES:
        return Answer(alert.id, "judge", says=Feedback.RIGHT)
    if alert.state not in _UNANSWERED or alert.told is None or alert.key.family is Family.SOURCE:
        return None
    since = day - alert.told
    match unit_habit:
        case Habit.ACTS if since >= _TO_READ:
            return _planned(alert, 1, day)
        case Habit.IS_REMINDED if alert.reminded is not None and day >= alert.reminded + _TO_READ:
            return _planned(alert, 2, day)
        case Habit.WAITS if alert.snoozes:
            return _planned(alert, 1, day)
        case Habit.WAITS if since >= _TO_READ:
            return Answer(alert.id, "wait", until=day + _TO_WAIT, why=SnoozeReason.STAFFING)
        case Habit.TAKES if since >= _TO_READ:
            return Answer(alert.id, "take")
        case _:
            return None


def _planned(alert: Alert, suggestion: int, day: date) -> Answer:
    return Answer(alert.id, "take", action=f"{alert.kind.value}-{suggestion}", due=day + _TO_BEGIN)
