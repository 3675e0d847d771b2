"""The order in which workers take files names files that exist, and all that share the broker."""

from __future__ import annotations

from pathlib import Path

from tests.support.longest import BROKER, LONGEST
from tests.support.processes import ROOT


def test_files_that_take_longest_exist_and_stand_once() -> None:
    named = [*BROKER, *LONGEST]
    assert [name for name in named if not (ROOT / name).is_file()] == []
    assert len(set(named)) == len(named)


def test_every_file_that_takes_the_broker_is_with_the_others() -> None:
    taking = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if path.name != Path(__file__).name and "broker: Broker" in path.read_text("utf-8")
    }
    assert taking == set(BROKER)
