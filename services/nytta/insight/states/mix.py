"""Roll-ups without their mix: a figure under one standard mix, and its change as change within and change of mix.

Over published figures the weights are the middles of published bands: they show nothing that is not published, and any
fixed weights make a standard. Rounding, such weights and parts that are not shown leave a rest, which is no mix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from nytta.statistics import difference_interval, directly_standardised, split_change

_TOP = 3000
"""What stands for the largest band, which has no end."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of a roll-up at one time: its figure, how many stand behind it (exactly, or as a band's middle), and the
    ends of its interval; an exact figure has none."""

    rate: float
    n: float
    low: float | None = None
    high: float | None = None

    @property
    def with_ends(self) -> tuple[float, float, float]:
        """The figure with the ends of its interval; of an exact figure they are the figure itself."""
        if self.low is None or self.high is None:
            return self.rate, self.rate, self.rate
        return self.rate, self.low, self.high


@dataclass(frozen=True, slots=True)
class Mixed:
    """A roll-up at two times, as it is and under the standard mix, and what its change is made of.

    All in the figure's unit of measure; `within`, `mix` and `rest` add up to `change`. The intervals are those of
    `change` and `within`. `unseen` is how many parts are not shown at both times.
    """

    before: float
    after: float
    change_interval: tuple[float, float]
    adjusted_before: float
    adjusted_after: float
    within: float
    within_interval: tuple[float, float]
    mix: float
    unseen: int = 0

    @property
    def change(self) -> float:
        """The change of the roll-up as it is."""
        return self.after - self.before

    @property
    def rest(self) -> float:
        """What rounding, weights that are middles of bands and parts that are not shown leave of the change."""
        return self.change - self.within - self.mix

    @property
    def is_clear(self) -> bool:
        """Whether the interval of the change leaves out none."""
        low, high = self.change_interval
        return low > 0 or high < 0 or (low == high == self.change)


@cache
def middle_of(band: str) -> float:
    """The geometric middle of a published band of n, such as 55 for "30-99" and 3 for "<10"."""
    if band.startswith("<"):
        return sqrt(float(band[1:]) - 1)
    if band.endswith("+"):
        return sqrt(float(band[:-1]) * _TOP)
    low, high = (float(end) for end in band.split("-"))
    return sqrt(low * high)


def mixed(
    overall: tuple[Stratum, Stratum],
    earlier: Mapping[str, Stratum],
    later: Mapping[str, Stratum],
    standard: Mapping[str, float] | None = None,
    stratum_names: Sequence[str] = (),
) -> Mixed | None:
    """The roll-up `overall` at two times, from its strata by name; None without one that is shown at both.

    `standard` weighs the strata, of the whole organisation say; without it the mean mix of the two times does.
    `stratum_names` are all strata that there are, shown or not.
    """
    common_names = sorted(earlier.keys() & later.keys())
    if not common_names:
        return None
    strata_before = [earlier[stratum_name] for stratum_name in common_names]
    strata_after = [later[stratum_name] for stratum_name in common_names]
    rates_before, sizes_before = _columns(strata_before)
    rates_after, sizes_after = _columns(strata_after)
    if standard is None:
        weights = sizes_before / sizes_before.sum() + sizes_after / sizes_after.sum()
    else:
        weights = np.array([standard.get(stratum_name, 0) for stratum_name in common_names])
    within_strata, mix = split_change(rates_before, sizes_before, rates_after, sizes_after)
    within = float(within_strata)
    shares = (sizes_before / sizes_before.sum() + sizes_after / sizes_after.sum()) / 2
    overall_before, overall_after = overall
    return Mixed(
        before=overall_before.rate,
        after=overall_after.rate,
        change_interval=difference_interval(overall_after.with_ends, overall_before.with_ends),
        adjusted_before=_adjusted(rates_before, sizes_before, weights),
        adjusted_after=_adjusted(rates_after, sizes_after, weights),
        within=within,
        within_interval=_interval_of_within(within, shares.tolist(), strata_before, strata_after),
        mix=float(mix),
        unseen=len({*stratum_names, *earlier, *later} - set(common_names)),
    )


def _columns(strata: Sequence[Stratum]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The rates of strata, and their sizes."""
    rates = np.array([stratum.rate for stratum in strata])
    sizes = np.array([stratum.n for stratum in strata])
    return rates, sizes


def _interval_of_within(
    within: float, weights: Sequence[float], earlier: Sequence[Stratum], later: Sequence[Stratum]
) -> tuple[float, float]:
    """The interval of a weighted sum of differences of independent figures, their distances squared and added.

    Source: Zou and Donner 2008, Stat Med 27:1693, for any sum of estimates that have intervals.
    """
    down, up = [], []
    for weight, before, after in zip(weights, earlier, later, strict=True):
        low, high = difference_interval(after.with_ends, before.with_ends)
        rise = after.rate - before.rate
        down.append(weight * (rise - low))
        up.append(weight * (high - rise))
    return within - hypot(*down), within + hypot(*up)


def _adjusted(
    rates: NDArray[np.float64], sizes: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    """The roll-up under the standard mix."""
    return float(directly_standardised(rates * sizes, sizes, weights)[0])
