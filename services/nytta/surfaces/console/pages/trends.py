"""The chart of an indicator in a unit over the last year, and the sentence above it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from nytta.disclosure.published.peers import peer_band
from nytta.indicators.definition import Definition
from nytta.registry.roles import Permission
from nytta.surfaces.console import charts
from nytta.surfaces.console.figure_texts import day, figure_text, interval, number, short_week, suffix, week
from nytta.surfaces.console.parts import Chart, Speaker, Table
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.visitors import Visitor

_SAME = 3
"""Points within which a figure is the same as before."""


def peers(
    reading: Reading, indicator: str, unit: str, system: str, week: date
) -> tuple[float | None, float | None, float | None]:
    """Middle and quartiles of comparable units in the figure's own digits, None where too few show a figure."""
    definition = reading.definitions.get(indicator)
    digits = 1 if definition is not None and definition.display.unit_of_measure == "count" else 0
    band = peer_band(reading.published.among_peers(indicator, "window", unit, system, week))

    def rounded(figure: float | None) -> float | None:
        return None if figure is None else round(figure, digits)

    return rounded(band.middle), rounded(band.low), rounded(band.high)


def target(reading: Reading, indicator: str, unit: str, system: str) -> int | None:
    """The target that the plan, or the benefit, sets for the unit in percent; None without one."""
    try:
        return reading.published.target_of_use(system, indicator, unit, reading.day)
    except KeyError:
        return None


def events(reading: Reading, unit: str, system: str, language: str) -> list[tuple[date, str]]:
    """Dated events of the unit and the system in the last year: go-live and milestones."""
    registry, member = reading.registry, reading.published.member(unit)
    try:
        places = {"", unit, member, *(ancestor.id for ancestor in registry.ancestors(member, reading.day))}
    except KeyError:
        places = {"", unit}
    dated = [
        (milestone.date, milestone.names.text(language))
        for milestone in registry.milestones
        if milestone.system in ("", system) and milestone.unit in places and milestone.date > reading.weeks[0]
    ]
    go_live = reading.published.live(system, unit)
    if go_live is not None and go_live > reading.weeks[0] and not any(day == go_live for day, _ in dated):
        dated.append((go_live, Speaker(language)("go_live")))
    for alert in reading.alerts:
        planned = alert.acknowledged
        is_about = (alert.key.unit, alert.key.system) == (unit, system)
        if is_about and planned is not None and planned.action:
            dated.append((planned.due or planned.on, Speaker(language)("action_marked")))
    return sorted(dated)


def trend(
    reading: Reading, visitor: Visitor, unit: str, system: str, definition: Definition, chart_id: str = ""
) -> Chart:
    """A year of one indicator in one unit, with the anonymous middle and band of comparable units."""
    say, language, indicator = Speaker(visitor.language), visitor.language, definition.id
    banded = visitor.may(Permission.PEER_BAND, unit)
    points = []
    for week_start in reading.weeks:
        row = reading.row(indicator, unit, system, week_start)
        value, low, high = (row["value"], row["low"], row["high"]) if row else (None, None, None)
        of_peers = peers(reading, indicator, unit, system, week_start) if banded else (None, None, None)
        points.append(charts.Point(week_start, value, low, high, *of_peers))
    while len(points) > 8 and points[0].value is None and points[0].peer is None:
        points.pop(0)
    aim = target(reading, indicator, unit, system)
    name, title = reading.unit_names(unit).text(language), getattr(definition.title, language)
    measure = definition.display.unit_of_measure
    percent = measure == "percent"
    alert = next(iter(reading.alerts_about(unit, system)), None)
    aim_name = say("target_is", figure=number(aim, measure, language)) if aim is not None else ""
    spec = charts.trend(
        charts.Trend(
            points,
            name,
            say("peers") if any(point.peer is not None for point in points) else "",
            aim if percent else None,
            aim_name,
            events(reading, unit, system, language),
            alert.since if alert and alert.indicator == indicator else None,
            say("alert_since"),
            suffix(definition, language),
            say("week_letter"),
            percent,
        )
    )
    finding = sentence(reading, visitor, unit, system, definition, points)
    return Chart(
        chart_id or f"{system}-{indicator}",
        finding,
        say("trend_title", indicator=title, unit=name),
        say("trend_about", finding=finding, weeks=len(points)),
        spec,
        _table(say("trend_caption", indicator=title, unit=name), points, definition, language, reading, unit, system),
        say(
            "window_note" if definition.window_weeks > 1 else "week_note",
            n=definition.window_weeks,
            version=definition.version,
        ),
    )


def sentence(
    reading: Reading,
    visitor: Visitor,
    unit: str,
    system: str,
    definition: Definition,
    points: Sequence[charts.Point],
) -> str:
    """What the chart shows, in a sentence or two."""
    say, language = Speaker(visitor.language), visitor.language
    title, name = getattr(definition.title, language), reading.unit_names(unit).text(language)
    measure = definition.display.unit_of_measure
    shown_points = [point for point in points if point.value is not None]
    if not shown_points:
        row = reading.row(definition.id, unit, system)
        return say("finding_none", indicator=title, unit=name, why=figure_text(row, definition, language).text)
    last_point = shown_points[-1]
    row = reading.row(definition.id, unit, system, last_point.week)
    text = say(
        "finding_now",
        indicator=title,
        unit=name,
        figure=figure_text(row, definition, language).text,
        week=week(last_point.week, language),
    )
    earlier_points = [point for point in shown_points if point.week <= last_point.week - timedelta(weeks=26)]
    if earlier_points and last_point.value is not None and earlier_points[-1].value is not None:
        key = _move(earlier_points[-1], last_point)
        text += " " + say(key, figure=number(earlier_points[-1].value, measure, language))
    if last_point.peer is not None and last_point.value is not None:
        key = "finding_peers_band" if last_point.peer_low is not None else "finding_peers"
        low, high = number(last_point.peer_low, "", language), number(last_point.peer_high, measure, language)
        text += " " + say(key, figure=number(last_point.peer, measure, language), low=low, high=high)
    return text


def _move(earlier: charts.Point, last: charts.Point) -> str:
    """The words for the way from an earlier figure to the last one."""
    points = round((last.value or 0) - (earlier.value or 0))
    if abs(points) < _SAME:
        return "finding_same"
    if _may_be_chance(earlier, last):
        return "finding_unsure"
    return "finding_up" if points > 0 else "finding_down"


def _may_be_chance(earlier_figure: charts.Point, current_figure: charts.Point) -> bool:
    """Whether each of two figures lies within the uncertainty of the other; unknown uncertainty is none."""
    return _within(current_figure.value, earlier_figure) and _within(earlier_figure.value, current_figure)


def _within(value: float | None, point: charts.Point) -> bool:
    if value is None or point.low is None or point.high is None:
        return False
    return point.low <= value <= point.high


def _table(
    caption: str,
    points: Sequence[charts.Point],
    definition: Definition,
    language: str,
    reading: Reading,
    unit: str,
    system: str,
) -> Table:
    say, measure = Speaker(language), definition.display.unit_of_measure
    peered = any(point.peer is not None for point in points)
    rows = []
    for point in reversed(points):
        figure = figure_text(reading.row(definition.id, unit, system, point.week), definition, language)
        cells = [short_week(point.week, language), figure.text, figure.interval or "–", figure.n_band or "–"]
        if peered:
            cells.append(number(point.peer, measure, language))
            low, high = point.peer_low, point.peer_high
            cells.append("–" if low is None or high is None else interval(low, high, measure, language))
        rows.append(tuple(cells))
    peer_columns = ("peers_middle", "peers_band") if peered else ()
    columns = say.columns("week", "figure", "interval", "n_band", *peer_columns)
    return Table(caption, columns, tuple(rows), tuple(range(1, len(columns))))


def milestones(reading: Reading, unit: str, system: str, language: str) -> list[tuple[str, str]]:
    """Days and names of dated events, as text."""
    return [(day(event_day, language), name) for event_day, name in events(reading, unit, system, language)]
