"""The order in which workers take files names files that exist."""

from __future__ import annotations

from tests.support.longest import LONGEST
from tests.support.processes import ROOT


def test_files_that_take_longest_exist_and_stand_once() -> None:
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)
