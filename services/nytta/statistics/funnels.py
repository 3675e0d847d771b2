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


def winsorise(z: ArrayLike, share: float = 0.1) -> Array:
    """`z` with its lowest and highest `share` moved to those quantiles. Source: Spiegelhalter 2005."""
    value = np.asarray(z, float)
    low, high = np.nanquantile(value, [share, 1 - share])
    return np.asarray(np.clip(value, low, high))


def dispersion(z: ArrayLike, standard_error: ArrayLike, *, winsor: float = 0.1, corrected: bool = True) -> Dispersion:
    """φ and τ² of standardised deviations `z` with standard errors on the transformed scale.

    Source: Spiegelhalter 2005, Qual Saf Health Care 14:347 (additive random effects). Winsorising at 10 %
    leaves E[z²] = 0.6787 of pure noise; `corrected` divides by it (with the published form,
    `corrected=False`, τ² stays 0 until the true φ is about 1.47). `winsor=0` is DerSimonian and Laird's
    estimate, better where there are few units.
    """
    deviation, s = np.asarray(z, float), np.asarray(standard_error, float)
    keep = np.isfinite(deviation) & np.isfinite(s) & (s > 0)
    deviation, s = deviation[keep], s[keep]
    units = len(deviation)
    if units < 2:
        return Dispersion(1.0, 0.0)
    clipped = winsorise(deviation, winsor) if winsor > 0 else deviation
    phi = float(np.mean(clipped**2))
    if winsor > 0 and corrected:
        phi /= _winsorised_variance(winsor)
    weight = 1 / s**2
    excess = units * phi - (units - 1)
    if excess <= 0:
        return Dispersion(phi, 0.0)
    return Dispersion(phi, float(excess / (weight.sum() - (weight**2).sum() / weight.sum())))


def robust_tau2(deviation: ArrayLike, standard_error: ArrayLike) -> float:
    """τ² that a minority of far units cannot swell: (1.4826 · MAD)² less the median sampling variance, at least 0.

    `deviation` and `standard_error` on the transformed scale. Where a third of few units lies far away, the mean of
    squares takes them for the usual spread and hides them. Source: Rousseeuw and Croux 1993, JASA 88:1273 (the median
    absolute deviation as an estimate of scale), in Spiegelhalter's additive model.
    """
    y, s = np.asarray(deviation, float), np.asarray(standard_error, float)
    scale = 1.4826 * float(np.median(np.abs(y - np.median(y))))
    return max(0.0, scale**2 - float(np.median(s**2)))


def _winsorised_variance(share: float) -> float:
    """E[z²] of a standard normal variable Winsorised at `share` on both sides."""
    q = float(scipy.special.ndtri(1 - share))
    return float(1 - 2 * share - 2 * q * np.exp(-q * q / 2) / np.sqrt(2 * np.pi) + 2 * share * q * q)


def proportion_z(count: ArrayLike, n: ArrayLike, target: float | None = None) -> tuple[Array, Array, float]:
    """Deviations from the target on the arcsine scale: z, standard errors, and the target used.

    y = asin √p, s = 1 / (2√n). Source: Spiegelhalter 2005; FunnelPlotR. Without a target: Σcount / Σn.
    """
    x, m = np.asarray(count, float), np.asarray(n, float)
    theta = float(np.nansum(x) / np.nansum(m)) if target is None else target
    with np.errstate(divide="ignore", invalid="ignore"):
        s = np.where(m > 0, 1 / (2 * np.sqrt(m)), np.nan)
        z = (np.arcsin(np.sqrt(x / m)) - np.arcsin(np.sqrt(theta))) / s
    return z, s, theta


def proportion_limits(
    n: ArrayLike,
    target: float,
    *,
    confidence: float = 0.95,
    method: Literal["arcsine", "normal", "exact"] = "arcsine",
    tau2: float = 0.0,
) -> tuple[Array, Array]:
    """Funnel limits of a share at denominators `n`: lower and upper, within [0, 1].

    arcsine: sin²(asin √θ ± k √(s² + τ²)), held at 0 and 1 where the angle leaves [0, π/2] (there the sine
    would turn back and the limits would no longer be monotone). normal: θ ± k √(θ(1-θ)/n). exact:
    interpolated binomial quantiles (Spiegelhalter 2005, appendix A.1.1). τ² needs the arcsine method.
    Source: Spiegelhalter 2005, Stat Med 24:1185.
    """
    m = np.asarray(n, float)
    tail = (1 - confidence) / 2
    k = float(scipy.special.ndtri(1 - tail))
    if tau2 and method != "arcsine":
        raise ValueError("over-dispersed limits are defined on the arcsine scale: use method='arcsine'")
    if method == "arcsine":
        angle, reach = np.arcsin(np.sqrt(target)), k * np.sqrt(1 / (4 * m) + tau2)
        low = np.sin(np.clip(angle - reach, 0, np.pi / 2)) ** 2
        return low, np.sin(np.clip(angle + reach, 0, np.pi / 2)) ** 2
    if method == "normal":
        reach = k * np.sqrt(target * (1 - target) / m)
        return np.clip(target - reach, 0, 1), np.clip(target + reach, 0, 1)
    lower = _interpolated(binomial_quantile, binomial_cdf, tail, (m, target)) / m
    return np.clip(lower, 0, 1), np.clip(
        _interpolated(binomial_quantile, binomial_cdf, 1 - tail, (m, target)) / m, 0, 1
    )


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
    e = np.asarray(expected, float)
    tail = (1 - confidence) / 2
    if method == "root" or tau2:
        if method != "root":
            raise ValueError("over-dispersed limits are defined on the root scale: use method='root'")
        reach = float(scipy.special.ndtri(1 - tail)) * np.sqrt(1 / (4 * e) + tau2)
        return np.maximum(np.sqrt(target) - reach, 0) ** 2, (np.sqrt(target) + reach) ** 2
    lower = _interpolated(poisson_quantile, poisson_cdf, tail, (e * target,)) / e
    return np.maximum(lower, 0.0), _interpolated(poisson_quantile, poisson_cdf, 1 - tail, (e * target,)) / e


def expected_beyond(observed: ArrayLike, *, confidence: float = 0.95) -> tuple[Array, Array]:
    """The expected counts at which `observed` lies exactly on the lower and on the upper Poisson limit.

    The curve of a ratio funnel drawn over observed counts: P(X <= observed | E_lower) = tail and
    P(X >= observed | E_upper) = tail. Source: Dover and Schopflocher 2011, Popul Health Metr 9:58.
    """
    x = np.asarray(observed, float)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        upper = np.where(x > 0, scipy.special.gammaincinv(x, tail), 0.0)
    return np.asarray(scipy.special.gammaincinv(x + 1, 1 - tail)), upper


def _interpolated(quantile: Callable[..., Array], cdf: Callable[..., Array], p: float, shape: tuple[Any, ...]) -> Array:
    r = quantile(p, *shape)
    upto = cdf(r, *shape)
    probability_at = upto - np.where(r > 0, cdf(np.maximum(r - 1, 0), *shape), 0.0)
    return np.asarray(r - np.where(probability_at > 0, (upto - p) / probability_at, 0.0))
