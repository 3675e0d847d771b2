"""nytta alerts and nytta signals, as a person gives them; each command is a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.commands import ended
from tests.support.processes import PATIENCE, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]  # a dozen processes, each of which opens the engine
ID = "care/arken/use/2026-02-16"
SEED = """
import sys
from pathlib import Path
from nytta.registry import declarations as contracts
from nytta.insight.store.alerts import AlertStore, Changes
from nytta.storage.client import embedded
from nytta.storage.migrate import migrate
from tests.insight.alerts.delivery.conftest import NOW, alert, outgoing
connection = embedded(Path(sys.argv[1]) / "store")
migrate(connection, contracts.schemas() / "tables")
AlertStore(connection).commit("town", Changes(alerts=[alert()], messages=[outgoing()]), NOW)
connection.close()
"""


def run(*words: object, **settings: str) -> subprocess.CompletedProcess[str]:
    path = f"{ROOT / 'services'}{os.pathsep}{ROOT}"
    return subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path} | settings,
        check=False,
    )


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a registry and a store that holds one open alert and one message."""
    from tests.insight.alerts.delivery.conftest import FILES

    folder = tmp_path_factory.mktemp("town")
    for name, text in FILES.items():
        (folder / name).write_text(text.replace("TEAMS", "https://teams.town.example/hook"))
        assert yaml.safe_load(text) is not None
    done = run("-c", SEED, folder)
    assert done.returncode == 0, done.stderr
    return folder


def nytta(town: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return ended(*words, "--data", town, environment={"NYTTA_REGISTRY": str(town)} | settings)


def answer(town: Path, *words: str) -> Any:
    done = nytta(town, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_alert_is_listed_taken_and_dismissed(town: Path) -> None:
    (row,) = answer(town, "alerts")
    assert (row["id"], row["state"], row["role"]) == (ID, "open", "manager")
    (taken,) = answer(town, "alerts", "ack", ID, "--action", "training")
    assert (taken["state"], taken["answer"].split()[-1]) == ("acknowledged", "training")
    (ended,) = answer(town, "alerts", "dismiss", ID, "--reason", "absence")
    assert (ended["state"], ended["answer"]) == ("invalid", "not right: absence")
    assert answer(town, "alerts") == []
    assert [r["id"] for r in answer(town, "alerts", "--all")] == [ID]


def test_what_cannot_be_done_is_said(town: Path) -> None:
    nobody = nytta(town, "alerts", "ack", "nowhere")
    assert (nobody.returncode, "there is no alert 'nowhere'" in nobody.stderr) == (1, True)
    late = nytta(town, "alerts", "snooze", ID, "--until", "2199-01-01", "--reason", "staffing")
    assert late.returncode == 1
    assert "Traceback" not in late.stderr
    assert nytta(town, "alerts", "evaluate", "--at", "soon").returncode == 2


def test_a_message_without_a_mail_server_is_named(town: Path) -> None:
    done = nytta(town, "alerts", "evaluate", "--at", "2026-03-09T07:40+01:00")
    assert done.returncode == 1
    assert "NYTTA_SMTP" in done.stdout
    (row,) = answer(town, "alerts", "messages")
    assert "mail failed" in row["delivery"]
    assert "ada@" not in done.stdout + done.stderr


def test_wrong_channels_are_said_when_the_store_is_opened(town: Path) -> None:
    done = nytta(town, "alerts", NYTTA_SMTP="mail.town.example")
    assert (done.returncode, "smtp://user:password@host:587" in done.stderr) == (1, True)
    unsigned = nytta(town, "alerts", NYTTA_WEBHOOK="https://hook.example")
    assert (unsigned.returncode, "NYTTA_WEBHOOK_SECRET" in unsigned.stderr) == (1, True)


def test_signals_of_an_empty_store(town: Path) -> None:
    assert answer(town, "signals", "--open") == []
