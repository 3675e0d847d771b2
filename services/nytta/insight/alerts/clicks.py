"""What people do with an alert, and that they were told of it. Each click returns the alert after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from nytta.insight.alerts.kinds import Role
from nytta.insight.alerts.model import (
    LIVE,
    Acknowledgement,
    Alert,
    Feedback,
    InvalidReason,
    Snooze,
    SnoozeReason,
    State,
)

LONGEST_SNOOZE = timedelta(days=28)


class ClickError(ValueError):
    """A click that cannot be carried out; the text says what to do instead."""


def tell(alert: Alert, day: date) -> Alert:
    """The addressee has been told; from now on an answer is awaited."""
    _need(alert, LIVE, "be told of")
    return replace(alert, told=day, waiting=day)


def remind(alert: Alert, day: date) -> Alert:
    """The addressee has been reminded."""
    _need(alert, {State.OPEN}, "be reminded of")
    return replace(alert, reminded=day)


def escalate(alert: Alert, day: date) -> Alert:
    """The programme lead has been told that nobody answered."""
    _need(alert, {State.OPEN}, "be escalated")
    return replace(alert, state=State.ESCALATED, escalated=day)


def review(alert: Alert, day: date) -> Alert:
    """The alert has been put on the programme lead's review list."""
    _need(alert, LIVE, "be reviewed")
    return replace(alert, reviewed=day)


def tell_recovery(alert: Alert, day: date) -> Alert:
    """The addressee has been told that it is over."""
    _need(alert, {State.CLOSED}, "be told of as over")
    return replace(alert, recovery_told=day)


def acknowledge(
    alert: Alert, role: Role, day: date, *, action: str = "", due_date: date | None = None
) -> Alert:
    """Somebody takes the alert, with or without an action; a later click adds or changes the action.

    Ends a snooze. ClickError where the alert is not open.
    """
    _need(alert, LIVE, "be acknowledged")
    earlier = alert.acknowledged
    acknowledgement = Acknowledgement(
        earlier.by if earlier else role,
        earlier.on if earlier else day,
        action or (earlier.action if earlier else ""),
        due_date or (earlier.due if earlier else None),
    )
    state = State.IMPROVING if alert.state is State.IMPROVING else State.ACKNOWLEDGED
    return replace(alert, state=state, acknowledged=acknowledgement, snooze=None)


def snooze(alert: Alert, role: Role, day: date, *, until: date, reason: SnoozeReason) -> Alert:
    """The alert waits, for at most 28 days. ClickError where it is not open or the day is out of bounds."""
    _need(alert, LIVE, "wait")
    if not day < until <= day + LONGEST_SNOOZE:
        last_day = day + LONGEST_SNOOZE
        raise ClickError(
            f"alert {alert.id} cannot wait until {until}; choose a day after {day}, at the latest {last_day}"
        )
    return replace(
        alert,
        state=State.SNOOZED,
        snooze=Snooze(role, day, until, reason),
        snoozes=alert.snoozes + 1,
        improving=None,
    )


def judge(
    alert: Alert, feedback: Feedback, day: date, *, reason: InvalidReason | None = None
) -> Alert:
    """The reader says whether the alert is right. "Not right" needs a reason and ends the alert.

    ClickError where the reason lacks or the alert is only watched; an alert that closed can still be judged.
    """
    if alert.state is State.WATCHING:
        raise ClickError(f"alert {alert.id} is not open: there is nothing to judge")
    if alert.state is State.INVALID:
        raise ClickError(f"alert {alert.id} was called not right already")
    if feedback is not Feedback.NOT_RIGHT:
        return replace(alert, feedback=feedback, judged=day)
    if reason is None:
        raise ClickError(
            f"alert {alert.id}: say why it is not right; one of {', '.join(InvalidReason)}"
        )
    return replace(
        alert,
        state=State.INVALID,
        feedback=feedback,
        judged=day,
        invalid=reason,
        snooze=None,
        closed=alert.closed or day,
        closing=None,
    )


def _need(alert: Alert, states: Iterable[State], deed: str) -> None:
    if alert.state not in states:
        raise ClickError(f"alert {alert.id} is {alert.state} and cannot {deed}")
