"""Weekly cells of one organisation as panels: the pipeline's way into detection, beside the CSV series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .panel import Array, Flags, Panel
from .results import Kind
from .series import carried


@dataclass(frozen=True, slots=True)
class Judged:
    """A unit or reporting group that is judged, with what the registry says of it for one system and indicator.

    `live` is the column (week) of the go-live, None where nobody says one; `rebases` those of declared changes; `plan`
    has (first column, target share, column of the due date) for each stretch in which a target was the next to reach.
    """

    unit: str
    peer_group: str = ""
    live: int | None = None
    rebases: tuple[int, ...] = ()
    plan: tuple[tuple[int, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """Matrices of (units, weeks), NaN where nothing is known: counts, and the persons behind them."""

    numerator: Array
    denominator: Array
    eligible: Array | None = None
    presence: Array | None = None
    entitlement: Array | None = None


def panel(
    system: str,
    indicator: str,
    weeks: Sequence[str],
    judged: Sequence[Judged],
    counts: Counts,
    *,
    persons: bool,
    kinds: tuple[Kind, ...],
    quiet: Flags,
    stale: Flags | None = None,
) -> Panel:
    """One system's indicator over all weeks; a unit is judged from its go-live on, else from its first counts.

    Shapes: `counts` as `judged` by `weeks`, `quiet` and `stale` as `weeks`.
    """
    counted = np.nan_to_num(counts.denominator) > 0
    start = np.array(
        [
            int(row.argmax()) if unit.live is None else max(unit.live, 0)
            for unit, row in zip(judged, counted, strict=True)
        ],
        np.int64,
    )
    inside = np.arange(len(weeks))[None, :] >= start[:, None]

    def spread(matrix: Array) -> Array:
        return np.where(inside, matrix, np.nan)

    def optional(matrix: Array | None, *, fill: bool = False) -> Array | None:
        if matrix is None or not np.isfinite(matrix).any():
            return None
        return spread(carried(matrix) if fill else matrix)

    rebase = np.zeros((len(judged), len(weeks)), bool)
    target, due_weeks = (np.full((len(judged), len(weeks)), np.nan) for _ in range(2))
    for row, unit in enumerate(judged):
        rebase[row, [column for column in unit.rebases if 0 <= column < len(weeks)]] = True
        for first_week, share, day in unit.plan:
            target[row, max(first_week, 0) :], due_weeks[row, max(first_week, 0) :] = share, day
    names = {
        name: number
        for number, name in enumerate(
            dict.fromkeys(judged_unit.peer_group or f"\0{judged_unit.unit}" for judged_unit in judged)
        )
    }
    groups = np.array([names[judged_unit.peer_group or f"\0{judged_unit.unit}"] for judged_unit in judged], np.int64)
    return Panel(
        system,
        indicator,
        tuple(unit.unit for unit in judged),
        tuple(weeks),
        groups,
        spread(counts.numerator),
        spread(counts.denominator),
        start,
        rebase & inside,
        np.full(len(judged), len(weeks), np.int64),
        optional(counts.eligible, fill=True),
        optional(counts.presence),
        optional(counts.entitlement, fill=True),
        optional(target),
        optional(due_weeks),
        persons,
        kinds,
        quiet,
        stale,
    )
