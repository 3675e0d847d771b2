"""A simulated year of sixty units: how many messages a manager gets, and when none may come."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from nytta.indicators.detection import assess
from nytta.insight.alerts.addressees import Recipient
from nytta.insight.alerts.kinds import Role
from nytta.insight.alerts.lifecycle import causes, observe
from nytta.insight.alerts.model import Alert, Key
from nytta.insight.alerts.schedule import Dispatch, Hours, SentMessage, plan
from nytta.insight.alerts.signals import observations
from nytta.registry.calendars import Calendar
from nytta.registry.dates import parse_week
from tests.bench.detection import panels
from tests.bench.worlds import Settings, make

ROOT, ZONE = "county", ZoneInfo("Europe/Stockholm")
HOURS = Hours(ZONE, Calendar(country="SE"))
FIRST, UNITS = 64, 60


def address(role: Role, unit: str, system: str, day: date) -> Recipient | None:
    """A manager for each unit; one lead and one operations desk."""
    who = unit if role in (Role.MANAGER, Role.BENEFIT_OWNER) else role.value
    return Recipient(who, ROOT, unit, "sv")


def year(seed: int) -> tuple[list[Dispatch], int]:
    """All messages of 52 weeks, asked for every six hours and a half, and the number of units that do lag."""
    world = make(seed, Settings(units=UNITS, weeks=FIRST + 52, outage_week=90))
    result = assess(panels(world))
    book: dict[Key, Alert] = {}
    sent: tuple[SentMessage, ...] = ()
    messages: list[Dispatch] = []
    order = [ROOT, *(f"U{n:03d}" for n in range(UNITS))]
    for label in world.weeks[FIRST:]:
        week = parse_week(label)
        monday = week + timedelta(weeks=1)
        seen = observations(result.signals, result.not_assessed, week, ROOT)
        book = observe(book, [*(s for s in seen if s.unit != ROOT), *causes(seen, ROOT, week, book)], monday)
        moment = datetime.combine(monday, time(1, 3), ZONE)
        while moment < datetime.combine(monday + timedelta(weeks=1), time(), ZONE):
            due = plan(book, sent, moment, hours=HOURS, address=address, units_in_order=order)
            book, sent = due.book, due.sent
            messages += due.dispatches
            moment += timedelta(hours=6, minutes=30)
    return messages, len({fault.unit for fault in world.faults})


def test_few_calm_messages_in_working_hours() -> None:
    for seed in (1, 2):
        messages, faulty = year(seed)
        to_managers = [m for m in messages if m.recipient.id not in ("operations", "programme_lead")]
        per_month = len(to_managers) / UNITS / 12
        assert 0 < per_month <= 0.25, f"seed {seed}: {per_month:.3f} messages per manager and month"
        # nobody hears more than once a week, and of news no more than once in four weeks
        weekly = Counter((m.recipient.id, m.at.isocalendar()[:2]) for m in to_managers)
        assert max(weekly.values()) == 1
        news = sorted((m.recipient.id, m.at.date()) for m in to_managers if m.parts[0].what == "new")
        pairs = pairwise(news)
        assert all(b[1] - a[1] >= timedelta(weeks=4) for a, b in pairs if a[0] == b[0])
        for message in messages:
            at = message.at
            assert at.weekday() < 5
            assert time(7) <= at.time() < time(17)
            assert at.isocalendar().week not in (27, 28, 29, 30, 31, 32, 52, 53, 1)
        told = {m.recipient.id for m in to_managers}
        assert faulty / 2 <= len(told) <= faulty + UNITS * 0.15
