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
    codes: Iterable[str],
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
    start = registry or Registry((), ())
    organisations = list(start.organisations)
    units = list(start.units)
    mapped = list(start.codes)
    unit_ids = {unit.id for unit in units}
    existing = next((organisation for organisation in organisations if organisation.id == root_id), None)
    if existing is not None and existing.timezone != timezone:
        raise ValueError(f"'{root_id}' is in the time zone {existing.timezone} in the registry, not {timezone}")
    if existing is None and root_id in unit_ids:
        raise ValueError(f"'{root_id}' is a unit below another; name an organisation")
    if existing is None:
        organisations.append(
            Organisation(
                id=root_id,
                timezone=timezone,
                key=root_id,
                country=country,
                language="en",
                currency="EUR",
                calendar=Calendar(country),
                public_data=public_data,
            )
        )
        units.append(_unit(root_id, root_id, None, root_id, country, size=declared_size))
        unit_ids.add(root_id)
    unit_codes = {unit.id for unit in units if unit.root == root_id}
    mapped_codes = {code.code for code in mapped if code.source == source}
    own_codes = unit_codes | mapped_codes
    for code in sorted(set(codes) - own_codes - {""}):
        unit = code if code not in unit_ids else f"{root_id}/{code}"
        if unit not in unit_ids:
            units.append(_unit(unit, code, root_id, root_id, country, size=declared_size))
            unit_ids.add(unit)
        if unit != code:  # the id belongs to another organisation's unit, which the code must not name
            mapped.append(UnitCode(source, code, unit))
    return replace(start, organisations=tuple(organisations), units=tuple(units), codes=tuple(mapped))


def _unit(unit: str, name: str, parent: str | None, root: str, country: str, *, size: int | None) -> Unit:
    kind = "organisation" if parent is None else ""
    return Unit(unit, Names.of(name), parent, root, kind, country=country, declared_size=size)
