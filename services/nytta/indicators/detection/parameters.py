"""Every number a detector uses, in one place; all of them are printed with the result."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nytta.statistics import crossing_rate

Array = NDArray[np.float64]

#: What ramps add to the crossings of a bank of steps, and what two crossings of one alarm and the conditions of a fall
#: take off again: simulated in worlds without faults.
JOINED = 0.88

#: Limits at which the rate of crossings is tabulated, in standard deviations.
LIMITS = np.linspace(1.5, 7.0, 56)


@cache
def _crossings(shortest: int, longest: int, doubt: float) -> Array:
    """How often a bank of onsets crosses each of LIMITS at a look, with nothing wrong.

    The noise of a unit is itself an estimate, off by a factor whose logarithm has the standard deviation `doubt`: the
    rate is the mean over what it may really be.
    """
    # Five points of Gauss and Hermite's rule stand for the normal distribution of the logarithm.
    node, weights = np.polynomial.hermite_e.hermegauss(5)
    factors = np.exp(doubt * node)
    rates: list[float] = []
    for limit in LIMITS:
        points = zip(factors, weights, strict=True)
        rates.append(
            sum(
                weight * crossing_rate(limit / factor, shortest, longest)
                for factor, weight in points
            )
        )
    return np.asarray(JOINED * np.array(rates) / weights.sum())


@dataclass(frozen=True, slots=True)
class Parameters:
    """Settings of the lag detectors. The defaults are the ones the benchmark was run with."""

    # The budget: false alarms per unit and year over all that is judged, and the part of it that is spent. The rest is
    # a margin for shares with longer tails than the normal distribution. Falls have what levels leave, and this part at
    # least.
    false_per_unit_year: float = 0.05
    spent_part: float = 0.85
    relapse_least: float = 0.30
    looked_at: float = 0.75

    # Gates: what must hold before a week of a unit is judged.
    minimum_group: int = 10
    group_entry: int = 12
    minimum_present: int = 8
    minimum_presence: float = 0.70
    entitlement_share: float = 0.20
    entitlement_people: int = 2
    settle_weeks: int = 4
    unit_change: float = 0.25
    quiet_weeks: tuple[int, ...] = (27, 28, 29, 30, 31, 32, 52, 53, 1)
    minimum_weekly_n: int = 10
    block_weeks: int = 4

    # L1, level against peers.
    level_start: int = 12
    level_weeks: int = 4
    level_weeks_lasting: int = 52
    level_weeks_least: int = 13
    level_margin: float = 0.10
    level_probability: float = 0.80
    level_hits: int = 3
    level_evaluations: int = 4
    level_diffuse: float = 0.20
    level_settled: int = 18
    level_early: float = 16.0
    level_matters: float = 0.55
    level_odds: float = 2.0
    level_odds_shared: float = 1.0
    level_per_year: float = 2.0
    level_apart_close: float = 1.0
    level_close: float = 0.50
    mature_age: int = 52
    minimum_peers: int = 3

    # L2, relapse and drift against the unit's own earlier distance to its peers.
    unseen_presence: float = 1.06
    baseline_start: int = 15
    peer_start: int = 18
    baseline_weeks: int = 13
    baseline_weeks_own: int = 20
    baseline_rise: float = 0.06
    baseline_rise_peers: float = 0.02
    baseline_latest: int = 40
    onset_steps: tuple[int, ...] = (2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 26)
    onset_ramps: tuple[int, ...] = (8, 11, 14, 18, 22, 26)
    reference_least: int = 8
    reference_fewest: int = 13
    reference_most: int = 52
    outlier: float = 3.0
    noise_doubt: float = 0.08
    relapse_margin: float = 0.03
    relapse_persons: float = 1.5
    close_weeks: int = 3
    persistent_weeks: int = 26
    dispersion_floor: float = 0.1

    # L3, forecast against the plan.
    plan_off: float = 0.20
    plan_on: float = 0.80
    plan_start: int = 16
    plan_near: int = 4
    plan_memory: float = 0.97
    plan_width: float = 0.45

    # L5.
    common_system_share: float = 0.30
    common_count: int = 5
    common_drop: float = 0.10
    common_sigma: float = 4.0
    common_weeks: int = 4
    cap_weeks: int = 4

    def relapse_limit(self, looks: Array, by_levels: Array) -> Array:
        """The limits, in standard deviations, at which so many looks at a unit in a year spend what levels leave.

        `by_levels`: the chance that one look at the unit's levels is false, over all its indicators.
        """
        rates = _crossings(min(self.onset_steps), max(self.onset_steps), self.noise_doubt)
        left = self.spent_part * self.false_per_unit_year - self.level_per_year * by_levels
        wanted_rate = np.maximum(left, self.relapse_least * self.false_per_unit_year) / looks
        # In logarithms, in which the rate is nearly straight; with a minus, as interp wants them to rise.
        return np.asarray(np.interp(-np.log(wanted_rate), -np.log(rates), LIMITS))

    def level_reach(self, matter: Array, looks: Array, *, shared: bool = False) -> Array:
        """How many standard deviations below its peers a unit is no usual one, (units, weeks).

        `matter` is how many a unit stands below them that uses the system as little as matters, NaN where none is
        judged; `looks` how many ways to be called low share a unit's budget, `shared` whether two indicators must say
        so at once. The likelihood ratio of the two is alike at the reach of every unit, which finds most units at a
        number of false ones (Neyman and Pearson 1933).
        """
        # Beyond a likelihood ratio, chances fall as it rises: so a smaller budget is a larger ratio.
        thrift = float(np.log(0.05 / self.false_per_unit_year))
        odds = thrift + (self.level_odds_shared if shared else self.level_odds)
        # Of normal densities the logarithm of the ratio is straight in the distance.
        separation = np.maximum(matter, 0.5)
        return np.asarray((odds + np.log(np.maximum(looks, 1))) / separation + separation / 2)

    def as_dict(self) -> dict[str, object]:
        """All settings by name, ready for JSON."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }
