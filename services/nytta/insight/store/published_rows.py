"""Published figures of one organisation, kept as columns: a row is made when it is asked for.

A county has millions of them, of which a page shows hundreds: a dictionary of each would fill the memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
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
_TEXTS: Final = ("n_band", "status", "reason")
_EPOCH: Final = date(1970, 1, 1)

ORDER: Final = (*_SERIES, "period")
"""By what the rows that `PublishedRows` is made of are sorted: figures of all units lie together."""
COLUMNS: Final = (*ORDER, "version", *_NUMBERS, *_TEXTS)
"""The columns that it is made of."""


class PublishedRows(Mapping[Place, dict[str, Any]]):
    """Published rows by indicator, grain, unit, system and period.

    `published_table` has `COLUMNS`, in their `ORDER`. A number that is not shown is None in the rows that are made.
    """

    def __init__(self, rows: pa.Table) -> None:
        self._columns = _Columns.of(rows)
        self._arrange()

    def _arrange(self) -> None:
        """Work out where the rows of each series lie."""
        encoded = self._columns.encoded
        self._texts = {name: encoded[name] for name in _TEXTS}
        self._units = encoded["unit"]
        self._numbers = {name: self._columns.plain[name] for name in _NUMBERS}
        self._versions = self._columns.plain["version"]
        self._days = self._columns.plain["period"]
        changes = np.zeros(len(self._days), dtype=bool)
        changes[:1] = True
        for column_name in _SERIES:
            word_codes, _ = encoded[column_name]
            changes[1:] |= word_codes[1:] != word_codes[:-1]
        firsts = np.flatnonzero(changes)
        indicators, grains, systems, units = (_decoded(encoded[name], firsts) for name in _SERIES)
        ends = [*firsts[1:].tolist(), len(self._days)][: len(firsts)]
        spans = zip(firsts.tolist(), ends, strict=True)
        series = zip(indicators, grains, units, systems, strict=True)
        self._spans: dict[Series, tuple[int, int]] = dict(zip(series, spans, strict=True))
        self._figures_by_matter: dict[tuple[str, str, str, date], Mapping[str, float | None]] = {}

    def updated(self, rows: pa.Table, first: date) -> PublishedRows:
        """These rows from the period `first` on, and `rows` (as those, no place twice) in the place of older ones."""
        merged = PublishedRows.__new__(PublishedRows)
        merged._columns = self._columns.merged(_Columns.of(rows), (first - _EPOCH).days)
        merged._arrange()
        return merged

    @property
    def series(self) -> Collection[Series]:
        """Every series that has a row."""
        return self._spans.keys()

    def indicators(self, grain: str, unit: str, system: str, period: date) -> set[str]:
        """The indicators with a row of this unit, system and period."""
        candidates = self._by_place.get((grain, unit, system), ())
        return {
            indicator
            for indicator in candidates
            if (indicator, grain, unit, system, period) in self
        }

    def systems(self, grain: str, unit: str) -> Collection[str]:
        """The systems with rows of this unit."""
        return self._systems.get((grain, unit), frozenset())

    def measured(self, grain: str) -> Mapping[str, Collection[str]]:
        """The indicators with rows of any unit, by system."""
        measured: defaultdict[str, set[str]] = defaultdict(set)
        for indicator, block_grain, system in self._blocks:
            if block_grain == grain:
                measured[system].add(indicator)
        return measured

    def figures(
        self, indicator: str, grain: str, system: str, period: date
    ) -> Mapping[str, float | None]:
        """The figures of all units of one period, by unit; None where a row shows none.

        They are kept, so that lists of many units need not search for the row of each.
        """
        matter = (indicator, grain, system, period)
        if matter not in self._figures_by_matter:
            self._figures_by_matter[matter] = self._figures_of(*matter)
        return self._figures_by_matter[matter]

    def _figures_of(
        self, indicator: str, grain: str, system: str, period: date
    ) -> Mapping[str, float | None]:
        first, end = self._block(indicator, grain, system)
        numbers = first + np.flatnonzero(self._days[first:end] == (period - _EPOCH).days)
        codes, words = self._units
        units = (words[code] for code in codes[numbers].tolist())
        figures = self._numbers["value"][numbers].tolist()
        return {
            unit: None if isnan(figure) else figure
            for unit, figure in zip(units, figures, strict=True)
        }

    def ordered(
        self, indicator: str, grain: str, system: str, units: Collection[str]
    ) -> dict[date, Figures]:
        """The figures of these units that are shown, by period, the least first."""
        first, end = self._block(indicator, grain, system)
        word_codes, distinct_words = self._units
        is_meant = np.array([word in units for word in distinct_words], dtype=bool)
        figures = self._numbers["value"][first:end]
        row_numbers = np.flatnonzero(is_meant[word_codes[first:end]] & ~np.isnan(figures))
        figures, days = figures[row_numbers], self._days[first:end][row_numbers]
        order = np.lexsort((figures, days))
        periods, firsts = np.unique(days[order], return_index=True)
        parts = np.split(figures[order], firsts[1:])
        return {
            _EPOCH + timedelta(days=period): part
            for period, part in zip(periods.tolist(), parts, strict=False)
        }

    def __getitem__(self, place: Place) -> dict[str, Any]:
        row_number = self._number(place)
        if row_number is None:
            raise KeyError(place)
        return self._row(place, row_number)

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
        row_number = self._number(place)
        return None if row_number is None else self._figure("value", row_number)

    def _number(self, place: Place) -> int | None:
        """Where the row of a place lies."""
        span = self._spans.get(place[:4])
        if span is None:
            return None
        first, end = span
        days = (place[4] - _EPOCH).days
        row_number = first + int(self._days[first:end].searchsorted(days))
        return row_number if row_number < end and self._days[row_number] == days else None

    def _row(self, place: Place, row_number: int) -> dict[str, Any]:
        published_row: dict[str, Any] = dict(
            zip(("indicator", "grain", "unit", "system", "period"), place, strict=True)
        )
        published_row["version"] = int(self._versions[row_number])
        for column_name in _NUMBERS:
            published_row[column_name] = self._figure(column_name, row_number)
        for column_name, (word_codes, distinct_words) in self._texts.items():
            published_row[column_name] = distinct_words[word_codes[row_number]]
        return published_row

    def _figure(self, column_name: str, row_number: int) -> float | None:
        figure = float(self._numbers[column_name][row_number])
        # no published figure is NaN: that is how an empty one lies in the array
        return None if isnan(figure) else figure

    def _block(self, indicator: str, grain: str, system: str) -> tuple[int, int]:
        """Where the rows of all units lie."""
        return self._blocks.get((indicator, grain, system), (0, 0))

    @cached_property
    def _blocks(self) -> Mapping[tuple[str, str, str], tuple[int, int]]:
        blocks: dict[tuple[str, str, str], tuple[int, int]] = {}
        # spans follow one another: a block begins where its first does and ends where its last does
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


@dataclass(frozen=True, slots=True)
class _Columns:
    """Rows in their `ORDER`: texts as numbers of words, and numbers; periods are days since the epoch."""

    encoded: Mapping[str, Encoded]
    plain: Mapping[str, np.ndarray[Any, np.dtype[Any]]]

    @classmethod
    def of(cls, rows: pa.Table) -> _Columns:
        rows = rows.unify_dictionaries()
        plain = {name: rows[name].to_numpy() for name in (*_NUMBERS, "version")}
        plain["period"] = rows["period"].cast(pa.int32()).to_numpy().astype(np.uint16)
        return cls({name: _encoded(rows[name]) for name in (*_SERIES, *_TEXTS)}, plain)

    def merged(self, newer: _Columns, first_day: int) -> _Columns:
        """These rows from a day on, with newer ones among them, or in their place."""
        older, newer = _with_common_words(self, newer), _with_common_words(newer, self)
        keys, newer_keys = older._keys(), newer._keys()
        is_kept = older.plain["period"] >= first_day
        # a row that is there already lies where a newer one of its place would be put
        replaced = np.searchsorted(keys, newer_keys)
        replaced = replaced[replaced < len(keys)]
        is_kept[replaced[np.isin(keys[replaced], newer_keys)]] = False
        kept = np.flatnonzero(is_kept)
        places = np.searchsorted(keys[kept], newer_keys)

        def joined(old: np.ndarray[Any, Any], new: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return np.insert(old[kept], places, new)

        encoded = {
            name: (joined(codes, newer.encoded[name][0]), words)
            for name, (codes, words) in older.encoded.items()
        }
        return _Columns(
            encoded,
            {name: joined(column, newer.plain[name]) for name, column in older.plain.items()},
        )

    def _keys(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """A number of each row's place, in the rows' order where words are in theirs."""
        keys = np.zeros(len(self.plain["period"]), np.int64)
        for name in _SERIES:
            codes, words = self.encoded[name]
            keys = keys * max(len(words), 1) + codes
        numbered: np.ndarray[Any, np.dtype[np.int64]] = keys * (1 << 16) + self.plain["period"]
        return numbered


def _with_common_words(columns: _Columns, other: _Columns) -> _Columns:
    """The columns, their texts as numbers of the words of both, which stand in their order."""
    encoded: dict[str, Encoded] = {}
    for name, (codes, words) in columns.encoded.items():
        common = sorted({*words, *other.encoded[name][1]})
        number_by_word = {word: number for number, word in enumerate(common)}
        numbers = np.array(
            [number_by_word[word] for word in words], np.min_scalar_type(max(len(common), 1))
        )
        encoded[name] = (numbers[codes], common)
    return _Columns(encoded, columns.plain)


def _encoded(column: pa.ChunkedArray) -> Encoded:
    """A column of texts as numbers of its words; as short as they allow."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if encoded.num_chunks == 0:
        return np.zeros(0, np.uint8), []
    distinct_words = encoded.chunk(0).dictionary.to_pylist()
    word_codes = np.concatenate([chunk.indices.to_numpy() for chunk in encoded.chunks])
    return word_codes.astype(np.min_scalar_type(max(len(distinct_words), 1))), distinct_words


def _decoded(encoded: Encoded, row_numbers: np.ndarray[Any, np.dtype[Any]]) -> list[str]:
    word_codes, distinct_words = encoded
    return [distinct_words[code] for code in word_codes[row_numbers].tolist()]
