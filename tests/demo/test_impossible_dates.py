"""A story with an impossible date: told with file and line, and nothing is taken in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nytta import service as nytta
from nytta.demo import World
from nytta.ingest.events import decode
from nytta.registry.load import load


@pytest.fixture
def registry(world: Callable[[str], World], tmp_path: Path) -> Path:
    """A story's registry whose first milestone is on the 30th of February."""
    files = dict(world("anchoring").registry_files)
    first = files["programme.yaml"].index("date: '")
    files["programme.yaml"] = (
        files["programme.yaml"][: first + 7] + "2026-02-30" + files["programme.yaml"][first + 17 :]
    )
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_of_a_milestone(registry: Path) -> None:
    text = (registry / "programme.yaml").read_text("utf-8")
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "2026-02-30" in each)
    loaded = load(registry)
    assert loaded.registry is None
    (problem,) = [p for p in loaded.problems if not p.warning]
    assert (problem.file, problem.line) == ("programme.yaml", line)
    assert "2026-02-30" in problem.message
    with pytest.raises(nytta.AppError, match=rf"programme\.yaml:{line}"):
        nytta.read_registry(registry, ())


def test_of_an_event(world: Callable[[str], World]) -> None:
    lines = next(iter(world("anchoring").batches())).splitlines()[:3]
    start = lines[1].index(b'"time":"') + 8
    lines[1] = lines[1][:start] + b"2026-02-30" + lines[1][start + 10 :]
    found = decode(b"\n".join(lines), received_at=datetime(2027, 1, 1, tzinfo=UTC), pseudonymise=None)
    (reject,) = [r for r in found.rejects if r.position == "line 2"]
    assert "time" in reject.detail
