"""The noise of units, learnt week by week: each week's is what earlier weeks have shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .noise import Noise, size_class
from .panel import Array, Flags


@dataclass(slots=True)
class _Previous:
    """Each unit's previous observation: its value, 1 / (4n) and the share of persons away; NaN before the first."""

    value: Array
    inverse: Array
    share_away: Array

    @staticmethod
    def none(units: int) -> _Previous:
        """Nothing observed yet."""
        return _Previous(np.full(units, np.nan), np.full(units, np.nan), np.full(units, np.nan))

    def forget(self, units: Flags) -> None:
        """Over a reset no difference is taken: the unit is another one from here."""
        self.value[units] = np.nan

    def learn(
        self, noise: Noise, week: _Week, value: Array, observed: Flags, peer_noise: Array
    ) -> None:
        """Have the noise learn from what each unit moved by since then, and keep what is observed now."""
        noise.learn(
            value - self.value,
            (week.inverse + self.inverse) / 2,
            (week.share_away + self.share_away) / 2,
            week.scale,
            peer_noise,
            week.rare,
            observed & np.isfinite(self.value),
        )
        self.value = np.where(observed, value, self.value)
        self.inverse = np.where(observed, week.inverse, self.inverse)
        self.share_away = np.where(observed, week.share_away, self.share_away)


@dataclass(frozen=True, slots=True)
class ObservedWeeks:
    """What the noise is learnt from, all (units, weeks).

    `angles` and `inverse` (the variance 1 / (4n), widened where few are expected) of the own shares, `to_peers` the
    distance to all peers, whatever their age; `scale` is 4p(1 - p), `rare` the expected number of the rarer of use and
    disuse, `gathered` how many weeks an observation holds.
    """

    settled: Flags
    angles: Array
    to_peers: Array
    peer_variance: Array
    inverse: Array
    share_away: Array
    scale: Array
    rare: Array
    gathered: Array
    long_differences: Array
    short_differences: Array


@dataclass(frozen=True, slots=True)
class LearntNoise:
    """The noise known by each week: variance and drift (units, weeks), and φ and τ² (weeks)."""

    variance: Array
    drift: Array
    phi: Array
    tau2: Array


class _Week(NamedTuple):
    """One week of `ObservedWeeks`, by unit."""

    inverse: Array
    share_away: Array
    scale: Array
    rare: Array
    gathered: Array


def learn_noise(observed: ObservedWeeks, alone: Flags, reset: Flags, floor: float) -> LearntNoise:
    """Go through the weeks: each one's noise is what earlier ones have shown, then it is learnt from itself."""
    units, weeks = observed.settled.shape
    # Units without peers have a noise of their own: nothing that hits all cancels in it.
    noise, own_noise = Noise(units, floor), Noise(units, floor)
    no_peer_noise = np.zeros(units)
    previous, own_previous = _Previous.none(units), _Previous.none(units)
    variance = np.full((units, weeks), np.nan)
    drift, phi, tau2 = np.zeros((units, weeks)), np.zeros(weeks), np.zeros(weeks)
    for number in range(weeks):
        previous.forget(reset[:, number])
        own_previous.forget(reset[:, number])
        week = _week(observed, number)
        phi[number], tau2[number] = noise.phi, noise.tau2
        peer_noise = np.nan_to_num(observed.peer_variance[:, number]) * (0.75 * noise.phi + 0.1)
        own_variance = own_noise.variance(week.inverse, week.share_away, week.scale)
        peer_variance = noise.variance(week.inverse, week.share_away, week.scale) + peer_noise
        variance[:, number] = np.where(alone[:, number], own_variance, peer_variance)
        # Of one week, though several may have been gathered.
        week_inverse = week.inverse * week.gathered
        drift[:, number] = noise.drift[size_class(week_inverse)]

        to_peers, angles = observed.to_peers[:, number], observed.angles[:, number]
        previous.learn(noise, week, to_peers, np.isfinite(to_peers), peer_noise)
        own_previous.learn(own_noise, week, angles, observed.settled[:, number], no_peer_noise)
        long_differences = observed.long_differences[:, number]
        noise.learn_drift(
            long_differences,
            observed.short_differences[:, number],
            variance[:, number],
            week_inverse,
            week.gathered,
            np.isfinite(long_differences),
        )
    return LearntNoise(variance, drift, phi, tau2)


def _week(observed: ObservedWeeks, number: int) -> _Week:
    return _Week(
        observed.inverse[:, number],
        observed.share_away[:, number],
        observed.scale[:, number],
        observed.rare[:, number],
        observed.gathered[:, number],
    )
