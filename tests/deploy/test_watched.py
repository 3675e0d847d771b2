"""A real service under a real Prometheus with the rules as they are shipped: panels show figures, faults raise alerts.

Only the times are shortened: rules are evaluated every second, and alerts wait for three instead of minutes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nytta.surfaces.grafana.catalogue import BOARDS
from tests.deploy.prometheus import Prometheus, prometheus
from tests.deploy.tools import needed
from tests.ingest.http.conftest import event, of_unit
from tests.ingest.http.service import Service
from tests.support.processes import PATIENCE, comes

pytestmark = pytest.mark.slow
PANELS = {f"{b.uid}: {p.title}": p.expr for b in BOARDS for p in b.panels if p.expr}
LIST = """\
id: list
title: Tickets
format: table
organisation: {id: county}
timezone: UTC
source: drop
identity: [id]
unit: unit
system: {constant: cases}
ticket: id
events: [{type: ticket.opened, time: opened}]
notes: [A list.]
"""
"""How files of the source are read that the service asks; none comes."""
DISTRIBUTED = "worker"
"""In the expression of a panel that one process alone has no figures for."""


@dataclass
class Watched:
    """A service and the Prometheus that scrapes it."""

    service: Service
    prometheus: Prometheus

    def ask(self, expression: str) -> list[dict[str, Any]]:
        return self.prometheus.ask(expression)

    def alerts(self) -> dict[str, str]:
        return self.prometheus.alerts()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    needed("prometheus")
    folder = tmp_path_factory.mktemp("watched")
    service = Service(folder)
    (folder / "drop").mkdir()
    (service.registry / "list.yaml").write_text(LIST)
    (service.registry / "sources.yaml").write_text(
        f"sources: [{{id: drop, kind: folder, address: {folder / 'drop'}, mapping: list.yaml, system: cases}}]"
    )
    service.start()
    try:
        with prometheus(tmp_path_factory.mktemp("prometheus"), {"nytta": service.measured}) as its:
            assert comes(lambda: bool(its.ask("up == 1")))
            number = 0
            for _ in range(8):  # counters must be seen before they grow
                assert service.post([of_unit("north", number + n) for n in range(20)]).status_code == 202
                service.post([of_unit("nowhere", number + 90)])
                number += 100
                time.sleep(2)
            yield Watched(service, its)
    finally:
        if service.process.poll() is None:
            service.kill()
        service.client.close()


@pytest.mark.parametrize("name", [n for n in PANELS if "ALERTS" not in PANELS[n]])
def test_a_panel_shows_figures(watched: Watched, name: str) -> None:
    found = comes(lambda: bool(watched.ask(PANELS[name])), 5 if DISTRIBUTED in PANELS[name] else PATIENCE)
    assert found or DISTRIBUTED in PANELS[name]


def test_nothing_is_wrong_where_nothing_is(watched: Watched) -> None:
    expected = {"NyttaWatchdog", "NyttaBrokersMissing", "NyttaNobodyComputes"}  # there is no Kafka
    expected |= {"NyttaRejects", "NyttaBudgetBurnsFast", "NyttaBudgetBurns", "NyttaBudgetBurnsSlowly"}  # a busy machine
    assert set(watched.alerts()) <= expected | {"NyttaDiskFills"}


def test_a_sender_whose_clock_is_ahead(watched: Watched) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    answer = watched.service.post([event(time=ahead, id="ahead")])
    assert answer.json()["rejected"][0]["reason"] == "future_time"
    assert comes(lambda: watched.alerts().get("NyttaSenderClock") == "firing")


def test_refused_events(watched: Watched) -> None:
    def more() -> bool:
        watched.service.post([of_unit("nowhere", n) for n in range(40)])
        return watched.alerts().get("NyttaRejects") == "firing"

    assert comes(more)


def test_a_service_that_dies(watched: Watched) -> None:
    """Last: nobody is left afterwards."""
    watched.service.kill()
    assert comes(lambda: watched.alerts().get("NyttaDown") == "firing")
    watched.prometheus.vanish("nytta")
    assert comes(lambda: "NyttaDown" not in watched.alerts())  # nobody is there to be down
    assert watched.alerts().get("NyttaMissing") == "firing"
    stands = PANELS["nytta-objectives: Alerts of the pipeline"]
    missing = {"alertname": "NyttaMissing", "job": "nytta", "severity": "page", "alertstate": "firing"}
    assert comes(lambda: missing in [row["metric"] for row in watched.ask(stands)])
    (since,) = [float(row["value"][1]) / 1000 for row in watched.ask(stands) if row["metric"] == missing]
    assert 0 < time.time() - since < 2 * PATIENCE
