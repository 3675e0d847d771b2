"""L1: a unit stands clearly below its peers at the same time since its own go-live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

from nytta.statistics import beta_of, effective_n, posterior_below

from .gates import Gated
from .panel import Array, Flags, Panel, Whole, unit_places
from .parameters import Parameters

#: Variance of true angles (asin √share) among like units before they have shown their own: 7 points at a share of 0.8.
USUAL_SPREAD = 0.09**2
#: So many units' worth of it stand beside what units show.
USUAL_UNITS = 4
#: So many units' worth of what all groups show stand at least beside what a group shows of its spread.
SHARED_UNITS = 12
#: No more than so many, however alike groups are seen to be.
SHARED_MOST = 200
#: Variance of the angles at which groups stand before they have shown their own.
USUAL_CENTRE = 0.05**2
#: So many groups' worth of it stand beside what groups show.
USUAL_GROUPS = 4
#: The variance of a median in that of a mean of as many (π / 2).
MEDIAN = 1.57


class LevelNoise(NamedTuple):
    """φ and τ² of one week (weeks), and the variance by which a level moves in a week (units, weeks), known by then."""

    phi: Array
    tau2: Array
    wandering: Array


@dataclass(frozen=True, slots=True)
class Level:
    """Course of L1, all (units, weeks): NaN or False where it was not evaluated.

    `probability` that the unit's share lies more than the margin below the peers' median; `met` in three
    of four evaluations; `share` of the last four usable weeks and what they are worth (`effective`);
    `median` and `peers` it was compared with; `lacking` where only peers were missing; `spent` the chance that a unit
    with nothing wrong stands as low as is asked of this one, 0 where nothing is asked.
    """

    probability: Array
    met: Flags
    calm: Flags
    share: Array
    effective: Array
    median: Array
    low: Array
    high: Array
    peers: Array
    lacking: Flags
    spent: Array


def recent(gated: Gated, width: int, first: Whole | None = None) -> tuple[Array, Array, Array]:
    """Sums of count and n over the last `width` usable weeks since a reset, and how many there are.

    Weeks before the column `first` of a unit are passed over.
    """
    units, weeks = gated.n.shape
    usable = gated.usable
    if first is not None:
        usable = usable & (np.arange(weeks) >= first[:, None])
    number = np.cumsum(usable, axis=1)
    # Observations before a reset are not of the unit as it is now.
    number_at_reset = np.maximum.accumulate(np.where(gated.reset, number - usable, 0), axis=1)
    number_before = np.maximum(number - width, number_at_reset)
    row, column = np.nonzero(usable)

    def last(values: Array) -> Array:
        total = np.cumsum(np.where(usable, values, 0.0), axis=1)
        # The sum up to each observation, with 0 before the first.
        by_observation = np.zeros((units, weeks + 1))
        by_observation[row, number[row, column]] = total[row, column]
        return np.asarray(total - np.take_along_axis(by_observation, number_before, axis=1))

    return last(gated.count), last(gated.n), (number - number_before).astype(float)


def others(values: Array) -> tuple[Array, Array, Array]:
    """For each row of (units, weeks): median of the other rows, how many they are, and their quartiles
    (stacked on a first axis)."""
    units = len(values)
    # Sorted once for all: the others of a row are the sorted values with its own skipped. What lacks sorts last.
    order = np.argsort(np.where(np.isfinite(values), values, np.inf), axis=0, kind="stable")
    sorted_values = np.take_along_axis(values, order, axis=0)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(units)[:, None], order.shape), axis=0)
    is_known = np.isfinite(values)
    number = is_known.sum(0)[None, :] - is_known
    last = np.maximum(number - 1, 0)

    def nth(index: Whole) -> Array:
        """The value at a whole place among the others."""
        with_own = np.where(is_known & (index >= rank), index + 1, index)
        return np.take_along_axis(sorted_values, np.minimum(with_own, units - 1), axis=0)

    def at(place: Array) -> Array:
        """The value at a fractional place among the others, by linear interpolation; NaN without others."""
        clipped = np.clip(place, 0, last)
        low = np.floor(clipped).astype(int)
        high = np.minimum(low + 1, last)
        fraction = clipped - low
        interpolated = nth(low) * (1 - fraction) + nth(high) * fraction
        return np.where(number > 0, interpolated, np.nan)

    median = at((number - 1) / 2)
    quartiles = np.stack([at((number - 1) * 0.25), at((number - 1) * 0.75)])
    return median, number.astype(float), quartiles


def _median(values: Array) -> Array:
    """Median over rows; 0 (and no warning) where a column is empty."""
    medians = np.zeros(values.shape[1])
    has_values = np.isfinite(values).any(0)
    medians[has_values] = np.nanmedian(values[:, has_values], axis=0)
    return medians


@dataclass(frozen=True, slots=True)
class _Spread:
    """What units above the median show of the variance of true angles, weighted sums of (units, weeks).

    `own` and `own_weight` are each unit's part, `others` and `others_weight` those of the others of its group; `usual`
    is the mean weight of one unit.
    """

    own: Array
    own_weight: Array
    others: Array
    others_weight: Array
    usual: Array

    @staticmethod
    def none(shape: tuple[int, ...]) -> _Spread:
        """Nothing shown."""
        own, own_weight, others, others_weight, usual = (np.zeros(shape) for _ in range(5))
        return _Spread(own, own_weight, others, others_weight, usual)

    def put(self, rows: Whole, cohort: Flags, part: _Spread) -> None:
        """Put the rows of a cohort in their places."""
        self.own[rows] = part.own[cohort]
        self.own_weight[rows] = part.own_weight[cohort]
        self.others[rows] = part.others[cohort]
        self.others_weight[rows] = part.others_weight[cohort]
        self.usual[rows] = part.usual[cohort]

    def variance(self) -> Array:
        """The variance among each unit's others, drawn to that among the units of all groups.

        Few say little of it; and the more, the more alike the groups are.
        """
        mean_weight = self.usual.max(0)
        total = self.own.sum(0) + USUAL_UNITS * mean_weight * USUAL_SPREAD
        total_weight = self.own_weight.sum(0) + USUAL_UNITS * mean_weight
        of_all = total / np.maximum(total_weight, 1e-9)
        # How far the variances of groups lie apart beyond chance, which has 2 / weight (Kleinman's weights).
        group_weight = self.own_weight + self.others_weight
        is_known = group_weight > 0
        of_group = (self.own + self.others) / np.where(is_known, group_weight, 1.0)
        excess = np.where(
            is_known, (of_group - of_all) ** 2 - 2 / np.where(is_known, group_weight, 1.0), 0.0
        )
        between_groups = excess.sum(0) / np.maximum(is_known.sum(0), 1)
        alike = 2 / np.maximum(between_groups, 1e-12)
        beside = np.clip(alike[None, :], SHARED_UNITS * self.usual, SHARED_MOST * self.usual)
        shrunk = (self.others + beside * of_all) / np.maximum(self.others_weight + beside, 1e-9)
        return np.asarray(np.clip(shrunk, 0.03**2, 0.06))


def between(angles: Array, chance: Array) -> _Spread:
    """What the units of a group, (units, weeks), show of the variance of their true angles, chance taken off.

    Angles are asin √share, which spread alike on both sides of their median, whatever the share. It is learnt from the
    units above the median alone, because units that lag must not widen what counts as usual: squared distances less
    the chance variance of each, weighted by how well it is known (Kleinman 1973), cut at 2.2 standard deviations so
    that no single unit does either.
    """
    is_known = np.isfinite(angles) & np.isfinite(chance)
    level_of_week = _median(np.where(is_known, angles, np.nan))
    distance = np.where(is_known, angles - level_of_week[None, :], 0.0)
    is_upper = is_known & (distance >= 0)
    upper_count = np.maximum(is_upper.sum(0), 1)
    noise = np.where(is_known, chance, 1.0)
    variance = np.full(angles.shape[1], USUAL_SPREAD)
    # The weights need the variance, which needs weights: Kleinman's two steps.
    for _ in range(2):
        clipped = np.minimum(distance, 2.2 * np.sqrt(noise + variance))
        weight = np.where(is_upper, 1 / (noise + variance) ** 2, 0.0)
        # Cutting at 2.2 leaves 0.937 of a normal variance.
        weighted = weight * (clipped**2 / 0.937 - noise)
        total, total_weight = weighted.sum(0), weight.sum(0)
        usual = total_weight / upper_count
        shrunk = (total + USUAL_UNITS * usual * USUAL_SPREAD) / np.maximum(
            total_weight + USUAL_UNITS * usual, 1e-9
        )
        variance = np.clip(shrunk, 0.03**2, 0.06)
    usual_of_each = np.broadcast_to(usual, angles.shape)
    return _Spread(weighted, weight, total - weighted, total_weight - weight, usual_of_each)


def _below(
    share: Array, worth: Array, prior: tuple[Array, Array], edge: Array, *, diffuse: float
) -> Array:
    """P(share < edge) when the unit is one of its peers, Beta(a, b), or with chance `diffuse` anything."""
    successes, failures = prior
    count, complement = share * worth, (1 - share) * worth
    posterior_norm = scipy.special.betaln(successes + count, failures + complement)
    peer_likelihood = posterior_norm - scipy.special.betaln(successes, failures)
    # Of shares that are all alike likely, Beta(1, 1), whose norm is 1.
    diffuse_likelihood = scipy.special.betaln(1 + count, 1 + complement)
    # exp of more than 50 or less than -50 decides alike, and does not overflow.
    likelihood_ratio = np.exp(np.clip(diffuse_likelihood - peer_likelihood, -50, 50))
    odds = diffuse / (1 - diffuse) * likelihood_ratio
    diffuse_weight = odds / (1 + odds)
    as_peer = posterior_below(count, worth, successes, failures, edge)
    as_anything = posterior_below(count, worth, 1.0, 1.0, edge)
    return np.asarray(diffuse_weight * as_anything + (1 - diffuse_weight) * as_peer)


@dataclass(frozen=True, slots=True)
class _Standing:
    """A unit's share over some weeks beside that of its peers, all (units, weeks).

    `season` is the variance that a mean of so few weeks has beside one of a year, as levels move by themselves.
    """

    share: Array
    worth: Array
    median: Array
    spread: Array
    low: Array
    high: Array
    peers: Array
    full: Flags
    season: Array


def _standing(
    panel: Panel,
    gated: Gated,
    width: int,
    least: int,
    noise: LevelNoise,
    parameters: Parameters,
    first: Whole | None = None,
) -> _Standing:
    """Shares over the last `width` usable weeks (at least `least`) beside those of the peers at the same age.

    Weeks before the column `first` of a unit are passed over.
    """
    count, denominator, filled = recent(gated, width, first)
    full = filled >= least
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(full, count / denominator, np.nan)
        worth = _worth(denominator, filled, noise)
    median, shown = np.full(panel.shape, np.nan), _Spread.none(panel.shape)
    low, high = np.full(panel.shape, np.nan), np.full(panel.shape, np.nan)
    peers = np.zeros(panel.shape)
    for group in np.unique(panel.group):
        rows = np.flatnonzero(panel.group == group)
        if len(rows) - 1 < parameters.minimum_peers:
            peers[rows] = len(rows) - 1
            continue
        # Units that went live together are compared with one set of peers' weeks: one look-up for all of them.
        for start in np.unique(panel.live[rows]):
            cohort = panel.live[rows] == start
            cohort_rows = rows[cohort]
            place, is_comparable = _peer_weeks(
                panel.live[rows], int(start), len(panel.weeks), parameters
            )
            value = np.where(is_comparable, np.take_along_axis(share[rows], place, axis=1), np.nan)
            angles = np.arcsin(np.sqrt(value))
            worth_then = np.where(
                np.isfinite(value), np.take_along_axis(worth[rows], place, axis=1), np.nan
            )
            # Anscombe's variance of an angle, 1 / (4n).
            chance = 0.25 / worth_then
            peer_median, peer_number, quartiles = others(value)
            median[cohort_rows] = peer_median[cohort]
            peers[cohort_rows] = peer_number[cohort]
            shown.put(cohort_rows, cohort, between(angles, chance))
            low[cohort_rows] = quartiles[0][cohort]
            high[cohort_rows] = quartiles[1][cohort]
    spread = _spread_of_shares(shown, median, peers)
    # A level that wanders moves the mean of a stretch by a third of the steps' variance over it.
    season = noise.wandering * np.maximum(parameters.level_weeks_lasting - filled, 0) / 3
    return _Standing(share, worth, median, spread, low, high, peers, full, season)


def _worth(denominator: Array, filled: Array, noise: LevelNoise) -> Array:
    """How many independent answers the weeks of a stretch are worth, (units, weeks)."""
    # The same people come back: what they do not change from week to week stays in every week.
    correlation = np.clip(1 - noise.phi, 0.0, 0.9)[None, :]
    answers = effective_n(denominator, filled, correlation)
    return np.asarray(1 / (1 / answers + 4 * noise.tau2[None, :] / filled))


def _spread_of_shares(shown: _Spread, median: Array, peers: Array) -> Array:
    """The variance of the peers' levels as shares, of which `shown` has that of their angles, (units, weeks)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        # The peers' median is itself uncertain.
        spread = shown.variance() * (1 + MEDIAN / peers)
        centre = np.clip(median, 0.02, 0.98)
        # From angles to shares.
        spread = spread * 4 * centre * (1 - centre)
        # No beta distribution has a variance of centre (1 - centre) or more.
        return np.asarray(np.minimum(spread, 0.9 * centre * (1 - centre)))


def _peer_weeks(live: Whole, start: int, weeks: int, parameters: Parameters) -> tuple[Whole, Flags]:
    """Which week of each unit of a group stands beside each week of those that went live at `start`.

    The same age, and once these are mature the same week; and where there is such a comparison, (units, weeks).
    """
    columns = np.arange(weeks)
    age = columns - start
    live_weeks = live[:, None]
    is_mature = age[None, :] > parameters.mature_age
    same_age = np.minimum(live_weeks + age[None, :], columns[None, :])
    place = np.where(is_mature, columns[None, :], same_age)
    # A unit that went live later has not come to that age yet; among mature ones it counts when it is mature itself.
    began_by_then = live_weeks <= start + parameters.settle_weeks
    is_mature_too = is_mature & (columns[None, :] - live_weeks >= parameters.mature_age)
    is_comparable = (age[None, :] >= parameters.level_start) & (began_by_then | is_mature_too)
    return np.clip(place, 0, weeks - 1), is_comparable


def _prior(standing: _Standing) -> tuple[Array, Array]:
    # Off the ends, where no beta distribution has a variance.
    return beta_of(np.clip(standing.median, 0.02, 0.98), standing.spread)


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What one panel's weeks say before the indicators of a unit are taken together, all (units, weeks).

    `probability` that a unit lies below its peers by the margin now; `apart` and `apart_shared` how many standard
    deviations it has stood beyond what is usual among them (below 0: not so far), with the reach of one indicator and
    with the lesser one of two; `spent` as in `Level`.
    """

    now: _Standing
    ready: Flags
    lacking: Flags
    probability: Array
    apart: Array
    apart_shared: Array
    spent: Array


def _judge(
    panel: Panel,
    gated: Gated,
    noise: LevelNoise,
    judged: Array,
    parameters: Parameters,
) -> _Judgement:
    """One panel's weeks by themselves; `judged` indicators of each unit share its budget."""
    width, lasting_width = parameters.level_weeks, parameters.level_weeks_lasting
    current = _standing(panel, gated, width, width, noise, parameters)
    # A climb is no level.
    settled = panel.live + parameters.level_settled
    lasting = _standing(
        panel, gated, lasting_width, parameters.level_weeks_least, noise, parameters, settled
    )
    age = np.arange(len(panel.weeks))[None, :] - panel.live[:, None]
    evaluable = gated.usable & current.full & (age >= parameters.level_start)
    has_peers = current.peers >= parameters.minimum_peers
    ready = evaluable & has_peers & np.isfinite(current.median)
    with np.errstate(divide="ignore", invalid="ignore"):
        successes, failures = _prior(current)
        probability = np.full(ready.shape, np.nan)
        probability[ready] = _below(
            current.share[ready],
            current.worth[ready],
            (successes[ready], failures[ready]),
            current.median[ready] - parameters.level_margin,
            diffuse=parameters.level_diffuse,
        )
        # Until there are settled weeks the last ones speak, who must be so much surer.
        is_early = ~np.isfinite(lasting.share)
        apart, matter = _apart(lasting, panel, parameters)
        apart_now, matter_now = _apart(current, panel, parameters)
    apart = np.where(is_early, apart_now, apart)
    matter = np.where(ready, np.where(is_early, matter_now, matter), np.nan)
    caution = np.where(is_early, parameters.level_early, 1.0)
    reach = parameters.level_reach(matter, judged * caution)
    reach_shared = parameters.level_reach(matter, caution, shared=True)
    lacking = evaluable & ~has_peers
    spent = np.where(np.isfinite(reach), scipy.special.ndtr(-reach), 0.0)
    return _Judgement(
        current, ready, lacking, probability, apart - reach, apart - reach_shared, spent
    )


def _sums(values: Array, key: Whole) -> Array:
    """For each row of (units, weeks) the sum over all rows with its key."""
    order = np.argsort(key, kind="stable")
    _, first, place = np.unique(key[order], return_index=True, return_inverse=True)
    place_of_row = np.empty_like(order)
    place_of_row[order] = place
    return (
        np.asarray(np.add.reduceat(values[order], first, axis=0)[place_of_row])
        if len(order)
        else values
    )


def _centre(standing: _Standing, panel: Panel) -> tuple[Array, Array]:
    """Where like units stand, an angle (units, weeks), and the variance of a unit's true angle around it.

    The median of few peers is uncertain: it is drawn to that of all who went live in the same week, by as much as the
    medians of groups are seen to be alike (Robinson's shrinkage).
    """
    centre = np.clip(standing.median, 0.02, 0.98)
    usual = standing.spread / (4 * centre * (1 - centre))
    # The spread has the uncertainty of the median in it.
    among_peers = usual / (1 + MEDIAN / standing.peers)
    chance = usual - among_peers
    angles = np.arcsin(np.sqrt(standing.median))
    is_known = np.isfinite(angles)
    _, cohort = np.unique(panel.live, return_inverse=True)
    in_cohort = np.maximum(_sums(is_known.astype(float), cohort), 1)
    in_group = _sums(
        is_known.astype(float), panel.group * (int(cohort.max(initial=0)) + 1) + cohort
    )
    of_all = _sums(np.where(is_known, angles, 0.0), cohort) / in_cohort
    # The part of the others in what all show: a group that is all there is shows nothing of how groups differ.
    of_others = np.where(is_known, 1 - in_group / in_cohort, 0.0)
    excess = np.where(is_known, (angles - of_all) ** 2 - chance * of_others, 0.0).sum(0)
    groups = np.where(is_known, 1 / np.maximum(in_group, 1), 0.0).sum(0)
    usual_rows = USUAL_GROUPS * is_known.sum(0) / np.maximum(groups, 1)
    between_groups = (excess + usual_rows * USUAL_CENTRE) / np.maximum(
        of_others.sum(0) + usual_rows, 1e-9
    )
    between_groups = np.maximum(between_groups, 0.0)
    trust = between_groups / (between_groups + chance)
    shrunk = of_all + trust * (angles - of_all)
    left_chance = trust * chance + (1 - trust) ** 2 * MEDIAN * among_peers / in_cohort
    return shrunk, among_peers + np.minimum(left_chance, chance)


def _apart(standing: _Standing, panel: Panel, parameters: Parameters) -> tuple[Array, Array]:
    """How many standard deviations a unit stands below its peers: of what is usual among them, and of its own chance.

    Minus infinity where it stands less than the margin below them. Beside it, how many it would stand below them with
    `level_matters` of their share.
    """
    centre, usual = _centre(standing, panel)
    sigma = np.sqrt(usual + 0.25 / standing.worth + standing.season)
    score = (centre - np.arcsin(np.sqrt(standing.share))) / sigma
    matter = centre - np.arcsin(np.sqrt(parameters.level_matters) * np.sin(centre))
    is_low = standing.share <= standing.median - parameters.level_margin
    return np.where(is_low, score, -np.inf), matter / sigma


def level(
    panels: Sequence[Panel],
    gates: Sequence[Gated],
    noises: Sequence[LevelNoise],
    judged: Sequence[Array],
    parameters: Parameters,
) -> list[Level]:
    """Run L1 over all weeks of all panels.

    `judged` says how many indicators of the unit share its budget
    (units, weeks). A unit that is low in two indicators of a system need not be as low in each.
    """
    parts = zip(panels, gates, noises, judged, strict=True)
    judgements = [
        _judge(panel, gated, noise, series, parameters) for panel, gated, noise, series in parts
    ]
    places, units = unit_places(panels)
    weeks = len(panels[0].weeks) if panels else 0
    systems = sorted({panel.system for panel in panels})
    low_series = {system: np.zeros((units, weeks), np.int64) for system in systems}
    is_low_by_panel: list[Flags] = []
    for panel, judgement, place in zip(panels, judgements, places, strict=True):
        is_low = judgement.ready & (
            np.nan_to_num(judgement.probability) >= parameters.level_probability
        )
        is_low &= judgement.apart_shared >= 0
        np.add.at(low_series[panel.system], place, is_low)
        is_low_by_panel.append(is_low)
    levels: list[Level] = []
    for panel, judgement, place, gated, is_low in zip(
        panels, judgements, places, gates, is_low_by_panel, strict=True
    ):
        is_shared = is_low & (low_series[panel.system][place] > 1)
        levels.append(_met(judgement, gated, is_shared, parameters))
    return levels


def _met(judgement: _Judgement, gated: Gated, shared: Flags, parameters: Parameters) -> Level:
    """From what single weeks say to what is met in several of them; `shared` marks lows in two indicators."""
    units, weeks = judgement.probability.shape
    is_probable = np.nan_to_num(judgement.probability) >= parameters.level_probability
    is_apart = judgement.apart >= 0
    is_low = judgement.ready & is_probable & (is_apart | shared)
    rule_met = np.zeros((units, weeks), bool)
    recent_lows = np.zeros((units, parameters.level_evaluations), bool)
    for week in range(weeks):
        recent_lows[gated.reset[:, week]] = False
        is_ready = judgement.ready[:, week]
        recent_lows[is_ready] = np.column_stack([recent_lows[is_ready, 1:], is_low[is_ready, week]])
        # The latest must be low too: what was low and is not any more is no news.
        rule_met[:, week] = is_low[:, week] & (recent_lows.sum(1) >= parameters.level_hits)
    with np.errstate(invalid="ignore"):
        is_improbable = judgement.probability < parameters.level_close
        is_usual = judgement.apart < -parameters.level_apart_close
        calm = judgement.ready & (is_improbable | is_usual) & ~shared
    standing = judgement.now
    return Level(
        probability=judgement.probability,
        met=rule_met,
        calm=calm,
        share=standing.share,
        effective=standing.worth,
        median=standing.median,
        low=standing.low,
        high=standing.high,
        peers=standing.peers,
        lacking=judgement.lacking,
        spent=judgement.spent,
    )
