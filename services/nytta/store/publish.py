"""The one function that writes figures into the open zone: closed periods, through the gate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from nytta.disclosure.clock import first_open_week
from nytta.disclosure.gate import Exact, gate
from nytta.indicators.definition import Definition, Protects
from nytta.store.private import PrivateStore

_KEY = ("organisation", "unit", "system", "case_type", "part", "grain", "period")
_GRAINS = ("week", "month", "window")


def publish(store: PrivateStore, definitions: Sequence[Definition], now: datetime) -> int:
    """Bring the open zone up to date with all weeks and months closed at `now` (aware); how many rows changed.

    A figure that came out the same is left as it was published.
    """
    connection = store.connection
    publication = store.counter("publication") + 1
    zones = [z for (z,) in connection.rows("SELECT DISTINCT timezone FROM {open}.units")]
    closed = {zone: first_open_week(now, zone) for zone in zones}
    changed = 0
    for definition in definitions:
        rows = _exact_rows(store, definition, closed) if closed else []
        if not rows:
            continue
        shown = _gated(definition, rows, now, publication)
        changed += _write_changed(store, definition, shown)
    _publish_definitions(store, definitions, publication)
    store.raise_counter("publication", publication)
    return changed


def _exact_rows(store: PrivateStore, definition: Definition, closed: dict[str, date]) -> list[dict[str, Any]]:
    """Exact values of closed periods."""
    ended = " OR ".join(
        f"(u.timezone = '{zone}' AND if(v.grain = 'month', addMonths(v.period, 1) <= toDate('{day}'), "
        f"v.period < toDate('{day}')))"
        for zone, day in closed.items()
    )
    return store.connection.dicts(
        f"""SELECT u.root AS organisation, v.unit AS unit, v.system AS system, v.case_type AS case_type, v.part AS part,
                   v.grain AS grain, v.period AS period, v.numerator AS numerator, v.denominator AS denominator,
                   v.value AS value, v.subjects AS subjects, v.persons AS persons, v.most_by_one AS most_by_one,
                   u.grouped AS grouped
            FROM {{private}}.indicator_values AS v
            INNER JOIN (SELECT unit, any(root) AS root, any(timezone) AS timezone, max(reporting_group != '') AS grouped
                        FROM {{open}}.units GROUP BY unit) AS u ON u.unit = v.unit
            WHERE v.indicator = {{id:String}} AND v.version = {{version:UInt16}} AND v.grain IN {_GRAINS}
              AND ({ended or 0})
            ORDER BY system, unit, case_type, part, grain, period""",
        id=definition.id,
        version=definition.version,
    )


def _fewest_persons(rows: Sequence[dict[str, Any]], window_weeks: int) -> list[int]:
    """For each row the fewest persons of any of its weeks: a window or month is no larger than its smallest week."""
    place = ("system", "unit", "case_type", "part")
    weekly: dict[tuple[Any, ...], dict[date, int]] = {}
    for row in rows:
        if row["grain"] == "week":
            weekly.setdefault(tuple(row[k] for k in place), {})[row["period"]] = row["persons"]
    fewest = []
    for row in rows:
        weeks = weekly.get(tuple(row[k] for k in place), {})
        if row["grain"] == "window":
            its = [row["period"] - timedelta(weeks=n) for n in range(window_weeks)]
        elif row["grain"] == "month":
            its = [week for week in weeks if (week.year, week.month) == (row["period"].year, row["period"].month)]
        else:
            its = []
        fewest.append(min([row["persons"], *(weeks[week] for week in its if week in weeks)]))
    return fewest


def _gated(definition: Definition, rows: Sequence[dict[str, Any]], now: datetime, publication: int) -> pa.Table:
    def ints(name: str) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.array([row[name] for row in rows], dtype=np.int64)

    staff = definition.protects is Protects.STAFF
    exact = Exact(
        value=np.array([np.nan if row["value"] is None else row["value"] for row in rows], dtype=np.float64),
        numerator=ints("numerator"),
        denominator=ints("denominator"),
        size=np.array(_fewest_persons(rows, definition.window_weeks)) if staff else ints("subjects"),
        handlers=ints("persons"),
        most_by_one=ints("most_by_one"),
        grouped=ints("grouped").astype(bool) & (definition.protects is not Protects.OFFICIAL_ACT),
    )
    shown = gate(
        exact,
        kind=definition.kind.value,
        protects=definition.protects.value,
        scale=definition.scale,
        minimum_denominator=definition.minimum_denominator,
    )
    n = len(rows)
    return pa.table(
        {name: [row[name] for row in rows] for name in _KEY}
        | {
            "indicator": [definition.id] * n,
            "version": pa.array([definition.version] * n, pa.uint16()),
            "value": pa.array(shown.value, from_pandas=True),
            "low": pa.array(shown.low, from_pandas=True),
            "high": pa.array(shown.high, from_pandas=True),
            "n_band": pa.array(shown.n_band.tolist(), pa.string()),
            "status": pa.array(shown.status.tolist(), pa.string()),
            "unit_of_measure": [definition.display.unit_of_measure] * n,
            "published_at": pa.array([int(now.timestamp())] * n, pa.timestamp("s", "UTC")),
            "publication": pa.array([publication] * n, pa.uint64()),
        }
    )


def _write_changed(store: PrivateStore, definition: Definition, shown: pa.Table) -> int:
    """Write the rows that differ from what is published."""
    names = [*_KEY, "value", "low", "high", "n_band", "status"]
    before = {
        tuple(row)
        for row in store.connection.rows(
            f"SELECT {', '.join(names)} FROM {{open}}.indicator_values "
            "WHERE indicator = {id:String} AND version = {version:UInt16}",
            id=definition.id,
            version=definition.version,
        )
    }
    now = list(zip(*(shown[name].to_pylist() for name in names), strict=True))
    changed = pa.array([row not in before for row in now])
    table = shown.filter(changed)
    if len(table):
        store.connection.insert_arrow("{open}.published_values", table)
    return len(table)


def _publish_definitions(store: PrivateStore, definitions: Sequence[Definition], publication: int) -> None:
    """What each indicator means, for those who read the open zone."""
    store.connection.insert(
        "{open}.definitions",
        [
            *("indicator", "version", "code", "kind", "title_sv", "title_nb", "title_en"),
            *("question_sv", "question_nb", "question_en", "direction", "protects", "window_weeks", "loaded"),
        ],
        [
            [
                *(d.id, d.version, d.code, d.kind.value, d.title.sv, d.title.nb, d.title.en),
                *(
                    d.question.sv,
                    d.question.nb,
                    d.question.en,
                    d.direction,
                    d.protects.value,
                    d.window_weeks,
                    publication,
                ),
            ]
            for d in definitions
        ],
    )
