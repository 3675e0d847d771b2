"""A gateway on a port of its own, whose events go to a list instead of a store."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pyarrow as pa
import pytest

from nytta.ingest.events.batch import Reject
from nytta.ingest.http.acceptance import Refusal
from nytta.ingest.http.limits import Limits
from nytta.ingest.http.routes import Gateway, application
from nytta.ingest.http.server import bind, server
from nytta.ingest.http.tokens import Tokens
from nytta.ingest.keys import Keys
from tests.organisations import county
from tests.support.processes import PATIENCE, PLAIN

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEYS = Keys("k1", bytes(32))


class Kept:
    """An acceptance that keeps what it is given, or refuses it."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.tables: list[pa.Table] = []
        self.rejects: list[Reject] = []
        self.refusal: Exception | None = None

    async def put(self, events: pa.Table, rejects: Sequence[Reject]) -> None:
        if self.refusal:
            raise self.refusal
        self.tables.append(events)
        self.rejects.extend(rejects)

    async def ready(self) -> None:
        if isinstance(self.refusal, Refusal):
            raise self.refusal

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for table in self.tables for row in table.to_pylist()]


class Place:
    """A gateway with one token that may send everything, and a client that shows it."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.kept = Kept()
        self.tokens = Tokens(folder / "tokens.json")
        self.token = self.tokens.add("desk", NOW)[1]
        self.gateway = Gateway(
            self.kept,
            pseudonymise=KEYS.pseudonymiser,
            registry=county,
            tokens=self.tokens,
            limits=limits or Limits(),
            now=lambda: NOW,
        )
        self.app = application(self.gateway)
        bound = bind("127.0.0.1", 0)
        self.port = bound.getsockname()[1]
        self._server = server(self.app, seconds=self.gateway.limits.seconds)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.listen(bound)))
        self._thread.start()
        address = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False, verify=PLAIN)

    def close(self) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join()
        self.gateway.close()

    def post(
        self, body: Any, media: str = "application/cloudevents+json", token: str | None = None, **headers: str
    ) -> httpx.Response:
        """POST /events; what is not bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        shown = {"Authorization": f"Bearer {token or self.token}", "Content-Type": media} | more
        return self.client.post("/events", content=content, headers=shown)


def event(number: int | str = 1, /, **attributes: Any) -> dict[str, Any]:
    """A case opened in the unit north, with a raw actor; attributes replace or, being None, are null."""
    data = {"unit": "north", "system": "cases", "case": f"c{number}", "channel": "web", "actor": "ada@county.example"}
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "/cases",
        "type": "nytta.case.opened.v1",
        "time": "2026-03-02T10:00:00Z",
        "data": data,
    } | attributes


def of_unit(unit: str, number: int | str = 1) -> dict[str, Any]:
    """The same event of another unit."""
    its = event(number)
    return its | {"data": its["data"] | {"unit": unit}}


@pytest.fixture(scope="session")
def common_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A gateway with ordinary limits."""
    its = Place(tmp_path_factory.mktemp("gateway"))
    yield its
    its.close()


@pytest.fixture
def place(common_place: Place) -> Place:
    """The common gateway, which has kept nothing yet."""
    common_place.kept.clear()
    return common_place


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Callable[[Limits], Place]]:
    """Makes gateways with limits of their own."""
    made: list[Place] = []

    def make(limits: Limits) -> Place:
        made.append(Place(tmp_path, limits))
        return made[-1]

    yield make
    for one in made:
        one.close()
