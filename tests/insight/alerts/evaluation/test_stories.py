"""The alert part of what each story must make visible, from simulated events to messages. Minutes for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from nytta import service as nytta
from nytta.demo import simulate, write
from nytta.disclosure.published.values import OpenStore
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.alerts.evaluation.tell import facts_of
from nytta.insight.alerts.kinds import Kind
from nytta.insight.alerts.model import Alert, State
from nytta.insight.store.alerts import AlertStore, Outgoing
from nytta.registry import declarations
from nytta.registry.dates import monday, parse_week
from nytta.service.evaluation import evaluate

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3000)]
DEFINITIONS = nytta.read_definitions(declarations.schemas() / "indicators")
ZONE = ZoneInfo("Europe/Stockholm")
END = date.fromisocalendar(2026, 46, 1)
START = END - timedelta(weeks=79)


@dataclass
class Played:
    """A story that was played week by week."""

    app: nytta.App
    truth: dict[str, Any]
    root: str

    def play(self, first: date, last: date) -> None:
        """Evaluate on each Monday after the weeks from `first` to `last`."""
        week = first
        while week <= last:
            evaluate(self.app, self.moment(week))
            week += timedelta(weeks=1)

    @staticmethod
    def moment(week: date) -> datetime:
        day = week + timedelta(weeks=1)
        return datetime(day.year, day.month, day.day, 7, 35, tzinfo=ZONE)

    @property
    def book(self) -> AlertStore:
        return AlertStore(self.app.open.connection)

    def alerts(self, *kinds: Kind) -> list[Alert]:
        return [a for a in self.book.alerts() if a.kind in kinds and a.state is not State.WATCHING]

    def news(self, *roles: str) -> list[Outgoing]:
        """Messages that told something for the first time."""
        return [m for m in self.book.messages() if m.role in roles and m.message.buttons]

    def desk(self, day: date) -> PublishedEvidence:
        evidence = self.book.evidence(self.root, day - timedelta(weeks=60), day)
        return PublishedEvidence(self.root, self.app.intake.registry, evidence)


@pytest.fixture
def story(new_store: Callable[[], PrivateStore], tables: Path, tmp_path: Path) -> Callable[[str, int], Played]:
    """Simulates a story and takes all of it in; nothing is evaluated yet."""

    def made(name: str, seed: int) -> Played:
        world = simulate(name, seed, until="2026-W46", weeks=80)
        write(world, tmp_path / "world")
        declared = nytta.read_registry(tmp_path / "world" / "registry", DEFINITIONS)
        assert declared is not None
        store = new_store()
        intake = Intake(store, Keys("k1", bytes(32)), declared)
        app = nytta.App(store, OpenStore(store.connection), intake, DEFINITIONS, tables)
        end = datetime(2026, 11, 17, tzinfo=ZONE)
        app.intake.import_file(tmp_path / "world" / "events.ndjson", None, end)
        app.bring_up_to_date(end)
        return Played(app, world.truth, declared.organisations[0].id)

    return made


@pytest.mark.parametrize("seed", [1, 2])
def test_client_platform(story: Callable[[str, int], Played], seed: int) -> None:
    """Eight weeks before the plan date the units that do not move have one alert, with the app that holds them."""
    played = story("client-platform", seed)
    plan = monday(date.fromisoformat(played.truth["plan_date"]))
    played.play(plan - timedelta(weeks=20), plan - timedelta(weeks=9))
    faulty = {fault["unit"]: fault for fault in played.truth["faults"]}
    found = [a for a in played.alerts(Kind.NOT_MOVED) if a.live]
    right = {a.key.unit for a in found} & set(faulty)
    assert len(found) == len({a.key.unit for a in found})
    assert len(right) >= 0.9 * len(faulty)
    assert len(found) - len(right) <= 1
    desk = played.desk(plan - timedelta(weeks=9))
    for alert in found:
        if alert.key.unit in faulty:
            facts = facts_of(desk, alert, plan - timedelta(weeks=8), "")
            assert facts.figure is not None
            assert facts.figure.value < 60
            assert faulty[alert.key.unit]["legacy_app"] in facts.legacy
    (stuck,) = played.alerts(Kind.DECISION_STUCK)
    made = date.fromisoformat(played.truth["decision"]["made"])
    week = monday(made) + timedelta(weeks=9)
    decided = facts_of(desk, replace(stuck, confirmed=week), week, "").decided
    assert decided is not None
    assert (decided.acknowledged, decided.units, decided.level) == (3, 11, "2")
    assert decided.weeks in (9, 10)


@pytest.mark.parametrize("seed", [1, 2])
def test_case_system(story: Callable[[str, int], Played], seed: int) -> None:
    """Twenty weeks after go-live each faulty unit's owner has one message in their language; controls have none."""
    played = story("case-system", seed)
    live = {unit: parse_week(week) for unit, week in played.truth["live"].items()}
    faults = played.truth["faults"]
    last = max(live[f["unit"]] for f in faults) + timedelta(weeks=20)
    played.play(min(live.values()) + timedelta(weeks=8), last)
    places = {f["reported_as"]: f["language"] for f in faults}
    told = [(m.unit, m.message.language) for m in played.news("manager", "benefit_owner")]
    assert sorted(told) == sorted(places.items())
    ready = {a.key.unit for a in played.alerts(Kind.READY_NOT_USED)}
    assert len(ready & set(places)) >= len(places) - 1
    hours: dict[str, float] = {}
    for fault in faults:
        hours[fault["reported_as"]] = hours.get(fault["reported_as"], 0.0) + fault["hours_at_stake_per_year"]
    evaluate(played.app, played.moment(END))
    facts = played.desk(END + timedelta(days=6)).evidence.facts
    for place, true in hours.items():
        (row,) = facts["unrealised_hours", place, played.truth["system"], END]
        assert row["value"] == pytest.approx(true, rel=0.10), place


@pytest.mark.parametrize("seed", [1, 2])
def test_anchoring(story: Callable[[str, int], Played], seed: int) -> None:
    """One alert to the lead within a week of the staff's first session; none where the order holds."""
    played = story("anchoring", seed)
    (fault,) = played.truth["faults"]
    begins = parse_week(fault["from_week"])
    played.play(begins - timedelta(weeks=6), begins + timedelta(weeks=1))
    (alert,) = played.alerts(Kind.NOT_ANCHORED)
    assert (alert.key.unit, alert.key.system) == (fault["unit"], fault["system"])
    assert alert.since <= begins + timedelta(weeks=1)
    closes = parse_week(fault["closes_week"])
    played.play(closes - timedelta(weeks=1), closes + timedelta(weeks=4))
    (alert,) = played.alerts(Kind.NOT_ANCHORED)
    assert alert.state is State.CLOSED


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("name", ["case-system", "client-platform", "support-channels"])
def test_since_is_the_week_in_which_the_fault_began(story: Callable[[str, int], Played], name: str, seed: int) -> None:
    """Looked at once, at the end, within two weeks.

    Of anchoring the test above holds it; what is digital and not exploited is a state without a message.
    """
    played = story(name, seed)
    evaluate(played.app, played.moment(END))
    alerts = [a for a in played.book.alerts() if a.live and a.kind is not Kind.BEHIND_PLAN]
    for fault in played.truth["faults"]:
        mine = [a for a in alerts if a.key.unit == (fault.get("reported_as") or fault["unit"])]
        assert mine, fault["unit"]
        for alert in mine:
            off = (alert.since - parse_week(fault["from_week"])).days / 7
            assert abs(off) <= 2, (fault["unit"], alert.kind, off)
