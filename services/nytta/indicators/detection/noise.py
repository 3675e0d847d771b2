"""How much a share moves from week to week with nothing wrong, learnt from the series themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .panel import Array, Flags, Whole

#: 1 / (4n) that parts the two classes of size: 25 people.
SIZE_EDGE = 1 / 100
#: Expected number of persons from which on a unit's differences tell its variance.
RARE_EDGE = 5.0
#: How much levels move in a week before they have shown it, in variances of one observation.
USUAL_DRIFT = 0.0015
#: A usual variance between weeks: differences of large and small units are brought to like size by it.
USUAL = 0.002
#: Fourth power of the mean root of a standard normal's absolute value (Cressie and Hawkins 1980).
ROOT_FOURTH = 0.457
#: How much levels move by themselves is seen from means of so many observations,
STRETCH = 4
#: the one so many observations after the other.
SPAN = 9
#: What a drift of one adds to the variance of their difference, in that by chance (of a random walk), beside what it
#: adds to the difference of two observations in a row.
GAIN = STRETCH * (SPAN - STRETCH / 3) / 2 - 0.5
#: Levels that have shown no movement move at least as much.
LEAST_DRIFT = 0.0003


def size_class(inverse: Array) -> Whole:
    """0 for a small unit, 1 for a large one, by the variance 1 / (4n) of a week."""
    return np.asarray(inverse < SIZE_EDGE, np.int64)


@dataclass(slots=True)
class Noise:
    """Running estimate of the variance of one observation on the arcsine scale.

    (φ (1 - a) + a) / (4n) + τ² · 4p(1 - p). φ is below 1 where the same people do the same thing every week, of whom a
    share a is away: who is there is a draw from them (Cochran 1977, 2.6). τ² belongs to noise on the logit scale. Both
    come from differences of successive observations, pooled over units in two classes of size by the robust estimator
    of Cressie and Hawkins 1980, Math Geol 12:115, so that faults of some units do not widen everybody's limits. The
    variance of each unit is shrunk towards that of units of its size, by as much as units are seen to be alike.
    `drift` is how much a level moves in a week by itself (people who come and go), in variances of one observation,
    for each class of size, from differences over many observations.
    """

    units: int
    floor: float
    root_sum: Array = field(init=False)
    inverse_sum: Array = field(init=False)
    scale_sum: Array = field(init=False)
    known_sum: Array = field(init=False)
    usual_sum: Array = field(init=False)
    number: Array = field(init=False)
    own_sum: Array = field(init=False)
    own_number: Array = field(init=False)
    span_sum: Array = field(init=False)
    span_number: Array = field(init=False)
    phi: float = 0.8
    tau2: float = 0.001
    prior: float = 40.0
    drift: Array = field(init=False)

    def __post_init__(self) -> None:
        """Start with no differences seen."""
        # By size (small, large).
        self.root_sum = np.zeros(2)
        self.inverse_sum = np.zeros(2)
        self.scale_sum = np.zeros(2)
        self.known_sum = np.zeros(2)
        self.usual_sum = np.zeros(2)
        self.number = np.zeros(2)
        # By span (long, short), size (small, large) and side (rises, falls).
        self.span_sum = np.zeros((2, 2, 2))
        self.span_number = np.zeros((2, 2, 2))
        self.drift = np.full(2, USUAL_DRIFT)
        self.own_sum = np.zeros(self.units)
        self.own_number = np.zeros(self.units)

    def model(self, inverse: Array, share_away: Array, scale: Array) -> Array:
        """Pooled variance at `inverse` = 1 / (4n), the share `share_away` and `scale` = 4p(1 - p)."""
        phi = max(self.phi, self.floor)
        return np.asarray((phi * (1 - share_away) + share_away) * inverse + self.tau2 * scale)

    def variance(self, inverse: Array, share_away: Array, scale: Array) -> Array:
        """Variance of each unit's observation: the pooled one, moved by what the unit itself has shown."""
        ratio = (self.own_sum + self.prior) / (self.own_number + self.prior)
        return self.model(inverse, share_away, scale) * ratio

    def learn(
        self,
        difference: Array,
        inverse: Array,
        share_away: Array,
        scale: Array,
        others_noise: Array,
        rare: Array,
        where: Flags,
    ) -> None:
        """Take up this week's differences to each unit's previous observation.

        `others_noise` is the peers' variance, `rare` the expected number of the rarer of use and disuse: where it is
        small, a unit's own few events say little of its variance.
        """
        if not where.any():
            return
        square, inverse_variance, away = difference[where] ** 2, inverse[where], share_away[where]
        size, peer_variance = scale[where], others_noise[where]
        # A normal square cut at 6 has a mean of 0.97.
        worth = np.minimum(rare[where] / RARE_EDGE, 1.0)
        expected_square = 2 * (self.model(inverse_variance, away, size) + peer_variance)
        self.own_sum[where] += worth * np.minimum(square / expected_square, 6.0) / 0.97
        self.own_number[where] += worth
        is_large = size_class(inverse_variance)

        def by_size(values: Array) -> Array:
            return np.asarray(np.bincount(is_large, weights=values, minlength=2), float)

        usual_variance = inverse_variance + peer_variance + USUAL
        # The fourth root of a square is the root of its absolute value, as Cressie and Hawkins have it.
        self.root_sum += by_size((square / usual_variance) ** 0.25)
        self.usual_sum += by_size(usual_variance)
        self.inverse_sum += by_size(inverse_variance * (1 - away))
        self.known_sum += by_size(inverse_variance * away + peer_variance)
        self.scale_sum += by_size(size)
        self.number += np.bincount(is_large, minlength=2)
        self._solve()
        self._likeness()

    def learn_drift(
        self,
        long_difference: Array,
        short_difference: Array,
        variance: Array,
        inverse: Array,
        gathered: Array,
        where: Flags,
    ) -> None:
        """Take up this week's differences of means `SPAN` observations apart, and of single ones in a row.

        An observation has gathered so many weeks, each of which would have the variance `inverse` by chance.
        """
        if not where.any():
            return
        side_of = (size_class(inverse) * 2)[where]
        for place, (difference, stretch) in enumerate(
            ((long_difference, STRETCH), (short_difference, 1))
        ):
            moved = np.nan_to_num(difference)[where]
            # Few people who come or go move a level seldom but far: the mean square, cut at 9, sees them.
            square = np.minimum(moved**2 / (2 * variance[where] / stretch), 9.0)
            # Of four weeks gathered, chance has a fourth of the variance, and the level four weeks for each step.
            square = 1 + (square - 1) / gathered[where] ** 2
            side = side_of + (moved < 0)
            self.span_sum[place] += np.bincount(side, weights=square, minlength=4).reshape(2, 2)
            self.span_number[place] += np.bincount(side, minlength=4).reshape(2, 2)
        long_mean, short_mean = self.span_sum / np.maximum(self.span_number, 1)
        # Climbs make rises larger, units that lag make falls larger: what levels do by themselves makes both.
        ratio = (long_mean / np.maximum(short_mean, 1e-9)).min(1)
        # Differences of one span overlap: what they are worth is a part of their number.
        worth = 2 * self.span_number[0].min(1) / (SPAN + STRETCH)
        # A mean of normal squares has the relative variance 2 / number.
        doubt = 2 / np.maximum(worth, 1e-9) / GAIN**2
        shown_drift = np.maximum((ratio - 1) / GAIN, LEAST_DRIFT)
        # What lies within its doubt of what is usual is hardly taken up, and what lies far beyond it is.
        beyond = (shown_drift - USUAL_DRIFT) ** 2
        self.drift = USUAL_DRIFT + beyond / (beyond + doubt) * (shown_drift - USUAL_DRIFT)

    def _likeness(self) -> None:
        """How far a unit's own differences are pulled to the others': by the variance between units beyond chance."""
        is_known = self.own_number >= 8
        if is_known.sum() < 8:
            return
        number = self.own_number[is_known]
        ratio = self.own_sum[is_known] / number
        # The mean square of n successive differences has a relative variance of 3 / n.
        between = float(np.mean((ratio - ratio.mean()) ** 2 - 3 / number))
        self.prior = float(np.clip(3 / max(between, 1e-6), 12.0, 200.0))

    def _solve(self) -> None:
        """φ and τ² from the sums of the two classes of size: two equations, variance = φ · inverse + τ² · scale."""
        total = self.number.sum()
        if total < 30:
            return
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse, scale = self.inverse_sum / self.number, self.scale_sum / self.number
            known_variance = self.known_sum / self.number
            mean_root = self.root_sum / self.number
            # Over 2, as a difference has the variance of two observations.
            variance = mean_root**4 / ROOT_FOURTH / 2 * self.usual_sum / self.number
            # What peers and those away make of a week is known: the rest is to be explained.
            variance = np.maximum(variance - known_variance, 0.02 * inverse)
        has_both_sizes = (self.number >= 20).all()
        # Classes of nearly one size make one equation of the two: nothing parts φ from τ².
        if has_both_sizes and inverse[0] * scale[1] > 1.3 * inverse[1] * scale[0]:
            determinant = inverse[0] * scale[1] - inverse[1] * scale[0]
            phi = (variance[0] * scale[1] - variance[1] * scale[0]) / determinant
            phi = float(np.clip(phi, self.floor, 3.0))
            # With φ held at its floor or pulled to it, τ² carries the rest, and the other way round.
            tau2 = float(np.average((variance - phi * inverse) / scale, weights=self.number))
            if tau2 < 0:
                phi = float(np.average(variance / inverse, weights=self.number))
                tau2 = 0.0
        else:
            has_observations = self.number > 0
            ratios = variance[has_observations] / inverse[has_observations]
            phi, tau2 = float(np.average(ratios, weights=self.number[has_observations])), 0.0
        # Sixty differences of the usual noise stand beside what has been seen.
        trust = total / (total + 60.0)
        self.phi = trust * max(phi, self.floor) + (1 - trust) * 0.8
        self.tau2 = trust * tau2 + (1 - trust) * 0.001
