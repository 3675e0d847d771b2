"""The fast path: many lines of JSON straight into columns, for events that are written the way most are.

It accepts a part of what the models accept. What it does not accept is not refused, but left to `validate`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.json
from numpy.typing import NDArray

from nytta.events.identifiers import identify
from nytta.events.lines import Lines
from nytta.events.plans import PLANS, TypePlan
from nytta.events.pseudonyms import Pseudonymiser
from nytta.events.tables import Columns

FAST_PLANS: Final[Mapping[str, TypePlan]] = MappingProxyType(
    {name: plan for name, plan in PLANS.items() if not plan.has_rules_between_fields}
)
"""CloudEvents types that the fast path knows, with their plans."""

Rows = NDArray[np.int64]

_ENVELOPE: Final = {
    name: pa.string()
    for name in ("specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema", "sequence")
}
_DATA: Final = {field.name: field.arrow for plan in PLANS.values() for field in plan.fields}
_IDENTIFIERS: Final = frozenset(name for plan in PLANS.values() for name in plan.identifiers)
# Lines that show which fields to expect: a column that nobody fills costs as much as one that is filled.
_SAMPLE: Final = 64
# Among so few lines it is cheaper to ask the models than to look for the line that cannot be read.
_FEW: Final = 64
_MARGIN: Final = 64
# A key with null for its value; also finds some that are none, which costs a look by the models and no more.
_NULL: Final = re.compile(rb'"((?:[^"\\\n]|\\.)*)"[ \t\r]*:[ \t\r]*null')


@dataclass(frozen=True, slots=True)
class Piece:
    """Events of one type, with the indices of the lines they stand on and what may be taken for granted."""

    plan: TypePlan
    rows: Rows
    columns: Columns
    certain: NDArray[np.bool_]
    """Which have no field that their type does not have and no null where it may not stand."""


def read(lines: Lines, first: int, last: int, pseudonymise: Pseudonymiser | None) -> Iterator[Piece]:
    """The events of the lines from `first` until before `last` that can be read, type by type."""
    rows = np.flatnonzero(lines.regular[first:last]) + first
    yield from _read(lines, rows, pseudonymise)


def _read(lines: Lines, rows: Rows, pseudonymise: Pseudonymiser | None) -> Iterator[Piece]:
    """Where the lines cannot be read together, their halves are tried: one bad line is found among its neighbours."""
    if not len(rows):
        return
    table = _table(lines, rows)
    if table is not None:
        yield from _pieces(lines, rows, table, pseudonymise)
    elif len(rows) > _FEW:
        middle = len(rows) // 2
        yield from _read(lines, rows[:middle], pseudonymise)
        yield from _read(lines, rows[middle:], pseudonymise)


def _table(lines: Lines, rows: Rows) -> pa.Table | None:
    """The lines as a table of JSON's own fields; None where they are not all one object of known fields each."""
    text = lines.joined(rows)
    whole = pa.py_buffer(text)
    for schema in (_sampled(lines, rows[:_SAMPLE]), _schema(_ENVELOPE, _DATA)):
        try:
            table = pyarrow.json.read_json(
                whole,
                read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(text) + _MARGIN),
                parse_options=pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
            )
            table.validate(full=True)  # texts are UTF-8
        except pa.ArrowInvalid:
            continue
        # Every line ends at least one value, so as many values as lines means one on each.
        return table if len(table) == len(rows) else None
    return None


def _sampled(lines: Lines, rows: Rows) -> pa.Schema:
    """The known fields of some lines."""
    envelope: set[str] = set()
    data: set[str] = set()
    numbered = False
    for row in rows.tolist():
        try:
            event = orjson.loads(lines[row])
        except orjson.JSONDecodeError:
            continue
        envelope |= event.keys()
        numbered |= isinstance(event.get("sequence"), int)
        if isinstance(event.get("data"), dict):
            data |= event["data"].keys()
    found = {name: kind for name, kind in _ENVELOPE.items() if name in envelope}
    if numbered:
        found["sequence"] = pa.int64()
    return _schema(found, {name: kind for name, kind in _DATA.items() if name in data})


def _schema(envelope: Mapping[str, pa.DataType], data: Mapping[str, pa.DataType]) -> pa.Schema:
    return pa.schema([*envelope.items(), ("data", pa.struct(list(data.items())))])


def _pieces(lines: Lines, rows: Rows, table: pa.Table, pseudonymise: Pseudonymiser | None) -> Iterator[Piece]:
    """The events of a table, type by type."""
    if not {"specversion", "type"} <= set(table.column_names):
        return
    certain = _said(table["specversion"], "1.0") & _valid(table["data"])
    nulls = _nulls(lines, rows)
    types = table["type"].combine_chunks().dictionary_encode()
    codes = types.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    envelope = {name: table[name].combine_chunks() for name in table.column_names if name != "data"}
    inner = table["data"].combine_chunks()
    data = {inner.type.field(n).name: inner.field(n) for n in range(inner.type.num_fields)}
    # Before the types part: the events of a case share its id, and a person's events the person.
    ids = {name: identify(data.pop(name), pseudonymise) for name in _IDENTIFIERS & data.keys()}
    for code, name in enumerate(types.dictionary.to_pylist()):
        plan = FAST_PLANS.get(name)
        if plan is None:
            continue
        chosen = np.flatnonzero(codes == code)
        own = _taken(data, chosen)
        sure = certain[chosen]
        its = {field: values.take(chosen) for field, values in ids.items()}
        for field, values in own.items():
            if field not in plan.names:
                sure &= ~_valid(values)
        for field, identifiers in its.items():
            if field not in plan.names:
                sure &= identifiers.absent
        for field, where in nulls.items():
            if field not in plan.nullable and field not in _ENVELOPE:
                sure &= ~where[chosen]
        known = {field: own[field] for field in plan.names if field in own}
        own_ids = {field: its[field] for field in plan.identifiers if field in its}
        yield Piece(plan, rows[chosen], Columns(len(chosen), _taken(envelope, chosen), known, own_ids), sure)


def _taken(columns: Mapping[str, pa.Array], chosen: Rows) -> dict[str, pa.Array]:
    if columns and len(chosen) == len(next(iter(columns.values()))):
        return dict(columns)
    indices = pa.array(chosen)
    return {name: column.take(indices) for name, column in columns.items()}


def _nulls(lines: Lines, rows: Rows) -> dict[str, NDArray[np.bool_]]:
    """For each key that some line gives an explicit null, which rows do: the table cannot tell it from absence."""
    begin, end = int(lines.starts[rows[0]]), int(lines.ends[rows[-1]])
    found: dict[str, NDArray[np.bool_]] = {}
    if lines.body.find(b"null", begin, end) < 0:
        return found
    starts = lines.starts[rows]
    for match in _NULL.finditer(lines.body, begin, end):
        key = match[1].decode(errors="replace")
        row = np.searchsorted(starts, match.start(), side="right") - 1
        found.setdefault(key, np.zeros(len(rows), np.bool_))[row] = True
    return found


def _valid(values: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    valid: NDArray[np.bool_] = values.is_valid().to_numpy(zero_copy_only=False).astype(np.bool_)
    return valid


def _said(values: pa.ChunkedArray, text: str) -> NDArray[np.bool_]:
    said: NDArray[np.bool_] = (
        pa.compute.equal(values, text).fill_null(False).to_numpy(zero_copy_only=False).astype(np.bool_)
    )
    return said
