"""The overview: how an organisation stands, in five sentences, a map of units, what changed, what needs a decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Final

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
from nytta.surfaces.console.parts import Chart, Link, Refused, Speaker, Table, Tile
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.reports import figures
from nytta.surfaces.reports.compose import document
from nytta.surfaces.reports.document import Items, Text

_COLUMNS = 6
_SHOWN = ("ok", "rounded", "banded")
_PEERS = 3
"""Fewest like units whose middle stands in for a target."""


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
    coverage: Table | None
    tiles: tuple[Tile, ...]
    charts: tuple[Chart, ...]
    maps: tuple[Map, ...]
    changes: tuple[Link, ...]
    decide: tuple[str, ...]
    matrices: tuple[CaseTypeMatrix, ...]
    legacy: Table | None
    pulse: Pulse | None
    steps: Steps | None
    decisions: FollowUp | None
    furthest: tuple[Link, ...]


def overview(store: OpenStore, reading: Reading, visitor: Visitor) -> Overview:
    """The overview of the reading's organisation, as far as the visitor may see it."""
    root, language = reading.root, visitor.language
    seen = visitor.visible(Permission.FIGURES)
    places = [p for p in reading.published.places(reading.day) if p in seen]
    if not places:
        raise Refused(403, "no_units")
    programme = visitor.may(Permission.PROGRAMME, root)
    maps = tuple(m for s in _systems(reading, places) if (m := _map(reading, visitor, s, places)))
    top = root if root in places else places[0]
    drawn = []
    for each in maps:
        indicator = reading.leading(top, each.system)
        if indicator:
            drawn.append(trend(reading, visitor, top, each.system, reading.definitions[indicator]))
    mixes = [mix for each in maps if (mix := channel_mix(store, reading, top, each.system, language))]
    roots = visitor.roots(Permission.FIGURES)
    return Overview(
        root,
        reading.unit_names(root).text(language),
        week(reading.week, language),
        tuple(
            Link(next(u for u in reading.registry.units if u.id == r).names.text(language), f"/?organisation={r}")
            for r in roots
            if r != root
        ),
        tuple(_sentences(reading, visitor, places, programme=programme)),
        _coverage_table(reading, Speaker(language)),
        tuple(_tiles(reading, visitor, places, programme=programme)),
        (*drawn[:2], *mixes[:1]),
        maps,
        tuple(_changes(reading, visitor, places, programme=programme)),
        tuple(_decide(reading, language)) if programme else (),
        tuple(_matrices(reading, language, places)) if programme else (),
        legacy_apps(reading, language, places) if programme else None,
        pulse(reading, language, root) if programme else None,
        steps(reading, language, seen) if programme else None,
        follow_up(reading, language) if programme else None,
        tuple(_furthest(reading, visitor, maps)) if programme else (),
    )


def _systems(reading: Reading, places: Sequence[str]) -> list[str]:
    found = {s for place in places for s in reading.systems(place)}
    known = [s.id for s in reading.registry.systems if s.id in found]
    return known + sorted(found - set(known))


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
    shown_ = [i for i in counts if counts[i]]
    shown_.sort(key=lambda i: (reading.definitions[i].display.unit_of_measure != "percent", list(counts).index(i)))
    chosen = shown_[:_COLUMNS]
    if not chosen:
        return None
    depths = {u.id: depth for u, depth in reading.registry.tree(reading.day)}
    rows = []
    for place in places:
        cells = tuple(figure_text(reading.row(i, place, system), reading.definitions[i], language) for i in chosen)
        if not any(c.status != "none" for c in cells):
            continue
        member = reading.published.member(place)
        live = [a for a in reading.alerts if a.live and (a.key.unit, a.key.system) == (place, system)]
        live.sort(key=lambda a: -a.urgency)
        alert = None
        if live:
            alert = Link(
                alert_pages.state_name(live[0], language), alert_pages.address(live[0].id), alert_pages.icon(live[0])
            )
        link = Link(reading.unit_names(place).text(language), f"/units/{place}")
        rows.append(MapRow(link, depths.get(member, 0), cells, alert, member != place))
    heads = tuple(
        Link(getattr(reading.definitions[i].title, language), f"/indicators/{i}?system={system}&unit={reading.root}")
        for i in chosen
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


def _sentences(reading: Reading, visitor: Visitor, places: Sequence[str], *, programme: bool) -> list[str]:
    say, language = Speaker(visitor.language), visitor.language
    found = [*_coverage(reading, say)]
    open_ = [a for a in reading.alerts if a.live and (a.key.unit in places)]
    waiting = [a for a in open_ if a.state in (State.OPEN, State.ESCALATED)]
    new = [a for a in open_ if alert_pages.is_new(a, reading)]
    grouped = sum(len(g.units) for g in reading.registry.groups if g.id in places)
    alone = len([p for p in places if p != reading.root and p == reading.published.member(p)])
    found.insert(0, say("sum_units", n=alone, grouped=grouped, week=week(reading.week, language)))
    if open_:
        found.append(say("sum_alerts", n=len(open_), waiting=len(waiting), new=len(new)))
    else:
        found.append(say("sum_no_alerts"))
    unused = {r["unit"] for r in reading.states if r["what"] == "use-state" and r["state"] == Use.READY_NOT_USED}
    unused &= {*places} - {reading.root}
    if programme and unused:
        found.append(say("sum_unused", n=len(unused)))
    for system in reading.systems(reading.root) if programme else ():
        digital = exploited(reading, language, reading.root, system)
        if digital is not None and digital.left:
            found.append(digital.sentence)
    said = reading.said.statement if reading.said and programme else None
    if said is None:
        return found
    if said.benefits:
        found.append(_benefits_lead(reading, language))
    stuck = [d for d in said.decisions if d.word == Word.STUCK.value]
    if said.decisions:
        key = "sum_decisions_stuck" if stuck else "sum_decisions"
        found.append(say(key, n=len(said.decisions), stuck=len(stuck)))
    return found


def _coverage(reading: Reading, say: Speaker) -> Iterator[str]:
    """How many figures of the last windows are shown, and what most of the others lack."""
    shown, hidden = _shown_and_hidden(reading)
    if shown and hidden:
        every = shown + hidden.total()
        ((why, most),) = hidden.most_common(1)
        yield say("sum_coverage", shown=shown, all=every, why=say(why), most=most)


def _coverage_table(reading: Reading, say: Speaker) -> Table | None:
    """The figures of the last windows: shown, and not shown by reason; None where all are shown or none is."""
    shown, hidden = _shown_and_hidden(reading)
    if not shown or not hidden:
        return None
    counts = ((say("status_ok"), shown), *((say(why), number) for why, number in hidden.most_common()))
    rows = (*counts, (say("col_together"), shown + hidden.total()))
    cells = tuple((name, figures.whole_number(number, say.language)) for name, number in rows)
    return Table(say("statuses_caption"), (say("col_what"), say("col_number")), cells, (1,))


def _shown_and_hidden(reading: Reading) -> tuple[int, Counter[str]]:
    """How many figures are shown, and how many are not by the words for their reason."""
    hidden: Counter[str] = Counter()
    shown = 0
    for status, reason, number in reading.coverage:
        if status in _SHOWN:
            shown += number
        elif reason:
            hidden[why_hidden(reason, status)] += number
    return shown, hidden


def _tiles(reading: Reading, visitor: Visitor, places: Sequence[str], *, programme: bool) -> list[Tile]:
    say, language = Speaker(visitor.language), visitor.language
    found = []
    top = reading.root if reading.root in places else places[0]
    for system in reading.systems(top):
        indicator = reading.leading(top, system)
        if indicator:
            definition = reading.definitions[indicator]
            figure = figure_text(reading.row(indicator, top, system), definition, language)
            name = f"{getattr(definition.title, language)}, {reading.system_names(system).text(language)}"
            found.append(Tile(name, figure.text, figure.interval and say("between", interval=figure.interval)))
    open_ = [a for a in reading.alerts if a.live and a.key.unit in places]
    waiting = sum(a.state in (State.OPEN, State.ESCALATED) for a in open_)
    found.append(Tile(say("tile_alerts"), str(len(open_)), say("tile_alerts_note", n=waiting)))
    said = reading.said.statement if reading.said and programme else None
    if said and said.benefits:
        good = sum(Status(b.word) in (Status.ON_TRACK, Status.ACHIEVED) for b in said.benefits)
        found.append(Tile(say("tile_benefits"), f"{good} / {len(said.benefits)}", say("tile_benefits_note")))
        hours = sum(p.missing or 0 for p in said.pools)
        found.append(Tile(say("tile_hours"), figures.hours(hours, language), say("tile_hours_note")))
    return found[:5]


def _changes(reading: Reading, visitor: Visitor, places: Sequence[str], *, programme: bool) -> list[Link]:
    """What opened, closed or turned since a week ago."""
    say, language = Speaker(visitor.language), visitor.language
    since = reading.day - timedelta(weeks=1)
    found = []
    for alert in reading.alerts:
        if alert.key.unit not in places:
            continue
        about = alert_pages.subject(reading, alert, language)
        href = alert_pages.address(alert.id)
        if alert.live and alert_pages.is_new(alert, reading):
            found.append(Link(say("change_opened", about=about), href, "open"))
        elif alert.closed and alert.closed > since:
            found.append(Link(say("change_closed", about=about), href, "closed"))
    if programme and reading.said:
        for b in reading.said.statement.benefits:
            if b.word_before and b.word != b.word_before:
                names = [WORDS[Status(w)].text(language).lower() for w in (b.word_before, b.word)]
                text = say("change_benefit", name=b.plan.names.text(language), before=names[0], after=names[1])
                found.append(Link(text, f"/benefits/{b.id}?organisation={reading.root}", "turned"))
    return found[:12]


def _decide(reading: Reading, language: str) -> list[str]:
    """What the report of the benefits puts before the steering group."""
    if reading.said is None:
        return []
    told = document(reading.said.statement, reading.said.published_at, language, font="")
    return [text for block in told.blocks if isinstance(block, Items) for text in block.items]


def _benefits_lead(reading: Reading, language: str) -> str:
    """The report's lead: benefits by their status, and what is not realised."""
    assert reading.said is not None
    blocks = document(reading.said.statement, reading.said.published_at, language, font="").blocks
    return next((block.text for block in blocks if isinstance(block, Text) and block.style == "lead"), "")


def _furthest(reading: Reading, visitor: Visitor, maps: Sequence[Map]) -> list[Link]:
    """Units that lie furthest behind their target, or behind like units where there is none; for the lead alone."""
    language = visitor.language
    rows: list[tuple[float, Link]] = []
    for each in maps:
        for row in each.rows:
            place = row.unit.href.rpartition("/")[2]
            for indicator in ("intended-use", "weekly-breadth", "enrolment"):
                at = reading.row(indicator, place, each.system)
                if place == reading.root or at is None or at["value"] is None:
                    continue
                planned = target(reading, indicator, place, each.system)
                peers = reading.published.among_peers(indicator, "window", place, each.system, reading.week)
                aim = planned if planned is not None else median(peers) if len(peers) >= _PEERS else None
                if aim is None:
                    continue
                if at["value"] < aim:
                    definition: Definition = reading.definitions[indicator]
                    text = Speaker(language)(
                        "behind_by" if planned is not None else "behind_peers",
                        unit=row.unit.text,
                        indicator=getattr(definition.title, language),
                        figure=figure_text(at, definition, language).text,
                        target=figures.percent(aim, language),
                    )
                    rows.append((aim - at["value"], Link(text, row.unit.href)))
                break
    rows.sort(key=lambda pair: -pair[0])
    return [link for _, link in rows[:5]]
