"""What is kept comes back as it was."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from nytta.insight.alerts import records
from nytta.insight.alerts.clicks import acknowledge, judge, snooze, tell
from nytta.insight.alerts.kinds import Kind, Role
from nytta.insight.alerts.lifecycle import step
from nytta.insight.alerts.model import Feedback, InvalidReason, Observation, SnoozeReason, Verdict
from nytta.insight.alerts.schedule import SentMessage

DAY = date(2026, 3, 2)


def test_alerts_and_sent_messages_come_back() -> None:
    first = step(None, Observation("norr", "arken", Kind.LEVEL, DAY, Verdict.MET, also=("enrolment",)), DAY)
    assert first is not None
    told = acknowledge(tell(first, DAY), Role.MANAGER, DAY, action="talk", due_date=DAY)
    waits = snooze(told, Role.MANAGER, DAY, until=DAY + timedelta(days=9), reason=SnoozeReason.STAFFING)
    wrong = judge(told, Feedback.NOT_RIGHT, DAY, reason=InvalidReason.ABSENCE)
    for alert in (first, told, waits, wrong):
        assert records.alert(records.encode(alert)) == alert
    sent = SentMessage("a", DAY, digest=True, new=False)
    assert records.decode_sent(records.encode(sent)) == sent


def test_what_means_nothing_is_refused() -> None:
    first = step(None, Observation("norr", "arken", Kind.LEVEL, DAY, Verdict.MET), DAY)
    assert first is not None
    with pytest.raises(msgspec.ValidationError, match="an end has a day"):
        records.alert(records.encode(first).replace(b'"state":"open"', b'"state":"closed"'))
