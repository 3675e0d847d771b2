"""The overview: how an organisation stands, in five sentences, a map of units, what changed, what needs a decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from nytta.disclosure.published.peers import peer_band
from nytta.disclosure.published.values import OpenStore
from nytta.indicators.definition import Definition
from nytta.insight.alerts.model import State
from nytta.insight.benefits.decided import Word
from nytta.insight.benefits.forecast import WORDS, Status
from nytta.insight.states.combined import State as Use
from nytta.registry.roles import Permission
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
_URGENT = 4
_SHOWN = ("ok", "rounded", "banded")


@dataclass(frozen=True, slots=True)
class MapRow:
    """A unit in tree order with a figure per column; `alert` leads to its most urgent open alert."""

    unit: Link
    depth: int
    cells: tuple[FigureText, ...]
    alert: Link | None
    group: bool


@dataclass(frozen=True, slots=True)
class Map:
    """The units of a system against its most telling indicators."""

    system: str
    name: str
    columns: tuple[Link, ...]
    rows: tuple[MapRow, ...]
    signs: str


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


def overview(store: OpenStore, reading: Reading, visitor: Visitor) -> Overview:
    """The overview of the reading's organisation, as far as the visitor may see it."""
    root, language = reading.root, visitor.language
    visible = visitor.visible(Permission.FIGURES)
    places = [place for place in reading.published.places(reading.day) if place in visible]
    if not places:
        raise Refused(403, "no_units")
    programme = visitor.may(Permission.PROGRAMME, root)
    maps = tuple(
        system_map for system in _systems(reading, places) if (system_map := _map(reading, visitor, system, places))
    )
    top_unit = root if root in places else places[0]
    drawn = []
    for system_map in maps:
        indicator = reading.leading(top_unit, system_map.system)
        if indicator:
            drawn.append(trend(reading, visitor, top_unit, system_map.system, reading.definitions[indicator]))
    mixes = [mix for drawn_map in maps if (mix := channel_mix(store, reading, top_unit, drawn_map.system, language))]
    report = _report(reading, language) if programme else ()
    roots = visitor.roots(Permission.FIGURES)
    return Overview(
        root,
        reading.unit_names(root).text(language),
        week(reading.week, language),
        tuple(
            Link(
                next(unit for unit in reading.registry.units if unit.id == other_root).names.text(language),
                f"/?organisation={other_root}",
            )
            for other_root in roots
            if other_root != root
        ),
        # what is the matter first, and then of how much it is said
        (
            *_sentences(reading, visitor, places, report, programme=programme),
            *(mix.finding for mix in mixes[:1]),
            *_extent(reading, places, language),
        ),
        tuple(_urgent(reading, places, language)),
        _coverage_table(reading, Speaker(language)),
        tuple(_tiles(reading, visitor, places, programme=programme)),
        (*drawn[:2], *mixes[:1]),
        maps,
        tuple(_changes(reading, visitor, places, programme=programme)),
        # what the report of the benefits puts before the steering group
        tuple(text for block in report if isinstance(block, Items) for text in block.items),
        tuple(_matrices(reading, language, places)) if programme else (),
        service_figures(reading, language) if programme else None,
        legacy_apps(reading, language, places) if programme else None,
        pulse(reading, language, root) if programme else None,
        steps(reading, language, visible) if programme else None,
        follow_up(reading, language) if programme else None,
        _furthest(reading, visitor, maps) if programme else None,
    )


def _systems(reading: Reading, places: Sequence[str]) -> list[str]:
    shown_ids = {system for place in places for system in reading.systems(place)}
    declared_ids = [system.id for system in reading.registry.systems if system.id in shown_ids]
    return declared_ids + sorted(shown_ids - set(declared_ids))


def _matrices(reading: Reading, language: str, places: Sequence[str]) -> Iterator[CaseTypeMatrix]:
    for system in _systems(reading, places):
        matrix = case_type_matrix(reading, language, system, places)
        if matrix is not None:
            yield matrix


def _map(reading: Reading, visitor: Visitor, system: str, places: Sequence[str]) -> Map | None:
    language = visitor.language
    counts: dict[str, int] = {}
    for place in places:
        for indicator in reading.indicators(place, system):
            row = reading.row(indicator, place, system)
            counts[indicator] = counts.get(indicator, 0) + (row is not None and row["value"] is not None)
    shown_ = [indicator_id for indicator_id in counts if counts[indicator_id]]
    shown_.sort(
        key=lambda indicator_id: (
            reading.definitions[indicator_id].display.unit_of_measure != "percent",
            list(counts).index(indicator_id),
        )
    )
    columns_shown = shown_[:_COLUMNS]
    if not columns_shown:
        return None
    depths = {unit.id: depth for unit, depth in reading.registry.tree(reading.day)}
    rows = []
    for place in places:
        cells = tuple(
            figure_text(reading.row(indicator_id, place, system), reading.definitions[indicator_id], language)
            for indicator_id in columns_shown
        )
        if not any(cell.status != "none" for cell in cells):
            continue
        member = reading.published.member(place)
        open_alerts = [
            alert for alert in reading.alerts if alert.live and (alert.key.unit, alert.key.system) == (place, system)
        ]
        open_alerts.sort(key=lambda alert: -alert.urgency)
        alert = None
        if open_alerts:
            alert = Link(
                alert_pages.state_name(open_alerts[0], language),
                alert_pages.address(open_alerts[0].id),
                alert_pages.icon(open_alerts[0]),
            )
        link = Link(reading.unit_names(place).text(language), f"/units/{place}")
        rows.append(MapRow(link, depths.get(member, 0), cells, alert, member != place))
    heads = tuple(
        Link(
            getattr(reading.definitions[indicator_id].title, language),
            f"/indicators/{indicator_id}?system={system}&unit={reading.root}",
        )
        for indicator_id in columns_shown
    )
    name = reading.system_names(system).text(language)
    return Map(system, name, heads, tuple(rows), _signs((cell for row in rows for cell in row.cells), language))


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
    present = {status if status in _SIGNS else "not_enough" for status, empty in statuses if empty or status in _SIGNS}
    return "; ".join(f"{sign} {say(f'sign_{status}')}" for status, sign in _SIGNS.items() if status in present)


def _sentences(
    reading: Reading, visitor: Visitor, places: Sequence[str], report: Sequence[Block], *, programme: bool
) -> list[str]:
    say, language = Speaker(visitor.language), visitor.language
    sentences = []
    open_ = [alert for alert in reading.alerts if alert.live and (alert.key.unit in places)]
    waiting = [alert for alert in open_ if alert.state in (State.OPEN, State.ESCALATED)]
    new = [alert for alert in open_ if alert_pages.is_new(alert, reading)]
    if open_:
        sentences.append(say("sum_alerts", n=len(open_), waiting=len(waiting), new=len(new)))
    else:
        sentences.append(say("sum_no_alerts"))
    unused = {
        state_row["unit"]
        for state_row in reading.states
        if state_row["what"] == "use-state" and state_row["state"] == Use.READY_NOT_USED
    }
    unused &= {*places} - {reading.root}
    if programme and unused:
        sentences.append(say("sum_unused", n=len(unused)))
    for system in reading.systems(reading.root) if programme else ():
        digital = exploited(reading, language, reading.root, system)
        if digital is not None and digital.left:
            sentences.append(digital.sentence)
    way = steps(reading, language, visitor.visible(Permission.FIGURES)) if programme else None
    sentences += way.waiting if way is not None else ()
    statement = reading.said.statement if reading.said and programme else None
    if statement is None:
        return sentences
    if statement.benefits:
        sentences += [block.text for block in report if isinstance(block, Text) and block.style == "lead"][:1]
    stuck = [decision for decision in statement.decisions if decision.word == Word.STUCK.value]
    if statement.decisions:
        key = "sum_decisions_stuck" if stuck else "sum_decisions"
        sentences.append(say(key, n=len(statement.decisions), stuck=len(stuck)))
    return sentences


def _extent(reading: Reading, places: Sequence[str], language: str) -> Iterator[str]:
    """How many units the page is about, and how many of their figures are shown."""
    say = Speaker(language)
    grouped = sum(len(group.units) for group in reading.registry.groups if group.id in places)
    singly = [place for place in places if place != reading.root and place == reading.published.member(place)]
    alone = sum(_shows_figures(reading, place) for place in singly)
    units = "sum_units" if grouped else "sum_units_alone"
    yield say(units, n=alone, grouped=grouped, week=week(reading.week, language))
    yield from _coverage(reading, say)


def _urgent(reading: Reading, places: Sequence[str], language: str) -> Iterator[Link]:
    """What the most urgent open alerts are about."""
    open_alerts = [alert for alert in reading.alerts if alert.live and alert.key.unit in places]
    for alert in sorted(open_alerts, key=lambda alert: -alert.urgency)[:_URGENT]:
        yield Link(
            alert_pages.subject(reading, alert, language), alert_pages.address(alert.id), alert_pages.icon(alert)
        )


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
    counts = ((say("status_ok"), shown_count), *((say(why), number) for why, number in hidden.most_common()))
    rows = (*counts, (say("col_together"), shown_count + hidden.total()))
    cells = tuple((name, figures.whole_number(number, say.language)) for name, number in rows)
    return Table(say("statuses_caption"), (say("col_what"), say("col_number")), cells, (1,))


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


def _tiles(reading: Reading, visitor: Visitor, places: Sequence[str], *, programme: bool) -> list[Tile]:
    say, language = Speaker(visitor.language), visitor.language
    tiles = []
    top_unit = reading.root if reading.root in places else places[0]
    for system in reading.systems(top_unit):
        indicator = reading.leading(top_unit, system)
        if indicator:
            definition = reading.definitions[indicator]
            figure = figure_text(reading.row(indicator, top_unit, system), definition, language)
            name = f"{getattr(definition.title, language)}, {reading.system_names(system).text(language)}"
            tiles.append(Tile(name, figure.text, figure.interval and say("between", interval=figure.interval)))
    open_ = [alert for alert in reading.alerts if alert.live and alert.key.unit in places]
    waiting = sum(alert.state in (State.OPEN, State.ESCALATED) for alert in open_)
    tiles.append(Tile(say("tile_alerts"), str(len(open_)), say("tile_alerts_note", n=waiting)))
    statement = reading.said.statement if reading.said and programme else None
    if statement and statement.benefits:
        good = sum(Status(benefit.word) in (Status.ON_TRACK, Status.ACHIEVED) for benefit in statement.benefits)
        tiles.append(Tile(say("tile_benefits"), f"{good} / {len(statement.benefits)}", say("tile_benefits_note")))
        hours = sum(pool.missing or 0 for pool in statement.pools)
        tiles.append(Tile(say("tile_hours"), figures.hours(hours, language), say("tile_hours_note")))
    return tiles[:5]


def _changes(reading: Reading, visitor: Visitor, places: Sequence[str], *, programme: bool) -> list[Link]:
    """What opened, closed or turned since a week ago."""
    say, language = Speaker(visitor.language), visitor.language
    since = reading.day - timedelta(weeks=1)
    links = []
    for alert in reading.alerts:
        if alert.key.unit not in places:
            continue
        about = alert_pages.subject(reading, alert, language)
        href = alert_pages.address(alert.id)
        if alert.live and alert_pages.is_new(alert, reading):
            links.append(Link(say("change_opened", about=about), href, "open"))
        elif alert.closed and alert.closed > since:
            links.append(Link(say("change_closed", about=about), href, "closed"))
    if programme and reading.said:
        for benefit in reading.said.statement.benefits:
            if benefit.word_before and benefit.word != benefit.word_before:
                names = [WORDS[Status(word)].text(language).lower() for word in (benefit.word_before, benefit.word)]
                text = say("change_benefit", name=benefit.plan.names.text(language), before=names[0], after=names[1])
                links.append(Link(text, f"/benefits/{benefit.id}?organisation={reading.root}", "turned"))
    return links[:12]


def _report(reading: Reading, language: str) -> Sequence[Block]:
    """The report of the benefits as it was stated last; nothing where none was."""
    if reading.said is None:
        return ()
    return document(reading.said.statement, reading.said.published_at, language, font="").blocks


def _shows_figures(reading: Reading, place: str) -> bool:
    """Whether any figure of the place is shown in the last window."""
    return any(reading.leading(place, system) for system in reading.systems(place))


def _furthest(reading: Reading, visitor: Visitor, maps: Sequence[Map]) -> Table | None:
    """Units furthest below their target, or below most like units where there is none; for the lead alone."""
    language, say = visitor.language, Speaker(visitor.language)
    behind: list[tuple[float, tuple[Cell, ...]]] = []
    for system_map in maps:
        for row in system_map.rows:
            place = row.unit.href.rpartition("/")[2]
            for indicator in ("intended-use", "weekly-breadth", "enrolment"):
                row_shown = reading.row(indicator, place, system_map.system)
                if place == reading.root or row_shown is None or row_shown["value"] is None:
                    continue
                planned = target(reading, indicator, place, system_map.system)
                band = peer_band(
                    reading.published.among_peers(indicator, "window", place, system_map.system, reading.week)
                )
                # among like units a fourth lies below the band: within it nobody is behind
                aim, edge = (planned, planned) if planned is not None else (band.middle, band.low)
                if aim is None or edge is None:
                    continue
                if row_shown["value"] < edge:
                    definition: Definition = reading.definitions[indicator]
                    aimed = say(
                        "behind_by" if planned is not None else "behind_peers", target=figures.percent(aim, language)
                    )
                    title = getattr(definition.title, language)
                    figure = figure_text(row_shown, definition, language).text
                    system_name = reading.system_names(system_map.system).text(language)
                    cells: tuple[Cell, ...] = (row.unit, title, figure, aimed)
                    behind.append((aim - row_shown["value"], (*cells, system_name) if len(maps) > 1 else cells))
                break
    if not behind:
        return None
    behind.sort(key=lambda pair: -pair[0])
    # of two systems an indicator has two figures
    heads = ("unit", "indicator", "figure", "against", *(["system"] if len(maps) > 1 else []))
    columns = tuple(say(f"col_{column}") for column in heads)
    return Table(say("furthest_caption"), columns, tuple(cells for _, cells in behind[:5]))
