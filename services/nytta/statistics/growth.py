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

    def at(self, week: ArrayLike) -> Array:
        """The curve's value at weeks."""
        return logistic(week, self.ceiling, self.middle, self.pace)


def logistic(week: ArrayLike, ceiling: ArrayLike, middle: ArrayLike, pace: ArrayLike) -> Array:
    """The logistic curve at weeks t; arguments broadcast. Source: Verhulst 1838; Griliches 1957, Econometrica 25."""
    weeks_from_middle = np.asarray(week, float) - np.asarray(middle, float)
    folds = weeks_from_middle / np.asarray(pace, float)
    # exp overflows from 710 on; at 500 e-folds the curve has long met 0 or its ceiling.
    damping = np.exp(-np.clip(folds, -500, 500))
    return np.asarray(np.asarray(ceiling, float) / (1 + damping))


def fit_logistic(week: ArrayLike, value: ArrayLike, weight: ArrayLike | None = None) -> Logistic:
    """The logistic curve with the least weighted squares; the ceiling stays within (0, 1.5].

    Raises ValueError for fewer than four values. Source: Marquardt 1963 (scipy's trust region form).
    """
    weeks = np.asarray(week, float)
    values = np.asarray(value, float)
    weights = np.ones_like(values) if weight is None else np.asarray(weight, float)
    is_usable = np.isfinite(weeks) & np.isfinite(values) & (weights > 0)
    weeks, values, weights = weeks[is_usable], values[is_usable], weights[is_usable]
    if len(values) < 4:
        raise ValueError(f"a logistic curve needs at least four values, not {len(values)}")
    # The search begins at what the values show: their greatest, and the first week that reaches half of it.
    highest = float(np.clip(np.max(values), 1e-3, 1.5))
    above_half = np.flatnonzero(values >= highest / 2)
    first_half = float(weeks[above_half[0]])
    span = max(float(np.ptp(weeks)), 1.0)
    lowest_parameters = [1e-6, weeks.min() - 2 * span, 1e-3]
    highest_parameters = [1.5, weeks.max() + 2 * span, 4 * span]

    def misfit(parameters: Array) -> Array:
        ceiling, middle, pace = parameters
        return np.asarray(np.sqrt(weights) * (logistic(weeks, ceiling, middle, pace) - values))

    fitted = scipy.optimize.least_squares(
        misfit,
        [highest, first_half, span / 8],
        bounds=(lowest_parameters, highest_parameters),
        # A share and weeks differ by orders of magnitude; unscaled, a step would move one of them only.
        x_scale=[0.1, span / 4, span / 8],
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    ceiling, middle, pace = (float(parameter) for parameter in fitted.x)
    return Logistic(ceiling, middle, pace)


def bass(time: ArrayLike, innovation: ArrayLike, imitation: ArrayLike) -> Array:
    """Share adopted at time t: (1 - e^{-(p+q)t}) / (1 + (q/p) e^{-(p+q)t}).

    Source: Bass 1969, Management Science 15:215. `innovation` is p, `imitation` q.
    """
    innovators = np.asarray(innovation, float)
    imitators = np.asarray(imitation, float)
    fade = np.exp(-(innovators + imitators) * np.asarray(time, float))
    return np.asarray((1 - fade) / (1 + imitators / innovators * fade))


def bass_peak(innovation: float, imitation: float) -> tuple[float, float]:
    """The time of the fastest adoption, ln(q/p)/(p+q), and the share adopted by then, 1/2 - p/(2q).

    Source: Bass 1969. `innovation` is p, `imitation` q.
    """
    time = np.log(imitation / innovation) / (innovation + imitation)
    share = 0.5 - innovation / (2 * imitation)
    return float(time), share
