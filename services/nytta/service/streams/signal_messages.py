"""The form of messages on the topic of signals: verdicts, what was judged, and what people answer to an alert."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import orjson

from nytta.ingest.stream.wire import _read
from nytta.insight.alerts.answers import Answer


def signal_message(row: Mapping[str, object]) -> bytes:
    """A published signal as a message."""
    return orjson.dumps({"signal": dict(row)}, default=str)


def judged_message(organisation: str) -> bytes:
    """That everything closed of an organisation is judged, as a message."""
    return orjson.dumps({"judged": organisation})


def answer_message(answer: Answer) -> bytes:
    """What a person answers to an alert, as a message."""
    return msgspec.json.encode({"answer": answer})


def read_answer(value: bytes | None) -> Answer | None:
    """The answer of a message; None where it tells of something else. ValueError where it is none of these."""
    fields = _read(value or b"", dict[str, msgspec.Raw], "neither a signal nor an answer")
    if fields.keys() <= {"signal", "judged"}:
        return None
    if "answer" not in fields:
        raise ValueError("is neither a signal nor an answer")
    return _read(bytes(fields["answer"]), Answer, "no answer")
