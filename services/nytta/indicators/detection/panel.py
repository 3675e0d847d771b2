"""The series of one indicator of one system, as arrays: rows are units, columns are ISO weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from .results import Kind

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Panel:
    """Counts and circumstances of every unit and week of one indicator.

    Matrices are (units, weeks); NaN stands where nothing was delivered. `weeks` is an unbroken run of ISO
    weeks. `eligible` counts persons of the unit, `presence` is the share of them at work, `entitlement`
    the share with access; each is None where the source does not tell. `live` is the column of go-live
    (the unit's first column with data when no milestone says it). `rebase` marks declared milestones after
    go-live, `until` the column from which a unit's history no longer counts (a second go-live continues it
    in a row of its own), `due` and `target` the plan in force: the column of the due date and the share to
    be reached. `persons` says that the denominator counts persons, of whom the absent are taken out; else it counts
    cases or the like. `kinds` are the detectors that may speak, `quiet` the weeks of holidays by the organisation's
    calendar (the Nordic ones by their numbers where None), `stale` the weeks in which a source delivered far too
    little.
    """

    system: str
    indicator: str
    units: tuple[str, ...]
    weeks: tuple[str, ...]
    group: Whole
    numerator: Array
    denominator: Array
    live: Whole
    rebase: Flags
    until: Whole
    eligible: Array | None = None
    presence: Array | None = None
    entitlement: Array | None = None
    target: Array | None = None
    due: Array | None = None
    persons: bool = True
    kinds: tuple[Kind, ...] = ("level", "relapse", "behind_plan")
    quiet: Flags | None = None
    stale: Flags | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Units and weeks."""
        return len(self.units), len(self.weeks)


def unit_places(panels: Sequence[Panel]) -> tuple[list[Whole], int]:
    """For each panel the place of each row's unit among the units of all panels, and how many units there are.

    Rows of one unit have one place: after a second go-live it has two in a panel, and it has one in each indicator.
    """
    codes = dict.fromkeys(code for panel in panels for code in panel.units)
    place_of = {code: place for place, code in enumerate(codes)}
    places = [np.array([place_of[code] for code in panel.units], np.int64) for panel in panels]
    return places, len(place_of)


def week_number(week: str) -> int:
    """The number of an ISO week: 7 of 2026-W07."""
    return int(week[6:])


def later(week: str, number: int) -> str:
    """The ISO week `number` weeks after `week`."""
    monday = date.fromisocalendar(int(week[:4]), week_number(week), 1)
    later_monday = monday + timedelta(weeks=number)
    # By the calendar, as a year has 52 weeks or 53.
    year, iso_week, _ = later_monday.isocalendar()
    return f"{year}-W{iso_week:02d}"
