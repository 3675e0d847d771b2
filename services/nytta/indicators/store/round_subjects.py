"""Subjects of a round: those that are marked are derived anew, and the days and places that they touch are noted.

Noted are the places where a subject stood before and where it stands now: it leaves one cell and enters another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from nytta.indicators.store import feeds
from nytta.indicators.store.render.scope import Scope, Zones, subject_rows, winners
from nytta.indicators.subjects import STORED, Subject
from nytta.ingest.store.private import PrivateStore

_EPOCH = date(1970, 1, 1)
_MARKED = (
    "(system, subject) IN (SELECT system, subject FROM {private}.round_marks WHERE kind = '%s')"
)


def derive_all_subjects(
    store: PrivateStore,
    marked: Collection[str],
    scope: Scope,
    counters: Mapping[str, int],
    version: int,
) -> feeds.Feeds:
    """Replace the rows of all marked subjects; what systems have then, of which what is new or gone is touched."""
    # what a try of this round that died had begun with: what is kept now may hold half of its changes
    kept_feeds, first_try = feeds.kept(store)
    earlier = kept_feeds if first_try is None else first_try
    # only then all subjects are looked at; else what is marked tells what came, and nothing can be gone
    doubted = first_try is not None or counters["feeds_doubted"] > counters["feeds_checked"]
    if first_try is None:
        feeds.note(store, earlier)
    later = dict(earlier)
    for subject in STORED:
        if subject.name in marked:
            counts_before, counts_now = _derive_subjects(store, subject, scope, version)
            later[subject.name] = later.get(subject.name, frozenset()) | set(counts_now)
            doubted |= any(
                counts_now.get(system, 0) < number for system, number in counts_before.items()
            )
    if doubted:
        later |= dict.fromkeys(
            {*later, *(subject.name for subject in STORED), *feeds.OF_PERSONS}, frozenset()
        )
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
    subject_kind = subject.name
    table = f"{{private}}.{subject.table}"
    columns = ", ".join(subject.stored)
    live_rows = f"""(SELECT * FROM (
        SELECT * FROM {table} WHERE {_MARKED % subject_kind} ORDER BY version DESC LIMIT 1 BY system, subject)
        WHERE NOT is_deleted)"""
    count_query = f"SELECT system, count() FROM {live_rows} GROUP BY system"
    days = ", ".join(
        f"if(isNull({moment}), NULL, {scope.zones.date(f'assumeNotNull({moment})')})"
        for moment in subject.moments
    )
    touch = f"""INSERT INTO {{private}}.round_touched
        SELECT DISTINCT '{subject_kind}', unit, system, assumeNotNull(day), true
        FROM (SELECT unit, system, arrayJoin([{days}]) AS day FROM {live_rows}) WHERE isNotNull(day)"""
    # touched before and after: a subject that moved leaves one cell and enters another
    counts_before = dict(connection.rows(count_query))
    if counts_before:
        connection.run(touch)
        connection.run(
            f"INSERT INTO {table} ({columns}, version, is_deleted) SELECT {columns}, {version - 1}, 1 FROM {live_rows}"
        )
    events = winners(scope, f"'{subject_kind}'", _MARKED % subject_kind)
    connection.run(
        f"INSERT INTO {table} ({columns}, version, is_deleted) "
        f"SELECT {columns}, {version}, 0 FROM ({subject_rows(subject, events, '{open}')})"
    )
    connection.run(touch)
    return counts_before, dict(connection.rows(count_query))


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
    fed: dict[str, frozenset[str]] = {}
    # of no single system: who is at work, and what was answered, is of whole units
    if "presence" in marked:
        fed["presence"] = frozenset({""})
    if "pulse" in marked:
        fed["answer"] = frozenset({""})
    if branches:
        for feed, system in store.connection.rows(" UNION ALL ".join(branches)):
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


def touch_answers(store: PrivateStore, zones: Zones) -> None:
    """A survey touches the days of all of its answers."""
    store.connection.run(
        f"""INSERT INTO {{private}}.round_touched
        SELECT DISTINCT 'answer', unit, system, {zones.date("time")}, true
        FROM {{private}}.events WHERE kind = 'pulse' AND {_MARKED % "pulse"}"""
    )


def touch_persons(store: PrivateStore, marked: Collection[str]) -> None:
    """Acts touch their own days; eligibility and presence touch what every content of theirs ever covered."""
    connection = store.connection
    if "act" in marked:
        # an act's local day is its UTC day or one beside it
        connection.run(
            """INSERT INTO {private}.round_touched
            SELECT DISTINCT 'person', unit, system, arrayJoin([toDate(hour) - 1, toDate(hour), toDate(hour) + 1]), false
            FROM {private}.round_marks WHERE kind = 'act'"""
        )
    eligible_places = (
        "SELECT DISTINCT unit, system, actor FROM {private}.events WHERE kind = 'eligibility'"
    )
    for event_kind, onwards, place_column in (
        ("eligibility", "true", "unit"),
        ("presence", "false", "unit"),
        ("presence", "false", "actor"),
    ):
        if event_kind not in marked:
            continue
        # who is at work, and how many belong to a unit, bears on every system of the unit or of the person
        connection.run(
            f"""INSERT INTO {{private}}.round_touched
            SELECT DISTINCT 'person', place.unit, place.system, toDate(valid_from), {onwards}
            FROM {{private}}.events AS e
            INNER JOIN ({eligible_places}) AS place ON place.{place_column} = e.{place_column}
            WHERE e.kind = '{event_kind}' AND (e.system, e.subject) IN (
                SELECT system, subject FROM {{private}}.round_marks WHERE kind = '{event_kind}')"""
        )
    if "training" in marked:
        # a course bears on all who took it, wherever they belong, from the day on
        connection.run(
            f"""INSERT INTO {{private}}.round_touched
            SELECT DISTINCT 'person', place.unit, place.system, toDate(e.time) - 1, true
            FROM {{private}}.events AS e
            INNER JOIN ({eligible_places}) AS place ON place.actor = e.actor AND place.system = e.system
            WHERE e.kind = 'training' AND (e.system, e.subject) IN (
                SELECT system, subject FROM {{private}}.round_marks WHERE kind = 'training')"""
        )
    if "plan" in marked:
        connection.run(
            "INSERT INTO {private}.round_touched SELECT DISTINCT 'plan', unit, system, valid_from, true "
            "FROM {open}.planned_workplaces"
        )


def reach_last_week(store: PrivateStore, zones: Zones, previous: int, latest: date) -> date:
    """Move the last week on from `previous` to `latest`, if that is later; touch what stands from the week before."""
    connection = store.connection
    if (latest - _EPOCH).days <= previous:
        return _EPOCH + timedelta(days=previous)
    if previous:
        previous_monday = f"toDate({previous})"
        connection.run(
            f"""INSERT INTO {{private}}.round_touched
            SELECT DISTINCT 'client', unit, system, {previous_monday}, true FROM {{private}}.clients
            UNION DISTINCT
            SELECT DISTINCT 'plan', unit, system, {previous_monday}, true FROM {{open}}.planned_workplaces
            UNION DISTINCT
            SELECT DISTINCT 'person', unit, system, {previous_monday}, true FROM {{private}}.events
            WHERE kind = 'eligibility'
            UNION DISTINCT
            SELECT DISTINCT arrayJoin(['case', 'ticket', 'person']), unit, system, {previous_monday} - 7 * number, false
            FROM (SELECT DISTINCT unit, system FROM {{private}}.cells) AS places CROSS JOIN numbers(53) AS weeks
            UNION DISTINCT
            SELECT DISTINCT 'case', unit, system, {zones.date("expires_at")}, true
            FROM {{private}}.cases FINAL WHERE expires_at >= {previous_monday}"""
        )
    else:  # a plan that was marked before the first event came had no week yet to stand in
        connection.run(
            "INSERT INTO {private}.round_touched SELECT DISTINCT 'plan', unit, system, valid_from, true "
            "FROM {open}.planned_workplaces"
        )
    # after what it touches: a repeated round must see it
    store.raise_counter("last_week", (latest - _EPOCH).days)
    return latest
