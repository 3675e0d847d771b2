"""The fast path: many lines of JSON straight into columns, for events that are written the way most are.

It accepts a part of what the models accept. What it does not accept is not refused, but left to `validate`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.json
from numpy.typing import NDArray

from nytta.ingest.events.fields import is_extension
from nytta.ingest.events.forms import CONSTANT, Alike, Event, Slot, alike
from nytta.ingest.events.identifiers import Identifiers, Remembering, identify_all, joined_pairs, pairs_of
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

_ENVELOPE: Final = {
    name: pa.string()
    for name in (
        *("specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema"),
        *("sequence", "revision"),
    )
} | {"retracted": pa.bool_()}
_NUMBERS: Final = ("sequence", "revision")
_DATA: Final = {field.name: field.arrow for plan in PLANS.values() for field in plan.fields}
_IDENTIFIERS: Final = frozenset(name for plan in PLANS.values() for name in plan.identifiers)
_WORDS: Final = frozenset(
    field.name for plan in PLANS.values() for field in plan.fields if field.role in ("text", "choice")
)
_PYTHON: Final = {pa.string(): str, pa.bool_(): bool, pa.int64(): int}
_DATA_KINDS: Final[Mapping[str, type]] = {name: _PYTHON[kind] for name, kind in _DATA.items()}
# Lines that show which fields to expect: a column that nobody fills costs as much as one that is filled.
_SAMPLE: Final = 64
# Names of extension attributes that become columns; with more of them, the models are asked.
_EXTENSIONS: Final = 16
# Among so few lines it is cheaper to ask the models than to look for the line that cannot be read.
_FEW: Final = 64
# From so many lines on they are parted by type: the fields of other types cost more than reading several times.
_PARTED: Final = 8_192
_TYPE: Final = re.compile(rb'"type" ?: ?"([^"]*)"')
_MARGIN: Final = 64
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


def read(lines: Lines, first_line: int, end_line: int, pseudonymise: Chooser | None) -> Iterator[Piece]:
    """The events of the lines from `first_line` until before `end_line` that can be read, type by type."""
    chooser = Remembering(pseudonymise) if pseudonymise is not None else None
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
    type_name, event_data = event.get("type"), event["data"]
    plan = FAST_PLANS.get(type_name) if isinstance(type_name, str) else None
    if plan is None or event.get("specversion") != "1.0" or "retracted" in event or not _is_known_data(event_data):
        return False
    # what is null belongs to the form, and says as little as what is absent
    null_fields = {field_name for field_name, field_value in event_data.items() if field_value is None}
    if not (event_data.keys() <= set(plan.names) and null_fields <= plan.nullable):
        return False
    attributes = {name: value for name, value in event.items() if name not in CONSTANT and name != "data"}
    extensions = attributes.keys() - _ENVELOPE.keys()
    if len(extensions) > _EXTENSIONS or not all(map(is_extension, extensions)):
        return False
    # an attribute of the envelope may be null, an extension may not, and two may be numbers
    for name, value in attributes.items():
        may_be_number = name in _NUMBERS and type(value) is int
        may_be_null = name in _ENVELOPE and value is None
        if not (type(value) is str or may_be_number or may_be_null):
            return False
    return True


def _repeats(slot: Slot) -> bool:
    """Whether texts of this place are those of a column of words."""
    return slot.name in _WORDS if slot.is_data else slot.name == "source"


def _identified(groups: Sequence[Alike], pseudonymise: Chooser | None) -> list[dict[str, Identifiers]]:
    """The identifiers of each group. Made together: events of a case share its id, and a person's events the person."""
    pairs_by_group = [
        pairs_of(len(group.rows), group.attributes.get("source"), group.data.get("unit")) for group in groups
    ]
    identified: list[dict[str, Identifiers]] = [{} for _ in groups]
    for field_name in sorted(_IDENTIFIERS):
        having = [group_number for group_number, group in enumerate(groups) if field_name in group.data]
        if not having:
            continue
        texts = pa.concat_arrays([groups[group_number].data[field_name] for group_number in having])
        pairs_of_all = joined_pairs([pairs_by_group[group_number] for group_number in having])
        of_all = identify_all({field_name: texts}, pairs_of_all, pseudonymise)[field_name]
        group_start = 0
        for group_number in having:
            group_end = group_start + len(groups[group_number].rows)
            identified[group_number][field_name] = of_all.part(group_start, group_end)
            group_start = group_end
    return identified


def _piece(group: Alike, identifiers: Mapping[str, Identifiers]) -> Piece:
    """The events of lines that are written alike."""
    plan = FAST_PLANS[group.form.example["type"]]
    attributes = group.attributes.items()
    columns = Columns(
        rows=len(group.rows),
        envelope={name: texts for name, texts in attributes if name in _ENVELOPE},
        data={name: values for name, values in group.data.items() if name not in identifiers},
        identifiers=identifiers,
        extensions={name: texts for name, texts in attributes if name not in _ENVELOPE},
    )
    return Piece(plan, group.rows, columns, np.ones(len(group.rows), np.bool_))


def _by_type(lines: Lines, rows: Rows) -> list[Rows]:
    """The lines parted by what looks like their type; all together where that is one, or does not tell.

    A guess, that only saves time: what a line is decides its type when it is read.
    """
    if len(rows) < _PARTED or len({tuple(_TYPE.findall(lines[row])) for row in _sample(rows)}) == 1:
        return [rows]
    type_names = _TYPE.findall(lines.joined(rows))
    encoded = pa.array(type_names, pa.binary()).dictionary_encode()
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
    shape = _Shape()
    for line_number in _sample(rows):
        shape.takes(lines[line_number])
    table = _table(lines, rows, shape)
    # From what costs least to what costs most: all fields that there are, then a look at each line, then halves.
    if table is None and len(rows) > _FEW:
        shape.data |= _DATA.keys()
        table = _table(lines, rows, shape)
    if table is None and len(rows) > _FEW:
        fitting = [shape.takes(lines[line_number]) for line_number in rows.tolist()]
        rows = rows[fitting]
        table = _table(lines, rows, shape)
    if table is not None:
        yield from _pieces(rows, table, nulls, pseudonymise)
    elif len(rows) > _FEW:
        middle = len(rows) // 2
        yield from _read(lines, rows[:middle], nulls, pseudonymise)
        yield from _read(lines, rows[middle:], nulls, pseudonymise)


class _Shape:
    """The fields that some lines have, and their types."""

    def __init__(self) -> None:
        self.envelope: set[str] = set()
        self.data: set[str] = set()
        self.extensions: set[str] = set()
        self.numbers: dict[str, type] = {}

    def takes(self, line: bytes) -> bool:
        """Whether a line has only known fields, and extensions that are texts; from then on the shape has them."""
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            return False
        event_data = event.get("data")
        if not isinstance(event_data, dict) or not _is_known_data(event_data):
            return False
        if not all(self._takes_attribute(name, value) for name, value in event.items()):
            return False
        extensions = event.keys() - _ENVELOPE.keys() - {"data"}
        if len(extensions | self.extensions) > _EXTENSIONS:
            return False
        self.envelope |= event.keys() & _ENVELOPE.keys()
        self.data |= event_data.keys()
        self.extensions |= extensions
        return True

    def _takes_attribute(self, attribute_name: str, attribute_value: object) -> bool:
        """Whether the table can hold this value of an attribute beside those that it has taken."""
        if attribute_name in _NUMBERS and type(attribute_value) in (str, int):
            # a column has one type: lines that write the number in the other way are left to the models
            return self.numbers.setdefault(attribute_name, type(attribute_value)) is type(attribute_value)
        if attribute_name == "retracted":
            return type(attribute_value) is bool
        if attribute_name in _ENVELOPE:
            return attribute_value is None or type(attribute_value) is str
        return attribute_name == "data" or (type(attribute_value) is str and is_extension(attribute_name))

    def schema(self) -> pa.Schema:
        """The fields as Arrow's JSON reader wants them."""
        envelope = {name: column_type for name, column_type in _ENVELOPE.items() if name in self.envelope}
        envelope |= {name: pa.int64() for name, number_type in self.numbers.items() if number_type is int}
        extensions = {name: pa.string() for name in sorted(self.extensions)}
        data = pa.struct([(name, column_type) for name, column_type in _DATA.items() if name in self.data])
        return pa.schema([*envelope.items(), *extensions.items(), ("data", data)])


def _is_known_data(data: Mapping[str, Any]) -> bool:
    """Whether every field is one that some type has, null or of the type that the table reads it as."""
    return all(
        field_value is None or type(field_value) is _DATA_KINDS.get(field_name)
        for field_name, field_value in data.items()
    )


def _table(lines: Lines, rows: Rows, shape: _Shape) -> pa.Table | None:
    """The lines as a table of JSON's own fields; None where they are not all one object of the shape each."""
    if not len(rows):
        return None
    joined_lines = lines.joined(rows)
    # One block: the reader fails where a line reaches across several.
    read_options = pyarrow.json.ReadOptions(use_threads=False, block_size=len(joined_lines) + _MARGIN)
    parse_options = pyarrow.json.ParseOptions(explicit_schema=shape.schema(), unexpected_field_behavior="error")
    try:
        table = pyarrow.json.read_json(
            pa.py_buffer(joined_lines), read_options=read_options, parse_options=parse_options
        )
        table.validate(full=True)  # texts are UTF-8
    except pa.ArrowInvalid:
        return None
    # Every line ends at least one value, so as many values as lines means one on each.
    return table if len(table) == len(rows) else None


def _pieces(rows: Rows, table: pa.Table, nulls: Nulls, pseudonymise: Chooser | None) -> Iterator[Piece]:
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
    attributes = {name: table[name].combine_chunks() for name in table.column_names if name != "data"}
    envelope = {name: attributes.pop(name) for name in _ENVELOPE.keys() & attributes.keys()}
    data_struct = table["data"].combine_chunks()
    fields = range(data_struct.type.num_fields)
    data_columns = {data_struct.type.field(number).name: data_struct.field(number) for number in fields}
    # Before the types part: the events of a case share its id, and a person's events the person.
    id_columns = {column_name: data_columns.pop(column_name) for column_name in _IDENTIFIERS & data_columns.keys()}
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
    # Looked for in the bytes, for nulls are few. One inside a text may be taken for a value: that costs a look, too.
    places: dict[str, list[int]] = {}
    null_start = lines.body.find(_NULL, start, end)
    while null_start >= 0:
        preceding = lines.body[max(start, null_start - _BEFORE) : null_start].rstrip(_BLANK)
        if preceding.endswith(b":") or not preceding:
            key = preceding[:-1].rstrip(_BLANK)
            opening_quote = key.rfind(b'"', 0, -1)
            name = key[opening_quote + 1 : -1].decode(errors="replace")
            if name not in _ENVELOPE:
                field = name if name in _DATA else ""
                places.setdefault(field, []).append(null_start)
        null_start = lines.body.find(_NULL, null_start + len(_NULL), end)
    return {field: np.searchsorted(lines.starts, positions, side="right") - 1 for field, positions in places.items()}


def _valid(values: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    are_valid: NDArray[np.bool_] = values.is_valid().to_numpy(zero_copy_only=False).astype(np.bool_)
    return are_valid


def _equal(values: pa.ChunkedArray, text: str) -> NDArray[np.bool_]:
    matches = pa.compute.equal(values, text).fill_null(False)
    are_equal: NDArray[np.bool_] = matches.to_numpy(zero_copy_only=False).astype(np.bool_)
    return are_equal
