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
    chance = scipy.stats.poisson.pmf(count[None, :], expected[:, None])
    root = 2 * np.sqrt(count + 0.375)
    mean = (chance * root).sum(1)
    away = root[None, :] - mean[:, None]
    variance = (chance * away**2).sum(1)
    return variance, (chance * away**3).sum(1) / variance**1.5


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
    _, first, place = np.unique(group[order], return_index=True, return_inverse=True)
    back = np.empty_like(order)
    back[order] = place

    def total(a: Array) -> Array:
        return np.asarray(np.add.reduceat(a[order], first, axis=0)[back]) if len(order) else a

    weight_of_others = total(w) - w
    number = total((w > 0).astype(float)) - (w > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(number > 0, (total(w * v) - w * v) / weight_of_others, np.nan)
        variance = np.where(number > 0, 1 / weight_of_others, np.nan)
    return mean, variance, number


def distance(panel: Panel, gated: Gated, parameters: Parameters) -> Distance:
    """Measure every unit against its peers; what is said of week t rests on weeks up to t."""
    p = parameters
    units, weeks = panel.shape
    age = np.arange(weeks)[None, :] - panel.live[:, None]
    settled = gated.usable & (age >= p.baseline_start)
    n = np.where(settled, gated.n, 1.0)
    count = np.where(settled, gated.count, 0.0)
    inverse = 1 / (4 * n)
    y = np.where(settled, angle(count, n), np.nan)
    # Peers weigh in by what a week of theirs is worth; 0.004 is a between-week variance that keeps large
    # units from standing for the whole group.
    worth = np.where(settled, 1 / (inverse + 0.004), 0.0)
    mean, peer_variance, peers = peer_means(y, worth, panel.group)
    noisy = np.where(settled & (peers >= p.minimum_peers), y - mean, np.nan)
    segment = np.cumsum(gated.reset.astype(np.int64), axis=1)
    # Peers that still climb make a unit that came first look as if it fell: they count when a climb is usually over.
    grown = settled & (age >= p.peer_start)
    mean, peer_variance, peers = peer_means(np.where(grown, y, np.nan), worth, panel.group)
    with_peers = settled & (peers >= p.minimum_peers)
    r = np.where(with_peers, y - mean, np.nan)

    alone = _alone(settled, with_peers, segment, p.baseline_weeks_own)
    used = np.where(alone, settled, with_peers)
    order = np.argsort(~used, axis=1, kind="stable")[:, : max(int(used.sum(1).max(initial=0)), 1)]

    def row(matrix: Array) -> Array:
        return np.take_along_axis(matrix, order, axis=1)

    there = np.take_along_axis(used, order, axis=1)
    column = np.where(there, order, -1)
    begin = _begin(np.take_along_axis(segment, order, axis=1))
    lonely = np.take_along_axis(alone, order, axis=1) & there
    held_y = np.where(there, row(np.nan_to_num(y)), 0.0)
    value = np.where(there, row(np.where(alone, np.nan_to_num(y), np.nan_to_num(r))), 0.0)
    start = _start(value, held_y, lonely, there, begin, row(age.astype(float)), p)

    share = (np.cumsum(count, axis=1) + 1) / (np.cumsum(np.where(settled, n, 0.0), axis=1) + 2)
    # Where persons come to work or not, those who stay away make the week a draw from the unit's persons.
    away = np.zeros(inverse.shape)
    if panel.eligible is not None and panel.persons:
        with np.errstate(invalid="ignore"):
            away = np.clip(1 - np.nan_to_num(n / panel.eligible, nan=1.0, posinf=1.0), 0.0, 1.0)
    # What few of n persons do, or leave undone, is rarer than the formula of the angle's variance allows for.
    rare = n * np.minimum(share, 1 - share)
    inverse = inverse * np.interp(rare, RARE, _RARE_VARIANCE)
    scale = 4 * np.clip(share, 0.02, 0.98) * (1 - np.clip(share, 0.02, 0.98))
    long = np.where(lonely, np.nan, _lagged(value, start, SPAN))
    far, near = (_calendar(column, matrix, weeks) for matrix in (long, _lagged(value, begin, 1)))
    none = np.zeros(units)
    noise, own_noise = Noise(units, p.dispersion_floor), Noise(units, p.dispersion_floor)
    last_r, last_r_inverse, last_r_away = (np.full(units, np.nan) for _ in range(3))
    last_y, last_y_inverse, last_y_away = (np.full(units, np.nan) for _ in range(3))
    variance, drift = np.full((units, weeks), np.nan), np.zeros(weeks)
    phi, tau2 = np.zeros(weeks), np.zeros(weeks)
    for t in range(weeks):
        last_r[gated.reset[:, t]] = last_y[gated.reset[:, t]] = np.nan
        phi[t], tau2[t], drift[t] = noise.phi, noise.tau2, noise.drift
        inv, size, gone = inverse[:, t], scale[:, t], away[:, t]
        others = np.nan_to_num(peer_variance[:, t]) * (0.75 * noise.phi + 0.1)
        variance[:, t] = np.where(
            alone[:, t], own_noise.variance(inv, gone, size), noise.variance(inv, gone, size) + others
        )
        pair = np.isfinite(noisy[:, t]) & np.isfinite(last_r)
        noise.learn(
            noisy[:, t] - last_r, (inv + last_r_inverse) / 2, (gone + last_r_away) / 2, size, others, rare[:, t], pair
        )
        own_pair = settled[:, t] & np.isfinite(last_y)
        own_noise.learn(
            y[:, t] - last_y, (inv + last_y_inverse) / 2, (gone + last_y_away) / 2, size, none, rare[:, t], own_pair
        )
        noise.learn_drift(far[:, t], near[:, t], variance[:, t], SPAN, np.isfinite(far[:, t]))
        last_r = np.where(np.isfinite(noisy[:, t]), noisy[:, t], last_r)
        last_r_inverse = np.where(np.isfinite(noisy[:, t]), inv, last_r_inverse)
        last_r_away = np.where(np.isfinite(noisy[:, t]), gone, last_r_away)
        last_y = np.where(settled[:, t], y[:, t], last_y)
        last_y_inverse = np.where(settled[:, t], inv, last_y_inverse)
        last_y_away = np.where(settled[:, t], gone, last_y_away)
    weight = np.where(there, 1 / (row(inverse) + USUAL), 0.0)
    # Of the noise, the part that is drawn from the persons is skewed.
    part = np.clip(phi[None, :] * inverse / variance, 0.0, 1.0) ** 1.5
    skew = part * np.sign(0.5 - share) * np.abs(1 - 2 * share) * np.interp(rare, RARE, _RARE_SKEW)
    # The best reference of a level that drifts: as many weeks as make its noise and its drift alike.
    reach = np.clip(np.sqrt(3 / np.maximum(drift, 1e-6)), p.reference_fewest, p.reference_most).astype(np.int64)
    return Distance(
        column,
        _normal(value, row(variance), row(skew), begin, p),
        held_y,
        weight,
        row(variance) * weight,
        lonely,
        start,
        np.where(there, drift[order], 0.0),
        np.where(there, reach[order], p.reference_fewest),
        phi,
        tau2,
        np.where(there, row(count), 0.0),
        np.where(there, row(n), 0.0),
        np.where(there, np.maximum(row(variance / inverse), 0.8), 1.0),
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
    before = np.maximum.accumulate(np.where(_begin(segment) == np.arange(weeks), count - settled, 0), axis=1)
    early = settled & (count - before <= width)
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
    out = np.zeros_like(matrix)
    out[:, number:] = matrix[:, : max(matrix.shape[1] - number, 0)]
    return out


def _start(value: Array, held_y: Array, lonely: Flags, there: Flags, begin: Whole, age: Array, p: Parameters) -> Whole:
    """From which observation on a unit's past is a level: the first stretch in which it no longer climbs.

    It is known only from the week after that stretch on: until then the start lies beyond every place.
    """
    place = np.arange(value.shape[1])[None, :]
    first = np.zeros(value.shape, bool)
    start = np.full(value.shape, 10**6)
    for width, rows in ((p.baseline_weeks, ~lonely), (p.baseline_weeks_own, lonely)):
        half = width // 2
        rest = width - half

        def change(matrix: Array, half: int = half, rest: int = rest) -> Array:
            return _rolling(matrix, rest) / rest - _shifted(_rolling(matrix, half), rest) / half

        steady = (change(held_y) < p.baseline_rise) & (np.abs(change(value)) < 2 * p.baseline_rise)
        steady &= lonely | (change(held_y - value) < p.baseline_rise_peers)
        full = there & rows & (place - begin + 1 >= width)
        ready = full & (steady | (age >= p.baseline_latest))
        number = np.cumsum(ready, axis=1)
        before = np.take_along_axis(np.concatenate([np.zeros((len(number), 1), int), number], axis=1), begin, axis=1)
        first = ready & (number - before == 1)
        known = np.maximum.accumulate(np.where(first, place, -1), axis=1)
        here = rows & (known >= begin) & (known < place)
        start = np.where(here, known - width + 1, start)
    return start


def _lagged(value: Array, least: Whole, lag: int) -> Array:
    """Each value less the one `lag` observations before it, NaN where that lies before `least`."""
    out = np.full(value.shape, np.nan)
    place = np.arange(value.shape[1])[None, :]
    out[:, lag:] = value[:, lag:] - value[:, : max(value.shape[1] - lag, 0)]
    return np.where(place - lag >= least, out, np.nan)


def _calendar(column: Whole, matrix: Array, weeks: int) -> Array:
    """Observations put back to their weeks: (units, weeks), NaN elsewhere."""
    out = np.full((len(column), weeks + 1), np.nan)
    np.put_along_axis(out, column, np.where(column >= 0, matrix, np.nan), axis=1)
    return out[:, :weeks]


def _normal(value: Array, variance: Array, skew: Array, begin: Whole, p: Parameters) -> Array:
    """Values whose chance is normal, drawn in to `outlier` standard deviations of the unit's recent mean.

    The angle of a share has half the skewness of its count, to the other side: without the second term of Cornish and
    Fisher 1938 falls of high shares would be believed too late. No single week decides alone.
    """
    place = np.arange(value.shape[1])[None, :]
    total = np.concatenate([np.zeros((len(value), 1)), np.cumsum(value, axis=1)], axis=1)
    first = np.maximum(begin, place - 26)
    number = place - first
    mean = (total[:, :-1] - np.take_along_axis(total, first, axis=1)) / np.maximum(number, 1)
    sigma = np.sqrt(np.nan_to_num(variance, nan=1.0) * (1 + 1 / np.maximum(number, 1)))
    score = np.clip((value - mean) / sigma, -p.outlier, p.outlier)
    score = score - skew / 6 * (score**2 - 1)
    return np.where(number >= 6, mean + sigma * score, value)
