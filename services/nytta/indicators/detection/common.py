"""L5: weeks in which all units of a system fall together. The cause is then not in any unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .distance import angle
from .gates import Gated
from .panel import Array, Flags, Panel
from .parameters import Parameters


@dataclass(frozen=True, slots=True)
class Common:
    """Weeks (a row for the whole system) of a common cause, the mean change and the share of units hit."""

    weeks: Flags
    change: Array
    share: Array


def common_cause(panel: Panel, gated: Gated, parameters: Parameters) -> Common:
    """Chart the mean of all units, each against its own last eight observations.

    A week is common when the mean falls by more than `common_sigma` of its own usual movement, of what chance
    moves it, and by at least `common_drop`, and more than `common_system_share` of the units fall. After
    `common_weeks` weeks in a row the lower level is taken as how things now are.
    """
    units, weeks = panel.shape
    usable = gated.usable
    angles = np.where(usable, angle(np.where(usable, gated.count, 0), np.where(usable, gated.n, 1)), np.nan)
    ring = np.full((units, 8), np.nan)
    flags, change, hit_share = np.zeros(weeks, bool), np.full(weeks, np.nan), np.full(weeks, np.nan)
    usual: list[float] = []
    in_row = 0
    for week in range(weeks):
        is_known = np.isfinite(ring)
        number = is_known.sum(1)
        counted = usable[:, week] & (number >= 4)
        if counted.sum() >= parameters.common_count:
            reference = np.where(is_known, ring, 0.0).sum(1) / np.maximum(number, 1)
            moved = (angles[:, week] - reference)[counted]
            change[week] = float(np.median(moved))
            hit_share[week] = float((moved < -parameters.common_drop).mean())
            sigma = 1.4826 * float(np.median(np.abs(usual))) if len(usual) >= 8 else 0.05
            # What the median moves by chance alone: few units with few cases each fall together now and then.
            chance = 1.2533 * float(np.sqrt((9 / 8 / (4 * gated.n[counted, week])).mean() / counted.sum()))
            fallen = change[week] < -max(parameters.common_sigma * max(sigma, chance), parameters.common_drop)
            if fallen and hit_share[week] > parameters.common_system_share and in_row < parameters.common_weeks:
                flags[week], in_row = True, in_row + 1
                continue
            if in_row >= parameters.common_weeks:
                ring[:] = np.nan
            usual = [*usual[-25:], change[week]]
        in_row = 0 if counted.any() else in_row
        take = usable[:, week]
        ring[take] = np.column_stack([ring[take, 1:], angles[take, week]])
    return Common(flags, change, hit_share)


def without(gated: Gated, common: Common, reason: str) -> Gated:
    """The observations with the common weeks taken out, each named in the reasons."""
    usable = gated.usable & common.weeks[None, :]
    reasons = gated.reason.copy()
    reasons[usable] = reason
    return Gated(np.where(usable, np.nan, gated.count), np.where(usable, np.nan, gated.n), reasons, gated.reset)
