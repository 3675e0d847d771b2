"""Commands of alerts: what was found, what is open, what became of messages, and answers to an alert."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from nytta.cli.common import Data, Json, Registry, commands, fail, opened, print_json, show, stderr
from nytta.insight.alerts.answers import Answer
from nytta.insight.alerts.feedback import missed, quality
from nytta.insight.alerts.kinds import role
from nytta.insight.alerts.model import LIVE, Alert, Feedback, InvalidReason, SnoozeReason
from nytta.insight.store.alerts import AlertStore
from nytta.service import App, evaluation
from nytta.service.installation import Workers

alerts_commands = typer.Typer(
    help="Alerts: list them, answer them, evaluate now, see what became of messages."
)
commands.add_typer(alerts_commands, name="alerts")

_CARRIED_OUT = 60.0  # seconds
_Id = Annotated[str, typer.Argument(metavar="ALERT", help="An alert's id, as the list shows it.")]


@commands.command()
def signals(
    unit: Annotated[str, typer.Option(help="One unit's id.")] = "",
    still_open: Annotated[
        bool, typer.Option("--open", help="Only those that have not closed.")
    ] = False,
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """What lag detection found, beside published figures."""
    with opened(data_folder) as installation:
        signal_rows = AlertStore(installation.open.connection).signals()
    listed = [
        signal_row
        for signal_row in signal_rows
        if unit in ("", signal_row["unit"])
        and not (still_open and (signal_row["closed"] or signal_row["withdrawn"]))
    ]
    show(
        _plain(listed),
        as_json,
        ("unit", "system", "indicator", "kind", "opened", "closed", "value", "peer", "status"),
    )


@alerts_commands.callback(invoke_without_command=True)
def alerts(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Ended alerts too.")] = False,
    unit: Annotated[str, typer.Option(help="One unit's id.")] = "",
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """Alerts that are open, or all of them."""
    if context.invoked_subcommand:
        return
    with opened(data_folder) as installation:
        alerts = AlertStore(installation.open.connection).alerts()
    listed = [
        alert for alert in alerts if (every or alert.state in LIVE) and unit in ("", alert.key.unit)
    ]
    show(
        [_row(alert) for alert in listed],
        as_json,
        ("id", "kind", "state", "role", "opened", "told", "answer"),
    )


@alerts_commands.command()
def evaluate(
    at: Annotated[
        str, typer.Option(help="As if it were this moment (2026-03-02T07:35+01:00).")
    ] = "",
    registry_folder: Registry = None,
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """Judge the closed weeks, open and close alerts, and send what is due: what the running service does by itself."""
    try:
        current_time = datetime.fromisoformat(at) if at else datetime.now(UTC)
    except ValueError:
        fail(f"--at {at} is no moment such as 2026-03-02T07:35+01:00", code=2)
    if current_time.tzinfo is None:
        fail("--at needs an offset, such as +01:00", code=2)
    with opened(data_folder, registry_folder) as installation:
        if installation.workers:
            fail(
                "with Kafka, workers judge and nytta alerter decides and sends: both do it by themselves"
            )
        evaluated = evaluation.evaluate(installation, current_time)
    decision_rows: list[dict[str, Any]] = [
        {
            "what": "message",
            "about": f"{message.unit} {message.system}",
            "who": message.role,
            "detail": message.message.subject,
        }
        for message in evaluated.alerts.messages
    ]
    decision_rows += [
        {
            "what": f"{problem.channel} {problem.state}",
            "about": problem.message,
            "who": "",
            "detail": problem.error,
        }
        for problem in evaluated.delivered.problems
    ]
    decision_rows += [
        {
            "what": "undeliverable",
            "about": undeliverable.alert,
            "who": undeliverable.role.value,
            "detail": _why(undeliverable.why),
        }
        for undeliverable in evaluated.alerts.undeliverable
    ]
    decision_rows += [
        {"what": "not told", "about": untold.alert, "who": "", "detail": untold.why}
        for untold in evaluated.alerts.untold
    ]
    show(decision_rows, as_json, ("what", "about", "who", "detail"))
    stderr.print(
        f"{evaluated.alerts.changed} alerts changed, {len(evaluated.alerts.messages)} messages, "
        f"{evaluated.delivered.sent} sent"
    )
    if evaluated.delivered.problems or evaluated.alerts.undeliverable or evaluated.alerts.untold:
        raise typer.Exit(1)


def _why(reason_code: str) -> str:
    return {
        "no_addressee": "nobody bears this role: name a contact in organisation.yaml",
        "no_address": "the contact has no address: add email or teams in organisation.yaml",
    }.get(reason_code, reason_code)


@alerts_commands.command()
def ack(
    alert: _Id,
    action: Annotated[str, typer.Option(help="Id of the action that is planned.")] = "",
    due: Annotated[str, typer.Option(help="Day by which it is done (2026-05-04).")] = "",
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """Take an alert, with or without an action."""
    _answer(Answer(alert, "take", action=action, due=_day(due)), data_folder, as_json)


@alerts_commands.command("snooze")
def snooze_(
    alert: _Id,
    until: Annotated[
        str, typer.Option(help="Day on which it is told again, at most 28 days from now.")
    ],
    reason: Annotated[SnoozeReason, typer.Option(help="Why it waits.")],
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """Let an alert wait."""
    day_of = _day(until)
    if day_of is None:
        fail("--until needs a day", code=2)
    _answer(Answer(alert, "wait", until=day_of, why=reason), data_folder, as_json)


@alerts_commands.command()
def dismiss(
    alert: _Id,
    reason: Annotated[InvalidReason, typer.Option(help="Why it is not right.")],
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """Say that an alert is not right; it ends."""
    _answer(Answer(alert, "judge", says=Feedback.NOT_RIGHT, wrong=reason), data_folder, as_json)


@alerts_commands.command()
def feedback(
    alert: _Id,
    says: Annotated[Feedback, typer.Argument(help="right, or known before.")],
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """Say that an alert is right, or was known."""
    if says is Feedback.NOT_RIGHT:
        fail("use `nytta alerts dismiss`, which asks for the reason", code=2)
    _answer(Answer(alert, "judge", says=says), data_folder, as_json)


@alerts_commands.command("quality")
def quality_(data_folder: Data = None, as_json: Json = False) -> None:
    """How good the alerts are, from what their readers say; goals that are missed are named."""
    with opened(data_folder) as installation:
        book = AlertStore(installation.open.connection)
        quality_rows = []
        for organisation in book.organisations():
            calendar = installation.intake.registry.organisation(organisation).calendar
            measured = quality(book.alerts(organisation), calendar.is_workday)
            quality_rows.append(
                {
                    "organisation": organisation,
                    **{
                        count_name: getattr(measured, count_name)
                        for count_name in ("told", "right", "not_right", "known", "precision")
                    },
                    **{
                        count_name: getattr(measured, count_name)
                        for count_name in ("days", "with_action", "snoozed_twice")
                    },
                    "missed": ", ".join(missed(measured)),
                }
            )
    show(quality_rows, as_json)


@alerts_commands.command()
def messages(
    text: Annotated[bool, typer.Option("--text", help="The whole text of each.")] = False,
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """Messages that were decided on, and what became of them on each way out."""
    with opened(data_folder) as installation:
        book = AlertStore(installation.open.connection)
        deliveries: dict[str, list[str]] = {}
        for (message, channel), delivery in sorted(book.deliveries().items()):
            delivery_text = f"{channel} {delivery.state}" + (
                f" ({delivery.error})" if delivery.error else ""
            )
            deliveries.setdefault(message, []).append(delivery_text)
        message_rows = [
            {
                **{
                    "id": message.id,
                    "day": message.day.isoformat(),
                    "role": message.role,
                    "unit": message.unit,
                    "system": message.system,
                },
                "subject": message.message.subject,
                "delivery": "; ".join(deliveries.get(message.id, ["waiting"])),
                "text": message.message.text,
            }
            for message in book.messages()
        ]
    if as_json:
        print_json(message_rows)
    elif text:
        for row in message_rows:
            heading = f"{row['day']}  {row['role']} of {row['unit']}  [{row['delivery']}]"
            print(heading, "", row["text"], "-" * 72, sep="\n")
    else:
        show(message_rows, False, ("day", "role", "unit", "system", "subject", "delivery"))


def _answer(alert_answer: Answer, data: Any, as_json: bool) -> None:
    """Carry out one answer, or have it carried out by who keeps the alerts; the alert as it stands is printed."""
    current_time = datetime.now(UTC)
    with opened(data) as installation:
        alert = (
            _sent(installation, installation.workers, alert_answer, current_time)
            if installation.workers
            else evaluation.answer(installation, alert_answer, current_time)
        )
    show([_row(alert)], as_json, ("id", "kind", "state", "role", "opened", "told", "answer"))


def _sent(
    installation: App, workers: Workers, alert_answer: Answer, current_time: datetime
) -> Alert:
    organisation, alert, changed = evaluation.answered(installation, alert_answer, current_time)
    if changed == alert:
        return alert
    workers.answer(organisation, alert_answer)
    until = time.monotonic() + _CARRIED_OUT
    current = alert
    while current == alert:
        if time.monotonic() > until:
            fail("the answer is kept, but nobody carries it out: is nytta alerter running?")
        time.sleep(0.2)
        (current,) = (
            alert
            for alert in AlertStore(installation.open.connection).alerts(organisation)
            if alert.id == alert_answer.alert
        )
    return current


def _day(day_text: str) -> date | None:
    try:
        return date.fromisoformat(day_text) if day_text else None
    except ValueError:
        fail(f"'{day_text}' is no day such as 2026-05-04", code=2)


def _row(alert: Alert) -> dict[str, Any]:
    acknowledgement, waits = alert.acknowledged, alert.snooze
    answer_text = (
        f"taken {acknowledgement.on} {acknowledgement.action}".strip() if acknowledgement else ""
    )
    if waits:
        answer_text = f"waits until {waits.until}: {waits.reason}"
    elif alert.invalid:
        answer_text = f"not right: {alert.invalid}"
    return {
        "id": alert.id,
        "unit": alert.key.unit,
        "system": alert.key.system,
        "family": alert.key.family.value,
        "kind": alert.kind.value,
        "indicator": alert.indicator,
        "state": alert.state.value,
        "role": role(alert.kind).value,
        "since": alert.since,
        "opened": alert.opened,
        "told": alert.told,
        "closed": alert.closed,
        "held_back": alert.inhibited.value if alert.inhibited else None,
        "answer": answer_text,
    }


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "also": list(row["also"])} for row in rows]
