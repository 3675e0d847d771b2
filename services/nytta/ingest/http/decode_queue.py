"""Requests wait here for a moment, so that many small ones are decoded and made durable together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import pyarrow as pa

from nytta.ingest.http.acceptance import Acceptance
from nytta.ingest.http.validation import EventRequest, Judged

T = TypeVar("T")

# decoding holds the interpreter: two keep both the processor and the event loop busy
_THREADS: Final = 2
_DECODED_TOGETHER: Final = 1 << 20
"""Bytes of bodies that are decoded together; a larger one is decoded alone."""

_SMALL_BODY: Final = 1 << 13
"""Bytes of a body beside which it costs more to begin decoding than to decode."""
_GATHERING_SECONDS: Final = 0.005
"""So long little ones gather: about as long as the sync takes that follows."""

Judge = Callable[[Sequence[EventRequest]], tuple[pa.Table, list[Judged]]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    request: EventRequest
    answer: asyncio.Future[Judged]


class DecodeQueue:
    """Judges requests off the event loop, as many at a time as have come while others were judged."""

    def __init__(self, judge: Judge, acceptance: Acceptance) -> None:
        self._judge = judge
        self._acceptance = acceptance
        self._queue: deque[_Waiting] = deque()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="decode")
        self._busy = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Release the threads."""
        self._threads.shutdown()

    async def run(self, work: Callable[[], T]) -> T:
        """Do other work of a request on the same threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def take(self, request: EventRequest) -> Judged:
        """What became of a request, once its events and rejects are durable. Raises what `Acceptance.put` raises."""
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        # those that come while the threads are busy become a group
        if self._busy < _THREADS:
            self._busy += 1
            self._start(self._work())
        return await waiting.answer

    def _start(self, work: Coroutine[None, None, None]) -> None:
        # kept, for the loop holds tasks weakly: one that nobody holds may vanish before it ends
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        """Judge what waits until nothing does."""
        try:
            while self._queue:
                if len(self._queue[0].request.body) < _SMALL_BODY:
                    await asyncio.sleep(_GATHERING_SECONDS)
                if self._queue:  # else the other thread has taken all
                    await self._judge_group(self._next_group())
        finally:
            self._busy -= 1

    def _next_group(self) -> list[_Waiting]:
        group = [self._queue.popleft()]
        size = len(group[0].request.body)
        while self._queue and size + len(self._queue[0].request.body) <= _DECODED_TOGETHER:
            group.append(self._queue.popleft())
            size += len(group[-1].request.body)
        return group

    async def _judge_group(self, group: list[_Waiting]) -> None:
        try:
            events, judged = await self.run(
                lambda: self._judge([waiting.request for waiting in group])
            )
        except Exception as error:
            if len(group) == 1:
                _fail(group, error)
                return
            # the fault of one is not its neighbours'
            for waiting in group:
                await self._judge_group([waiting])
            return
        # not awaited: the next group is decoded while this one becomes durable
        self._start(self._put(group, events, judged))

    async def _put(self, group: list[_Waiting], events: pa.Table, judged: list[Judged]) -> None:
        rejects = [reject for outcome in judged for reject in outcome.rejects]
        try:
            batch_number = await self._acceptance.put(events, rejects)
        except Exception as error:
            _fail(group, error)
            return
        for waiting, outcome in zip(group, judged, strict=True):
            if not waiting.answer.done():  # else its sender is gone
                waiting.answer.set_result(replace(outcome, batch=batch_number))


def _fail(group: list[_Waiting], error: Exception) -> None:
    for waiting in group:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
