"""Making and writing side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def behind(items: Iterable[T], write: Callable[[T], object]) -> Iterator[T]:
    """Each item after it was written; while one is being written, the next is made."""
    # one thread and one item ahead: order is kept, and memory holds two items whatever their number
    with ThreadPoolExecutor(1) as writer:
        pending: tuple[Future[object], T] | None = None
        for item in items:
            if pending:
                yield _written(pending)
            pending = (writer.submit(write, item), item)
        if pending:
            yield _written(pending)


def _written(pending: tuple[Future[object], T]) -> T:
    writing, item = pending
    # raises what the writer raised, so that nothing comes out which is not durable
    writing.result()
    return item
