"""Funnel limits: how far a unit may lie from the target by chance alone, given its size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from .quantiles import binomial_cdf, binomial_quantile, poisson_cdf, poisson_quantile

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Over-dispersion of a cross-section: φ (1 is chance alone) and the between-unit variance τ²."""

    phi: float
    tau2: float


def winsorise(deviation: ArrayLike, share: float = 0.1) -> Array:
    """Deviations with their lowest and highest `share` moved to those quantiles. Source: Spiegelhalter 2005."""
    deviations = np.asarray(deviation, float)
    low, high = np.nanquantile(deviations, [share, 1 - share])
    return np.asarray(np.clip(deviations, low, high))


def dispersion(
    deviation: ArrayLike, standard_error: ArrayLike, *, winsor: float = 0.1, corrected: bool = True
) -> Dispersion:
    """φ and τ² of standardised deviations z with standard errors s on the transformed scale.

    Source: Spiegelhalter 2005, Qual Saf Health Care 14:347 (additive random effects). Winsorising at 10 %
    leaves E[z²] = 0.6787 of pure noise; `corrected` divides by it (with the published form,
    `corrected=False`, τ² stays 0 until the true φ is about 1.47). `winsor=0` is DerSimonian and Laird's
    estimate, better where there are few units.
    """
    deviations = np.asarray(deviation, float)
    errors = np.asarray(standard_error, float)
    is_usable = np.isfinite(deviations) & np.isfinite(errors) & (errors > 0)
    deviations, errors = deviations[is_usable], errors[is_usable]
    units = len(deviations)
    if units < 2:
        return Dispersion(1.0, 0.0)
    clipped = winsorise(deviations, winsor) if winsor > 0 else deviations
    phi = float(np.mean(clipped**2))
    if winsor > 0 and corrected:
        phi /= _winsorised_variance(winsor)
    # τ² by the method of moments: what the squares exceed their expectation under chance alone, units - 1.
    excess = units * phi - (units - 1)
    if excess <= 0:
        return Dispersion(phi, 0.0)
    weight = 1 / errors**2
    scale = weight.sum() - (weight**2).sum() / weight.sum()
    return Dispersion(phi, float(excess / scale))


def robust_tau2(deviation: ArrayLike, standard_error: ArrayLike) -> float:
    """τ² that a minority of far units cannot swell: (1.4826 · MAD)² less the median sampling variance, at least 0.

    `deviation` and `standard_error` on the transformed scale. Where a third of few units lies far away, the mean of
    squares takes them for the usual spread and hides them. Source: Rousseeuw and Croux 1993, JASA 88:1273 (the median
    absolute deviation as an estimate of scale), in Spiegelhalter's additive model.
    """
    deviations = np.asarray(deviation, float)
    errors = np.asarray(standard_error, float)
    absolute_deviation = np.median(np.abs(deviations - np.median(deviations)))
    # 1 / Φ⁻¹(3/4): of normal deviations it makes the standard deviation.
    scale = 1.4826 * float(absolute_deviation)
    sampling_variance = float(np.median(errors**2))
    return max(0.0, scale**2 - sampling_variance)


def _winsorised_variance(share: float) -> float:
    """E[z²] of a standard normal variable Winsorised at `share` on both sides."""
    # With q the upper quantile: 1 - 2 share - 2 q φ(q) from between the quantiles, 2 share q² from the two heaps at ±q.
    quantile = float(scipy.special.ndtri(1 - share))
    lost_in_tails = 2 * quantile * np.exp(-quantile * quantile / 2) / np.sqrt(2 * np.pi)
    middle = 1 - 2 * share - lost_in_tails
    return float(middle + 2 * share * quantile * quantile)


def proportion_z(
    count: ArrayLike, denominator: ArrayLike, target: float | None = None
) -> tuple[Array, Array, float]:
    """Deviations from the target on the arcsine scale: z, standard errors, and the target used.

    y = asin √p, s = 1 / (2√n). Source: Spiegelhalter 2005; FunnelPlotR. Without a target: Σcount / Σn.
    """
    counts = np.asarray(count, float)
    denominators = np.asarray(denominator, float)
    theta = float(np.nansum(counts) / np.nansum(denominators)) if target is None else target
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.where(denominators > 0, 1 / (2 * np.sqrt(denominators)), np.nan)
        angles = np.arcsin(np.sqrt(counts / denominators))
        deviations = (angles - np.arcsin(np.sqrt(theta))) / errors
    return deviations, errors, theta


def proportion_limits(
    denominator: ArrayLike,
    target: float,
    *,
    confidence: float = 0.95,
    method: Literal["arcsine", "normal", "exact"] = "arcsine",
    tau2: float = 0.0,
) -> tuple[Array, Array]:
    """Funnel limits of a share at denominators n: lower and upper, within [0, 1].

    arcsine: sin²(asin √θ ± k √(s² + τ²)), held at 0 and 1 where the angle leaves [0, π/2] (there the sine
    would turn back and the limits would no longer be monotone). normal: θ ± k √(θ(1-θ)/n). exact:
    interpolated binomial quantiles (Spiegelhalter 2005, appendix A.1.1). τ² needs the arcsine method.
    Source: Spiegelhalter 2005, Stat Med 24:1185.
    """
    if tau2 and method != "arcsine":
        raise ValueError(
            "over-dispersed limits are defined on the arcsine scale: use method='arcsine'"
        )
    denominators = np.asarray(denominator, float)
    tail = (1 - confidence) / 2
    quantile = float(scipy.special.ndtri(1 - tail))
    if method == "arcsine":
        angle = np.arcsin(np.sqrt(target))
        reach = quantile * np.sqrt(1 / (4 * denominators) + tau2)
        lower_angle = np.clip(angle - reach, 0, np.pi / 2)
        upper_angle = np.clip(angle + reach, 0, np.pi / 2)
        return np.sin(lower_angle) ** 2, np.sin(upper_angle) ** 2
    if method == "normal":
        reach = quantile * np.sqrt(target * (1 - target) / denominators)
        return np.clip(target - reach, 0, 1), np.clip(target + reach, 0, 1)
    binomial = (denominators, target)
    lower = _interpolated(binomial_quantile, binomial_cdf, tail, binomial) / denominators
    upper = _interpolated(binomial_quantile, binomial_cdf, 1 - tail, binomial) / denominators
    # Interpolation reaches up to one below the quantile, and so below 0 where that is 0.
    return np.clip(lower, 0, 1), np.clip(upper, 0, 1)


def poisson_limits(
    expected: ArrayLike,
    target: float = 1.0,
    *,
    confidence: float = 0.95,
    method: Literal["exact", "root"] = "exact",
    tau2: float = 0.0,
) -> tuple[Array, Array]:
    """Funnel limits of the ratio observed / expected at expected counts `expected`: lower and upper.

    exact: interpolated Poisson quantiles (Spiegelhalter 2005, appendix). root: (√θ ± k √(1/(4E) + τ²))²,
    the lower one held at 0. For a rate give the person-time as `expected` and the mean rate as `target`.
    """
    if tau2 and method != "root":
        raise ValueError("over-dispersed limits are defined on the root scale: use method='root'")
    expected_counts = np.asarray(expected, float)
    tail = (1 - confidence) / 2
    if method == "root":
        root = np.sqrt(target)
        reach = float(scipy.special.ndtri(1 - tail)) * np.sqrt(1 / (4 * expected_counts) + tau2)
        # Squaring a negative root would raise the lower limit again.
        return np.maximum(root - reach, 0) ** 2, (root + reach) ** 2
    poisson = (expected_counts * target,)
    lower = _interpolated(poisson_quantile, poisson_cdf, tail, poisson) / expected_counts
    upper = _interpolated(poisson_quantile, poisson_cdf, 1 - tail, poisson) / expected_counts
    return np.maximum(lower, 0.0), upper


def expected_beyond(observed: ArrayLike, *, confidence: float = 0.95) -> tuple[Array, Array]:
    """The expected counts at which `observed` lies exactly on the lower and on the upper Poisson limit.

    The curve of a ratio funnel drawn over observed counts: P(X <= observed | E_lower) = tail and
    P(X >= observed | E_upper) = tail. Source: Dover and Schopflocher 2011, Popul Health Metr 9:58.
    """
    counts = np.asarray(observed, float)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        # The gamma distribution has no shape 0; nothing observed reaches an upper limit at an expectation of 0 only.
        upper = np.where(counts > 0, scipy.special.gammaincinv(counts, tail), 0.0)
    lower = scipy.special.gammaincinv(counts + 1, 1 - tail)
    return np.asarray(lower), upper


def _interpolated(
    quantile: Callable[..., Array],
    cdf: Callable[..., Array],
    probability: float,
    distribution: tuple[Any, ...],
) -> Array:
    """A quantile of a count as a number that grows smoothly with the size of the distribution.

    r - (P(R ≤ r) - p) / P(R = r), with r the quantile. Source: Spiegelhalter 2005, Stat Med 24:1185, A.1.1.
    """
    count = quantile(probability, *distribution)
    reached = cdf(count, *distribution)
    below = np.where(count > 0, cdf(np.maximum(count - 1, 0), *distribution), 0.0)
    mass = reached - below
    overshoot = np.where(mass > 0, (reached - probability) / mass, 0.0)
    return np.asarray(count - overshoot)
