"""Complementary suppression: safe, cheapest, and blind to what it may not show."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nytta.disclosure.pattern import Table, choose, unsafe
from nytta.disclosure.rules import Rules
from nytta.disclosure.tree import Bools, Tree, TreeError, reporting_groups

STAFF = Rules().for_staff


def table(tree: Tree, own: dict[str, int]) -> Table:
    size = tree.total(np.array([[own.get(u, 0)] for u in tree.units], dtype=np.int64))
    return Table(size, np.zeros_like(size), np.zeros_like(size))


def shown(tree: Tree, chosen: Bools) -> set[str]:
    return {unit for unit, cell in zip(tree.units, chosen[:, 0], strict=True) if cell}


TREE = Tree.of({"root": "", "a": "root", "b": "root", "c": "root"})


def test_one_small_child_takes_the_smallest_sibling_with_it() -> None:
    chosen = choose(TREE, table(TREE, {"a": 40, "b": 12, "c": 9}), STAFF)
    assert shown(TREE, chosen) == {"root", "a"}


def test_two_small_children_that_are_ten_together_need_no_sibling() -> None:
    chosen = choose(TREE, table(TREE, {"a": 40, "b": 7, "c": 3}), STAFF)
    assert shown(TREE, chosen) == {"root", "a"}
    chosen = choose(TREE, table(TREE, {"a": 40, "b": 5, "c": 4}), STAFF)
    assert shown(TREE, chosen) == {"root"}


def test_an_empty_child_hides_nobody() -> None:
    assert shown(TREE, choose(TREE, table(TREE, {"a": 40, "b": 30}), STAFF)) == {"root", "a", "b"}


def test_a_person_counted_twice_is_not_told_by_the_total() -> None:
    # 25 in the unit, 15 and 11 below: one person counts in both
    size = np.array([[25], [15], [11], [0]], dtype=np.int64)
    chosen = choose(TREE, Table(size, np.zeros_like(size), np.zeros_like(size)), STAFF)
    assert shown(TREE, chosen) == {"root", "a"}


def test_what_is_public_stays_public() -> None:
    keep = np.array([[False], [False], [True], [False]])
    chosen = choose(TREE, table(TREE, {"a": 40, "b": 12, "c": 9}), STAFF, keep=keep)
    assert shown(TREE, chosen) == {"root", "b"}  # the larger sibling goes instead


def test_a_case_type_that_leaves_too_few_of_another_is_not_shown() -> None:
    own = np.array([[0, 0], [30, 4], [20, 15], [0, 0]], dtype=np.int64)
    rows = TREE.total(own)
    size = np.concatenate([rows.sum(axis=1, keepdims=True), rows], axis=1)
    chosen = choose(TREE, Table(size, np.full_like(size, 5), size // 5), Rules())
    place = TREE.index
    assert chosen[place["a"]].tolist() == [True, False, False]
    assert chosen[place["b"]].tolist() == [True, True, True]


def test_few_hands_are_hidden_even_as_a_difference() -> None:
    size = np.array([[60], [40], [20], [0]], dtype=np.int64)
    handlers = np.array([[9], [9], [2], [0]], dtype=np.int64)
    chosen = choose(TREE, Table(size, handlers, size // 5), Rules())
    assert shown(TREE, chosen) in ({"root"}, {"a"})


TREES = st.integers(2, 9).flatmap(
    lambda n: st.tuples(
        st.tuples(*(st.integers(0, i) for i in range(n - 1))), st.tuples(*(st.integers(0, 25) for _ in range(n)))
    )
)


def assert_best(tree: Tree, its: Table, rules: Rules, keep: Bools | None = None) -> None:
    """Compare the choice with every other one."""
    chosen = choose(tree, its, rules, keep=keep)
    assert not unsafe(tree, its, rules, chosen)
    may = (its.size >= rules.k) & (its.handlers >= rules.handlers) & (its.most <= rules.most * its.size)
    best = (0, 0)
    for every in product((False, True), repeat=len(tree.parent)):
        other = np.array(every)[:, None]
        if keep is not None and (keep & ~other).any():
            continue
        if not (other & ~may).any() and not unsafe(tree, its, rules, other):
            best = max(best, (int(other.sum()), int(its.size[other].sum())))
    assert (int(chosen.sum()), int(its.size[chosen].sum())) == best


@settings(max_examples=60)
@given(TREES)
def test_of_staff_the_choice_is_safe_and_no_other_is_better(drawn: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    parents, sizes = drawn
    tree = Tree.of({"u0": ""} | {f"u{i + 1}": f"u{p}" for i, p in enumerate(parents)})
    its = table(tree, {f"u{i}": s for i, s in enumerate(sizes)})
    assert_best(tree, its, STAFF)


@settings(max_examples=60)
@given(TREES, st.lists(st.tuples(st.integers(1, 5), st.integers(1, 25)), min_size=9, max_size=9), st.data())
def test_of_cases_too(
    drawn: tuple[tuple[int, ...], tuple[int, ...]], hands: list[tuple[int, int]], data: st.DataObject
) -> None:
    parents, sizes = drawn
    tree = Tree.of({"u0": ""} | {f"u{i + 1}": f"u{p}" for i, p in enumerate(parents)})
    own = [s if f"u{p}" not in {f"u{q}" for q in parents} else 0 for p, s in enumerate(sizes)]
    size = tree.total(np.array([[own[int(u[1:])]] for u in tree.units], dtype=np.int64))
    few = [(min(h, own[n]), min(m, own[n])) for n, (h, m) in enumerate(hands[: len(own)])]
    handlers = tree.total(np.array([[few[int(u[1:])][0]] for u in tree.units], dtype=np.int64))
    most = np.array([[few[int(u[1:])][1]] for u in tree.units], dtype=np.int64)
    for unit in range(len(tree.parent)):
        below = [v for v in range(len(tree.parent)) if tree.below[unit, v]]
        most[unit] = max(int(most[v, 0]) for v in below)
    its = Table(size, handlers, most)
    rules = Rules()
    public = choose(tree, its, rules) & data.draw(st.sampled_from([True, False]))
    one = data.draw(st.integers(0, len(own) - 1))
    public &= (np.arange(len(own)) == one)[:, None]
    assert_best(tree, its, rules, public)


def test_a_tree_of_two_hundred_units_is_safe() -> None:
    rng = np.random.default_rng(3)
    parents = {"u0": ""} | {f"u{i}": f"u{rng.integers(0, max(1, i // 4))}" for i in range(1, 200)}
    tree = Tree.of(parents)
    its = table(tree, {u: int(rng.integers(0, 30)) for u in tree.units})
    chosen = choose(tree, its, STAFF)
    assert not unsafe(tree, its, STAFF, chosen)
    assert chosen.sum() > 60


def test_reporting_groups_are_siblings_of_fifteen() -> None:
    parents = {"root": "", "a": "root", "b": "root", "c": "root", "d": "root", "e": "d"}
    sizes = {"a": 6, "b": 5, "c": 12, "e": 3}
    assert reporting_groups(sizes, parents, k=10, least=15) == [("a", "b", "c")]


def test_a_circle_is_told() -> None:
    with pytest.raises(TreeError, match="circle"):
        Tree.of({"root": "", "a": "b", "b": "a"})
    with pytest.raises(TreeError, match="'a' lies under 'gone'"):
        Tree.of({"a": "gone"})
