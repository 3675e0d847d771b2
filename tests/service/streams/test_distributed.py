"""Events through a real broker, Faust workers and a store behind HTTP: nothing is lost, and nothing differs."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka import KafkaConsumer, TopicPartition

from nytta import service as nytta
from nytta.demo.bulk import bulk
from nytta.disclosure.published.values import OpenStore
from nytta.ingest.events import to_ndjson
from nytta.ingest.intake import Intake
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import RejectQuery, latest_rejects, sealed_rejects
from nytta.ingest.stream import topics, waiting
from nytta.registry import declarations
from nytta.registry.registry import Registry
from nytta.service.brokers import cluster_of
from tests.support.broker import Broker
from tests.support.installation import Installation, installation
from tests.support.processes import ROOT, python, until

NOW = datetime.now(UTC)
"""Rejects that came long before go by themselves, from either store when it likes."""
WHO = "k1:" + "ab" * 16

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("distributed"), broker, workers=2, units=5) as started:
        yield started


def put(place: Installation, bodies: Sequence[bytes], now: datetime = NOW) -> int:
    """Send bodies as the gateway does; how many events were acknowledged."""

    async def send() -> int:
        acknowledged = 0
        async with place.producer() as producer:
            for events, rejects in place.decoded(bodies, now):
                await producer.put(events, rejects)
                acknowledged += len(events)
        return acknowledged

    return asyncio.run(send())


BODIES = list(bulk(3000, 5, units=5, body_size=500))
BAD = [b"rubbish\n", to_ndjson([{"specversion": "1.0", "id": "x", "source": "/s", "type": "none"}])]
TABLES = {
    "events": "SELECT * EXCEPT (batch, received_at), identity, content FROM {private}.events FINAL",
    "deliveries": "SELECT DISTINCT event, snapshot, content, import FROM {private}.deliveries",
    "superseded": "SELECT * FROM {private}.superseded FINAL",
    "persons_by_day": "SELECT * FROM {private}.persons_by_day FINAL",
    "rejects": "SELECT * EXCEPT (received_at, body) FROM {private}.rejects FINAL",
    "cases": "SELECT * EXCEPT (version, is_deleted) FROM {private}.cases FINAL",
    "tickets": "SELECT * EXCEPT (version, is_deleted) FROM {private}.tickets FINAL",
    "clients": "SELECT * EXCEPT (version, is_deleted) FROM {private}.clients FINAL",
    "cells": "SELECT * EXCEPT (computed, is_deleted) FROM {private}.cells FINAL",
    "values": "SELECT * EXCEPT (published_at, publication) FROM {open}.published_values FINAL",
    "units": "SELECT * FROM {open}.units",
    "rejected": "SELECT * EXCEPT received_at FROM {open}.rejected FINAL",
}


def contents(app: nytta.App, table: str) -> list[tuple[Any, ...]]:
    return app.private.connection.rows(f"{TABLES[table]} ORDER BY ALL")


def test_both_shells_fill_every_table_alike(
    place: Installation, new_store: Callable[[], PrivateStore], tables: Path
) -> None:
    definitions = nytta.read_definitions(declarations.schemas() / "indicators")
    declared: Registry | None = nytta.read_registry(place.registry, definitions)
    store = new_store()
    embedded = nytta.App(store, OpenStore(store.connection), Intake(store, place.keys, declared), definitions, tables)
    for body in [*BODIES, *BAD]:
        list(embedded.intake.accept([body], NOW))
    embedded.compute(NOW)
    assert put(place, [*BODIES, BODIES[0], *BAD]) == 3500  # one body twice: nothing may differ for it
    with place.app() as distributed:
        distributed.bring_up_to_date(datetime.now(UTC))
        found = distributed.verify()
        assert found.equal, found.examples
        assert found.compared > 100
        # what is published depends on when: both publish once, at the same moment
        now = datetime.now(UTC)
        owner = PrivateStore(distributed.private.connection)
        nytta.App(owner, distributed.open, Intake(owner, place.keys, declared), definitions, tables).publish(now)
        embedded.publish(now)
        for table in TABLES:
            assert contents(distributed, table) == contents(embedded, table), table
        assert contents(distributed, "events")


def test_published_values_are_told_on_their_topic(place: Installation) -> None:
    put(place, BODIES)
    place.publish_every = 1
    place.workers.pop().stop()
    place.ports.pop()
    place.workers.pop().stop()
    place.ports.pop()
    place.add_worker()
    place.add_worker()
    place.ready()
    name = topics.full(cluster_of(place.settings), topics.VALUES)
    consumer = KafkaConsumer(bootstrap_servers=place.settings.kafka, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(name, n) for n in range(3)])
    told: dict[bytes, dict[str, Any]] = {}

    def heard() -> dict[bytes, dict[str, Any]]:
        for records in consumer.poll(500).values():
            told.update({r.key: orjson.loads(r.value) for r in records})
        return told

    with place.app() as app:
        app.bring_up_to_date(datetime.now(UTC))
        published = "SELECT count() FROM {open}.published_values FINAL"
        until(lambda: 100 < len(heard()) == app.private.connection.value(published), "the values on their topic")
    consumer.close()
    assert not {"numerator", "denominator", "persons", "subjects"} & {n for value in told.values() for n in value}


def case(number: int, case: str, **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "/foreign",
        "type": "nytta.case.opened.v1",
        "time": "2026-03-02T10:00:00Z",
        "data": {"unit": "last-001", "system": "foreign", "case": case, "channel": "web"} | more,
    }


def foreign_cases(app: nytta.App) -> int:
    return int(
        app.private.connection.value(
            "SELECT sum(denominator) FROM {private}.cells FINAL WHERE indicator = 'digital-intake' AND grain = 'week' "
            "AND system = 'foreign'"
        )
    )


@pytest.mark.skipif(not shutil.which("kcat"), reason="kcat is not installed")
def test_a_foreign_client_puts_a_single_event_on_the_topic_and_it_counts(place: Installation) -> None:
    name = topics.full(cluster_of(place.settings), topics.USAGE)

    def kcat(value: bytes, *headers: str) -> None:
        options = [part for header in headers for part in ("-H", header)]
        subprocess.run(
            ["kcat", "-P", "-b", place.settings.kafka, "-t", name, "-D", "\x1e", *options], input=value, check=True
        )

    with place.app() as app:
        before = foreign_cases(app)
        kcat(orjson.dumps(case(1, WHO), option=orjson.OPT_INDENT_2), "content-type=application/cloudevents+json")
        attributes = {k: v for k, v in case(2, "k1:" + "cd" * 16).items() if k != "data"}
        data = orjson.dumps(case(2, "k1:" + "cd" * 16)["data"])
        kcat(data, "content-type=application/json", *(f"ce_{k}={v}" for k, v in attributes.items()))
        kcat(orjson.dumps(case(3, "a name")), "content-type=application/cloudevents+json")
        kcat(b"\x00 this is no event")
        app.bring_up_to_date(datetime.now(UTC))
        assert foreign_cases(app) == before + 2
        reasons = {(r["source"], r["reason"]) for r in latest_rejects(app.private)}
        assert ("/foreign", "raw_actor") in reasons
        assert any("usage/" in r["position"] for r in latest_rejects(app.private, reason="malformed_json"))


def test_rejects_are_sent_again_after_a_fix(place: Installation) -> None:
    lost = [case(10 + n, f"A{n}", unit="annex", system="annex") for n in range(3)]
    assert put(place, [to_ndjson(lost)]) == 3
    query = RejectQuery("unknown_unit")
    with place.app() as app:
        app.bring_up_to_date(datetime.now(UTC))
        assert len(sealed_rejects(app.private, query)) == 3
        assert app.replay(query, datetime.now(UTC), dry_run=True).still == {"unknown_unit": 3}
    registry = place.registry / "organisation.yaml"
    text = registry.read_text("utf-8")
    registry.write_text(text.replace("approvals:", "  - {id: annex, name: Annex, parent: county}\napprovals:"), "utf-8")
    for worker in place.workers:
        worker.kill()  # its supervisor starts it anew, and it reads the registry
    place.ready()
    with place.app() as app:
        assert app.replay(query, datetime.now(UTC), dry_run=True).passed == 3
        assert app.replay(query, datetime.now(UTC)).passed == 3
        assert app.replay(query, datetime.now(UTC)).tried == 0
        app.bring_up_to_date(datetime.now(UTC))
        stored = app.private.connection.value("SELECT uniqExact(id) FROM {private}.events WHERE system = 'annex'")
        assert stored == 3
        found = app.verify()
        assert found.equal, found.examples


def test_commands_say_what_waits(place: Installation) -> None:
    put(place, BODIES[:1])
    with place.app() as app:
        app.bring_up_to_date(datetime.now(UTC))
    cluster = cluster_of(place.settings)
    assert [waiting.lag(cluster, name) for name in (topics.USAGE, topics.MARKS, topics.REJECTED)] == [0, 0, 0]


def test_an_import_beside_workers_counts(place: Installation, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(to_ndjson([case(100 + n, f"I{n}", system="imported") for n in range(40)]))
    done = subprocess.run(
        python("-m", "nytta", "import", str(path), "--json"),
        env=os.environ | place.environment | {"PYTHONPATH": str(ROOT / "services")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    with place.app() as app:
        app.bring_up_to_date(datetime.now(UTC))
        assert (
            app.private.connection.value(
                "SELECT sum(denominator) FROM {private}.cells FINAL WHERE indicator = 'digital-intake' "
                "AND grain = 'week' AND system = 'imported'"
            )
            == 40
        )
        assert app.verify().equal
