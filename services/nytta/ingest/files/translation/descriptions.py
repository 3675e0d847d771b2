"""Where a value comes from, for a person: in messages, and where a mapping is explained."""

from __future__ import annotations

from datetime import date

from nytta.ingest.files.mapping import Source
from nytta.ingest.files.rows import Row
from nytta.ingest.files.specs import Moment, Test, Value


def describe(source: Source, row: Row) -> str:
    """Where a value came from in this row: "case:department = General"."""
    fields = source.fields if isinstance(source, Value | Test | Moment) else ()
    read = ", ".join(
        f"{name} = {row[name]!r}" if name in row else f"{name} is absent" for name in fields
    )
    return read or described(source)


def described(source: Source) -> str:
    """Where a value comes from in any row: "field 'case:department'"."""
    match source:
        case bool():
            return "the same for every row"
        case Value(constant=str()) | Moment(constant=date()):
            return "constant"
        case Value(file=str() as pattern):
            return f"file name ({pattern})"
        case _:
            return ("field " if len(source.fields) == 1 else "fields ") + ", ".join(
                map(repr, source.fields)
            )
