"""Every fault once, then randomised kills: `make faults`. Prints what was acknowledged, stored, lost, doubled."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.scenarios import FAULTS, any_killed, run
from tests.support.broker import broker
from tests.support.installation import installation


def main() -> None:
    """Run the faults; exit code 1 if anything was lost, doubled or differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="a rotating one where none is given")
    parser.add_argument("--events", type=int, default=5000, help="events of each fault's load")
    parser.add_argument("--kills", type=int, default=10, help="randomised kills at the end")
    parser.add_argument("--only", choices=[*FAULTS, "kills"], action="append", help="this fault; repeatable")
    chosen = parser.parse_args()
    for noisy in ("aiokafka", "kafka"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)  # brokers that were killed are no news here
    bad = 0
    with tempfile.TemporaryDirectory(prefix="nytta-faults-") as name:
        folder = Path(name)
        (folder / "broker").mkdir()
        with (
            broker(folder / "broker") as started,
            installation(folder / "place", started, workers=2, units=10) as place,
        ):
            for fault, function in FAULTS.items():
                if chosen.only is None or fault in chosen.only:
                    outcome = run(place, fault, function, seed=chosen.seed, events=chosen.events)
                    print(outcome, flush=True)
                    bad += bool(outcome.lost or outcome.doubled or not outcome.equal)
            if chosen.kills and (chosen.only is None or "kills" in chosen.only):
                events = max(chosen.events, 1000 * chosen.kills)
                outcome = run(place, f"{chosen.kills}-kills", any_killed(chosen.kills), seed=chosen.seed, events=events)
                print(outcome, flush=True)
                bad += bool(outcome.lost or outcome.doubled or not outcome.equal)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
