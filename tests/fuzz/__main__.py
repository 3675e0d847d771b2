"""`python -m tests.fuzz`: mutated inputs by the hundred thousand; exit code 1 where one of them showed a defect.

With --surface, --seed and --number, one input is made again, shown and tried.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.storage.client import embedded
from nytta.storage.migrate import migrate
from tests.fuzz.bodies import Bodies
from tests.fuzz.files import Files
from tests.fuzz.mappings import Mappings
from tests.fuzz.messages import Messages
from tests.fuzz.registry import RegistryFiles
from tests.fuzz.run import GROWTH, Surface, again, run
from tests.organisations import county

SHARES: Final[Mapping[str, int]] = {"bodies": 40, "files": 25, "messages": 25, "mappings": 5, "registry": 5}
"""Of a hundred inputs, how many come in by each surface. YAML is read slowly."""
_SHOWN = 4000


def surfaces(store: PrivateStore, folder: Path) -> dict[str, Callable[[], Surface]]:
    """The ways in, each with files of its own in `folder`."""
    intake = Intake(store, Keys("k1", bytes(32)), county())

    def place(name: str) -> Path:
        its = folder / name
        its.mkdir(exist_ok=True)
        return its

    return {
        "bodies": lambda: Bodies(intake, place("bodies")),
        "files": lambda: Files(intake, place("files")),
        "messages": lambda: Messages(intake),
        "mappings": lambda: Mappings(place("mappings")),
        "registry": RegistryFiles,
    }


def main() -> int:
    """Try them; 1 where there is a defect."""
    told = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    told.add_argument("--inputs", type=int, default=200_000, help="mutated inputs, over all surfaces")
    told.add_argument("--seed", type=int, default=int(datetime.now(UTC).strftime("%Y%m%d")))
    told.add_argument("--surface", choices=sorted(SHARES), help="one way in only")
    told.add_argument("--number", type=int, help="one input only, made again from its seed and number")
    asked = told.parse_args()
    faulthandler.enable()
    logging.disable(logging.CRITICAL)  # what is passed over is said in a log, some ten thousand times
    with tempfile.TemporaryDirectory(prefix="nytta-fuzz-") as name:
        connection = embedded(Path(name) / "store")
        try:
            migrate(connection, declarations.schemas() / "tables")
            ways = surfaces(PrivateStore(connection), Path(name))
            if asked.number is not None:
                return _again(ways[asked.surface or "bodies"](), asked.seed, asked.number)
            return _all(ways, asked.seed, asked.inputs, asked.surface)
        finally:
            connection.close()


def _all(ways: Mapping[str, Callable[[], Surface]], seed: int, inputs: int, only: str | None) -> int:
    started = time.monotonic()
    outcomes = []
    for name, made in ways.items():
        if only in (None, name):
            outcomes.append(run(made(), seed, inputs if only else inputs * SHARES[name] // 100))
            print(outcomes[-1], flush=True)
    found = [str(each) for outcome in outcomes for each in outcome.found]
    grew = [f"{o.surface}: memory grew by {o.grew >> 20} MiB after the warm-up" for o in outcomes if o.grew > GROWTH]
    print(*found, *grew, sep="\n\n")
    tried = sum(outcome.inputs for outcome in outcomes)
    print(f"{tried} inputs, seed {seed}, {time.monotonic() - started:.0f} s: {len(found)} defects")
    return 1 if found or grew else 0


def _again(surface: Surface, seed: int, number: int) -> int:
    given, found = again(surface, seed, number)
    print(repr(given)[:_SHOWN], *found, sep="\n\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
