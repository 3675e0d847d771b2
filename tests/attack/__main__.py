"""`make attack`: publish invented organisations for half a year, attack them, and say what was found and what it cost.

Exit code 1 where a group was determined. `--seed` and `--trees` choose the worlds; the defaults are those of continuous
integration.
"""

from __future__ import annotations

import argparse
import sys

from tests.attack.attack import Breach, exact, reading
from tests.attack.published import Population, primary, publish
from tests.attack.world import world

COLUMNS = (
    "tree  units  moved  figures of   cells   shown  suppressed  grouped  shown by primary  systems  asked  breaches"
)


def main() -> int:
    """Attack the worlds that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--units", type=int, default=0, help="of every tree; else 12 to 40, and one of 200")
    parser.add_argument("--weeks", type=int, default=26)
    chosen = parser.parse_args()
    print(COLUMNS)
    found: list[Breach] = []
    for number in range(chosen.trees):
        seed = chosen.seed + number
        units = chosen.units or (200 if number == chosen.trees - 1 else 12 + 14 * (number % 3))
        found += attack(seed, units, chosen.weeks)
    for breach in found[:20]:
        print(f"  {breach.about}: {breach.how}, {breach.count}")
    print(f"trees {chosen.trees}, breaches {len(found)}")
    return 1 if found else 0


def attack(seed: int, units: int, weeks: int) -> list[Breach]:
    """One world: persons in trees of any size, cases in trees of up to 20 units, whose systems grow with the weeks."""
    found: list[Breach] = []
    populations: tuple[Population, ...] = ("staff", "cases") if units <= 20 else ("staff",)
    place = world(seed, units=units, weeks=weeks)
    for population in populations:
        out, bare = publish(place, population), publish(place, population, primary, every=weeks)
        reports = [exact(out), reading(out, seed=seed)]
        breaches = [b for r in reports for b in r.breaches]
        print(
            f"{seed:4}  {units:5}  {place.moved:5}  {population:10}  {out.cells:6}  {out.shown:6}  "
            f"{out.suppressed:10}  {out.grouped:7}  {bare.shown:16}  {sum(r.systems for r in reports):7}  "
            f"{sum(r.targets for r in reports):5}  {len(breaches):8}",
            flush=True,
        )
        found += breaches
    return found


if __name__ == "__main__":
    sys.exit(main())
