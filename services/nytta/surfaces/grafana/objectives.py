"""Pipeline objectives: does the service keep what it promises, and how much may still go wrong this month?"""

from __future__ import annotations

from typing import Final

from nytta.surfaces.grafana.boards import Board, Row
from nytta.surfaces.grafana.panels import MOMENT, Kind, Panel

_OWNER = "IT operations"
_DIGITS = {"acceptance": 3, "durability": 2, "cells": 1}
"""Digits after the point in which a promise of 99.9, 99 or 95 of 100 can be seen to be broken."""
_PROMISES = (
    (
        "acceptance",
        "Requests answered",
        "Of a thousand requests with events, 999 are answered without a fault of ours.",
    ),
    (
        "durability",
        "Durable within a second",
        "Of a hundred requests, the events of 99 are durable within a second.",
    ),
    (
        "cells",
        "In the figures within 5 s",
        "Of a hundred rounds, 95 bring events into their cells within 5 seconds.",
    ),
)


def _metric(  # noqa: PLR0913 - the properties of a panel that objectives differ in
    kind: Kind,
    title: str,
    definition: str,
    expr: str,
    legend: str,
    unit: str,
    width: int,
    height: int,
    lines: tuple[str, ...] = (),
    empty: str = "Prometheus knows no such figure in the chosen time: has anything been sent?",
    decimals: int | None = None,
) -> Panel:
    return Panel(
        kind,
        title,
        definition,
        expr=expr,
        legend=legend,
        unit=unit,
        width=width,
        height=height,
        source="Prometheus, recording rules in deploy/prometheus/rules",
        refresh="every 30 seconds",
        owner=_OWNER,
        lines=lines,
        empty=empty,
        decimals=decimals,
    )


def _now(objective: str, title: str, definition: str) -> Panel:
    return _metric(
        Kind.STAT,
        title,
        f"{definition} The share kept over 30 days, and what is left of the budget for faults.",
        f'label_replace(1 - nytta:objective:errors:ratio_rate30d{{objective="{objective}"}}, "what", "kept", "", "") '
        f'or label_replace(1 - nytta:objective:errors:ratio_rate30d{{objective="{objective}"}} / on (objective) '
        f'nytta:objective:budget, "what", "budget left", "", "")',
        "{{what}}",
        "percentunit",
        6,
        4,
        decimals=_DIGITS[objective],
    )


def _burn(objective: str, title: str, definition: str) -> Panel:
    return _metric(
        Kind.TREND,
        f"{title}: its budget",
        f"{definition} 1 uses the month's budget in a month; alerts stand at 14.4 (1 h), 6 (6 h) and 1 (3 days).",
        f'label_replace(nytta:objective:errors:ratio_rate1h{{objective="{objective}"}} / on (objective) '
        f'nytta:objective:budget, "over", "1 h", "", "") or '
        f'label_replace(nytta:objective:errors:ratio_rate6h{{objective="{objective}"}} / on (objective) '
        f'nytta:objective:budget, "over", "6 h", "", "")',
        "{{over}}",
        "none",
        8,
        8,
        ("1 h", "6 h"),
    )


BOARD: Final = Board(
    "nytta-objectives",
    "Pipeline objectives: is what the service promises kept?",
    "For IT operations: the three promises of the pipeline, how much of their budgets is used, and whether closed "
    "weeks are told in time.",
    _OWNER,
    (),
    (
        Row(
            "The last 30 days",
            (
                *(_now(*promise) for promise in _PROMISES),
                Panel(
                    Kind.STAT,
                    "Closed weeks in time",
                    "Weeks that were told within 24 hours of their end, of those in the chosen time that closed since "
                    "figures of the organisation were first told: imports of old logs are not late.",
                    """SELECT if(count() = 0, NULL, countIf(hours <= 24)) AS "In time", count() AS "Of"
FROM nytta.publications AS p
INNER JOIN (SELECT organisation, min(told_at) AS since FROM nytta.publications GROUP BY organisation) AS f
    ON f.organisation = p.organisation
WHERE $__dateFilter(period) AND addWeeks(p.period, 1) >= toDate(f.since)""",
                    empty="none closed yet",
                    width=6,
                    height=4,
                    owner=_OWNER,
                    refresh="each week",
                ),
            ),
        ),
        Row("How fast the budgets go", tuple(_burn(*promise) for promise in _PROMISES)),
        Row(
            "Where the time goes",
            (
                _metric(
                    Kind.TREND,
                    "From request to durable",
                    "Seconds within which 50, 95 and 99 of 100 requests are durable.",
                    'label_replace(nytta:durable_seconds:p50_5m, "of", "50", "", "") or '
                    'label_replace(nytta:durable_seconds:p95_5m, "of", "95", "", "") or '
                    'label_replace(nytta:durable_seconds:p99_5m, "of", "99", "", "")',
                    "{{of}} of 100",
                    "s",
                    12,
                    8,
                    ("50 of 100", "95 of 100", "99 of 100"),
                ),
                _metric(
                    Kind.TREND,
                    "From durable to in the figures",
                    "Seconds within which 95 of 100 events reach their private cells.",
                    "nytta:cell_seconds:p95_5m",
                    "{{job}}",
                    "s",
                    12,
                    8,
                    ("nytta", "worker"),
                ),
                _metric(
                    Kind.BARS,
                    "Refused, of all that came",
                    "Share of the events of the last hour that were refused, by sender, most first.",
                    "sort_desc(nytta:rejects:ratio_rate1h)",
                    "{{sender}}",
                    "percentunit",
                    12,
                    8,
                ),
                Panel(
                    Kind.TABLE,
                    "Closed weeks as they were told",
                    "When each closed week was first published, and how many hours after its end. The newest twenty.",
                    """SELECT organisation AS "Organisation", toString(period) AS "Week of", told_at AS "Told at",
    hours AS "Hours after its end"
FROM nytta.publications WHERE $__dateFilter(period) ORDER BY period DESC, organisation LIMIT 20""",
                    empty="No closed week is published in the chosen time.",
                    owner=_OWNER,
                    refresh="each week",
                    widths={"Week of": 100, "Hours after its end": 150},
                ),
            ),
        ),
        Row(
            "Which alerts stand",
            (
                Panel(
                    Kind.TABLE,
                    "Alerts of the pipeline",
                    "Alerts that fire at this moment, or are pending: about to. docs/runbook has a page for each.",
                    expr="min by (alertname, job, severity, alertstate) ("
                    'ALERTS{alertname=~"Nytta.*", alertname!="NyttaWatchdog"} '
                    "* ignoring (alertstate) group_left () ALERTS_FOR_STATE) * 1000",
                    width=24,
                    height=7,
                    source="Prometheus",
                    refresh="every 30 seconds",
                    owner=_OWNER,
                    empty="No alert stands.",
                    hidden=("Time",),
                    headings={
                        "alertname": "Alert",
                        "job": "Part",
                        "severity": "Severity",
                        "alertstate": "State",
                        "Value": "Since",
                    },
                    units={"Value": MOMENT},
                ),
            ),
        ),
    ),
    metrics=True,
    since="now-30d",
)
