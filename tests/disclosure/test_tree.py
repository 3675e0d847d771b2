"""The dated hierarchy: what it says of the past may not change."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from nytta.disclosure.tree import Hierarchy, Place, Tree, TreeError, changed_past
from nytta.registry.dates import BEGINNING, END

MARCH = date(2026, 3, 2)


def always(unit: str, parent: str = "", group: str = "") -> Place:
    return Place(unit, parent, group, BEGINNING, END)


def test_members_lie_under_their_group_and_the_group_under_their_parent() -> None:
    tree = Tree.of({"root": "", "a": "root", "b": "root", "g": "root"}, {"a": "g", "b": "g"})
    assert tree.units == ("root", "g", "a", "b")
    assert tree.parent == (-1, 0, 1, 1)
    assert tree.grouped.tolist() == [False, False, True, True]


def test_own_and_total_undo_each_other() -> None:
    tree = Tree.of({"root": "", "a": "root", "b": "a"})
    rows = np.array([[30], [20], [5]], dtype=np.int64)
    assert tree.own(rows).tolist() == [[10], [15], [5]]
    assert tree.total(tree.own(rows)).tolist() == rows.tolist()


def test_a_unit_moves_on_its_day() -> None:
    places = [always("root"), always("a", "root"), Place("b", "root", "", BEGINNING, MARCH)]
    hierarchy = Hierarchy([*places, Place("b", "a", "", MARCH, END)])
    before, after = hierarchy.at(date(2026, 3, 1)), hierarchy.at(MARCH)
    assert before.parent[before.index["b"]] == before.index["root"]
    assert after.parent[after.index["b"]] == after.index["a"]


def test_two_versions_on_one_day_are_refused() -> None:
    with pytest.raises(TreeError, match="unit 'b' has two versions from 2026-03-02"):
        Hierarchy([always("root"), always("b", "root"), Place("b", "root", "", MARCH, END)])


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ([always("root"), always("a", "root"), always("b", "root"), always("c", "root")], 0),
        ([always("root"), always("a", "root"), always("b", "a")], 1),
        ([always("root"), always("a", "root")], 1),
        ([always("root"), always("a", "root"), always("b", "root", "g"), always("g", "root")], 1),
        ([always("root"), always("a", "root"), Place("b", "root", "", BEGINNING, MARCH), Place("b", "a", "", MARCH, END)], 0),  # noqa: E501
    ],
)  # fmt: skip
def test_the_past_is_told_once(now: list[Place], told: int) -> None:
    before = [always("root"), always("a", "root"), always("b", "root")]
    assert len(changed_past(before, now, MARCH)) == told
