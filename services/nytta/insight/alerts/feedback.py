"""How good the alerts are, from what their readers say: shown to operations, never by person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from nytta.insight.alerts.model import Alert, Feedback, InvalidReason

PRECISION_GOAL = 0.7
DAYS_GOAL = 5.0
ACTION_GOAL = 0.6
SNOOZED_GOAL = 0.1

FEWEST = 10
"""Times to an answer are told only over at least this many alerts: of fewer, one manager's could be guessed."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What readers say and do. Shares are between 0 and 1; None where nothing could be counted.

    `precision` is right / (right + not right); "known before" counts as neither. `days` is the median number of working
    days from message to acknowledgement. `with_action` and `snoozed_twice` are shares of the alerts told.
    """

    told: int
    right: int
    not_right: int
    known: int
    precision: float | None
    days: float | None
    with_action: float | None
    snoozed_twice: float | None
    reasons: dict[InvalidReason, int]


def quality(alerts: Iterable[Alert], is_workday: Callable[[date], bool]) -> Quality:
    """Judge alerts of any time, ended ones too; `is_workday` is the organisation's calendar."""
    told_alerts = [alert for alert in alerts if alert.told is not None]
    feedback_counts = Counter(alert.feedback for alert in told_alerts if alert.feedback is not None)
    right, wrong = feedback_counts[Feedback.RIGHT], feedback_counts[Feedback.NOT_RIGHT]
    days = [
        _workdays(alert.told, alert.acknowledged.on, is_workday)
        for alert in told_alerts
        if alert.acknowledged is not None and alert.told is not None
    ]
    acted = sum(
        alert.acknowledged is not None and alert.acknowledged.action != "" for alert in told_alerts
    )
    return Quality(
        told=len(told_alerts),
        right=right,
        not_right=wrong,
        known=feedback_counts[Feedback.KNOWN],
        precision=_share(right, right + wrong),
        days=float(median(days)) if len(days) >= FEWEST else None,
        with_action=_share(acted, len(told_alerts)),
        snoozed_twice=_share(sum(alert.snoozes >= 2 for alert in told_alerts), len(told_alerts)),
        reasons=dict(Counter(alert.invalid for alert in told_alerts if alert.invalid is not None)),
    )


def missed(quality: Quality) -> list[str]:
    """Goals that are not met, as the names of the figures; nothing of what could not be counted."""
    checks = [
        ("precision", quality.precision is not None and quality.precision < PRECISION_GOAL),
        ("days", quality.days is not None and quality.days > DAYS_GOAL),
        ("with_action", quality.with_action is not None and quality.with_action < ACTION_GOAL),
        (
            "snoozed_twice",
            quality.snoozed_twice is not None and quality.snoozed_twice > SNOOZED_GOAL,
        ),
    ]
    return [name for name, wrong in checks if wrong]


def _share(part: int, total: int) -> float | None:
    return part / total if total else None


def _workdays(first_day: date, last_day: date, is_workday: Callable[[date], bool]) -> int:
    """Working days after `first_day` up to and with `last_day`."""
    return sum(
        is_workday(first_day + timedelta(days=offset))
        for offset in range(1, (last_day - first_day).days + 1)
    )
