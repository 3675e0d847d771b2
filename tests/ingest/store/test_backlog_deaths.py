"""The log of accepted events against deaths at every step, torn records and full disks, by the hundred.

The store is a dictionary that keeps what it was given, as the engine does, so that two hundred deaths take a second;
the log, its files and what is read of them are real. `test_backlog.py` has fewer deaths on the engine itself.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from nytta.ingest.store.backlog import Backlog
from nytta.ingest.store.writing import Group, Writing
from nytta.storage.errors import DiskFullError
from nytta.storage.wal import WriteAheadLog
from tests.ingest.store.test_backlog import NONE, Death, group

DEATHS = 200


class Connection:
    """A disk with room."""

    def check_room(self) -> None:
        """Nothing is wrong."""


class Store:
    """What is stored, by number; it survives its processes, and what comes twice is there once."""

    def __init__(self, stored: dict[int, list[str]], mortal: Callable[[], None]) -> None:
        self.connection = Connection()
        self.writing = Writing()
        self.stored = stored
        self._mortal = mortal
        self._number = max(stored, default=0)

    def number_batch(self) -> int:
        """The next number."""
        self._number += 1
        return self._number

    def know_batch(self, number: int) -> None:
        """Give no number up to this one any more."""
        self._number = max(self._number, number)

    def write_groups(self, groups: Sequence[Group]) -> None:
        """Store groups one after the other; the process may die between any two."""
        for written in groups:
            self._mortal()
            ids = written.events["id"].to_pylist()
            assert self.stored.setdefault(written.batch, ids) == ids, "two contents under one number"
        self._mortal()


class Fate:
    """When the process dies, and what the disk does meanwhile."""

    def __init__(self, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
        self.chance = chance
        self.left = 0
        self._writev, self._fdatasync = os.writev, os.fdatasync
        self._remove = WriteAheadLog.remove
        patch.setattr(os, "writev", self.writev)
        patch.setattr(os, "fdatasync", self.fdatasync)

        def remove(log: WriteAheadLog, path: Path) -> None:
            self.remove(log, path)

        patch.setattr(WriteAheadLog, "remove", remove)

    def step(self) -> None:
        """Die here, if it is time."""
        self.left -= 1
        if self.left == 0:
            raise Death

    def writev(self, file: int, parts: Sequence[bytes]) -> int:
        """Write all, nothing or a part; whoever wrote a part is dead, or the disk is full."""
        self.step()
        body = b"".join(parts)
        if self.chance.random() < 0.1:
            piece = self.chance.randrange(len(body))
            os.write(file, body[:piece])
            if self.left < 20:  # half of those who wrote a piece are gone, the others hear of a full disk
                raise Death
            return piece
        return self._writev(file, parts)

    def fdatasync(self, file: int) -> None:
        """Sync, or fail; the process may die when all is on disk and nobody has been answered."""
        self.step()
        if self.chance.random() < 0.05:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._fdatasync(file)
        self.step()

    def remove(self, log: WriteAheadLog, path: Path) -> None:
        """Remove a segment; the process may die before and after it."""
        self.step()
        self._remove(log, path)
        self.step()


@pytest.mark.parametrize("seed", [20261129, pytest.param(7, marks=pytest.mark.slow)])
def test_deaths_by_the_hundred_lose_nothing_double_nothing_and_invent_nothing(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    fate = Fate(chance, monkeypatch)
    stored: dict[int, list[str]] = {}
    sent: list[list[str]] = []
    answered: dict[int, list[str]] = {}
    groups = [group(number) for number in range(12)]
    deaths = starts = replays = refused = 0
    while deaths < DEATHS:
        fate.left = chance.randrange(1, 40)
        backlog = Backlog(_as_store(Store(stored, fate.step)), tmp_path / "accepted", most=chance.choice([3, 10, 100]))
        starts += 1
        try:
            backlog.open()
            replays += 1
            for _ in range(chance.randrange(1, 12)):
                events = groups[chance.randrange(len(groups))]
                sent.append(events["id"].to_pylist())
                try:
                    batch = backlog.append(events, NONE)
                except DiskFullError:
                    refused += 1
                    continue
                assert batch not in answered
                answered[batch] = events["id"].to_pylist()
                if chance.random() < 0.4:
                    with backlog._store.writing.lock:
                        backlog.bring()
        except Death:
            deaths += 1
        backlog.close()
    fate.left = 0
    last = Backlog(_as_store(Store(stored, lambda: None)), tmp_path / "accepted")
    last.open()
    last.close()
    assert list((tmp_path / "accepted").iterdir()) == []
    assert {batch: stored[batch] for batch in answered} == answered
    # what nobody was answered for may be there, as it was sent, or not at all
    assert all(ids in sent for ids in stored.values())
    assert len(stored) <= len(sent)
    assert min(starts - replays, refused, len(answered)) > 10  # there were deaths in replay, and full disks


def _as_store(store: Store) -> Any:
    return store


def test_a_group_is_read_as_it_was_written(tmp_path: Path) -> None:
    stored: dict[int, list[str]] = {}
    backlog = Backlog(_as_store(Store(stored, lambda: None)), tmp_path / "accepted")
    backlog.open()
    batch = backlog.append(group(3), NONE)
    backlog.close()
    read: list[pa.Table] = []
    store = Store(stored, lambda: None)
    store.write_groups = lambda groups: read.extend(one.events for one in groups)  # type: ignore[method-assign]
    Backlog(_as_store(store), tmp_path / "accepted").open()
    assert batch == 1
    assert [table.to_pylist() for table in read] == [group(3).to_pylist()]
