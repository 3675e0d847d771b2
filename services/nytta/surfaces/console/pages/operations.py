"""Operations: sources, rejects, lag, what was judged, what was held back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from nytta.disclosure.published.values import OpenStore
from nytta.registry.roles import Permission
from nytta.surfaces.console import queries
from nytta.surfaces.console.figure_texts import short_week, why_hidden
from nytta.surfaces.console.pages.alerts import organisations
from nytta.surfaces.console.parts import Link, Speaker, Table, Tile
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.services import Replayed, Services
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.console.words import has_words
from nytta.surfaces.problems import in_language
from nytta.surfaces.reports import figures

_UNUSUAL = {"silent": "bad", "low": "risk", "high": "risk"}
"""States of a source that does not deliver as it usually does, with their icon."""
_WAITING = ("learning", "resting", "ended", "gone")
"""States in which nothing is said of how a source delivers."""
_ROUNDS = {"good": "good", "degraded": "risk", "concealed": "risk", "waiting": "early", "ended": "early"}
"""Icons of the states of a source that is asked; of all others it is that of what fails."""
_COUNTED = ("rows", "unplaced", "rejected", "hidden")
"""What a round counts, in the order of the columns."""
_SHOWN = 200
_UNITS = 12
"""Units that a source is said to feed by their names."""


@dataclass(frozen=True, slots=True)
class Operations:
    """How the platform is."""

    organisation: str
    organisations: tuple[Link, ...]
    tiles: tuple[Tile, ...]
    sources: Table
    rounds: Table | None
    """Sources that are asked; None where there is none."""
    feeds: Table | None
    """What each of these feeds, and its own count beside ours."""
    rejects: Table
    reasons: tuple[tuple[str, str, str, str], ...]
    details: Table | None
    may_replay: bool
    statuses: Table
    judged: Table
    deliveries: Table
    imports: Table
    replayed: str


def operations(
    store: OpenStore,
    services: Services,
    reading: Reading,
    visitor: Visitor,
    query: Mapping[str, str],
    replayed: Replayed | None = None,
) -> Operations:
    """The page; with a reason in the query, rejects of that reason one by one."""
    say, language = Speaker(visitor.language), visitor.language
    all_sources, imports = services.sources(), services.imports()
    # of sources that name no unit anybody knows, every organisation hears: it may be its own that fails
    sources = [
        source for source in all_sources if not source["organisations"] or reading.root in source["organisations"]
    ]
    strange = {str(source["source"]) for source in all_sources} - {str(source["source"]) for source in sources}
    rounds = [
        asked_source
        for asked_source in services.rounds()
        if str(asked_source["source"]) not in strange and asked_source["organisation"] in ("", reading.root)
    ]
    rejected = [row for row in queries.rejected(store) if str(row["source"]) not in strange]
    behind, evaluated = services.behind(), queries.evaluated_week(store, reading.root)
    states = _states(queries.delivering(store), all_sources, rounds, visitor.day)
    late = sum(states[str(source["source"])] in _UNUSUAL for source in sources)
    number = sum(int(row["number"]) for row in rejected)
    may_replay = visitor.may(Permission.MAINTAIN, reading.root)
    tiles = (
        Tile(say("tile_sources"), str(len(sources)), say("tile_sources_note", n=late), "risk" if late else "good"),
        Tile(
            say("tile_rejects"),
            figures.whole_number(number, language),
            say("tile_rejects_note"),
            "risk" if number else "good",
        ),
        Tile(say("tile_lag"), say("seconds", n=round(behind)), say("tile_lag_note")),
        Tile(say("tile_judged"), (evaluated and short_week(datetime.fromisoformat(evaluated).date(), language)) or "–"),
    )
    replay_text = ""
    if replayed is not None:
        still = ", ".join(f"{_reason(reason, say)} {count}" for reason, count in replayed.still.items())
        replay_text = say("replayed", tried=replayed.tried, passed=replayed.passed)
        if still:
            replay_text += " " + say("replayed_still", still=still)
    return Operations(
        reading.root,
        tuple(organisations(visitor, Permission.PLATFORM, "/operations")),
        tiles,
        _sources(sources, states, say, language),
        _rounds(rounds, say),
        _feeds(rounds, services, reading, say),
        _rejects(rejected, say, language),
        tuple(
            (str(row["source"]), str(row["reason"]), _reason(row["reason"], say), str(row["number"]))
            for row in rejected
        ),
        _details(services, query, say) if query.get("reason") else None,
        may_replay,
        _coverage(reading, say),
        _counted("judged_caption", "unjudged", queries.not_assessed(store, reading.root, reading.week), say, language),
        Table(
            say("deliveries_caption"),
            (say("col_channel"), say("col_state"), say("col_number")),
            tuple(
                (channel, say(f"delivery_{state}") if has_words(f"delivery_{state}") else state, str(count))
                for channel, state, count in queries.deliveries(store, reading.root)
            ),
            (2,),
        ),
        _imports(
            [import_row for import_row in imports if import_row["organisation"] in ("", reading.root)], say, language
        ),
        replay_text,
    )


def _reason(reason: object, say: Speaker) -> str:
    key = f"reject_{reason}"
    return say(key) if has_words(key) else str(reason).replace("_", " ")


def when(moment: Any) -> str:
    """A moment in UTC, to the minute."""
    if moment is None:
        return "–"
    return f"{moment:%Y-%m-%d %H:%M}"


def _states(
    delivering: Mapping[str, str], sources: Sequence[Mapping[str, Any]], rounds: Sequence[Mapping[str, Any]], day: date
) -> dict[str, str]:
    """How each source delivers; `ended` where it was declared so, `gone` where nothing is of the last half year."""
    ended = {str(asked_source["source"]) for asked_source in rounds if asked_source["state"] == "ended"}
    last = {str(source["source"]): source["last_event"] for source in sources}
    half_year_ago = day - timedelta(weeks=26)
    unseen = {source: "gone" if at and at.date() < half_year_ago else "learning" for source, at in last.items()}
    return {**unseen, **delivering, **dict.fromkeys(ended, "ended")}


def _sources(sources: Sequence[Mapping[str, Any]], states: Mapping[str, str], say: Speaker, language: str) -> Table:
    rows = []
    for source in sources:
        state = states[str(source["source"])]
        days = 0.0
        if source["first_event"] and source["last_event"]:
            days = max(1.0, (source["last_event"] - source["first_event"]).total_seconds() / 86400)
        rate = figures.whole_number(int(source["events"]) / days, language) if days else "–"
        rows.append(
            (
                str(source["source"]) or "–",
                Link(say(f"source_{state}"), icon=_UNUSUAL.get(state, "early" if state in _WAITING else "good")),
                when(source["last_event"]),
                when(source["last_received"]),
                figures.whole_number(int(source["events"]), language),
                rate,
                figures.whole_number(int(source["rejects"]), language),
            )
        )
    columns = ("source", "state", "last_event", "last_received", "events", "per_day", "rejects")
    return Table(say("sources_caption"), tuple(say(f"col_{column}") for column in columns), tuple(rows), (4, 5, 6))


def _rounds(rounds: Sequence[Mapping[str, Any]], say: Speaker) -> Table | None:
    """How the last round of each source that is asked went, and when the next is."""
    if not rounds:
        return None
    rows: tuple[tuple[str | Link, ...], ...] = tuple(
        (
            str(asked_source["source"]),
            _state_of(asked_source, say),
            when(asked_source["last_good"]),
            _age(asked_source["age"], say),
            when(asked_source["next"]),
            *(figures.whole_number(int(asked_source.get(name) or 0), say.language) for name in _COUNTED),
            str(asked_source["message"]) or "–",
        )
        for asked_source in rounds
    )
    columns = ("source", "state", "last_good", "lag", "next_round", "rows", "unplaced", "rejects", "hidden", "detail")
    return Table(say("rounds_caption"), tuple(say(f"col_{column}") for column in columns), rows, (3, 5, 6, 7, 8))


def _state_of(asked_source: Mapping[str, Any], say: Speaker) -> Link:
    """The state of a source that is asked; one that is muted or ended by a date says so."""
    state, muted_until = str(asked_source["state"]), asked_source["muted_until"]
    text = say(f"round_{state}")
    if state == "ended" and asked_source["ended_on"]:
        text += f" {asked_source['ended_on']}"
    icon = _ROUNDS.get(state, "bad")
    if asked_source["looked"]:
        text, icon = f"{text}; {say('round_not_compared')}", "risk" if icon == "good" else icon
    if muted_until:
        return Link(f"{text} ({say('muted_until', day=muted_until)})", icon="early")
    return Link(text, icon=icon)


def _age(age: timedelta | None, say: Speaker) -> str:
    """The time since a source was last read, in minutes, hours or days."""
    if age is None:
        return "–"
    minutes = max(0, round(age.total_seconds() / 60))
    if minutes < 120:
        return say("age_minutes", n=minutes)
    return say("age_hours", n=minutes // 60) if minutes < 2880 else say("age_days", n=minutes // 1440)


def _feeds(rounds: Sequence[Mapping[str, Any]], services: Services, reading: Reading, say: Speaker) -> Table | None:
    """The indicators and units of the own organisation that each source feeds, and its own count beside ours."""
    if not rounds:
        return None
    titles: dict[str, str] = {one.id: getattr(one.title, say.language) for one in services.definitions()}
    rows: tuple[tuple[str | Link, ...], ...] = tuple(
        (
            str(asked_source["source"]),
            ", ".join(titles[indicator] for indicator in asked_source["indicators"] if indicator in titles) or "–",
            _units(asked_source["units"].get(reading.root, ()), reading, say),
            *(_count(asked_source[name], say) for name in ("listed", "standing")),
            when(asked_source["compared"]),
            ", ".join(asked_source["drift"]) or "–",
            str(asked_source["verified_on"] or "–"),
        )
        for asked_source in rounds
    )
    columns = ("source", "feeds", "units_fed", "listed", "standing", "compared", "drift", "verified_on")
    return Table(say("feeds_caption"), tuple(say(f"col_{column}") for column in columns), rows, (3, 4))


def _units(units: Sequence[str], reading: Reading, say: Speaker) -> str:
    """The names of the first units, and that there are others."""
    names = [reading.unit_names(unit).text(say.language) for unit in units[:_UNITS]]
    return (", ".join(names) + (say("and_more") if len(units) > _UNITS else "")) or "–"


def _count(number: int | None, say: Speaker) -> str:
    return "–" if number is None else figures.whole_number(int(number), say.language)


def _rejects(rejected: Sequence[Mapping[str, Any]], say: Speaker, language: str) -> Table:
    rows = tuple(
        (
            str(row["source"]) or "–",
            Link(_reason(row["reason"], say), f"/operations?reason={row['reason']}&source={row['source']}#rejects"),
            figures.whole_number(int(row["number"]), language),
            when(row["last"]),
        )
        for row in rejected
    )
    columns = tuple(say(f"col_{column}") for column in ("source", "reason", "number", "last_received"))
    return Table(say("rejects_caption"), columns, rows, (2,))


def _details(services: Services, query: Mapping[str, str], say: Speaker) -> Table:
    rows = services.rejects(query["reason"], query.get("source", ""), _SHOWN)
    return Table(
        say("details_caption", reason=_reason(query["reason"], say), n=len(rows)),
        tuple(say(f"col_{column}") for column in ("source", "position", "detail")),
        tuple(
            (str(row["source"]) or "–", str(row["position"]), in_language(str(row["detail"]), say.language))
            for row in rows
        ),
    )


def _coverage(reading: Reading, say: Speaker) -> Table:
    """Figures of the last windows: how many are shown, and why the others are not."""
    numbers: Counter[str] = Counter()
    for status, reason, number in reading.coverage:  # several statuses may have one reason
        numbers[why_hidden(reason, status)] += number
    rows = tuple((say(name), figures.whole_number(number, say.language)) for name, number in numbers.items())
    return Table(say("statuses_caption"), (say("col_what"), say("col_number")), rows, (1,))


def _counted(caption: str, prefix: str, rows: Sequence[tuple[str, int]], say: Speaker, language: str) -> Table:
    def name(code: str) -> str:
        key = f"{prefix}_{code}"
        return say(key) if has_words(key) else code.replace("_", " ")

    columns = (say("col_what"), say("col_number"))
    return Table(
        say(caption), columns, tuple((name(code), figures.whole_number(count, language)) for code, count in rows), (1,)
    )


def _imports(imports: Sequence[Mapping[str, Any]], say: Speaker, language: str) -> Table:
    rows = tuple(
        (
            str(import_row["name"]),
            str(import_row["mapping"]),
            say("import_complete" if import_row["state"] == "complete" else "import_interrupted"),
            *(
                figures.whole_number(int(import_row[count_name]), language)
                for count_name in ("read", "accepted", "duplicate", "rejected")
            ),
            when(import_row["updated_at"]),
        )
        for import_row in reversed(imports)
    )
    columns = ("file", "mapping", "state", "read", "accepted", "duplicate", "rejected", "at")
    return Table(say("imports_caption"), tuple(say(f"col_{column}") for column in columns), rows[:50], (3, 4, 5, 6))
