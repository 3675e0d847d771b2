"""Weekly cells of one organisation as panels: the pipeline's way into detection, beside the CSV series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .panel import Array, Flags, Panel, Whole
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


def panel(  # noqa: PLR0913 - the columns of a panel, by name
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
    has_counts = np.nan_to_num(counts.denominator) > 0
    start = np.array(
        [_start(unit, row) for unit, row in zip(judged, has_counts, strict=True)], np.int64
    )
    is_live = np.arange(len(weeks))[None, :] >= start[:, None]
    target, due_weeks = _plans(judged, len(weeks))
    return Panel(
        system=system,
        indicator=indicator,
        units=tuple(unit.unit for unit in judged),
        weeks=tuple(weeks),
        group=_groups(judged),
        numerator=np.where(is_live, counts.numerator, np.nan),
        denominator=np.where(is_live, counts.denominator, np.nan),
        live=start,
        rebase=_rebases(judged, len(weeks)) & is_live,
        until=np.full(len(judged), len(weeks), np.int64),
        eligible=_where_told(counts.eligible, is_live, fill=True),
        presence=_where_told(counts.presence, is_live),
        entitlement=_where_told(counts.entitlement, is_live, fill=True),
        target=_where_told(target, is_live),
        due=_where_told(due_weeks, is_live),
        persons=persons,
        kinds=kinds,
        quiet=quiet,
        stale=stale,
    )


def _where_told(matrix: Array | None, is_live: Flags, *, fill: bool = False) -> Array | None:
    """A matrix from go-live on, with what was last known carried on where `fill`; None where nothing is known."""
    # a matrix in which nothing is known is a source that does not tell
    if matrix is None or not np.isfinite(matrix).any():
        return None
    return np.where(is_live, carried(matrix) if fill else matrix, np.nan)


def _rebases(judged: Sequence[Judged], weeks: int) -> Flags:
    rebase = np.zeros((len(judged), weeks), bool)
    for row, unit in enumerate(judged):
        rebase[row, [column for column in unit.rebases if 0 <= column < weeks]] = True
    return rebase


def _plans(judged: Sequence[Judged], weeks: int) -> tuple[Array, Array]:
    """The share to be reached and the column by when, (units, weeks); NaN where no plan is in force."""
    target = np.full((len(judged), weeks), np.nan)
    due_weeks = np.full((len(judged), weeks), np.nan)
    for row, unit in enumerate(judged):
        # In order: the target that is next to reach stands over the one before it.
        for first_column, share, due_column in unit.plan:
            target[row, max(first_column, 0) :] = share
            due_weeks[row, max(first_column, 0) :] = due_column
    return target, due_weeks


def _groups(judged: Sequence[Judged]) -> Whole:
    """The number of each unit's group of peers."""
    # A unit without a peer group is compared with nobody.
    group_names = [unit.peer_group or f"\0{unit.unit}" for unit in judged]
    group_of_name = {name: group for group, name in enumerate(dict.fromkeys(group_names))}
    return np.array([group_of_name[name] for name in group_names], np.int64)


def _start(unit: Judged, has_counts: Flags) -> int:
    """The column of a unit's go-live, else of its first counts (0 without any)."""
    return int(has_counts.argmax()) if unit.live is None else max(unit.live, 0)
