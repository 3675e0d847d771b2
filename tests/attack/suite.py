"""The attacks (a) to (e), each with how many were asked for, how many were held, and the bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nytta.registry.protection import Protection
from tests.attack.attackers import Evidence, Observations, certain, narrowest, normal, small_parts
from tests.attack.chain import Telling, Unit, Way, evidence, run
from tests.attack.likelihood import HELD
from tests.attack.published import Table, Timing, case_tables, staff_tables
from tests.attack.world import Bools, Floats, Ints, World

WIDTH = 30.0
"""Narrower intervals, in points, are too narrow for a group of under ten."""

PARTS = 100
"""Hidden groups asked for in each table of an organisation."""

ALONE = 1.5
"""Variance of one figure of a hidden group by itself, beside which all figures together are held."""

STATES = ("trained", "entitled", "habit")

CHAINS: tuple[tuple[str, Way, tuple[Unit, ...]], ...] = (
    ("joins, one change a week", "join", (Unit(30, 1.0),)),
    ("leaves, one change a week", "leave", (Unit(30, 1.0),)),
    ("joins, two levels", "join", (Unit(30, 1.0), Unit(120, 2.0))),
    ("a course in a quiet unit", "course", (Unit(20, 0.1, 0.002),)),
)
KNOWN = 0.8
"""Share of the others' states that the attacker of a chain knows once they come or go."""


@dataclass(frozen=True, slots=True)
class Result:
    """Of `asked`, so many were held by the attacker; more than the share `bound` is a breach."""

    attack: str
    asked: int
    held: int
    bound: float

    @property
    def share(self) -> float:
        """Share held of those asked for."""
        return self.held / self.asked if self.asked else 0.0

    @property
    def broken(self) -> bool:
        """Whether the bound is broken."""
        return self.share > self.bound


def together(results: Sequence[Result]) -> list[Result]:
    """Results of several organisations, attack by attack."""
    out = []
    for attack in dict.fromkeys(result.attack for result in results):
        alike = [result for result in results if result.attack == attack]
        out.append(Result(attack, sum(r.asked for r in alike), sum(r.held for r in alike), alike[0].bound))
    return out


def rests(world: World, rules: Protection, timing: Timing) -> Iterator[Result]:
    """(a): hidden groups of under ten held to less than 30 points, and those whose number is held, by figures alone.

    Beside it, without a bound: of how many of those held none or all count, and how many one figure alone would hold.
    """
    count = len(world.cases.unit)
    tables = case_tables(world, rules, timing)
    seen = Observations()
    noise = rules.citizen.noise
    seen.add(tables["take-up"], "support", noise, (0, count))
    seen.add(tables["mix-0"], "support", noise, (0,))
    seen.add(tables["mix-1"], "support", noise, (count,))
    seen.add(tables["mix-2"], "support", noise, (0, count), rest=True)
    both = np.concatenate([world.cases.rates[0], world.cases.rates[1]])
    digital = world.cases.channel < 2
    yield from _narrow("(a) rests: citizens' cases", world, seen, both, tables["take-up"], digital, (0, count))
    seen = Observations()
    seen.add(tables["intended-use"], "adoption", rules.handling.noise)
    way = world.cases.intended
    yield from _narrow("(a) rests: handling", world, seen, world.cases.rates[2], tables["intended-use"], way)
    staff = staff_tables(world, rules, timing)
    seen = observed(world, staff, "entitled", rules)
    entitled = world.persons.entitled
    yield from _narrow("(a) rests: staff", world, seen, world.persons.rates[1], staff["entitlement"], entitled)


def _narrow(
    attack: str,
    world: World,
    seen: Observations,
    rates: Floats,
    table: Table,
    state: Bools,
    shifts: tuple[int, ...] = (0,),
) -> Iterator[Result]:
    parts = small_parts(table, world.parents)
    order = np.random.default_rng(world.seed).permutation(len(parts))[:PARTS]
    asked = [np.concatenate([parts[n] + shift for shift in shifts]) for n in order]
    known = Evidence.of(seen, rates, asked)
    chances = [known.counts(one, len(one) // len(shifts)) for one in asked]
    held = [narrowest(counts) < WIDTH for counts in chances]
    yield Result(attack, len(asked), sum(held), 0.01)
    yield Result(f"{attack}, number", len(asked), sum(float(counts.max()) > HELD for counts in chances), 0.01)
    shares = [float(state[parts[n]].mean()) for n in order]
    at_ends = sum(one and share in (0.0, 1.0) for one, share in zip(held, shares, strict=True))
    yield Result(f"{attack}, held: none or all", sum(held), at_ends, 1.0)
    sizes = [len(parts[n]) for n in order]
    drawn = np.random.default_rng(world.seed).normal(0, np.sqrt(ALONE), len(order))
    by_one = [
        narrowest(normal(np.arange(size + 1), size * share + change, ALONE)) < WIDTH
        for size, share, change in zip(sizes, shares, drawn.tolist(), strict=True)
    ]
    yield Result(f"{attack}, by one figure", len(asked), sum(by_one), 1.0)


def observed(world: World, tables: dict[str, Table], state: str, rules: Protection) -> Observations:
    """All published figures that tell of a state of staff."""
    seen = Observations()
    noise = rules.staff.noise
    match state:
        case "trained":
            seen.add(tables["trained-staff"], "readiness", noise)
            seen.add(tables["trained-managers"], "readiness", noise)
            # who is entitled is no secret, so that of these it is told who is trained
            seen.add(tables["ready"], "readiness", noise, of=world.persons.entitled)
        case "entitled":
            seen.add(tables["entitlement"], "access", noise)
        case _:
            seen.add(tables["habit"], "adoption", noise)
            seen.add(tables["weekly-breadth"], "adoption", noise, activity=True)
    return seen


def movers(world: World) -> Ints:
    """Persons who joined, left or moved."""
    unit = world.persons.unit
    return np.flatnonzero((unit[1:] != unit[:-1]).any(axis=0))


def moves(world: World, rules: Protection, timing: Timing) -> Iterator[Result]:
    """(b): movers' states that the figures alone raise from even odds to over 95 percent, and those beyond doubt."""
    tables = staff_tables(world, rules, timing)
    asked = movers(world)
    for number, state in enumerate(STATES):
        known = Evidence.of(observed(world, tables, state, rules), world.persons.rates[number])
        chances = np.array([known.state(int(person), 0.5) for person in asked])
        held = int(np.sum((chances > HELD) | (chances < 1 - HELD)))
        yield Result(f"(b) movers: {state}", len(asked), held, 0.01)
    beyond = [certain(tables[name], rules.staff.noise) for name in ("entitlement", "trained-staff", "trained-managers")]
    yield Result("(b) movers: certain", sum(len(a) for a, _ in beyond), sum(len(h) for _, h in beyond), 0.0)


def chains(seed: int, telling: Telling, count: int, weeks: int = 52) -> Iterator[Result]:
    """(e): states of persons in sets that change by one at a time, or who took a course, by the exact attacker."""
    rng = np.random.default_rng(seed)
    sure = 0
    for name, way, units in CHAINS:
        held = 0
        for _ in range(count):
            at, state = int(rng.integers(weeks // 4, 3 * weeks // 4)), int(rng.random() < 0.5)
            odds = 0.0
            for unit in units:
                course = run(rng, unit, telling, weeks, KNOWN, way, at, state)
                without, with_ = (evidence(unit, telling, course, way, at, x) for x in (0, 1))
                odds += with_ - without
            held += abs(odds) > np.log(HELD / (1 - HELD))
            sure += bool(np.isinf(odds))
        yield Result(f"(e) {name}", count, held, 0.01)
    yield Result("(e) certain", count * len(CHAINS), sure, 0.0)
