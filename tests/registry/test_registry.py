"""Questions to the registry: who, when, by which plan, and whether it may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from nytta.registry.load import Loaded
from nytta.registry.registry import Registry

DAY = date(2026, 3, 2)

ReadText = Callable[..., Loaded]


def test_units_and_the_tree_of_a_day(example: Registry) -> None:
    assert example.unit("norrvik.archive", date(2025, 12, 31)).names.sv == "Journalarkivet"
    assert example.unit("norrvik.archive", date(2026, 1, 1)).names.sv == "Arkivcentrum"
    with pytest.raises(KeyError, match="does not exist on 2024-12-31"):
        example.unit("havneset.care", date(2024, 12, 31))
    assert [(u.id, depth) for u, depth in example.tree(DAY)] == [
        ("norrvik", 0),
        ("norrvik.health", 1),
        ("norrvik.clinic-east", 2),
        ("norrvik.clinic-west", 2),
        ("norrvik.clinic-isles", 2),
        ("norrvik.admin", 1),
        ("norrvik.archive", 2),
        ("norrvik.permits", 2),
        ("havneset", 0),
        ("havneset.building", 1),
        ("havneset.care", 1),
        ("havneset.care-border", 2),
    ]
    assert [u.id for u in example.descendants("norrvik.admin", DAY)] == ["norrvik.archive", "norrvik.permits"]
    assert example.peers("norrvik.permits", DAY) == ["norrvik.archive", "havneset.building"]
    assert example.peers("norrvik.admin", DAY) == []
    assert example.zones == {"norrvik": ZoneInfo("Europe/Stockholm"), "havneset": ZoneInfo("Europe/Oslo")}


@pytest.mark.parametrize(
    ("unit", "day", "expected"),
    [
        ("norrvik.permits", DAY, ("Tillståndschefen", "norrvik.permits", "manager")),
        ("norrvik.archive", DAY, ("Kanslichefen", "norrvik.admin", "inherited")),
        ("norrvik.archive", date(2025, 3, 3), ("Hälsodirektören", "norrvik.health", "inherited")),
        ("norrvik.admin", date(2026, 7, 6), ("Vice kanslichef", "norrvik.admin", "delegate")),
        ("norrvik.admin", date(2026, 8, 1), ("Kanslichefen", "norrvik.admin", "manager")),
        ("norrvik.clinic-isles", DAY, ("Klinikchefen", "norrvik.small-clinics", "group_manager")),
        ("norrvik.clinic-isles", date(2025, 3, 3), ("Hälsodirektören", "norrvik.health", "inherited")),
        ("havneset.care-border", DAY, ("Kommunedirektøren", "havneset", "inherited")),
    ],
)
def test_who_is_addressed(example: Registry, unit: str, day: date, expected: tuple[str, str, str]) -> None:
    found = example.addressee(unit, day)
    assert found is not None
    assert (found.contact.name, found.named_by, found.role) == expected


def test_nobody_is_addressed_where_nobody_is_named(example: Registry) -> None:
    assert example.addressee("norrvik", DAY) is None


@pytest.mark.parametrize(
    ("unit", "day"),
    [
        ("norrvik.permits", date(2025, 9, 1)),
        ("norrvik.archive", date(2026, 1, 1)),  # moves under a unit that is live already
        ("norrvik.health", date(2026, 3, 1)),
        ("havneset.building", date(2026, 3, 1)),
    ],
)
def test_going_live(example: Registry, unit: str, day: date) -> None:
    assert example.go_live("casework", unit) == day
    assert example.go_live("old-archive", unit) is None
    assert example.go_live("unheard-of", unit) is None


def test_a_unit_that_leaves_before_the_day_does_not_go_live(read_text: ReadText) -> None:
    registry = read_text(
        """\
units:
  - {id: a, parent: r}
  - {id: b, parent: r}
  - {id: u, parent: a, valid_to: 2026-01-01}
  - {id: u, parent: b, valid_from: 2026-01-01}
  - {id: late, parent: a, valid_from: 2027-01-01}
""",
        systems="systems: [{id: s, go_lives: [{unit: a, date: 2026-06-01}]}]",
    ).registry
    assert registry is not None
    assert registry.go_live("s", "u") is None
    assert registry.go_live("s", "late") == date(2026, 6, 1)


def test_plans_deviations_and_approvals(example: Registry) -> None:
    near = example.plan("casework", "intended-use", "norrvik.permits", DAY)
    far = example.plan("casework", "intended-use", "norrvik.archive", DAY)
    assert near is not None
    assert far is not None
    assert (near.unit, far.unit) == ("norrvik.permits", "norrvik")
    assert example.plan("casework", "intended-use", "havneset", DAY) is None
    assert example.deviation("casework", "norrvik.clinic-isles", DAY) is not None
    assert example.deviation("casework", "norrvik.clinic-isles", date(2026, 9, 1)) is None
    assert example.deviation("casework", "norrvik.clinic-east", DAY) is None
    purpose = "way-of-working"
    assert example.approved(purpose, "norrvik", date(2025, 5, 20))
    assert not example.approved(purpose, "norrvik", date(2025, 5, 19))
    assert not example.approved(purpose, "havneset", DAY)  # its own approval lacks assessment and consultation
    assert not example.approved("another purpose", "norrvik", DAY)
    assert example.unapproved(purpose, "havneset", DAY) == ("dpia", "consulted_on")
    assert example.unapproved(purpose, "norrvik", date(2025, 5, 19)) == ("consulted_on",)
    assert example.unapproved("another purpose", "norrvik", DAY) == ("legal_basis", "dpia", "consulted_on")


def test_deviations_of_a_case_type(read_text: ReadText) -> None:
    registry = read_text(
        "units: [{id: a, parent: r}]",
        systems="systems: [{id: s, case_types: [{id: c}, {id: d}]}]",
        programme="deviations: [{unit: r, system: s, case_type: c, reason: law, agreed_by: A}]",
    ).registry
    assert registry is not None
    assert registry.deviation("s", "a", DAY) is None
    assert registry.deviation("s", "a", DAY, "d") is None
    assert registry.deviation("s", "a", DAY, "c") is not None


def test_systems(example: Registry) -> None:
    assert [example.processes(s, DAY) for s in ("casework", "chat", "unheard-of")] == [True, False, True]
    permit = example.case_type("casework", "building-permit")
    assert permit is not None
    assert permit.minutes is not None
    assert permit.minutes.confirmed(date(2025, 6, 1))
    assert not permit.minutes.confirmed(date(2025, 5, 31))
    assert example.case_type("casework", "x") is None
    assert example.case_type("unheard-of", "x") is None


def test_codes_of_sources(example: Registry) -> None:
    codes = ["0410", "0420", "norrvik.permits", "NO", "nobody", "havneset.care-border"]
    assert example.resolve(codes, "hr:daily", date(2025, 12, 31)) == [
        *("norrvik.archive", "norrvik.clinic-east", "norrvik.permits", None, None, "havneset.care-border")
    ]
    assert example.resolve(codes, "hr:daily", date(2026, 1, 1))[0] == "norrvik.permits"
    assert example.resolve(codes, "itsm", DAY) == [
        None,
        None,
        "norrvik.permits",
        "havneset.building",
        None,
        codes[-1],
    ]
    assert example.resolve(codes, "itsm2", DAY)[3] is None
    assert example.resolve(["havneset.care"], "", date(2024, 12, 31)) == [None]
    rows = [("0410", "hr:daily", date(2025, 1, 1)), ("0410", "hr:daily", DAY), ("0410", "x", DAY)]
    assert example.resolve_rows(rows) == ["norrvik.archive", "norrvik.permits", None]


def test_a_mapped_code_never_falls_back_to_a_unit_of_that_id(read_text: ReadText) -> None:
    registry = read_text(
        """\
units: [{id: a, parent: r}, {id: b, parent: r, valid_to: 2026-01-01}]
code_maps: [{source: "x*", codes: [{code: a, unit: b}]}]
"""
    ).registry
    assert registry is not None
    assert [registry.resolve(["a"], s, date(2025, 6, 1))[0] for s in ("x", "xy", "y")] == ["b", "b", "a"]
    assert registry.resolve(["a"], "x", date(2026, 6, 1)) == [None]
