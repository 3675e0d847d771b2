"""EWMA and CUSUM charts, their average run lengths, and the limits that give a wanted run length."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def ewma(z: ArrayLike, smoothing: float, *, start: float = 0.0) -> Array:
    """e_t = λ z_t + (1 - λ) e_(t-1) along the last axis; a NaN leaves the state as it was.

    Source: Roberts 1959, Technometrics 1:239.
    """
    x = np.asarray(z, float)
    smoothed, state = np.empty_like(x), np.full(x.shape[:-1], start)
    for t in range(x.shape[-1]):
        is_known = np.isfinite(x[..., t])
        state = np.where(is_known, smoothing * np.where(is_known, x[..., t], 0.0) + (1 - smoothing) * state, state)
        smoothed[..., t] = state
    return smoothed


def ewma_sigma(steps: ArrayLike, smoothing: float, baseline: ArrayLike = np.inf) -> Array:
    """Standard deviation of an EWMA of unit-variance values after `steps` values.

    √(λ/(2-λ)·[1-(1-λ)^{2t}] + (1-(1-λ)^t)²/n_b): the second part is the mean of a baseline of n_b values,
    which the values are measured against (infinite = known). Source: Montgomery, 9.2; Jones, Champ and
    Rigdon 2001, Technometrics 43:156, for the estimated baseline.
    """
    t = np.asarray(steps, float)
    fade = (1 - smoothing) ** t
    return np.asarray(
        np.sqrt(smoothing / (2 - smoothing) * (1 - fade**2) + (1 - fade) ** 2 / np.asarray(baseline, float))
    )


def cusum(z: ArrayLike, allowance: float, *, start: float = 0.0) -> tuple[Array, Array]:
    """Upper and lower tabular CUSUM along the last axis, both as non-negative sums; NaN is passed over.

    C⁺ = max(0, C⁺ + z - k), C⁻ = max(0, C⁻ - z - k). Source: Page 1954; Montgomery, 9.1.
    """
    x = np.asarray(z, float)
    high, low = np.empty_like(x), np.empty_like(x)
    upper_sum, down = np.full(x.shape[:-1], start), np.full(x.shape[:-1], start)
    for t in range(x.shape[-1]):
        is_known = np.isfinite(x[..., t])
        value = np.where(is_known, x[..., t], 0.0)
        upper_sum = np.where(is_known, np.maximum(0.0, upper_sum + value - allowance), upper_sum)
        down = np.where(is_known, np.maximum(0.0, down - value - allowance), down)
        high[..., t], low[..., t] = upper_sum, down
    return high, low


def ewma_run_length(limit: float, smoothing: float, shift: float = 0.0, *, nodes: int = 80) -> float:
    """Average run length of a two-sided EWMA chart with steady limits ± L √(λ/(2-λ)), started at 0.

    `limit` is L, `shift` the mean of the unit-variance values. Source: the integral equation of Crowder
    1987, Technometrics 29:401; figures of Lucas and Saccucci 1990, Technometrics 32:1. Gauss-Legendre.
    """
    half = limit * np.sqrt(smoothing / (2 - smoothing))
    node, weight = np.polynomial.legendre.leggauss(nodes)
    node, weight = node * half, weight * half
    step = (node[None, :] - (1 - smoothing) * node[:, None]) / smoothing - shift
    kernel = weight * _normal(step) / smoothing
    inside = np.linalg.solve(np.eye(nodes) - kernel, np.ones(nodes))
    first_step = weight * _normal(node / smoothing - shift) / smoothing
    return float(1 + first_step @ inside)


def cusum_run_length(limit: float, allowance: float, shift: float = 0.0, *, nodes: int = 80) -> float:
    """Average run length of a one-sided CUSUM with decision limit h and allowance k, started at 0.

    Source: Page 1954's integral equation; figures of Brook and Evans 1972, Biometrika 59:539 (their Markov
    chain tends to it as its states grow). Gauss-Legendre, with the mass at 0 as one more node.
    """
    node, weight = np.polynomial.legendre.leggauss(nodes)
    node, weight = (node + 1) * limit / 2, weight * limit / 2
    place = np.concatenate([[0.0], node])
    kernel = np.empty((nodes + 1, nodes + 1))
    kernel[:, 0] = scipy.special.ndtr(allowance - place - shift)
    kernel[:, 1:] = weight * _normal(node[None, :] + allowance - place[:, None] - shift)
    return float(np.linalg.solve(np.eye(nodes + 1) - kernel, np.ones(nodes + 1))[0])


def ewma_limit(run_length: float, smoothing: float) -> float:
    """The limit L at which a two-sided EWMA chart has this average run length in control."""
    return float(scipy.optimize.brentq(lambda c: ewma_run_length(c, smoothing) - run_length, 0.5, 5.0, xtol=1e-10))


def cusum_limit(run_length: float, allowance: float) -> float:
    """The decision limit h at which a one-sided CUSUM has this average run length in control."""
    return float(scipy.optimize.brentq(lambda h: cusum_run_length(h, allowance) - run_length, 0.1, 12.0, xtol=1e-10))


def _normal(x: Array) -> Array:
    return np.asarray(np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi))
