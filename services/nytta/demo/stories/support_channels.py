"""A municipal IT department steers its support from phone and walk-in to portal and self-service. In most
units it works. One unit asks more and more and uses the platform less and less: it is being given up.
Another asks as much and uses it ever more: it needs training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nytta.demo.cases import CaseFeed, Work, counted, work
from nytta.demo.change import NoteFeed, milestone_notes
from nytta.demo.delivery import Feed
from nytta.demo.layout import Department, organisation
from nytta.demo.people import PeopleFeed
from nytta.demo.place import CaseType, Milestone, Place, Plan, System
from nytta.demo.randomness import Floats
from nytta.demo.scene import Scene, scene
from nytta.demo.sessions import App, UseFeed
from nytta.demo.staff import Roster, Staff, acting, breadth, staff
from nytta.demo.tickets import CHANNELS, Demand, TicketFeed, demand
from nytta.demo.weeks import Span
from nytta.demo.world import Part, Truth

SYSTEM = "samverka"
ORDERS = "it-bestallning"
_BURDEN = 0.34  # tickets per person at work and week
_HEAVY = 2.2  # times that, in the two seeded units

_DEPARTMENTS = (
    Department(
        "ledning",
        "Kommunledningsförvaltningen",
        ("it: IT-avdelningen", "ekonomi: Ekonomiavdelningen"),
        ("hr: HR-enheten", "kansli: Kansliet", "kommunikation: Kommunikationsenheten"),
    ),
    Department(
        "omsorg",
        "Omsorgsförvaltningen",
        ("hemtjanst: Hemtjänst", "boende: Särskilt boende", "lss: Funktionsstöd"),
    ),
    Department(
        "skola",
        "Skolförvaltningen",
        ("grundskola: Grundskolans stab", "forskola: Förskolans stab", "gymnasium: Gymnasiet"),
        ("bibliotek: Biblioteken", "kulturskola: Kulturskolan", "fritid: Fritidsenheten"),
    ),
)

# shares of CHANNELS (phone, desk, email, web, chat, internal) before and after the steering
_BEFORE = np.array([0.42, 0.17, 0.22, 0.14, 0.02, 0.03])
_AFTER = np.array([0.22, 0.09, 0.15, 0.39, 0.07, 0.08])


@dataclass(frozen=True, slots=True)
class _Seeded:
    """When the platform goes live, support is steered and trouble begins, and in which units what happens."""

    live: int
    steering: int
    trouble: int
    abandoned: str
    untrained: str
    unmoved: str


def support_channels(seed: int, span: Span, scale: float) -> Part:
    """The story. `scale` multiplies tickets, orders and sessions."""
    home = organisation(
        seed, "almvida", "Almvida kommun", "SE", _DEPARTMENTS, type="kommun", largest=32
    )
    story_scene = scene(seed, home, span, scale)
    seeded = _seeded(story_scene)
    people = [staff(story_scene, unit) for unit in home.staffed]
    acting_weeks = [
        acting(story_scene, team, _reach(story_scene, seeded, team.unit.id), SYSTEM)
        for team in people
    ]
    demands = [_demand(story_scene, seeded, team) for team in people]
    works = [_orders(story_scene, seeded, team) for team in people]
    place = _place(story_scene, seeded)
    agents = next(team.ids for team in people if team.unit.id == f"{home.id}-it")[:10]
    roster = Roster(
        [(team.ids, team_acts) for team, team_acts in zip(people, acting_weeks, strict=True)]
    )
    systems = {unit.id: [(SYSTEM, "medarbetare", span.monday(0))] for unit in home.staffed}
    app = App(
        SYSTEM,
        "samverka",
        ("dokument", "möten", "chatt", "uppgifter"),
        often=0.5,
        robot="jobb-samverka-arkiv",
    )

    def feeds() -> list[Feed]:
        return [
            NoteFeed(story_scene, milestone_notes(place.milestones)),
            PeopleFeed(story_scene, people, systems),
            TicketFeed(story_scene, SYSTEM, demands, agents),
            CaseFeed(story_scene, "it-portal", SYSTEM, works, roster),
            UseFeed(story_scene, "samverka/anvandning", app, people, acting_weeks),
        ]

    truth = _truth(story_scene, seeded, demands, people)
    truth["series"]["weekly-breadth"] = [
        breadth(team, team_acts, SYSTEM)
        for team, team_acts in zip(people, acting_weeks, strict=True)
    ]
    truth["series"]["digital-intake"] = [counted(line, SYSTEM, "digital") for line in works]
    return Part(story_scene.calendar, place, feeds, truth)


def _seeded(scene: Scene) -> _Seeded:
    able = [unit.id for unit in scene.home.large if not unit.id.endswith("-it")]
    chosen_units = scene.rng("support-channels", "faults").choice(able, 3, replace=False).tolist()
    week_at = scene.span.at
    return _Seeded(week_at(10 / 80), week_at(40 / 80), week_at(46 / 80), *chosen_units)


def _reach(scene: Scene, seeded: _Seeded, unit: str) -> Floats:
    """Expected weekly breadth: steady, but where the platform is given up, and where use is still on its
    way up."""
    week = np.arange(scene.span.count)
    steady: Floats = np.full(scene.span.count, scene.rng(unit, "breadth").uniform(0.84, 0.92))
    slide = np.clip((week - seeded.trouble) / 10, 0, 1)
    if unit == seeded.abandoned:
        steady = steady - (steady - 0.38) * slide
    elif unit == seeded.untrained:
        steady = 0.5 + 0.4 * slide
    return np.where(week >= seeded.live, steady, 0.0)


def _demand(scene: Scene, seeded: _Seeded, team: Staff) -> Demand:
    unit, week = team.unit.id, np.arange(scene.span.count)
    is_steered = (week >= seeded.steering) & (unit != seeded.unmoved)
    # from 0 to 1 over the weeks in which steering takes hold, and in which trouble grows
    settled = np.clip((week - seeded.steering) / 20, 0, 1)
    trouble = np.clip((week - seeded.trouble) / 6, 0, 1)
    at_work = team.at_work.sum(axis=0)
    # self-service takes some of the demand
    load = _BURDEN * (1 - 0.15 * settled)
    if unit in (seeded.abandoned, seeded.untrained):
        load = load * (1 + (_HEAVY - 1) * trouble)
    return demand(
        scene,
        unit,
        per_week=load * at_work,
        mix=np.where(is_steered[:, None], _AFTER, _BEFORE),
        how_to=0.18 + 0.37 * trouble * (unit == seeded.untrained),
        selfservice=at_work * (0.05 + 0.15 * settled * (unit != seeded.unmoved)),
        first_contact=0.52 + 0.12 * settled,
        bounced=0.32 - 0.12 * settled,
    )


def _orders(scene: Scene, seeded: _Seeded, team: Staff) -> Work:
    """Orders to the IT department as cases: their digital intake is the take-up of the portal's e-service."""
    count = scene.span.count
    portal = np.where(np.arange(count) >= seeded.steering, 0.78, 0.4)
    return work(
        scene,
        team.unit.id,
        ORDERS,
        per_week=0.04 * team.unit.staff,
        live_week=0,
        digital=portal,
        intended=portal,
        rework_intended=np.full(count, 0.04),
        rework_other=np.full(count, 0.12),
        days_intended=np.full(count, 5.0),
        days_other=np.full(count, 8.0),
        handover=0.15,
        says_intended=False,
    )


def _place(scene: Scene, seeded: _Seeded) -> Place:
    home, monday = scene.home, scene.span.monday
    go_live, steering = monday(seeded.live), monday(seeded.steering)
    system = System(
        SYSTEM, "Samverka", {home.id: go_live}, (CaseType(ORDERS, "IT-beställning", 25, 10),)
    )
    stones = (
        Milestone("samverka-start", "live", go_live, "Samverka i drift", SYSTEM, home.id),
        Milestone(
            "supportstyrning",
            "steering_changed",
            steering,
            "Support styrs till portal",
            SYSTEM,
            home.id,
        ),
    )
    plans = (
        Plan(home.id, SYSTEM, "weekly-breadth", go_live, ((steering, 850),)),
        Plan(home.id, SYSTEM, "digital-intake", steering, ((monday(seeded.steering + 26), 750),)),
    )
    return Place((home,), (system,), stones, plans)


def _truth(scene: Scene, seeded: _Seeded, demands: list[Demand], people: list[Staff]) -> Truth:
    home, label = scene.home, scene.span.label
    faulty = {seeded.abandoned: "abandonment", seeded.untrained: "training-need"}
    faults = [
        {
            "kind": kind,
            "unit": unit,
            "reported_as": unit,
            "system": SYSTEM,
            "indicators": ["tickets-per-100", "weekly-breadth"],
            "from_week": label(seeded.trouble),
            "language": home.unit(unit).manager.language,
            "tickets_times": _HEAVY,
            "breadth": [
                round(float(_reach(scene, seeded, unit)[week]), 3) for week in (seeded.trouble, -1)
            ],
        }
        for unit, kind in faulty.items()
    ]
    return {
        "what": "In a faulty unit tickets per person rise to tickets_times the others' over six weeks from "
        "from_week, while weekly breadth goes from the first to the second of breadth over ten "
        "weeks. From steering_week on every unit but unmoved_units has the channel shares "
        "mix_after. Series are counts per week as drawn; self-service is no ticket; of "
        "ticket-channel-mix there is one numerator per channel.",
        "system": SYSTEM,
        "live": label(seeded.live),
        "steering_week": label(seeded.steering),
        "mix_before": dict(zip(CHANNELS, _BEFORE.tolist(), strict=True)),
        "mix_after": dict(zip(CHANNELS, _AFTER.tolist(), strict=True)),
        "phone_and_desk_down": round(float((_BEFORE - _AFTER)[:2].sum()), 3),
        "faults": faults,
        "faulty_units": sorted(faulty),
        "unmoved_units": [seeded.unmoved],
        "control_units": sorted(unit.id for unit in home.large if unit.id not in faulty),
        "series": _series(demands, people),
    }


def _series(demands: list[Demand], people: list[Staff]) -> dict[str, list[dict[str, Any]]]:
    """What each unit's tickets count, week by week."""
    series: dict[str, list[dict[str, Any]]] = {
        "ticket-channel-mix": [],
        "tickets-per-100": [],
        "how-to": [],
        "self-service": [],
    }
    for unit_demand, team in zip(demands, people, strict=True):
        unit = {"unit": unit_demand.unit, "system": SYSTEM}
        tickets = unit_demand.tickets.tolist()
        by_channel = {
            channel: unit_demand.channels[:, number].tolist()
            for number, channel in enumerate(CHANNELS)
        }
        employed = team.employed.sum(axis=0).tolist()
        series["ticket-channel-mix"].append(
            unit | {"numerator": by_channel, "denominator": tickets}
        )
        series["tickets-per-100"].append(unit | {"numerator": tickets, "denominator": employed})
        series["how-to"].append(unit | {"numerator": unit_demand.how_to.tolist()})
        series["self-service"].append(unit | {"numerator": unit_demand.selfservice.tolist()})
    return series
