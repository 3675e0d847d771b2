"""Confidence intervals for shares and counts."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def quantile_of(confidence: float) -> float:
    """The standard normal quantile of a two-sided confidence level (0.95 gives 1.959964)."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} must lie between 0 and 1")
    return float(scipy.special.ndtri(0.5 + confidence / 2))


def wilson(count: ArrayLike, n: ArrayLike, *, confidence: float = 0.95) -> tuple[Array, Array]:
    """Wilson's score interval for shares: lower and upper limits between 0 and 1.

    Source: Wilson 1927, JASA 22:209; recommended by Newcombe 1998, Stat Med 17:857.
    `count` and `n` broadcast. Where `n` is 0 both limits are NaN: nothing observed is not nothing achieved.
    """
    x, m = np.asarray(count, float), np.asarray(n, float)
    z = quantile_of(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = x / m
        centre = (x + z * z / 2) / (m + z * z)
        half = z * np.sqrt(p * (1 - p) / m + z * z / (4 * m * m)) / (1 + z * z / m)
        # At the ends the limit is exactly 0 or 1; floating point would leave a trace beside it.
        lower = np.where(x == 0, 0.0, centre - half)
        upper = np.where(x == m, 1.0, centre + half)
    nothing = ~(m > 0)
    return np.where(nothing, np.nan, lower), np.where(nothing, np.nan, upper)


def byar(count: ArrayLike, *, confidence: float = 0.95) -> tuple[Array, Array]:
    """Byar's approximation to the exact Poisson interval of a count: lower and upper counts.

    Source: Breslow and Day 1987, Statistical Methods in Cancer Research II, p. 69. Divide both limits by
    the person-time or the expected count for a rate or ratio. Within 0.2 % of the exact limits from a
    count of 10; the lower limit of 0 is 0.
    """
    x = np.asarray(count, float)
    z = quantile_of(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        lower = x * (1 - 1 / (9 * x) - z / (3 * np.sqrt(x))) ** 3
    upper = (x + 1) * (1 - 1 / (9 * (x + 1)) + z / (3 * np.sqrt(x + 1))) ** 3
    return np.where(x > 0, np.maximum(lower, 0.0), 0.0), np.asarray(upper)


def poisson_exact(count: ArrayLike, *, confidence: float = 0.95) -> tuple[Array, Array]:
    """The exact Poisson interval of a count: lower and upper counts.

    Source: Garwood 1936, Biometrika 28:437 (through the gamma distribution).
    """
    x = np.asarray(count, float)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        lower = np.where(x > 0, scipy.special.gammaincinv(x, tail), 0.0)
    return lower, np.asarray(scipy.special.gammaincinv(x + 1, 1 - tail))
