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
from .panel import Array, Flags, Panel, Whole
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
    """Of all onsets so far the one that tells most, at each observation of each unit; `pooled` by week."""

    score: Array
    allowed: Array
    drop: Array
    before: Array
    onset: Array
    reference: Array
    pooled: Array

    @staticmethod
    def none(one: Distance) -> _Best:
        """Nothing seen yet."""
        score, allowed, drop, before, onset, reference = (np.full(one.column.shape, np.nan) for _ in range(6))
        return _Best(score, allowed, drop, before, onset, reference, np.full(one.observation.shape, np.nan))

    def by_week(self, one: Distance) -> _Best:
        """The same with all of it by week."""
        return _Best(
            one.by_week(self.score),
            one.by_week(self.allowed),
            one.by_week(self.drop),
            one.by_week(self.before),
            one.by_week(self.onset),
            one.by_week(self.reference),
            self.pooled,
        )


def relapse(panels: Sequence[Panel], distances: Sequence[Distance], parameters: Parameters) -> list[Relapse]:
    """Run L2 over all weeks of all panels, which share a calendar; the verdict of week t rests on weeks up to t."""
    best = [_Best.none(one) for one in distances]
    systems = sorted({panel.system for panel in panels})
    for system in systems:
        system_panels = [number for number, panel in enumerate(panels) if panel.system == system]
        _search(
            [panels[number] for number in system_panels],
            [distances[number] for number in system_panels],
            [best[number] for number in system_panels],
            parameters,
        )
    best = [panel_best.by_week(one) for panel_best, one in zip(best, distances, strict=True)]
    limits = _limits(panels, best, parameters)
    relapses: list[Relapse] = []
    for panel, one, panel_best, limit in zip(panels, distances, best, limits, strict=True):
        relapses.append(_course(panel, one, panel_best, limit, parameters))
    return relapses


def _search(
    panels: Sequence[Panel], distances: Sequence[Distance], best: Sequence[_Best], parameters: Parameters
) -> None:
    """Every onset of the bank over the indicators of one system, alone and pooled."""
    sums = [Sums.of(np.stack([one.value, one.angle]), one.weight, one.column) for one in distances]
    years = [_Year.of(one) for one in distances]
    codes = {
        code: number for number, code in enumerate(dict.fromkeys(code for panel in panels for code in panel.units))
    }
    places = [np.array([codes[code] for code in panel.units], np.int64) for panel in panels]
    onsets = [
        *(Onset("step", length) for length in parameters.onset_steps),
        *(Onset("ramp", length) for length in parameters.onset_ramps),
    ]
    rare = [_cumulated(np.stack([one.n - one.count, one.n])) for one in distances]
    for onset in onsets:
        evidence: list[tuple[Array, Array, Flags]] = []
        for one, total, unused, year, panel_best in zip(distances, sums, rare, years, best, strict=True):
            scored, may, grown = _one(one, total, unused, year, onset, panel_best, parameters)
            if len(panels) > 1:
                evidence.append((one.by_week(scored), one.by_week(may), one.by_week(grown) == 1))
        if len(panels) > 1:
            _pool(evidence, places, len(codes), onset, best)


def _one(
    one: Distance, sums: Sums, unused: Array, year: _Year, onset: Onset, best: _Best, parameters: Parameters
) -> tuple[Array, Array, Array]:
    """One onset of one panel: its evidence in standard deviations, the same where it may speak (else -inf).

    And 1 where the reference is old enough to show what is usual. All are (units, observations).
    """
    place = np.arange(one.value.shape[1])[None, :]
    start = np.maximum(one.start, place + 1 - onset.length - one.reach)
    fallen = fall(sums, onset, start, parameters.reference_least)
    with np.errstate(invalid="ignore"):
        moved = one.drift * one.unit_variance / one.weight * (onset.length + place - start + 1) / 3
        score = fallen.estimate[0] / np.sqrt(fallen.variance * one.unit_variance + moved)
        score = no_rarer_than_chance(score, unused, one.excess, start, onset)
        reference = fallen.reference
        drop = np.sin(np.clip(reference[1], 0, np.pi / 2)) ** 2
        previous_drop = drop
        drop = previous_drop - np.sin(np.clip(reference[1] - fallen.estimate[0], 0, np.pi / 2)) ** 2
        allowed = (drop >= parameters.relapse_margin) & (fallen.estimate[1] >= 0.5 * fallen.estimate[0])
        # What has risen again is no fall any more, though longer weeks still show it.
        allowed &= reference[0] - _latest(sums, min(onset.length, _LATEST)) >= 0.5 * fallen.estimate[0]
        allowed &= year.fallen(sums, onset, fallen.estimate[0])
    # A young reference may still hold the end of a climb: its rises are no chance.
    grown = (place - one.start >= 2 * parameters.baseline_weeks) & (one.column >= 0)
    scored = score / _spread_of_panel(score, one, grown, onset)
    scored = np.where(one.column >= 0, scored, np.nan)
    allowed_score = np.where(allowed, scored, -np.inf)
    with np.errstate(invalid="ignore"):
        new = np.isfinite(scored) & ~(scored <= best.score)
        tells = np.isfinite(scored) & ~(allowed_score <= best.allowed)
    np.copyto(best.score, scored, where=new)
    np.copyto(best.allowed, allowed_score, where=tells)
    change = tells & (np.isfinite(allowed_score) | ~np.isfinite(best.drop))
    began = np.take_along_axis(one.column.astype(float), np.maximum(place + 1 - onset.length, 0), axis=1)
    for held, value in (
        (best.drop, drop),
        (best.before, previous_drop),
        (best.onset, began),
        (best.reference, reference[0]),
    ):
        np.copyto(held, value, where=change)
    return scored, allowed_score, grown.astype(float)


def _cumulated(numbers: Array) -> Array:
    """Sums along the last axis, 0 first."""
    return np.concatenate([np.zeros((*numbers.shape[:-1], 1)), np.cumsum(numbers, axis=-1)], axis=-1)


#: So few persons expected among those who do not use a system, that the exact chance of more of them is asked.
_FEW = 12.0
#: Evidence from which on it is asked, in standard deviations.
_ASKED = 2.0


def no_rarer_than_chance(score: Array, unused: Array, excess: Array, start: Whole, onset: Onset) -> Array:
    """The evidence, no stronger than what the number of those who did not use a system has as chance.

    Where nearly all use a system, few who do not make a share fall: their number is no normal one, however its angle is
    taken. The chance of as many or more, by the reference's number, is the negative binomial one; `excess` brings it to
    the noise of the unit's weeks. `unused` has the cumulated numbers of those who did not use it and of all.
    """
    length = onset.length
    with np.errstate(invalid="ignore"):
        rows, ends = np.nonzero(score > _ASKED)
    if not len(rows):
        return score
    begin, first = ends + 1 - length, start[rows, ends]
    there, of_all = (total[rows, ends + 1] - total[rows, begin] for total in unused)
    before, of_all_before = (total[rows, begin] - total[rows, first] for total in unused)
    few = (before + 0.5) * of_all / np.maximum(of_all_before, 1.0) < _FEW
    rows, ends, there, of_all = rows[few], ends[few], there[few], of_all[few]
    before, of_all_before = before[few] + 0.5, of_all_before[few]
    part = of_all / (of_all + of_all_before)
    chance = scipy.special.betainc(np.maximum(there, 1e-3), before, part)
    exact = -scipy.special.ndtri(np.clip(chance, 1e-15, 1.0)) / np.sqrt(excess[rows, ends])
    out = score.copy()
    out[rows, ends] = np.minimum(score[rows, ends], np.maximum(exact, 0.0))
    return out


def _gather(operation: np.ufunc, target: Array | Flags, place: Whole, rows: Array | Flags) -> None:
    """Join the rows of a panel to those of their units; a unit has more than one after a second go-live."""
    if len(np.unique(place)) == len(place):
        target[place] = operation(target[place], rows)
    else:
        operation.at(target, place, rows)


def _pool(
    evidence: Sequence[tuple[Array, Array, Flags]],
    places: Sequence[Whole],
    units: int,
    onset: Onset,
    best: Sequence[_Best],
) -> None:
    """The evidence of a unit's indicators together, which speaks through the one of them that tells most."""
    weeks = evidence[0][0].shape[1]
    total, number, strongest = np.zeros((units, weeks)), np.zeros((units, weeks)), np.full((units, weeks), -np.inf)
    old = np.zeros((units, weeks), bool)
    for (score, allowed_score, grown), place in zip(evidence, places, strict=True):
        _gather(np.logical_or, old, place, grown)
        _gather(np.add, total, place, np.nan_to_num(score))
        _gather(np.add, number, place, np.isfinite(score))
        _gather(np.maximum, strongest, place, allowed_score)
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = np.where(number > 1, total / np.sqrt(number), np.nan)
    pooled = pooled / _spread_of_pool(np.where(old, pooled, np.nan), onset)
    for (_, allowed_score, _), place, panel_best in zip(evidence, places, best, strict=True):
        speaks = np.isfinite(allowed_score) & (allowed_score == strongest[place])
        panel_best.pooled = np.fmax(panel_best.pooled, np.where(speaks, pooled[place], np.nan))


#: So many observations say where a unit stands now.
_LATEST = 4


def _latest(sums: Sums, number: int) -> Array:
    """Mean distance of the last `number` observations, (units, observations); NaN where there are fewer."""
    latest_means = np.full((sums.weight.shape[0], sums.weight.shape[1] - 1), np.nan)
    value, weight = sums.value[0], sums.weight
    latest_means[:, number - 1 :] = (value[:, number:] - value[:, :-number]) / (
        weight[:, number:] - weight[:, :-number]
    )
    return latest_means


#: Where the tail of rises is counted, in standard deviations.
_TAIL = 2.0


def _spread_of_panel(score: Array, one: Distance, grown: Flags, onset: Onset) -> Array:
    """How much wider the evidence spreads than the formula says, learnt from rises of all units in earlier weeks.

    Rises, because the falls of units that do lag must not widen what counts as chance. As `score`; units without peers
    have a spread of their own.
    """
    weeks = one.observation.shape[1]
    out = np.ones(score.shape)
    for group in (~one.alone, one.alone):
        told = group & grown & np.isfinite(score)
        if not told.any():
            continue
        with np.errstate(invalid="ignore"):
            rises = told & (score < -_TAIL)
        beyond, number = (np.bincount(one.column[where], minlength=weeks).astype(float) for where in (rises, told))
        out = np.where(group, _spread(beyond, number, onset)[one.column], out)
    return out


def _spread_of_pool(score: Array, onset: Onset) -> Array:
    """The same of pooled evidence, by week."""
    with np.errstate(invalid="ignore"):
        beyond = (score < -_TAIL).sum(0).astype(float)
    return _spread(beyond, np.isfinite(score).sum(0).astype(float), onset)


def _spread(beyond: Array, number: Array, onset: Onset) -> Array:
    """The spread of each week, from how many of how many lay beyond the tail in each."""
    keep = 0.98 ** np.arange(len(number))
    earlier = np.zeros((2, len(number)))
    earlier[:, 1:] = (np.cumsum(np.stack([beyond, number]) / keep, axis=1) * keep)[:, :-1]
    expected = float(scipy.special.ndtr(-_TAIL))
    # Evidence of a unit over `length` observations changes little from week to week.
    doubt = 60.0 * onset.length
    share = (earlier[0] + doubt * expected) / (earlier[1] + doubt)
    return np.asarray(np.clip(-_TAIL / scipy.special.ndtri(np.clip(share, 1e-9, 0.4)), 0.85, 3.0))


@dataclass(frozen=True, slots=True)
class _Year:
    """Weighted distances by week, cumulated, so that the same weeks of last year can be asked."""

    weight: Array
    value: Array
    column: Whole
    first: Array

    @staticmethod
    def of(one: Distance) -> _Year:
        """The cumulated sums of one panel, (units, weeks + 1)."""
        weight = np.nan_to_num(one.by_week(one.weight))
        value = np.nan_to_num(one.by_week(one.weight * one.value))
        zero = np.zeros((len(weight), 1))
        first_column = np.take_along_axis(one.column, np.minimum(one.start, one.column.shape[1] - 1), axis=1)
        return _Year(
            np.concatenate([zero, np.cumsum(weight, axis=1)], axis=1),
            np.concatenate([zero, np.cumsum(value, axis=1)], axis=1),
            one.column,
            first_column.astype(float),
        )

    def fallen(self, sums: Sums, onset: Onset, estimate: Array) -> Flags:
        """Whether the distance lies below that of the same weeks of last year too, by half of the fall."""
        length = onset.length
        last_column = self.column - 52
        has_fallen = np.ones(self.column.shape, bool)
        is_asked = last_column - length - 1 >= self.first
        if not is_asked.any():
            return has_fallen
        low, high = np.clip(last_column - length - 1, 0, None), np.clip(last_column + 2, 0, self.weight.shape[1] - 1)

        def between(total: Array) -> Array:
            return np.take_along_axis(total, high, axis=1) - np.take_along_axis(total, low, axis=1)

        def recent(total: Array) -> Array:
            recent_sums = np.full(self.column.shape, np.nan)
            if total.shape[-1] <= length:
                return recent_sums  # a short history has no such stretch
            recent_sums[:, length - 1 :] = total[..., length:] - total[..., : total.shape[-1] - length]
            return recent_sums

        with np.errstate(divide="ignore", invalid="ignore"):
            weight = between(self.weight)
            year_before = between(self.value) / weight
            current_level = recent(sums.value[0]) / recent(sums.weight)
            # Two weeks of last year, worth what a week is now, are the least that shows a season.
            is_asked &= weight >= 2 * recent(sums.weight) / length
            return np.where(
                is_asked & np.isfinite(year_before), year_before - current_level >= 0.5 * estimate, has_fallen
            )


def _limits(panels: Sequence[Panel], best: Sequence[_Best], parameters: Parameters) -> list[Array]:
    """The limit of every unit and week: the budget over the systems and indicators in which the unit is judged."""
    codes = {
        code: number for number, code in enumerate(dict.fromkeys(code for panel in panels for code in panel.units))
    }
    weeks = len(panels[0].weeks)
    systems = sorted({panel.system for panel in panels})
    judged = np.zeros((len(systems), len(codes), weeks), np.int64)
    looked = np.zeros(judged.shape, bool)
    places = [np.array([codes[code] for code in panel.units], np.int64) for panel in panels]
    for panel, place, panel_best in zip(panels, places, best, strict=True):
        is_judged = np.zeros((len(codes), weeks), bool)
        np.logical_or.at(is_judged, place, np.isfinite(panel_best.score))
        judged[systems.index(panel.system)] += np.logical_or.accumulate(is_judged, axis=1)
        looked[systems.index(panel.system)] |= is_judged
    streams = (judged + (judged > 1)).sum(0)
    # How often a unit is looked at in a year: holidays, absence and blocks of weeks leave fewer looks than weeks.
    any_judged = looked.any(0)
    since = np.cumsum(np.logical_or.accumulate(any_judged, axis=1), axis=1)
    looks = 52 * (np.cumsum(any_judged, axis=1) + 10 * parameters.looked_at) / (since + 10)
    limit = parameters.relapse_limit(np.maximum(streams, 1) * looks)
    return [limit[place] for place in places]


def counts_all(panel: Panel) -> Flags:
    """By week, whether denominators so far look like whole head counts, of whom some are away without being seen.

    Those at work are not as many in one week as in the next.
    """
    n = panel.denominator
    pair = np.isfinite(n[:, 1:]) & np.isfinite(n[:, :-1])
    same = np.cumsum((pair & (n[:, 1:] == n[:, :-1])).sum(0))
    return np.concatenate([[True], same >= 0.5 * np.cumsum(pair.sum(0))])


def _course(panel: Panel, one: Distance, best: _Best, limit: Array, parameters: Parameters) -> Relapse:
    """From evidence to what is met and what has calmed down again."""
    units, weeks = panel.shape
    if panel.presence is None:
        limit = limit * np.where(counts_all(panel), parameters.unseen_presence, 1.0)
    else:
        presence_known = np.logical_or.accumulate(np.isfinite(panel.presence).any(0))
        limit = limit * np.where(presence_known, 1.0, parameters.unseen_presence)
    judged = np.isfinite(best.score)
    with np.errstate(invalid="ignore"):
        rule_met = judged & (np.fmax(best.allowed, best.pooled) >= limit)
    value, variance, weight = (one.by_week(matrix) for matrix in (one.value, one.unit_variance, one.weight))
    ring, ring_weight = np.zeros((units, _LATEST)), np.zeros((units, _LATEST))
    anchor, calm = np.full(units, np.nan), np.zeros((units, weeks), bool)
    for week in range(weeks):
        is_measured = np.isfinite(value[:, week])
        ring[is_measured] = np.column_stack([ring[is_measured, 1:], value[is_measured, week]])
        ring_weight[is_measured] = np.column_stack([ring_weight[is_measured, 1:], weight[is_measured, week]])
        total = ring_weight.sum(1)
        current_level = (ring * ring_weight).sum(1) / np.maximum(total, 1e-9)
        anchor = np.where(rule_met[:, week] & ~np.isfinite(anchor), best.reference[:, week], anchor)
        with np.errstate(invalid="ignore", divide="ignore"):
            sigma = np.sqrt(
                variance[:, week] * (1 / total + 1 / np.maximum(weight[:, week] * parameters.reference_fewest, 1e-9))
            )
            back = current_level - anchor > -limit[:, week] / 2 * sigma
        calm[:, week] = judged[:, week] & back & ~rule_met[:, week]
        anchor = np.where(
            calm[:, week - parameters.close_weeks + 1 : week + 1].all(1) & (week >= parameters.close_weeks),
            np.nan,
            anchor,
        )
    by_itself = judged & (one.by_week(np.where(one.alone, 1.0, 0.0)) == 1)
    score = -np.fmax(best.score, best.pooled)
    return Relapse(
        np.where(judged, score, np.nan),
        rule_met,
        calm,
        np.where(judged, best.drop, np.nan),
        np.where(judged, best.before, np.nan),
        np.where(judged, best.onset, np.nan),
        np.where(judged, limit, np.nan),
        by_itself,
    )
