"""Indicators: what each means, and one with its trend, its units, its funnel and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nytta.disclosure.published.values import OpenStore
from nytta.indicators.definition import Definition
from nytta.insight.benefits.benchmark import WHOLE, Funnel, by_level, funnel
from nytta.insight.store import benchmarks
from nytta.registry.roles import Permission
from nytta.surfaces.console import charts, queries
from nytta.surfaces.console.figure_texts import figure_text, number, percent_sign, suffix, week
from nytta.surfaces.console.pages.mix import Split, splits
from nytta.surfaces.console.pages.trends import target, trend
from nytta.surfaces.console.parts import Chart, Link, Refused, Speaker, Table
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
    """One indicator in one system and unit."""

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
    top_unit = next((place for place in reading.published.places(reading.day) if place in visible), reading.root)
    rows = []
    for definition in sorted(
        reading.definitions.values(), key=lambda definition: (definition.code[:1], definition.code)
    ):
        rows_of_systems = [reading.row(definition.id, top_unit, system) for system in reading.systems(top_unit)]
        figures = [figure_text(row, definition, language).text for row in rows_of_systems if row is not None]
        rows.append(
            (
                Link(getattr(definition.title, language), f"/indicators/{definition.id}?organisation={reading.root}"),
                getattr(definition.question, language),
                definition.code,
                ", ".join(figures) or "–",
            )
        )
    columns = say.columns("indicator", "question", "code", "figure")
    return IndicatorList(reading.root, Table(say("indicators_caption"), columns, tuple(rows)))


def one(
    store: OpenStore, reading: Reading, visitor: Visitor, indicator_id: str, query: Mapping[str, str]
) -> IndicatorView:
    """One indicator; the query chooses system and unit."""
    say, language = Speaker(visitor.language), visitor.language
    definition = reading.definitions.get(indicator_id)
    if definition is None:
        raise Refused(404, "no_indicator", what=indicator_id[:80])
    visible = visitor.visible(Permission.FIGURES)
    places = [place for place in reading.published.places(reading.day) if place in visible]
    unit = query.get("unit") or places[0]
    all_systems = reading.systems_of()
    systems = [system for system in all_systems if any(reading.row(indicator_id, place, system) for place in places)]
    system = query.get("system") or (systems[0] if systems else "")
    if system and system not in all_systems:
        raise Refused(404, "no_system", what=system[:80])
    has_rows = bool(system) and any(reading.row(indicator_id, unit, system, week) for week in reading.weeks)
    return IndicatorView(
        indicator_id,
        getattr(definition.title, language),
        getattr(definition.question, language),
        unit,
        reading.unit_names(unit).text(language),
        system,
        tuple((system, reading.system_names(system).text(language)) for system in systems),
        tuple((place, reading.unit_names(place).text(language)) for place in places),
        _facts(definition, say),
        getattr(definition.pitfalls, language),
        trend(reading, visitor, unit, system, definition, "trend") if has_rows else None,
        _places(reading, visitor, definition, system, places, unit) if system else None,
        _parts(store, reading, definition, system, unit, say) if has_rows else None,
        tuple(splits(store, reading, definition, unit, system, say)) if has_rows else (),
        _funnels(store, reading, definition, system, places, say)
        if system and visitor.may(Permission.PROGRAMME, reading.root)
        else (),
        week(reading.week, language),
        f"/indicators/{indicator_id}/csv?unit={unit}&system={system}",
        f"/indicators/{indicator_id}/xlsx?unit={unit}&system={system}",
    )


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
    sheets = [Sheet(name, table.columns, _texts(table), table.figures, table.caption, about) for name, table in tables]
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
    reading: Reading, visitor: Visitor, definition: Definition, system: str, places: list[str], own_place: str
) -> Chart | None:
    say, language = Speaker(visitor.language), visitor.language
    measure = definition.display.unit_of_measure
    dots, rows = [], []
    for place in places:
        row = reading.row(definition.id, place, system)
        if row is None:
            continue
        figure = figure_text(row, definition, language)
        name = reading.unit_names(place).text(language)
        note = "" if figure.value is not None else figure.text
        dots.append(charts.Dot(name, figure.value, figure.low, figure.high, note, place == own_place))
        aim = number(target(reading, definition.id, place, system), measure, language)
        rows.append((Link(name, f"/units/{place}"), figure.text, figure.interval or "–", figure.n_band or "–", aim))
    if len(dots) < 2:
        return None
    whole_row = reading.row(definition.id, reading.root, system)
    middle = whole_row["value"] if whole_row else None
    title = getattr(definition.title, language)
    values = [dot.value for dot in dots if dot.value is not None]
    finding = say("places_finding", n=len(values), all=len(dots), indicator=title)
    if values:
        low, high = number(min(values), measure, language), number(max(values), measure, language)
        finding += " " + say("places_range", low=low, high=high)
    columns = say.columns("unit", "figure", "interval", "n_band", "target")
    return Chart(
        "places",
        finding,
        say("places_title", indicator=title, system=reading.system_names(system).text(language)),
        say("places_about", finding=finding),
        charts.dots(
            dots,
            middle=middle,
            middle_name=reading.unit_names(reading.root).text(language),
            unit=suffix(definition, language),
            percent=measure == "percent",
        ),
        Table(say("places_caption", indicator=title), columns, tuple(rows), (1, 2, 3, 4)),
    )


def _parts(
    store: OpenStore, reading: Reading, definition: Definition, system: str, unit: str, say: Speaker
) -> Table | None:
    """Parts (channels) and case types of the last window."""
    rows = []
    for row in queries.parts(store, definition.id, definition.version, unit, system, reading.week):
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
    places: list[str],
    say: Speaker,
) -> tuple[Chart, ...]:
    """Per level, which places lie beyond what chance explains, given how much stands behind each."""
    if definition.display.unit_of_measure != "percent" or definition.kind.value != "share":
        return ()
    roots = [organisation.id for organisation in reading.registry.organisations]
    rows = benchmarks.peers(store.connection, {definition.id: definition.version}, reading.root, roots, reading.week)
    order = {place: number for number, place in enumerate(places)}
    own_rows = [
        row for row in rows if row["organisation"] == reading.root and row["system"] == system and row["unit"] in order
    ]
    own_rows.sort(key=lambda row: order[row["unit"]])
    other_rows = [row for row in rows if row["organisation"] != reading.root]
    drawn = []
    for position, (level, level_rows) in enumerate(by_level([*own_rows, *other_rows]).items()):
        drawn_funnel = funnel(level_rows) if level_rows[0]["organisation"] == reading.root else None
        if drawn_funnel is not None:
            drawn.append(_funnel(reading, definition, level, drawn_funnel, say, f"funnel-{position}"))
    return tuple(drawn)


def _funnel(reading: Reading, definition: Definition, level: str, funnel: Funnel, say: Speaker, chart_id: str) -> Chart:
    language, title = say.language, getattr(definition.title, say.language)
    points, rows = [], []
    for point in funnel.points:
        is_own = point.organisation == reading.root
        name = reading.unit_names(point.unit).text(language) if is_own else point.name or point.unit
        points.append(charts.Place(name, point.value, point.n, point.word != "inside", point.unit == reading.root))
        rows.append(
            (
                Link(name, f"/units/{point.unit}") if is_own else name,
                number(point.value, "percent", language),
                f"≥ {point.n}",
                say(f"funnel_{point.word}"),
            )
        )
    named = say("level_whole") if level == WHOLE else level.replace("#", say("level_depth"))
    apart = [point.name for point in points if point.apart]
    listed = ", ".join(apart[:4]) + (say("and_more") if len(apart) > 4 else "")
    finding = say("funnel_apart", n=len(apart), all=len(points), list=listed) if apart else ""
    finding = finding or say("funnel_alike", all=len(points))
    centre = say("funnel_caption", centre=number(funnel.centre, "percent", language))
    words = (say("col_behind"), say("funnel_centre", centre=number(funnel.centre, "percent", language)))
    columns = say.columns("unit", "figure", "behind", "funnel")
    return Chart(
        chart_id,
        finding,
        say("funnel_title", indicator=title, level=named),
        f"{finding} {centre}.",
        charts.funnel(points, funnel.centre, funnel.limits, words, percent_sign(language)),
        Table(f"{centre} ({named})", columns, tuple(rows), (1, 2)),
    )
