"""Questions to the registry: who, when, by which plan, and whether it may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from nytta.registry.load import Loaded
from nytta.registry.registry import Registry
from nytta.registry.retention import Rule
from tests.organisations import county

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


def test_the_tree_of_each_day_is_that_of_a_registry_asked_for_no_other(example: Registry) -> None:
    days = [date(2024, 12, 1) + timedelta(days=number) for number in range(0, 900, 1)]
    for day in days:
        example.tree(day).clear()  # whoever asks may do with the answer as they like
        tree = example.tree(day)
        assert {unit.id: unit for unit, _ in tree} == example.units_at(day)
        assert tree == replace(example).tree(day)
    groups = {example.era(day): [g.id for g in example.groups if day in g.span] for day in days}
    assert all([g.id for g in example.groups if day in g.span] == groups[example.era(day)] for day in days)
    assert len(groups) > 3


@pytest.mark.parametrize(
    ("place", "day", "expected"),
    [
        ("norrvik.archive", date(2025, 12, 31), "Journalarkivet"),
        ("norrvik.archive", date(2026, 1, 1), "Arkivcentrum"),
        ("havneset.care", date(2020, 1, 1), "Care"),
        ("norrvik.small-clinics", DAY, "Små kliniker"),
        ("norrvik.small-clinics", date(2020, 1, 1), "Små kliniker"),
        ("nowhere", DAY, "nowhere"),
    ],
)
def test_a_place_has_its_names_of_the_day_or_its_last_ones(
    example: Registry, place: str, day: date, expected: str
) -> None:
    assert example.place_names(place, day).sv == expected


def test_a_group_has_its_days(example: Registry) -> None:
    group = example.reporting_group("norrvik.small-clinics", DAY)
    assert group is not None
    assert group.id == "norrvik.small-clinics"
    assert example.reporting_group("norrvik.small-clinics", date(2020, 1, 1)) is None
    assert example.reporting_group("norrvik.permits", DAY) is None


def test_systems_and_case_types_have_names_or_their_ids(example: Registry) -> None:
    system = next(system for system in example.systems if system.case_types)
    case_type = system.case_types[0]
    assert example.system_names(system.id) == system.names
    assert example.system_names("other").en == "other"
    assert example.case_type_names(system.id, case_type.id) == case_type.names
    assert example.case_type_names(system.id, "other").en == "other"
    assert example.case_type_names("other", case_type.id).en == case_type.id


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
    assert example.go_live("casework", "unheard-of") is None


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
    casework = example.system("casework")
    assert casework is not None
    assert casework.id == "casework"
    assert example.system("unheard-of") is None
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


def test_descendants_end_where_the_next_unit_of_the_same_height_begins(example: Registry) -> None:
    clinics = ["norrvik.clinic-east", "norrvik.clinic-west", "norrvik.clinic-isles"]
    assert [unit.id for unit in example.descendants("norrvik.health", DAY)] == clinics
    assert example.descendants("norrvik.clinic-east", DAY) == []
    with pytest.raises(KeyError, match="does not exist"):
        example.descendants("unheard-of", DAY)
    with pytest.raises(KeyError, match="does not exist"):
        example.unit("unheard-of", DAY)


def test_a_place_left_on_the_very_day_counts_for_nothing_and_the_next_one_does(read_text: ReadText) -> None:
    registry = read_text(
        """\
units:
  - {id: a, parent: r}
  - {id: b, parent: r}
  - {id: u, parent: a, valid_to: 2026-06-01}
  - {id: u, parent: b, valid_from: 2026-06-01}
  - {id: below, parent: u}
""",
        systems="systems: [{id: s, go_lives: [{unit: a, date: 2026-06-01}, {unit: b, date: 2026-09-01}]}]",
    ).registry
    assert registry is not None
    assert [registry.go_live("s", unit) for unit in ("u", "below")] == [date(2026, 9, 1)] * 2


def test_a_group_is_live_when_its_last_member_is(example: Registry, read_text: ReadText) -> None:
    assert example.members("norrvik.small-clinics") == (
        "norrvik.clinic-east",
        "norrvik.clinic-west",
        "norrvik.clinic-isles",
    )
    assert example.members("norrvik.permits") == ("norrvik.permits",)
    units = "units: [{id: a, parent: r}, {id: b, parent: r}, {id: c, parent: r}]\nreporting_groups:\n"
    groups = (
        "  - {id: two, name: Two, units: [a, b], manager: {name: M, email: m@r.example}}\n"
        "  - {id: three, name: Three, units: [a, b, c], manager: {name: M, email: m@r.example}}\n"
    )
    go_lives = "go_lives: [{unit: a, date: 2026-02-02}, {unit: b, date: 2026-03-02}]"
    registry = read_text(units + groups.splitlines()[0] + "\n", systems=f"systems: [{{id: s, {go_lives}}}]").registry
    assert registry is not None
    assert registry.live("s", "two") == date(2026, 3, 2)
    assert registry.live("s", "a") == date(2026, 2, 2)
    registry = read_text(units + groups.splitlines()[1] + "\n", systems=f"systems: [{{id: s, {go_lives}}}]").registry
    assert registry is not None
    assert registry.live("s", "three") is None


def test_the_intended_use_is_the_last_target_of_the_plan_else_that_of_the_benefit(
    example: Registry, read_text: ReadText
) -> None:
    assert example.target_of_use("casework", "intended-use", "norrvik.permits", DAY) == 65
    assert example.target_of_use("casework", "intended-use", "norrvik.archive", DAY) == 80
    assert example.target_of_use("casework", "intended-use", "havneset", DAY) is None
    benefit = "unit: a, system: s, kind: quality, unit_of_measure: visits"
    registry = read_text(
        "units: [{id: a, parent: r}, {id: b, parent: r}]",
        systems="systems: [{id: s}, {id: t}]",
        programme=f"""\
benefits:
  - {{id: none, name: None, {benefit}}}
  - {{id: other, name: Other, {benefit}, adoption: {{indicator: weekly-breadth, baseline: 1 %, target: 30 %}}}}
  - {{id: that, name: That, {benefit}, adoption: {{indicator: intended-use, baseline: 5 %, target: 72 %}}}}
""",
    ).registry
    assert registry is not None
    assert registry.target_of_use("s", "intended-use", "a", DAY) == 72
    assert [registry.target_of_use(*place, DAY) for place in (("t", "intended-use", "a"), ("s", "x", "a"))] == [
        None
    ] * 2
    assert registry.target_of_use("s", "intended-use", "b", DAY) is None


def test_a_code_belongs_to_an_organisation_where_all_its_units_do(example: Registry, read_text: ReadText) -> None:
    assert example.root_of("0410", "hr:daily") == "norrvik"
    assert example.root_of("NO", "itsm") == "havneset"
    assert example.root_of("havneset.care", "any") == "havneset"
    assert example.root_of("nobody", "itsm") == ""
    alone = read_text("units: [{id: a, parent: r}]").registry
    assert alone is not None
    assert alone.root_of("nobody", "itsm") == "r"


def test_an_agreement_about_a_system_holds_for_each_of_its_case_types(example: Registry) -> None:
    assert example.deviation("casework", "norrvik.clinic-isles", DAY, "building-permit") is not None
    assert example.deviation("chat", "norrvik.clinic-isles", DAY) is None


def test_the_nearest_approval_and_decision_count(example: Registry, read_text: ReadText) -> None:
    of_persons = [example.disposal(Rule.PERSONS, root) for root in ("havneset", "norrvik")]
    assert [disposal and disposal.decision for disposal in of_persons] == ["KS 2025/114 § 12"] * 2
    of_cases = example.disposal(Rule.CASES, "norrvik")
    assert of_cases is not None
    assert of_cases.decision == "KS 2025/114 § 13"
    assert example.disposal(Rule.CASES, "havneset") is None
    registry = read_text(
        """\
units: [{id: a, parent: r}]
approvals:
  - {purpose: "*", legal_basis: any purpose of all}
  - {purpose: habits, legal_basis: one purpose of all}
  - {purpose: "*", organisation: r, legal_basis: any purpose of one}
disposals:
  - {rule: persons, decision: of all}
  - {rule: persons, organisation: r, decision: of one}
"""
    ).registry
    assert registry is not None
    # whoever names an organisation has thought of it
    assert registry.approval("habits", "r").legal_basis == "any purpose of one"
    assert registry.approval("habits", "elsewhere").legal_basis == "one purpose of all"
    assert registry.approval("use", "elsewhere").legal_basis == "any purpose of all"
    decision = registry.disposal(Rule.PERSONS, "r")
    assert decision is not None
    assert decision.decision == "of one"
    nothing = example.approval("another purpose", "norrvik")
    assert (nothing.purpose, nothing.organisation) == ("another purpose", "norrvik")


def test_suggestions_that_name_the_system_come_before_those_for_all(read_text: ReadText) -> None:
    registry = read_text(
        "units: [{id: a, parent: r}]",
        systems="systems: [{id: s}, {id: t}]",
        programme="""\
suggestions:
  - {text: own, owner: Owner, alert: level, system: s}
  - {text: all, owner: Owner, alert: level}
  - {text: other, owner: Owner, alert: relapse, system: s}
""",
    ).registry
    assert registry is not None
    assert [suggestion.text.en for suggestion in registry.suggested("level", "s")] == ["own"]
    assert [suggestion.text.en for suggestion in registry.suggested("level", "t")] == ["all"]
    assert registry.suggested("relapse", "t") == ()


def test_a_unit_is_no_more_on_the_day_on_which_it_ends() -> None:
    last_day = date(2026, 6, 30)
    registry = county()
    ended = tuple(replace(unit, valid_to=date(2026, 7, 1)) if unit.id == "south" else unit for unit in registry.units)
    registry = replace(registry, units=ended)
    assert "south" in registry.units_at(last_day)
    assert "south" not in registry.units_at(date(2026, 7, 1))
