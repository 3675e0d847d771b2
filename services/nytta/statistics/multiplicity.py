"""Many tests at once: which of them may be believed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def benjamini_hochberg(p_value: ArrayLike) -> Array:
    """Adjusted p-values: rejecting those at most q keeps the false discovery rate at q.

    The least of p_(j) m / j over all j ≥ i, p_(i) the i-th smallest of m. Source: Benjamini and Hochberg
    1995, JRSS B 57:289. NaN is no test: it stays NaN and is not counted.
    """
    p_values = np.asarray(p_value, float)
    flat = p_values.ravel()
    adjusted = np.full(flat.shape, np.nan)
    tests = np.flatnonzero(np.isfinite(flat))
    if len(tests):
        order = tests[np.argsort(flat[tests], kind="stable")]
        rank = np.arange(1, len(order) + 1)
        scaled = flat[order] * len(order) / rank
        # From the largest down, so that a smaller p-value is never adjusted to more than a larger one.
        monotone = np.minimum.accumulate(scaled[::-1])[::-1]
        adjusted[order] = np.minimum(monotone, 1.0)
    return adjusted.reshape(p_values.shape)


def largest_credible(doubt: ArrayLike, rate: float) -> NDArray[np.bool_]:
    """The largest set of statements whose mean doubt (1 - posterior probability) is at most `rate`.

    Source: the Bayesian false discovery rate of Newton et al. 2004, Biostatistics 5:155.
    """
    doubts = np.asarray(doubt, float)
    flat = doubts.ravel()
    # What has no probability is tried last: with it the mean is NaN, and no set that holds it is credible.
    order = np.argsort(np.where(np.isfinite(flat), flat, np.inf), kind="stable")
    mean_doubt = np.cumsum(flat[order]) / np.arange(1, len(flat) + 1)
    is_credible = np.zeros(len(flat), bool)
    with np.errstate(invalid="ignore"):
        credible_lasts = np.flatnonzero(mean_doubt <= rate)
    if len(credible_lasts):
        set_size = credible_lasts[-1] + 1
        is_credible[order[:set_size]] = True
    return is_credible.reshape(doubts.shape)
