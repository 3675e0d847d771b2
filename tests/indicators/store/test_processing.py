"""Nothing is computed that is not approved, and nothing is stored of a system that is switched off."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from nytta import service as nytta
from nytta.disclosure.published.values import OpenStore
from nytta.disclosure.store.withdrawal import withdraw
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.stops import count_stopped, without_stopped
from nytta.registry import declarations
from nytta.registry.dates import Span
from nytta.registry.registry import Registry
from nytta.registry.units import ANY_PURPOSE, Approval
from tests.organisations import county
from tests.rows import NOW, event, table

pytestmark = pytest.mark.slow

SOME = {"digital-intake", "lead-time", "rework", "enrolment"}
DEFINITIONS = tuple(d for d in nytta.read_definitions(declarations.schemas() / "indicators") if d.id in SOME)
ROWS = [event(n, "case.opened", f"02-{n:02d}", f"c{n}", channel="web") for n in range(1, 13)]
COMPLETE: dict[str, Any] = {"legal_basis": "public task", "dpia": "DPIA 1", "consulted_on": date(2026, 1, 7)}


def installation(store: PrivateStore, tables: Path, registry: Registry | None) -> nytta.App:
    return nytta.App(
        store, OpenStore(store.connection), Intake(store, Keys("k1", bytes(32)), registry), DEFINITIONS, tables
    )


def with_approvals(*approvals: Approval) -> Registry:
    return replace(county(), approvals=approvals)


def indicators(store: PrivateStore) -> set[str]:
    return {i for (i,) in store.connection.rows("SELECT DISTINCT indicator FROM {private}.cells FINAL")}


@pytest.mark.parametrize("missing", ["legal_basis", "dpia", "consulted_on"])
def test_an_indicator_without_a_complete_approval_is_not_computed(
    store: PrivateStore, tables: Path, missing: str
) -> None:
    lacking: dict[str, Any] = COMPLETE | {missing: None if missing == "consulted_on" else ""}
    registry = with_approvals(Approval(ANY_PURPOSE, **COMPLETE), Approval("case-process", "county", **lacking))
    app = installation(store, tables, registry)
    store.write(table(ROWS), [], seal=bytes, received_at=NOW)
    app.bring_up_to_date(NOW)
    assert indicators(store) >= {"enrolment"}
    assert not indicators(store) & {"digital-intake", "lead-time", "rework"}
    told = {(row["unit"], row["indicator"]): row["missing"] for row in app.not_approved()}
    assert told["county", "digital-intake"] == [missing]
    assert {indicator for _, indicator in told} == {"digital-intake", "lead-time", "rework"}
    assert app.verify().equal


def test_an_organisation_that_says_nothing_has_no_figures(store: PrivateStore, tables: Path) -> None:
    app = installation(store, tables, with_approvals())
    store.write(table(ROWS), [], seal=bytes, received_at=NOW)
    app.bring_up_to_date(NOW)
    assert indicators(store) == set()
    assert len(app.not_approved()) == len(DEFINITIONS)


def test_a_consultation_to_come_opens_on_its_day(store: PrivateStore, tables: Path) -> None:
    coming = Approval(ANY_PURPOSE, "", "public task", "DPIA 1", date(2100, 6, 2))
    app = installation(store, tables, with_approvals(coming))
    store.write(table(ROWS), [], seal=bytes, received_at=NOW)
    app.bring_up_to_date(datetime(2100, 6, 1, tzinfo=UTC))
    assert indicators(store) == set()
    app.bring_up_to_date(datetime(2100, 6, 2, tzinfo=UTC))
    assert "digital-intake" in indicators(store)


def test_a_withdrawn_approval_takes_back_what_was_published(store: PrivateStore, tables: Path) -> None:
    installation(store, tables, with_approvals(Approval(ANY_PURPOSE, **COMPLETE))).bring_up_to_date(NOW)
    columns = ["organisation", "unit", "system", "indicator", "version", "grain", "period", "value", "status"]
    rows = [["county", "north", "cases", i, 1, "week", date(2026, 2, 2), 60.0, "ok"] for i in ("rework", "enrolment")]
    store.connection.insert("{open}.published_values", columns, rows)
    registry = with_approvals(Approval(ANY_PURPOSE, **COMPLETE), Approval("case-process"))
    installation(store, tables, registry).bring_up_to_date(NOW)
    shown = OpenStore(store.connection)
    assert [
        (r["indicator"], r["value"], r["status"])
        for r in store.connection.dicts(
            "SELECT indicator, value, status FROM {open}.indicator_values ORDER BY indicator"
        )
    ] == [
        ("enrolment", 60.0, "ok"),
        ("rework", None, "not_approved"),
    ]
    assert withdraw(store.connection, DEFINITIONS, 99, NOW) == 0  # it is taken back already
    assert shown.latest() == []


def switched_off(*spans: Span) -> Registry:
    registry = county()
    return replace(registry, systems=(replace(registry.systems[0], stops=spans),))


def test_events_of_a_system_that_is_switched_off_are_counted_and_not_kept(store: PrivateStore) -> None:
    registry = switched_off(Span(date(2026, 2, 3), date(2026, 2, 5)))
    stopped: Counter[tuple[str, str]] = Counter()
    kept = without_stopped(registry, table([*ROWS, event(99, "case.opened", "02-04", "c99", system="other")]), stopped)
    assert sorted(int(i) for i in kept["id"].to_pylist()) == [1, 2, *range(5, 13), 99]
    assert stopped == {("test", "cases"): 2}
    count_stopped(store.connection, stopped, NOW)
    assert not stopped
    assert store.connection.rows("SELECT * FROM {open}.not_processed") == [(NOW.date(), "test", "cases", 2)]


def test_periods_of_a_stop_have_no_figures(store: PrivateStore, tables: Path) -> None:
    week = Span(date(2026, 2, 4), date(2026, 2, 5))  # a Wednesday
    app = installation(store, tables, switched_off(week))
    store.write(table(ROWS), [], seal=bytes, received_at=NOW)
    app.bring_up_to_date(NOW)
    weeks = store.connection.rows(
        "SELECT DISTINCT grain, toString(period) FROM {private}.cells FINAL WHERE indicator = 'digital-intake' "
        "ORDER BY ALL"
    )
    assert weeks == [("week", "2026-01-26"), ("week", "2026-02-09")]
    assert app.verify().equal
