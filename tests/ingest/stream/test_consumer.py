"""How messages are taken, worked on and acknowledged: in order, one ahead, and nothing after an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nytta.ingest.stream.cluster import Cluster
from nytta.ingest.stream.consumer import _message, consume, every
from nytta.ingest.stream.messages import Message

CLUSTER = Cluster(("broker:9092",), "nytta", "PLAINTEXT", "", "", "", None)


class App:
    """As much of Faust's app as a stream is given to."""

    def __init__(self) -> None:
        self.crashed: list[BaseException] = []
        self.should_stop = False
        self.agents: list[Callable[[Any], Awaitable[None]]] = []
        self.tasks: list[Callable[[], Awaitable[None]]] = []

    def topic(self, name: str, **_: Any) -> str:
        return name

    def agent(self, topic: str, *, name: str, concurrency: int) -> Callable[[Any], None]:
        assert (topic, name, concurrency) == ("nytta.usage", "usage", 1)
        return self.agents.append

    def task(self, task: Callable[[], Awaitable[None]]) -> None:
        self.tasks.append(task)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    async def crash(self, error: BaseException) -> None:
        self.crashed.append(error)
        self.should_stop = True


class Stream:
    """Takes of two messages each; it remembers what was acknowledged."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.enable_acks = True
        self.acknowledged: list[int] = []

    async def noack_take(self, most: int, within: float) -> AsyncIterator[list[Any]]:
        assert (most, within) == (2, 0.1)
        for first in range(0, 2 * self.takes, 2):
            yield [event(offset) for offset in (first, first + 1)]
            await asyncio.sleep(0)

    async def ack(self, taken: Any) -> None:
        self.acknowledged.append(taken.message.offset)


def event(offset: int) -> Any:
    message = SimpleNamespace(value=b"%d" % offset, timestamp=1.0, topic="nytta.usage", partition=3, offset=offset)
    return SimpleNamespace(message=message, headers={})


def run(takes: int, work: Callable[[list[int]], Awaitable[None]], told: list[str]) -> tuple[App, Stream]:
    """Have an agent work on so many takes; `told` hears when each is prepared."""
    app, stream = App(), Stream(takes)
    given: Any = app

    async def prepare(messages: Sequence[Message]) -> list[int]:
        assert messages[0].position == f"nytta.usage/3 offset {int(messages[0].value or b'')}"
        told.append(f"prepared {int(messages[0].value or b'')}")
        return [int(message.value or b"") for message in messages]

    consume(given, CLUSTER, "usage", prepare, work, most=2, within=0.1)
    asyncio.run(_ended(app.agents[0](stream)))
    return app, stream


async def _ended(agent: Awaitable[None]) -> None:
    with suppress(OSError):
        await agent


def test_the_next_is_prepared_while_the_last_is_worked_on_and_all_is_acknowledged_in_order() -> None:
    told: list[str] = []

    async def work(numbers: list[int]) -> None:
        told.append(f"begun {numbers[0]}")
        await asyncio.sleep(0.02)
        told.append(f"done {numbers[0]}")

    app, stream = run(3, work, told)
    assert told == [
        *("prepared 0", "begun 0", "prepared 2", "done 0"),
        *("begun 2", "prepared 4", "done 2"),
        *("begun 4", "done 4"),
    ]
    assert (stream.acknowledged, app.crashed) == ([0, 1, 2, 3, 4, 5], [])


@pytest.mark.parametrize("fails", [0, 2, 4])
def test_after_an_error_the_process_ends_and_nothing_more_is_acknowledged(fails: int) -> None:
    async def work(numbers: list[int]) -> None:
        await asyncio.sleep(0.005)
        if numbers[0] == fails:
            raise OSError("the store is away")

    app, stream = run(3, work, [])
    assert stream.acknowledged == list(range(fails))
    assert {str(error) for error in app.crashed} == {"the store is away"}
    assert not stream.enable_acks  # else Faust would acknowledge by itself what comes when the agent is gone

    # Faust starts a dead agent anew while the process ends: what comes behind what failed is left for the next process
    following: Any = Stream(3)
    asyncio.run(_ended(app.agents[0](following)))
    assert following.acknowledged == []


@pytest.mark.parametrize(
    ("timestamp", "known"),
    [(1.7e9, True), (None, False), (-0.001, False), (0, False), (2.0**62 / 1000, False), (4e9, False)],
)
def test_the_time_of_a_message_is_the_brokers_where_it_can_be(timestamp: float | None, known: bool) -> None:
    given = SimpleNamespace(value=b"{}", timestamp=timestamp, topic="nytta.usage", partition=3, offset=17)
    before = datetime.now(UTC)
    taken = _message(SimpleNamespace(message=given, headers=[("content-type", None)]))
    assert taken.headers == {"content-type": None}
    assert taken.position == "nytta.usage/3 offset 17"
    assert (taken.stored_at.timestamp() == timestamp) if known else before <= taken.stored_at <= datetime.now(UTC)


def test_what_is_done_again_and_again_ends_the_process_when_it_fails() -> None:
    app = App()
    given: Any = app
    times: list[int] = []

    async def work() -> None:
        times.append(1)
        if len(times) == 3:
            raise OSError("the store is away")

    every(given, 1.0, work)
    with pytest.raises(OSError, match="the store is away"):
        asyncio.run(app.tasks[0]())  # type: ignore[arg-type]
    assert (len(times), len(app.crashed)) == (3, 1)
