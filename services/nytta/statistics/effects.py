"""Whether what was done helped: difference in differences of one unit against units that did nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

CONFIDENCE = 0.80
"""Of the interval that is told."""

CLAIM = 0.97
"""An effect is claimed where a change as large comes by chance in one of thirty-three units: of two hundred units
without an effect it is then claimed for one in twenty at most, the chance of such a count included."""


@dataclass(frozen=True, slots=True)
class Effect:
    """How much more a unit changed than others did, in the measure of the changes, with its 80 % interval.

    `claimed` says that chance does not explain it; `least` is the smallest change that could have been claimed.
    """

    estimate: float
    low: float
    high: float
    claimed: bool
    least: float


def effect(change: float, size: float, changes: ArrayLike, sizes: ArrayLike) -> Effect:
    """The effect on a unit that changed by `change` while others changed by `changes`.

    Snow's comparison (1855) with the variance of the units that did nothing: what changes by itself differs between
    units, and small ones (`size`, `sizes`: their denominators) vary more, so that a variance is carried over by the
    inverse of the sizes. Student's distribution with as many degrees of freedom as there are others less one.
    ValueError with fewer than two others, or a size that is not positive.
    """
    other_changes = np.asarray(changes, dtype=np.float64)
    other_sizes = np.asarray(sizes, dtype=np.float64)
    others = len(other_changes)
    has_two_others = others >= 2 and others == len(other_sizes)
    if not has_two_others or size <= 0 or (other_sizes <= 0).any():
        raise ValueError("a comparison needs two other units at least, all of some size")
    spread = float(other_changes.var(ddof=1))
    # The harmonic mean: a variance goes with 1 / size, so it is the mean of the inverse sizes that is carried over.
    harmonic_size = np.mean(1 / other_sizes) ** -1
    variance_ratio = float(harmonic_size / size)
    # The unit's own variance, and that of the others' mean, which it is held against.
    sigma = float(np.sqrt(spread * (variance_ratio + 1 / others)))
    estimate = float(change - other_changes.mean())
    freedom = others - 1
    half_width = float(scipy.special.stdtrit(freedom, (1 + CONFIDENCE) / 2)) * sigma
    least = float(scipy.special.stdtrit(freedom, CLAIM)) * sigma
    return Effect(
        estimate=estimate,
        low=estimate - half_width,
        high=estimate + half_width,
        # One side only: a fall is never claimed, the interval shows it.
        claimed=estimate > least,
        least=least,
    )
