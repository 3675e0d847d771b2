"""The distance of a unit to its peers, week by week, with its noise and the weeks it may be measured against.

r = asin √share of the unit minus that of its peers. What hits all peers alike (July, an outage, a licence)
cancels. A unit without peers is measured by its own share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

from .gates import Gated
from .learning import LearntNoise, ObservedWeeks, learn_noise
from .noise import SPAN, STRETCH, USUAL
from .panel import Array, Flags, Panel, Whole
from .parameters import Parameters
from .peers import PeerCourse, course_of_peers
from .seasons import seasons

#: Expected numbers for which the moments of Anscombe's root of a Poisson count are tabulated.
RARE = np.concatenate([[0.02, 0.05, 0.1, 0.2, 0.35], np.geomspace(0.5, 200.0, 40)])


def _rare_moments(expected: Array) -> tuple[Array, Array]:
    """Variance of 2 √(X + 3/8) and its skewness, X a Poisson count; shares near 0 (near 1, mirrored) act like it."""
    # Far beyond the largest of `RARE`: what is left out has no chance to speak of.
    counts = np.arange(400)
    means = expected[:, None]
    # Poisson's formula by itself: the library's distributions take 30 MB, and a second to load
    log_chance = scipy.special.xlogy(counts, means) - scipy.special.gammaln(counts + 1) - means
    chance = np.exp(log_chance)
    root = 2 * np.sqrt(counts + 0.375)
    mean_root = (chance * root).sum(1)
    deviation = root[None, :] - mean_root[:, None]
    variance = (chance * deviation**2).sum(1)
    third_moment = (chance * deviation**3).sum(1)
    return variance, third_moment / variance**1.5


_RARE_VARIANCE, _RARE_SKEW = _rare_moments(RARE)


@dataclass(frozen=True, slots=True)
class Distance:
    """Observations of every unit in a row without gaps, all (units, observations); column -1 where there is none.

    `value` is the distance (the own share's angle where `alone`) less its `season`, what the unit's last year says of
    the week; `angle` that of the own share, `weight` what an observation is worth against others of the unit,
    `unit_variance` the variance of one of weight 1. `start` is the first observation that may be a reference, larger
    than the own place where the week is not judged. `drift` and `reach` follow from how much a level moves by itself:
    its variance in a week, and how many weeks a reference holds. `phi` and `tau2` (weeks) are the pooled noise known by
    then, `wandering` (units, weeks) the variance by which a level moves in a week. `count` and `n` are the own numbers,
    `excess` the variance of an observation in that of persons drawn anew, at least 0.8. `observation` (units, weeks) is
    the place of a week's observation among all, row by row, -1 where there is none.
    """

    column: Whole
    value: Array
    season: Array
    angle: Array
    weight: Array
    unit_variance: Array
    alone: Flags
    start: Whole
    drift: Array
    reach: Whole
    phi: Array
    tau2: Array
    wandering: Array
    count: Array
    n: Array
    excess: Array
    observation: Whole

    def by_week(self, matrix: Array) -> Array:
        """Observations put back to their weeks: (units, weeks), NaN elsewhere."""
        return np.where(self.observation >= 0, matrix.ravel()[self.observation], np.nan)


def angle(count: Array, denominator: Array) -> Array:
    """Anscombe's asin √((x + 3/8) / (n + 3/4)): variance close to 1 / (4n) whatever the share."""
    return np.asarray(np.arcsin(np.sqrt((count + 0.375) / (denominator + 0.75))))


def peer_means(value: Array, weight: Array, group: Whole) -> tuple[Array, Array, Array]:
    """Weighted mean of the other units of each unit's group, its variance in 1/weight units, how many."""
    weights = np.where(np.isfinite(value), weight, 0.0)
    values = np.where(weights > 0, value, 0.0)
    order = np.argsort(group, kind="stable")
    _, group_starts, group_number = np.unique(group[order], return_index=True, return_inverse=True)
    group_of_unit = np.empty_like(order)
    group_of_unit[order] = group_number

    def of_group(matrix: Array) -> Array:
        """The sum of each unit's group."""
        if not len(order):
            return matrix
        sums = np.add.reduceat(matrix[order], group_starts, axis=0)
        return np.asarray(sums[group_of_unit])

    # The group's sums less the unit's own: one pass for all units instead of one mean for each.
    weighted = weights * values
    weight_of_others = of_group(weights) - weights
    number_of_others = of_group((weights > 0).astype(float)) - (weights > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (of_group(weighted) - weighted) / weight_of_others
        variance = 1 / weight_of_others
    has_others = number_of_others > 0
    return (
        np.where(has_others, mean, np.nan),
        np.where(has_others, variance, np.nan),
        number_of_others,
    )


@dataclass(frozen=True, slots=True)
class _Compared:
    """The shares of units beside those of their peers, all (units, weeks).

    `settled` are weeks that count, with `count` of `denominator`; `angles` are of the own shares, NaN elsewhere.
    `to_all_peers` is the distance to peers whatever their age, `to_peers` to the `course` of grown ones, where there
    are enough of them (`with_peers`). `inverse` is 1 / (4n), and `usual_variance` that of a usual unit.
    """

    age: Whole
    settled: Flags
    count: Array
    denominator: Array
    inverse: Array
    angles: Array
    to_all_peers: Array
    usual_variance: Array
    course: PeerCourse
    with_peers: Flags
    to_peers: Array


class _Chance(NamedTuple):
    """What chance makes of shares, all (units, weeks): `share` of all weeks so far, the expected number of the rarer of
    use and disuse, and the variance of an angle by chance alone."""

    share: Array
    rare: Array
    inverse: Array


@dataclass(frozen=True, slots=True)
class _Observations:
    """From weeks to observations: those in use first, in their order, as many columns as the fullest row needs.

    `column` is the week of an observation, -1 where there is none; `alone` says where it is measured without peers,
    `segment_start` is the first one since the unit became another.
    """

    order: Whole
    is_present: Flags
    column: Whole
    alone: Flags
    segment_start: Whole

    @staticmethod
    def of(used: Flags, alone: Flags, segment: Whole) -> _Observations:
        """The observations of the weeks in use."""
        most_observations = max(int(used.sum(1).max(initial=0)), 1)
        order = np.argsort(~used, axis=1, kind="stable")[:, :most_observations]
        is_present = np.take_along_axis(used, order, axis=1)
        return _Observations(
            order,
            is_present,
            column=np.where(is_present, order, -1),
            alone=np.take_along_axis(alone, order, axis=1) & is_present,
            segment_start=_begin(np.take_along_axis(segment, order, axis=1)),
        )

    def row(self, matrix: Array) -> Array:
        """What stands in the weeks of a matrix, by observation; anything where there is none."""
        return np.take_along_axis(matrix, self.order, axis=1)

    def filled(self, matrix: Array, otherwise: float = 0.0) -> Array:
        """The same, with `otherwise` where there is no observation."""
        return np.where(self.is_present, self.row(matrix), otherwise)


def distance(panel: Panel, gated: Gated, parameters: Parameters) -> Distance:
    """Measure every unit against its peers; what is said of week t rests on weeks up to t."""
    weeks = panel.shape[1]
    compared = _compared(panel, gated, parameters)
    segment = np.cumsum(gated.reset.astype(np.int64), axis=1)
    alone = _alone(compared.settled, compared.with_peers, segment, parameters.baseline_weeks_own)
    used = np.where(alone, compared.settled, compared.with_peers)
    observations = _Observations.of(used, alone, segment)
    own_angle = observations.filled(np.nan_to_num(compared.angles))
    measured = np.where(alone, np.nan_to_num(compared.angles), np.nan_to_num(compared.to_peers))
    distances = observations.filled(measured)
    ages = observations.row(compared.age.astype(float))
    start = _start(distances, own_angle, ages, observations, parameters)
    with_peer_noise = compared.usual_variance + 0.75 * np.nan_to_num(compared.course.variance)
    first_column = _first_column(observations.column, start, weeks)
    season = observations.filled(
        seasons(np.where(used, measured, np.nan), first_column, with_peer_noise)
    )
    value = distances - season

    chance = _chance(compared)
    gathered = _gathered(gated)
    weeks_observed = _weeks_observed(panel, compared, chance, observations, value, gathered)
    learnt = learn_noise(weeks_observed, alone, gated.reset, parameters.dispersion_floor)
    variance, drift = learnt.variance, learnt.drift
    weight = np.where(observations.is_present, 1 / (observations.row(chance.inverse) + USUAL), 0.0)
    unit_variance = observations.row(variance)
    # From one week to weeks gathered: their chance is less by as many, and the level has so many weeks to move.
    drift_of_step = drift * gathered**2
    skew = observations.row(_skew(chance, learnt))
    return Distance(
        column=observations.column,
        season=season,
        value=_normal(value, unit_variance, skew, observations.segment_start, parameters),
        angle=own_angle,
        weight=weight,
        unit_variance=unit_variance * weight,
        alone=observations.alone,
        start=start,
        drift=observations.filled(drift_of_step),
        reach=_reach(drift_of_step, observations, parameters),
        phi=learnt.phi,
        tau2=learnt.tau2,
        wandering=drift * variance * gathered,
        count=observations.filled(compared.count),
        n=observations.filled(compared.denominator),
        excess=np.where(
            observations.is_present,
            np.maximum(observations.row(variance / chance.inverse), 0.8),
            1.0,
        ),
        observation=_observation(observations.column, weeks),
    )


def _reach(drift_of_step: Array, observations: _Observations, parameters: Parameters) -> Whole:
    """How many observations back the reference of each one reaches."""
    # The best reference of a level that drifts: as many weeks as make its noise and its drift alike.
    best_reach = np.sqrt(3 / np.maximum(drift_of_step, 1e-6))
    reach = np.clip(best_reach, parameters.reference_fewest, parameters.reference_most).astype(
        np.int64
    )
    reach_of_observation = np.take_along_axis(reach, observations.order, axis=1)
    return np.asarray(
        np.where(observations.is_present, reach_of_observation, parameters.reference_fewest)
    )


def _compared(panel: Panel, gated: Gated, parameters: Parameters) -> _Compared:
    age = np.arange(panel.shape[1])[None, :] - panel.live[:, None]
    settled = gated.usable & (age >= parameters.baseline_start)
    denominator = np.where(settled, gated.n, 1.0)
    count = np.where(settled, gated.count, 0.0)
    inverse = 1 / (4 * denominator)
    angles = np.where(settled, angle(count, denominator), np.nan)
    # Peers weigh in by what a week of theirs is worth; 0.004 is a between-week variance that keeps large
    # units from standing for the whole group.
    worth = np.where(settled, 1 / (inverse + 0.004), 0.0)
    # The noise is learnt from differences of successive weeks, in which a climb is small: so from all peers.
    mean, _, peers = peer_means(angles, worth, panel.group)
    to_all_peers = np.where(settled & (peers >= parameters.minimum_peers), angles - mean, np.nan)
    # Peers that still climb make a unit that came first look as if it fell: they count when a climb is usually over.
    is_grown = settled & (age >= parameters.peer_start)
    # Before the noise is learnt, a usual one says roughly how far a unit is off its level.
    usual_variance = 0.8 * inverse + USUAL / 2
    course = course_of_peers(angles, is_grown, worth, usual_variance, panel.group, gated.reset)
    with_peers = settled & (course.number >= parameters.minimum_peers)
    to_peers = np.where(with_peers, angles - course.mean, np.nan)
    return _Compared(
        age,
        settled,
        count,
        denominator,
        inverse,
        angles,
        to_all_peers,
        usual_variance,
        course,
        with_peers,
        to_peers,
    )


def _chance(compared: _Compared) -> _Chance:
    cumulated_count = np.cumsum(compared.count, axis=1)
    cumulated_denominator = np.cumsum(np.where(compared.settled, compared.denominator, 0.0), axis=1)
    # Of all weeks so far, and one of two more, so that no share is 0 or 1.
    share = (cumulated_count + 1) / (cumulated_denominator + 2)
    # What few of n persons do, or leave undone, is rarer than the formula of the angle's variance allows for.
    rare = compared.denominator * np.minimum(share, 1 - share)
    return _Chance(share, rare, inverse=compared.inverse * np.interp(rare, RARE, _RARE_VARIANCE))


def _skew(chance: _Chance, learnt: LearntNoise) -> Array:
    """How lopsided the chance of each week is; of the noise, the part that is drawn from the persons is skewed."""
    drawn_part = np.clip(learnt.phi[None, :] * chance.inverse / learnt.variance, 0.0, 1.0) ** 1.5
    lopsided = np.sign(0.5 - chance.share) * np.abs(1 - 2 * chance.share)
    return np.asarray(drawn_part * lopsided * np.interp(chance.rare, RARE, _RARE_SKEW))


def _weeks_observed(
    panel: Panel,
    compared: _Compared,
    chance: _Chance,
    observations: _Observations,
    value: Array,
    gathered: Array,
) -> ObservedWeeks:
    """What the noise is learnt from; `value` is by observation, without its season."""
    weeks = panel.shape[1]
    column, segment_start = observations.column, observations.segment_start
    # What moves all units moves an own share too, and would be learnt as drift of the one.
    long_differences = np.where(observations.alone, np.nan, _moved(value, segment_start))
    clipped_share = np.clip(chance.share, 0.02, 0.98)
    return ObservedWeeks(
        settled=compared.settled,
        angles=compared.angles,
        to_peers=compared.to_all_peers,
        peer_variance=compared.course.variance,
        inverse=chance.inverse,
        share_away=_share_away(panel, compared.denominator),
        scale=4 * clipped_share * (1 - clipped_share),
        rare=chance.rare,
        gathered=gathered,
        long_differences=_calendar(column, long_differences, weeks),
        short_differences=_calendar(column, _lagged(value, segment_start, 1), weeks),
    )


def _first_column(column: Whole, start: Whole, weeks: int) -> Whole:
    """By week the column of the first week that may be a reference, as it was known by then; `weeks` without one."""
    place = np.minimum(start, column.shape[1] - 1)
    is_known = start < column.shape[1]
    first = np.where(is_known, np.take_along_axis(column, place, axis=1), weeks)
    by_week = _calendar(column, first.astype(float), weeks)
    return np.nan_to_num(by_week, nan=weeks).astype(np.int64)


def _share_away(panel: Panel, denominator: Array) -> Array:
    """The share of the unit's persons who did not come to work, (units, weeks); 0 where nobody says.

    Where persons come to work or not, those who stay away make the week a draw from the unit's persons.
    """
    if panel.eligible is None or not panel.persons:
        return np.zeros(denominator.shape)
    with np.errstate(invalid="ignore"):
        share_present = np.nan_to_num(denominator / panel.eligible, nan=1.0, posinf=1.0)
    return np.clip(1 - share_present, 0.0, 1.0)


def _gathered(gated: Gated) -> Array:
    """How many weeks each observation holds, 1 where there is none."""
    single_weeks = np.cumsum(gated.week_n > 0, axis=1)
    up_to_observation = np.maximum.accumulate(np.where(gated.usable, single_weeks, 0), axis=1)
    before = np.zeros_like(up_to_observation)
    before[:, 1:] = up_to_observation[:, :-1]
    weeks = np.where(gated.usable, single_weeks - before, 1)
    return np.clip(weeks, 1, 4).astype(float)


def _observation(column: Whole, weeks: int) -> Whole:
    """For (units, weeks) the place of the observation in the flattened (units, observations), -1 without one."""
    flat_place = np.full((len(column), weeks), -1)
    unit, place = np.nonzero(column >= 0)
    flat_place[unit, column[unit, place]] = unit * column.shape[1] + place
    return flat_place


def _alone(settled: Flags, with_peers: Flags, segment: Whole, width: int) -> Flags:
    """Stretches between resets whose first `width` observations have no peers: they are measured by themselves."""
    units, weeks = settled.shape
    # One number for each stretch of each unit: a unit has at most one stretch more than weeks.
    stretch = np.arange(units)[:, None] * (weeks + 1) + segment
    observations = np.cumsum(settled, axis=1)
    is_first = _begin(segment) == np.arange(weeks)
    observations_before = np.maximum.accumulate(
        np.where(is_first, observations - settled, 0), axis=1
    )
    is_early = settled & (observations - observations_before <= width)
    peers_early = (is_early & with_peers).ravel()
    number_with_peers = np.bincount(
        stretch.ravel(), weights=peers_early, minlength=units * (weeks + 1)
    )
    return np.asarray(number_with_peers[stretch] == 0)


def _begin(segment: Whole) -> Whole:
    """The place of the first observation of each observation's stretch, (units, observations)."""
    place = np.arange(segment.shape[1])[None, :]
    begins = np.ones(segment.shape, bool)
    begins[:, 1:] = segment[:, 1:] != segment[:, :-1]
    return np.asarray(np.maximum.accumulate(np.where(begins, place, 0), axis=1))


def _rolling(matrix: Array, width: int) -> Array:
    """Sum of the last `width` values of each row; from the row's start where there are fewer."""
    nothing = np.zeros((len(matrix), 1))
    total = np.concatenate([nothing, np.cumsum(matrix, axis=1)], axis=1)
    end = np.arange(1, matrix.shape[1] + 1)
    start = np.maximum(end - width, 0)
    return np.asarray(total[:, end] - total[:, start])


def _shifted(matrix: Array, number: int) -> Array:
    shifted = np.zeros_like(matrix)
    shifted[:, number:] = matrix[:, : max(matrix.shape[1] - number, 0)]
    return shifted


def _start(
    value: Array,
    own_angle: Array,
    age: Array,
    observations: _Observations,
    parameters: Parameters,
) -> Whole:
    """From which observation on a unit's past is a level: the first stretch in which it no longer climbs.

    It is known only from the week after that stretch on: until then the start lies beyond every place.
    """
    alone, segment_start = observations.alone, observations.segment_start
    place = np.arange(value.shape[1])[None, :]
    start = np.full(value.shape, 10**6)
    # A unit by itself needs longer: no peers take out what hits all.
    for width, rows in (
        (parameters.baseline_weeks, ~alone),
        (parameters.baseline_weeks_own, alone),
    ):
        own_rise = _rise(own_angle, width)
        value_rise = _rise(value, width)
        peer_rise = _rise(own_angle - value, width)
        # A fall is no climb: it must not wait until it has become the level.
        is_steady = (own_rise < parameters.baseline_rise) & (
            value_rise < 2 * parameters.baseline_rise
        )
        is_steady &= alone | (peer_rise < parameters.baseline_rise_peers)
        is_full = observations.is_present & rows & (place - segment_start + 1 >= width)
        # A unit that has climbed for so long is taken as it is.
        is_ready = is_full & (is_steady | (age >= parameters.baseline_latest))
        ready_count = np.cumsum(is_ready, axis=1)
        nothing = np.zeros((len(ready_count), 1), int)
        count_before_place = np.concatenate([nothing, ready_count], axis=1)
        count_before_segment = np.take_along_axis(count_before_place, segment_start, axis=1)
        is_first_ready = is_ready & (ready_count - count_before_segment == 1)
        latest_ready = np.maximum.accumulate(np.where(is_first_ready, place, -1), axis=1)
        applies = rows & (latest_ready >= segment_start) & (latest_ready < place)
        start = np.where(applies, latest_ready - width + 1, start)
    return start


def _rise(matrix: Array, width: int) -> Array:
    """The mean of the later half of the last `width` values less that of the earlier half."""
    earlier_width = width // 2
    later_width = width - earlier_width
    later_mean = _rolling(matrix, later_width) / later_width
    earlier_mean = _shifted(_rolling(matrix, earlier_width), later_width) / earlier_width
    return later_mean - earlier_mean


def _lagged(value: Array, least: Whole, lag: int) -> Array:
    """Each value less the one `lag` observations before it, NaN where that lies before `least`."""
    differences = np.full(value.shape, np.nan)
    place = np.arange(value.shape[1])[None, :]
    differences[:, lag:] = value[:, lag:] - value[:, : max(value.shape[1] - lag, 0)]
    return np.where(place - lag >= least, differences, np.nan)


def _moved(value: Array, least: Whole) -> Array:
    """The mean of the last `STRETCH` values less that of as many, `SPAN` before them; NaN where these are not known."""
    mean = _rolling(value, STRETCH) / STRETCH
    return _lagged(mean, least + STRETCH - 1, SPAN)


def _calendar(column: Whole, matrix: Array, weeks: int) -> Array:
    """Observations put back to their weeks: (units, weeks), NaN elsewhere."""
    by_week = np.full((len(column), weeks + 1), np.nan)
    np.put_along_axis(by_week, column, np.where(column >= 0, matrix, np.nan), axis=1)
    return by_week[:, :weeks]


def _normal(
    value: Array, variance: Array, skew: Array, segment_start: Whole, parameters: Parameters
) -> Array:
    """Values whose chance is normal, drawn in to `outlier` standard deviations of the unit's recent mean.

    The angle of a share has half the skewness of its count, to the other side: without the second term of Cornish and
    Fisher 1938 falls of high shares would be believed too late. No single week decides alone.
    """
    place = np.arange(value.shape[1])[None, :]
    nothing = np.zeros((len(value), 1))
    total = np.concatenate([nothing, np.cumsum(value, axis=1)], axis=1)
    window_start = np.maximum(segment_start, place - 26)
    number = place - window_start
    divisor = np.maximum(number, 1)
    mean = (total[:, :-1] - np.take_along_axis(total, window_start, axis=1)) / divisor
    # The mean is itself an estimate: 1 / number of the variance comes with it.
    sigma = np.sqrt(np.nan_to_num(variance, nan=1.0) * (1 + 1 / divisor))
    score = np.clip((value - mean) / sigma, -parameters.outlier, parameters.outlier)
    score = score - skew / 6 * (score**2 - 1)
    # With fewer than six before it, a mean says too little to draw anything in.
    return np.where(number >= 6, mean + sigma * score, value)
