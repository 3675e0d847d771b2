"""The embedded pipeline as a whole: files in, figures out, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from nytta import service as nytta
from nytta.disclosure.published.values import OpenStore
from nytta.indicators.store.values import ValueQuery
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.intake import Intake, IntakeError
from nytta.ingest.keys import Keys
from nytta.ingest.store.imports import all_imports
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import latest_rejects
from nytta.registry import declarations
from nytta.registry.registry import Registry
from tests.organisations import county

pytestmark = pytest.mark.slow

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEYS = Keys("k1", bytes(32))
DEFINITIONS = nytta.read_definitions(declarations.schemas() / "indicators")

MAPPING = """
id: desk
format: table
organisation: {id: town, name: Town, country: SE, language: sv}
timezone: Europe/Stockholm
purpose: public_data
unit: office
system: {constant: desk}
time: when
events:
  - type: case.opened
    case: number
    channel: {field: how, values: {e-service: web, letter: post}}
"""


def installation(store: PrivateStore, tables: Path, registry: Registry | None = None) -> nytta.App:
    return nytta.App(store, OpenStore(store.connection), Intake(store, KEYS, registry), DEFINITIONS, tables)


@pytest.fixture
def app(store: PrivateStore, tables: Path) -> nytta.App:
    return installation(store, tables)


def mapping(text: str = MAPPING) -> Mapping:
    return parse(text, "desk.yaml")


def rows(count: int, first: int = 1) -> str:
    lines = ["number,office,how,when"]
    for n in range(first, first + count):
        how = "e-service" if n % 3 else "letter"
        lines.append(f"A{n},{'East' if n % 2 else 'West'},{how},2026-03-{n % 28 + 1:02d} 10:00")
    return "\n".join(lines) + "\n"


def written(folder: Path, text: str, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def totals(app: nytta.App, indicator: str = "digital-intake") -> tuple[int, int]:
    found = app.values(ValueQuery("month", indicator))
    return sum(r["numerator"] for r in found), sum(r["denominator"] for r in found)


def test_a_file_becomes_figures_and_a_second_time_nothing(app: nytta.App, tmp_path: Path) -> None:
    path = written(tmp_path, rows(30))
    report = app.intake.import_file(path, mapping(), NOW)
    app.bring_up_to_date(NOW)
    assert (report.read, report.accepted, report.duplicate, report.rejected) == (30, 30, 0, 0)
    assert report.units_created == ("East", "West")
    assert totals(app) == (20, 30)
    again = app.intake.import_file(path, mapping(), NOW)
    assert (again.read, again.accepted, again.duplicate) == (30, 0, 30)
    assert app.verify().equal


def test_an_interrupted_import_counts_nothing_and_goes_on(
    app: nytta.App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nytta.ingest.files.read.CHUNK_ROWS", 10)
    path = written(tmp_path, rows(35))

    def stop(done: int, total: int) -> None:
        stop.calls += 1  # type: ignore[attr-defined]
        if stop.calls == 2:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    stop.calls = 0  # type: ignore[attr-defined]
    with pytest.raises(KeyboardInterrupt):
        app.intake.import_file(path, mapping(), NOW, progress=stop)
    app.bring_up_to_date(NOW)
    assert totals(app) == (0, 0)
    assert all_imports(app.private)[0]["state"] == "interrupted"
    resumed = installation(app.private, app.tables)
    report = resumed.intake.import_file(path, mapping(), NOW)
    resumed.bring_up_to_date(NOW)
    assert (report.read, report.accepted, report.rejected) == (35, 35, 0)
    assert totals(resumed)[1] == 35
    assert resumed.verify().equal


def test_a_growing_list_with_an_identity_is_counted_once(app: nytta.App, tmp_path: Path) -> None:
    text = MAPPING.replace("unit: office", "source: desk-list\nidentity: [number]\nsnapshot: true\nunit: office")
    monday, friday = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
    first = app.intake.import_file(written(tmp_path, rows(20)), mapping(text), NOW, snapshot_at=monday)
    changed = rows(25).replace("A3,East,letter", "A3,West,e-service")
    second = app.intake.import_file(written(tmp_path, changed, "later.csv"), mapping(text), NOW, snapshot_at=friday)
    app.bring_up_to_date(NOW)
    assert (first.accepted, second.accepted, second.duplicate, second.conflict) == (20, 6, 19, 0)
    assert totals(app) == (18, 25)
    assert app.verify().equal


def test_exact_duplicates_are_real_rows(app: nytta.App, tmp_path: Path) -> None:
    text = rows(4) + "A1,East,e-service,2026-03-02 10:00\n" * 2
    report = app.intake.import_file(written(tmp_path, text), mapping(), NOW)
    assert (report.read, report.accepted, report.duplicate) == (6, 6, 0)


def test_bad_rows_are_kept_apart_with_their_place(app: nytta.App, tmp_path: Path) -> None:
    text = (
        rows(3)
        + "A4,East,e-service,2026-13-45 10:00\nA5,East\n"
        + "A6,West,letter,1970-01-01 00:00\nA7,West,letter,2199-01-01 10:00\n"
    )
    now = datetime.now(UTC)  # rejects are kept for fourteen days
    report = app.intake.import_file(written(tmp_path, text), mapping(), now)
    app.bring_up_to_date(now)
    assert (report.read, report.accepted, report.rejected) == (7, 3, 4)
    told = {r["reason"]: r["position"] for r in latest_rejects(app.private)}
    assert told.keys() == {"invalid_field", "malformed_row", "implausible_time", "future_time"}
    assert told["implausible_time"] == "row 6"
    assert totals(app)[1] == 3
    sealed = app.private.connection.rows("SELECT body FROM {private}.rejects WHERE reason = 'implausible_time'")[0][0]
    body = sealed if isinstance(sealed, bytes) else sealed.encode()
    assert b"A6" not in body
    assert b"A6" in KEYS.unseal(body)


def test_units_of_two_organisations_are_never_merged(app: nytta.App, tmp_path: Path) -> None:
    app.intake.import_file(written(tmp_path, rows(3)), mapping(), NOW)
    with pytest.raises(IntakeError, match="unit 'East' belongs to organisation 'town' already"):
        app.intake.import_file(written(tmp_path, rows(4)), mapping(), NOW, organisation="city")
    app.bring_up_to_date(NOW)
    assert totals(app)[1] == 3
    report = app.intake.import_file(written(tmp_path, rows(2, 50), "more.csv"), mapping(), NOW, organisation="town")
    assert report.units_created == ()


def event(**data: Any) -> bytes:
    envelope = {
        "specversion": "1.0",
        "id": "1",
        "source": "/cases",
        "type": "nytta.case.opened.v1",
        "time": "2026-03-02T10:00:00Z",
        "data": {"unit": "north", "system": "cases", "case": "c1", "channel": "web"} | data,
    }
    return orjson.dumps(envelope, option=orjson.OPT_APPEND_NEWLINE)


def test_an_event_of_an_unknown_unit_is_rejected_not_lost(store: PrivateStore, tables: Path) -> None:
    app = installation(store, tables, county())
    (batch,) = app.intake.accept([event() + event(unit="nowhere")], NOW)
    assert (batch.read, len(batch), len(batch.rejects)) == (2, 1, 1)
    assert batch.rejects[0].reason == "unknown_unit"
    assert "nowhere" in batch.rejects[0].detail


def test_published_figures_wait_for_monday_and_hide_the_few(store: PrivateStore, tables: Path, tmp_path: Path) -> None:
    app = installation(store, tables)
    people = "".join(f"P{n},{'East' if n < 40 else 'West'},e-service,2026-03-04 10:00\n" for n in range(44))
    app.intake.import_file(written(tmp_path, "number,office,how,when\n" + people), mapping(), NOW)
    app.bring_up_to_date(datetime(2026, 3, 8, tzinfo=UTC))
    assert app.open.values(grain="week") == []
    app.private.mark_everything()
    app.bring_up_to_date(datetime(2026, 3, 9, 5, tzinfo=UTC))
    shown = app.open.values(grain="week", indicator="digital-intake", unit="East")
    assert [(r["period"], r["value"], r["status"]) for r in shown] == [("2026-W10", 100.0, "rounded")]
    # four cases, and none at all, read alike
    hidden = [r for r in app.open.values(grain="week", indicator="digital-intake") if r["unit"] != "East"]
    assert {(r["unit"], r["status"], r["reason"]) for r in hidden if r["value"] is None} == {
        ("West", "suppressed", "few_cases")
    }


def test_the_order_of_files_makes_no_difference(
    new_store: Callable[[], PrivateStore], tables: Path, tmp_path: Path
) -> None:
    one, two = written(tmp_path, rows(20)), written(tmp_path, rows(20, 100), "two.csv")
    figures = []
    for order in ([one, two], [two, one], [two, one, two]):
        app = installation(new_store(), tables)
        for path in order:
            app.intake.import_file(path, mapping(), NOW)
            app.bring_up_to_date(NOW)
        figures.append(app.private.connection.rows("SELECT * EXCEPT computed FROM {private}.cells FINAL ORDER BY ALL"))
        assert app.verify().equal
    assert figures[0] == figures[1] == figures[2]


def test_a_changed_definition_is_computed_when_the_store_is_opened(
    store: PrivateStore, tables: Path, tmp_path: Path
) -> None:
    app = installation(store, tables)
    app.intake.import_file(written(tmp_path, rows(12)), mapping(), NOW)
    app.bring_up_to_date(NOW)
    rule = next(d for d in DEFINITIONS if d.id == "digital-intake")
    letters = rule.model_copy(
        update={
            "version": 2,
            "numerator": rule.numerator.model_copy(update={"value": "countIf(channel = 'post')"}),
        }
    )
    later = replace(app, definitions=(letters,))
    later.bring_up_to_date(NOW)
    found = later.values(ValueQuery("month", "digital-intake"))
    assert {(r["version"], r["denominator"]) for r in found} >= {(2, 6)}
    assert sum(r["numerator"] for r in found if r["version"] == 2) == 4
