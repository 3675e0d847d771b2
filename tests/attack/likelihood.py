"""What a published share says of the count behind it: exact, by the perturbation table and the rounding."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from nytta.disclosure.gate import WHOLE
from nytta.disclosure.perturbation import probabilities
from nytta.registry.protection import Noise

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


HELD = 0.95
"""How sure an attacker must be to hold something."""


def step_of(size: int) -> float:
    """Steps of a share of so many, in percent."""
    return 1.0 if size >= WHOLE else 5.0


def rounded(counts: Ints, size: int) -> Ints:
    """Counts of `size` as they read once rounded, in whole percent."""
    step = step_of(size)
    return np.asarray(step * np.floor(100.0 * counts / size / step + 0.5), dtype=np.int64)


@cache
def likelihoods(size: int, noise: Noise) -> Floats:
    """Chance of each published value (0 … 100 percent, columns) of each count (0 … `size`, rows)."""
    out = np.zeros((size + 1, 101))
    for count in range(size + 1):
        turned = 2 * count > size
        smaller = size - count if turned else count
        below, above = min(smaller, noise.most), min(size - smaller, noise.most)
        told = smaller + np.arange(-below, above + 1)
        values = rounded(size - told if turned else told, size)
        np.add.at(out[count], values, probabilities(below, above, noise.variance))
    out.flags.writeable = False
    return out


def spread(size: int, noise: Noise) -> float:
    """The variance, in counts, of a published count around the exact one: noise and rounding."""
    return noise.variance + (step_of(size) * size / 100) ** 2 / 12


def zeros(size: int, noise: Noise) -> int:
    """After how many sets that all read 0 it is held that nobody counts, with every count as likely before."""
    read = likelihoods(size, noise)[:, 0]
    sets = 1
    while read[0] ** sets / np.sum(read**sets) <= HELD and sets < 1000:
        sets += 1
    return sets
