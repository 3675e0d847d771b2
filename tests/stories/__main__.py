"""Play the stories and print what of each is visible, as a table: python -m tests.stories --seeds 1 2 3 4 5."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.stories.visible import VISIBLE, play, published


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", nargs="+", choices=VISIBLE, default=list(VISIBLE))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    asked = parser.parse_args()
    failed = 0
    print("| Story | Seed | Must be visible | Found | |\n|---|---|---|---|---|", flush=True)
    for story in asked.stories:
        for seed in asked.seeds:
            with tempfile.TemporaryDirectory() as folder, play(story, seed, Path(folder)) as played:
                for claim in (*VISIBLE[story](played), published(story, played)):
                    failed += not claim.holds
                    print(f"| {story} | {seed} | {claim.what} | {claim.found} | {'yes' if claim.holds else '**no**'} |")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
