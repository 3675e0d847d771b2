"""Whatever source is asked, no id of a person or ticket, and no text of one, stands in a file of the data folder."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nytta.ingest.pull.declared import KINDS
from tests.ingest.pull.graph import FakeGraph
from tests.ingest.pull.servicenow import FakeServiceNow
from tests.ingest.pull.zammad import FakeZammad
from tests.organisations import SMALL_COUNTY
from tests.support.processes import PATIENCE, ROOT

RAW = (
    *("agent1@example", "somebody@example", "printer of Ann", "emily@example.com", "town.example", "id-p0"),
    *("secret-of-app", "view-person", "file-person"),
)
ROUNDS = """
import json, sys
from pathlib import Path
from nytta import service
from nytta.ingest.pull.declared import read
from nytta.service.pulls import puller
from nytta.service.settings import Settings
place = Path(sys.argv[2])
with service.embedded(Settings(data=Path(sys.argv[1])), place) as app:
    for declared in read(place):
        made = puller(app, declared, place)
        done = made.round()
        made.ask.close()
        print(json.dumps([declared.kind, done.state, done.events, done.unplaced, done.message]))
"""
LIST = """
id: list
title: Tickets
format: table
organisation: {id: county}
timezone: UTC
source: list
identity: [id]
revision: changed
unit: unit
system: {constant: cases}
ticket: id
actor: agent
events: [{type: ticket.opened, time: changed}]
notes: [A list.]
"""


def declared(folder: Path, desk: str, graph: str, zammad: str) -> str:
    """All kinds of sources; Microsoft 365 twice, of which the first comes before the directory."""
    account = (
        f"address: '{graph}', account: client-credentials, user: app, token_address: '{graph}/token', system: cases"
    )
    view = f"address: 'sqlite:///{folder}/view.db', mapping: list.yaml, system: cases"
    columns = "{view: tickets, columns: [unit, agent], changed: changed, key: id}"
    return f"""sources:
  - {{id: reports, kind: m365, {account}}}
  - {{id: entra, kind: entra, {account}}}
  - {{id: products, kind: m365, {account}, settings: {{version: beta}}}}
  - {{id: desk, kind: servicenow, address: '{desk}', system: cases}}
  - {{id: help, kind: zammad, address: '{zammad}', account: token, system: cases}}
  - {{id: view, kind: sql, {view}, settings: {columns}}}
  - {{id: drop, kind: folder, address: '{folder}/drop', mapping: list.yaml, system: cases, settings: {{seconds: 0}}}}
"""


@pytest.mark.slow
def test_no_file_of_the_data_folder_holds_an_id_of_a_source(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed: pip install 'nytta[sql]'")
    registry, data, today = tmp_path / "registry", tmp_path / "data", datetime.now(UTC).date()
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "list.csv").write_text("id,changed,unit,agent\n1,2026-03-02T08:00:00Z,north,file-person\n")
    with sqlite3.connect(tmp_path / "view.db") as view:
        view.execute("CREATE TABLE tickets (id INTEGER, changed TEXT, unit TEXT, agent TEXT)")
        view.execute("INSERT INTO tickets VALUES (1, '2026-03-02 08:00:00', 'north', 'view-person')")
    graph = FakeGraph({f"p{n}": ("north", "south", "nowhere")[n % 3] for n in range(12)}, today)
    graph.acts[today - timedelta(days=6)] = dict.fromkeys(graph.users, 3)
    registry.mkdir()
    for name, content in SMALL_COUNTY.items():
        (registry / name).write_bytes(content)
    (registry / "list.yaml").write_text(LIST, "utf-8")
    with ExitStack() as stack:
        served = [stack.enter_context(fake.served()) for fake in (FakeServiceNow(20), graph, FakeZammad(20))]
        (registry / "sources.yaml").write_text(declared(tmp_path, *served), "utf-8")
        secrets = {f"NYTTA_SECRET_{name}": "secret-of-app" for name in ("REPORTS", "ENTRA", "PRODUCTS")}
        done = subprocess.run(
            [sys.executable, "-c", ROUNDS, str(data), str(registry)],
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=PATIENCE * 4,
            env=os.environ | {"PYTHONPATH": str(ROOT / "services"), "NYTTA_SECRET_HELP": "secret"} | secrets,
        )
    assert done.returncode == 0, done.stderr
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert {kind for kind, *_ in rounds} == set(KINDS)
    assert [(kind, state, unplaced) for kind, state, _, unplaced, _ in rounds] == [
        ("m365", "good", 12),
        ("entra", "degraded", 0),  # nobody knows the unit "nowhere"
        ("m365", "good", 4),
        ("servicenow", "good", 0),
        ("zammad", "good", 0),
        ("sql", "good", 0),
        ("folder", "good", 0),
    ], rounds
    assert all(events for kind, _, events, unplaced, _ in rounds if not unplaced)
    files = [path for path in data.rglob("*") if path.is_file()]
    assert files
    for path in files:
        body = path.read_bytes()
        assert not [raw for raw in RAW if raw.encode() in body], path
    for raw in RAW:
        assert raw not in done.stderr
