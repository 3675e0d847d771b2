"""Statements of benefits as they were published: kept whole, never changed, read back as of any moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nytta.insight.benefits.statement import Statement, decode, encode
from nytta.storage.client import Connection


@dataclass(frozen=True, slots=True)
class PublishedStatement:
    """A statement and the moment when it was published."""

    statement: Statement
    published_at: datetime


class Statements:
    """Reads what was said, as it stood at any moment."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def organisations(self) -> list[str]:
        """Organisations of which something was said."""
        statement_rows = self.connection.rows(
            "SELECT DISTINCT organisation FROM {open}.benefit_statements ORDER BY organisation"
        )
        return [name for (name,) in statement_rows]

    def timezone(self, organisation: str) -> str:
        """The time zone by which an organisation's days end."""
        statement_rows = self.connection.rows(
            "SELECT any(timezone) FROM {open}.units WHERE root = {organisation:String} HAVING count() > 0",
            organisation=organisation,
        )
        return statement_rows[0][0] if statement_rows else "UTC"

    def latest(self, organisation: str, until: datetime | None = None) -> PublishedStatement | None:
        """The last statement of an organisation, or the last by the moment `until` (aware); None without any."""
        statement_rows = self.connection.rows(
            """SELECT body, toUnixTimestamp(published_at) FROM {open}.benefit_statements
               WHERE organisation = {organisation:String} AND toUnixTimestamp(published_at) <= {until:Int64}
               ORDER BY publication DESC LIMIT 1""",
            organisation=organisation,
            until=int(until.timestamp()) if until else 2**40,
        )
        return (
            PublishedStatement(
                decode(statement_rows[0][0].encode()),
                datetime.fromtimestamp(statement_rows[0][1], UTC),
            )
            if statement_rows
            else None
        )

    def add(self, statement: Statement, current_time: datetime) -> None:
        """Keep a statement."""
        publication = int(
            self.connection.value("SELECT max(publication) + 1 FROM {open}.benefit_statements")
        )
        self.connection.insert(
            "{open}.benefit_statements",
            ["organisation", "published_at", "publication", "week", "body"],
            [
                [
                    statement.organisation,
                    current_time.astimezone(UTC),
                    publication,
                    statement.week,
                    encode(statement).decode(),
                ]
            ],
        )


def until(moment_text: str, timezone: str) -> datetime:
    """The last moment that `--as-of` means: a day ends at midnight in `timezone`. ValueError for any other text."""
    if len(moment_text) == 10:
        day = date.fromisoformat(moment_text) + timedelta(days=1)
        return datetime.combine(day, time(), ZoneInfo(timezone)) - timedelta(seconds=1)
    moment = datetime.fromisoformat(moment_text)
    if moment.tzinfo is None:
        raise ValueError("a moment needs an offset, such as 2026-03-02T07:35+01:00")
    return moment
