"""Who bears a role, asked of a small registry."""

from __future__ import annotations

from datetime import date

from nytta.insight.alerts.addressees import Directory, Recipient
from nytta.insight.alerts.kinds import Role
from nytta.registry.load import read

DAY = date(2026, 3, 2)

FILES = {
    "organisation.yaml": b"""
organisations:
  - id: town
    name: Town
    timezone: Europe/Oslo
    country: "NO"
    language: nb
    programme_lead: {name: Lead, email: lead@town.example}
    operations: {name: Desk, teams: "https://teams.town.example/hook"}
units:
  - {id: care, name: Care, parent: town, manager: {name: Ada, email: ada@town.example}}
  - {id: home, name: Home, parent: care}
  - {id: school, name: School, parent: town, manager: {name: Ada, email: ADA@town.example}}
  - {id: tiny, name: Tiny, parent: town}
  - {id: wee, name: Wee, parent: town}
reporting_groups:
  - {id: small, name: Small, units: [tiny, wee], manager: {name: Gro, email: gro@town.example}}
""",
    "systems.yaml": b"""
systems:
  - {id: arken, name: Arken}
""",
    "programme.yaml": b"""
benefits:
  - id: hours
    name: Hours
    unit: care
    system: arken
    kind: redistribution
    unit_of_measure: hours
    owner: {name: Bo, email: bo@town.example, language: sv}
""",
}


def directory() -> Directory:
    loaded = read(FILES)
    assert loaded.registry is not None, loaded.problems
    return Directory(loaded.registry)


def ask(role: Role, unit: str, system: str = "arken", day: date = DAY) -> Recipient | None:
    return directory().recipient(role, unit, system, day)


def place(role: Role, unit: str, system: str = "arken") -> tuple[str, str, bool] | None:
    found = ask(role, unit, system)
    return (found.place, found.language, found.reachable) if found else None


def test_managers() -> None:
    assert place(Role.MANAGER, "care") == ("care", "nb", True)
    assert place(Role.MANAGER, "home") == ("care", "nb", True)
    assert place(Role.MANAGER, "tiny") == ("small", "nb", True)
    assert place(Role.MANAGER, "small") == ("small", "nb", True)
    assert place(Role.MANAGER, "town") is None


def test_one_contact_is_one_recipient_whatever_names_it() -> None:
    one, two, other = ask(Role.MANAGER, "care"), ask(Role.MANAGER, "school"), ask(Role.MANAGER, "tiny")
    assert one is not None
    assert two is not None
    assert other is not None
    assert one.id == two.id != other.id
    assert "ada" not in repr(one).casefold()


def test_owners_of_benefits() -> None:
    assert place(Role.BENEFIT_OWNER, "home") == ("care", "sv", True)
    assert place(Role.BENEFIT_OWNER, "home", "duvan") == ("care", "nb", True)
    assert place(Role.BENEFIT_OWNER, "small") == ("small", "nb", True)


def test_lead_and_operations() -> None:
    assert place(Role.PROGRAMME_LEAD, "home") == ("town", "nb", True)
    assert place(Role.OPERATIONS, "small") == ("town", "nb", True)


def test_a_unit_that_does_not_exist_has_nobody() -> None:
    assert ask(Role.MANAGER, "gone") is None
    assert ask(Role.OPERATIONS, "gone") is None
