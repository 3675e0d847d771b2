"""The distance of a unit to its peers, week by week, with its noise and the weeks it may be measured against.

r = asin √share of the unit minus that of its peers. What hits all peers alike (July, an outage, a licence)
cancels. A unit without peers is measured by its own share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from .gates import Gated
from .noise import USUAL, Noise
from .panel import Array, Flags, Panel, Whole
from .parameters import Parameters

#: Observations between the two of a difference that shows how much levels move by themselves.
SPAN = 12


#: Expected numbers for which the moments of Anscombe's root of a Poisson count are tabulated.
RARE = np.concatenate([[0.02, 0.05, 0.1, 0.2, 0.35], np.geomspace(0.5, 200.0, 40)])


def _rare_moments(expected: Array) -> tuple[Array, Array]:
    """Variance of 2 √(X + 3/8) and its skewness, X a Poisson count; shares near 0 (near 1, mirrored) act like it."""
    count = np.arange(400)
    rate = expected[:, None]
    # Poisson's formula by itself: the library's distributions take 30 MB, and a second to load
    chance = np.exp(scipy.special.xlogy(count, rate) - scipy.special.gammaln(count + 1) - rate)
    root = 2 * np.sqrt(count + 0.375)
    mean = (chance * root).sum(1)
    distances = root[None, :] - mean[:, None]
    variance = (chance * distances**2).sum(1)
    return variance, (chance * distances**3).sum(1) / variance**1.5


_RARE_VARIANCE, _RARE_SKEW = _rare_moments(RARE)


@dataclass(frozen=True, slots=True)
class Distance:
    """Observations of every unit in a row without gaps, all (units, observations); column -1 where there is none.

    `value` is the distance (the own share's angle where `alone`), `angle` that of the own share, `weight` what an
    observation is worth against others of the unit, `unit_variance` the variance of one of weight 1. `start` is the
    first observation that may be a reference, larger than the own place where the week is not judged. `drift` and
    `reach` follow from how much a level moves by itself: its variance in a week, and how many weeks a reference
    holds. `phi` and `tau2` (weeks) are the pooled noise known by then. `count` and `n` are the own numbers, `excess`
    the variance of an observation in that of persons drawn anew, at least 0.8. `observation` (units, weeks) is the
    place of a week's observation among all, row by row, -1 where there is none.
    """

    column: Whole
    value: Array
    angle: Array
    weight: Array
    unit_variance: Array
    alone: Flags
    start: Whole
    drift: Array
    reach: Whole
    phi: Array
    tau2: Array
    count: Array
    n: Array
    excess: Array
    observation: Whole

    def by_week(self, matrix: Array) -> Array:
        """Observations put back to their weeks: (units, weeks), NaN elsewhere."""
        return np.where(self.observation >= 0, matrix.ravel()[self.observation], np.nan)


def angle(count: Array, n: Array) -> Array:
    """Anscombe's asin √((x + 3/8) / (n + 3/4)): variance close to 1 / (4n) whatever the share."""
    return np.asarray(np.arcsin(np.sqrt((count + 0.375) / (n + 0.75))))


def peer_means(value: Array, weight: Array, group: Whole) -> tuple[Array, Array, Array]:
    """Weighted mean of the other units of each unit's group, its variance in 1/weight units, how many."""
    w = np.where(np.isfinite(value), weight, 0.0)
    v = np.where(w > 0, value, 0.0)
    order = np.argsort(group, kind="stable")
    _, group_starts, place = np.unique(group[order], return_index=True, return_inverse=True)
    back = np.empty_like(order)
    back[order] = place

    def total(a: Array) -> Array:
        return np.asarray(np.add.reduceat(a[order], group_starts, axis=0)[back]) if len(order) else a

    weight_of_others = total(w) - w
    number = total((w > 0).astype(float)) - (w > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(number > 0, (total(w * v) - w * v) / weight_of_others, np.nan)
        variance = np.where(number > 0, 1 / weight_of_others, np.nan)
    return mean, variance, number


def distance(panel: Panel, gated: Gated, parameters: Parameters) -> Distance:
    """Measure every unit against its peers; what is said of week t rests on weeks up to t."""
    units, weeks = panel.shape
    age = np.arange(weeks)[None, :] - panel.live[:, None]
    settled = gated.usable & (age >= parameters.baseline_start)
    n = np.where(settled, gated.n, 1.0)
    count = np.where(settled, gated.count, 0.0)
    inverse = 1 / (4 * n)
    y = np.where(settled, angle(count, n), np.nan)
    # Peers weigh in by what a week of theirs is worth; 0.004 is a between-week variance that keeps large
    # units from standing for the whole group.
    worth = np.where(settled, 1 / (inverse + 0.004), 0.0)
    mean, peer_variance, peers = peer_means(y, worth, panel.group)
    noisy = np.where(settled & (peers >= parameters.minimum_peers), y - mean, np.nan)
    segment = np.cumsum(gated.reset.astype(np.int64), axis=1)
    # Peers that still climb make a unit that came first look as if it fell: they count when a climb is usually over.
    grown = settled & (age >= parameters.peer_start)
    mean, peer_variance, peers = peer_means(np.where(grown, y, np.nan), worth, panel.group)
    with_peers = settled & (peers >= parameters.minimum_peers)
    r = np.where(with_peers, y - mean, np.nan)

    alone = _alone(settled, with_peers, segment, parameters.baseline_weeks_own)
    used = np.where(alone, settled, with_peers)
    order = np.argsort(~used, axis=1, kind="stable")[:, : max(int(used.sum(1).max(initial=0)), 1)]

    def row(matrix: Array) -> Array:
        return np.take_along_axis(matrix, order, axis=1)

    is_present = np.take_along_axis(used, order, axis=1)
    column = np.where(is_present, order, -1)
    segment_start = _begin(np.take_along_axis(segment, order, axis=1))
    lonely = np.take_along_axis(alone, order, axis=1) & is_present
    held_y = np.where(is_present, row(np.nan_to_num(y)), 0.0)
    value = np.where(is_present, row(np.where(alone, np.nan_to_num(y), np.nan_to_num(r))), 0.0)
    start = _start(value, held_y, lonely, is_present, segment_start, row(age.astype(float)), parameters)

    share = (np.cumsum(count, axis=1) + 1) / (np.cumsum(np.where(settled, n, 0.0), axis=1) + 2)
    # Where persons come to work or not, those who stay away make the week a draw from the unit's persons.
    shares_away = np.zeros(inverse.shape)
    if panel.eligible is not None and panel.persons:
        with np.errstate(invalid="ignore"):
            shares_away = np.clip(1 - np.nan_to_num(n / panel.eligible, nan=1.0, posinf=1.0), 0.0, 1.0)
    # What few of n persons do, or leave undone, is rarer than the formula of the angle's variance allows for.
    rare = n * np.minimum(share, 1 - share)
    inverse = inverse * np.interp(rare, RARE, _RARE_VARIANCE)
    scale = 4 * np.clip(share, 0.02, 0.98) * (1 - np.clip(share, 0.02, 0.98))
    long = np.where(lonely, np.nan, _lagged(value, start, SPAN))
    long_differences, short_differences = (
        _calendar(column, matrix, weeks) for matrix in (long, _lagged(value, segment_start, 1))
    )
    no_noise = np.zeros(units)
    noise, own_noise = Noise(units, parameters.dispersion_floor), Noise(units, parameters.dispersion_floor)
    last_r, last_r_inverse, last_r_away = (np.full(units, np.nan) for _ in range(3))
    last_y, last_y_inverse, last_y_away = (np.full(units, np.nan) for _ in range(3))
    variance, drift = np.full((units, weeks), np.nan), np.zeros(weeks)
    phi, tau2 = np.zeros(weeks), np.zeros(weeks)
    for week in range(weeks):
        last_r[gated.reset[:, week]] = last_y[gated.reset[:, week]] = np.nan
        phi[week], tau2[week], drift[week] = noise.phi, noise.tau2, noise.drift
        inverse_now, size, weeks_away = inverse[:, week], scale[:, week], shares_away[:, week]
        peer_noise = np.nan_to_num(peer_variance[:, week]) * (0.75 * noise.phi + 0.1)
        variance[:, week] = np.where(
            alone[:, week],
            own_noise.variance(inverse_now, weeks_away, size),
            noise.variance(inverse_now, weeks_away, size) + peer_noise,
        )
        pair = np.isfinite(noisy[:, week]) & np.isfinite(last_r)
        noise.learn(
            noisy[:, week] - last_r,
            (inverse_now + last_r_inverse) / 2,
            (weeks_away + last_r_away) / 2,
            size,
            peer_noise,
            rare[:, week],
            pair,
        )
        own_pair = settled[:, week] & np.isfinite(last_y)
        own_noise.learn(
            y[:, week] - last_y,
            (inverse_now + last_y_inverse) / 2,
            (weeks_away + last_y_away) / 2,
            size,
            no_noise,
            rare[:, week],
            own_pair,
        )
        noise.learn_drift(
            long_differences[:, week],
            short_differences[:, week],
            variance[:, week],
            SPAN,
            np.isfinite(long_differences[:, week]),
        )
        last_r = np.where(np.isfinite(noisy[:, week]), noisy[:, week], last_r)
        last_r_inverse = np.where(np.isfinite(noisy[:, week]), inverse_now, last_r_inverse)
        last_r_away = np.where(np.isfinite(noisy[:, week]), weeks_away, last_r_away)
        last_y = np.where(settled[:, week], y[:, week], last_y)
        last_y_inverse = np.where(settled[:, week], inverse_now, last_y_inverse)
        last_y_away = np.where(settled[:, week], weeks_away, last_y_away)
    weight = np.where(is_present, 1 / (row(inverse) + USUAL), 0.0)
    # Of the noise, the part that is drawn from the persons is skewed.
    part = np.clip(phi[None, :] * inverse / variance, 0.0, 1.0) ** 1.5
    skew = part * np.sign(0.5 - share) * np.abs(1 - 2 * share) * np.interp(rare, RARE, _RARE_SKEW)
    # The best reference of a level that drifts: as many weeks as make its noise and its drift alike.
    reach = np.clip(
        np.sqrt(3 / np.maximum(drift, 1e-6)), parameters.reference_fewest, parameters.reference_most
    ).astype(np.int64)
    return Distance(
        column,
        _normal(value, row(variance), row(skew), segment_start, parameters),
        held_y,
        weight,
        row(variance) * weight,
        lonely,
        start,
        np.where(is_present, drift[order], 0.0),
        np.where(is_present, reach[order], parameters.reference_fewest),
        phi,
        tau2,
        np.where(is_present, row(count), 0.0),
        np.where(is_present, row(n), 0.0),
        np.where(is_present, np.maximum(row(variance / inverse), 0.8), 1.0),
        _observation(column, weeks),
    )


def _observation(column: Whole, weeks: int) -> Whole:
    """For (units, weeks) the place of the observation in the flattened (units, observations), -1 without one."""
    out = np.full((len(column), weeks), -1)
    unit, place = np.nonzero(column >= 0)
    out[unit, column[unit, place]] = unit * column.shape[1] + place
    return out


def _alone(settled: Flags, with_peers: Flags, segment: Whole, width: int) -> Flags:
    """Stretches between resets whose first `width` observations have no peers: they are measured by themselves."""
    units, weeks = settled.shape
    key = np.arange(units)[:, None] * (weeks + 1) + segment
    count = np.cumsum(settled, axis=1)
    settled_before = np.maximum.accumulate(np.where(_begin(segment) == np.arange(weeks), count - settled, 0), axis=1)
    early = settled & (count - settled_before <= width)
    number = np.bincount(key.ravel(), weights=(early & with_peers).ravel(), minlength=units * (weeks + 1))
    return np.asarray(number[key] == 0)


def _begin(segment: Whole) -> Whole:
    """The place of the first observation of each observation's stretch, (units, observations)."""
    place = np.arange(segment.shape[1])[None, :]
    new = np.ones(segment.shape, bool)
    new[:, 1:] = segment[:, 1:] != segment[:, :-1]
    return np.asarray(np.maximum.accumulate(np.where(new, place, 0), axis=1))


def _rolling(matrix: Array, width: int) -> Array:
    """Sum of the last `width` values of each row; from the row's start where there are fewer."""
    total = np.concatenate([np.zeros((len(matrix), 1)), np.cumsum(matrix, axis=1)], axis=1)
    end = np.arange(1, matrix.shape[1] + 1)
    return np.asarray(total[:, end] - total[:, np.maximum(end - width, 0)])


def _shifted(matrix: Array, number: int) -> Array:
    shifted = np.zeros_like(matrix)
    shifted[:, number:] = matrix[:, : max(matrix.shape[1] - number, 0)]
    return shifted


def _start(
    value: Array,
    held_y: Array,
    lonely: Flags,
    is_present: Flags,
    segment_start: Whole,
    age: Array,
    parameters: Parameters,
) -> Whole:
    """From which observation on a unit's past is a level: the first stretch in which it no longer climbs.

    It is known only from the week after that stretch on: until then the start lies beyond every place.
    """
    place = np.arange(value.shape[1])[None, :]
    first_ready = np.zeros(value.shape, bool)
    start = np.full(value.shape, 10**6)
    for width, rows in ((parameters.baseline_weeks, ~lonely), (parameters.baseline_weeks_own, lonely)):
        half_width = width // 2
        remainder = width - half_width

        def change(matrix: Array, half_width: int = half_width, remainder: int = remainder) -> Array:
            return (
                _rolling(matrix, remainder) / remainder - _shifted(_rolling(matrix, half_width), remainder) / half_width
            )

        steady = (change(held_y) < parameters.baseline_rise) & (np.abs(change(value)) < 2 * parameters.baseline_rise)
        steady &= lonely | (change(held_y - value) < parameters.baseline_rise_peers)
        full = is_present & rows & (place - segment_start + 1 >= width)
        ready = full & (steady | (age >= parameters.baseline_latest))
        number = np.cumsum(ready, axis=1)
        ready_before = np.take_along_axis(
            np.concatenate([np.zeros((len(number), 1), int), number], axis=1), segment_start, axis=1
        )
        first_ready = ready & (number - ready_before == 1)
        latest_ready = np.maximum.accumulate(np.where(first_ready, place, -1), axis=1)
        applies = rows & (latest_ready >= segment_start) & (latest_ready < place)
        start = np.where(applies, latest_ready - width + 1, start)
    return start


def _lagged(value: Array, least: Whole, lag: int) -> Array:
    """Each value less the one `lag` observations before it, NaN where that lies before `least`."""
    differences = np.full(value.shape, np.nan)
    place = np.arange(value.shape[1])[None, :]
    differences[:, lag:] = value[:, lag:] - value[:, : max(value.shape[1] - lag, 0)]
    return np.where(place - lag >= least, differences, np.nan)


def _calendar(column: Whole, matrix: Array, weeks: int) -> Array:
    """Observations put back to their weeks: (units, weeks), NaN elsewhere."""
    by_week = np.full((len(column), weeks + 1), np.nan)
    np.put_along_axis(by_week, column, np.where(column >= 0, matrix, np.nan), axis=1)
    return by_week[:, :weeks]


def _normal(value: Array, variance: Array, skew: Array, segment_start: Whole, parameters: Parameters) -> Array:
    """Values whose chance is normal, drawn in to `outlier` standard deviations of the unit's recent mean.

    The angle of a share has half the skewness of its count, to the other side: without the second term of Cornish and
    Fisher 1938 falls of high shares would be believed too late. No single week decides alone.
    """
    place = np.arange(value.shape[1])[None, :]
    total = np.concatenate([np.zeros((len(value), 1)), np.cumsum(value, axis=1)], axis=1)
    window_start = np.maximum(segment_start, place - 26)
    number = place - window_start
    mean = (total[:, :-1] - np.take_along_axis(total, window_start, axis=1)) / np.maximum(number, 1)
    sigma = np.sqrt(np.nan_to_num(variance, nan=1.0) * (1 + 1 / np.maximum(number, 1)))
    score = np.clip((value - mean) / sigma, -parameters.outlier, parameters.outlier)
    score = score - skew / 6 * (score**2 - 1)
    return np.where(number >= 6, mean + sigma * score, value)
