"""The series of one indicator of one system, as arrays: rows are units, columns are ISO weeks."""

from __future__ import annotations

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


def week_number(week: str) -> int:
    """The number of an ISO week: 7 of 2026-W07."""
    return int(week[6:])


def later(week: str, number: int) -> str:
    """The ISO week `number` weeks after `week`."""
    monday = date.fromisocalendar(int(week[:4]), week_number(week), 1) + timedelta(weeks=number)
    year, count, _ = monday.isocalendar()
    return f"{year}-W{count:02d}"
