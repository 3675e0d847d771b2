"""Units that a log brings with it, where the registry does not declare its organisation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from nytta.ingest.intake.reports import IntakeError
from nytta.registry.registry import Registry
from nytta.registry.store import tables as registry_tables
from nytta.registry.store.approvals import remember_approval
from nytta.registry.store.tables import CreatedRoot
from nytta.storage.client import Connection

if TYPE_CHECKING:
    from nytta.ingest.files.mapping import Mapping


def is_declared(declared: Registry | None, root: str) -> bool:
    """Whether the registry of files has this organisation."""
    return declared is not None and any(
        organisation.id == root for organisation in declared.organisations
    )


def stored_root(connection: Connection, root: str) -> CreatedRoot | None:
    """The organisation as an earlier log brought it; None where none did."""
    stored_roots = {stored.root: stored for stored in registry_tables.created_roots(connection)}
    return stored_roots.get(root)


def root_of_log(root: str, timezone: str, mapping: Mapping) -> CreatedRoot:
    """A new organisation, under which a log's units are made."""
    return CreatedRoot(
        root=root,
        timezone=timezone or mapping.timezone,
        codes=(),
        country=mapping.organisation.country,
        public_data=mapping.purpose == "public_data",
        declared_size=mapping.declared_size if isinstance(mapping.declared_size, int) else None,
    )


def with_codes(registry: Registry, created_root: CreatedRoot, events: pa.Table) -> CreatedRoot:
    """`created_root` with the codes of these events. IntakeError where one is a unit of another organisation."""
    if not len(events):
        return created_root
    # an event that names no unit is placed by its actor; the organisation itself is there already
    unit_codes = set(events["unit"].unify_dictionaries().unique().to_pylist()) - {
        "",
        created_root.root,
    }
    _check_owners(registry, created_root.root, unit_codes)
    if unit_codes <= set(created_root.codes):
        return created_root
    # sorted, so that the same log makes the same units in whatever order its rows come
    all_codes = unit_codes.union(created_root.codes)
    return replace(created_root, codes=tuple(sorted(all_codes)))


def _check_owners(registry: Registry, root: str, codes: Iterable[str]) -> None:
    owners = {unit.id: unit.root for unit in registry.units}
    foreign = sorted(code for code in codes if owners.get(code, root) != root)
    if foreign:
        owner = owners[foreign[0]]
        raise IntakeError(
            f"unit '{foreign[0]}' belongs to organisation '{owner}' already: if it is the same, say "
            f"--organisation {owner}; if not, give this log's units names of their own in the mapping"
        )


def joined(registry: Registry, created_root: CreatedRoot) -> Registry:
    """The registry with what a log brings; IntakeError where the two do not go together."""
    try:
        return registry_tables.with_created(registry, [created_root])
    except ValueError as error:
        raise IntakeError(f"{error}; say another with --organisation or --timezone") from error


def add_units(
    connection: Connection, created_root: CreatedRoot, mapping: Mapping
) -> tuple[str, ...]:
    """Keep the organisation that a log brings, with its units; the codes of those that are new."""
    stored_codes = {
        stored.root: stored.codes for stored in registry_tables.created_roots(connection)
    }
    new_codes = set(created_root.codes) - set(stored_codes.get(created_root.root, ()))
    registry_tables.add_created(connection, created_root)
    if mapping.approval:
        approval = mapping.approval.given(created_root.root)
        remember_approval(connection, created_root.root, approval)
    return tuple(sorted(new_codes))
