"""docs/logs.md says what `nytta sources --supports` says of the real logs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT


@pytest.mark.slow
def test_the_table_of_public_logs_is_up_to_date(shared_data: Path) -> None:
    """In a process of its own: an engine opens one folder."""
    command = [sys.executable, "-m", "tests.logs", str(shared_data / "events"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docs/logs.md differs: run python -m tests.logs FOLDER. {done.stderr}"
