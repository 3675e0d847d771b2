"""How much a share moves from week to week with nothing wrong, learnt from the series themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .panel import Array, Flags

#: 1 / (4n) that parts the two classes of size: 25 people.
SIZE_EDGE = 1 / 100


@dataclass(slots=True)
class Noise:
    """Running estimate of the variance of one observation on the arcsine scale: φ / (4n) + τ².

    φ is below 1 where the same people do the same thing every week. Both come from differences of
    successive observations, pooled over units in two classes of size by the robust estimator of Cressie
    and Hawkins 1980, Math Geol 12:115, so that faults of some units do not widen everybody's limits. Each
    unit's own differences then pull its variance away from the pooled one.
    """

    units: int
    floor: float
    root_sum: Array = field(init=False)
    inverse_sum: Array = field(init=False)
    number: Array = field(init=False)
    own_sum: Array = field(init=False)
    own_number: Array = field(init=False)
    phi: float = 0.8
    tau2: float = 0.001

    def __post_init__(self) -> None:
        """Start with no differences seen."""
        self.root_sum, self.inverse_sum, self.number = np.zeros(2), np.zeros(2), np.zeros(2)
        self.own_sum, self.own_number = np.zeros(self.units), np.zeros(self.units)

    def model(self, inverse: Array) -> Array:
        """Pooled variance at `inverse` = 1 / (4n)."""
        return np.asarray(max(self.phi, self.floor) * inverse + self.tau2)

    def variance(self, inverse: Array) -> Array:
        """Variance of each unit's observation: the pooled one, moved by what the unit itself has shown."""
        ratio = (self.own_sum + 12.0) / (self.own_number + 12.0)
        return self.model(inverse) * ratio

    def learn(self, difference: Array, inverse: Array, where: Flags) -> None:
        """Take up this week's differences to each unit's previous observation."""
        if not where.any():
            return
        d, inv = np.abs(difference[where]), inverse[where]
        expected = 2 * self.model(inv)
        self.own_sum[where] += np.minimum(d**2 / expected, 6.0)
        self.own_number[where] += 1
        large = (inv < SIZE_EDGE).astype(int)
        np.add.at(self.root_sum, large, np.sqrt(d))
        np.add.at(self.inverse_sum, large, inv)
        np.add.at(self.number, large, 1.0)
        self._solve()

    def _solve(self) -> None:
        total = self.number.sum()
        if total < 30:
            return
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = (self.root_sum / self.number) ** 4 / (0.457 + 0.494 / self.number) / 2
            inverse = self.inverse_sum / self.number
        if (self.number >= 20).all() and inverse[0] > 1.3 * inverse[1]:
            phi = (variance[0] - variance[1]) / (inverse[0] - inverse[1])
            phi = float(np.clip(phi, self.floor, 3.0))
            # With φ held at its floor or pulled to it, τ² carries the rest, and the other way round.
            tau2 = float(np.average(variance - phi * inverse, weights=self.number))
            if tau2 < 0:
                phi = float(np.average(variance / inverse, weights=self.number))
                tau2 = 0.0
        else:
            there = self.number > 0
            pooled = np.average(variance[there] / inverse[there], weights=self.number[there])
            phi, tau2 = float(pooled), 0.0
        trust = total / (total + 60.0)
        self.phi = trust * max(phi, self.floor) + (1 - trust) * 0.8
        self.tau2 = trust * tau2 + (1 - trust) * 0.001
