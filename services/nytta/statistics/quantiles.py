"""Distribution functions and quantiles of counts.

Made of scipy's special functions: its `stats`, which has them too, takes a second to load, for every command.
"""

from collections.abc import Callable

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def binomial_cdf(count: ArrayLike, n: ArrayLike, share: ArrayLike) -> Array:
    """The probability of at most `count` successes in `n` trials."""
    k, m, p = (np.asarray(x, np.float64) for x in (count, n, share))
    return np.asarray(np.where(k >= m, 1.0, scipy.special.betaincc(k + 1, np.maximum(m - k, 1), p)), np.float64)


def poisson_cdf(count: ArrayLike, mean: ArrayLike) -> Array:
    """The probability of at most `count` where `mean` are expected."""
    return np.asarray(
        scipy.special.gammaincc(np.asarray(count, np.float64) + 1, np.asarray(mean, np.float64)), np.float64
    )


def binomial_quantile(p: float, n: ArrayLike, share: ArrayLike) -> Array:
    """The least number of successes in `n` trials whose cumulative probability reaches `p`."""
    m, q = np.asarray(n, np.float64), np.asarray(share, np.float64)
    return _least(np.ceil(scipy.special.bdtrik(p, m, q)), lambda count: binomial_cdf(count, m, q), p)


def poisson_quantile(p: float, mean: ArrayLike) -> Array:
    """The least count whose cumulative probability reaches `p`."""
    m = np.asarray(mean, np.float64)
    return _least(np.ceil(scipy.special.pdtrik(p, m)), lambda count: poisson_cdf(count, m), p)


def _least(guess: NDArray[np.floating], cdf: Callable[[Array], Array], p: float) -> Array:
    """The inverse of a distribution function is exact to rounding: the count below it may reach `p` already."""
    counts = np.asarray(guess, np.float64)
    below = np.maximum(counts - 1, 0)
    return np.asarray(np.where(cdf(below) >= p, below, counts))
