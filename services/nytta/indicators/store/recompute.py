"""One round of recomputation: marks are read, subjects and cells derived anew from raw, marks cleared.

Nothing is incremented. A round that dies half-way is repeated: its marks still stand, newer versions win, and what it
had noted as touched is kept, because the subjects that stood there may have moved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from nytta.indicators.definition import Definition
from nytta.indicators.store import feeds, seals
from nytta.indicators.store.processing import Processing, processing
from nytta.indicators.store.render.cells import cells
from nytta.indicators.store.render.hands import hands
from nytta.indicators.store.render.persons import person_rows
from nytta.indicators.store.render.rows import alike
from nytta.indicators.store.render.scope import Near, Scope, Wanted, Zones, kinds, listed, subject_rows, winners
from nytta.indicators.store.render.touched import touched_places
from nytta.indicators.subjects import STORED, SUBJECTS, Subject
from nytta.ingest.store.counted import EVENT, visible
from nytta.ingest.store.marks import marks_in
from nytta.ingest.store.private import PrivateStore
from nytta.storage.client import Connection

_EPOCH = date(1970, 1, 1)
_OF_ONE_TRY = "round_%s"
"""Working lists that a further try of a round fills anew: all but `round_touched`."""
_CELL = "indicator, version, grain, system, unit, case_type, part, period"
_FIGURES = "numerator, denominator, subjects, persons, numerator_keys, denominator_keys"
_PLACE = "indicator, version, grain, system, unit, case_type, period"
_HANDS = "handlers, most_by_one, requesters"
_TOGETHER = 12
"""Kinds of rows that are counted in one statement: more would hold more in memory at a time."""

_MARKS = 1000
"""Numbers of marks in a partition."""
_NAMED = 100
"""Units that a statement names; of more it asks the table."""

_MARKED = "(system, subject) IN (SELECT system, subject FROM {private}.round_marks WHERE kind = '%s')"


Below = Mapping[str, frozenset[str]]
"""The units at or under each unit, at any time."""


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did: marks read, cells written, and sealed cells that the marks touched and that stay."""

    marks: int
    cells: int
    sealed: int = 0


def zones_of(store: PrivateStore, override: str | None = None) -> Zones:
    """Local time per organisation as the registry says, or one zone for all."""
    if override:
        return Zones({override: ""})
    rows = store.connection.rows("SELECT DISTINCT timezone FROM {open}.units ORDER BY timezone")
    names = [name for (name,) in rows] or ["Europe/Stockholm"]
    return Zones({name: f"SELECT unit FROM {{open}}.units WHERE timezone = '{name}'" for name in names})


def last_week(store: PrivateStore) -> date:
    """Monday of the latest event's local week."""
    return _EPOCH + timedelta(days=store.counter("last_week"))


def recompute(store: PrivateStore, definitions: Sequence[Definition]) -> Round:
    """Compute every cell that the marks touch, and clear these marks."""
    connection = store.connection
    counters = store.counters()
    cleared = counters["cleared"]
    highest_mark = int(connection.value("SELECT max(sequence) FROM {private}.marks"))
    if highest_mark <= cleared:
        return Round(0, 0)
    # two numbers a round: rows that go bear the first, rows that stand in their place the second, and win
    version = counters["version"] + 2
    # raised before anything is written: a round that dies leaves rows that the next one's outrank
    store.raise_counter("version", version)
    connection.run(f"TRUNCATE ALL TABLES FROM {{private}} LIKE '{_OF_ONE_TRY}'")
    _read_marks(store, cleared, highest_mark)
    zones = zones_of(store)
    rows = connection.rows(
        f"SELECT kind, count(), max(toMonday({zones.date('hour')})) FROM {{private}}.round_marks GROUP BY kind"
    )
    marked = {kind: int(number) for kind, number, _ in rows}
    latest = max((week for kind, _, week in rows if kind != "plan"), default=_EPOCH)
    scope = Scope("{private}", "{private}", "{open}", zones, "", visible=visible(connection))
    scope = replace(scope, feeds=_derive_all_subjects(store, marked, scope, counters, version))
    _touch_persons(store, marked)
    if "pulse" in marked:
        _touch_answers(store, zones)
    scope = replace(scope, last_week=_reach_last_week(store, zones, counters["last_week"], latest).isoformat())
    touched = {kind for (kind,) in connection.rows("SELECT DISTINCT subject FROM {private}.round_touched")}
    concerned = [definition for definition in definitions if any(side.subject in touched for side in definition.reads)]
    rules, below = processing(connection, concerned), _below(connection)
    written, sealed = _derive_cells(store, concerned, scope, rules, below, version)
    _derive_hands(store, concerned, scope, rules, below, version)
    # the marks last: a round that dies before is done again
    store.raise_counter("cleared", highest_mark)
    if highest_mark // _MARKS > cleared // _MARKS:
        _drop_marks(connection, highest_mark)
    connection.run("TRUNCATE ALL TABLES FROM {private} LIKE 'round_%'")
    return Round(sum(marked.values()), written, sealed)


def _drop_marks(connection: Connection, highest_mark: int) -> None:
    """Drop the partitions of marks that hold none above a number."""
    for (partition,) in connection.rows(
        "SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = {db:String} AND table = 'marks' "
        "AND toUInt64(partition) < intDiv({upto:UInt64}, {most:UInt64})",
        db=connection.zones.private,
        upto=highest_mark,
        most=_MARKS,
    ):
        connection.run(f"ALTER TABLE {{private}}.marks DROP PARTITION ID '{partition}'")


def _read_marks(store: PrivateStore, cleared: int, highest_mark: int) -> None:
    """Fill round_marks; find contents that lost against another of their identity, and mark where they stood."""
    connection = store.connection
    marks = f"{{private}}.marks WHERE sequence > {cleared} AND sequence <= {highest_mark}"
    connection.run(
        f"INSERT INTO {{private}}.round_marks SELECT DISTINCT kind, system, subject, unit, hour FROM {marks}"
    )
    contested = f"""
        SELECT event FROM {{private}}.deliveries
        WHERE event IN (SELECT event FROM {{private}}.deliveries WHERE batch IN (SELECT DISTINCT batch FROM {marks}))
        GROUP BY event HAVING uniqExact(snapshot, content) > 1"""
    if not connection.rows(f"SELECT 1 FROM ({contested}) LIMIT 1"):
        return
    # what is contested by halves of hashes is looked at whole in the raw events: two of them may share a half
    contested_events = f"{EVENT} IN ({contested})"
    connection.run(
        f"""INSERT INTO {{private}}.superseded
        SELECT identity, pair.1, pair.2, pair.3 FROM (
            SELECT identity, groupUniqArray((snapshot, content, import, revision)) AS contents,
                   arrayJoin(arrayDistinct(arrayFlatten(arrayMap(
                       l -> arrayMap(w -> (l.1, l.2, w.3),
                                     arrayFilter(w -> (w.1, w.4) > (l.1, l.4)
                                                      OR ((w.1, w.4) = (l.1, l.4) AND w.2 < l.2), contents)),
                       contents)))) AS pair
            FROM {{private}}.events WHERE {contested_events} GROUP BY identity)"""
    )
    connection.run(
        "INSERT INTO {private}.round_marks (kind, system, subject, unit, hour) "
        + marks_in("{private}.events", contested_events)
    )


def _derive_all_subjects(
    store: PrivateStore, marked: Collection[str], scope: Scope, counters: Mapping[str, int], version: int
) -> feeds.Feeds:
    """Replace the rows of all marked subjects; what systems have then, of which what is new or gone is touched."""
    kept_feeds, first_try = feeds.kept(store)
    earlier = kept_feeds if first_try is None else first_try
    doubted = first_try is not None or counters["feeds_doubted"] > counters["feeds_checked"]
    if first_try is None:
        feeds.note(store, earlier)
    later = dict(earlier)
    for subject in STORED:
        if subject.name in marked:
            counts_before, counts_now = _derive_subjects(store, subject, scope, version)
            later[subject.name] = later.get(subject.name, frozenset()) | set(counts_now)
            doubted |= any(counts_now.get(system, 0) < number for system, number in counts_before.items())
    if doubted:
        later |= dict.fromkeys({*later, *(subject.name for subject in STORED), *feeds.OF_PERSONS}, frozenset())
        later |= feeds.looked_for(store, scope.visible)
    else:
        for feed, systems in _fed_by_persons(store, marked, scope).items():
            later[feed] = later.get(feed, frozenset()) | systems
    changed = {feed: earlier.get(feed, frozenset()) ^ systems for feed, systems in later.items()}
    _touch_feeds(store, frozenset().union(*changed.values()) - {""})
    feeds.keep(store, kept_feeds, later, version)
    if counters["feeds_doubted"] > counters["feeds_checked"]:
        store.raise_counter("feeds_checked", counters["feeds_doubted"])
    return later


def _derive_subjects(
    store: PrivateStore, subject: Subject, scope: Scope, version: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Replace the rows of the marked subjects, and note the days at which they stood before and stand now.

    How many of them each system had before, and has now.
    """
    connection = store.connection
    kind = subject.name
    table = f"{{private}}.{subject.table}"
    columns = ", ".join(subject.stored)
    live_rows = f"""(SELECT * FROM (
        SELECT * FROM {table} WHERE {_MARKED % kind} ORDER BY version DESC LIMIT 1 BY system, subject)
        WHERE NOT is_deleted)"""
    count = f"SELECT system, count() FROM {live_rows} GROUP BY system"
    days = ", ".join(
        f"if(isNull({moment}), NULL, {scope.zones.date(f'assumeNotNull({moment})')})" for moment in subject.moments
    )
    touch = f"""INSERT INTO {{private}}.round_touched
        SELECT DISTINCT '{kind}', unit, system, assumeNotNull(day), true
        FROM (SELECT unit, system, arrayJoin([{days}]) AS day FROM {live_rows}) WHERE isNotNull(day)"""
    # touched before and after: a subject that moved leaves one cell and enters another
    counts_before = dict(connection.rows(count))
    if counts_before:
        connection.run(touch)
        connection.run(
            f"INSERT INTO {table} ({columns}, version, is_deleted) SELECT {columns}, {version - 1}, 1 FROM {live_rows}"
        )
    events = winners(scope, f"'{kind}'", _MARKED % kind)
    connection.run(
        f"INSERT INTO {table} ({columns}, version, is_deleted) "
        f"SELECT {columns}, {version}, 0 FROM ({subject_rows(subject, events, '{open}')})"
    )
    connection.run(touch)
    return counts_before, dict(connection.rows(count))


def _fed_by_persons(store: PrivateStore, marked: Collection[str], scope: Scope) -> feeds.Feeds:
    """What systems have of persons by what is marked."""
    branches = []
    if "training" in marked:
        branches.append(
            f"""SELECT 'training', system FROM {{private}}.events
            WHERE kind = 'training' AND {_MARKED % "training"} AND retracted = 0 AND {scope.visible} GROUP BY system"""
        )
    if "act" in marked:
        branches.append(
            f"""SELECT 'legacy', system FROM {{private}}.persons_by_day
            WHERE what = 'earlier' AND {scope.visible} AND (system, unit) IN (
                SELECT system, unit FROM {{private}}.round_marks WHERE kind = 'act')
              AND week IN (SELECT toMonday(toDate(hour)) FROM {{private}}.round_marks WHERE kind = 'act')
            GROUP BY system"""
        )
    fed = {feed: frozenset({""}) for feed, kind in (("presence", "presence"), ("answer", "pulse")) if kind in marked}
    for feed, system in store.connection.rows(" UNION ALL ".join(branches)) if branches else ():
        fed[feed] = fed.get(feed, frozenset()) | {system}
    return fed


def _touch_feeds(store: PrivateStore, systems: Collection[str]) -> None:
    """A system whose first subject came, or whose last one went, has figures in all weeks of its people, or none."""
    if systems:
        store.connection.run(
            """INSERT INTO {private}.round_touched
            SELECT DISTINCT 'person', unit, system, toDate(valid_from), true
            FROM {private}.events WHERE kind = 'eligibility' AND system IN {systems:Array(String)}""",
            systems=sorted(systems),
        )


def _touch_answers(store: PrivateStore, zones: Zones) -> None:
    """A survey touches the days of all of its answers."""
    store.connection.run(
        f"""INSERT INTO {{private}}.round_touched
        SELECT DISTINCT 'answer', unit, system, {zones.date("time")}, true
        FROM {{private}}.events WHERE kind = 'pulse' AND {_MARKED % "pulse"}"""
    )


def _touch_persons(store: PrivateStore, marked: Collection[str]) -> None:
    """Acts touch their own days; eligibility and presence touch what every content of theirs ever covered."""
    connection = store.connection
    if "act" in marked:
        connection.run(
            """INSERT INTO {private}.round_touched
            SELECT DISTINCT 'person', unit, system, arrayJoin([toDate(hour) - 1, toDate(hour), toDate(hour) + 1]), false
            FROM {private}.round_marks WHERE kind = 'act'"""  # an act's local day is its UTC day or one beside it
        )
    places = "SELECT DISTINCT unit, system, actor FROM {private}.events WHERE kind = 'eligibility'"
    for kind, onwards, by in (
        ("eligibility", "true", "unit"),
        ("presence", "false", "unit"),
        ("presence", "false", "actor"),
    ):
        if kind not in marked:
            continue
        # who is at work, and how many belong to a unit, bears on every system of the unit or of the person
        connection.run(
            f"""INSERT INTO {{private}}.round_touched
            SELECT DISTINCT 'person', place.unit, place.system, toDate(valid_from), {onwards}
            FROM {{private}}.events AS e INNER JOIN ({places}) AS place ON place.{by} = e.{by}
            WHERE e.kind = '{kind}' AND (e.system, e.subject) IN (
                SELECT system, subject FROM {{private}}.round_marks WHERE kind = '{kind}')"""
        )
    if "training" in marked:
        # a course bears on all who took it, wherever they belong, from the day on
        connection.run(
            f"""INSERT INTO {{private}}.round_touched
            SELECT DISTINCT 'person', place.unit, place.system, toDate(e.time) - 1, true
            FROM {{private}}.events AS e
            INNER JOIN ({places}) AS place ON place.actor = e.actor AND place.system = e.system
            WHERE e.kind = 'training' AND (e.system, e.subject) IN (
                SELECT system, subject FROM {{private}}.round_marks WHERE kind = 'training')"""
        )
    if "plan" in marked:
        connection.run(
            "INSERT INTO {private}.round_touched SELECT DISTINCT 'plan', unit, system, valid_from, true "
            "FROM {open}.planned_workplaces"
        )


def _reach_last_week(store: PrivateStore, zones: Zones, previous: int, latest: date) -> date:
    """Move the last week on from `previous` to `latest`, if that is later; touch what stands from the week before."""
    connection = store.connection
    if (latest - _EPOCH).days <= previous:
        return _EPOCH + timedelta(days=previous)
    if previous:
        since = f"toDate({previous})"
        connection.run(
            f"""INSERT INTO {{private}}.round_touched
            SELECT DISTINCT 'client', unit, system, {since}, true FROM {{private}}.clients
            UNION DISTINCT
            SELECT DISTINCT 'plan', unit, system, {since}, true FROM {{open}}.planned_workplaces
            UNION DISTINCT
            SELECT DISTINCT 'person', unit, system, {since}, true FROM {{private}}.events WHERE kind = 'eligibility'
            UNION DISTINCT
            SELECT DISTINCT arrayJoin(['case', 'ticket', 'person']), unit, system, {since} - 7 * number, false
            FROM (SELECT DISTINCT unit, system FROM {{private}}.cells) AS places CROSS JOIN numbers(53) AS weeks
            UNION DISTINCT
            SELECT DISTINCT 'case', unit, system, {zones.date("expires_at")}, true
            FROM {{private}}.cases FINAL WHERE expires_at >= {since}"""
        )
    else:  # a plan that was marked before the first event came had no week yet to stand in
        connection.run(
            "INSERT INTO {private}.round_touched SELECT DISTINCT 'plan', unit, system, valid_from, true "
            "FROM {open}.planned_workplaces"
        )
    store.raise_counter("last_week", (latest - _EPOCH).days)  # after what it touches: a repeated round must see it
    return latest


def _derive_cells(
    store: PrivateStore, definitions: Sequence[Definition], scope: Scope, rules: Processing, below: Below, version: int
) -> tuple[int, int]:
    """Replace the touched cells of all indicators; how many were written, and how many are sealed."""
    connection = store.connection
    _list_touched(store, "cells", definitions, scope, rules)
    places, sealed = _Places.of(connection, "cells", below)
    connection.run(
        f"""INSERT INTO {{private}}.cells ({_CELL}, {_FIGURES}, computed, is_deleted)
        SELECT {_CELL}, {_FIGURES}, {version - 1}, 1 FROM {{private}}.cells FINAL
        WHERE (indicator, version, grain, unit, system, period) IN (
            SELECT indicator, version, grain, unit, system, period FROM {{private}}.round_cells)"""
    )
    wanted = places.wanted(definition for definition in definitions if _has_feed(definition, scope))
    list_persons(store, wanted, scope, places.near(scope))
    for several in together(wanted):
        anew = cells(several, places.scope(scope, several), places.near(scope))
        connection.run(
            f"""INSERT INTO {{private}}.cells ({_CELL}, {_FIGURES}, computed, is_deleted)
            SELECT {_CELL}, {_FIGURES}, {version}, 0 FROM ({anew})"""
        )
    written = connection.value(f"SELECT count() FROM {{private}}.cells WHERE computed = {version} AND NOT is_deleted")
    return int(written), sealed


def _derive_hands(
    store: PrivateStore, definitions: Sequence[Definition], scope: Scope, rules: Processing, below: Below, version: int
) -> None:
    """Replace the touched counts of who handled and who asked."""
    connection = store.connection
    handled = [definition.of_every_level for definition in definitions if definition.counts_hands]
    _list_touched(store, "hands", handled, scope, rules)
    places, _ = _Places.of(connection, "hands", below)
    connection.run(
        f"""INSERT INTO {{private}}.hands ({_PLACE}, {_HANDS}, computed, is_deleted)
        SELECT {_PLACE}, {_HANDS}, {version - 1}, 1 FROM {{private}}.hands FINAL
        WHERE (indicator, version, grain, unit, system, period) IN (
            SELECT indicator, version, grain, unit, system, period FROM {{private}}.round_hands)"""
    )
    wanted = places.wanted(handled)
    if wanted:
        anew = hands(wanted, places.scope(scope, wanted), places.near(scope))
        connection.run(
            f"""INSERT INTO {{private}}.hands ({_PLACE}, {_HANDS}, computed, is_deleted)
            SELECT {_PLACE}, {_HANDS}, {version}, 0 FROM ({anew})"""
        )


def _below(connection: Connection) -> Below:
    rows = connection.rows("SELECT ancestor, groupUniqArray(unit) FROM {open}.unit_paths GROUP BY ancestor")
    return {ancestor: frozenset(units) for ancestor, units in rows}


@dataclass(frozen=True, slots=True)
class _Places:
    """What a working list holds that is computed anew, by indicator, version and grain.

    Of each the first and the last period and the units; `below` are the units at or under each of them. It stands in
    the text of statements: to ask for it in every one of them would cost more than what they compute.
    """

    table: seals.Table
    reaches: Mapping[tuple[str, int, str], tuple[date, date, frozenset[str]]]
    below: Below

    @classmethod
    def of(cls, connection: Connection, table: seals.Table, below: Below) -> tuple[_Places, int]:
        """What a working list holds once sealed places have left it, and how many have."""
        query = f"""SELECT indicator, version, grain, minIf(period, computes), maxIf(period, computes),
                   groupUniqArrayIf(unit, computes), countIf(NOT ({seals.unsealed(table=table)}))
            FROM {{private}}.round_{table} GROUP BY indicator, version, grain"""
        rows = connection.rows(query)
        sealed = sum(int(row[-1]) for row in rows)
        if sealed:
            seals.leave_out(connection, table)
            rows = connection.rows(query)
        reaches = {tuple(key): (first, last, frozenset(units)) for *key, first, last, units, _ in rows if units}
        return cls(table, reaches, below), sealed

    def wanted(self, definitions: Iterable[Definition]) -> Wanted:
        """Of some indicators those of which anything is computed anew, and the grains."""
        touched = [
            (
                definition,
                [grain for grain in definition.grains if (definition.id, definition.version, grain) in self.reaches],
            )
            for definition in definitions
        ]
        return [(definition, grains) for definition, grains in touched if grains]

    def near(self, scope: Scope) -> Near:
        """The scope limited to places of some indicators, when they are told."""
        return lambda wanted: self.scope(scope, wanted)

    def scope(self, scope: Scope, wanted: Wanted) -> Scope:
        """The scope limited to the places of some indicators."""
        reaches: dict[str, tuple[date, date]] = {}
        levels: frozenset[str] = frozenset()
        for definition, grains in wanted:
            for grain in grains:
                first_day, last_day, units = self.reaches[definition.id, definition.version, grain]
                earlier_first, earlier_last = reaches.get(grain, (first_day, last_day))
                reaches[grain] = min(first_day, earlier_first), max(last_day, earlier_last)
                levels |= units
        touched = f"""SELECT indicator, version, grain, unit, system, period FROM {{private}}.round_{self.table}
            WHERE computes AND indicator IN {listed(definition.id for definition, _ in wanted)}"""
        units = levels.union(*(self.below.get(unit, ()) for unit in levels))
        return replace(scope, touched=touched, reaches=reaches, levels=_named(levels), units=_named(units))


def _named(units: frozenset[str]) -> tuple[str, ...] | None:
    """Units in order, where they are few enough to be named in a statement."""
    return tuple(sorted(units)) if len(units) <= _NAMED else None


def together(wanted: Wanted) -> Iterator[Wanted]:
    """Indicators that are computed in one statement: each costs more to plan than it reads."""
    by_rows = sorted(wanted, key=lambda member: str(next(iter(alike([member])))))
    several: list[tuple[Definition, Sequence[str]]] = []
    for member in by_rows:
        if several and len(alike([*several, member])) > _TOGETHER:
            yield several
            several = []
        several.append(member)
    if several:
        yield several


def _has_feed(definition: Definition, scope: Scope) -> bool:
    """Whether there is anything that the indicator needs; without it none of its cells is there."""
    if definition.numerator.subject == "answer" and not scope.has("answer"):
        return False
    if definition.needs_feed and not scope.has(definition.numerator.subject):
        return False
    return not definition.feed or scope.has(definition.feed)


def _list_touched(
    store: PrivateStore, table: seals.Table, definitions: Sequence[Definition], scope: Scope, rules: Processing
) -> None:
    """Fill a working list of touched places."""
    if not definitions:
        return
    wanted = [(definition, definition.grains) for definition in definitions]
    touched = touched_places(wanted, "SELECT * FROM {private}.round_touched", "{open}", scope.last_week)
    by_condition: dict[str, list[str]] = {}
    for definition, grains in wanted:
        for grain in grains:
            members = by_condition.setdefault(rules.condition(definition, grain), [])
            members.append(f"('{definition.id}', '{grain}')")
    branches = ", ".join(
        f"(indicator, grain) IN ({', '.join(members)}), {condition}" for condition, members in by_condition.items()
    )
    computes = f"multiIf({branches}, 0)" if len(by_condition) > 1 else next(iter(by_condition))
    store.connection.run(
        f"""INSERT INTO {{private}}.round_{table} (indicator, version, grain, unit, system, period, computes)
        SELECT indicator, version, grain, unit, system, period, {computes} FROM ({touched})"""
    )


def list_persons(store: PrivateStore, wanted: Wanted, scope: Scope, near: Near | None = None) -> None:
    """Fill round_persons for every grain and window that indicators need: of what is `near`, or everything.

    Where it is everything, a statement lists one grain at a time, for it holds them in memory.
    """
    of_persons = [
        (definition, grains)
        for definition, grains in wanted
        if any(SUBJECTS[side.subject].per_period for side in definition.reads)
    ]
    habits = {
        definition.window_weeks
        for definition, _ in of_persons
        if any("weeks_" in f"{side.value} {side.where}" for side in definition.reads)
    }
    if not of_persons:
        return
    needed = kinds(of_persons)
    for several in ([kind] for kind in needed) if near is None else [needed]:
        rows = person_rows(several, scope if near is None else near(of_persons), habits)
        store.connection.run(f"INSERT INTO {{private}}.round_persons {rows}")
