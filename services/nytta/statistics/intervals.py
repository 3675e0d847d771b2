"""Confidence intervals for shares and counts."""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def quantile_of(confidence: float) -> float:
    """The standard normal quantile of a two-sided confidence level (0.95 gives 1.959964)."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} must lie between 0 and 1")
    return float(scipy.special.ndtri(0.5 + confidence / 2))


def wilson(
    count: ArrayLike, denominator: ArrayLike, *, confidence: float = 0.95
) -> tuple[Array, Array]:
    """Wilson's score interval for shares: lower and upper limits between 0 and 1.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). Source: Wilson 1927, JASA 22:209; recommended by
    Newcombe 1998, Stat Med 17:857. `count` and `denominator` (n) broadcast. Where `denominator` is 0 both
    limits are NaN: nothing observed is not nothing achieved.
    """
    counts = np.asarray(count, float)
    denominators = np.asarray(denominator, float)
    quantile = quantile_of(confidence)
    square = quantile * quantile
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = counts / denominators
        centre = (counts + square / 2) / (denominators + square)
        sampling_variance = shares * (1 - shares) / denominators
        correction = square / (4 * denominators * denominators)
        half_width = (
            quantile * np.sqrt(sampling_variance + correction) / (1 + square / denominators)
        )
        # At the ends the limit is exactly 0 or 1; floating point would leave a trace beside it.
        lower = np.where(counts == 0, 0.0, centre - half_width)
        upper = np.where(counts == denominators, 1.0, centre + half_width)
    # Not `<= 0`: a denominator that is NaN is nothing observed too.
    is_unobserved = ~(denominators > 0)
    return np.where(is_unobserved, np.nan, lower), np.where(is_unobserved, np.nan, upper)


def difference_interval(
    current: tuple[float, float, float], earlier: tuple[float, float, float]
) -> tuple[float, float]:
    """The interval of how much one independent figure is above another: its lower and upper end.

    Each figure is its value with the ends of its interval, all in one unit of measure; the result has the level of
    those intervals. d - √((p₁-l₁)² + (u₂-p₂)²), d + √((u₁-p₁)² + (p₂-l₂)²). Source: Newcombe 1998, Stat Med 17:873,
    method 10, where the intervals are Wilson's.
    """
    value, low, high = current
    earlier_value, earlier_low, earlier_high = earlier
    rise = value - earlier_value
    return (
        rise - math.hypot(value - low, earlier_high - earlier_value),
        rise + math.hypot(high - value, earlier_value - earlier_low),
    )


def byar(count: ArrayLike, *, confidence: float = 0.95) -> tuple[Array, Array]:
    """Byar's approximation to the exact Poisson interval of a count: lower and upper counts.

    x (1 - 1/9x ± z/3√x)³, the upper limit with x + 1 for x. Source: Breslow and Day 1987, Statistical
    Methods in Cancer Research II, p. 69. Divide both limits by the person-time or the expected count for a
    rate or ratio. Within 0.2 % of the exact limits from a count of 10; the lower limit of 0 is 0.
    """
    counts = np.asarray(count, float)
    next_counts = counts + 1
    quantile = quantile_of(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        lower_root = 1 - 1 / (9 * counts) - quantile / (3 * np.sqrt(counts))
        lower = counts * lower_root**3
    upper_root = 1 - 1 / (9 * next_counts) + quantile / (3 * np.sqrt(next_counts))
    upper = next_counts * upper_root**3
    # Of small counts with a high confidence the root is negative, and so would be the limit.
    return np.where(counts > 0, np.maximum(lower, 0.0), 0.0), np.asarray(upper)


def poisson_exact(count: ArrayLike, *, confidence: float = 0.95) -> tuple[Array, Array]:
    """The exact Poisson interval of a count: lower and upper counts.

    Source: Garwood 1936, Biometrika 28:437 (through the gamma distribution).
    """
    counts = np.asarray(count, float)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        # The gamma distribution has no shape 0: the lower limit of 0 is 0 by definition.
        lower = np.where(counts > 0, scipy.special.gammaincinv(counts, tail), 0.0)
    upper = scipy.special.gammaincinv(counts + 1, 1 - tail)
    return lower, np.asarray(upper)
