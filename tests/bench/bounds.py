"""How much of an invented world could be found at all: `python -m tests.bench.bounds`.

Likelihood ratios find most at a number of false signals (Neyman and Pearson 1933; for changes Shiryaev 1963). These
know what no detector knows: how large a fault is, how levels are distributed, how persons keep their habits, how much
noise there is, and what moves all units. What they do not find at a false rate, hardly anything finds. They judge in
the weeks in which detection may, and no false signal of a unit hides its fault.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy
from numpy.typing import NDArray

from nytta.indicators.detection.distance import RARE, _rare_moments, angle
from nytta.indicators.detection.parameters import Parameters
from tests.bench.detection import ALONE, GAP, START, WINDOW
from tests.bench.worlds import Settings, World, make

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Detection looks at weeks from this age on; by `GROWN` all climbs are over.
FIRST, GROWN = 15, 26
#: What a share is at most and least in the worlds.
EDGE = 0.01
#: What is left of the share of a unit that never took off.
LEFT = 0.55
#: Points of Gauss and Legendre's rule over what is unknown.
POINTS = 64
#: So many weeks of a level before a fall are as many as matter where levels wander.
REFERENCE = 26
RATES = (0.02, 0.03, 0.04, 0.05, 0.06)


def kept(share: Array, habit: float) -> Array:
    """The part of the variance of a week's use that persons keep: that of lasting traits."""
    if not habit:
        return np.zeros(share.shape)
    node, weight = np.polynomial.hermite_e.hermegauss(POINTS)
    cut = scipy.special.ndtri(share)[..., None]
    use = scipy.special.ndtr((cut - np.sqrt(habit) * node) / np.sqrt(1 - habit))
    lasting = (use**2 @ weight) / weight.sum() - share**2
    return np.asarray(lasting / (share * (1 - share)))


@dataclass(frozen=True)
class Observed:
    """One indicator as who made it knows it, all (units, weeks) but `share` (units), the level before a fault.

    `value` is the angle of the share less what moves all units and less the mean level, 0 where `weight` (1 / variance)
    is 0: where nothing may be judged. `wandering` (units) is the variance by which a level moves in a week.
    """

    share: Array
    value: Array
    weight: Array
    usable: Flags
    wandering: Array
    prior: float


def observed(world: World, indicator: int) -> Observed:
    """What is known of one indicator."""
    settings, gates = world.settings, Parameters()
    count, number = world.numerator[indicator].astype(float), world.denominator[indicator].astype(float)
    units, weeks = count.shape
    columns = np.arange(weeks)
    quiet = np.isin([int(week[6:]) for week in world.weeks], gates.quiet_weeks)
    usable = (columns >= world.live[:, None] + FIRST) & ~quiet & (number >= gates.minimum_present)
    usable &= world.presence >= gates.minimum_presence
    if settings.outage_week is not None:
        usable[:, settings.outage_week] = False
    onset = np.full(units, weeks)
    for fault in world.faults:
        onset[fault.unit] = fault.onset
    sound = usable & (columns < onset[:, None])
    # A unit that never took off has nothing before its fault; of falls it is no case.
    whole = np.where(sound.any(1, keepdims=True), sound, usable)
    share = (np.where(whole, count, 0).sum(1) + 1) / (np.where(whole, number, 0).sum(1) + 2)
    share = np.clip(share, 0.02, 0.98)
    habit = settings.habit[indicator % len(settings.habit)]
    of_persons = kept(share, habit)[:, None]
    rarity = _rare_moments(RARE)[0]
    scatter = share * (1 - share)
    drawn = np.interp(number * np.minimum(share, 1 - share)[:, None], RARE, rarity) / (4 * np.maximum(number, 1))
    # Of those who keep their habits it is by lot who is there.
    of_week = 1 - of_persons * np.clip(world.presence, 0, 1)
    freedom = settings.tails
    heavier = freedom / (freedom - 2) if freedom > 2 else 1.0
    variance = drawn * of_week + (settings.unit_noise**2 * heavier * scatter / 4)[:, None]
    weight = np.where(usable, 1 / variance, 0.0)
    size = world.eligible[:, 0]
    able = (size >= 10)[:, None]
    value, weight = _standing(angle(count, number), weight, sound & able, columns - world.live[:, None])
    calm = np.where(sound & able, weight, 0.0)
    level = (calm * value).sum(1) / np.maximum(calm.sum(1), 1e-9)
    is_known = calm.sum(1) > 0
    value -= np.where(weight > 0, np.mean(level[is_known]), 0.0)
    wandering = settings.turnover * of_persons[:, 0] / (2 * size)
    return Observed(share, value, weight, usable, wandering, float(np.var(level[is_known])))


def _standing(angles: Array, weight: Array, sound: Flags, age: NDArray[np.int64]) -> tuple[Array, Array]:
    """The angles less what moves all units and less their climb, and the weights with the climbs' variance in them.

    Both are learnt from the `sound` weeks, by calendar and by age.
    """
    grown = np.where(sound & (age >= GROWN), weight, 0.0)
    moved = np.zeros(angles.shape[1])
    for _ in range(3):
        level = (grown * (angles - moved)).sum(1) / np.maximum(grown.sum(1), 1e-9)
        moved = (grown * (angles - level[:, None])).sum(0) / np.maximum(grown.sum(0), 1e-9)
    value = np.where(weight > 0, angles - moved, 0.0)
    has_level = (grown.sum(1) > 0)[:, None]
    new_weight = weight.copy()
    for week in range(FIRST, GROWN):
        shown = sound & has_level & (age == week)
        if not shown.any():
            continue
        distance = (value - level[:, None])[shown]
        climb = float(np.average(distance, weights=weight[shown]))
        excess = max(float(np.mean((distance - climb) ** 2 - 1 / weight[shown])), 0.0)
        young = (age == week) & (weight > 0)
        value[young] -= climb
        new_weight[young] = 1 / (1 / weight[young] + excess)
    return value, new_weight


def fallen(share: Array, by: Array) -> Array:
    """How far the angle of a share falls when the share does, (units, steps)."""
    before, after = (np.arcsin(np.sqrt(np.clip(part, EDGE, 1))) for part in (share[:, None], share[:, None] - by))
    return np.asarray(before - after)


def evidence(seen: Observed, shape: Array) -> Array:
    """Logarithm of the likelihood ratio of a fall of this shape to none, its onset as likely in each of `WINDOW` weeks.

    `shape` is by how much the angle of each unit has fallen in the first, second … week of the fall. The level is not
    known: it is normal among units (Shiryaev's and Roberts's sum by generalised least squares). By
    (units, weeks), that of the week before where nothing may be judged.
    """
    units, weeks = seen.value.shape
    weight, pull = seen.weight, seen.weight * seen.value
    weights, pulls = np.cumsum(weight, axis=1) + 1 / seen.prior, np.cumsum(pull, axis=1)
    ratios = np.full((units, weeks), -np.inf)
    for length in range(1, WINDOW + 1):
        ends = weeks - length + 1
        sums = np.zeros((4, units, ends))
        for step in range(length):
            fall, part = shape[:, step, None], slice(step, step + ends)
            weighted = weight[:, part] * fall
            terms = weight[:, part], weighted, weighted * fall, pull[:, part] * fall
            for place, term in enumerate(terms):
                sums[place] += term
        weight_since, linear, square, product = sums
        all_weight, all_pull = weights[:, length - 1 :], pulls[:, length - 1 :]
        below = linear * all_pull / all_weight - product
        information = square - linear**2 / all_weight
        # A level that wanders moves the mean of a stretch by a third of its steps' variance over it.
        moved = seen.wandering[:, None] * (length + REFERENCE) / 3 * weight_since / np.maximum(square, 1e-12)
        ratio = np.where(information > 0, (below - information / 2) / (1 + information * moved), -np.inf)
        ratios[:, length - 1 :] = np.logaddexp(ratios[:, length - 1 :], ratio)
    last = np.maximum.accumulate(np.where(seen.usable, np.arange(weeks), 0), axis=1)
    return np.asarray(np.take_along_axis(ratios, last, axis=1) - np.log(WINDOW))


@dataclass(frozen=True)
class Scale:
    """How often evidence of units without fault passes a limit, in episodes as `tests.bench.detection` counts them."""

    tops: Array
    dips: Array
    unit_years: float

    @staticmethod
    def of(values: Sequence[Array], unit_years: float) -> Scale:
        """Of each indicator's evidence, (units, weeks), from START on."""
        tops, dips = [], []
        for part in values:
            earlier = np.full(part.shape, -np.inf)
            for back in range(1, GAP + 1):
                earlier[:, back:] = np.maximum(earlier[:, back:], part[:, :-back])
            tops.append(part[:, START:].ravel())
            dips.append(np.minimum(part, earlier)[:, START:].ravel())
        return Scale(np.sort(np.concatenate(tops)), np.sort(np.concatenate(dips)), unit_years)

    def limit(self, rate: float) -> float:
        """The limit that is passed so often in a unit's year."""
        candidates = np.unique(self.tops[np.isfinite(self.tops)])
        passed = len(self.tops) - np.searchsorted(self.tops, candidates, "right")
        still = len(self.dips) - np.searchsorted(self.dips, candidates, "right")
        return float(candidates[np.flatnonzero((passed - still) / self.unit_years > rate)[-1] + 1])


@dataclass(frozen=True)
class Case:
    """A unit with a fault that may be judged: its evidence, of the indicator at fault."""

    kind: str
    onset: int
    evidence: dict[str, Array]

    def delay(self, kind: str, limit: float) -> float:
        """Weeks from the onset to the first evidence beyond the limit; NaN where there is none in time."""
        beyond = np.flatnonzero(self.evidence[kind][self.onset : self.onset + WINDOW + 1] > limit)
        return float(beyond[0]) if len(beyond) else np.nan


def falls(world: World) -> Iterator[str]:
    """Rows of what can be found of relapses and drifts at each rate: by a test for it alone, and by one for both."""
    settings = world.settings
    size = world.eligible[:, 0]
    faulty = {fault.unit for fault in world.faults}
    calm = np.array([size[unit] >= 10 and unit not in faulty for unit in range(len(size))])
    calm_evidence: dict[str, list[Array]] = {"relapse": [], "drift": [], "both": []}
    cases: list[Case] = []
    for indicator in range(settings.indicators):
        seen = observed(world, indicator)
        steps = np.arange(1.0, WINDOW + 1)
        found = {
            "relapse": evidence(seen, fallen(seen.share, np.full(WINDOW, settings.fall))),
            "drift": evidence(seen, fallen(seen.share, 0.01 * steps)),
        }
        found["both"] = np.logaddexp(found["relapse"], found["drift"])
        for kind, values in found.items():
            calm_evidence[kind].append(values[calm])
        for fault in world.faults:
            at_fault = fault.indicator in (-1, indicator) and fault.kind != "never_took_off"
            if at_fault and size[fault.unit] >= 10:
                own = {kind: values[fault.unit] for kind, values in found.items()}
                cases.append(Case(fault.kind, fault.onset, own))
    unit_years = float(calm.sum() * (len(world.weeks) - START) / 52)
    scales = {kind: Scale.of(values, unit_years) for kind, values in calm_evidence.items()}
    for rate in RATES:
        cells = []
        for kind in ("relapse", "drift"):
            for test in (kind, "both"):
                limit = scales[test].limit(rate)
                delays = np.array([case.delay(test, limit) for case in cases if case.kind == kind])
                cells.append(f"{np.isfinite(delays).mean():.3f} / {np.nanmedian(delays):.1f}")
        yield f"| {rate:.2f} | " + " | ".join(cells) + " |"


def levels(world: World) -> Iterator[str]:
    """Rows of how many that never took off can be found at each rate, with all weeks from START to the end."""
    settings = world.settings
    size = world.eligible[:, 0]
    faulty = {fault.unit for fault in world.faults}
    calm = np.array([size[unit] >= 10 and unit not in faulty for unit in range(len(size))])
    calm_ratios: list[Array] = []
    fault_ratios: list[float] = []
    for indicator in range(settings.indicators):
        usable = observed(world, indicator).usable
        count, number = (np.where(usable, part[indicator], 0).sum(1) for part in (world.numerator, world.denominator))
        share = np.clip(count / np.maximum(number, 1), 0.003, 0.997)
        weeks = np.maximum(usable.sum(1), 1)
        ratio = _log_chance(share, size, weeks, settings, indicator, LEFT)
        ratio -= _log_chance(share, size, weeks, settings, indicator, 1.0)
        calm_ratios.append(ratio[calm])
        for fault in world.faults:
            at_fault = fault.indicator in (-1, indicator) and fault.kind == "never_took_off"
            if at_fault and size[fault.unit] >= 10:
                fault_ratios.append(float(ratio[fault.unit]))
    every, found = np.sort(np.concatenate(calm_ratios)), np.array(fault_ratios)
    years = (len(world.weeks) - START) / 52
    for rate in (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05):
        # A unit that is called low for good is one false signal of these years.
        number_false = rate * years * calm.sum()
        limit = every[-int(number_false) - 1]
        yield f"| {rate:.3f} | {(found > limit).mean():.3f} |"


def _log_chance(
    share: Array, size: NDArray[np.int64], weeks: Array, settings: Settings, indicator: int, left: float
) -> Array:
    """Logarithm of the density of a share over so many weeks, where units' ceilings are those of the world."""
    (shape,) = settings.ceilings
    node, node_weight = np.polynomial.legendre.leggauss(POINTS)
    ceiling = (node + 1) / 2
    log_weight = np.log(node_weight) + scipy.special.xlogy(shape[0] - 1, ceiling)
    log_weight += scipy.special.xlogy(shape[1] - 1, 1 - ceiling) - scipy.special.betaln(*shape) - np.log(2)
    mean = ceiling * left
    of_persons = kept(mean, settings.habit[indicator % len(settings.habit)])
    # Persons who are replaced: what two weeks have in common fades with their distance.
    apart = np.abs(np.subtract.outer(np.arange(settings.weeks), np.arange(settings.weeks)))
    fading = float(np.mean((1 - settings.turnover) ** apart))
    of_mean = of_persons * fading + (1 - of_persons) / weeks[:, None]
    variance = mean * (1 - mean) / size[:, None] * of_mean
    variance += (settings.unit_noise * mean * (1 - mean)) ** 2 / weeks[:, None]
    precision = np.maximum(mean * (1 - mean) / variance - 1, 1e-3)
    first, second = mean * precision, (1 - mean) * precision
    density = (first - 1) * np.log(share)[:, None] + (second - 1) * np.log1p(-share)[:, None]
    density -= scipy.special.betaln(first, second)
    return np.asarray(scipy.special.logsumexp(density + log_weight, axis=1))


#: Worlds by name, and whether falls or levels are looked at.
WORLDS: tuple[tuple[str, Settings], ...] = (
    ("one indicator, persons drawn anew each week", ALONE),
    ("… twice the noise (logit .3, common .2)", replace(ALONE, unit_noise=0.3, common_noise=0.2)),
    ("… 8 to 500 persons", replace(ALONE, sizes=(8, 500))),
    ("… go-live spread over a year", replace(ALONE, staggered=52)),
    ("one indicator, people with habits", Settings(indicators=1)),
    ("fault in one indicator of three only", Settings(one_indicator=True)),
)


def main() -> None:
    """Print the bounds of each world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for name, settings in WORLDS:
        world = make(given.seed, replace(settings, units=given.units, faulty=0.5))
        print(f"\n{name}\n\n| false | never took off |\n|---|---|", *levels(world), sep="\n")
        print("\n| false | relapse alone | of both | drift alone | of both |\n|---|---|---|---|---|", flush=True)
        print(*falls(world), sep="\n", flush=True)


if __name__ == "__main__":
    main()
