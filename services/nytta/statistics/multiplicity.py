"""Many tests at once: which of them may be believed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def benjamini_hochberg(p: ArrayLike) -> Array:
    """Adjusted p-values: rejecting those at most q keeps the false discovery rate at q.

    Source: Benjamini and Hochberg 1995, JRSS B 57:289. NaN is no test: it stays NaN and is not counted.
    """
    value = np.asarray(p, float)
    flat = value.ravel()
    adjusted = np.full(flat.shape, np.nan)
    tests = np.flatnonzero(np.isfinite(flat))
    if len(tests):
        order = tests[np.argsort(flat[tests], kind="stable")]
        scaled = flat[order] * len(order) / np.arange(1, len(order) + 1)
        adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted.reshape(value.shape)


def largest_credible(doubt: ArrayLike, rate: float) -> NDArray[np.bool_]:
    """The largest set of statements whose mean doubt (1 - posterior probability) is at most `rate`.

    Source: the Bayesian false discovery rate of Newton et al. 2004, Biostatistics 5:155.
    """
    value = np.asarray(doubt, float)
    flat = value.ravel()
    order = np.argsort(np.where(np.isfinite(flat), flat, np.inf), kind="stable")
    mean = np.cumsum(flat[order]) / np.arange(1, len(flat) + 1)
    chosen_flat = np.zeros(len(flat), bool)
    with np.errstate(invalid="ignore"):
        fits = np.flatnonzero(mean <= rate)
    if len(fits):
        chosen_flat[order[: fits[-1] + 1]] = True
    return chosen_flat.reshape(value.shape)
