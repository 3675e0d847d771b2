"""The fast path: many lines of JSON straight into columns, for events that are written the way most are.

It accepts a part of what the models accept. What it does not accept is not refused, but left to `validate`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nytta.ingest.events.fields import is_extension
from nytta.ingest.events.forms import CONSTANT, Alike, Event, Slot, alike
from nytta.ingest.events.identifiers import (
    CachedChooser,
    Identifiers,
    identify_all,
    joined_pairs,
    pairs_of,
)
from nytta.ingest.events.json_tables import (
    DATA,
    ENVELOPE,
    MOST_EXTENSIONS,
    NUMBERS,
    Shape,
    is_known_data,
    table_of,
)
from nytta.ingest.events.lines import Lines
from nytta.ingest.events.plans import PLANS, TypePlan
from nytta.ingest.events.pseudonyms import Chooser
from nytta.ingest.events.tables import Columns

FAST_PLANS: Final[Mapping[str, TypePlan]] = MappingProxyType(
    {name: plan for name, plan in PLANS.items() if not plan.has_rules_between_fields}
)
"""CloudEvents types that the fast path knows, with their plans."""

Rows = NDArray[np.int64]
Nulls = Mapping[str, Rows]

_IDENTIFIERS: Final = frozenset(name for plan in PLANS.values() for name in plan.identifiers)
"""Fields whose values are pseudonyms, or become some."""
_FIELDS: Final = tuple(field for plan in PLANS.values() for field in plan.fields)
_WORDS: Final = frozenset(field.name for field in _FIELDS if field.role in ("text", "choice"))
"""Fields whose texts come again in many events."""

# Lines that show which fields to expect: a column that nobody fills costs as much as one that is filled.
_SAMPLE: Final = 64
# Among so few lines it is cheaper to ask the models than to look for the line that cannot be read.
_FEW: Final = 64
# From so many lines on they are parted by type: the fields of other types cost more than reading several times.
_PARTED: Final = 8_192
_TYPE: Final = re.compile(rb'"type" ?: ?"([^"]*)"')
_NULL: Final = b"null"
_BLANK: Final = b" \t\r"
# Bytes before a null in which its key is looked for, so that no text takes longer than its length. What is no key, or
# longer than that, is taken for one of another name, which costs a look by the models and no more.
_BEFORE: Final = 160


@dataclass(frozen=True, slots=True)
class Piece:
    """Events of one type, with the indices of the lines they stand on and what may be taken for granted."""

    plan: TypePlan
    rows: Rows
    columns: Columns
    certain: NDArray[np.bool_]
    """Which have no field that their type does not have and no null where it may not stand."""


def read(
    lines: Lines, first_line: int, end_line: int, pseudonymise: Chooser | None
) -> Iterator[Piece]:
    """The events of the lines from `first_line` until before `end_line` that can be read, type by type."""
    chooser = CachedChooser(pseudonymise) if pseudonymise is not None else None
    are_left = lines.regular[first_line:end_line].copy()
    groups = list(alike(lines, np.flatnonzero(are_left) + first_line, fits=_fits, repeats=_repeats))
    for group, ids in zip(groups, _identified(groups, chooser), strict=True):
        are_left[group.rows - first_line] = False
        yield _piece(group, ids)
    remaining_rows = np.flatnonzero(are_left) + first_line
    if not len(remaining_rows):
        return
    null_rows = _nulls(lines, remaining_rows)
    for rows_of_type in _by_type(lines, remaining_rows):
        yield from _read(lines, rows_of_type, null_rows, chooser)


def _fits(event: Event) -> bool:
    """Whether events of the form of this one are of a type of the fast path, with no field that it does not have."""
    type_name = event.get("type")
    plan = FAST_PLANS.get(type_name) if isinstance(type_name, str) else None
    if plan is None or event.get("specversion") != "1.0" or "retracted" in event:
        return False
    attributes = {
        name: value for name, value in event.items() if name not in CONSTANT and name != "data"
    }
    return _fits_data(event["data"], plan) and _fits_attributes(attributes)


def _fits_data(data: Mapping[str, Any], plan: TypePlan) -> bool:
    if not is_known_data(data) or not data.keys() <= set(plan.names):
        return False
    # what is null belongs to the form, and says as little as what is absent
    null_fields = {name for name, value in data.items() if value is None}
    return null_fields <= plan.nullable


def _fits_attributes(attributes: Mapping[str, Any]) -> bool:
    extensions = attributes.keys() - ENVELOPE.keys()
    if len(extensions) > MOST_EXTENSIONS or not all(map(is_extension, extensions)):
        return False
    # an attribute of the envelope may be null, an extension may not, and two may be numbers
    for name, value in attributes.items():
        may_be_number = name in NUMBERS and type(value) is int
        may_be_null = name in ENVELOPE and value is None
        if not (type(value) is str or may_be_number or may_be_null):
            return False
    return True


def _repeats(slot: Slot) -> bool:
    """Whether texts of this place are those of a column of words."""
    return slot.name in _WORDS if slot.is_data else slot.name == "source"


def _identified(
    groups: Sequence[Alike], pseudonymise: Chooser | None
) -> list[dict[str, Identifiers]]:
    """The identifiers of each group. Made together: events of a case share its id, and a person's events the person."""
    group_pairs = [
        pairs_of(len(group.rows), group.attributes.get("source"), group.data.get("unit"))
        for group in groups
    ]
    identified: list[dict[str, Identifiers]] = [{} for _ in groups]
    for field_name in sorted(_IDENTIFIERS):
        numbers_with_field = [
            number for number, group in enumerate(groups) if field_name in group.data
        ]
        if not numbers_with_field:
            continue
        texts = pa.concat_arrays([groups[number].data[field_name] for number in numbers_with_field])
        pairs = joined_pairs([group_pairs[number] for number in numbers_with_field])
        identifiers = identify_all({field_name: texts}, pairs, pseudonymise)[field_name]
        # given back to the groups in the order in which they were joined
        group_start = 0
        for number in numbers_with_field:
            group_end = group_start + len(groups[number].rows)
            identified[number][field_name] = identifiers.part(group_start, group_end)
            group_start = group_end
    return identified


def _piece(group: Alike, identifiers: Mapping[str, Identifiers]) -> Piece:
    """The events of lines that are written alike."""
    plan = FAST_PLANS[group.form.example["type"]]
    attributes = group.attributes.items()
    columns = Columns(
        rows=len(group.rows),
        envelope={name: texts for name, texts in attributes if name in ENVELOPE},
        data={name: values for name, values in group.data.items() if name not in identifiers},
        identifiers=identifiers,
        extensions={name: texts for name, texts in attributes if name not in ENVELOPE},
    )
    return Piece(plan, group.rows, columns, np.ones(len(group.rows), np.bool_))


def _by_type(lines: Lines, rows: Rows) -> list[Rows]:
    """The lines parted by what looks like their type; all together where that is one, or does not tell.

    A guess, that only saves time: what a line is decides its type when it is read.
    """
    if len(rows) < _PARTED:
        return [rows]
    sampled_types = {tuple(_TYPE.findall(lines[row])) for row in _sample(rows)}
    if len(sampled_types) == 1:
        return [rows]
    type_names = _TYPE.findall(lines.joined(rows))
    encoded = pa.array(type_names, pa.binary()).dictionary_encode()
    # no type in some line, several in another, or texts that are no types
    if len(type_names) != len(rows) or len(encoded.dictionary) > len(FAST_PLANS):
        return [rows]
    type_codes = encoded.indices.to_numpy()
    return [rows[type_codes == code] for code in range(len(encoded.dictionary))]


def _sample(rows: Rows) -> list[int]:
    """Some of the rows, spread over all of them."""
    sample: list[int] = rows[:: max(1, len(rows) // _SAMPLE)].tolist()
    return sample


def _read(lines: Lines, rows: Rows, nulls: Nulls, pseudonymise: Chooser | None) -> Iterator[Piece]:
    """Lines that cannot be read together are sifted; where that was not enough, their halves are tried."""
    if not len(rows):
        return
    shape = Shape()
    for line_number in _sample(rows):
        shape.takes(lines[line_number])
    table = table_of(lines, rows, shape)
    # From what costs least to what costs most: all fields that there are, then a look at each line, then halves.
    if table is None and len(rows) > _FEW:
        shape.data |= DATA.keys()
        table = table_of(lines, rows, shape)
    if table is None and len(rows) > _FEW:
        fitting = [shape.takes(lines[line_number]) for line_number in rows.tolist()]
        rows = rows[fitting]
        table = table_of(lines, rows, shape)
    if table is not None:
        yield from _pieces(rows, table, nulls, pseudonymise)
    elif len(rows) > _FEW:
        middle = len(rows) // 2
        yield from _read(lines, rows[:middle], nulls, pseudonymise)
        yield from _read(lines, rows[middle:], nulls, pseudonymise)


def _pieces(
    rows: Rows, table: pa.Table, nulls: Nulls, pseudonymise: Chooser | None
) -> Iterator[Piece]:
    """The events of a table, type by type."""
    if not {"specversion", "type"} <= set(table.column_names):
        return
    certain = _equal(table["specversion"], "1.0") & _valid(table["data"])
    # Retractions are left to the models: they become rows that say nothing but whose identity they have.
    if "retracted" in table.column_names:
        are_retracted = table["retracted"].fill_null(False).to_numpy(zero_copy_only=False)
        certain &= ~are_retracted.astype(np.bool_)
    types = table["type"].combine_chunks().dictionary_encode()
    type_codes = types.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    attributes = {
        name: table[name].combine_chunks() for name in table.column_names if name != "data"
    }
    envelope = {name: attributes.pop(name) for name in ENVELOPE.keys() & attributes.keys()}
    data_struct = table["data"].combine_chunks()
    fields = range(data_struct.type.num_fields)
    data_columns = {
        data_struct.type.field(number).name: data_struct.field(number) for number in fields
    }
    # Before the events are parted by type: the events of a case share its id, and a person's events the person.
    id_columns = {
        column_name: data_columns.pop(column_name)
        for column_name in _IDENTIFIERS & data_columns.keys()
    }
    pairs = pairs_of(len(table), envelope.get("source"), data_columns.get("unit"))
    identifiers = identify_all(id_columns, pairs, pseudonymise)
    for code, type_name in enumerate(types.dictionary.to_pylist()):
        plan = FAST_PLANS.get(type_name)
        if plan is None:
            continue
        rows_of_type = np.flatnonzero(type_codes == code)
        type_data = _taken(data_columns, rows_of_type)
        type_ids = {field: values.take(rows_of_type) for field, values in identifiers.items()}
        type_certain = certain[rows_of_type]
        type_certain &= _says_nothing_else(plan, rows[rows_of_type], type_data, type_ids, nulls)
        columns = Columns(
            rows=len(rows_of_type),
            envelope=_taken(envelope, rows_of_type),
            data={field: type_data[field] for field in plan.names if field in type_data},
            identifiers={field: type_ids[field] for field in plan.identifiers if field in type_ids},
            extensions=_taken(attributes, rows_of_type),
        )
        yield Piece(plan, rows[rows_of_type], columns, type_certain)


def _says_nothing_else(
    plan: TypePlan,
    rows: Rows,
    data: Mapping[str, pa.Array],
    identifiers: Mapping[str, Identifiers],
    nulls: Nulls,
) -> NDArray[np.bool_]:
    """Which events of a type say nothing in fields that the type does not have, and no null where none may stand.

    The table has the fields of all types: of those that this one lacks, an event may say nothing, not even null.
    """
    certain = np.ones(len(rows), np.bool_)
    for field, values in data.items():
        if field not in plan.names:
            certain &= ~_valid(values)
    for field, ids in identifiers.items():
        if field not in plan.names:
            certain &= ids.absent
    for field, null_rows in nulls.items():
        if field not in plan.nullable:
            certain &= ~np.isin(rows, null_rows)
    return certain


def _taken(columns: Mapping[str, pa.Array], rows: Rows) -> dict[str, pa.Array]:
    # most bodies are of one type: nothing is copied then
    if columns and len(rows) == len(next(iter(columns.values()))):
        return dict(columns)
    indices = pa.array(rows)
    return {column_name: column.take(indices) for column_name, column in columns.items()}


def _nulls(lines: Lines, rows: Rows) -> Nulls:
    """For each field that some line gives an explicit null, which lines do: the table cannot tell it from absence.

    Keys that are no fields stand under "".
    """
    start = int(lines.starts[rows[0]])
    end = int(lines.ends[rows[-1]])
    # Looked for in the bytes, for nulls are few. One inside a text may be taken for a value: then the models look at
    # its event, and nothing else comes of it.
    null_starts: dict[str, list[int]] = {}
    null_start = lines.body.find(_NULL, start, end)
    while null_start >= 0:
        preceding = lines.body[max(start, null_start - _BEFORE) : null_start].rstrip(_BLANK)
        if preceding.endswith(b":") or not preceding:
            key = preceding[:-1].rstrip(_BLANK)
            opening_quote = key.rfind(b'"', 0, -1)
            name = key[opening_quote + 1 : -1].decode(errors="replace")
            if name not in ENVELOPE:
                field = name if name in DATA else ""
                null_starts.setdefault(field, []).append(null_start)
        null_start = lines.body.find(_NULL, null_start + len(_NULL), end)
    # the line of a byte is the last one that starts at it or before
    return {
        field: np.searchsorted(lines.starts, starts, side="right") - 1
        for field, starts in null_starts.items()
    }


def _valid(values: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    are_valid: NDArray[np.bool_] = values.is_valid().to_numpy(zero_copy_only=False).astype(np.bool_)
    return are_valid


def _equal(values: pa.ChunkedArray, text: str) -> NDArray[np.bool_]:
    matches = pa.compute.equal(values, text).fill_null(False)
    are_equal: NDArray[np.bool_] = matches.to_numpy(zero_copy_only=False).astype(np.bool_)
    return are_equal
