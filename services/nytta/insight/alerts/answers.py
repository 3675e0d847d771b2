"""What a person answers to an alert, in a form that can be sent to whoever keeps the alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from nytta.insight.alerts.clicks import acknowledge, judge, snooze
from nytta.insight.alerts.kinds import role
from nytta.insight.alerts.model import Alert, Feedback, InvalidReason, SnoozeReason


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to the alert with this id: it is taken (`action`, `due`), waits (`until`, `why`), or is judged.

    A judgement is `says`, with the reason `wrong` where it says that the alert is not right.
    """

    alert: str
    does: Literal["take", "wait", "judge"]
    action: str = ""
    due: date | None = None
    until: date | None = None
    why: SnoozeReason = SnoozeReason.OTHER
    says: Feedback = Feedback.RIGHT
    wrong: InvalidReason | None = None


def carry_out(alert_answer: Answer, alert: Alert, day: date) -> Alert:
    """The alert after the answer, given on `day`. A wait that it has already is not begun again. Raises ClickError."""
    actor_role = role(alert.kind)
    match alert_answer.does:
        case "take":
            return acknowledge(
                alert, actor_role, day, action=alert_answer.action, due_date=alert_answer.due
            )
        case "wait":
            waiting, until = alert.snooze, alert_answer.until or day
            if waiting is not None and (waiting.until, waiting.reason) == (until, alert_answer.why):
                return alert
            return snooze(alert, actor_role, day, until=until, reason=alert_answer.why)
        case "judge":
            return judge(alert, alert_answer.says, day, reason=alert_answer.wrong)
