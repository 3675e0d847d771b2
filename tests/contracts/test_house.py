"""The package has the rooms that the documentation draws, and an event passes each once."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "services" / "nytta"
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
HOUSE = ARCHITECTURE[ARCHITECTURE.index("## The house") :]
DRAWING, WALK = re.findall(r"```text\n(.*?)```", HOUSE, re.DOTALL)[:2]
IN_ORDER = ("ingest", "indicators", "disclosure", "insight", "surfaces")


def siblings() -> set[str]:
    entries = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    return {name for name in entries if not name.startswith("__")}


def test_the_drawing_has_every_room_and_no_other() -> None:
    drawn = re.findall(r"^  ([a-z]+)/", DRAWING, re.MULTILINE)
    assert tuple(drawn[:5]) == IN_ORDER
    assert sorted(drawn) == sorted(siblings())
    assert len(drawn) < 12


def test_the_readme_draws_the_same_rooms() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    drawing = re.findall(r"```text\n services/nytta/\n(.*?)```", readme, re.DOTALL)[0]
    assert set(re.findall(r"([a-z]+)/", drawing)) == siblings()


def test_the_walk_passes_each_room_once_and_names_what_exists() -> None:
    steps = re.findall(r"^ *\d+  .*?([a-z]+)/(\S+\.py)(?:, (\S+\.py))?", WALK, re.MULTILINE)
    assert len(steps) == 10
    rooms = [room for room, *_ in steps]
    assert list(dict.fromkeys(rooms)) == list(IN_ORDER)
    assert rooms == sorted(rooms, key=IN_ORDER.index)
    for room, first, second in steps:
        folder = (PACKAGE / room / first).parent
        assert (PACKAGE / room / first).is_file(), first
        assert not second or (folder / second).is_file() or (PACKAGE / room / second).is_file(), second
