"""Seasons of units: what the same weeks of last year say of a week."""

from __future__ import annotations

import numpy as np

from .noise import USUAL
from .panel import Array, Whole

#: Weeks on both sides of a week of last year that say where the unit stood then.
LOCAL = 3
#: Fewest weeks that show where a unit stood in a year.
YEAR_LEAST = 20
#: So much weight (1 / variance) of weeks that do not repeat themselves stands beside what units have shown.
UNLIKE = 2e4


def seasons(value: Array, first: Whole, variance: Array) -> Array:
    """What each unit's last year says of a week: how far it stood off its level in the same weeks, (units, weeks).

    Drawn to 0 by the covariance of this year's weeks with last year's that all units have shown in earlier weeks: where
    weeks do not repeat themselves it is 0, as it is where a unit has not been seen for a year. `value` is NaN where
    nothing was observed, `variance` roughly that of a value, `first` the first column that may be used.
    """
    units, weeks = value.shape
    if weeks <= 52 + LOCAL:
        return np.zeros(value.shape)
    is_known = np.isfinite(value)
    # Cumulated with 0 before the first, so that the sum of a span is one difference.
    number, total = np.zeros((units, weeks + 1)), np.zeros((units, weeks + 1))
    np.cumsum(is_known, axis=1, out=number[:, 1:])
    np.cumsum(np.where(is_known, value, 0.0), axis=1, out=total[:, 1:])
    columns = np.arange(weeks)

    def mean(begin: Whole, end: Whole, least: int) -> Array:
        """The mean from `begin` up to and without `end`, NaN of fewer than `least` values."""
        begin = np.minimum(np.maximum(begin, first), weeks)
        end = np.maximum(end, begin)
        count = np.take_along_axis(number, end, axis=1) - np.take_along_axis(number, begin, axis=1)
        span_total = np.take_along_axis(total, end, axis=1) - np.take_along_axis(
            total, begin, axis=1
        )
        return np.where(count >= least, span_total / np.maximum(count, 1), np.nan)

    same_weeks = mean(columns - 52 - LOCAL, columns - 52 + LOCAL + 1, LOCAL)
    # How far the unit stood off its level a year ago, and how far it stands off that of its last year now.
    last_year = same_weeks - mean(columns - 78, columns - 26 + 1, YEAR_LEAST)
    this_year = value - mean(columns - 52, columns, YEAR_LEAST)
    covariance = _covariance(last_year, this_year, variance)
    # Shrunk as a mean of 2 LOCAL + 1 values is towards 0, by what repeats beside what is chance.
    trust = covariance / (covariance + variance / (2 * LOCAL + 1) + 1e-12)
    most = 2.5 * np.sqrt(covariance)
    return np.asarray(trust * np.clip(np.nan_to_num(last_year), -most, most))


def _covariance(last_year: Array, this_year: Array, variance: Array) -> Array:
    """How the weeks before each week repeated those of the year before in all units, (weeks); at least 0."""
    weeks = last_year.shape[1]
    has_both = np.isfinite(last_year) & np.isfinite(this_year)
    weight = np.where(has_both, 1 / (variance + USUAL), 0.0)
    # A fault is no season: no unit has a say beyond 0.3, 24 points at a share of a half.
    last_year_say = np.clip(np.nan_to_num(last_year), -0.3, 0.3)
    this_year_say = np.clip(np.nan_to_num(this_year), -0.3, 0.3)
    product = weight * last_year_say * this_year_say
    # Older weeks fade, to half in 34 weeks.
    fade = 0.98 ** np.arange(weeks)
    week_sums = np.stack([product.sum(0), weight.sum(0)])
    faded_product, faded_weight = np.cumsum(week_sums / fade, axis=1) * fade
    covariance = np.zeros(weeks)
    # Of earlier weeks alone: no week says what it is held against.
    covariance[1:] = np.maximum(faded_product / (faded_weight + UNLIKE), 0.0)[:-1]
    return covariance
