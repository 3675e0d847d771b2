"""Commands given while the service runs: they are sent to it and run there, because the engine admits one process.

The service writes `service.json` into its data folder: an address on the loopback interface and a random token, for
the owner's eyes only. A command that would open the folder sends its words there instead; the service runs the same
command on its open installation and sends back what it prints and its exit code.

Frames: one byte (`o` output, `e` error output, `x` exit code), four bytes of length, the bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import io
import json
import logging
import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import typer
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from typer.main import get_current_context  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from nytta.app import App

FILE: Final = "service.json"
_MEDIA_TYPE: Final = "application/vnd.nytta.command"
_CONNECT_SECONDS: Final = 3.0

_log = logging.getLogger(__name__)
_app: ContextVar[App | None] = ContextVar("app", default=None)
_sink: ContextVar[Callable[[bytes, bytes], None] | None] = ContextVar("sink", default=None)
_under_way: set[asyncio.Task[None]] = set()


def serving() -> App | None:
    """The open installation of the service that runs this command; None in a process of the command's own."""
    return _app.get()


# --- the command's side ---------------------------------------------------------------------------


def forward(data: Path) -> None:
    """Have the running service of a data folder run this command, and end with its exit code.

    Returns where no service runs. The file of a service that is gone is removed.
    """
    place = _told(data)
    if place is None:
        return
    code = _ask(*place, words(get_current_context()))
    if code is not None:
        raise typer.Exit(code)
    (data / FILE).unlink(missing_ok=True)


def running(data: Path) -> bool:
    """Whether a service runs on a data folder."""
    import httpx

    place = _told(data)
    if place is None:
        return False
    try:
        headers = {"Authorization": f"Bearer {place[1]}"}
        return httpx.Client(trust_env=False).get(f"{place[0]}/", headers=headers).status_code == 204
    except httpx.HTTPError:
        return False


def _told(data: Path) -> tuple[str, str] | None:
    """The address and the token that stand in a data folder; None where there are none."""
    file = data / FILE
    try:
        told = json.loads(file.read_text("utf-8"))
        return str(told["address"]), str(told["token"])
    except FileNotFoundError:
        return None
    except PermissionError:
        _say(f"{file}: a service of another user runs here; give the command as that user")
        raise typer.Exit(1) from None
    except (ValueError, KeyError, TypeError):
        return None


def _ask(address: str, token: str, its: list[str]) -> int | None:
    """Run words in the service and print what it prints; its exit code, None where no service answers."""
    import httpx

    timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with (
            httpx.Client(timeout=timeout, trust_env=False) as client,
            client.stream("POST", f"{address}/command", headers=headers, json={"words": its}) as answer,
        ):
            if answer.headers.get("content-type") != _MEDIA_TYPE:
                return None
            for kind, body in _frames(answer.iter_raw()):
                if kind == b"x":
                    return int(body)
                stream = sys.stdout if kind == b"o" else sys.stderr
                stream.write(body.decode())
                stream.flush()
    except httpx.ConnectError:
        return None
    except httpx.HTTPError:
        pass
    except KeyboardInterrupt:
        _say("interrupted; the service goes on with it")
        return 130
    _say("the service stopped before the command ended; give it again")
    return 1


def _frames(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    held = b""
    for chunk in chunks:
        held += chunk
        while len(held) >= 5 and len(held) >= 5 + int.from_bytes(held[1:5], "big"):
            size = int.from_bytes(held[1:5], "big")
            yield held[:1], held[5 : 5 + size]
            held = held[5 + size :]


def words(context: Any) -> list[str]:
    """The command line of a context of typer's, with all paths absolute."""
    chain: list[str] = []
    above = context
    while above is not None and above.parent is not None:
        chain.insert(0, above.info_name or "")
        above = above.parent
    options: list[str] = []
    arguments: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[name]
        values = list(value) if isinstance(value, list | tuple) else [value]
        if getattr(parameter, "is_flag", False):
            options.append(parameter.opts[0] if value else parameter.secondary_opts[0])
        elif parameter.param_type_name == "option":
            options += [f"{parameter.opts[0]}={_text(one)}" for one in values]
        else:
            arguments += [_text(one) for one in values]
    return [*chain, *options, *(["--", *arguments] if arguments else [])]


def _text(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    # a mapping may be a shipped one's name or a file; files end like this
    is_path = isinstance(value, Path) or str(value).endswith((".yaml", ".yml"))
    return str(Path(value).absolute()) if is_path else str(value)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


# --- the service's side ---------------------------------------------------------------------------


class _Routed(io.TextIOBase):
    """A standard stream of the service: what a forwarded command prints goes to whoever gave the command."""

    encoding = "utf-8"

    def __init__(self, kind: bytes, own: TextIO) -> None:
        self.kind = kind
        self.own = own

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
    own = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Routed(b"o", own[0]), _Routed(b"e", own[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = own


@contextlib.contextmanager
def announced(data: Path, address: str, token: str) -> Iterator[None]:
    """Say in the data folder where the service listens, to the owner alone; take it back at the end."""
    file = data / FILE
    beside = file.with_name(f"{FILE}.{secrets.token_hex(4)}")
    text = json.dumps({"address": address, "token": token, "pid": os.getpid()})
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as written:
        written.write(text)
    beside.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def door(app: App, token: str, run: Callable[[list[str]], None]) -> FastAPI:
    """The application that runs forwarded commands on `app`. `run` runs words as the command line does."""
    routes = FastAPI(openapi_url=None)

    @routes.middleware("http")
    async def owner_only(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        shown = request.headers.get("authorization", "")
        if not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
            return Response(status_code=401)
        return await call(request)

    @routes.get("/")
    async def alive() -> Response:
        return Response(status_code=204)

    @routes.post("/command")
    async def command(request: Request) -> Response:
        its = [str(word) for word in (await request.json())["words"]]
        return StreamingResponse(_running(app, its, run), media_type=_MEDIA_TYPE)

    return routes


async def _running(app: App, its: list[str], run: Callable[[list[str]], None]) -> AsyncIterator[bytes]:
    """The frames of a command, as it prints."""
    frames: asyncio.Queue[bytes | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def send(frame: bytes | None) -> None:
        with contextlib.suppress(RuntimeError):  # the service stops: nobody listens
            loop.call_soon_threadsafe(frames.put_nowait, frame)

    def emit(kind: bytes, body: bytes) -> None:
        send(kind + len(body).to_bytes(4, "big") + body)

    def work() -> None:
        _app.set(app)
        _sink.set(emit)
        code = 0
        try:
            run(its)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except Exception as error:
            _log.exception("a forwarded command failed")
            emit(b"e", f"a fault of the service ({type(error).__name__}); its log says more\n".encode())
            code = 1
        emit(b"x", str(code).encode())
        send(None)

    task = asyncio.create_task(asyncio.to_thread(work))
    _under_way.add(task)  # a command goes on when whoever gave it is gone
    task.add_done_callback(_under_way.discard)
    while (frame := await frames.get()) is not None:
        yield frame
    await task
