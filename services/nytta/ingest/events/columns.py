"""The columns of the private table of events, as Arrow has them."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nytta.ingest.events.pseudonyms import NOBODY, SIZE

_WORD: Final = pa.dictionary(pa.int32(), pa.string())
_MOMENT: Final = pa.timestamp("ms", tz="UTC")
_PSEUDONYM: Final = pa.binary(SIZE)

# Name, Arrow type, and what stands where an event says nothing.
_ALWAYS: Final[tuple[tuple[str, pa.DataType, Any], ...]] = (
    ("source", _WORD, ""),
    ("id", pa.string(), ""),
    ("type", _WORD, ""),
    ("kind", _WORD, ""),
    ("time", _MOMENT, 0),
    ("received_at", _MOMENT, 0),
    ("sequence", pa.uint64(), 0),
    ("unit", _WORD, ""),
    ("system", _WORD, ""),
    ("case_type", _WORD, ""),
    ("subject", _PSEUDONYM, NOBODY),
    ("actor", _PSEUDONYM, NOBODY),
    ("actor_key", _WORD, ""),
    ("actor_kind", _WORD, ""),
)
_OPTIONAL: Final[tuple[tuple[str, pa.DataType, Any], ...]] = (
    ("channel", _WORD, ""),
    ("mode", _WORD, ""),
    ("activity", _WORD, ""),
    ("team", _WORD, ""),
    ("line", pa.uint8(), 0),
    ("category", _WORD, ""),
    ("role", _WORD, ""),
    ("tier", _WORD, ""),
    ("intended", pa.int8(), -1),
    ("digital_route", pa.int8(), -1),
    ("end_to_end", pa.int8(), -1),
    ("first_contact", pa.int8(), -1),
    ("how_to", pa.int8(), -1),
    ("legacy", pa.int8(), -1),
    ("by_law", pa.int8(), -1),
    ("follows", pa.int8(), 0),
    ("entitled", pa.int8(), -1),
    ("quantity", pa.int64(), 0),
    ("days", pa.int32(), 0),
    ("contract_days", pa.int32(), 0),
    ("valid_from", pa.date32(), None),
    ("valid_to", pa.date32(), None),
    ("attributes", pa.map_(pa.string(), pa.string()), []),
    ("revision", pa.uint64(), 0),
    ("retracted", pa.uint8(), 0),
)

_ALL: Final = _ALWAYS + _OPTIONAL


ALWAYS: Final[tuple[str, ...]] = tuple(name for name, _, _ in _ALWAYS)
"""Columns that every batch has."""
COLUMNS: Final[Mapping[str, pa.DataType]] = MappingProxyType({name: kind for name, kind, _ in _ALL})
"""All columns with their Arrow types, in order. Those beyond ALWAYS are there where some event fills them."""
DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType({name: default for name, _, default in _ALL})
"""What a column holds where an event says nothing; None is null."""


KEYED_KINDS: Final = frozenset({"milestone", "decision", "benefit"})
"""Kinds of thing whose id is public: it is kept beside its digest, as the attribute `KEY_ATTRIBUTE`."""
KEY_ATTRIBUTE: Final = "key"
KEY_EXTENSION: Final = "ce_key"
"""What an extension attribute called `key` is kept as; none can be called this, for it has an underscore."""


def constant(column: str, cell_value: Any, row_count: int) -> pa.Array:
    """`cell_value` in every row of a column."""
    column_type = COLUMNS[column]
    if column_type == _WORD:  # one word, to which every row refers
        words = pa.array([cell_value], pa.string())
        return pa.DictionaryArray.from_arrays(np.zeros(row_count, np.int32), words)
    return pa.repeat(pa.scalar(cell_value, column_type), row_count)


def unnumbered(events: pa.Table) -> pa.Table:
    """The events without row numbers: rows with an identity of their own stand elsewhere when they come again."""
    zeros = pa.repeat(pa.scalar(0, pa.uint64()), len(events))
    return events.set_column(events.schema.get_field_index("sequence"), "sequence", zeros)


def rows_of(table: pa.Table, selection: NDArray[np.bool_]) -> pa.Table:
    """The chosen rows of a table; nothing of another row stays, be it a column or a word in a dictionary."""
    columns = {}
    chosen = table.filter(pa.array(selection))
    for column_name, column in zip(chosen.column_names, chosen.columns, strict=True):
        if column_name not in ALWAYS and not is_filled(column_name, column):
            continue
        is_word = column.type == _WORD
        # a filtered dictionary keeps words that no row refers to any more
        columns[column_name] = pc.dictionary_encode(column.cast(pa.string())) if is_word else column
    return pa.table(columns)


def is_filled(column_name: str, column: pa.Array | pa.ChunkedArray) -> bool:
    """Whether a row of an optional column says anything but its default."""
    default = DEFAULTS[column_name]
    if default is None:
        return bool(column.null_count < len(column))
    if column_name == "attributes":  # Arrow compares no maps
        return any(column.to_pylist())
    return bool(pc.any(pc.not_equal(column, default)).as_py())


def numbered(codes: NDArray[np.int64], limit: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct codes, ascending, and for each code its place among them; codes are from 0 until below `limit`."""
    # Sorting costs more than a table of all codes that there may be, unless that is much longer: from where on, was
    # measured.
    if limit > 16 * len(codes) + 1024:
        return np.unique(codes, return_inverse=True)
    occurs = np.zeros(limit, np.bool_)
    occurs[codes] = True
    distinct_codes = np.flatnonzero(occurs)
    new_codes = np.cumsum(occurs) - 1
    return distinct_codes, new_codes[codes]


def distinct(*columns: pa.ChunkedArray) -> tuple[list[tuple[Any, ...]], NDArray[np.int64]]:
    """The distinct rows of columns of one length above 0, and for each row its place among them."""
    combination_numbers = np.zeros(len(columns[0]), np.int64)
    combination_count = 1
    encoded_columns: list[tuple[list[Any], NDArray[np.int64]]] = []
    for column in columns:
        is_word = pa.types.is_dictionary(column.type)
        encoded = column if is_word else column.dictionary_encode()
        encoded = encoded.unify_dictionaries().combine_chunks()
        distinct_words = encoded.dictionary.to_pylist()
        word_codes = encoded.indices.to_numpy().astype(np.int64)
        encoded_columns.append((distinct_words, word_codes))
        # Numbered anew after each column, so that the product stays below rows times words and never overflows.
        combination_codes = combination_numbers * len(distinct_words) + word_codes
        limit = combination_count * len(distinct_words)
        distinct_codes, combination_numbers = numbered(combination_codes, limit)
        combination_count = len(distinct_codes)
    # one row of each combination, whichever: they are equal
    examples = np.empty(combination_count, np.int64)
    examples[combination_numbers] = np.arange(len(combination_numbers))
    distinct_values = []
    for distinct_words, word_codes in encoded_columns:
        codes = word_codes[examples].tolist()
        distinct_values.append([distinct_words[code] for code in codes])
    return list(zip(*distinct_values, strict=True)), combination_numbers


def join(tables: Iterable[pa.Table]) -> pa.Table:
    """The rows of all tables as one, with every column that one of them has and one chunk per column."""
    filled_tables = [table for table in tables if table.num_rows]
    names_present = set(ALWAYS).union(*(table.column_names for table in filled_tables))
    schema = pa.schema(
        [
            (column_name, COLUMNS[column_name])
            for column_name in COLUMNS
            if column_name in names_present
        ]
    )
    if not filled_tables:
        return schema.empty_table()
    joined = pa.concat_tables(_with_columns(table, schema) for table in filled_tables)
    if len(filled_tables) == 1:
        return joined
    # each table has dictionaries of its own, and chunks that differ in them cannot become one
    return joined.unify_dictionaries().combine_chunks()


def _with_columns(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = dict(zip(table.column_names, table.columns, strict=True))
    if list(columns) == schema.names:
        return table
    for column_name in schema.names:
        if column_name not in columns:
            columns[column_name] = constant(column_name, DEFAULTS[column_name], table.num_rows)
    return pa.table([columns[column_name] for column_name in schema.names], schema=schema)
