"""A weekly series as CSV text becomes panels; whatever cannot be used is named, row by row."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from nytta import Mendable

from .detector import assess
from .gates import Reason
from .panel import Array, Panel
from .parameters import Parameters
from .results import NotAssessed, Result

REQUIRED = ("unit", "peer_group", "system", "indicator", "week", "numerator", "denominator")
OPTIONAL = ("eligible", "presence", "entitlement", "milestone", "plan")
#: Milestones that mean go-live; every other one lets the unit's baseline begin anew.
LIVE = frozenset({"live", "go_live", "go-live", "golive"})
WEEK = re.compile(r"(\d{4})-W(\d{2})")
DECIMAL = re.compile(r"\d+,\d+")
LONGEST = 1040
"""Weeks that a series may span: twenty years. More is a mistyped year."""


class SeriesError(Mendable, ValueError):
    """The file as a whole cannot be read as a series; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Series:
    """Panels on one calendar, the rows that could not be used, and the columns that were not understood."""

    panels: tuple[Panel, ...]
    refused: tuple[NotAssessed, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    rows: int = 0


@dataclass(slots=True)
class _Cell:
    """One row: numbers (NaN where the optional column is empty) and its milestones."""

    numerator: float
    denominator: float
    eligible: float = math.nan
    presence: float = math.nan
    entitlement: float = math.nan
    target: float = math.nan
    due: float = math.nan
    milestones: tuple[str, ...] = ()


@dataclass(slots=True)
class _Unit:
    group: str
    group_since: int
    cells: dict[int, _Cell] = field(default_factory=dict)


def load(path: Path) -> Series:
    """Read a series from a file in UTF-8. Raises SeriesError as `parse` does."""
    try:
        return parse(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SeriesError(f"{path.name}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error


def parse(text: str) -> Series:
    """Read a series from CSV text (comma, semicolon or tab; header in any order).

    A comma is a decimal sign where it parts no columns. Raises SeriesError where there is no header, a required column
    lacks, a quotation mark is not closed or the weeks span more than twenty years. A bad row is refused with a
    reason and the others are kept; two rows of one week are both refused unless they say the same.
    """
    text = text.removeprefix("\ufeff").lstrip("\r\n")
    delimiter = _delimiter(text)
    reader = _rows(text, delimiter)
    header = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise SeriesError(
            f"line 1: no column {', '.join(missing)}; a series has the columns {', '.join(REQUIRED)} "
            f"and may have {', '.join(OPTIONAL)}"
        )
    twice = sorted({name for name in header if name in REQUIRED + OPTIONAL and header.count(name) > 1})
    if twice:
        raise SeriesError(f"line 1: column {', '.join(twice)} stands twice; keep one")
    absent = len(header) + 10**6
    places = [header.index(name) if name in header else absent for name in REQUIRED + OPTIONAL]

    refused: list[NotAssessed] = []
    tables: dict[tuple[str, str], dict[str, _Unit]] = {}
    ordinals: dict[str, int | None] = {}
    rows = 0
    for fields in reader:
        if not any(fields) or not "".join(fields).strip():
            continue
        rows += 1
        values = [fields[place].strip() if place < len(fields) else "" for place in places]
        unit, group, system, indicator, week = values[:5]
        if week not in ordinals:
            ordinals[week] = week_ordinal(week)
        ordinal = ordinals[week]
        if not unit or ordinal is None:
            reason = Reason.MISSING_UNIT if not unit else Reason.INVALID_WEEK
            refused.append(NotAssessed(unit, system, indicator, week, reason.value))
            continue
        figures = values[5:] if delimiter == "," else [_decimal_point(value) for value in values[5:]]
        cell, reasons = _cell(figures, ordinal)
        refused += [NotAssessed(unit, system, indicator, week, reason.value) for reason in reasons]
        units = tables.setdefault((system, indicator), {})
        entry = units.get(unit)
        if entry is None:
            entry = units[unit] = _Unit(group, ordinal)
        elif ordinal < entry.group_since:
            entry.group, entry.group_since = group, ordinal
        earlier = entry.cells.get(ordinal)
        if earlier is not None:
            refused.append(NotAssessed(unit, system, indicator, week, Reason.DUPLICATE_WEEK.value))
            if repr(earlier) != repr(cell):
                earlier.numerator = earlier.denominator = math.nan
            continue
        entry.cells[ordinal] = cell
    if not tables:
        return Series((), tuple(refused), _unknown(header), rows)
    all_ordinals = [ordinal for units in tables.values() for unit in units.values() for ordinal in unit.cells]
    first_week, last_week = min(all_ordinals), max(all_ordinals)
    if last_week - first_week >= LONGEST:
        raise SeriesError(
            f"the weeks reach from {ordinal_week(first_week)} to {ordinal_week(last_week)}, more than twenty years; "
            "mend the year of the rows that are wrong, or leave them out"
        )
    weeks = tuple(ordinal_week(ordinal) for ordinal in range(first_week, last_week + 1))
    panels = tuple(
        _panel(system, indicator, units, weeks, first_week) for (system, indicator), units in sorted(tables.items())
    )
    return Series(panels, tuple(refused), _unknown(header), rows)


def _delimiter(text: str) -> str:
    head = re.split(r"[\r\n]", text, maxsplit=1)[0]
    return max(",;\t", key=head.count)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """The rows of the text, header first; SeriesError where the text is no CSV from some line on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise SeriesError(
            f"line {reader.line_num}: no row can be read here ({error}); is a quotation mark left open?"
        ) from error


def detect(series: Series, parameters: Parameters | None = None) -> Result:
    """Judge a series: its signals, all that was not assessed (refused rows first), the parameters."""
    result = assess(series.panels, parameters)
    named = {(entry.unit, entry.system, entry.indicator, entry.week) for entry in series.refused}
    gaps = (
        entry for entry in result.not_assessed if (entry.unit, entry.system, entry.indicator, entry.week) not in named
    )
    return Result(result.signals, (*series.refused, *gaps), result.parameters)


def week_ordinal(week: str) -> int | None:
    """Weeks since 0001-W01 of an ISO week like 2026-W07; None where there is no such week."""
    match = WEEK.fullmatch(week)
    if match is None:
        return None
    try:
        return date.fromisocalendar(int(match[1]), int(match[2]), 1).toordinal() // 7
    except ValueError:
        return None


def ordinal_week(ordinal: int) -> str:
    """The ISO week of an ordinal."""
    # The ordinal of a Monday is 1 modulo 7.
    year, week, _ = date.fromordinal(ordinal * 7 + 1).isocalendar()
    return f"{year:04d}-W{week:02d}"


def _unknown(header: list[str]) -> tuple[str, ...]:
    return tuple(name for name in header if name and name not in REQUIRED + OPTIONAL)


def _float(text: str) -> float | None:
    """The number, NaN for an empty field, None for anything else."""
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _decimal_point(value: str) -> str:
    return value.replace(",", ".") if DECIMAL.fullmatch(value) else value


def _cell(values: Sequence[str], ordinal: int) -> tuple[_Cell, list[Reason]]:
    """One row as numbers, from numerator on. A refused row is named and keeps its place as a gap."""
    x, n, eligible, presence, entitlement = (_float(value) for value in values[:5])
    milestone, plan = values[5], values[6]
    reasons: list[Reason] = []
    if x is None or n is None:
        reasons.append(Reason.INVALID_NUMBER)
    elif math.isnan(n):
        reasons.append(Reason.MISSING_DENOMINATOR)
    elif math.isnan(x):
        reasons.append(Reason.MISSING_NUMERATOR)
    elif x < 0 or n < 0:
        reasons.append(Reason.NEGATIVE_NUMBER)
    elif x > n:
        reasons.append(Reason.NUMERATOR_OVER_DENOMINATOR)
    cell = _Cell(math.nan, math.nan) if reasons else _Cell(x or 0.0, n or 0.0)
    if any(value is None or value < 0 for value in (eligible, presence, entitlement)):
        reasons.append(Reason.INVALID_NUMBER)
    cell.eligible = eligible if eligible is not None and eligible >= 0 else math.nan
    cell.presence = _share(presence, cell.eligible)
    cell.entitlement = _share(entitlement, cell.eligible)
    if milestone:
        cell.milestones = tuple(part.strip().lower() for part in milestone.split(";") if part.strip())
    if plan:
        planned = _plan(plan, ordinal)
        if planned is None:
            reasons.append(Reason.INVALID_PLAN)
        else:
            cell.target, cell.due = planned
    return cell, reasons


def _share(value: float | None, people: float) -> float:
    """A share of the unit's persons: given as such (up to 1), or as a number of persons."""
    if value is None or math.isnan(value) or value < 0:
        return math.nan
    if value <= 1:
        return value
    return min(value / people, 1.0) if people > 0 else math.nan


def _plan(text: str, ordinal: int) -> tuple[float, float] | None:
    """Target and due week of `0.8@2026-W40`, or of `0.8`: the plan for the row's own week."""
    target_text, _, due_text = text.partition("@")
    percent = target_text.strip().endswith("%")
    target = _float(target_text.strip().removesuffix("%"))
    due_week = week_ordinal(due_text.strip()) if due_text else ordinal
    if target is None or math.isnan(target) or due_week is None:
        return None
    target = target / 100 if percent else target
    return (target, float(due_week)) if 0 <= target <= 1 else None


def _stretches(cells: Mapping[int, _Cell]) -> list[tuple[int, int | None]]:
    """From when and until when (None: to the end) a unit's weeks belong together.

    The first stretch begins with the first counted week, a later one with a go-live after it: what was
    measured before a go-live must not change when the go-live becomes known.
    """
    counted = [ordinal for ordinal, cell in cells.items() if cell.denominator > 0]
    live_weeks = sorted(ordinal for ordinal, cell in cells.items() if LIVE.intersection(cell.milestones))
    first_week = min(counted) if counted else min(cells)
    starts = [first_week, *(ordinal for ordinal in live_weeks if ordinal > first_week)]
    return list(zip(starts, [*starts[1:], None], strict=True))


def _panel(system: str, indicator: str, units: dict[str, _Unit], weeks: tuple[str, ...], first_week: int) -> Panel:
    rows = [(code, start, end) for code in sorted(units) for start, end in _stretches(units[code].cells)]
    shape = (len(rows), len(weeks))
    names = ("numerator", "denominator", "eligible", "presence", "entitlement", "target", "due")
    values = {name: np.full(shape, np.nan) for name in names}
    rebase = np.zeros(shape, bool)
    # A unit without a peer group is compared with nobody.
    names_of = {code: unit.group or f"\0{code}" for code, unit in units.items()}
    groups = {name: number for number, name in enumerate(sorted(set(names_of.values())))}
    for row, (code, start, end) in enumerate(rows):
        for ordinal, cell in units[code].cells.items():
            if ordinal < start or (end is not None and ordinal >= end):
                continue
            column = ordinal - first_week
            for name in names:
                values[name][row, column] = getattr(cell, name)
            rebase[row, column] = any(name not in LIVE for name in cell.milestones)
    values["due"] -= first_week

    def optional(name: str, fill: bool = False) -> Array | None:
        matrix = values[name]
        if not np.isfinite(matrix).any():
            return None
        return carried(matrix) if fill else matrix

    return Panel(
        system,
        indicator,
        tuple(code for code, _, _ in rows),
        weeks,
        np.array([groups[names_of[code]] for code, _, _ in rows], np.int64),
        values["numerator"],
        values["denominator"],
        np.array([start - first_week for _, start, _ in rows], np.int64),
        rebase,
        np.array([len(weeks) if end is None else end - first_week for _, _, end in rows], np.int64),
        optional("eligible", fill=True),
        optional("presence"),
        optional("entitlement", fill=True),
        optional("target", fill=True),
        optional("due", fill=True),
    )


def carried(matrix: Array) -> Array:
    """Each gap of (units, weeks) filled with the value before it."""
    columns = np.where(np.isfinite(matrix), np.arange(matrix.shape[1])[None, :], 0)
    return np.asarray(np.take_along_axis(matrix, np.maximum.accumulate(columns, axis=1), axis=1))
