"""Facts that alerts rest on and that no indicator holds: private rows in, gated facts out into the open zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from nytta.disclosure.clock import first_open_week
from nytta.disclosure.gate import FEW, Exact, K, gate
from nytta.indicators.render import Scope, Zones, winners
from nytta.organisation.programme import Benefit
from nytta.organisation.registry import Registry
from nytta.store.private import PrivateStore
from nytta.store.recompute import visible

WEEKS = 8
"""So many closed weeks are told at a time: as many as a rule looks back at."""

_KEY = ("unit", "system", "fact", "part", "week")
_FIGURES = ("value", "low", "high", "n_band", "status")
_Row = dict[str, Any]


def publish_facts(store: PrivateStore, registry: Registry, now: datetime) -> int:
    """Bring the facts of the last closed weeks at `now` (aware) up to date; the rows that changed."""
    changed = 0
    for organisation in registry.organisations:
        closed = first_open_week(now, organisation.timezone) - timedelta(weeks=1)
        weeks = [closed - timedelta(weeks=n) for n in reversed(range(WEEKS))]
        zones = Zones({organisation.timezone: ""})
        scope = Scope("{private}", "{private}", "{open}", zones, closed.isoformat(), visible=visible(store))
        grouped = {u for g in registry.groups for u in g.units}
        rows = [
            *_steps(store, scope, organisation.id, weeks, grouped),
            *_use(store, organisation.id, weeks, grouped),
            *_legacy(store, scope, organisation.id, weeks, grouped),
            *_hours(store, scope, registry, organisation.id, closed),
        ]
        changed += _write(store, organisation.id, rows, weeks)
        _write_decisions(store, scope, organisation.id)
    return changed


def _steps(store: PrivateStore, scope: Scope, root: str, weeks: Sequence[date], grouped: set[str]) -> Iterable[_Row]:
    """Per unit of every level: managers who took the course ('trained'), and of all, who is also entitled ('ready')."""
    start = scope.zones.date("time")
    ours = f"unit IN (SELECT unit FROM {{open}}.units WHERE root = '{root}')"
    rows = store.connection.dicts(
        f"""SELECT p.ancestor AS unit, e.system AS system, part, week, uniqExact(e.actor) AS n,
                   uniqExactIf(e.actor, t.done = 1 AND t.first < week + 7) AS trained,
                   uniqExactIf(e.actor, t.done = 1 AND t.first < week + 7 AND e.entitled = 1) AS ready
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
            WHERE e.begin <= week + 6 AND e.end > week + 6 AND p.valid_from <= week + 6 AND p.valid_to > week + 6
              AND e.system IN (SELECT system FROM {{private}}.events WHERE kind = 'training')
            GROUP BY p.ancestor, e.system, part, week ORDER BY p.ancestor, e.system, part, week""",
        weeks=list(weeks),
    )
    for fact, part in (("trained", "manager"), ("ready", "*")):
        kept = [row for row in rows if row["unit"] not in grouped and row["part"] == part]
        if not kept:
            continue
        n, done = (np.array([row[name] for row in kept], dtype=np.int64) for name in ("n", fact))
        shown = gate(
            Exact(done / n, done, n, n, n, np.zeros_like(n), np.zeros(len(n), bool)),
            kind="share",
            protects="staff",
            scale=100,
            minimum_denominator=K,
        )
        for k, row in enumerate(kept):
            if not np.isnan(shown.value[k]):
                figures = (float(shown.value[k]), float(shown.low[k]), float(shown.high[k]))
                yield _row(row, fact, row["part"], row["week"], *figures, str(shown.n_band[k]), str(shown.status[k]))


_USE = {"intended-use": "public", "weekly-breadth": "staff"}


def _use(store: PrivateStore, root: str, weeks: Sequence[date], grouped: set[str]) -> Iterable[_Row]:
    """Use over four weeks, of cases ('intended-use') and of persons ('weekly-breadth'), as the gate shows it."""
    rows = store.connection.rows(
        """SELECT v.unit, v.system, v.indicator, w AS week, sum(v.numerator), sum(v.denominator), sum(v.subjects),
                  min(v.persons), max(v.persons), sum(v.most_by_one)
           FROM (SELECT *, arrayJoin(arrayMap(n -> period + 7 * n, range(4))) AS w FROM {private}.indicator_values
                 WHERE indicator IN {indicators:Array(String)} AND grain = 'week' AND case_type = '*'
                   AND period >= {first:Date} - 21 AND period <= {last:Date} AND denominator > 0
                   AND unit IN (SELECT unit FROM {open}.units WHERE root = {root:String})
                   AND (indicator, version) IN (
                       SELECT indicator, max(version) FROM {private}.definitions GROUP BY indicator)) AS v
           WHERE w IN {weeks:Array(Date)}
           GROUP BY v.unit, v.system, v.indicator, week ORDER BY v.unit, v.system, v.indicator, week""",
        indicators=list(_USE),
        first=weeks[0],
        last=weeks[-1],
        weeks=list(weeks),
        root=root,
    )
    for indicator, protects in _USE.items():
        kept = [row for row in rows if row[2] == indicator and row[0] not in grouped and row[0] != root]
        if not kept:
            continue
        x, n, subjects, fewest, most, one = (np.array([row[k] for row in kept], dtype=np.int64) for k in range(4, 10))
        size = fewest if protects == "staff" else subjects
        shown = gate(
            Exact(x / n, x, n, size, most, one, np.zeros(len(n), bool)),
            kind="share",
            protects=protects,
            scale=1,
            minimum_denominator=K,
        )
        for k, row in enumerate(kept):
            if not np.isnan(shown.value[k]):
                figures = (float(shown.value[k]), float(shown.low[k]), float(shown.high[k]))
                place = {"unit": row[0], "system": row[1]}
                yield _row(place, "use", indicator, row[3], *figures, str(shown.n_band[k]), str(shown.status[k]))


def _legacy(store: PrivateStore, scope: Scope, root: str, weeks: Sequence[date], grouped: set[str]) -> Iterable[_Row]:
    """Apps of an earlier platform still used in a unit of ten and more in the four weeks: names, no figure."""
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
        if row["unit"] not in grouped:
            yield _row(row, "legacy", row["part"], row["week"], None, None, None, "", "ok")


_SETTLING, _LONGEST = 8, 26


def _hours(store: PrivateStore, scope: Scope, registry: Registry, root: str, closed: date) -> Iterable[_Row]:
    """Hours of a year that are missed where use stays as it is: (target - share) x cases of 52 weeks x minutes saved.

    From whole percent, to two digits; an official act (benefits), so of every unit that has a benefit of its own.
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
    weekly = store.connection.rows(
        """SELECT unit, system, case_type, period, numerator, denominator FROM {private}.indicator_values
           WHERE indicator = 'intended-use' AND grain = 'week' AND case_type != '*' AND period <= {closed:Date}
             AND period > {closed:Date} - 182 AND unit IN (SELECT unit FROM {open}.units WHERE root = {root:String})
             AND version = (SELECT max(version) FROM {private}.definitions WHERE indicator = 'intended-use')""",
        closed=closed,
        root=root,
    )
    used: dict[tuple[str, str, str], list[int]] = {}
    for unit, system, case_type, week, numerator, denominator in weekly:
        live = registry.go_live(system, unit)
        if live is None or week >= live + timedelta(weeks=_SETTLING):
            found = used.setdefault((unit, system, case_type), [0, 0])
            found[0] += numerator
            found[1] += denominator
    for place, units in places.items():
        for system in sorted({s for u, s in about if u in units}):
            hours, known = 0.0, False
            all_types = [counts for (u, s, _), counts in used.items() if u in units and s == system]
            together = [sum(counts[0] for counts in all_types), sum(counts[1] for counts in all_types)]
            for benefit in (b for u in units for b in about.get((u, system), ())):
                kind = registry.case_type(system, benefit.case_type)
                # A case type of few cases is handled as the place's cases are.
                own = used.get((benefit.unit, system, benefit.case_type), [0, 0])
                numerator, denominator = own if own[1] >= K else together
                adoption = benefit.adoption
                if kind is None or kind.minutes is None or adoption is None or adoption.target is None:
                    continue
                if adoption.indicator != "intended-use" or denominator < K:
                    continue
                known = True
                share = round(100 * numerator / denominator) / 100
                saved = (kind.minutes.before_ms - kind.minutes.after_ms) / 3_600_000
                volume = volumes.get((benefit.unit, system, benefit.case_type), 0)
                hours += max(0.0, adoption.target / 1000 - share) * volume * saved
            if known:
                row = {"unit": place, "system": system}
                yield _row(row, "unrealised_hours", "", closed, _two_digits(hours), None, None, "", "rounded")


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def _row(place: _Row, fact: str, part: str, week: date, *figures: Any) -> _Row:
    return {"unit": place["unit"], "system": place["system"], "fact": fact, "part": part, "week": week} | dict(
        zip(_FIGURES, figures, strict=True)
    )


def _write(store: PrivateStore, root: str, rows: Iterable[_Row], weeks: Sequence[date]) -> int:
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
    number = store.counter("facts") + 1
    store.raise_counter("facts", number)
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
