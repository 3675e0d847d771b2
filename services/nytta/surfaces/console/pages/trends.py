"""The chart of an indicator in a unit over the last year, and the sentence above it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from nytta.disclosure.published.peers import peer_band
from nytta.indicators.definition import Definition
from nytta.registry.roles import Permission
from nytta.statistics import difference_interval
from nytta.surfaces.console import charts
from nytta.surfaces.console.figure_texts import (
    day,
    figure_text,
    interval,
    number,
    short_week,
    suffix,
    week,
)
from nytta.surfaces.console.parts import Chart, Speaker, Table
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.visitors import Visitor

Figure = Mapping[str, Any]
"""A row of `indicator_values`: value, low, high, n_band, status, reason."""

_SAME_POINTS = 3
"""Points within which a share is the same as before."""

_SAME_SHARE = 0.1
"""The share of a count or a number of days within which it is the same as before: small changes of small figures would
else be told, or none of them."""


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
        places = {
            "",
            unit,
            member,
            *(ancestor.id for ancestor in registry.ancestors(member, reading.day)),
        }
    except KeyError:
        places = {"", unit}
    dated = [
        (milestone.date, milestone.names.text(language))
        for milestone in registry.milestones
        if milestone.system in ("", system)
        and milestone.unit in places
        and milestone.date > reading.weeks[0]
    ]
    go_live = reading.published.live(system, unit)
    if (
        go_live is not None
        and go_live > reading.weeks[0]
        and not any(day == go_live for day, _ in dated)
    ):
        dated.append((go_live, Speaker(language)("go_live")))
    for alert in reading.alerts:
        planned = alert.acknowledged
        is_about = (alert.key.unit, alert.key.system) == (unit, system)
        if is_about and planned is not None and planned.action:
            dated.append((planned.due or planned.on, Speaker(language)("action_marked")))
    return sorted(dated)


def trend(
    reading: Reading,
    visitor: Visitor,
    unit: str,
    system: str,
    definition: Definition,
    chart_id: str = "",
) -> Chart:
    """A year of one indicator in one unit, with the anonymous middle and band of comparable units."""
    say, language, indicator = Speaker(visitor.language), visitor.language, definition.id
    banded = visitor.may(Permission.PEER_BAND, unit)
    points = []
    for week_start in reading.weeks:
        row = reading.row(indicator, unit, system, week_start)
        value, low, high = (row["value"], row["low"], row["high"]) if row else (None, None, None)
        of_peers = (
            peers(reading, indicator, unit, system, week_start) if banded else (None, None, None)
        )
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
        _table(
            say("trend_caption", indicator=title, unit=name),
            points,
            definition,
            language,
            reading,
            unit,
            system,
        ),
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
        return say(
            "finding_none",
            indicator=title,
            unit=name,
            why=figure_text(row, definition, language).text,
        )
    last_point = shown_points[-1]
    row = reading.row(definition.id, unit, system, last_point.week)
    text = say(
        "finding_now",
        indicator=title,
        unit=name,
        figure=figure_text(row, definition, language).text,
        week=week(last_point.week, language),
    )
    earlier_points = [
        point for point in shown_points if point.week <= last_point.week - timedelta(weeks=26)
    ]
    earlier = (
        reading.row(definition.id, unit, system, earlier_points[-1].week)
        if earlier_points
        else None
    )
    if earlier is not None and row is not None:
        key = move(earlier, row, definition)
        text += " " + say(key, figure=figure_text(earlier, definition, language).text)
    if last_point.peer is not None and last_point.value is not None:
        key = "finding_peers_band" if last_point.peer_low is not None else "finding_peers"
        low, high = (
            number(last_point.peer_low, "", language),
            number(last_point.peer_high, measure, language),
        )
        text += " " + say(
            key, figure=number(last_point.peer, measure, language), low=low, high=high
        )
    return text


def move(earlier: Figure, current: Figure, definition: Definition) -> str:
    """The words for the way from an earlier figure to the last one."""
    rise = current["value"] - earlier["value"]
    is_percent = definition.display.unit_of_measure == "percent"
    unchanged = _SAME_POINTS if is_percent else _SAME_SHARE * abs(earlier["value"])
    if abs(rise) < unchanged or not rise:
        return "finding_same"
    if not is_clear(earlier, current):
        return "finding_unsure"
    return "finding_up" if rise > 0 else "finding_down"


def is_clear(earlier: Figure | None, current: Figure | None) -> bool:
    """Whether two figures of periods that do not overlap differ by more than their uncertainty explains; a figure whose
    uncertainty is unknown (a median) is taken as it is."""
    if earlier is None or current is None:
        return False
    low, high = difference_interval(_with_ends(current), _with_ends(earlier))
    return low > 0 or high < 0


def _with_ends(figure: Figure) -> tuple[float, float, float]:
    value = figure["value"]
    if figure["low"] is None or figure["high"] is None:
        return value, value, value
    return value, figure["low"], figure["high"]


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
        figure = figure_text(
            reading.row(definition.id, unit, system, point.week), definition, language
        )
        cells = [
            short_week(point.week, language),
            figure.text,
            figure.interval or "–",
            figure.n_band or "–",
        ]
        if peered:
            cells.append(number(point.peer, measure, language))
            low, high = point.peer_low, point.peer_high
            cells.append(
                "–" if low is None or high is None else interval(low, high, measure, language)
            )
        rows.append(tuple(cells))
    peer_columns = ("peers_middle", "peers_band") if peered else ()
    columns = say.columns("week", "figure", "interval", "n_band", *peer_columns)
    return Table(caption, columns, tuple(rows), tuple(range(1, len(columns))))


def milestones(reading: Reading, unit: str, system: str, language: str) -> list[tuple[str, str]]:
    """Days and names of dated events, as text."""
    return [
        (day(event_day, language), name)
        for event_day, name in events(reading, unit, system, language)
    ]
