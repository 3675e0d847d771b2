"""Persons: who belongs to a unit, who is at work in which week, and who acts in the system.

Everything about persons is drawn when the world is built, one stream per unit, because it is small and
because the truth file counts it. Arrays are persons x weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from nytta.demo.place import Unit
from nytta.demo.randomness import Flags, Floats, Ints
from nytta.demo.scene import Scene
from nytta.demo.weeks import Calendar, Span, easter_monday

TIERS = ("manager", "key-role", "staff")
NEVER = 10**6
"""The week that never comes."""
# share of the variance of using a system that is the person's own and stays from week to week
_PERSISTENCE = 0.7


@dataclass(frozen=True, slots=True)
class Staff:
    """The persons of one unit.

    `present` and `contract` are tenths of days, persons x weeks; `employed` tells in which weeks the person
    belongs to the unit. `entitled` persons have account and licence.
    """

    unit: Unit
    ids: list[str]
    tier: list[str]
    fte: Ints
    joined: Ints
    left: Ints
    entitled: Flags
    employed: Flags
    present: Ints
    contract: Ints
    leaning: Floats

    @property
    def at_work(self) -> Flags:
        """Persons x weeks: at work on at least a day."""
        return self.present > 0

    @property
    def expected(self) -> Flags:
        """Persons x weeks: at work and entitled, so that use can be expected."""
        return self.at_work & self.entitled[:, None]


def staff(scene: Scene, unit: Unit) -> Staff:
    """Draw the persons of a unit."""
    rng = scene.rng(unit.id, "staff")
    calendar, weeks = scene.calendar, scene.span.count
    # each leaver has a successor, so that the headcount never exceeds the unit's
    leavers = min(int(rng.binomial(unit.staff, 0.06 * weeks / 52)), unit.staff // 3)
    person_count = unit.staff + leavers
    joined = np.zeros(person_count, np.int64)
    left = np.full(person_count, NEVER)
    for leaver_number in range(leavers):
        # from the end of the list: the managers stand first and stay
        leaves = int(rng.integers(6, weeks - 6))
        left[unit.staff - 1 - leaver_number] = leaves
        joined[unit.staff + leaver_number] = leaves + int(rng.integers(0, 4))
    fte = rng.choice([100, 80, 75, 60, 50], person_count, p=[0.7, 0.13, 0.07, 0.04, 0.06])
    entitled = rng.random(person_count) >= 0.02
    entitled[: unit.managers] = True
    # evenly spread leanings: a unit's share varies with its people's weeks, not with the luck of its staffing
    leaning = np.empty(person_count)
    leaning[: unit.staff] = ndtri((rng.permutation(unit.staff) + 0.5) / unit.staff)
    # a successor leans as the one before, so that the spread stays even
    leaning[unit.staff :] = leaning[unit.staff - leavers : unit.staff][::-1]
    contract = np.round(fte[:, None] / 10 * calendar.working_in_week).astype(np.int64)
    days_present = np.round(contract * (1 - _absence(rng, person_count, calendar)))
    present = np.maximum(0, days_present.astype(np.int64))
    week = np.arange(weeks)
    employed = (week >= joined[:, None]) & (week < left[:, None])
    root, _, unit_name = unit.id.partition("-")
    return Staff(
        unit=unit,
        ids=[
            f"anst-{root}-{unit_name}-{person_number:03d}" for person_number in range(person_count)
        ],
        tier=_tiers(unit, person_count),
        fte=fte,
        joined=joined,
        left=left,
        entitled=entitled,
        employed=employed,
        present=np.where(employed, present, 0),
        contract=np.where(employed, contract, 0),
        leaning=leaning,
    )


def _tiers(unit: Unit, person_count: int) -> list[str]:
    """Managers first, then one in six in a key role, the others are staff."""
    key_roles = max(1, unit.staff // 6)
    tiers = ["manager"] * unit.managers + ["key-role"] * key_roles + ["staff"] * person_count
    return tiers[:person_count]


def _absence(rng: np.random.Generator, person_count: int, calendar: Calendar) -> Floats:
    """Share of each week that each person is away: summer and other leave, and sickness."""
    span = calendar.span
    iso_weeks = [span.monday(number).isocalendar() for number in range(span.count)]
    week_numbers = np.array([iso_week.week for iso_week in iso_weeks])
    years = np.array([iso_week.year for iso_week in iso_weeks])
    is_norway = calendar.country == "NO"
    away_shares = np.zeros((person_count, span.count))
    for year in np.unique(years):
        first_week = rng.choice(
            [25, 26, 27, 28, 29, 30, 31], person_count, p=[0.06, 0.16, 0.24, 0.22, 0.16, 0.1, 0.06]
        )
        length = rng.choice([3, 4, 5], person_count, p=[0.3, 0.5, 0.2])
        end_week = first_week + length
        is_away = (week_numbers >= first_week[:, None]) & (week_numbers < end_week[:, None])
        easter = easter_monday(int(year)).isocalendar().week
        # winter break, the week before Easter, the one after, autumn break
        breaks = (8, easter - 1, easter, 40) if is_norway else (9, easter - 1, easter, 44)
        chances = (0.15, 0.3, 0.1, 0.12) if is_norway else (0.15, 0.15, 0.2, 0.12)
        takes_whole_week = rng.random((person_count, 6)) < [0.6, 0.45, *chances]
        for column, week in enumerate((52, 1, *breaks)):
            is_away |= takes_whole_week[:, [column]] & (week_numbers == week)
        away_shares = np.where(is_away & (years == year), 1.0, away_shares)
    # sickness and care of children: a whole week, two days, one day
    luck = rng.random((person_count, span.count))
    spells = np.select([luck < 0.02, luck < 0.08, luck < 0.14], [1.0, 0.4, 0.2], 0.0)
    absence: Floats = np.maximum(away_shares, spells)
    return absence


def acting(scene: Scene, people: Staff, shares: Floats, label: str) -> Flags:
    """Persons x weeks: who acts in a system, when `shares[w]` of those expected do.

    The same persons tend to act week after week: the chance follows the person's leaning and the week's
    chance.
    """
    rng = scene.rng(people.unit.id, label)
    luck = rng.standard_normal(people.present.shape)
    # own and weekly part with variances that add up to 1: the sum is standard normal, and its quantile the share
    reluctance = np.sqrt(_PERSISTENCE) * people.leaning[:, None] + np.sqrt(1 - _PERSISTENCE) * luck
    bound = ndtri(np.clip(shares, 1e-9, 1 - 1e-9))
    acting_weeks: Flags = (reluctance < bound) & (shares > 0) & people.expected
    return acting_weeks


class Roster:
    """Who of a unit can be the actor of an event in a given week: a look-up by arrays."""

    def __init__(self, groups: list[tuple[list[str], Flags]]) -> None:
        self.weeks = groups[0][1].shape[1]
        self.ids: list[str] = []
        counts, persons = [], []
        for ids, acting_weeks in groups:
            person, week = np.nonzero(acting_weeks)
            by_week = np.argsort(week, kind="stable")
            persons.append(person[by_week] + len(self.ids))
            counts.append(np.bincount(week, minlength=self.weeks))
            self.ids.extend(ids)
        self._count = np.concatenate(counts)
        self._start = np.concatenate(([0], np.cumsum(self._count)))[:-1]
        # one more, so that the place of a cell without anybody can be looked up too
        self._persons = np.concatenate([*persons, [0]])

    def choose(self, group: Ints, week: Ints, uniforms: Floats) -> Ints:
        """Number (into `ids`) of an actor of each group in each week; -1 where nobody acts in that week."""
        cell = group * self.weeks + np.clip(week, 0, self.weeks - 1)
        count = self._count[cell]
        place = self._start[cell] + (uniforms * count).astype(np.int64)
        person = self._persons[np.minimum(place, len(self._persons) - 1)]
        return np.where(count > 0, person, -1)


def breadth(people: Staff, acting_weeks: Flags, system: str, first_week: int = 0) -> dict[str, Any]:
    """The truth of weekly breadth from week `first_week` on: persons who act, of those at work and entitled."""
    is_counted = np.arange(acting_weeks.shape[1]) >= first_week
    return {
        "unit": people.unit.id,
        "system": system,
        "numerator": (acting_weeks.sum(axis=0) * is_counted).tolist(),
        "denominator": (people.expected.sum(axis=0) * is_counted).tolist(),
    }


def ramp(
    span: Span, start: int, plateau: float, *, weeks_to_half: float = 4.0, pace: float = 1.5
) -> Floats:
    """A share that rises from 0 at week `start` to `plateau`, half way `weeks_to_half` weeks later (logistic)."""
    week = np.arange(span.count)
    folds = -(week - start - weeks_to_half) / pace
    return np.where(week >= start, plateau / (1 + np.exp(folds)), 0.0)
