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
    shape = (len(judged), len(weeks))
    has_counts = np.nan_to_num(counts.denominator) > 0
    start = np.array([_start(unit, row) for unit, row in zip(judged, has_counts, strict=True)], np.int64)
    is_live = np.arange(len(weeks))[None, :] >= start[:, None]

    def live(matrix: Array) -> Array:
        return np.where(is_live, matrix, np.nan)

    def optional(matrix: Array | None, *, fill: bool = False) -> Array | None:
        # A matrix in which nothing is known is a source that does not tell.
        if matrix is None or not np.isfinite(matrix).any():
            return None
        return live(carried(matrix) if fill else matrix)

    rebase = np.zeros(shape, bool)
    target, due_weeks = np.full(shape, np.nan), np.full(shape, np.nan)
    for row, unit in enumerate(judged):
        rebase[row, [column for column in unit.rebases if 0 <= column < len(weeks)]] = True
        # In order: the target that is next to reach stands over the one before it.
        for first_column, share, due_column in unit.plan:
            target[row, max(first_column, 0) :] = share
            due_weeks[row, max(first_column, 0) :] = due_column
    # A unit without a peer group is compared with nobody.
    group_names = [unit.peer_group or f"\0{unit.unit}" for unit in judged]
    group_of_name = {name: group for group, name in enumerate(dict.fromkeys(group_names))}
    groups = np.array([group_of_name[name] for name in group_names], np.int64)
    return Panel(
        system=system,
        indicator=indicator,
        units=tuple(unit.unit for unit in judged),
        weeks=tuple(weeks),
        group=groups,
        numerator=live(counts.numerator),
        denominator=live(counts.denominator),
        live=start,
        rebase=rebase & is_live,
        until=np.full(len(judged), len(weeks), np.int64),
        eligible=optional(counts.eligible, fill=True),
        presence=optional(counts.presence),
        entitlement=optional(counts.entitlement, fill=True),
        target=optional(target),
        due=optional(due_weeks),
        persons=persons,
        kinds=kinds,
        quiet=quiet,
        stale=stale,
    )


def _start(unit: Judged, has_counts: Flags) -> int:
    """The column of a unit's go-live, else of its first counts (0 without any)."""
    return int(has_counts.argmax()) if unit.live is None else max(unit.live, 0)
