"""Distribution functions and quantiles of counts.

Made of scipy's special functions: its `stats`, which has them too, takes a second to load, for every command.
"""

from collections.abc import Callable

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def binomial_cdf(count: ArrayLike, trials: ArrayLike, share: ArrayLike) -> Array:
    """The probability of at most `count` successes in `trials`, each with probability `share`.

    Source: the incomplete beta function, Abramowitz and Stegun 1964, 26.5.
    """
    counts = np.asarray(count, np.float64)
    all_trials = np.asarray(trials, np.float64)
    shares = np.asarray(share, np.float64)
    # The beta function has no parameter 0; where all trials may succeed the probability is 1.
    failures = np.maximum(all_trials - counts, 1)
    probability = scipy.special.betaincc(counts + 1, failures, shares)
    return np.asarray(np.where(counts >= all_trials, 1.0, probability), np.float64)


def poisson_cdf(count: ArrayLike, mean: ArrayLike) -> Array:
    """The probability of at most `count` where `mean` are expected.

    Source: the incomplete gamma function, Abramowitz and Stegun 1964, 26.4.
    """
    counts = np.asarray(count, np.float64)
    means = np.asarray(mean, np.float64)
    return np.asarray(scipy.special.gammaincc(counts + 1, means), np.float64)


def binomial_quantile(probability: float, trials: ArrayLike, share: ArrayLike) -> Array:
    """The least number of successes in `trials` whose cumulative probability reaches `probability`."""
    all_trials = np.asarray(trials, np.float64)
    shares = np.asarray(share, np.float64)
    guess = np.ceil(scipy.special.bdtrik(probability, all_trials, shares))
    return _least(guess, lambda count: binomial_cdf(count, all_trials, shares), probability)


def poisson_quantile(probability: float, mean: ArrayLike) -> Array:
    """The least count whose cumulative probability reaches `probability`."""
    means = np.asarray(mean, np.float64)
    guess = np.ceil(scipy.special.pdtrik(probability, means))
    return _least(guess, lambda count: poisson_cdf(count, means), probability)


def _least(guess: NDArray[np.floating], cdf: Callable[[Array], Array], probability: float) -> Array:
    """The inverse of a distribution function is exact to rounding: the count below it may reach it already."""
    counts = np.asarray(guess, np.float64)
    counts_below = np.maximum(counts - 1, 0)
    reaches_below = cdf(counts_below) >= probability
    return np.asarray(np.where(reaches_below, counts_below, counts))
