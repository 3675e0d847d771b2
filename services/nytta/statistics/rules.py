"""Run rules: when a charted series says more than chance. All look back only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .charts import Limits
from .quantiles import binomial_quantile

Array = NDArray[np.float64]
Signs = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class NhsSignals:
    """At which points each rule is met: +1 high side or rising, -1 low side or falling, 0 not met.

    A rule over several points is met at the last of them, so a later value never changes an earlier mark.
    """

    outside: Signs
    shift: Signs
    trend: Signs
    near: Signs

    def low(self) -> NDArray[np.bool_]:
        """Points at which any rule is met on the low side."""
        return (self.outside < 0) | (self.shift < 0) | (self.trend < 0) | (self.near < 0)


def nhs_rules(values: ArrayLike, limits: Limits, *, shift: int = 7, trend: int = 7) -> NhsSignals:
    """The four rules of NHS Making Data Count along the last axis.

    Outside a process limit; `shift` points on one side of the centre; `trend` points rising or falling
    (`trend` - 1 steps; a tie breaks it; the programme's spreadsheet uses 6); two of three points beyond a
    near limit with all three on the same side. Source: NHSRplotthedots, ptd_spc_standard. A week without
    a value is passed over: the runs go on across it.
    """
    x = np.atleast_2d(np.asarray(values, float))
    rows, width = x.shape

    def line(value: Array) -> Array:
        value = np.asarray(value, float)
        shaped = value if value.ndim and value.shape[-1] == width else value[..., None]
        return np.broadcast_to(np.atleast_2d(shaped), x.shape)

    with np.errstate(invalid="ignore"):
        side = np.nan_to_num(np.sign(x - line(limits.centre))).astype(np.int8)
        beyond_limits = (x > line(limits.upper)).astype(np.int8) - (x < line(limits.lower)).astype(np.int8)
        beyond = (x > line(limits.near_upper)).astype(np.int8) - (x < line(limits.near_lower)).astype(np.int8)
    shifted, trended, neared = (np.zeros(x.shape, np.int8) for _ in range(3))
    run, run_side = np.zeros(rows, int), np.zeros(rows, np.int8)
    climb, climb_side, previous_value = np.ones(rows, int), np.zeros(rows, np.int8), np.full(rows, np.nan)
    sides, beyonds = np.zeros((rows, 3), np.int8), np.zeros((rows, 3), np.int8)
    for column in range(width):
        is_known = np.isfinite(x[:, column])
        run = np.where(is_known, np.where((side[:, column] == run_side) & (side[:, column] != 0), run + 1, 1), run)
        run_side = np.where(is_known, side[:, column], run_side)
        shifted[:, column] = np.where(is_known & (run >= shift), run_side, 0)

        step = np.nan_to_num(np.sign(x[:, column] - previous_value)).astype(np.int8)
        climb = np.where(is_known, np.where((step == climb_side) & (step != 0), climb + 1, 1 + (step != 0)), climb)
        climb_side = np.where(is_known, step, climb_side)
        trended[:, column] = np.where(is_known & (climb >= trend), climb_side, 0)
        previous_value = np.where(is_known, x[:, column], previous_value)

        sides = np.where(is_known[:, None], np.column_stack([sides[:, 1:], side[:, column]]), sides)
        beyonds = np.where(is_known[:, None], np.column_stack([beyonds[:, 1:], beyond[:, column]]), beyonds)
        for sign in (1, -1):
            rule_met = is_known & ((beyonds == sign).sum(1) >= 2) & (sides == sign).all(1)
            neared[rule_met, column] = sign
    shape = np.shape(values)
    return NhsSignals(*(np.reshape(mark, shape) for mark in (beyond_limits, shifted, trended, neared)))


@dataclass(frozen=True, slots=True)
class Runs:
    """Anhøj's run analysis of series: useful points, longest run, crossings, their limits, the verdict."""

    useful: NDArray[np.int64]
    longest: NDArray[np.int64]
    longest_limit: NDArray[np.int64]
    crossings: NDArray[np.int64]
    crossings_limit: NDArray[np.int64]
    signal: NDArray[np.bool_]


def anhoej_limits(useful: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Longest run allowed and fewest crossings allowed among `useful` points.

    round(log2 n) + 3 and the 5 % point of a binomial(n - 1, 1/2).
    Source: Anhøj and Olesen 2014, PLoS ONE 9:e113825; Schilling 2012, Math Mag 85.
    """
    n = np.asarray(useful, int)
    longest = np.where(n > 0, np.round(np.log2(np.maximum(n, 1))) + 3, 0).astype(np.int64)
    crossings = np.where(n > 1, binomial_quantile(0.05, np.maximum(n - 1, 1), 0.5), 0).astype(np.int64)
    return longest, crossings


def anhoej(values: ArrayLike, centre: ArrayLike | None = None) -> Runs:
    """Runs and crossings of each series about `centre` (its median when None), along the last axis.

    Points on the line are not useful and are passed over. Fewer than ten useful points never signal.
    """
    x = np.atleast_2d(np.asarray(values, float))
    if centre is None:
        has_values = np.isfinite(x).any(1)
        line = np.full(len(x), np.nan)
        if has_values.any():
            line[has_values] = np.nanmedian(x[has_values], axis=1)
    else:
        line = np.broadcast_to(np.asarray(centre, float), (len(x),))
    useful, longest, crossings = (np.zeros(len(x), np.int64) for _ in range(3))
    for row in range(len(x)):
        side = np.sign(x[row] - line[row])
        side = side[np.isfinite(side) & (side != 0)]
        useful[row] = len(side)
        if len(side):
            edges = np.flatnonzero(np.diff(side))
            crossings[row] = len(edges)
            longest[row] = np.diff(np.concatenate([[-1], edges, [len(side) - 1]])).max()
    longest_limit, crossings_limit = anhoej_limits(useful)
    signal = (useful >= 10) & ((longest > longest_limit) | (crossings < crossings_limit))
    shape = np.shape(values)[:-1]
    return Runs(
        useful.reshape(shape),
        longest.reshape(shape),
        longest_limit.reshape(shape),
        crossings.reshape(shape),
        crossings_limit.reshape(shape),
        np.asarray(signal).reshape(shape),
    )
