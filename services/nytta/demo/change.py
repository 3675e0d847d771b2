"""Events of the programme itself: milestones, decisions, training, pulse answers, measured benefits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np

from nytta.demo.cases import Work
from nytta.demo.lines import Lines, plain_lines, tail
from nytta.demo.place import Benefit, Decision, Milestone
from nytta.demo.randomness import Floats, Ints
from nytta.demo.scene import Scene
from nytta.demo.staff import NEVER, Staff


@dataclass(frozen=True, slots=True)
class Note:
    """One event that somebody writes down: `day` and `hour` local, `kind` such as 'change.milestone', ready
    fields."""

    id: str
    kind: str
    day: date
    data: str
    hour: float = 9.0


class NoteFeed:
    """What a programme office enters by hand."""

    def __init__(self, scene: Scene, notes: list[Note]) -> None:
        self.source = scene.source("program")
        self._calendar = scene.calendar
        self._by_week: dict[int, list[Note]] = {}
        for note in sorted(notes, key=lambda note: (note.day, note.hour, note.id)):
            week = self._day(note) // 7
            self._by_week.setdefault(week, []).append(note)

    def _day(self, note: Note) -> int:
        return (note.day - self._calendar.span.start).days

    def week(self, week: int) -> Lines:
        """Events of one week; what lies before the span is entered in its first week."""
        notes = self._by_week.get(week, [])
        week_lines = Lines()
        for note in notes:
            moments = self._calendar.moment(np.array([self._day(note)]), np.array([note.hour]))
            text = plain_lines(moments, tail("", self.source, note.kind), [note.id], [note.data])
            week_lines.add(moments, text)
        return week_lines


def milestone_notes(milestones: tuple[Milestone, ...]) -> list[Note]:
    """The milestones as events."""
    return [
        Note(
            f"milestone-{milestone.id}",
            "change.milestone",
            milestone.day,
            f'"unit":"{milestone.unit}","system":"{milestone.system}","milestone":"{milestone.id}","what":"{milestone.what}"',
            hour=8.0,
        )
        for milestone in milestones
    ]


def decision_note(
    decision: Decision, decision_state: str, day: date, unit: str, level: int | None = None
) -> Note:
    """A decision that is made, acknowledged, executed or reversed, by a unit, at a level (else the decision's
    own)."""
    return Note(
        f"decision-{decision.id}-{decision_state}-{unit}",
        "change.decision",
        day,
        f'"unit":"{unit}","system":"{decision.system}","decision":"{decision.id}","state":"{decision_state}",'
        f'"level":"{level or decision.level}","due":"{decision.due}"',
    )


def benefit_note(
    benefit: Benefit, measured_value: float, period_start: date, period_end: date
) -> Note:
    """A measured value of a benefit over a period (`period_end` exclusive), in the benefit's measure."""
    return Note(
        f"benefit-{benefit.id}-{period_start}",
        "benefit.measured",
        period_end,
        f'"unit":"{benefit.unit}","system":"{benefit.system}","benefit":"{benefit.id}",'
        f'"value":{round(measured_value * 1000)},"period_from":"{period_start}","period_to":"{period_end}"',
    )


class TrainingFeed:
    """Completed courses. `weeks` gives per unit the week in which each person completes the course (NEVER
    where they do not)."""

    def __init__(
        self, scene: Scene, system: str, course: str, people: list[Staff], weeks: list[Ints]
    ) -> None:
        self.source = scene.source(f"kurs/{course}")
        self._system = system
        self._course = course
        self._people = people
        self._weeks = weeks
        self._calendar = scene.calendar
        # a day and an hour for each person, drawn at once: in which weeks they are asked for changes nothing
        rngs = [scene.rng(team.unit.id, course, "training") for team in people]
        self._draws = [
            rng.random((2, len(team.ids))) for rng, team in zip(rngs, people, strict=True)
        ]

    def week(self, week: int) -> Lines:
        """Events of one week."""
        week_lines = Lines()
        for people, weeks, draws in zip(self._people, self._weeks, self._draws, strict=True):
            person_numbers = np.flatnonzero(weeks == week)
            day_draws, hour_draws = draws[:, person_numbers]
            days = self._calendar.working_day_of(week, day_draws)
            moments = self._calendar.moment(days, 9 + 6 * hour_draws)
            event_ids = [
                f"{people.ids[person_number]}-{self._course}"
                for person_number in person_numbers.tolist()
            ]
            event_data = [
                self._completed(people, person_number) for person_number in person_numbers.tolist()
            ]
            week_lines.add(
                moments,
                plain_lines(
                    moments, tail("", self.source, "change.training"), event_ids, event_data
                ),
            )
        return week_lines

    def _completed(self, people: Staff, person_number: int) -> str:
        """The data of a person's completed course."""
        return (
            f'"unit":"{people.unit.id}","system":"{self._system}","actor":"{people.ids[person_number]}","actor_kind":"person",'
            f'"course":"{self._course}","tier":"{people.tier[person_number]}"'
        )


def trained(
    scene: Scene, people: Staff, course: str, shares: dict[str, tuple[int, int, float]]
) -> Ints:
    """Week in which each person completes a course; NEVER for never.

    `shares` says per tier: first week, number of weeks, and the share of the tier that completes it
    (rounded).
    """
    rng = scene.rng(people.unit.id, course, "trained")
    weeks = np.full(len(people.ids), NEVER)
    for tier, (first_week, length, share) in shares.items():
        numbers = np.flatnonzero(np.array(people.tier) == tier)
        participants = rng.permutation(numbers)[: round(len(numbers) * share)]
        completed = first_week + rng.integers(0, length, len(participants))
        is_employed = (completed >= people.joined[participants]) & (
            completed < people.left[participants]
        )
        weeks[participants[is_employed]] = completed[is_employed]
    return weeks


@dataclass(frozen=True, slots=True)
class Survey:
    """A pulse survey, held every eighth week from week `first`; `answering` is the share that answers."""

    system: str
    name: str
    first: int
    answering: float = 0.7


class PulseFeed:
    """Anonymous answers to a short survey every eighth week, one event per answer and item, without any
    person.

    `mean` gives the expected score (1 to 5) of a tier and item in a week.
    """

    items = ("awareness", "desire", "knowledge", "ability", "reinforcement")

    def __init__(
        self,
        scene: Scene,
        survey: Survey,
        people: list[Staff],
        mean: Callable[[str, str, str, int], float],
    ) -> None:
        self.source = scene.source("puls")
        self._survey = survey
        self._people = people
        self._calendar = scene.calendar
        self._mean = mean
        self._rngs = [scene.rng(team.unit.id, survey.name, "pulse") for team in people]

    def week(self, week: int) -> Lines:
        """Events of one week; none outside survey weeks."""
        week_lines = Lines()
        if week < self._survey.first or (week - self._survey.first) % 8:
            return week_lines
        label = self._calendar.span.label(week)
        for people, rng in zip(self._people, self._rngs, strict=True):
            unit = people.unit.id
            answers = rng.random(len(people.ids)) < self._survey.answering
            noise = rng.normal(0, 0.8, (len(people.ids), len(self.items)))
            respondents = np.flatnonzero(answers & people.at_work[:, week])
            # answers leave in random order: their place says nothing about who gave them
            event_ids, event_data = [], []
            for respondent_number, respondent in enumerate(rng.permutation(respondents).tolist()):
                tier = people.tier[respondent]
                for element, item_noise in zip(self.items, noise[respondent], strict=True):
                    mean = self._mean(unit, tier, element, week)
                    score = int(np.clip(round(mean + item_noise), 1, 5))
                    event_ids.append(
                        f"{unit}-{self._survey.name}-{label}-{respondent_number}-{element}"
                    )
                    event_data.append(
                        f'"unit":"{unit}","system":"{self._survey.system}","survey":"{self._survey.name}-{label}",'
                        f'"item":"{element}","tier":"{tier}","score":{score}'
                    )
            moments = self._calendar.moment(
                np.full(len(event_ids), week * 7 + 3), np.full(len(event_ids), 12.0)
            )
            week_lines.add(
                moments,
                plain_lines(moments, tail("", self.source, "change.pulse"), event_ids, event_data),
            )
        return week_lines


class SatisfactionFeed:
    """What those say who turned to the body: one answer of 1 to 5 after some of the cases of a week, without a person.

    `works` are the lines of work, `answering` the share of cases that is answered for; `satisfied` gives the share that
    is satisfied of a unit's cases of a type in a week.
    """

    def __init__(
        self,
        scene: Scene,
        system: str,
        works: list[Work],
        satisfied: Callable[[Work, int], float],
        answering: float = 0.2,
    ) -> None:
        self.source = scene.source("nojdhet")
        self._system = system
        self._works = works
        self._satisfied = satisfied
        self._calendar = scene.calendar
        weeks = scene.calendar.span.count
        # answers of all weeks at once: in which order weeks are asked for changes nothing
        rngs = [scene.rng(line.unit, line.case_type, "satisfaction") for line in works]
        self._numbers = [
            rng.binomial(line.cases, answering) for rng, line in zip(rngs, works, strict=True)
        ]
        self._draws: list[list[Floats]] = [
            [rng.random(numbers[week]) for week in range(weeks)]
            for rng, numbers in zip(rngs, self._numbers, strict=True)
        ]

    def week(self, week: int) -> Lines:
        """Events of one week."""
        week_lines = Lines()
        label = self._calendar.span.label(week)
        for line_of_work, weekly_draws in zip(self._works, self._draws, strict=True):
            share = self._satisfied(line_of_work, week)
            # of the satisfied half are very much so; of the others half say neither
            scores = 5 - np.searchsorted(
                [share / 2, share, (1 + share) / 2], weekly_draws[week], side="right"
            )
            event_ids = [
                f"{line_of_work.unit}-{line_of_work.case_type}-{label}-{answer_number}"
                for answer_number in range(len(scores))
            ]
            event_data = [
                f'"unit":"{line_of_work.unit}","system":"{self._system}","survey":"{label}",'
                f'"item":"satisfaction","tier":"user","score":{score}'
                for score in scores.tolist()
            ]
            moments = self._calendar.moment(
                np.full(len(event_ids), week * 7 + 4), np.full(len(event_ids), 12.0)
            )
            week_lines.add(
                moments,
                plain_lines(moments, tail("", self.source, "change.pulse"), event_ids, event_data),
            )
        return week_lines
