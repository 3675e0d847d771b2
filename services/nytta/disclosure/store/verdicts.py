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
from statistics import median, quantiles
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from nytta.disclosure.clock import first_open_week
from nytta.disclosure.published.figures import Grain, PublishedFigures, middle
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

_FEWEST_PEERS, _PEERS_OF_BAND = 3, 5
"""Fewest published like units whose middle, and whose middle half, is shown."""

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
    now: datetime,
    parameters: Parameters | None = None,
) -> int:
    """Judge every organisation's closed weeks at `now` (aware) and publish what is found; the rows that changed."""
    changed = 0
    unclear, using = unclear_systems(store.connection, now), systems_in_use(store.connection)
    for organisation in registry.organisations:
        closed = first_open_week(now, organisation.timezone) - timedelta(weeks=1)
        series = read_series(store, registry, definitions, organisation.id, closed, using, unclear)
        if not series:
            continue
        country = organisation.calendar.country
        budget = organisation.false_per_unit_year
        quiet = Parameters().quiet_weeks if country else ()
        p = parameters or Parameters(false_per_unit_year=budget, quiet_weeks=quiet)
        result = assess([each.panel for each in series], p)
        first = parse_week(series[0].panel.weeks[0])
        shown = PublishedFigures(store.connection, organisation.id, [s.definition.id for s in series], first, closed)
        rows = list(_published(result.signals, series, organisation.id, shown))
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
    notifying = [d for d in definitions if isinstance(d.detect, Detection)]
    cells = _read(store, [d.id for d in notifying] + [_ENTITLEMENT], root, closed)
    if cells is None:
        return []
    first = max(monday(store.data_span()[0]), date.fromordinal(int(cells.week.min())))
    weeks = mondays(first, closed)
    organisation = registry.organisation(root)
    quiet = np.array([organisation.calendar.is_quiet(week) for week in weeks])
    told = _presence_is_told(store, root)
    stale = _stale(store, organisation, weeks, quiet)
    found = []
    for definition in notifying:
        for system in sorted(set(cells.system[cells.indicator == definition.id].tolist())):
            if not registry.processes(system, closed) or (definition.tells_of_use and system not in using):
                continue
            silent = _fed_by(definition, system, stale, len(weeks))
            silent[-_UNCLEAR:] |= system in unclear
            one = _series(definition, system, registry, root, cells, weeks, quiet, silent, told)
            if one is not None:
                found.append(one)
    return found


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
    found: dict[tuple[str, str], npt.NDArray[np.bool_]] = {}
    for (system, kind, _), number in counts.items():
        whole = np.sum([n for (s, k, _), n in counts.items() if (s, k) == (system, kind)], axis=0)
        silent = found.setdefault((system, kind), np.zeros(len(weeks), bool))
        before: list[int] = []
        for t in np.flatnonzero(~quiet).tolist():
            usual = float(np.median(number[before[-_USUAL:]])) if len(before) >= _USUAL else 0.0
            matters = usual >= max(_FEWEST, float(np.median(whole[before[-_USUAL:]])) / 5) if before else False
            silent[t] |= matters and number[t] < usual / 2
            before.append(t)
    return found


def _fed_by(
    definition: Definition, system: str, stale: dict[tuple[str, str], npt.NDArray[np.bool_]], weeks: int
) -> npt.NDArray[np.bool_]:
    """Weeks in which what the indicator counts came in short."""
    subjects = {side.subject for side in definition.sides}
    kinds = {"case"} & subjects | ({"case", "session"} if "person" in subjects else set())
    out = np.zeros(weeks, bool)
    for kind in kinds:
        out |= stale.get((system, kind), False)
    return out


def _series(
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
    here = cells.system == system
    own = here & (cells.indicator == definition.id)
    staff = definition.protects is Protects.STAFF
    day = weeks[-1] + timedelta(days=6)
    units = _judged_units(registry, root, sorted(set(cells.unit[own].tolist())), day, staff=staff)
    if not units:
        return None
    place = {unit: k for k, unit in enumerate(units)}
    first = weeks[0].toordinal()

    def matrix(chosen: npt.NDArray[np.bool_], name: str) -> Floats:
        out = np.full((len(units), len(weeks)), np.nan)
        rows = np.flatnonzero(chosen & np.isin(cells.unit, units) & (cells.week >= first))
        at = [place[unit] for unit in cells.unit[rows].tolist()]
        out[at, (cells.week[rows] - first) // 7] = cells.figures[name][rows]
        return out

    total = cells.case_type == "*"
    exact = {name: matrix(own & total, name) for name in cells.figures}
    count, n = _standardised(own & ~total & (cells.case_type != ""), cells.case_type, matrix) or (
        exact["numerator"],
        exact["denominator"],
    )
    access = here & (cells.indicator == _ENTITLEMENT) & total
    eligible, entitled = matrix(access, "denominator"), matrix(access, "numerator")
    at_work = matrix(here & (cells.indicator == _BREADTH) & total, "denominator")
    with np.errstate(invalid="ignore", divide="ignore"):
        eligible = np.where(eligible > 0, eligible, np.nan)
        entitlement = entitled / eligible
        presence = np.where(entitled > 0, np.minimum(at_work / entitled, 1.0), np.nan)
    counts = Counts(count, n, eligible, presence if presence_is_told else None, entitlement)
    assert isinstance(definition.detect, Detection)
    judged = [_facts(registry, unit, system, definition.id, weeks) for unit in units]
    made = panel(
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
    return Series(definition, made, tuple(units))


def _standardised(chosen: npt.NDArray[np.bool_], types: npt.NDArray[np.str_], matrix: Any) -> tuple[Any, Any] | None:
    """Counts under each unit's lasting mix of case types, so that a changing mix moves nothing; None with one type."""
    names = sorted(set(types[chosen].tolist()))
    if len(names) < 2:
        return None
    count = np.stack([matrix(chosen & (types == name), "numerator") for name in names], -1)
    n = np.stack([matrix(chosen & (types == name), "denominator") for name in names], -1)
    return standardised(count, n)


def _judged_units(registry: Registry, root: str, units: Sequence[str], day: date, *, staff: bool) -> list[str]:
    """The lowest level that has figures; of staff, with reporting groups in the place of their members."""
    groups = {group.id for group in registry.groups}
    members = {unit for group in registry.groups if day in group.span for unit in group.units} if staff else groups
    existing = registry.units_at(day)
    above = {
        parent.id
        for unit in units
        if unit in existing and unit not in groups
        for parent in registry.ancestors(unit, day)
    }
    gone = {unit.id for unit in registry.units} - set(existing)
    return [unit for unit in units if unit not in members | above | gone and (unit != root or len(units) == 1)]


def _facts(registry: Registry, unit: str, system: str, indicator: str, weeks: Sequence[date]) -> Judged:
    """What the registry says of a unit, as columns; of a reporting group, what holds for all of its members."""
    day = weeks[-1] + timedelta(days=6)
    group = next((g for g in registry.groups if g.id == unit), None)
    members = group.units if group else (unit,)
    lives = [d for member in members if (d := registry.go_live(system, member))]
    known = [registry.unit(member, day) for member in members]
    above = {each.id for member in members for each in registry.ancestors(member, day)} | {*members, ""}
    stones = [
        m.date
        for m in registry.milestones
        if m.system in ("", system) and m.unit in above and m.what not in NOT_A_CHANGE | LIVE
    ]
    live = max(lives, default=weeks[0])
    plans = {_plan(registry, member, system, indicator, weeks, live) for member in members}
    return Judged(
        unit,
        known[0].peer_group,
        _column(max(lives), weeks) if lives else None,
        tuple(_column(d, weeks) for d in stones if weeks[0] <= d <= day),
        plans.pop() if len(plans) == 1 else (),
    )


def _plan(
    registry: Registry, unit: str, system: str, indicator: str, weeks: Sequence[date], live: date
) -> tuple[tuple[int, float, float], ...]:
    """(first column, target, column of its due date) of each stretch of weeks with one next target, from go-live on."""
    about = [p for p in registry.plans if (p.system, p.indicator) == (system, indicator)]
    edges = {max(live, weeks[0])} | {
        d for p in about for d in (p.span.valid_from, p.start, *(t.date for t in p.targets)) if d
    }
    found: list[tuple[int, float, float]] = []
    for edge in sorted(e for e in edges if max(live, weeks[0]) <= e <= weeks[-1] + timedelta(days=6)):
        plan = registry.plan(system, indicator, unit, edge)
        if plan is None or (plan.start is not None and edge < plan.start):
            continue
        target = next((t for t in plan.targets if t.date > edge), plan.targets[-1])
        found.append((_column(edge, weeks), target.value / 1000, float(_column(target.date, weeks))))
    return tuple(found)


def _column(day: date, weeks: Sequence[date]) -> int:
    return (day - weeks[0]).days // 7


def _label(week: date) -> str:
    year, number, _ = week.isocalendar()
    return f"{year}-W{number:02d}"


# from verdicts to what may be known of them


def _published(
    signals: Iterable[Signal], series: Sequence[Series], root: str, shown: PublishedFigures
) -> Iterable[dict[str, Any]]:
    """Rows of published_signals: verdicts on weeks of which a figure is shown, with published figures alone."""
    by_panel = {(s.panel.system, s.panel.indicator): s for s in series}
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
            share = signal.evidence.get("share_of_units") or [
                signal.evidence.get("units", 0) / max(signal.evidence.get("judged", 1), 1)
            ]
            yield base | {"scope": float(round(100 * max(share)))}
            continue
        one = by_panel[signal.system, signal.indicator]
        known = [evidence for evidence in (signal.latest, signal.evidence) if evidence]
        said = next((row for evidence in known if (row := _figures(one, signal, evidence, shown))), None)
        if said is not None:
            yield base | said


def _span(one: Series, evidence: dict[str, Any]) -> tuple[int, int]:
    """Columns of the first and the last week that a verdict rests on."""
    a, b = (one.panel.weeks.index(week) for week in evidence["weeks"])
    return (b, b) if one.definition.stands else (a, b)


def _figures(one: Series, signal: Signal, evidence: dict[str, Any], shown: PublishedFigures) -> dict[str, Any] | None:
    """The figures beside a verdict: published rows of its weeks, the latest; None where none of them is shown."""
    a, b = _span(one, evidence)
    definition, weeks = one.definition, [parse_week(week) for week in one.panel.weeks]
    # what comes closer to the weeks that a verdict looks at goes first
    grains: tuple[Grain, Grain] = ("window", "week") if definition.window_weeks <= _LOOKED_AT else ("week", "window")
    places = ((grain, t) for t in range(b, a - 1, -1) for grain in grains)
    for grain, t in places:
        own = shown.at(definition.id, grain, signal.unit, signal.system, weeks[t])
        if own is not None:
            break
    else:
        return None
    before = _before(one, signal, grain, shown) if signal.kind == "relapse" else None
    peers = _peers(one, signal.unit, t)
    others = [f.value for p in peers if (f := shown.at(definition.id, grain, p, signal.system, weeks[t]))]
    peer = float(round(median(others))) if len(others) >= _FEWEST_PEERS else None
    edges = quantiles(others, n=4, method="inclusive") if len(others) >= _PEERS_OF_BAND else (None, None, None)
    return _hidden(one, signal, evidence) | {
        "first": own.first,
        "last": own.last,
        "value": own.value,
        "low": own.low,
        "high": own.high,
        "n_band": own.n_band,
        "status": own.status,
        "before": before,
        "peer": peer,
        "peer_low": None if edges[0] is None else float(round(edges[0])),
        "peer_high": None if edges[2] is None else float(round(edges[2])),
        "urgency": _urgency(definition, signal.kind, own.value, before, peer),
    }


def _hidden(one: Series, signal: Signal, evidence: dict[str, Any]) -> dict[str, Any]:
    """A verdict without figures, and what the registry says of the plan."""
    a, b = _span(one, evidence)
    last = parse_week(one.panel.weeks[b])
    return {
        "version": one.definition.version,
        "first": parse_week(one.panel.weeks[a]),
        "last": last,
        "status": Status.SUPPRESSED.value,
        "target": float(round(100 * evidence["target"])) if "target" in evidence else None,
        "due": last + timedelta(weeks=evidence["weeks_left"]) if "weeks_left" in evidence else None,
        "urgency": _urgency(one.definition, signal.kind, None, None, None),
    }


def _before(one: Series, signal: Signal, grain: Grain, shown: PublishedFigures) -> float | None:
    """The own level that a fall is a fall from: the middle of what was published of settled weeks before it."""
    opened = parse_week(signal.opened)
    live = int(one.panel.live[one.units.index(signal.unit)])
    since = max(parse_week(one.panel.weeks[0]) + timedelta(weeks=live + _SETTLING), opened - _REFERENCE)
    last = opened - timedelta(weeks=_SETTLING)
    found = shown.trailing(one.definition.id, grain, signal.unit, signal.system, last, (last - since).days // 7 + 1)
    level = middle(found)
    return None if level is None else level.value


def _peers(one: Series, unit: str, column: int) -> list[str]:
    """Like units that were live in the week, without the unit itself."""
    row, p = one.units.index(unit), one.panel
    alike = (p.group == p.group[row]) & (p.live <= column) & (p.until > column)
    return [other for n, other in enumerate(one.units) if alike[n] and n != row]


def _urgency(definition: Definition, kind: str, value: float | None, before: float | None, peer: float | None) -> float:
    """How far below what it should be, in shares, from public figures; without any, what the verdict itself says."""
    if kind == "behind_plan":
        return _BEHIND
    assert isinstance(definition.detect, Detection)
    usual = before if kind == "relapse" else peer
    least = definition.detect.margin / 100
    return least if value is None or usual is None else max(least, round((usual - value) / 100, 2))


def _write_signals(store: PrivateStore, root: str, rows: Sequence[dict[str, Any]], closed: date) -> int:
    """Write what differs from what is published; what is not found any more is withdrawn."""
    names = [*_KEY, *_SAID]
    before = {
        tuple(row[name] for name in _KEY): row
        for row in store.connection.dicts(
            f"SELECT {', '.join(names)} FROM {{open}}.signals WHERE organisation = {{root:String}}", root=root
        )
    }
    now = {tuple(row[name] for name in _KEY): row for row in rows}
    changed = [row for key, row in now.items() if before.get(key) != row]
    changed += [
        row | {"closed": row["closed"] or closed, "withdrawn": True}
        for key, row in before.items()
        if key not in now and not row["withdrawn"] and row["opened"] <= closed
    ]
    number = store.counter("signals") + 1
    store.raise_counter("signals", number)
    store.connection.insert(
        "{open}.published_signals", [*names, "publication"], [[*(row[n] for n in names), number] for row in changed]
    )
    return len(changed)


def _write_not_assessed(store: PrivateStore, root: str, entries: Iterable[NotAssessed], closed: date) -> int:
    """Write the reasons of the last weeks that differ from what is published."""
    names = ["unit", "system", "indicator", "week"]
    begin = closed - _RECENT
    now = {
        (e.unit, e.system, e.indicator, week): "not_assessed" if e.reason in _HIDDEN else e.reason
        for e in entries
        if (week := parse_week(e.week)) > begin
    }
    known = store.connection.rows(
        f"SELECT {', '.join(names)}, reason FROM {{open}}.not_assessed FINAL "
        "WHERE organisation = {root:String} AND week > {begin:Date}",
        root=root,
        begin=begin,
    )
    before = {tuple(row[:4]): row[4] for row in known}
    changed = {key: reason for key, reason in now.items() if before.get(key) != reason}
    changed |= {key: "" for key, reason in before.items() if reason and key not in now and key[3] <= closed}
    number = store.counter("signals")
    store.connection.insert(
        "{open}.not_assessed",
        ["organisation", *names, "reason", "publication"],
        [[root, *key, reason, number] for key, reason in changed.items()],
    )
    return len(changed)
