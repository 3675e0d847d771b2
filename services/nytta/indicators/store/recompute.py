"""One round of recomputation: marks are read, subjects and cells derived anew from raw, marks cleared.

Nothing is incremented. A round that dies half-way is repeated: its marks still stand, newer versions win, and what it
had noted as touched is kept, because the subjects that stood there may have moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from nytta.indicators.definition import Definition
from nytta.indicators.periods import GRAINS
from nytta.indicators.store import seals
from nytta.indicators.store.processing import processed, processed_hands
from nytta.indicators.store.render import (
    Scope,
    Zones,
    cells,
    fed,
    hands,
    person_rows,
    subject_rows,
    touched_periods,
    winners,
)
from nytta.indicators.subjects import STORED, SUBJECTS, Subject
from nytta.ingest.store.counted import visible
from nytta.ingest.store.private import PrivateStore, marks_in

_EPOCH = date(1970, 1, 1)
_OF_ONE_TRY = ("round_marks", "round_cells", "round_hands", "round_persons")
_CELL = "indicator, version, grain, system, unit, case_type, part, period"
_FIGURES = "numerator, denominator, subjects, persons, numerator_keys, denominator_keys"
_PLACE = "indicator, version, grain, system, unit, case_type, period"
_HANDS = "handlers, most_by_one, requesters"
_TOGETHER = 12
"""Queries in one statement: more would hold more rows in memory at a time."""

_MARKED = "(system, subject) IN (SELECT system, subject FROM {private}.round_marks WHERE kind = '%s')"


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
    return Zones({n: f"SELECT unit FROM {{open}}.units WHERE timezone = '{n}'" for n in names})


def last_week(store: PrivateStore) -> date:
    """Monday of the latest event's local week."""
    return _EPOCH + timedelta(days=store.counter("last_week"))


def recompute(store: PrivateStore, definitions: Sequence[Definition]) -> Round:
    """Compute every cell that the marks touch, and clear these marks."""
    connection = store.connection
    cleared = store.counter("cleared")
    upto = int(connection.value("SELECT max(sequence) FROM {private}.marks"))
    if upto <= cleared:
        return Round(0, 0)
    version = store.counter("version") + 2
    store.raise_counter("version", version)
    _clear_lists(store, *_OF_ONE_TRY)
    _read_marks(store, cleared, upto)
    marks = int(connection.value("SELECT count() FROM {private}.round_marks"))
    zones = zones_of(store)
    scope = Scope("{private}", "{private}", "{open}", zones, "", visible=visible(store.connection))
    for subject in STORED:
        fed = _fed_before(store, subject)
        _derive_subjects(store, subject, scope, version)
        _touch_feeds(store, fed ^ _systems(store, subject))
    _touch_persons(store)
    _touch_answers(store, zones)
    _touch_persons_feeds(store, definitions, scope)
    scope = replace(scope, last_week=_reach_last_week(store, zones).isoformat())
    written, sealed = _derive_cells(store, definitions, scope, version)
    _derive_hands(store, definitions, scope, version)
    store.raise_counter("cleared", upto)
    for (partition,) in connection.rows(
        "SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = {db:String} AND table = 'marks' "
        "AND toUInt64(partition) < intDiv({upto:UInt64}, 1000)",
        db=connection.zones.private,
        upto=upto,
    ):
        connection.run(f"ALTER TABLE {{private}}.marks DROP PARTITION ID '{partition}'")
    _clear_lists(store, *_OF_ONE_TRY, "round_touched")
    return Round(marks, written, sealed)


def _clear_lists(store: PrivateStore, *tables: str) -> None:
    for table in tables:
        store.connection.run(f"TRUNCATE TABLE {{private}}.{table}")


def _read_marks(store: PrivateStore, cleared: int, upto: int) -> None:
    """Fill round_marks; find contents that lost against another of their identity, and mark where they stood."""
    connection = store.connection
    these = f"{{private}}.marks WHERE sequence > {cleared} AND sequence <= {upto}"
    connection.run(
        f"INSERT INTO {{private}}.round_marks SELECT DISTINCT kind, system, subject, unit, hour FROM {these}"
    )
    contested = f"""
        SELECT identity FROM {{private}}.identities
        WHERE identity IN (
            SELECT identity FROM {{private}}.identities WHERE batch IN (SELECT DISTINCT batch FROM {these}))
        GROUP BY identity HAVING uniqExact(snapshot, content) > 1"""
    if not connection.rows(f"SELECT 1 FROM ({contested}) LIMIT 1"):
        return
    connection.run(
        f"""INSERT INTO {{private}}.superseded
        SELECT identity, pair.1, pair.2, pair.3 FROM (
            SELECT identity, groupUniqArray((snapshot, content, import, revision)) AS contents,
                   arrayJoin(arrayDistinct(arrayFlatten(arrayMap(
                       l -> arrayMap(w -> (l.1, l.2, w.3),
                                     arrayFilter(w -> (w.1, w.4) > (l.1, l.4)
                                                      OR ((w.1, w.4) = (l.1, l.4) AND w.2 < l.2), contents)),
                       contents)))) AS pair
            FROM {{private}}.identities WHERE identity IN ({contested}) GROUP BY identity)"""
    )
    connection.run(
        "INSERT INTO {private}.round_marks (kind, system, subject, unit, hour) "
        + marks_in("{private}.events", f"identity IN ({contested})")
    )


def _derive_subjects(store: PrivateStore, subject: Subject, scope: Scope, version: int) -> None:
    """Replace the rows of the marked subjects, and note the days at which they stood before and stand now."""
    connection = store.connection
    kind = subject.name
    if not _marked(store, subject):
        return
    table = f"{{private}}.{subject.table}"
    columns = ", ".join(subject.stored)
    live = f"""(SELECT * FROM (
        SELECT * FROM {table} WHERE {_MARKED % kind} ORDER BY version DESC LIMIT 1 BY system, subject)
        WHERE NOT is_deleted)"""
    days = ", ".join(f"if(isNull({m}), NULL, {scope.zones.date(f'assumeNotNull({m})')})" for m in subject.moments)
    touch = f"""INSERT INTO {{private}}.round_touched
        SELECT DISTINCT '{kind}', unit, system, assumeNotNull(day), true
        FROM (SELECT unit, system, arrayJoin([{days}]) AS day FROM {live}) WHERE isNotNull(day)"""
    connection.run(touch)
    connection.run(
        f"INSERT INTO {table} ({columns}, version, is_deleted) SELECT {columns}, {version - 1}, 1 FROM {live}"
    )
    events = winners(scope, f"'{kind}'", _MARKED % kind)
    connection.run(
        f"INSERT INTO {table} ({columns}, version, is_deleted) "
        f"SELECT {columns}, {version}, 0 FROM ({subject_rows(subject, events, '{open}')})"
    )
    connection.run(touch)


def _fed_before(store: PrivateStore, subject: Subject) -> set[str]:
    """Systems that had subjects of a kind before the round, or before the first try of it that died."""
    if not _marked(store, subject):
        return set()
    note = f"fed {subject.name}"
    noted = store.connection.rows("SELECT system FROM {private}.round_touched WHERE subject = {note:String}", note=note)
    if noted:
        return {system for (system,) in noted} - {""}
    fed = _systems(store, subject)
    rows = [[note, "", system, _EPOCH, False] for system in sorted({"", *fed})]
    store.connection.insert("{private}.round_touched", ["subject", "unit", "system", "day", "onwards"], rows)
    return fed


def _systems(store: PrivateStore, subject: Subject) -> set[str]:
    """Systems that have subjects of a kind."""
    if not _marked(store, subject):
        return set()
    rows = store.connection.rows(f"SELECT DISTINCT system FROM {{private}}.{subject.table} FINAL")
    return {system for (system,) in rows}


def _marked(store: PrivateStore, subject: Subject) -> bool:
    return bool(store.connection.rows(f"SELECT 1 FROM {{private}}.round_marks WHERE kind = '{subject.name}' LIMIT 1"))


def _touch_feeds(store: PrivateStore, systems: set[str]) -> None:
    """A system whose first subject came, or whose last one went, has figures in all weeks of its people, or none."""
    if systems:
        store.connection.run(
            """INSERT INTO {private}.round_touched
            SELECT DISTINCT 'person', unit, system, toDate(valid_from), true
            FROM {private}.events WHERE kind = 'eligibility' AND system IN {systems:Array(String)}""",
            systems=sorted(systems),
        )


def _touch_persons_feeds(store: PrivateStore, definitions: Sequence[Definition], scope: Scope) -> None:
    """The same of indicators that need events of persons: what they had before, their cells tell."""
    for definition in definitions:
        if definition.feed:
            now = {system for (system,) in store.connection.rows(fed(definition.feed, scope))}
            had = store.connection.rows(
                "SELECT DISTINCT system FROM {private}.cells FINAL "
                "WHERE indicator = {id:String} AND version = {version:UInt16}",
                id=definition.id,
                version=definition.version,
            )
            _touch_feeds(store, now ^ {system for (system,) in had})


def _touch_answers(store: PrivateStore, zones: Zones) -> None:
    """A survey touches the days of all of its answers."""
    store.connection.run(
        f"""INSERT INTO {{private}}.round_touched
        SELECT DISTINCT 'answer', unit, system, {zones.date("time")}, true
        FROM {{private}}.events WHERE kind = 'pulse' AND {_MARKED % "pulse"}"""
    )


def _touch_persons(store: PrivateStore) -> None:
    """Acts touch their own days; eligibility and presence touch what every content of theirs ever covered."""
    connection = store.connection
    connection.run(
        """INSERT INTO {private}.round_touched
        SELECT DISTINCT 'person', unit, system, arrayJoin([toDate(hour) - 1, toDate(hour), toDate(hour) + 1]), false
        FROM {private}.round_marks WHERE kind = 'act'"""  # the local day of an act is its UTC day or one beside it
    )
    places = "SELECT DISTINCT unit, system, actor FROM {private}.events WHERE kind = 'eligibility'"
    for kind, onwards, by in (
        ("eligibility", "true", "unit"),
        ("presence", "false", "unit"),
        ("presence", "false", "actor"),
    ):
        # who is at work, and how many belong to a unit, bears on every system of the unit or of the person
        connection.run(
            f"""INSERT INTO {{private}}.round_touched
            SELECT DISTINCT 'person', place.unit, place.system, toDate(valid_from), {onwards}
            FROM {{private}}.events AS e INNER JOIN ({places}) AS place ON place.{by} = e.{by}
            WHERE e.kind = '{kind}' AND (e.system, e.subject) IN (
                SELECT system, subject FROM {{private}}.round_marks WHERE kind = '{kind}')"""
        )
    # a course bears on all who took it, wherever they belong, from the day on
    connection.run(
        f"""INSERT INTO {{private}}.round_touched
        SELECT DISTINCT 'person', place.unit, place.system, toDate(e.time) - 1, true
        FROM {{private}}.events AS e
        INNER JOIN ({places}) AS place ON place.actor = e.actor AND place.system = e.system
        WHERE e.kind = 'training' AND (e.system, e.subject) IN (
            SELECT system, subject FROM {{private}}.round_marks WHERE kind = 'training')"""
    )
    if connection.rows("SELECT 1 FROM {private}.round_marks WHERE kind = 'plan' LIMIT 1"):
        connection.run(
            "INSERT INTO {private}.round_touched SELECT DISTINCT 'plan', unit, system, valid_from, true "
            "FROM {open}.planned_workplaces"
        )


def _reach_last_week(store: PrivateStore, zones: Zones) -> date:
    """Move the last week on, if the marks say so, and touch what stands from the week before."""
    connection = store.connection
    before = store.counter("last_week")
    latest = connection.rows(
        f"SELECT max(toMonday({zones.date('hour')})), count() FROM {{private}}.round_marks WHERE kind != 'plan'"
    )[0]
    if not latest[1] or (latest[0] - _EPOCH).days <= before:
        return last_week(store)
    if before:
        since = f"toDate({before})"
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
    store.raise_counter("last_week", (latest[0] - _EPOCH).days)  # after what it touches: a repeated round must see it
    return latest[0]  # type: ignore[no-any-return]


def _derive_cells(
    store: PrivateStore, definitions: Sequence[Definition], scope: Scope, version: int
) -> tuple[int, int]:
    """Replace the touched cells of all indicators; how many were written, and how many are sealed."""
    connection = store.connection
    _list_touched(store, "round_cells", definitions, scope)
    sealed = seals.leave_out(connection)
    rows = connection.rows("SELECT DISTINCT indicator, version, grain FROM {private}.round_cells")
    touched = {(indicator, number, grain) for indicator, number, grain in rows}
    connection.run(
        f"""INSERT INTO {{private}}.cells ({_CELL}, {_FIGURES}, computed, is_deleted)
        SELECT {_CELL}, {_FIGURES}, {version - 1}, 1 FROM {{private}}.cells FINAL
        WHERE (indicator, version, grain, unit, system, period) IN (
            SELECT indicator, version, grain, unit, system, period FROM {{private}}.round_cells)"""
    )
    list_persons(store, definitions, scope)
    fed = {definition.id for definition in definitions if _has_feed(store, definition, scope)}
    anew = [
        processed(definition, grain, cells(definition, grain, _touched(scope, "round_cells", definition, grain)))
        for definition in definitions
        for grain in definition.grains
        if (definition.id, definition.version, grain) in touched and definition.id in fed
    ]
    for several in together(anew):
        connection.run(
            f"""INSERT INTO {{private}}.cells ({_CELL}, {_FIGURES}, computed, is_deleted)
            SELECT {_CELL}, {_FIGURES}, {version}, 0 FROM ({several})"""
        )
    written = connection.value(f"SELECT count() FROM {{private}}.cells WHERE computed = {version} AND NOT is_deleted")
    return int(written), sealed


def _derive_hands(store: PrivateStore, definitions: Sequence[Definition], scope: Scope, version: int) -> None:
    """Replace the touched counts of who handled and who asked."""
    connection = store.connection
    handled = [definition.of_every_level for definition in definitions if definition.counts_hands]
    _list_touched(store, "round_hands", handled, scope)
    seals.leave_out(connection, "hands")
    rows = connection.rows("SELECT DISTINCT indicator, version FROM {private}.round_hands")
    touched = {(indicator, number) for indicator, number in rows}
    connection.run(
        f"""INSERT INTO {{private}}.hands ({_PLACE}, {_HANDS}, computed, is_deleted)
        SELECT {_PLACE}, {_HANDS}, {version - 1}, 1 FROM {{private}}.hands FINAL
        WHERE (indicator, version, grain, unit, system, period) IN (
            SELECT indicator, version, grain, unit, system, period FROM {{private}}.round_hands)"""
    )
    anew = [
        processed_hands(definition, GRAINS, hands(definition, _touched_hands(scope, definition), GRAINS))
        for definition in handled
        if (definition.id, definition.version) in touched
    ]
    for several in together(anew):
        connection.run(
            f"""INSERT INTO {{private}}.hands ({_PLACE}, {_HANDS}, computed, is_deleted)
            SELECT {_PLACE}, {_HANDS}, {version}, 0 FROM ({several})"""
        )


def _touched_hands(scope: Scope, definition: Definition) -> Scope:
    """The scope limited to the places, of any grain, whose hands are to be counted."""
    own = f"indicator = '{definition.id}' AND version = {definition.version}"
    return replace(scope, touched=f"SELECT grain, unit, system, period FROM {{private}}.round_hands WHERE {own}")


def together(texts: Sequence[str]) -> Iterator[str]:
    """The rows of several queries as few queries: each statement costs more than a small query does."""
    for first in range(0, len(texts), _TOGETHER):
        yield " UNION ALL ".join(f"SELECT * FROM ({text})" for text in texts[first : first + _TOGETHER])


def _touched(scope: Scope, table: str, definition: Definition, grain: str) -> Scope:
    """The scope limited to the places of a working list."""
    own = f"indicator = '{definition.id}' AND version = {definition.version} AND grain = '{grain}'"
    return replace(scope, touched=f"SELECT unit, system, period FROM {{private}}.{table} WHERE {own}")


def _has_feed(store: PrivateStore, definition: Definition, scope: Scope) -> bool:
    """Whether there is anything that the indicator needs; without it none of its cells is there."""
    if definition.numerator.subject == "answer":
        return bool(store.connection.rows("SELECT 1 FROM {private}.events WHERE kind = 'pulse' LIMIT 1"))
    return not definition.feed or bool(store.connection.rows(f"{fed(definition.feed, scope)} LIMIT 1"))


def _list_touched(store: PrivateStore, table: str, definitions: Sequence[Definition], scope: Scope) -> None:
    """Fill a working list of touched places; indicators that are touched alike are listed by one statement."""
    alike: dict[tuple[str, str], list[Definition]] = {}
    for definition in definitions:
        for grain in definition.grains:
            touched = touched_periods(
                definition, grain, "SELECT * FROM {private}.round_touched", "{open}", scope.last_week
            )
            alike.setdefault((grain, touched), []).append(definition)
    for (grain, touched), group in alike.items():
        names = ", ".join(f"('{d.id}', {d.version})" for d in group)
        store.connection.run(
            f"""INSERT INTO {{private}}.{table}
            SELECT d.1, d.2, '{grain}', unit, system, period FROM ({touched}) ARRAY JOIN [{names}] AS d"""
        )


def list_persons(
    store: PrivateStore,
    definitions: Sequence[Definition],
    scope: Scope,
    grains: Sequence[str] | None = None,
    *,
    everything: bool = False,
) -> None:
    """Fill round_persons for every grain and window that a definition needs: touched cells only, or everything."""
    needed = {
        (grain, d.window_weeks if grain == "window" else 0)
        for d in definitions
        if any(SUBJECTS[side.subject].per_period for side in d.reads)
        for grain in grains or d.grains
    }
    for grain, window in sorted(needed):
        touched = ""
        if not everything:
            touched = f"SELECT DISTINCT unit, system, period FROM {{private}}.round_cells WHERE grain = '{grain}'"
            if not store.connection.rows(f"{touched} LIMIT 1"):
                continue
        store.connection.run(
            f"""INSERT INTO {{private}}.round_persons
            SELECT '{grain}', {window}, * FROM ({person_rows(grain, replace(scope, touched=touched), window)})"""
        )
