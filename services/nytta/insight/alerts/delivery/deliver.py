"""The outbox: every message that was decided on goes out on every way that its recipient has, until it went or is dead.

What was sent is written down after it was sent. A crash between the two sends it once more, with the same Message-ID
and the same idempotency key, so that it can be told as the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from nytta.insight.alerts.addressees import Directory
from nytta.insight.alerts.delivery import alertmanager, hooks, mail
from nytta.insight.alerts.delivery.channels import ChannelError, Channels
from nytta.insight.alerts.kinds import Role
from nytta.insight.store.alerts import AlertStore, Delivery, Outgoing
from nytta.registry.registry import Registry
from nytta.registry.units import Contact
from nytta.storage.errors import answering

FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=12)
ATTEMPTS = 12
"""After so many tries, over three days, a channel is dead for a message."""

KEPT = timedelta(days=28)
"""Messages older than this are not sent any more."""

_FIRING, _RESOLVED = "firing", "resolved"


@dataclass(slots=True)
class Delivered:
    """What one round of delivery did; `problems` name message, channel and what is wrong."""

    sent: int = 0
    waiting: int = 0
    problems: list[Delivery] = field(default_factory=list)

    @property
    def still(self) -> int:
        """Messages that are tried again later."""
        return self.waiting + sum(delivery.state == "failed" for delivery in self.problems)


def deliver(
    store: AlertStore, registry: Registry, channels: Channels, current_time: datetime
) -> Delivered:
    """Send what waits at `current_time` (aware). Never raises for a channel: what fails is written down and tried
    again."""
    return asyncio.run(_deliver(store, registry, channels, current_time))


async def _deliver(
    store: AlertStore, registry: Registry, channels: Channels, current_time: datetime
) -> Delivered:
    delivered = Delivered()
    deliveries = store.deliveries()
    directory = Directory(registry)
    for outgoing in store.messages(since=current_time.date() - KEPT):
        organisation = directory.root(outgoing.unit, outgoing.day) or ""
        for channel, send in _ways(directory, outgoing, channels, current_time.date()):
            delivery = deliveries.get((outgoing.id, channel))
            if delivery is not None and (
                delivery.state in ("sent", "dead") or current_time < delivery.next_at
            ):
                delivered.waiting += delivery.state == "failed"
                continue
            store.connection.check()
            tried_delivery = await _tried(
                organisation, outgoing.id, channel, send, delivery, current_time
            )
            # it went: whoever stops writes that down first
            with answering():
                store.record([tried_delivery])
            delivered.sent += tried_delivery.state == "sent"
            if tried_delivery.state != "sent":
                delivered.problems.append(tried_delivery)
    if channels.alertmanager:
        await _to_alertmanager(store, channels, deliveries, current_time, delivered)
    return delivered


_Send = Callable[[], Awaitable[None]]


def _ways(
    directory: Directory, outgoing: Outgoing, channels: Channels, day: date
) -> list[tuple[str, _Send]]:
    """The ways out of one message. Without any, a way that says so, so that it is seen."""
    addressee = directory.contact(Role(outgoing.role), outgoing.unit, outgoing.system, day)
    contact = addressee[0] if addressee else None
    ways_out: list[tuple[str, _Send]] = []
    if contact is not None and contact.email:
        ways_out.append(("mail", lambda: _mail(outgoing, contact, channels)))
    if contact is not None and contact.teams:
        ways_out.append(("teams", lambda: hooks.teams(contact.teams, outgoing, channels)))
    if channels.webhook:
        ways_out.append(("webhook", lambda: hooks.webhook(outgoing, channels)))
    # a message that cannot go anywhere must not look as if it had gone
    return ways_out or [("none", lambda: _nowhere(outgoing))]


async def _mail(outgoing: Outgoing, contact: Contact, channels: Channels) -> None:
    if channels.smtp is not None:
        await mail.send(
            channels.smtp, mail.mail(outgoing, contact.email, channels), channels.timeout
        )
    elif channels.mailbox is not None:
        mail.keep(channels.mailbox, outgoing.day, mail.mail(outgoing, contact.email, channels))
    else:
        raise ChannelError("no mail server is set: set NYTTA_SMTP")


async def _nowhere(outgoing: Outgoing) -> None:
    raise ChannelError(
        f"the {outgoing.role} of {outgoing.unit} has neither mail nor Teams address: add one in organisation.yaml"
    )


async def _tried(
    organisation: str,
    message: str,
    channel: str,
    send: _Send,
    delivery: Delivery | None,
    current_time: datetime,
) -> Delivery:
    attempts = (delivery.attempts if delivery else 0) + 1
    try:
        await send()
    except ChannelError as error:
        dead = error.final or attempts >= ATTEMPTS
        # doubled each time: a mail server that is down for a night is not asked a thousand times
        wait = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
        state = "dead" if dead else "failed"
        return Delivery(
            organisation,
            message,
            channel,
            state,
            attempts,
            str(error),
            current_time + wait,
            current_time,
        )
    return Delivery(
        organisation, message, channel, "sent", attempts, "", current_time, current_time
    )


async def _to_alertmanager(
    store: AlertStore,
    channels: Channels,
    deliveries: dict[tuple[str, str], Delivery],
    current_time: datetime,
    delivered: Delivered,
) -> None:
    """Post all live alerts anew, and once more those that ended since."""
    records: list[Delivery] = []
    posts = []
    for organisation in store.organisations():
        for alert in store.alerts(organisation):
            delivery = deliveries.get((alert.id, "alertmanager"))
            firing = delivery is not None and delivery.state == _FIRING
            if alert.live or firing:
                posts.append(
                    alertmanager.posted(
                        organisation, alert, current_time, channels.address, ended=not alert.live
                    )
                )
                state = _FIRING if alert.live else _RESOLVED
                if delivery is None or delivery.state != state:
                    records.append(
                        Delivery(
                            organisation,
                            alert.id,
                            "alertmanager",
                            state,
                            1,
                            "",
                            current_time,
                            current_time,
                        )
                    )
    try:
        await alertmanager.post(posts, channels)
    except ChannelError as error:
        delivered.problems.append(
            Delivery("", "", "alertmanager", "failed", 1, str(error), current_time, current_time)
        )
        store.record(delivered.problems[-1:])
        return
    # that it works again is written down once, else the old failure would stand on the page for ever
    if (
        posts
        and ("", "alertmanager") in deliveries
        and deliveries["", "alertmanager"].state == "failed"
    ):
        records.append(Delivery("", "", "alertmanager", "sent", 1, "", current_time, current_time))
    store.record(records)
