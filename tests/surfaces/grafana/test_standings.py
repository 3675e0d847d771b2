"""What boards begin with, from rows few enough to count: targets, urgency, alerts that stand, organisations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from nytta.ingest.store.private import PrivateStore

EVER, NEVER = date(1970, 1, 1), date(2149, 6, 6)
WEEK = date(2026, 11, 9)
AT = datetime(2026, 11, 16, 4, tzinfo=UTC)
TODAY = datetime.now(UTC).date()
BREADTH = ("weekly-breadth", 1)


@pytest.fixture(scope="module")
def town(new_module_store: Callable[[], PrivateStore]) -> PrivateStore:
    """A town with three units: one far from its target, one without a figure, one that is well."""
    store = new_module_store()
    c = store.connection
    c.run("TRUNCATE TABLE {open}.definitions")
    c.insert("{open}.definitions", ["indicator", "version", "kind"], [["weekly-breadth", 1, "share"]])
    units = [[u, u.title(), "" if u == "town" else "town", "town", EVER, NEVER] for u in ("town", "north", "east")]
    c.insert("{open}.units", ["unit", "name_en", "parent", "root", "valid_from", "valid_to"], units)
    ways = [[u, a, d, EVER, NEVER] for u, a, d in (
        ("town", "town", 0), ("north", "north", 0), ("north", "town", 1), ("east", "east", 0), ("east", "town", 1)
    )]  # fmt: skip
    c.insert("{open}.unit_paths", ["unit", "ancestor", "depth", "valid_from", "valid_to"], ways)
    plans = [
        ["arken", "weekly-breadth", "town", TODAY - timedelta(days=200), 500, EVER, NEVER],
        ["arken", "weekly-breadth", "town", TODAY + timedelta(days=30), 800, EVER, NEVER],
        ["arken", "weekly-breadth", "town", TODAY + timedelta(days=300), 900, EVER, NEVER],
        ["arken", "weekly-breadth", "east", TODAY - timedelta(days=9), 600, EVER, NEVER],
    ]
    c.insert("{open}.plans", ["system", "indicator", "unit", "due", "target", "valid_from", "valid_to"], plans)
    columns = ["organisation", "unit", "system", "case_type", "part", "indicator", "version", "grain", "period"]
    columns += ["value", "status", "reason", "published_at", "publication"]
    figures = [("town", 62.0, ""), ("north", 30.0, ""), ("east", None, "few_persons")]
    c.insert("{open}.published_values", columns, [
        ["town", unit, "arken", "*", "", "weekly-breadth", 1, "window", WEEK, value, "ok", reason, AT, 1]
        for unit, value, reason in figures
    ])  # fmt: skip
    columns = ["organisation", "unit", "system", "indicator", "version", "kind", "opened", "closed", "withdrawn"]
    columns += ["urgency", "value", "peer", "publication"]
    c.insert("{open}.published_signals", columns, [
        ["town", "north", "arken", *BREADTH, "level", date(2026, 9, 7), None, False, 0.6, 30.0, 75.0, 1],
        ["town", "north", "arken", *BREADTH, "behind_plan", date(2026, 8, 3), None, False, 0.25, 30.0, None, 1],
        ["town", "town", "arken", *BREADTH, "level", date(2026, 2, 2), date(2026, 3, 2), False, 0.9, 1.0, 2.0, 1],
        ["town", "town", "arken", *BREADTH, "relapse", date(2026, 4, 6), None, True, 0.9, 1.0, 2.0, 1],
        ["town", "*", "arken", *BREADTH, "level", date(2026, 4, 6), None, False, 0.9, 1.0, 2.0, 1],
    ])  # fmt: skip
    opened = TODAY - timedelta(days=12)
    body = f'{{"key": {{"family": "use"}}, "urgency": 0.6, "opened": "{opened}", "acknowledged": {{"on": "{TODAY}"}}}}'
    columns = [
        "record",
        "id",
        "organisation",
        "unit",
        "system",
        "kind",
        "state",
        "day",
        "body",
        "version",
        "is_deleted",
    ]
    c.insert("{open}.alert_records", columns, [
        ["alert", "north/arken/use/1", "town", "north", "arken", "level", "acknowledged", WEEK, body, 1, 0],
        ["alert", "town/arken/use/0", "town", "town", "arken", "level", "closed", WEEK, body, 1, 0],
    ])  # fmt: skip
    return store


def test_a_unit_is_under_its_own_plan_else_the_nearest_and_the_next_target_counts(town: PrivateStore) -> None:
    rows = town.connection.rows("SELECT unit, target, due FROM {open}.unit_targets ORDER BY unit")
    assert rows == [
        ("east", 60.0, TODAY - timedelta(days=9)),  # its own, though past
        ("north", 80.0, TODAY + timedelta(days=30)),
        ("town", 80.0, TODAY + timedelta(days=30)),
    ]


def test_the_most_urgent_open_finding_stands_for_a_unit(town: PrivateStore) -> None:
    rows = town.connection.dicts("SELECT * FROM {open}.urgencies")
    assert rows == [{
        "organisation": "town", "system": "arken", "unit": "north", "findings": 2, "urgency": 0.6, "kind": "level",
        "indicator": "weekly-breadth", "since": date(2026, 8, 3), "value": 30.0, "peer": 75.0,
    }]  # fmt: skip


@pytest.mark.parametrize("alias_first", [0, 1])
def test_what_is_open_stands_beside_its_target_and_alert(town: PrivateStore, alias_first: int) -> None:
    """As Grafana's user asks, and as the service does."""
    rows = town.connection.rows(
        "SELECT unit, findings, to_target, to_peer, alert, alert_state FROM {open}.findings "
        f"SETTINGS prefer_column_name_to_alias = {alias_first}"
    )
    assert rows == [("north", 2, -50.0, -45.0, "north/arken/use/1", "acknowledged")]


@pytest.mark.parametrize("alias_first", [0, 1])
def test_a_unit_can_be_judged_where_one_of_its_figures_is_shown(town: PrivateStore, alias_first: int) -> None:
    rows = town.connection.rows(
        "SELECT unit, shown, figures FROM {open}.judged_units ORDER BY unit "
        f"SETTINGS prefer_column_name_to_alias = {alias_first}"
    )
    assert rows == [("east", 0, 1), ("north", 1, 1), ("town", 1, 1)]


def test_alerts_that_stand_and_what_was_done(town: PrivateStore) -> None:
    (alert,) = town.connection.dicts("SELECT id, state, days_open, acknowledged FROM {open}.live_alerts")
    assert alert == {"id": "north/arken/use/1", "state": "acknowledged", "days_open": 12, "acknowledged": TODAY}
    days = town.connection.rows("SELECT what, day FROM {open}.alert_days WHERE unit = 'north' ORDER BY day")
    assert days == [("opened", TODAY - timedelta(days=12)), ("acknowledged", TODAY)]


def test_organisations_with_something_to_see_come_first(town: PrivateStore) -> None:
    c = town.connection
    c.insert("{open}.units", ["unit", "name_en", "root", "valid_from", "valid_to"], [["a", "A", "a", EVER, NEVER]])
    c.insert("{open}.unit_paths", ["unit", "ancestor", "valid_from", "valid_to"], [["a", "a", EVER, NEVER]])
    rows = c.rows("SELECT organisation, figures, benefits FROM {open}.organisations ORDER BY figures DESC, name_en")
    assert rows == [("town", 2, 0), ("a", 0, 0)]
