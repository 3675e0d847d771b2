"""Commands as a person gives them, each in a process of its own.

The first time in a run that a command is given, `python -m nytta` carries it out; after that, a process that has loaded
what commands need.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp
from typing import IO, Any, Final

import httpx

from nytta.service.command_client import frames
from tests.support import prepared
from tests.support.processes import HTTP, PATIENCE, ROOT

_GIVEN: Final = "TESTS_COMMANDS_GIVEN"
"""Names the folder that holds a file for each command given."""
_READ_WHEN_RUN: Final = ("NYTTA_", "TZ")
"""Begin the names of settings that a command reads when it runs; others may change how an interpreter starts."""


def ended(
    *words: str | Path, cwd: Path = ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever that is."""
    command = [sys.executable, "-m", "nytta", *map(str, words)]
    settings = os.environ | {"PYTHONPATH": str(ROOT / "services")} | dict(environment or {})
    with TemporaryFile() as output, TemporaryFile() as errors:
        if _first_time(command[3]) or not all(name.startswith(_READ_WHEN_RUN) for name in environment or {}):
            done = subprocess.run(
                command, stdout=output, stderr=errors, timeout=PATIENCE, cwd=cwd, env=settings, check=False
            )
            code = done.returncode
        else:
            code = prepared.run(command[3:], cwd, settings, output, errors, PATIENCE)
        return subprocess.CompletedProcess(command, code, _text(output), _text(errors))


def nytta(
    *words: str | Path, code: int = 0, cwd: Path = ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its exit code must be `code`."""
    done = ended(*words, cwd=cwd, environment=environment)
    assert done.returncode == code, done.stderr
    return done


def begin() -> None:
    """Keep in mind, for this process and all that it starts, which commands a run of the tests has given."""
    if _GIVEN not in os.environ:
        os.environ[_GIVEN] = mkdtemp(prefix="nytta-given-")
        atexit.register(shutil.rmtree, os.environ[_GIVEN])


def _first_time(command: str) -> bool:
    """Whether nobody in this run has given this command before; outside a run of the tests, each time is the first."""
    if _GIVEN not in os.environ:
        return True
    try:
        (Path(os.environ[_GIVEN]) / re.sub(r"\W", "-", command)).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _text(file: IO[bytes]) -> str:
    """What a command wrote, as `subprocess` reads it."""
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n").replace("\r", "\n")


def answer(*words: str | Path, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> Any:
    """The JSON that a command prints, which must be all it prints."""
    return json.loads(nytta(*words, "--json", cwd=cwd, environment=environment).stdout)


def forwarded(data: Path, *words: str | Path) -> tuple[int, str, str]:
    """Exit code and what is printed of a command that the service of a data folder runs, without a process of its own.

    -1 where the service went before it had ended.
    """
    said = {b"o": b"", b"e": b"", b"x": b"-1"}
    body = {"words": [*map(str, words), f"--data={data}"]}
    with contextlib.suppress(httpx.HTTPError, FileNotFoundError, ValueError):
        place = json.loads((data / "service.json").read_text())
        headers = {"Authorization": f"Bearer {place['token']}"}
        address = f"{place['address']}/command"
        with HTTP.stream("POST", address, json=body, headers=headers) as answer:
            for kind, part in frames(answer.iter_raw()):
                said[kind] = part if kind == b"x" else said[kind] + part
    return int(said[b"x"]), said[b"o"].decode(), said[b"e"].decode()
