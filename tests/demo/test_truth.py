"""What the truth files say, counted again from the events in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

import numpy as np
import pytest
import yaml

from nytta.demo import World
from nytta.demo.replies import Habit, habit
from nytta.indicators.detection.action import BEFORE, followed
from nytta.indicators.detection.panel import Panel

from .conftest import Event, local_week

Worlds = Callable[[str], World]
Events = Callable[[str], list[Event]]
SE, NO = "Europe/Stockholm", "Europe/Oslo"


def of(events: Iterable[Event], kind: str) -> list[Event]:
    """The events of one type, such as 'case.step'."""
    return [event for event in events if event["type"] == f"nytta.{kind}.v1"]


def days_of(week: str) -> tuple[date, date]:
    """First day of an ISO week and of the next."""
    first = date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
    return first, first + timedelta(days=7)


def near(numerator: int, denominator: int, share: float) -> bool:
    """Whether a count fits a share, as far as chance and the weeks' own noise go."""
    room: float = 4 * (0.25 / denominator) ** 0.5 + 0.03
    return abs(numerator / denominator - share) < room


@pytest.mark.parametrize(
    ("story", "zone"),
    [("case-system", SE), ("support-channels", SE), ("digital-not-exploited", SE), ("anchoring", NO)],
)
def test_cases_per_unit_and_week_of_opening(story: str, zone: str, world: Worlds, events: Events) -> None:
    truth = world(story).truth
    opened: dict[str, tuple[str, str, str]] = {}
    cases, digital, told, intended = Counter[Any](), Counter[Any](), Counter[Any](), Counter[Any]()
    for event in of(events(story), "case.opened"):
        data = event["data"]
        cell = (data["unit"], data["case_type"], local_week(event["time"], zone))
        opened[data["case"]] = cell
        cases[cell] += 1
        digital[cell] += data["channel"] in {"web", "app"}
    for event in of(events(story), "case.step"):
        if "intended" in event["data"]:
            told[opened[event["data"]["case"]]] += 1
            intended[opened[event["data"]["case"]]] += event["data"]["intended"]
    weeks = truth["weeks"]
    for series in truth["series"].get("digital-intake", []):
        cells = [(series["unit"], series["case_type"], week) for week in weeks]
        assert [cases[cell] for cell in cells] == series["denominator"]
        assert [digital[cell] for cell in cells] == series["numerator"]
    for series in truth["series"].get("intended-use", []):
        # cases of the last weeks are not all handled yet
        cells = [(series["unit"], series["case_type"], week) for week in weeks[:-3]]
        assert [told[cell] for cell in cells] == series["denominator"][:-3]
        assert [intended[cell] for cell in cells] == series["numerator"][:-3]
    assert sum(cases.values()) > 500


@pytest.mark.parametrize(
    ("story", "system"),
    [("case-system", "artus"), ("support-channels", "samverka"), ("digital-not-exploited", "lansarende")],
)
def test_weekly_breadth_is_who_acted_of_those_at_work(story: str, system: str, world: Worlds, events: Events) -> None:
    truth = world(story).truth
    acted, at_work, licensed = defaultdict(set), defaultdict(set), set()
    for event in events(story):
        data, kind = event["data"], event["type"].split(".")[1]
        if data.get("actor_kind") != "person":
            continue
        if kind in {"case", "platform"} and data["system"] == system:
            acted[data["unit"], local_week(event["time"], SE)].add(data["actor"])
        elif event["type"] == "nytta.people.presence.v1" and data["present_days"] > 0:
            at_work[data["unit"], data["week"]].add(data["actor"])
        elif event["type"] == "nytta.people.eligibility.v1" and data["licence"]:
            licensed.add(data["actor"])
    silent = {week for s in truth["silences"] for week in truth["weeks"] if s["from_week"] <= week <= s["to_week"]}
    for series in truth["series"]["weekly-breadth"]:
        for week, there, all_there in zip(truth["weeks"], series["numerator"], series["denominator"], strict=True):
            cell = series["unit"], week
            if all_there == 0 or week in silent:
                continue
            assert acted[cell] <= at_work[cell]
            assert len(at_work[cell] & licensed) == all_there
            assert len(acted[cell]) == there


def test_case_system_faults_are_where_the_truth_says(world: Worlds) -> None:
    truth = world("case-system").truth
    plateau = max(map(truth["weeks"].index, truth["live"].values())) + 12
    by_unit: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    hours: dict[str, float] = defaultdict(float)
    seeded = {fault["unit"]: fault for fault in truth["faults"]}
    before = truth["weeks"].index(truth["helped"]["from_week"])
    for series in truth["series"]["intended-use"]:
        last = before if series["unit"] == truth["helped"]["unit"] else None
        by_unit[series["unit"]][0] += sum(series["numerator"][plateau:last])
        by_unit[series["unit"]][1] += sum(series["denominator"][plateau:last])
    for series in truth["series"]["digital-intake"]:
        fault = seeded.get(series["unit"])
        if fault:
            lost = fault["target"] - fault["seeded_share"]
            minutes = truth["minutes_saved"][series["case_type"]]
            hours[series["unit"]] += lost * sum(series["denominator"][-52:]) * minutes / 60
    for unit, (numerator, denominator) in by_unit.items():
        if unit in seeded:
            assert near(numerator, denominator, seeded[unit]["seeded_share"])
            assert hours[unit] == pytest.approx(seeded[unit]["hours_at_stake_per_year"], abs=0.1)
        else:
            assert near(numerator, denominator, 0.86)
    assert len(truth["faulty_units"]) == 3
    assert len(truth["control_units"]) == 6
    assert set(truth["faulty_units"]) < set(seeded)


def test_case_system_is_ready_everywhere(world: Worlds, events: Events) -> None:
    truth = world("case-system").truth
    persons, granted, trained = Counter[str](), Counter[str](), Counter[str]()
    for event in of(events("case-system"), "people.eligibility"):
        persons[event["data"]["unit"]] += 1
        granted[event["data"]["unit"]] += event["data"]["account"] and event["data"]["licence"]
    for event in of(events("case-system"), "change.training"):
        trained[event["data"]["unit"]] += 1
    assert dict(trained) == truth["trained"]
    for unit in truth["live"]:
        assert granted[unit] / persons[unit] > 0.79
        assert trained[unit] / persons[unit] > 0.6


def test_case_system_paper_means_rework_and_longer_lead_times(events: Events) -> None:
    opened, closed, intended, returned = {}, {}, {}, set()
    for event in events("case-system"):
        kind, data = event["type"], event["data"]
        if kind == "nytta.case.opened.v1":
            opened[data["case"]] = datetime.fromisoformat(event["time"])
        elif kind == "nytta.case.closed.v1":
            closed[data["case"]] = datetime.fromisoformat(event["time"])
        elif kind == "nytta.case.step.v1" and "intended" in data:
            intended[data["case"]] = data["intended"]
        elif kind == "nytta.case.returned.v1" and not data["by_law"]:
            returned.add(data["case"])
    # cases opened in the last half year are left out: of them the slow ones are still open
    limit = datetime.fromisoformat("2026-05-01T00:00:00Z")
    days: dict[bool, list[float]] = {True: [], False: []}
    back = {True: 0, False: 0}
    for case, meant in intended.items():
        if opened[case] < limit and case in closed:
            days[meant].append((closed[case] - opened[case]).total_seconds() / 86_400)
            back[meant] += case in returned
    # ten and eighteen working days, on each side of weekends and holidays
    assert median(days[True]) == pytest.approx(16, abs=2)
    assert median(days[False]) == pytest.approx(28, abs=3)
    assert near(back[True], len(days[True]), 0.06)
    assert near(back[False], len(days[False]), 0.18)


def test_case_system_benefits_are_measured_as_the_mixture_of_both_ways(world: Worlds, events: Events) -> None:
    truth = world("case-system").truth
    series = {(s["unit"], s["case_type"]): s for s in truth["series"]["intended-use"]}
    programme = yaml.safe_load(world("case-system").registry_files["programme.yaml"])
    benefits = {benefit["id"]: benefit for benefit in programme["benefits"]}
    measured = of(events("case-system"), "benefit.measured")
    assert len({event["data"]["benefit"] for event in measured}) == len(benefits)
    for event in measured:
        data = event["data"]
        benefit = benefits[data["benefit"]]
        found = series[benefit["unit"], benefit["case_type"]]
        mine = [
            n
            for n, week in enumerate(truth["weeks"])
            if data["period_from"] <= str(days_of(week)[0]) < data["period_to"]
        ]
        share = sum(found["numerator"][n] for n in mine) / sum(found["denominator"][n] for n in mine)
        saved = truth["minutes_saved"][benefit["case_type"]]
        assert data["value"] == round(1000 * (benefit["baseline"] - saved * share))


def test_support_channels_count_as_drawn(world: Worlds, events: Events) -> None:
    truth = world("support-channels").truth
    found: Counter[Any] = Counter()
    asked, alone = Counter[Any](), Counter[Any]()
    for event in of(events("support-channels"), "ticket.opened"):
        data = event["data"]
        week = local_week(event["time"], SE)
        found[data["unit"], data["channel"], week] += 1
        asked[data["unit"], week] += data["how_to"]
    for event in of(events("support-channels"), "ticket.selfservice"):
        alone[event["data"]["unit"], local_week(event["time"], SE)] += 1
    for series in truth["series"]["ticket-channel-mix"]:
        for channel, counts in series["numerator"].items():
            assert [found[series["unit"], channel, week] for week in truth["weeks"]] == counts
    for name, counted in (("how-to", asked), ("self-service", alone)):
        for series in truth["series"][name]:
            assert [counted[series["unit"], week] for week in truth["weeks"]] == series["numerator"]


def test_support_channels_phone_and_desk_fall_at_the_steering(world: Worlds) -> None:
    truth = world("support-channels").truth
    steering = truth["weeks"].index(truth["steering_week"])
    for series in truth["series"]["ticket-channel-mix"]:
        low = [a + b for a, b in zip(series["numerator"]["phone"], series["numerator"]["desk"], strict=True)]
        before = sum(low[:steering]) / sum(series["denominator"][:steering])
        after = sum(low[steering:]) / sum(series["denominator"][steering:])
        fallen = 0.0 if series["unit"] in truth["unmoved_units"] else truth["phone_and_desk_down"]
        noise = 0.5 * (1 / sum(series["denominator"][:steering]) + 1 / sum(series["denominator"][steering:])) ** 0.5
        assert before - after == pytest.approx(fallen, abs=3.5 * noise)
    assert truth["phone_and_desk_down"] >= 0.15


def test_support_channels_only_two_units_carry_a_heavy_load(world: Worlds, events: Events) -> None:
    truth = world("support-channels").truth
    spans = [
        (e["data"]["unit"], e["data"]["valid_from"], e["data"].get("valid_to", "9999-12-31"))
        for e in of(events("support-channels"), "people.eligibility")
    ]
    breadth = {s["unit"]: s for s in truth["series"]["weekly-breadth"]}
    kinds = {fault["unit"]: fault["kind"] for fault in truth["faults"]}
    heavy = set()
    for series in truth["series"]["tickets-per-100"]:
        unit = series["unit"]
        for week, persons in list(zip(truth["weeks"], series["denominator"], strict=True))[::13]:
            first, after = map(str, days_of(week))
            assert sum(u == unit and a < after and b > first for u, a, b in spans) == persons
        load = sum(series["numerator"][-12:]) / sum(series["denominator"][-12:])
        if load > 0.45:
            heavy.add(unit)
        if unit in kinds:
            use = breadth[unit]
            then, now = (
                sum(use["numerator"][weeks]) / sum(use["denominator"][weeks])
                for weeks in (slice(38, 46), slice(-8, None))
            )
            assert (now > then + 0.15) if kinds[unit] == "training-need" else (now < then - 0.25)
    assert heavy == set(kinds) == set(truth["faulty_units"])
    assert sorted(kinds.values()) == ["abandonment", "training-need"]


def test_client_platform_clients_move_but_in_the_faulty_units(world: Worlds, events: Events) -> None:
    truth = world("client-platform").truth
    moments: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for event in events("client-platform"):
        if (
            event["type"].startswith("nytta.platform.")
            and "client" in event["data"]
            and not event["data"].get("legacy")
        ):
            moments[event["data"]["unit"]][event["type"]].append(local_week(event["time"], SE))
    for series in truth["series"]["clients"]:
        for name in ("enrolled", "activated"):
            seen = moments[series["unit"]][f"nytta.platform.{name}.v1"]
            assert [sum(w <= week for w in seen) for week in truth["weeks"]] == series[name]
        share = series["activated"][-1] / series["enrolled"][-1]
        assert share == pytest.approx(0.35 if series["unit"] in truth["faulty_units"] else 0.97, abs=0.1)
        assert series["old"][0] == series["planned"]


def test_client_platform_activation_follows_enrolment_within_a_fortnight(events: Events) -> None:
    enrolled, activated = (
        {e["data"]["client"]: datetime.fromisoformat(e["time"]) for e in of(events("client-platform"), kind)}
        for kind in ("platform.enrolled", "platform.activated")
    )
    assert activated
    for client, moment in activated.items():
        assert timedelta(0) < moment - enrolled[client] < timedelta(days=14)


def test_client_platform_names_the_app_that_holds_each_unit(world: Worlds, events: Events) -> None:
    truth = world("client-platform").truth
    late = truth["weeks"][-6]
    used = defaultdict(set)
    for event in of(events("client-platform"), "platform.session"):
        if event["data"].get("legacy") and local_week(event["time"], SE) >= late:
            used[event["data"]["unit"]].add(event["data"]["app"])
    assert dict(used) == {fault["unit"]: {fault["legacy_app"]} for fault in truth["faults"]}


def test_client_platform_decision_is_acknowledged_by_three_of_eleven(world: Worlds, events: Events) -> None:
    decision = world("client-platform").truth["decision"]
    ledger = [e["data"] for e in of(events("client-platform"), "change.decision")]
    mine = [entry for entry in ledger if entry["decision"] == decision["id"]]
    assert {e["unit"] for e in mine if e["state"] == "acknowledged"} == set(decision["acknowledged_by"])
    assert (len(decision["acknowledged_by"]), decision["affected"]) == (3, 11)
    assert not [e for e in mine if e["state"] in {"executed", "reversed"}]
    assert sum(e["state"] == "reversed" for e in ledger) == 2


def test_client_platform_managers_believe_and_staff_do_not(events: Events) -> None:
    scores = defaultdict(list)
    for event in of(events("client-platform"), "change.pulse"):
        assert "actor" not in event["data"]
        scores[event["data"]["tier"]].append(event["data"]["score"])
    means = {tier: sum(found) / len(found) for tier, found in scores.items()}
    assert means["manager"] - means["staff"] > 0.8


def test_digital_not_exploited_only_seeded_case_types_gain_nothing(world: Worlds, events: Events) -> None:
    truth = world("digital-not-exploited").truth
    live = truth["live"]
    opened, days, returned = {}, defaultdict(list), set()
    for event in of(events("digital-not-exploited"), "case.returned"):
        if not event["data"]["by_law"]:
            returned.add(event["data"]["case"])
    for event in of(events("digital-not-exploited"), "case.opened"):
        opened[event["data"]["case"]] = (event["data"]["case_type"], datetime.fromisoformat(event["time"]))
    back: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for event in of(events("digital-not-exploited"), "case.closed"):
        kind, at = opened[event["data"]["case"]]
        if at < datetime.fromisoformat("2026-05-01T00:00:00Z"):
            after = local_week(at.isoformat(), SE) >= live
            days[kind, after].append((datetime.fromisoformat(event["time"]) - at).total_seconds() / 86_400)
            back[kind, after].append(event["data"]["case"] in returned)
    for kind in truth["minutes_saved"]:
        lead = median(days[kind, True]) / median(days[kind, False]) - 1
        now, then = back[kind, True], back[kind, False]
        fell = sum(then) / len(then) - sum(now) / len(now)
        noise = 4 * (0.16 / len(now) + 0.16 / len(then)) ** 0.5
        seeded = kind in truth["faulty_case_types"]
        assert lead == pytest.approx(0.0 if seeded else -0.4, abs=0.1)
        assert fell == pytest.approx(0.0 if seeded else 0.1, abs=noise)
    for fault in truth["faults"]:
        mine = [s for s in truth["series"]["digital-intake"] if s["case_type"] == fault["case_type"]]
        cases = sum(sum(s["denominator"][-52:]) for s in mine)
        minutes = truth["minutes_saved"][fault["case_type"]]
        lost = (1 - fault["realised_share"]) * cases * minutes / 60
        assert lost == pytest.approx(fault["hours_at_stake_per_year"], abs=0.1)


def test_anchoring_staff_begin_before_managers_in_one_system_only(world: Worlds, events: Events) -> None:
    truth = world("anchoring").truth
    done: Counter[tuple[str, str, str]] = Counter()
    for event in of(events("anchoring"), "change.training"):
        data = event["data"]
        done[data["system"], data["tier"], local_week(event["time"], NO)] += 1
    for system, tiers in truth["series"]["training-coverage"].items():
        total = sum(done[system, "manager", week] for week in truth["weeks"])
        assert total == tiers["manager"]["numerator"][-1]
    (fault,) = truth["faults"]
    opened = truth["weeks"].index(fault["from_week"])
    managers = truth["series"]["training-coverage"][fault["system"]]["manager"]
    assert managers["denominator"][opened] >= 10
    assert managers["numerator"][opened] / managers["denominator"][opened] < truth["target"]
    closes = truth["weeks"].index(fault["closes_week"])
    assert closes > opened + 10
    assert managers["numerator"][closes] / managers["denominator"][closes] >= truth["target"]
    (control,) = truth["control_systems"]
    staff_step = truth["weeks"].index(truth["steps"][control]["staff"])
    reached = truth["series"]["training-coverage"][control]["manager"]
    assert reached["numerator"][staff_step] / reached["denominator"][staff_step] >= truth["target"]


def test_anchoring_presence_names_no_person(events: Events) -> None:
    presence = of(events("anchoring"), "people.presence")
    assert presence
    assert not [event for event in presence if "actor" in event["data"]]


def test_one_unit_is_helped_by_what_it_did(world: Worlds) -> None:
    """Its use falls and rises again after its action, which the exact weeks show against units that did nothing."""
    truth = world("case-system").truth
    helped, weeks = truth["helped"], truth["weeks"]
    used: dict[str, Any] = defaultdict(lambda: np.zeros(len(weeks)))
    cases: dict[str, Any] = defaultdict(lambda: np.zeros(len(weeks)))
    for series in truth["series"]["intended-use"]:
        used[series["unit"]] += series["numerator"]
        cases[series["unit"]] += series["denominator"]
    units = sorted(cases)
    lived = Panel(
        truth["system"],
        "intended-use",
        tuple(units),
        tuple(weeks),
        np.zeros(len(units), np.int64),
        np.array([used[unit] for unit in units]),
        np.array([cases[unit] for unit in units]),
        np.array([weeks.index(truth["live"][unit]) for unit in units]),
        np.zeros((len(units), len(weeks)), bool),
        np.full(len(units), len(weeks)),
    )
    row = units.index(helped["unit"])
    acted = {row, *(units.index(fault["unit"]) for fault in truth["faults"])}
    column = weeks.index(helped["until_week"]) - 1
    outcome = followed(lived, row, column, acted)
    fallen = (column - weeks.index(helped["from_week"])) / BEFORE
    assert outcome is not None
    assert outcome.effect is not None
    assert outcome.effect.claimed
    assert outcome.effect.low <= helped["points"] / 100 * fallen <= outcome.effect.high
    assert habit(helped["unit"]) is Habit.ACTS
