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
    x = np.asarray(values, float)
    is_known = np.isfinite(x)
    place = np.where(is_known, np.arange(x.shape[-1]), -1)
    latest_place = np.maximum.accumulate(place, axis=-1)
    previous_place = np.concatenate([np.full((*x.shape[:-1], 1), -1), latest_place[..., :-1]], axis=-1)
    earlier = np.take_along_axis(x, np.maximum(previous_place, 0), axis=-1)
    return np.where(is_known & (previous_place >= 0), np.abs(x - earlier), np.nan)


def mean_moving_range(values: ArrayLike, *, screen: bool = True) -> Array:
    """The mean moving range along the last axis; with `screen`, ranges of at least 3.267 times the mean
    are left out once. Source: Nelson 1982, J Qual Technol 14:172; NHS Making Data Count."""
    ranges = moving_ranges(values)
    mean = _mean(ranges)
    if not screen:
        return mean
    return _mean(np.where(ranges >= MOVING_RANGE_FACTOR * mean[..., None], np.nan, ranges))


def xmr(values: ArrayLike, *, baseline: int | None = None, screen: bool = True) -> Limits:
    """Limits of an XmR chart: mean ± 2.66 times the mean moving range. One limit for each series.

    Source: Wheeler and Chambers 1992; NHS Making Data Count (NHSRplotthedots). `baseline`: how many first
    weeks the limits rest on (all when None). Near limits stand at two thirds. NaN for an empty series.
    """
    x = np.asarray(values, float)
    base = x if baseline is None else x[..., :baseline]
    centre = _mean(base)
    reach = XMR_FACTOR * mean_moving_range(base, screen=screen)
    two_thirds = reach * 2 / 3
    parts = (centre, centre - reach, centre + reach, centre - two_thirds, centre + two_thirds)
    return Limits(*(np.asarray(part) for part in parts))


def p_chart(count: ArrayLike, n: ArrayLike, *, centre: ArrayLike | None = None) -> Limits:
    """Limits of a p chart, one for each point: p̄ ± 3 √(p̄(1-p̄)/n), within [0, 1].

    Source: Montgomery, Introduction to Statistical Quality Control, 7.2. `centre` is p̄ from a baseline.
    """
    x, m = np.asarray(count, float), np.asarray(n, float)
    mean, sigma = _share(x, m, centre)
    return _limits(mean, sigma, 0.0, 1.0)


def p_prime(
    count: ArrayLike, n: ArrayLike, *, centre: ArrayLike | None = None, screen: bool = False
) -> tuple[Limits, Array]:
    """Limits of Laney's p′ chart, one for each point, and σ_z for each series.

    Source: Laney 2002, Qual Eng 14:531. σ_z is the mean moving range of the standardised shares over
    1.128; above 1 the shares vary more than chance. `screen` leaves extreme moving ranges out.
    """
    x, m = np.asarray(count, float), np.asarray(n, float)
    mean, sigma = _share(x, m, centre)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (np.where(m > 0, x / m, np.nan) - mean) / sigma
    sigma_z = np.asarray(mean_moving_range(z, screen=screen) / D2)
    return _limits(mean, sigma * sigma_z[..., None], 0.0, 1.0), sigma_z


def c_chart(count: ArrayLike, *, centre: ArrayLike | None = None) -> Limits:
    """Limits of a c chart: c̄ ± 3 √c̄, not below 0. Source: Montgomery, 7.3."""
    x = np.asarray(count, float)
    mean = (_mean(x) if centre is None else np.asarray(centre, float))[..., None] + np.zeros_like(x)
    return _limits(mean, np.sqrt(mean), 0.0, np.inf)


def u_chart(count: ArrayLike, n: ArrayLike, *, centre: ArrayLike | None = None) -> Limits:
    """Limits of a u chart, one for each point: ū ± 3 √(ū/n), not below 0. Source: Montgomery, 7.3."""
    x, m = np.asarray(count, float), np.asarray(n, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.nansum(x, -1) / np.nansum(m, -1) if centre is None else np.asarray(centre, float)
        mean = np.asarray(mean)[..., None] + np.zeros_like(m)
        sigma = np.where(m > 0, np.sqrt(mean / m), np.nan)
    return _limits(mean, sigma, 0.0, np.inf)


def _share(x: Array, m: Array, centre: ArrayLike | None) -> tuple[Array, Array]:
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.nansum(x, -1) / np.nansum(m, -1) if centre is None else np.asarray(centre, float)
        mean = np.asarray(mean)[..., None] + np.zeros_like(m)
        return mean, np.where(m > 0, np.sqrt(mean * (1 - mean) / m), np.nan)


def _limits(mean: Array, sigma: Array, least: float, most: float) -> Limits:
    def within(value: Array) -> Array:
        return np.clip(value, least, most)

    return Limits(
        mean,
        within(mean - 3 * sigma),
        within(mean + 3 * sigma),
        within(mean - 2 * sigma),
        within(mean + 2 * sigma),
    )


def _mean(values: Array) -> Array:
    """The mean along the last axis without NaN; NaN (and no warning) where nothing is left."""
    is_known = np.isfinite(values)
    number = is_known.sum(-1)
    total = np.where(is_known, values, 0.0).sum(-1)
    return np.asarray(np.where(number > 0, total / np.maximum(number, 1), np.nan))
