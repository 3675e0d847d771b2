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
from nytta.surfaces.console.figure_texts import number, short_week, why_hidden
from nytta.surfaces.console.pages.alerts import organisations
from nytta.surfaces.console.parts import Cell, Link, Speaker, Table, Tile
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.services import Replayed, Services
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.problems import in_language
from nytta.surfaces.reports import figures

_UNUSUAL = {"silent": "bad", "low": "risk", "high": "risk"}
"""States of a source that does not deliver as it usually does, with their icon."""
_WAITING = ("learning", "resting", "ended", "gone")
"""States in which nothing is said of how a source delivers."""
_ROUNDS = {
    "good": "good",
    "degraded": "risk",
    "concealed": "risk",
    "waiting": "early",
    "ended": "early",
}
"""Icons of the states of a source that is asked; of all others it is that of what fails."""
_COUNTED = ("rows", "unplaced", "rejected", "hidden")
"""What a round counts, in the order of the columns."""
_SHOWN = 200
"""Rejects of a reason that are shown one by one."""
_IMPORTS = 50
"""Imports that are shown, the latest."""
_UNITS = 12
"""Units that a source is said to feed by their names."""
_MINUTES_SHOWN, _HOURS_SHOWN = 120, 48
"""From so many on, an age is told in hours, and in days."""

Source = Mapping[str, Any]
"""A source of events: when it delivered, and how much."""
PullRound = Mapping[str, Any]
"""A source that is asked, with how its last round went."""


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
    say, root = Speaker(visitor.language), reading.root
    all_sources = services.sources()
    # of sources that name no unit anybody knows, every organisation hears: it may be its own that fails
    sources = [
        source
        for source in all_sources
        if not source["organisations"] or root in source["organisations"]
    ]
    strange = {str(source["source"]) for source in all_sources} - {
        str(source["source"]) for source in sources
    }
    rounds = [
        pull_round
        for pull_round in services.rounds()
        if str(pull_round["source"]) not in strange and pull_round["organisation"] in ("", root)
    ]
    rejected = [row for row in queries.rejected(store) if str(row["source"]) not in strange]
    imports = [
        import_row for import_row in services.imports() if import_row["organisation"] in ("", root)
    ]
    states = _states(queries.delivering(store), all_sources, rounds, visitor.day)
    reasons = tuple(
        (str(row["source"]), str(row["reason"]), _reason(row["reason"], say), str(row["number"]))
        for row in rejected
    )
    return Operations(
        root,
        tuple(organisations(visitor, Permission.PLATFORM, "/operations")),
        _tiles(
            sources, states, rejected, services.behind(), queries.evaluated_week(store, root), say
        ),
        _sources(sources, states, say),
        _rounds(rounds, say),
        _feeds(rounds, services, reading, say),
        _rejects(rejected, say),
        reasons,
        _details(services, query, say) if query.get("reason") else None,
        visitor.may(Permission.MAINTAIN, root),
        _coverage(reading, say),
        _unjudged(queries.not_assessed(store, root, reading.week), say),
        _deliveries(queries.deliveries(store, root), say),
        _imports(imports, say),
        _replayed_text(replayed, say),
    )


def _tiles(
    sources: Sequence[Source],
    states: Mapping[str, str],
    rejected: Sequence[Mapping[str, Any]],
    seconds_behind: float,
    evaluated_week: str,
    say: Speaker,
) -> tuple[Tile, ...]:
    unusual = sum(states[str(source["source"])] in _UNUSUAL for source in sources)
    rejects = sum(int(row["number"]) for row in rejected)
    reject_count = figures.whole_number(rejects, say.language)
    judged = "–"
    if evaluated_week:
        judged = short_week(datetime.fromisoformat(evaluated_week).date(), say.language)
    return (
        Tile(
            say("tile_sources"),
            str(len(sources)),
            say("tile_sources_note", n=unusual),
            "risk" if unusual else "good",
        ),
        Tile(
            say("tile_rejects"),
            reject_count,
            say("tile_rejects_note"),
            "risk" if rejects else "good",
        ),
        Tile(say("tile_lag"), say("seconds", n=round(seconds_behind)), say("tile_lag_note")),
        Tile(say("tile_judged"), judged),
    )


def _replayed_text(replayed: Replayed | None, say: Speaker) -> str:
    """What became of rejects that were tried again; '' where none were."""
    if replayed is None:
        return ""
    text = say("replayed", tried=replayed.tried, passed=replayed.passed)
    still = ", ".join(f"{_reason(reason, say)} {count}" for reason, count in replayed.still.items())
    return text + " " + say("replayed_still", still=still) if still else text


def _reason(reason: object, say: Speaker) -> str:
    return say.word_or(f"reject_{reason}", str(reason).replace("_", " "))


def when(moment: Any) -> str:
    """A moment in UTC, to the minute."""
    if moment is None:
        return "–"
    return f"{moment:%Y-%m-%d %H:%M}"


def _states(
    delivering: Mapping[str, str], sources: Sequence[Source], rounds: Sequence[PullRound], day: date
) -> dict[str, str]:
    """How each source delivers; `ended` where it was declared so, `gone` where nothing came of the last half year or in
    it."""
    half_year_ago = day - timedelta(weeks=26)
    states: dict[str, str] = {}
    for source in sources:
        # what a list of staff tells began years ago
        moments = [moment for moment in (source["last_event"], source["last_received"]) if moment]
        is_gone = bool(moments) and max(moments).date() < half_year_ago
        states[str(source["source"])] = "gone" if is_gone else "learning"
    ended = [str(pull_round["source"]) for pull_round in rounds if pull_round["state"] == "ended"]
    # what was declared stands over what was seen
    return {**states, **delivering, **dict.fromkeys(ended, "ended")}


def _sources(sources: Sequence[Source], states: Mapping[str, str], say: Speaker) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for source in sources:
        state = states[str(source["source"])]
        usual_icon = "early" if state in _WAITING else "good"
        events, rejects = int(source["events"]), int(source["rejects"])
        rows.append(
            (
                str(source["source"]) or "–",
                Link(say(f"source_{state}"), icon=_UNUSUAL.get(state, usual_icon)),
                when(source["last_event"]),
                when(source["last_received"]),
                figures.whole_number(events, say.language),
                _events_per_day(source, say.language),
                figures.whole_number(rejects, say.language),
            )
        )
    columns = say.columns(
        "source", "state", "last_event", "last_received", "events", "per_day", "rejects"
    )
    return Table(say("sources_caption"), columns, tuple(rows), (4, 5, 6))


def _events_per_day(source: Source, language: str) -> str:
    first_event, last_event = source["first_event"], source["last_event"]
    if not first_event or not last_event:
        return "–"
    # a source of one morning has not delivered a multiple of it per day
    days = max(1.0, (last_event - first_event) / timedelta(days=1))
    return figures.whole_number(int(source["events"]) / days, language)


def _rounds(rounds: Sequence[PullRound], say: Speaker) -> Table | None:
    """How the last round of each source that is asked went, and when the next is."""
    if not rounds:
        return None
    rows: list[tuple[Cell, ...]] = []
    for pull_round in rounds:
        counts = [int(pull_round.get(name) or 0) for name in _COUNTED]
        rows.append(
            (
                str(pull_round["source"]),
                _round_state(pull_round, say),
                when(pull_round["last_good"]),
                _age(pull_round["age"], say),
                when(pull_round["next"]),
                *(figures.whole_number(count, say.language) for count in counts),
                str(pull_round["message"]) or "–",
            )
        )
    columns = say.columns(
        *("source", "state", "last_good", "lag", "next_round"),
        *("rows", "unplaced", "rejects", "hidden", "detail"),
    )
    return Table(say("rounds_caption"), columns, tuple(rows), (3, 5, 6, 7, 8))


def _round_state(pull_round: PullRound, say: Speaker) -> Link:
    """The state of a source that is asked; one that is muted or ended by a date says so."""
    state, muted_until = str(pull_round["state"]), pull_round["muted_until"]
    text = say(f"round_{state}")
    if state == "ended" and pull_round["ended_on"]:
        text += f" {pull_round['ended_on']}"
    icon = _ROUNDS.get(state, "bad")
    if pull_round["looked"]:
        text = f"{text}; {say('round_not_compared')}"
        icon = "risk" if icon == "good" else icon
    if muted_until:
        return Link(f"{text} ({say('muted_until', day=muted_until)})", icon="early")
    return Link(text, icon=icon)


def _age(age: timedelta | None, say: Speaker) -> str:
    """The time since a source was last read, in minutes, hours or days."""
    if age is None:
        return "–"
    minutes = max(0, round(age.total_seconds() / 60))
    if minutes < _MINUTES_SHOWN:
        return say("age_minutes", n=minutes)
    if minutes < _HOURS_SHOWN * 60:
        return say("age_hours", n=minutes // 60)
    return say("age_days", n=minutes // (24 * 60))


def _feeds(
    rounds: Sequence[PullRound], services: Services, reading: Reading, say: Speaker
) -> Table | None:
    """The indicators and units of the own organisation that each source feeds, and its own count beside ours."""
    if not rounds:
        return None
    titles: dict[str, str] = {
        definition.id: getattr(definition.title, say.language)
        for definition in services.definitions()
    }
    rows: list[tuple[Cell, ...]] = []
    for pull_round in rounds:
        fed_titles = [
            titles[indicator] for indicator in pull_round["indicators"] if indicator in titles
        ]
        own_units = pull_round["units"].get(reading.root, ())
        rows.append(
            (
                str(pull_round["source"]),
                ", ".join(fed_titles) or "–",
                _unit_names(own_units, reading, say),
                number(pull_round["listed"], "", say.language),
                number(pull_round["standing"], "", say.language),
                when(pull_round["compared"]),
                ", ".join(pull_round["drift"]) or "–",
                str(pull_round["verified_on"] or "–"),
            )
        )
    columns = say.columns(
        *("source", "feeds", "units_fed", "listed", "standing"),
        *("compared", "drift", "verified_on"),
    )
    return Table(say("feeds_caption"), columns, tuple(rows), (3, 4))


def _unit_names(units: Sequence[str], reading: Reading, say: Speaker) -> str:
    """The names of the first units, and that there are others."""
    names = [reading.unit_names(unit).text(say.language) for unit in units[:_UNITS]]
    others = say("and_more") if len(units) > _UNITS else ""
    return (", ".join(names) + others) or "–"


def _rejects(rejected: Sequence[Mapping[str, Any]], say: Speaker) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for row in rejected:
        href = f"/operations?reason={row['reason']}&source={row['source']}#rejects"
        rows.append(
            (
                str(row["source"]) or "–",
                Link(_reason(row["reason"], say), href),
                figures.whole_number(int(row["number"]), say.language),
                when(row["last"]),
            )
        )
    columns = say.columns("source", "reason", "number", "last_received")
    return Table(say("rejects_caption"), columns, tuple(rows), (2,))


def _details(services: Services, query: Mapping[str, str], say: Speaker) -> Table:
    rejects = services.rejects(query["reason"], query.get("source", ""), _SHOWN)
    rows: list[tuple[Cell, ...]] = []
    for reject in rejects:
        detail = in_language(str(reject["detail"]), say.language)
        rows.append((str(reject["source"]) or "–", str(reject["position"]), detail))
    caption = say("details_caption", reason=_reason(query["reason"], say), n=len(rows))
    return Table(caption, say.columns("source", "position", "detail"), tuple(rows))


def _coverage(reading: Reading, say: Speaker) -> Table:
    """Figures of the last windows: how many are shown, and why the others are not."""
    numbers: Counter[str] = Counter()
    for (
        status,
        reason,
        number_of_figures,
    ) in reading.coverage:  # several statuses may have one reason
        numbers[why_hidden(reason, status)] += number_of_figures
    names = [(say(reason), count) for reason, count in numbers.items()]
    return _counts(say("statuses_caption"), names, say)


def _unjudged(counts: Sequence[tuple[str, int]], say: Speaker) -> Table:
    """How many figures detection did not judge, by the reason."""
    names = [
        (say.word_or(f"unjudged_{reason}", reason.replace("_", " ")), count)
        for reason, count in counts
    ]
    return _counts(say("judged_caption"), names, say)


def _counts(caption: str, counts: Sequence[tuple[str, int]], say: Speaker) -> Table:
    rows = tuple((name, figures.whole_number(count, say.language)) for name, count in counts)
    return Table(caption, say.columns("what", "number"), rows, (1,))


def _deliveries(deliveries: Sequence[tuple[str, str, int]], say: Speaker) -> Table:
    rows = tuple(
        (channel, say.word_or(f"delivery_{state}", state), str(count))
        for channel, state, count in deliveries
    )
    return Table(say("deliveries_caption"), say.columns("channel", "state", "number"), rows, (2,))


def _imports(imports: Sequence[Mapping[str, Any]], say: Speaker) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for import_row in list(reversed(imports))[:_IMPORTS]:
        state = "import_complete" if import_row["state"] == "complete" else "import_interrupted"
        counts = [int(import_row[name]) for name in ("read", "accepted", "duplicate", "rejected")]
        rows.append(
            (
                str(import_row["name"]),
                str(import_row["mapping"]),
                say(state),
                *(figures.whole_number(count, say.language) for count in counts),
                when(import_row["updated_at"]),
            )
        )
    columns = say.columns(
        "file", "mapping", "state", "read", "accepted", "duplicate", "rejected", "at"
    )
    return Table(say("imports_caption"), columns, tuple(rows), (3, 4, 5, 6))
