"""Faults of docs/gameday.md, each with real parts under a real Prometheus: the alert that the page names fires."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from kafka import KafkaProducer

from nytta.ingest.stream import topics
from nytta.service.brokers import cluster_of
from nytta.surfaces.grafana.catalogue import BOARDS
from tests.deploy.prometheus import Prometheus, prometheus
from tests.deploy.tools import needed
from tests.faults.load import bodies, gateway
from tests.ingest.http.conftest import of_unit
from tests.ingest.http.service import Service
from tests.support.broker import Broker
from tests.support.installation import Installation, installation
from tests.support.processes import HTTP, Process, answers, comes, free_port, python, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]
DAY = 24 * 3600


def panel(uid: str, word: str) -> str:
    """The expression of a panel whose expression has a word."""
    return next(p.expr for b in BOARDS if b.uid == uid for p in b.panels if p.expr and word in p.expr)


@dataclass
class Stack:
    """A gateway, a worker and an alerter around a broker and a store, and the Prometheus that scrapes them."""

    place: Installation
    broker: Broker
    front: str
    alerter: Process
    prometheus: Prometheus

    def post(self, body: bytes) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/x-ndjson"}
        return HTTP.post(f"{self.front}/events", content=body, headers=headers)

    def __post_init__(self) -> None:
        self.token = self.place.token()

    def burns(self, objective: str) -> bool:
        labels = f'alertname="NyttaBudgetBurnsFast", objective="{objective}", alertstate="firing"'
        return bool(self.prometheus.ask(f"ALERTS{{{labels}}}"))

    def down(self, job: str) -> bool:
        return bool(self.prometheus.ask(f'ALERTS{{alertname="NyttaDown", job="{job}", alertstate="firing"}}'))


@pytest.fixture(scope="module")
def stack(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    needed("prometheus")
    with installation(tmp_path_factory.mktemp("gameday"), broker, workers=1, units=10, partitions=2) as place:
        measured = free_port()
        front, port = gateway(place, {"NYTTA_METRICS": f"127.0.0.1:{measured}"})
        its = free_port()
        words = ("-m", "nytta", "alerter", "--port", str(its))
        alerter = Process(python(*words), place.folder / "alerter.log", place.environment)
        alerter.start()
        try:
            until(lambda: answers(f"http://127.0.0.1:{its}/readyz"), "the alerter", alerter.log)
            targets = {"gateway": measured, "worker": place.ports[0], "alerter": its}
            addresses = {job: f"127.0.0.1:{number}" for job, number in targets.items()}
            with prometheus(tmp_path_factory.mktemp("prometheus"), addresses) as watching:
                made = Stack(place, broker, f"http://127.0.0.1:{port}", alerter, watching)
                for body in bodies("before", 1500, 1):
                    assert made.post(body).status_code == 202
                    time.sleep(1)
                yield made
        finally:
            alerter.stop()
            front.stop()


def test_the_broker_is_away(stack: Stack) -> None:
    waiting = bodies("broker", 1000, 2)
    assert not stack.burns("acceptance")
    stack.broker.kill()
    try:
        refused = [stack.post(body) for body in waiting]
        assert {r.status_code for r in refused} == {503}
        assert all(int(r.headers["Retry-After"]) >= 1 for r in refused)
        assert comes(lambda: stack.burns("acceptance"))
        (shown,) = stack.prometheus.ask('nytta:objective:errors:ratio_rate5m{objective="acceptance"}')
        assert float(shown["value"][1]) > 0.0144
        assert stack.prometheus.ask(panel("nytta-objectives", "nytta:objective"))
    finally:
        stack.broker.start()
    for body in waiting:
        assert comes(lambda body=body: stack.post(body).status_code == 202)  # type: ignore[misc]
    _everything_is_stored(stack)


def test_the_store_is_away(stack: Stack) -> None:
    kafka = KafkaProducer(bootstrap_servers=stack.place.settings.kafka)
    name = topics.full(cluster_of(stack.place.settings), topics.USAGE)
    stack.place.store.process.kill()
    sent = 3000
    for number in range(sent):  # one by one, as a foreign producer does
        data = {"unit": "last-001", "system": "last", "case": f"k1:{number + 1:032x}", "channel": "web"}
        event = {"specversion": "1.0", "id": str(number), "source": "/gameday", "type": "nytta.case.opened.v1"}
        event["time"] = "2026-03-02T10:00:00Z"
        kafka.send(
            name,
            orjson.dumps(event | {"data": data}),
            headers=[("content-type", b"application/cloudevents+json")],
            partition=number % 2,
        )
    kafka.flush()
    kafka.close()
    assert stack.post(bodies("store", 250, 3)[0]).status_code == 202  # senders notice nothing
    assert stack.prometheus.fires("NyttaLag"), stack.prometheus.alerts()
    assert stack.prometheus.ask(panel("nytta-operations", "nytta_worker_lag_messages"))
    assert comes(lambda: stack.down("worker"))  # it gave up, and cannot start without its store
    stack.place.store.start()
    assert comes(lambda: "NyttaLag" not in stack.prometheus.alerts() and not stack.down("worker"))
    _everything_is_stored(stack)
    with stack.place.app() as app:
        found = "SELECT uniqExact(id) FROM {private}.events WHERE source = '/gameday'"
        assert app.private.connection.value(found) == sent


def test_nobody_keeps_the_alerts(stack: Stack) -> None:
    """Last: it does not come back."""
    stack.alerter.kill()
    assert comes(lambda: stack.down("alerter"))


def _everything_is_stored(stack: Stack) -> None:
    with stack.place.app() as app:
        app.bring_up_to_date(datetime.now(UTC))
        found = app.verify()
        assert found.equal, found.examples


def history(target: str, now: float) -> str:
    """Four weeks in which three senders sent a thousand events a day; now one is silent, and one sends half of it."""
    senders = {"desk": 0, "half": 380, "whole": 1000}
    lines = ["# TYPE sender:nytta_events:increase1d gauge"]
    for sender in senders:
        for weeks in (4, 3, 2, 1):
            middle = now - weeks * 7 * DAY
            lines += [
                f'sender:nytta_events:increase1d{{sender="{sender}"}} 1000 {middle + s}' for s in range(-3600, 7200, 60)
            ]
    lines.append("# TYPE nytta_events_accepted counter")
    for sender, of_a_day in senders.items():
        labels = f'sender="{sender}",job="nytta",instance="{target}"'
        steps = range(0, DAY - 120, 60)
        lines += [
            f"nytta_events_accepted_total{{{labels}}} {50000 + of_a_day * s / DAY} {now - DAY + s}" for s in steps
        ]
    return "\n".join([*lines, "# EOF"]) + "\n"


def test_a_source_falls_silent_and_half_of_another_is_dead(tmp_path: Path) -> None:
    needed("prometheus")
    service = Service(tmp_path).start()
    try:
        target = service.measured
        (tmp_path / "prometheus").mkdir()
        with prometheus(tmp_path / "prometheus", {"nytta": target}, history(target, time.time())) as its:
            assert its.fires("NyttaSourceSilent"), its.ask("sender:nytta_events:usual1d")
            assert its.fires("NyttaSourceLow")
            told = {
                a["metric"]["alertname"]: a["metric"]["sender"] for a in its.ask('ALERTS{alertname=~"NyttaSource.*"}')
            }
            assert told == {"NyttaSourceSilent": "desk", "NyttaSourceLow": "half"}
            assert service.post([of_unit("north", n) for n in range(20)]).status_code == 202
            time.sleep(3)
            assert service.post([of_unit("north", 100 + n) for n in range(20)]).status_code == 202
            assert comes(lambda: "NyttaSourceSilent" not in its.alerts())
    finally:
        service.kill()
        service.client.close()


def test_a_machine_whose_clock_is_off(tmp_path: Path) -> None:
    """The clock of a test's machine cannot be set: a service is told another time, a minute ahead."""
    needed("prometheus")
    place = Service(tmp_path)
    port = free_port()
    ahead = "import time; true = time.time; time.time = lambda: true() + 60; from nytta.cli import main; main()"
    words = ["up", "--port", str(port), "--data", str(place.data), "--registry", str(place.registry)]
    service = Process(python("-c", ahead, *words), tmp_path / "up.log", {"NYTTA_METRICS": place.measured})
    service.start()
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "the service", service.log)
        (tmp_path / "prometheus").mkdir()
        with prometheus(tmp_path / "prometheus", {"nytta": place.measured}) as its:
            assert its.fires("NyttaClockSkew")
    finally:
        service.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 MB; to mount one is not everybody's right."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_the_disk_is_full(small_disk: Path, tmp_path: Path) -> None:
    needed("prometheus")
    service = Service(small_disk).start()
    answers_: list[int] = []

    def post(first: int) -> int:
        answers_.append(service.post([of_unit("north", first + n) for n in range(50)]).status_code)
        return answers_[-1]

    try:
        (tmp_path / "prometheus").mkdir()
        with prometheus(tmp_path / "prometheus", {"nytta": service.measured}) as its:
            for number in range(5):
                assert post(1000 * number) == 202
                time.sleep(1)
            hog = small_disk / "somebody"
            _fill(hog, small_disk, leave=25 << 20)
            assert its.fires("NyttaDiskFills"), its.ask("nytta_store_free_ratio")
            _fill(hog, small_disk, leave=0)
            refused = [post(10_000 + 1000 * n) for n in range(5)]
            assert 503 in refused
            burns = 'ALERTS{alertname="NyttaBudgetBurnsFast", objective="acceptance"}'
            assert comes(lambda: bool(post(10_000) and its.ask(burns)))
            hog.unlink()
            again = [post(10_000 + 1000 * n) for n in range(5)]
            assert comes(lambda: post(20_000) == 202)
            if set(again) == {202}:
                wanted = 50 * (5 + 5 + 1)
                assert comes(lambda: service.answer("verify")["equal"])
                found: Any = service.answer("sources")["sources"]
                assert sum(row["events"] for row in found) == wanted
            assert comes(lambda: "NyttaDiskFills" not in its.alerts())
    finally:
        service.kill()
        service.client.close()


def _fill(path: Path, disk: Path, *, leave: int) -> None:
    """Have only so many bytes left."""
    with path.open("ab") as file:
        while (free := shutil.disk_usage(disk).free - leave) > 0:
            try:
                file.write(b"\0" * min(free, 1 << 20))
                file.flush()
            except OSError:
                return
