"""A weekly series, CSV or a workbook, becomes panels; whatever cannot be used is named, row by row."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np

from nytta import Mendable
from nytta.ingest.files import files
from nytta.ingest.files.encodings import encoding_of
from nytta.ingest.files.files import Stream
from nytta.ingest.files.rows import Broken

from .detector import assess
from .gates import Reason
from .panel import Array, Panel
from .parameters import Parameters
from .results import NotAssessed, Result

REQUIRED = ("unit", "peer_group", "system", "indicator", "week", "numerator", "denominator")
OPTIONAL = ("eligible", "presence", "entitlement", "milestone", "plan")
#: Milestones that mean go-live; every other one lets the unit's baseline begin anew.
LIVE = frozenset({"live", "go_live", "go-live", "golive"})
_LETTER = r"(?:week|wk|vecka|veckan|uke|uge|[wvu])\.?"
WEEK = re.compile(
    rf"(?P<year>\d{{4}})[-/ ]?{_LETTER} ?(?P<week>\d{{1,2}})(?:-[1-7])?"
    rf"|{_LETTER} ?(?P<week2>\d{{1,2}})(?:, ?|[-/ ])(?P<year2>\d{{4}})",
    re.IGNORECASE,
)
"""An ISO week with its year: 2026-W07, and as it is written in the Nordic countries, v. 7 2026 or uke 7, 2026."""
DATE = re.compile(
    r"(?P<year>\d{4})(?P<sign>[-/.]?)(?P<month>\d{2})(?P=sign)(?P<day>\d{2})(?:[T ].*)?"
)
NORDIC_DATE = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?: .*)?")
DECIMAL = re.compile(r"\d+,\d+")
THOUSANDS = re.compile(r"\d{1,3}(?:[ \u00a0\u202f'\u2019]\d{3})+(?:[.,]\d+)?")
"""A number whose thousands are parted by a sign that parts no decimals."""
_SAMPLE = 1 << 16
LONGEST = 1040
"""Weeks that a series may span: twenty years. More is a mistyped year."""


class SeriesError(Mendable, ValueError):
    """The file as a whole cannot be read as a series; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Series:
    """Panels on one calendar, the rows that could not be used, and the columns that were not understood.

    `encoding` is that of the file where it had to be guessed, else "".
    """

    panels: tuple[Panel, ...]
    refused: tuple[NotAssessed, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    rows: int = 0
    encoding: str = ""

    @property
    def is_read(self) -> bool:
        """Whether any row has counts that can be used."""
        return any(bool(np.isfinite(panel.numerator).any()) for panel in self.panels)


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
    """Read a series from a file: CSV, packed or not, in the encoding that its letters tell, or a workbook.

    Raises SeriesError as `parse` does, and InputError where the file is neither.
    """
    with files.opened(path) as stream:
        if stream.is_workbook:
            return _of_workbook(stream)
        body = stream.read()
    encoding, is_guessed = encoding_of(body[:_SAMPLE])
    if body[:_SAMPLE].isascii():
        # Letters of ASCII tell of no encoding: the first others do, wherever they stand.
        encoding, is_guessed = encoding_of(body)
    try:
        text = body.decode(encoding)
    except UnicodeError as error:
        place = f" at byte {error.start}" if isinstance(error, UnicodeDecodeError) else ""
        raise SeriesError(
            f"{path.name}: not {encoding.upper()}{place}; save the file as UTF-8"
        ) from error
    return replace(parse(text), encoding=encoding if is_guessed and encoding != "utf-8" else "")


def _of_workbook(stream: Stream) -> Series:
    """The series of the sheet that holds most."""
    from nytta.ingest.files.workbook import (
        WorkbookReader,
    )  # loaded where a workbook comes, and not before

    reader = WorkbookReader(stream, skip=None)
    rows = (list(row.values()) for row in reader if not isinstance(row, Broken))
    return _series(_header(reader.header, "the header"), rows, decimal_comma=True)


def parse(text: str) -> Series:
    """Read a series from CSV text (comma, semicolon or tab; header in any order).

    A comma is a decimal sign where it parts no columns. Raises SeriesError where there is no header, a required column
    lacks, a quotation mark is not closed, the weeks span more than twenty years or numerators are shares. A bad row is
    refused with a reason and the others are kept; two rows of one week are both refused unless they say the same.
    """
    # What a spreadsheet puts before the header is no part of it: a mark, empty lines, the sign that parts columns.
    text = text.removeprefix("\ufeff").lstrip("\r\n")
    hint = re.match(r"sep=(.)[\r\n]+", text, re.IGNORECASE)
    delimiter = hint[1] if hint else _delimiter(text)
    reader = _rows(text[hint.end() :] if hint else text, delimiter)
    header = _header(next(reader, []), "line 1")
    return _series(header, reader, decimal_comma=delimiter != ",")


def _header(cells: Sequence[str], place: str) -> list[str]:
    """The names of columns. SeriesError where a required one lacks or one stands twice."""
    header = [str(name).strip().lower() for name in cells]
    _check_header(header, place)
    return header


def _series(header: list[str], records: Iterable[Sequence[str]], *, decimal_comma: bool) -> Series:
    """The series of records below their header. SeriesError as in `parse`."""
    # A column that is not there lies beyond the end of every row, and is read as empty.
    beyond = len(header) + 10**6
    places = [header.index(name) if name in header else beyond for name in REQUIRED + OPTIONAL]

    tables = _Tables()
    rows = 0
    for fields in records:
        if not any(fields) or not "".join(fields).strip():
            continue
        rows += 1
        values = [fields[place].strip() if place < len(fields) else "" for place in places]
        tables.take(values, decimal_comma=decimal_comma)
    refused, unknown = tuple(tables.refused), _unknown(header)
    if not tables.units:
        return Series((), refused, unknown, rows)
    all_units = [unit for units in tables.units.values() for unit in units.values()]
    ordinals = [ordinal for unit in all_units for ordinal in unit.cells]
    first_week, last_week = min(ordinals), max(ordinals)
    if last_week - first_week >= LONGEST:
        raise SeriesError(
            f"the weeks reach from {ordinal_week(first_week)} to {ordinal_week(last_week)}, more than twenty years; "
            "mend the year of the rows that are wrong, or leave them out"
        )
    _refuse_shares(tables)
    weeks = tuple(ordinal_week(ordinal) for ordinal in range(first_week, last_week + 1))
    in_order = sorted(tables.units.items())
    panels = tuple(
        _panel(system, indicator, units, weeks, first_week)
        for (system, indicator), units in in_order
    )
    return Series(panels, refused, unknown, rows)


def _refuse_shares(tables: _Tables) -> None:
    """SeriesError where the numerators of an indicator are shares: as counts they would mean that hardly anybody is."""
    for (system, indicator), units in tables.units.items():
        numerators = [cell.numerator for unit in units.values() for cell in unit.cells.values()]
        if not any(numerator > 1 for numerator in numerators) and any(
            0 < numerator < 1 for numerator in numerators
        ):
            raise SeriesError(
                f"{system}, {indicator}: no numerator is larger than 1 and some are parts of 1, so they are shares; "
                "write counts, as 15 of 20 (the share times the denominator)"
            )


def _check_header(header: list[str], place: str) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise SeriesError(
            f"{place}: no column {', '.join(missing)}; a series has the columns {', '.join(REQUIRED)} "
            f"and may have {', '.join(OPTIONAL)}"
        )
    duplicates = {name for name in header if name in REQUIRED + OPTIONAL and header.count(name) > 1}
    if duplicates:
        raise SeriesError(f"{place}: column {', '.join(sorted(duplicates))} stands twice; keep one")


@dataclass(slots=True)
class _Tables:
    """Rows as they are read: the units of each system and indicator, and what was refused."""

    units: dict[tuple[str, str], dict[str, _Unit]] = field(default_factory=dict)
    refused: list[NotAssessed] = field(default_factory=list)
    #: Weeks recur in every unit: each is read once.
    ordinals: dict[str, int | None] = field(default_factory=dict)

    def take(self, values: list[str], *, decimal_comma: bool) -> None:
        """Take a row, its values in the order of `REQUIRED` and `OPTIONAL`."""
        unit, group, system, indicator, week = values[:5]
        if week not in self.ordinals:
            self.ordinals[week] = week_ordinal(week)
        ordinal = self.ordinals[week]
        # as its gap in the panel is named
        week_name = week if ordinal is None else ordinal_week(ordinal)

        def refuse(reason: Reason) -> None:
            self.refused.append(NotAssessed(unit, system, indicator, week_name, reason.value))

        if not unit or ordinal is None:
            refuse(Reason.INVALID_WEEK if unit else Reason.MISSING_UNIT)
            return
        figures = [_decimal_point(value) for value in values[5:]] if decimal_comma else values[5:]
        cell, reasons = _cell(figures, ordinal)
        for reason in reasons:
            refuse(reason)
        units = self.units.setdefault((system, indicator), {})
        entry = units.setdefault(unit, _Unit(group, ordinal))
        # The group of a unit's first week: a later one must not change what was said of earlier weeks.
        if ordinal < entry.group_since:
            entry.group, entry.group_since = group, ordinal
        earlier = entry.cells.setdefault(ordinal, cell)
        if earlier is cell:
            return
        refuse(Reason.DUPLICATE_WEEK)
        # By their text: NaN is unequal to itself, and two rows with the same gaps say the same.
        if repr(earlier) != repr(cell):
            earlier.numerator = earlier.denominator = math.nan


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
    # A refused row is a gap of its panel too: its first reason is the better one.
    refused_weeks = {_week_of(entry) for entry in series.refused}
    gaps = [entry for entry in result.not_assessed if _week_of(entry) not in refused_weeks]
    return Result(result.signals, (*series.refused, *gaps), result.parameters)


def _week_of(entry: NotAssessed) -> tuple[str, str, str, str]:
    return entry.unit, entry.system, entry.indicator, entry.week


def week_ordinal(week: str) -> int | None:
    """Weeks since 0001-W01 of an ISO week like 2026-W07, or of a day in it: 2026-02-09, with a time or not, 9.2.2026.

    None where there is no such week or day.
    """
    try:
        if match := WEEK.fullmatch(week):
            year, number = match["year"] or match["year2"], match["week"] or match["week2"]
            return date.fromisocalendar(int(year), int(number), 1).toordinal() // 7
        # with strokes it might be the ninth of February or the second of September
        if match := DATE.fullmatch(week) or NORDIC_DATE.fullmatch(week):
            day = date(int(match["year"]), int(match["month"]), int(match["day"]))
            return (day.toordinal() - 1) // 7
    except ValueError:
        return None
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
        is_parted = "," not in text and THOUSANDS.fullmatch(text) is not None
        return float(re.sub(r"[^\d.]", "", text)) if is_parted else None
    return value if math.isfinite(value) else None


def _decimal_point(value: str) -> str:
    bare = value.removesuffix("%").rstrip()
    return (
        value.replace(",", ".") if DECIMAL.fullmatch(bare) or THOUSANDS.fullmatch(bare) else value
    )


def _part(text: str) -> float | None:
    """The same of a share or number of persons, which may be a percentage."""
    if not text.endswith("%"):
        return _float(text)
    value = _float(text[:-1].rstrip())
    return value / 100 if value is not None and 0 <= value <= 100 else None


def _cell(values: Sequence[str], ordinal: int) -> tuple[_Cell, list[Reason]]:
    """One row as numbers, from numerator on. A refused row is named and keeps its place as a gap."""
    numerator, denominator, eligible = (_float(value) for value in values[:3])
    presence, entitlement = _part(values[3]), _part(values[4])
    milestone, plan = values[5:]
    reasons: list[Reason] = []
    refusal = _refusal(numerator, denominator)
    if refusal is not None:
        reasons.append(refusal)
    # A refused row is a gap: its weeks are judged neither as 0 nor from the row before.
    cell = (
        _Cell(math.nan, math.nan)
        if refusal is not None
        else _Cell(numerator or 0.0, denominator or 0.0)
    )
    if any(number is None or number < 0 for number in (eligible, presence, entitlement)):
        reasons.append(Reason.INVALID_NUMBER)
    cell.eligible = eligible if eligible is not None and eligible >= 0 else math.nan
    cell.presence = _share(presence, cell.eligible)
    cell.entitlement = _share(entitlement, cell.eligible)
    if milestone:
        names = [name.strip().lower() for name in milestone.split(";")]
        cell.milestones = tuple(name for name in names if name)
    if plan:
        planned = _plan(plan, ordinal)
        if planned is None:
            reasons.append(Reason.INVALID_PLAN)
        else:
            cell.target, cell.due = planned
    return cell, reasons


def _refusal(numerator: float | None, denominator: float | None) -> Reason | None:
    """Why counts cannot be used, None where they can; None as a count is no number, NaN an empty field."""
    if numerator is None or denominator is None:
        return Reason.INVALID_NUMBER
    if math.isnan(denominator):
        return Reason.MISSING_DENOMINATOR
    if math.isnan(numerator):
        return Reason.MISSING_NUMERATOR
    if numerator < 0 or denominator < 0:
        return Reason.NEGATIVE_NUMBER
    return Reason.NUMERATOR_OVER_DENOMINATOR if numerator > denominator else None


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
    counted_weeks = [ordinal for ordinal, cell in cells.items() if cell.denominator > 0]
    live_weeks = sorted(
        ordinal for ordinal, cell in cells.items() if LIVE.intersection(cell.milestones)
    )
    first_week = min(counted_weeks, default=min(cells))
    later_starts = [ordinal for ordinal in live_weeks if ordinal > first_week]
    return list(zip([first_week, *later_starts], [*later_starts, None], strict=True))


def _panel(
    system: str, indicator: str, units: dict[str, _Unit], weeks: tuple[str, ...], first_week: int
) -> Panel:
    rows = [
        (code, start, end) for code in sorted(units) for start, end in _stretches(units[code].cells)
    ]
    shape = (len(rows), len(weeks))
    names = ("numerator", "denominator", "eligible", "presence", "entitlement", "target", "due")
    matrices = {name: np.full(shape, np.nan) for name in names}
    rebase = np.zeros(shape, bool)
    # A unit without a peer group is compared with nobody.
    group_names = {code: unit.group or f"\0{code}" for code, unit in units.items()}
    group_of_name = {name: group for group, name in enumerate(sorted(set(group_names.values())))}
    for row, (code, start, end) in enumerate(rows):
        for ordinal, cell in units[code].cells.items():
            if ordinal < start or (end is not None and ordinal >= end):
                continue
            column = ordinal - first_week
            for name in names:
                matrices[name][row, column] = getattr(cell, name)
            rebase[row, column] = any(milestone not in LIVE for milestone in cell.milestones)
    # From weeks since the year 1 to columns, as all else.
    matrices["due"] -= first_week

    def optional(name: str, fill: bool = False) -> Array | None:
        matrix = matrices[name]
        if not np.isfinite(matrix).any():
            return None
        return carried(matrix) if fill else matrix

    starts = [start - first_week for _, start, _ in rows]
    ends = [len(weeks) if end is None else end - first_week for _, _, end in rows]
    return Panel(
        system=system,
        indicator=indicator,
        units=tuple(code for code, _, _ in rows),
        weeks=weeks,
        group=np.array([group_of_name[group_names[code]] for code, _, _ in rows], np.int64),
        numerator=matrices["numerator"],
        denominator=matrices["denominator"],
        live=np.array(starts, np.int64),
        rebase=rebase,
        until=np.array(ends, np.int64),
        # Presence is of its week; what a register or a plan says holds until it says something else.
        eligible=optional("eligible", fill=True),
        presence=optional("presence"),
        entitlement=optional("entitlement", fill=True),
        target=optional("target", fill=True),
        due=optional("due", fill=True),
    )


def carried(matrix: Array) -> Array:
    """Each gap of (units, weeks) filled with the value before it."""
    columns = np.arange(matrix.shape[1])[None, :]
    known_columns = np.where(np.isfinite(matrix), columns, 0)
    last_known = np.maximum.accumulate(known_columns, axis=1)
    return np.asarray(np.take_along_axis(matrix, last_known, axis=1))
