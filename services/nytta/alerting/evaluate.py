"""One round: unheard weeks become observations, observations alerts, alerts the messages that are due now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from nytta.alerting.chart import chart_of
from nytta.alerting.observe import Desk, observe_week
from nytta.alerting.tell import facts_of
from nytta.alerts.addressees import Directory
from nytta.alerts.kinds import Family, Role, role
from nytta.alerts.lifecycle import causes, observe
from nytta.alerts.model import Alert, Key, State
from nytta.alerts.schedule import Dispatch, Hours, Part, Undeliverable, What, plan
from nytta.alerts.texts import FactsError, Item, compose, line
from nytta.disclosure.clock import first_open_week
from nytta.organisation.registry import Registry
from nytta.store.alerts import AlertStore, Book, Changes, Outgoing

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


def evaluate(store: AlertStore, registry: Registry, now: datetime, *, address: str = "") -> Evaluation:
    """Evaluate every organisation at `now` (aware) and write down what is decided; nothing is sent here.

    Called as often as one likes: a week is heard once, and a message is decided once. `address` is where the console
    is reached, for links.
    """
    done = Evaluation()
    for organisation in registry.organisations:
        zone = ZoneInfo(organisation.timezone)
        hours = Hours(zone, organisation.calendar)
        day = hours.local(now).date()
        last = first_open_week(now, organisation.timezone) - timedelta(weeks=1)
        book = store.book(organisation.id, day)
        weeks = _unheard(book.heard, last)
        first = min([last, *weeks]) - _HISTORY
        desk = Desk(organisation.id, registry, store.evidence(organisation.id, first, last))
        after = _heard(desk, book, weeks, day)
        changes = Changes(heard=last if weeks else None)
        untold: set[Key] = set()
        for key, alert in after.items():
            if alert.state is State.OPEN and alert.told is None and (why := _lacking(desk, alert, day, address)):
                untold.add(key)
                done.untold.append(Untold(alert.id, why))
        due = plan(
            {key: alert for key, alert in after.items() if key not in untold},
            book.sent,
            now,
            hours=hours,
            address=Directory(registry).recipient,
            order=desk.places(day),
        )
        after |= due.book
        changes.messages = [_outgoing(desk, each, now, address) for each in due.dispatches]
        changes.sent = [s for s in due.sent if s not in book.sent]
        changes.alerts = [alert for key, alert in after.items() if book.alerts.get(key) != alert]
        changes.dropped = [alert for key, alert in book.alerts.items() if key not in after]
        if changes.alerts or changes.dropped or changes.sent or changes.messages or changes.heard:
            store.commit(organisation.id, changes, now)
        done.changed += len(changes.alerts) + len(changes.dropped)
        done.messages += changes.messages
        done.undeliverable += due.undeliverable
    return done


def _unheard(heard: date | None, last: date) -> list[date]:
    first = last - timedelta(weeks=LOOK_BACK - 1)
    if heard is not None:
        first = max(first, heard + timedelta(weeks=1))
    return [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]


def _heard(desk: Desk, book: Book, weeks: list[date], day: date) -> dict[Key, Alert]:
    """The book after the unheard weeks, one after the other."""
    after = dict(book.alerts)
    for week in weeks:
        seen = observe_week(desk, week)
        told = causes(seen, desk.root, week, after)
        units = [each for each in seen if not (each.unit == desk.root and each.key.family in _CAUSES)]
        after = observe(after, [*units, *told], day)
    return observe(after, [], day)


def _lacking(desk: Desk, alert: Alert, day: date, address: str) -> str:
    """Why an alert cannot be told in some language; '' where it can."""
    try:
        facts = facts_of(desk, alert, day, address)
        compose([Item(What.NEW, alert, facts)], "sv", day)
    except FactsError as error:
        return str(error)
    return ""


def _outgoing(desk: Desk, dispatch: Dispatch, now: datetime, address: str) -> Outgoing:
    """A dispatch as it will be sent: text, chart, and whom the registry has to be asked for."""
    day, language = dispatch.at.date(), dispatch.recipient.language
    items = [Item(part.what, part.alert, facts_of(desk, part.alert, day, address)) for part in dispatch.parts]
    kept = [item for item in items if _can_be_said(item, language)]
    message = compose(kept, language, day)
    lead = next((item for item in kept if item.what is What.NEW), None)
    chart, said = chart_of(desk, lead.alert, lead.facts, language) if lead else (b"", "")
    first = dispatch.parts[0]
    return Outgoing(
        id=dispatch.id,
        recipient=dispatch.recipient.id,
        role=_asked(first).value,
        unit=first.alert.key.unit,
        system=first.alert.key.system,
        day=day,
        decided=now,
        message=message,
        alerts=tuple(part.alert.id for part in dispatch.parts),
        chart=chart,
        chart_text=said,
    )


def _asked(part: Part) -> Role:
    """The role that the message is for."""
    return Role.PROGRAMME_LEAD if part.what in (What.ESCALATION, What.REVIEW) else role(part.alert.kind)


def _can_be_said(item: Item, language: str) -> bool:
    """Whether a line can be written: an alert told long ago may have lost a figure meanwhile."""
    try:
        line(item, language)
    except (FactsError, KeyError):
        return False
    return True
