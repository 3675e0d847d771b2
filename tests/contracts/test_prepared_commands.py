"""A command in a process that was forked does what it does in one that loads all by itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from subprocess import run
from tempfile import TemporaryFile

import pytest

from tests.support import prepared
from tests.support.processes import PATIENCE, ROOT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "settings", "code"),
    [
        (["values", "--nix"], {}, 2),  # said by the parser, with the name of the program
        (["import", "rows.csv", "--mapping", "list.yaml"], {"NYTTA_DATA": "here"}, 1),  # a path below the folder
        (["sources", "--json"], {"NYTTA_DATA": "here", "TZ": "Asia/Tokyo"}, 0),
    ],
)
def test_it_says_and_ends_alike(words: list[str], settings: dict[str, str], code: int, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "services")} | settings
    (tmp_path / "rows.csv").write_text("Nr;Date\n1;2026-03-02\n")
    own = run([sys.executable, "-m", "nytta", *words], capture_output=True, cwd=tmp_path, env=environment, check=False)
    with TemporaryFile() as output, TemporaryFile() as errors:
        forked = prepared.run(words, tmp_path, environment, output, errors, PATIENCE)
        for file in (output, errors):
            file.seek(0)
        assert (forked, output.read(), errors.read()) == (own.returncode, own.stdout, own.stderr)
    assert forked == code


@pytest.mark.slow
def test_where_nobody_waits_any_more_it_is_ended(tmp_path: Path) -> None:
    with TemporaryFile() as output, TemporaryFile() as errors, pytest.raises(TimeoutError):
        prepared.run(["sources"], tmp_path, dict(os.environ) | {"NYTTA_DATA": "here"}, output, errors, 0.02)
