"""Uvicorn as a part of a process: no signal handlers of its own, no patience with peers that say nothing, and a bound
on how many may be connected."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

import httptools
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LINGER_SECONDS: Final = 2.0
"""How long the rest of a body is still read after its answer, so that the answer is heard before all ends."""
_TAKING_SECONDS: Final = 30.0
"""How long a peer may leave an answer that waits for it untaken."""
_CONNECTIONS: Final = 1_000
"""Connections at a time, where a process may have as many open files."""
_FULL_ANSWER: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Retry-After: 5\r\n"
    b"Connection: close\r\n"
    b"Content-Length: 0\r\n\r\n"
)
_SENT_AT_ONCE: Final = 1 << 16
"""Bytes of an answer that are sent at once."""
_FRAMING_BYTES: Final = 1 << 16
"""So long a request's head may be, or what stands around the pieces of its body, before more of it must have come."""
_FRAMING_OF_BYTE: Final = 8
"""By how much each byte of a body lets the rest be longer: a piece of one byte has five around it."""
_INVALID: Final = "Invalid HTTP request received."
_TOO_LONG: Final = "The head of the request is too long."
_TICK_SECONDS: Final = 1.0
"""How old the date of an answer may be; who waits for requests alone wakes no sooner."""
_ANSWERED_SECONDS: Final = 4.0
"""So long requests under way have to be answered when the server stops."""


def server(app: ASGIApp, *, seconds: float = 30, connections: int = _CONNECTIONS) -> Server:
    """A server of `app`, with at most so many connections.

    A connection whose request's head does not come within `seconds` is closed. Where all places are taken, whoever has
    been waited for longest gives way to the next who comes; where everybody is being answered, the next one hears 503.
    """
    waiting: dict[_BoundedProtocol, None] = {}

    class Protocol(_BoundedProtocol):
        head_seconds = seconds
        most = min(connections, _descriptors() // 2)
        awaited = waiting

    return Server(
        uvicorn.Config(
            _Cancellable(app),
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

    def __init__(self, config: uvicorn.Config) -> None:
        # before uvicorn's own, which sets `should_exit`
        self._exit_asked = asyncio.Event()
        super().__init__(config)

    @property
    def should_exit(self) -> bool:
        """Whether it was told to stop; to be set in the thread of its loop."""
        return self._exit_asked.is_set()

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        if value:
            self._exit_asked.set()
        else:
            self._exit_asked.clear()

    async def main_loop(self) -> None:
        """Return when told to stop: uvicorn's own loop looks ten times a second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._exit_asked.wait(), _TICK_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def listen(self, bound: socket.socket) -> None:
        """Serve on a bound socket until `should_exit`; requests under way are answered first, within seconds."""
        await self.serve([bound])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nothing more, and return when what is under way is answered or given up."""
        # uvicorn waits for requests under way: a peer that stops in the middle of one would hold the process for ever
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
        # then what is made for nobody: the connections that would have got it are gone
        await asyncio.sleep(_ANSWERED_SECONDS / 4)
        for task in list(self.server_state.tasks):
            task.cancel()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # bound here rather than by uvicorn, which would end the process where the address is taken
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


def _descriptors() -> int:
    """How many files this process may have open, after asking for all that it may ask for."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # a sandbox may forbid it: what is there must do
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return allowed if allowed != resource.RLIM_INFINITY else 1 << 20


class _Timer:
    """One appointment at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None

    def start(self, seconds: float, call: Callable[[], None]) -> None:
        """Call after so many seconds, unless stopped or started anew."""
        self.stop()
        self._handle = self._loop.call_later(seconds, call)

    def stop(self) -> None:
        """Call no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class _GatheringTransport:
    """A transport that sends together what is written in one turn of the loop: the head of an answer and its body."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, chunk: bytes) -> None:
        """Send it when the loop comes around, or at once where it is much."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(chunk)
        self._size += len(chunk)
        # else a long answer would not wait for its reader
        if self._size > _SENT_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Close it when all is sent."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        pieces = self._pieces
        self._pieces = []
        self._size = 0
        if pieces:
            self._transport.write(b"".join(pieces))


class _Cancellable:
    """An application whose requests may be broken off when the server stops: nobody is left who would read of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await self._app(scope, receive, send)


class _BoundedProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which bounds the time between requests, but not that of a head, of the rest of a body whose
    answer is given, or of an answer that nobody takes; nor the size of a head.

    Its parser refuses requests whose end is told in two ways (RFC 9112, 6.1), and closes the connection: so is one
    smuggled past a proxy that believes the other way.
    """

    head_seconds: float
    most: int
    awaited: dict[_BoundedProtocol, None]
    """Connections whose next request has not come, the longest waited for first."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._head = _Timer(self.loop)
        self._linger = _Timer(self.loop)
        self._taking = _Timer(self.loop)
        self._framing = 0
        """Bytes of the request under way that are no body."""
        # asked before uvicorn counts this one among them
        is_full = len(self.connections) >= self.most
        longest = next(iter(self.awaited), None)
        gathering = _GatheringTransport(transport, self.loop)
        super().connection_made(cast(asyncio.Transport, gathering))
        if is_full:
            # every connection is being answered: none gives way
            if longest is None:
                transport.write(_FULL_ANSWER)
                transport.close()
                return
            longest.give_way()
        self._watch()

    def data_received(self, data: bytes) -> None:
        self._framing += len(data)
        self._unset_keepalive_if_required()
        while data:
            data = self._read(data)
        # the parser keeps what it has of a line until its end comes, however long it grows
        if self._framing > _FRAMING_BYTES:
            self._refuse(_TOO_LONG)
        self._watch()

    def _read(self, data: bytes) -> bytes:
        """Give the parser what came; what of it is to be read once more."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            return self._without_offer(data[offer.args[0] :])
        except httptools.HttpParserError:
            self._refuse(_INVALID)
        return b""

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        self._linger.stop()
        self._taking.stop()
        super().connection_lost(exc)

    def on_header(self, name: bytes, value: bytes) -> None:
        # the parser gives what follows a body in pieces as headers too: nobody asks for it
        if not self._is_body_due:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        # which host was asked for is told once (RFC 9112, 3.2): of two, a proxy may have looked at the other one
        hosts = sum(name == b"host" for name, _ in self.headers)
        version = self.parser.get_http_version()
        if version not in ("1.0", "1.1") or hosts > 1 or (not hosts and version == "1.1"):
            raise httptools.HttpParserError("HTTP/1.1 with one Host is expected, or HTTP/1.0")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._framing -= len(body) * (1 + _FRAMING_OF_BYTE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # it is read once more
        super().on_message_complete()
        self._framing = 0
        # uvicorn leaves it as it is where the answer came before the end of the body
        self.cycle.more_body = False

    def pause_writing(self) -> None:
        """Called when an answer is not taken as fast as it is given."""
        super().pause_writing()
        self._taking.start(_TAKING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Called when it is taken again."""
        super().resume_writing()
        self._taking.stop()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._forget_head()
        # refused before its body was read: closed at once, the rest of it would have the answer thrown away
        if self._is_body_due:
            self._linger.start(_LINGER_SECONDS, self.transport.abort)
        self._watch()

    def _should_upgrade(self) -> bool:
        """Whether a request that offers another protocol waits for `_without_offer`: every one."""
        return True

    def _without_offer(self, rest: bytes) -> bytes:
        """A request that offered another protocol, without its offer: `rest` begins with its body.

        The parser takes such a body for the other protocol, but Java's client sends it with an offer of HTTP/2.
        """
        method = self.scope["method"].encode()
        # asks for another protocol without an offer
        if method == b"CONNECT":
            self._refuse(_INVALID)
            return b""
        request_line = method + b" " + self.url + b" HTTP/1.1"
        header_lines = [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        head = b"\r\n".join((request_line, *header_lines, b"", b""))
        self.parser = httptools.HttpRequestParser(self)
        return head + rest

    def _refuse(self, reason: str) -> None:
        if not self.transport.is_closing():
            self.send_400_response(reason)

    def give_way(self) -> None:
        """Close a connection that asks for nothing."""
        self._forget_head()
        self.transport.close()

    @property
    def _is_body_due(self) -> bool:
        """Whether a head has come and not yet the whole of its body."""
        return self.cycle is not None and self.cycle.more_body

    @property
    def _is_head_due(self) -> bool:
        """Whether every request that has come is answered."""
        return self.cycle is None or (self.cycle.response_complete and not self.cycle.more_body)

    def _watch(self) -> None:
        """Start the clock where a head is awaited, stop it where one has come."""
        if not self._is_body_due:
            self._linger.stop()
        if not self._is_head_due:
            self._forget_head()
        elif self not in self.awaited and not self.transport.is_closing():
            # at the end of the dictionary, which keeps its order: the first in it has been waited for longest
            self.awaited[self] = None
            self._head.start(self.head_seconds, self.give_way)

    def _forget_head(self) -> None:
        self.awaited.pop(self, None)
        self._head.stop()
