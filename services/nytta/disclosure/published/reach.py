"""Which indicators of an installation are shown, and what keeps the others from it. Reads the open zone alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from nytta.disclosure.rules import Reason, few_of
from nytta.indicators.definition import Protects
from nytta.storage.client import Connection

REMEDIES = {
    Reason.FEW_CASES: "fewer cases in each unit and period than its rule asks for; larger units and periods come first",
    Reason.FEW_PERSONS: "fewer persons work, ask or handle there than its rule asks for; a staff list of the unit, "
    "or its reporting group, may show it",
    Reason.ONE_HANDLER: "one person handled most of the cases; larger units and longer windows show it first",
    Reason.NO_DATA: "no source tells who works in the system of the staff list, and when; import sessions of it, or "
    "steps of cases with their actor, or a list of those who are to use the system whose use is known",
    Reason.NOT_TOLD: "no row of any source names what it counts, which may be because none can; map the column, or the "
    "events, that name it",
    Reason.NOT_APPROVED: "a legal basis, an impact assessment or a consultation is missing under approvals in "
    "organisation.yaml",
    Reason.STALE: "its records changed, and it waits to be told anew",
    Reason.SEALED: "its records are gone by retention",
    Reason.NOT_YET: "the system is not live there yet",
    Reason.NO_HANDLERS: "no source names who handled; map that column as `actor`, or import a staff list of the system",
}
"""What would show a figure, by why it is not shown."""


@dataclass(frozen=True, slots=True)
class Reach:
    """An indicator that something feeds: figures shown, and the commonest reason of those that are not."""

    indicator: str
    shown: int
    reason: str


def reach(
    connection: Connection, organisation: str = "", lacking: Callable[[], Collection[str]] = tuple
) -> list[Reach]:
    """Every indicator with anything to count in a closed period, by id; of one organisation, or of all.

    Those that are `lacking` evidence, which is asked only where there are such, are left out where nothing says of them
    why they are not shown: what then reads as too few is none, and larger units would not show it.
    """
    reach_rows = connection.rows(
        """SELECT c.indicator, ifNull(v.shown, 0), ifNull(v.reason, ''), d.protects
           FROM (SELECT DISTINCT indicator, version FROM {open}.closed_periods
                 WHERE organisation = {organisation:String} OR {organisation:String} = '') AS c
           INNER JOIN (SELECT indicator, version, protects FROM {open}.definitions FINAL) AS d
               ON d.indicator = c.indicator AND d.version = c.version
           LEFT JOIN (
               SELECT indicator, version, countIf(isNotNull(value)) AS shown,
                      arrayElement(topKIf(1)(reason, reason != ''), 1) AS reason
               FROM {open}.indicator_values
               WHERE organisation = {organisation:String} OR {organisation:String} = ''
               GROUP BY indicator, version) AS v
               ON v.indicator = c.indicator AND v.version = c.version
           ORDER BY c.indicator""",
        organisation=organisation,
    )
    # all of raw is read to say what lacks evidence
    is_open = any(
        not published_count and not reason for _, published_count, reason, _ in reach_rows
    )
    without_evidence = lacking() if is_open else ()
    return [
        Reach(indicator, int(published_count), reason or few_of(Protects(protects)).value)
        for indicator, published_count, reason, protects in reach_rows
        if published_count or reason or indicator not in without_evidence
    ]
