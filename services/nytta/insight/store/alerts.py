"""The book of alerts in the open zone: one writer, one insert per round; a crash leaves all of it or nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pyarrow as pa

from nytta.insight.alerts import records
from nytta.insight.alerts.model import Alert, Key
from nytta.insight.alerts.schedule import SentMessage, forget
from nytta.insight.alerts.texts import Message
from nytta.insight.store.published_rows import COLUMNS, ORDER, PublishedRows
from nytta.storage.client import Connection


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was decided on. `id` is the same whenever the same decision is taken; no names, no addresses.

    `recipient` is the registry's digest of the contact whom `role` of (`unit`, `system`) names. `text` is whole,
    `chart` a PNG (empty where there is none), `alerts` the ids that it speaks of.
    """

    id: str
    recipient: str
    role: str
    unit: str
    system: str
    day: date
    decided: datetime
    message: Message
    alerts: tuple[str, ...]
    chart: bytes = b""
    chart_text: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far a message came on one way out: sent, failed (tried again from `next_at`), or dead.

    `message` is a message's id, or an alert's where a manager of alerts keeps it.
    """

    organisation: str
    message: str
    channel: str
    state: str
    attempts: int
    error: str
    next_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Book:
    """What is kept of one organisation: the latest alert of each key, what was sent lately, the last week heard."""

    alerts: dict[Key, Alert]
    sent: tuple[SentMessage, ...]
    heard: date | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Published rows of one organisation.

    `values` by (indicator, grain, unit, system, period), `facts` by (fact, unit, system, week), both from the week
    `first` on. `not_assessed` are the weeks that detection passed over, where they were asked for.
    """

    signals: list[dict[str, Any]]
    not_assessed: list[dict[str, Any]]
    values: PublishedRows
    facts: dict[tuple[str, str, str, date], list[dict[str, Any]]]
    acts: list[dict[str, Any]]
    definitions: dict[str, dict[str, Any]]
    first: date = date.min


@dataclass(slots=True)
class Changes:
    """What one round decides of one organisation."""

    alerts: list[Alert] = field(default_factory=list)
    dropped: list[Alert] = field(default_factory=list)
    sent: list[SentMessage] = field(default_factory=list)
    messages: list[Outgoing] = field(default_factory=list)
    heard: date | None = None


_COLUMNS = (
    *("record", "id", "organisation", "unit", "system", "kind", "state"),
    *("day", "body", "version", "is_deleted"),
)
_FACTS = """SELECT unit, system, fact, part, week, value, low, high, n_band, status FROM {open}.published_facts FINAL
               WHERE organisation = {organisation:String} AND week >= {first:Date} AND week <= {last:Date}
                 AND status != 'gone' ORDER BY week, unit, system, part"""
_NOT_ASSESSED = """SELECT unit, system, indicator, week, reason FROM {open}.not_assessed FINAL
                   WHERE organisation = {organisation:String} AND week >= {first:Date} AND week <= {last:Date}
                     AND reason != ''"""
_DECISION_ACTS = """SELECT decision, unit, state, level, day FROM {open}.decision_acts FINAL
               WHERE organisation = {organisation:String} ORDER BY day, unit"""
_DEFINITIONS = """SELECT indicator, version, title_sv, title_nb, title_en, question_sv, question_nb, question_en,
                      window_weeks
               FROM {open}.definitions FINAL ORDER BY version"""


_MEANT = """organisation = {organisation:String} AND case_type = '*' AND part = ''
    AND (grain = 'window' OR grain = 'week' AND ({every:Bool} OR indicator IN {weekly:Array(String)}))
    AND period >= {first:Date} AND period <= {last:Date}
    AND (indicator, version) IN (SELECT indicator, max(version) FROM {open}.definitions GROUP BY indicator)"""
"""SQL condition: rows of all case types and parts together, of the definitions in force."""
_ARROW = "SETTINGS output_format_arrow_low_cardinality_as_dictionary = 1"


class AlertStore:
    """Reads and writes the book. Whoever calls `commit` is the only writer of its organisation."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def book(self, organisation: str, day: date) -> Book:
        """The book as it stands on `day`."""
        latest: dict[Key, Alert] = {}
        for alert in self.alerts(organisation):
            latest_alert = latest.get(alert.key)
            # an episode that began later replaces one that ended, which is kept for the record
            if latest_alert is None or latest_alert.since < alert.since:
                latest[alert.key] = alert
        sent_messages = [
            records.decode_sent(record_body.encode())
            for (record_body,) in self._bodies("sent", organisation)
        ]
        heard_weeks = [
            date.fromisoformat(record_body)
            for (record_body,) in self._bodies("heard", organisation)
        ]
        return Book(latest, forget(sent_messages, day), max(heard_weeks, default=None))

    def alerts(self, organisation: str = "") -> list[Alert]:
        """Every episode of every alert, ended ones too, in order of id."""
        return [
            records.alert(record_body.encode())
            for (record_body,) in self._bodies("alert", organisation)
        ]

    def organisations(self) -> list[str]:
        """Organisations that have a book."""
        organisation_rows = self.connection.rows(
            "SELECT DISTINCT organisation FROM {open}.alert_records ORDER BY organisation"
        )
        return [organisation for (organisation,) in organisation_rows]

    def organisation_of(self, alert: str) -> str | None:
        """The organisation of an alert; None where there is no such alert."""
        rows = self.connection.rows(
            "SELECT organisation FROM {open}.alert_records FINAL WHERE record = 'alert' AND id = {id:String}",
            id=alert,
        )
        return rows[0][0] if rows else None

    def messages(self, organisation: str = "", since: date | None = None) -> list[Outgoing]:
        """Messages that were decided on, the oldest first."""
        message_rows = self._bodies("message", organisation, since)
        return [
            msgspec.json.decode(record_body.encode(), type=Outgoing)
            for (record_body,) in message_rows
        ]

    def commit(self, organisation: str, changes: Changes, current_time: datetime) -> None:
        """Write a round: all of it becomes visible at once."""
        record_rows = [
            self._alert_row(organisation, alert, current_time.date(), 0) for alert in changes.alerts
        ]
        record_rows += [
            self._alert_row(organisation, alert, current_time.date(), 1)
            for alert in changes.dropped
        ]
        for sent_message in changes.sent:
            record_body = records.encode(sent_message).decode()
            name = f"{sent_message.recipient}/{sent_message.day}/{int(sent_message.digest)}{int(sent_message.new)}"
            record_rows.append(
                ["sent", name, organisation, "", "", "", "", sent_message.day, record_body, 0, 0]
            )
        for message in changes.messages:
            record_body = msgspec.json.encode(message).decode()
            place = [organisation, message.unit, message.system, message.role, ""]
            record_rows.append(["message", message.id, *place, message.day, record_body, 0, 0])
        if changes.heard is not None:
            record_rows.append(
                [
                    "heard",
                    "",
                    organisation,
                    "",
                    "",
                    "",
                    "",
                    changes.heard,
                    changes.heard.isoformat(),
                    0,
                    0,
                ]
            )
        # readers take the greatest version of each record, so that this round replaces what stood before
        version = int(self.connection.value("SELECT max(version) + 1 FROM {open}.alert_records"))
        for record_row in record_rows:
            record_row[-2] = version
        self.connection.insert("{open}.alert_records", _COLUMNS, record_rows)

    def evidence(
        self,
        organisation: str,
        first_day: date,
        last_day: date,
        *,
        unheard_day: date | None = None,
        weekly: Collection[str] | None = None,
        earlier: Evidence | None = None,
        since: int = 0,
    ) -> Evidence:
        """All that is published of an organisation and that alerts may rest on, weeks from `first_day` to
        `last_day`.

        Why weeks were not judged is read from the week `unheard_day` on: pages, which name none, do not need it. Of
        indicators beside `weekly` no single weeks are read, where those are named, but windows alone. Where `earlier`
        evidence of the same kind is given, only values of the publication `since` and later ones are read.
        """
        parameters = {"organisation": organisation, "first": first_day, "last": last_day}
        definitions = self._latest_definitions()
        # figures of another version are others, though they may have been published long ago
        if earlier is None or earlier.first > first_day or earlier.definitions != definitions:
            values = PublishedRows(self._values(parameters, weekly))
        else:
            values = earlier.values.updated(
                self._newer_values(parameters, weekly, since), first_day
            )
        return Evidence(
            self.signals(organisation),
            [] if unheard_day is None else self._not_assessed(parameters | {"first": unheard_day}),
            values,
            self._facts(parameters),
            self._decision_acts(organisation),
            definitions,
            first_day,
        )

    def _latest_definitions(self) -> dict[str, dict[str, Any]]:
        """Words and windows of each indicator, of the last version of its definition."""
        definitions = self.connection.dicts(
            """SELECT indicator, version, title_sv, title_nb, title_en, question_sv, question_nb, question_en,
                      window_weeks
               FROM {open}.definitions FINAL ORDER BY version"""
        )
        return {definition["indicator"]: definition for definition in definitions}

    def _facts(
        self, about: Mapping[str, Any]
    ) -> dict[tuple[str, str, str, date], list[dict[str, Any]]]:
        """Published facts of an organisation and weeks, by fact, unit, system and week."""
        facts = self.connection.dicts(
            """SELECT unit, system, fact, part, week, value, low, high, n_band, status FROM {open}.published_facts FINAL
               WHERE organisation = {organisation:String} AND week >= {first:Date} AND week <= {last:Date}
                 AND status != 'gone' ORDER BY week, unit, system, part""",
            **about,
        )
        by_place: dict[tuple[str, str, str, date], list[dict[str, Any]]] = {}
        for row in facts:
            by_place.setdefault((row["fact"], row["unit"], row["system"], row["week"]), []).append(
                row
            )
        return by_place

    def _not_assessed(self, about: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Why units were not judged in weeks of an organisation."""
        return self.connection.dicts(
            """SELECT unit, system, indicator, week, reason FROM {open}.not_assessed FINAL
               WHERE organisation = {organisation:String} AND week >= {first:Date} AND week <= {last:Date}
                 AND reason != ''""",
            **about,
        )

    def _decision_acts(self, organisation: str) -> list[dict[str, Any]]:
        """What became of decisions, in order of days."""
        return self.connection.dicts(
            """SELECT decision, unit, state, level, day FROM {open}.decision_acts FINAL
               WHERE organisation = {organisation:String} ORDER BY day, unit""",
            organisation=organisation,
        )

    def _values(self, about: Mapping[str, Any], weekly: Collection[str] | None) -> pa.Table:
        """The rows of an organisation and weeks as they stand."""
        place = ", ".join(ORDER)
        return self.connection.arrow(
            f"""SELECT {", ".join(COLUMNS)} FROM {{open}}.indicator_values
               WHERE {_MEANT} ORDER BY {place} {_ARROW}""",
            **about,
            every=weekly is None,
            weekly=[*(weekly or ())],
        )

    def _newer_values(
        self, about: Mapping[str, Any], weekly: Collection[str] | None, since: int
    ) -> pa.Table:
        """The same of what was published in the publication `since` and later ones.

        One that was broken off is done again under its number, so that its rows are read once more.
        """
        place = ", ".join(ORDER)
        # few rows are so new: to sort those is less than to merge all
        return self.connection.arrow(
            f"""SELECT {", ".join(COLUMNS)} FROM {{open}}.published_values
               WHERE {_MEANT} AND publication >= {{since:UInt64}}
               ORDER BY {place}, publication DESC, published_at DESC LIMIT 1 BY {place} {_ARROW}""",
            **about,
            every=weekly is None,
            weekly=[*(weekly or ())],
            since=since,
        )

    def signals(self, organisation: str = "") -> list[dict[str, Any]]:
        """Published verdicts in order of opening; withdrawn ones too."""
        return self.connection.dicts(
            """SELECT * EXCEPT publication FROM {open}.signals
               WHERE organisation = {organisation:String} OR {organisation:String} = ''
               ORDER BY opened, organisation, system, indicator, unit, kind""",
            organisation=organisation,
        )

    def deliveries(self) -> dict[tuple[str, str], Delivery]:
        """What became of messages, by message and channel."""
        rows = self.connection.rows(
            "SELECT organisation, message, channel, state, attempts, error, next_at, at FROM {open}.deliveries FINAL"
        )
        deliveries = [
            Delivery(*row[:6], *(moment.replace(tzinfo=UTC) for moment in row[6:])) for row in rows
        ]
        return {(delivery.message, delivery.channel): delivery for delivery in deliveries}

    def record(self, deliveries: Iterable[Delivery]) -> None:
        """Write down what became of messages."""
        delivery_rows = [
            [
                delivery.organisation,
                delivery.message,
                delivery.channel,
                delivery.state,
                delivery.attempts,
                delivery.error,
                delivery.next_at,
                delivery.at,
            ]
            for delivery in deliveries
        ]
        version = int(self.connection.value("SELECT max(version) + 1 FROM {open}.deliveries"))
        self.connection.insert(
            "{open}.deliveries",
            [
                "organisation",
                "message",
                "channel",
                "state",
                "attempts",
                "error",
                "next_at",
                "at",
                "version",
            ],
            [[*delivery_row, version] for delivery_row in delivery_rows],
        )

    def _bodies(
        self, record: str, organisation: str, since: date | None = None
    ) -> Sequence[tuple[Any, ...]]:
        return self.connection.rows(
            """SELECT body FROM {open}.alert_records FINAL
               WHERE record = {record:String} AND day >= {since:Date}
                 AND (organisation = {organisation:String} OR {organisation:String} = '') ORDER BY day, id""",
            record=record,
            organisation=organisation,
            since=since or date(1970, 1, 1),
        )

    @staticmethod
    def _alert_row(organisation: str, alert: Alert, day: date, deleted: int) -> list[Any]:
        key, record_body = alert.key, records.encode(alert).decode()
        place = [organisation, key.unit, key.system, alert.kind.value, alert.state.value]
        return ["alert", alert.id, *place, day, record_body, 0, deleted]
