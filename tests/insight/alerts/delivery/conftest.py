"""What the tests of delivery share: a small organisation, a message, and servers that really listen."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from nytta.ingest.store.private import PrivateStore
from nytta.insight.alerts.kinds import Family, Kind
from nytta.insight.alerts.model import Alert, Key, State
from nytta.insight.alerts.texts import Button, Field, Message
from nytta.insight.store.alerts import AlertStore, Changes, Outgoing
from nytta.registry.load import read
from nytta.registry.registry import Registry

NOW = datetime(2026, 3, 9, 6, 35, tzinfo=UTC)
DAY = date(2026, 3, 9)

FILES = {
    "organisation.yaml": """
organisations:
  - id: town
    name: Town
    timezone: Europe/Stockholm
    country: SE
    language: sv
    operations: {name: Desk, email: desk@town.example}
units:
  - {id: care, name: Care, parent: town, manager: {name: Ada, email: ada@town.example}}
  - {id: school, name: School, parent: town, manager: {name: Bo, teams: "TEAMS"}}
""",
    "systems.yaml": "systems: [{id: arken, name: Arken}]\n",
    "programme.yaml": "{}\n",
}


def registry(teams: str = "https://teams.town.example/hook") -> Registry:
    files = {name: text.replace("TEAMS", teams).encode() for name, text in FILES.items()}
    loaded = read(files)
    assert loaded.registry is not None, loaded.problems
    return loaded.registry


def outgoing(id_: str = "m1", unit: str = "care", role: str = "manager", chart: bytes = b"") -> Outgoing:
    said = Message(
        "sv",
        "Omsorg: Arken används mindre än väntat sedan vecka 8",
        "Ungefär 40 % …",
        ("Ungefär 40 % av ärendena gjordes så.", "Liknande enheter ligger på 80 %."),
        ("Boka ett utbildningspass",),
        (Button("acknowledge", "Jag tar det"), Button("not_right", "Stämmer inte")),
        (Field("unit", "Enhet", "Omsorg <b>"), Field("actions", "Förslag", "1) Boka"), Field("about_unit", "Om", "…")),
        heading="Underlag",
    )
    return Outgoing(
        id=id_,
        recipient="r1",
        role=role,
        unit=unit,
        system="arken",
        day=DAY,
        decided=NOW,
        message=said,
        alerts=("care/arken/use/2026-02-16",),
        chart=chart,
        chart_text="Avsedd användning: 40 %",
    )


def alert(unit: str = "care", state: State = State.OPEN, **more: object) -> Alert:
    week = date(2026, 2, 16)
    given: dict[str, object] = {"opened": DAY} | more
    return Alert(
        Key(unit, "arken", Family.USE),
        Kind.LEVEL,
        state,
        since=week,
        week=week,
        confirmed=week,
        **given,  # type: ignore[arg-type]
    )


@pytest.fixture
def book(store: PrivateStore) -> AlertStore:
    """An empty book of alerts."""
    return AlertStore(store.connection)


@pytest.fixture
def waiting(book: AlertStore) -> Callable[..., None]:
    """Puts messages into the outbox."""

    def put(*messages: Outgoing) -> None:
        book.commit("town", Changes(messages=list(messages)), NOW)

    return put


@dataclass
class Receiver:
    """A web server that answers as it is told and keeps what it got: (path, headers, body)."""

    port: int
    answers: list[int] = field(default_factory=list)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of web hooks; it answers 200 unless `answers` says otherwise, in order."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append((self.path, dict(self.headers), body))
            self.send_response(found.answers.pop(0) if found.answers else 200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    """A port that a server may take."""
    return _unused()


@pytest.fixture
def closed_port() -> int:
    """A port at which nobody listens."""
    return _unused()


def _unused() -> int:
    with socket.socket() as once:
        once.bind(("127.0.0.1", 0))
        return int(once.getsockname()[1])
