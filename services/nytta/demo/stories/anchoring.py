"""The IT department of a national agency anchors a strategy of uniform processes and tools in three steps:
managers, key roles, all staff. For the process, staff sessions begin before the managers are there; for
the tool, the order holds."""

from __future__ import annotations

import numpy as np

from nytta.demo.cases import CaseFeed, Work, counted, work
from nytta.demo.change import NoteFeed, PulseFeed, Survey, TrainingFeed, milestone_notes, trained
from nytta.demo.delivery import Feed
from nytta.demo.layout import Department, organisation
from nytta.demo.people import PeopleFeed
from nytta.demo.place import CaseType, Milestone, Organisation, Place, Plan, System
from nytta.demo.randomness import Ints
from nytta.demo.scene import Scene, scene
from nytta.demo.sessions import App, UseFeed
from nytta.demo.staff import TIERS, Roster, Staff, acting, breadth, ramp, staff
from nytta.demo.weeks import Span
from nytta.demo.world import Part, Truth

PROCESS, TOOL = "felles-prosess", "felles-verktoy"
CHANGE = "endring"
TARGET = 0.8
# weeks by which every second manager comes late to the process
_LATE = 30
_SCORES = {"manager": 3.6, "key-role": 3.2, "staff": 2.7}

_DEPARTMENTS = (
    Department(
        "drift",
        "Driftsavdelingen",
        ("plattform: Plattform", "nett: Nettverk", "vakt: Vaktsenter"),
        ("lager: Lagring", "katalog: Katalogtjenester"),
    ),
    Department(
        "utvikling",
        "Utviklingsavdelingen",
        ("register: Registerutvikling", "tjenester: Tjenesteutvikling"),
        ("test: Test", "design: Tjenestedesign"),
    ),
    Department(
        "bruker", "Brukeravdelingen", ("brukerstotte: Brukerstøtte", "opplaering: Opplæring")
    ),
)

_Steps = dict[str, tuple[int, int, int]]


def anchoring(seed: int, span: Span, scale: float) -> Part:
    """The story. `scale` multiplies changes and sessions."""
    home = _home(seed)
    story_scene = scene(seed, home, span, scale)
    first_week = span.at(24 / 80)
    # the weeks in which the three steps begin
    steps: _Steps = {
        PROCESS: (first_week, first_week + 6, first_week + 10),
        TOOL: (first_week, first_week + 10, first_week + 20),
    }
    people = [staff(story_scene, unit) for unit in home.staffed]
    weeks = {
        PROCESS: [_out_of_order(story_scene, team, steps[PROCESS]) for team in people],
        TOOL: [_in_order(story_scene, team, steps[TOOL]) for team in people],
    }
    acting_weeks = [
        acting(story_scene, team, ramp(span, steps[TOOL][2], 0.85, weeks_to_half=6), TOOL)
        for team in people
    ]
    at_desk = [acting(story_scene, team, np.full(span.count, 0.8), PROCESS) for team in people]
    works = [_changes(story_scene, steps, team) for team in people]
    place = _place(story_scene, steps)
    roster = Roster(
        [(team.ids, desk_weeks) for team, desk_weeks in zip(people, at_desk, strict=True)]
    )
    systems = {
        unit.id: [(name, "medarbeider", span.monday(0)) for name in (PROCESS, TOOL)]
        for unit in home.staffed
    }
    app = App(TOOL, "verktøy", ("tavle", "rapport", "søk"), often=0.4)
    survey = Survey(PROCESS, "forankring", first_week)

    def mean(_unit: str, tier: str, _item: str, week: int) -> float:
        return _SCORES[tier] + 0.02 * (week - first_week)

    def feeds() -> list[Feed]:
        return [
            NoteFeed(story_scene, milestone_notes(place.milestones)),
            PeopleFeed(story_scene, people, systems, aggregate=True),
            CaseFeed(story_scene, "endringer", PROCESS, works, roster),
            PulseFeed(story_scene, survey, people, mean),
            UseFeed(story_scene, "verktoy/bruk", app, people, acting_weeks),
            *(
                TrainingFeed(story_scene, system, f"{system}-kurs", people, weeks[system])
                for system in weeks
            ),
        ]

    truth = _truth(
        story_scene, steps, {system: _coverage(people, weeks[system]) for system in weeks}
    )
    truth["managers"] = sum(team.tier.count("manager") for team in people)
    truth["series"]["intended-use"] = [counted(line, PROCESS, "intended") for line in works]
    truth["series"]["weekly-breadth"] = [
        breadth(team, team_acts, TOOL) for team, team_acts in zip(people, acting_weeks, strict=True)
    ]
    return Part(story_scene.calendar, place, feeds, truth)


def _home(seed: int) -> Organisation:
    return organisation(
        seed,
        "fellesreg",
        "Direktoratet for fellesregistre",
        "NO",
        _DEPARTMENTS,
        type="direktorat",
        largest=26,
        managers=2,
    )


def _in_order(scene: Scene, people: Staff, steps: tuple[int, int, int]) -> Ints:
    """Each step ends before the next begins."""
    courses = zip(steps, (6, 6, 14), (1.0, 0.95, 0.85), strict=True)
    return trained(scene, people, TOOL, dict(zip(TIERS, courses, strict=True)))


def _out_of_order(scene: Scene, people: Staff, steps: tuple[int, int, int]) -> Ints:
    """Every second manager comes long after the staff's step has begun."""
    courses = zip(steps, (5, 6, 20), (1.0, 0.8, 0.6), strict=True)
    weeks = trained(scene, people, PROCESS, dict(zip(TIERS, courses, strict=True)))
    for number, tier in enumerate(people.tier):
        # the second of a large unit's two managers; of small units every second one's
        is_second = number == 1 or (people.unit.small and len(people.ids) % 2 == 0)
        if tier == "manager" and is_second:
            weeks[number] += _LATE
    return weeks


def _changes(scene: Scene, steps: _Steps, team: Staff) -> Work:
    count = scene.span.count
    return work(
        scene,
        team.unit.id,
        CHANGE,
        per_week=1.5 if team.unit.small else 4.0,
        live_week=steps[PROCESS][0],
        digital=np.full(count, 0.95),
        intended=0.25 + ramp(scene.span, steps[PROCESS][2], 0.35, weeks_to_half=12, pace=4),
        rework_intended=np.full(count, 0.08),
        rework_other=np.full(count, 0.2),
        days_intended=np.full(count, 6.0),
        days_other=np.full(count, 9.0),
    )


def _coverage(people: list[Staff], weeks: list[Ints]) -> dict[str, dict[str, list[int]]]:
    """Per tier and week over the whole agency: persons who have completed the course, of those who belong
    to it."""
    week = np.arange(people[0].employed.shape[1])
    coverage = {}
    # all persons below each other, as units play no part
    tiers = np.concatenate([team.tier for team in people])
    employed = np.vstack([team.employed for team in people])
    is_complete = np.concatenate(weeks)[:, None] <= week
    for tier in TIERS:
        rows = tiers == tier
        coverage[tier] = {
            "numerator": (is_complete[rows] & employed[rows]).sum(axis=0).tolist(),
            "denominator": employed[rows].sum(axis=0).tolist(),
        }
    return coverage


def _place(scene: Scene, steps: _Steps) -> Place:
    home, monday = scene.home, scene.span.monday
    process, tool = steps[PROCESS], steps[TOOL]
    change = CaseType(CHANGE, "Endring", 90, 60)
    systems = (
        System(PROCESS, "Felles prosess", {home.id: monday(process[0])}, (change,)),
        System(TOOL, "Felles verktøy", {home.id: monday(tool[2])}),
    )
    words = dict(zip(TIERS, ("ledere", "nøkkelroller", "alle ansatte"), strict=True))
    stones = tuple(
        Milestone(
            f"{system.id}-{tier}",
            "step_started",
            monday(week),
            f"{system.name}: {words[tier]}",
            system.id,
            home.id,
            tier,
        )
        for system in systems
        for tier, week in zip(TIERS, steps[system.id], strict=True)
    )
    plans = (
        Plan(
            home.id, PROCESS, "intended-use", monday(process[0]), ((monday(process[2] + 40), 700),)
        ),
        Plan(home.id, TOOL, "weekly-breadth", monday(tool[2]), ((monday(tool[2] + 26), 800),)),
    )
    return Place((home,), systems, stones, plans)


def _truth(
    scene: Scene, steps: _Steps, coverage: dict[str, dict[str, dict[str, list[int]]]]
) -> Truth:
    label, opened = scene.span.label, steps[PROCESS][2]
    managers = coverage[PROCESS]["manager"]
    shares = [
        numerator / denominator
        for numerator, denominator in zip(
            managers["numerator"], managers["denominator"], strict=True
        )
    ]
    closes = next(
        (week for week in range(opened, scene.span.count) if shares[week] >= TARGET), None
    )
    return {
        "what": "Coverage counts, per tier over the whole agency, persons who have completed the course by "
        "the week's end of those who belong to it. For the process the staff step starts while "
        "managers are below the target; for the tool each step waits for the one before. Presence "
        "is reported per unit, without persons.",
        "target": TARGET,
        "steps": {
            system: {tier: label(week) for tier, week in zip(TIERS, when, strict=True)}
            for system, when in steps.items()
        },
        "faults": [
            {
                "kind": "staff-before-managers",
                "unit": scene.home.id,
                "reported_as": scene.home.id,
                "system": PROCESS,
                "from_week": label(opened),
                "managers_then": round(shares[opened], 3),
                "closes_week": label(closes) if closes is not None else None,
            }
        ],
        "control_systems": [TOOL],
        "series": {"training-coverage": coverage},
    }
