"""Derived indicators of decisions: received and executed in time (G1, G2), and how old the open ones are (G3).

Counts of units only: nothing here says which unit, or which manager, was when.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from nytta.registry.programme import Decision

RECEIVED = timedelta(days=14)
"""A unit that acknowledges a decision within so many days has received it in time."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a unit reported of a decision: made, acknowledged, executed or reversed."""

    decision: str
    unit: str
    state: str
    day: date


@dataclass(frozen=True, slots=True)
class Followed:
    """How far a decision has come on a day; shares are percent of the units it concerns.

    `received` is None until fourteen days have gone, `executed` until the due date has. `weeks` is the age of an open
    decision, None of one that every unit has executed or that was taken back.
    """

    decision: str
    level: str
    units: int
    received: float | None
    executed: float | None
    weeks: int | None


@dataclass(frozen=True, slots=True)
class Ages:
    """Ages in weeks of the open decisions of a level: the middle one, and the one that 85 percent do not exceed."""

    open: int
    median: float
    p85: float


def follow_through(
    decision: Decision, all_acts: Iterable[Act], units: Collection[str], day: date
) -> Followed | None:
    """How the decision, which concerns `units`, stands on `day`; None before it was taken, or where it concerns nobody.

    A unit that executed a decision has received it, too.
    """
    if not units or decision.decided > day:
        return None
    decision_acts = sorted(
        (act for act in all_acts if act.decision == decision.id and act.day <= day),
        key=lambda act: (act.day, act.state),
    )

    def by(last_day: date, *states: str) -> float:
        told = (act for act in decision_acts if act.state in states and act.day <= last_day)
        return 100 * len({act.unit for act in told if act.unit in units}) / len(units)

    received_until, due_date = decision.decided + RECEIVED, decision.due
    # the last word counts: a decision may be taken back and made again
    turns = [act.state for act in decision_acts if act.state in ("made", "reversed")]
    over = by(day, "executed") == 100 or (bool(turns) and turns[-1] == "reversed")
    return Followed(
        decision.id,
        decision.level,
        len(units),
        by(received_until, "acknowledged", "executed") if received_until <= day else None,
        by(due_date, "executed") if due_date is not None and due_date <= day else None,
        None if over else (day - decision.decided).days // 7,
    )


def ageing(followed: Sequence[Followed]) -> Mapping[str, Ages]:
    """Ages of the open decisions by level of the organisation; levels without any are left out."""
    ages: dict[str, list[int]] = {}
    for decision in followed:
        if decision.weeks is not None:
            ages.setdefault(decision.level, []).append(decision.weeks)
    return {
        level: Ages(len(weeks), float(np.quantile(weeks, 0.5)), float(np.quantile(weeks, 0.85)))
        for level, weeks in sorted(ages.items())
    }
