"""`nytta up` as a process of its own, for tests."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx

from tests.organisations import SMALL_COUNTY
from tests.support.commands import answer, forwarded, nytta
from tests.support.processes import HTTP, PATIENCE, PLAIN, ROOT, free_port


class Service:
    """A running service on a data folder, with one token, and the small county's registry where none is named."""

    def __init__(self, folder: Path, registry: Path | None = None) -> None:
        self.data = folder / "data"
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.measured = f"127.0.0.1:{free_port()}"
        self.registry = registry or folder / "registry"
        if registry is None:
            self.registry.mkdir()
            for name, content in SMALL_COUNTY.items():
                (self.registry / name).write_bytes(content)
        self.token = nytta("token", "add", "desk", "--data", self.data).stdout.strip()

    def metrics(self) -> str:
        """What Prometheus reads of it."""
        return HTTP.get(f"http://{self.measured}/metrics").text

    def begin(self) -> None:
        """Start it."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nytta", "up", "--port", "0", "--data", self.data, "--registry", self.registry],
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ
            | {"PYTHONPATH": str(ROOT / "services"), "TMPDIR": str(self.temporary), "NYTTA_METRICS": self.measured},
        )

    def start(self) -> Service:
        """Start it and wait until it listens."""
        self.begin()
        watch = threading.Timer(PATIENCE, self.process.kill)
        watch.start()
        assert self.process.stderr is not None
        said = []
        for line in self.process.stderr:
            said.append(line)
            found = re.match(r"listening on (http://\S+)", line)
            if found:
                watch.cancel()
                headers = {"Authorization": f"Bearer {self.token}"}
                self.client = httpx.Client(
                    base_url=found[1], headers=headers, timeout=PATIENCE, trust_env=False, verify=PLAIN
                )
                return self
        raise AssertionError("".join(said))

    def post(self, events: list[dict[str, Any]]) -> httpx.Response:
        """Send a batch."""
        media = {"Content-Type": "application/cloudevents-batch+json"}
        return self.client.post("/events", content=json.dumps(events), headers=media)

    def answer(self, *words: str | Path, cwd: Path = ROOT) -> Any:
        """The JSON that a command prints on this data folder."""
        return answer(*words, "--data", self.data, cwd=cwd)

    def command(self, *words: str | Path) -> tuple[int, str, str]:
        """Exit code and what is printed of a command that the service runs."""
        return forwarded(self.data, *words)

    def stop(self) -> str:
        """Stop it as an operator does; what it still said."""
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        said = self.process.stderr.read()
        self.process.stderr.close()
        assert self.process.wait(120) == 0, said
        return said

    def kill(self) -> None:
        """Kill it as a power cut does."""
        self.process.kill()
        self.process.wait(60)
        assert self.process.stderr is not None
        self.process.stderr.close()

    def stored(self) -> list[str]:
        """The ids of all events in the store, read by a process of its own while the service is down."""
        program = (
            "import json, sys\nfrom pathlib import Path\nfrom nytta import service\n"
            "from nytta.service.settings import Settings\n"
            "with service.embedded(Settings(data=Path(sys.argv[1]))) as app:\n"
            "    rows = app.private.connection.rows('SELECT id FROM {private}.events FINAL')\n"
            "    print(json.dumps([i for (i,) in rows]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(self.data)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=os.environ | {"PYTHONPATH": str(ROOT / "services")},
            check=True,
        )
        ids: list[str] = json.loads(done.stdout)
        return ids
