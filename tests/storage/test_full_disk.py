"""A full disk: nothing is begun without room; what the engine could not write is noticed, and mended when opened."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nytta.storage.halves import mended
from tests.faults.full import CannotMountError, small_disk
from tests.support.processes import ROOT, python

OPENED = """
import os, sys
from pathlib import Path
from nytta.storage.client import embedded
from nytta.storage.errors import DamagedError, DiskFullError

folder = Path(sys.argv[1])
store = embedded(folder / "store")
COUNT = "SELECT count(), sum(n) FROM {private}.t"
"""
MAKE = """
store.run("CREATE DATABASE IF NOT EXISTS {private}")
store.run("CREATE TABLE {private}.t (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS fsync_after_insert = 1")
store.run("INSERT INTO {private}.t SELECT number FROM numbers(100000)")
store.run("INSERT INTO {private}.t SELECT number FROM numbers(100000)")
filler = (folder / "filler").open("wb", buffering=0)

def fill():
    try:
        while True:
            filler.write(b"x" * (1 << 16))
    except OSError:
        while filler.write(b"x"):
            pass
"""
REFUSED = """
import contextlib

with contextlib.suppress(OSError):
    fill()
for write in (
    lambda: store.run("INSERT INTO {private}.t SELECT 1"),
    lambda: store.insert("{private}.t", ["n"], [[1]]),
    lambda: store.run("ALTER TABLE {private}.t DELETE WHERE n = 1"),
):
    try:
        write()
    except DamagedError:
        raise
    except DiskFullError as error:
        print("refused:", error)
print(store.rows(COUNT), store.room)
filler.truncate(0)
store.run("INSERT INTO {private}.t SELECT 1")
store.look()
print(store.rows(COUNT), store.room)
"""
DAMAGED = """
import contextlib, threading
client = store._client  # behind the back of whoever looks whether there is room

def merged():
    client.command(f"OPTIMIZE TABLE {store.zones.private}.t FINAL")

with contextlib.suppress(OSError):
    fill()
client.command(f"CREATE DATABASE {store.zones.private}_scratch")
client.command(f"CREATE TABLE {store.zones.private}_scratch.t (n UInt8) ENGINE = MergeTree ORDER BY n")
for said in (lambda: store.look(), lambda: store.rows(COUNT)):
    try:
        said()
    except DamagedError as error:
        print("noticed:", error)
os._exit(1)
"""
REOPENED = """
print(store.rows(COUNT))
store.run("DROP DATABASE IF EXISTS {private}_scratch")
store.run("CREATE DATABASE {private}_scratch")
store.run("CREATE TABLE {private}_scratch.t (n UInt8) ENGINE = MergeTree ORDER BY n")
store.look()
"""


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small file system of its own."""
    try:
        with small_disk() as folder:
            yield folder
    except CannotMountError as error:
        pytest.skip(f"this user may not mount a file system: {error}")


def program(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own: an engine has one folder per process."""
    return subprocess.run(
        python("-c", OPENED + text, str(folder)),
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"PYTHONPATH": str(ROOT / "services")},
        check=False,
    )


def test_nothing_is_begun_without_room_and_all_goes_on_when_there_is(disk: Path) -> None:
    done = program(MAKE + REFUSED, disk)
    assert done.returncode == 0, done.stderr
    *refused, full, after = done.stdout.splitlines()
    assert len(refused) == 3
    assert all(line.startswith("refused: the disk is full") for line in refused)
    assert (full, after) == ("[(200000, 9999900000)] False", "[(200001, 9999900001)] True")


def test_what_the_engine_could_not_write_is_noticed_and_mended_when_it_is_opened(disk: Path) -> None:
    """The engine says that all is well, and would not start again with what it left behind."""
    done = program(MAKE + DAMAGED, disk)
    assert [line[:31] for line in done.stdout.splitlines()] == ["noticed: the disk was full whil"] * 2, done.stderr
    full = program(REOPENED, disk)
    assert (full.returncode, "the disk is full" in full.stderr) == (1, True)
    (disk / "filler").unlink()
    again = program(REOPENED, disk)
    assert (again.returncode, again.stdout) == (0, "[(200000, 9999900000)]\n"), again.stderr


@pytest.mark.slow
def test_a_merge_that_could_not_be_written_is_made_again_from_its_parts(disk: Path) -> None:
    """The parts that it was made of are kept for minutes, and taken up where the result is not as long as it was."""
    racing = """
import contextlib, time
for n in range(60):
    merging = threading.Thread(target=merged)
    merging.start()
    time.sleep(0.002 * (n % 10))
    with contextlib.suppress(OSError):
        fill()
    merging.join()
    try:
        store.look()
    except DamagedError:
        os._exit(3)
    filler.truncate(0)
    filler.seek(0)
    store.run("INSERT INTO {private}.t SELECT number FROM numbers(100000)")
    print(store.value("SELECT count() FROM {private}.t"), flush=True)
"""
    head = DAMAGED.partition("with contextlib")[0]
    done = program(MAKE + head + racing, disk)
    assert done.returncode == 3, done.stdout + done.stderr
    rows = int(([*done.stdout.split()] or ["200000"])[-1])
    (disk / "filler").unlink()
    again = program(REOPENED, disk)
    assert again.stdout == f"[({rows}, {rows // 100000 * 4999950000})]\n", again.stderr


def test_files_that_were_begun_and_not_written_are_removed(tmp_path: Path) -> None:
    table = tmp_path / "store" / "abc" / "abc-def"
    table.mkdir(parents=True)
    (tmp_path / "metadata").mkdir()
    kept = {"mutation_2.txt": b"commands: (DELETE WHERE 1)\n", "t.sql": b"ATTACH TABLE t\n", "data.bin": b""}
    long = b"x" * 4095
    halves = {"mutation_3.txt": b"", "tmp_mutation_4.txt": b"", "u.sql": b"", "v.sql.tmp": b"", "w.sql": long + b"x"}
    whole = {"z.sql": long + b"\n"}
    for name, text in (kept | halves | whole).items():
        (table / name).write_bytes(text)
    (table / "format_version.txt").write_bytes(b"")
    (tmp_path / "metadata" / "scratch.sql").write_bytes(b"")
    found = mended(tmp_path)
    assert sorted(Path(name).name for name in found) == sorted([*halves, "scratch.sql"])
    assert {p.name for p in table.iterdir()} == {*kept, *whole, "format_version.txt"}
    assert (table / "format_version.txt").read_text() == "1"
    assert mended(tmp_path) == []
