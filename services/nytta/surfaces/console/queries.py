"""Questions to the open zone that only the console asks."""

from __future__ import annotations

from datetime import date
from typing import Any

from nytta.disclosure.published.values import OpenStore


def parts(
    store: OpenStore, indicator: str, version: int, unit: str, system: str, week: date
) -> list[dict[str, Any]]:
    """The parts and the case types of an indicator's window, in their own order."""
    return store.connection.dicts(
        """SELECT part, case_type, value, low, high, n_band, status, reason FROM {open}.indicator_values
           WHERE indicator = {indicator:String} AND version = {version:UInt16} AND unit = {unit:String}
             AND system = {system:String} AND grain = 'window' AND period = {week:Date}
             AND ((part != '' AND case_type = '*') OR (part = '' AND case_type != '*'))
           ORDER BY part, case_type""",
        indicator=indicator,
        version=version,
        unit=unit,
        system=system,
        week=week,
    )


def parts_over_time(
    store: OpenStore, indicator: str, version: int, unit: str, system: str, first_day: date
) -> dict[str, dict[date, dict[str, Any]]]:
    """Shown figures of the parts of an indicator's windows since `first_day`, by part and week: rows of
    `indicator_values` with what words of a figure need."""
    columns = ("value", "low", "high", "n_band", "status", "reason")
    part_rows = store.connection.rows(
        """SELECT part, period, value, low, high, n_band, status, reason FROM {open}.indicator_values
           WHERE indicator = {indicator:String} AND version = {version:UInt16} AND unit = {unit:String}
             AND system = {system:String} AND grain = 'window' AND case_type = '*' AND part != ''
             AND period >= {first:Date} AND value IS NOT NULL
           ORDER BY part, period""",
        indicator=indicator,
        version=version,
        unit=unit,
        system=system,
        first=first_day,
    )
    figures_by_part: dict[str, dict[date, dict[str, Any]]] = {}
    for part, period, *figure in part_rows:
        figures_by_part.setdefault(str(part), {})[period] = dict(zip(columns, figure, strict=True))
    return figures_by_part


def coverage(store: OpenStore, root: str, week: date) -> list[tuple[str, str, int]]:
    """How many figures of the last windows of an organisation have which status, and why they are not shown."""
    coverage_rows = store.connection.rows(
        """SELECT status, reason, count() FROM {open}.figures
           WHERE organisation = {root:String} AND grain = 'window' AND period = {week:Date}
           GROUP BY status, reason ORDER BY count() DESC, status, reason""",
        root=root,
        week=week,
    )
    return [
        (str(status), str(reason), int(figure_count))
        for status, reason, figure_count in coverage_rows
    ]


def rejected(store: OpenStore) -> list[dict[str, Any]]:
    """Rejects by source and reason, the latest first."""
    return store.connection.dicts(
        """SELECT source, reason, count() AS number, max(received_at) AS last FROM {open}.rejected FINAL
           GROUP BY source, reason ORDER BY last DESC, source, reason"""
    )


def delivering(store: OpenStore) -> dict[str, str]:
    """How each source of the last 26 weeks delivers by its own rhythm, the worst of its systems: silent, low, high,
    learning, ok or resting."""
    source_rows = store.connection.rows(
        """SELECT source, argMin(state, indexOf(['silent', 'low', 'high', 'learning', 'ok', 'resting'], state))
           FROM {open}.sources GROUP BY source ORDER BY source"""
    )
    return {str(source): str(state) for source, state in source_rows}


def evaluated_week(store: OpenStore, root: str) -> str:
    """The last week that the alerts of an organisation were judged for; '' where none was."""
    week_rows = store.connection.rows(
        """SELECT max(body) FROM {open}.alert_records FINAL
           WHERE record = 'heard' AND organisation = {root:String}""",
        root=root,
    )
    return str(week_rows[0][0])


def not_assessed(store: OpenStore, root: str, week: date) -> list[tuple[str, int]]:
    """Why series of units were not judged in a week, and how many."""
    reason_rows = store.connection.rows(
        """SELECT reason, count() FROM {open}.not_assessed FINAL
           WHERE organisation = {root:String} AND week = {week:Date} AND reason != ''
           GROUP BY reason ORDER BY count() DESC, reason""",
        root=root,
        week=week,
    )
    return [(str(reason), int(series_count)) for reason, series_count in reason_rows]


def deliveries(store: OpenStore, root: str) -> list[tuple[str, str, int]]:
    """Messages of an organisation by channel and state."""
    delivery_rows = store.connection.rows(
        """SELECT channel, state, count() FROM {open}.deliveries FINAL WHERE organisation = {root:String}
           GROUP BY channel, state ORDER BY channel, state""",
        root=root,
    )
    return [
        (str(channel), str(state), int(message_count))
        for channel, state, message_count in delivery_rows
    ]


def disposals(store: OpenStore) -> list[dict[str, Any]]:
    """Certificates of disposal, the latest first."""
    return store.connection.dicts(
        """SELECT certificate, at, rule, organisation, decision, before, arraySum(mapValues(rows)) AS number, sealed
           FROM {open}.disposals ORDER BY certificate DESC, organisation"""
    )
