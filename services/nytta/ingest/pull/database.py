"""Views of databases by SQLAlchemy: statements that read them in the order of change, and values as JSON has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from nytta.ingest.pull.ask import Ask, Credentials, PullError

if TYPE_CHECKING:
    from sqlalchemy import ColumnClause, ColumnElement, Connection, Select

    Rows = Select[*tuple[Any, ...]]

_OVERLAP: Final = 300
"""Seconds, or numbers, before the last row at which a round begins again: transactions are seen late."""
_AHEAD_OF_UTC: Final = timedelta(hours=2)
_DOUBLED_HOUR: Final = timedelta(hours=1)
"""By so much local times go back in autumn."""

_DAY_FIRST: Final = re.compile(r"\s*\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}")

Place = int | str | bytes | datetime | date
"""Where a view stands, as its column of changes has it."""


@dataclass(frozen=True, slots=True)
class View:
    """A view and its columns; SQLAlchemy quotes all names."""

    name: str
    columns: tuple[str, ...]
    changed: str
    key: str
    page: int

    def changes(self, last_place: Place | None, last_key: Any) -> Rows:
        """A page of rows by (changed, key): from `last_place` on, or behind the row whose key is `last_key`."""
        import sqlalchemy as sql

        changed_column: ColumnClause[Any] = sql.column(self.changed)
        key_column: ColumnClause[Any] = sql.column(self.key)
        # rows without a time have no place among the others
        condition: ColumnElement[bool] = (
            changed_column.is_not(None) if last_place is None else changed_column >= last_place
        )
        if last_key is not None:
            condition = sql.or_(
                changed_column > last_place,
                sql.and_(changed_column == last_place, key_column > last_key),
            )
        names = dict.fromkeys((*self.columns, self.changed, self.key))
        return self._page(
            sql.select(*map(sql.column, names)), condition, changed_column, key_column
        )

    def untimed(self) -> Rows:
        """The keys of rows that say not when they changed, a page of them at most."""
        import sqlalchemy as sql

        key: ColumnClause[Any] = sql.column(self.key)
        return self._page(sql.select(key), sql.column(self.changed).is_(None), key)

    def keys(self, last_key: Any) -> Rows:
        """A page of keys behind the key `last_key`."""
        import sqlalchemy as sql

        key: ColumnClause[Any] = sql.column(self.key)
        return self._page(sql.select(key), None if last_key is None else key > last_key, key)

    def _page(
        self, statement: Rows, condition: ColumnElement[bool] | None, *order: ColumnElement[Any]
    ) -> Rows:
        import sqlalchemy as sql

        schema, _, table_name = self.name.rpartition(".")
        statement = (
            statement.select_from(sql.table(table_name, schema=schema or None))
            .order_by(*order)
            .limit(self.page)
        )
        return statement if condition is None else statement.where(condition)


@contextmanager
def connected(ask: Ask) -> Iterator[Connection]:
    """A connection to the database at the address, as the account. PullError where there is none, or it breaks."""
    try:
        import sqlalchemy as sql
    except ImportError as error:
        raise PullError("views of databases need SQLAlchemy: pip install 'nytta[sql]'") from error
    url = sql.make_url(ask.address.rstrip("/"))
    account: Credentials = ask.credentials
    if account.way == "basic":
        url = url.set(username=account.user, password=account.secret)
    engine = None
    try:
        engine = sql.create_engine(url, poolclass=sql.NullPool)
        with engine.connect() as connection:
            yield connection
    except (sql.exc.SQLAlchemyError, ImportError) as error:
        # what a driver says may hold values of rows
        failure = type(getattr(error, "orig", None) or error).__name__
        remedy = (
            "a value of the view has no place in a calendar or a number, such as infinity: let the view leave it out"
            if isinstance(error, sql.exc.DataError)
            else "check address, account and view; it is tried again next round"
        )
        raise PullError(
            f"the database at {url.host or url.database} cannot be read ({failure}): {remedy}"
        ) from error
    finally:
        if engine is not None:
            engine.dispose()


def rows(connection: Connection, statement: Rows) -> list[dict[str, Any]]:
    """The rows of a statement, by column."""
    return [dict(view_row) for view_row in connection.execute(statement).mappings()]


def key_of(view_row: dict[str, Any], view: View) -> Any:
    """The key of the last row of a page, behind which the next one begins. PullError where it has none."""
    if view_row[view.key] is None:
        raise PullError(
            f"a row has no {view.key}, which is its key: leave such rows out of the view, or name another key"
        )
    return view_row[view.key]


def told_time(connection: Connection) -> datetime | None:
    """The time of the database, where it tells one with an offset."""
    import sqlalchemy as sql

    clock_time = connection.scalar(sql.select(sql.func.current_timestamp()))
    return clock_time if isinstance(clock_time, datetime) and clock_time.tzinfo else None


def plain(view_row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON has it. Times keep the offset that they have, or have none."""
    return {column_name: _text(column_value) for column_name, column_value in view_row.items()}


def _text(column_value: Any) -> Any:
    match column_value:
        case None | bool() | int() | str():
            return column_value
        case datetime() | date():
            return column_value.isoformat()
        case float() | Decimal():
            return format(column_value, "f") if isinstance(column_value, Decimal) else column_value
        case bytes() | bytearray() | memoryview():
            return bytes(column_value).hex()
        case dict():
            return {str(name): _text(part) for name, part in column_value.items()}
        case list():
            return [_text(part) for part in column_value]
        case _:
            return str(column_value)


def written(place: Place) -> str:
    """A place as the text of a cursor."""
    column_value = (
        place.isoformat()
        if isinstance(place, date)
        else place.hex()
        if isinstance(place, bytes)
        else place
    )
    return json.dumps([type(place).__name__, column_value])


def begun(cursor: str) -> Place | None:
    """Where a round begins after a cursor: some time before it, since transactions are seen late.

    Local times without an offset go back in autumn, so they are read from an hour before that. A text that is no time,
    such as a version in hexadecimal digits, is taken as it is.
    """
    if not cursor:
        return None
    cursor_kind, column_value = json.loads(cursor)
    match cursor_kind:
        case "datetime":
            return _before(datetime.fromisoformat(column_value))
        case "date":
            return date.fromisoformat(column_value) - timedelta(days=1)
        case "int":
            return int(column_value) - _OVERLAP
        case "bytes":  # a number too, such as rowversion of Microsoft SQL Server
            version = bytes.fromhex(column_value)
            return max(0, int.from_bytes(version) - _OVERLAP).to_bytes(len(version))
        case _:
            return _text_before(str(column_value))


def _before(moment: datetime) -> datetime:
    return moment - timedelta(seconds=_OVERLAP) - (timedelta() if moment.tzinfo else _DOUBLED_HOUR)


def _text_before(text: str) -> str:
    """A text of a time, as a time before it in the same form."""
    try:
        moment = _before(datetime.fromisoformat(text))
    except ValueError:
        return text
    if len(text) < len("2026-03-02 08:00:00"):
        return text
    return moment.isoformat(text[10], "microseconds" if "." in text else "seconds")


def is_past(place: Any, current_time: datetime) -> bool:
    """Whether a place is no later than now, as all are that are no times: rows may bear any, such as the end of 9999.

    A time without an offset is taken for one of central Europe, at most two hours ahead of UTC.
    """
    match place:
        case datetime():
            return place <= (
                current_time
                if place.tzinfo
                else (current_time + _AHEAD_OF_UTC).replace(tzinfo=None)
            )
        case date():
            return place <= (current_time + _AHEAD_OF_UTC).date()
        case str():
            try:
                return is_past(datetime.fromisoformat(place), current_time)
            except ValueError:
                return True
        case _:
            return True


def latest(cursor: str, place: Any) -> str:
    """The later one of a cursor and the place of a row. PullError where a row has no place."""
    if isinstance(place, Decimal) and place == place.to_integral_value():
        place = int(place)  # numbers of PostgreSQL and Oracle
    if not isinstance(place, int | str | bytes | date):
        raise PullError(
            "a row says not when it changed, by a time, a number or a text: nothing of the page is taken"
        )
    # as texts, the last of a month comes after every day of the next one
    if isinstance(place, str) and _DAY_FIRST.match(place):
        raise PullError(
            "the column of changes is a text whose day or month comes first, and has not the order of time: let the "
            "view make a time of it, or a text such as 2026-03-02 08:15:00"
        )
    if not cursor:
        return written(place)
    kind, column_value = json.loads(cursor)
    typed_value: Any = column_value
    if kind in ("datetime", "date"):
        typed_value = (
            datetime.fromisoformat(column_value)
            if kind == "datetime"
            else date.fromisoformat(column_value)
        )
    elif kind == "bytes":
        typed_value = bytes.fromhex(column_value)
    if type(typed_value) is not type(place):
        raise PullError(
            "the column of changes is of another kind than before: say nytta pull --reset"
        )
    return written(max(typed_value, place))
