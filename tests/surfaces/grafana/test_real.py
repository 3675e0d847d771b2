"""A real Grafana, as the stack starts it, answers every panel with the rows that the embedded engine gives.

It needs a Docker engine that can fetch images.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import httpx
import pytest

from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.storage import client
from nytta.storage.client import Connection
from nytta.storage.migrate import migrate
from nytta.surfaces.grafana.catalogue import BOARDS
from tests.deploy.tools import DEPLOY, run
from tests.surfaces.grafana.expander import conditional_all, variables
from tests.surfaces.grafana.filled import OVER, Filled, fill
from tests.surfaces.grafana.stub import CLICKHOUSE
from tests.surfaces.grafana.test_boards import choices

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(1800)]
ROOT = DEPLOY.parent
FILES = ["docker-compose.yml", "tests/surfaces/grafana/ports.yml"]


@pytest.fixture(scope="module")
def docker() -> None:
    """Without a Docker engine the tests are skipped with the reason."""
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True, check=False)
    if asked.returncode:
        reason = f"no Docker engine answers: {asked.stderr.strip()[-100:]}"
        pytest.fail(reason) if "docker" in os.environ.get("NYTTA_REQUIRE", "").split(",") else pytest.skip(reason)


@pytest.fixture(scope="module")
def filled(
    docker: None, new_module_store: Callable[[], PrivateStore], tmp_path_factory: pytest.TempPathFactory
) -> Filled:
    return fill(new_module_store(), tmp_path_factory.mktemp("story"), "case-system", 60, 0.3)


@pytest.fixture(scope="module")
def grafana(filled: Filled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Grafana with the plugin, as provisioned, before a ClickHouse that holds the same open zone."""
    from testcontainers.compose import DockerCompose

    folder = tmp_path_factory.mktemp("stack")
    run(str(DEPLOY / "passwords.sh"), str(folder))
    with (folder / ".env").open("a") as settings:
        settings.write(f"NYTTA_SECRETS={folder / 'secrets'}\n")
    told = {path.name: path.read_text() for path in (folder / "secrets").iterdir()}
    with DockerCompose(
        ROOT, FILES, services=["grafana"], build=True, env_file=str(folder / ".env"), wait=True
    ) as stack:
        port = stack.get_service_port("clickhouse", 8123)
        server = client.server(told["clickhouse_service"].replace("@clickhouse:8123", f"@127.0.0.1:{port}"))
        migrate(server, declarations.schemas() / "tables")
        _copy(filled.connection, server)
        address = f"http://127.0.0.1:{stack.get_service_port('grafana', 3000)}"
        with httpx.Client(base_url=address, auth=("admin", told["grafana_admin"]), timeout=60) as asking:
            yield asking


def _copy(source: Connection, target: Connection) -> None:
    """Every row of the open zone's tables."""
    names = source.rows(
        "SELECT name FROM system.tables WHERE database = {zone:String} AND engine LIKE '%MergeTree' "
        "AND name != 'migrations'",
        zone=source.zones.open,
    )
    for (name,) in names:
        rows = source.dicts(f"SELECT * FROM {{open}}.{name}")
        if rows:
            target.insert(f"{{open}}.{name}", list(rows[0]), [list(row.values()) for row in rows])


def test_boards_are_provisioned_and_cannot_be_changed(grafana: httpx.Client) -> None:
    assert {b["uid"] for b in grafana.get("/api/search?type=dash-db").json()} >= {b.uid for b in BOARDS}
    for board in BOARDS:
        assert grafana.get(f"/api/dashboards/uid/{board.uid}").json()["meta"]["provisioned"] is True


@pytest.mark.parametrize("uid", [b.uid for b in BOARDS])
def test_panels_answer_the_same_rows(grafana: httpx.Client, filled: Filled, uid: str) -> None:
    board, asked = next(b for b in BOARDS if b.uid == uid), 0
    for how in ("All", "apostrophe"):
        chosen, offered = next(choices(board, filled, how))
        for panel in (p for p in board.panels if p.sql):
            # the browser's part; the rest is the data source's
            sent = variables(conditional_all(panel.sql, chosen), chosen, offered)
            found = filled.ask(panel.sql, chosen, offered).rows
            assert sorted(_rows(grafana, sent), key=repr) == sorted(map(_plain, found), key=repr), panel.title
            asked += 1
    assert asked


def _rows(grafana: httpx.Client, sql: str) -> list[tuple[Any, ...]]:
    source = {"type": CLICKHOUSE, "uid": "nytta"}
    query = {"refId": "A", "datasource": source, "editorType": "sql", "rawSql": sql, "format": 1}
    body: dict[str, Any] = {"queries": [query | {"intervalMs": int(OVER.interval * 1000), "maxDataPoints": 1000}]}
    body |= {"from": str(int(OVER.start.timestamp() * 1000)), "to": str(int(OVER.end.timestamp() * 1000))}
    answer = grafana.post("/api/ds/query", json=body).json()["results"]["A"]
    assert "error" not in answer, (sql, answer)
    columns = answer["frames"][0]["data"]["values"] if answer["frames"] else []
    return [_plain(row) for row in zip(*columns, strict=True)]


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Moments as milliseconds and numbers rounded, as Grafana's frames have them."""
    return tuple(_value(value) for value in row)


def _value(value: Any) -> Any:
    match value:
        case datetime():
            return round((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1000)
        case date():
            return round(datetime.combine(value, time(), UTC).timestamp() * 1000)
        case bool() | None | str():
            return value
        case int() | float():
            return round(float(value), 6)
    return str(value)


def test_rows_are_compared_as_frames_have_them() -> None:
    row = (datetime(2026, 11, 2, tzinfo=UTC), date(2026, 11, 2), "South's", 3, 0.1 + 0.2, None)
    assert _plain(row) == (1793577600000, 1793577600000, "South's", 3.0, 0.3, None)
