"""Commands as a person gives them, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.processes import PATIENCE, ROOT


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
