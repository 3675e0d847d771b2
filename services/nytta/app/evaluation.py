"""Judging what is closed: signals and facts, alerts, and the messages that are due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nytta.alerting import evaluate as alerting
from nytta.app.installation import App
from nytta.delivery.deliver import Delivered, deliver
from nytta.disclosure.clock import first_open_week
from nytta.store import detection, facts
from nytta.store.alerts import AlertStore


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one evaluation found, and what became of the messages."""

    alerts: alerting.Evaluation
    delivered: Delivered


def evaluate(app: App, now: datetime) -> Evaluated:
    """Judge the closed weeks at `now` (aware), open and close alerts, and send the messages that are due.

    Called as often as one likes; detection runs only after a round that computed something, or a week's end.
    """
    with app.computing:
        registry = app.intake.registry
        closed = sorted({first_open_week(now, o.timezone) for o in registry.organisations})
        state = (app.private.counter("version"), *closed)
        if state != app.judged:
            detection.publish_signals(app.private, registry, app.definitions, now)
            facts.publish_facts(app.private, registry, now)
            app.judged = state
        book = AlertStore(app.open.connection)
        found = alerting.evaluate(book, registry, now, address=app.channels.address)
    return Evaluated(found, deliver(book, registry, app.channels, now))
