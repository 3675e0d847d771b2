"""Which columns of a staff list hold its units, their names, and the units above them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.column_names import stems_of_fields
from nytta.ingest.files.field_cells import is_like
from nytta.ingest.files.kinds import STAFF
from nytta.ingest.files.looks import Look

_AGREE: Final = 0.8
"""The part of the rows in which a unit must have its usual name for a column to name the units."""
_ACCOUNT: Final = re.compile(r"\b(cost|kostn|kostst|kst|konto|ansvar)")
"""Words of columns with the accounts from which people are paid."""
_CODE: Final = re.compile(r"\S*\d\S*")


def find_units(look: Look, called_so: Mapping[str, str], fields: dict[str, str]) -> None:
    """The finest units that a staff list has, the column that names them, and the one with those above."""
    stems = [
        stem
        for role in ("unit_name", "unit", "unit_above")
        for stem in stems_of_fields()[STAFF][role]
    ]
    used_columns = [
        column for role, column in fields.items() if role not in ("unit", "unit_name", "unit_above")
    ]
    columns = [
        column
        for column in called_so
        if column not in used_columns
        and (any(stem.search(called_so[column]) for stem in stems) or column in fields.values())
        and is_like("unit", look, column)
    ]
    unit = fields.get("unit", "")
    finer = (
        [column for column in columns if column != unit and _tells(look, column, unit) > 0]
        if unit
        else []
    )
    if finer:
        fields["unit_above"], unit = unit, finer[0]
        fields["unit"] = unit
        fields.pop("unit_name", None)
    if unit:
        _find_unit_name(look, columns, fields)
    if unit and fields.get("unit_name"):
        _part_levels(look, called_so, fields)
    unit = fields.get("unit", "")
    above = [column for column in columns if _tells(look, unit, column) > 0]
    # the nearest of several levels
    if fields.get("unit_above") in above:
        fields["unit_above"] = max(above, key=lambda column: len(set(look.cells(column))))


def _tells(look: Look, column: str, other: str) -> int:
    """How many more texts a column has than another that it tells; as `cells.tells`."""
    return cells.tells(look.cells(column), look.cells(other))


def _find_unit_name(look: Look, columns: Sequence[str], fields: dict[str, str]) -> None:
    """The column that says the same as the units in other words, in place of one that several units share."""
    unit_column, name_column = fields["unit"], fields.get("unit_name", "")
    # a name that several units have is that of the level above
    is_shared = bool(name_column) and _tells(look, unit_column, name_column) > 0
    if name_column and not is_shared:
        return
    unused_columns = [column for column in columns if column not in fields.values()]
    likely = [column for column in unused_columns if not cells.are_numbers(look.cells(column))]
    own_name = next((column for column in likely if _tells(look, column, unit_column) == 0), "")
    if own_name:
        if is_shared:
            # called like a name, and that of the units above
            fields.setdefault("unit_above", name_column)
        fields["unit_name"] = own_name


def _part_levels(look: Look, called_so: Mapping[str, str], fields: dict[str, str]) -> None:
    """Take away what is called like the name of the units and is none: that of a level above, or of other units."""
    unit_column, name_column = fields["unit"], fields["unit_name"]
    # several units may have one name, which then tells more than their codes, and less than names of their own
    are_codes = all(_CODE.fullmatch(text) for text in cells.filled(look.cells(unit_column)))
    if cells.tells(look.cells(unit_column), look.cells(name_column)) > 0 and not are_codes:
        fields.setdefault("unit_above", fields.pop("unit_name"))
    elif cells.agreement(look.cells(unit_column), look.cells(name_column)) < _AGREE:
        del fields["unit_name"]
        # units that work together may be paid from several accounts
        if _ACCOUNT.search(called_so[unit_column]):
            fields["unit"] = name_column
