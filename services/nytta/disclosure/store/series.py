"""Exact weekly cells as the series that detection judges; in the private zone, which nothing here leaves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from nytta.indicators.definition import Definition, Detection, Protects
from nytta.indicators.detection import LIVE, Counts, Judged, Panel, panel, standardised
from nytta.indicators.detection.results import Kind
from nytta.ingest.store.counted import EVENTS, winning
from nytta.ingest.store.private import PrivateStore
from nytta.registry.dates import monday, mondays
from nytta.registry.registry import Registry
from nytta.registry.units import Organisation

NOT_A_CHANGE = frozenset({"decided", "step_started", "project_closed", "planned"})
"""Milestones that leave measurement as it was; every other one lets a baseline begin anew."""

_BREADTH, _ENTITLEMENT = "weekly-breadth", "entitlement"
_KINDS: dict[str, Kind] = {"level": "level", "relapse": "relapse", "plan": "behind_plan"}

_USUAL = 8
"""Working weeks whose median is what a source usually delivers."""

_FEWEST = 20
"""Events a week from which a source matters."""

_UNCLEAR = 2
"""Weeks that may be looked at for the first time, when one publication fell out."""

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Series:
    """A panel, the indicator that it is about, and its units in the order of its rows."""

    definition: Definition
    panel: Panel
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Cells:
    """Weekly cells of one organisation as columns."""

    unit: npt.NDArray[np.str_]
    system: npt.NDArray[np.str_]
    indicator: npt.NDArray[np.str_]
    case_type: npt.NDArray[np.str_]
    week: npt.NDArray[np.int64]
    figures: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class _Grid:
    """Cells of some units and weeks as matrices, units in rows and weeks in columns."""

    cells: _Cells
    units: Sequence[str]
    weeks: Sequence[date]

    def matrix(self, selection: Flags, figure: str) -> Floats:
        """A figure of the selected cells; NaN where there is none."""
        row_of_unit = {unit: row for row, unit in enumerate(self.units)}
        first_ordinal = self.weeks[0].toordinal()
        figures = np.full((len(self.units), len(self.weeks)), np.nan)
        is_within = np.isin(self.cells.unit, self.units) & (self.cells.week >= first_ordinal)
        numbers = np.flatnonzero(selection & is_within)
        rows = [row_of_unit[unit] for unit in self.cells.unit[numbers].tolist()]
        columns = (self.cells.week[numbers] - first_ordinal) // 7
        figures[rows, columns] = self.cells.figures[figure][numbers]
        return figures


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What all series of an organisation share: its cells, the weeks, which of them are quiet, and whether somebody
    reports who is at work."""

    registry: Registry
    root: str
    cells: _Cells
    weeks: Sequence[date]
    quiet: Flags
    presence_is_reported: bool


def read_series(
    store: PrivateStore,
    registry: Registry,
    definitions: Sequence[Definition],
    root: str,
    closed: date,
    using: Collection[str],
    unclear: Collection[str] = (),
) -> list[Series]:
    """Every notifying indicator of every system of an organisation, up to and with the week that begins on `closed`.

    Of `unclear` systems, the weeks that are looked at for the first time are not judged; of systems of which no source
    tells that anybody works in them, which are not among those in use (`using`), use is not judged at all.
    """
    notifying = [
        definition for definition in definitions if isinstance(definition.detect, Detection)
    ]
    cells = _read(store, [definition.id for definition in notifying] + [_ENTITLEMENT], root, closed)
    if cells is None:
        return []
    first_day = max(monday(store.data_span()[0]), date.fromordinal(int(cells.week.min())))
    weeks = mondays(first_day, closed)
    organisation = registry.organisation(root)
    quiet = np.array([organisation.calendar.is_quiet(week) for week in weeks])
    evidence = _Evidence(registry, root, cells, weeks, quiet, _presence_is_reported(store, root))
    short_by_feed = short_weeks(store, organisation, weeks, quiet)
    all_series = []
    for definition in notifying:
        systems = set(cells.system[cells.indicator == definition.id].tolist())
        for system in sorted(systems):
            has_unknown_use = definition.tells_of_use and system not in using
            if has_unknown_use or not registry.processes(system, closed):
                continue
            stale = _fed_short(definition, system, short_by_feed, len(weeks))
            stale[-_UNCLEAR:] |= system in unclear
            series = _series(evidence, definition, system, stale)
            if series is not None:
                all_series.append(series)
    return all_series


def _read(store: PrivateStore, indicators: Sequence[str], root: str, closed: date) -> _Cells | None:
    # A definition's latest version speaks; earlier ones are history.
    table = store.connection.arrow(
        """SELECT v.unit AS unit, v.system AS system, v.indicator AS indicator, v.case_type AS case_type,
                  v.period AS period, toFloat64(v.numerator) AS numerator, toFloat64(v.denominator) AS denominator,
                  toFloat64(v.subjects) AS subjects, toFloat64(v.persons) AS persons
           FROM {private}.indicator_values AS v
           WHERE v.grain = 'week' AND v.part = '' AND v.indicator IN {indicators:Array(String)}
             AND v.period <= {closed:Date}
             AND v.unit IN (SELECT unit FROM {open}.units WHERE root = {root:String})
             AND (v.indicator, v.version) IN (
                 SELECT indicator, max(version) FROM {private}.definitions GROUP BY indicator)""",
        indicators=list(indicators),
        root=root,
        closed=closed,
    )
    if not len(table):
        return None
    text = {
        name: np.array(table[name].to_pylist(), dtype=str)
        for name in ("unit", "system", "indicator", "case_type")
    }
    days = (
        pc.cast(table["period"], "int32").to_numpy().astype(np.int64) + date(1970, 1, 1).toordinal()
    )
    names = ("numerator", "denominator", "subjects", "persons")
    return _Cells(**text, week=days, figures={name: table[name].to_numpy() for name in names})


def _presence_is_reported(store: PrivateStore, root: str) -> bool:
    """Whether somebody reports who is at work; else presence is only the calendar's guess."""
    return bool(
        store.connection.rows(
            "SELECT 1 FROM {private}.events WHERE kind = 'presence' "
            "AND unit IN (SELECT unit FROM {open}.units WHERE root = {root:String}) LIMIT 1",
            root=root,
        )
    )


def short_weeks(
    store: PrivateStore, organisation: Organisation, weeks: Sequence[date], quiet: Flags
) -> dict[tuple[str, str], Flags]:
    """Per (system, kind of event): weeks in which a source that matters delivered less than half of its usual.

    Usual is the median of its last eight working weeks that were not quiet; a source matters with a fifth of its
    kind's events. After eight weeks of less, that is usual.
    """
    rows = store.connection.rows(
        f"""SELECT source, system, kind, toMonday(toDate(time, {{zone:String}})) AS week, {EVENTS}
           FROM {{private}}.events
           WHERE kind IN ('case', 'session') AND legacy != 1 AND {winning(store.connection)}
             AND unit IN (SELECT unit FROM {{open}}.units WHERE root = {{root:String}})
           GROUP BY source, system, kind, week ORDER BY source, system, kind, week""",
        zone=organisation.timezone,
        root=organisation.id,
    )
    counts: dict[tuple[str, str, str], Floats] = {}
    for source, system, kind, week, number in rows:
        column = column_of(week, weeks)
        if 0 <= column < len(weeks):
            counts.setdefault((system, kind, source), np.zeros(len(weeks)))[column] = number
    short: dict[tuple[str, str], Flags] = {}
    for (system, kind, _), events in counts.items():
        of_all_sources = [
            other_events for key, other_events in counts.items() if key[:2] == (system, kind)
        ]
        weeks_of_feed = short.setdefault((system, kind), np.zeros(len(weeks), bool))
        weeks_of_feed |= _falls_short(events, np.sum(of_all_sources, axis=0), quiet)
    return short


def _falls_short(events: Floats, events_of_all: Floats, quiet: Flags) -> Flags:
    """The weeks in which a source that matters among all of its feed delivered less than half of its usual."""
    is_short = np.zeros(len(events), bool)
    working_weeks = np.flatnonzero(~quiet).tolist()
    # with fewer weeks before it nothing is usual yet, and no week can fall short of it
    for position in range(_USUAL, len(working_weeks)):
        column, last_weeks = working_weeks[position], working_weeks[position - _USUAL : position]
        usual = float(np.median(events[last_weeks]))
        usual_of_all = float(np.median(events_of_all[last_weeks]))
        matters = usual >= max(_FEWEST, usual_of_all / 5)
        is_short[column] = matters and events[column] < usual / 2
    return is_short


def _fed_short(
    definition: Definition, system: str, short_by_feed: dict[tuple[str, str], Flags], weeks: int
) -> Flags:
    """Weeks in which what the indicator counts came in short."""
    subjects = {side.subject for side in definition.sides}
    kinds = {"case"} & subjects | ({"case", "session"} if "person" in subjects else set())
    stale_weeks = np.zeros(weeks, bool)
    for kind in kinds:
        stale_weeks |= short_by_feed.get((system, kind), False)
    return stale_weeks


def _series(
    evidence: _Evidence, definition: Definition, system: str, stale: Flags
) -> Series | None:
    """The series of one indicator in one system, weeks of `stale` left out; None where no unit is judged."""
    assert isinstance(definition.detect, Detection)
    cells, weeks, registry = evidence.cells, evidence.weeks, evidence.registry
    own_cells = (cells.system == system) & (cells.indicator == definition.id)
    staff = definition.protects is Protects.STAFF
    day = weeks[-1] + timedelta(days=6)
    units_with_cells = sorted(set(cells.unit[own_cells].tolist()))
    units = _judged_units(registry, evidence.root, units_with_cells, day, staff=staff)
    if not units:
        return None
    grid = _Grid(cells, units, weeks)
    unit_panel = panel(
        system,
        definition.id,
        [_label(week) for week in weeks],
        [_facts(registry, unit, system, definition.id, weeks) for unit in units],
        _counts(grid, own_cells, system, presence_is_reported=evidence.presence_is_reported),
        persons=staff,
        kinds=tuple(_KINDS[name] for name in definition.detect.detectors),
        quiet=evidence.quiet,
        stale=stale,
    )
    return Series(definition, unit_panel, tuple(units))


def _counts(grid: _Grid, own_cells: Flags, system: str, *, presence_is_reported: bool) -> Counts:
    """What is counted of the units, and who of them could use the system and was at work."""
    cells = grid.cells
    in_system, is_total = cells.system == system, cells.case_type == "*"
    is_single_type = ~is_total & (cells.case_type != "")
    standardised_counts = _standardised(grid, own_cells & is_single_type)
    if standardised_counts is None:
        count = grid.matrix(own_cells & is_total, "numerator")
        denominators = grid.matrix(own_cells & is_total, "denominator")
    else:
        count, denominators = standardised_counts
    access = in_system & (cells.indicator == _ENTITLEMENT) & is_total
    eligible, entitled = grid.matrix(access, "denominator"), grid.matrix(access, "numerator")
    # whose use is expected is at work: the denominator of breadth tells how many they are
    at_work = grid.matrix(in_system & (cells.indicator == _BREADTH) & is_total, "denominator")
    with np.errstate(invalid="ignore", divide="ignore"):
        eligible = np.where(eligible > 0, eligible, np.nan)
        entitlement = entitled / eligible
        presence = np.where(entitled > 0, np.minimum(at_work / entitled, 1.0), np.nan)
    return Counts(
        count, denominators, eligible, presence if presence_is_reported else None, entitlement
    )


def _standardised(grid: _Grid, selection: Flags) -> tuple[Any, Any] | None:
    """Counts under each unit's lasting mix of case types, so that a changing mix moves nothing; None with one type."""
    types = grid.cells.case_type
    names = sorted(set(types[selection].tolist()))
    if len(names) < 2:
        return None
    count = np.stack([grid.matrix(selection & (types == name), "numerator") for name in names], -1)
    denominators = np.stack(
        [grid.matrix(selection & (types == name), "denominator") for name in names], -1
    )
    return standardised(count, denominators)


def _judged_units(
    registry: Registry, root: str, units: Sequence[str], day: date, *, staff: bool
) -> list[str]:
    """The lowest level that has figures; of staff, with reporting groups in the place of their members."""
    groups = {group.id for group in registry.groups}
    members = {unit for group in registry.groups if day in group.span for unit in group.units}
    # of staff the group stands for its members; of all else nothing is told of groups
    replaced = members if staff else groups
    existing = registry.units_at(day)
    lowest = [unit for unit in units if unit in existing and unit not in groups]
    above = {parent.id for unit in lowest for parent in registry.ancestors(unit, day)}
    closed_units = {unit.id for unit in registry.units} - set(existing)
    left_out = replaced | above | closed_units
    # the whole organisation is judged only where it is all that there is
    if len(units) > 1:
        left_out |= {root}
    return [unit for unit in units if unit not in left_out]


def _facts(
    registry: Registry, unit: str, system: str, indicator: str, weeks: Sequence[date]
) -> Judged:
    """What the registry says of a unit, as columns; of a reporting group, what holds for all of its members."""
    day = weeks[-1] + timedelta(days=6)
    group = next((group for group in registry.groups if group.id == unit), None)
    members = group.units if group else (unit,)
    lives = [live_day for member in members if (live_day := registry.go_live(system, member))]
    member_units = [registry.unit(member, day) for member in members]
    ancestors = {ancestor.id for member in members for ancestor in registry.ancestors(member, day)}
    # a milestone without a unit is everybody's, one without a system every system's
    concerned = {*ancestors, *members, ""}
    own_milestones = [
        milestone
        for milestone in registry.milestones
        if milestone.system in ("", system) and milestone.unit in concerned
    ]
    changes = [
        milestone.date for milestone in own_milestones if milestone.what not in NOT_A_CHANGE | LIVE
    ]
    go_live = max(lives, default=weeks[0])
    plans = {_plan(registry, member, system, indicator, weeks, go_live) for member in members}
    return Judged(
        unit,
        member_units[0].peer_group,
        column_of(max(lives), weeks) if lives else None,
        tuple(column_of(change, weeks) for change in changes if weeks[0] <= change <= day),
        plans.pop() if len(plans) == 1 else (),
    )


def _plan(
    registry: Registry, unit: str, system: str, indicator: str, weeks: Sequence[date], go_live: date
) -> tuple[tuple[int, float, float], ...]:
    """(first column, target, column of its due date) of each stretch of weeks with one next target, from go-live on."""
    about = [
        plan for plan in registry.plans if (plan.system, plan.indicator) == (system, indicator)
    ]
    first_day, last_day = max(go_live, weeks[0]), weeks[-1] + timedelta(days=6)
    # the next target can change only where a plan begins, or one of its targets is due
    edges = {first_day}
    for plan in about:
        starts = {day for day in (plan.span.valid_from, plan.start) if day}
        edges |= starts | {target.date for target in plan.targets}
    stretches: list[tuple[int, float, float]] = []
    for edge in sorted(edge for edge in edges if first_day <= edge <= last_day):
        in_force = registry.plan(system, indicator, unit, edge)
        if in_force is None or (in_force.start is not None and edge < in_force.start):
            continue
        # when all are due the last one stands
        target = next(
            (target for target in in_force.targets if target.date > edge), in_force.targets[-1]
        )
        stretches.append(
            (column_of(edge, weeks), target.value / 1000, float(column_of(target.date, weeks)))
        )
    return tuple(stretches)


def column_of(day: date, weeks: Sequence[date]) -> int:
    """The column of the week in which a day lies; negative, or past the last one, where none is."""
    return (day - weeks[0]).days // 7


def _label(week: date) -> str:
    year, number, _ = week.isocalendar()
    return f"{year}-W{number:02d}"
