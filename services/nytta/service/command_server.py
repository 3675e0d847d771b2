"""Where the service takes commands that were given beside it, runs them, and sends back what they print."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import io
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from nytta.service.command_client import FILE, MEDIA_TYPE, SERVED
from nytta.service.stopping import under_way
from nytta.storage import permissions
from nytta.storage.errors import StoppedError

if TYPE_CHECKING:
    from nytta.service import App

_log = logging.getLogger(__name__)
_sink: ContextVar[Callable[[bytes, bytes], None] | None] = ContextVar("sink", default=None)
_under_way: set[asyncio.Task[None]] = set()


class _Routed(io.TextIOBase):
    """A standard stream of the service: what a forwarded command prints goes to whoever gave the command."""

    encoding = "utf-8"

    def __init__(self, kind: bytes, stream: TextIO) -> None:
        self.kind = kind
        self.own = stream

    @property
    def buffer(self) -> Any:
        """The stream of bytes underneath."""
        return _RoutedBytes(self)

    def write(self, text: str) -> int:
        """Write to the one who gave the command, or to the service's own stream."""
        sink = _sink.get()
        if sink is None:
            return self.own.write(text)
        sink(self.kind, text.encode("utf-8", "replace"))
        return len(text)

    def flush(self) -> None:
        """Send what is held back."""
        if _sink.get() is None:
            self.own.flush()

    def isatty(self) -> bool:
        """A forwarded command has no terminal."""
        return _sink.get() is None and self.own.isatty()

    def fileno(self) -> int:
        """The service's own descriptor."""
        return self.own.fileno()

    def writable(self) -> bool:
        """It is."""
        return True


class _RoutedBytes(io.RawIOBase):
    def __init__(self, text: _Routed) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, body: Any) -> int:
        sink = _sink.get()
        if sink is None:
            return self._text.own.buffer.write(body)
        sink(self._text.kind, bytes(body))
        return len(body)

    def flush(self) -> None:
        if _sink.get() is None:
            self._text.own.buffer.flush()


@contextlib.contextmanager
def routed() -> Iterator[None]:
    """While this is entered, forwarded commands print to those who gave them."""
    # once for the process, and told apart by the context of a thread: several commands may run at a time
    output, errors = sys.stdout, sys.stderr
    sys.stdout = _Routed(b"o", output)
    sys.stderr = _Routed(b"e", errors)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = output, errors


@contextlib.contextmanager
def announced(data_folder: Path, address: str, token: str) -> Iterator[None]:
    """Say in the data folder where the service listens, to the owner alone; take it back at the end."""
    announcement = {"address": address, "token": token, "pid": os.getpid()}
    permissions.replace(data_folder / FILE, json.dumps(announcement).encode())
    try:
        yield
    finally:
        forget(data_folder)


def forget(data_folder: Path) -> None:
    """Take back what `announced` said."""
    (data_folder / FILE).unlink(missing_ok=True)


def command_server(
    installation: App, token: str, run_command: Callable[[list[str]], None]
) -> FastAPI:
    """The application that runs forwarded commands on an installation; `run_command` as the command line does."""
    routes = FastAPI(openapi_url=None)

    @routes.middleware("http")
    async def owner_only(
        request: Request, call: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        # every process of this machine reaches the address, and the token is the owner's alone
        authorization = request.headers.get("authorization", "")
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            return Response(status_code=401)
        return await call(request)

    @routes.get("/")
    async def alive() -> Response:
        return Response(status_code=204)

    @routes.post("/command")
    async def command(request: Request) -> Response:
        body = await request.json()
        command_words = [str(word) for word in body["words"]]
        return StreamingResponse(
            _running(installation, command_words, run_command), media_type=MEDIA_TYPE
        )

    return routes


async def _running(
    installation: App, command_words: list[str], run_command: Callable[[list[str]], None]
) -> AsyncIterator[bytes]:
    """The frames of a command, as it prints."""
    frames: asyncio.Queue[bytes | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def send(frame: bytes | None) -> None:
        # from the command's thread: a queue of the loop may be touched in the loop's thread alone
        # the service stops: nobody listens
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(frames.put_nowait, frame)

    def emit(kind: bytes, body: bytes) -> None:
        send(kind + len(body).to_bytes(4, "big") + body)

    # in a thread with a context of its own, so that what is set here is this command's alone
    def work() -> None:
        SERVED.set(installation)
        _sink.set(emit)
        exit_code = 0
        try:
            command_name = command_words[0] if command_words else ""
            with under_way(f"the command {command_name}, to be given again"):
                run_command(command_words)
        except (
            SystemExit
        ) as end:  # as the interpreter would have it: a text, or anything else, is a failure
            exit_code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except StoppedError:
            emit(b"e", b"the service is stopping; give the command again when it runs\n")
            exit_code = 1
        except Exception as error:
            _log.exception("a forwarded command failed")
            emit(
                b"e",
                f"a fault of the service ({type(error).__name__}); its log says more\n".encode(),
            )
            exit_code = 1
        emit(b"x", str(exit_code).encode())
        send(None)

    task = asyncio.create_task(asyncio.to_thread(work))
    # a command goes on when whoever gave it is gone
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    while (frame := await frames.get()) is not None:
        yield frame
    await task
