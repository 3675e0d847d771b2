"""A load that remembers what was acknowledged: through the producer, or over HTTP through a gateway."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import orjson

from nytta.demo.bulk import bulk
from nytta.ingest.stream.producer import Unavailable
from tests.support.installation import Installation
from tests.support.processes import Process, answers, free_port, python, until

Sender = Callable[[bytes], "asyncio.Future[None]"]
_UNITS = 10
_BODY = 250


def bodies(run: str, events: int, seed: int) -> list[bytes]:
    """Bodies of events that no other run has: their sources and subjects bear its name."""
    name = run.encode()
    made = []
    for body in bulk(events, seed, units=_UNITS, body_size=_BODY):
        own = body.replace(b"/last/", b"/" + name + b"/")
        for kind in (b"arende-", b"samtal-", b"dator-"):
            own = own.replace(b':"' + kind, b':"' + name + b"-" + kind)
        made.append(own)
    return made


def conflicting(some: Sequence[bytes], rng: random.Random) -> list[bytes]:
    """Some events again with the same identity and another unit, so that another partition and worker gets them."""
    lines = [line for body in some for line in body.splitlines()]
    changed = []
    for line in rng.sample(lines, len(lines) // 50):
        event = orjson.loads(line)
        event["data"]["unit"] = f"last-{rng.randrange(_UNITS):03d}"
        changed.append(orjson.dumps(event))
    return [b"\n".join(changed[first : first + _BODY]) for first in range(0, len(changed), _BODY)]


def identities(some: Sequence[bytes]) -> set[tuple[str, str]]:
    """(source, id) of the events of some bodies."""
    events = (orjson.loads(line) for body in some for line in body.splitlines())
    return {(event["source"], event["id"]) for event in events}


@dataclass
class Load:
    """Bodies on their way, one after the other and `pause` seconds apart; what fails is sent again."""

    place: Installation
    bodies: Sequence[bytes]
    pause: float = 0.05
    gateway: Process | None = None
    skew: timedelta = timedelta()
    acknowledged: set[tuple[str, str]] = field(default_factory=set)
    sent: int = 0
    tries: int = 0
    error: BaseException | None = None
    port: int = 0

    def start(self) -> None:
        """Begin to send, in a thread."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def join(self, seconds: float = 900) -> None:
        """Return when all is acknowledged."""
        self._thread.join(seconds)
        if self.error:
            raise self.error
        assert not self._thread.is_alive(), f"{self.sent} of {len(self.bodies)} bodies acknowledged"

    def reach(self, share: float) -> None:
        """Return when so much of it is acknowledged."""
        until(lambda: self.error is not None or self.sent >= share * len(self.bodies), f"{share:.0%} of the load")

    def _run(self) -> None:
        try:
            asyncio.run(self._over_http() if self.gateway else self._through_producer())
        except BaseException as error:
            self.error = error

    async def _through_producer(self) -> None:
        async with self.place.producer() as producer:
            for body in self.bodies:
                now = datetime.now(UTC) + self.skew
                for events, rejects in self.place.decoded([body], now):
                    while True:
                        self.tries += 1
                        try:
                            await producer.put(events, rejects)
                            break
                        except Unavailable:
                            await asyncio.sleep(0.5)
                self._done(body)
                await asyncio.sleep(self.pause)

    async def _over_http(self) -> None:
        token = self.place.token()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
        async with httpx.AsyncClient(timeout=60) as client:
            for body in self.bodies:
                while True:
                    self.tries += 1
                    try:
                        answer = await client.post(
                            f"http://127.0.0.1:{self.port}/events", content=body, headers=headers
                        )
                        if answer.status_code == 202:
                            break
                        assert answer.status_code in {429, 503}, answer.text
                    except httpx.HTTPError:
                        pass
                    await asyncio.sleep(0.2)
                self._done(body)
                await asyncio.sleep(self.pause)

    def _done(self, body: bytes) -> None:
        self.acknowledged |= identities([body])
        self.sent += 1


def gateway(place: Installation, environment: Mapping[str, str] | None = None) -> tuple[Process, int]:
    """A gateway of the installation, with a supervisor, and its port; more of its `environment` than the place's."""
    port = free_port()
    started = Process(
        python("-m", "nytta", "gateway", "--port", str(port)),
        place.folder / "gateway.log",
        place.environment | dict(environment or {}),
        supervised=True,
    )
    started.start()
    until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "the gateway", started.log)
    return started, port
