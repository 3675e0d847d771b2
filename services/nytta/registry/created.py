"""A registry for a log that came without one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nytta.registry.calendars import Calendar
from nytta.registry.dates import is_zone
from nytta.registry.registry import Registry
from nytta.registry.units import Names, Organisation, Unit, UnitCode


def created(
    root_id: str,
    timezone: str,
    unit_codes: Iterable[str],
    *,
    country: str = "",
    source: str = "*",
    public_data: bool = False,
    declared_size: int | None = None,
    registry: Registry | None = None,
) -> Registry:
    """`registry` (empty when None) with the root unit `root_id` and a unit for each code that it lacks.

    A unit's id is its code; where another unit has that id already, the id is `root_id/code` and the code is
    mapped for sources that fit `source`. The root is made unless it exists. Units are valid always, in order
    of their codes, so that the order of rows in a log makes no difference. `declared_size` is the number of
    persons stated for each of them. ValueError for an empty root id, a time zone that is unknown or not the
    existing root's, and a root id that names a unit below another.
    """
    if not root_id.strip():
        raise ValueError("the root unit needs an id")
    if not is_zone(timezone):
        raise ValueError(f"'{timezone}' is not an IANA time zone such as Europe/Stockholm")
    declared_registry = registry or Registry((), ())
    if not _has_root(declared_registry, root_id, timezone):
        declared_registry = _with_root(
            declared_registry,
            root_id,
            timezone,
            country,
            public_data=public_data,
            declared_size=declared_size,
        )
    return _with_units(declared_registry, root_id, unit_codes, country, source, declared_size)


def _has_root(registry: Registry, root_id: str, timezone: str) -> bool:
    """Whether the registry declares this organisation. ValueError where it declares something else by that name."""
    existing = next(
        (organisation for organisation in registry.organisations if organisation.id == root_id),
        None,
    )
    if existing is None:
        if any(unit.id == root_id for unit in registry.units):
            raise ValueError(f"'{root_id}' is a unit below another; name an organisation")
        return False
    if existing.timezone != timezone:
        raise ValueError(
            f"'{root_id}' is in the time zone {existing.timezone} in the registry, not {timezone}"
        )
    return True


def _with_root(
    registry: Registry,
    root_id: str,
    timezone: str,
    country: str,
    *,
    public_data: bool,
    declared_size: int | None,
) -> Registry:
    organisation = Organisation(
        id=root_id,
        timezone=timezone,
        key=root_id,
        country=country,
        language="en",
        currency="EUR",
        calendar=Calendar(country),
        public_data=public_data,
    )
    root = _unit(root_id, root_id, None, root_id, country, size=declared_size)
    return replace(
        registry,
        organisations=(*registry.organisations, organisation),
        units=(*registry.units, root),
    )


def _with_units(
    registry: Registry,
    root_id: str,
    unit_codes: Iterable[str],
    country: str,
    source: str,
    declared_size: int | None,
) -> Registry:
    """With a unit below the root for each code by which the registry knows none."""
    units = list(registry.units)
    mapped = list(registry.codes)
    unit_ids = {unit.id for unit in units}
    own_ids = {unit.id for unit in units if unit.root == root_id}
    mapped_codes = {entry.code for entry in mapped if entry.source == source}
    for code in sorted(set(unit_codes) - own_ids - mapped_codes - {""}):
        unit_id = code if code not in unit_ids else f"{root_id}/{code}"
        if unit_id not in unit_ids:
            units.append(_unit(unit_id, code, root_id, root_id, country, size=declared_size))
            unit_ids.add(unit_id)
        # the id belongs to another organisation's unit, which the code must not name
        if unit_id != code:
            mapped.append(UnitCode(source, code, unit_id))
    return replace(registry, units=tuple(units), codes=tuple(mapped))


def _unit(
    unit: str, name: str, parent: str | None, root: str, country: str, *, size: int | None
) -> Unit:
    kind = "organisation" if parent is None else ""
    return Unit(unit, Names.of(name), parent, root, kind, country=country, declared_size=size)
