"""Uvicorn as a part of a process: no signal handlers of its own, and no patience with senders that say nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any, Final

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_ANSWERED_SECONDS: Final = 4.0
"""So long requests under way have to be answered when the server stops."""


def server(app: ASGIApp, *, seconds: float = 30) -> Server:
    """A server of `app`. A connection whose request's head does not come within `seconds` is closed."""

    class Protocol(_Impatient):
        head_seconds = seconds

    return Server(
        uvicorn.Config(
            _Quiet(app),
            http=Protocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            # the socket's peer is who asks: uvicorn would believe X-Forwarded-For from every process of this machine
            proxy_headers=False,
        )
    )


class Server(uvicorn.Server):
    """A server that stops when told to with `should_exit`, and leaves signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def listen(self, bound: socket.socket) -> None:
        """Serve on a bound socket until `should_exit`; requests under way are answered first, within seconds."""
        await self.serve([bound])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nothing more, and return when what is under way is answered or given up."""
        giving_up = asyncio.create_task(self._give_up())
        try:
            await super().shutdown(sockets)
        finally:
            giving_up.cancel()

    async def _give_up(self) -> None:
        """Close connections that are too slow, to send or to read, and then leave what is being made for them."""
        await asyncio.sleep(_ANSWERED_SECONDS)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(_ANSWERED_SECONDS / 4)
        for task in list(self.server_state.tasks):
            task.cancel()


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


class _Quiet:
    """An application whose requests may be broken off when the server stops: nobody is left who would read of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await self._app(scope, receive, send)


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
