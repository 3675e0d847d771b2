"""L4: control charts for the eye. They are drawn and never notify.

A chart is rebased at declared milestones only; every stretch between them has limits of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from nytta.statistics import Limits, NhsSignals, nhs_rules, p_prime, xmr

from .panel import Array, Flags

Assurance = Literal["reached", "missed", "hit_or_miss", "unknown"]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn series: values, centre and limits of each point, rule marks, and what may be said of it.

    `trial` marks points whose limits rest on fewer than the wanted baseline. `assurance` compares the
    target with the limits of the last stretch: reached, missed, hit or miss by chance, or unknown.
    """

    values: Array
    centre: Array
    lower: Array
    upper: Array
    near_lower: Array
    near_upper: Array
    signals: NhsSignals
    trial: Flags
    assurance: Assurance


def xmr_chart(
    values: ArrayLike,
    *,
    rebase: tuple[int, ...] = (),
    baseline: int = 12,
    target: float | None = None,
    higher_is_better: bool = True,
    trend: int = 7,
) -> Chart:
    """An XmR chart of one series with NHS Making Data Count's rules.

    `rebase`: columns at which declared milestones begin a new stretch; `baseline`: the first points of a
    stretch its limits rest on.
    """
    points = np.asarray(values, float)

    def limits(stretch: slice, base: int) -> Limits:
        return xmr(points[stretch][:base])

    return _chart(
        points,
        limits,
        rebase=rebase,
        baseline=baseline,
        aim=(target, higher_is_better),
        trend=trend,
    )


def p_prime_chart(
    count: ArrayLike,
    denominator: ArrayLike,
    *,
    rebase: tuple[int, ...] = (),
    baseline: int = 12,
    target: float | None = None,
    higher_is_better: bool = True,
    trend: int = 7,
) -> Chart:
    """Laney's p′ chart of one series of shares; the limits of each point follow its denominator."""
    counts, denominators = np.asarray(count, float), np.asarray(denominator, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(denominators > 0, counts / denominators, np.nan)

    def limits(stretch: slice, base: int) -> Limits:
        base_counts, base_denominators = counts[stretch][:base], denominators[stretch][:base]
        # σ_z from the baseline, limits for every point of the stretch by its own denominator.
        _, sigma_z = p_prime(base_counts, base_denominators)
        with np.errstate(divide="ignore", invalid="ignore"):
            centre = np.asarray(np.nansum(base_counts) / np.nansum(base_denominators))
            sigma = np.sqrt(centre * (1 - centre) / denominators[stretch]) * sigma_z

        def at(sigmas: int) -> Array:
            return np.asarray(np.clip(centre + sigmas * sigma, 0, 1))

        line = centre + np.zeros_like(denominators[stretch])
        return Limits(line, lower=at(-3), upper=at(3), near_lower=at(-2), near_upper=at(2))

    return _chart(
        share, limits, rebase=rebase, baseline=baseline, aim=(target, higher_is_better), trend=trend
    )


def _chart(
    points: Array,
    limits: Callable[[slice, int], Limits],
    *,
    rebase: tuple[int, ...],
    baseline: int,
    aim: tuple[float | None, bool],
    trend: int,
) -> Chart:
    inner_edges = [edge for edge in rebase if 0 < edge < len(points)]
    edges = sorted({0, len(points), *inner_edges})
    lines = {
        name: np.full(len(points), np.nan)
        for name in ("centre", "lower", "upper", "near_lower", "near_upper")
    }
    marks = {name: np.zeros(len(points), np.int8) for name in ("outside", "shift", "trend", "near")}
    trial = np.zeros(len(points), bool)
    last_limits: Limits | None = None
    for start, end in pairwise(edges):
        stretch = slice(start, end)
        known_points = np.flatnonzero(np.isfinite(points[stretch]))
        base_points = min(baseline, len(known_points))
        # Up to and with the last point of the baseline: weeks without a value do not count.
        base = int(known_points[base_points - 1]) + 1 if base_points else 0
        trial[stretch] = len(known_points) < baseline
        # A single point has no moving range, and so no limits.
        if len(known_points) < 2:
            continue
        last_limits = limits(stretch, base)
        for name, line in lines.items():
            line[stretch] = getattr(last_limits, name)
        nhs_signals = nhs_rules(points[stretch], last_limits, trend=trend)
        for name, mark in marks.items():
            mark[stretch] = getattr(nhs_signals, name)
    return Chart(
        points,
        **lines,
        signals=NhsSignals(**marks),
        trial=trial,
        assurance=_assurance(last_limits, *aim),
    )


def _assurance(limits: Limits | None, target: float | None, higher_is_better: bool) -> Assurance:
    if limits is None or target is None:
        return "unknown"
    # The limits in force now: those of the last point.
    low = float(np.ravel(limits.lower)[-1])
    high = float(np.ravel(limits.upper)[-1])
    if not np.isfinite([low, high]).all():
        return "unknown"
    if low <= target <= high:
        return "hit_or_miss"
    return "reached" if (target < low) == higher_is_better else "missed"
