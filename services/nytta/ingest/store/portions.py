"""Long lists of values, in portions that a statement can be given as a parameter."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final, TypeVar

AT_ONCE: Final = 5_000
"""Ids, rows or persons that one statement is asked about."""

Value = TypeVar("Value")


def portions(values: Collection[Value], size: int = AT_ONCE) -> Iterator[list[Value]]:
    """The values in their order, in lists of at most `size`; none where there are no values."""
    remaining = iter(values)
    while portion := list(islice(remaining, size)):
        yield portion
