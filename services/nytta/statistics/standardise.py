"""Direct standardisation: one rate for units whose mix differs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .intervals import byar

Array = NDArray[np.float64]


def directly_standardised(
    count: ArrayLike, n: ArrayLike, weight: ArrayLike, *, confidence: float = 0.95
) -> tuple[Array, Array, Array]:
    """Rate under a standard mix, and its interval: rate, lower, upper.

    The strata are the last axis; `weight` is the standard population (any scale). Strata without a
    denominator are left out and the other weights stand for them; NaN where none is left.
    Source: Dobson et al. 1991, Stat Med 10:457, with Byar's limits (as in PHEindicatormethods).
    """
    x, m = np.asarray(count, float), np.asarray(n, float)
    w = np.broadcast_to(np.asarray(weight, float), m.shape) * (m > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = w.sum(-1)
        rate = np.where(m > 0, w * x / m, 0.0).sum(-1) / total
        variance = np.where(m > 0, w**2 * x / m**2, 0.0).sum(-1) / total**2
        observed = np.where(m > 0, x, 0.0).sum(-1)
        low, high = byar(observed, confidence=confidence)
        scale = np.where(observed > 0, np.sqrt(variance / observed), 0.0)
        return rate, rate + scale * (low - observed), rate + scale * (high - observed)


def split_change(rate: ArrayLike, n: ArrayLike, later_rate: ArrayLike, later_n: ArrayLike) -> tuple[Array, Array]:
    """The change of a pooled rate between two times as two parts: within the strata, and of their mix.

    The strata are the last axis; the parts add up to the change. Strata that have a denominator at one time only are
    mix, with the rate that they have. Source: Kitagawa 1955, J Am Stat Assoc 50:1168.
    """
    n0, n1 = np.asarray(n, float), np.asarray(later_n, float)
    r0, r1 = np.asarray(rate, float), np.asarray(later_rate, float)
    r0, r1 = np.where(n0 > 0, r0, r1), np.where(n1 > 0, r1, r0)
    with np.errstate(divide="ignore", invalid="ignore"):
        w0, w1 = n0 / n0.sum(-1, keepdims=True), n1 / n1.sum(-1, keepdims=True)
    has_cases = (n0 > 0) | (n1 > 0)
    within = np.where(has_cases, (w0 + w1) / 2 * (r1 - r0), 0.0).sum(-1)
    mix = np.where(has_cases, (r0 + r1) / 2 * (w1 - w0), 0.0).sum(-1)
    return within, mix
