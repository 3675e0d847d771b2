"""What operations see of each source that is asked: its rounds, what it feeds, its own count beside ours, its dates."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from nytta.indicators.load import load
from nytta.ingest.events import Reason, Reject
from nytta.ingest.pull.declared import Declared
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import write_rejects
from nytta.registry import declarations
from nytta.service.metrics import SourceRounds
from nytta.service.pull_schedule import Pulling
from nytta.service.pulls import puller
from nytta.service.source_health import drift, standings, state_of_sources
from nytta.storage.migrate import migrations
from tests.ingest.pull.servicenow import FakeServiceNow
from tests.ingest.pull.test_servicenow import installed, settled

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def desk(address: str, **dates: date) -> Declared:
    return Declared(id="desk", kind="servicenow", address=address, system="cases").model_copy(update=dates)


def state(app: Any, declared: Declared, moment: datetime = NOW) -> dict[str, Any]:
    (found,) = state_of_sources(app, (declared,), None, moment)
    return found


def test_what_a_source_feeds_and_its_own_count_beside_ours(store: PrivateStore) -> None:
    fake = FakeServiceNow(40)
    unknown = next(iter(fake.incidents))
    fake.incidents[unknown]["caller_id.department"] = "nowhere"
    app = installed(store)
    app.definitions = tuple(load(declarations.schemas() / "indicators").definitions)
    with fake.served() as address:
        declared = desk(address, verified_on=date(2026, 5, 20))
        assert state(app, declared)["state"] == "waiting"
        with closing((asked := puller(app, declared, None, pause=lambda _: None)).ask):
            asked.clock = lambda: NOW
            assert asked.round().state == "degraded"  # a unit that nobody knows
            assert asked.reconcile().state == "good"
            stands = state(app, declared, NOW + timedelta(minutes=5))
            assert (stands["listed"], stands["standing"]) == (40, 39)
            assert stands["units"] == {"county": ["north", "south"]}
            assert "channel-mix" in " ".join(stands["indicators"])
            assert (stands["age"], stands["next"]) == (timedelta(minutes=5), NOW + timedelta(minutes=15))
            assert stands["verified_on"] == date(2026, 5, 20)
            fake.delete(30)
            asked.clock = lambda: NOW + timedelta(days=1)
            assert asked.reconcile().state == "failed"
            stands = state(app, declared)
            assert (stands["state"], stands["looked"]) == ("degraded", "failed")
            assert "rows are gone at the source" in stands["message"]
            assert (stands["listed"], stands["standing"]) == (40, 39)  # of the last look that came to its end


def test_units_are_kept_and_not_searched_among_events(store: PrivateStore) -> None:
    fake = FakeServiceNow(40)
    app = installed(store)
    with fake.served() as address, closing((asked := puller(app, desk(address), None, pause=lambda _: None)).ask):
        asked.clock = lambda: NOW
        asked.round()
        (migration,) = (one for one in migrations(declarations.schemas() / "tables") if "units_of_sources" in one.name)
        store.connection.run("TRUNCATE TABLE {private}.source_units")
        store.connection.run_all(migration.statements)  # as a store of before has it that is brought up to date
        store.connection.run("TRUNCATE TABLE {private}.events")
        assert state(app, asked.declared)["units"] == {"county": ["north", "south"]}


def test_a_source_is_muted_and_ended_by_dates(store: PrivateStore) -> None:
    fake = FakeServiceNow(5)
    app = installed(store)
    today = datetime.now(UTC).date()
    with fake.served() as address:
        over = desk(address, ended_on=today)
        Pulling(app, (over,), None, lambda: None).ask_due()
        assert not fake.requests
        assert (state(app, over, datetime.now(UTC))["state"], state(app, over)["next"]) == ("ended", None)
        muted = desk(address, muted_until=today + timedelta(days=1))
        Pulling(app, (muted,), None, lambda: None).ask_due()
        assert fake.requests  # it is asked all the same
        assert state(app, muted, datetime.now(UTC))["muted_until"] == today + timedelta(days=1)
        assert state(app, muted, datetime.now(UTC) + timedelta(days=1))["muted_until"] is None


def test_a_start_begins_no_round_before_it_is_due(store: PrivateStore) -> None:
    fake = FakeServiceNow(5)
    app = installed(store)
    with fake.served() as address:
        Pulling(app, (desk(address),), None, lambda: None).ask_due()
        asked = len(fake.requests)
        assert asked
        Pulling(app, (desk(address),), None, lambda: None).ask_due()
        assert len(fake.requests) == asked


def test_a_field_that_falls_silent_is_drift_and_a_round_of_few_rows_forgets_none(store: PrivateStore) -> None:
    assert drift({"a": 100, "b": 99, "c": 100}, {"c": 1}) == ["a"]
    assert drift({"a": 100}, {}) == []
    fake = FakeServiceNow(60)
    app = installed(store)
    with fake.served() as address, closing((asked := puller(app, desk(address), None, pause=lambda _: None)).ask):
        asked.clock = lambda: NOW
        settled(asked, fake)
        for number, lacking in enumerate((2, 20)):
            for sys_id in list(fake.incidents)[:lacking]:
                fake.incidents[sys_id] = fake.change(sys_id)
            fake.renamed = ("opened_at", "opened")
            asked.clock = lambda number=number: NOW + timedelta(hours=number + 1)  # type: ignore[misc]
            assert asked.round().state == "held"
        fake.renamed = None
        assert asked.round().state == "good"
        caller = next(iter(fake.incidents))
        fake.incidents[caller] = fake.change(caller) | {"caller_id.department": ""}  # one caller without a department
        fake.incidents = {caller: fake.incidents[caller]}
        assert asked.round().state == "degraded"  # "unassigned" is no unit of this county, and nothing is held


def measured(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    """What Prometheus reads of the source `desk`."""
    return registry.get_sample_value(f"nytta_source_{name}", {"source": "desk", **labels})


def test_prometheus_is_told_when_a_source_was_read_and_how_rounds_ended(
    store: PrivateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeServiceNow(5)
    app = installed(store)
    registry = CollectorRegistry()
    began = datetime.now(UTC).timestamp()
    with fake.served() as address:
        declared = desk(address)
        fake.faults = {"500": 1.0}
        failing = Pulling(app, (declared,), None, lambda: None, SourceRounds(registry))
        monkeypatch.setattr(failing, "_wait", lambda _: None)  # before it asks anew
        failing.ask_due()
        assert measured(registry, "read_timestamp_seconds") == 0
        assert measured(registry, "interval_seconds") == 15 * 60
        assert measured(registry, "rounds_total", state="failed") == 1
        fake.faults = {}
        store.connection.run("TRUNCATE TABLE {private}.pull_rounds")  # so that it is due again
        registry = CollectorRegistry()
        measures = SourceRounds(registry)
        Pulling(app, (declared,), None, lambda: None, measures).ask_due()
        read_at = measured(registry, "read_timestamp_seconds")
        assert read_at
        assert read_at >= began
        assert measured(registry, "rounds_total", state="good") == 1
        # a process that begins anew knows from the store, before any round is due
        anew = CollectorRegistry()
        Pulling(app, (declared,), None, lambda: None, SourceRounds(anew)).ask_due()
        assert measured(anew, "read_timestamp_seconds") == read_at
        assert measured(anew, "rounds_total", state="good") is None
    measures.forget()
    assert measured(registry, "read_timestamp_seconds") is None


def test_prometheus_is_told_what_waits_for_its_unit_what_fell_silent_and_who_is_excused(store: PrivateStore) -> None:
    fake = FakeServiceNow(60)
    app = installed(store)
    today = datetime.now(UTC).date()
    with fake.served() as address, closing((asked := puller(app, desk(address), None, pause=lambda _: None)).ask):
        settled(asked, fake)
        reject = Reject(Reason.UNPLACED, "no unit", "desk", "1", b"{}")
        for other in (reject, replace(reject, reason=Reason.UNKNOWN_UNIT), replace(reject, source="other")):
            write_rejects(store.connection, [other], bytes, datetime.now(UTC))
        stands = standings(app, (asked.declared,), datetime.now(UTC))["desk"]
        assert (stands.unplaced, stands.silent_fields, stands.excused) == (1, 0, False)
        for sys_id in list(fake.incidents)[:20]:
            fake.incidents[sys_id] = fake.change(sys_id)
        fake.renamed = ("category", "kind")
        asked.round()
        assert standings(app, (asked.declared,), datetime.now(UTC))["desk"].silent_fields == 1
        for dates in ({"muted_until": today + timedelta(days=1)}, {"ended_on": today}):
            stands = standings(app, (desk(address, **dates),), datetime.now(UTC))["desk"]
            assert stands.excused
        assert standings(app, (desk(address, muted_until=today),), datetime.now(UTC))["desk"].excused is False
