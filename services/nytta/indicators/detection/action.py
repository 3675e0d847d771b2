"""What followed an action in a unit, against like units that did nothing in the same weeks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nytta.statistics import Effect, effect

from .panel import Array, Flags, Panel

BEFORE, AFTER, FEWEST = 13, 8, 8
"""Most usable weeks before an action and so many after it; with fewer before than `FEWEST` nothing is told."""

PATIENCE = 26
"""After so many weeks without enough usable ones, it is told that nothing can be told."""

FEWEST_OTHERS, FEWEST_BEHIND = 8, 10
"""Fewest like units, and fewest persons or cases a week in the unit on either side."""

MATCHED = 0.25
"""Like units began within this share of where the unit began."""


class Why(StrEnum):
    """Why nothing can be told."""

    TOO_SHORT = "too_short"
    TOO_FEW = "too_few"
    TOO_FEW_LIKE = "too_few_like"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Followed:
    """What followed: an effect in shares against `others` units, or why none can be told."""

    effect: Effect | None
    others: int
    why: Why | None = None


def followed(panel: Panel, unit: int, column: int, acted: Collection[int]) -> Followed | None:
    """What followed the action of the week in `column` in a unit; None while it is too early.

    `unit` and `acted` are rows of the panel: units that acted themselves are no comparison. Only weeks up to the eighth
    usable one after the action are looked at.
    """
    usable = _usable(panel)
    weeks_before = np.flatnonzero(usable[unit, :column])[-BEFORE:]
    weeks_after = column + 1 + np.flatnonzero(usable[unit, column + 1 :])[:AFTER]
    if len(weeks_after) < AFTER:
        is_late = panel.shape[1] - column > PATIENCE
        return Followed(None, 0, Why.TOO_FEW) if is_late else None
    if len(weeks_before) < FEWEST:
        return Followed(None, 0, Why.TOO_SHORT)
    first_week, last_week = int(weeks_before[0]), int(weeks_after[-1])
    # After the first week: a change in it is the beginning of what is compared.
    is_rebased = np.asarray(panel.rebase[:, first_week + 1 : last_week + 1].any(axis=1))
    if is_rebased[unit]:
        return Followed(None, 0, Why.CHANGED)
    share = _shares(panel)
    level_before = share[unit, weeks_before].mean()
    level_after = share[unit, weeks_after].mean()
    size = panel.denominator[unit, weeks_before].mean()
    if min(size, panel.denominator[unit, weeks_after].mean()) < FEWEST_BEHIND:
        return Followed(None, 0, Why.TOO_FEW)
    changes, sizes = [], []
    for other in range(len(panel.units)):
        is_like = panel.group[other] == panel.group[unit] and other not in acted and other != unit
        is_live = panel.live[other] <= first_week and panel.until[other] > last_week
        if not (is_like and is_live) or is_rebased[other]:
            continue
        other_before = weeks_before[usable[other, weeks_before]]
        other_after = weeks_after[usable[other, weeks_after]]
        # The same weeks for all; another unit may lack some of them, and still be a comparison.
        if len(other_before) < FEWEST or len(other_after) < AFTER - 2:
            continue
        other_level = share[other, other_before].mean()
        if abs(other_level - level_before) <= MATCHED:
            changes.append(share[other, other_after].mean() - other_level)
            sizes.append(panel.denominator[other, other_before].mean())
    if len(changes) < FEWEST_OTHERS:
        return Followed(None, len(changes), Why.TOO_FEW_LIKE)
    return Followed(effect(level_after - level_before, size, changes, sizes), len(changes))


def _usable(panel: Panel) -> Flags:
    """Weeks with figures that are neither holidays nor lack data."""
    usable = np.isfinite(panel.numerator) & (np.nan_to_num(panel.denominator) > 0)
    usable &= np.arange(panel.shape[1])[None, :] >= panel.live[:, None]
    for lost in (panel.quiet, panel.stale):
        if lost is not None:
            usable &= ~lost[None, :]
    return np.asarray(usable)


def _shares(panel: Panel) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(panel.numerator / panel.denominator)
