"""Views of databases by SQLAlchemy: statements that read them in the order of change, and values as JSON has them."""

from __future__ import annotations

import json
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

    def changes(self, since: Place | None, last_key: Any) -> Rows:
        """A page of rows by (changed, key): from `since` on, or behind the row whose key is `last_key`."""
        import sqlalchemy as sql

        changed: ColumnClause[Any] = sql.column(self.changed)
        key: ColumnClause[Any] = sql.column(self.key)
        # rows without a time have no place among the others
        behind: ColumnElement[bool] = changed.is_not(None) if since is None else changed >= since
        if last_key is not None:
            behind = sql.or_(changed > since, sql.and_(changed == since, key > last_key))
        names = dict.fromkeys((*self.columns, self.changed, self.key))
        return self._page(sql.select(*map(sql.column, names)), behind, changed, key)

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

    def _page(self, select: Rows, where: ColumnElement[bool] | None, *order: ColumnElement[Any]) -> Rows:
        import sqlalchemy as sql

        schema, _, name = self.name.rpartition(".")
        select = select.select_from(sql.table(name, schema=schema or None)).order_by(*order).limit(self.page)
        return select if where is None else select.where(where)


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
        raise PullError(
            f"the database at {url.host or url.database} cannot be read ({failure}): check address, account and view; "
            "it is tried again next round"
        ) from error
    finally:
        if engine is not None:
            engine.dispose()


def rows(connection: Connection, statement: Rows) -> list[dict[str, Any]]:
    """The rows of a statement, by column."""
    return [dict(row) for row in connection.execute(statement).mappings()]


def key_of(row: dict[str, Any], view: View) -> Any:
    """The key of the last row of a page, behind which the next one begins. PullError where it has none."""
    if row[view.key] is None:
        raise PullError(
            f"a row has no {view.key}, which is its key: leave such rows out of the view, or name another key"
        )
    return row[view.key]


def told_time(connection: Connection) -> datetime | None:
    """The time of the database, where it tells one with an offset."""
    import sqlalchemy as sql

    clock_time = connection.scalar(sql.select(sql.func.current_timestamp()))
    return clock_time if isinstance(clock_time, datetime) and clock_time.tzinfo else None


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON has it. Times keep the offset that they have, or have none."""
    return {name: _text(value) for name, value in row.items()}


def _text(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case datetime() | date():
            return value.isoformat()
        case float() | Decimal():
            return format(value, "f") if isinstance(value, Decimal) else value
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case _:
            return str(value)


def written(place: Place) -> str:
    """A place as the text of a cursor."""
    value = place.isoformat() if isinstance(place, date) else place.hex() if isinstance(place, bytes) else place
    return json.dumps([type(place).__name__, value])


def begun(cursor: str) -> Place | None:
    """Where a round begins after a cursor: some time before it, since transactions are seen late.

    Local times without an offset go back in autumn, so they are read from an hour before that. A text that is no time,
    such as a version in hexadecimal digits, is taken as it is.
    """
    if not cursor:
        return None
    kind, value = json.loads(cursor)
    match kind:
        case "datetime":
            return _before(datetime.fromisoformat(value))
        case "date":
            return date.fromisoformat(value) - timedelta(days=1)
        case "int":
            return int(value) - _OVERLAP
        case "bytes":  # a number too, such as rowversion of Microsoft SQL Server
            version = bytes.fromhex(value)
            return max(0, int.from_bytes(version) - _OVERLAP).to_bytes(len(version))
        case _:
            return _text_before(str(value))


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
            return place <= (current_time if place.tzinfo else (current_time + _AHEAD_OF_UTC).replace(tzinfo=None))
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
        raise PullError("a row says not when it changed, by a time, a number or a text: nothing of the page is taken")
    if not cursor:
        return written(place)
    kind, value = json.loads(cursor)
    typed_value: Any = value
    if kind in ("datetime", "date"):
        typed_value = datetime.fromisoformat(value) if kind == "datetime" else date.fromisoformat(value)
    elif kind == "bytes":
        typed_value = bytes.fromhex(value)
    if type(typed_value) is not type(place):
        raise PullError("the column of changes is of another kind than before: say nytta pull --reset")
    return written(max(typed_value, place))
