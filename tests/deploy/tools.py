"""Programs that the distribution provides, and the folder that they look at."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
_PACKAGES = {"promtool": "prometheus", "prometheus": "prometheus", "amtool": "prometheus-alertmanager"}
_PACKAGES |= {"prometheus-alertmanager": "prometheus-alertmanager"}
_PACKAGES |= {"docker-compose": "docker-compose", "python3.11": "python3.11"}


def needed(name: str) -> str:
    """A program's path; without it the test is skipped, or fails where NYTTA_REQUIRE names its package."""
    found = shutil.which(name, path=os.defpath) or shutil.which(name)
    if found is None:
        package = _PACKAGES[name]
        why = f"{name} is not here: apt-get install {package}"
        if package.removeprefix("prometheus-") in os.environ.get("NYTTA_REQUIRE", "").split(","):
            pytest.fail(why)
        pytest.skip(why)
    return found


def run(*command: str, folder: Path = DEPLOY) -> str:
    """What a program says; the test fails with it where the program does."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user reaches. pytest closes its own to others whenever another run of it begins."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
