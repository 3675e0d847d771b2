"""Derived indicators: published rows in, published rows out. Reads and writes the open zone alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from datetime import date, datetime, timedelta
from typing import Any

from nytta.disclosure.clock import first_open_week
from nytta.insight.store.state_series import PublishedSeries, StateRow
from nytta.registry.registry import Registry
from nytta.registry.units import Organisation
from nytta.storage.client import Connection

DERIVED = (
    *("use-state", "exploitation", "cascade", "level-gap", "after-training"),
    *("decided-in-time", "received", "decision-age"),
)
"""Ids of the derived indicators that are kept here."""

WEEKS = 8
"""So many closed weeks are told at a time."""

_WEEK = timedelta(weeks=1)

_ROW = (
    "unit",
    "system",
    "case_type",
    "what",
    "part",
    "week",
    "state",
    "value",
    "low",
    "high",
    "figures",
)


def publish_states(connection: Connection, registry: Registry, current_time: datetime) -> int:
    """Bring the states of the last closed weeks at `current_time` (aware) up to date; the rows that changed.

    Runs after values, facts and statements, on which it rests.
    """
    changed_count = 0
    publication = int(connection.value("SELECT max(publication) + 1 FROM {open}.published_states"))
    for organisation in registry.organisations:
        closed = first_open_week(current_time, organisation.timezone) - _WEEK
        weeks = [closed - offset * _WEEK for offset in range(WEEKS)]
        state_rows = states(connection, registry, organisation, weeks)
        changed_count += _write(connection, organisation.id, state_rows, weeks, publication)
    return changed_count


def states(
    connection: Connection, registry: Registry, organisation: Organisation, weeks: Sequence[date]
) -> list[StateRow]:
    """All derived figures and states of an organisation in these closed weeks (Mondays)."""
    series = PublishedSeries(connection, registry, organisation, min(weeks), max(weeks))
    return [state_row for week in sorted(weeks) for state_row in series.week(week)]


def read_states(
    connection: Connection,
    *,
    organisation: str = "",
    derived: str = "",
    unit: str = "",
    week: date | None = None,
) -> list[dict[str, Any]]:
    """States that are told, in order; of the last week of each organisation unless another is named."""
    return connection.dicts(
        """SELECT organisation, unit, system, case_type, what, part, formatDateTime(states.week, '%G-W%V') AS week,
                   state, value, low, high, figures, rests_on
            FROM {open}.states
            WHERE ({organisation:String} = '' OR organisation = {organisation:String})
              AND ({what:String} = '' OR what = {what:String}) AND ({unit:String} = '' OR unit = {unit:String})
              AND if({week:Date} > toDate(0), states.week = {week:Date}, (organisation, states.week) IN (
                  SELECT organisation, max(week) FROM {open}.published_states GROUP BY organisation))
            ORDER BY organisation, what, system, unit, case_type, part""",
        organisation=organisation,
        what=derived,
        unit=unit,
        week=week or date(1970, 1, 1),
    )


def _write(
    connection: Connection,
    root: str,
    state_rows: Sequence[StateRow],
    weeks: Sequence[date],
    publication: int,
) -> int:
    """Write what differs; a state that does not hold any more is told as such."""
    published_rows = connection.rows(
        f"""SELECT {", ".join(_ROW)} FROM {{open}}.states
            WHERE organisation = {{root:String}} AND week >= {{first:Date}} AND week <= {{last:Date}}""",
        root=root,
        first=min(weeks),
        last=max(weeks),
    )
    earlier = {state_row[:6]: state_row for state_row in published_rows}
    current = {state_row[:6]: state_row for state_row in map(astuple, state_rows)}
    changed = [state_row for key, state_row in current.items() if earlier.get(key) != state_row]
    changed += [(*key, "gone", None, None, None, {}) for key in earlier if key not in current]
    connection.insert(
        "{open}.published_states",
        ["organisation", *_ROW, "publication"],
        [[root, *state_row, publication] for state_row in changed],
    )
    return len(changed)
