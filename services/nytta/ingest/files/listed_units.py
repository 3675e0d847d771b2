"""The units that somebody's first lists name: those of staff lists, and codes that no staff list has."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nytta.ingest.files import cells
from nytta.ingest.files.draft import Draft
from nytta.ingest.files.kinds import STAFF
from nytta.registry.texts import keyed

Lists = Sequence[tuple[Path, Draft]]
"""Each list with what it seems to be."""

_LONGEST = 60
"""Signs of an id."""


@dataclass(frozen=True, slots=True)
class ListedUnit:
    """A unit with the unit above it, and every text by which lists name it."""

    id: str
    name: str
    parent: str
    codes: tuple[str, ...]


def slug(unit_name: str) -> str:
    """An id made of a name: small letters, digits and hyphens."""
    # letters of the Nordic languages have no accent that could be taken away
    ascii_name = unit_name.translate(str.maketrans("åäöæøÅÄÖÆØ", "aaoaoaaoao"))
    ascii_name = (
        unicodedata.normalize("NFKD", ascii_name).encode("ascii", "ignore").decode().lower()
    )
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:_LONGEST]


def free(wished: str, taken_names: set[str]) -> str:
    """The id, with a number behind it where it is taken; it is taken from then on."""
    # a name of signs alone leaves nothing for an id
    free_name, suffix = wished or "list", 2
    while free_name in taken_names:
        free_name, suffix = f"{wished}-{suffix}", suffix + 1
    taken_names.add(free_name)
    return free_name


def codes(draft: Draft) -> list[str]:
    """The units that a list names, as it writes them."""
    column = draft.fields.get("unit")
    if not column:
        return []
    return sorted({keyed(text) for text in cells.filled(draft.texts(column))})


def listed_units(lists: Lists, root: str, answers: Mapping[str, str]) -> list[ListedUnit]:
    """The units that staff lists name, those above first; without a staff list, those that the others name."""
    staff = [draft for _, draft in lists if draft.kind == STAFF and "unit" in draft.fields]
    units = _staff_units(staff, root) if staff else _work_units(lists, root)
    units = _without_shared_names(units)
    moved: dict[str, list[str]] = {unit.id: [] for unit in units}
    for code in unknown_codes(lists, units):
        home = _answered_unit(units, answers.get(f"unit {code}", "").lower())
        if home:
            moved[home.id].append(code)
    return [replace(unit, codes=(*unit.codes, *moved[unit.id])) for unit in units]


def _answered_unit(units: Sequence[ListedUnit], answer: str) -> ListedUnit | None:
    """The unit that an answer names, by its name or its id."""
    if not answer:
        return None
    return next((unit for unit in units if answer in (unit.name.lower(), unit.id.lower())), None)


def _staff_units(staff: Sequence[Draft], root: str) -> list[ListedUnit]:
    """Units of staff lists, in the order in which they come, behind those above them."""
    upper_units: dict[str, ListedUnit] = {}
    units: dict[str, ListedUnit] = {}
    taken_ids: set[str] = set()
    for row in _staff_rows(staff):
        if not row.code or row.code in units:
            continue
        # a unit that stands above itself is at the top
        if row.upper and row.upper not in upper_units and row.upper.lower() != row.name.lower():
            upper_id = free(f"{root}.{slug(row.upper)}", taken_ids)
            upper_units[row.upper] = ListedUnit(upper_id, row.upper, root, (row.upper,))
        parent = upper_units[row.upper].id if row.upper in upper_units else root
        unit_id = free(f"{root}.{slug(row.name)}", taken_ids)
        own_codes = tuple(dict.fromkeys((row.code, row.name)))
        units[row.code] = ListedUnit(unit_id, row.name, parent, own_codes)
    return [*upper_units.values(), *units.values()]


@dataclass(frozen=True, slots=True)
class _StaffRow:
    """What a row of a staff list says of its unit; `upper` is the unit above, '' where it says none."""

    code: str
    name: str
    upper: str


def _staff_rows(staff: Sequence[Draft]) -> Iterator[_StaffRow]:
    for draft in staff:
        columns = [draft.fields.get(field, "") for field in ("unit", "unit_name", "unit_above")]
        for row in draft.look.rows:
            code, name, upper = (keyed(row.get(column, "")) for column in columns)
            yield _StaffRow(code, name or code, upper)


def _work_units(lists: Lists, root: str) -> list[ListedUnit]:
    """Units of lists of work, whatever the capitals of their codes."""
    units: dict[str, ListedUnit] = {}
    taken_ids: set[str] = set()
    for _, draft in lists:
        for code in codes(draft):
            if code.lower() not in units:
                units[code.lower()] = ListedUnit(
                    free(f"{root}.{slug(code)}", taken_ids), code, root, (code,)
                )
    return list(units.values())


def _without_shared_names(units: Sequence[ListedUnit]) -> list[ListedUnit]:
    """The units without the names that several have, such as "Administration": only their codes tell them apart."""
    bearers = Counter(code.lower() for unit in units for code in unit.codes)
    parted = []
    for unit in units:
        code, *names = unit.codes
        own_names = [name for name in names if bearers[name.lower()] == 1]
        parted.append(replace(unit, codes=(code, *own_names)))
    return parted


def unknown_codes(lists: Lists, units: Sequence[ListedUnit]) -> list[str]:
    """Codes of units in the lists that no unit has."""
    # as they are written: the registry tells codes apart by their capitals
    known_codes = {code for unit in units for code in unit.codes}
    return sorted({code for _, draft in lists for code in codes(draft)} - known_codes)


def own_units(lists: Lists, units: Sequence[ListedUnit], root: str) -> list[ListedUnit]:
    """A unit for each code that belongs to none of `units`."""
    taken_ids = {unit.id for unit in units}
    return [
        ListedUnit(free(f"{root}.{slug(code)}", taken_ids), code, root, (code,))
        for code in unknown_codes(lists, units)
    ]
