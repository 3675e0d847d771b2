"""Empirical-Bayes shrinkage of shares, and how much repeated weeks of the same people are worth."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

GREATEST_STRENGTH = 1e6
"""The greatest a + b of a prior: units whose shares vary less than that are alike."""


def beta_of(mean: ArrayLike, variance: ArrayLike) -> tuple[Array, Array]:
    """The beta distribution (a, b) with this mean and variance (method of moments).

    a + b = mean (1 - mean) / variance - 1. Source: Gelman et al., Bayesian Data Analysis, section 5.1. NaN
    where no beta distribution has these moments (variance not below mean * (1 - mean)).
    """
    means = np.asarray(mean, float)
    variances = np.asarray(variance, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = means * (1 - means) / variances - 1
    is_possible = (strength > 0) & np.isfinite(strength)
    strength = np.where(is_possible, strength, np.nan)
    return means * strength, (1 - means) * strength


def beta_binomial_moments(count: ArrayLike, denominator: ArrayLike) -> tuple[float, float]:
    """The beta prior (a, b) of shares with unequal denominators, by weighted moments.

    Source: Kleinman 1973, JASA 68:46 (first step weights n, one re-weighting). `count`, `denominator` (n):
    one value for each unit. Where the shares vary no more than chance, a + b is capped at 1e6: the units
    are alike. Raises ValueError for fewer than two units with a denominator.
    """
    counts, denominators = _units_with_denominator(count, denominator)
    if len(counts) < 2:
        raise ValueError("a prior needs at least two units with a denominator")
    share = counts / denominators
    weight = denominators.copy()
    mean, correlation = float(counts.sum() / denominators.sum()), 0.0
    # The best weights need the correlation, which needs weights: so two steps, as Kleinman has them.
    for _ in range(2):
        weight_sum = weight.sum()
        mean = float((weight * share).sum() / weight_sum)
        spread = float((weight * (share - mean) ** 2).sum())
        variance = mean * (1 - mean)
        remaining_weight = 1 - weight / weight_sum
        # What the spread would be, in `variance`, with a correlation of 0 and of 1.
        noise = float((weight / denominators * remaining_weight).sum())
        signal = float((weight * remaining_weight).sum())
        has_signal = variance > 0 and signal > noise
        correlation = (
            (spread - variance * noise) / (variance * (signal - noise)) if has_signal else 0.0
        )
        correlation = min(max(correlation, 1e-6), 1 - 1e-6)
        weight = denominators / (1 + correlation * (denominators - 1))
    strength = 1 / correlation - 1
    return mean * strength, (1 - mean) * strength


def beta_binomial_likelihood(count: ArrayLike, denominator: ArrayLike) -> tuple[float, float]:
    """The beta prior (a, b) of shares, by maximum likelihood of the beta-binomial distribution.

    Source: Griffiths 1973, Biometrics 29:637; Robinson 2017, Introduction to Empirical Bayes. Starts from
    the moments; a + b is at most 1e6.
    """
    counts, denominators = _units_with_denominator(count, denominator)
    start_successes, start_failures = beta_binomial_moments(counts, denominators)
    greatest = np.log(GREATEST_STRENGTH)

    def loss(parameters: Array) -> float:
        mean, strength = scipy.special.expit(parameters[0]), np.exp(min(parameters[1], greatest))
        successes, failures = mean * strength, (1 - mean) * strength
        posterior = scipy.special.betaln(counts + successes, denominators - counts + failures)
        prior = scipy.special.betaln(successes, failures)
        return -float(np.sum(posterior - prior))

    # Logit and logarithm leave the search without bounds; both ends of each are infinite, so the start keeps off them.
    start_strength = start_successes + start_failures
    start_mean = min(max(start_successes / start_strength, 1e-4), 1 - 1e-4)
    start = np.array([scipy.special.logit(start_mean), np.log(min(start_strength, 1e3))])
    fitted = scipy.optimize.minimize(
        loss,
        start,
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000},
    )
    mean = float(scipy.special.expit(fitted.x[0]))
    strength = float(np.exp(min(fitted.x[1], greatest)))
    return mean * strength, (1 - mean) * strength


def posterior_mean(
    count: ArrayLike, denominator: ArrayLike, successes: ArrayLike, failures: ArrayLike
) -> Array:
    """The shrunk share (a + count) / (a + b + n). Source: Robinson 2017. Arguments broadcast.

    `successes` is a and `failures` b of the prior, `denominator` n.
    """
    prior_successes = np.asarray(successes, float)
    prior_failures = np.asarray(failures, float)
    numerator = prior_successes + np.asarray(count, float)
    return np.asarray(
        numerator / (prior_successes + prior_failures + np.asarray(denominator, float))
    )


def posterior_below(
    count: ArrayLike,
    denominator: ArrayLike,
    successes: ArrayLike,
    failures: ArrayLike,
    limit: ArrayLike,
) -> Array:
    """P(share < limit) under the beta posterior of a prior with a `successes` and b `failures`.

    `count` and `denominator` may be effective, not whole, numbers. Source: Robinson 2017.
    """
    counts = np.asarray(count, float)
    denominators = np.asarray(denominator, float)
    # betainc knows limits within [0, 1] alone; one beyond them lies below, or above, every share.
    edge = np.clip(np.asarray(limit, float), 0.0, 1.0)
    posterior_successes = np.asarray(successes, float) + counts
    posterior_failures = np.asarray(failures, float) + denominators - counts
    return np.asarray(scipy.special.betainc(posterior_successes, posterior_failures, edge))


def effective_n(person_weeks: ArrayLike, weeks: ArrayLike, correlation: ArrayLike) -> Array:
    """How many independent answers `person_weeks` over `weeks` weeks of the same people are worth.

    n / (1 + (weeks - 1) * correlation), the design effect of Kish 1965, Survey Sampling, 5.4. `person_weeks`, n,
    is the sum over the weeks; `correlation` is that between two weeks of one person.
    """
    further_weeks = np.maximum(np.asarray(weeks, float), 1.0) - 1
    design_effect = 1 + further_weeks * np.asarray(correlation, float)
    return np.asarray(np.asarray(person_weeks, float) / design_effect)


def _units_with_denominator(count: ArrayLike, denominator: ArrayLike) -> tuple[Array, Array]:
    counts = np.asarray(count, float)
    denominators = np.asarray(denominator, float)
    has_denominator = denominators > 0
    return counts[has_denominator], denominators[has_denominator]
