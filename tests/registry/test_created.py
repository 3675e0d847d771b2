"""A registry for a log that came without one."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.registry.created import created
from nytta.registry.digest import digest
from nytta.registry.paths import paths
from nytta.registry.registry import Registry

DAY = date(2011, 1, 1)


def test_units_under_one_root() -> None:
    registry = created(
        "wabo", "Europe/Amsterdam", ["Group 2", "Group 1", "", "Group 2"], country="NL", public_data=True
    )
    assert [(u.id, u.parent, u.root, u.country) for u in registry.units] == [
        ("wabo", None, "wabo", "NL"),
        ("Group 1", "wabo", "wabo", "NL"),
        ("Group 2", "wabo", "wabo", "NL"),
    ]
    assert registry.resolve(["Group 2", "Group 3"], "file:x", DAY) == ["Group 2", None]
    assert registry.approved("any purpose", "wabo", DAY)
    assert str(registry.zones["wabo"]) == "Europe/Amsterdam"
    assert len(paths(registry.units)) == 5


def test_a_second_log_extends_the_first() -> None:
    first = created("one", "Europe/Oslo", ["a", "two"])
    both = created("second", "Europe/Oslo", ["a", "b"], source="file:2*", registry=first)
    assert [u.id for u in both.units] == ["one", "a", "two", "second", "second/a", "b"]
    assert both.resolve(["a", "b", "two"], "file:2f", DAY) == ["second/a", "b", "two"]
    assert both.resolve(["a"], "file:1f", DAY) == ["a"]
    assert created("second", "Europe/Oslo", ["a", "b"], source="file:2*", registry=both) == both


def test_an_existing_registry_keeps_what_it_says(example: Registry) -> None:
    extended = created("norrvik", "Europe/Stockholm", ["norrvik.permits", "mystery"], registry=example)
    assert extended.organisations == example.organisations
    assert extended.units[:-1] == example.units
    assert (extended.units[-1].id, extended.units[-1].parent) == ("mystery", "norrvik")


def test_wrong_zones_and_roots() -> None:
    with pytest.raises(ValueError, match="not an IANA time zone"):
        created("r", "Europe/Nowhere", [])
    with pytest.raises(ValueError, match="not an IANA time zone"):
        created("r", "../secrets", [])
    with pytest.raises(ValueError, match="needs an id"):
        created(" ", "Europe/Oslo", [])
    with pytest.raises(ValueError, match="'a' is a unit below another"):
        created("a", "Europe/Oslo", [], registry=created("r", "Europe/Oslo", ["a"]))
    with pytest.raises(ValueError, match="is in the time zone Europe/Oslo in the registry"):
        created("r", "Europe/Stockholm", [], registry=created("r", "Europe/Oslo", ["a"]))


@given(st.lists(st.text(max_size=5), max_size=8))
def test_the_order_of_rows_makes_no_difference(codes: list[str]) -> None:
    one = created("r", "Europe/Oslo", codes)
    assert digest(one) == digest(created("r", "Europe/Oslo", reversed(codes)))
    assert one.resolve([c for c in codes if c], "x", DAY) == [c for c in codes if c]
