"""Every fault once, then randomised ones: `make faults`. Prints what was acknowledged, stored, lost, doubled."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.faults import full
from tests.faults import kills as up_kills
from tests.faults.scenarios import FAULTS, any_killed, run
from tests.support.broker import broker
from tests.support.installation import installation

KILLS, UP_KILLS, DISK_FULL = "kills", "up-kills", "disk-full"


def main() -> None:
    """Run the faults; exit code 1 if anything was lost, doubled or differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="a rotating one where none is given")
    parser.add_argument("--events", type=int, default=5000, help="events of each fault's load behind Kafka")
    parser.add_argument("--kills", type=int, default=10, help="randomised kills of what works behind Kafka")
    parser.add_argument("--up-kills", type=int, default=100, help="randomised kills of nytta up")
    parser.add_argument("--points", type=int, default=50, help="moments at which the disk of nytta up becomes full")
    parser.add_argument("--only", choices=[*FAULTS, KILLS, UP_KILLS, DISK_FULL], action="append", help="repeatable")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was mounted and started goes in any case
    only = set(chosen.only or [*FAULTS, KILLS, UP_KILLS, DISK_FULL])
    with tempfile.TemporaryDirectory(prefix="nytta-faults-") as name:
        folder = Path(name)
        bad = _of_one_process(chosen, only, folder) + (_behind_kafka(chosen, only, folder) if only - _ALONE else 0)
    sys.exit(1 if bad else 0)


_ALONE = {UP_KILLS, DISK_FULL}


def _of_one_process(chosen: argparse.Namespace, only: set[str], folder: Path) -> int:
    """Faults of `nytta up`; how many differences they left."""
    found = []
    for name, times, faults in ((UP_KILLS, chosen.up_kills, up_kills.run), (DISK_FULL, chosen.points, full.run)):
        if name in only and times:
            (folder / name).mkdir()
            try:
                found.append(faults(folder / name, times=times, seed=chosen.seed, tell=True))
            except full.CannotMountError as error:
                print(f"{name}: left out, this user may not mount a file system ({error})")
                continue
            print(found[-1], flush=True)
    return sum(len(each.wrong) for each in found)


def _behind_kafka(chosen: argparse.Namespace, only: set[str], folder: Path) -> int:
    """Faults of gateway, workers, store and broker; how many left something wrong."""
    for noisy in ("aiokafka", "kafka"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)  # brokers that were killed are no news here
    bad = 0
    (folder / "broker").mkdir()
    with (
        broker(folder / "broker") as started,
        installation(folder / "place", started, workers=2, units=10) as place,
    ):
        for fault, function in FAULTS.items():
            if fault in only:
                outcome = run(place, fault, function, seed=chosen.seed, events=chosen.events)
                print(outcome, flush=True)
                bad += bool(outcome.lost or outcome.doubled or not outcome.equal)
        if chosen.kills and KILLS in only:
            events = max(chosen.events, 1000 * chosen.kills)
            outcome = run(place, f"{chosen.kills}-kills", any_killed(chosen.kills), seed=chosen.seed, events=events)
            print(outcome, flush=True)
            bad += bool(outcome.lost or outcome.doubled or not outcome.equal)
    return bad


if __name__ == "__main__":
    main()
