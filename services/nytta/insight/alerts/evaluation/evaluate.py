"""One round: unheard weeks become observations, observations alerts, alerts the messages that are due now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from nytta.disclosure.clock import first_open_week
from nytta.insight.alerts.addressees import Directory
from nytta.insight.alerts.evaluation.chart import chart_of
from nytta.insight.alerts.evaluation.observe import observe_week
from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.alerts.evaluation.tell import facts_of
from nytta.insight.alerts.kinds import Family, Role, role
from nytta.insight.alerts.lifecycle import causes, observe
from nytta.insight.alerts.model import Alert, Key, State
from nytta.insight.alerts.schedule import Dispatch, Hours, Occasion, Part, Undeliverable, plan
from nytta.insight.alerts.texts import FactsError, Item, compose, line
from nytta.insight.store.alerts import AlertStore, Book, Changes, Outgoing
from nytta.registry.registry import Registry
from nytta.registry.units import Organisation

LOOK_BACK = 8
"""So many weeks are heard where nothing was heard before, or where runs were missed."""

_CAUSES = frozenset({Family.SOURCE, Family.PROGRAMME})
_HISTORY = timedelta(weeks=56)


@dataclass(frozen=True, slots=True)
class Untold:
    """An alert that lacks a fact without which it cannot be told."""

    alert: str
    why: str


@dataclass(slots=True)
class Evaluation:
    """What a round did."""

    changed: int = 0
    messages: list[Outgoing] = field(default_factory=list)
    undeliverable: list[Undeliverable] = field(default_factory=list)
    untold: list[Untold] = field(default_factory=list)


def evaluate(
    store: AlertStore, registry: Registry, current_time: datetime, *, address: str = ""
) -> Evaluation:
    """Evaluate every organisation at `current_time` (aware) and write down what is decided; nothing is sent here.

    Called as often as one likes: a week is heard once, and a message is decided once. `address` is where the console
    is reached, for links.
    """
    evaluation = Evaluation()
    for organisation in registry.organisations:
        _evaluate(store, registry, organisation, current_time, address, evaluation)
    return evaluation


def _evaluate(
    store: AlertStore,
    registry: Registry,
    organisation: Organisation,
    current_time: datetime,
    address: str,
    evaluation: Evaluation,
) -> None:
    """Evaluate one organisation, and add to `evaluation` what was decided."""
    hours = Hours(ZoneInfo(organisation.timezone), organisation.calendar)
    day = hours.local(current_time).date()
    last_week = first_open_week(current_time, organisation.timezone) - timedelta(weeks=1)
    book = store.book(organisation.id, day)
    weeks = _unheard(book.heard, last_week)
    first_unheard = min([last_week, *weeks])
    evidence = store.evidence(
        organisation.id, first_unheard - _HISTORY, last_week, unheard_day=first_unheard
    )
    published = PublishedEvidence(organisation.id, registry, evidence)
    alerts = _heard(published, book, weeks, day)
    untold = _untold(published, alerts, day, address)
    round_plan = plan(
        {key: alert for key, alert in alerts.items() if key not in untold},
        book.sent,
        current_time,
        hours=hours,
        address=Directory(registry).recipient,
        units_in_order=published.places(day),
    )
    alerts |= round_plan.book
    changes = Changes(
        alerts=[alert for key, alert in alerts.items() if book.alerts.get(key) != alert],
        dropped=[alert for key, alert in book.alerts.items() if key not in alerts],
        sent=[message for message in round_plan.sent if message not in book.sent],
        messages=[
            _outgoing(published, dispatch, current_time, address)
            for dispatch in round_plan.dispatches
        ],
        heard=last_week if weeks else None,
    )
    # an evaluation that decides nothing writes nothing, for it may be asked for as often as one likes
    if changes.alerts or changes.dropped or changes.sent or changes.messages or changes.heard:
        store.commit(organisation.id, changes, current_time)
    evaluation.changed += len(changes.alerts) + len(changes.dropped)
    evaluation.messages += changes.messages
    evaluation.undeliverable += round_plan.undeliverable
    evaluation.untold += untold.values()


def _untold(
    published: PublishedEvidence, alerts: Mapping[Key, Alert], day: date, address: str
) -> dict[Key, Untold]:
    """New alerts that cannot be told: they stay open, and are told once their facts are there."""
    untold: dict[Key, Untold] = {}
    for key, alert in alerts.items():
        if alert.state is not State.OPEN or alert.told is not None:
            continue
        if lacking := _lacking(published, alert, day, address):
            untold[key] = Untold(alert.id, lacking)
    return untold


def _unheard(evaluated: date | None, last_day: date) -> list[date]:
    first_day = last_day - timedelta(weeks=LOOK_BACK - 1)
    if evaluated is not None:
        first_day = max(first_day, evaluated + timedelta(weeks=1))
    return [
        first_day + timedelta(weeks=offset)
        for offset in range((last_day - first_day).days // 7 + 1)
    ]


def _heard(
    published: PublishedEvidence, book: Book, weeks: list[date], day: date
) -> dict[Key, Alert]:
    """The book after the unheard weeks, one after the other."""
    book_after = dict(book.alerts)
    for week in weeks:
        observations = observe_week(published, week)
        cause_observations = causes(observations, published.root, week, book_after)
        # causes are about the whole organisation, and are told of it in place of what was seen of it
        of_units = [
            observation
            for observation in observations
            if observation.unit != published.root or observation.key.family not in _CAUSES
        ]
        book_after = observe(book_after, [*of_units, *cause_observations], day)
    book_after = observe(book_after, [], day)
    # what came and went while nobody looked is no alert today
    return {
        key: alert
        for key, alert in book_after.items()
        if key in book.alerts or alert.state is not State.IMPROVING
    }


def _lacking(published: PublishedEvidence, alert: Alert, day: date, address: str) -> str:
    """Why an alert cannot be told in some language; '' where it can."""
    try:
        facts = facts_of(published, alert, day, address)
        compose([Item(Occasion.NEW, alert, facts)], "sv", day)
    except FactsError as error:
        return str(error)
    return ""


def _outgoing(
    published: PublishedEvidence, dispatch: Dispatch, current_time: datetime, address: str
) -> Outgoing:
    """A dispatch as it will be sent: text, chart, and whom the registry has to be asked for."""
    day, language = dispatch.at.date(), dispatch.recipient.language
    items = [
        Item(part.what, part.alert, facts_of(published, part.alert, day, address))
        for part in dispatch.parts
    ]
    said_items = [item for item in items if _can_be_said(item, language)]
    message = compose(said_items, language, day)
    lead_item = next((item for item in said_items if item.what is Occasion.NEW), None)
    chart, chart_text = (
        chart_of(published, lead_item.alert, lead_item.facts, language) if lead_item else (b"", "")
    )
    lead_part = dispatch.parts[0]
    return Outgoing(
        id=dispatch.id,
        recipient=dispatch.recipient.id,
        role=_asked(lead_part).value,
        unit=lead_part.alert.key.unit,
        system=lead_part.alert.key.system,
        day=day,
        decided=current_time,
        message=message,
        alerts=tuple(part.alert.id for part in dispatch.parts),
        chart=chart,
        chart_text=chart_text,
    )


def _asked(part: Part) -> Role:
    """The role that the message is for."""
    return (
        Role.PROGRAMME_LEAD
        if part.what in (Occasion.ESCALATION, Occasion.REVIEW)
        else role(part.alert.kind)
    )


def _can_be_said(item: Item, language: str) -> bool:
    """Whether a line can be written: an alert told long ago may have lost a figure meanwhile."""
    try:
        line(item, language)
    except (FactsError, KeyError):
        return False
    return True
