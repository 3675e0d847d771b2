"""Indicators: what each means, and one with its trend, its units, its funnel and its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from nytta.disclosure.published.values import OpenStore
from nytta.indicators.definition import Definition
from nytta.insight.benefits.benchmark import WHOLE, Funnel, Point, by_level, funnel
from nytta.insight.store import benchmarks
from nytta.registry.roles import Permission
from nytta.surfaces.console import charts, queries
from nytta.surfaces.console.branches import MOST, Branch, Guide, Way, branch, every_place
from nytta.surfaces.console.figure_texts import figure_text, number, percent_sign, suffix, week
from nytta.surfaces.console.pages.mix import Split, splits
from nytta.surfaces.console.pages.trends import target, trend
from nytta.surfaces.console.parts import Cell, Chart, Link, Refused, Speaker, Table
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.spreadsheets import csv_text
from nytta.surfaces.workbooks import Sheet, workbook


@dataclass(frozen=True, slots=True)
class IndicatorList:
    """Every indicator of the catalogue, with the organisation's latest figure."""

    organisation: str
    table: Table


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """One indicator in one system and unit; `units` are those that can be chosen instead."""

    id: str
    title: str
    question: str
    unit: str
    unit_name: str
    system: str
    systems: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, str], ...]
    facts: Table
    pitfalls: str
    chart: Chart | None
    guide: Guide | None
    places: Chart | None
    parts: Table | None
    splits: tuple[Split, ...]
    funnels: tuple[Chart, ...]
    week: str
    csv: str
    xlsx: str


def listed(reading: Reading, visitor: Visitor) -> IndicatorList:
    """The catalogue, in the order of its codes."""
    say, language = Speaker(visitor.language), visitor.language
    visible = visitor.visible(Permission.FIGURES)
    top_unit = next(
        (place for place in reading.published.places(reading.day) if place in visible), reading.root
    )
    rows = []
    for definition in sorted(
        reading.definitions.values(), key=lambda definition: (definition.code[:1], definition.code)
    ):
        rows_of_systems = [
            reading.row(definition.id, top_unit, system) for system in reading.systems(top_unit)
        ]
        figures = [
            figure_text(row, definition, language).text
            for row in rows_of_systems
            if row is not None
        ]
        rows.append(
            (
                Link(
                    getattr(definition.title, language),
                    f"/indicators/{definition.id}?organisation={reading.root}",
                ),
                getattr(definition.question, language),
                definition.code,
                ", ".join(figures) or "–",
            )
        )
    columns = say.columns("indicator", "question", "code", "figure")
    return IndicatorList(reading.root, Table(say("indicators_caption"), columns, tuple(rows)))


def one(
    store: OpenStore,
    reading: Reading,
    visitor: Visitor,
    indicator_id: str,
    query: Mapping[str, str],
    *,
    whole: bool = False,
) -> IndicatorView:
    """One indicator; the query chooses system and unit, and which places are listed unless the `whole` is asked for."""
    say, language = Speaker(visitor.language), visitor.language
    definition = reading.definitions.get(indicator_id)
    if definition is None:
        raise Refused(404, "no_indicator", what=indicator_id[:80])
    visible = visitor.visible(Permission.FIGURES)
    places = [place for place in reading.published.places(reading.day) if place in visible]
    unit = query.get("unit") or places[0]
    all_systems = reading.systems_of()
    systems = [
        system
        for system in all_systems
        if not reading.figures(indicator_id, system).keys().isdisjoint(places)
    ]
    system = query.get("system") or (systems[0] if systems else "")
    if system and system not in all_systems:
        raise Refused(404, "no_system", what=system[:80])
    has_rows = bool(system) and any(
        reading.row(indicator_id, unit, system, week) for week in reading.weeks
    )
    part_rows = (
        queries.parts(store, definition.id, definition.version, unit, system, reading.week)
        if has_rows
        else []
    )
    by_type = any(row["case_type"] != "*" and row["value"] is not None for row in part_rows)
    listed = (
        every_place(places)
        if whole
        else _listed(reading, visitor, indicator_id, system, places, unit, query)
    )
    return IndicatorView(
        indicator_id,
        getattr(definition.title, language),
        getattr(definition.question, language),
        unit,
        reading.unit_names(unit).text(language),
        system,
        tuple((system, reading.system_names(system).text(language)) for system in systems),
        tuple(
            (place, reading.unit_names(place).text(language))
            for place in _choices(listed, places, unit)
        ),
        _facts(definition, say),
        getattr(definition.pitfalls, language),
        trend(reading, visitor, unit, system, definition, "trend") if has_rows else None,
        listed.guide,
        _places(reading, visitor, definition, system, places, unit, listed) if system else None,
        _parts(reading, system, definition, part_rows, say) if has_rows else None,
        tuple(splits(store, reading, definition, unit, system, say, by_type=by_type))
        if has_rows
        else (),
        _funnels(store, reading, definition, system, places, listed, say)
        if system and visitor.may(Permission.PROGRAMME, reading.root)
        else (),
        week(reading.week, language),
        f"/indicators/{indicator_id}/csv?unit={unit}&system={system}",
        f"/indicators/{indicator_id}/xlsx?unit={unit}&system={system}",
    )


def _listed(
    reading: Reading,
    visitor: Visitor,
    indicator: str,
    system: str,
    places: Sequence[str],
    unit: str,
    query: Mapping[str, str],
) -> Branch:
    """The places of the page: the unit and those below it; of a member of a group, those beside the group."""
    group = reading.registry.group(unit, reading.day)
    place = group.id if group else unit
    asked = {**query, "unit": place if place in places else ""}
    way = Way(
        f"/indicators/{indicator}",
        {"organisation": reading.root, "system": system, "unit": unit},
        asked,
        opens="unit",
    )
    return branch(reading, visitor.language, places, way)


def _choices(listed: Branch, places: Sequence[str], unit: str) -> list[str]:
    """The places that can be chosen: those that are listed and those above them, beside the one that is."""
    if listed.guide is None:
        return [*places]
    choices = {unit, *listed.places, *listed.above}
    return [place for place in places if place in choices]


def as_csv(view: IndicatorView) -> bytes:
    """The tables of the page, one after the other: weeks, then places."""
    texts = [csv_text(table.columns, _texts(table), "\r\n") for table in _tables(view)]
    return "".join(["\ufeff", *(f"{text}\r\n" for text in texts)]).encode()


def as_workbook(view: IndicatorView, language: str) -> bytes:
    """The same tables as sheets: weeks, places, and parts where there are any; where no figure is, the facts alone."""
    say = Speaker(language)
    names = (say("sheet_weeks"), say("sheet_places"))
    charts_shown = zip(names, (view.chart, view.places), strict=True)
    tables = [(name, chart.table) for name, chart in charts_shown if chart is not None]
    tables += [(say("sheet_parts"), view.parts)] if view.parts else []
    tables.append((say("definition"), view.facts))
    about = say("about", figure="")
    sheets = [
        Sheet(name, table.columns, _texts(table), table.figures, table.caption, about)
        for name, table in tables
    ]
    return workbook(sheets, language, title=view.title)


def _tables(view: IndicatorView) -> list[Table]:
    return [chart.table for chart in (view.chart, view.places) if chart is not None]


def _texts(table: Table) -> list[list[str]]:
    return [[cell.text if isinstance(cell, Link) else cell for cell in row] for row in table.rows]


def _facts(definition: Definition, say: Speaker) -> Table:
    rows = (
        (say("fact_code"), f"{definition.code} ({definition.id})"),
        (say("fact_version"), str(definition.version)),
        (say("fact_window"), say("weeks", n=definition.window_weeks)),
        (say("fact_direction"), say(f"direction_{definition.direction}")),
        (say("fact_protects"), say(f"protects_{definition.protects.value.replace('-', '_')}")),
        (say("fact_detect"), say("detect_no" if definition.detect == "none" else "detect_yes")),
        (say("fact_sources"), ", ".join(definition.sources) or say("own_definition")),
    )
    return Table(say("definition"), (say("col_fact"), say("col_what")), rows)


def _places(
    reading: Reading,
    visitor: Visitor,
    definition: Definition,
    system: str,
    places: Sequence[str],
    own_place: str,
    listed: Branch,
) -> Chart | None:
    """The places that are listed beside each other; what is said of them is said of all."""
    say, language = Speaker(visitor.language), visitor.language
    measure = definition.display.unit_of_measure
    figures = reading.figures(definition.id, system)
    present = [place for place in places if place in figures]
    dots: list[charts.Dot] = []
    rows: list[list[Cell]] = []
    for place in listed.places:
        if place not in figures:
            continue
        figure = figure_text(reading.row(definition.id, place, system), definition, language)
        name = reading.unit_names(place).text(language)
        note = "" if figure.value is not None else figure.text
        dots.append(
            charts.Dot(name, figure.value, figure.low, figure.high, note, place == own_place)
        )
        aim = number(target(reading, definition.id, place, system), measure, language)
        rows.append(
            [
                Link(name, f"/units/{place}"),
                figure.text,
                figure.interval or "–",
                figure.n_band or "–",
                aim,
            ]
        )
        if listed.unlisted:
            rows[-1].append(listed.below(place, say) or "")
    # one place beside nothing shows no difference
    if len(present) < 2 or not dots:
        return None
    whole_row = reading.row(definition.id, reading.root, system)
    middle = whole_row["value"] if whole_row else None
    title = getattr(definition.title, language)
    finding = _range(reading, definition, system, {place: figures[place] for place in present}, say)
    below_column = ("below",) if listed.unlisted else ()
    columns = say.columns("unit", "figure", "interval", "n_band", "target", *below_column)
    note = listed.listed(len(dots), len(present), say)
    return Chart(
        "places",
        finding,
        say("places_title", indicator=title, system=reading.system_names(system).text(language)),
        say("places_about_some", finding=finding, listed=note)
        if note
        else say("places_about", finding=finding),
        charts.dots(
            dots,
            middle=middle,
            middle_name=reading.unit_names(reading.root).text(language),
            unit=suffix(definition, language),
            percent=measure == "percent",
        ),
        Table(
            say("places_caption", indicator=title), columns, tuple(map(tuple, rows)), (1, 2, 3, 4)
        ),
        note,
    )


def _range(
    reading: Reading,
    definition: Definition,
    system: str,
    figures: Mapping[str, float | None],
    say: Speaker,
) -> str:
    """Of how many places a figure is shown, and from which figure to which."""
    title = getattr(definition.title, say.language)
    values = {place: value for place, value in figures.items() if value is not None}
    finding = say("places_finding", n=len(values), all=len(figures), indicator=title)
    if not values:
        return finding
    lowest, highest = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    low, high = (
        figure_text(reading.row(definition.id, place, system), definition, say.language).text
        for place in (lowest, highest)
    )
    return finding + " " + say("places_range", low=low, high=high)


def _parts(
    reading: Reading,
    system: str,
    definition: Definition,
    part_rows: Sequence[Mapping[str, Any]],
    say: Speaker,
) -> Table | None:
    """Parts (channels) and case types of the last window."""
    rows = []
    for row in part_rows:
        part = row["part"] or row["case_type"]
        name = say.word_or(f"channel_{part}", part)
        if row["case_type"] != "*":
            name = reading.case_type_name(system, row["case_type"], say.language)
        figure = figure_text(row, definition, say.language)
        rows.append((name, figure.text, figure.interval or "–", figure.n_band or "–"))
    # an indicator without parts has one figure, which stands above
    if not any(name for name, *_ in rows):
        return None
    columns = say.columns("part", "figure", "interval", "n_band")
    return Table(say("parts_caption"), columns, tuple(rows), (1, 2, 3))


def _funnels(
    store: OpenStore,
    reading: Reading,
    definition: Definition,
    system: str,
    places: Sequence[str],
    listed: Branch,
    say: Speaker,
) -> tuple[Chart, ...]:
    """Per level, which places lie beyond what chance explains, given how much stands behind each."""
    if definition.display.unit_of_measure != "percent" or definition.kind.value != "share":
        return ()
    levels = reading.published.once(
        ("funnels", definition.id, system, tuple(places)),
        partial(_levels, store, reading, definition, system, places),
    )
    return tuple(
        _funnel(reading, definition, level, level_funnel, listed, say, f"funnel-{position}")
        for position, level, level_funnel in levels
    )


def _levels(
    store: OpenStore, reading: Reading, definition: Definition, system: str, places: Sequence[str]
) -> list[tuple[int, str, Funnel]]:
    """The funnel of each level that has one of the organisation, with the level's position among all."""
    roots = [organisation.id for organisation in reading.registry.organisations]
    rows = benchmarks.peers(
        store.connection, {definition.id: definition.version}, reading.root, roots, reading.week
    )
    order = {place: number for number, place in enumerate(places)}
    own_rows = [
        row
        for row in rows
        if row["organisation"] == reading.root and row["system"] == system and row["unit"] in order
    ]
    own_rows.sort(key=lambda row: order[row["unit"]])
    other_rows = [row for row in rows if row["organisation"] != reading.root]
    levels = []
    for position, (level, level_rows) in enumerate(by_level([*own_rows, *other_rows]).items()):
        level_funnel = funnel(level_rows) if level_rows[0]["organisation"] == reading.root else None
        if level_funnel is not None:
            levels.append((position, level, level_funnel))
    return levels


def _funnel(
    reading: Reading,
    definition: Definition,
    level: str,
    funnel: Funnel,
    listed: Branch,
    say: Speaker,
    chart_id: str,
) -> Chart:
    language, title = say.language, getattr(definition.title, say.language)
    apart = [point for point in funnel.points if point.word != "inside"]
    shown = _shown_points(funnel.points, apart, listed)
    named = shown if listed.guide is None else frozenset(_most_apart(apart))
    points = [_placed(reading, point, language, is_named=point in named) for point in funnel.points]
    rows = [_funnel_row(reading, point, say) for point in funnel.points if point in shown]
    level_name = say("level_whole") if level == WHOLE else level.replace("#", say("level_depth"))
    apart_names = [point.name for point in points if point.apart]
    first_names = ", ".join(apart_names[:4]) + (say("and_more") if len(apart_names) > 4 else "")
    finding = say("funnel_apart", n=len(apart), all=len(points), list=first_names) if apart else ""
    finding = finding or say("funnel_alike", all=len(points))
    centre = say("funnel_caption", centre=number(funnel.centre, "percent", language))
    words = (
        say("col_behind"),
        say("funnel_centre", centre=number(funnel.centre, "percent", language)),
    )
    columns = say.columns("unit", "figure", "behind", "funnel")
    # of many places, those that lie on each other are drawn once
    drawn = (
        points
        if listed.guide is None
        else [
            *{(point.value, point.n, point.kind, point.named): point for point in points}.values()
        ]
    )
    return Chart(
        chart_id,
        finding,
        say("funnel_title", indicator=title, level=level_name),
        f"{finding} {centre}.",
        charts.funnel(drawn, funnel.centre, funnel.limits, words, percent_sign(language)),
        Table(f"{centre} ({level_name})", columns, tuple(rows), (1, 2)),
        listed.listed(len(rows), len(points), say),
    )


def _name_of(reading: Reading, point: Point, language: str) -> str:
    """What a place of a funnel is called; of another organisation, what it is called there."""
    if point.organisation == reading.root:
        return reading.unit_names(point.unit).text(language)
    return point.name or point.unit


def _placed(reading: Reading, point: Point, language: str, *, is_named: bool) -> charts.Place:
    """A place of a funnel as it is drawn."""
    is_apart, is_root = point.word != "inside", point.unit == reading.root
    name = _name_of(reading, point, language)
    return charts.Place(name, point.value, point.n, is_apart, is_root, is_root or is_named)


def _funnel_row(reading: Reading, point: Point, say: Speaker) -> tuple[Cell, ...]:
    """A place of a funnel as its table tells it."""
    name = _name_of(reading, point, say.language)
    return (
        Link(name, f"/units/{point.unit}") if point.organisation == reading.root else name,
        number(point.value, "percent", say.language),
        f"≥ {point.n}",
        say(f"funnel_{point.word}"),
    )


_NAMED: Final = 12
"""Places that a funnel of many names at most."""


def _shown_points(
    points: Sequence[Point], apart: Sequence[Point], listed: Branch
) -> frozenset[Point]:
    """The points of which a funnel's table tells: all, else those that lie apart and those of the listed places."""
    if listed.guide is None:
        return frozenset(points)
    places = frozenset(listed.places)
    return frozenset(apart[:MOST]).union(point for point in points if point.unit in places)


def _most_apart(apart: Sequence[Point]) -> Sequence[Point]:
    """The points that a funnel has room to name: those that lie furthest out before the others."""
    return sorted(apart, key=lambda point: not point.word.startswith("far"))[:_NAMED]
