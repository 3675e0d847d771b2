"""Bodies of requests to the console, read within bounds of size and time."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import Message, Receive

from nytta.surfaces.console.parts import Refused

FORM_BYTES: Final = 1 << 20
"""Bytes of a form: the largest holds a mapping."""
FORM_SECONDS: Final = 10.0
UPLOAD_SECONDS: Final = 15.0
"""Seconds in which a body must begin to come; a large one has more, at `_PACE`."""
_PACE: Final = 32 << 10
"""Bytes per second that a body must come with at least."""


def bounded(receive: Receive, most_bytes: int, seconds: float) -> Receive:
    """`receive` for a body of at most `most_bytes` that comes within `seconds`, and a second more for each 32 KiB.

    Raises Refused: 413 for more bytes, 408 for slower ones.
    """
    received = 0
    started = asyncio.get_running_loop().time()

    async def receive_in_time() -> Message:
        nonlocal received
        try:
            async with asyncio.timeout_at(started + seconds + received / _PACE):
                message = await receive()
        except TimeoutError:
            raise Refused(408, "slow_body") from None
        received += len(message.get("body", b""))
        if received > most_bytes:
            raise Refused(413, "too_large", most=most_bytes >> 20)
        return message

    return receive_in_time
