"""From published verdicts to messages: one per manager, in working hours, in their language, decided once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest

from nytta.insight.alerts.addressees import Directory
from nytta.insight.alerts.clicks import acknowledge
from nytta.insight.alerts.evaluation.evaluate import Evaluation
from nytta.insight.alerts.kinds import Role
from nytta.insight.alerts.model import State
from nytta.insight.alerts.texts import problems
from nytta.insight.store.alerts import Changes
from tests.insight.alerts.evaluation.conftest import START, WEEKS, ZONE, Town, monday_after, week

pytestmark = pytest.mark.slow

Make = Callable[..., Town]


def lagging(town: Town, *units: str, start: int = 41, share: float = 0.35) -> None:
    for n, unit in enumerate(units):
        size = int(town.people[unit][0])
        town.users[unit][start:] = np.random.default_rng(n).binomial(size, share, WEEKS - start)
    town.write()


def run(town: Town, first: int, last: int) -> list[Evaluation]:
    return [town.round(number) for number in range(first, last)]


@pytest.mark.parametrize(("unit", "language"), [("u03", "sv"), ("u04", "nb"), ("u05", "en")])
def test_the_manager_hears_once_in_their_language(make: Make, unit: str, language: str) -> None:
    town = make()
    lagging(town, unit)
    said = [m for done in run(town, 43, 47) for m in done.messages]
    first = said[0]
    assert (first.unit, first.role, first.message.language) == (unit, "manager", language)
    assert problems(first.message) == []
    assert f"https://nytta.town.example/units/{unit}" in first.message.text
    assert first.chart[:8] == b"\x89PNG\r\n\x1a\n"
    assert f"Unit {int(unit[1:])}" in first.chart_text
    # what follows are reminders, never the same news
    assert [m.message.buttons for m in said[1:]] == [()] * len(said[1:])
    assert len({m.id for m in said}) == len(said)


def test_since_is_when_it_began_however_late_it_is_looked_at(make: Make) -> None:
    """A fall of week 41 that is first looked at in week 62, and a unit that never took off."""
    town = make()
    town.users["u07"] = np.random.default_rng(3).binomial(40, 0.3, WEEKS)
    lagging(town, "u04")
    town.round(62)
    since = {alert.key.unit: alert.since for alert in town.book.alerts()}
    assert abs((since["u04"] - week(41)).days) <= 14
    assert since["u07"] == START
    (subject,) = [m.message.subject for m in town.book.messages() if m.unit == "u07"]
    assert subject.endswith("siden driftsstarten i januar 2025")


def test_asking_again_decides_nothing_again(make: Make) -> None:
    town = make()
    lagging(town, "u03")
    before = [m.id for done in run(town, 43, 45) for m in done.messages]
    again = [town.evaluate(monday_after(44) + timedelta(minutes=m)) for m in (0, 5, 60 * 24)]
    assert [m for done in again for m in done.messages] == []
    assert sum(done.changed for done in again) == 0
    assert [m.id for m in town.book.messages()] == before


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2025, 12, 8, 6, 59, tzinfo=ZONE),
        datetime(2025, 12, 8, 17, 0, tzinfo=ZONE),
        datetime(2025, 12, 6, 10, 0, tzinfo=ZONE),
        datetime(2025, 12, 22, 10, 0, tzinfo=ZONE),
    ],
)
def test_nobody_is_told_at_night_on_weekends_or_in_quiet_weeks(make: Make, moment: datetime) -> None:
    town = make()
    lagging(town, "u03")
    town.judge(46)
    done = town.evaluate(moment)
    assert done.messages == []
    assert {a.state for a in town.book.alerts()} == {State.OPEN}


def test_many_that_fall_at_once_are_one_matter_for_operations(make: Make) -> None:
    town = make()
    lagging(town, *(f"u{n:02d}" for n in range(12)))
    said = [m for done in run(town, 41, 44) for m in done.messages]
    assert {m.role for m in said} == {"operations"}
    assert {m.unit for m in said} == {"town"}


def test_a_small_unit_reaches_the_manager_of_its_group(make: Make) -> None:
    town = make()
    lagging(town, "small", share=0.15)
    said = [m for done in run(town, 43, 47) for m in done.messages]
    assert {m.unit for m in said} == {"small"}
    found = Directory(town.registry).contact(Role.MANAGER, "small", "arken", said[0].day)
    assert found is not None
    assert found[0].email == "gro@town.example"


def test_who_has_answered_is_not_reminded(make: Make) -> None:
    town = make()
    lagging(town, "u03")
    run(town, 43, 45)
    (alert,) = town.book.alerts()
    assert alert.told is not None
    taken = acknowledge(alert, Role.MANAGER, alert.told, action="training")
    town.book.commit("town", Changes(alerts=[taken]), monday_after(44))
    assert [m for done in run(town, 48, 50) for m in done.messages] == []
    assert town.book.alerts()[0].state is State.ACKNOWLEDGED


def test_an_agreed_deviation_keeps_silent(make: Make) -> None:
    town = make(
        programme=f"""
deviations:
  - {{unit: u03, system: arken, reason: other system, agreed_by: lead, valid_from: {week(0)}}}
"""
    )
    lagging(town, "u03")
    assert [m for done in run(town, 43, 47) for m in done.messages] == []


def test_missed_runs_are_made_up_for(make: Make) -> None:
    town = make()
    lagging(town, "u03")
    done = town.round(46)
    assert [m.unit for m in done.messages] == ["u03"]
    assert town.book.book("town", week(47)).heard == week(46)


def test_no_message_names_anybody(make: Make) -> None:
    town = make()
    lagging(town, "u03", "u04")
    for done in run(town, 44, 47):
        for message in done.messages:
            text = f"{message.message.subject} {message.message.text}"
            assert "Manager" not in text
            assert "@" not in text
    rows = town.store.connection.rows("SELECT body FROM {open}.alert_records")
    assert all("example" not in body.replace("nytta.town.example", "") for (body,) in rows)
