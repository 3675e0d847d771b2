"""Detection in the private zone: exact weekly cells in, verdicts out into the open zone.

No figure is computed here for the open zone: beside a verdict stands what the ledger has published of the unit and of
like units, or nothing, with the status `suppressed`. A run is a function of the cells as they stand, of what is
published and of the weeks that are closed: run twice, it gives the same; run every week on unchanged data, it gives
what one run at the end gives. A signal that restated data do not support any more is
kept as withdrawn, closed in the week of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from nytta.disclosure.clock import first_open_week
from nytta.disclosure.published.figures import Grain, PublishedFigures, middle
from nytta.disclosure.published.peers import peer_band
from nytta.disclosure.rules import Status
from nytta.disclosure.store.series import Series, read_series
from nytta.indicators.definition import Definition, Detection
from nytta.indicators.detection import (
    NotAssessed,
    Parameters,
    Signal,
    assess,
)
from nytta.indicators.detection.gates import Reason
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.quality import systems_in_use, unclear_systems
from nytta.registry.dates import parse_week
from nytta.registry.registry import Registry

_HIDDEN = frozenset({Reason.ABSENCE.value, Reason.TOO_FEW_PRESENT.value})
"""Reasons that would publish presence."""

_RECENT = timedelta(weeks=13)
"""So far back it is published why a week was not judged."""

_LOOKED_AT = 4
"""Weeks that a verdict looks at."""

_SETTLING, _REFERENCE = 8, timedelta(weeks=34)
"""A fall is measured against the half year that ended so many weeks ago, from so many after going live."""

_BEHIND = 0.25
"""Urgency of a unit behind its plan: less than a fall of this many shares, more than one of fewer."""

_KEY = ("organisation", "unit", "system", "indicator", "kind", "opened")
_CONTENT = (
    *("version", "closed", "withdrawn", "also", "told", "urgency", "since", "first", "last"),
    *("value", "low", "high", "n_band", "status", "before", "peer", "peer_low", "peer_high"),
    *("target", "due", "scope"),
)


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
        detection_parameters = parameters or Parameters(
            false_per_unit_year=budget, quiet_weeks=quiet
        )
        result = assess([unit_series.panel for unit_series in series], detection_parameters)
        first_day = parse_week(series[0].panel.weeks[0])
        indicators = [unit_series.definition.id for unit_series in series]
        published_figures = PublishedFigures(
            store.connection, organisation.id, indicators, first_day, closed
        )
        rows = list(_published(result.signals, series, organisation.id, published_figures))
        changed += _write_signals(store, organisation.id, rows, closed)
        changed += _write_not_assessed(store, organisation.id, result.not_assessed, closed)
    return changed


def _published(
    signals: Iterable[Signal],
    series: Sequence[Series],
    root: str,
    published_figures: PublishedFigures,
) -> Iterable[dict[str, Any]]:
    """Rows of published_signals: verdicts on weeks of which a figure is shown, with published figures alone."""
    by_panel = {
        (panel_series.panel.system, panel_series.panel.indicator): panel_series
        for panel_series in series
    }
    for signal in signals:
        week = parse_week(signal.opened)
        base = {
            "organisation": root,
            "unit": signal.unit,
            "system": signal.system,
            "indicator": signal.indicator,
            "kind": signal.kind,
            "opened": week,
            **dict.fromkeys(_CONTENT),
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
            figure_row = (
                _figures(panel_series, signal, evidence, published_figures) if evidence else None
            )
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
    grains: tuple[Grain, Grain] = (
        ("window", "week") if definition.window_weeks <= _LOOKED_AT else ("week", "window")
    )
    places = (
        (grain, column) for column in range(last_column, first_column - 1, -1) for grain in grains
    )
    for grain, column in places:
        figure = published_figures.at(
            definition.id, grain, signal.unit, signal.system, weeks[column]
        )
        if figure is not None:
            break
    else:
        return None
    previous_level = (
        _before(series, signal, grain, published_figures) if signal.kind == "relapse" else None
    )
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
        "due": last_day + timedelta(weeks=evidence["weeks_left"])
        if "weeks_left" in evidence
        else None,
        "urgency": _urgency(series.definition, signal.kind, None, None, None),
    }


def _before(
    series: Series, signal: Signal, grain: Grain, published_figures: PublishedFigures
) -> float | None:
    """The own level that a fall is a fall from: the middle of what was published of settled weeks before it."""
    opened = parse_week(signal.opened)
    live_column = int(series.panel.live[series.units.index(signal.unit)])
    settled = parse_week(series.panel.weeks[0]) + timedelta(weeks=live_column + _SETTLING)
    first_week = max(settled, opened - _REFERENCE)
    last_week = opened - timedelta(weeks=_SETTLING)
    weeks = (last_week - first_week).days // 7 + 1
    figures = published_figures.trailing(
        series.definition.id, grain, signal.unit, signal.system, last_week, weeks
    )
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
    definition: Definition,
    kind: str,
    value: float | None,
    previous_level: float | None,
    peer: float | None,
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


def _write_signals(
    store: PrivateStore, root: str, rows: Sequence[dict[str, Any]], closed: date
) -> int:
    """Write what differs from what is published; what is not found any more is withdrawn."""
    names = [*_KEY, *_CONTENT]
    earlier = {
        tuple(row[name] for name in _KEY): row
        for row in store.connection.dicts(
            f"SELECT {', '.join(names)} FROM {{open}}.signals WHERE organisation = {{root:String}}",
            root=root,
        )
    }
    current = {tuple(row[name] for name in _KEY): row for row in rows}
    changed = [row for key, row in current.items() if earlier.get(key) != row]
    # only what this look could have found again: a publication for an earlier day withdraws nothing later
    not_found = [
        row
        for key, row in earlier.items()
        if key not in current and not row["withdrawn"] and row["opened"] <= closed
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


def _write_not_assessed(
    store: PrivateStore, root: str, entries: Iterable[NotAssessed], closed: date
) -> int:
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
    changed |= {
        key: ""
        for key, reason in earlier.items()
        if reason and key not in current and key[3] <= closed
    }
    number = store.counter("signals")
    store.connection.insert(
        "{open}.not_assessed",
        ["organisation", *names, "reason", "publication"],
        [[root, *key, reason, number] for key, reason in changed.items()],
    )
    return len(changed)
