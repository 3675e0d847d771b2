"""Commands in processes that have loaded already what commands need: each is forked by one process that has.

What a command does it does as `python -m nytta` would, in a process of its own, but for the second of a processor that
loading takes. `python -m tests.support.prepared SOCKET` is the process that forks.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from tests.support.processes import ROOT

_LONGEST = 1 << 20
"""Bytes of a request at most."""
_LOADED = ("intake", "figures", "upkeep", "alerts", "benefits", "benchmark", "privacy", "tokens", "operations")
"""Modules of `nytta.cli`; the others load what few tests need."""


def run(
    words: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    output: IO[bytes],
    errors: IO[bytes],
    patience: float,
) -> int:
    """The exit code of a command, whose standard output and error go to files; negative where a signal ended it."""
    request = json.dumps({"words": words, "cwd": str(cwd), "environment": dict(environment)}).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience)
        connection.connect(_forking())
        socket.send_fds(connection, [request], [output.fileno(), errors.fileno()])
        with connection.makefile() as answers:
            command = int(answers.readline())
            try:
                return int(answers.readline())
            except TimeoutError:
                os.kill(command, 9)
                raise


@cache
def _forking() -> str:
    """The socket of this process's own forking process, which ends with it."""
    folder = tempfile.mkdtemp(prefix="nytta-commands-")
    place = str(Path(folder) / "socket")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.prepared", place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'services'}{os.pathsep}{ROOT}"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    atexit.register(shutil.rmtree, folder)
    atexit.register(process.wait)
    atexit.register(process.stdin.close)  # what is registered last is done first: this tells it to end
    with process.stdout:
        assert process.stdout.readline() == b"ready\n"
    return place


def _serve(listener: socket.socket) -> dict[str, Any]:
    """Fork two processes for each request: one carries it out, for which this returns there; one waits for its end."""
    # what the process that started this one holds of its standard input is closed when that one ends
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork():
            connection.close()
            _reap()
            continue
        listener.close()
        text, descriptors, _, _ = socket.recv_fds(connection, _LONGEST, 2)
        request: dict[str, Any] = json.loads(text)
        command = os.fork()
        if command == 0:
            connection.close()
            for target, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), *descriptors)):
                os.dup2(descriptor, target)
                os.close(descriptor)
            return request
        connection.sendall(b"%d\n" % command)
        _, status = os.waitpid(command, 0)
        with suppress(BrokenPipeError):  # whoever asked had no more patience
            connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    raise SystemExit


def _reap() -> None:
    """Take note of processes that ended, so that their time on a processor is counted."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main(place: str) -> None:
    """Load, and carry out what is asked for."""
    from nytta.cli import WithoutPandas

    # as a command does before it loads anything
    sys.meta_path.insert(0, WithoutPandas)
    for module in _LOADED:
        import_module(f"nytta.cli.{module}")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()
        print("ready", flush=True)
        request = _serve(listener)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.path[0] = request["cwd"]
    sys.argv[1:] = request["words"]
    runpy.run_module("nytta", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1])
