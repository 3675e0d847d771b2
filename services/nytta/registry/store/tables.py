"""The registry as tables of the open zone, and the units made for logs that came without one."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa

from nytta.registry.created import created
from nytta.registry.dates import BEGINNING, END
from nytta.registry.digest import digest
from nytta.registry.registry import Registry
from nytta.registry.store import approvals
from nytta.registry.tables import tables
from nytta.registry.units import Approval
from nytta.storage.client import Connection

_LOADED = (
    "units",
    "unit_paths",
    "steps",
    "plans",
    "planned_workplaces",
    "calendar",
    "stops",
    "milestones",
    "go_lives",
)
_NAMED = {
    "systems": ["system", "name_sv", "name_nb", "name_en"],
    "case_types": ["system", "case_type", "name_sv", "name_nb", "name_en"],
}
"""What is loaded for its names alone: minutes of case types are for statements of benefits to tell."""
_GROUP_DEPTH = 255
"""The depth of a unit under its reporting group: more than any tree has, so that it is taken for no ancestor's."""


@dataclass(frozen=True, slots=True)
class CreatedRoot:
    """An organisation made for a log: its root, zone, codes of units, and what its owner says of its approval."""

    root: str
    timezone: str
    codes: tuple[str, ...]
    country: str = ""
    public_data: bool = False
    declared_size: int | None = None
    approval: Approval | None = None


def created_roots(connection: Connection) -> list[CreatedRoot]:
    """What was made so far, in order."""
    root_rows = connection.rows(
        "SELECT root, any(timezone), any(country), max(public_data), any(declared_size), "
        "arraySort(groupArrayIf(code, code != '')), min(place) AS first "
        "FROM {open}.created_units GROUP BY root ORDER BY first"
    )
    approved = approvals.created_approvals(connection)
    return [
        CreatedRoot(
            root=root,
            timezone=timezone,
            codes=tuple(codes),
            country=country,
            public_data=bool(public_data),
            declared_size=declared_size,
            approval=approved.get(root),
        )
        for root, timezone, country, public_data, declared_size, codes, _place in root_rows
    ]


def add_created(connection: Connection, created_root: CreatedRoot) -> None:
    """Remember the codes of `created_root` that are not there yet."""
    stored_codes = {stored.root: set(stored.codes) for stored in created_roots(connection)}
    new_codes = sorted(set(created_root.codes) - stored_codes.get(created_root.root, set()))
    if created_root.root in stored_codes and not new_codes:
        return
    position = int(connection.value("SELECT max(place) + 1 FROM {open}.created_units"))
    # an organisation without units is kept too: as a row without a code
    unit_rows = [
        [
            position,
            created_root.root,
            code,
            created_root.timezone,
            created_root.country,
            created_root.public_data,
            created_root.declared_size,
        ]
        for code in new_codes or [""]
    ]
    connection.insert(
        "{open}.created_units",
        ["place", "root", "code", "timezone", "country", "public_data", "declared_size"],
        unit_rows,
    )


def with_created(registry: Registry | None, roots: Sequence[CreatedRoot]) -> Registry:
    """The registry with the units that logs brought."""
    base_registry = registry or Registry((), ())
    # one after the other: a code that an earlier organisation has gets another id in a later one
    for created_root in roots:
        base_registry = created(
            created_root.root,
            created_root.timezone,
            created_root.codes,
            country=created_root.country,
            public_data=created_root.public_data,
            declared_size=created_root.declared_size,
            registry=base_registry,
        )
        if created_root.approval and created_root.approval not in base_registry.approvals:
            base_registry = replace(
                base_registry, approvals=(*base_registry.approvals, created_root.approval)
            )
    return base_registry


def save(
    connection: Connection,
    registry: Registry,
    first_day: date,
    last_day: date,
    *,
    purposes: Collection[str] = (),
    day: date = date.max,
) -> bool:
    """Put the registry into its tables, the calendar from `first_day` to `last_day`; False if it stood there already.

    Approvals of `purposes`, and of those that the registry names, are kept as they stand on `day`.
    """
    approved = approvals.approvals(registry, purposes, day)
    approvals_digest = hashlib.sha256(repr(approved).encode()).hexdigest()[:16]
    # all that the tables are made of: what differs in none of it need not be written, nor anything computed anew
    load_digest = f"{digest(registry)} {first_day.year} {last_day.year} {approvals_digest}"
    current = connection.rows(
        "SELECT digest FROM {open}.registry_loads ORDER BY loaded DESC LIMIT 1"
    )
    if current and current[0][0] == load_digest:
        return False
    # whole years, so that the calendar stays as it is while the data grow
    tables_by_name = tables(registry, date(first_day.year, 1, 1), date(last_day.year, 12, 31))
    unit_paths = pa.concat_tables([tables_by_name["unit_paths"], _group_paths(tables_by_name)])
    groups = _groups_as_units(tables_by_name, registry)
    tables_by_name["unit_paths"] = _always(unit_paths)
    tables_by_name["units"] = pa.concat_tables([_always(tables_by_name["units"]), groups])
    for table, columns in _NAMED.items():
        tables_by_name[table] = tables_by_name[table].select(columns)
    for table in (*_LOADED, *_NAMED):
        connection.run(f"TRUNCATE TABLE {{open}}.{table}")
        if len(tables_by_name[table]):
            connection.insert_arrow(f"{{open}}.{table}", tables_by_name[table])
    approvals.save_approvals(connection, approved)
    # noted last: a load that is broken off is made again
    loaded = int(connection.value("SELECT max(loaded) + 1 FROM {open}.registry_loads"))
    connection.insert("{open}.registry_loads", ["digest", "loaded"], [[load_digest, loaded]])
    return True


def _always(table_rows: pa.Table) -> pa.Table:
    """The same rows with the first version of each unit valid since ever and the last one without end.

    Events outside a unit's dates count where its nearest version stands: nothing that came is left out of a roll-up.
    """
    first_days: dict[str, date] = {}
    last_days: dict[str, date] = {}
    units = table_rows["unit"].to_pylist()
    starts = table_rows["valid_from"].to_pylist()
    ends = table_rows["valid_to"].to_pylist()
    for unit, start, end in zip(units, starts, ends, strict=True):
        first_days[unit] = min(first_days.get(unit, start), start)
        last_days[unit] = max(last_days.get(unit, end), end)
    dated_starts = zip(units, starts, strict=True)
    new_starts = [BEGINNING if start == first_days[unit] else start for unit, start in dated_starts]
    dated_ends = zip(units, ends, strict=True)
    new_ends = [END if end == last_days[unit] else end for unit, end in dated_ends]
    table_rows = _with_days(table_rows, "valid_from", new_starts)
    return _with_days(table_rows, "valid_to", new_ends)


def _with_days(rows: pa.Table, name: str, days: Sequence[date]) -> pa.Table:
    """Rows with other days in a column."""
    return rows.set_column(rows.schema.get_field_index(name), name, pa.array(days, pa.date32()))


def _group_paths(tables_by_name: dict[str, pa.Table]) -> pa.Table:
    """Members under their reporting group, as rows of unit_paths."""
    members = tables_by_name["group_paths"]
    schema = tables_by_name["unit_paths"].schema
    depth = pa.array([_GROUP_DEPTH] * len(members), schema.field("depth").type)
    columns = [
        members["unit"],
        members["reporting_group"],
        depth,
        members["valid_from"],
        members["valid_to"],
    ]
    return pa.table(columns, schema=schema)


def _groups_as_units(tables_by_name: dict[str, pa.Table], registry: Registry) -> pa.Table:
    """Reporting groups as rows of `units`, so that surfaces find their names."""
    units = tables_by_name["units"]
    unit_rows = {unit_row["unit"]: unit_row for unit_row in units.to_pylist()}
    group_rows = []
    for group in registry.groups:
        # its members are siblings: the place of any of them is the group's
        member = unit_rows[group.units[0]]
        own_columns = {
            "unit": group.id,
            "name_sv": group.names.sv,
            "name_nb": group.names.nb,
            "name_en": group.names.en,
            "type": "reporting-group",
            "reporting_group": "",
            "declared_size": None,
            "valid_from": BEGINNING,
            "valid_to": END,
        }
        group_rows.append(member | own_columns)
    return pa.Table.from_pylist(group_rows, schema=units.schema)
