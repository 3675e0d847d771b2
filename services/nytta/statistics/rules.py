"""Run rules: when a charted series says more than chance. All look back only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .charts import Limits
from .quantiles import binomial_quantile

Array = NDArray[np.float64]
Signs = NDArray[np.int8]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class NhsSignals:
    """At which points each rule is met: +1 high side or rising, -1 low side or falling, 0 not met.

    A rule over several points is met at the last of them, so a later value never changes an earlier mark.
    """

    outside: Signs
    shift: Signs
    trend: Signs
    near: Signs

    def low(self) -> Flags:
        """Points at which any rule is met on the low side."""
        return (self.outside < 0) | (self.shift < 0) | (self.trend < 0) | (self.near < 0)


def nhs_rules(values: ArrayLike, limits: Limits, *, shift: int = 7, trend: int = 7) -> NhsSignals:
    """The four rules of NHS Making Data Count along the last axis.

    Outside a process limit; `shift` points on one side of the centre; `trend` points rising or falling
    (`trend` - 1 steps; a tie breaks it; the programme's spreadsheet uses 6); two of three points beyond a
    near limit with all three on the same side. Source: NHSRplotthedots, ptd_spc_standard. A week without
    a value is passed over: the runs go on across it.
    """
    series = np.atleast_2d(np.asarray(values, float))
    has_value = np.isfinite(series)

    def line(limit: Array) -> Array:
        """A limit at each point: as it is when it has one for each point, repeated when one for each series."""
        shaped = np.asarray(limit, float)
        is_pointwise = shaped.ndim > 0 and shaped.shape[-1] == series.shape[1]
        row = shaped if is_pointwise else shaped[..., None]
        return np.broadcast_to(np.atleast_2d(row), series.shape)

    with np.errstate(invalid="ignore"):
        side = _signs(series - line(limits.centre))
        outside = _beyond(series, line(limits.lower), line(limits.upper))
        near = _beyond(series, line(limits.near_lower), line(limits.near_upper))
    marks = (
        outside,
        _shifts(side, has_value, shift),
        _trends(series, has_value, trend),
        _near(side, near, has_value),
    )
    shape = np.shape(values)
    return NhsSignals(*(np.reshape(mark, shape) for mark in marks))


def _signs(differences: Array) -> Signs:
    # NaN, a point without a value, is on no side.
    return np.nan_to_num(np.sign(differences)).astype(np.int8)


def _beyond(series: Array, lower: Array, upper: Array) -> Signs:
    """+1 above the upper limit, -1 below the lower one, 0 between them."""
    above = (series > upper).astype(np.int8)
    below = (series < lower).astype(np.int8)
    return above - below


def _shifts(side: Signs, has_value: Flags, shortest: int) -> Signs:
    """Points at which a run on one side of the centre has `shortest` points or more."""
    marks = np.zeros(side.shape, np.int8)
    run_length = np.zeros(len(side), int)
    run_side = np.zeros(len(side), np.int8)
    # Week by week over all series at once: a run may cross gaps, and no rule may look ahead.
    for week in range(side.shape[1]):
        is_known, week_side = has_value[:, week], side[:, week]
        continues = (week_side == run_side) & (week_side != 0)
        run_length = np.where(is_known, np.where(continues, run_length + 1, 1), run_length)
        run_side = np.where(is_known, week_side, run_side)
        marks[:, week] = np.where(is_known & (run_length >= shortest), run_side, 0)
    return marks


def _trends(series: Array, has_value: Flags, shortest: int) -> Signs:
    """Points at which `shortest` points or more have risen or fallen without a tie."""
    marks = np.zeros(series.shape, np.int8)
    climb_length = np.ones(len(series), int)
    climb_side = np.zeros(len(series), np.int8)
    previous_value = np.full(len(series), np.nan)
    for week in range(series.shape[1]):
        is_known, value = has_value[:, week], series[:, week]
        step = _signs(value - previous_value)
        continues = (step == climb_side) & (step != 0)
        # A step in a new direction has two points already; a tie leaves the one it ends at.
        new_length = 1 + (step != 0)
        climb_length = np.where(
            is_known, np.where(continues, climb_length + 1, new_length), climb_length
        )
        climb_side = np.where(is_known, step, climb_side)
        previous_value = np.where(is_known, value, previous_value)
        marks[:, week] = np.where(is_known & (climb_length >= shortest), climb_side, 0)
    return marks


def _near(side: Signs, near: Signs, has_value: Flags) -> Signs:
    """Points at which two of the last three points lie beyond a near limit, all three on its side of the centre."""
    marks = np.zeros(side.shape, np.int8)
    # Empty at first: 0 is on no side, so the first two points never meet the rule.
    last_sides = np.zeros((len(side), 3), np.int8)
    last_nears = np.zeros((len(side), 3), np.int8)
    for week in range(side.shape[1]):
        is_known = has_value[:, week]
        next_sides = np.column_stack([last_sides[:, 1:], side[:, week]])
        next_nears = np.column_stack([last_nears[:, 1:], near[:, week]])
        last_sides = np.where(is_known[:, None], next_sides, last_sides)
        last_nears = np.where(is_known[:, None], next_nears, last_nears)
        for sign in (1, -1):
            two_near = (last_nears == sign).sum(1) >= 2
            one_side = (last_sides == sign).all(1)
            marks[is_known & two_near & one_side, week] = sign
    return marks


@dataclass(frozen=True, slots=True)
class Runs:
    """Anhøj's run analysis of series: useful points, longest run, crossings, their limits, the verdict."""

    useful: NDArray[np.int64]
    longest: NDArray[np.int64]
    longest_limit: NDArray[np.int64]
    crossings: NDArray[np.int64]
    crossings_limit: NDArray[np.int64]
    signal: Flags


def anhoej_limits(useful: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Longest run allowed and fewest crossings allowed among `useful` points.

    round(log2 n) + 3 and the 5 % point of a binomial(n - 1, 1/2).
    Source: Anhøj and Olesen 2014, PLoS ONE 9:e113825; Schilling 2012, Math Mag 85.
    """
    points = np.asarray(useful, int)
    expected_longest = np.round(np.log2(np.maximum(points, 1))) + 3
    longest = np.where(points > 0, expected_longest, 0).astype(np.int64)
    # Between n points there are n - 1 places to cross the line; by chance each is taken with probability 1/2.
    fewest = binomial_quantile(0.05, np.maximum(points - 1, 1), 0.5)
    crossings = np.where(points > 1, fewest, 0).astype(np.int64)
    return longest, crossings


def anhoej(values: ArrayLike, centre: ArrayLike | None = None) -> Runs:
    """Runs and crossings of each series about `centre` (its median when None), along the last axis.

    Points on the line are not useful and are passed over. Fewer than ten useful points never signal.
    Source: Anhøj and Olesen 2014, PLoS ONE 9:e113825.
    """
    series = np.atleast_2d(np.asarray(values, float))
    line = (
        _medians(series)
        if centre is None
        else np.broadcast_to(np.asarray(centre, float), (len(series),))
    )
    useful = np.zeros(len(series), np.int64)
    longest = np.zeros(len(series), np.int64)
    crossings = np.zeros(len(series), np.int64)
    for row in range(len(series)):
        side = np.sign(series[row] - line[row])
        side = side[np.isfinite(side) & (side != 0)]
        useful[row] = len(side)
        if len(side):
            run_ends = np.flatnonzero(np.diff(side))
            crossings[row] = len(run_ends)
            # The ends of all runs with the place before the first: their differences are the lengths.
            bounds = np.concatenate([[-1], run_ends, [len(side) - 1]])
            longest[row] = np.diff(bounds).max()
    longest_limit, crossings_limit = anhoej_limits(useful)
    is_unusual = (longest > longest_limit) | (crossings < crossings_limit)
    signal = np.asarray((useful >= 10) & is_unusual)
    shape = np.shape(values)[:-1]
    return Runs(
        useful.reshape(shape),
        longest.reshape(shape),
        longest_limit.reshape(shape),
        crossings.reshape(shape),
        crossings_limit.reshape(shape),
        signal.reshape(shape),
    )


def _medians(series: Array) -> Array:
    """The median of each row; NaN for one without a value, of which numpy would warn."""
    has_values = np.isfinite(series).any(1)
    medians = np.full(len(series), np.nan)
    if has_values.any():
        medians[has_values] = np.nanmedian(series[has_values], axis=1)
    return medians
