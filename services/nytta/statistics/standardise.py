"""Direct standardisation: one rate for units whose mix differs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .intervals import byar

Array = NDArray[np.float64]


def directly_standardised(
    count: ArrayLike,
    denominator: ArrayLike,
    weight: ArrayLike,
    *,
    confidence: float = 0.95,
) -> tuple[Array, Array, Array]:
    """Rate under a standard mix, and its interval: rate, lower, upper.

    The strata are the last axis; `weight` is the standard population (any scale). Strata without a
    denominator are left out and the other weights stand for them; NaN where none is left.
    Source: Dobson et al. 1991, Stat Med 10:457, with Byar's limits (as in PHEindicatormethods).
    """
    counts = np.asarray(count, float)
    denominators = np.asarray(denominator, float)
    has_denominator = denominators > 0
    weights = np.broadcast_to(np.asarray(weight, float), denominators.shape) * has_denominator
    with np.errstate(divide="ignore", invalid="ignore"):
        weight_sum = weights.sum(-1)
        weighted_rates = np.where(has_denominator, weights * counts / denominators, 0.0)
        rate = weighted_rates.sum(-1) / weight_sum
        # A Poisson count has its mean as its variance, so that the count stands for it in each stratum.
        stratum_variances = np.where(has_denominator, weights**2 * counts / denominators**2, 0.0)
        variance = stratum_variances.sum(-1) / weight_sum**2
        observed = np.where(has_denominator, counts, 0.0).sum(-1)
        lower_count, upper_count = byar(observed, confidence=confidence)
        # From counts to rates: the interval of the count, as many times as wide as the rate varies more than it.
        scale = np.where(observed > 0, np.sqrt(variance / observed), 0.0)
        lower = rate + scale * (lower_count - observed)
        upper = rate + scale * (upper_count - observed)
    return rate, lower, upper


def split_change(
    rate: ArrayLike,
    denominator: ArrayLike,
    later_rate: ArrayLike,
    later_denominator: ArrayLike,
) -> tuple[Array, Array]:
    """The change of a pooled rate between two times as two parts: within the strata, and of their mix.

    The strata are the last axis; the parts add up to the change. Strata that have a denominator at one time only are
    mix, with the rate that they have. Source: Kitagawa 1955, J Am Stat Assoc 50:1168.
    """
    earlier_sizes = np.asarray(denominator, float)
    later_sizes = np.asarray(later_denominator, float)
    has_earlier, has_later = earlier_sizes > 0, later_sizes > 0
    earlier_observed = np.asarray(rate, float)
    later_observed = np.asarray(later_rate, float)
    # A stratum without a denominator at one time takes the rate of the other: it changes nothing within.
    earlier_rates = np.where(has_earlier, earlier_observed, later_observed)
    later_rates = np.where(has_later, later_observed, earlier_observed)
    with np.errstate(divide="ignore", invalid="ignore"):
        earlier_mix = earlier_sizes / earlier_sizes.sum(-1, keepdims=True)
        later_mix = later_sizes / later_sizes.sum(-1, keepdims=True)
    has_cases = has_earlier | has_later
    # The mean of both times as weights: with either alone, the parts would leave an interaction over.
    mean_mix = (earlier_mix + later_mix) / 2
    mean_rate = (earlier_rates + later_rates) / 2
    within = np.where(has_cases, mean_mix * (later_rates - earlier_rates), 0.0).sum(-1)
    mix = np.where(has_cases, mean_rate * (later_mix - earlier_mix), 0.0).sum(-1)
    return within, mix
