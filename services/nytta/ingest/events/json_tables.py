"""Many lines of JSON as one table of Arrow, whose fields are those that the lines have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.json
from numpy.typing import NDArray

from nytta.ingest.events.fields import is_extension
from nytta.ingest.events.lines import Lines
from nytta.ingest.events.plans import PLANS

_TEXT_ATTRIBUTES: Final = (
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "datacontenttype",
    "dataschema",
    "sequence",
    "revision",
)
ENVELOPE: Final[Mapping[str, pa.DataType]] = {name: pa.string() for name in _TEXT_ATTRIBUTES} | {
    "retracted": pa.bool_()
}
"""Attributes of an event beside its data, with the type that a table reads them as."""
NUMBERS: Final = ("sequence", "revision")
"""Attributes that are written as a text of digits, as CloudEvents has them, or as a number."""
DATA: Final[Mapping[str, pa.DataType]] = {
    field.name: field.arrow for plan in PLANS.values() for field in plan.fields
}
"""Fields of the data of any event type, with the type that a table reads them as."""
MOST_EXTENSIONS: Final = 16
"""Names of extension attributes that become columns of a table; with more of them, the models are asked."""

_PYTHON_TYPES: Final = {pa.string(): str, pa.bool_(): bool, pa.int64(): int}
_DATA_TYPES: Final[Mapping[str, type]] = {
    name: _PYTHON_TYPES[arrow_type] for name, arrow_type in DATA.items()
}
# the reader wants a block that is larger than what it reads
_MARGIN: Final = 64


class Shape:
    """The fields that some lines have, and their types.

    A table is read with the fields of its own lines alone, for a column that nobody fills costs as much as one that is
    filled.
    """

    def __init__(self) -> None:
        self.envelope: set[str] = set()
        self.data: set[str] = set()
        self.extensions: set[str] = set()
        self.number_types: dict[str, type] = {}
        """How the lines write the attributes of `NUMBERS`: str or int."""

    def takes(self, line: bytes) -> bool:
        """Whether a line has only known fields, and extensions that are texts; from then on the shape has them."""
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            return False
        event_data = event.get("data")
        if not isinstance(event_data, dict) or not is_known_data(event_data):
            return False
        if not all(self._takes_attribute(name, value) for name, value in event.items()):
            return False
        extensions = event.keys() - ENVELOPE.keys() - {"data"}
        if len(extensions | self.extensions) > MOST_EXTENSIONS:
            return False
        self.envelope |= event.keys() & ENVELOPE.keys()
        self.data |= event_data.keys()
        self.extensions |= extensions
        return True

    def _takes_attribute(self, attribute_name: str, attribute_value: object) -> bool:
        """Whether the table can hold this value of an attribute beside those that it has taken."""
        # `type`, not `isinstance`: a boolean is an int to Python, and another thing to the models
        value_type = type(attribute_value)
        if attribute_name == "data":
            return True
        if attribute_name in NUMBERS and value_type in (str, int):
            # a column has one type: lines that write the number in the other way are left to the models
            column_type = self.number_types.setdefault(attribute_name, value_type)
            return column_type is value_type
        if attribute_name == "retracted":
            return value_type is bool
        if attribute_name in ENVELOPE:
            return attribute_value is None or value_type is str
        return value_type is str and is_extension(attribute_name)

    def schema(self) -> pa.Schema:
        """The fields as Arrow's JSON reader wants them."""
        envelope = {
            name: column_type for name, column_type in ENVELOPE.items() if name in self.envelope
        }
        envelope |= {
            name: pa.int64()
            for name, number_type in self.number_types.items()
            if number_type is int
        }
        extensions = {name: pa.string() for name in sorted(self.extensions)}
        data = pa.struct(
            [(name, column_type) for name, column_type in DATA.items() if name in self.data]
        )
        return pa.schema([*envelope.items(), *extensions.items(), ("data", data)])


def is_known_data(data: Mapping[str, Any]) -> bool:
    """Whether every field is one that some type has, null or of the type that the table reads it as."""
    return all(
        value is None or type(value) is _DATA_TYPES.get(name) for name, value in data.items()
    )


def table_of(lines: Lines, rows: NDArray[np.int64], shape: Shape) -> pa.Table | None:
    """The lines as a table of JSON's own fields; None where they are not all one object of the shape each."""
    if not len(rows):
        return None
    joined_lines = lines.joined(rows)
    # One block: the reader fails where a line reaches across several.
    read_options = pyarrow.json.ReadOptions(
        use_threads=False, block_size=len(joined_lines) + _MARGIN
    )
    parse_options = pyarrow.json.ParseOptions(
        explicit_schema=shape.schema(), unexpected_field_behavior="error"
    )
    buffer = pa.py_buffer(joined_lines)
    try:
        table = pyarrow.json.read_json(
            buffer, read_options=read_options, parse_options=parse_options
        )
        # the reader does not ask whether texts are UTF-8
        table.validate(full=True)
    except pa.ArrowInvalid:
        return None
    # Every line ends at least one value, so as many values as lines means one on each.
    return table if len(table) == len(rows) else None
