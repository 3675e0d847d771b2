"""What was accepted and is not in the store yet: durable in a write-ahead log, and brought in by the thousand.

A group of events costs an append and a sync before it is answered; an insert costs tens of milliseconds, whatever it
holds. Groups are stored under the numbers that they were given as they were accepted, so what is brought in twice,
because the process died in between, is there once. Whoever must see what was accepted enters `PrivateStore.writing`.
"""

from __future__ import annotations

import logging
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa

from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.writing import Group
from nytta.storage.errors import DiskFullError, StoppedError, StoreError, answering
from nytta.storage.wal import WriteAheadLog

_HEAD: Final = struct.Struct("<HQQ")
"""Version of a record, number of the batch, and bytes of its events; their rejects follow."""
_VERSION: Final = 1
_RETRY_SECONDS: Final = 5.0
"""Seconds after which groups that could not be stored are tried again."""

_log = logging.getLogger(__name__)


class BacklogFullError(StoreError):
    """More was accepted than may wait for the store."""


@dataclass
class _SegmentGroups:
    """The groups of one segment of the log."""

    path: Path
    groups: list[Group] = field(default_factory=list)
    events: int = 0


class Backlog:
    """Groups on their way into a store. One thread appends; any brings in what waits.

    A part of at most `most` events is brought in at once; more than `room` may not wait.
    """

    def __init__(
        self,
        store: PrivateStore,
        folder: Path,
        *,
        seconds: float = 1.0,
        most: int = 20_000,
        room: int = 200_000,
    ) -> None:
        """`seconds` is how long a group may wait when nobody asks for it."""
        self._store = store
        self._wal = WriteAheadLog(folder)
        self._seconds = seconds
        self._most = most
        self._room = room
        self._segments: deque[_SegmentGroups] = deque()
        self._events = 0
        self._changing = threading.Condition()
        """Held by whoever touches the segments."""
        self._oldest = 0.0
        """When the group that has waited longest was accepted, or the one before it was stored (monotonic)."""
        self._ending = False
        store.writing.backlog = self

    def open(self) -> None:
        """Bring in what an earlier process accepted and could not store. StoreError where that cannot be read.

        Nothing is done where another process has the log: what it accepts, it brings in.
        """
        if not self._wal.hold():
            return
        for segment in self._wal.segments():
            groups = [_read(body, segment.path) for body in segment.records]
            # before anything is stored: no new batch may get a number that one of them bears
            for group in groups:
                self._store.know_batch(group.batch)
            for portion in _portions(groups, self._most):
                self._store.write_groups(portion)
            # whole groups of a damaged segment are stored; the file stays for whoever can read more of it
            if segment.damaged:
                aside = self._wal.put_aside(segment.path)
                _log.error(
                    "accepted events in %s are damaged: the others were stored, and the file is kept",
                    aside,
                )
            else:
                self._wal.remove(segment.path)

    def close(self) -> None:
        """Let go of the log: what could not be brought in is brought in at the next start."""
        with self._changing:
            self._wal.close()

    @property
    def waits(self) -> bool:
        """Whether anything is not in the store yet."""
        return bool(self._segments)

    def holds(self, batch: int) -> bool:
        """Whether a batch is not in the store yet."""
        with self._changing:
            # segments and groups go in the order of their numbers, so the first one waiting decides
            return self.waits and batch >= self._segments[0].groups[0].batch

    def append(self, events: pa.Table, rejects: pa.Table) -> int:
        """Accept placed events and sealed rejects; durable when it returns, with the number of their batch.

        BacklogFullError where too much waits, DiskFullError where there is no room for it.
        """
        event_count = len(events) + len(rejects)
        with self._changing:
            # where nothing waits, a group larger than the room is taken too: it would never fit otherwise
            if self._segments and self._events + event_count > self._room:
                raise BacklogFullError(
                    "more events were accepted than may wait for the store: send them again later"
                )
        self._store.connection.check_room()
        group = Group(self._store.number_batch(), events, rejects)
        if not event_count:
            return group.batch
        group_bytes = _written(group)
        with self._changing:
            # a segment is what is stored at once, so it ends where that is enough
            if self._segments and self._segments[-1].events >= self._most:
                self._wal.cut()
            try:
                path = self._wal.append(group_bytes)
            except OSError as error:
                raise DiskFullError(
                    f"events could not be kept in {self._wal.folder}: {error}"
                ) from error
            if not self._segments:
                self._oldest = time.monotonic()
            if not self._segments or self._segments[-1].path != path:
                self._segments.append(_SegmentGroups(path))
            segment = self._segments[-1]
            segment.groups.append(group)
            segment.events += event_count
            self._events += event_count
            self._changing.notify_all()
        return group.batch

    def bring(self) -> None:
        """Bring in all that was accepted until now; for whoever holds the lock of `PrivateStore.writing`."""
        # until now: under steady load there would always be more
        with self._changing:
            last_batch = self._segments[-1].groups[-1].batch if self._segments else 0
        while (segment := self._first(last_batch)) is not None:
            # without the lock: groups are accepted while others are being stored
            self._store.write_groups(segment.groups)
            with self._changing:
                self._segments.popleft()
                self._events -= segment.events
                self._oldest = time.monotonic()
            # last: a process that dies before this stores the same groups again, under the same numbers
            self._wal.remove(segment.path)

    def _first(self, last_batch: int) -> _SegmentGroups | None:
        """The segment that has waited longest, to which nothing is added any more; None where all came later."""
        with self._changing:
            if not self._segments or self._segments[0].groups[0].batch > last_batch:
                return None
            # the one that is being written into
            if len(self._segments) == 1:
                self._wal.cut()
            return self._segments[0]

    @contextmanager
    def draining(self) -> Iterator[None]:
        """While this is entered, a thread brings in what waits; on leaving, what is left is brought in."""
        thread = threading.Thread(target=self._drain, name="drain", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with self._changing:
                self._ending = True
                self._changing.notify_all()
            thread.join()

    def _drain(self) -> None:
        pause = 0.0
        while self._due(pause):
            pause = 0.0
            try:
                # entering it brings everything in
                with answering(), self._store.writing:
                    pass
            except StoppedError:
                return
            except DiskFullError as error:
                _log.error("accepted events wait for the store: %s", error)
                pause = _RETRY_SECONDS
            # whatever it is: without this thread nothing that was accepted would be stored until the next start
            except Exception:
                _log.exception("accepted events could not be stored; it is tried again")
                pause = _RETRY_SECONDS
            if pause and self._ending:
                _log.warning("accepted events are stored at the next start")
                return

    def _due(self, pause: float) -> bool:
        """Wait until something is to be brought in; False where nothing is any more."""
        with self._changing:
            self._changing.wait_for(lambda: self._ending, pause)
            while not self._ending:
                if not self._segments:
                    self._changing.wait()
                    continue
                seconds_left = self._oldest + self._seconds - time.monotonic()
                if self._events >= self._most or seconds_left <= 0:
                    return True
                self._changing.wait(seconds_left)
            return bool(self._segments)


def _portions(groups: Sequence[Group], most: int) -> Iterator[list[Group]]:
    """The groups in their order, in portions of at most `most` rows; a larger group is one alone."""
    portion: list[Group] = []
    for group in groups:
        if portion and sum(map(len, portion)) + len(group) > most:
            yield portion
            portion = []
        portion.append(group)
    if portion:
        yield portion


def _written(group: Group) -> tuple[bytes, bytes, bytes]:
    events, rejects = _stream(group.events), _stream(group.rejects)
    return _HEAD.pack(_VERSION, group.batch, len(events)), events, rejects


def _stream(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return bytes(memoryview(sink.getvalue()))


def _read(group_bytes: bytes, path: Path) -> Group:
    version, batch, events_size = _HEAD.unpack_from(group_bytes)
    if version != _VERSION:
        raise StoreError(
            f"{path} holds accepted events as a newer version of Nytta wrote them (format {version}): start that "
            "version once, which stores them"
        )
    events_end = _HEAD.size + events_size
    events = pa.ipc.open_stream(group_bytes[_HEAD.size : events_end]).read_all()
    rejects = pa.ipc.open_stream(group_bytes[events_end:]).read_all()
    return Group(batch, events, rejects)
