"""Group commit: what many requests bring within a moment is written once, then all of them are answered."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from nytta.ingest.events.batch import Reject
from nytta.ingest.events.columns import join
from nytta.ingest.http.acceptance import Busy, Refusal, Unavailable
from nytta.storage.errors import DiskFullError

Write = Callable[[pa.Table, Sequence[Reject]], int | None]
"""Stores events and rejects; when it returns, they are durable, and the batch has this number."""

_RETRY_SECONDS: Final = 10.0
"""Seconds after a write that failed for which the service is not ready."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    events: pa.Table
    rejects: Sequence[Reject]
    answer: asyncio.Future[int | None]

    def __len__(self) -> int:
        return len(self.events) + len(self.rejects)


class GroupCommit:
    """The acceptance of one process that owns its store: one thread writes; what comes meanwhile is the next group, of
    `most` events at most.

    At most `room` events wait; beyond, senders are told to. Use it as an asynchronous context: on leaving, what
    waits is written and answered, and nothing more is taken.
    """

    def __init__(self, write: Write, *, most: int = 20_000, room: int = 200_000) -> None:
        self._write = write
        self._most = most
        self._room = room
        self._queue: deque[_Waiting] = deque()
        self._events = 0
        self._arrived = asyncio.Event()
        self._closing = False
        self._failure = ""
        self._failed = 0.0
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> GroupCommit:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing = True
        self._arrived.set()
        if self._task:
            await self._task
        self._writer.shutdown()

    @property
    def waiting(self) -> int:
        """Events and rejects that are not yet durable."""
        return self._events

    async def ready(self) -> None:
        """As `Acceptance.ready`: not while stopping, and for some seconds not after a write that failed.

        Then it is worth a try again: nobody would send where nothing is ready.
        """
        if self._closing:
            raise Unavailable("the service is stopping")
        if self._failure and time.monotonic() - self._failed < _RETRY_SECONDS:
            raise Unavailable(self._failure, _RETRY_SECONDS)

    async def put(self, events: pa.Table, rejects: Sequence[Reject]) -> int | None:
        """As `Acceptance.put`."""
        if self._closing:
            raise Unavailable("the service is stopping", 5)
        waiting = _Waiting(events, rejects, asyncio.get_running_loop().create_future())
        if not len(waiting):
            return None
        # where nothing waits, a request larger than the room is taken too: it would never fit otherwise
        if self._queue and self._events + len(waiting) > self._room:
            raise Busy("more events are waiting to be stored than may wait")
        self._queue.append(waiting)
        self._events += len(waiting)
        self._arrived.set()
        return await waiting.answer

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            if not self._queue:
                if self._closing:
                    return
                self._arrived.clear()
                continue
            await self._commit(self._next_group())

    def _next_group(self) -> list[_Waiting]:
        group = [self._queue.popleft()]
        event_count = len(group[0])
        while self._queue and event_count + len(self._queue[0]) <= self._most:
            group.append(self._queue.popleft())
            event_count += len(group[-1])
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        rejects = [reject for waiting in group for reject in waiting.rejects]
        failure: Exception | None = None
        batch_number: int | None = None
        try:
            events = join([waiting.events for waiting in group])
            loop = asyncio.get_running_loop()
            # one thread writes: groups become durable in the order in which they came
            batch_number = await loop.run_in_executor(self._writer, self._write, events, rejects)
        except Refusal as error:
            failure = error
        except DiskFullError as error:
            _log.error("events were not stored: %s", error)
            failure = error
        except Exception as error:
            _log.exception("events could not be stored")
            failure = error
        self._failure = str(failure) if failure else ""
        self._failed = time.monotonic()
        for waiting in group:
            self._events -= len(waiting)
            if waiting.answer.done():  # its sender is gone
                continue
            if isinstance(failure, Refusal):
                waiting.answer.set_exception(failure)
            elif failure:  # without its message, which may tell of the inside
                waiting.answer.set_exception(
                    Unavailable("the events could not be stored; send them again", 5)
                )
            else:
                waiting.answer.set_result(batch_number)
