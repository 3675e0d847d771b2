"""Attackers who put everything published together.

`Evidence` joins all figures about one state of the same records, over tree, types, weeks, months and series. It is the
Bayesian posterior where noise and counts are taken as normal; single answers are then read off whole numbers. It knows
every set of records and all rates. `certain` is exact: what the bounds of the noise leave possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix
from scipy.stats import binom

from nytta.registry.protection import Noise
from tests.attack.likelihood import HELD, likelihoods, spread
from tests.attack.published import Table
from tests.attack.world import ACTIVE, Bools, Floats, Ints

SMALL = 10
"""Groups of fewer are asked for."""


@dataclass
class Observations:
    """Figures as sums over variables with some noise: row by row the amount, its variance, and which variables."""

    amount: list[Floats] = field(default_factory=list)
    variance: list[Floats] = field(default_factory=list)
    row: list[Ints] = field(default_factory=list)
    variable: list[Ints] = field(default_factory=list)
    weight: list[Floats] = field(default_factory=list)
    rows: int = 0
    sets: set[tuple[str, int, int, int]] = field(default_factory=set)

    def add(
        self,
        table: Table,
        family: str,
        noise: Noise,
        shifts: Sequence[int] = (0,),
        *,
        of: Bools | None = None,
        rest: bool = False,
        activity: bool = False,
    ) -> None:
        """Add the figures of a table that are not there yet.

        A record's variables are its number plus each of `shifts`. `of` says which records can count, `rest` that those
        who do not count are asked for, `activity` that the state shows in a week by chance (`ACTIVE`).
        """
        count, whole = table.exact.numerator_keys, table.exact.denominator_keys
        # a share and its opposite have one noise
        sides = zip(np.minimum(count, whole - count).tolist(), whole.tolist(), table.moment.tolist(), strict=True)
        sets = [(family, *side) for side in sides]
        fresh = table.anew & np.array([one not in self.sets for one in sets], dtype=bool)
        if activity:
            fresh &= table.place[:, 1] == 0
        self.sets |= {sets[n] for n in np.flatnonzero(fresh)}
        size = table.exact.denominator[fresh]
        amount = table.gated.value[fresh] * size / 100
        variance = np.array([spread(n, noise) for n in size.tolist()])
        weight = 1.0
        if rest:
            amount = size - amount
        if activity:
            weight = ACTIVE[1] - ACTIVE[0]
            amount = amount - ACTIVE[0] * size
            variance = variance + size * np.mean([rate * (1 - rate) for rate in ACTIVE])
        number = np.cumsum(fresh) - 1 + self.rows
        pairs = fresh[table.row]
        if of is not None:
            pairs &= of[table.record]
        self.amount.append(amount)
        self.variance.append(variance)
        for shift in shifts:
            self.row.append(number[table.row[pairs]])
            self.variable.append(table.record[pairs] + shift)
            self.weight.append(np.full(int(pairs.sum()), weight))
        self.rows += len(size)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What all observations together say of cohorts: variables that the same figures count alike.

    `cohort` gives the cohort of each variable, `size` how many variables a cohort has, `rate` the chance of each.
    """

    cohort: Ints
    size: Ints
    rate: Floats
    mean: Floats
    covariance: Floats

    @classmethod
    def of(cls, seen: Observations, rates: Floats, asked: Iterable[Ints] = (), seed: int = 0) -> Evidence:
        """The posterior of all variables, each 1 with its rate; those `asked` for form cohorts of their own."""
        rng = np.random.default_rng(seed)
        row, variable = np.concatenate(seen.row), np.concatenate(seen.variable)
        weight = np.concatenate(seen.weight)
        mark = np.zeros(len(rates), dtype=np.uint64)
        marks = rng.integers(0, 2**64, seen.rows, dtype=np.uint64)
        # the marks of the rows that a variable is in, so that equal sums are equal sets of rows
        np.add.at(mark, variable, marks[row] * (100 * weight).astype(np.uint64))
        for target in asked:
            mark[target] += rng.integers(0, 2**64, dtype=np.uint64)
        mark += (rates * 2**40).astype(np.uint64) << np.uint64(20)
        _, first, cohort, size = np.unique(mark, return_index=True, return_inverse=True, return_counts=True)
        rate = rates[first]
        matrix: Any = csr_matrix((weight, (row, cohort[variable])), shape=(seen.rows, len(size)))
        # a row names each cohort once for each of its variables
        matrix = matrix @ csr_matrix((1 / size, (np.arange(len(size)), np.arange(len(size)))))
        precise = csr_matrix((1 / np.concatenate(seen.variance), (np.arange(seen.rows),) * 2))
        prior_mean, prior = size * rate, size * rate * (1 - rate) + 1e-9
        information = (matrix.T @ precise @ matrix).toarray() + np.diag(1 / prior)
        told = matrix.T @ precise @ np.concatenate(seen.amount) + prior_mean / prior
        factor = cho_factor(information, lower=True)
        covariance = cho_solve(factor, np.eye(len(size)))
        return cls(cohort, size, rate, covariance @ told, covariance)

    def sum_of(self, variables: Ints) -> tuple[float, float]:
        """Mean and variance of a sum of variables, as the figures alone say it, without what was thought before.

        The variables are whole cohorts. Infinite variance where the figures say nothing.
        """
        cohorts = np.unique(self.cohort[variables])
        mean, variance = float(self.mean[cohorts].sum()), float(self.covariance[np.ix_(cohorts, cohorts)].sum())
        rate, size = self.rate[cohorts], self.size[cohorts]
        prior = float(np.sum(size * rate * (1 - rate) + 1e-9))
        precision = 1 / variance - 1 / prior
        if precision <= 1e-9:
            return mean, np.inf
        return (mean / variance - float(rate @ size) / prior) / precision, 1 / precision

    def counts(self, variables: Ints, most: int) -> Floats:
        """Chances of the sums 0 … `most` of some variables, each as likely before."""
        mean, variance = self.sum_of(variables)
        return normal(np.arange(most + 1), mean, variance)

    def state(self, variable: int, rate: float) -> float:
        """Chance that a record has the state, for an attacker who held it as likely as `rate` before."""
        together = np.flatnonzero(self.cohort == self.cohort[variable])
        mean, variance = self.sum_of(together)
        counts = np.arange(len(together) + 1)
        weights = binom.pmf(counts, len(together), rate) * normal(counts, mean, variance)
        return float(counts @ weights / weights.sum() / len(together))


def normal(counts: Ints, mean: float, variance: float) -> Floats:
    """Chances of the counts, each as likely before, by one figure with this mean and variance."""
    weights = -((counts - mean) ** 2) / (2 * variance)
    chances = np.exp(weights - weights.max())
    return np.asarray(chances / chances.sum())


def narrowest(chances: Floats) -> float:
    """Width in points of the narrowest interval of shares that holds 95 percent of the chances of 0 … n."""
    size = len(chances) - 1
    ends = np.concatenate([[0.0], np.cumsum(chances)])
    for width in range(size + 1):
        if np.max(ends[width + 1 :] - ends[: size + 1 - width]) >= HELD:
            return 100.0 * width / size
    return 100.0


def small_parts(table: Table, parents: Ints) -> list[Ints]:
    """Sets of one to nine records of which no figure is shown: hidden cells, and what shown cells leave of a shown one.

    By the tree (`parents` of each week), by case type, and by the weeks of a month or window; each set once.
    """
    sets = table.sets
    number = {tuple(place): n for n, place in enumerate(table.place.tolist())}
    below: dict[tuple[str, int], set[int]] = {}
    types = int(table.place[:, 0].max())
    for n in np.flatnonzero(table.shown).tolist():
        kind, grain, period, version, node = table.place[n].tolist()
        above = []
        if grain == 0 and node < parents.shape[1]:
            above.append(("tree", (kind, grain, period, version, int(parents[period, node]))))
        if kind < types:
            above.append(("type", (types, grain, period, version, node)))
        if grain == 0:
            above += [("week", (kind, 2, later, version, node)) for later in range(period, period + 4)]
        for how, place in above:
            whole = number.get(place)
            if whole is not None and table.shown[whole] and sets[n] <= sets[whole]:
                below.setdefault((how, whole), set()).update(sets[n])
    found = [part for n, part in enumerate(sets) if not table.shown[n]]
    found += [sets[whole] - part for (_, whole), part in below.items()]
    small = {part for part in found if 0 < len(part) < SMALL}
    return sorted((np.array(sorted(part)) for part in small), key=lambda part: part.tolist())


def certain(table: Table, noise: Noise) -> tuple[set[int], set[int]]:
    """Who moved alone in a week of a node, and of these whose state the bounds of the noise leave no doubt of.

    Over all weeks before and after, with the sets known: which counts are possible is carried both ways.
    """
    asked: set[int] = set()
    held: set[int] = set()
    weekly = (table.place[:, 1] == 0) & (table.place[:, 3] == 1)
    sets = table.sets
    for node in np.unique(table.place[weekly, 4]).tolist():
        rows = np.flatnonzero(weekly & (table.place[:, 4] == node))
        rows = rows[np.argsort(table.place[rows, 2])]
        chain = [(sets[n], *_possible(table, int(n), noise)) for n in rows.tolist()]
        ahead = _carried(chain)
        behind = _carried(chain[::-1])[::-1]
        for n in range(1, len(chain)):
            came, went = chain[n][0] - chain[n - 1][0], chain[n - 1][0] - chain[n][0]
            if len(came) + len(went) != 1:
                continue
            (mover,) = came or went
            sign = 1 if came else -1
            low, high = ahead[n - 1]
            least, most = behind[n]
            asked.add(mover)
            may = [max(low + sign * x, least) <= min(high + sign * x, most) for x in (0, 1)]
            if sum(may) == 1:
                held.add(mover)
    return asked, held


def _possible(table: Table, row: int, noise: Noise) -> tuple[int, int]:
    """Least and greatest count that a cell may have by its own figure."""
    size = int(table.exact.denominator[row])
    if not table.shown[row]:
        return 0, size
    counts = np.flatnonzero(likelihoods(size, noise)[:, int(table.gated.value[row])])
    return int(counts[0]), int(counts[-1])


def _carried(chain: Sequence[tuple[frozenset[int], int, int]]) -> list[tuple[int, int]]:
    """Least and greatest count of each set, by its own figure and those of the sets before it."""
    out: list[tuple[int, int]] = []
    before: frozenset[int] = frozenset()
    for records, least, most in chain:
        if out:
            came, went = len(records - before), len(before - records)
            low, high = out[-1]
            low = max(low - went, 0)
            high = min(high, len(before) - went) + came
            out.append((max(least, low), min(most, high)))
        else:
            out.append((least, most))
        before = records
    return out
