"""A disk that is full at random moments, under `nytta up` with everything under way that writes.

The disk is a small one of its own in memory, which takes the right to mount. It is filled to the last bytes, or nearly,
for some seconds; sometimes the service is killed meanwhile, and has to start while there is no room. Then room is made
again, what was not acknowledged is sent again, and every figure is compared.
"""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.base import lines, made_events
from tests.faults.kills import Outcome
from tests.faults.up import FILE, FIRST, ONE_FILE, EndedError, Senders, Up, base, differences, stored
from tests.support.processes import comes

MEGABYTES = 400
_WHAT = "times that the disk was full under nytta up"
PER_STORE = 10
_ENDS = 3  # times that a service may end of one full disk
_LEFT = (0, 0, 4096, 65536, 1 << 20)
_SENTENCES = ("the disk is full", "the disk was full", "No space left on device")
_WORKS = ((), (), ("import",), ("backup",), ("retention", "--apply"), ("rebuild",), ("verify",))


class CannotMountError(Exception):
    """This user may not mount a file system."""


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of its own, gone afterwards. CannotMountError where that is not allowed."""
    with tempfile.TemporaryDirectory(prefix="nytta-disk-") as name:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=0700", "nytta-disk", name]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotMountError(done.stderr.strip())
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


@contextmanager
def full(disk: Path, left: int) -> Iterator[None]:
    """While this is entered, the disk has `left` bytes."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        for _ in range(20):  # others write and remove meanwhile
            there = os.statvfs(disk)
            free = there.f_bavail * there.f_frsize - left
            if free <= 0:
                break
            try:
                os.posix_fallocate(file.fileno(), filler.stat().st_size, free)
            except OSError:
                time.sleep(0.01)
    try:
        yield
    finally:
        filler.unlink()


def run(folder: Path, *, times: int, seed: int, tell: bool = False) -> Outcome:
    """The disk full at so many moments, over several stores."""
    whole = Outcome(_WHAT)
    source = base(folder / "base")
    for number in range(-(-times // PER_STORE)):
        with small_disk() as disk:
            rng = random.Random(f"full {seed} {number}")
            log = folder / f"full-{number}.log"
            found = _world(disk, source, rng, f"full-{number}", log, min(PER_STORE, times - whole.times))
        whole.add(found)
        if tell:
            print(f"store {number} (seed {seed}): {found}", flush=True)
    return whole


def _world(disk: Path, source: Path, rng: random.Random, name: str, log: Path, points: int) -> Outcome:
    done = Outcome(_WHAT)
    temporary = log.parent if rng.random() < 0.5 else disk  # what waits for the engine is on the same disk, or not
    up = Up(source, disk, log, temporary)
    senders = Senders(up, name, rng)
    file = disk / "import.ndjson"
    file.write_bytes(lines(made_events(FILE, range(ONE_FILE), FIRST)))
    for number in range(points):
        if not up.process.alive:
            up.start()
        words = rng.choice(_WORKS)
        work = words[0] if words else "events"
        problems = _filled(disk, up, senders, rng, words, file)
        done.times += 1
        done.at[work] = done.at.get(work, 0) + 1
        problems += _recovered(up, senders)
        done.wrong += [f"point {number + 1} of {name} ({work}): {each}" for each in problems]
        if done.wrong:
            break
        for left in disk.glob("backup*"):
            left.unlink()
    done.wrong += [f"{name}: {each}" for each in _ended(up, senders, file)]
    done.acknowledged = len(senders.events)
    done.refused = sum(times for status, times in senders.answers.items() if status != 202)
    done.stopped = up.stopped
    return done


def _filled(disk: Path, up: Up, senders: Senders, rng: random.Random, words: tuple[str, ...], file: Path) -> list[str]:
    """Have events sent and some work done while the disk becomes full; what was said that must not be."""
    more = {"import": (str(file),), "backup": (str(disk / "backup.tar"),)}.get(words[0] if words else "", ())
    senders.begin()
    if words:
        threading.Thread(target=up.command, args=(*words, *more), daemon=True).start()
    time.sleep(rng.uniform(0, 3))
    problems = []
    with full(disk, rng.choice(_LEFT)):
        time.sleep(rng.uniform(1, 6))
        if rng.random() < 0.25:
            up.process.kill()
            up.spawn()
            comes(up.listens, 30)
            if not up.process.alive and not _sentence(up):
                problems.append(f"did not start, and said {up.said[-500:]}")
    senders.end()
    return problems


def _recovered(up: Up, senders: Senders) -> list[str]:
    """There is room again: the service goes on, or ends with a sentence and starts; every figure is right.

    The engine may find only now what it could not write, so the end may come in the midst of what is asked.
    """
    problems = []
    comes(up.listens, 60)
    for _ in range(_ENDS):
        if not up.process.alive:
            if not _sentence(up):
                problems.append(f"ended, and said {up.said[-500:]}")
            up.start()
        try:
            senders.repeat()
            return problems + differences(up, senders)
        except EndedError:
            continue
    return [*problems, f"ended {_ENDS} times though there was room"]


def _sentence(up: Up) -> bool:
    """Whether a service that ended said for a person that there was no room."""
    end = " ".join(up.said.strip().splitlines()[-5:])
    return "Traceback" not in up.said and any(words in end for words in _SENTENCES)


def _ended(up: Up, senders: Senders, file: Path) -> list[str]:
    """What is not as it must be in the end, with the file imported and the service ended in order."""
    if not up.process.alive:
        up.start()
    report = up.answer("import", str(file))
    problems = [] if report["rejected"] == 0 else [f"the import says {report}"]
    problems += differences(up, senders)
    counted = {row["source"]: row["events"] for row in up.answer("sources")["sources"]}
    if counted[FILE] != ONE_FILE:
        problems.append(f"{counted[FILE]} of {ONE_FILE} events of the file")
    up.rest()
    up.stop()
    return problems + stored(up, senders)
