"""Empirical-Bayes shrinkage of shares, and how much repeated weeks of the same people are worth."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def beta_of(mean: ArrayLike, variance: ArrayLike) -> tuple[Array, Array]:
    """The beta distribution (a, b) with this mean and variance (method of moments).

    Source: Gelman et al., Bayesian Data Analysis, section 5.1. NaN where no beta distribution has these
    moments (variance not below mean * (1 - mean)).
    """
    m, v = np.asarray(mean, float), np.asarray(variance, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = m * (1 - m) / v - 1
    strength = np.where((strength > 0) & np.isfinite(strength), strength, np.nan)
    return m * strength, (1 - m) * strength


def beta_binomial_moments(count: ArrayLike, n: ArrayLike) -> tuple[float, float]:
    """The beta prior (a, b) of shares with unequal denominators, by weighted moments.

    Source: Kleinman 1973, JASA 68:46 (first step weights n, one re-weighting). `count`, `n`: one value for
    each unit. Where the shares vary no more than chance, a + b is capped at 1e6: the units are alike.
    Raises ValueError for fewer than two units with a denominator.
    """
    x, m = np.asarray(count, float), np.asarray(n, float)
    x, m = x[m > 0], m[m > 0]
    if len(x) < 2:
        raise ValueError("a prior needs at least two units with a denominator")
    share, weight = x / m, m.copy()
    mean, rho = float(x.sum() / m.sum()), 0.0
    for _ in range(2):
        weight_sum = weight.sum()
        mean = float((weight * share).sum() / weight_sum)
        spread = float((weight * (share - mean) ** 2).sum())
        q = mean * (1 - mean)
        noise = float((weight / m * (1 - weight / weight_sum)).sum())
        signal = float((weight * (1 - weight / weight_sum)).sum())
        rho = (spread - q * noise) / (q * (signal - noise)) if q > 0 and signal > noise else 0.0
        rho = min(max(rho, 1e-6), 1 - 1e-6)
        weight = m / (1 + rho * (m - 1))
    strength = 1 / rho - 1
    return mean * strength, (1 - mean) * strength


def beta_binomial_likelihood(count: ArrayLike, n: ArrayLike) -> tuple[float, float]:
    """The beta prior (a, b) of shares, by maximum likelihood of the beta-binomial distribution.

    Source: Griffiths 1973, Biometrics 29:637; Robinson 2017, Introduction to Empirical Bayes. Starts from
    the moments; a + b is at most 1e6.
    """
    x, m = np.asarray(count, float), np.asarray(n, float)
    x, m = x[m > 0], m[m > 0]
    a0, b0 = beta_binomial_moments(x, m)

    def loss(theta: Array) -> float:
        mean, strength = scipy.special.expit(theta[0]), np.exp(min(theta[1], np.log(1e6)))
        a, b = mean * strength, (1 - mean) * strength
        return -float(np.sum(scipy.special.betaln(x + a, m - x + b) - scipy.special.betaln(a, b)))

    mean0 = min(max(a0 / (a0 + b0), 1e-4), 1 - 1e-4)
    start = np.array([scipy.special.logit(mean0), np.log(min(a0 + b0, 1e3))])
    fitted = scipy.optimize.minimize(
        loss, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000}
    )
    mean, strength = float(scipy.special.expit(fitted.x[0])), float(np.exp(min(fitted.x[1], np.log(1e6))))
    return mean * strength, (1 - mean) * strength


def posterior_mean(count: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """The shrunk share (a + count) / (a + b + n). Source: Robinson 2017. Arguments broadcast."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return np.asarray((a + np.asarray(count, float)) / (a + b + np.asarray(n, float)))


def posterior_below(count: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike, limit: ArrayLike) -> Array:
    """P(share < limit) under the beta posterior. `count` and `n` may be effective, not whole, numbers."""
    x, m = np.asarray(count, float), np.asarray(n, float)
    edge = np.clip(np.asarray(limit, float), 0.0, 1.0)
    return np.asarray(scipy.special.betainc(np.asarray(a, float) + x, np.asarray(b, float) + m - x, edge))


def effective_n(n: ArrayLike, weeks: ArrayLike, correlation: ArrayLike) -> Array:
    """How many independent answers `n` person-weeks over `weeks` weeks of the same people are worth.

    n / (1 + (weeks - 1) * correlation), the design effect of Kish 1965, Survey Sampling, 5.4. `n` is the
    sum over the weeks; `correlation` is that between two weeks of one person.
    """
    k = np.maximum(np.asarray(weeks, float), 1.0)
    return np.asarray(np.asarray(n, float) / (1 + (k - 1) * np.asarray(correlation, float)))
