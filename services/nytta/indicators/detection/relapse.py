"""L2: a unit falls back from where it was, as seen against its peers in the same weeks.

r = asin √share of the unit minus that of its peers. What hits all peers alike (July, an outage, a licence)
cancels. Two references, either of which may tell:

- the baseline: the first 13 usable weeks from go-live + 8 in which the unit no longer climbs (a take-off is
  no level), then frozen until a declared milestone; a slow EWMA measured against it finds drift;
- the 26 usable weeks that ended 8 ago, against which a faster EWMA finds a step also years after go-live,
  when people have come and gone and the frozen baseline has become a poor guide.

Both limits know how uncertain mean and reference are, and are widened by how far the scores of all units
really spread. The unit's own share must have fallen too: peers that rise make nobody relapse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nytta.statistics import ewma_sigma

from .gates import Gated
from .noise import Noise
from .panel import Array, Flags, Panel, Whole
from .parameters import Parameters


@dataclass(frozen=True, slots=True)
class Relapse:
    """Course of L2, all (units, weeks): NaN or False where it was not evaluated.

    `score` is e / σ_e against the reference that tells more; `met` two hits in a row; `calm` the level back
    within half the limit of the reference it fell from; `drop` the estimated fall in share; `before` the
    share of the reference; `limit` the L in force. `phi` and `tau2` (weeks) are the pooled noise known by
    then. `own` marks units judged without peers.
    """

    score: Array
    met: Flags
    calm: Flags
    drop: Array
    before: Array
    limit: Array
    phi: Array
    tau2: Array
    own: Flags


def angle(count: Array, n: Array) -> Array:
    """Anscombe's asin √((x + 3/8) / (n + 3/4)): variance close to 1 / (4n) whatever the share."""
    return np.asarray(np.arcsin(np.sqrt((count + 0.375) / (n + 0.75))))


def peer_means(value: Array, weight: Array, group: Whole) -> tuple[Array, Array, Array]:
    """Weighted mean of the other units of each unit's group, its variance in 1/weight units, how many."""
    w = np.where(np.isfinite(value), weight, 0.0)
    v = np.where(w > 0, value, 0.0)
    groups = int(group.max()) + 1 if len(group) else 0

    def total(a: Array) -> Array:
        out = np.zeros((groups, a.shape[1]))
        np.add.at(out, group, a)
        return out[group]

    weight_of_others = total(w) - w
    number = total((w > 0).astype(float)) - (w > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(number > 0, (total(w * v) - w * v) / weight_of_others, np.nan)
        variance = np.where(number > 0, 1 / weight_of_others, np.nan)
    return mean, variance, number


class _Window:
    """The last weeks of every unit while its baseline is sought: full, and no longer climbing."""

    def __init__(self, units: int, width: int, rise: float) -> None:
        self.width, self.rise = width, rise
        self.y, self.r = np.zeros((units, width)), np.zeros((units, width))
        self.number = np.zeros(units, int)

    def clear(self, where: Flags) -> None:
        self.number[where] = 0

    def add(self, y: Array, r: Array, where: Flags) -> None:
        self.y[where] = np.column_stack([self.y[where, 1:], y[where]])
        self.r[where] = np.column_stack([self.r[where, 1:], r[where]])
        self.number[where] += 1

    def ready(self, late: Flags) -> Flags:
        half = self.width // 2
        climb = self.y[:, half:].mean(1) - self.y[:, :half].mean(1)
        shift = np.abs(self.r[:, half:].mean(1) - self.r[:, :half].mean(1))
        steady = (climb < self.rise) & (shift < 2 * self.rise)
        return np.asarray((self.number >= self.width) & (steady | late))

    def mean(self, lag: int = 0) -> tuple[Array, Array, Array]:
        """Mean r and mean y of all but the last `lag` weeks, and how many they are."""
        number = np.clip(self.number, 0, self.width)
        column = np.arange(self.width)[None, :]
        take = (column >= self.width - number[:, None]) & (column < self.width - lag)
        size = take.sum(1)
        share = np.maximum(size, 1)
        return np.where(take, self.r, 0).sum(1) / share, np.where(take, self.y, 0).sum(1) / share, size


class _Spread:
    """How much wider the scores of all units lie than the formula says; used from the next week on."""

    def __init__(self) -> None:
        self.square, self.seen = 1.0, 0

    def learn(self, score: Array, where: Flags) -> None:
        number = int(where.sum())
        if number < 10:
            return
        width = 1.4826 * float(np.median(np.abs(score[where] - np.median(score[where]))))
        trust = number / (number + 20.0)
        self.seen += 1
        rate = max(0.1, 1 / self.seen)
        found = trust * width**2 * self.square + (1 - trust)
        self.square = float(np.clip((1 - rate) * self.square + rate * found, 1.0, 9.0))


def relapse(panel: Panel, gated: Gated, parameters: Parameters) -> Relapse:
    """Run L2 over all weeks; the verdict of week t rests on weeks up to t."""
    p = parameters
    units, weeks = panel.shape
    usable = gated.usable
    n = np.where(usable, gated.n, np.nan)
    inverse = 1 / (4 * n)
    y = np.where(usable, angle(np.where(usable, gated.count, 0), np.where(usable, gated.n, 1)), np.nan)
    age = np.arange(weeks)[None, :] - panel.live[:, None]
    settled = usable & (age >= p.baseline_start)

    # Peers weigh in by what a week of theirs is worth; 0.004 is a between-week variance that keeps large
    # units from standing for the whole group.
    weight = np.where(settled, 1 / (np.nan_to_num(inverse, nan=1.0) + 0.004), 0.0)
    mean, peer_variance, peers = peer_means(np.where(settled, y, np.nan), weight, panel.group)
    r = np.where(settled & (peers >= p.minimum_peers), y - mean, np.nan)

    if panel.presence is None:
        limits = np.full(weeks, max(p.limit, p.limit_without_presence))
    else:
        told = np.logical_or.accumulate(np.isfinite(panel.presence).any(0))
        limits = np.where(told, p.limit, max(p.limit, p.limit_without_presence))
    noise = Noise(units, p.dispersion_floor)
    empty = np.full((units, weeks), np.nan)
    out = Relapse(
        score=empty.copy(),
        met=np.zeros((units, weeks), bool),
        calm=np.zeros((units, weeks), bool),
        drop=empty.copy(),
        before=empty.copy(),
        limit=empty.copy(),
        phi=np.zeros(weeks),
        tau2=np.zeros(weeks),
        own=np.zeros((units, weeks), bool),
    )

    last, last_inverse = np.full(units, np.nan), np.full(units, np.nan)
    base_r, base_y, steps, slow, slow_y, fast, fast_y, hits, calm_row = (np.zeros(units) for _ in range(9))
    anchor = np.full(units, np.nan)
    window = _Window(units, p.baseline_weeks, p.baseline_rise)
    own_window = _Window(units, p.baseline_weeks_own, p.baseline_rise)
    trail = _Window(units, p.recent_weeks + p.recent_gap, p.baseline_rise)
    slow_spread, fast_spread = _Spread(), _Spread()
    frozen, alone = np.zeros(units, bool), np.zeros(units, bool)
    for t in range(weeks):
        reset = gated.reset[:, t]
        if reset.any():
            for state in (steps, slow, slow_y, fast, fast_y, hits, calm_row):
                state[reset] = 0.0
            for held in (window, own_window, trail):
                held.clear(reset)
            frozen[reset] = alone[reset] = False
            last[reset] = anchor[reset] = np.nan
        here, with_peers = settled[:, t], np.isfinite(r[:, t])
        inv, now_y = np.where(here, inverse[:, t], 0.01), np.where(here, y[:, t], 0.0)

        pair = with_peers & np.isfinite(last)
        noise.learn(np.where(pair, r[:, t] - last, 0.0), (inv + last_inverse) / 2, pair)
        last, last_inverse = np.where(with_peers, r[:, t], last), np.where(with_peers, inv, last_inverse)
        out.phi[t], out.tau2[t] = noise.phi, noise.tau2

        # Judge against references that were complete before this week.
        judged = frozen & np.where(alone, here, with_peers)
        value = np.where(judged, np.where(alone, now_y, r[:, t]), 0.0)
        others = np.where(alone, 0.0, np.nan_to_num(peer_variance[:, t]) * (noise.phi + 0.2))
        variance = noise.variance(inv) + others
        limit = np.where(alone, p.limit_own, limits[t])

        steps = steps + judged
        fade = (1 - p.smoothing) ** steps
        slow = np.where(judged, p.smoothing * (value - base_r) + (1 - p.smoothing) * slow, slow)
        slow_y = np.where(judged, p.smoothing * (now_y - base_y) + (1 - p.smoothing) * slow_y, slow_y)
        baseline = np.where(alone, p.baseline_weeks_own, p.baseline_weeks)
        sigma = np.sqrt(variance * slow_spread.square) * ewma_sigma(steps, p.smoothing, baseline)
        score = np.where(judged, slow / np.maximum(sigma, 1e-9), np.nan)
        level = slow / np.maximum(1 - fade, p.smoothing)
        fall = _fall(base_y, level)
        hit = judged & (score < -limit) & (fall >= p.relapse_margin) & (slow_y < 0.5 * slow)

        recent_r, recent_y, recent_size = trail.mean(p.recent_gap)
        first = judged & (steps == 1)
        fast = np.where(first, base_r, fast)
        fast_y = np.where(first, base_y, fast_y)
        fast = np.where(judged, p.recent_smoothing * value + (1 - p.recent_smoothing) * fast, fast)
        fast_y = np.where(judged, p.recent_smoothing * now_y + (1 - p.recent_smoothing) * fast_y, fast_y)
        compared = judged & (recent_size >= p.baseline_weeks)
        part = p.recent_smoothing / (2 - p.recent_smoothing)
        sigma2 = np.sqrt(variance * fast_spread.square * (part + 1 / np.maximum(recent_size, 1)))
        score2 = np.where(compared, (fast - recent_r) / sigma2, np.nan)
        fall2 = _fall(recent_y, fast - recent_r)
        steep = (score2 < -limit) & (fall2 >= p.relapse_margin) & (fast_y - recent_y < 0.5 * (fast - recent_r))
        steep &= compared

        hits = np.where(judged, np.where(hit | steep, hits + 1, 0), hits)
        met = judged & (hits >= 2)
        anchored = met & ~np.isfinite(anchor)
        anchor = np.where(anchored, np.where(hit, base_r, recent_r), anchor)
        calm_sigma = np.sqrt(variance * slow_spread.square * (part + 1 / p.baseline_weeks))
        calm = judged & (fast - np.nan_to_num(anchor) > -limit / 2 * calm_sigma) & np.isfinite(anchor) & ~met
        calm_row = np.where(judged, np.where(calm, calm_row + 1, 0), calm_row)
        anchor = np.where(calm_row >= p.close_weeks, np.nan, anchor)

        use_recent = np.nan_to_num(score2, nan=np.inf) < np.nan_to_num(score, nan=np.inf)
        out.score[:, t] = np.where(use_recent, score2, score)
        out.met[:, t], out.calm[:, t] = met, calm
        out.drop[:, t] = np.where(judged, np.where(use_recent, fall2, fall), np.nan)
        out.before[:, t] = np.where(judged, np.sin(np.where(use_recent, recent_y, base_y)) ** 2, np.nan)
        out.limit[:, t] = np.where(judged, limit, np.nan)
        out.own[:, t] = judged & alone

        slow_spread.learn(score, judged & ~alone & (steps >= 3))
        fast_spread.learn(score2, compared & ~alone)

        trail.add(now_y, value, judged)
        late = age[:, t] >= p.baseline_latest
        window.add(now_y, np.nan_to_num(r[:, t]), ~frozen & here & with_peers)
        own_window.add(now_y, now_y, ~frozen & here)
        done = ~frozen & window.ready(late)
        lonely = ~frozen & ~done & (window.number == 0) & own_window.ready(late)
        for chosen, source in ((done, window), (lonely, own_window)):
            mean_r, mean_y, _ = source.mean()
            base_r, base_y = np.where(chosen, mean_r, base_r), np.where(chosen, mean_y, base_y)
            trail.r[chosen], trail.y[chosen] = 0, 0
            trail.r[chosen, -source.width :] = source.r[chosen]
            trail.y[chosen, -source.width :] = source.y[chosen]
            trail.number[chosen] = source.width
        frozen, alone = frozen | done | lonely, alone | lonely
    return out


def _fall(reference: Array, change: Array) -> Array:
    """By how much the share falls when its angle moves by `change` from `reference`."""
    before = np.sin(np.clip(reference, 0, np.pi / 2)) ** 2
    return np.asarray(before - np.sin(np.clip(reference + change, 0, np.pi / 2)) ** 2)
