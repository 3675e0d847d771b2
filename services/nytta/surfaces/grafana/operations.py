"""Operations: does every source deliver, and is everything that came in the figures and on its way?"""

from __future__ import annotations

from typing import Final

from nytta.disclosure.rules import Status
from nytta.surfaces.grafana.boards import Board, Row, Variable
from nytta.surfaces.grafana.panels import Kind, Panel

_SOURCE = "$__conditionalAll(source IN (${source:singlequote}), $source)"
_FEED = "sources as the service tells them, two significant digits"
_OFTEN = "every ten minutes"
_JOBS = ("nytta", "gateway", "worker", "alerter")
_TOPICS = ("nytta.usage", "nytta.marks", "nytta.signals", "nytta.values")
_LIVE = "every 15 seconds"
_GATE: Final[dict[str, str]] = {
    Status.OK: "shown",
    Status.ROUNDED: "shown, rounded",
    Status.BANDED: "shown as a band",
    Status.SUPPRESSED: "not shown: protected",
    Status.GROUPED: "not shown: in its group",
    Status.NOT_ENOUGH: "not shown: too little",
    Status.STALE: "not shown: to be told anew",
    Status.SEALED: "not shown: removed",
    Status.NOT_APPROVED: "not shown: not approved",
    Status.NO_DENOMINATOR: "nothing to divide by",
    Status.REVISED_PENDING: "shown, to be told anew",
}
_DELIVERIES = {"sent": "sent", "failed": "is tried again", "dead": "given up"}
_OWNER = "IT operations"


def _stat(
    title: str,
    definition: str,
    sql: str,
    unit: str = "none",
    refresh: str = _OFTEN,
    empty: str = "none",
) -> Panel:
    return Panel(
        Kind.STAT,
        title,
        definition,
        sql,
        unit=unit,
        width=4,
        height=4,
        owner=_OWNER,
        source=_FEED,
        refresh=refresh,
        empty=empty,
    )


def _live(
    title: str,
    definition: str,
    expr: str,
    legend: str,
    unit: str = "s",
    lines: tuple[str, ...] = (),
) -> Panel:
    return Panel(
        Kind.TREND,
        title,
        definition,
        expr=expr,
        legend=legend,
        unit=unit,
        owner=_OWNER,
        source="Prometheus",
        refresh=_LIVE,
        lines=lines,
        empty="Prometheus knows no such figure in the chosen time: does the process run, and is it scraped?",
    )


BOARD: Final = Board(
    "nytta-operations",
    "Operations: does every source deliver, and is all of it in the figures?",
    "For IT operations: sources beside their own past, what was refused, how far figures are behind, what may not be "
    "shown, and whether messages reach people.",
    _OWNER,
    (
        Variable(
            "source",
            "Source",
            "SELECT DISTINCT source FROM nytta.source_days ORDER BY source",
            multi=True,
        ),
    ),
    (
        Row(
            "Now",
            (
                _stat(
                    "Sources that deliver",
                    "Sources whose last day is neither silent nor under half of their usual, of all.",
                    f"""SELECT countIf(state NOT IN ('silent', 'low')) AS "Deliver", count() AS "Of"
FROM nytta.sources WHERE {_SOURCE}""",
                ),
                _stat(
                    "Last received",
                    "Minutes since events of the last 26 weeks were received from any of the chosen sources.",
                    f"""SELECT if(count() = 0, NULL, dateDiff('minute', max(last_received), now())) AS "Minutes ago"
FROM nytta.sources WHERE {_SOURCE}""",
                    "suffix:min",
                    empty="none of 26 weeks",
                ),
                _stat(
                    "Refused",
                    "Events and rows that were refused in the chosen time and not sent again since.",
                    f"""SELECT count() AS "Refused" FROM nytta.rejected FINAL
WHERE {_SOURCE} AND $__timeFilter(received_at)""",
                    refresh="at once",
                ),
                _stat(
                    "Not processed",
                    "Deliveries of events whose system is switched off, in the chosen time.",
                    f"""SELECT sum(events) AS "Events" FROM nytta.not_processed
WHERE {_SOURCE} AND $__dateFilter(received_on)""",
                    refresh="at once",
                ),
                _stat(
                    "Messages that wait",
                    "Messages to people that did not go out on a way and are tried again, and those given up.",
                    """SELECT countIf(state = 'failed') AS "Tried again", countIf(state = 'dead') AS "Given up"
FROM nytta.messages WHERE channel != 'alertmanager'""",
                    refresh="every ten minutes",
                ),
                _stat(
                    "Last published",
                    "Hours since figures were last published; closed weeks are published on Mondays.",
                    """SELECT if(count() = 0, NULL, dateDiff('hour', max(published_at), now())) AS "Hours ago"
FROM nytta.published_values""",
                    "suffix:h",
                    "each week",
                    empty="never",
                ),
            ),
        ),
        Row(
            "What comes in",
            (
                Panel(
                    Kind.TABLE,
                    "Every source beside its own past, what is furthest off first",
                    "The last day that all feeds can have told of against the median of the eight same weekdays before "
                    "it: silent, low (under half), high (over twice), learning (fewer than four known); silent too "
                    "where two of its days have nothing. One with less than ten a day is silent when nothing came for "
                    "twice its second longest pause; one of courses and notes rests after four weeks. A source whose "
                    "deliveries hold three days and more, as lists do, is held against the pauses between them.",
                    f"""SELECT source AS "Source", system AS "System", state AS "State", toString(day) AS "Day",
    if(delivered BETWEEN 1 AND 9, 'under 10', toString(delivered)) AS "Delivered", usual AS "Usual",
    toString(last_event_day) AS "Last event of",
    last_received AS "Last received"
FROM nytta.sources WHERE {_SOURCE}
ORDER BY indexOf(['silent', 'low', 'high', 'learning', 'ok', 'resting'], state), source, system""",
                    empty="No source has events of the last 26 weeks. How one begins: docs/sources.md.",
                    width=24,
                    height=8,
                    widths={
                        "System": 120,
                        "State": 90,
                        "Day": 100,
                        "Delivered": 90,
                        "Usual": 80,
                        "Last event of": 120,
                        "Last received": 150,
                    },
                    owner=_OWNER,
                    source=_FEED,
                    refresh=_OFTEN,
                ),
                Panel(
                    Kind.TREND,
                    "Events of each day",
                    "Events by their own UTC day. Lines: the four largest of the chosen sources; days under ten are "
                    "gaps.",
                    f"""SELECT toDateTime(d.day) AS time, l.line AS line,
    toFloat64(assumeNotNull(sum(d.events))) AS value
FROM nytta.source_days AS d
INNER JOIN (
    SELECT source, concat(toString(row_number() OVER (ORDER BY sum(events) DESC, source)), ' ', source) AS line
    FROM nytta.source_days WHERE {_SOURCE} AND $__dateFilter(day)
    GROUP BY source ORDER BY sum(events) DESC, source LIMIT 4) AS l ON l.source = d.source
WHERE $__dateFilter(d.day) AND isNotNull(d.events) GROUP BY time, line ORDER BY time, line""",
                    empty="No source delivered in the chosen time.",
                    owner=_OWNER,
                    source=_FEED,
                    refresh=_OFTEN,
                ),
                Panel(
                    Kind.BARS,
                    "Refused, by reason",
                    "Events and rows refused in the chosen time. What each reason asks for: `nytta rejects`.",
                    f"""SELECT replaceAll(reason, '_', ' ') AS "Reason", count() AS "Refused" FROM nytta.rejected FINAL
WHERE {_SOURCE} AND $__timeFilter(received_at) GROUP BY reason ORDER BY "Refused" DESC, reason""",
                    empty="Nothing was refused in the chosen time.",
                    owner=_OWNER,
                    refresh="at once",
                ),
            ),
        ),
        Row(
            "How far behind",
            (
                _live(
                    "From durable to in the figures, 95 of 100",
                    "Seconds within which 95 of 100 events reach their private cells; the objective is 5.",
                    "nytta:cell_seconds:p95_5m",
                    "{{job}}",
                    lines=_JOBS,
                ),
                _live(
                    "Messages in Kafka not yet taken",
                    "Kafka messages that wait for a worker, by topic.",
                    "sum by (topic) (nytta_worker_lag_messages)",
                    "{{topic}}",
                    "none",
                    lines=_TOPICS,
                ),
                _live(
                    "Evaluation of alerts, 95 of 100",
                    "Seconds of one evaluation: lag detection, alerts, messages.",
                    "histogram_quantile(0.95, sum by (le) (rate(nytta_evaluation_seconds_bucket[1h])))",
                    "seconds",
                ),
                _live(
                    "Events a second",
                    "Events that became durable, by what took them.",
                    "nytta:events:rate5m",
                    "{{job}}",
                    "none",
                    lines=_JOBS,
                ),
                _live(
                    "Since a source that is asked was read well, the longest",
                    "Seconds since the source was last read well that waits longest for it; which one, and how it "
                    "stands, is told on the console's page Operations.",
                    "max(time() - (nytta_source_read_timestamp_seconds > 0))",
                    "seconds",
                ),
                _live(
                    "Events that wait for their unit to be known",
                    "Events of sources that are asked, whose unit is looked up and is not known yet; they are kept.",
                    "sum(nytta_source_unplaced_events)",
                    "events",
                    "none",
                ),
            ),
        ),
        Row(
            "What may not be shown, and what does not arrive",
            (
                Panel(
                    Kind.BARS,
                    "Figures of the latest window, by what the gate made of them",
                    "Figures of all organisations without case types: shown or not, and why; protected "
                    "where too few stand behind them, or mostly one person.",
                    """SELECT status AS "Status", count() AS "Figures" FROM nytta.last_values
WHERE case_type = '*' GROUP BY status ORDER BY "Figures" DESC, status""",
                    empty="Nothing is published yet: closed weeks are published on Mondays.",
                    owner=_OWNER,
                    words=_GATE,
                ),
                Panel(
                    Kind.TABLE,
                    "Messages by way and state",
                    "What became of messages to people in the chosen time; what did not go out is tried again for "
                    "three days, then given up.",
                    """SELECT channel AS "Way", state AS "State", count() AS "Messages",
    max(attempts) AS "Most attempts", max(at) AS "Last"
FROM nytta.messages WHERE $__timeFilter(at) GROUP BY channel, state ORDER BY state = 'sent', channel, state""",
                    empty="No message was due in the chosen time.",
                    owner=_OWNER,
                    source="outbox",
                    refresh="every ten minutes",
                    widths={"Messages": 85, "Most attempts": 110, "Last": 140},
                    words=_DELIVERIES,
                ),
                Panel(
                    Kind.TABLE,
                    "Certificates of disposal, the latest ten",
                    "What was disposed of by a decision, and how many cells it sealed.",
                    """SELECT at AS "At", rule AS "Rule", organisation AS "Organisation", decision AS "Decision",
    sealed AS "Cells sealed" FROM nytta.disposals ORDER BY at DESC LIMIT 10""",
                    empty="Nothing was disposed of yet.",
                    owner=_OWNER,
                    refresh="at once",
                    widths={"At": 140, "Cells sealed": 100},
                ),
                Panel(
                    Kind.TABLE,
                    "Rows of each table of the open zone",
                    "How much there is to read; an empty table explains an empty panel.",
                    """SELECT 'published_values' AS "Table", count() AS "Rows" FROM nytta.published_values
UNION ALL SELECT 'signals', count() FROM nytta.published_signals
UNION ALL SELECT 'alerts', count() FROM nytta.alerts
UNION ALL SELECT 'benefit_statements', count() FROM nytta.benefit_statements
UNION ALL SELECT 'sources', count() FROM nytta.sources""",
                    empty="The store answers nothing: nytta doctor.",
                    owner=_OWNER,
                ),
            ),
        ),
    ),
    metrics=True,
    since="now-90d",
)
