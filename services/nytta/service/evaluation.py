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
from nytta.insight.alerts.kinds import Kind
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


def evaluate(installation: App, current_time: datetime) -> Evaluated:
    """Judge the closed weeks at `current_time` (aware), open and close alerts, and send the messages that are due.

    Called as often as one likes; detection runs only after a round that computed something, or a week's end.
    """
    with installation.computing:
        judge(installation, current_time)
        outcome = decide(installation, current_time)
    return Evaluated(outcome, send(installation, current_time))


def judge(installation: App, current_time: datetime) -> bool:
    """Publish signals and facts of the weeks that are closed; False where nothing has changed since."""
    with installation.computing:
        registry = installation.intake.registry
        zones = {organisation.timezone for organisation in registry.organisations}
        closed = sorted({first_open_week(current_time, zone) for zone in zones})
        grounds = (installation.private.counter("version"), *closed)
        if grounds == installation.judged:
            return False
        verdicts.publish_signals(
            installation.private, registry, installation.definitions, current_time
        )
        publish_facts(installation, current_time)
        states.publish_states(installation.private.connection, registry, current_time)
        publish_effects(installation, current_time)
        # at the end: what fails half-way is judged again
        installation.judged = grounds
        return True


def publish_facts(installation: App, current_time: datetime) -> int:
    """Bring the facts that alerts rest on up to date at `current_time` (aware); the rows that changed."""
    registry = installation.intake.registry
    missed = missed_hours(installation.open.connection, registry)
    return facts.publish_facts(
        installation.private, registry, installation.keys.of_figures, missed, current_time
    )


def publish_effects(installation: App, current_time: datetime) -> int:
    """Tell at `current_time` (aware) what followed actions that are eight usable weeks old; how many were told."""
    registry = installation.intake.registry
    effect_count = 0
    book = AlertStore(installation.open.connection)
    for organisation in registry.organisations:
        actions = [
            action
            for alert in book.alerts(organisation.id)
            if (action := _action(alert)) is not None
        ]
        if not actions:
            continue
        closed = first_open_week(current_time, organisation.timezone) - timedelta(weeks=1)
        effect_count += effects.publish_effects(
            installation.private,
            registry,
            installation.definitions,
            organisation.id,
            actions,
            closed,
            current_time,
        )
    return effect_count


def _action(alert: Alert) -> effects.Action | None:
    """What was done about an alert; None where nothing was, or where no indicator could show what followed."""
    acknowledgement = alert.acknowledged
    if acknowledgement is None or not acknowledgement.action or not alert.indicator:
        return None
    # who has moved uses the platform; all workplaces of a rollout may be enrolled before anybody does
    indicator = "weekly-breadth" if alert.kind is Kind.NOT_MOVED else alert.indicator
    return effects.Action(
        alert.id,
        alert.key.unit,
        alert.key.system,
        indicator,
        acknowledgement.action,
        # an action that is planned for a day has no effect before it
        acknowledgement.due or acknowledgement.on,
    )


def decide(installation: App, current_time: datetime) -> alerting.Evaluation:
    """Open and close alerts, and write down the messages that are due."""
    with installation.computing:
        book = AlertStore(installation.open.connection)
        return alerting.evaluate(
            book, installation.intake.registry, current_time, address=installation.channels.address
        )


class AnswerError(Mendable):
    """An answer that cannot be carried out: what to do instead."""


def answer(installation: App, alert_answer: Answer, current_time: datetime) -> Alert:
    """Carry out what a person answered at `current_time` (aware): read, change, write; the alert after it, or
    AnswerError."""
    with installation.computing:
        book = AlertStore(installation.open.connection)
        organisation, _, changed = answered(installation, alert_answer, current_time)
        book.commit(organisation, Changes(alerts=[changed]), current_time)
        return changed


def answered(
    installation: App, alert_answer: Answer, current_time: datetime
) -> tuple[str, Alert, Alert]:
    """The organisation of the alert, the alert as it is and as it would be after the answer; or AnswerError."""
    book = AlertStore(installation.open.connection)
    organisation = book.organisation_of(alert_answer.alert)
    alerts = book.alerts(organisation) if organisation else []
    alert = next((alert for alert in alerts if alert.id == alert_answer.alert), None)
    if alert is None or organisation is None:
        raise AnswerError(
            f"there is no alert '{alert_answer.alert}'; `nytta alerts --all` lists them"
        )
    try:
        day = current_time.astimezone(installation.intake.registry.zones[organisation]).date()
        return organisation, alert, carry_out(alert_answer, alert, day)
    except ClickError as error:
        raise AnswerError(str(error)) from error


def send(installation: App, current_time: datetime) -> Delivered:
    """Send the messages that wait."""
    return deliver(
        AlertStore(installation.open.connection),
        installation.intake.registry,
        installation.channels,
        current_time,
    )
