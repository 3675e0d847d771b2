"""Pipeline objectives: does the service keep what it promises, and how much may still go wrong this month?"""

from __future__ import annotations

from typing import Final

from nytta.surfaces.grafana.boards import Board, Row
from nytta.surfaces.grafana.panels import Kind, Panel

_OWNER = "IT operations"
_PROMISES = (
    (
        "acceptance",
        "Requests answered",
        "Of a thousand requests with events, 999 are answered without a fault of ours.",
    ),
    ("durability", "Durable within a second", "Of a hundred requests, the events of 99 are durable within a second."),
    ("cells", "In the figures within 5 s", "Of a hundred rounds, 95 bring events into their cells within 5 seconds."),
)


def _metric(
    kind: Kind, title: str, definition: str, expr: str, legend: str, unit: str, width: int, height: int
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
    )


def _now(name: str, title: str, definition: str) -> Panel:
    return _metric(
        Kind.STAT,
        title,
        f"{definition} The share kept over 30 days, and what is left of the budget for faults.",
        f'label_replace(1 - nytta:objective:errors:ratio_rate30d{{objective="{name}"}}, "what", "kept", "", "") or '
        f'label_replace(1 - nytta:objective:errors:ratio_rate30d{{objective="{name}"}} / on (objective) '
        f'nytta:objective:budget, "what", "budget left", "", "")',
        "{{what}}",
        "percentunit",
        6,
        4,
    )


def _burn(name: str, title: str, definition: str) -> Panel:
    return _metric(
        Kind.TREND,
        f"{title}: how fast the budget goes",
        f"{definition} 1 uses the month's budget in a month; alerts stand at 14.4 (1 h), 6 (6 h) and 1 (3 days).",
        f'label_replace(nytta:objective:errors:ratio_rate1h{{objective="{name}"}} / on (objective) '
        f'nytta:objective:budget, "over", "1 h", "", "") or '
        f'label_replace(nytta:objective:errors:ratio_rate6h{{objective="{name}"}} / on (objective) '
        f'nytta:objective:budget, "over", "6 h", "", "")',
        "{{over}}",
        "none",
        8,
        8,
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
                *(_now(*each) for each in _PROMISES),
                Panel(
                    Kind.STAT,
                    "Closed weeks in time",
                    "Weeks that were told within 24 hours of their end, of those in the chosen time; imports of old "
                    "logs count as late.",
                    """SELECT countIf(hours <= 24) AS "In time", count() AS "Of" FROM nytta.publications
WHERE $__dateFilter(period)""",
                    width=6,
                    height=4,
                    owner=_OWNER,
                    refresh="each week",
                ),
            ),
        ),
        Row("How fast the budgets go", tuple(_burn(*each) for each in _PROMISES)),
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
                ),
                _metric(
                    Kind.TREND,
                    "Refused, of all that came",
                    "Share of the events that were refused, by sender.",
                    "nytta:rejects:ratio_rate1h",
                    "{{sender}}",
                    "percentunit",
                    12,
                    8,
                ),
                Panel(
                    Kind.TABLE,
                    "Closed weeks as they were told",
                    "When each closed week was first published, and how many hours after its end. The newest twenty.",
                    """SELECT organisation AS "Organisation", period AS "Week of", told_at AS "Told at (UTC)",
    hours AS "Hours after its end"
FROM nytta.publications WHERE $__dateFilter(period) ORDER BY period DESC, organisation LIMIT 20""",
                    owner=_OWNER,
                    refresh="each week",
                ),
            ),
        ),
        Row(
            "Which alerts stand",
            (
                _metric(
                    Kind.TABLE,
                    "Alerts of the pipeline",
                    "Alerts that fire or are about to. docs/runbook has a page for each.",
                    'ALERTS{alertname=~"Nytta.*"}',
                    "",
                    "none",
                    24,
                    7,
                ),
            ),
        ),
    ),
    metrics=True,
    since="now-30d",
)
