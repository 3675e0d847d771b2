"""What followed actions, judged on invented ones: `python -m tests.bench.effects`.

Prints one line per seed and size of units (400 actions, half of them without an effect, and 400 of ten points), the
means over the seeds and the goals. Exit code 1 where a mean misses its goal.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

import numpy as np

from tests.indicators.detection.acting import HABIT, Score, judge, missed


def main() -> int:
    """Judge, print, and say whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--sizes", type=int, nargs="+", default=[40, 120, 400])
    parser.add_argument("--actions", type=int, default=400)
    parser.add_argument("--habit", type=float, default=HABIT, help="share of using that is the person's own; 0 is luck")
    given = parser.parse_args()
    failed = False
    for size in given.sizes:
        scores = []
        for seed in given.seeds:
            scores.append(judge(seed, size, given.actions, given.habit))
            print(f"{size:4} persons, seed {seed}: {_line(scores[-1])}", flush=True)
        mean = Score(*np.mean([list(asdict(score).values()) for score in scores], axis=0).tolist())
        names = missed(mean)
        print(f"{size:4} persons, mean: {_line(mean)}: {'MISSED: ' + ', '.join(names) if names else 'goals met'}")
        failed |= bool(names)
    return int(failed)


def _line(score: Score) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in asdict(score).items())


if __name__ == "__main__":
    sys.exit(main())
