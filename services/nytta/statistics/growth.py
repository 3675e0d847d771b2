"""Curves of adoption: logistic and Bass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Logistic:
    """K / (1 + exp(-(t - middle) / pace)): ceiling K, week of half the ceiling, weeks of one e-fold."""

    ceiling: float
    middle: float
    pace: float

    def at(self, t: ArrayLike) -> Array:
        """The curve's value at weeks `t`."""
        return logistic(t, self.ceiling, self.middle, self.pace)


def logistic(t: ArrayLike, ceiling: ArrayLike, middle: ArrayLike, pace: ArrayLike) -> Array:
    """The logistic curve; arguments broadcast. Source: Verhulst 1838; Griliches 1957, Econometrica 25."""
    place = (np.asarray(t, float) - np.asarray(middle, float)) / np.asarray(pace, float)
    return np.asarray(np.asarray(ceiling, float) / (1 + np.exp(-np.clip(place, -500, 500))))


def fit_logistic(t: ArrayLike, value: ArrayLike, weight: ArrayLike | None = None) -> Logistic:
    """The logistic curve with the least weighted squares; the ceiling stays within (0, 1.5].

    Raises ValueError for fewer than four values. Source: Marquardt 1963 (scipy's trust region form).
    """
    x, y = np.asarray(t, float), np.asarray(value, float)
    w = np.ones_like(y) if weight is None else np.asarray(weight, float)
    keep = np.isfinite(x) & np.isfinite(y) & (w > 0)
    x, y, w = x[keep], y[keep], w[keep]
    if len(y) < 4:
        raise ValueError(f"a logistic curve needs at least four values, not {len(y)}")
    top = float(np.clip(np.max(y), 1e-3, 1.5))
    over = np.flatnonzero(y >= top / 2)
    width = max(float(np.ptp(x)), 1.0)

    def misfit(theta: Array) -> Array:
        return np.asarray(np.sqrt(w) * (logistic(x, theta[0], theta[1], theta[2]) - y))

    fitted = scipy.optimize.least_squares(
        misfit,
        [top, float(x[over[0]]), width / 8],
        bounds=([1e-6, x.min() - 2 * width, 1e-3], [1.5, x.max() + 2 * width, 4 * width]),
        x_scale=[0.1, width / 4, width / 8],
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    return Logistic(*(float(part) for part in fitted.x))


def bass(t: ArrayLike, innovation: ArrayLike, imitation: ArrayLike) -> Array:
    """Share adopted at time t: (1 - e^{-(p+q)t}) / (1 + (q/p) e^{-(p+q)t}).

    Source: Bass 1969, Management Science 15:215. `innovation` is p, `imitation` q.
    """
    p, q = np.asarray(innovation, float), np.asarray(imitation, float)
    fade = np.exp(-(p + q) * np.asarray(t, float))
    return np.asarray((1 - fade) / (1 + q / p * fade))


def bass_peak(innovation: float, imitation: float) -> tuple[float, float]:
    """The time of the fastest adoption, ln(q/p)/(p+q), and the share adopted by then, 1/2 - p/(2q)."""
    p, q = innovation, imitation
    return float(np.log(q / p) / (p + q)), 0.5 - p / (2 * q)
