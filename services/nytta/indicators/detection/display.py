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

    def limits(part: slice, base: int) -> Limits:
        return xmr(points[part][:base])

    return _chart(points, limits, rebase=rebase, baseline=baseline, aim=(target, higher_is_better), trend=trend)


def p_prime_chart(
    count: ArrayLike,
    n: ArrayLike,
    *,
    rebase: tuple[int, ...] = (),
    baseline: int = 12,
    target: float | None = None,
    higher_is_better: bool = True,
    trend: int = 7,
) -> Chart:
    """Laney's p′ chart of one series of shares; the limits of each point follow its denominator."""
    x, m = np.asarray(count, float), np.asarray(n, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(m > 0, x / m, np.nan)

    def limits(part: slice, base: int) -> Limits:
        xs, ms = x[part], m[part]
        with np.errstate(divide="ignore", invalid="ignore"):
            centre = np.asarray(np.nansum(xs[:base]) / np.nansum(ms[:base]))
        _, sigma_z = p_prime(xs[:base], ms[:base])
        with np.errstate(divide="ignore", invalid="ignore"):
            sigma = np.sqrt(centre * (1 - centre) / ms) * sigma_z
        sides = (np.clip(centre + multiple * sigma, 0, 1) for multiple in (-3, 3, -2, 2))
        return Limits(centre + np.zeros_like(ms), *sides)

    return _chart(share, limits, rebase=rebase, baseline=baseline, aim=(target, higher_is_better), trend=trend)


def _chart(
    points: Array,
    limits: Callable[[slice, int], Limits],
    *,
    rebase: tuple[int, ...],
    baseline: int,
    aim: tuple[float | None, bool],
    trend: int,
) -> Chart:
    edges = sorted({0, len(points), *(edge for edge in rebase if 0 < edge < len(points))})
    lines = {name: np.full(len(points), np.nan) for name in ("centre", "lower", "upper", "near_lower", "near_upper")}
    marks = {name: np.zeros(len(points), np.int8) for name in ("outside", "shift", "trend", "near")}
    trial = np.zeros(len(points), bool)
    current_limits: Limits | None = None
    for start, end in pairwise(edges):
        part = slice(start, end)
        known_points = np.flatnonzero(np.isfinite(points[part]))
        base = int(known_points[min(baseline, len(known_points)) - 1]) + 1 if len(known_points) else 0
        trial[part] = len(known_points) < baseline
        if len(known_points) < 2:
            continue
        current_limits = limits(part, base)
        for name, line in lines.items():
            line[part] = getattr(current_limits, name)
        nhs_signals = nhs_rules(points[part], current_limits, trend=trend)
        for name, mark in marks.items():
            mark[part] = getattr(nhs_signals, name)
    return Chart(points, **lines, signals=NhsSignals(**marks), trial=trial, assurance=_assurance(current_limits, *aim))


def _assurance(limits: Limits | None, target: float | None, higher_is_better: bool) -> Assurance:
    if limits is None or target is None:
        return "unknown"
    low, high = float(np.ravel(limits.lower)[-1]), float(np.ravel(limits.upper)[-1])
    if not np.isfinite([low, high]).all():
        return "unknown"
    if low <= target <= high:
        return "hit_or_miss"
    return "reached" if (target < low) == higher_is_better else "missed"
