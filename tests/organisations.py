"""Small registries for tests."""

from __future__ import annotations

from datetime import date

from nytta.registry.load import read
from nytta.registry.registry import Registry
from nytta.registry.store import tables as registry_tables
from nytta.storage.client import Connection

SMALL_COUNTY = {
    "organisation.yaml": b"""
organisations:
  - id: county
    name: County
    timezone: Europe/Stockholm
    country: SE
    language: sv
units:
  - {id: north, name: North, parent: county}
  - {id: south, name: South, parent: county}
approvals:
  - {purpose: "*", legal_basis: public task, dpia: DPIA 1, consulted_on: 2025-11-03}
""",
    "systems.yaml": b"""
systems:
  - id: cases
    name: Cases
    intended: [decide]
""",
    "programme.yaml": b"""
plans:
  - {system: cases, unit: north, workplaces: 10, valid_from: 2026-01-01}
""",
}


def county(files: dict[str, bytes] | None = None) -> Registry:
    """The registry of a county with two units."""
    loaded = read(files or SMALL_COUNTY)
    assert loaded.registry is not None, loaded.problems
    return loaded.registry


def small_county(connection: Connection) -> Registry:
    """The same, put into the store's tables."""
    registry = county()
    registry_tables.save(connection, registry, date(2026, 1, 1), date(2026, 12, 31))
    return registry


def secret(root: str) -> bytes:
    """The secret of a root unit's figures, as tests have it."""
    return b"secret of " + root.encode()
