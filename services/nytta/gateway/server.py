"""Uvicorn as a part of a process: no signal handlers of its own, and no patience with senders that say nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

_STOPPING_SECONDS = 20


def server(app: ASGIApp, *, seconds: float = 30) -> Server:
    """A server of `app`. A connection whose request's head does not come within `seconds` is closed."""

    class Protocol(_Impatient):
        head_seconds = seconds

    return Server(
        uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            # the socket's peer is who asks: uvicorn would believe X-Forwarded-For from every process of this machine
            proxy_headers=False,
            timeout_graceful_shutdown=_STOPPING_SECONDS,
        )
    )


class Server(uvicorn.Server):
    """A server that stops when told to with `should_exit`, and leaves signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def listen(self, bound: socket.socket) -> None:
        """Serve on a bound socket until `should_exit`; requests under way are answered first."""
        await self.serve([bound])


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # asyncio sets it only on sockets that name their protocol; without it an answer waits 40 ms for the head's ACK
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.bind((host, port))
        bound.listen(2048)
    except BaseException:
        bound.close()
        raise
    return bound


class _Impatient(H11Protocol):
    """Uvicorn's protocol, which bounds the time between requests but not that of a request's head."""

    head_seconds: float
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._forget()

    def _watch(self) -> None:
        """Start the clock where a head is awaited, stop it where one has come."""
        if self.conn.their_state is not h11.IDLE:
            self._forget()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _forget(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self, *_: Any) -> None:
        self._head_timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()
