"""L1: a unit stands clearly below its peers at the same time since its own go-live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from nytta.statistics import beta_of, effective_n, posterior_below

from .gates import Gated
from .panel import Array, Flags, Panel
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
    ring_x, ring_n = np.zeros((units, width)), np.zeros((units, width))
    x, n, k = (np.full((units, weeks), np.nan) for _ in range(3))
    usable = gated.usable
    for week in range(weeks):
        reset = gated.reset[:, week]
        if reset.any():
            ring_x[reset], ring_n[reset] = 0, 0
        is_usable = usable[:, week]
        ring_x[is_usable] = np.column_stack([ring_x[is_usable, 1:], gated.count[is_usable, week]])
        ring_n[is_usable] = np.column_stack([ring_n[is_usable, 1:], gated.n[is_usable, week]])
        x[:, week], n[:, week], k[:, week] = ring_x.sum(1), ring_n.sum(1), (ring_n > 0).sum(1)
    return x, n, k


def others(values: Array) -> tuple[Array, Array, Array]:
    """For each row of (units, weeks): median of the other rows, how many they are, and their quartiles
    (stacked on a first axis)."""
    units = len(values)
    order = np.argsort(np.where(np.isfinite(values), values, np.inf), axis=0, kind="stable")
    sorted_values = np.take_along_axis(values, order, axis=0)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(units)[:, None], order.shape), axis=0)
    is_known = np.isfinite(values)
    number = is_known.sum(0)[None, :] - is_known

    def at(place: Array) -> Array:
        """The value at a fractional place among the others, by linear interpolation."""
        place = np.clip(place, 0, np.maximum(number - 1, 0))
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, np.maximum(number - 1, 0))
        part = place - low

        def skip(index: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Array:
            shifted = np.where(is_known & (index >= rank), index + 1, index)
            return np.take_along_axis(sorted_values, np.minimum(shifted, units - 1), axis=0)

        return np.asarray(skip(low) * (1 - part) + skip(high) * part)

    median = np.where(number > 0, at((number - 1) / 2), np.nan)
    quartiles = np.stack([np.where(number > 0, at((number - 1) * fraction), np.nan) for fraction in (0.25, 0.75)])
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
    level_of = _median(np.where(is_known, values, np.nan))
    distance = np.where(is_known, values - level_of[None, :], 0.0)
    noise = np.where(is_known, chance, 1.0)
    variance = np.full(values.shape, USUAL_SPREAD)
    for _ in range(2):
        scale = np.sqrt(noise + variance)
        clipped = np.clip(distance, -2.2 * scale, 2.2 * scale)
        weight = np.where(is_known, 1 / (noise + variance) ** 2, 0.0)
        # Cutting at 2.2 leaves 0.937 of a normal variance.
        part = weight * (clipped**2 / 0.937 - noise)
        total, weights = part.sum(0)[None, :] - part, weight.sum(0)[None, :] - weight
        # Few peers say little about their spread: four units' worth of the usual one stand beside them.
        typical = 4 * weight.sum(0)[None, :] / np.maximum(is_known.sum(0), 1)[None, :]
        variance = (total + typical * USUAL_SPREAD) / np.maximum(weights + typical, 1e-9)
        variance = np.clip(variance, 0.03**2, 0.06)
    return variance


def _below(share: Array, worth: Array, prior: tuple[Array, Array], edge: Array, *, diffuse: float) -> Array:
    """P(share < edge) when the unit is one of its peers, Beta(a, b), or with chance `diffuse` anything."""
    (a, b), x, complement = prior, share * worth, (1 - share) * worth
    peer = scipy.special.betaln(a + x, b + complement) - scipy.special.betaln(a, b)
    odds = diffuse / (1 - diffuse) * np.exp(np.clip(scipy.special.betaln(1 + x, 1 + complement) - peer, -50, 50))
    weight = odds / (1 + odds)
    as_peer = posterior_below(x, worth, a, b, edge)
    return np.asarray(weight * posterior_below(x, worth, 1.0, 1.0, edge) + (1 - weight) * as_peer)


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
    panel: Panel, gated: Gated, width: int, least: int, noise: tuple[Array, Array], parameters: Parameters
) -> _Standing:
    """Shares over the last `width` usable weeks (at least `least`) beside those of the peers at the same age.

    `noise` is φ and τ² of one week (weeks).
    """
    shape = panel.shape
    weeks = len(panel.weeks)
    phi, tau2 = noise
    x, n, k = recent(gated, width)
    full = k >= least
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(full, x / n, np.nan)
        # The same people come back: what they do not change from week to week stays in every week.
        same = np.clip(1 - phi, 0.0, 0.9)[None, :]
        worth = effective_n(n, k, same)
        worth = 1 / (1 / worth + 4 * tau2[None, :] / k)
    median, spread, peers = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)
    columns = np.arange(weeks)
    for group in np.unique(panel.group):
        rows = np.flatnonzero(panel.group == group)
        if len(rows) - 1 < parameters.minimum_peers:
            peers[rows] = len(rows) - 1
            continue
        for start in np.unique(panel.live[rows]):
            cohort = panel.live[rows] == start
            since = columns - start
            live_weeks = panel.live[rows][:, None]
            same_age = np.minimum(live_weeks + since[None, :], columns[None, :])
            grown = since[None, :] > parameters.mature_age
            place = np.where(grown, columns[None, :], same_age)
            is_known = (since[None, :] >= parameters.level_start) & (
                (live_weeks <= start + parameters.settle_weeks)
                | (grown & (columns[None, :] - live_weeks >= parameters.mature_age))
            )
            place = np.clip(place, 0, weeks - 1)
            value = np.where(is_known, np.take_along_axis(share[rows], place, axis=1), np.nan)
            centre = np.clip(value, 0.05, 0.95)
            chance = centre * (1 - centre) / np.take_along_axis(worth[rows], place, axis=1)
            middle, number, quartiles = others(value)
            cohort_rows = rows[cohort]
            median[cohort_rows], peers[cohort_rows] = middle[cohort], number[cohort]
            spread[cohort_rows] = between(value, chance)[cohort]
            low[cohort_rows], high[cohort_rows] = quartiles[0][cohort], quartiles[1][cohort]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Few peers: their median is itself uncertain.
        spread = spread + np.where(peers < 8, 1.57 * spread / peers, 0.0)
        centre = np.clip(median, 0.02, 0.98)
        spread = np.minimum(spread, 0.9 * centre * (1 - centre))
    return _Standing(share, worth, median, spread, low, high, peers, full)


def _prior(standing: _Standing) -> tuple[Array, Array]:
    return beta_of(np.clip(standing.median, 0.02, 0.98), standing.spread)


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What one panel's weeks say before the indicators of a unit are taken together, all (units, weeks)."""

    now: _Standing
    ready: Flags
    lacking: Flags
    probability: Array
    apart: Array
    apart_shared: Array


def _judge(panel: Panel, gated: Gated, noise: tuple[Array, Array], judged: Array, parameters: Parameters) -> _Judgement:
    weeks = len(panel.weeks)
    current = _standing(panel, gated, parameters.level_weeks, parameters.level_weeks, noise, parameters)
    lasting = _standing(
        panel, gated, parameters.level_weeks_lasting, parameters.level_weeks_lasting // 2, noise, parameters
    )
    age = np.arange(weeks)[None, :] - panel.live[:, None]
    evaluable = gated.usable & current.full & (age >= parameters.level_start)
    enough = current.peers >= parameters.minimum_peers
    ready = evaluable & enough & np.isfinite(current.median)

    a, b = _prior(lasting)

    def beyond(reach: Array | float) -> Array:
        # A standing lasts: what lies beyond the usual for some weeks only is chance, of which many weeks see much.
        usual = lasting.median - np.maximum(parameters.level_margin, reach * np.sqrt(lasting.spread))
        probability = np.zeros(usual.shape)
        # A share well above that edge needs no posterior.
        is_near = lasting.share < usual + parameters.level_margin
        prior = (a[is_near], b[is_near])
        probability[is_near] = _below(
            lasting.share[is_near], lasting.worth[is_near], prior, usual[is_near], diffuse=parameters.level_diffuse
        )
        return probability

    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = _prior(current)
        probability = np.full(ready.shape, np.nan)
        probability[ready] = _below(
            current.share[ready],
            current.worth[ready],
            (first[ready], second[ready]),
            current.median[ready] - parameters.level_margin,
            diffuse=parameters.level_diffuse,
        )
        apart, apart_shared = beyond(parameters.level_reach(judged)), beyond(parameters.level_spread_shared)
    return _Judgement(current, ready, evaluable & ~enough, probability, apart, apart_shared)


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
    judgements = [_judge(*arguments, parameters) for arguments in zip(panels, gates, noises, judged, strict=True)]
    codes = {
        code: number for number, code in enumerate(dict.fromkeys(code for panel in panels for code in panel.units))
    }
    systems = sorted({panel.system for panel in panels})
    low = np.zeros((len(systems), len(codes), len(panels[0].weeks) if panels else 0), np.int64)
    places = [(systems.index(panel.system), np.array([codes[code] for code in panel.units])) for panel in panels]
    shared: list[Flags] = []
    for judgement, (system, place) in zip(judgements, places, strict=True):
        is_low = judgement.ready & (np.nan_to_num(judgement.probability) >= parameters.level_probability)
        is_low &= np.nan_to_num(judgement.apart_shared) >= parameters.level_apart
        np.add.at(low[system], place, is_low)
        shared.append(is_low)
    levels: list[Level] = []
    for judgement, (system, place), gated, is_low in zip(judgements, places, gates, shared, strict=True):
        levels.append(_met(judgement, gated, is_low & (low[system][place] > 1), parameters))
    return levels


def _met(judgement: _Judgement, gated: Gated, shared: Flags, parameters: Parameters) -> Level:
    units, weeks = judgement.probability.shape
    rule_met = np.zeros((units, weeks), bool)
    recent_hits = np.zeros((units, parameters.level_evaluations), bool)
    for week in range(weeks):
        recent_hits[gated.reset[:, week]] = False
        is_ready = judgement.ready[:, week]
        is_low = is_ready & (np.nan_to_num(judgement.probability[:, week]) >= parameters.level_probability)
        is_low &= (np.nan_to_num(judgement.apart[:, week]) >= parameters.level_apart) | shared[:, week]
        recent_hits[is_ready] = np.column_stack([recent_hits[is_ready, 1:], is_low[is_ready]])
        rule_met[:, week] = is_ready & is_low & (recent_hits.sum(1) >= parameters.level_hits)
    with np.errstate(invalid="ignore"):
        calm = (
            judgement.ready
            & ((judgement.probability < parameters.level_close) | (judgement.apart < parameters.level_apart_close))
            & ~shared
        )
    standing = judgement.now
    return Level(
        judgement.probability,
        rule_met,
        calm,
        standing.share,
        standing.worth,
        standing.median,
        standing.low,
        standing.high,
        standing.peers,
        judgement.lacking,
    )
