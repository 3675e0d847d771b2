"""The closure of the tree equals a walk upwards, on every day, for any history of moves, births and ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nytta.registry.dates import END
from nytta.registry.load import read
from nytta.registry.paths import Path, paths
from nytta.registry.registry import Registry

FIRST = date(2024, 1, 1)

Forest = dict[str, str]
"""Parent of each unit that exists; 'r' is the root."""


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, Forest]]:
    """Forests that follow each other, each with the number of days that it lasts; the last one stays."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        units = draw(st.permutations([f"u{n}" for n in range(6)]))[: draw(st.integers(0, 6))]
        forest: Forest = {}
        for unit in units:
            forest[unit] = draw(st.sampled_from(["r", *forest]))
        found.append((draw(st.integers(1, 40)), forest))
    return found


def days(history: list[tuple[int, Forest]]) -> Iterator[tuple[date, date, Forest]]:
    """Each forest with its first day and the day after its last."""
    day = FIRST
    for number, (length, forest) in enumerate(history, start=1):
        end = END if number == len(history) else day + timedelta(days=length)
        yield day, end, forest
        day = end


def registry_of(history: list[tuple[int, Forest]]) -> Registry:
    document = {
        "organisations": [{"id": "r", "timezone": "Europe/Oslo", "country": "NO"}],
        "units": [
            {"id": unit, "parent": parent, "valid_from": str(start), "valid_to": str(end)}
            for start, end, forest in days(history)
            for unit, parent in forest.items()
        ],
    }
    loaded = read({"organisation.yaml": yaml.safe_dump(document).encode()})
    assert loaded.registry is not None, loaded.problems
    return loaded.registry


def walk(unit: str, forest: Forest) -> list[str]:
    chain = [unit]
    while chain[-1] != "r":
        chain.append(forest[chain[-1]])
    return chain


@settings(max_examples=60)
@given(histories())
def test_paths_equal_a_walk_upwards_on_any_day(history: list[tuple[int, Forest]]) -> None:
    registry = registry_of(history)
    rows = paths(registry.units)
    assert rows == sorted(set(rows))
    for start, end, forest in days(history):
        expected = {
            (unit, ancestor, depth) for unit in ["r", *forest] for depth, ancestor in enumerate(walk(unit, forest))
        }
        for day in {start, start + (end - start) // 2, end - timedelta(days=1)}:
            valid = [(p.unit, p.ancestor, p.depth) for p in rows if p.valid_from <= day < p.valid_to]
            assert len(valid) == len(set(valid))
            assert set(valid) == expected
            assert {u.id for u in registry.units_at(day).values()} == {"r", *forest}
            for unit in forest:
                assert [u.id for u in registry.ancestors(unit, day)] == walk(unit, forest)[1:]
            order = [(u.id, depth) for u, depth in registry.tree(day)]
            assert sorted(order) == sorted((u, len(walk(u, forest)) - 1) for u in ["r", *forest])
            below = {u: [d.id for d in registry.descendants(u, day)] for u in forest}
            assert all(set(below[u]) == {x for x in forest if u in walk(x, forest)[1:]} for u in forest)


@given(histories())
@settings(max_examples=30)
def test_paths_are_as_few_as_can_be(history: list[tuple[int, Forest]]) -> None:
    rows = paths(registry_of(history).units)
    ends = {(p.unit, p.ancestor, p.depth, p.valid_to) for p in rows}
    assert not [p for p in rows if (p.unit, p.ancestor, p.depth, p.valid_from) in ends]


def test_the_example_moves_the_archive(example: Registry) -> None:
    archive = [p for p in paths(example.units) if p.unit == "norrvik.archive" and p.depth == 1]
    turn = date(2026, 1, 1)
    assert archive == [
        Path("norrvik.archive", "norrvik.admin", 1, turn, END),
        Path("norrvik.archive", "norrvik.health", 1, date(1970, 1, 1), turn),
    ]
