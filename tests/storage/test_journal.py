"""Lines that are on disk before anybody goes on: none is lost, whoever dies when; torn ones were answered to nobody."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nytta.ingest.store.private import PrivateStore
from nytta.registry.roles import Permission, Role
from nytta.storage.errors import StoreError
from nytta.storage.journal import Journal
from nytta.surfaces.access_log import AccessLog, Read
from tests.support.processes import ROOT


def brought(journal: Journal) -> list[bytes]:
    found: list[bytes] = []
    journal.bring(found.extend)
    return found


def test_what_is_written_is_brought_once(tmp_path: Path) -> None:
    journal = Journal.of(tmp_path / "reads")
    assert Journal.of(tmp_path / "x" / ".." / "reads") is journal
    assert not journal.due(0)
    journal.write(b"1\n2\n")
    assert journal.due(0)
    assert not journal.due(60)
    journal.write(b"3\n")
    assert brought(journal) == [b"1", b"2", b"3"]
    assert brought(journal) == []
    assert list(journal.folder.iterdir()) == []
    journal.write(b"4\n")
    assert brought(journal) == [b"4"]


def test_many_writers_lose_nothing_while_it_is_brought(tmp_path: Path) -> None:
    journal, found = Journal(tmp_path), []

    def write(number: int) -> None:
        for n in range(50):
            journal.write(b"%d-%d\n" % (number, n))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads):
        found += brought(journal)
    found += brought(journal)
    assert sorted(found) == sorted(b"%d-%d" % (n, m) for n in range(8) for m in range(50))


def test_a_file_that_is_taken_away_before_it_is_held_loses_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    living, other, found = Journal(tmp_path), Journal(tmp_path), list[bytes]()
    real = fcntl.flock

    def held(file: int, how: int) -> None:
        monkeypatch.undo()
        other.bring(found.extend)  # between the making of the file and the hold on it
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", held)
    living.write(b"1\n")
    assert found == []
    assert brought(living) == [b"1"]


def test_a_file_that_another_brought_in_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1.lines").write_bytes(b"1\n")
    (tmp_path / "2.lines").write_bytes(b"2\n")
    first, second, found = Journal(tmp_path), Journal(tmp_path), list[bytes]()
    real = fcntl.flock

    def held(file: int, how: int) -> None:
        monkeypatch.undo()
        second.bring(found.extend)
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", held)
    assert brought(first) == []
    assert found == [b"1", b"2"]


def test_lines_of_a_process_that_died_are_brought_by_the_next(tmp_path: Path) -> None:
    dying = (
        "import os, sys; from pathlib import Path; from nytta.storage.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1])); journal.write(b'kept\\n')\n"
        "os.write(journal._file[1], b'torn'); os._exit(9)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "services")}
    assert subprocess.run([sys.executable, "-c", dying, tmp_path], env=environment, check=False).returncode == 9
    assert brought(Journal(tmp_path)) == [b"kept"]


def test_the_file_of_a_process_that_lives_is_its_own(tmp_path: Path) -> None:
    living, other = Journal(tmp_path), Journal(tmp_path)
    living.write(b"1\n")
    assert brought(other) == []
    living.write(b"2\n")
    assert brought(living) == [b"1", b"2"]


def test_what_could_not_be_delivered_is_handed_over_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write(b"1\n")

    def away(lines: list[bytes]) -> None:
        raise StoreError("away")

    with pytest.raises(StoreError):
        journal.bring(away)
    journal.write(b"2\n")
    assert brought(journal) == [b"1", b"2"]


def test_a_folder_that_takes_nothing_refuses(tmp_path: Path) -> None:
    (tmp_path / "reads").write_text("a file")
    with pytest.raises(StoreError, match="a line could not be kept"):
        Journal(tmp_path / "reads").write(b"1\n")


def test_reads_are_listed_whether_they_were_brought_in_or_not(store: PrivateStore, tmp_path: Path) -> None:
    log = AccessLog(store.connection, Journal(tmp_path))
    now = datetime.now(UTC).replace(microsecond=0)
    for n, unit in enumerate(("north", "south")):
        log.write([Read("r1", Role.MANAGER, unit, Permission.FIGURES, unit, "console")], now + timedelta(seconds=n))
    assert store.connection.value("SELECT count() FROM {open}.access_log") == 0
    assert [r["unit"] for r in log.read(None, now)] == ["south", "north"]
    assert [(r["at"].replace(tzinfo=UTC), r["role"], r["surface"]) for r in log.read(frozenset({"north"}), now)] == [
        (now, "manager", "console")
    ]
    assert store.connection.value("SELECT count() FROM {open}.access_log") == 2
