"""Facts that alerts rest on, in the open zone.

No figure of persons or cases is computed here: shares of staff that no indicator holds go through the ledger, use is
what is published already. Hours that are missed are an official act (`_hours`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nytta.disclosure.clock import first_open_week
from nytta.disclosure.gate import FEW, K
from nytta.disclosure.published.figures import HALF_YEAR, SETTLING, PublishedFigures, middle, settled_share
from nytta.disclosure.rounding import rounded_cases
from nytta.disclosure.store.publish import Fact, told_of_staff
from nytta.indicators.store.render import Scope, Zones, winners
from nytta.ingest.store.counted import visible
from nytta.ingest.store.private import PrivateStore
from nytta.registry.programme import Benefit
from nytta.registry.registry import Registry

WEEKS = 8
"""So many closed weeks are told at a time: as many as a rule looks back at."""

_KEY = ("unit", "system", "fact", "part", "week")
_FIGURES = ("value", "low", "high", "n_band", "status")
_Row = dict[str, Any]
Counts = tuple[int, int]


def publish_facts(store: PrivateStore, registry: Registry, now: datetime) -> int:
    """Bring the facts of the last closed weeks at `now` (aware) up to date; the rows that changed.

    Runs after the publication of values, which it repeats.
    """
    changed = 0
    for organisation in registry.organisations:
        closed = first_open_week(now, organisation.timezone) - timedelta(weeks=1)
        weeks = [closed - timedelta(weeks=n) for n in reversed(range(WEEKS))]
        zones = Zones({organisation.timezone: ""})
        scope = Scope("{private}", "{private}", "{open}", zones, closed.isoformat(), visible=visible(store.connection))
        number = store.counter("facts") + 1
        store.raise_counter("facts", number)
        first = closed - timedelta(weeks=HALF_YEAR)
        shown = PublishedFigures(
            store.connection, organisation.id, [*_USE, _ENTITLEMENT], first, closed, case_types=True
        )
        rows = [
            *_steps(store, scope, organisation.id, weeks, now, number),
            *_use(shown, weeks, organisation.id),
            *_legacy(store, scope, organisation.id, weeks, shown),
            *_hours(store, scope, registry, organisation.id, closed, shown),
        ]
        changed += _write(store, organisation.id, rows, weeks, number)
        _write_decisions(store, scope, organisation.id)
    return changed


def _steps(
    store: PrivateStore, scope: Scope, root: str, weeks: Sequence[date], now: datetime, number: int
) -> Iterable[_Row]:
    """Per unit of every level: managers who took the course ('trained'), and of all, who is also entitled ('ready').

    Among those in scope when the week ends, as the ledger lets them be told.
    """
    start = scope.zones.date("time")
    ours = f"unit IN (SELECT unit FROM {{open}}.units WHERE root = '{root}')"
    exact = store.connection.arrow(
        f"""SELECT '{root}' AS organisation, p.ancestor AS unit, e.system AS system, '*' AS case_type, part,
                   'week' AS grain, week AS period, toInt64(uniqExact(e.actor)) AS size,
                   toInt64(uniqExactIf(e.actor, t.done = 1 AND t.first < week + 7)) AS trained,
                   toInt64(uniqExactIf(e.actor, t.done = 1 AND t.first < week + 7 AND e.entitled = 1)) AS ready
            FROM (
                SELECT unit, system, actor, tier, entitled, toDate(valid_from) AS begin,
                       if(year(valid_to) < 2000, toDate('2149-06-06'), toDate(valid_to)) AS end,
                       arrayJoin({{weeks:Array(Date)}}) AS week
                FROM {winners(scope, "'eligibility'", ours)}
            ) AS e
            INNER JOIN {{open}}.unit_paths AS p ON p.unit = e.unit
            LEFT JOIN (
                SELECT actor, system, min({start}) AS first, 1 AS done
                FROM {winners(scope, "'training'", ours)} GROUP BY actor, system
            ) AS t ON t.actor = e.actor AND t.system = e.system
            ARRAY JOIN if(e.tier = 'manager', ['*', 'manager'], ['*']) AS part
            WHERE e.begin <= week + 6 AND e.end > week + 6 AND p.valid_from <= week AND p.valid_to > week
              AND e.system IN (SELECT system FROM {{private}}.events WHERE kind = 'training')
            GROUP BY p.ancestor, e.system, part, week ORDER BY p.ancestor, e.system, part, week""",
        weeks=list(weeks),
    )
    for fact, part in (("trained", "manager"), ("ready", "*")):
        live = exact.filter(pc.equal(pc.cast(exact["part"], "string"), part)) if len(exact) else exact
        nobody = [0] * len(live)
        columns = {"numerator": live[fact], "denominator": live["size"], "persons": nobody, "most_by_one": nobody}
        for name, column in columns.items():
            live = live.append_column(name, pa.array(column, pa.int64()) if column is nobody else column)
        told = told_of_staff(store, Fact(fact), root, live, weeks, now, number)
        for unit, system, week, *figures in zip(
            *(told[name] for name in ("unit", "system", "period", *_FIGURES)), strict=True
        ):
            if figures[0] is not None:
                yield _row({"unit": unit, "system": system}, fact, part, week, *figures)


_INTENDED, _BREADTH, _ENTITLEMENT = "intended-use", "weekly-breadth", "entitlement"
_USE = (_INTENDED, _BREADTH)


def _use(shown: PublishedFigures, weeks: Sequence[date], root: str) -> Iterable[_Row]:
    """Use over four weeks, of cases ('intended-use') and of persons ('weekly-breadth'): published figures again.

    Of cases the window of four weeks. Of persons no figure of four weeks is published, and none is computed: the week
    with the middle value of those shown stands for them, with its own interval.
    """
    for indicator, unit, system, case_type in shown.places():
        if indicator not in _USE or unit == root or case_type != "*":
            continue
        for week in weeks:
            if indicator == _INTENDED:
                figure = shown.at(indicator, "window", unit, system, week)
            else:
                figure = middle(shown.trailing(indicator, "week", unit, system, week, 4))
            if figure is not None:
                figures = (figure.value, figure.low, figure.high, figure.n_band, figure.status)
                yield _row({"unit": unit, "system": system}, "use", indicator, week, *figures)


def _legacy(
    store: PrivateStore, scope: Scope, root: str, weeks: Sequence[date], shown: PublishedFigures
) -> Iterable[_Row]:
    """Apps of an earlier platform that three or more used in the four weeks: names, no figure.

    Of units whose staff the ledger shows in that week.
    """
    day = scope.zones.date("time")
    first = weeks[0] - timedelta(weeks=3)
    ours = (
        f"unit IN (SELECT unit FROM {{open}}.units WHERE root = '{root}') AND legacy = 1 AND actor_kind = 'person' "
        f"AND time >= toDateTime('{first - timedelta(days=1)} 00:00:00')"
    )
    rows = store.connection.dicts(
        f"""SELECT p.ancestor AS unit, s.system AS system, s.category AS part, week, uniqExact(s.actor) AS persons,
                   max(n.heads) AS eligible
            FROM (SELECT unit, system, category, actor, {day} AS day, arrayJoin({{weeks:Array(Date)}}) AS week
                  FROM {winners(scope, "'session'", ours)}) AS s
            INNER JOIN {{open}}.unit_paths AS p ON p.unit = s.unit
            LEFT JOIN (SELECT unit, system, period, denominator AS heads FROM {{private}}.indicator_values
                       WHERE indicator = 'entitlement' AND grain = 'week' AND case_type = '*') AS n
                ON n.unit = p.ancestor AND n.system = s.system AND n.period = week
            WHERE s.day < week + 7 AND s.day >= week - 21 AND p.valid_from <= s.day AND p.valid_to > s.day
              AND s.category != ''
            GROUP BY p.ancestor, s.system, s.category, week
            HAVING persons >= {K} OR (persons >= {FEW} AND eligible >= {K})
            ORDER BY p.ancestor, s.system, s.category, week""",
        weeks=list(weeks),
    )
    for row in rows:
        place = (row["unit"], row["system"], row["week"])
        if any(shown.at(indicator, "week", *place) for indicator in (_ENTITLEMENT, _BREADTH)):
            yield _row(row, "legacy", row["part"], row["week"], None, None, None, "", "ok")


def _hours(
    store: PrivateStore, scope: Scope, registry: Registry, root: str, closed: date, shown: PublishedFigures
) -> Iterable[_Row]:
    """Hours of a year that are missed where use stays as it is: (target - share) x cases of 52 weeks x minutes saved.

    An official act (benefits), so of every unit that has a benefit of its own. Cases count in two digits, never finer
    than ten, and the use of the last half year in whole percent: the published one where there is one. Where use is
    hidden, that of ten cases and more goes into the hours alone; nothing then tells the cases beside, so neither
    follows from them.
    """
    day = closed + timedelta(days=6)
    members = {unit for group in registry.groups if day in group.span for unit in group.units}
    here = [unit.id for unit in registry.units_at(day).values() if unit.root == root]
    places: dict[str, tuple[str, ...]] = {unit: (unit,) for unit in here if unit not in members}
    places |= {g.id: g.units for g in registry.groups if day in g.span and g.units[0] in here}
    about: dict[tuple[str, str], list[Benefit]] = {}
    for benefit in registry.benefits:
        about.setdefault((benefit.unit, benefit.system), []).append(benefit)
    if not about:
        return
    opened = scope.zones.date("opened_at")
    volumes = {
        (u, s, c): n
        for u, s, c, n in store.connection.rows(
            f"""SELECT unit, system, case_type, count() FROM {{private}}.cases FINAL
                WHERE {opened} <= {{day:Date}} AND {opened} > {{day:Date}} - 364
                  AND unit IN (SELECT unit FROM {{open}}.units WHERE root = {{root:String}})
                GROUP BY unit, system, case_type""",
            day=day,
            root=root,
        )
    }
    used = _used(store, registry, root, closed)
    for place, units in places.items():
        for system in sorted({s for u, s in about if u in units}):
            hours, known = 0.0, False
            lives = [each for unit in units if (each := registry.go_live(system, unit)) is not None]
            live = max(lives, default=None)
            for benefit in (b for u in units for b in about.get((u, system), ())):
                kind, adoption = registry.case_type(system, benefit.case_type), benefit.adoption
                volume = rounded_cases(volumes.get((benefit.unit, system, benefit.case_type), 0))
                if kind is None or kind.minutes is None or adoption is None or adoption.target is None:
                    continue
                if adoption.indicator != _INTENDED or volume is None:
                    continue
                # Cases of a type that has no share of its own are handled as the place's cases are.
                own = used.get((benefit.unit, system, benefit.case_type), (0, 0))
                together = [counts for (u, s, _), counts in used.items() if u in units and s == system]
                shares = (
                    settled_share(shown, _INTENDED, place, system, benefit.case_type, closed, live),
                    settled_share(shown, _INTENDED, place, system, "*", closed, live),
                    _whole(*own),
                    _whole(sum(x for x, _ in together), sum(n for _, n in together)),
                )
                share = next((each for each in shares if each is not None), None)
                if share is None:
                    continue
                known = True
                saved = (kind.minutes.before_ms - kind.minutes.after_ms) / 3_600_000
                hours += max(0.0, adoption.target / 1000 - share / 100) * volume * saved
            if known:
                row = {"unit": place, "system": system}
                yield _row(row, "unrealised_hours", "", closed, _two_digits(hours), None, None, "", "rounded")


def _used(store: PrivateStore, registry: Registry, root: str, closed: date) -> dict[tuple[str, str, str], Counts]:
    """Settled cases of the last half year by unit, system and case type: handled as intended, and all."""
    found: dict[tuple[str, str, str], Counts] = {}
    for unit, system, case_type, week, numerator, denominator in store.connection.rows(
        """SELECT unit, system, case_type, period, numerator, denominator FROM {private}.indicator_values
           WHERE indicator = 'intended-use' AND grain = 'week' AND case_type != '*' AND period <= {closed:Date}
             AND period > {first:Date} AND unit IN (SELECT unit FROM {open}.units WHERE root = {root:String})
             AND version = (SELECT max(version) FROM {private}.definitions WHERE indicator = 'intended-use')""",
        closed=closed,
        first=closed - timedelta(weeks=HALF_YEAR),
        root=root,
    ):
        live = registry.go_live(system, unit)
        if live is None or week >= live + timedelta(weeks=SETTLING):
            before = found.get((unit, system, case_type), (0, 0))
            found[unit, system, case_type] = (before[0] + int(numerator), before[1] + int(denominator))
    return found


def _whole(numerator: int, denominator: int) -> int | None:
    """Whole percent; None for too few."""
    return round(100 * numerator / denominator) if denominator >= K else None


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def _row(place: _Row, fact: str, part: str, week: date, *figures: Any) -> _Row:
    return {"unit": place["unit"], "system": place["system"], "fact": fact, "part": part, "week": week} | dict(
        zip(_FIGURES, figures, strict=True)
    )


def _write(store: PrivateStore, root: str, rows: Iterable[_Row], weeks: Sequence[date], number: int) -> int:
    """Write what differs; a fact that does not hold any more is told as such."""
    names = [*_KEY, *_FIGURES]
    held = store.connection.dicts(
        f"""SELECT {", ".join(names)} FROM {{open}}.published_facts FINAL
            WHERE organisation = {{root:String}} AND week >= {{first:Date}} AND week <= {{last:Date}}""",
        root=root,
        first=weeks[0],
        last=weeks[-1],
    )
    before = {tuple(row[k] for k in _KEY): row for row in held}
    now = {tuple(row[k] for k in _KEY): row for row in rows}
    changed = [row for key, row in now.items() if before.get(key) != row]
    empty = dict(zip(_FIGURES, (None, None, None, "", "gone"), strict=True))
    changed += [
        row | empty for key, row in before.items() if key not in now and row["status"] != "gone" and _told_weekly(row)
    ]
    store.connection.insert(
        "{open}.published_facts",
        ["organisation", *names, "publication"],
        [[root, *(row[n] for n in names), number] for row in changed],
    )
    return len(changed)


def _told_weekly(row: _Row) -> bool:
    """Whether the fact is told for every week anew; missed hours are told for the latest alone."""
    return str(row["fact"]) != "unrealised_hours"


def _write_decisions(store: PrivateStore, scope: Scope, root: str) -> None:
    """What units reported of decisions, as it stands; rows that are there already collapse."""
    ours = f"unit IN (SELECT unit FROM {{open}}.units WHERE root = '{root}')"
    store.connection.run(
        f"""INSERT INTO {{open}}.decision_acts
            SELECT '{root}', attributes['key'], unit, activity, tier, {scope.zones.date("time")} AS on_day, 1
            FROM {winners(scope, "'decision'", ours)}
            WHERE attributes['key'] != '' AND ('{root}', attributes['key'], unit, activity, on_day) NOT IN (
                SELECT organisation, decision, unit, state, day FROM {{open}}.decision_acts)"""
    )
