"""`make attack`: publish invented organisations through the gate, attack them, and hold the results to their bounds.

Exit code 1 where a bound is broken. `--seed` and `--organisations` choose the worlds. The other options try figures
that are told anew more or less often than Nytta tells them, or with other noise.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

import numpy as np

from nytta.registry.protection import Noise, Protection
from tests.attack.chain import Telling
from tests.attack.likelihood import zeros
from tests.attack.published import Timing
from tests.attack.suite import Result, chains, moves, rests, together
from tests.attack.world import world

UNITS = (12, 200)


def main() -> int:
    """Attack the worlds that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organisations", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--chains", type=int, default=20, help="persons of each kind and organisation for (e)")
    parser.add_argument("--every", type=int, default=4, help="weeks between slow figures of staff")
    parser.add_argument("--grains", action="store_true", help="slow figures of weeks, months and windows by themselves")
    parser.add_argument("--least", type=int, default=1, help="persons that differ before a figure is told anew")
    parser.add_argument("--late", type=int, default=3, help="cases that differ before a figure is told anew")
    parser.add_argument("--types", action="store_true", help="weeks and months of single case types")
    parser.add_argument(
        "--sliding", type=int, default=1, help="weeks between windows of a single case type, 0 for none"
    )
    parser.add_argument("--still", action="store_true", help="slow figures whose noise follows their records alone")
    parser.add_argument("--cases", type=float, nargs=2, metavar=("MOST", "VARIANCE"), help="noise of cases")
    parser.add_argument("--staff", type=float, nargs=2, metavar=("MOST", "VARIANCE"), help="noise of staff")
    parser.add_argument("--rests", action="store_true", help="(a) alone")
    chosen = parser.parse_args()
    rules = _rules(chosen.cases, chosen.staff)
    timing = Timing(
        chosen.every, chosen.grains, chosen.least, not chosen.still, chosen.late, chosen.types, chosen.sliding
    )
    telling = Telling(chosen.every, chosen.least, not chosen.still)
    results: list[Result] = []
    for seed in range(chosen.seed, chosen.seed + chosen.organisations):
        units = int(np.exp(np.random.default_rng(seed).uniform(*np.log(UNITS))))
        place = world(seed, units=units, weeks=chosen.weeks)
        print(f"seed {seed}: {units} units, {place.persons.unit.shape[1]} persons, {len(place.cases.unit)} cases")
        results += rests(place, rules, timing)
        if not chosen.rests:
            results += moves(place, rules, timing)
            results += chains(seed, telling, chosen.chains)
        sys.stdout.flush()
    print(f"{'attack':40} {'asked':>7} {'held':>7} {'share':>8} {'bound':>7}")
    for result in together(results):
        verdict = "BROKEN" if result.broken else ""
        print(f"{result.attack:40} {result.asked:7} {result.held:7} {result.share:8.2%} {result.bound:7.1%} {verdict}")
    for name, noise in (("citizen", rules.citizen.noise), ("staff", rules.staff.noise)):
        print(f"{name}: so many sets of 12, 60 and 150 that all read 0 prove that nobody counts:", end=" ")
        print(", ".join(str(zeros(size, noise)) for size in (12, 60, 150)))
    return 1 if any(result.broken for result in together(results)) else 0


def _rules(cases: list[float] | None, staff: list[float] | None) -> Protection:
    """The usual rules, with the noise of cases or of staff that was asked for."""
    rules = Protection()
    if cases:
        noise = Noise(int(cases[0]), cases[1])
        citizen, handling = replace(rules.citizen, noise=noise), replace(rules.handling, noise=noise)
        rules = replace(rules, citizen=citizen, handling=handling)
    if staff:
        rules = replace(rules, staff=replace(rules.staff, noise=Noise(int(staff[0]), staff[1])))
    return rules


if __name__ == "__main__":
    sys.exit(main())
