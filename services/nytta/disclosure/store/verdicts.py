"""Detection in the private zone: exact weekly cells in, verdicts out into the open zone.

No figure is computed here for the open zone: beside a verdict stands what the ledger has published of the unit and of
like units, or nothing, with the status `suppressed`. A run is a function of the cells as they stand, of what is
published and of the weeks that are closed: run twice, it gives the same; run every week on unchanged data, it gives
what one run at the end gives. A signal that restated data do not support any more is
kept as withdrawn, closed in the week of the run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from nytta.disclosure.clock import first_open_week
from nytta.disclosure.published.figures import Grain, PublishedFigures, middle
from nytta.disclosure.published.peers import peer_band
from nytta.disclosure.rules import Status
from nytta.indicators.definition import Definition, Detection, Protects
from nytta.indicators.detection import (
    LIVE,
    Counts,
    Judged,
    NotAssessed,
    Panel,
    Parameters,
    Signal,
    assess,
    panel,
    standardised,
)
from nytta.indicators.detection.gates import Reason
from nytta.indicators.detection.results import Kind
from nytta.ingest.store.counted import EVENTS, winning
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.quality import systems_in_use, unclear_systems
from nytta.registry.dates import monday, mondays, parse_week
from nytta.registry.registry import Registry
from nytta.registry.units import Organisation

NOT_A_CHANGE = frozenset({"decided", "step_started", "project_closed", "planned"})
"""Milestones that leave measurement as it was; every other one lets a baseline begin anew."""

_BREADTH, _ENTITLEMENT = "weekly-breadth", "entitlement"
_KINDS: dict[str, Kind] = {"level": "level", "relapse": "relapse", "plan": "behind_plan"}
_HIDDEN = frozenset({Reason.ABSENCE.value, Reason.TOO_FEW_PRESENT.value})
"""Reasons that would publish presence."""

_RECENT = timedelta(weeks=13)
_USUAL, _FEWEST = 8, 20

_LOOKED_AT = 4
"""Weeks that a verdict looks at."""

_UNCLEAR = 2
"""Weeks that may be looked at for the first time, when one publication fell out."""

_SETTLING, _REFERENCE = 8, timedelta(weeks=34)
"""A fall is measured against the half year that ended so many weeks ago, from so many after going live."""

_BEHIND = 0.25
"""Urgency of a unit behind its plan: less than a fall of this many shares, more than one of fewer."""

_KEY = ("organisation", "unit", "system", "indicator", "kind", "opened")
_SAID = (
    *("version", "closed", "withdrawn", "also", "told", "urgency", "since", "first", "last"),
    *("value", "low", "high", "n_band", "status", "before", "peer", "peer_low", "peer_high"),
    *("target", "due", "scope"),
)

Floats = npt.NDArray[np.float64]


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


def publish_signals(
    store: PrivateStore,
    registry: Registry,
    definitions: Sequence[Definition],
    current_time: datetime,
    parameters: Parameters | None = None,
) -> int:
    """Judge every organisation's closed weeks at `current_time` (aware) and publish what is found; the rows that
    changed."""
    changed = 0
    unclear = unclear_systems(store.connection, current_time)
    using = systems_in_use(store.connection)
    for organisation in registry.organisations:
        closed = first_open_week(current_time, organisation.timezone) - timedelta(weeks=1)
        series = read_series(store, registry, definitions, organisation.id, closed, using, unclear)
        if not series:
            continue
        country = organisation.calendar.country
        budget = organisation.false_per_unit_year
        quiet = Parameters().quiet_weeks if country else ()
        detection_parameters = parameters or Parameters(false_per_unit_year=budget, quiet_weeks=quiet)
        result = assess([unit_series.panel for unit_series in series], detection_parameters)
        first_day = parse_week(series[0].panel.weeks[0])
        indicators = [unit_series.definition.id for unit_series in series]
        published_figures = PublishedFigures(store.connection, organisation.id, indicators, first_day, closed)
        rows = list(_published(result.signals, series, organisation.id, published_figures))
        changed += _write_signals(store, organisation.id, rows, closed)
        changed += _write_not_assessed(store, organisation.id, result.not_assessed, closed)
    return changed


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
    notifying = [definition for definition in definitions if isinstance(definition.detect, Detection)]
    cells = _read(store, [definition.id for definition in notifying] + [_ENTITLEMENT], root, closed)
    if cells is None:
        return []
    first_day = max(monday(store.data_span()[0]), date.fromordinal(int(cells.week.min())))
    weeks = mondays(first_day, closed)
    organisation = registry.organisation(root)
    quiet = np.array([organisation.calendar.is_quiet(week) for week in weeks])
    presence_known = _presence_is_told(store, root)
    stale = _stale(store, organisation, weeks, quiet)
    all_series = []
    for definition in notifying:
        systems = set(cells.system[cells.indicator == definition.id].tolist())
        for system in sorted(systems):
            has_unknown_use = definition.tells_of_use and system not in using
            if has_unknown_use or not registry.processes(system, closed):
                continue
            silent = _fed_by(definition, system, stale, len(weeks))
            silent[-_UNCLEAR:] |= system in unclear
            series = _series(definition, system, registry, root, cells, weeks, quiet, silent, presence_known)
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
    text = {name: np.array(table[name].to_pylist(), dtype=str) for name in ("unit", "system", "indicator", "case_type")}
    days = pc.cast(table["period"], "int32").to_numpy().astype(np.int64) + date(1970, 1, 1).toordinal()
    names = ("numerator", "denominator", "subjects", "persons")
    return _Cells(**text, week=days, figures={name: table[name].to_numpy() for name in names})


def _presence_is_told(store: PrivateStore, root: str) -> bool:
    """Whether somebody reports who is at work; else presence is only the calendar's guess."""
    return bool(
        store.connection.rows(
            "SELECT 1 FROM {private}.events WHERE kind = 'presence' "
            "AND unit IN (SELECT unit FROM {open}.units WHERE root = {root:String}) LIMIT 1",
            root=root,
        )
    )


def _stale(
    store: PrivateStore, organisation: Organisation, weeks: Sequence[date], quiet: npt.NDArray[np.bool_]
) -> dict[tuple[str, str], npt.NDArray[np.bool_]]:
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
        column = _column(week, weeks)
        if 0 <= column < len(weeks):
            counts.setdefault((system, kind, source), np.zeros(len(weeks)))[column] = number
    stale: dict[tuple[str, str], npt.NDArray[np.bool_]] = {}
    for (system, kind, _), number in counts.items():
        sources = [events for key, events in counts.items() if key[:2] == (system, kind)]
        total = np.sum(sources, axis=0)
        silent = stale.setdefault((system, kind), np.zeros(len(weeks), bool))
        working_weeks = np.flatnonzero(~quiet).tolist()
        # with fewer weeks before it nothing is usual yet, and no week can fall short of it
        for place in range(_USUAL, len(working_weeks)):
            column, last_weeks = working_weeks[place], working_weeks[place - _USUAL : place]
            usual = float(np.median(number[last_weeks]))
            usual_total = float(np.median(total[last_weeks]))
            matters = usual >= max(_FEWEST, usual_total / 5)
            silent[column] |= matters and number[column] < usual / 2
    return stale


def _fed_by(
    definition: Definition, system: str, stale: dict[tuple[str, str], npt.NDArray[np.bool_]], weeks: int
) -> npt.NDArray[np.bool_]:
    """Weeks in which what the indicator counts came in short."""
    subjects = {side.subject for side in definition.sides}
    kinds = {"case"} & subjects | ({"case", "session"} if "person" in subjects else set())
    stale_weeks = np.zeros(weeks, bool)
    for kind in kinds:
        stale_weeks |= stale.get((system, kind), False)
    return stale_weeks


def _series(  # noqa: PLR0913 - what all indicators of an organisation share is read once
    definition: Definition,
    system: str,
    registry: Registry,
    root: str,
    cells: _Cells,
    weeks: Sequence[date],
    quiet: npt.NDArray[np.bool_],
    stale: npt.NDArray[np.bool_],
    presence_is_told: bool,
) -> Series | None:
    in_system = cells.system == system
    own_cells = in_system & (cells.indicator == definition.id)
    staff = definition.protects is Protects.STAFF
    day = weeks[-1] + timedelta(days=6)
    units = _judged_units(registry, root, sorted(set(cells.unit[own_cells].tolist())), day, staff=staff)
    if not units:
        return None
    place = {unit: row for row, unit in enumerate(units)}
    first_ordinal = weeks[0].toordinal()

    def matrix(selection: npt.NDArray[np.bool_], name: str) -> Floats:
        figures = np.full((len(units), len(weeks)), np.nan)
        rows = np.flatnonzero(selection & np.isin(cells.unit, units) & (cells.week >= first_ordinal))
        row_numbers = [place[unit] for unit in cells.unit[rows].tolist()]
        figures[row_numbers, (cells.week[rows] - first_ordinal) // 7] = cells.figures[name][rows]
        return figures

    is_total = cells.case_type == "*"
    is_single_type = ~is_total & (cells.case_type != "")
    standardised_counts = _standardised(own_cells & is_single_type, cells.case_type, matrix)
    if standardised_counts is None:
        count = matrix(own_cells & is_total, "numerator")
        denominators = matrix(own_cells & is_total, "denominator")
    else:
        count, denominators = standardised_counts
    access = in_system & (cells.indicator == _ENTITLEMENT) & is_total
    eligible, entitled = matrix(access, "denominator"), matrix(access, "numerator")
    # whose use is expected is at work: the denominator of breadth tells how many they are
    at_work = matrix(in_system & (cells.indicator == _BREADTH) & is_total, "denominator")
    with np.errstate(invalid="ignore", divide="ignore"):
        eligible = np.where(eligible > 0, eligible, np.nan)
        entitlement = entitled / eligible
        presence = np.where(entitled > 0, np.minimum(at_work / entitled, 1.0), np.nan)
    counts = Counts(count, denominators, eligible, presence if presence_is_told else None, entitlement)
    assert isinstance(definition.detect, Detection)
    judged = [_facts(registry, unit, system, definition.id, weeks) for unit in units]
    unit_panel = panel(
        system,
        definition.id,
        [_label(week) for week in weeks],
        judged,
        counts,
        persons=staff,
        kinds=tuple(_KINDS[name] for name in definition.detect.detectors),
        quiet=quiet,
        stale=stale,
    )
    return Series(definition, unit_panel, tuple(units))


def _standardised(selection: npt.NDArray[np.bool_], types: npt.NDArray[np.str_], matrix: Any) -> tuple[Any, Any] | None:
    """Counts under each unit's lasting mix of case types, so that a changing mix moves nothing; None with one type."""
    names = sorted(set(types[selection].tolist()))
    if len(names) < 2:
        return None
    count = np.stack([matrix(selection & (types == name), "numerator") for name in names], -1)
    denominators = np.stack([matrix(selection & (types == name), "denominator") for name in names], -1)
    return standardised(count, denominators)


def _judged_units(registry: Registry, root: str, units: Sequence[str], day: date, *, staff: bool) -> list[str]:
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


def _facts(registry: Registry, unit: str, system: str, indicator: str, weeks: Sequence[date]) -> Judged:
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
    changes = [milestone.date for milestone in own_milestones if milestone.what not in NOT_A_CHANGE | LIVE]
    go_live = max(lives, default=weeks[0])
    plans = {_plan(registry, member, system, indicator, weeks, go_live) for member in members}
    return Judged(
        unit,
        member_units[0].peer_group,
        _column(max(lives), weeks) if lives else None,
        tuple(_column(change, weeks) for change in changes if weeks[0] <= change <= day),
        plans.pop() if len(plans) == 1 else (),
    )


def _plan(
    registry: Registry, unit: str, system: str, indicator: str, weeks: Sequence[date], go_live: date
) -> tuple[tuple[int, float, float], ...]:
    """(first column, target, column of its due date) of each stretch of weeks with one next target, from go-live on."""
    about = [plan for plan in registry.plans if (plan.system, plan.indicator) == (system, indicator)]
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
        target = next((target for target in in_force.targets if target.date > edge), in_force.targets[-1])
        stretches.append((_column(edge, weeks), target.value / 1000, float(_column(target.date, weeks))))
    return tuple(stretches)


def _column(day: date, weeks: Sequence[date]) -> int:
    return (day - weeks[0]).days // 7


def _label(week: date) -> str:
    year, number, _ = week.isocalendar()
    return f"{year}-W{number:02d}"


# from verdicts to what may be known of them


def _published(
    signals: Iterable[Signal], series: Sequence[Series], root: str, published_figures: PublishedFigures
) -> Iterable[dict[str, Any]]:
    """Rows of published_signals: verdicts on weeks of which a figure is shown, with published figures alone."""
    by_panel = {(panel_series.panel.system, panel_series.panel.indicator): panel_series for panel_series in series}
    for signal in signals:
        week = parse_week(signal.opened)
        base = {
            "organisation": root,
            "unit": signal.unit,
            "system": signal.system,
            "indicator": signal.indicator,
            "kind": signal.kind,
            "opened": week,
            **dict.fromkeys(_SAID),
            "closed": parse_week(signal.closed) if signal.closed else None,
            "since": parse_week(signal.evidence["since"]) if "since" in signal.evidence else week,
            "withdrawn": False,
            "also": list(signal.evidence.get("also", ())),
            "told": signal.evidence.get("to", ""),
            "urgency": 0.0,
            "version": 0,
            "n_band": "",
            "status": "",
            "first": week,
            "last": week,
        }
        if signal.unit == "*":
            yield base | {"scope": _scope(signal.evidence)}
            continue
        panel_series = by_panel[signal.system, signal.indicator]
        # what is known now goes before what was known in the week of opening
        for evidence in (signal.latest, signal.evidence):
            figure_row = _figures(panel_series, signal, evidence, published_figures) if evidence else None
            if figure_row:
                yield base | figure_row
                break


def _scope(evidence: dict[str, Any]) -> float:
    """How many units a common cause hit, in whole percent: the most of its series, or those that signalled."""
    shares = evidence.get("share_of_units")
    if not shares:
        shares = [evidence.get("units", 0) / max(evidence.get("judged", 1), 1)]
    return float(round(100 * max(shares)))


def _span(series: Series, evidence: dict[str, Any]) -> tuple[int, int]:
    """Columns of the first and the last week that a verdict rests on."""
    first_column, last_column = (series.panel.weeks.index(week) for week in evidence["weeks"])
    return (last_column, last_column) if series.definition.stands else (first_column, last_column)


def _figures(
    series: Series, signal: Signal, evidence: dict[str, Any], published_figures: PublishedFigures
) -> dict[str, Any] | None:
    """The figures beside a verdict: published rows of its weeks, the latest; None where none of them is shown."""
    first_column, last_column = _span(series, evidence)
    definition, weeks = series.definition, [parse_week(week) for week in series.panel.weeks]
    # what comes closer to the weeks that a verdict looks at goes first
    grains: tuple[Grain, Grain] = ("window", "week") if definition.window_weeks <= _LOOKED_AT else ("week", "window")
    places = ((grain, column) for column in range(last_column, first_column - 1, -1) for grain in grains)
    for grain, column in places:
        figure = published_figures.at(definition.id, grain, signal.unit, signal.system, weeks[column])
        if figure is not None:
            break
    else:
        return None
    previous_level = _before(series, signal, grain, published_figures) if signal.kind == "relapse" else None
    peer_figures = [
        published_figures.at(definition.id, grain, peer, signal.system, weeks[column])
        for peer in _peers(series, signal.unit, column)
    ]
    # like units of which nothing is shown are no part of what may be known
    band = peer_band([peer_figure.value for peer_figure in peer_figures if peer_figure])
    peer = _whole(band.middle)
    return _hidden(series, signal, evidence) | {
        "first": figure.first,
        "last": figure.last,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "n_band": figure.n_band,
        "status": figure.status,
        "before": previous_level,
        "peer": peer,
        "peer_low": _whole(band.low),
        "peer_high": _whole(band.high),
        "urgency": _urgency(definition, signal.kind, figure.value, previous_level, peer),
    }


def _hidden(series: Series, signal: Signal, evidence: dict[str, Any]) -> dict[str, Any]:
    """A verdict without figures, and what the registry says of the plan."""
    first_column, last_column = _span(series, evidence)
    last_day = parse_week(series.panel.weeks[last_column])
    return {
        "version": series.definition.version,
        "first": parse_week(series.panel.weeks[first_column]),
        "last": last_day,
        "status": Status.SUPPRESSED.value,
        "target": float(round(100 * evidence["target"])) if "target" in evidence else None,
        "due": last_day + timedelta(weeks=evidence["weeks_left"]) if "weeks_left" in evidence else None,
        "urgency": _urgency(series.definition, signal.kind, None, None, None),
    }


def _before(series: Series, signal: Signal, grain: Grain, published_figures: PublishedFigures) -> float | None:
    """The own level that a fall is a fall from: the middle of what was published of settled weeks before it."""
    opened = parse_week(signal.opened)
    live_column = int(series.panel.live[series.units.index(signal.unit)])
    settled = parse_week(series.panel.weeks[0]) + timedelta(weeks=live_column + _SETTLING)
    first_week = max(settled, opened - _REFERENCE)
    last_week = opened - timedelta(weeks=_SETTLING)
    weeks = (last_week - first_week).days // 7 + 1
    figures = published_figures.trailing(series.definition.id, grain, signal.unit, signal.system, last_week, weeks)
    level = middle(figures)
    return None if level is None else level.value


def _whole(value: float | None) -> float | None:
    return None if value is None else float(round(value))


def _peers(series: Series, unit: str, column: int) -> list[str]:
    """Like units that were live in the week, without the unit itself."""
    row, unit_panel = series.units.index(unit), series.panel
    is_live = (unit_panel.live <= column) & (unit_panel.until > column)
    is_peer = (unit_panel.group == unit_panel.group[row]) & is_live
    is_peer[row] = False
    return [other for other, is_like in zip(series.units, is_peer, strict=True) if is_like]


def _urgency(
    definition: Definition, kind: str, value: float | None, previous_level: float | None, peer: float | None
) -> float:
    """How far below what it should be, in shares, from public figures; without any, what the verdict itself says."""
    if kind == "behind_plan":
        return _BEHIND
    assert isinstance(definition.detect, Detection)
    usual = previous_level if kind == "relapse" else peer
    least = definition.detect.margin / 100
    if value is None or usual is None:
        return least
    # figures are rounded and have noise, but a verdict is never less urgent than its margin
    return max(least, round((usual - value) / 100, 2))


def _write_signals(store: PrivateStore, root: str, rows: Sequence[dict[str, Any]], closed: date) -> int:
    """Write what differs from what is published; what is not found any more is withdrawn."""
    names = [*_KEY, *_SAID]
    earlier = {
        tuple(row[name] for name in _KEY): row
        for row in store.connection.dicts(
            f"SELECT {', '.join(names)} FROM {{open}}.signals WHERE organisation = {{root:String}}", root=root
        )
    }
    current = {tuple(row[name] for name in _KEY): row for row in rows}
    changed = [row for key, row in current.items() if earlier.get(key) != row]
    # only what this look could have found again: a publication for an earlier day withdraws nothing later
    not_found = [
        row for key, row in earlier.items() if key not in current and not row["withdrawn"] and row["opened"] <= closed
    ]
    changed += [row | {"closed": row["closed"] or closed, "withdrawn": True} for row in not_found]
    number = store.counter("signals") + 1
    store.raise_counter("signals", number)
    store.connection.insert(
        "{open}.published_signals",
        [*names, "publication"],
        [[*(row[name] for name in names), number] for row in changed],
    )
    return len(changed)


def _write_not_assessed(store: PrivateStore, root: str, entries: Iterable[NotAssessed], closed: date) -> int:
    """Write the reasons of the last weeks that differ from what is published."""
    names = ["unit", "system", "indicator", "week"]
    start = closed - _RECENT
    current: dict[tuple[Any, ...], str] = {}
    for entry in entries:
        week = parse_week(entry.week)
        if week > start:
            reason = "not_assessed" if entry.reason in _HIDDEN else entry.reason
            current[entry.unit, entry.system, entry.indicator, week] = reason
    published_rows = store.connection.rows(
        f"SELECT {', '.join(names)}, reason FROM {{open}}.not_assessed FINAL "
        "WHERE organisation = {root:String} AND week > {begin:Date}",
        root=root,
        begin=start,
    )
    earlier = {tuple(row[:4]): row[4] for row in published_rows}
    changed = {key: reason for key, reason in current.items() if earlier.get(key) != reason}
    changed |= {key: "" for key, reason in earlier.items() if reason and key not in current and key[3] <= closed}
    number = store.counter("signals")
    store.connection.insert(
        "{open}.not_assessed",
        ["organisation", *names, "reason", "publication"],
        [[root, *key, reason, number] for key, reason in changed.items()],
    )
    return len(changed)
