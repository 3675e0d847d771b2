"""L2: a unit falls back from where it was, as seen against its peers in the same weeks.

The fall may have begun in any of the last 26 observations, at once or as a drift: a bank of generalised likelihood
ratios looks at all of these onsets at once, each against the unit's own level before it. The evidence of a unit's
indicators is also pooled. The limit follows from the budget of false alarms: how many systems and indicators of the
unit are judged decides how rarely each may cross. The unit's own share must have fallen too: peers that rise make
nobody relapse. After a year, what the same weeks of last year show is no fall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from nytta.statistics import Onset, Sums, fall

from .distance import Distance
from .gates import eligible
from .panel import Array, Flags, Panel, Whole, unit_places
from .parameters import Parameters


@dataclass(frozen=True, slots=True)
class Relapse:
    """Course of L2, all (units, weeks): NaN or False where it was not evaluated.

    `score` is the evidence of a fall in standard deviations (negative: fallen), of the onset that tells most; `met`
    whether it passes the limit, alone or with the unit's other indicators; `calm` the level back within half the limit
    of what it fell from; `drop` the estimated fall in share; `before` the share of the reference; `onset` the column of
    the week in which the fall began; `limit` the limit in force. `own` marks units judged without peers.
    """

    score: Array
    met: Flags
    calm: Flags
    drop: Array
    before: Array
    onset: Array
    limit: Array
    own: Flags


@dataclass(slots=True)
class _Best:
    """Of all onsets so far the one that tells most, at each observation of each unit; `pooled` by week.

    `score` is the strongest evidence of any onset, `allowed` that of an onset that may speak (-inf where none may),
    from which `drop`, `before`, `onset` and `reference` come.
    """

    score: Array
    allowed: Array
    drop: Array
    before: Array
    onset: Array
    reference: Array
    pooled: Array

    @staticmethod
    def none(distance: Distance) -> _Best:
        """Nothing seen yet."""
        score, allowed, drop, before, onset, reference = (
            np.full(distance.column.shape, np.nan) for _ in range(6)
        )
        pooled = np.full(distance.observation.shape, np.nan)
        return _Best(score, allowed, drop, before, onset, reference, pooled)

    def by_week(self, distance: Distance) -> _Best:
        """The same with all of it by week."""
        return _Best(
            distance.by_week(self.score),
            distance.by_week(self.allowed),
            distance.by_week(self.drop),
            distance.by_week(self.before),
            distance.by_week(self.onset),
            distance.by_week(self.reference),
            self.pooled,
        )


@dataclass(frozen=True, slots=True)
class _Series:
    """One panel's distances with the sums that every onset asks of them.

    `unused` has the cumulated numbers of those who did not use the system and of all, `least` (units, observations)
    the smallest fall in share that may speak; `mature` is where the reference is old enough to show what is usual.
    """

    distance: Distance
    mature: Flags
    least: Array
    sums: Sums
    unused: Array
    year: _Year
    best: _Best

    @staticmethod
    def of(panel: Panel, distance: Distance, best: _Best, parameters: Parameters) -> _Series:
        """The sums are worked out once: each of the bank's onsets takes its differences from them."""
        # The distance to the peers and the own share, side by side: a relapse needs a fall of both.
        values = np.stack([distance.value, distance.angle])
        sums = Sums.of(values, distance.weight, distance.column)
        unused = _cumulated(np.stack([distance.n - distance.count, distance.n]))
        least = np.full(distance.column.shape, parameters.relapse_margin)
        if panel.persons:
            # One person who comes or goes is no fall of a unit.
            people = np.take_along_axis(eligible(panel), np.maximum(distance.column, 0), axis=1)
            least = np.maximum(least, parameters.relapse_persons / np.maximum(people, 1.0))
        # A young reference may still hold the end of a climb: its rises are no chance.
        place = np.arange(distance.column.shape[1])[None, :]
        mature = (place - distance.start >= 2 * parameters.baseline_weeks) & (distance.column >= 0)
        return _Series(distance, mature, least, sums, unused, _Year.of(distance), best)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """One onset's evidence in a panel, (units, observations) or by week; `allowed` where it may speak (else -inf)."""

    score: Array
    allowed: Array

    def by_week(self, distance: Distance) -> _Evidence:
        """The same by week."""
        return _Evidence(distance.by_week(self.score), distance.by_week(self.allowed))


def relapse(
    panels: Sequence[Panel],
    distances: Sequence[Distance],
    spent: Sequence[Array],
    parameters: Parameters,
) -> list[Relapse]:
    """Run L2 over all weeks of all panels, which share a calendar; the verdict of week t rests on weeks up to t.

    `spent` is the chance of each unit and week that its level is called low with nothing wrong.
    """
    bests = [_Best.none(distance) for distance in distances]
    for system in sorted({panel.system for panel in panels}):
        numbers = [number for number, panel in enumerate(panels) if panel.system == system]
        _search(
            [panels[number] for number in numbers],
            [
                _Series.of(panels[number], distances[number], bests[number], parameters)
                for number in numbers
            ],
            parameters,
        )
    weekly_bests = [best.by_week(distance) for best, distance in zip(bests, distances, strict=True)]
    limits = _limits(panels, weekly_bests, spent, parameters)
    parts = zip(panels, distances, weekly_bests, limits, strict=True)
    return [
        _course(panel, distance, best, limit, parameters) for panel, distance, best, limit in parts
    ]


def _search(panels: Sequence[Panel], all_series: Sequence[_Series], parameters: Parameters) -> None:
    """Every onset of the bank over the indicators of one system, alone and pooled."""
    places, units = unit_places(panels)
    mature = np.zeros((units, len(panels[0].weeks)), bool)
    for series, place in zip(all_series, places, strict=True):
        is_mature = series.distance.by_week(series.mature.astype(float)) == 1
        _gather(np.logical_or, mature, place, is_mature)
    steps = [Onset("step", length) for length in parameters.onset_steps]
    ramps = [Onset("ramp", length) for length in parameters.onset_ramps]
    for onset in [*steps, *ramps]:
        evidence = [_take_up(series, onset, parameters) for series in all_series]
        if len(panels) > 1:
            weekly = [
                part.by_week(series.distance)
                for part, series in zip(evidence, all_series, strict=True)
            ]
            _pool(weekly, places, mature, onset, [series.best for series in all_series])


def _take_up(series: _Series, onset: Onset, parameters: Parameters) -> _Evidence:
    """One onset's evidence, held against the best of those before."""
    distance, sums, best = series.distance, series.sums, series.best
    place = np.arange(distance.value.shape[1])[None, :]
    onset_place = place + 1 - onset.length
    start = np.maximum(distance.start, onset_place - distance.reach)
    fallen = fall(sums, onset, start, parameters.reference_least)
    distance_fall, own_fall = fallen.estimate
    distance_reference, own_reference = fallen.reference
    with np.errstate(invalid="ignore"):
        score = _score(series, onset, start, distance_fall, fallen.variance)
        before = _share(own_reference)
        drop = before - _share(own_reference - distance_fall)
        allowed = (drop >= series.least) & (own_fall >= 0.5 * distance_fall)
        # What has risen again is no fall any more, though longer weeks still show it.
        latest = _latest(sums, min(onset.length, _LATEST))
        allowed &= distance_reference - latest >= 0.5 * distance_fall
        allowed &= series.year.fallen(sums, onset, distance_fall)
    scored = score / _spread_of_panel(score, distance, series.mature, onset)
    scored = np.where(distance.column >= 0, scored, np.nan)
    allowed_score = np.where(allowed, scored, -np.inf)
    with np.errstate(invalid="ignore"):
        # Not `>`: nothing has been seen yet where the best is NaN.
        is_stronger = np.isfinite(scored) & ~(scored <= best.score)
        tells_more = np.isfinite(scored) & ~(allowed_score <= best.allowed)
    np.copyto(best.score, scored, where=is_stronger)
    np.copyto(best.allowed, allowed_score, where=tells_more)
    # An onset that may not speak describes the fall only until one does that may.
    describes = tells_more & (np.isfinite(allowed_score) | ~np.isfinite(best.drop))
    onset_column = np.take_along_axis(
        distance.column.astype(float), np.maximum(onset_place, 0), axis=1
    )
    np.copyto(best.drop, drop, where=describes)
    np.copyto(best.before, before, where=describes)
    np.copyto(best.onset, onset_column, where=describes)
    np.copyto(best.reference, distance_reference, where=describes)
    return _Evidence(scored, allowed_score)


def _score(
    series: _Series, onset: Onset, start: Whole, fall_estimate: Array, fall_variance: Array
) -> Array:
    """The evidence of a fall in standard deviations, by its noise and by how far the level may move by itself."""
    distance = series.distance
    place = np.arange(distance.value.shape[1])[None, :]
    # A level that wanders moves the mean of a stretch by a third of the steps' variance over it.
    span = onset.length + place - start + 1
    wandering = distance.drift * distance.unit_variance / distance.weight * span / 3
    score = fall_estimate / np.sqrt(fall_variance * distance.unit_variance + wandering)
    return no_rarer_than_chance(score, series.unused, distance.excess, start, onset)


def _share(angle: Array) -> Array:
    """The share of an angle on the arcsine scale."""
    return np.asarray(np.sin(np.clip(angle, 0, np.pi / 2)) ** 2)


def _cumulated(numbers: Array) -> Array:
    """Sums along the last axis, 0 first."""
    nothing = np.zeros((*numbers.shape[:-1], 1))
    return np.concatenate([nothing, np.cumsum(numbers, axis=-1)], axis=-1)


#: So few persons expected among those who do not use a system, that the exact chance of more of them is asked.
_FEW = 12.0
#: Evidence from which on it is asked, in standard deviations.
_ASKED = 2.0


def no_rarer_than_chance(
    score: Array, unused: Array, excess: Array, start: Whole, onset: Onset
) -> Array:
    """The evidence, no stronger than what the number of those who did not use a system has as chance.

    Where nearly all use a system, few who do not make a share fall: their number is no normal one, however its angle is
    taken. The chance of as many or more, by the reference's number, is the negative binomial one; `excess` brings it to
    the noise of the unit's weeks. `unused` has the cumulated numbers of those who did not use it and of all.
    """
    with np.errstate(invalid="ignore"):
        rows, ends = np.nonzero(score > _ASKED)
    if not len(rows):
        return score
    onsets = ends + 1 - onset.length
    starts = start[rows, ends]
    unused_since, all_since = (total[rows, ends + 1] - total[rows, onsets] for total in unused)
    unused_before, all_before = (total[rows, onsets] - total[rows, starts] for total in unused)
    expected = (unused_before + 0.5) * all_since / np.maximum(all_before, 1.0)
    # Where more are expected, the angle is near enough to normal.
    few = expected < _FEW
    rows, ends = rows[few], ends[few]
    unused_since, all_since = unused_since[few], all_since[few]
    # Half a person more, as none seen before does not make one impossible.
    unused_before, all_before = unused_before[few] + 0.5, all_before[few]
    share_since = all_since / (all_since + all_before)
    chance = scipy.special.betainc(np.maximum(unused_since, 1e-3), unused_before, share_since)
    exact = -scipy.special.ndtri(np.clip(chance, 1e-15, 1.0)) / np.sqrt(excess[rows, ends])
    limited = score.copy()
    limited[rows, ends] = np.minimum(score[rows, ends], np.maximum(exact, 0.0))
    return limited


def _gather(operation: np.ufunc, by_unit: Array | Flags, place: Whole, rows: Array | Flags) -> None:
    """Join the rows of a panel to those of their units; a unit has more than one after a second go-live."""
    # `operation.at` is right in either case, and slower.
    if len(np.unique(place)) == len(place):
        by_unit[place] = operation(by_unit[place], rows)
    else:
        operation.at(by_unit, place, rows)


def _pool(
    evidence: Sequence[_Evidence],
    places: Sequence[Whole],
    mature: Flags,
    onset: Onset,
    bests: Sequence[_Best],
) -> None:
    """The evidence of a unit's indicators together, which speaks through the one of them that tells most.

    `mature` (units, weeks) is where the reference of any of them is old enough to show what is usual.
    """
    total, number = np.zeros(mature.shape), np.zeros(mature.shape)
    strongest = np.full(mature.shape, -np.inf)
    for panel_evidence, place in zip(evidence, places, strict=True):
        _gather(np.add, total, place, np.nan_to_num(panel_evidence.score))
        _gather(np.add, number, place, np.isfinite(panel_evidence.score))
        _gather(np.maximum, strongest, place, panel_evidence.allowed)
    with np.errstate(invalid="ignore", divide="ignore"):
        # The sum of k standard normal scores has the standard deviation √k (Stouffer); dependence widens the spread.
        pooled = np.where(number > 1, total / np.sqrt(number), np.nan)
    pooled = pooled / _spread_of_pool(np.where(mature, pooled, np.nan), onset)
    for panel_evidence, place, best in zip(evidence, places, bests, strict=True):
        is_strongest = panel_evidence.allowed == strongest[place]
        speaks = np.isfinite(panel_evidence.allowed) & is_strongest
        best.pooled = np.fmax(best.pooled, np.where(speaks, pooled[place], np.nan))


#: So many observations say where a unit stands now.
_LATEST = 4


def _latest(sums: Sums, number: int) -> Array:
    """Mean distance of the last `number` observations, (units, observations); NaN where there are fewer."""
    units, bounds = sums.weight.shape
    distance_sum = sums.value[0]
    value = distance_sum[:, number:] - distance_sum[:, :-number]
    weight = sums.weight[:, number:] - sums.weight[:, :-number]
    latest_means = np.full((units, bounds - 1), np.nan)
    latest_means[:, number - 1 :] = value / weight
    return latest_means


#: Where the tail of rises is counted, in standard deviations.
_TAIL = 2.0


def _spread_of_panel(score: Array, distance: Distance, mature: Flags, onset: Onset) -> Array:
    """How much wider the evidence spreads than the formula says, learnt from rises of all units in earlier weeks.

    Rises, because the falls of units that do lag must not widen what counts as chance. As `score`; units without peers
    have a spread of their own.
    """
    weeks = distance.observation.shape[1]
    spreads = np.ones(score.shape)
    for group in (~distance.alone, distance.alone):
        counted = group & mature & np.isfinite(score)
        if not counted.any():
            continue
        with np.errstate(invalid="ignore"):
            rises = counted & (score < -_TAIL)
        beyond = np.bincount(distance.column[rises], minlength=weeks).astype(float)
        number = np.bincount(distance.column[counted], minlength=weeks).astype(float)
        weekly_spread = _spread(beyond, number, onset)
        spreads = np.where(group, weekly_spread[distance.column], spreads)
    return spreads


def _spread_of_pool(score: Array, onset: Onset) -> Array:
    """The same of pooled evidence, by week."""
    with np.errstate(invalid="ignore"):
        beyond = (score < -_TAIL).sum(0).astype(float)
    number = np.isfinite(score).sum(0).astype(float)
    return _spread(beyond, number, onset)


def _spread(beyond: Array, number: Array, onset: Onset) -> Array:
    """The spread of each week, from how many of how many lay beyond the tail in each."""
    # Older weeks fade, to half in 34 weeks: what is usual may change.
    fade = 0.98 ** np.arange(len(number))
    faded = np.cumsum(np.stack([beyond, number]) / fade, axis=1) * fade
    # Of earlier weeks alone: this week's own evidence must not widen what it is measured by.
    earlier = np.zeros((2, len(number)))
    earlier[:, 1:] = faded[:, :-1]
    earlier_beyond, earlier_number = earlier
    expected = float(scipy.special.ndtr(-_TAIL))
    # Evidence of a unit over `length` observations changes little from week to week.
    doubt = 60.0 * onset.length
    share = (earlier_beyond + doubt * expected) / (earlier_number + doubt)
    # The standard deviation of a normal variable of which this share lies beyond the tail.
    spread = -_TAIL / scipy.special.ndtri(np.clip(share, 1e-9, 0.4))
    return np.asarray(np.clip(spread, 0.85, 3.0))


@dataclass(frozen=True, slots=True)
class _Year:
    """Weighted distances by week, cumulated, so that the same weeks of last year can be asked.

    They have their seasons in them, as has `current`, the same by observation.
    """

    weight: Array
    value: Array
    column: Whole
    first: Array
    current: Array

    @staticmethod
    def of(distance: Distance) -> _Year:
        """The cumulated sums of one panel, (units, weeks + 1)."""
        weight = np.nan_to_num(distance.by_week(distance.weight))
        plain = distance.weight * (distance.value + distance.season)
        value = np.nan_to_num(distance.by_week(plain))
        first_place = np.minimum(distance.start, distance.column.shape[1] - 1)
        first_column = np.take_along_axis(distance.column, first_place, axis=1)
        first = first_column.astype(float)
        return _Year(
            _cumulated(weight), _cumulated(value), distance.column, first, _cumulated(plain)
        )

    def fallen(self, sums: Sums, onset: Onset, estimate: Array) -> Flags:
        """Whether the distance lies below that of the same weeks of last year too, by half of the fall."""
        length = onset.length
        last_column = self.column - 52
        # The same weeks with two more before them and, in `high`, one after.
        first_column = last_column - length - 1
        has_fallen = np.ones(self.column.shape, bool)
        is_asked = first_column >= self.first
        if not is_asked.any():
            return has_fallen
        low = np.clip(first_column, 0, None)
        high = np.clip(last_column + 2, 0, self.weight.shape[1] - 1)

        def year_ago(total: Array) -> Array:
            return np.take_along_axis(total, high, axis=1) - np.take_along_axis(total, low, axis=1)

        def recent(total: Array) -> Array:
            recent_sums = np.full(self.column.shape, np.nan)
            if total.shape[-1] <= length:
                return recent_sums  # a short history has no such stretch
            recent_sums[:, length - 1 :] = (
                total[..., length:] - total[..., : total.shape[-1] - length]
            )
            return recent_sums

        with np.errstate(divide="ignore", invalid="ignore"):
            year_weight = year_ago(self.weight)
            year_level = year_ago(self.value) / year_weight
            recent_weight = recent(sums.weight)
            current_level = recent(self.current) / recent_weight
            # Two weeks of last year, worth what a week is now, are the least that shows a season.
            is_asked &= year_weight >= 2 * recent_weight / length
            lies_below = year_level - current_level >= 0.5 * estimate
            return np.where(is_asked & np.isfinite(year_level), lies_below, has_fallen)


def _limits(
    panels: Sequence[Panel], bests: Sequence[_Best], spent: Sequence[Array], parameters: Parameters
) -> list[Array]:
    """The limit of every unit and week: the budget over the systems and indicators in which the unit is judged."""
    places, units = unit_places(panels)
    weeks = len(panels[0].weeks)
    systems = sorted({panel.system for panel in panels})
    judged_series = np.zeros((len(systems), units, weeks), np.int64)
    is_looked_at = np.zeros((len(systems), units, weeks), bool)
    for panel, place, best in zip(panels, places, bests, strict=True):
        system = systems.index(panel.system)
        is_judged = np.zeros((units, weeks), bool)
        np.logical_or.at(is_judged, place, np.isfinite(best.score))
        judged_series[system] += np.logical_or.accumulate(is_judged, axis=1)
        is_looked_at[system] |= is_judged
    # The pooled evidence of a system with more than one indicator is one more way to cross.
    streams = (judged_series + (judged_series > 1)).sum(0)
    # How often a unit is looked at in a year: holidays, absence and blocks of weeks leave fewer looks than weeks.
    any_look = is_looked_at.any(0)
    looks_so_far = np.cumsum(any_look, axis=1)
    weeks_so_far = np.cumsum(np.logical_or.accumulate(any_look, axis=1), axis=1)
    # A young unit has shown little of it: ten weeks of the usual rate stand beside its own.
    looks = 52 * (looks_so_far + 10 * parameters.looked_at) / (weeks_so_far + 10)
    by_levels = np.zeros((units, weeks))
    for place, part in zip(places, spent, strict=True):
        _gather(np.add, by_levels, place, part)
    # The mean of the weeks so far: a level is asked for week by week, and is one alarm.
    asked_weeks = np.maximum(np.cumsum(by_levels > 0, axis=1), 1)
    limit = parameters.relapse_limit(
        np.maximum(streams, 1) * looks, np.cumsum(by_levels, axis=1) / asked_weeks
    )
    return [limit[place] for place in places]


def counts_all(panel: Panel) -> Flags:
    """By week, whether denominators so far look like whole head counts, of whom some are away without being seen.

    Those at work are not as many in one week as in the next.
    """
    latest, previous = panel.denominator[:, 1:], panel.denominator[:, :-1]
    is_pair = np.isfinite(latest) & np.isfinite(previous)
    pairs = np.cumsum(is_pair.sum(0))
    equal_pairs = np.cumsum((is_pair & (latest == previous)).sum(0))
    # The first week has no pair: until one is seen, the wider limit.
    return np.concatenate([[True], equal_pairs >= 0.5 * pairs])


def _course(
    panel: Panel, distance: Distance, best: _Best, limit: Array, parameters: Parameters
) -> Relapse:
    """From evidence to what is met and what has calmed down again."""
    limit = limit * _unseen_absence(panel, parameters)
    judged = np.isfinite(best.score)
    with np.errstate(invalid="ignore"):
        rule_met = judged & (np.fmax(best.allowed, best.pooled) >= limit)
    calm = _calm(distance, best, judged, rule_met, limit, parameters)
    is_alone = distance.by_week(np.where(distance.alone, 1.0, 0.0)) == 1
    score = -np.fmax(best.score, best.pooled)
    return Relapse(
        np.where(judged, score, np.nan),
        rule_met,
        calm,
        np.where(judged, best.drop, np.nan),
        np.where(judged, best.before, np.nan),
        np.where(judged, best.onset, np.nan),
        np.where(judged, limit, np.nan),
        judged & is_alone,
    )


def _unseen_absence(panel: Panel, parameters: Parameters) -> Array:
    """By week the factor of the limit: wider where the absent are counted and nobody says how many they are."""
    if panel.presence is None:
        is_unseen = counts_all(panel)
    else:
        is_unseen = ~np.logical_or.accumulate(np.isfinite(panel.presence).any(0))
    return np.where(is_unseen, parameters.unseen_presence, 1.0)


def _calm(
    distance: Distance,
    best: _Best,
    judged: Flags,
    rule_met: Flags,
    limit: Array,
    parameters: Parameters,
) -> Flags:
    """Where the level is back within half the limit of what it fell from, week by week."""
    value = distance.by_week(distance.value)
    variance = distance.by_week(distance.unit_variance)
    weight = distance.by_week(distance.weight)
    units, weeks = value.shape
    last_values, last_weights = np.zeros((units, _LATEST)), np.zeros((units, _LATEST))
    # The reference of the fall as it was first seen: later references may hold weeks of the fall itself.
    anchor = np.full(units, np.nan)
    calm = np.zeros((units, weeks), bool)
    for week in range(weeks):
        is_measured = np.isfinite(value[:, week])
        last_values[is_measured] = np.column_stack(
            [last_values[is_measured, 1:], value[is_measured, week]]
        )
        last_weights[is_measured] = np.column_stack(
            [last_weights[is_measured, 1:], weight[is_measured, week]]
        )
        total_weight = last_weights.sum(1)
        current_level = (last_values * last_weights).sum(1) / np.maximum(total_weight, 1e-9)
        has_begun = rule_met[:, week] & ~np.isfinite(anchor)
        anchor = np.where(has_begun, best.reference[:, week], anchor)
        with np.errstate(invalid="ignore", divide="ignore"):
            reference_weight = np.maximum(weight[:, week] * parameters.reference_fewest, 1e-9)
            sigma = np.sqrt(variance[:, week] * (1 / total_weight + 1 / reference_weight))
            is_back = current_level - anchor > -limit[:, week] / 2 * sigma
        calm[:, week] = judged[:, week] & is_back & ~rule_met[:, week]
        is_over = calm[:, week - parameters.close_weeks + 1 : week + 1].all(1) & (
            week >= parameters.close_weeks
        )
        anchor = np.where(is_over, np.nan, anchor)
    return calm
