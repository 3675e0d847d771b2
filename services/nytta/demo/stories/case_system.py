"""A municipality introduces digital case handling. The project delivers to plan: everybody has access and
is trained. Nobody changes how the line works, and in some units cases go on as before, on paper: ready,
not used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from nytta.demo.cases import DECIDE, HANDLE_DIGITALLY, HANDLE_OUTSIDE, CaseFeed, Work, counted, work
from nytta.demo.change import (
    Note,
    NoteFeed,
    TrainingFeed,
    benefit_note,
    decision_note,
    milestone_notes,
    trained,
)
from nytta.demo.delivery import Feed, Silence
from nytta.demo.layout import Department, organisation
from nytta.demo.people import PeopleFeed
from nytta.demo.place import (
    Benefit,
    CaseType,
    Cost,
    Decision,
    Milestone,
    Organisation,
    Place,
    Plan,
    System,
)
from nytta.demo.randomness import Flags, Floats, stream
from nytta.demo.replies import Habit, habit
from nytta.demo.scene import Scene, scene
from nytta.demo.sessions import App, UseFeed
from nytta.demo.staff import NEVER, TIERS, Roster, Staff, acting, breadth, ramp, staff
from nytta.demo.weeks import Span
from nytta.demo.world import Part, Truth

SYSTEM = "artus"
TARGET = 0.80
_FAULTY_UNITS = 3
_FALL = 0.31
_RELAPSE_AGO, _HELP_AGO = 20, 10
"""Weeks before the end in which the helped unit falls back, and in which the action works that it plans two weeks
before."""
_METHOD = "tidmätning på 40 ärenden före införandet, uppskattning efter"
_COURSE = "artus-grund"

_DEPARTMENTS = (
    Department(
        "samhalle",
        "Samhällsbyggnadsförvaltningen",
        (
            "bygglov: Bygglov",
            "miljo: Miljötillsyn",
            "lantmateri: Lantmäteri",
            "livsmedel: Livsmedelskontroll",
        ),
    ),
    Department(
        "social",
        "Socialförvaltningen",
        (
            "bistand-norr: Bistånd norr",
            "bistand-soder: Bistånd söder",
            "forsorjning: Ekonomiskt bistånd",
        ),
        ("fardtjanst: Färdtjänst", "dodsbo: Dödsbo", "skuld: Budget- och skuldrådgivning"),
    ),
    Department(
        "utbildning",
        "Utbildningsförvaltningen",
        ("antagning: Antagning", "elevhalsa: Elevhälsa"),
        ("modersmal: Modersmål", "skolskjuts: Skolskjuts", "vuxen: Vuxenstudier"),
    ),
)

# per unit: case type, cases in a full week
_WORK = {
    "bygglov": (
        (CaseType("bygglov", "Bygglov", 190, 130), 13),
        (CaseType("anmalan", "Byggnation", 80, 45), 8),
    ),
    "miljo": ((CaseType("miljotillsyn", "Miljötillsyn", 150, 105), 16),),
    "lantmateri": (
        (CaseType("forrattning", "Förrättning", 240, 180), 12),
        (CaseType("karta", "Karta", 40, 15), 8),
    ),
    "livsmedel": ((CaseType("livsmedel", "Livsmedelsverksamhet", 110, 70), 15),),
    "bistand-norr": ((CaseType("bistand", "Biståndsbedömning", 160, 115), 18),),
    "bistand-soder": ((CaseType("bistand", "Biståndsbedömning", 160, 115), 20),),
    "forsorjning": ((CaseType("forsorjning", "Försörjningsstöd", 120, 75), 24),),
    "fardtjanst": ((CaseType("fardtjanst", "Färdtjänst", 70, 40), 6),),
    "dodsbo": ((CaseType("dodsbo", "Dödsboanmälan", 130, 95), 4),),
    "skuld": ((CaseType("skuld", "Skuldsanering", 180, 140), 4),),
    "antagning": ((CaseType("skolplats", "Skolplats", 60, 30), 20),),
    "elevhalsa": ((CaseType("stod", "Särskilt stöd", 140, 100), 14),),
    "modersmal": ((CaseType("modersmal", "Modersmål", 50, 28), 5),),
    "skolskjuts": ((CaseType("skolskjuts", "Skolskjuts", 55, 30), 6),),
    "vuxen": ((CaseType("vuxenplats", "Vuxenstudier", 65, 40), 5),),
}


@dataclass(frozen=True, slots=True)
class _Seeded:
    """What is wrong where: each unit's week of going live and plateau of intended use, and which are
    faulty."""

    live: dict[str, int]
    shares: dict[str, float]
    faulty: frozenset[str]
    group: str
    helped: str

    @property
    def first(self) -> int:
        """Week in which the first units go live."""
        return min(self.live.values())


def case_system(seed: int, span: Span, scale: float) -> Part:
    """The story. `scale` multiplies cases and sessions."""
    home = _home(seed)
    story_scene = scene(seed, home, span, scale)
    seeded = _seeded(story_scene)
    people = [staff(story_scene, unit) for unit in home.staffed]
    acting_weeks, handling_weeks, training = [], [], []
    for team in people:
        live_week = seeded.live[team.unit.id]
        team_acts = _use(story_scene, seeded, team)
        # before going live half of a unit handles cases, in the old register, which tells nothing of use
        register_shares = np.where(np.arange(span.count) < live_week, 0.5, 0.0)
        register_acts = acting(story_scene, team, register_shares, "register")
        acting_weeks.append(team_acts)
        handling_weeks.append(team_acts | register_acts)
        # faulty units too: ready, not used
        courses = dict.fromkeys(TIERS, (live_week - 4, 6, 0.93))
        training.append(trained(story_scene, team, _COURSE, courses))
    works = [
        _work(story_scene, seeded, unit.id, case_type.id, per_week)
        for unit in home.staffed
        for case_type, per_week in _lines(home, unit.id)
    ]
    place = _place(story_scene, seeded)
    notes = milestone_notes(place.milestones) + _ledger(place) + _measured(place, works, span)
    handlers = zip(people, handling_weeks, strict=True)
    roster = Roster([(team.ids, team_weeks) for team, team_weeks in handlers])
    systems = {
        unit: [(SYSTEM, "handläggare", span.monday(week))] for unit, week in seeded.live.items()
    }
    app = App(
        SYSTEM,
        "artus",
        ("handläggning", "sökning", "mallar", "beslut"),
        often=0.3,
        robot="jobb-artus-natt",
    )

    def feeds() -> list[Feed]:
        return [
            NoteFeed(story_scene, notes),
            PeopleFeed(story_scene, people, systems),
            TrainingFeed(story_scene, SYSTEM, _COURSE, people, training),
            CaseFeed(story_scene, "artus/arenden", SYSTEM, works, roster),
            UseFeed(story_scene, "artus/anvandning", app, people, acting_weeks),
        ]

    truth = _truth(story_scene, seeded, works)
    truth["series"]["weekly-breadth"] = [
        breadth(team, team_acts, SYSTEM, seeded.live[team.unit.id])
        for team, team_acts in zip(people, acting_weeks, strict=True)
    ]
    truth["trained"] = {
        team.unit.id: int((course_weeks < NEVER).sum())
        for team, course_weeks in zip(people, training, strict=True)
    }
    return Part(story_scene.calendar, place, feeds, truth, _silences(story_scene, seeded))


def _home(seed: int) -> Organisation:
    return organisation(
        seed,
        "granasa",
        "Granåsa kommun",
        "SE",
        _DEPARTMENTS,
        type="kommun",
        english=("livsmedel", "elevhalsa"),
    )


def _use(scene: Scene, seeded: _Seeded, team: Staff) -> Flags:
    """Who of a unit works in the system in which week, (persons, weeks)."""
    unit = team.unit.id
    low, high = (0.32, 0.40) if unit in seeded.faulty else (0.87, 0.94)
    plateau = scene.rng(unit, "breadth").uniform(low, high)
    return acting(
        scene, team, ramp(scene.span, seeded.live[unit], plateau, weeks_to_half=2), SYSTEM
    )


def _silences(scene: Scene, seeded: _Seeded) -> tuple[Silence, Silence]:
    """Weeks in which the log of use delivers nothing: in the middle of the story, and shortly before its end."""
    use_source = scene.source("artus/anvandning")
    weeks = scene.span.count
    return (
        Silence(use_source, seeded.first + 26, seeded.first + 28),
        Silence(use_source, weeks - 7, weeks - 6),
    )


def _seeded(scene: Scene) -> _Seeded:
    home = scene.home
    rng = scene.rng("case-system", "faults")
    chosen_units = rng.choice(
        [unit.id for unit in home.large], _FAULTY_UNITS, replace=False
    ).tolist()
    group = home.groups[int(rng.integers(len(home.groups)))]
    faulty = frozenset((*chosen_units, *group.units))
    first_week = scene.span.at(26 / 80)
    live_weeks = {
        unit.id: first_week + (4 if unit.parent.endswith("utbildning") else 0)
        for unit in home.staffed
    }
    shares = {}
    for unit in live_weeks:
        low, high = (0.20, 0.30) if unit in faulty else (0.82, 0.90)
        shares[unit] = round(float(stream(scene.seed, unit, "intended").uniform(low, high)), 4)
    prompt_units = (
        unit.id for unit in home.large if unit.id not in faulty and habit(unit.id) is Habit.ACTS
    )
    return _Seeded(live_weeks, shares, faulty, group.id, next(prompt_units, ""))


def _intended(span: Span, seeded: _Seeded, unit: str) -> Floats:
    """Expected intended use: a ramp to the plateau. The unit whose action helps falls back and rises again after it."""
    live_week, plateau = seeded.live[unit], seeded.shares[unit]
    shares = ramp(span, live_week, plateau)
    if unit == seeded.helped:
        shares[span.count - _RELAPSE_AGO : span.count - _HELP_AGO] -= _FALL
    return shares


def _lines(home: Organisation, unit: str) -> tuple[tuple[CaseType, int], ...]:
    return _WORK[unit.removeprefix(f"{home.id}-")]


def _work(scene: Scene, seeded: _Seeded, unit: str, case_type: str, per_week: float) -> Work:
    span, live_week = scene.span, seeded.live[unit]
    return work(
        scene,
        unit,
        case_type,
        per_week=per_week,
        live_week=live_week,
        digital=0.35 + ramp(span, live_week, 0.4),
        intended=_intended(span, seeded, unit),
        rework_intended=np.full(span.count, 0.06),
        rework_other=np.full(span.count, 0.18),
        days_intended=np.full(span.count, 10.0),
        days_other=np.full(span.count, 18.0),
    )


def _place(scene: Scene, seeded: _Seeded) -> Place:
    home, monday = scene.home, scene.span.monday
    first_week, last_week = seeded.first, max(seeded.live.values())
    types = {kind.id: kind for unit in home.staffed for kind, _ in _lines(home, unit.id)}
    system = System(
        SYSTEM,
        "Artus ärendehantering",
        {unit: monday(week) for unit, week in seeded.live.items()},
        tuple(types.values()),
        (HANDLE_DIGITALLY, HANDLE_OUTSIDE, DECIDE),
        "verksamhetscontroller",
        monday(first_week - 8),
    )
    second = f"{home.id}-utbildning"
    milestones = (
        Milestone(
            "artus-beslut", "decided", monday(4), "Beslut om digital handläggning", SYSTEM, home.id
        ),
        Milestone(
            "artus-start-1",
            "live",
            monday(first_week),
            "Artus i drift, första omgången",
            SYSTEM,
            home.id,
        ),
        Milestone(
            "artus-start-2", "live", monday(last_week), "Artus i drift, utbildning", SYSTEM, second
        ),
        Milestone(
            "artus-slut",
            "project_closed",
            monday(last_week + 8),
            "Projektet avslutas",
            SYSTEM,
            home.id,
        ),
    )
    plans = [
        Plan(
            unit,
            SYSTEM,
            "intended-use",
            monday(week),
            ((monday(week + 16), 600), (monday(week + 40), 800)),
        )
        for unit, week in seeded.live.items()
    ]
    plans.append(
        Plan(
            home.id, SYSTEM, "weekly-breadth", monday(first_week), ((monday(first_week + 40), 850),)
        )
    )
    plans.append(
        Plan(
            home.id, SYSTEM, "digital-intake", monday(first_week), ((monday(first_week + 40), 700),)
        )
    )
    benefits = [
        _benefit(scene, seeded, unit.id, kind)
        for unit in home.staffed
        for kind, _ in _lines(home, unit.id)
    ]
    units = tuple(unit.id for unit in home.staffed)
    name = "Ärenden handläggs digitalt"
    decision = Decision("artus-inforande", name, monday(4), monday(last_week), 1, SYSTEM, units)
    costs = (
        Cost(
            "Införandeprojekt Artus", home.id, SYSTEM, monday(4), monday(last_week + 8), 4_800_000
        ),
        Cost(
            "Pappersväg och aktarkiv",
            home.id,
            SYSTEM,
            monday(first_week),
            monday(first_week + 104),
            1_200_000,
            "parallel",
        ),
    )
    return Place((home,), (system,), milestones, tuple(plans), tuple(benefits), (decision,), costs)


def _benefit(scene: Scene, seeded: _Seeded, unit: str, kind: CaseType) -> Benefit:
    monday, live_week = scene.span.monday, seeded.live[unit]
    return Benefit(
        id=f"{unit}-{kind.id}-tid",
        name=f"Kortare handläggning: {kind.name}",
        unit=unit,
        system=SYSTEM,
        case_type=kind.id,
        kind="redistribution",
        measure="minuter per ärende",
        baseline=kind.minutes_before,
        target=round(kind.minutes_before - kind.minutes_saved * TARGET),
        baseline_from=monday(seeded.first - 26),
        baseline_to=monday(seeded.first),
        start=monday(live_week),
        due=monday(live_week + 40),
        method=_METHOD,
        indicator="intended-use",
        baseline_share=0,
        target_share=round(TARGET * 1000),
    )


def _ledger(place: Place) -> list[Note]:
    """The decision is acknowledged and reported as executed everywhere, in time: on paper all went well."""
    decision = place.decisions[0]
    notes = [decision_note(decision, "made", decision.day, place.organisations[0].id)]
    for number, unit in enumerate(decision.units):
        notes.append(
            decision_note(
                decision, "acknowledged", decision.day + timedelta(days=4 + number % 6), unit
            )
        )
        notes.append(
            decision_note(
                decision, "executed", decision.due - timedelta(days=3 + number % 10), unit
            )
        )
    return notes


def _measured(place: Place, works: list[Work], span: Span) -> list[Note]:
    """Minutes per case, measured every fourth week: the mixture of cases handled as intended and others."""
    kinds = {kind.id: kind for kind in place.systems[0].case_types}
    notes = []
    for benefit, line in zip(place.benefits, works, strict=True):
        kind = kinds[line.case_type]
        for start in range(line.live, span.count - 4, 4):
            end = start + 4
            cases = int(line.cases[start:end].sum())
            # without a case nothing was measured
            if not cases:
                continue
            share = line.intended[start:end].sum() / cases
            minutes = kind.minutes_before - kind.minutes_saved * share
            notes.append(benefit_note(benefit, minutes, span.monday(start), span.monday(end)))
    return notes


def _faults(
    scene: Scene, seeded: _Seeded, works: list[Work], saved: dict[str, int]
) -> list[dict[str, Any]]:
    """What is wrong in each faulty unit, with the hours at stake; `saved` are minutes by case type."""
    home = scene.home
    faults = []
    for unit in home.staffed:
        if unit.id not in seeded.faulty:
            continue
        # a small unit is reported as its group, so it is the group's manager who reads of it
        owner = next(
            (group.manager for group in home.groups if group.id == unit.group), unit.manager
        )
        missed_share = TARGET - seeded.shares[unit.id]
        lines = [line for line in works if line.unit == unit.id]
        hours = sum(missed_share * line.last_year * saved[line.case_type] / 60 for line in lines)
        faults.append(
            {
                "kind": "ready-not-used",
                "unit": unit.id,
                "reported_as": unit.group or unit.id,
                "system": SYSTEM,
                "indicators": ["intended-use", "weekly-breadth"],
                "from_week": scene.span.label(seeded.live[unit.id]),
                "language": owner.language,
                "seeded_share": seeded.shares[unit.id],
                "target": TARGET,
                "hours_at_stake_per_year": round(hours, 1),
            }
        )
    return faults


def _truth(scene: Scene, seeded: _Seeded, works: list[Work]) -> Truth:
    home, live_weeks = scene.home, seeded.live
    saved = {
        kind.id: kind.minutes_saved for unit in home.staffed for kind, _ in _lines(home, unit.id)
    }
    return {
        "what": "A faulty unit handles seeded_share of its cases as intended, from about ten weeks after "
        "from_week. hours_at_stake_per_year = (target - seeded_share) x cases opened in the last 52 "
        "weeks x minutes_saved / 60, summed over the unit's case types. Series are counts per week "
        "of opening, as drawn. The helped unit handles points fewer of a hundred as intended from "
        "from_week until its action works; without a unit there is none.",
        "system": SYSTEM,
        "live": {unit: scene.span.label(week) for unit, week in live_weeks.items()},
        "minutes_saved": saved,
        "faults": _faults(scene, seeded, works, saved),
        "faulty_units": sorted(unit.id for unit in home.large if unit.id in seeded.faulty),
        "faulty_groups": [seeded.group],
        "control_units": sorted(unit.id for unit in home.large if unit.id not in seeded.faulty),
        "helped": {
            "unit": seeded.helped,
            "from_week": scene.span.label(scene.span.count - _RELAPSE_AGO),
            "until_week": scene.span.label(scene.span.count - _HELP_AGO),
            "points": round(100 * _FALL),
        },
        "control_groups": sorted(group.id for group in home.groups if group.id != seeded.group),
        "series": {
            "intended-use": [
                counted(line, SYSTEM, "intended") | {"seeded_share": seeded.shares[line.unit]}
                for line in works
            ],
            "digital-intake": [counted(line, SYSTEM, "digital") for line in works],
        },
    }
