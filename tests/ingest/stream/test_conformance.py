"""The conformance scenarios of CloudEvents 1.0.2 for Kafka and JSON, with events of our types.

Scenarios are those of the project's conformance suite: features/kafka-protocol-binding, and format/json in structured
messages. What the sections of the Kafka protocol binding say beside them is named by section.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.ingest.stream.test_usage import BINARY, EVENT, message, read
from tests.support.cloudevents import INVALID, VALID, changed

STRUCTURED = ["application/cloudevents+json", "application/cloudevents+json; charset=utf-8"]
SCENARIO: dict[str, Any] = EVENT | {
    "id": "1234-1234-1234",
    "source": "/mycontext/subcontext",
    "time": "2018-04-05T03:56:24Z",
}


def told(value: bytes, headers: dict[str, bytes]) -> tuple[Any, ...]:
    """The attributes and the data of the one event that a message holds."""
    rows, rejects = read(message(value, headers))
    assert rejects == []
    (row,) = rows
    return row["id"], row["source"], row["type"], row["time"].isoformat(), row["unit"], row["channel"]


EXPECTED = ("1234-1234-1234", "/mycontext/subcontext", "case.opened", "2018-04-05T03:56:24+00:00", "north", "web")


def test_binary_content_mode() -> None:
    """suite kafka-protocol-binding "Binary content mode"; Kafka 3.2.1 and 3.2.3."""
    attributes = {f"ce_{name}": str(value).encode() for name, value in SCENARIO.items() if name != "data"}
    assert told(orjson.dumps(SCENARIO["data"]), attributes | {"content-type": b"application/json"}) == EXPECTED


@pytest.mark.parametrize("media", STRUCTURED)
def test_structured_content_mode(media: str) -> None:
    """suite kafka-protocol-binding "Structured content mode"; Kafka 3.3.1."""
    event = SCENARIO | {"datacontenttype": "application/json"}
    pretty = orjson.dumps(event, option=orjson.OPT_INDENT_2)
    assert told(pretty, {"content-type": media.encode()}) == EXPECTED


def test_structured_mode_takes_attributes_from_the_value_alone() -> None:
    """Kafka 3 and 3.3.3: the content type says which mode it is; headers may repeat what the value has."""
    headers = {"content-type": STRUCTURED[0].encode(), "ce_id": b"other", "ce_specversion": b"0.3"}
    assert told(orjson.dumps(SCENARIO), headers) == EXPECTED


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
def test_binary_mode_needs_all_required_attributes(name: str) -> None:
    """Kafka 3.2.3: each attribute is a header of its own."""
    headers = {key: value for key, value in BINARY.items() if key != f"ce_{name}"}
    rows, rejects = read(message(orjson.dumps(EVENT["data"]), headers))
    assert (rows, len(rejects)) == ([], 1)


def test_headers_are_utf8() -> None:
    """Kafka 3.2.3.2: header values are UTF-8."""
    good, _ = read(message(orjson.dumps(EVENT["data"]), BINARY | {"ce_id": "ärende 1".encode()}))
    assert [row["id"] for row in good] == ["ärende 1"]
    assert read(message(orjson.dumps(EVENT["data"]), BINARY | {"ce_id": b"\xff"})) == (
        [],
        [("invalid_encoding", "nytta.usage/3 offset 17")],
    )


@pytest.mark.parametrize("name", VALID)
def test_valid_events(name: str) -> None:
    """suite format/json/valid-events.json."""
    rows, rejects = read(message(orjson.dumps(changed(EVENT, VALID[name])), {"content-type": STRUCTURED[0].encode()}))
    assert (len(rows), rejects) == (1, [])


@pytest.mark.parametrize("name", INVALID)
def test_invalid_events(name: str) -> None:
    """suite format/json/invalid-events.json: refused, and its neighbours are not."""
    headers = {"content-type": STRUCTURED[0].encode()}
    bad = message(orjson.dumps(changed(EVENT, INVALID[name])), headers, 18)
    good = orjson.dumps(EVENT)
    rows, rejects = read(message(good, headers, 17), bad, message(good, headers, 19))
    assert (len(rows), [position for _, position in rejects]) == (2, ["nytta.usage/3 offset 18 line 1"])
