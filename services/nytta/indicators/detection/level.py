"""L1: a unit stands clearly below its peers at the same time since its own go-live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from nytta.statistics import beta_of, effective_n, posterior_below

from .gates import Gated
from .panel import Array, Flags, Panel, Whole, unit_places
from .parameters import Parameters

#: Variance of true shares among like units before they have shown their own: a spread of 8 points.
USUAL_SPREAD = 0.08**2


@dataclass(frozen=True, slots=True)
class Level:
    """Course of L1, all (units, weeks): NaN or False where it was not evaluated.

    `probability` that the unit's share lies more than the margin below the peers' median; `met` in three
    of four evaluations; `share` of the last four usable weeks and what they are worth (`effective`);
    `median` and `peers` it was compared with; `lacking` where only peers were missing.
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


def recent(gated: Gated, width: int) -> tuple[Array, Array, Array]:
    """Sums of count and n over the last `width` usable weeks since a reset, and how many there are."""
    units, weeks = gated.n.shape
    last_counts, last_denominators = np.zeros((units, width)), np.zeros((units, width))
    count, denominator, filled = (np.full((units, weeks), np.nan) for _ in range(3))
    usable = gated.usable
    for week in range(weeks):
        reset = gated.reset[:, week]
        if reset.any():
            last_counts[reset] = 0
            last_denominators[reset] = 0
        is_usable = usable[:, week]
        new_count, new_denominator = gated.count[is_usable, week], gated.n[is_usable, week]
        last_counts[is_usable] = np.column_stack([last_counts[is_usable, 1:], new_count])
        last_denominators[is_usable] = np.column_stack([last_denominators[is_usable, 1:], new_denominator])
        count[:, week] = last_counts.sum(1)
        denominator[:, week] = last_denominators.sum(1)
        # A usable week has a denominator: places without one are not filled yet.
        filled[:, week] = (last_denominators > 0).sum(1)
    return count, denominator, filled


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


def between(values: Array, chance: Array) -> Array:
    """Variance of the true shares among the other units of (units, weeks), chance taken off.

    Each unit's squared distance from the median less its own chance variance, weighted by how well it is
    known (Kleinman 1973); distances are cut at 2.2 standard deviations so that units that lag do not
    widen what counts as usual.
    """
    is_known = np.isfinite(values) & np.isfinite(chance)
    known_count = np.maximum(is_known.sum(0), 1)[None, :]
    level_of_week = _median(np.where(is_known, values, np.nan))
    distance = np.where(is_known, values - level_of_week[None, :], 0.0)
    noise = np.where(is_known, chance, 1.0)
    variance = np.full(values.shape, USUAL_SPREAD)
    # The weights need the variance, which needs weights: Kleinman's two steps.
    for _ in range(2):
        scale = np.sqrt(noise + variance)
        clipped = np.clip(distance, -2.2 * scale, 2.2 * scale)
        weight = np.where(is_known, 1 / (noise + variance) ** 2, 0.0)
        # Cutting at 2.2 leaves 0.937 of a normal variance.
        weighted = weight * (clipped**2 / 0.937 - noise)
        total = weighted.sum(0)[None, :] - weighted
        total_weight = weight.sum(0)[None, :] - weight
        # Few peers say little about their spread: four units' worth of the usual one stand beside them.
        usual_weight = 4 * weight.sum(0)[None, :] / known_count
        variance = (total + usual_weight * USUAL_SPREAD) / np.maximum(total_weight + usual_weight, 1e-9)
        variance = np.clip(variance, 0.03**2, 0.06)
    return variance


def _below(share: Array, worth: Array, prior: tuple[Array, Array], edge: Array, *, diffuse: float) -> Array:
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
    """A unit's share over some weeks beside that of its peers, all (units, weeks)."""

    share: Array
    worth: Array
    median: Array
    spread: Array
    low: Array
    high: Array
    peers: Array
    full: Flags


def _standing(
    panel: Panel,
    gated: Gated,
    width: int,
    least: int,
    noise: tuple[Array, Array],
    parameters: Parameters,
) -> _Standing:
    """Shares over the last `width` usable weeks (at least `least`) beside those of the peers at the same age.

    `noise` is φ and τ² of one week (weeks).
    """
    phi, tau2 = noise
    count, denominator, filled = recent(gated, width)
    full = filled >= least
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(full, count / denominator, np.nan)
        # The same people come back: what they do not change from week to week stays in every week.
        correlation = np.clip(1 - phi, 0.0, 0.9)[None, :]
        answers = effective_n(denominator, filled, correlation)
        worth = 1 / (1 / answers + 4 * tau2[None, :] / filled)
    median, spread = np.full(panel.shape, np.nan), np.full(panel.shape, np.nan)
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
            place, is_comparable = _peer_weeks(panel.live[rows], int(start), len(panel.weeks), parameters)
            value = np.where(is_comparable, np.take_along_axis(share[rows], place, axis=1), np.nan)
            centre = np.clip(value, 0.05, 0.95)
            chance = centre * (1 - centre) / np.take_along_axis(worth[rows], place, axis=1)
            peer_median, peer_number, quartiles = others(value)
            median[cohort_rows] = peer_median[cohort]
            peers[cohort_rows] = peer_number[cohort]
            spread[cohort_rows] = between(value, chance)[cohort]
            low[cohort_rows] = quartiles[0][cohort]
            high[cohort_rows] = quartiles[1][cohort]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Few peers: their median is itself uncertain (π / 2 times the variance of a mean).
        spread = spread + np.where(peers < 8, 1.57 * spread / peers, 0.0)
        centre = np.clip(median, 0.02, 0.98)
        # No beta distribution has a variance of centre (1 - centre) or more.
        spread = np.minimum(spread, 0.9 * centre * (1 - centre))
    return _Standing(share, worth, median, spread, low, high, peers, full)


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

    `probability` that a unit lies below its peers by the margin now; `apart` and `apart_shared` that it lasts beyond
    what is usual among them, with the reach of one indicator and with the lesser one of two.
    """

    now: _Standing
    ready: Flags
    lacking: Flags
    probability: Array
    apart: Array
    apart_shared: Array


def _judge(
    panel: Panel,
    gated: Gated,
    noise: tuple[Array, Array],
    judged: Array,
    parameters: Parameters,
) -> _Judgement:
    """One panel's weeks by themselves; `judged` indicators of each unit share its budget."""
    width, lasting_width = parameters.level_weeks, parameters.level_weeks_lasting
    current = _standing(panel, gated, width, width, noise, parameters)
    lasting = _standing(panel, gated, lasting_width, lasting_width // 2, noise, parameters)
    age = np.arange(len(panel.weeks))[None, :] - panel.live[:, None]
    evaluable = gated.usable & current.full & (age >= parameters.level_start)
    has_peers = current.peers >= parameters.minimum_peers
    ready = evaluable & has_peers & np.isfinite(current.median)
    lasting_successes, lasting_failures = _prior(lasting)

    def beyond(reach: Array | float) -> Array:
        # A standing lasts: what lies beyond the usual for some weeks only is chance, of which many weeks see much.
        edge = lasting.median - np.maximum(parameters.level_margin, reach * np.sqrt(lasting.spread))
        # A share well above that edge needs no posterior.
        is_near = lasting.share < edge + parameters.level_margin
        probability = np.zeros(edge.shape)
        probability[is_near] = _below(
            lasting.share[is_near],
            lasting.worth[is_near],
            (lasting_successes[is_near], lasting_failures[is_near]),
            edge[is_near],
            diffuse=parameters.level_diffuse,
        )
        return probability

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
        apart = beyond(parameters.level_reach(judged))
        apart_shared = beyond(parameters.level_spread_shared)
    return _Judgement(current, ready, evaluable & ~has_peers, probability, apart, apart_shared)


def level(
    panels: Sequence[Panel],
    gates: Sequence[Gated],
    noises: Sequence[tuple[Array, Array]],
    judged: Sequence[Array],
    parameters: Parameters,
) -> list[Level]:
    """Run L1 over all weeks of all panels.

    `noises` are φ and τ² of one week, known by then (weeks); `judged` how many indicators of the unit share its budget
    (units, weeks). A unit that is low in two indicators of a system need not be as low in each.
    """
    parts = zip(panels, gates, noises, judged, strict=True)
    judgements = [_judge(panel, gated, noise, series, parameters) for panel, gated, noise, series in parts]
    places, units = unit_places(panels)
    weeks = len(panels[0].weeks) if panels else 0
    systems = sorted({panel.system for panel in panels})
    low_series = {system: np.zeros((units, weeks), np.int64) for system in systems}
    is_low_by_panel: list[Flags] = []
    for panel, judgement, place in zip(panels, judgements, places, strict=True):
        is_low = judgement.ready & (np.nan_to_num(judgement.probability) >= parameters.level_probability)
        is_low &= np.nan_to_num(judgement.apart_shared) >= parameters.level_apart
        np.add.at(low_series[panel.system], place, is_low)
        is_low_by_panel.append(is_low)
    levels: list[Level] = []
    for panel, judgement, place, gated, is_low in zip(panels, judgements, places, gates, is_low_by_panel, strict=True):
        is_shared = is_low & (low_series[panel.system][place] > 1)
        levels.append(_met(judgement, gated, is_shared, parameters))
    return levels


def _met(judgement: _Judgement, gated: Gated, shared: Flags, parameters: Parameters) -> Level:
    """From what single weeks say to what is met in several of them; `shared` marks lows in two indicators."""
    units, weeks = judgement.probability.shape
    is_probable = np.nan_to_num(judgement.probability) >= parameters.level_probability
    is_apart = np.nan_to_num(judgement.apart) >= parameters.level_apart
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
        is_usual = judgement.apart < parameters.level_apart_close
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
    )
