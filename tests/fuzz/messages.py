"""Messages of every topic, through the functions with which a worker reads them: events, rejects, marks, answers.

Each comes between two good ones, which must be read whatever stands between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import orjson
import pyarrow as pa

from nytta.ingest.events import Reason, Reject, to_ndjson
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.stream import rejected, usage, wire
from nytta.ingest.stream.cluster import Cluster
from nytta.ingest.stream.consumer import _stored_at
from nytta.ingest.stream.messages import Message
from nytta.ingest.stream.parts import Parts
from nytta.insight.alerts.answers import Answer
from nytta.service.streams import marks, signal_messages, signals
from tests.fuzz import mutate
from tests.fuzz.bodies import EVENTS, NOW
from tests.fuzz.run import DefectError

_KEYS = Keys("k1", bytes(32))
_TIMES: Final = (None, -1.0, 0.0, 0.001, 1.78e9, 1.9e9, 2.0**62 / 1000, float("nan"), float("inf"))
_REJECT = Reject(Reason.RAW_ACTOR, "data.actor: is no pseudonym", "/x", "line 1", b"body")
_REJECTED: Final[dict[str, Any]] = orjson.loads(wire.reject_message(_REJECT, NOW, _KEYS.seal(b"body")))
_NOTES: Final = {"notes": [["k1", "k2", "ab" * 16, "cd" * 16]]}
_ANSWER: Final = orjson.loads(signal_messages.answer_message(Answer("a1", "take")))
_MARKS: Final = wire.marks_message(
    pa.table([[7], ["case"], ["cases"], [bytes(16)], ["north"], [NOW]], schema=marks.SCHEMA)
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message of one of the topics."""

    topic: str
    value: bytes | None
    headers: dict[str, bytes | None]
    stored_at: datetime


class Messages:
    """What a worker does with messages before anything is stored."""

    name = "messages"
    together = 20

    def __init__(self, intake: Intake) -> None:
        given: Any = None
        self._kept = _Kept()
        kept: Any = self._kept
        cluster = Cluster(("broker:9092",), "nytta", "PLAINTEXT", "", "", "", None)
        self._parts = Parts(cluster, kept, _KEYS, intake.judge, lambda _: None, lambda: None, given)

    def make(self, chance: Random, number: int) -> Taken:
        """A message of the topic of events four times in five."""
        at = _stored_at(chance.choice(_TIMES), NOW)
        if chance.random() < 0.8:
            value, headers = _event(chance)
            return Taken("usage", value, headers, at)
        topic = chance.choice(["rejected", "marks", "signals"])
        its = {"rejected": _REJECTED, "marks": _NOTES, "signals": _ANSWER}[topic]
        body = _MARKS if topic == "marks" and chance.random() < 0.7 else mutate.written(mutate.changed(chance, its))
        value = mutate.mangled(chance, body) if chance.random() < 0.5 or body == _MARKS else body
        return Taken(topic, value, {}, at)

    def attempt(self, inputs: Sequence[Taken]) -> Iterator[str]:
        """Read those of a topic together, each between two good ones."""
        for topic in dict.fromkeys(taken.topic for taken in inputs):
            yield from getattr(self, f"_{topic}")([taken for taken in inputs if taken.topic == topic])

    def _usage(self, inputs: Sequence[Taken]) -> Iterator[str]:
        messages = [Message(to_ndjson([_named("good 0")]), {}, NOW, "good 0")]
        for number, taken in enumerate(inputs, 1):
            messages.append(Message(taken.value, taken.headers, taken.stored_at, f"bad {number}"))
            messages.append(Message(to_ndjson([_named(f"good {number}")]), {}, NOW, f"good {number}"))
        batch = usage.read(self._parts, messages).batch
        ids = batch.table["id"].to_pylist()
        if missing := {f"good {number}" for number in range(len(inputs) + 1)} - set(ids):
            raise DefectError(f"the neighbours are lost: {sorted(missing)}")
        if batch.read != len(batch) + len(batch.rejects):
            raise DefectError(f"{batch.read} read, {len(batch)} accepted, {len(batch.rejects)} rejected")
        for reject in batch.rejects:
            if reject.reason is Reason.FAULT:
                raise DefectError(f"a fault: {reject.detail}")
            if reject.reason is not Reason.UNKNOWN_UNIT and not reject.position.startswith("bad "):
                raise DefectError(f"a reject stands elsewhere: {reject.position}")
        yield from (str(reject.reason) for reject in batch.rejects)
        yield from ["accepted"] * (len(ids) - len(inputs) - 1)

    def _rejected(self, inputs: Sequence[Taken]) -> Iterator[str]:
        good = wire.reject_message(_REJECT, NOW, _KEYS.seal(b"body"))
        self._kept.rejects.clear()
        rejected.store(self._parts, _between(good, inputs))
        told = (_REJECT.reason.value, _REJECT.detail, _REJECT.source, _REJECT.position)
        if self._kept.rejects.count(told) <= len(inputs):
            raise DefectError("the neighbours are lost")
        yield from ["reject"] * len(self._kept.rejects)

    def _marks(self, inputs: Sequence[Taken]) -> Iterator[str]:
        asked = marks.read(_between(_MARKS, inputs))
        if len(asked.marks) <= len(inputs):
            raise DefectError("the neighbours are lost")
        yield from ["marks"] * len(asked.marks)
        yield from ["note"] * len(asked.notes)

    def _signals(self, inputs: Sequence[Taken]) -> Iterator[str]:
        answers = signals.read(_between(orjson.dumps(_ANSWER), inputs))
        if len(answers) <= len(inputs):
            raise DefectError("the neighbours are lost")
        yield from ["answer"] * len(answers)

    def finish(self) -> None:
        """Nothing is left to check."""

    def close(self) -> None:
        """Nothing is held."""


def _between(good: bytes, inputs: Sequence[Taken]) -> list[bytes | None]:
    """The values of the messages, each with a good one before and after it."""
    return [good, *(value for taken in inputs for value in (taken.value, good))]


class _Kept:
    """A store and its connection; keeps the rejects that it is given, held to the types that the store takes."""

    def __init__(self) -> None:
        self.connection = self
        self.rejects: list[tuple[str, str, str, str]] = []

    def insert_arrow(self, _table: str, rows: pa.Table) -> None:
        for row in rows.to_pylist():
            if not timedelta(0) < row["received_at"] - datetime(1970, 1, 1, tzinfo=UTC) < timedelta(days=365 * 300):
                raise DefectError(f"received at {row['received_at']}")
            self.rejects.append((row["reason"], row["detail"], row["source"], row["position"]))


def _named(id_: str) -> dict[str, Any]:
    event = next(event for event in EVENTS if event["type"] == "nytta.case.step.v1")
    return event | {"id": id_, "data": event["data"] | {"unit": "north"}}


def _event(chance: Random) -> tuple[bytes | None, dict[str, bytes | None]]:
    """Value and headers of a message on the topic of events."""
    event = chance.choice(EVENTS)
    event = event | {"data": event["data"] | {"unit": "north"}}
    if chance.random() < 0.7:
        event = mutate.changed(chance, event)
    mode = chance.choice(["structured", "binary", "batch", "none"])
    headers: dict[str, bytes | None] = {}
    value: bytes | None
    if mode == "binary":
        its = event if isinstance(event, dict) else {}
        headers = {f"ce_{name}": str(text).encode() for name, text in its.items() if name != "data"}
        headers["content-type"] = b"application/json"
        value = mutate.written(its.get("data"))
    else:
        media = {"structured": wire.CLOUDEVENT, "batch": wire.NDJSON, "none": ""}[mode]
        headers = {"content-type": media.encode()} if media else {}
        line = mutate.written(event, indent=chance.choice([None, 2]) if mode == "structured" else None)
        value = b"\n".join([line] * chance.choice([1, 3])) if mode == "batch" else line
        if mode == "batch":
            headers[wire.RECEIVED] = chance.choice([b"2026-06-01T08:00:00+00:00", b"0001-01-01T00:00:00+14:00", b"x"])
    if chance.random() < 0.5:
        value = chance.choice([None, b"", mutate.mangled(chance, value), chance.choice(mutate.FRAGMENTS)])
    if headers and chance.random() < 0.4:
        name = chance.choice(sorted(headers))
        held = headers[name] or b""
        headers[name] = chance.choice([None, b"", mutate.mangled(chance, held), held * 2000, chance.randbytes(20)])
    if chance.random() < 0.1:
        name = "ce_" + chance.choice(["data", "", "\x00", "datacontenttype", "é" * 50, "ID"])
        headers[name] = chance.choice([None, b"x", b"\xff"])
    return value, headers
