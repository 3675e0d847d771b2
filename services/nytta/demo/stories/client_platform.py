"""A sector-wide body merges its systems onto one client platform. Earlier attempts failed. Management
decides, but the decision is not taken on further down, staff were never shown why, and an in-house
supplier's undocumented systems keep the old platform alive in some units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from nytta.demo.change import Note, NoteFeed, PulseFeed, Survey, decision_note, milestone_notes
from nytta.demo.clients import ClientFeed, Move, move
from nytta.demo.delivery import Feed
from nytta.demo.layout import Department, organisation
from nytta.demo.people import PeopleFeed
from nytta.demo.place import Decision, Milestone, Place, Plan, System
from nytta.demo.randomness import Flags
from nytta.demo.scene import Scene, scene
from nytta.demo.sessions import App, UseFeed
from nytta.demo.staff import Staff, acting, breadth, ramp, staff
from nytta.demo.weeks import Span
from nytta.demo.world import Part, Truth

SYSTEM = "gemensam-klient"
_LEGACY_APPS = ("Mätvakt", "Jourlistan")
_FAULTY_UNITS = 3
# of the enrolled clients of a faulty unit; 0.97 elsewhere
_ACTIVATED = 0.35
_WORKPLACES = 1.15  # per person
_SCORES = {"awareness": 2.3, "desire": 2.2, "knowledge": 2.8, "ability": 3.0, "reinforcement": 2.6}

_DEPARTMENTS = (
    Department(
        "norr",
        "Distrikt norr",
        ("inland: Driftområde inland", "kusten: Driftområde kusten"),
        ("nordlab: Laboratoriet norr", "nordverk: Verkstaden norr"),
    ),
    Department(
        "syd",
        "Distrikt syd",
        ("slatten: Driftområde slätten", "dalen: Driftområde dalen"),
        ("sydlab: Laboratoriet syd", "sydverk: Verkstaden syd"),
    ),
    Department(
        "gemensamt",
        "Gemensamma funktioner",
        ("kundtjanst: Kundtjänst", "projekt: Projektkontoret", "itleverans: Intern IT-leverantör"),
    ),
)


@dataclass(frozen=True, slots=True)
class _Seeded:
    """When each unit begins to move and when the plan ends, which units do not move, and which app holds
    each."""

    begins: dict[str, int]
    due: int
    faulty: frozenset[str]
    apps: dict[str, str]

    @property
    def start(self) -> int:
        """Week in which the first units begin."""
        return min(self.begins.values())


def client_platform(seed: int, span: Span, scale: float) -> Part:
    """The story. `scale` multiplies sessions; clients follow the persons."""
    home = organisation(
        seed,
        "vassvatten",
        "Vassmarks vattenförbund",
        "SE",
        _DEPARTMENTS,
        type="kommunalförbund",
        largest=48,
    )
    story_scene = scene(seed, home, span, scale)
    seeded = _seeded(story_scene)
    people = [staff(story_scene, unit) for unit in home.staffed]
    moves = [_move(story_scene, seeded, team) for team in people]
    acts_new, acts_old = [], []
    for team in people:
        plateau = 0.33 if team.unit.id in seeded.faulty else 0.93
        rising = ramp(span, seeded.begins[team.unit.id], plateau, weeks_to_half=6, pace=2)
        acts_new.append(acting(story_scene, team, rising, SYSTEM))
        # who does not use the new platform stays on the old one, until nearly all have moved
        falling = np.where(rising > 0.8, 0.0, np.maximum(0.9 - rising, 0.05))
        acts_old.append(acting(story_scene, team, falling, "legacy"))
    at_work = np.vstack([team.at_work for team in people]).mean(axis=0)
    place = _place(story_scene, seeded, moves)
    stubborn = [unit.id for unit in home.staffed][:3]
    notes = milestone_notes(place.milestones) + _ledger(place, stubborn)
    systems = {unit.id: [(SYSTEM, "medarbetare", span.monday(0))] for unit in home.staffed}
    survey = Survey(SYSTEM, "klientpuls", first=seeded.start)
    apps = (
        App(SYSTEM, "Arbetsplats", ("arbetsyta", "drift", "dokument"), often=0.5),
        *(App(SYSTEM, name, ("arbetsyta",), often=0.5, legacy=True) for name in _LEGACY_APPS),
    )

    def mean(unit: str, tier: str, item: str, _: int) -> float:
        if tier == "manager":
            return 4.2
        return _SCORES[item] + (0.0 if unit in seeded.faulty else 0.7)

    def feeds() -> list[Feed]:
        return [
            NoteFeed(story_scene, notes),
            PeopleFeed(story_scene, people, systems),
            ClientFeed(story_scene, SYSTEM, moves, at_work),
            PulseFeed(story_scene, survey, people, mean),
            UseFeed(story_scene, "klient/nya", apps[0], people, acts_new),
            *_legacy_feeds(story_scene, seeded, apps[1:], people, acts_old),
        ]

    truth = _truth(story_scene, seeded, moves)
    truth["decision"] = _decision_truth(place.decisions[-1], stubborn)
    truth["series"]["weekly-breadth"] = [
        breadth(team, team_acts, SYSTEM) for team, team_acts in zip(people, acts_new, strict=True)
    ]
    return Part(story_scene.calendar, place, feeds, truth)


def _decision_truth(decision: Decision, acknowledged_by: list[str]) -> dict[str, Any]:
    return {
        "id": decision.id,
        "made": str(decision.day),
        "level": 2,
        "acknowledged_by": acknowledged_by,
        "affected": len(decision.units),
    }


def _move(scene: Scene, seeded: _Seeded, team: Staff) -> Move:
    """The move of a unit's clients: all units enrol alike, and what is wrong shows only where clients are activated."""
    unit = team.unit.id
    clients = round(team.unit.staff * _WORKPLACES)
    activated = _ACTIVATED if unit in seeded.faulty else 0.97
    return move(
        scene,
        unit,
        clients,
        first_week=seeded.begins[unit],
        weeks=10,
        enrolled=0.95,
        activated=activated,
    )


def _legacy_feeds(
    scene: Scene, seeded: _Seeded, apps: Sequence[App], people: list[Staff], acts: list[Flags]
) -> list[Feed]:
    """The use of the old platform: each unit has one of the old apps, and each app a log of its own."""
    feeds: list[Feed] = []
    for number, app in enumerate(apps, start=1):
        users = [
            place for place, team in enumerate(people) if seeded.apps[team.unit.id] == app.name
        ]
        teams = [people[place] for place in users]
        team_acts = [acts[place] for place in users]
        feeds.append(UseFeed(scene, f"klient/gamla-{number}", app, teams, team_acts))
    return feeds


def _seeded(scene: Scene) -> _Seeded:
    rng = scene.rng("client-platform", "faults")
    units = [unit.id for unit in scene.home.staffed]
    faulty = rng.choice(
        [unit.id for unit in scene.home.large], _FAULTY_UNITS, replace=False
    ).tolist()
    apps = {unit: _LEGACY_APPS[int(scene.rng(unit, "legacy-app").integers(2))] for unit in units}
    start = scene.span.at(36 / 80)
    begins = {unit: start + 2 * (number % 4) for number, unit in enumerate(units)}
    return _Seeded(begins, scene.span.at(72 / 80), frozenset(faulty), apps)


def _place(scene: Scene, seeded: _Seeded, moves: list[Move]) -> Place:
    home, monday = scene.home, scene.span.monday
    due_date, start = monday(seeded.due), seeded.start
    live_days = {unit: monday(week) for unit, week in seeded.begins.items()}
    system = System(SYSTEM, "Gemensam klientplattform", live_days)
    decisions = tuple(
        Decision(f"klient-{number}", name, monday(made_week), ends_on, 1, SYSTEM, tuple(live_days))
        for number, name, made_week, ends_on in (
            (2, "Andra försöket: en klientplattform", 2, monday(20)),
            (3, "Tredje försöket: en klientplattform", 12, monday(30)),
            (4, "Gamla plattformen stängs", start + 14, due_date),
        )
    )
    stones = (
        Milestone(
            "klient-start", "live", monday(start), "Klientplattformen i drift", SYSTEM, home.id
        ),
        Milestone(
            "klient-beslut", "decided", decisions[-1].day, decisions[-1].name, SYSTEM, home.id
        ),
    )
    plans = []
    for client_move in moves:
        targets = ((monday(start + 20), 600), (due_date, 950))
        plans.append(
            Plan(
                client_move.unit,
                SYSTEM,
                "enrolment",
                live_days[client_move.unit],
                targets,
                len(client_move.enrolled),
            )
        )
        plans.append(
            Plan(
                client_move.unit,
                SYSTEM,
                "activation",
                live_days[client_move.unit],
                ((due_date, 950),),
            )
        )
    return Place((home,), (system,), stones, tuple(plans), (), decisions)


def _ledger(place: Place, stubborn: list[str]) -> list[Note]:
    """Two earlier decisions, made and reversed; the last acknowledged by a few units and executed by none."""
    notes = []
    *earlier, last_decision = place.decisions
    for decision in earlier:
        notes.append(decision_note(decision, "made", decision.day, place.organisations[0].id))
        day = decision.due - timedelta(days=21)
        notes.append(decision_note(decision, "reversed", day, place.organisations[0].id))
    notes.append(decision_note(last_decision, "made", last_decision.day, place.organisations[0].id))
    for number, unit in enumerate(stubborn):
        notes.append(
            decision_note(
                last_decision,
                "acknowledged",
                last_decision.day + timedelta(days=3 + 2 * number),
                unit,
                level=2,
            )
        )
    return notes


def _truth(scene: Scene, seeded: _Seeded, moves: list[Move]) -> Truth:
    home, label = scene.home, scene.span.label
    return {
        "what": "A faulty unit enrols its clients as the others do, but activates only seeded_share of "
        "them, and its staff stay in legacy_app. The decision is acknowledged by acknowledged_by "
        "alone and executed nowhere. Counts of clients stand at each week's end.",
        "system": SYSTEM,
        "plan_date": str(scene.span.monday(seeded.due)),
        "begins": {unit: label(week) for unit, week in seeded.begins.items()},
        "faults": [
            {
                "kind": "not-moved",
                "unit": unit,
                "reported_as": unit,
                "system": SYSTEM,
                "indicators": ["activation", "weekly-breadth"],
                "from_week": label(seeded.begins[unit]),
                "language": home.unit(unit).manager.language,
                "seeded_share": _ACTIVATED,
                "legacy_app": seeded.apps[unit],
            }
            for unit in sorted(seeded.faulty)
        ],
        "faulty_units": sorted(seeded.faulty),
        "control_units": sorted(unit.id for unit in home.large if unit.id not in seeded.faulty),
        "series": {
            "clients": [
                {
                    "unit": move.unit,
                    "system": SYSTEM,
                    "planned": len(move.enrolled),
                    **move.counted(scene.span),
                }
                for move in moves
            ]
        },
    }
