"""A fall whose week of onset is not known: generalised likelihood ratios over many onsets, and their false rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

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
        weights = np.asarray(weight, float)
        places = np.asarray(place, float)
        # Zero first: a value of no weight may be NaN, and NaN times 0 is NaN.
        values = np.where(weights > 0, np.asarray(value, float), 0.0)
        weighted_values = values * weights
        return Sums(
            weight=_cumulated(weights),
            weight_place=_cumulated(weights * places),
            weight_place2=_cumulated(weights * places**2),
            value=_cumulated(weighted_values),
            value_place=_cumulated(weighted_values * places),
            place=places,
        )


def _cumulated(terms: Array) -> Array:
    """Sums up to each value, with 0 before the first: the sum of a span is then one difference."""
    nothing = np.zeros((*terms.shape[:-1], 1))
    return np.concatenate([nothing, np.cumsum(terms, axis=-1)], axis=-1)


def fall(sums: Sums, onset: Onset, start: Whole, fewest: int) -> Fall:
    """The fall that began `onset.length` values ago, at every value; generalised least squares.

    `start` (rows, values) is the first value of the reference of the fall that ends at a value; the reference reaches
    to the onset and must hold at least `fewest` values.
    """
    values, length = start.shape[1], onset.length
    estimate = np.full((*sums.value.shape[:-1], values), np.nan)
    reference = np.full((*sums.value.shape[:-1], values), np.nan)
    variance = np.full(start.shape, np.nan)
    if values < length:
        return Fall(estimate, variance, reference)
    # A fall of this length can end at the value `length - 1` at the earliest; so many ends there are.
    ends = values + 1 - length
    onsets = np.arange(length, values + 1) - length
    first_place = start[:, length - 1 :]
    is_long_enough = onsets[None, :] - first_place >= fewest
    # Where the reference is too short its start may lie behind the onset; any place does, as the result is left out.
    cut = _Cut(length, ends, np.where(is_long_enough, first_place, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        weight_before = cut.before(sums.weight)
        mean_before = cut.before(sums.value) / weight_before
        weight = cut.since(sums.weight)
        fit = _step if onset.shape == "step" else _ramp
        level_fall, spread = fit(sums, cut, mean_before, weight_before)
    is_long_enough &= (weight > 0) & (weight_before > 0)
    estimate[..., length - 1 :] = np.where(is_long_enough, level_fall, np.nan)
    variance[:, length - 1 :] = np.where(is_long_enough, spread, np.nan)
    reference[..., length - 1 :] = np.where(is_long_enough, mean_before, np.nan)
    return Fall(estimate, variance, reference)


class _Cut(NamedTuple):
    """Where an onset of some `length` parts the values, for each of its `ends`: from `first_place` up to the onset, and
    since then."""

    length: int
    ends: int
    first_place: Whole

    def since(self, total: Array) -> Array:
        """What sums have grown by since the onset."""
        return total[..., self.length :] - total[..., : self.ends]

    def before(self, total: Array) -> Array:
        """What they had grown by before it, from the first value of the reference on."""
        places = np.broadcast_to(self.first_place, (*total.shape[:-1], self.first_place.shape[1]))
        return total[..., : self.ends] - np.take_along_axis(total, places, axis=-1)


def _step(sums: Sums, cut: _Cut, mean_before: Array, weight_before: Array) -> tuple[Array, Array]:
    """How far the mean fell at once, and its variance."""
    weight = cut.since(sums.weight)
    return mean_before - cut.since(sums.value) / weight, 1 / weight + 1 / weight_before


def _ramp(sums: Sums, cut: _Cut, mean_before: Array, weight_before: Array) -> tuple[Array, Array]:
    """How far the values fell in equal steps, and its variance."""
    # The fall begins one week before its first value and is 1 at its last.
    origin = sums.place[:, : cut.ends] - 1
    span = sums.place[:, cut.length - 1 :] - origin
    weight = cut.since(sums.weight)
    weight_place = cut.since(sums.weight_place)
    weight_place2 = cut.since(sums.weight_place2)
    # Weighted sums of the ramp and of its square: the regression through the reference's mean needs no others.
    ramp_weight = (weight_place - origin * weight) / span
    ramp_square = weight_place2 - 2 * origin * weight_place + origin**2 * weight
    ramp_square /= span**2
    ramp_value = (cut.since(sums.value_place) - origin * cut.since(sums.value)) / span
    ramp_fall = mean_before * ramp_weight - ramp_value
    # The second term is the uncertainty of the reference's mean, carried through the regression.
    return ramp_fall / ramp_square, 1 / ramp_square + (
        ramp_weight / ramp_square
    ) ** 2 / weight_before


def crossing_rate(limit: float, shortest: int, longest: int) -> float:
    """Chance that a bank of one-sided onsets crosses `limit` (standard deviations) at a new value, with nothing wrong.

    The inverse of the average run length of the window-limited generalised likelihood ratio, onsets `shortest` to
    `longest` values ago: b ∫ x ν²(x) dx φ(b) / 2 over b / √longest to b / √shortest, with ν of Siegmund 1985. Source:
    Siegmund and Venkatraman 1995, Annals of Statistics 23:255, halved for one side.
    """
    boundary = float(limit)

    def density(drift: float) -> float:
        half = drift / 2
        normal_density = np.exp(-half * half / 2) / np.sqrt(2 * np.pi)
        normal_share = scipy.special.ndtr(half)
        # ν corrects for the sum that overshoots the boundary, as values come week by week and not continuously.
        overshoot = (2 / drift) * (normal_share - 0.5) / (half * normal_share + normal_density)
        return float(drift * overshoot * overshoot)

    least_drift = boundary / np.sqrt(longest)
    greatest_drift = boundary / np.sqrt(shortest)
    area, _ = scipy.integrate.quad(density, least_drift, greatest_drift)
    return float(boundary * area * np.exp(-boundary * boundary / 2) / np.sqrt(2 * np.pi) / 2)


@cache
def onset_limit(rate: float, shortest: int, longest: int) -> float:
    """The limit at which a bank of onsets crosses with chance `rate` at a new value; at least 1.5."""
    lowest, highest = 1.5, 9.0
    if crossing_rate(lowest, shortest, longest) <= rate:
        return lowest

    # In logarithms, as the rate falls by many orders of magnitude between the two ends.
    def misfit(limit: float) -> float:
        return float(np.log(crossing_rate(limit, shortest, longest) / rate))

    return float(scipy.optimize.brentq(misfit, lowest, highest, xtol=1e-9))


LONGEST_CLIMB = 13
"""So many steps a climb from one level to another may last."""


def rise(*series: ArrayLike, widths: Sequence[int] | None = None) -> int:
    """The index of the value at which a rise from one level to another begins, in all series (equally long) at once.

    A line is a level, a climb of at most `LONGEST_CLIMB` steps, a level; each series has a climb and noise of its own.
    The median of all beginnings, each as likely as its lines are, every length of a climb alike: of many lines that
    fit nearly as well the best one may lie far off. A climb begins where its line bends, a step with its first value.
    NaN is a value that is not known; a value of a series is the mean of its last `widths` steps (one, where none are
    told), and counts for as much less. ValueError with fewer than three values.
    """
    every_width = widths or (1,) * len(series)
    chances = sum(
        _log_chances(np.asarray(values, dtype=np.float64), width)
        for values, width in zip(series, every_width, strict=True)
    )
    chance = np.exp(chances - np.max(chances))
    return int(np.searchsorted(np.cumsum(chance), chance.sum() / 2))


def _log_chances(values: Array, width: int) -> Array:
    """The logarithm of the likelihood of each beginning of a rise, but for a constant."""
    if len(values) < 3:
        raise ValueError("a rise has a level before it and one after it")
    is_known = np.isfinite(values)
    levels = values[is_known]
    # All lines at once: one axis for the starts, one for the lengths of the climb, one for the places.
    places = np.arange(1 - width, len(values), dtype=np.float64)[None, None, :]
    starts = np.arange(len(values) - 2, dtype=np.float64)[:, None, None]
    lengths = np.arange(1, LONGEST_CLIMB + 1, dtype=np.float64)[None, :, None]
    steps = _cumulated(np.clip((places - starts) / lengths, 0.0, 1.0))
    lines = (steps[..., width:] - steps[..., :-width])[..., is_known] / width
    lines -= lines.mean(axis=2, keepdims=True)
    deviations = levels - levels.mean()
    explained = (lines * deviations).sum(axis=2)
    line_squares = np.maximum((lines**2).sum(axis=2), 1e-300)
    # Where the best multiple of a line is negative it is a fall, and explains nothing.
    gain = np.where(explained > 0, explained**2 / line_squares, 0.0)
    total = float((deviations**2).sum())
    # A series without noise leaves nothing over: the logarithm asks for a little.
    left_over = np.maximum(total - gain, 1e-12 * total + 1e-300)
    # Means of steps that overlap tell each step `width` times.
    likelihood = -len(levels) / width / 2 * np.log(left_over)
    beginnings = np.full((len(values) - 1, LONGEST_CLIMB), -np.inf)
    beginnings[1:, 0] = likelihood[:, 0]
    beginnings[:-1, 1:] = likelihood[:, 1:]
    return np.asarray(np.logaddexp.reduce(beginnings, axis=1))
