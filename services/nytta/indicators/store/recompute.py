"""One round of recomputation: marks are read, subjects and cells derived anew from raw, marks cleared.

Nothing is incremented. A round that dies half-way is repeated: its marks still stand, newer versions win, and what it
had noted as touched is kept, because the subjects that stood there may have moved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from nytta.indicators.definition import Definition
from nytta.indicators.periods import GRAINS
from nytta.indicators.store import feeds, seals
from nytta.indicators.store.processing import Processing, processing
from nytta.indicators.store.render import (
    Scope,
    Zones,
    cells,
    hands,
    person_rows,
    subject_rows,
    touched_periods,
    winners,
)
from nytta.indicators.subjects import STORED, SUBJECTS, Subject
from nytta.ingest.store.counted import EVENT, visible
from nytta.ingest.store.private import PrivateStore, marks_in
from nytta.storage.client import Connection

_EPOCH = date(1970, 1, 1)
_OF_ONE_TRY = "round_%s"
"""Working lists that a further try of a round fills anew: all but `round_touched`."""
_CELL = "indicator, version, grain, system, unit, case_type, part, period"
_FIGURES = "numerator, denominator, subjects, persons, numerator_keys, denominator_keys"
_PLACE = "indicator, version, grain, system, unit, case_type, period"
_HANDS = "handlers, most_by_one, requesters"
_TOGETHER = 12
"""Queries in one statement: more would hold more rows in memory at a time."""

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
    _list_touched(store, "round_cells", definitions, scope, rules)
    sealed = seals.leave_out(connection)
    connection.run(
        f"""INSERT INTO {{private}}.cells ({_CELL}, {_FIGURES}, computed, is_deleted)
        SELECT {_CELL}, {_FIGURES}, {version - 1}, 1 FROM {{private}}.cells FINAL
        WHERE (indicator, version, grain, unit, system, period) IN (
            SELECT indicator, version, grain, unit, system, period FROM {{private}}.round_cells)"""
    )
    places = _Places.of(connection, "round_cells", below, ("grain",))
    fed_definitions = [definition for definition in definitions if _has_feed(definition, scope)]
    list_persons(store, fed_definitions, scope, places=places)
    anew = [
        cells(definition, grain, places.scope(scope, "round_cells", definition, grain))
        for definition in fed_definitions
        for grain in definition.grains
        if places.any(definition, grain)
    ]
    for several in together(anew):
        connection.run(
            f"""INSERT INTO {{private}}.cells ({_CELL}, {_FIGURES}, computed, is_deleted)
            SELECT {_CELL}, {_FIGURES}, {version}, 0 FROM ({several})"""
        )
    written = connection.value(f"SELECT count() FROM {{private}}.cells WHERE computed = {version} AND NOT is_deleted")
    return int(written), sealed


def _derive_hands(
    store: PrivateStore, definitions: Sequence[Definition], scope: Scope, rules: Processing, below: Below, version: int
) -> None:
    """Replace the touched counts of who handled and who asked."""
    connection = store.connection
    handled = [definition.of_every_level for definition in definitions if definition.counts_hands]
    _list_touched(store, "round_hands", handled, scope, rules)
    seals.leave_out(connection, "hands")
    places = _Places.of(connection, "round_hands", below)
    connection.run(
        f"""INSERT INTO {{private}}.hands ({_PLACE}, {_HANDS}, computed, is_deleted)
        SELECT {_PLACE}, {_HANDS}, {version - 1}, 1 FROM {{private}}.hands FINAL
        WHERE (indicator, version, grain, unit, system, period) IN (
            SELECT indicator, version, grain, unit, system, period FROM {{private}}.round_hands)"""
    )
    anew = [
        hands(definition, places.scope(scope, "round_hands", definition), GRAINS)
        for definition in handled
        if places.any(definition)
    ]
    for several in together(anew):
        connection.run(
            f"""INSERT INTO {{private}}.hands ({_PLACE}, {_HANDS}, computed, is_deleted)
            SELECT {_PLACE}, {_HANDS}, {version}, 0 FROM ({several})"""
        )


def _below(connection: Connection) -> Below:
    rows = connection.rows("SELECT ancestor, groupUniqArray(unit) FROM {open}.unit_paths GROUP BY ancestor")
    return {ancestor: frozenset(units) for ancestor, units in rows}


@dataclass(frozen=True, slots=True)
class _Places:
    """What a working list holds that is computed anew, by indicator, version and what else it is told apart by.

    Of each the first and the last period and the units; `below` are the units at or under each of them. It stands in
    the text of statements: to ask for it in every one of them would cost more than what they compute.
    """

    found: Mapping[tuple[object, ...], tuple[date, date, frozenset[str]]]
    below: Below

    @classmethod
    def of(cls, connection: Connection, table: str, below: Below, also: tuple[str, ...] = ()) -> _Places:
        """What a working list holds now."""
        names = ", ".join(("indicator", "version", *also))
        rows = connection.rows(
            f"SELECT [{', '.join(f'toString({name})' for name in ('indicator', 'version', *also))}], min(period), "
            f"max(period), groupUniqArray(unit) FROM {{private}}.{table} WHERE computes GROUP BY {names}"
        )
        return cls(
            {tuple(key): (first_day, last_day, frozenset(units)) for key, first_day, last_day, units in rows}, below
        )

    def any(self, definition: Definition, *also: str) -> bool:
        """Whether anything of an indicator is computed anew."""
        return (definition.id, str(definition.version), *also) in self.found

    def scope(self, scope: Scope, table: str, definition: Definition, *grain: str) -> Scope:
        """The scope limited to the places of a working list."""
        first_day, last_day, units = self.found[(definition.id, str(definition.version), *grain)]
        condition = f"indicator = '{definition.id}' AND version = {definition.version} AND computes"
        key_columns = "unit, system, period"
        if grain:
            condition += f" AND grain = '{grain[0]}'"
        else:
            key_columns = f"grain, {key_columns}"
        touched = f"SELECT {key_columns} FROM {{private}}.{table} WHERE {condition}"
        return replace(scope, touched=touched, reach=(first_day, last_day), units=self._units(units))

    def persons(self, scope: Scope, grain: str) -> Scope | None:
        """The scope limited to all places of a grain; None where there are none."""
        places = [place for key, place in self.found.items() if key[2] == grain]
        if not places:
            return None
        touched = (
            f"SELECT DISTINCT unit, system, period FROM {{private}}.round_cells WHERE grain = '{grain}' AND computes"
        )
        reach = min(first_day for first_day, _, _ in places), max(last_day for _, last_day, _ in places)
        units = frozenset().union(*(units for _, _, units in places))
        return replace(scope, touched=touched, reach=reach, units=self._units(units))

    def _units(self, units: frozenset[str]) -> tuple[str, ...] | None:
        """The units whose subjects these need, where they are few enough to be named."""
        with_units_below = units.union(*(self.below.get(unit, ()) for unit in units))
        return tuple(sorted(with_units_below)) if len(with_units_below) <= _NAMED else None


def together(texts: Sequence[str]) -> Iterator[str]:
    """The rows of several queries as few queries: each statement costs more than a small query does."""
    for start in range(0, len(texts), _TOGETHER):
        yield " UNION ALL ".join(f"SELECT * FROM ({text})" for text in texts[start : start + _TOGETHER])


def _has_feed(definition: Definition, scope: Scope) -> bool:
    """Whether there is anything that the indicator needs; without it none of its cells is there."""
    if definition.numerator.subject == "answer" and not scope.has("answer"):
        return False
    if definition.needs_feed and not scope.has(definition.numerator.subject):
        return False
    return not definition.feed or scope.has(definition.feed)


def _list_touched(
    store: PrivateStore, table: str, definitions: Sequence[Definition], scope: Scope, rules: Processing
) -> None:
    """Fill a working list of touched places; indicators that are touched alike are listed by one query."""
    groups: dict[tuple[str, str, str], list[Definition]] = {}
    for definition in definitions:
        for grain in definition.grains:
            touched = touched_periods(
                definition, grain, "SELECT * FROM {private}.round_touched", "{open}", scope.last_week
            )
            groups.setdefault((grain, touched, rules.condition(definition, grain)), []).append(definition)
    queries = [
        f"""SELECT d.1, d.2, '{grain}', unit, system, period, {condition}
        FROM ({touched}) ARRAY JOIN [{", ".join(f"('{member.id}', {member.version})" for member in group)}] AS d"""
        for (grain, touched, condition), group in groups.items()
    ]
    for several in together(queries):
        store.connection.run(
            f"""INSERT INTO {{private}}.{table} (indicator, version, grain, unit, system, period, computes)
            {several}"""
        )


def list_persons(
    store: PrivateStore,
    definitions: Sequence[Definition],
    scope: Scope,
    grains: Sequence[str] | None = None,
    *,
    places: _Places | None = None,
) -> None:
    """Fill round_persons for every grain and window that a definition needs: of places, or everything."""
    needed = {
        (grain, definition.window_weeks if grain == "window" else 0)
        for definition in definitions
        if any(SUBJECTS[side.subject].per_period for side in definition.reads)
        for grain in grains or definition.grains
        if places is None or places.any(definition, grain)
    }
    habits = {
        definition.window_weeks
        for definition in definitions
        if any("weeks_" in f"{side.value} {side.where}" for side in definition.reads)
    }
    queries = []
    for grain, window in sorted(needed):
        limited = scope if places is None else places.persons(scope, grain)
        if limited is not None:
            rows = person_rows(grain, limited, window, habits=window in habits)
            queries.append(f"SELECT '{grain}', {window}, * FROM ({rows})")
    for several in queries if places is None else together(queries):
        store.connection.run(f"INSERT INTO {{private}}.round_persons {several}")
