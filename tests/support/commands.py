"""Commands as a person gives them, each in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from nytta.service.command_client import frames
from tests.support.processes import HTTP, PATIENCE, ROOT


def nytta(
    *words: str | Path, code: int = 0, cwd: Path = ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its exit code must be `code`."""
    done = subprocess.run(
        [sys.executable, "-m", "nytta", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT / "services")} | dict(environment or {}),
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


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
