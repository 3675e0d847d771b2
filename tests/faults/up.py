"""`nytta up` under faults: a service that is started again and again, senders that try until they are answered."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from nytta.ingest.keys import Step, load_or_make
from tests.faults.base import UNITS, lines, made_events
from tests.support.commands import forwarded
from tests.support.processes import PATIENCE, ROOT, Process, python, until

FIRST = datetime(2026, 9, 7, tzinfo=UTC)
FILE = "/file"
ONE_FILE = 3000
"""Source and events of the file that is imported meanwhile."""
_ANSWERS = (202, 429, 503)
_SENDERS = 2


def base(folder: Path, *arguments: str) -> Path:
    """What runs begin with, made once; copies of it are made in no time."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'services'}{os.pathsep}{ROOT}"}
    subprocess.run(python("-m", "tests.faults.base", str(folder), *arguments), env=environment, cwd=ROOT, check=True)
    return folder


class EndedError(Exception):
    """The service has ended by itself."""


class Up:
    """A service on a copy of a base, and what is sent to it. `temporary` is where the engine's input waits."""

    def __init__(self, source: Path, folder: Path, log: Path, temporary: Path | None = None) -> None:
        for each in source.iterdir():
            if each.is_dir():
                shutil.copytree(each, folder / each.name, symlinks=True)
            else:
                shutil.copy2(each, folder / each.name)
        self.data = folder / "data"
        self.token = (folder / "token").read_text()
        self.log = log
        environment = {"TMPDIR": str(temporary or folder)}
        words = ("up", "--port", "0", "--data", str(self.data), "--registry", str(folder / "registry"))
        self.process = Process(python("-m", "nytta", *words), log, environment)
        self.stopped: list[float] = []
        self._begun = 0

    def spawn(self) -> None:
        """Start it."""
        self._begun = self.log.stat().st_size if self.log.exists() else 0
        self.process.start()

    @property
    def said(self) -> str:
        """What it has said since it was started."""
        with self.log.open("rb") as file:
            file.seek(self._begun)
            return file.read().decode("utf-8", "replace")

    def listens(self) -> bool:
        """Whether it listens, or has ended."""
        return "listening on" in self.said or not self.process.alive

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.spawn()
        until(self.listens, "the service", self.log)
        assert self.process.alive, self.said[-3000:]

    @property
    def address(self) -> str:
        """Where it listens; '' before it does."""
        found = re.search(r"listening on (http://\S+)", self.said)
        return found[1] if found else ""

    def command(self, *words: str) -> tuple[int, str, str]:
        """Exit code and what is printed of a command that the service runs; -1 where it went before the end."""
        return forwarded(self.data, *words)

    def answer(self, *words: str) -> Any:
        """The JSON that a command prints."""
        code, told, problem = self.command(*words, "--json")
        if not told and not self.process.alive:
            raise EndedError
        assert code in (0, 1), f"{words}: {code} {problem}"
        assert told, f"{words} says nothing: {problem}"
        return json.loads(told)

    def rest(self) -> None:
        """Wait until keys of persons are as the calendar wants them: a change that broke off is made again first."""
        key_file = self.data / "key.json"
        today = datetime.now(UTC).date()
        until(lambda: load_or_make(key_file).step("county", today) is Step.NONE, "the change of keys", self.log)

    def stop(self) -> None:
        """End it in order, and note the seconds that it took."""
        begun = time.monotonic()
        code = self.process.ended(signal.SIGTERM, PATIENCE)
        self.stopped.append(time.monotonic() - begun)
        assert code == 0, f"exit code {code}: {self.said[-3000:]}"


@dataclass
class Senders:
    """Bodies of a run, sent until each was acknowledged; some are sent again though they were."""

    up: Up
    name: str
    rng: random.Random
    each: int = 60
    sent: int = 0
    waiting: list[list[dict[str, Any]]] = field(default_factory=list)
    acknowledged: list[list[dict[str, Any]]] = field(default_factory=list)
    answers: dict[int, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pause: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Everything that was acknowledged."""
        return [event for body in self.acknowledged for event in body]

    def begin(self) -> None:
        """Send new bodies from some threads until `end`."""
        self._pause.clear()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(_SENDERS)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Leave what is under way; what was not acknowledged is kept for the next time."""
        self._pause.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def repeat(self, share: float = 0.1) -> None:
        """Send everything that was not acknowledged until it is, and some of the rest once more.

        EndedError when the service ends meanwhile; what it did not acknowledge is kept for the next time.
        """
        again = [body for body in self.acknowledged if self.rng.random() < share]
        while self.waiting:
            self._insist(self.waiting[0])
            self.acknowledged.append(self.waiting.pop(0))
        for body in again:
            self._insist(body)

    def _insist(self, body: list[dict[str, Any]]) -> None:
        end = time.monotonic() + PATIENCE
        while self._post(body) != 202:
            assert time.monotonic() < end, f"not acknowledged: {self.answers}"
            if not self.up.process.alive:
                raise EndedError
            time.sleep(0.3)

    def _run(self) -> None:
        while not self._pause.is_set():
            with self._lock:
                first, self.sent = self.sent, self.sent + self.each
            body = made_events(f"/{self.name}", range(first, first + self.each), FIRST)
            status = 0
            while not self._pause.is_set() and (status := self._post(body)) != 202:
                time.sleep(0.2)
            with self._lock:
                (self.acknowledged if status == 202 else self.waiting).append(body)
            time.sleep(0.05)

    def _post(self, body: list[dict[str, Any]]) -> int:
        """The status of the answer, 0 where none came."""
        address = self.up.address
        if not address:
            return 0
        headers = {"Authorization": f"Bearer {self.up.token}", "Content-Type": "application/x-ndjson"}
        try:
            answer = httpx.post(f"{address}/events", content=lines(body), headers=headers, timeout=60, trust_env=False)
        except httpx.HTTPError:
            return 0
        status = answer.status_code
        with self._lock:
            self.answers[status] = self.answers.get(status, 0) + 1
            if status not in _ANSWERS:
                self.wrong.append(f"{status} {answer.text[:300]}")
            elif status != 202 and "retry-after" not in answer.headers:
                self.wrong.append(f"{status} without Retry-After")
        return status


def differences(up: Up, senders: Senders) -> list[str]:
    """What of the service's figures is not as it must be, when all that was sent is acknowledged."""
    found = list(dict.fromkeys(senders.wrong))
    verified = up.answer("verify")
    if not verified["equal"]:
        found.append(f"verify: {verified}")
    source = f"/{senders.name}"
    ids = {event["id"] for event in senders.events}
    counted = {row["source"]: row["events"] for row in up.answer("sources")["sources"]}
    if counted.get(source, 0) != len(ids):
        found.append(f"sources: {counted.get(source, 0)} of {len(ids)} events")
    opened = {e["data"]["case"] for e in senders.events if "opened" in e["type"]}
    words = ("values", "--zone", "private", "--by", "month", "--indicator", "digital-intake")
    rows = [r for r in up.answer(*words) if r["unit"] in UNITS and r["system"] == "cases"]
    figure = sum(row["numerator"] for row in rows) - (ONE_FILE // 3 if counted.get(FILE) == ONE_FILE else 0)
    if figure != len(opened):
        found.append(f"digital-intake: {figure} of {len(opened)} cases")
    return found


def stored(up: Up, senders: Senders) -> list[str]:
    """What of the store is not as it must be, read by a process of its own while the service is down."""
    program = (
        "import json, sys\nfrom pathlib import Path\nfrom nytta.storage.client import embedded\n"
        "store = embedded(Path(sys.argv[1]) / 'store')\n"
        "print(json.dumps(store.rows('SELECT id, count(), uniqExact(content) FROM {private}.events FINAL '\n"
        "    'WHERE source = {source:String} GROUP BY id', source=sys.argv[2])))\n"
        "print(store.value('SELECT uniqExact(actor) FROM {private}.events FINAL '\n"
        "    'WHERE source = {source:String} AND kind = {kind:String}', source=sys.argv[2], kind='session'))\n"
        "store.close()"
    )
    done = subprocess.run(
        python("-c", program, str(up.data), f"/{senders.name}"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=os.environ | {"PYTHONPATH": str(ROOT / "services")},
        check=True,
    )
    rows_of_ids, persons_there = done.stdout.splitlines()
    rows = json.loads(rows_of_ids)
    persons = {event["data"]["actor"] for event in senders.events if "actor" in event["data"]}
    found = [] if int(persons_there) == len(persons) else [f"{persons_there} of {len(persons)} persons"]
    ids = {event["id"] for event in senders.events}
    there = {row[0] for row in rows}
    lost, beyond = ids - there, there - ids
    doubled = sum(count - 1 for _, count, _ in rows)
    if lost or beyond or doubled:
        found.append(f"{len(lost)} lost, {len(beyond)} never sent, {doubled} doubled")
    return found
