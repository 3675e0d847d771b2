"""CONTRIBUTING's recipe for a dashboard: a file with a board and its line in the catalogue."""

from __future__ import annotations

import importlib.util
import json
from datetime import date
from pathlib import Path

import pytest

from nytta.ingest.store.private import PrivateStore
from nytta.surfaces.grafana import catalogue
from nytta.surfaces.grafana.panels import Kind
from tests.contracts.test_zones import tables_read
from tests.surfaces.grafana.filled import Filled

BOARD = '''
"""Sources: which of them sent what nobody processes?"""

from nytta.surfaces.grafana.boards import Board, Row
from nytta.surfaces.grafana.panels import Kind, Panel

_LATE = Panel(
    Kind.TABLE,
    "Not processed, by source",
    "Events that came and count nowhere.",
    sql="SELECT source, sum(events) AS number FROM nytta.not_processed GROUP BY source ORDER BY number DESC",
    source="`not_processed`",
    owner="IT operations",
)
BOARD = Board(
    "nytta-unprocessed", "Which sources are not processed?", "For IT operations.", "IT operations", (),
    (Row("Sources", (_LATE,)),),
)
'''


def test_a_board_is_one_file(tmp_path: Path, store: PrivateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "unprocessed.py"
    path.write_text(BOARD, "utf-8")
    spec = importlib.util.spec_from_file_location("unprocessed", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(catalogue, "BOARDS", (*catalogue.BOARDS, module.BOARD))
    rendered = json.loads(catalogue.files()["unprocessed.json"])
    assert rendered["title"] == "Which sources are not processed?"
    (panel,) = module.BOARD.panels
    assert panel.kind is Kind.TABLE
    assert [shown["title"] for shown in rendered["panels"] if shown["type"] == "table"] == [panel.title]
    store.connection.insert(
        "{open}.not_processed",
        ["received_on", "source", "system", "events"],
        [[date(2026, 11, 2), "/old", "arken", 12]],
    )
    answer = Filled(store.connection).ask(panel.sql, {})
    assert answer.rows == [("/old", 12)]
    assert tables_read(store, answer.sql) == {store.connection.zones.open}
