"""Kills of `nytta up` at random moments, with everything under way that changes a store.

Events with repetitions all the time; and, as it comes: the start itself with its migrations, publication and change of
keys, an import, a backup, a disposal, a rebuild. After each kill the service is started, what was not acknowledged is
sent again, and every figure is compared.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.base import lines, made_events
from tests.faults.up import FILE, FIRST, ONE_FILE, Senders, Up, base, differences, stored
from tests.support.commands import nytta
from tests.support.processes import until

PER_WORLD = 10
"""Kills that a store goes through, one after the other."""
MIGRATIONS = 14
_WHAT = "kills of nytta up"


@dataclass
class Outcome:
    """What faults left behind; `wrong` is to be empty."""

    what: str
    times: int = 0
    acknowledged: int = 0
    refused: int = 0
    at: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    stopped: list[float] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Both together."""
        self.times += other.times
        self.acknowledged += other.acknowledged
        self.refused += other.refused
        self.wrong += other.wrong
        self.stopped += other.stopped
        for name, times in other.at.items():
            self.at[name] = self.at.get(name, 0) + times

    def __str__(self) -> str:
        under = ", ".join(f"{name} {times}" for name, times in sorted(self.at.items()))
        return (
            f"{self.times} {self.what} ({under}): {self.acknowledged} events acknowledged, {self.refused} requests "
            f"refused, {len(self.wrong)} differences; orderly stops {max(self.stopped, default=0):.1f} s at most"
            + "".join(f"\n  {each}" for each in self.wrong)
        )


def run(folder: Path, *, times: int, seed: int, tell: bool = False) -> Outcome:
    """So many kills over several stores; every fourth store is one that has migrations to apply."""
    whole = Outcome(_WHAT)
    old = base(folder / "base")
    for number in range(-(-times // PER_WORLD)):
        rng = random.Random(f"kills {seed} {number}")
        source = old
        if number % 4 == 3:
            source = base(folder / f"half-{number}", str(rng.randrange(1, MIGRATIONS)))
        place = Path(tempfile.mkdtemp(dir=folder))
        found = _world(place, source, rng, f"run-{number}", min(PER_WORLD, times - whole.times))
        whole.add(found)
        if tell:
            print(f"store {number} (seed {seed}): {found}", flush=True)
        if not found.wrong:
            shutil.rmtree(place)
    return whole


def _world(folder: Path, source: Path, rng: random.Random, name: str, kills: int) -> Outcome:
    """A store that goes through some kills; the figures are compared after each, the store itself at the end."""
    up = Up(source, folder, folder / "up.log")
    senders = Senders(up, name, rng)
    done = Outcome(_WHAT)
    file = folder / "import.ndjson"
    file.write_bytes(lines(made_events(FILE, range(ONE_FILE), FIRST)))
    for number in range(kills):
        if rng.random() < 0.2:
            up.spawn()
            time.sleep(rng.uniform(0.5, 8))
            work = "start"
        else:
            work = _disturbed(up, senders, rng, folder / f"backup-{number}.tar", file)
        up.process.kill()
        senders.end()
        done.times += 1
        done.at[work] = done.at.get(work, 0) + 1
        if (log := up.said) and "Traceback" in log:
            done.wrong.append(f"kill {number + 1} of {name} ({work}): a traceback in {up.log}")
        up.start()
        senders.repeat()
        done.wrong += [f"kill {number + 1} of {name} ({work}): {each}" for each in differences(up, senders)]
        if done.wrong:
            break
        if rng.random() < 0.3:
            up.stop()
        else:
            up.process.kill()
    if not up.process.alive:
        up.start()
    report = up.answer("import", str(file))
    if (report["read"], report["rejected"]) != (ONE_FILE, 0):
        done.wrong.append(f"{name}: the import says {report}")
    done.wrong += [f"{name}: {each}" for each in differences(up, senders)]
    counted = {row["source"]: row["events"] for row in up.answer("sources")["sources"]}
    if counted[FILE] != ONE_FILE:
        done.wrong.append(f"{name}: {counted[FILE]} of {ONE_FILE} events of the file")
    up.rest()
    up.stop()
    done.wrong += [f"{name}: {each}" for each in stored(up, senders)]
    done.wrong += [f"{name}: {each}" for each in _restored(up, folder)]
    done.acknowledged = len(senders.events)
    done.refused = sum(times for status, times in senders.answers.items() if status != 202)
    done.stopped = up.stopped
    return done


def _disturbed(up: Up, senders: Senders, rng: random.Random, target: Path, file: Path) -> str:
    """Start the service, have events sent and some work done, and return at a moment in the middle of it."""
    works: dict[str, tuple[str, ...]] = {
        "events": (),
        "import": ("import", str(file)),
        "backup": ("backup", str(target)),
        "disposal": ("retention", "--apply"),
        "rebuild": ("rebuild",),
        "publication": (),
        "change of keys": (),
    }
    work = rng.choice(list(works))
    up.spawn()
    until(up.listens, "the service", up.log)
    senders.begin()
    if words := works[work]:
        threading.Thread(target=up.command, args=words, daemon=True).start()
    # publication and the change of keys follow the first round of every start
    time.sleep(rng.uniform(0, 6 if words else 10))
    return work


def _restored(up: Up, folder: Path) -> list[str]:
    """What of the last backup that was finished is not as it must be."""
    backups = sorted(folder.glob("backup-*.tar"))
    if not backups:
        return []
    place = folder / "restored"
    nytta("restore", backups[-1], "--keys", up.data / "key.json", "--data", place)
    nytta("verify", "--data", place)
    return []
