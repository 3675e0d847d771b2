"""Judging what is closed: signals and facts, alerts, and the messages that are due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from nytta import Mendable
from nytta.disclosure.clock import first_open_week
from nytta.disclosure.store import effects, facts, verdicts
from nytta.insight.alerts.answers import Answer, carry_out
from nytta.insight.alerts.clicks import ClickError
from nytta.insight.alerts.delivery.deliver import Delivered, deliver
from nytta.insight.alerts.evaluation import evaluate as alerting
from nytta.insight.alerts.model import Alert
from nytta.insight.store import states
from nytta.insight.store.alerts import AlertStore, Changes
from nytta.service.installation import App
from nytta.service.statements import missed_hours


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
        judge(app, now)
        found = decide(app, now)
    return Evaluated(found, send(app, now))


def judge(app: App, now: datetime) -> bool:
    """Publish signals and facts of the weeks that are closed; False where nothing has changed since."""
    with app.computing:
        registry = app.intake.registry
        closed = sorted({first_open_week(now, o.timezone) for o in registry.organisations})
        state = (app.private.counter("version"), *closed)
        if state == app.judged:
            return False
        verdicts.publish_signals(app.private, registry, app.definitions, now)
        publish_facts(app, now)
        states.publish_states(app.private.connection, registry, now)
        publish_effects(app, now)
        app.judged = state
        return True


def publish_facts(app: App, now: datetime) -> int:
    """Bring the facts that alerts rest on up to date at `now` (aware); the rows that changed."""
    registry = app.intake.registry
    missed = missed_hours(app.open.connection, registry)
    return facts.publish_facts(app.private, registry, app.keys.of_figures, missed, now)


def publish_effects(app: App, now: datetime) -> int:
    """Tell at `now` (aware) what followed actions that are eight usable weeks old; how many were told."""
    registry, told = app.intake.registry, 0
    book = AlertStore(app.open.connection)
    for organisation in registry.organisations:
        actions = [
            effects.Action(a.id, a.key.unit, a.key.system, a.indicator, taken.action, taken.due or taken.on)
            for a in book.alerts(organisation.id)
            if (taken := a.acknowledged) is not None and taken.action and a.indicator
        ]
        if actions:
            closed = first_open_week(now, organisation.timezone) - timedelta(weeks=1)
            told += effects.publish_effects(
                app.private, registry, app.definitions, organisation.id, actions, closed, now
            )
    return told


def decide(app: App, now: datetime) -> alerting.Evaluation:
    """Open and close alerts, and write down the messages that are due."""
    with app.computing:
        book = AlertStore(app.open.connection)
        return alerting.evaluate(book, app.intake.registry, now, address=app.channels.address)


class AnswerError(Mendable):
    """An answer that cannot be carried out: what to do instead."""


def answer(app: App, given: Answer, now: datetime) -> Alert:
    """Carry out what a person answered at `now` (aware): read, change, write; the alert after it, or AnswerError."""
    with app.computing:
        book = AlertStore(app.open.connection)
        organisation, _, after = answered(app, given, now)
        book.commit(organisation, Changes(alerts=[after]), now)
        return after


def answered(app: App, given: Answer, now: datetime) -> tuple[str, Alert, Alert]:
    """The organisation of the alert, the alert as it is and as it would be after the answer; or AnswerError."""
    book = AlertStore(app.open.connection)
    organisation = book.organisation_of(given.alert)
    held = next((a for a in book.alerts(organisation) if a.id == given.alert), None) if organisation else None
    if held is None or organisation is None:
        raise AnswerError(f"there is no alert '{given.alert}'; `nytta alerts --all` lists them")
    try:
        day = now.astimezone(app.intake.registry.zones[organisation]).date()
        return organisation, held, carry_out(given, held, day)
    except ClickError as error:
        raise AnswerError(str(error)) from error


def send(app: App, now: datetime) -> Delivered:
    """Send the messages that wait."""
    return deliver(AlertStore(app.open.connection), app.intake.registry, app.channels, now)
