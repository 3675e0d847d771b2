"""Who is told what, and when: few messages, at working hours, never into holidays.

`plan` is asked as often as the caller likes; it answers with what is due at that moment for one organisation. Managers,
benefit owners and the programme lead get at most one message a week, the digest, which joins all systems. Operations
get a message at the next working hour. There is no role but these, and no message holds a list of managers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from hashlib import blake2b
from zoneinfo import ZoneInfo

from nytta.insight.alerts.addressees import Recipient
from nytta.insight.alerts.clicks import escalate, remind, review, tell, tell_recovery
from nytta.insight.alerts.kinds import Role, role
from nytta.insight.alerts.model import Alert, Closing, Key, State
from nytta.registry.calendars import Calendar
from nytta.registry.dates import monday, mondays

DIGEST = time(7, 30)
DAY_BEGINS, DAY_ENDS = time(7), time(17)

NEW_EVERY = timedelta(weeks=4)
"""A manager gets at most one message with something new in this time."""

MOST_OPEN = 4
"""A manager has at most this many open alerts that were told."""

REMIND_AFTER = 2
ESCALATE_AFTER = 4
REVIEW_AFTER = 6
"""Weeks without an answer, or without an action; quiet weeks do not count."""

_BUDGETED = frozenset({Role.MANAGER, Role.BENEFIT_OWNER})


class Occasion(StrEnum):
    """Why an alert stands in a message, in the order in which a message says it."""

    NEW = "new"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    REVIEW = "review"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Part:
    """One alert in a message, as it stands after the message; the first NEW part leads, the others are lines."""

    what: Occasion
    alert: Alert


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One message to one recipient. `id` is the same whenever the same decision is taken again."""

    id: str
    recipient: Recipient
    at: datetime
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class SentMessage:
    """That a recipient got a message on a local day; `digest` and `new` say what kind."""

    recipient: str
    day: date
    digest: bool
    new: bool


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """A message that has nobody to go to. `why` is no_addressee or no_address."""

    alert: str
    unit: str
    role: Role
    why: str


@dataclass(frozen=True, slots=True)
class Round:
    """What is due now, and how things stand once it is sent."""

    dispatches: tuple[Dispatch, ...]
    book: dict[Key, Alert]
    sent: tuple[SentMessage, ...]
    undeliverable: tuple[Undeliverable, ...]


@dataclass(frozen=True, slots=True)
class Hours:
    """When an organisation may be disturbed: its clock and its calendar."""

    zone: ZoneInfo
    calendar: Calendar

    def local(self, current_time: datetime) -> datetime:
        """`current_time`, which must be aware, by the organisation's clock."""
        if current_time.tzinfo is None:
            raise ValueError("the moment has no time zone")
        return current_time.astimezone(self.zone)

    def may_notify(self, current_time: datetime) -> bool:
        """Whether it is a working day outside quiet weeks, between 07 and 17."""
        local = self.local(current_time)
        quiet = self.calendar.is_quiet(monday(local.date()))
        return (
            not quiet
            and self.calendar.is_workday(local.date())
            and DAY_BEGINS <= local.time() < DAY_ENDS
        )

    def digest_day(self, week: date) -> date | None:
        """The first working day of the week that begins on `week`, Monday if it is one; None in quiet weeks."""
        if self.calendar.is_quiet(week):
            return None
        days = (week + timedelta(days=offset) for offset in range(5))
        return next((day for day in days if self.calendar.is_workday(day)), None)

    def digest_due(self, current_time: datetime) -> bool:
        """Whether the week's digest may go: from 07:30 of its day; later in the week where that was missed."""
        local = self.local(current_time)
        day = self.digest_day(monday(local.date()))
        if day is None or not self.may_notify(current_time):
            return False
        return local.date() > day or (local.date() == day and local.time() >= DIGEST)

    def waited(self, since: date, day: date) -> int:
        """Weeks from that of `since` to that of `day`, without quiet ones."""
        later = mondays(since + timedelta(weeks=1), day) if day > since else []
        return sum(not self.calendar.is_quiet(week) for week in later)

    def fresh(self, confirmed: date, day: date) -> bool:
        """Whether evidence of the week `confirmed` still stands: no quiet week lies in it or between it and `day`."""
        return not any(self.calendar.is_quiet(week) for week in mondays(confirmed, day))


Address = Callable[[Role, str, str, date], Recipient | None]
"""Who bears a role for (unit, system) on a day: `Directory.recipient`."""


def plan(
    book: Mapping[Key, Alert],
    history: Iterable[SentMessage],
    current_time: datetime,
    *,
    hours: Hours,
    address: Address,
    units_in_order: Iterable[str],
) -> Round:
    """The messages of one organisation that are due at `current_time`, and book and record after them.

    `book` holds the alerts of the organisation's units, `history` what was sent in the last weeks, `units_in_order` its
    units in tree order: lists follow it, never a size of anything.
    """
    planner = _DigestPlanner(
        dict(book),
        list(history),
        hours,
        address,
        current_time,
        {unit: number for number, unit in enumerate(units_in_order)},
    )
    if hours.may_notify(current_time):
        planner.collect()
    return Round(
        tuple(planner.dispatches()),
        planner.book,
        tuple(planner.sent),
        tuple(dict.fromkeys(planner.undeliverable)),
    )


@dataclass(slots=True)
class _Item:
    """One part before it is decided on."""

    what: Occasion
    role: Role
    alert: Alert
    recipient: Recipient


class _DigestPlanner:
    """One round: collects what could be said, keeps to the budget, writes down what is said."""

    def __init__(
        self,
        book: dict[Key, Alert],
        history: list[SentMessage],
        hours: Hours,
        address: Address,
        current_time: datetime,
        order: dict[str, int],
    ) -> None:
        self.book, self.sent, self.hours, self.order = book, history, hours, order
        self._ask = address
        self._known: dict[tuple[Role, str, str], Recipient | None] = {}
        self.at = hours.local(current_time)
        self.day = self.at.date()
        self.week = monday(self.day)
        self.digest = hours.digest_due(current_time)
        self.items: dict[str, list[_Item]] = {}
        self.undeliverable: list[Undeliverable] = []

    def address(self, asked_role: Role, key: Key) -> Recipient | None:
        question = (asked_role, key.unit, key.system)
        # many alerts have one addressee, and the directory climbs the tree for each question
        if question not in self._known:
            self._known[question] = self._ask(*question, self.day)
        return self._known[question]

    def collect(self) -> None:
        # in the order of the tree: an order by urgency or size would be a ranking of units
        for key in sorted(
            self.book, key=lambda key: (self.order.get(key.unit, len(self.order)), key)
        ):
            alert = self.book[key]
            first_role = role(alert.kind)
            for occasion in self._due(alert, first_role):
                self._put(occasion, self._told(occasion, first_role), alert)

    def dispatches(self) -> list[Dispatch]:
        dispatches = []
        for items in self.items.values():
            recipient = items[0].recipient
            # faults of a source and matters of the lead are not rationed: their number does not grow with that of units
            news = [item for item in items if item.what is Occasion.NEW and item.role in _BUDGETED]
            said_items = [item for item in items if item not in news] + self._within_budget(
                recipient, news
            )
            if not said_items:
                continue
            said_items.sort(key=lambda item: list(Occasion).index(item.what))
            parts = tuple(Part(item.what, self._written(item)) for item in said_items)
            digest = any(item.role is not Role.OPERATIONS for item in said_items)
            new = any(item.what is Occasion.NEW and item.role in _BUDGETED for item in said_items)
            self.sent.append(SentMessage(recipient.id, self.day, digest, new))
            dispatches.append(Dispatch(self._id(recipient, parts), recipient, self.at, parts))
        return dispatches

    def _due(self, alert: Alert, first_role: Role) -> Iterable[Occasion]:
        """What there is to say of an alert today, whoever hears it."""
        if alert.state is State.CLOSED:
            if alert.closing is Closing.RECOVERED and alert.told and not alert.recovery_told:
                yield Occasion.RECOVERY
            return
        if not alert.live or alert.inhibited is not None:
            return
        if alert.told is None:
            # what was so before a holiday may be over after it: the first usable week decides
            if alert.state is State.OPEN and self.hours.fresh(alert.confirmed, self.day):
                yield Occasion.NEW
            return
        waited = self.hours.waited(alert.waiting, self.day) if alert.waiting else 0
        is_lead = first_role is Role.PROGRAMME_LEAD
        if alert.state is State.OPEN and not alert.persistent:
            # above the programme lead there is nobody to escalate to
            if waited >= ESCALATE_AFTER and not is_lead:
                yield Occasion.ESCALATION
            elif waited >= REMIND_AFTER and alert.reminded is None:
                yield Occasion.REMINDER
        if alert.reviewed is None and not is_lead and self._to_review(alert):
            yield Occasion.REVIEW

    def _to_review(self, alert: Alert) -> bool:
        acknowledgement = alert.acknowledged
        idle = (
            alert.state is State.ACKNOWLEDGED
            and acknowledgement is not None
            and not acknowledgement.action
            and self.hours.waited(acknowledgement.on, self.day) >= REVIEW_AFTER
        )
        return idle or alert.persistent or alert.snoozes >= 2

    @staticmethod
    def _told(occasion: Occasion, first_role: Role) -> Role:
        return (
            Role.PROGRAMME_LEAD
            if occasion in (Occasion.ESCALATION, Occasion.REVIEW)
            else first_role
        )

    def _put(self, occasion: Occasion, told_role: Role, alert: Alert) -> None:
        recipient = self.address(told_role, alert.key)
        if recipient is None or not recipient.reachable:
            reason = "no_addressee" if recipient is None else "no_address"
            self.undeliverable.append(Undeliverable(alert.id, alert.key.unit, told_role, reason))
            return
        if told_role is not Role.OPERATIONS and not self._digest_open(recipient, alert, occasion):
            return
        self.items.setdefault(recipient.id, []).append(_Item(occasion, told_role, alert, recipient))

    def _digest_open(self, recipient: Recipient, alert: Alert, occasion: Occasion) -> bool:
        """Whether this week's digest has yet to go to the recipient; what opened after its day waits for the next."""
        if not self.digest:
            return False
        if any(
            sent_message.recipient == recipient.id
            and sent_message.digest
            and monday(sent_message.day) == self.week
            for sent_message in self.sent
        ):
            return False
        day = self.hours.digest_day(self.week)
        return occasion is not Occasion.NEW or (
            day is not None and alert.opened is not None and alert.opened <= day
        )

    def _within_budget(self, recipient: Recipient, items: list[_Item]) -> list[_Item]:
        """What is new for a manager: the most urgent, all systems in one message, up to the number that may be open."""
        if any(
            sent_message.recipient == recipient.id
            and sent_message.new
            and self.day < sent_message.day + NEW_EVERY
            for sent_message in self.sent
        ):
            return []
        # what finds no room stays in the book untold, and may recover before anybody was bothered
        room = MOST_OPEN - sum(self._told_to(alert, recipient) for alert in self.book.values())
        items.sort(key=lambda item: (-item.alert.urgency, item.alert.key))
        return items[: max(room, 0)]

    def _told_to(self, alert: Alert, recipient: Recipient) -> bool:
        if not alert.live or alert.told is None or role(alert.kind) not in _BUDGETED:
            return False
        addressee = self.address(role(alert.kind), alert.key)
        return addressee is not None and addressee.id == recipient.id

    def _written(self, item: _Item) -> Alert:
        """The alert after it was said, also in the book."""
        alert = self.book[item.alert.key]
        match item.what:
            case Occasion.NEW:
                alert = tell(alert, self.day)
            case Occasion.REMINDER:
                alert = remind(alert, self.day)
            case Occasion.ESCALATION:
                alert = escalate(alert, self.day)
            case Occasion.REVIEW:
                alert = review(alert, self.day)
            case Occasion.RECOVERY:
                alert = tell_recovery(alert, self.day)
        self.book[alert.key] = alert
        return alert

    def _id(self, recipient: Recipient, parts: Iterable[Part]) -> str:
        # the week and not the moment: a round that is broken off and repeated decides on the same message
        parts_text = "\n".join(f"{part.what} {part.alert.id}" for part in parts)
        text = f"{recipient.id}\n{self.week.isoformat()}\n{parts_text}"
        return blake2b(text.encode(), digest_size=16).hexdigest()


def forget(history: Iterable[SentMessage], day: date) -> tuple[SentMessage, ...]:
    """The record without what no rule looks back at any more."""
    return tuple(
        sent_message
        for sent_message in history
        if day < sent_message.day + NEW_EVERY + timedelta(weeks=1)
    )
