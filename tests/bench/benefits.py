"""Forecasts of benefits judged on invented ones: `python -m tests.bench.benefits`.

Prints one line per seed (200 benefits at half-time) and the mean with its 95 % interval, then the goals. Exit code 1
where a goal is missed.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

import numpy as np
from scipy import stats

from tests.insight.benefits.courses import judge

GOALS = {"coverage": (0.75, 0.85), "median_error": (0.0, 8.0), "on_track_of_misses": (0.0, 0.05)}


def main() -> int:
    """Judge, print, and say whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=101, help="first seed")
    parser.add_argument("--benefits", type=int, default=200)
    given = parser.parse_args()
    rows = []
    for seed in range(given.first, given.first + given.seeds):
        rows.append(asdict(judge(seed, given.benefits)))
        print(seed, "  ".join(f"{name} {value:.3f}" for name, value in rows[-1].items()), flush=True)
    missed = False
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values) if len(values) > 1 else np.nan
        low, high = GOALS.get(name, (-np.inf, np.inf))
        met = low <= values.mean() <= high
        missed |= not met
        goal = f"goal {low:g} to {high:g}: {'met' if met else 'MISSED'}" if name in GOALS else ""
        print(f"{name:20} {values.mean():.3f} ± {half:.3f}  {goal}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
