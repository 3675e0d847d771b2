"""Everything is killed under a real Prometheus and a real Alertmanager, with all times as they are shipped."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.prometheus import prometheus
from tests.deploy.tools import DEPLOY, needed
from tests.ingest.http.service import Service
from tests.support.processes import answers, comes, free_port, until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]
JOBS = ("gateway", "worker", "alerter", "clickhouse", "kafka")
"""One process stands for each: what is killed is all the same to whoever misses it."""


class Calls:
    """What Alertmanager tells the world outside, and when."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, float, dict[str, Any]]] = []
        calls = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                calls.heard.append((self.path.strip("/"), time.monotonic(), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def address(self, receiver: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/{receiver}"

    def jobs(self, alert: str) -> dict[str, float]:
        """The jobs that somebody on call was told of, and when first."""
        found: dict[str, float] = {}
        for receiver, at, body in self.heard:
            if receiver == "on-call" and body["groupLabels"]["alertname"] == alert and body["status"] == "firing":
                found.setdefault(body["groupLabels"]["job"], at)
        return found


@contextmanager
def alertmanager(folder: Path, calls: Calls) -> Iterator[str]:
    """Alertmanager with the routes as shipped; where a receiver would write a mail, it calls `calls`."""
    config = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text("utf-8"))
    for receiver in config["receivers"]:
        if len(receiver) > 1:
            told = {"url": calls.address(receiver["name"]), "send_resolved": receiver["name"] != "watchdog"}
            receiver.pop("email_configs", None)
            receiver["webhook_configs"] = [told]
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    place = f"127.0.0.1:{free_port()}"
    words = [f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'kept'}"]
    words += [f"--web.listen-address={place}", "--cluster.listen-address="]
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen([needed("prometheus-alertmanager"), *words], stdout=log, stderr=subprocess.STDOUT)
    try:
        until(lambda: answers(f"http://{place}/-/ready"), "Alertmanager", folder / "alertmanager.log")
        yield place
    finally:
        process.kill()
        process.wait(30)


def test_somebody_is_called_within_five_minutes(tmp_path: Path) -> None:
    needed("prometheus")
    calls, service = Calls(), Service(tmp_path).start()
    targets = dict.fromkeys(JOBS, service.measured)
    (tmp_path / "watching").mkdir()
    try:
        with (
            alertmanager(tmp_path, calls) as place,
            prometheus(
                tmp_path / "watching", {**targets, "alertmanager": place}, patient=True, alertmanager=place
            ) as its,
        ):
            assert comes(lambda: len(its.ask("up == 1")) == len(JOBS) + 1, 120)
            assert comes(lambda: any(receiver == "watchdog" for receiver, *_ in calls.heard), 180)
            assert not calls.jobs("NyttaMissing")
            service.kill()
            killed = time.monotonic()
            for job in JOBS:
                its.vanish(job)
            assert comes(lambda: set(calls.jobs("NyttaMissing")) == set(JOBS), 300), calls.heard
            assert max(calls.jobs("NyttaMissing").values()) - killed < 300
            pings = [at for receiver, at, _ in calls.heard if receiver == "watchdog"]
            assert killed < pings[-1]  # it goes on: what watches is alive
    finally:
        service.client.close()
        calls.server.shutdown()
        calls.server.server_close()
