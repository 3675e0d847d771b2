"""Bodies over HTTP, in every mode, into the gateway's application with a store behind it.

Whatever is sent, the answer is no fault; and events that nothing was done to go in, whatever stands beside them.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson
import pyarrow as pa

from nytta.ingest.events import Reason, Reject
from nytta.ingest.events.examples import accepted
from nytta.ingest.http.group import GroupCommit
from nytta.ingest.http.limits import Limits
from nytta.ingest.http.routes import Gateway, application
from nytta.ingest.http.tokens import Tokens
from nytta.ingest.intake import Intake
from tests.fuzz import mutate
from tests.fuzz.run import DefectError

NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
_PATIENCE = 120.0
_MEDIA: Final = {
    "structured": "application/cloudevents+json",
    "batch": "application/cloudevents-batch+json",
    "ndjson": "application/x-ndjson",
    "binary": "application/json",
}
EVENTS: Final[tuple[dict[str, Any], ...]] = tuple(example.event for example in accepted() if example.event)


@dataclass(frozen=True, slots=True)
class Sent:
    """One request, and the places and ids of the events in it that must go in."""

    headers: list[tuple[bytes, bytes]]
    body: bytes
    good: dict[int, str]
    untouched: bool


class Bodies:
    """The gateway in this process, group commit and the store behind it."""

    name = "bodies"
    together = 100

    def __init__(self, intake: Intake, folder: Path) -> None:
        self._intake = intake
        self._tokens = Tokens(folder / "tokens.json")
        self._everywhere = self._tokens.add("fuzz", NOW)[1]
        self._north = self._tokens.add("north", NOW, units=["north"], types=["case.*"])[1]
        self._good: set[str] = set()
        self._run = folder.name
        # one loop and one writing thread for all inputs, as in a service that runs for long
        self._runner = asyncio.Runner()
        self._commits = GroupCommit(self._store)
        self._runner.run(self._commits.__aenter__())
        self._gateway = Gateway(
            self._commits,
            pseudonymise=intake.choice,
            registry=lambda: intake.registry,
            tokens=self._tokens,
            limits=Limits(rate=1e9, held=1 << 30),
            now=lambda: NOW,
        )
        self._app = application(self._gateway)

    def make(self, chance: Random, number: int) -> Sent:
        """A request in one of the modes."""
        mode = chance.choice(list(_MEDIA))
        count = 1 if mode in ("structured", "binary") else chance.choice([0, 1, 2, 3, 4, 12])
        token = self._everywhere if chance.random() < 0.9 else self._north
        events = [_event(chance, f"{self._run}-{number}-{place}") for place in range(count)]
        bad = {place for place in range(count) if chance.random() < 0.5} if chance.random() < 0.9 else set()
        good = {place: events[place]["id"] for place in range(count) if place not in bad}
        given = [mutate.changed(chance, event) if place in bad else event for place, event in enumerate(events)]
        if mode == "binary":
            headers, body = _binary(chance, given[0])
        else:
            headers = [(b"content-type", _MEDIA[mode].encode())]
            lines = [_line(chance, event, place in bad, mode) for place, event in enumerate(given)]
            body = _joined(chance, mode, lines)
        whole = chance.random() < 0.75
        if not whole:
            body = mutate.mangled(chance, body)
        if chance.random() < 0.1:
            headers, whole = _other_headers(chance, headers), False
        if chance.random() < 0.15:
            body, sound = _compressed(chance, body)
            headers.append((b"content-encoding", b"gzip"))
            whole &= sound
        headers += [(b"authorization", b"Bearer " + token.encode()), (b"content-length", str(len(body)).encode())]
        return Sent(headers, body, good if whole and token == self._everywhere else {}, whole and not bad)

    def attempt(self, inputs: Sequence[Sent]) -> Iterator[str]:
        """Send all of them at once."""
        return iter(self._runner.run(asyncio.wait_for(self._all(inputs), _PATIENCE)))

    def _store(self, events: pa.Table, rejects: Sequence[Reject]) -> None:
        self._intake.store(events, rejects, NOW)

    async def _all(self, inputs: Sequence[Sent]) -> list[str]:
        answers = await asyncio.gather(*(_asked(self._app, sent) for sent in inputs))
        return [self._judged(sent, *answer) for sent, answer in zip(inputs, answers, strict=True)]

    def _judged(self, sent: Sent, status: int, answer: bytes) -> str:
        """What became of a request, or DefectError where it is nothing that may."""
        if not 200 <= status < 500 or status == 499:
            raise DefectError(f"answered {status}: {answer[:300]!r}")
        told = orjson.loads(answer)
        rejected = {reject["index"]: reject for reject in told.get("rejected", ())}
        if faults := [reject for reject in rejected.values() if reject["reason"] == Reason.FAULT]:
            raise DefectError(f"a fault: {faults[0]['detail']}")
        if "read" in told and told["read"] != told["accepted"] + len(told["rejected"]):
            raise DefectError(f"read is not accepted and rejected: {answer[:300]!r}")
        lost = sent.good.keys() & rejected.keys()
        if sent.good and (lost or told.get("accepted", 0) < len(sent.good)):
            raise DefectError(f"good events at {sorted(sent.good)} were not accepted: {status} {answer[:500]!r}")
        self._good.update(sent.good.values())
        return "untouched" if sent.untouched else str(told.get("reason") or status)

    def finish(self) -> None:
        """Every good event is in the store."""
        stored = self._intake.private.connection.rows(
            "SELECT DISTINCT id FROM {private}.events WHERE startsWith(id, {run:String})", run=f"{self._run}-"
        )
        if missing := self._good - {id_ for (id_,) in stored}:
            raise DefectError(f"{len(missing)} accepted events are not stored, such as {min(missing)}")

    def close(self) -> None:
        """Release the threads."""
        self._runner.run(self._commits.__aexit__())
        self._runner.close()
        self._gateway.close()


def _event(chance: Random, id_: str) -> dict[str, Any]:
    event = chance.choice(EVENTS)
    data = event["data"] | ({"unit": chance.choice(["north", "south"])} if "unit" in event["data"] else {})
    return event | {"id": id_, "data": data}


def _line(chance: Random, event: Any, bad: bool, mode: str) -> bytes:
    """An event as a line; a bad one may be a fragment, and where a line break separates them, any bytes."""
    if bad and chance.random() < 0.2:
        return chance.choice(mutate.BALANCED)
    indent = chance.choice([None, None, 1]) if mode != "ndjson" else None
    line = mutate.written(event, ascii_only=chance.random() < 0.3, indent=indent)
    return line.replace(b"\n", b" ") if mode == "ndjson" else line


def _joined(chance: Random, mode: str, lines: list[bytes]) -> bytes:
    if mode == "batch":
        return b"[" + chance.choice([b",", b" ,\n"]).join(lines) + b"]"
    return chance.choice([b"\n", b"\r\n"]).join(lines) if mode == "ndjson" else lines[0]


def _binary(chance: Random, event: Any) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body of an event in binary mode."""
    its = event if isinstance(event, dict) else {}
    headers = [(b"content-type", _MEDIA["binary"].encode())]
    for name, value in its.items():
        if name == "datacontenttype":
            headers[0] = (b"content-type", _header(chance, str(value)))
        elif name != "data" and value is not None:
            text = value if isinstance(value, str) else str(value)
            headers.append((_token(b"ce-" + str(name).lower().encode("ascii", "ignore")), _header(chance, text)))
    return headers, mutate.written(its["data"]) if "data" in its else b""


def _header(chance: Random, text: str) -> bytes:
    encoded = "".join(
        c if " " < c < "\x7f" and c not in '"%' else "".join(f"%{b:02X}" for b in c.encode()) for c in text
    )
    return encoded.encode()[:8000]


def _token(name: bytes) -> bytes:
    """A header's name as HTTP allows it."""
    return bytes(sign for sign in name if sign in b"abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~")[:200]


def _other_headers(chance: Random, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers of which some are missing, there twice, garbled, or of something else; all that HTTP lets through."""
    its = list(headers)
    match chance.randrange(6):
        case 0:
            its.pop(chance.randrange(len(its)))
        case 1:
            its.append(chance.choice(its))
        case 2:
            its.append((b"content-type", chance.choice(list(_MEDIA.values())).encode()))
        case 3:
            its.append(
                (b"content-encoding", chance.choice([b"gzip", b"x-gzip", b"identity", b"br", b"gzip, gzip", b""]))
            )
        case 4:
            its.append((_token(b"ce-" + mutate.mangled(chance, b"subject")), b"x"))
        case _:
            at = chance.randrange(len(its))
            its[at] = (its[at][0], mutate.mangled(chance, its[at][1]))
    kept = [(name, bytes(sign for sign in value if sign not in b"\r\n\0")[:8000].strip()) for name, value in its]
    return [(name, value) for name, value in kept if name]


def _compressed(chance: Random, body: bytes) -> tuple[bytes, bool]:
    """The body as gzip, and whether it comes back whole."""
    match chance.randrange(6):
        case 0:
            return mutate.mangled(chance, gzip.compress(body, 1)), False
        case 1:
            return gzip.compress(body, 1) * chance.choice([2, 2000]), False
        case 2:
            return _BOMB, False
        case 3:
            return zlib.compress(body), False
        case 4:
            half = len(body) // 2
            return gzip.compress(body[:half], 1) + gzip.compress(body[half:], 1), True
        case _:
            return gzip.compress(body, 1), True


_BOMB: Final = gzip.compress(b"[" * (64 << 20), 9)


async def _asked(app: Any, sent: Sent) -> tuple[int, bytes]:
    """Status and body of the answer of an ASGI application."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/events",
        "raw_path": b"/events",
        "query_string": b"",
        "root_path": "",
        "headers": sent.headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8650),
    }
    given = iter([{"type": "http.request", "body": sent.body, "more_body": False}])
    answer: dict[str, Any] = {"status": 0, "body": b""}

    async def receive() -> dict[str, Any]:
        return next(given, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        answer["status"] = message.get("status", answer["status"])
        answer["body"] += message.get("body", b"")

    await app(scope, receive, send)
    return answer["status"], answer["body"]
