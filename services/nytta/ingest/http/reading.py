"""The body of a request, read within bounds of size, time and memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from starlette.requests import Request

from nytta.ingest.http.acceptance import Busy
from nytta.ingest.http.limits import Limits, too_large
from nytta.ingest.http.problems import Problem

# times the limit: so much of a body that is too large is read, so that the answer is heard
_DISCARDED: Final = 8
# of a length that may be within the limit
_DIGITS: Final = 15


class BodyMemory:
    """How many bodies, and bytes of them, all requests hold together."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.bodies = 0
        self.bytes = 0

    @contextmanager
    def body(self) -> Iterator[bytearray]:
        """A place for one body, which counts until it is left. Raises Busy where there are too many."""
        if self.bodies >= self.limits.bodies:
            raise Busy("too many requests are under way")
        self.bodies += 1
        buffer = bytearray()
        try:
            yield buffer
        finally:
            self.bodies -= 1
            self.bytes -= len(buffer)

    def add(self, buffer: bytearray, chunk: bytes) -> None:
        """More of a body. Raises Busy where all bodies together are too many, unless it is the only one."""
        # the only one is let through, or a body larger than what all may hold could never come
        if self.bytes > len(buffer) and self.bytes + len(chunk) > self.limits.held:
            raise Busy("the requests under way are too large together")
        buffer += chunk
        self.bytes += len(chunk)


async def read_body(request: Request, memory: BodyMemory, buffer: bytearray) -> None:
    """Read the body into `buffer`. Raises Problem: 413 for too many bytes, 408 for a sender that is too slow."""
    limit = memory.limits.body
    declared = request.headers.get("content-length", "")
    if _more(declared, limit) and "100-continue" in request.headers.get("expect", "").lower():
        raise too_large(limit)  # it waits for a word before it sends
    try:
        async with asyncio.timeout(memory.limits.seconds):
            bytes_read = 0
            async for chunk in request.stream():
                bytes_read += len(chunk)
                if bytes_read > limit * _DISCARDED:
                    break
                if bytes_read <= limit:
                    memory.add(buffer, chunk)
    except TimeoutError:
        raise Problem(
            408,
            f"the body did not come within {memory.limits.seconds:g} seconds",
            headers={"Connection": "close"},
        ) from None
    if bytes_read > limit:
        problem = too_large(limit)
        # what is left of the body would be taken for the next request
        problem.headers["Connection"] = "close"
        raise problem


def _more(declared: str, limit: int) -> bool:
    """Whether a length, as a header has it, is more than the limit; a text that is no length is not."""
    if not declared.isdecimal() or not declared.isascii():
        return False
    # so long a text is not made a number of: it may be of any length
    return len(declared) > _DIGITS or int(declared) > limit
