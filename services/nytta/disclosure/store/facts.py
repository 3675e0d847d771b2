"""Facts that alerts rest on, in the open zone.

Shares of staff that no indicator holds go through the gate; use is what is published already, and so are hours that are
missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nytta.disclosure.clock import first_open_week, last_of_month
from nytta.disclosure.gate import Exact, Measure, gate
from nytta.disclosure.published.figures import HALF_YEAR, PublishedFigures, middle
from nytta.disclosure.store.publication.course import Secret
from nytta.indicators.definition import Kind, Protects
from nytta.indicators.store.render.scope import ENDED, Scope, Zones, winners
from nytta.ingest.store.counted import visible
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.quality import systems_of_access
from nytta.registry.protection import StaffRules, in_force
from nytta.registry.registry import Registry
from nytta.registry.units import Organisation

WEEKS = 8
"""So many closed weeks are told at a time: as many as a rule looks back at."""

_FEWEST_USERS = 3
"""Fewest persons who used an app of the earlier platform that is named."""

_KEY = ("unit", "system", "fact", "part", "week")
_FIGURES = ("value", "low", "high", "n_band", "status")
_Row = dict[str, Any]
Counts = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Missed:
    """Hours of a year that a unit misses in a system, as its organisation's statement says."""

    organisation: str
    unit: str
    system: str
    value: float


def publish_facts(
    store: PrivateStore,
    registry: Registry,
    secret: Secret,
    missed: Sequence[Missed],
    current_time: datetime,
) -> int:
    """Bring the facts of the last closed weeks at `current_time` (aware) up to date; the rows that changed.

    Runs after the publication of values and of statements, which it repeats.
    """
    changed_count = 0
    for organisation in registry.organisations:
        closed = first_open_week(current_time, organisation.timezone) - timedelta(weeks=1)
        weeks = [closed - timedelta(weeks=offset) for offset in reversed(range(WEEKS))]
        zones = Zones({organisation.timezone: ""})
        scope = Scope(
            "{private}",
            "{private}",
            "{open}",
            zones,
            closed.isoformat(),
            visible=visible(store.connection),
        )
        publication = store.counter("facts") + 1
        store.raise_counter("facts", publication)
        first_day = closed - timedelta(weeks=HALF_YEAR)
        published_figures = PublishedFigures(
            store.connection,
            organisation.id,
            [*_USE, _ENTITLEMENT],
            first_day,
            closed,
            case_types=True,
        )
        fact_rows = [
            *_steps(store, scope, organisation, weeks, secret(organisation.id)),
            *_use(published_figures, weeks, organisation.id),
            *_legacy(store, scope, organisation.id, weeks, published_figures),
            *_hours(missed, organisation.id, closed),
        ]
        changed_count += _write(store, organisation.id, fact_rows, weeks, publication)
        _write_decisions(store, scope, organisation.id)
    return changed_count


_READY = Measure(Kind.SHARE, Protects.STAFF, "readiness")


def _step_counts(scope: Scope, root: str) -> str:
    """The statement of exact counts with their sums of keys: in scope on the last day of a week, trained, ready."""
    local_day = scope.zones.date("time")
    own_units = f"unit IN (SELECT unit FROM {{open}}.units WHERE root = '{root}')"
    trained = "t.done = 1 AND t.first < week + 7"
    key_sum = "arraySum(arrayMap(person -> sipHash64(person), groupUniqArray{0}))"
    return f"""SELECT p.ancestor AS unit, e.system AS system, part, week,
                   toInt64(uniqExact(e.actor)) AS size, {key_sum.format("(e.actor)")} AS size_keys,
                   toInt64(uniqExactIf(e.actor, {trained})) AS trained,
                   {key_sum.format(f"If(e.actor, {trained})")} AS trained_keys,
                   toInt64(uniqExactIf(e.actor, {trained} AND e.entitled != 0)) AS ready,
                   {key_sum.format(f"If(e.actor, {trained} AND e.entitled != 0)")} AS ready_keys,
                   max(grouped) AS grouped
            FROM (
                SELECT unit, system, actor, tier, entitled, toDate(valid_from) AS begin, {ENDED} AS last,
                       arrayJoin({{weeks:Array(Date)}}) AS week
                FROM {winners(scope, "'eligibility'", own_units)}
            ) AS e
            INNER JOIN {{open}}.unit_paths AS p ON p.unit = e.unit
            LEFT JOIN (
                SELECT actor, system, min({local_day}) AS first, 1 AS done
                FROM {winners(scope, "'training'", own_units)} GROUP BY actor, system
            ) AS t ON t.actor = e.actor AND t.system = e.system
            LEFT JOIN (SELECT unit, 1 AS grouped FROM {{open}}.units WHERE reporting_group != '' GROUP BY unit) AS g
                ON g.unit = p.ancestor
            ARRAY JOIN if(e.tier = 'manager', ['*', 'manager'], ['*']) AS part
            WHERE e.begin <= week + 6 AND e.last >= week + 6 AND p.valid_from <= week AND p.valid_to > week
              AND e.system IN (SELECT system FROM {{private}}.events WHERE kind = 'training')
            GROUP BY p.ancestor, e.system, part, week ORDER BY p.ancestor, e.system, part, week"""


def _steps(
    store: PrivateStore,
    scope: Scope,
    organisation: Organisation,
    weeks: Sequence[date],
    secret: bytes,
) -> Iterable[_Row]:
    """Per unit of every level: managers who took the course ('trained'), and of all, who is also entitled ('ready').

    Nobody is told to be ready in a system of which no source says who has access.

    Among those in scope when the last week ends that ended in an earlier month, or in the week's own where that is its
    last: readiness is told once a month. As the gate lets them be told.
    """
    month_ends = sorted({last_of_month(week) for week in weeks})
    exact = store.connection.arrow(_step_counts(scope, organisation.id), weeks=month_ends)
    telling_systems = pa.array(sorted(systems_of_access(store.connection)), pa.string())
    of_access = exact.filter(pc.is_in(pc.cast(exact["system"], "string"), telling_systems))
    for fact, staff_part, step_counts in (("trained", "manager", exact), ("ready", "*", of_access)):
        for week in weeks if len(step_counts) else ():
            month_end = last_of_month(week)
            is_part = pc.equal(pc.cast(step_counts["part"], "string"), staff_part)
            week_counts = step_counts.filter(
                pc.and_(is_part, pc.equal(step_counts["week"], month_end))
            )
            if not len(week_counts):
                continue
            rules = in_force(organisation.disclosure, month_end)
            measure = _READY.of_month(month_end + timedelta(days=6))
            gated = gate(_persons(week_counts, fact), measure, rules, secret)
            # what may not be shown is no fact at all, not one without figures
            for row_number in np.flatnonzero(gated.reason == "").tolist():
                place = {
                    column: week_counts[column][row_number].as_py() for column in ("unit", "system")
                }
                figures = (getattr(gated, name)[row_number].item() for name in _FIGURES)
                yield _row(place, fact, staff_part, week, *figures)


def _persons(step_counts: pa.Table, fact: str) -> Exact:
    """Exact figures of a share of staff."""
    group_size = step_counts["size"].to_numpy()
    nobody = np.zeros(len(step_counts), dtype=np.int64)
    false = np.zeros(len(step_counts), dtype=bool)
    return Exact(
        numerator=step_counts[fact].to_numpy(),
        denominator=group_size,
        cases=nobody,
        persons=group_size,
        numerator_keys=step_counts[f"{fact}_keys"].to_numpy(),
        denominator_keys=step_counts["size_keys"].to_numpy(),
        handlers=nobody,
        most_by_one=nobody,
        requesters=nobody,
        register=group_size,
        register_handlers=nobody,
        grouped=step_counts["grouped"].to_numpy().astype(bool),
        sensitive=false,
        of_employees=false,
    )


_INTENDED, _BREADTH, _ENTITLEMENT = "intended-use", "weekly-breadth", "entitlement"
_USE = (_INTENDED, _BREADTH)


def _use(published_figures: PublishedFigures, weeks: Sequence[date], root: str) -> Iterable[_Row]:
    """Use over four weeks, of cases ('intended-use') and of persons ('weekly-breadth'): published figures again.

    Of cases the window of four weeks. Of persons no figure of four weeks is published, and none is computed: the week
    with the middle value of those shown stands for them, with its own interval.
    """
    for indicator, unit, system, case_type in published_figures.places():
        if indicator not in _USE or unit == root or case_type != "*":
            continue
        for week in weeks:
            if indicator == _INTENDED:
                figure = published_figures.at(indicator, "window", unit, system, week)
            else:
                figure = middle(
                    published_figures.trailing(indicator, "week", unit, system, week, 4)
                )
            if figure is not None:
                figures = (figure.value, figure.low, figure.high, figure.n_band, figure.status)
                yield _row({"unit": unit, "system": system}, "use", indicator, week, *figures)


def _legacy(
    store: PrivateStore,
    scope: Scope,
    root: str,
    weeks: Sequence[date],
    published_figures: PublishedFigures,
) -> Iterable[_Row]:
    """Apps of an earlier platform that three or more used in the four weeks: names, no figure.

    Of units whose staff the ledger shows in that week.
    """
    day = scope.zones.date("time")
    first_day = weeks[0] - timedelta(weeks=3)
    own_units = (
        f"unit IN (SELECT unit FROM {{open}}.units WHERE root = '{root}') AND legacy = 1 AND actor_kind = 'person' "
        f"AND time >= toDateTime('{first_day - timedelta(days=1)} 00:00:00')"
    )
    legacy_rows = store.connection.dicts(
        f"""SELECT p.ancestor AS unit, s.system AS system, s.category AS part, week, uniqExact(s.actor) AS persons,
                   max(n.heads) AS eligible
            FROM (SELECT unit, system, category, actor, {day} AS day, arrayJoin({{weeks:Array(Date)}}) AS week
                  FROM {winners(scope, "'session'", own_units)}) AS s
            INNER JOIN {{open}}.unit_paths AS p ON p.unit = s.unit
            LEFT JOIN (SELECT unit, system, period, denominator AS heads FROM {{private}}.indicator_values
                       WHERE indicator = 'entitlement' AND grain = 'week' AND case_type = '*') AS n
                ON n.unit = p.ancestor AND n.system = s.system AND n.period = week
            WHERE s.day < week + 7 AND s.day >= week - 21 AND p.valid_from <= s.day AND p.valid_to > s.day
              AND s.category != ''
            GROUP BY p.ancestor, s.system, s.category, week
            HAVING persons >= {_FEWEST_USERS} AND eligible >= {StaffRules().k}
            ORDER BY p.ancestor, s.system, s.category, week""",
        weeks=list(weeks),
    )
    for legacy_row in legacy_rows:
        place = (legacy_row["unit"], legacy_row["system"], legacy_row["week"])
        if any(
            published_figures.at(indicator, "week", *place)
            for indicator in (_ENTITLEMENT, _BREADTH)
        ):
            yield _row(
                legacy_row,
                "legacy",
                legacy_row["part"],
                legacy_row["week"],
                None,
                None,
                None,
                "",
                "ok",
            )


def _hours(missed: Sequence[Missed], root: str, closed: date) -> Iterable[_Row]:
    """Hours of a year that are missed, as the statement of benefits says them."""
    for hours in missed:
        if hours.organisation == root:
            place = {"unit": hours.unit, "system": hours.system}
            yield _row(
                place, "unrealised_hours", "", closed, hours.value, None, None, "", "rounded"
            )


def _row(place: _Row, fact: str, part: str, week: date, *figures: Any) -> _Row:
    return {
        "unit": place["unit"],
        "system": place["system"],
        "fact": fact,
        "part": part,
        "week": week,
    } | dict(zip(_FIGURES, figures, strict=True))


def _write(
    store: PrivateStore,
    root: str,
    fact_rows: Iterable[_Row],
    weeks: Sequence[date],
    publication: int,
) -> int:
    """Write what differs; a fact that does not hold any more is told as such."""
    column_names = [*_KEY, *_FIGURES]
    published_rows = store.connection.dicts(
        f"""SELECT {", ".join(column_names)} FROM {{open}}.published_facts FINAL
            WHERE organisation = {{root:String}} AND week >= {{first:Date}} AND week <= {{last:Date}}""",
        root=root,
        first=weeks[0],
        last=weeks[-1],
    )
    earlier = {tuple(fact_row[column] for column in _KEY): fact_row for fact_row in published_rows}
    current = {tuple(fact_row[column] for column in _KEY): fact_row for fact_row in fact_rows}
    changed_rows = [
        fact_row for fact_key, fact_row in current.items() if earlier.get(fact_key) != fact_row
    ]
    gone = dict(zip(_FIGURES, (None, None, None, "", "gone"), strict=True))
    not_current = [fact_row for fact_key, fact_row in earlier.items() if fact_key not in current]
    changed_rows += [
        fact_row | gone
        for fact_row in not_current
        if fact_row["status"] != "gone" and _told_weekly(fact_row)
    ]
    store.connection.insert(
        "{open}.published_facts",
        ["organisation", *column_names, "publication"],
        [
            [root, *(fact_row[column_name] for column_name in column_names), publication]
            for fact_row in changed_rows
        ],
    )
    return len(changed_rows)


def _told_weekly(row: _Row) -> bool:
    """Whether the fact is told for every week anew; missed hours are told for the latest alone."""
    return str(row["fact"]) != "unrealised_hours"


def _write_decisions(store: PrivateStore, scope: Scope, root: str) -> None:
    """What units reported of decisions, as it stands; rows that are there already collapse."""
    own_units = f"unit IN (SELECT unit FROM {{open}}.units WHERE root = '{root}')"
    store.connection.run(
        f"""INSERT INTO {{open}}.decision_acts
            SELECT '{root}', attributes['key'], unit, activity, tier, {scope.zones.date("time")} AS on_day, 1
            FROM {winners(scope, "'decision'", own_units)}
            WHERE attributes['key'] != '' AND ('{root}', attributes['key'], unit, activity, on_day) NOT IN (
                SELECT organisation, decision, unit, state, day FROM {{open}}.decision_acts)"""
    )
