"""A store as a story leaves it, with what no story has: rejects, messages that failed, a unit with an apostrophe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from nytta import service as nytta
from nytta.demo import simulate, write
from nytta.disclosure.published.values import OpenStore
from nytta.ingest.files.mapping_load import load
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.service.evaluation import evaluate
from nytta.storage.client import Connection
from tests.surfaces.grafana.expander import ALL, Chosen, Range, expand

END = datetime(2026, 11, 17, 9, 35, tzinfo=ZoneInfo("Europe/Stockholm"))
"""The Tuesday after the last week of the stories; not at midnight, where a moment would look like a day."""
OVER = Range(END - timedelta(days=550), END)
SOUTH = "South's office"


@dataclass(frozen=True, slots=True)
class Filled:
    """The open zone's side of a filled store."""

    connection: Connection
    known: dict[str, Answer] = field(default_factory=dict)
    over: Range = OVER
    """The time that is chosen."""

    def ask(self, sql: str, chosen: Chosen, offered: Mapping[str, Sequence[str]] | None = None) -> Answer:
        """What the store answers to a panel's query, with the settings that a server has for Grafana's user."""
        sent = expand(sql, chosen, self.over, offered).replace("nytta.", f"{self.connection.zones.open}.")
        if sent not in self.known:
            found = self.connection._client.query(f"{sent}\nSETTINGS prefer_column_name_to_alias = 0")
            types = dict(zip(found.column_names, (kind.name for kind in found.column_types), strict=True))
            self.known[sent] = Answer(sent, types, [tuple(row) for row in found.result_rows])
        return self.known[sent]

    def offered(self, sql: str, chosen: Chosen) -> list[str]:
        """The values that a variable offers."""
        return [row[0] for row in self.ask(sql, chosen).rows]

    def places(self) -> Iterator[dict[str, Sequence[str]]]:
        """Every organisation with every system that has figures in it."""
        rows = self.connection.rows(
            "SELECT DISTINCT organisation, system FROM {open}.indicator_values WHERE system != '' ORDER BY ALL"
        )
        for organisation, system in rows:
            yield {"organisation": (organisation,), "system": (system,), "period": ("window",)}


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns with their types, and rows. The engine names no columns where there is no row."""

    sql: str
    columns: dict[str, str]
    rows: list[tuple[Any, ...]]


def fill(store: PrivateStore, folder: Path, story: str, weeks: int, scale: float) -> Filled:
    """Play a story into an empty store: everything imported, published, and evaluated over its last weeks."""
    definitions = nytta.read_definitions(declarations.schemas() / "indicators")
    write(simulate(story, 1, until="2026-W46", weeks=weeks, scale=scale), folder)
    declared = nytta.read_registry(folder / "registry", definitions)
    tables = declarations.schemas() / "tables"
    app = nytta.App(
        store, OpenStore(store.connection), Intake(store, Keys("k1", bytes(32)), declared), definitions, tables
    )
    log = folder / "events.ndjson"
    with log.open("ab") as more:
        more.write(b'{"specversion": "1.0"}\nno event at all\n')
    app.intake.import_file(log, None, END.astimezone(UTC))
    app.bring_up_to_date(END)
    for back in (14, 7, 0):
        evaluate(app, END - timedelta(days=back))
    _beyond_the_story(store)
    return Filled(store.connection)


def fill_with_log(store: PrivateStore, log: Path, mapping: str) -> Filled:
    """A store with a real log that has neither a registry nor a plan, years after its last event."""
    definitions = nytta.read_definitions(declarations.schemas() / "indicators")
    intake = Intake(store, Keys("k1", bytes(32)), None)
    app = nytta.App(store, OpenStore(store.connection), intake, definitions, declarations.schemas() / "tables")
    app.intake.import_file(log, load(mapping), END.astimezone(UTC))
    app.bring_up_to_date(END)
    evaluate(app, END)
    return Filled(store.connection)


def _beyond_the_story(store: PrivateStore) -> None:
    """What dashboards must cope with and no story has."""
    unit, root = store.connection.rows(
        "SELECT unit, organisation FROM {open}.indicator_values WHERE isNotNull(value) AND grain = 'window' "
        "GROUP BY ALL ORDER BY count() DESC, unit LIMIT 1"
    )[0]
    for table in ("units", "unit_paths", "published_values", "published_signals"):
        named = "'South''s office' AS unit" + (", 'South''s office' AS name_en" if table == "units" else "")
        store.connection.run(
            f"INSERT INTO {{open}}.{table} SELECT * REPLACE ({named}) "
            f"FROM (SELECT * FROM {{open}}.{table} WHERE unit = {{unit:String}})",
            unit=unit,
        )
    day = date(2026, 11, 2)
    # somebody plans an action in each organisation
    taken = store.connection.rows(
        "SELECT 'alert', concat(any(unit), '/', system, '/y'), organisation, any(unit), system, 'level', "
        "'acknowledged', toDate('2026-11-02') FROM {open}.last_values WHERE system != '' GROUP BY organisation, system"
    )
    store.connection.insert(
        "{open}.not_processed", ["received_on", "source", "system", "events"], [[day, "/old", "arken", 12]]
    )
    at = datetime(2026, 11, 3, 9, 12, tzinfo=UTC)
    store.connection.insert(
        "{open}.disposals",
        ["certificate", "at", "rule", "organisation", "decision", "before", "rows", "sealed"],
        [[1, at, "persons", root, "Decision 1", at, {"events": 3}, 2]],
    )
    store.connection.insert(
        "{open}.alert_records",
        ["record", "id", "organisation", "unit", "system", "kind", "state", "day", "body", "version", "is_deleted"],
        [
            ["alert", f"{root}/x", root, root, "arken", "outage", "open", day, _OUTAGE, 1, 0],
            *([*alert, _TAKEN, 1, 0] for alert in taken),
        ],
    )
    store.connection.insert(
        "{open}.deliveries",
        ["organisation", "message", "channel", "state", "attempts", "error", "next_at", "at", "version"],
        [[root, "m1", "mail", "sent", 1, "", at, at, 1], [root, "m2", "mail", "failed", 2, "away", at, at, 1]],
    )


_OUTAGE = '{"key": {"family": "source"}, "since": "2026-11-01", "opened": "2026-11-02", "told": "2026-11-02"}'

_TAKEN = (
    '{"key": {"family": "use"}, "since": "2026-10-05", "opened": "2026-10-12", "told": "2026-10-12", '
    '"acknowledged": {"on": "2026-10-14", "action": "level-1", "due": "2026-12-01"}}'
)

CHOICES = ("All", "one", "several", "apostrophe")


def chosen_units(how: str, offered: Sequence[str]) -> Sequence[str]:
    """The units of one way to choose."""
    return {"All": ALL, "one": offered[:1], "several": offered[:3], "apostrophe": (SOUTH,)}[how]
