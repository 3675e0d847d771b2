"""A fall whose week of onset is not known: generalised likelihood ratios over many onsets, and their false rate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Shape = Literal["step", "ramp"]


@dataclass(frozen=True, slots=True)
class Onset:
    """One alternative: the last `length` values have fallen, at once ("step") or evenly further in time ("ramp")."""

    shape: Shape
    length: int


@dataclass(frozen=True, slots=True)
class Fall:
    """How far the last values of each row lie below those before them, (rows, values) or with the axes of the values.

    `estimate` is the fall as it stands at the last value, `variance` its variance where each value has 1 / weight;
    `reference` the mean of the values before. NaN where the reference has too few values.
    """

    estimate: Array
    variance: Array
    reference: Array


@dataclass(frozen=True, slots=True)
class Sums:
    """Cumulated sums of weighted values: of weights, values, and both times their place.

    Those of weights are (rows, values + 1); values may have further axes before these two.
    """

    weight: Array
    weight_place: Array
    weight_place2: Array
    value: Array
    value_place: Array
    place: Array

    @staticmethod
    def of(value: ArrayLike, weight: ArrayLike, place: ArrayLike) -> Sums:
        """The sums of `value` (..., rows, values), `weight` and `place` in time (both rows, values).

        A value of no weight is passed over.
        """
        w, times = np.asarray(weight, float), np.asarray(place, float)
        x = np.where(w > 0, np.asarray(value, float), 0.0) * w

        def cumulated(a: Array) -> Array:
            return np.concatenate([np.zeros((*a.shape[:-1], 1)), np.cumsum(a, axis=-1)], axis=-1)

        return Sums(
            cumulated(w), cumulated(w * times), cumulated(w * times**2), cumulated(x), cumulated(x * times), times
        )


def fall(sums: Sums, onset: Onset, start: Whole, fewest: int) -> Fall:
    """The fall that began `onset.length` values ago, at every value; generalised least squares.

    `start` (rows, values) is the first value of the reference of the fall that ends at a value; the reference reaches
    to the onset and must hold at least `fewest` values.
    """
    values, length = start.shape[1], onset.length
    estimate, reference = (np.full((*sums.value.shape[:-1], values), np.nan) for _ in range(2))
    variance = np.full(start.shape, np.nan)
    if values < length:
        return Fall(estimate, variance, reference)
    ends = np.arange(length, values + 1)
    onsets = ends - length
    first_place = start[:, length - 1 :]
    is_long_enough = onsets[None, :] - first_place >= fewest
    first_place = np.where(is_long_enough, first_place, 0)

    def between(total: Array) -> Array:
        return total[..., length:] - total[..., : values + 1 - length]

    def before(total: Array) -> Array:
        place = np.broadcast_to(first_place, (*total.shape[:-1], first_place.shape[1]))
        return total[..., : values + 1 - length] - np.take_along_axis(total, place, axis=-1)

    with np.errstate(divide="ignore", invalid="ignore"):
        weight_before = before(sums.weight)
        mean = before(sums.value) / weight_before
        weight = between(sums.weight)
        value = between(sums.value)
        if onset.shape == "step":
            level_fall, spread = mean - value / weight, 1 / weight + 1 / weight_before
        else:
            # The fall begins one week before its first value and is 1 at its last.
            origin = sums.place[:, : values + 1 - length] - 1
            span = sums.place[:, length - 1 :] - origin
            slope_weight = (between(sums.weight_place) - origin * weight) / span
            two = between(sums.weight_place2) - 2 * origin * between(sums.weight_place) + origin**2 * weight
            two /= span**2
            slope = mean * slope_weight - (between(sums.value_place) - origin * value) / span
            level_fall, spread = slope / two, 1 / two + (slope_weight / two) ** 2 / weight_before
    is_long_enough &= (weight > 0) & (weight_before > 0)
    estimate[..., length - 1 :] = np.where(is_long_enough, level_fall, np.nan)
    variance[:, length - 1 :] = np.where(is_long_enough, spread, np.nan)
    reference[..., length - 1 :] = np.where(is_long_enough, mean, np.nan)
    return Fall(estimate, variance, reference)


def crossing_rate(limit: float, shortest: int, longest: int) -> float:
    """Chance that a bank of one-sided onsets crosses `limit` (standard deviations) at a new value, with nothing wrong.

    The inverse of the average run length of the window-limited generalised likelihood ratio, onsets `shortest` to
    `longest` values ago: b ∫ x ν²(x) dx φ(b) / 2 over b / √longest to b / √shortest, with ν of Siegmund 1985. Source:
    Siegmund and Venkatraman 1995, Annals of Statistics 23:255, halved for one side.
    """
    b = float(limit)

    def density(x: float) -> float:
        half = x / 2
        phi, big = np.exp(-half * half / 2) / np.sqrt(2 * np.pi), scipy.special.ndtr(half)
        nu = (2 / x) * (big - 0.5) / (half * big + phi)
        return float(x * nu * nu)

    area, _ = scipy.integrate.quad(density, b / np.sqrt(longest), b / np.sqrt(shortest))
    return float(b * area * np.exp(-b * b / 2) / np.sqrt(2 * np.pi) / 2)


@cache
def onset_limit(rate: float, shortest: int, longest: int) -> float:
    """The limit at which a bank of onsets crosses with chance `rate` at a new value; at least 1.5."""
    low, high = 1.5, 9.0
    if crossing_rate(low, shortest, longest) <= rate:
        return low
    return float(
        scipy.optimize.brentq(lambda b: np.log(crossing_rate(b, shortest, longest) / rate), low, high, xtol=1e-9)
    )


LONGEST_CLIMB = 13
"""So many steps a climb from one level to another may last."""


def rise(values: ArrayLike) -> int:
    """The index of the first value of a rise from one level to another.

    Of all broken lines (a level, a climb of at most `LONGEST_CLIMB` steps, a level) the one that fits best by least
    squares. ValueError with fewer than three values.
    """
    y = np.asarray(values, dtype=np.float64)
    if len(y) < 3:
        raise ValueError("a rise has a level before it and one after it")
    place = np.arange(len(y), dtype=np.float64)
    start = np.arange(len(y) - 2, dtype=np.float64)[:, None, None]
    length = np.arange(1, LONGEST_CLIMB + 1, dtype=np.float64)[None, :, None]
    line = np.clip((place[None, None, :] - start) / length, 0.0, 1.0)
    line -= line.mean(axis=2, keepdims=True)
    explained = (line * (y - y.mean())).sum(axis=2)
    gain = np.where(explained > 0, explained**2 / (line**2).sum(axis=2), -1.0)
    return int(np.unravel_index(np.argmax(gain), gain.shape)[0]) + 1
