"""What is kept comes back as it was."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from nytta.alerts import records
from nytta.alerts.clicks import acknowledge, judge, snooze, tell
from nytta.alerts.kinds import Kind, Role
from nytta.alerts.lifecycle import step
from nytta.alerts.model import Feedback, InvalidReason, Observation, SnoozeReason, Verdict
from nytta.alerts.schedule import Sent

DAY = date(2026, 3, 2)


def test_alerts_and_sent_messages_come_back() -> None:
    first = step(None, Observation("norr", "arken", Kind.LEVEL, DAY, Verdict.MET, also=("enrolment",)), DAY)
    assert first is not None
    told = acknowledge(tell(first, DAY), Role.MANAGER, DAY, action="talk", due=DAY)
    waits = snooze(told, Role.MANAGER, DAY, until=DAY + timedelta(days=9), reason=SnoozeReason.STAFFING)
    wrong = judge(told, Feedback.NOT_RIGHT, DAY, reason=InvalidReason.ABSENCE)
    for alert in (first, told, waits, wrong):
        assert records.alert(records.encode(alert)) == alert
    sent = Sent("a", DAY, digest=True, new=False)
    assert records.sent(records.encode(sent)) == sent


def test_what_means_nothing_is_refused() -> None:
    first = step(None, Observation("norr", "arken", Kind.LEVEL, DAY, Verdict.MET), DAY)
    assert first is not None
    with pytest.raises(msgspec.ValidationError, match="an end has a day"):
        records.alert(records.encode(first).replace(b'"state":"open"', b'"state":"closed"'))
