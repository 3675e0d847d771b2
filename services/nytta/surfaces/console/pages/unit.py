"""A unit's page: what is not yet used, how sure that is, what it costs, and what to try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from nytta.insight.alerts.model import Alert
from nytta.insight.alerts.texts import Message
from nytta.insight.states.combined import State
from nytta.registry.roles import Permission
from nytta.surfaces.console.branches import Guide, Way, page_of
from nytta.surfaces.console.figure_texts import day, figure_text, number, week
from nytta.surfaces.console.pages import alerts as alert_pages
from nytta.surfaces.console.pages.hours import hours_table
from nytta.surfaces.console.pages.states import Exploited, UseState, exploited, use_state
from nytta.surfaces.console.pages.trends import milestones, peers, target, trend
from nytta.surfaces.console.parts import Cell, Chart, Link, Refused, Speaker, Table
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.visitors import Visitor


@dataclass(frozen=True, slots=True)
class AlertSummary:
    """An open alert as the unit's page tells it."""

    href: str
    state: Link
    message: Message | None
    subject: str
    why: str
    ruled_out: str
    cost: str
    answer: str
    may_act: bool


@dataclass(frozen=True, slots=True)
class SystemView:
    """One system in the unit: whether it is used and exploited, the chart, every figure, dated events, hours."""

    id: str
    name: str
    live: str
    deviation: str
    use: UseState | None
    exploited: Exploited | None
    chart: Chart | None
    table: Table
    milestones: tuple[tuple[str, str], ...]
    hours: Table | None


@dataclass(frozen=True, slots=True)
class UnitView:
    """A unit: lead sentence, alerts, systems; for a small one its group, delivery facts and questions to itself."""

    id: str
    name: str
    week: str
    above: tuple[Link, ...]
    below: tuple[Link, ...]
    guide: Guide | None
    lead: str
    group: Link | None
    members: tuple[Link, ...]
    alerts: tuple[AlertSummary, ...]
    systems: tuple[SystemView, ...]
    check: tuple[str, ...]
    address: str


def unit(
    reading: Reading,
    visitor: Visitor,
    unit_id: str,
    today: date,
    query: Mapping[str, str] | None = None,
    *,
    whole: bool = False,
) -> UnitView:
    """The page of a unit or reporting group that the visitor may see.

    Of many units below it the query chooses a page, unless the `whole` is asked for.
    """
    say, language = Speaker(visitor.language), visitor.language
    registry = reading.registry
    group = registry.reporting_group(unit_id, reading.day)
    own_group = None if group else registry.group(unit_id, visitor.day)
    visible = visitor.visible(Permission.FIGURES)
    summaries = tuple(
        _summary(reading, visitor, alert, today)
        for alert in alert_pages.open_about(reading, unit_id)
    )
    is_small = own_group is not None
    systems = tuple(
        _system(reading, visitor, unit_id, system, small=is_small)
        for system in _systems(reading, unit_id)
    )
    member = reading.published.member(unit_id)
    above = [
        unit for unit in reversed(registry.ancestors(member, visitor.day)) if unit.id in visible
    ]
    tree = registry.units_at(visitor.day)
    units_below = [unit for unit in tree.values() if unit.parent == unit_id and unit.id in visible]
    links_below = tuple(
        Link(unit.names.text(language), f"/units/{unit.id}") for unit in units_below
    )
    way = Way(f"/units/{unit_id}", {"organisation": reading.root}, query or {})
    below, guide = (links_below, None) if whole else page_of(links_below, say, way)
    return UnitView(
        unit_id,
        reading.unit_names(unit_id).text(language),
        week(reading.week, language),
        tuple(Link(unit.names.text(language), f"/units/{unit.id}") for unit in above),
        below,
        guide,
        _lead(reading, visitor, unit_id, summaries, systems, small=is_small),
        Link(own_group.names.text(language), f"/units/{own_group.id}") if own_group else None,
        tuple(reading.unit_link(unit, language) for unit in group.units) if group else (),
        summaries,
        systems,
        tuple(say(f"check_{number}") for number in range(1, 6)) if own_group else (),
        f"/units/{unit_id}",
    )


def visible_root(visitor: Visitor, unit_id: str) -> str:
    """The organisation of a unit or group that exists and that the visitor may see. Refused otherwise."""
    registry, today = visitor.registry, visitor.day
    group = registry.reporting_group(unit_id, today)
    current = registry.units_at(today).get(group.units[0] if group else unit_id)
    if current is None:
        raise Refused(404, "no_unit", unit=unit_id[:80])
    if not visitor.may(Permission.FIGURES, unit_id):
        raise Refused(403, "other_unit")
    return current.root


def _lead(
    reading: Reading,
    visitor: Visitor,
    unit_id: str,
    summaries: tuple[AlertSummary, ...],
    systems: tuple[SystemView, ...],
    *,
    small: bool,
) -> str:
    say = Speaker(visitor.language)
    name = reading.unit_names(unit_id).text(visitor.language)
    if small:
        return say("unit_small", unit=name)
    if not systems:
        return say("unit_nothing", unit=name)
    if summaries:
        return say(
            "unit_alerts_one" if len(summaries) == 1 else "unit_alerts", n=len(summaries), unit=name
        )
    unused = [
        system.name
        for system in systems
        if system.use is not None and system.use.state == State.READY_NOT_USED
    ]
    if below := alert_pages.open_below(reading, visitor, unit_id):
        lead_text = say("unit_below", n=len(below), unit=name)
    elif unused:
        lead_text = say("unit_unused", unit=name, list=", ".join(unused))
    else:
        lead_text = say("unit_calm", unit=name)
    left = [
        case_type
        for system in systems
        if system.exploited is not None
        for case_type in system.exploited.left
    ]
    return f"{lead_text} " + say("unit_left", list=", ".join(left)) if left else lead_text


def _summary(reading: Reading, visitor: Visitor, alert: Alert, today: date) -> AlertSummary:
    language = visitor.language
    message = alert_pages.message_of(reading, alert, today, language)
    fields = (
        {field.id: field.text for field in message.fields} if isinstance(message, Message) else {}
    )
    return AlertSummary(
        alert_pages.address(alert.id),
        Link(alert_pages.state_name(alert, language), icon=alert_pages.icon(alert)),
        message if isinstance(message, Message) else None,
        alert_pages.subject(reading, alert, language),
        fields.get("why", ""),
        fields.get("ruled_out", ""),
        fields.get("cost", ""),
        alert_pages.answer(alert, language),
        alert_pages.may_answer(visitor, alert, reading),
    )


def _systems(reading: Reading, unit_id: str) -> list[str]:
    """Systems with figures of a unit, then those that it uses without any."""
    shown = reading.systems(unit_id)
    others = [system.id for system in reading.registry.systems if system.id not in shown]
    return shown + [system for system in others if reading.published.live(system, unit_id)]


def _system(
    reading: Reading, visitor: Visitor, unit_id: str, system: str, *, small: bool
) -> SystemView:
    say, language = Speaker(visitor.language), visitor.language
    leading = None if small else reading.leading(unit_id, system)
    go_live = reading.published.live(system, unit_id)
    deviation = reading.registry.deviation(system, reading.published.member(unit_id), visitor.day)
    return SystemView(
        system,
        reading.system_names(system).text(language),
        say("live_since", day=day(go_live, language)) if go_live else "",
        say("deviation", why=deviation.reason, by=deviation.agreed_by) if deviation else "",
        None if deviation else use_state(reading, language, unit_id, system),
        exploited(reading, language, unit_id, system),
        trend(reading, visitor, unit_id, system, reading.definitions[leading]) if leading else None,
        _figures(reading, visitor, unit_id, system),
        tuple(milestones(reading, unit_id, system, language)),
        _hours(reading, visitor, unit_id, system),
    )


def _figures(reading: Reading, visitor: Visitor, unit_id: str, system: str) -> Table:
    say, language = Speaker(visitor.language), visitor.language
    banded = visitor.may(Permission.PEER_BAND, unit_id)
    rows = []
    for indicator in reading.indicators(unit_id, system):
        definition = reading.definitions[indicator]
        measure = definition.display.unit_of_measure
        figure = figure_text(reading.row(indicator, unit_id, system), definition, language)
        title = getattr(definition.title, language)
        cells: list[Cell] = [
            Link(title, f"/indicators/{indicator}?system={system}&unit={unit_id}"),
            Link(figure.text, level=figure.level),
            figure.interval or "–",
            figure.n_band or "–",
        ]
        if banded:
            middle, low, high = peers(reading, indicator, unit_id, system, reading.week)
            text = number(middle, measure, language)
            if low is not None and high is not None:
                bare = measure if measure == "count" else ""
                text += f" ({number(low, bare, language)}–{number(high, bare, language)})"
            cells.append(text)
        cells.append(number(target(reading, indicator, unit_id, system), measure, language))
        rows.append(tuple(cells))
    peer_column = ("peers",) if banded else ()
    columns = say.columns("indicator", "figure", "interval", "n_band", *peer_column, "target")
    caption = say("figures_caption", system=reading.system_names(system).text(language))
    return Table(caption, columns, tuple(rows), tuple(range(1, len(columns))))


def _hours(reading: Reading, visitor: Visitor, unit_id: str, system: str) -> Table | None:
    """What is freed and what is unrealised, in hours; in money once the benefit's owner has confirmed the minutes."""
    if reading.statement is None:
        return None
    statement = reading.statement.statement
    pools = [pool for pool in statement.pools if (pool.place, pool.system) == (unit_id, system)]
    return hours_table(pools, statement.currency, Speaker(visitor.language))
