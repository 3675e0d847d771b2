"""How processes end: in order within seconds whatever runs, hard where something does not, at once when told twice."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nytta.demo.bulk import bulk
from nytta.storage.client import server
from nytta.storage.migrate import migrate
from tests.ingest.http.conftest import event, of_unit
from tests.ingest.http.service import Service
from tests.support.commands import answer
from tests.support.installation import Store
from tests.support.processes import ROOT, Process, free_port, opens, python, until

PROMISED = 10.0
"""Seconds within which a process ends; a machine that is overloaded gets half as much again."""
SLACK = 1.5

STUCK = """
import sys, threading, time
from nytta.service import stopping
from nytta.service.logs import log_lines

stopping.CANCEL_SECONDS, stopping.END_SECONDS = 0.2, 0.6
log_lines()
ending = stopping.Ending(forget=lambda: print("forgotten", flush=True))
ending.tell = lambda: print("told", flush=True)
with stopping.under_way("a long work"):
    ending.ask(15)
    for _ in range(int(sys.argv[1])):
        ending.ask(15)
    time.sleep(60)
"""


@pytest.mark.parametrize(("times", "code", "named"), [(0, 0, True), (1, 128 + 15, False)])
def test_a_process_does_not_wait_for_ever_and_a_second_signal_ends_it_at_once(
    times: int, code: int, named: bool
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STUCK, str(times)],
        capture_output=True,
        text=True,
        timeout=50,
        env=os.environ | {"PYTHONPATH": str(ROOT / "services")},
        check=False,
    )
    assert (done.returncode, done.stdout.split()) == (code, ["told", "forgotten"])
    assert ("broken off: a long work" in done.stderr) is named


def test_an_interrupted_command_breaks_off_its_statement(tmp_path: Path) -> None:
    """The interpreter hears of Ctrl-C only when the engine is done with the statement, which here would take hours."""
    program = (
        # a shell that runs the tests in the background has its children ignore Ctrl-C
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sys\nfrom pathlib import Path\nfrom nytta.cli.common import opened\n"
        "with opened(Path(sys.argv[1])) as app:\n    print('begun', flush=True)\n"
        "    app.private.connection.rows('SELECT count() FROM numbers(1000000000000) WHERE cityHash64(number) = 1')"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", f"import typer\n{program}", tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "services")},
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "begun\n"
    time.sleep(0.5)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert "interrupted; what was complete stands" in said


def _connection(service: Service) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.client.base_url.port or 0), 10)


def _slow_sender(service: Service) -> socket.socket:
    """A request whose body does not come to its end."""
    sending = _connection(service)
    head = f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.token}\r\n"
    head += "Content-Type: application/cloudevents-batch+json\r\nContent-Length: 1000\r\n\r\n["
    sending.sendall(head.encode())
    return sending


@pytest.mark.slow
def test_a_service_ends_in_seconds_and_what_was_broken_off_is_taken_up(tmp_path: Path) -> None:
    """With a round, a forwarded rebuild, an import and slow senders under way; then every figure is right."""
    service = Service(tmp_path).start()
    log = tmp_path / "many.ndjson"
    lines = [
        json.dumps(event(n, source="/file", time=f"2026-{1 + n % 5:02d}-{1 + n % 28:02d}T10:00:00Z"))
        for n in range(30_000)
    ]
    log.write_text("\n".join(lines) + "\n")
    assert service.post([of_unit("north", n) for n in range(2000)]).status_code == 202
    with ThreadPoolExecutor() as threads:
        commands = [threads.submit(service.command, *words) for words in (["import", log], ["rebuild"], ["verify"])]
        senders = [_slow_sender(service) for _ in range(20)]
        until(lambda: bool(_imports(service)), "the import")
        begun = time.monotonic()
        said = service.stop()
        spent = time.monotonic() - begun
        codes = {command.result()[0] for command in commands}
    for sending in senders:
        sending.close()
    assert spent < PROMISED * SLACK, said
    assert codes <= {-1, 0, 1}
    assert '"error"' not in said, said
    assert not (service.data / "service.json").exists()
    service.start()
    code, told, problem = service.command("import", log, "--json")
    assert (code, json.loads(told)["read"]) == (0, 30_000), problem
    code, told, problem = service.command("verify", "--json")
    assert json.loads(told)["equal"], told
    service.stop()


def _imports(service: Service) -> list[dict[str, object]]:
    """The imports that the store knows, of which one has read rows at least."""
    return [i for i in json.loads(service.command("sources", "--json")[1])["imports"] if i["read"]]


@pytest.fixture
def store_behind_http(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    store.start()
    yield store
    store.process.stop()


@pytest.mark.slow
def test_a_gateway_ends_in_seconds_though_no_broker_answers(
    tmp_path: Path, store_behind_http: Store, tables: Path
) -> None:
    migrate(server(store_behind_http.dsn), tables)
    port = free_port()
    (tmp_path / "registry").mkdir()
    environment = {
        "NYTTA_DATA": str(tmp_path / "data"),
        "NYTTA_CLICKHOUSE": store_behind_http.dsn,
        "NYTTA_KAFKA": f"127.0.0.1:{free_port()}",
    }
    gateway = Process(python("-m", "nytta", "gateway", "--port", str(port)), tmp_path / "gateway.log", environment)
    token = answer("token", "add", "desk", environment=environment)["token"]
    gateway.start()
    until(lambda: opens(port), "the gateway", gateway.log)
    body = next(bulk(100, 1, units=2))

    def send() -> None:
        with socket.create_connection(("127.0.0.1", port)) as sending:
            head = f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            head += f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n"
            sending.sendall(head.encode() + body)
            sending.recv(100)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    time.sleep(1)
    begun = time.monotonic()
    assert gateway.ended(signal.SIGTERM, 60) == 0, gateway.log.read_text()
    assert time.monotonic() - begun < PROMISED * SLACK
