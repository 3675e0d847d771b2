"""Commands given while the service runs: they are sent to it and run there, because the engine admits one process.

The service writes `service.json` into its data folder: an address on the loopback interface and a random token, for
the owner's eyes only. A command that would open the folder sends its words there instead; the service runs the same
command on its open installation (`nytta.service.command_server`) and sends back what it prints and its exit code.

Frames: one byte (`o` output, `e` error output, `x` exit code), four bytes of length, the bytes.
"""

from __future__ import annotations

import json
import ssl
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.main import get_current_context  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from nytta.service import App

FILE: Final = "service.json"
MEDIA_TYPE: Final = "application/vnd.nytta.command"
_CONNECT_SECONDS: Final = 3.0
_HEAD_BYTES: Final = 5
"""Bytes of a frame before its body: its kind and its length."""

SERVED: ContextVar[App | None] = ContextVar("app", default=None)
"""The open installation of the service, in the thread that runs a forwarded command."""


def serving() -> App | None:
    """The open installation of the service that runs this command; None in a process of the command's own."""
    return SERVED.get()


def forward(data: Path) -> None:
    """Have the running service of a data folder run this command, and end with its exit code.

    Returns where no service runs. The file of a service that is gone is removed.
    """
    place = _service_place(data)
    if place is None:
        return
    address, token = place
    code = _ask(address, token, words(get_current_context(), data))
    if code is not None:
        raise typer.Exit(code)
    # nobody answers there: the service was killed, and could not take its file back
    (data / FILE).unlink(missing_ok=True)


def running(data: Path) -> bool:
    """Whether a service runs on a data folder."""
    import httpx

    place = _service_place(data)
    if place is None:
        return False
    address, token = place
    try:
        headers = {"Authorization": f"Bearer {token}"}
        # without the environment: a proxy that it names must not get the token
        with httpx.Client(trust_env=False, verify=_no_authorities()) as client:
            return client.get(f"{address}/", headers=headers).status_code == 204
    except httpx.HTTPError:
        return False


def _no_authorities() -> ssl.SSLContext:
    """What no certificate passes: the address is this machine's own, without TLS. To read authorities takes 25 ms."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _service_place(data: Path) -> tuple[str, str] | None:
    """The address and the token that stand in a data folder; None where there are none."""
    file = data / FILE
    try:
        record = json.loads(file.read_text("utf-8"))
        return str(record["address"]), str(record["token"])
    except FileNotFoundError:
        return None
    except PermissionError:
        _say(f"{file}: a service of another user runs here; give the command as that user")
        raise typer.Exit(1) from None
    except (ValueError, KeyError, TypeError):  # a crash left half of it: no service is behind it
        return None


def _ask(address: str, token: str, command_words: list[str]) -> int | None:
    """Run words in the service and print what it prints; its exit code, None where no service answers."""
    import httpx

    # a command may run for hours; only whether anybody is there is to be known soon
    timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with (
            httpx.Client(timeout=timeout, trust_env=False, verify=_no_authorities()) as client,
            client.stream("POST", f"{address}/command", headers=headers, json={"words": command_words}) as answer,
        ):
            if answer.headers.get("content-type") != MEDIA_TYPE:  # another program has the port now
                return None
            for kind, body in frames(answer.iter_raw()):
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


def frames(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each frame that has come whole."""
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= _HEAD_BYTES:
            end = _HEAD_BYTES + int.from_bytes(buffer[1:_HEAD_BYTES], "big")
            if len(buffer) < end:
                break
            yield buffer[:1], buffer[_HEAD_BYTES:end]
            buffer = buffer[end:]


def words(context: Any, data: Path) -> list[str]:
    """The command line of a context of typer's, with all paths absolute and the data folder named in any case."""
    chain: list[str] = []
    above = context
    while above is not None and above.parent is not None:
        chain.insert(0, above.info_name or "")
        above = above.parent
    options: list[str] = []
    arguments: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        if name == "data":  # it may come from an environment that the service does not share
            options.append(f"{parameter.opts[0]}={_text(data)}")
            continue
        source = context.get_parameter_source(name)
        # what was not given has the service's own default, and its environment is the service's matter
        if source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[name]
        values = list(value) if isinstance(value, list | tuple) else [value]
        if getattr(parameter, "is_flag", False):
            options.append(parameter.opts[0] if value else parameter.secondary_opts[0])
        elif parameter.param_type_name == "option":
            options += [f"{parameter.opts[0]}={_text(value)}" for value in values]
        else:
            arguments += map(_text, values)
    if arguments:  # behind dashes: an argument may begin with one
        arguments.insert(0, "--")
    return [*chain, *options, *arguments]


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
