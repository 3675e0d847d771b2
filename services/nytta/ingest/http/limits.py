"""What a sender may take: bytes, time and events per second."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Final

from nytta.ingest.http.problems import Problem

_GZIP: Final = 31  # zlib's window bits for a gzip member
# bytes at a time: what follows a member is copied for each
_PIECE: Final = 1 << 16
# each member costs a new decompressor, however few bytes it holds
_MEMBERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one gateway."""

    body: int = 16 << 20
    """Bytes of a request's body, after decompression."""
    rate: float = 20_000
    """Events per second and token, over a while; a request counts as one event at least."""
    burst: float = 10
    """Seconds of that rate that may come at once."""
    seconds: float = 30
    """Seconds in which a request's head, and then its body, must have come."""
    held: int = 128 << 20
    """Bytes of bodies that may be held at a time; beyond, senders are told to wait."""
    bodies: int = 1_000
    """Bodies that may come in at a time; beyond, senders are told to wait."""


@dataclass(slots=True)
class Bucket:
    """The events a token may still send. Goes below zero by one request, then waits until it is above it again."""

    rate: float
    size: float
    level: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.size

    def wait(self, current_time: float) -> float:
        """Seconds until the next request may come; 0 when it may."""
        earned = (current_time - self.at) * self.rate
        self.level = min(self.size, self.level + earned)
        self.at = current_time
        if self.level > 0:
            return 0.0
        # one event beyond the debt: at zero nothing may come yet
        return -self.level / self.rate + 1 / self.rate

    def take(self, events: int) -> None:
        """Count the events of a request."""
        self.level -= max(1, events)


def too_large(limit: int) -> Problem:
    """The answer to a body of more than `limit` bytes."""
    return Problem(
        413,
        f"the body has more than {limit} bytes: send fewer events at a time",
        reason="too_large",
    )


def gunzip(body: bytes, limit: int) -> bytes:
    """A gzip body as it was before, at most `limit` bytes. Raises Problem: 413 beyond, 400 for what is not gzip."""
    unpacked_chunks: list[bytes] = []
    # bytes that may still come: one more than the limit tells that there would be more, and no bomb is unpacked
    room = limit + 1
    member = zlib.decompressobj(_GZIP)
    members = 1
    for start in range(0, len(body), _PIECE):
        chunk = body[start : start + _PIECE]
        while chunk:
            if member.eof:
                member = zlib.decompressobj(_GZIP)
                members += 1
                if members > _MEMBERS:
                    raise Problem(
                        400, f"the gzip body has more than {_MEMBERS} members: compress it as one"
                    )
            try:
                unpacked_chunk = member.decompress(chunk, room)
            except zlib.error:
                raise Problem(400, "the body is not gzip, as Content-Encoding says") from None
            unpacked_chunks.append(unpacked_chunk)
            room -= len(unpacked_chunk)
            if room <= 0:
                raise too_large(limit)
            chunk = member.unused_data
    if body and not member.eof:
        raise Problem(400, "the gzip body ends before its end")
    return b"".join(unpacked_chunks)
