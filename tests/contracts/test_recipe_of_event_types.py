"""CONTRIBUTING's recipe for an event type, followed on a copy of the tree: a model, `make schemas`, and it comes in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import PATIENCE, ROOT

pytestmark = pytest.mark.slow

MODEL = '''
class CasePaused(Acted):
    """A case waits for somebody outside."""

    name = "case.paused"
    kind = "case"
    subject = "case"

    case: Identifier
    """The case, as a pseudonym."""
    channel: Channel | None = None
    """The channel by which was asked."""


'''
DECODED = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from nytta.ingest.events import Pseudonymiser, decode
body = Path(sys.argv[1]).read_bytes()
read = decode(body, received_at=datetime(2027, 1, 1, tzinfo=UTC), pseudonymise=Pseudonymiser("k1", bytes(32)))
print(json.dumps([read.table.select(["type", "kind", "unit"]).to_pylist(), len(read.rejects)]))
"""
EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "/cases",
    "type": "nytta.case.paused.v1",
    "time": "2026-02-03T10:00:00Z",
    "data": {"unit": "north", "system": "cases", "case": "c1", "channel": "web"},
}


def test_an_event_type_is_one_model(tmp_path: Path) -> None:
    for folder in ("services", "schemas", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    models = tmp_path / "services/nytta/ingest/events/models.py"
    before, table = models.read_text("utf-8").split("MODELS: Final")
    table = table.replace("    CaseClosed,", "    CaseClosed,\n    CasePaused,")
    models.write_text(f"{before}{MODEL}MODELS: Final{table}", "utf-8")

    def run(*words: object) -> str:
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path / "services")},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("-m", "nytta", "schemas", "build")
    written = {path.name for path in (tmp_path / "schemas/events").rglob("*case.paused*")}
    assert written
    run("-m", "nytta", "schemas", "build", "--check")
    (tmp_path / "event.ndjson").write_text(json.dumps(EVENT))
    rows, rejects = json.loads(run("-c", DECODED, tmp_path / "event.ndjson"))
    assert rejects == 0
    assert rows == [{"type": "case.paused", "kind": "case", "unit": "north"}]
