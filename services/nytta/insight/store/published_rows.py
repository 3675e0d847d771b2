"""Published figures of one organisation, kept as columns: a row is made when it is asked for.

A county has millions of them, of which a page shows hundreds: a dictionary of each would fill the memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from functools import cached_property
from math import isnan
from typing import Any, Final

import numpy as np
import pyarrow as pa

Series = tuple[str, str, str, str]
"""Indicator, grain, unit and system."""
Place = tuple[str, str, str, str, date]
"""A series and a period: what a row is about."""

Figures = np.ndarray[Any, np.dtype[np.float64]]
Encoded = tuple[np.ndarray[Any, np.dtype[Any]], list[str]]
"""Numbers of words, and the words."""

_SERIES: Final = ("indicator", "grain", "system", "unit")
_NUMBERS: Final = ("value", "low", "high")
_TEXTS: Final = ("n_band", "status")
_EPOCH: Final = date(1970, 1, 1)

ORDER: Final = (*_SERIES, "period")
"""By what the rows that `PublishedRows` is made of are sorted: figures of all units lie together."""
COLUMNS: Final = (*ORDER, "version", *_NUMBERS, *_TEXTS)
"""The columns that it is made of."""


class PublishedRows(Mapping[Place, dict[str, Any]]):
    """Published rows by indicator, grain, unit, system and period.

    `rows` have `COLUMNS`, in their `ORDER`. A number that is not shown is None in the rows that are made.
    """

    def __init__(self, rows: pa.Table) -> None:
        rows = rows.unify_dictionaries()
        encoded = {name: _encoded(rows[name]) for name in (*_SERIES, *_TEXTS)}
        self._texts = {name: encoded[name] for name in _TEXTS}
        self._units = encoded["unit"]
        self._numbers = {name: rows[name].to_numpy() for name in _NUMBERS}
        self._versions = rows["version"].to_numpy()
        days = rows["period"].cast(pa.int32()).to_numpy()
        self._days = days.astype(np.uint16)
        changes = np.zeros(len(rows), dtype=bool)
        changes[:1] = True
        for name in _SERIES:
            codes, _ = encoded[name]
            changes[1:] |= codes[1:] != codes[:-1]
        firsts = np.flatnonzero(changes)
        indicators, grains, systems, units = (_decoded(encoded[name], firsts) for name in _SERIES)
        ends = [*firsts[1:].tolist(), len(rows)][: len(firsts)]
        spans = zip(firsts.tolist(), ends, strict=True)
        series = zip(indicators, grains, units, systems, strict=True)
        self._spans: dict[Series, tuple[int, int]] = dict(zip(series, spans, strict=True))

    @property
    def series(self) -> Collection[Series]:
        """Every series that has a row."""
        return self._spans.keys()

    def indicators(self, grain: str, unit: str, system: str, period: date) -> set[str]:
        """The indicators with a row of this unit, system and period."""
        candidates = self._by_place.get((grain, unit, system), ())
        return {indicator for indicator in candidates if (indicator, grain, unit, system, period) in self}

    def systems(self, grain: str, unit: str) -> Collection[str]:
        """The systems with rows of this unit."""
        return self._systems.get((grain, unit), frozenset())

    def ordered(self, indicator: str, grain: str, system: str, units: Collection[str]) -> dict[date, Figures]:
        """The figures of these units that are shown, by period, the least first."""
        first, end = self._block(indicator, grain, system)
        codes, words = self._units
        is_meant = np.array([word in units for word in words], dtype=bool)
        figures = self._numbers["value"][first:end]
        numbers = np.flatnonzero(is_meant[codes[first:end]] & ~np.isnan(figures))
        figures, days = figures[numbers], self._days[first:end][numbers]
        places = np.lexsort((figures, days))
        periods, firsts = np.unique(days[places], return_index=True)
        parts = np.split(figures[places], firsts[1:])
        return {_EPOCH + timedelta(days=period): part for period, part in zip(periods.tolist(), parts, strict=False)}

    def __getitem__(self, place: Place) -> dict[str, Any]:
        number = self._number(place)
        if number is None:
            raise KeyError(place)
        return self._row(place, number)

    def __contains__(self, place: object) -> bool:
        return isinstance(place, tuple) and self._number(place) is not None

    def __iter__(self) -> Iterator[Place]:
        for series, (first, end) in self._spans.items():
            for days in self._days[first:end].tolist():
                yield (*series, _EPOCH + timedelta(days=days))

    def __len__(self) -> int:
        return len(self._days)

    def value(self, place: Place) -> float | None:
        """The figure of a place; None where none is shown."""
        number = self._number(place)
        return None if number is None else self._figure("value", number)

    def _number(self, place: Place) -> int | None:
        """Where the row of a place lies."""
        span = self._spans.get(place[:4])
        if span is None:
            return None
        first, end = span
        days = (place[4] - _EPOCH).days
        number = first + int(self._days[first:end].searchsorted(days))
        return number if number < end and self._days[number] == days else None

    def _row(self, place: Place, number: int) -> dict[str, Any]:
        row: dict[str, Any] = dict(zip(("indicator", "grain", "unit", "system", "period"), place, strict=True))
        row["version"] = int(self._versions[number])
        for name in _NUMBERS:
            row[name] = self._figure(name, number)
        for name, (codes, words) in self._texts.items():
            row[name] = words[codes[number]]
        return row

    def _figure(self, name: str, number: int) -> float | None:
        figure = float(self._numbers[name][number])
        # no published figure is NaN: that is how an empty one lies in the array
        return None if isnan(figure) else figure

    def _block(self, indicator: str, grain: str, system: str) -> tuple[int, int]:
        """Where the rows of all units lie."""
        return self._blocks.get((indicator, grain, system), (0, 0))

    @cached_property
    def _blocks(self) -> Mapping[tuple[str, str, str], tuple[int, int]]:
        blocks: dict[tuple[str, str, str], tuple[int, int]] = {}
        for (indicator, grain, _, system), (first, end) in self._spans.items():
            block_first, _ = blocks.get((indicator, grain, system), (first, end))
            blocks[indicator, grain, system] = block_first, end
        return blocks

    @cached_property
    def _by_place(self) -> Mapping[tuple[str, str, str], list[str]]:
        """Indicators by grain, unit and system."""
        by_place: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        for indicator, *place in self._spans:
            grain, unit, system = place
            by_place[grain, unit, system].append(indicator)
        return dict(by_place)

    @cached_property
    def _systems(self) -> Mapping[tuple[str, str], set[str]]:
        """Systems by grain and unit."""
        systems: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for grain, unit, system in self._by_place:
            systems[grain, unit].add(system)
        return dict(systems)


def _encoded(column: pa.ChunkedArray) -> Encoded:
    """A column of texts as numbers of its words; as short as they allow."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if encoded.num_chunks == 0:
        return np.zeros(0, np.uint8), []
    words = encoded.chunk(0).dictionary.to_pylist()
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in encoded.chunks])
    return codes.astype(np.min_scalar_type(max(len(words), 1))), words


def _decoded(encoded: Encoded, numbers: np.ndarray[Any, np.dtype[Any]]) -> list[str]:
    codes, words = encoded
    return [words[code] for code in codes[numbers].tolist()]
