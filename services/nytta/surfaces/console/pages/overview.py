"""The overview: how an organisation stands, in five sentences, a map of units, what changed, what needs a decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Final, NamedTuple

from nytta.disclosure.published.peers import peer_band
from nytta.disclosure.published.values import OpenStore
from nytta.indicators.definition import Definition
from nytta.insight.alerts.model import Alert, State
from nytta.insight.benefits.decided import Word
from nytta.insight.benefits.forecast import WORDS, Status
from nytta.insight.states.combined import State as Use
from nytta.registry.roles import Permission
from nytta.surfaces.console.branches import Branch, Guide, Way, branch, every_place
from nytta.surfaces.console.figure_texts import FigureText, figure_text, week, why_hidden
from nytta.surfaces.console.pages import alerts as alert_pages
from nytta.surfaces.console.pages.channels import channel_mix
from nytta.surfaces.console.pages.legacy import legacy_apps
from nytta.surfaces.console.pages.service_figures import service_figures
from nytta.surfaces.console.pages.states import (
    CaseTypeMatrix,
    FollowUp,
    Pulse,
    Steps,
    case_type_matrix,
    exploited,
    follow_up,
    pulse,
    steps,
)
from nytta.surfaces.console.pages.trends import target, trend
from nytta.surfaces.console.parts import Cell, Chart, Link, Refused, Speaker, Table, Tile
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.reports import figures
from nytta.surfaces.reports.compose import document
from nytta.surfaces.reports.document import Block, Items, Text

_COLUMNS = 6
"""Indicators that a map shows."""
_URGENT = 4
_CHANGES = 12
_FURTHEST = 5
_TILES = 5
_SHOWN = ("ok", "rounded", "banded")


@dataclass(frozen=True, slots=True)
class MapRow:
    """A unit in tree order with a figure per column.

    `alert` leads to its most urgent open alert, `below` to the units below it that are not listed.
    """

    unit: Link
    depth: int
    cells: tuple[FigureText, ...]
    alert: Link | None
    below: Link | None
    group: bool


@dataclass(frozen=True, slots=True)
class Map:
    """The units of a system against its most telling indicators; `listed` says how many rows there are elsewhere."""

    system: str
    name: str
    columns: tuple[Link, ...]
    rows: tuple[MapRow, ...]
    signs: str
    listed: str


@dataclass(frozen=True, slots=True)
class Overview:
    """An organisation at a glance."""

    organisation: str
    name: str
    week: str
    others: tuple[Link, ...]
    sentences: tuple[str, ...]
    urgent: tuple[Link, ...]
    coverage: Table | None
    tiles: tuple[Tile, ...]
    charts: tuple[Chart, ...]
    guide: Guide | None
    maps: tuple[Map, ...]
    changes: tuple[Link, ...]
    decide: tuple[str, ...]
    matrices: tuple[CaseTypeMatrix, ...]
    services: Table | None
    legacy: Table | None
    pulse: Pulse | None
    steps: Steps | None
    decisions: FollowUp | None
    furthest: Table | None


def overview(
    store: OpenStore,
    reading: Reading,
    visitor: Visitor,
    query: Mapping[str, str] | None = None,
    *,
    whole: bool = False,
) -> Overview:
    """The overview of the reading's organisation, as far as the visitor may see it.

    The query chooses which places its lists show, unless the `whole` is asked for. What is counted is counted of all.
    """
    root, language = reading.root, visitor.language
    visible = visitor.visible(Permission.FIGURES)
    places = [place for place in reading.published.places(reading.day) if place in visible]
    if not places:
        raise Refused(403, "no_units")
    programme = visitor.may(Permission.PROGRAMME, root)
    way = Way("/", {"organisation": root}, query or {})
    listed = every_place(places) if whole else branch(reading, language, places, way)
    mapped = list(_mapped(reading, places))
    top_unit = root if root in places else places[0]
    trends = _trends(reading, visitor, top_unit, [system.id for system in mapped])
    mixes = [
        mix
        for system in mapped
        if (mix := channel_mix(store, reading, top_unit, system.id, language))
    ]
    report = _report(reading, language) if programme else ()
    gates = steps(reading, language, visible, listed) if programme else None
    return Overview(
        root,
        reading.unit_names(root).text(language),
        week(reading.week, language),
        tuple(_other_organisations(reading, visitor)),
        # what is the matter first, and then of how much it is said
        (
            *_sentences(reading, visitor, places, report, gates, programme=programme),
            *(mix.finding for mix in mixes[:1]),
            *_extent(reading, places, language),
        ),
        tuple(_urgent(reading, places, language)),
        _coverage_table(reading, Speaker(language)),
        tuple(_tiles(reading, visitor, places, programme=programme)),
        (*trends[:2], *mixes[:1]),
        listed.guide,
        tuple(_map(reading, visitor, system, listed) for system in mapped),
        tuple(_changes(reading, visitor, places, programme=programme)),
        # what the report of the benefits puts before the steering group
        tuple(text for block in report if isinstance(block, Items) for text in block.items),
        tuple(_matrices(reading, language, places, listed)) if programme else (),
        service_figures(reading, language) if programme else None,
        legacy_apps(reading, language, places, listed) if programme else None,
        pulse(reading, language, root) if programme else None,
        gates,
        follow_up(reading, language) if programme else None,
        _furthest(reading, visitor, mapped) if programme else None,
    )


def _trends(reading: Reading, visitor: Visitor, unit: str, systems: Sequence[str]) -> list[Chart]:
    """The most telling indicator of each system over the last year."""
    drawn = []
    for system in systems:
        indicator = reading.leading(unit, system)
        if indicator:
            drawn.append(trend(reading, visitor, unit, system, reading.definitions[indicator]))
    return drawn


def _other_organisations(reading: Reading, visitor: Visitor) -> Iterator[Link]:
    for root in visitor.roots(Permission.FIGURES):
        if root != reading.root:
            names = next(unit for unit in reading.registry.units if unit.id == root).names
            yield Link(names.text(visitor.language), f"/?organisation={root}")


def _matrices(
    reading: Reading, language: str, places: Sequence[str], listed: Branch
) -> Iterator[CaseTypeMatrix]:
    for system in reading.systems_of(places):
        matrix = case_type_matrix(reading, language, system, places, listed)
        if matrix is not None:
            yield matrix


class _Mapped(NamedTuple):
    """A system with the indicators that its map shows, and the places that have a row of any, in tree order."""

    id: str
    indicators: list[str]
    places: list[str]


def _mapped(reading: Reading, places: Sequence[str]) -> Iterator[_Mapped]:
    """The systems that show a figure of any place."""
    for system in reading.systems_of(places):
        indicators = _map_indicators(reading, system, places)
        if indicators:
            columns = [reading.figures(indicator, system) for indicator in indicators]
            rows = [place for place in places if any(place in figures for figures in columns)]
            yield _Mapped(system, indicators, rows)


def _map(reading: Reading, visitor: Visitor, mapped: _Mapped, listed: Branch) -> Map:
    say, language, system = Speaker(visitor.language), visitor.language, mapped.id
    depths = {unit.id: depth for unit, depth in reading.registry.tree(reading.day)}
    has_row = frozenset(mapped.places)
    shown = [place for place in listed.places if place in has_row]
    depth_of = {place: depths.get(reading.published.member(place), 0) for place in shown}
    # an opened branch stands as far out as the whole tree does
    outermost = min(depth_of.values(), default=0) if listed.guide else 0
    rows = []
    for place in shown:
        cells = tuple(
            figure_text(
                reading.row(indicator, place, system), reading.definitions[indicator], language
            )
            for indicator in mapped.indicators
        )
        alert = _most_urgent(reading.alerts_about(place, system), language)
        alerted = sum(
            bool(reading.alerts_about(other, system)) for other in listed.unlisted.get(place, ())
        )
        below = listed.below(place, say, alerted)
        is_group = reading.published.member(place) != place
        link = reading.unit_link(place, language)
        rows.append(MapRow(link, depth_of[place] - outermost, cells, alert, below, is_group))
    columns = []
    for indicator in mapped.indicators:
        title = getattr(reading.definitions[indicator].title, language)
        columns.append(Link(title, f"/indicators/{indicator}?system={system}&unit={reading.root}"))
    name = reading.system_names(system).text(language)
    signs = _signs((cell for row in rows for cell in row.cells), language)
    count = listed.listed(len(rows), len(has_row), say)
    return Map(system, name, tuple(columns), tuple(rows), signs, count)


def _map_indicators(reading: Reading, system: str, places: Sequence[str]) -> list[str]:
    """The most telling indicators of a system that show a figure of any place, shares before all others."""
    first_rows: dict[str, int] = {}
    for indicator in reading.measured(system):
        figures = reading.figures(indicator, system)
        if any(figures.get(place) is not None for place in places):
            first_rows[indicator] = next(
                number for number, place in enumerate(places) if place in figures
            )
    # what the uppermost unit has comes first; the sorts keep the order of what tells most
    indicators = sorted(first_rows, key=lambda indicator: first_rows[indicator])
    # colours of a map compare shares alone
    indicators.sort(
        key=lambda indicator: reading.definitions[indicator].display.unit_of_measure != "percent"
    )
    return indicators[:_COLUMNS]


def _most_urgent(alerts: Sequence[Alert], language: str) -> Link | None:
    if not alerts:
        return None
    alert = max(alerts, key=lambda alert: alert.urgency)
    return _alert_link(alert, alert_pages.state_name(alert, language))


def _alert_link(alert: Alert, text: str) -> Link:
    return Link(text, alert_pages.address(alert.id), alert_pages.icon(alert))


_SIGNS: Final = {
    "rounded": "~",
    "banded": "≤ ≥",
    "suppressed": "·",
    "grouped": "→",
    "not_approved": "×",
    "not_enough": "…",
    "none": "–",
}
"""Signs of a map by the words that say what they mean; every other status without a value has that of `not_enough`."""


def _signs(cells: Iterable[FigureText], language: str) -> str:
    """What the signs mean that stand in a map."""
    say = Speaker(language)
    statuses = {(cell.status, cell.value is None) for cell in cells}
    present = {
        status if status in _SIGNS else "not_enough"
        for status, empty in statuses
        if empty or status in _SIGNS
    }
    return "; ".join(
        f"{sign} {say(f'sign_{status}')}" for status, sign in _SIGNS.items() if status in present
    )


def _sentences(
    reading: Reading,
    visitor: Visitor,
    places: Sequence[str],
    report: Sequence[Block],
    gates: Steps | None,
    *,
    programme: bool,
) -> Iterator[str]:
    """What is the matter: alerts, and for the programme what states and statements say of the organisation."""
    say, language = Speaker(visitor.language), visitor.language
    open_alerts = reading.open_alerts(frozenset(places))
    new = [alert for alert in open_alerts if alert_pages.is_new(alert, reading)]
    if open_alerts:
        yield say("sum_alerts", n=len(open_alerts), waiting=_waiting(open_alerts), new=len(new))
    else:
        yield say("sum_no_alerts")
    if not programme:
        return
    unused = _unused(reading, places)
    if unused:
        yield say("sum_unused", n=len(unused))
    for system in reading.systems(reading.root):
        exploitation = exploited(reading, language, reading.root, system)
        if exploitation is not None and exploitation.left:
            yield exploitation.sentence
    if gates is not None:
        yield from gates.waiting
    yield from _statement_sentences(reading, report, say)


def _waiting(alerts: Sequence[Alert]) -> int:
    """How many of these alerts wait for an answer."""
    return sum(alert.state in (State.OPEN, State.ESCALATED) for alert in alerts)


def _unused(reading: Reading, places: Sequence[str]) -> set[str]:
    """Units below the organisation that could use a system, and do not."""
    unused = {
        row["unit"]
        for row in reading.states
        if row["what"] == "use-state" and row["state"] == Use.READY_NOT_USED
    }
    return unused & ({*places} - {reading.root})


def _statement_sentences(reading: Reading, report: Sequence[Block], say: Speaker) -> Iterator[str]:
    if reading.statement is None:
        return
    statement = reading.statement.statement
    if statement.benefits:
        leads = [
            block.text for block in report if isinstance(block, Text) and block.style == "lead"
        ]
        yield from leads[:1]
    if statement.decisions:
        stuck = [decision for decision in statement.decisions if decision.word == Word.STUCK.value]
        key = "sum_decisions_stuck" if stuck else "sum_decisions"
        yield say(key, n=len(statement.decisions), stuck=len(stuck))


def _extent(reading: Reading, places: Sequence[str], language: str) -> Iterator[str]:
    """How many units the page is about, and how many of their figures are shown."""
    say = Speaker(language)
    groups = {group.id: group for group in reading.registry.groups}
    grouped = sum(len(groups[place].units) for place in places if place in groups)
    singly = [
        place
        for place in places
        if place != reading.root and place == reading.published.member(place)
    ]
    alone = len(reading.shown_places.intersection(singly))
    units = "sum_units" if grouped else "sum_units_alone"
    yield say(units, n=alone, grouped=grouped, week=week(reading.week, language))
    yield from _coverage(reading, say)


def _urgent(reading: Reading, places: Sequence[str], language: str) -> Iterator[Link]:
    """What the most urgent open alerts are about."""
    ordered = sorted(reading.open_alerts(frozenset(places)), key=lambda alert: -alert.urgency)
    for alert in ordered[:_URGENT]:
        yield _alert_link(alert, alert_pages.subject(reading, alert, language))


def _coverage(reading: Reading, say: Speaker) -> Iterator[str]:
    """How many figures of the last windows are shown, and what most of the others lack."""
    shown_count, hidden = _shown_and_hidden(reading)
    if shown_count and hidden:
        all_figures = shown_count + hidden.total()
        ((reason, most),) = hidden.most_common(1)
        yield say("sum_coverage", shown=shown_count, all=all_figures, why=say(reason), most=most)


def _coverage_table(reading: Reading, say: Speaker) -> Table | None:
    """The figures of the last windows: shown, and not shown by reason; None where all are shown or none is."""
    shown_count, hidden = _shown_and_hidden(reading)
    if not shown_count or not hidden:
        return None
    counts = {
        "status_ok": shown_count,
        **dict(hidden.most_common()),
        "col_together": shown_count + hidden.total(),
    }
    rows = tuple(
        (say(key), figures.whole_number(count, say.language)) for key, count in counts.items()
    )
    return Table(say("statuses_caption"), say.columns("what", "number"), rows, (1,))


def _shown_and_hidden(reading: Reading) -> tuple[int, Counter[str]]:
    """How many figures are shown, and how many are not by the words for their reason."""
    hidden: Counter[str] = Counter()
    shown_count = 0
    for status, reason, number in reading.coverage:
        if status in _SHOWN:
            shown_count += number
        elif reason:
            hidden[why_hidden(reason, status)] += number
    return shown_count, hidden


def _tiles(
    reading: Reading, visitor: Visitor, places: Sequence[str], *, programme: bool
) -> list[Tile]:
    say, language = Speaker(visitor.language), visitor.language
    tiles = []
    top_unit = reading.root if reading.root in places else places[0]
    for system in reading.systems(top_unit):
        indicator = reading.leading(top_unit, system)
        if indicator:
            definition = reading.definitions[indicator]
            figure = figure_text(reading.row(indicator, top_unit, system), definition, language)
            name = f"{getattr(definition.title, language)}, {reading.system_names(system).text(language)}"
            tiles.append(
                Tile(
                    name, figure.text, figure.interval and say("between", interval=figure.interval)
                )
            )
    open_alerts = reading.open_alerts(frozenset(places))
    waiting = _waiting(open_alerts)
    tiles.append(
        Tile(say("tile_alerts"), str(len(open_alerts)), say("tile_alerts_note", n=waiting))
    )
    statement = reading.statement.statement if reading.statement and programme else None
    if statement and statement.benefits:
        good = sum(
            Status(benefit.word) in (Status.ON_TRACK, Status.ACHIEVED)
            for benefit in statement.benefits
        )
        tiles.append(
            Tile(
                say("tile_benefits"),
                f"{good} / {len(statement.benefits)}",
                say("tile_benefits_note"),
            )
        )
        hours = sum(pool.missing or 0 for pool in statement.pools)
        tiles.append(
            Tile(say("tile_hours"), figures.hours(hours, language), say("tile_hours_note"))
        )
    return tiles[:_TILES]


def _changes(
    reading: Reading, visitor: Visitor, places: Sequence[str], *, programme: bool
) -> list[Link]:
    """What opened, closed or turned since a week ago."""
    links = _alert_changes(reading, visitor.language, frozenset(places))
    changes = [*islice(links, _CHANGES)]
    if programme:
        changes += _benefit_changes(reading, visitor.language)
    return changes[:_CHANGES]


def _alert_changes(reading: Reading, language: str, places: Collection[str]) -> Iterator[Link]:
    say = Speaker(language)
    since = reading.day - timedelta(weeks=1)
    for alert in reading.alerts:
        if alert.key.unit not in places:
            continue
        if alert.live and alert_pages.is_new(alert, reading):
            key, icon = "change_opened", "open"
        elif alert.closed and alert.closed > since:
            key, icon = "change_closed", "closed"
        else:
            continue
        about = alert_pages.subject(reading, alert, language)
        yield Link(say(key, about=about), alert_pages.address(alert.id), icon)


def _benefit_changes(reading: Reading, language: str) -> Iterator[Link]:
    say = Speaker(language)
    if reading.statement:
        for benefit in reading.statement.statement.benefits:
            if benefit.word_before and benefit.word != benefit.word_before:
                before, after = (
                    WORDS[Status(word)].text(language).lower()
                    for word in (benefit.word_before, benefit.word)
                )
                text = say(
                    "change_benefit",
                    name=benefit.plan.names.text(language),
                    before=before,
                    after=after,
                )
                yield Link(text, f"/benefits/{benefit.id}?organisation={reading.root}", "turned")


def _report(reading: Reading, language: str) -> Sequence[Block]:
    """The report of the benefits as it was stated last; nothing where none was."""
    published = reading.statement
    if published is None:
        return ()
    return document(published.statement, published.published_at, language, font="").blocks


class _Shortfall(NamedTuple):
    """By how many points an indicator of a unit lies below its target, or below the middle of its peers."""

    points: float
    indicator: str
    aim: float
    planned: bool


def _furthest(reading: Reading, visitor: Visitor, mapped: Sequence[_Mapped]) -> Table | None:
    """Units furthest below their target, or below most like units where there is none; for the lead alone."""
    say = Speaker(visitor.language)
    behind: list[tuple[_Shortfall, str, str]] = []
    for system in mapped:
        shortfalls = reading.published.once(
            ("shortfalls", system.id), partial(_shortfalls, reading, system.id)
        )
        behind += [
            (shortfalls[place], place, system.id) for place in system.places if place in shortfalls
        ]
    if not behind:
        return None
    behind.sort(key=lambda entry: -entry[0].points)
    # of two systems an indicator has two figures
    system_columns = ("system",) if len(mapped) > 1 else ()
    columns = say.columns("unit", "indicator", "figure", "against", *system_columns)
    rows: list[tuple[Cell, ...]] = []
    for shortfall, place, system_id in behind[:_FURTHEST]:
        system_cells = (
            (reading.system_names(system_id).text(say.language),) if system_columns else ()
        )
        rows.append((*_furthest_cells(reading, say, shortfall, place, system_id), *system_cells))
    return Table(say("furthest_caption"), columns, tuple(rows))


def _furthest_cells(
    reading: Reading, say: Speaker, shortfall: _Shortfall, place: str, system: str
) -> tuple[Cell, ...]:
    definition: Definition = reading.definitions[shortfall.indicator]
    title = getattr(definition.title, say.language)
    figure = figure_text(
        reading.row(shortfall.indicator, place, system), definition, say.language
    ).text
    key = "behind_by" if shortfall.planned else "behind_peers"
    against = say(key, target=figures.percent(shortfall.aim, say.language))
    return reading.unit_link(place, say.language), title, figure, against


def _shortfalls(reading: Reading, system: str) -> dict[str, _Shortfall]:
    """By how much each unit and group that is behind in a system is so."""
    shortfalls: dict[str, _Shortfall] = {}
    for place in reading.published.places(reading.day):
        if place != reading.root and (shortfall := _shortfall(reading, place, system)):
            shortfalls[place] = shortfall
    return shortfalls


def _shortfall(reading: Reading, place: str, system: str) -> _Shortfall | None:
    """Of the first indicator of use that can be compared; None where the unit is not behind."""
    for indicator in ("intended-use", "weekly-breadth", "enrolment"):
        value = reading.figures(indicator, system).get(place)
        if value is None:
            continue
        planned = target(reading, indicator, place, system)
        aim: float | None = planned
        edge: float | None = planned
        if planned is None:
            band = peer_band(
                reading.published.among_peers(indicator, "window", place, system, reading.week)
            )
            # among like units a fourth lies below the band: within it nobody is behind
            aim, edge = band.middle, band.low
        if aim is None or edge is None:
            continue
        if value >= edge:
            return None
        return _Shortfall(aim - value, indicator, aim, planned is not None)
    return None
