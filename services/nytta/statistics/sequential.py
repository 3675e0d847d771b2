"""EWMA and CUSUM charts, their average run lengths, and the limits that give a wanted run length."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def ewma(deviation: ArrayLike, smoothing: float, *, start: float = 0.0) -> Array:
    """e_t = λ z_t + (1 - λ) e_(t-1) along the last axis; a NaN leaves the state as it was.

    `deviation` is z, `smoothing` λ. Source: Roberts 1959, Technometrics 1:239.
    """
    deviations = np.asarray(deviation, float)
    smoothed = np.empty_like(deviations)
    state = np.full(deviations.shape[:-1], start)
    for week in range(deviations.shape[-1]):
        is_known = np.isfinite(deviations[..., week])
        # Zero stands for what lacks, so that no NaN enters the product that is then not taken.
        latest = np.where(is_known, deviations[..., week], 0.0)
        next_state = smoothing * latest + (1 - smoothing) * state
        state = np.where(is_known, next_state, state)
        smoothed[..., week] = state
    return smoothed


def ewma_sigma(steps: ArrayLike, smoothing: float, baseline: ArrayLike = np.inf) -> Array:
    """Standard deviation of an EWMA of unit-variance values after `steps` values.

    √(λ/(2-λ)·[1-(1-λ)^{2t}] + (1-(1-λ)^t)²/n_b): the second part is the mean of a baseline of n_b values,
    which the values are measured against (infinite = known). Source: Montgomery, 9.2; Jones, Champ and
    Rigdon 2001, Technometrics 43:156, for the estimated baseline.
    """
    fade = (1 - smoothing) ** np.asarray(steps, float)
    smoothing_variance = smoothing / (2 - smoothing) * (1 - fade**2)
    baseline_variance = (1 - fade) ** 2 / np.asarray(baseline, float)
    return np.asarray(np.sqrt(smoothing_variance + baseline_variance))


def cusum(deviation: ArrayLike, allowance: float, *, start: float = 0.0) -> tuple[Array, Array]:
    """Upper and lower tabular CUSUM along the last axis, both as non-negative sums; NaN is passed over.

    C⁺ = max(0, C⁺ + z - k), C⁻ = max(0, C⁻ - z - k), `deviation` z and `allowance` k. Source: Page 1954;
    Montgomery, 9.1.
    """
    deviations = np.asarray(deviation, float)
    upper, lower = np.empty_like(deviations), np.empty_like(deviations)
    upper_sum = np.full(deviations.shape[:-1], start)
    lower_sum = np.full(deviations.shape[:-1], start)
    for week in range(deviations.shape[-1]):
        is_known = np.isfinite(deviations[..., week])
        latest = np.where(is_known, deviations[..., week], 0.0)
        next_upper = np.maximum(0.0, upper_sum + latest - allowance)
        next_lower = np.maximum(0.0, lower_sum - latest - allowance)
        upper_sum = np.where(is_known, next_upper, upper_sum)
        lower_sum = np.where(is_known, next_lower, lower_sum)
        upper[..., week] = upper_sum
        lower[..., week] = lower_sum
    return upper, lower


def ewma_run_length(
    limit: float, smoothing: float, shift: float = 0.0, *, nodes: int = 80
) -> float:
    """Average run length of a two-sided EWMA chart with steady limits ± L √(λ/(2-λ)), started at 0.

    `limit` is L, `shift` the mean of the unit-variance values. Source: the integral equation of Crowder
    1987, Technometrics 29:401; figures of Lucas and Saccucci 1990, Technometrics 32:1. Gauss-Legendre.
    """
    half_width = limit * np.sqrt(smoothing / (2 - smoothing))
    node, weight = np.polynomial.legendre.leggauss(nodes)
    # The rule is given on [-1, 1]; here the chart's states lie between its limits.
    state = node * half_width
    weight = weight * half_width
    # The value that leads from one state (rows) to another (columns).
    step = (state[None, :] - (1 - smoothing) * state[:, None]) / smoothing - shift
    kernel = weight * _normal_density(step) / smoothing
    run_lengths = np.linalg.solve(np.eye(nodes) - kernel, np.ones(nodes))
    # The start, 0, is no node of the rule: one step from there leads to them.
    first_step = weight * _normal_density(state / smoothing - shift) / smoothing
    return float(1 + first_step @ run_lengths)


def cusum_run_length(
    limit: float, allowance: float, shift: float = 0.0, *, nodes: int = 80
) -> float:
    """Average run length of a one-sided CUSUM with decision limit h and allowance k, started at 0.

    Source: Page 1954's integral equation; figures of Brook and Evans 1972, Biometrika 59:539 (their Markov
    chain tends to it as its states grow). Gauss-Legendre, with the mass at 0 as one more node.
    """
    node, weight = np.polynomial.legendre.leggauss(nodes)
    # From the rule's [-1, 1] to the sums between 0 and the limit.
    positive_state = (node + 1) * limit / 2
    weight = weight * limit / 2
    state = np.concatenate([[0.0], positive_state])
    kernel = np.empty((nodes + 1, nodes + 1))
    # Every fall below 0 ends at 0: a probability, where the other columns hold densities.
    kernel[:, 0] = scipy.special.ndtr(allowance - state - shift)
    step = positive_state[None, :] + allowance - state[:, None] - shift
    kernel[:, 1:] = weight * _normal_density(step)
    run_lengths = np.linalg.solve(np.eye(nodes + 1) - kernel, np.ones(nodes + 1))
    return float(run_lengths[0])


def ewma_limit(run_length: float, smoothing: float) -> float:
    """The limit L at which a two-sided EWMA chart has this average run length in control."""

    def misfit(limit: float) -> float:
        return ewma_run_length(limit, smoothing) - run_length

    return float(scipy.optimize.brentq(misfit, 0.5, 5.0, xtol=1e-10))


def cusum_limit(run_length: float, allowance: float) -> float:
    """The decision limit h at which a one-sided CUSUM has this average run length in control."""

    def misfit(limit: float) -> float:
        return cusum_run_length(limit, allowance) - run_length

    return float(scipy.optimize.brentq(misfit, 0.1, 12.0, xtol=1e-10))


def _normal_density(deviation: Array) -> Array:
    # Written out, as scipy.stats takes a second to load.
    return np.asarray(np.exp(-0.5 * deviation * deviation) / np.sqrt(2 * np.pi))
