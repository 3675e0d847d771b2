"""A real service under a real Prometheus with the rules as they are shipped: panels show figures, faults raise alerts.

Only the times are shortened: rules are evaluated every second, and alerts wait for three instead of minutes.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import yaml

from nytta.grafana.catalogue import BOARDS
from tests.deploy.tools import DEPLOY, needed
from tests.gateway.conftest import event, of_unit
from tests.gateway.service import Service
from tests.support.processes import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PANELS = {f"{b.uid}: {p.title}": p.expr for b in BOARDS for p in b.panels if p.expr}
DISTRIBUTED = "worker"
"""In the expression of a panel that one process alone has no figures for."""


@dataclass
class Watched:
    """A service and the Prometheus that scrapes it."""

    service: Service
    address: str

    def ask(self, expression: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.address}/api/v1/query", params={"query": expression}, timeout=10).json()
        assert answer["status"] == "success", answer
        return list(answer["data"]["result"])

    def alerts(self) -> dict[str, str]:
        """Names of the alerts that stand, and whether they fire."""
        found = httpx.get(f"{self.address}/api/v1/alerts", timeout=10).json()["data"]["alerts"]
        return {a["labels"]["alertname"]: a["state"] for a in found}


def until(condition: Callable[[], bool], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.5)
    return False


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    program = needed("prometheus")
    (folder / "rules").mkdir()
    for path in (DEPLOY / "prometheus" / "rules").glob("*.yml"):
        text = re.sub(r"\bfor: \w+", "for: 3s", path.read_text("utf-8"))
        (folder / "rules" / path.name).write_text(re.sub(r"interval: \w+", "interval: 1s", text))
    service = Service(folder).start()
    target = str(service.client.base_url).removeprefix("http://").rstrip("/")
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(folder / "rules" / "*.yml")]
    config["alerting"] = {}
    config["scrape_configs"] = [{"job_name": "nytta", "static_configs": [{"targets": [target]}]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    command = [program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=subprocess.STDOUT
        )
    its = Watched(service, f"http://127.0.0.1:{port}")
    try:
        assert until(lambda: _answers(f"{its.address}/-/ready")), (folder / "log").read_text()
        assert until(lambda: bool(its.ask("up == 1")))
        number = 0
        for _ in range(8):  # counters must be seen before they grow
            assert service.post([of_unit("north", number + n) for n in range(20)]).status_code == 202
            service.post([of_unit("nowhere", number + 90)])
            number += 100
            time.sleep(2)
        yield its
    finally:
        process.kill()
        process.wait(30)
        if service.process.poll() is None:
            service.kill()
        service.client.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("name", [n for n in PANELS if "ALERTS" not in PANELS[n]])
def test_a_panel_shows_figures(watched: Watched, name: str) -> None:
    found = until(lambda: bool(watched.ask(PANELS[name])), 5 if DISTRIBUTED in PANELS[name] else 120)
    assert found or DISTRIBUTED in PANELS[name]


def test_nothing_is_wrong_where_nothing_is(watched: Watched) -> None:
    expected = {"NyttaRejects", "NyttaBudgetBurnsFast", "NyttaBudgetBurns", "NyttaBudgetBurnsSlowly"}  # a busy machine
    assert set(watched.alerts()) <= expected | {"NyttaDiskFills"}


def test_a_sender_whose_clock_is_ahead(watched: Watched) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    answer = watched.service.post([event(time=ahead, id="ahead")])
    assert answer.json()["rejected"][0]["reason"] == "future_time"
    assert until(lambda: watched.alerts().get("NyttaSenderClock") == "firing")


def test_refused_events(watched: Watched) -> None:
    def more() -> bool:
        watched.service.post([of_unit("nowhere", n) for n in range(40)])
        return watched.alerts().get("NyttaRejects") == "firing"

    assert until(more)


def test_a_service_that_dies(watched: Watched) -> None:
    """Last: nobody is left afterwards."""
    watched.service.kill()
    assert until(lambda: watched.alerts().get("NyttaDown") == "firing")
    assert watched.ask('ALERTS{alertname=~"Nytta.*"}')
