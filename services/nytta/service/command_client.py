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


def forward(data_folder: Path) -> None:
    """Have the running service of a data folder run this command, and end with its exit code.

    Returns where no service runs. The file of a service that is gone is removed.
    """
    service_address = _service_place(data_folder)
    if service_address is None:
        return
    address, token = service_address
    exit_code = _ask(address, token, words(get_current_context(), data_folder))
    if exit_code is not None:
        raise typer.Exit(exit_code)
    # nobody answers there: the service was killed, and could not take its file back
    (data_folder / FILE).unlink(missing_ok=True)


def running(data_folder: Path) -> bool:
    """Whether a service runs on a data folder."""
    import httpx

    service_address = _service_place(data_folder)
    if service_address is None:
        return False
    address, token = service_address
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


def _service_place(data_folder: Path) -> tuple[str, str] | None:
    """The address and the token that stand in a data folder; None where there are none."""
    announcement_file = data_folder / FILE
    try:
        record = json.loads(announcement_file.read_text("utf-8"))
        return str(record["address"]), str(record["token"])
    except FileNotFoundError:
        return None
    except PermissionError:
        _say(
            f"{announcement_file}: a service of another user runs here; give the command as that user"
        )
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
            client.stream(
                "POST", f"{address}/command", headers=headers, json={"words": command_words}
            ) as response,
        ):
            # another program has the port now
            if response.headers.get("content-type") != MEDIA_TYPE:
                return None
            for kind, body in frames(response.iter_raw()):
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
    received = b""
    for chunk in chunks:
        received += chunk
        while len(received) >= _HEAD_BYTES:
            frame_end = _HEAD_BYTES + int.from_bytes(received[1:_HEAD_BYTES], "big")
            if len(received) < frame_end:
                break
            yield received[:1], received[_HEAD_BYTES:frame_end]
            received = received[frame_end:]


def words(context: Any, data_folder: Path) -> list[str]:
    """The command line of a context of typer's, with all paths absolute and the data folder named in any case."""
    chain: list[str] = []
    context_above = context
    while context_above is not None and context_above.parent is not None:
        chain.insert(0, context_above.info_name or "")
        context_above = context_above.parent
    options: list[str] = []
    arguments: list[str] = []
    for parameter in context.command.params:
        parameter_name = parameter.name or ""
        # it may come from an environment that the service does not share
        if parameter_name == "data_folder":
            options.append(f"{parameter.opts[0]}={_text(data_folder)}")
            continue
        source = context.get_parameter_source(parameter_name)
        # what was not given has the service's own default, and its environment is the service's matter
        if source is None or source.name != "COMMANDLINE":
            continue
        parameter_value = context.params[parameter_name]
        parameter_values = (
            list(parameter_value)
            if isinstance(parameter_value, list | tuple)
            else [parameter_value]
        )
        if getattr(parameter, "is_flag", False):
            options.append(parameter.opts[0] if parameter_value else parameter.secondary_opts[0])
        elif parameter.param_type_name == "option":
            options += [
                f"{parameter.opts[0]}={_text(parameter_value)}"
                for parameter_value in parameter_values
            ]
        else:
            arguments += map(_text, parameter_values)
    if arguments:  # behind dashes: an argument may begin with one
        arguments.insert(0, "--")
    return [*chain, *options, *arguments]


def _text(parameter_value: Any) -> str:
    if isinstance(parameter_value, Enum):
        return str(parameter_value.value)
    if isinstance(parameter_value, datetime):
        return parameter_value.strftime("%Y-%m-%dT%H:%M:%S")
    # a mapping may be a shipped one's name or a file; files end like this
    is_path = isinstance(parameter_value, Path) or str(parameter_value).endswith((".yaml", ".yml"))
    return str(Path(parameter_value).absolute()) if is_path else str(parameter_value)


def _say(text: str) -> None:
    print(text, file=sys.stderr)
