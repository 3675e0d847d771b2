"""`nytta pull` killed at any request: what was acknowledged is there, and the next rounds bring the rest, once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.pull.faults import TOKEN
from tests.ingest.pull.servicenow import TICKETS, FakeServiceNow
from tests.organisations import SMALL_COUNTY
from tests.support.processes import PATIENCE, ROOT
from tests.support.rotation import chance

FAULTS = {"429": 0.02, "500": 0.02, "truncated": 0.02, "empty": 0.02, "dropped": 0.02, "expired": 0.02}
READ = f"""
import json, sys
from pathlib import Path
from nytta import service
from nytta.service.settings import Settings
with service.embedded(Settings(data=Path(sys.argv[1])), Path(sys.argv[2])) as app:
    print(json.dumps({{"tickets": app.private.connection.rows({TICKETS!r}), "equal": app.verify().equal}}))
"""
RAW = ("agent1@example", "agent2@example", "somebody@example", "printer of Ann")


class Asking:
    """Commands on one installation, which die when the fake says so."""

    def __init__(self, folder: Path, address: str, page: int) -> None:
        self.data = folder / "data"
        self.registry = folder / "registry"
        self.registry.mkdir()
        for name, content in SMALL_COUNTY.items():
            (self.registry / name).write_bytes(content)
        (self.registry / "sources.yaml").write_text(
            f"sources:\n  - id: desk\n    kind: servicenow\n    address: {address}\n    system: cases\n"
            f"    account: client-credentials\n    user: app\n    token_address: {address}{TOKEN}\n"
            f"    settings: {{page: {page}}}\n"
        )
        self.process: subprocess.Popen[str] | None = None

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A process of Nytta to its end, however it ends."""
        self.process = subprocess.Popen(
            [sys.executable, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT / "services"), "NYTTA_SECRET_DESK": "secret"},
        )
        out, err = self.process.communicate(timeout=PATIENCE * 4)
        return subprocess.CompletedProcess(words, self.process.returncode, out, err)

    def pull(self, *words: str) -> dict[str, Any]:
        """What a pull says; nothing where it was killed."""
        places = ("--data", str(self.data), "--registry", str(self.registry), "--json")
        done = self.run("-m", "nytta", "pull", "desk", *words, *places)
        assert done.returncode in (0, 1, -signal.SIGKILL), done.stderr
        return json.loads(done.stdout) if done.stdout else {}

    def kill(self) -> None:
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)


def killed(
    folder: Path,
    incidents: int,
    in_one_second: int,
    busy: int,
    kills: int,
    page: int,
    seed: int,
    drawn: random.Random | None = None,
) -> None:
    """`seed` is that of the fake's faults, and of the moments of the kills where they are not drawn."""
    drawn = drawn or random.Random(seed)
    fake = FakeServiceNow(incidents, in_one_second=in_one_second, busy=busy, faults=FAULTS, clock=600, seed=seed)
    with fake.served() as address:
        asking = Asking(folder, address, page)
        for _ in range(kills):
            left = [drawn.randrange(1, max(2, incidents // page))]

            def before(left: list[int] = left) -> None:
                left[0] -= 1
                if left[0] == 0:
                    asking.kill()

            fake.before = before
            asking.pull()
        fake.before = lambda: None
        fake.settle()
        for _ in range(10):
            if asking.pull()["state"] == "good":
                break
        fake.delete(incidents // 20)
        fake.faults = {}
        assert asking.pull("--reconcile")["state"] == "good"
        again = asking.pull()
        assert (again["state"], again["events"], again["retracted"]) == ("good", 0, 0)
        found = json.loads(asking.run("-c", READ, str(asking.data), str(asking.registry)).stdout)
    assert [tuple(row) for row in found["tickets"]] == fake.expected()
    assert found["equal"]
    for path in asking.data.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            assert not [raw for raw in RAW if raw.encode() in body], path


@pytest.mark.slow
def test_a_pull_that_is_killed_twice_loses_nothing(tmp_path: Path) -> None:
    moments = chance("pulls")
    killed(tmp_path, incidents=600, in_one_second=250, busy=5, kills=2, page=100, seed=3, drawn=moments)


@pytest.mark.soak
def test_a_pull_that_is_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    killed(tmp_path, incidents=600, in_one_second=250, busy=5, kills=5, page=100, seed=3)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(7, 12))
def test_twenty_thousand_incidents_and_ten_of_fifty_kills(tmp_path: Path, seed: int) -> None:
    killed(tmp_path, incidents=20_000, in_one_second=2_500, busy=25, kills=10, page=1000, seed=seed)
