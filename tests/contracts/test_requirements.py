"""The table of requirements names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "privacy.md").read_text("utf-8")
ROWS = re.findall(r"^\| (P\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*) ?\|$", TABLE, re.MULTILINE)


def test_every_requirement_has_its_row() -> None:
    assert [number for number, *_ in ROWS] == [f"P{n}" for n in (*range(1, 15), 17, 18, 19)]


def test_every_test_named_exists_and_what_has_none_says_so() -> None:
    for number, _, shown, gap in ROWS:
        named = re.findall(r"`(tests/[\w/.]+)`", shown)
        assert named or gap.strip(), number
        for path in named:
            assert (ROOT / path).exists(), (number, path)
