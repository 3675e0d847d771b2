"""Everything is killed and comes back under a real Prometheus and a real Alertmanager, with all times as shipped.

Who is on call hears of both by mail, as the configuration says.
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message as Mail
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from tests.deploy.prometheus import prometheus
from tests.deploy.tools import DEPLOY, needed
from tests.ingest.http.service import Service
from tests.support.processes import answers, comes, free_port, until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1500)]
JOBS = ("gateway", "worker", "alerter", "clickhouse", "kafka")
"""One process stands for each: what is killed is all the same to whoever misses it."""


class Calls(Message):
    """What Alertmanager tells the world outside, and when: mails to those on call, and pings to the watchdog."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[tuple[float, Mail]] = []
        self.pings: list[float] = []
        calls = self

        class Watchdog(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                calls.pings.append(time.monotonic())
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.watchdog = ThreadingHTTPServer(("127.0.0.1", 0), Watchdog)
        threading.Thread(target=self.watchdog.serve_forever, daemon=True).start()
        self.post = Controller(self, hostname="127.0.0.1", port=free_port())
        self.post.start()

    def handle_message(self, message: Mail) -> None:
        """A mail that came."""
        self.mails.append((time.monotonic(), message))

    def jobs(self, alert: str, status: str) -> dict[str, float]:
        """The jobs of which somebody on call was told that an alert is FIRING or RESOLVED, and when first."""
        jobs: dict[str, float] = {}
        for moment, mail in self.mails:
            told = re.match(rf"\[{status}(?::\d+)?\] {alert} (\w+)", " ".join(str(mail["Subject"]).split()))
            if told and mail["To"] == "on-call@nytta.example":
                jobs.setdefault(told[1], moment)
        return jobs

    def close(self) -> None:
        """Listen no more."""
        self.post.stop()
        self.watchdog.shutdown()
        self.watchdog.server_close()


@contextmanager
def alertmanager(folder: Path, calls: Calls) -> Iterator[str]:
    """Alertmanager with routes and receivers as shipped, but for the places that mails and pings go to."""
    config = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text("utf-8"))
    config["global"]["smtp_smarthost"] = f"127.0.0.1:{calls.post.port}"
    (watchdog,) = (one for one in config["receivers"] if one["name"] == "watchdog")
    watchdog["webhook_configs"][0]["url"] = f"http://127.0.0.1:{calls.watchdog.server_port}/ping"
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


def test_somebody_is_called_within_five_minutes_and_told_when_all_is_back(tmp_path: Path) -> None:
    needed("prometheus")
    calls, service = Calls(), Service(tmp_path).start()
    (tmp_path / "watching").mkdir()
    try:
        with (
            alertmanager(tmp_path, calls) as place,
            prometheus(
                tmp_path / "watching",
                {**dict.fromkeys(JOBS, service.measured), "alertmanager": place},
                patient=True,
                alertmanager=place,
            ) as watching,
        ):
            assert comes(lambda: len(watching.ask("up == 1")) == len(JOBS) + 1, 120)
            assert comes(lambda: bool(calls.pings), 180)
            assert not calls.jobs("NyttaMissing", "FIRING")
            service.kill()
            killed = time.monotonic()
            for job in JOBS:
                watching.vanish(job)
            assert comes(lambda: set(calls.jobs("NyttaMissing", "FIRING")) == set(JOBS), 300), calls.mails
            called = max(calls.jobs("NyttaMissing", "FIRING").values()) - killed
            assert called < 300
            assert killed < calls.pings[-1]  # it goes on: what watches is alive
            assert not calls.jobs("NyttaMissing", "RESOLVED")

            service.client.close()
            service.start()
            back = time.monotonic()
            for job in JOBS:
                watching.appear(job, service.measured)
            # groups are told again after five minutes
            assert comes(lambda: set(calls.jobs("NyttaMissing", "RESOLVED")) == set(JOBS), 420), calls.mails
            resolved = calls.jobs("NyttaMissing", "RESOLVED").values()
            assert back < min(resolved)
            assert "NyttaMissing" not in watching.alerts()
            print(f"called after {called:.0f} s, told that all is back after {max(resolved) - back:.0f} s")
    finally:
        service.stop()
        calls.close()
