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
    for t in range(weeks):
        reset = gated.reset[:, t]
        if reset.any():
            ring_x[reset], ring_n[reset] = 0, 0
        here = usable[:, t]
        ring_x[here] = np.column_stack([ring_x[here, 1:], gated.count[here, t]])
        ring_n[here] = np.column_stack([ring_n[here, 1:], gated.n[here, t]])
        x[:, t], n[:, t], k[:, t] = ring_x.sum(1), ring_n.sum(1), (ring_n > 0).sum(1)
    return x, n, k


def others(values: Array) -> tuple[Array, Array, Array]:
    """For each row of (units, weeks): median of the other rows, how many they are, and their quartiles
    (stacked on a first axis)."""
    units = len(values)
    order = np.argsort(np.where(np.isfinite(values), values, np.inf), axis=0, kind="stable")
    sorted_values = np.take_along_axis(values, order, axis=0)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(units)[:, None], order.shape), axis=0)
    there = np.isfinite(values)
    number = there.sum(0)[None, :] - there

    def at(place: Array) -> Array:
        """The value at a fractional place among the others, by linear interpolation."""
        place = np.clip(place, 0, np.maximum(number - 1, 0))
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, np.maximum(number - 1, 0))
        part = place - low

        def skip(index: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Array:
            shifted = np.where(there & (index >= rank), index + 1, index)
            return np.take_along_axis(sorted_values, np.minimum(shifted, units - 1), axis=0)

        return np.asarray(skip(low) * (1 - part) + skip(high) * part)

    median = np.where(number > 0, at((number - 1) / 2), np.nan)
    quartiles = np.stack([np.where(number > 0, at((number - 1) * f), np.nan) for f in (0.25, 0.75)])
    return median, number.astype(float), quartiles


def _median(values: Array) -> Array:
    """Median over rows; 0 (and no warning) where a column is empty."""
    out = np.zeros(values.shape[1])
    some = np.isfinite(values).any(0)
    out[some] = np.nanmedian(values[:, some], axis=0)
    return out


def between(values: Array, chance: Array) -> Array:
    """Variance of the true shares among the other units of (units, weeks), chance taken off.

    Each unit's squared distance from the median less its own chance variance, weighted by how well it is
    known (Kleinman 1973); distances are cut at 2.2 standard deviations so that units that lag do not
    widen what counts as usual.
    """
    there = np.isfinite(values) & np.isfinite(chance)
    level_of = _median(np.where(there, values, np.nan))
    distance = np.where(there, values - level_of[None, :], 0.0)
    noise = np.where(there, chance, 1.0)
    variance = np.full(values.shape, USUAL_SPREAD)
    for _ in range(2):
        scale = np.sqrt(noise + variance)
        cut = np.clip(distance, -2.2 * scale, 2.2 * scale)
        weight = np.where(there, 1 / (noise + variance) ** 2, 0.0)
        # Cutting at 2.2 leaves 0.937 of a normal variance.
        part = weight * (cut**2 / 0.937 - noise)
        total, weights = part.sum(0)[None, :] - part, weight.sum(0)[None, :] - weight
        # Few peers say little about their spread: four units' worth of the usual one stand beside them.
        typical = 4 * weight.sum(0)[None, :] / np.maximum(there.sum(0), 1)[None, :]
        variance = (total + typical * USUAL_SPREAD) / np.maximum(weights + typical, 1e-9)
        variance = np.clip(variance, 0.03**2, 0.06)
    return variance


def _below(share: Array, worth: Array, prior: tuple[Array, Array], edge: Array, *, diffuse: float) -> Array:
    """P(share < edge) when the unit is one of its peers, Beta(a, b), or with chance `diffuse` anything."""
    (a, b), x, rest = prior, share * worth, (1 - share) * worth
    peer = scipy.special.betaln(a + x, b + rest) - scipy.special.betaln(a, b)
    odds = diffuse / (1 - diffuse) * np.exp(np.clip(scipy.special.betaln(1 + x, 1 + rest) - peer, -50, 50))
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
    panel: Panel, gated: Gated, width: int, least: int, noise: tuple[Array, Array], p: Parameters
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
        if len(rows) - 1 < p.minimum_peers:
            peers[rows] = len(rows) - 1
            continue
        for start in np.unique(panel.live[rows]):
            cohort = panel.live[rows] == start
            since = columns - start
            live = panel.live[rows][:, None]
            same_age = np.minimum(live + since[None, :], columns[None, :])
            grown = since[None, :] > p.mature_age
            place = np.where(grown, columns[None, :], same_age)
            known = (since[None, :] >= p.level_start) & (
                (live <= start + p.settle_weeks) | (grown & (columns[None, :] - live >= p.mature_age))
            )
            place = np.clip(place, 0, weeks - 1)
            value = np.where(known, np.take_along_axis(share[rows], place, axis=1), np.nan)
            centre = np.clip(value, 0.05, 0.95)
            chance = centre * (1 - centre) / np.take_along_axis(worth[rows], place, axis=1)
            middle, number, quartiles = others(value)
            mine = rows[cohort]
            median[mine], peers[mine] = middle[cohort], number[cohort]
            spread[mine] = between(value, chance)[cohort]
            low[mine], high[mine] = quartiles[0][cohort], quartiles[1][cohort]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Few peers: their median is itself uncertain.
        spread = spread + np.where(peers < 8, 1.57 * spread / peers, 0.0)
        centre = np.clip(median, 0.02, 0.98)
        spread = np.minimum(spread, 0.9 * centre * (1 - centre))
    return _Standing(share, worth, median, spread, low, high, peers, full)


def _prior(one: _Standing) -> tuple[Array, Array]:
    return beta_of(np.clip(one.median, 0.02, 0.98), one.spread)


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What one panel's weeks say before the indicators of a unit are taken together, all (units, weeks)."""

    now: _Standing
    ready: Flags
    lacking: Flags
    probability: Array
    apart: Array
    apart_shared: Array


def _judge(panel: Panel, gated: Gated, noise: tuple[Array, Array], judged: Array, p: Parameters) -> _Judgement:
    weeks = len(panel.weeks)
    now = _standing(panel, gated, p.level_weeks, p.level_weeks, noise, p)
    lasting = _standing(panel, gated, p.level_weeks_lasting, p.level_weeks_lasting // 2, noise, p)
    age = np.arange(weeks)[None, :] - panel.live[:, None]
    evaluable = gated.usable & now.full & (age >= p.level_start)
    enough = now.peers >= p.minimum_peers
    ready = evaluable & enough & np.isfinite(now.median)

    a, b = _prior(lasting)

    def beyond(reach: Array | float) -> Array:
        # A standing lasts: what lies beyond the usual for some weeks only is chance, of which many weeks see much.
        usual = lasting.median - np.maximum(p.level_margin, reach * np.sqrt(lasting.spread))
        out = np.zeros(usual.shape)
        # A share well above that edge needs no posterior.
        near = lasting.share < usual + p.level_margin
        prior = (a[near], b[near])
        out[near] = _below(lasting.share[near], lasting.worth[near], prior, usual[near], diffuse=p.level_diffuse)
        return out

    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = _prior(now)
        probability = np.full(ready.shape, np.nan)
        probability[ready] = _below(
            now.share[ready],
            now.worth[ready],
            (first[ready], second[ready]),
            now.median[ready] - p.level_margin,
            diffuse=p.level_diffuse,
        )
        apart, apart_shared = beyond(p.level_reach(judged)), beyond(p.level_spread_shared)
    return _Judgement(now, ready, evaluable & ~enough, probability, apart, apart_shared)


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
    p = parameters
    found = [_judge(*each, p) for each in zip(panels, gates, noises, judged, strict=True)]
    codes = {code: k for k, code in enumerate(dict.fromkeys(code for panel in panels for code in panel.units))}
    systems = sorted({panel.system for panel in panels})
    low = np.zeros((len(systems), len(codes), len(panels[0].weeks) if panels else 0), np.int64)
    places = [(systems.index(panel.system), np.array([codes[code] for code in panel.units])) for panel in panels]
    shared: list[Flags] = []
    for one, (system, place) in zip(found, places, strict=True):
        hit = one.ready & (np.nan_to_num(one.probability) >= p.level_probability)
        hit &= np.nan_to_num(one.apart_shared) >= p.level_apart
        np.add.at(low[system], place, hit)
        shared.append(hit)
    out: list[Level] = []
    for one, (system, place), gated, hit in zip(found, places, gates, shared, strict=True):
        out.append(_met(one, gated, hit & (low[system][place] > 1), p))
    return out


def _met(one: _Judgement, gated: Gated, shared: Flags, p: Parameters) -> Level:
    units, weeks = one.probability.shape
    met = np.zeros((units, weeks), bool)
    recent_hits = np.zeros((units, p.level_evaluations), bool)
    for t in range(weeks):
        recent_hits[gated.reset[:, t]] = False
        here = one.ready[:, t]
        hit = here & (np.nan_to_num(one.probability[:, t]) >= p.level_probability)
        hit &= (np.nan_to_num(one.apart[:, t]) >= p.level_apart) | shared[:, t]
        recent_hits[here] = np.column_stack([recent_hits[here, 1:], hit[here]])
        met[:, t] = here & hit & (recent_hits.sum(1) >= p.level_hits)
    with np.errstate(invalid="ignore"):
        calm = one.ready & ((one.probability < p.level_close) | (one.apart < p.level_apart_close)) & ~shared
    now = one.now
    return Level(
        one.probability, met, calm, now.share, now.worth, now.median, now.low, now.high, now.peers, one.lacking
    )
