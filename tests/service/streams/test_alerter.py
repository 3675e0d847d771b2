"""Events through a real broker become one alert and one mail, whoever is killed between decision and delivery."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

import orjson
import pytest
from aiosmtpd.controller import Controller
from kafka import KafkaConsumer, TopicPartition

from nytta.ingest.events import to_ndjson
from nytta.ingest.stream import topics
from nytta.insight.store.alerts import AlertStore
from nytta.service.brokers import cluster_of
from tests.support.broker import Broker
from tests.support.installation import SYSTEMS, Installation
from tests.support.processes import HTTP, ROOT, Process, answers, free_port, python, until

pytestmark = pytest.mark.slow
MOMENT = "2026-11-16T07:40+01:00"
"""A Monday at the hour at which digests go out; the week before it has just been published."""

ORGANISATION = """
organisations:
  - id: county
    name: County
    timezone: Europe/Stockholm
    country: SE
    language: en
    programme_lead: {name: Lead, email: lead@county.example}
units:
  - {id: last-000, name: North, parent: county}
  - {id: last-001, name: South, parent: county}
  - {id: last-002, name: West, parent: county}
approvals:
  - {purpose: "*", legal_basis: public task, dpia: DPIA 1, consulted_on: 2024-11-03}
"""
PROGRAMME = """
decisions:
  - {id: leave-fax, system: last, decided: 2026-08-31, level: county, units: [last-000, last-001, last-002]}
"""


class Sink:
    """A mail server that can fall silent in the middle of a mail; what it took before that it has not taken."""

    def __init__(self) -> None:
        self.silent = False
        self.begun: list[str] = []
        self.taken: list[Any] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content)
        self.begun.append(mail["Message-ID"])
        while self.silent:
            await asyncio.sleep(0.1)
        if len(self.begun) > 1 and self.begun[-1] != mail["Message-ID"]:
            return "451 gone"
        self.taken.append(mail)
        return "250 taken"


@pytest.fixture(scope="module")
def sink() -> Iterator[tuple[Sink, int]]:
    handler, port = Sink(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    handler.silent = False
    controller.stop()


class Place(Installation):
    """An installation for which it is always `MOMENT`."""

    def dated(self, what: str, port: int, smtp: int) -> Process:
        environment = self.environment | {"NYTTA_SMTP": f"smtp://127.0.0.1:{smtp}?starttls=no"}
        command = python("-m", "tests.ingest.stream.dated", MOMENT, what, str(port))
        process = Process(command, self.folder / f"{what}.log", environment)
        self.workers.append(process)  # so that it is stopped whatever happens
        process.start()
        until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), f"the {what}", process.log)
        return process


@pytest.fixture(scope="module")
def place(
    broker: Broker, tmp_path_factory: pytest.TempPathFactory, sink: tuple[Sink, int]
) -> Iterator[tuple[Place, int]]:
    """A store, topics and a worker; nothing has come yet."""
    made = Place(tmp_path_factory.mktemp("alerter"), broker)
    for name, text in (("organisation", ORGANISATION), ("systems", SYSTEMS), ("programme", PROGRAMME)):
        (made.registry / f"{name}.yaml").write_text(text, "utf-8")
    port = free_port()
    try:
        made.start(workers=0)
        made.dated("worker", port, sink[1])
        yield made, port
    finally:
        made.stop()


def acknowledged(unit: str) -> dict[str, Any]:
    data = {"unit": unit, "system": "last", "decision": "leave-fax", "state": "acknowledged", "level": "2"}
    return {
        "specversion": "1.0",
        "id": f"ack-{unit}",
        "source": "/programme",
        "type": "nytta.change.decision.v1",
        "time": "2026-11-03T10:00:00Z",
        "data": data,
    }


def put(place: Installation, *events: dict[str, Any]) -> None:
    async def send() -> None:
        async with place.producer() as producer:
            for decoded, rejects in place.decoded([to_ndjson(events)], datetime(2026, 11, 16, 6, tzinfo=UTC)):
                assert not rejects
                await producer.put(decoded, rejects)

    asyncio.run(send())


def nytta(place: Installation, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | place.environment | {"PYTHONPATH": str(ROOT / "services")}
    return subprocess.run(python("-m", "nytta", *words), env=environment, capture_output=True, text=True, check=False)


def measured(port: int) -> str:
    return HTTP.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text


def from_store(place: Installation, look: Callable[[AlertStore], Any]) -> Any:
    with place.app() as app:
        return look(AlertStore(app.open.connection))


def test_a_kill_between_decision_and_delivery_loses_no_mail(place: tuple[Place, int], sink: tuple[Sink, int]) -> None:
    its, _ = place
    handler, smtp = sink
    handler.silent = True
    put(its, acknowledged("last-000"))
    port = free_port()
    alerter = its.dated("alerter", port, smtp)
    try:
        until(lambda: bool(handler.begun), "the mail's beginning", alerter.log)
        (message,) = from_store(its, lambda book: book.messages())
        (alert,) = from_store(its, lambda book: book.alerts())
        assert (message.role, message.alerts) == ("programme_lead", (alert.id,))
        assert not [d for d in from_store(its, lambda book: book.deliveries()).values() if d.state == "sent"]
        alerter.kill()
        handler.silent = False
        handler.taken.clear()
        alerter = its.dated("alerter", port, smtp)
        until(lambda: bool(handler.taken), "the mail", alerter.log)
        until(lambda: "nytta_messages_sent_total 1.0" in measured(port), "its being written down", alerter.log)
        assert len(set(handler.begun)) == 1  # a repeat can be told as the same
        (mail,) = handler.taken
        assert mail["To"] == "lead@county.example"
        assert "1 of 3" in mail.as_string()
        told = measured(port)
        assert "nytta_evaluation_seconds_count" in told
        assert "nytta_delivery_seconds_count" in told
    finally:
        alerter.stop()


def test_repeats_of_events_and_of_evaluations_tell_nothing_twice(
    place: tuple[Place, int], sink: tuple[Sink, int]
) -> None:
    its, worker = place
    handler, smtp = sink
    handler.silent = False
    before = len(handler.taken)
    put(its, acknowledged("last-000"), acknowledged("last-001"))
    port = free_port()
    alerter = its.dated("alerter", port, smtp)
    try:
        until(lambda: _number(port, "nytta_evaluation_seconds_count") >= 4, "four evaluations", alerter.log)
        assert len(handler.taken) == before
        assert len(from_store(its, lambda book: book.messages())) == 1
        (alert,) = from_store(its, lambda book: book.alerts())
        done = nytta(its, "alerts", "ack", alert.id, "--action", "training", "--json")
        assert done.returncode == 0, done.stderr
        (row,) = orjson.loads(done.stdout)
        assert row["state"] == "acknowledged"
        until(lambda: _number(port, "nytta_evaluation_seconds_count") >= 8, "four more", alerter.log)
        (alert,) = from_store(its, lambda book: book.alerts())
        assert alert.acknowledged is not None
        assert (alert.state, alert.acknowledged.action) == ("acknowledged", "training")
        assert "by themselves" in nytta(its, "alerts", "evaluate").stderr
        assert "there is no alert" in nytta(its, "alerts", "ack", "nobody").stderr
    finally:
        alerter.stop()
    assert _number(worker, "nytta_worker_judging_seconds_count") >= 1
    assert 0 < _number(worker, "nytta_store_free_ratio") <= 1
    assert _number(worker, "nytta_worker_stored_timestamp_seconds") > 0


def test_who_is_told_is_told_on_the_topic(place: tuple[Place, int]) -> None:
    its, _ = place
    name = topics.full(cluster_of(its.settings), topics.SIGNALS)
    consumer = KafkaConsumer(bootstrap_servers=its.settings.kafka, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(name, 0)])
    found: list[Any] = []

    def heard() -> bool:
        for records in consumer.poll(500).values():
            found.extend(records)
        return any(b"judged" in r.value for r in found) and any(b"answer" in r.value for r in found)

    until(heard, "what was told")
    consumer.close()
    assert {r.key for r in found} == {b"county"}


def _number(port: int, name: str) -> float:
    lines = [line for line in measured(port).splitlines() if line.startswith(f"{name} ")]
    return float(lines[0].split()[1]) if lines else 0.0
