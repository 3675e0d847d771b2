"""A process is killed between deciding and sending, or between sending and writing that down."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from tests.insight.alerts.delivery.test_deliver import Mailbox

pytestmark = pytest.mark.slow

PROGRAM = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from nytta.registry import declarations as contracts
from nytta.insight.alerts.delivery import deliver as module
from nytta.insight.alerts.delivery.channels import Channels, Smtp
from nytta.insight.store.alerts import AlertStore, Changes
from nytta.storage.client import embedded
from nytta.storage.migrate import migrate
from tests.insight.alerts.delivery.conftest import NOW, outgoing, registry

folder, port, where = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
connection = embedded(folder)
migrate(connection, contracts.schemas() / "tables")
book = AlertStore(connection)
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if where != "again":
    book.commit("town", Changes(messages=[outgoing("m1"), outgoing("m2")]), NOW)
if where == "decided":
    die()
if where == "sent":
    AlertStore.record = die
channels = Channels(smtp=Smtp("127.0.0.1", port, starttls=False), sender="nytta@town.example", timeout=5)
print(module.deliver(book, registry(), channels, NOW + timedelta(hours=where == "again")).sent)
connection.close()
"""
ROOT = Path(__file__).parents[4]


@pytest.fixture
def mailbox(free_port: int) -> Iterator[Mailbox]:
    box = Mailbox(free_port)
    controller = Controller(box, hostname="127.0.0.1", port=free_port)
    controller.start()
    yield box
    controller.stop()


def run(folder: Path, port: int, where: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'services'}{os.pathsep}{ROOT}"}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), str(port), where],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
    )


@pytest.mark.parametrize(("where", "mails"), [("decided", ["m1", "m2"]), ("sent", ["m1", "m1", "m2"])])
def test_none_is_lost_and_at_most_one_comes_twice_as_the_same_mail(
    tmp_path: Path, mailbox: Mailbox, where: str, mails: list[str]
) -> None:
    assert run(tmp_path, mailbox.port, where).returncode == -signal.SIGKILL
    after = run(tmp_path, mailbox.port, "again")
    assert (after.returncode, after.stdout.strip()) == (0, "2"), after.stderr
    assert run(tmp_path, mailbox.port, "again").stdout.strip() == "0"
    assert sorted(m["Message-ID"] for m in mailbox.mails) == [f"<{name}@town.example>" for name in mails]
