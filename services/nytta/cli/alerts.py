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

alerts_commands = typer.Typer(help="Alerts: list them, answer them, evaluate now, see what became of messages.")
commands.add_typer(alerts_commands, name="alerts")

_CARRIED_OUT = 60.0  # seconds
_Id = Annotated[str, typer.Argument(metavar="ALERT", help="An alert's id, as the list shows it.")]


@commands.command()
def signals(
    unit: Annotated[str, typer.Option(help="One unit's id.")] = "",
    still_open: Annotated[bool, typer.Option("--open", help="Only those that have not closed.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What lag detection found, beside published figures."""
    with opened(data) as app:
        rows = AlertStore(app.open.connection).signals()
    kept = [r for r in rows if unit in ("", r["unit"]) and not (still_open and (r["closed"] or r["withdrawn"]))]
    show(_plain(kept), as_json, ("unit", "system", "indicator", "kind", "opened", "closed", "value", "peer", "status"))


@alerts_commands.callback(invoke_without_command=True)
def alerts(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Ended alerts too.")] = False,
    unit: Annotated[str, typer.Option(help="One unit's id.")] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Alerts that are open, or all of them."""
    if context.invoked_subcommand:
        return
    with opened(data) as app:
        found = AlertStore(app.open.connection).alerts()
    kept = [a for a in found if (every or a.state in LIVE) and unit in ("", a.key.unit)]
    show([_row(a) for a in kept], as_json, ("id", "kind", "state", "role", "opened", "told", "answer"))


@alerts_commands.command()
def evaluate(
    at: Annotated[str, typer.Option(help="As if it were this moment (2026-03-02T07:35+01:00).")] = "",
    registry: Registry = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Judge the closed weeks, open and close alerts, and send what is due: what the running service does by itself."""
    try:
        now = datetime.fromisoformat(at) if at else datetime.now(UTC)
    except ValueError:
        fail(f"--at {at} is no moment such as 2026-03-02T07:35+01:00", code=2)
    if now.tzinfo is None:
        fail("--at needs an offset, such as +01:00", code=2)
    with opened(data, registry) as app:
        if app.workers:
            fail("with Kafka, workers judge and nytta alerter decides and sends: both do it by themselves")
        done = evaluation.evaluate(app, now)
    rows: list[dict[str, Any]] = [
        {"what": "message", "about": f"{m.unit} {m.system}", "who": m.role, "detail": m.message.subject}
        for m in done.alerts.messages
    ]
    rows += [
        {"what": f"{p.channel} {p.state}", "about": p.message, "who": "", "detail": p.error}
        for p in done.delivered.problems
    ]
    rows += [
        {"what": "undeliverable", "about": u.alert, "who": u.role.value, "detail": _why(u.why)}
        for u in done.alerts.undeliverable
    ]
    rows += [{"what": "not told", "about": u.alert, "who": "", "detail": u.why} for u in done.alerts.untold]
    show(rows, as_json, ("what", "about", "who", "detail"))
    stderr.print(
        f"{done.alerts.changed} alerts changed, {len(done.alerts.messages)} messages, {done.delivered.sent} sent"
    )
    if done.delivered.problems or done.alerts.undeliverable or done.alerts.untold:
        raise typer.Exit(1)


def _why(code: str) -> str:
    return {
        "no_addressee": "nobody bears this role: name a contact in organisation.yaml",
        "no_address": "the contact has no address: add email or teams in organisation.yaml",
    }.get(code, code)


@alerts_commands.command()
def ack(
    alert: _Id,
    action: Annotated[str, typer.Option(help="Id of the action that is planned.")] = "",
    due: Annotated[str, typer.Option(help="Day by which it is done (2026-05-04).")] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take an alert, with or without an action."""
    _answer(Answer(alert, "take", action=action, due=_day(due)), data, as_json)


@alerts_commands.command("snooze")
def snooze_(
    alert: _Id,
    until: Annotated[str, typer.Option(help="Day on which it is told again, at most 28 days from now.")],
    reason: Annotated[SnoozeReason, typer.Option(help="Why it waits.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Let an alert wait."""
    day_of = _day(until)
    if day_of is None:
        fail("--until needs a day", code=2)
    _answer(Answer(alert, "wait", until=day_of, why=reason), data, as_json)


@alerts_commands.command()
def dismiss(
    alert: _Id,
    reason: Annotated[InvalidReason, typer.Option(help="Why it is not right.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say that an alert is not right; it ends."""
    _answer(Answer(alert, "judge", says=Feedback.NOT_RIGHT, wrong=reason), data, as_json)


@alerts_commands.command()
def feedback(
    alert: _Id,
    says: Annotated[Feedback, typer.Argument(help="right, or known before.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say that an alert is right, or was known."""
    if says is Feedback.NOT_RIGHT:
        fail("use `nytta alerts dismiss`, which asks for the reason", code=2)
    _answer(Answer(alert, "judge", says=says), data, as_json)


@alerts_commands.command("quality")
def quality_(data: Data = None, as_json: Json = False) -> None:
    """How good the alerts are, from what their readers say; goals that are missed are named."""
    with opened(data) as app:
        book = AlertStore(app.open.connection)
        rows = []
        for organisation in book.organisations():
            calendar = app.intake.registry.organisation(organisation).calendar
            found = quality(book.alerts(organisation), calendar.is_workday)
            rows.append(
                {
                    "organisation": organisation,
                    **{name: getattr(found, name) for name in ("told", "right", "not_right", "known", "precision")},
                    **{name: getattr(found, name) for name in ("days", "with_action", "snoozed_twice")},
                    "missed": ", ".join(missed(found)),
                }
            )
    show(rows, as_json)


@alerts_commands.command()
def messages(
    text: Annotated[bool, typer.Option("--text", help="The whole text of each.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Messages that were decided on, and what became of them on each way out."""
    with opened(data) as app:
        book = AlertStore(app.open.connection)
        ways: dict[str, list[str]] = {}
        for (message, channel), each in sorted(book.deliveries().items()):
            said = f"{channel} {each.state}" + (f" ({each.error})" if each.error else "")
            ways.setdefault(message, []).append(said)
        rows = [
            {
                **{"id": m.id, "day": m.day.isoformat(), "role": m.role, "unit": m.unit, "system": m.system},
                "subject": m.message.subject,
                "delivery": "; ".join(ways.get(m.id, ["waiting"])),
                "text": m.message.text,
            }
            for m in book.messages()
        ]
    if as_json:
        print_json(rows)
    elif text:
        for row in rows:
            print(f"{row['day']}  {row['role']} of {row['unit']}  [{row['delivery']}]\n\n{row['text']}\n{'-' * 72}")
    else:
        show(rows, False, ("day", "role", "unit", "system", "subject", "delivery"))


def _answer(given: Answer, data: Any, as_json: bool) -> None:
    """Carry out one answer, or have it carried out by who keeps the alerts; the alert as it stands is printed."""
    now = datetime.now(UTC)
    with opened(data) as app:
        after = _sent(app, app.workers, given, now) if app.workers else evaluation.answer(app, given, now)
    show([_row(after)], as_json, ("id", "kind", "state", "role", "opened", "told", "answer"))


def _sent(app: App, workers: Workers, given: Answer, now: datetime) -> Alert:
    organisation, held, after = evaluation.answered(app, given, now)
    if after == held:
        return held
    workers.answer(organisation, given)
    until = time.monotonic() + _CARRIED_OUT
    found = held
    while found == held:
        if time.monotonic() > until:
            fail("the answer is kept, but nobody carries it out: is nytta alerter running?")
        time.sleep(0.2)
        (found,) = (a for a in AlertStore(app.open.connection).alerts(organisation) if a.id == given.alert)
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        fail(f"'{text}' is no day such as 2026-05-04", code=2)


def _row(alert: Alert) -> dict[str, Any]:
    taken, waits = alert.acknowledged, alert.snooze
    answer = f"taken {taken.on} {taken.action}".strip() if taken else ""
    if waits:
        answer = f"waits until {waits.until}: {waits.reason}"
    elif alert.invalid:
        answer = f"not right: {alert.invalid}"
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
        "answer": answer,
    }


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "also": list(row["also"])} for row in rows]
