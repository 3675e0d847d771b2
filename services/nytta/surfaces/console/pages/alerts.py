"""Alerts: the list, one alert with its message and answers, and how good they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import NamedTuple
from urllib.parse import quote

from nytta.insight.alerts.clicks import LONGEST_SNOOZE
from nytta.insight.alerts.evaluation.evaluate import LOOK_BACK
from nytta.insight.alerts.evaluation.tell import facts_of
from nytta.insight.alerts.feedback import (
    ACTION_GOAL,
    DAYS_GOAL,
    PRECISION_GOAL,
    SNOOZED_GOAL,
    quality,
)
from nytta.insight.alerts.kinds import role
from nytta.insight.alerts.model import Alert, InvalidReason, SnoozeReason, State
from nytta.insight.alerts.texts import FactsError, Message, actions, render, suggested, suggestions
from nytta.insight.alerts.tried import Tried, in_order_of_effect, tried_actions
from nytta.insight.alerts.wordings import WORDINGS
from nytta.insight.store.effects import PublishedEffect
from nytta.registry.programme import Suggestion
from nytta.registry.roles import Permission
from nytta.registry.units import Unit
from nytta.surfaces.console.branches import MOST, holds
from nytta.surfaces.console.figure_texts import day, short_week
from nytta.surfaces.console.parts import Cell, Link, Refused, Speaker, Table, page_number
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.reports import figures

SIZE = 25
"""Rows of a page of the list."""

_ICONS = {
    State.OPEN: "open",
    State.ESCALATED: "escalated",
    State.ACKNOWLEDGED: "taken",
    State.IMPROVING: "improving",
    State.SNOOZED: "waiting",
    State.CLOSED: "closed",
    State.INVALID: "invalid",
    State.WATCHING: "watching",
}
_SORTS = ("since", "unit", "system", "state")
_STATES = (
    "live",
    "all",
    *(state.value for state in State if state not in (State.OK, State.WATCHING)),
)
"""By what the list can be filtered."""


@dataclass(frozen=True, slots=True)
class AlertList:
    """A page of the list, with its filters as they stand.

    `units` are those to choose from; none where they are so many that they are looked for `by_name`.
    """

    organisation: str
    organisations: tuple[Link, ...]
    table: Table
    state: str
    states: tuple[tuple[str, str], ...]
    sort: str
    sorts: tuple[tuple[str, str], ...]
    unit: str
    units: tuple[tuple[str, str], ...]
    find: str
    by_name: bool
    page: int
    pages: int
    total: int
    quality: Table | None
    effects: Table | None
    tried: Table | None


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert: its message in the visitor's language, the facts beneath, what was done, and what can be."""

    id: str
    href: str
    unit: Link
    state: Link
    ended: str
    answer: str
    effect: str
    message: Message | None
    lacking: str
    subject: str
    facts: Table
    history: Table
    may_act: bool
    actions: tuple[tuple[str, str], ...]
    snooze_reasons: tuple[tuple[str, str], ...]
    invalid_reasons: tuple[tuple[str, str], ...]
    today: str
    latest: str
    values: Mapping[str, str]


def address(alert: str) -> str:
    """The path of an alert's page; an alert about no system has `-` in its place."""
    return "/alerts/" + "/".join(quote(part or "-", safe="*") for part in alert.split("/"))


def identity(path: str) -> str:
    """The alert's id behind a path."""
    return "/".join("" if part == "-" else part for part in path.split("/"))


def icon(alert: Alert) -> str:
    """The name of the icon of its state."""
    return _ICONS[alert.state]


def state_name(alert: Alert, language: str) -> str:
    """Its state in words."""
    return Speaker(language)(f"state_{alert.state.value}")


def message_of(reading: Reading, alert: Alert, today: date, language: str) -> Message | str:
    """The message about an alert, or why it cannot be told."""
    try:
        return render(alert, facts_of(reading.published, alert, today, ""), language)
    except (FactsError, KeyError) as error:
        return str(error)


def subject(reading: Reading, alert: Alert, language: str) -> str:
    """What an alert is about, in one line."""
    message_or_reason = message_of(reading, alert, reading.day, language)
    if isinstance(message_or_reason, Message):
        return message_or_reason.subject
    unit, system = (
        reading.unit_names(alert.key.unit).text(language),
        reading.system_names(alert.key.system),
    )
    return f"{unit}: {system.text(language)}" if alert.key.system else unit


class _Filter(NamedTuple):
    """What the query asks for; `unit` is '' for all, `find` a part of units' names."""

    state: str
    unit: str
    sort: str
    find: str


def listed(
    reading: Reading, visitor: Visitor, query: Mapping[str, str], *, whole: bool = False
) -> AlertList:
    """The alerts of an organisation that the visitor may see, filtered, sorted and paged by the query.

    All units with alerts can be chosen where the `whole` is asked for.
    """
    say, language = Speaker(visitor.language), visitor.language
    visible = visitor.visible(Permission.FIGURES)
    visible_alerts = [
        alert
        for alert in reading.alerts
        if alert.state is not State.WATCHING and alert.key.unit in visible
    ]
    filters = _filter(query)
    selected = _selected(reading, visible_alerts, filters, language)
    pages = max(1, ceil(len(selected) / SIZE))
    page = min(max(1, page_number(query.get("page", "1"))), pages)
    rows = [_row(reading, alert, language) for alert in selected[(page - 1) * SIZE : page * SIZE]]
    columns = say.columns("alert", "unit", "system", "state", "since", "addressee", "answer")
    units = sorted(
        {alert.key.unit for alert in visible_alerts},
        key=lambda unit: reading.tree_order.get(unit, 0),
    )
    choices = units if whole or len(units) <= MOST else []
    return AlertList(
        reading.root,
        tuple(organisations(visitor, Permission.FIGURES, "/alerts")),
        Table(say("alerts_caption", n=len(selected)), columns, tuple(rows)),
        filters.state,
        tuple((state, say(f"state_{state}")) for state in _STATES),
        filters.sort,
        tuple(zip(_SORTS, say.columns(*_SORTS), strict=True)),
        filters.unit,
        tuple((unit, reading.unit_names(unit).text(language)) for unit in choices),
        filters.find,
        len(choices) < len(units),
        page,
        pages,
        len(selected),
        _quality(reading, visitor),
        _effects(reading, visitor),
        _tried_table(reading, visitor),
    )


def _filter(query: Mapping[str, str]) -> _Filter:
    """What the query asks for. Refused where it names what is not there."""
    filters = _Filter(
        query.get("state", "live"),
        query.get("unit", ""),
        query.get("sort", "since"),
        query.get("find", "").strip(),
    )
    if filters.state not in _STATES:
        raise Refused(400, "bad_filter", what=filters.state)
    if filters.sort not in _SORTS:
        raise Refused(400, "bad_filter", what=filters.sort)
    return filters


def _selected(
    reading: Reading, alerts: Sequence[Alert], filters: _Filter, language: str
) -> list[Alert]:
    selected = [alert for alert in alerts if filters.unit in ("", alert.key.unit)]
    if filters.find:
        names = {
            alert.key.unit: reading.unit_names(alert.key.unit).text(language) for alert in selected
        }
        selected = [alert for alert in selected if holds(names[alert.key.unit], filters.find)]
    if filters.state == "live":
        selected = [alert for alert in selected if alert.live]
    elif filters.state != "all":
        selected = [alert for alert in selected if alert.state.value == filters.state]
    if filters.sort == "unit":
        # units stand in the order of the tree everywhere, so that no list can be read as a ranking
        order = reading.tree_order
        selected.sort(key=lambda alert: (order.get(alert.key.unit, 0), alert.id))
    elif filters.sort == "since":
        selected.sort(key=lambda alert: (-alert.since.toordinal(), alert.id))
    elif filters.sort == "system":
        selected.sort(key=lambda alert: (alert.key.system, alert.id))
    else:
        selected.sort(key=lambda alert: (alert.state.value, alert.id))
    return selected


def _row(reading: Reading, alert: Alert, language: str) -> tuple[Cell, ...]:
    system = alert.key.system
    return (
        _alert_link(reading, alert, language),
        reading.unit_link(alert.key.unit, language),
        reading.system_names(system).text(language) if system else "–",
        _state_link(alert, language),
        short_week(alert.since, language),
        WORDINGS[language].roles[role(alert.kind).value],
        answer(alert, language),
    )


def _alert_link(reading: Reading, alert: Alert, language: str) -> Link:
    return Link(subject(reading, alert, language), address(alert.id))


def _state_link(alert: Alert, language: str) -> Link:
    return Link(state_name(alert, language), icon=icon(alert))


def one(
    reading: Reading, visitor: Visitor, alert_id: str, today: date, values: Mapping[str, str]
) -> AlertView:
    """One alert. Refused where there is none, or where the visitor may not see its unit."""
    say, language = Speaker(visitor.language), visitor.language
    alert = next((alert for alert in reading.alerts if alert.id == alert_id), None)
    if alert is None:
        raise Refused(404, "no_alert")
    message_or_reason = message_of(reading, alert, today, language)
    message = message_or_reason if isinstance(message_or_reason, Message) else None
    fields = message.fields if message else ()
    # buttons and links are for a mail: the page has its own
    facts = [(field.label, field.text) for field in fields if field.id not in ("buttons", "links")]
    proposed = suggestions(alert.kind, facts_of(reading.published, alert, today, ""), language)
    return AlertView(
        alert.id,
        address(alert.id),
        reading.unit_link(alert.key.unit, language),
        _state_link(alert, language),
        "" if alert.live or not alert.closed else say("alert_ended", why=_ending(alert, language)),
        answer(alert, language),
        effect_of(reading, alert, language),
        message,
        "" if message else say("alert_untold"),
        subject(reading, alert, language),
        Table(say("alert_facts"), say.columns("fact", "what"), tuple(facts)),
        Table(say("alert_history"), say.columns("day", "what"), tuple(_history(alert, language))),
        alert.live and may_answer(visitor, alert, reading),
        tuple(_choices(proposed, _tried(reading, language), say)),
        tuple((reason.value, say(f"snooze_{reason.value}")) for reason in SnoozeReason),
        tuple((reason.value, say(f"invalid_{reason.value}")) for reason in InvalidReason),
        today.isoformat(),
        (today + LONGEST_SNOOZE).isoformat(),
        values,
    )


def may_answer(visitor: Visitor, alert: Alert, reading: Reading) -> bool:
    """Whether the visitor answers this alert: the unit's manager, or for an organisation's the programme lead."""
    if visitor.may(Permission.ACT, alert.key.unit):
        return True
    return role(alert.kind).value == "programme_lead" and visitor.may(
        Permission.PROGRAMME, reading.root
    )


def answer(alert: Alert, language: str) -> str:
    """What its addressee has said so far."""
    say = Speaker(language)
    if alert.snooze:
        return say(
            "answer_snoozed",
            day=day(alert.snooze.until, language),
            why=say(f"snooze_{alert.snooze.reason.value}"),
        )
    if alert.invalid:
        return say("answer_invalid", why=say(f"invalid_{alert.invalid.value}"))
    if alert.acknowledged:
        planned = alert.acknowledged.action
        if planned and alert.acknowledged.due:
            return say("answer_planned", day=day(alert.acknowledged.due, language))
        return say("answer_taken", day=day(alert.acknowledged.on, language))
    return say("answer_none" if alert.live else "answer_never")


def effect_of(reading: Reading, alert: Alert, language: str) -> str:
    """What followed the action that was planned; '' where none was, or where it is too early."""
    effect = next((effect for effect in reading.effects if effect.alert == alert.id), None)
    return "" if effect is None else effect_text(effect, language)


def effect_text(effect: PublishedEffect, language: str) -> str:
    """What followed an action, in a sentence."""
    say = Speaker(language)
    if effect.points is None:
        return say("effect_cannot", why=say(f"effect_{effect.word}"))
    bounds = {
        "points": f"{effect.points:+d}".replace("-", "−"),
        "low": _signed(effect.low),
        "high": _signed(effect.high),
    }
    # an effect is claimed more strictly than by the interval, which holds in four of five cases alone
    leaves_out_none = (effect.low or 0) > 0 or (effect.high or 0) < 0
    word = "unsure" if effect.word == "nothing_yet" and leaves_out_none else effect.word
    return say(f"effect_{word}", **bounds, others=effect.others)


def _signed(number: int | None) -> str:
    return str(number or 0).replace("-", "−")


def organisations(visitor: Visitor, permission: Permission, path: str) -> list[Link]:
    """The organisations that the visitor may choose between."""
    units = visitor.registry.units_at(visitor.day)
    return [
        Link(units[root].names.text(visitor.language), f"{path}?organisation={root}")
        for root in visitor.roots(permission)
    ]


def _ending(alert: Alert, language: str) -> str:
    """That an alert is closed, and why."""
    say = Speaker(language)
    return say(f"step_closed_{alert.closing.value}" if alert.closing else "step_closed")


def _history(alert: Alert, language: str) -> list[tuple[str, str]]:
    say = Speaker(language)
    steps: list[tuple[date | None, str]] = [
        (alert.since, say("step_since")),
        (alert.opened, say("step_opened")),
        (alert.told, say("step_told")),
        (alert.reminded, say("step_reminded")),
        (alert.escalated, say("step_escalated")),
        (alert.reviewed, say("step_reviewed")),
    ]
    if alert.acknowledged:
        steps.append((alert.acknowledged.on, say("step_taken")))
        if alert.acknowledged.action:
            steps.append(
                (
                    alert.acknowledged.on,
                    say("step_planned", day=day(alert.acknowledged.due, language)),
                )
            )
    if alert.snooze:
        steps.append((alert.snooze.on, say("step_snoozed", day=day(alert.snooze.until, language))))
    if alert.feedback:
        steps.append((alert.judged, say(f"step_{alert.feedback.value}")))
    steps.append((alert.improving, say("step_improving")))
    steps.append((alert.closed, _ending(alert, language)))
    steps.append((alert.recovery_told, say("step_recovery_told")))
    taken_steps = [(step_day, text) for step_day, text in steps if step_day]
    # stable: of one day, they stand in the order in which they follow each other
    taken_steps.sort(key=lambda step: step[0])
    return [(day(step_day, language), text) for step_day, text in taken_steps]


def _quality(reading: Reading, visitor: Visitor) -> Table | None:
    # how good alerts are is a matter of those who run the service, and says nothing of a unit
    if not (
        visitor.may(Permission.PLATFORM, reading.root)
        or visitor.may(Permission.PROGRAMME, reading.root)
    ):
        return None
    say = Speaker(visitor.language)
    measured = quality(
        reading.alerts, reading.registry.organisation(reading.root).calendar.is_workday
    )

    def share(value: float | None) -> str:
        return say("none_yet") if value is None else figures.percent(100 * value, visitor.language)

    days = say("none_yet") if measured.days is None else f"{measured.days:g}"
    rows = (
        (say("quality_told"), str(measured.told), "–"),
        (say("quality_right"), share(measured.precision), "≥ " + share(PRECISION_GOAL)),
        (say("quality_days"), days, f"≤ {DAYS_GOAL:g}"),
        (say("quality_action"), share(measured.with_action), "≥ " + share(ACTION_GOAL)),
        (say("quality_snoozed"), share(measured.snoozed_twice), "≤ " + share(SNOOZED_GOAL)),
    )
    return Table(say("quality_caption"), say.columns("what", "figure", "goal"), rows, (1, 2))


def _effects(reading: Reading, visitor: Visitor) -> Table | None:
    """What was done in the units, and what followed; for the programme lead."""
    if not visitor.may(Permission.PROGRAMME, reading.root) or not reading.effects:
        return None
    say, language = Speaker(visitor.language), visitor.language
    rows: list[tuple[Cell, ...]] = []
    for effect in reading.effects:
        rows.append(
            (
                Link(reading.unit_names(effect.unit).text(language), address(effect.alert)),
                reading.system_names(effect.system).text(language),
                _action(reading, effect, language),
                day(effect.day, language),
                effect_text(effect, language),
            )
        )
    columns = say.columns("unit", "system", "action", "day", "followed")
    return Table(say("effects_caption"), columns, tuple(rows))


def _tried(reading: Reading, language: str) -> dict[str, Tried]:
    """What followed each action, by its words, over all units of the organisation."""
    return tried_actions(
        (_action(reading, effect, language), effect.points) for effect in reading.effects
    )


def _tried_table(reading: Reading, visitor: Visitor) -> Table | None:
    """Each action that enough units tried, the best first; for the programme lead."""
    tried = _tried(reading, visitor.language)
    if not tried or not visitor.may(Permission.PROGRAMME, reading.root):
        return None
    say = Speaker(visitor.language)
    rows: list[tuple[Cell, ...]] = []
    for action, outcome in in_order_of_effect(tried, tried).items():
        rows.append((action, str(outcome.units), say("points", n=_points(outcome.points))))
    return Table(
        say("tried_caption"), say.columns("action", "units", "followed"), tuple(rows), (1, 2)
    )


def _choices(
    proposed: Mapping[str, Suggestion], tried: Mapping[str, Tried], say: Speaker
) -> Iterator[tuple[str, str]]:
    """Proposed actions by id in the order of what followed them elsewhere, which is said where enough tried them."""
    id_by_words = {
        suggestion.text.text(say.language): action_id for action_id, suggestion in proposed.items()
    }
    for words, action_id in in_order_of_effect(id_by_words, tried).items():
        text = suggested(proposed[action_id], say.language)
        if words in tried:
            outcome = tried[words]
            text += ": " + say("tried_note", n=outcome.units, points=_points(outcome.points))
        yield action_id, text


def _points(points: float) -> str:
    return f"{points:+.0f}".replace("-", "−")


def _action(reading: Reading, effect: PublishedEffect, language: str) -> str:
    """The action by its words, as the alert proposed it."""
    alert = next((alert for alert in reading.alerts if alert.id == effect.alert), None)
    if alert is None:
        return "–"
    # its words as the registry has them now: an action is kept by id
    own_suggestions = reading.published.registry.suggested(alert.kind.value, alert.key.system)
    suggestion = actions(alert.kind, own_suggestions, language).get(effect.action)
    return effect.action if suggestion is None else suggestion.text.text(language)


def is_new(alert: Alert, reading: Reading) -> bool:
    """Whether it opened in the last week: what the first evaluation found of the past is not new."""
    if alert.opened is None or alert.opened <= reading.day - timedelta(weeks=1):
        return False
    # an import opens alerts about months that are long past, all on one day
    first_day = min(other.opened for other in reading.alerts if other.opened is not None)
    return alert.opened != first_day or alert.since > first_day - timedelta(weeks=LOOK_BACK + 1)


def open_about(reading: Reading, unit: str) -> Sequence[Alert]:
    """Live alerts of a unit, the most urgent first."""
    return sorted(reading.open_alerts({unit}), key=lambda alert: (-alert.urgency, alert.id))


def open_below(reading: Reading, visitor: Visitor, unit: str) -> Sequence[Alert]:
    """Live alerts of the units below a unit that the visitor may see."""
    below = []
    for alert in reading.open_alerts(visitor.visible(Permission.FIGURES)):
        units_above = {ancestor.id for ancestor in _above(reading, alert.key.unit)}
        if unit in units_above:
            below.append(alert)
    return below


def _above(reading: Reading, place: str) -> Sequence[Unit]:
    """The units above a unit; above a group, those above its first member."""
    return reading.registry.ancestors(reading.published.member(place), reading.day)
