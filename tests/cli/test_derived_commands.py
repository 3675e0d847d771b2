"""Commands on derived indicators and on what sources support, as a person gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nytta.demo import simulate, write
from tests.support.commands import answer, nytta

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county agency's store, computed and judged."""
    made = tmp_path_factory.mktemp("agency")
    write(simulate("digital-not-exploited", 1, until="2026-W46", weeks=60, scale=0.5), made)
    registry = ("--registry", made / "registry", "--data", made / "store")
    answer("import", made / "events.ndjson", *registry)
    nytta("alerts", "evaluate", *registry)
    return made / "store"


def test_states_are_listed(folder: Path) -> None:
    rows = answer("states", "--data", folder)
    assert {row["what"] for row in rows} >= {"use-state", "exploitation"}
    assert answer("states", "--what", "exploitation", "--unit", "norrvassa", "--data", folder)
    told = nytta("states", "--what", "mood", "--data", folder, code=2).stderr
    assert "there is no derived indicator 'mood'; there are use-state" in told
    assert "--week" in nytta("states", "--week", "2026-W60", "--data", folder, code=2).stderr


def test_a_figure_without_its_mix(folder: Path) -> None:
    asked = (
        "--unit",
        "norrvassa",
        "--system",
        "lansarende",
        "--from",
        "2026-W10",
        "--to",
        "2026-W40",
        "--data",
        folder,
    )
    rows = {row[""]: row for row in answer("mix", "digital-intake", "--zone", "private", *asked)}
    parts = rows["within"]["as it is"] + rows["mix"]["as it is"]
    assert rows["change"]["as it is"] == pytest.approx(parts, abs=0.2)
    assert "no single share or rate" in nytta("mix", "lead-time", *asked, code=1).stderr


def test_sources_say_what_they_support(folder: Path) -> None:
    rows = answer("sources", "--supports", "--data", folder)
    by = {(row["source"], row["indicator"]): row for row in rows}
    assert by["/norrvassa/arenden", "lead-time"]["supported"]
    assert by["/norrvassa/arenden", "weekly-breadth"]["missing"] == ["people.*"]
