"""Columns of Arrow tables as numpy sees them, and tables with more columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nytta.disclosure.gate import Bools


def split(rows: pa.Table, name: str) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each value of a column."""
    for value in rows[name].unique().to_pylist():
        yield value, rows.filter(pc.equal(rows[name], value))


def appended(table: pa.Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    """The table with more columns."""
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def with_constants(table: pa.Table, constants: dict[str, pa.Scalar]) -> pa.Table:
    """The table with columns that hold one value each."""
    return appended(
        table, {name: pa.repeat(value, len(table)) for name, value in constants.items()}
    )


def filled(table: pa.Table) -> pa.Table:
    """The table with nothing, none and no in the place of what a join did not meet."""
    for place, field in enumerate(table.schema):
        if table.column(place).null_count:
            nothing = pa.scalar({pa.string(): "", pa.bool_(): False}.get(field.type, 0), field.type)
            table = table.set_column(place, field.name, pc.fill_null(table.column(place), nothing))
    return table


def texts(rows: pa.Table, name: str) -> np.ndarray[Any, np.dtype[np.str_]]:
    """A column of words."""
    return np.array(rows[name].to_pylist(), dtype=str)


def ints(rows: pa.Table, name: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """A column of whole numbers."""
    return np.asarray(rows[name].to_numpy(), dtype=np.int64)


def bools(rows: pa.Table, name: str) -> Bools:
    """A column of yes and no."""
    return np.asarray(rows[name].to_numpy(), dtype=bool)


def equal(rows: pa.Table, name: str) -> Bools:
    """Whether a column holds what it held when it was told (`was_…`)."""
    return np.asarray(rows[name].to_numpy() == rows[f"was_{name}"].to_numpy())
