"""A view that grows, and a folder of files: the figures are those of the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.read import opened
from nytta.ingest.files.rows import Broken
from nytta.ingest.pull.ask import PullError
from nytta.ingest.pull.database import View, begun, is_past, latest, plain, rows, written
from nytta.ingest.pull.declared import Declared
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.service.pulls import Puller, puller
from tests.ingest.pull.test_servicenow import NOW, installed, tickets
from tests.support.postgres import postgres

pytestmark = pytest.mark.slow

sql = pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed: pip install 'nytta[sql]'")

TICKETS = """
id: tickets
title: Tickets of a view
format: table
organisation: {id: county}
timezone: Europe/Stockholm
source: view
identity: [id]
revision: changed
unit: unit
system: {constant: cases}
ticket: id
channel: channel
events:
  - {type: ticket.opened, time: opened}
  - {also: resolved, type: ticket.resolved, time: resolved}
notes: [A view.]
"""
COLUMNS = ("unit", "channel", "opened", "resolved")
SETTINGS = {"view": "tickets", "columns": list(COLUMNS), "changed": "changed", "key": "id", "complete": True}
DEFINITIONS = tuple(load(declarations.schemas() / "indicators").definitions)
CELLS = """
    SELECT indicator, unit, case_type, grain, toString(period), numerator, denominator FROM {private}.cells FINAL
    ORDER BY ALL"""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/view.db"
        return
    with postgres() as address:
        yield address


class Database:
    """A database of a test, written to by the system that it belongs to."""

    def __init__(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.address = address
        self.account = "basic" if address.startswith("postgresql") else "none"
        monkeypatch.setenv("NYTTA_SECRET_VIEW", "nytta")
        url = sql.make_url(address)
        self.engine = sql.create_engine(
            url.set(username="nytta", password="nytta") if self.account == "basic" else url, poolclass=sql.NullPool
        )

    def table(self, name: str, key: Any, *columns: str) -> Any:
        """A table with a key, a time of change, and texts."""
        texts = [sql.Column(column, sql.Text) for column in columns]
        made = sql.Table(
            name,
            sql.MetaData(),
            sql.Column("id", key, primary_key=True),
            sql.Column("changed", sql.DateTime(timezone=True)),
            *texts,
        )
        made.create(self.engine)
        return made

    def run(self, *statements: Any) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)

    def asked(
        self, store: PrivateStore, folder: Path, mapping: str, settings: dict[str, Any], app: Any = None
    ) -> Puller:
        (folder / "view.yaml").write_text(mapping, "utf-8")
        declared = Declared(
            id="view",
            kind="sql",
            address=self.address,
            account=self.account,  # type: ignore[arg-type]
            user="nytta",
            system="cases",
            mapping="view.yaml",
            settings=settings,
        )
        made = puller(app or installed(store), declared, folder, pause=lambda _: None)
        made.clock = lambda: NOW
        return made


def test_changes_late_commits_and_deletions_of_a_view(
    store: PrivateStore, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Database(database, monkeypatch)
    table = made.table("tickets", sql.Integer, *COLUMNS)
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    row = {"unit": "north", "channel": "phone", "opened": "2026-03-02 08:00:00", "resolved": ""}
    # many in one second, whose keys are no texts in order
    made.run(*(table.insert().values(id=n, changed=at, **row) for n in range(1, 26)))
    with closing((asked := made.asked(store, tmp_path, TICKETS, SETTINGS | {"page": 7})).ask):
        assert (asked.round().state, len(tickets(store))) == ("good", 25)
        assert asked.round().events == 0
        made.run(
            table.update().where(table.c.id == 5).values(changed=at + timedelta(hours=1), channel="web"),
            table.insert().values(id=40, changed=at + timedelta(hours=1) - timedelta(seconds=200), **row),
            table.delete().where(table.c.id < 4),
        )
        assert asked.round().state == "good"
        assert sorted(channel for _, _, channel, *_ in tickets(store)) == ["phone"] * 25 + ["web"]
        # seen late: its time lies before what was read
        made.run(table.insert().values(id=41, changed=at + timedelta(hours=1) - timedelta(seconds=250), **row))
        assert asked.round().events == 1
        assert asked.reconcile().retracted > 0
        assert len(tickets(store)) == 24
        findings = asked.probe()
        assert [finding.fine for finding in findings.found] == [True]
        made.run(sql.text("DROP TABLE tickets"))
        done = asked.round()
        assert (done.state, "cannot be read" in done.message) == ("failed", True)
        assert not asked.probe().found[0].fine


def test_rows_without_a_time_and_times_without_end_hold_nobody_back(
    store: PrivateStore, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Database(database, monkeypatch)
    table = made.table("tickets", sql.Integer, *COLUMNS)
    at = NOW - timedelta(days=2)
    row = {"unit": "north", "channel": "phone", "opened": "2026-03-02 08:00:00", "resolved": ""}
    made.run(
        *(table.insert().values(id=n, changed=at, **row) for n in range(1, 12)),
        *(table.insert().values(id=n, changed=None, **row) for n in (20, 21)),
        table.insert().values(id=30, changed=datetime(9999, 12, 31, 12, tzinfo=UTC), **row),
    )
    with closing((asked := made.asked(store, tmp_path, TICKETS, SETTINGS | {"page": 5})).ask):
        done = asked.round()
        assert (done.state, done.hidden, len(tickets(store))) == ("degraded", 2, 12)
        assert "2 rows say nothing in changed and are not read" in done.message
        made.run(
            table.update().where(table.c.id == 3).values(changed=at + timedelta(hours=1), channel="web"),
            table.update().where(table.c.id > 15).where(table.c.id < 25).values(changed=at + timedelta(hours=1)),
        )
        done = asked.round()
        assert (done.state, done.hidden) == ("good", 0)
        assert sorted(channel for _, _, channel, *_ in tickets(store)) == ["phone"] * 13 + ["web"]
        assert asked.round().events == 0


def test_a_key_that_several_rows_have_is_told(
    store: PrivateStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Database(f"sqlite:///{tmp_path}/view.db", monkeypatch)
    table = made.table("tickets", sql.Integer, *COLUMNS)
    row = {"changed": NOW, "unit": "north", "channel": "phone", "opened": "2026-03-02 08:00:00", "resolved": ""}
    made.run(
        *(table.insert().values(id=n, **row) for n in range(1, 5)),
        sql.text("CREATE VIEW steps AS SELECT * FROM tickets UNION ALL SELECT * FROM tickets WHERE id = 3"),
    )
    with closing((asked := made.asked(store, tmp_path, TICKETS, SETTINGS | {"view": "steps"})).ask):
        done = asked.round()
        assert (done.state, done.hidden, len(tickets(store))) == ("degraded", 1, 4)
        assert "1 rows bear the id of another row" in done.message


def test_values_of_postgresql_are_those_of_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = """SELECT '{"unit": {"code": 7}}'::jsonb AS details, ARRAY[DATE '2026-03-02'] AS days,
        1.50::numeric AS hours, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS id, NULL AS nothing"""
    with postgres() as address:
        made = Database(address, monkeypatch)
        with made.engine.connect() as connection:
            (view_row,) = rows(connection, sql.text(statement))
    assert plain(view_row) == {
        "details": {"unit": {"code": 7}},
        "days": ["2026-03-02"],
        "hours": "1.50",
        "id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "nothing": None,
    }


def test_a_time_that_no_calendar_has_is_told(
    store: PrivateStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres() as address:
        made = Database(address, monkeypatch)
        table = made.table("tickets", sql.Integer, *COLUMNS)
        made.run(
            table.insert().values(id=1, changed=NOW, unit="north"),
            sql.text("UPDATE tickets SET changed = 'infinity'"),
        )
        with closing((asked := made.asked(store, tmp_path, TICKETS, SETTINGS)).ask):
            done = asked.round()
    assert (done.state, "such as infinity: let the view leave it out" in done.message) == ("failed", True), done.message


LOGS = {"08_receipt.xes.gz": "wabo-receipt", "BPIC15_3.xes.gz": "dutch-building-permits"}
IN_COUNTY = {
    "wabo-receipt": {
        "unit": "{field: case:department, values: {General: north}, otherwise: south, missing: south}",
        "system": "{constant: cases}",
        "organisation": "{id: county}",
    },
    "dutch-building-permits": {
        "unit": "{constant: north}",
        "system": "{constant: cases}",
        "case": "case:concept:name",
        "organisation": "{id: county}",
    },
}
"""What of a shipped mapping is the small county's."""
PORTIONS = 4


def in_county(name: str) -> str:
    """A shipped mapping, its cases in the small county."""
    text = (declarations.schemas() / "mappings" / f"{name}.yaml").read_text("utf-8")
    for key, value in IN_COUNTY[name].items():
        text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.MULTILINE)
    return text


@pytest.mark.parametrize("log", ["08_receipt.xes.gz", pytest.param("BPIC15_3.xes.gz", marks=pytest.mark.soak)])
def test_a_log_served_as_a_growing_view_gives_the_figures_of_its_file(
    new_store: Callable[[], PrivateStore], shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: str
) -> None:
    mapping = in_county(LOGS[log])
    with opened(shared_data / "events" / log, parse(mapping, "m")) as (_, reader):
        rows = [dict(row) for row in reader if not isinstance(row, Broken)]
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    filed, viewed = installed(new_store()), installed(new_store())
    filed.intake.import_file(shared_data / "events" / log, parse(mapping, "m"), NOW, organisation="county")
    with postgres() as address:
        made = Database(address, monkeypatch)
        table = made.table("log", sql.Integer, *columns)
        settings = {"view": "log", "columns": list(columns), "changed": "changed", "key": "id", "page": 3000}
        text = mapping.replace("once: true", "identity: [case:concept:name]")
        text += "\nsource: view\nidentity: [id]\nrevision: changed\n"
        with closing((asked := made.asked(viewed.private, tmp_path, text, settings, viewed)).ask):
            size = len(rows) // PORTIONS + 1
            for first in range(0, len(rows), size):
                at = NOW + timedelta(days=first // size)
                some = enumerate(rows[first : first + size], first)
                with made.engine.begin() as connection:
                    filled = [{"id": n, "changed": at, **dict.fromkeys(columns), **row} for n, row in some]
                    connection.execute(table.insert(), filled)
                assert asked.round().state == "good"
            assert asked.round().events == 0
    cells = [figures(app.private) for app in (filed, viewed)]
    assert len(cells[0]) > 500
    assert cells[0] == cells[1]


def figures(store: PrivateStore) -> list[tuple[Any, ...]]:
    recompute(store, DEFINITIONS)
    return store.connection.rows(CELLS)


def test_files_of_a_folder_are_imported_as_they_come(store: PrivateStore, tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    (tmp_path / "list.yaml").write_text(TICKETS.replace("revision: changed\n", "snapshot: true\n"), "utf-8")
    declared = Declared(
        id="drop",
        kind="folder",
        address=str(drop),
        system="cases",
        mapping="list.yaml",
        settings={"files": "*.csv", "seconds": 0},
    )
    header = "id;unit;channel;opened;resolved\n"
    rows = [f"{n};north;phone;2026-03-02 08:00;\n" for n in range(20)]
    with closing((asked := puller(installed(store), declared, tmp_path)).ask):
        asked.clock = lambda: datetime.now(UTC) + timedelta(seconds=1)
        assert asked.probe().found[0].fine
        assert asked.round().rows == 0
        (drop / "one.csv").write_text(header + "".join(rows), "utf-8")
        (drop / "notes.txt").write_text("x")
        done = asked.round()
        assert (done.state, done.rows, done.events) == ("good", 20, 20)
        assert asked.round().events == 0
        (drop / "two.csv").write_text(header + "".join(rows).replace("phone", "web"), "utf-8")
        assert asked.round().events == 20
        assert {channel for _, _, channel, *_ in tickets(store)} == {"web"}
        (drop / "three.csv").write_text("<html>", "utf-8")
        done = asked.round()
        assert (done.state, "three.csv" in done.message) == ("held", True)
        (drop / "three.csv").unlink()
        assert asked.round().state == "good"
        assert asked.reconcile().state == "good"
        drop.rename(tmp_path / "elsewhere")  # as a share of another machine that is not mounted
        done = asked.round()
        assert (done.state, f"{drop}: cannot be read" in done.message) == ("failed", True)


def test_a_file_that_is_still_written_waits(store: PrivateStore, tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    (tmp_path / "list.yaml").write_text(TICKETS, "utf-8")
    declared = Declared(id="drop", kind="folder", address=str(tmp_path / "drop"), system="cases", mapping="list.yaml")
    (tmp_path / "drop" / "one.csv").write_text("id;changed;unit;channel;opened;resolved\n", "utf-8")
    with closing((asked := puller(installed(store), declared, tmp_path)).ask):
        assert asked.round().pages == 0
        asked.clock = lambda: datetime.now(UTC) + timedelta(seconds=61)
        assert asked.round().pages == 1


def test_statements_are_those_of_each_database() -> None:
    """MSSQL is compiled and not run: there is none here."""
    view = View("dbo.Ärenden", ("Ärendenr", "Enhet"), "Ändrad", "Id", 500)
    from sqlalchemy.dialects import mssql, postgresql

    server: Any = mssql.dialect  # a class without types
    told = str(view.changes(datetime(2026, 3, 2), 17).compile(dialect=server()))
    assert " ".join(told.split()) == (
        "SELECT TOP __[POSTCOMPILE_param_1] [Ärendenr], [Enhet], [Ändrad], [Id] FROM dbo.[Ärenden] "
        "WHERE [Ändrad] > :Ändrad_1 OR [Ändrad] = :Ändrad_2 AND [Id] > :Id_1 ORDER BY [Ändrad], [Id]"
    )
    server = postgresql.dialect
    told = str(view.keys(None).compile(dialect=server()))
    assert " ".join(told.split()) == 'SELECT "Id" FROM dbo."Ärenden" ORDER BY "Id" LIMIT %(param_1)s::INTEGER'


def test_where_a_round_begins() -> None:
    aware, local = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 10, 25, 2, 59)
    assert begun("") is None
    assert begun(written(aware)) == datetime(2026, 3, 2, 7, 55, tzinfo=UTC)
    assert begun(written(local)) == datetime(2026, 10, 25, 1, 54)  # clocks went back from 3 to 2
    assert begun(written(1000)) == 700
    assert begun(written("2026-03-02 08:00:00.000000")) == "2026-03-02 06:55:00.000000"
    assert begun(written("00AF")) == "00AF"
    assert latest(written(7), 5) == written(7)
    assert begun(latest(written(7), Decimal(1000))) == 700
    version = (70_000).to_bytes(8)
    assert begun(latest(written(version), (69_000).to_bytes(8))) == (69_700).to_bytes(8)
    assert begun(written(bytes(8))) == bytes(8)
    far: tuple[Any, ...] = ("9999-12-31 00:00:00", "9999-12-31", date(9999, 12, 31), datetime(9999, 12, 31))
    assert not [place for place in far if is_past(place, aware)]
    near = ("2026-03-02T07:59:00+00:00", aware, datetime(2026, 3, 2, 9), date(2026, 3, 2), "00AF", version, 10**12)
    assert [place for place in near if is_past(place, aware)] == list(near)
    with pytest.raises(PullError, match="says not when it changed"):
        latest("", None)
    for day_first in ("31.03.2026 08:15", "3/31/2026", "31-03-26"):
        with pytest.raises(PullError, match="has not the order of time"):
            latest("", day_first)
    with pytest.raises(PullError, match="another kind"):
        latest(written(7), "x")
