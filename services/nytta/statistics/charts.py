"""Control charts: centre lines and limits of individual values, shares and counts over time.

Every function works along the last axis, so a matrix (units, weeks) is charted in one call. NaN marks a
week without a value; it is left out, and moving ranges join the values on either side of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

#: 3 / 1.128: from the mean moving range to three standard deviations.
XMR_FACTOR = 2.66
#: Upper limit of a moving range, times its mean (D4 for subgroups of two).
MOVING_RANGE_FACTOR = 3.267
#: d2 for subgroups of two: mean moving range of standard normal noise.
D2 = 1.128


@dataclass(frozen=True, slots=True)
class Limits:
    """Centre line, process limits (three sigma) and near limits (two sigma); shapes follow the input."""

    centre: Array
    lower: Array
    upper: Array
    near_lower: Array
    near_upper: Array


def moving_ranges(values: ArrayLike) -> Array:
    """|x_i - x_(i-1)| along the last axis, across gaps; NaN at the first value and where a value lacks."""
    series = np.asarray(values, float)
    is_known = np.isfinite(series)
    weeks = np.arange(series.shape[-1])
    # The running maximum carries the last week with a value over the gap; shifted by one, it is the week before.
    latest_week = np.maximum.accumulate(np.where(is_known, weeks, -1), axis=-1)
    no_week = np.full((*series.shape[:-1], 1), -1)
    previous_week = np.concatenate([no_week, latest_week[..., :-1]], axis=-1)
    previous_value = np.take_along_axis(series, np.maximum(previous_week, 0), axis=-1)
    has_range = is_known & (previous_week >= 0)
    return np.where(has_range, np.abs(series - previous_value), np.nan)


def mean_moving_range(values: ArrayLike, *, screen: bool = True) -> Array:
    """The mean moving range along the last axis; with `screen`, ranges of at least 3.267 times the mean
    are left out once. Source: Nelson 1982, J Qual Technol 14:172; NHS Making Data Count."""
    ranges = moving_ranges(values)
    mean = _mean(ranges)
    if not screen:
        return mean
    is_extreme = ranges >= MOVING_RANGE_FACTOR * mean[..., None]
    return _mean(np.where(is_extreme, np.nan, ranges))


def xmr(values: ArrayLike, *, baseline: int | None = None, screen: bool = True) -> Limits:
    """Limits of an XmR chart: mean ± 2.66 times the mean moving range. One limit for each series.

    Source: Wheeler and Chambers 1992; NHS Making Data Count (NHSRplotthedots). `baseline`: how many first
    weeks the limits rest on (all when None). Near limits stand at two thirds. NaN for an empty series.
    """
    series = np.asarray(values, float)
    base = series if baseline is None else series[..., :baseline]
    centre = _mean(base)
    reach = XMR_FACTOR * mean_moving_range(base, screen=screen)
    near_reach = reach * 2 / 3
    return Limits(
        centre=np.asarray(centre),
        lower=np.asarray(centre - reach),
        upper=np.asarray(centre + reach),
        near_lower=np.asarray(centre - near_reach),
        near_upper=np.asarray(centre + near_reach),
    )


def p_chart(count: ArrayLike, denominator: ArrayLike, *, centre: ArrayLike | None = None) -> Limits:
    """Limits of a p chart, one for each point: p̄ ± 3 √(p̄(1-p̄)/n), within [0, 1].

    Source: Montgomery, Introduction to Statistical Quality Control, 7.2. `denominator` is n, `centre` is p̄
    from a baseline.
    """
    counts = np.asarray(count, float)
    denominators = np.asarray(denominator, float)
    mean, sigma = _share(counts, denominators, centre)
    return _limits(mean, sigma, 0.0, 1.0)


def p_prime(
    count: ArrayLike,
    denominator: ArrayLike,
    *,
    centre: ArrayLike | None = None,
    screen: bool = False,
) -> tuple[Limits, Array]:
    """Limits of Laney's p′ chart, one for each point, and σ_z for each series.

    Source: Laney 2002, Qual Eng 14:531. σ_z is the mean moving range of the standardised shares over
    1.128; above 1 the shares vary more than chance. `screen` leaves extreme moving ranges out.
    """
    counts = np.asarray(count, float)
    denominators = np.asarray(denominator, float)
    mean, sigma = _share(counts, denominators, centre)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(denominators > 0, counts / denominators, np.nan)
        standardised = (shares - mean) / sigma
    sigma_z = np.asarray(mean_moving_range(standardised, screen=screen) / D2)
    limits = _limits(mean, sigma * sigma_z[..., None], 0.0, 1.0)
    return limits, sigma_z


def c_chart(count: ArrayLike, *, centre: ArrayLike | None = None) -> Limits:
    """Limits of a c chart: c̄ ± 3 √c̄, not below 0. Source: Montgomery, 7.3."""
    counts = np.asarray(count, float)
    mean = _mean(counts) if centre is None else np.asarray(centre, float)
    line = mean[..., None] + np.zeros_like(counts)
    return _limits(line, np.sqrt(line), 0.0, np.inf)


def u_chart(count: ArrayLike, denominator: ArrayLike, *, centre: ArrayLike | None = None) -> Limits:
    """Limits of a u chart, one for each point: ū ± 3 √(ū/n), not below 0. Source: Montgomery, 7.3."""
    counts = np.asarray(count, float)
    denominators = np.asarray(denominator, float)
    line = _pooled_line(counts, denominators, centre)
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma = np.where(denominators > 0, np.sqrt(line / denominators), np.nan)
    return _limits(line, sigma, 0.0, np.inf)


def _share(counts: Array, denominators: Array, centre: ArrayLike | None) -> tuple[Array, Array]:
    """The centre line of a share, and the binomial standard deviation at each point."""
    line = _pooled_line(counts, denominators, centre)
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma = np.sqrt(line * (1 - line) / denominators)
    return line, np.where(denominators > 0, sigma, np.nan)


def _pooled_line(counts: Array, denominators: Array, centre: ArrayLike | None) -> Array:
    """The rate of all counts together (or `centre`), repeated at each point; NaN for an empty series."""
    # Pooled, not the mean of the rates: a week with a small denominator says little about the process.
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (
            np.nansum(counts, -1) / np.nansum(denominators, -1)
            if centre is None
            else np.asarray(centre, float)
        )
    return np.asarray(np.asarray(pooled)[..., None] + np.zeros_like(denominators))


def _limits(mean: Array, sigma: Array, least: float, most: float) -> Limits:
    def within(limit: Array) -> Array:
        return np.clip(limit, least, most)

    return Limits(
        mean,
        within(mean - 3 * sigma),
        within(mean + 3 * sigma),
        within(mean - 2 * sigma),
        within(mean + 2 * sigma),
    )


def _mean(values: Array) -> Array:
    """The mean along the last axis without NaN; NaN (and no warning) where nothing is left."""
    # np.nanmean warns of an empty slice, and a series without a value is nothing to warn of.
    is_known = np.isfinite(values)
    known_count = is_known.sum(-1)
    total = np.where(is_known, values, 0.0).sum(-1)
    mean = total / np.maximum(known_count, 1)
    return np.asarray(np.where(known_count > 0, mean, np.nan))
