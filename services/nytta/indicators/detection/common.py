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
    counts = np.where(usable, gated.count, 0)
    denominators = np.where(usable, gated.n, 1)
    angles = np.where(usable, angle(counts, denominators), np.nan)
    last_angles = np.full((units, 8), np.nan)
    is_common = np.zeros(weeks, bool)
    change, hit_share = np.full(weeks, np.nan), np.full(weeks, np.nan)
    usual_changes: list[float] = []
    common_run = 0
    for week in range(weeks):
        is_known = np.isfinite(last_angles)
        known_count = is_known.sum(1)
        counted = usable[:, week] & (known_count >= 4)
        if counted.sum() >= parameters.common_count:
            reference = np.where(is_known, last_angles, 0.0).sum(1) / np.maximum(known_count, 1)
            moved = (angles[:, week] - reference)[counted]
            change[week] = float(np.median(moved))
            hit_share[week] = float((moved < -parameters.common_drop).mean())
            # Until eight changes have shown their spread, a usual one; 1.4826 makes it a standard deviation.
            has_usual = len(usual_changes) >= 8
            sigma = 1.4826 * float(np.median(np.abs(usual_changes))) if has_usual else 0.05
            # What the median moves by chance alone: few units with few cases each fall together now and then.
            # 9 / 8 for the reference's eight weeks, 1.2533 (√(π/2)) for a median in place of a mean.
            chance_variance = (9 / 8 / (4 * gated.n[counted, week])).mean() / counted.sum()
            chance = 1.2533 * float(np.sqrt(chance_variance))
            least_fall = max(parameters.common_sigma * max(sigma, chance), parameters.common_drop)
            has_fallen = (
                change[week] < -least_fall and hit_share[week] > parameters.common_system_share
            )
            if has_fallen and common_run < parameters.common_weeks:
                is_common[week] = True
                common_run += 1
                # Neither what is usual nor a reference: a common week is passed over.
                continue
            if common_run >= parameters.common_weeks:
                last_angles[:] = np.nan
            usual_changes = [*usual_changes[-25:], change[week]]
        common_run = 0 if counted.any() else common_run
        is_usable = usable[:, week]
        last_angles[is_usable] = np.column_stack(
            [last_angles[is_usable, 1:], angles[is_usable, week]]
        )
    return Common(is_common, change, hit_share)
