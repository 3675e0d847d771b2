"""Roll-ups without their mix: a figure under one standard mix, and its change as change within and change of mix.

Over published figures the weights are the middles of published bands: they show nothing that is not published, and any
fixed weights make a standard. What is not shown of the change within stays in the mix, and `unseen` says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from nytta.statistics import directly_standardised, split_change

_TOP = 3000
"""What stands for the largest band, which has no end."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of a roll-up at one time: its figure, and how many stand behind it (exactly, or as a band's middle)."""

    rate: float
    n: float


@dataclass(frozen=True, slots=True)
class Mixed:
    """A roll-up at two times, as it is and under the standard mix, and what its change is made of.

    All in the figure's unit of measure; `within` and `mix` add up to `change`. `unseen` is how many parts are not shown
    at both times.
    """

    before: float
    after: float
    adjusted_before: float
    adjusted_after: float
    within: float
    mix: float
    unseen: int = 0

    @property
    def change(self) -> float:
        """The change of the roll-up as it is."""
        return self.after - self.before


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
    overall: tuple[float, float],
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
    rates_before, sizes_before = _columns([earlier[stratum_name] for stratum_name in common_names])
    rates_after, sizes_after = _columns([later[stratum_name] for stratum_name in common_names])
    if standard is None:
        weights = sizes_before / sizes_before.sum() + sizes_after / sizes_after.sum()
    else:
        weights = np.array([standard.get(stratum_name, 0) for stratum_name in common_names])
    within_strata, _mix = split_change(rates_before, sizes_before, rates_after, sizes_after)
    overall_before, overall_after = overall
    return Mixed(
        before=overall_before,
        after=overall_after,
        adjusted_before=_adjusted(rates_before, sizes_before, weights),
        adjusted_after=_adjusted(rates_after, sizes_after, weights),
        within=float(within_strata),
        # the remainder, for strata that are not shown change as well
        mix=overall_after - overall_before - float(within_strata),
        unseen=len({*stratum_names, *earlier, *later} - set(common_names)),
    )


def _columns(strata: Sequence[Stratum]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The rates of strata, and their sizes."""
    rates = np.array([stratum.rate for stratum in strata])
    sizes = np.array([stratum.n for stratum in strata])
    return rates, sizes


def _adjusted(rates: NDArray[np.float64], sizes: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The roll-up under the standard mix."""
    return float(directly_standardised(rates * sizes, sizes, weights)[0])
