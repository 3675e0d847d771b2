"""The conformance scenarios of CloudEvents 1.0.2 for HTTP and JSON, with events of our types.

Each case names what it is taken from: the section of the HTTP protocol binding (HTTP), of the JSON event format
(JSON), of the webhook specification (hook), or the scenario of the project's conformance suite (suite). Our contract
is narrower in three places, and says so: an event needs a time, its data are a JSON object, and its type is ours.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.ingest.http.modes import Unreadable, header_text
from tests.ingest.http.conftest import Place, event
from tests.support.cloudevents import INVALID, VALID, changed

BATCH = "application/cloudevents-batch+json"
DATA: dict[str, Any] = event()["data"]

Headers = dict[str, str]


def binary(**changed: str | None) -> Headers:
    """The headers of an event in binary mode; None leaves one out."""
    its = {f"ce-{name}": value for name, value in event().items() if name != "data"}
    its |= {f"ce-{name}": value for name, value in changed.items()}
    return {name: value for name, value in its.items() if value is not None}


def send(place: Place, headers: Headers, body: bytes | None = None, media: str = "application/json") -> Any:
    shown = {"Authorization": f"Bearer {place.token}", "Content-Type": media} | headers
    return place.client.post("/events", content=orjson.dumps(DATA) if body is None else body, headers=shown)


# --- content modes --------------------------------------------------------------------------------


@pytest.mark.parametrize("media", ["application/json", "application/json; charset=utf-8", "application/vnd.x+json"])
def test_binary_mode(place: Place, media: str) -> None:
    """suite http-protocol-binding "Binary content mode"; HTTP 3.1.1: Content-Type is datacontenttype."""
    answer = send(place, binary(), media=media)
    assert (answer.status_code, answer.json()) == (202, {"read": 1, "accepted": 1, "rejected": []})
    (row,) = place.kept.rows
    assert (row["id"], row["source"], row["type"], row["unit"]) == ("1", "/cases", "case.opened", "north")


@pytest.mark.parametrize(
    "media",
    [
        "application/cloudevents+json",
        "application/cloudevents+json; charset=utf-8",
        "Application/CloudEvents+JSON;charset=UTF-8",
    ],
)
def test_structured_mode(place: Place, media: str) -> None:
    """suite http-protocol-binding "Structured content mode"; HTTP 3.2.1; media types know no case."""
    pretty = orjson.dumps(event(), option=orjson.OPT_INDENT_2)
    answer = place.post(pretty, media)
    assert (answer.status_code, len(place.kept.rows)) == (202, 1)


def test_structured_mode_takes_attributes_from_the_body_alone(place: Place) -> None:
    """HTTP 3.2.3: headers may repeat attributes, the payload has them all."""
    place.post(event(7), **{"ce-id": "other", "ce-specversion": "0.3"})
    assert [row["id"] for row in place.kept.rows] == ["7"]


@pytest.mark.parametrize("media", ["application/cloudevents+avro", "application/cloudevents+xml", "text/plain", ""])
def test_what_names_no_format_we_read_is_415(place: Place, media: str) -> None:
    """HTTP 3 and hook 2.2: a format that is not understood is 415 Unsupported Media Type."""
    answer = place.post(event(), media)
    assert answer.status_code == 415
    assert "application/cloudevents+json" in answer.headers["accept"]


def test_binary_mode_needs_all_required_attributes(place: Place) -> None:
    """HTTP 3.1.3: each attribute is a header of its own."""
    for name in ("specversion", "id", "source", "type"):
        answer = send(place, binary(**{name: None}))
        assert answer.status_code in (400, 422), name
    assert place.kept.rows == []


def test_datacontenttype_has_no_header_of_its_own(place: Place) -> None:
    """HTTP 3.1.1: ce-datacontenttype must not be present."""
    answer = send(place, binary(datacontenttype="application/json"))
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_field")


def test_an_attribute_is_given_once(place: Place) -> None:
    """HTTP 3.1.3: attributes map to distinct headers."""
    headers = [*binary().items(), ("ce-id", "2"), ("Content-Type", "application/json")]
    shown = [("Authorization", f"Bearer {place.token}"), *headers]
    answer = place.client.post("/events", content=orjson.dumps(DATA), headers=shown)
    assert (answer.status_code, answer.json()["detail"]) == (422, "id: its header is given more than once")


# --- header values: HTTP 3.1.3.2 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),  # the example of the section
        ("euro%20%e2%82%ac", "euro €"),  # lower-case digits are accepted
        ("%41%2D1", "A-1"),  # needlessly encoded is accepted
        ("100%2525", "100%25"),  # a single round
        ('"a b"', "a b"),  # older senders quote
        (r'"a \"b\" \\c"', r'a "b" \c'),
        ('"%E2%82%AC"', "€"),  # first unquoted, then decoded
        ("%22a%22", '"a"'),  # what is encoded is not quoting
    ],
)
def test_header_values_are_decoded_once(place: Place, value: str, text: str) -> None:
    assert header_text("id", value.encode()) == text
    send(place, binary(id=value))
    assert [row["id"] for row in place.kept.rows] == [text]


@pytest.mark.parametrize("value", ["%C0%A0", "%E2%82", "%FF", "%zz", "100%", "%4"])
def test_bytes_that_are_not_utf8_are_refused(place: Place, value: str) -> None:
    with pytest.raises(Unreadable):
        header_text("id", value.encode())
    answer = send(place, binary(id=value))
    assert answer.status_code in (400, 422)
    assert (place.kept.rows, len(place.kept.rejects)) == ([], 1)


def encoded(text: str) -> str:
    """A value as the section says it is to be written."""
    plain = {chr(n) for n in range(0x21, 0x7F)} - {'"', "%"}
    return "".join(c if c in plain else "".join(f"%{b:02X}" for b in c.encode()) for c in text)


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_what_is_encoded_as_the_section_says_comes_back(text: str) -> None:
    assert header_text("id", encoded(text).encode()) == text


# --- the JSON format: valid events ----------------------------------------------------------------


@pytest.mark.parametrize("name", VALID)
def test_valid_events(place: Place, name: str) -> None:
    """suite format/json/valid-events.json, alone and in a batch."""
    assert place.post(event(**VALID[name])).status_code == 202
    assert place.post([event(**VALID[name])], BATCH).json()["accepted"] == 1
    assert len(place.kept.rows) == 2


def test_time_offsets_are_the_same_moment(place: Place) -> None:
    """suite: the three spellings of 17:31 UTC are one moment."""
    for name, attributes in VALID.items():
        if "Time" in name:
            place.post(event(**attributes))
    assert {row["time"].isoformat() for row in place.kept.rows} == {"2018-04-05T17:31:00+00:00"}


# --- the JSON format: invalid events --------------------------------------------------------------


@pytest.mark.parametrize("name", INVALID)
def test_invalid_events(place: Place, name: str) -> None:
    """suite format/json/invalid-events.json: refused alone, and beside a good one that is accepted."""
    bad = changed(event(), INVALID[name])
    alone = place.post(bad)
    assert 400 <= alone.status_code < 500
    assert alone.headers["content-type"] == "application/problem+json"
    beside = place.post([event(2), bad, event(3)], BATCH)
    assert (beside.status_code, beside.json()["accepted"]) == (202, 2)
    assert [reject["index"] for reject in beside.json()["rejected"]] == [1]
    assert [row["id"] for row in place.kept.rows] == ["2", "3"]


# --- batches --------------------------------------------------------------------------------------


def test_an_empty_batch_is_accepted(place: Place) -> None:
    """HTTP 3.3.2: the batch may be empty; suite validBatchEmpty."""
    answer = place.post([], BATCH)
    assert (answer.status_code, answer.json()) == (202, {"read": 0, "accepted": 0, "rejected": []})


def test_a_batch_may_hold_an_event_twice(place: Place) -> None:
    """suite validBatchMinimal2: both are read; the store keeps one, for they are the same event."""
    assert place.post([event(), event()], BATCH).json() == {"read": 2, "accepted": 2, "rejected": []}


def test_batches_of_differing_events(place: Place) -> None:
    """suite validBatchMinimalAndAllCore and validBatchMinimalAndAllExtensionTypes."""
    for name in ("validAllCoreAttributes", "validAllExtensionTypes"):
        assert place.post([event(1), event(2, **VALID[name])], BATCH).json()["accepted"] == 2


@pytest.mark.parametrize(
    ("batch", "reasons"),
    [
        ([event(), event(specversion="0.9")], {1: "unsupported_version"}),  # invalidBatchMixedSpecVersions
        (["not an object", event()], {0: "not_cloudevent"}),  # invalidBatchContainingNonObject
        ([event(), {"specversion": "1.0"}, None, 5, [event()]], None),
    ],
)
def test_a_bad_event_never_sinks_its_neighbours(place: Place, batch: list[Any], reasons: dict[int, str] | None) -> None:
    """suite invalid-batches: the bad member is refused. Its neighbours stand, which the suite leaves open."""
    answer = place.post(batch, BATCH)
    told = {reject["index"]: reject["reason"] for reject in answer.json()["rejected"]}
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    assert told == reasons if reasons else told.keys() == {1, 2, 3, 4}


def test_a_batch_without_a_good_event_is_refused(place: Place) -> None:
    """suite invalidBatchContainingInvalidCloudEvent."""
    bad = {k: v for k, v in event().items() if k != "id"}
    answer = place.post([bad], BATCH)
    assert (answer.status_code, answer.json()["reason"]) == (422, "missing_field")
    assert answer.json()["rejected"] == [{"index": 0, "reason": "missing_field", "detail": "id: is required"}]


def test_a_batch_is_an_array(place: Place) -> None:
    """JSON 4: a batch is a JSON array; an event is an object."""
    assert place.post(event(), BATCH).json()["reason"] == "not_cloudevent"
    assert place.post([event()], "application/cloudevents+json").json()["reason"] == "not_cloudevent"


# --- webhooks -------------------------------------------------------------------------------------


def test_the_handshake_gives_permission(place: Place) -> None:
    """hook 4.1 and 4.2: origin and rate come back, and Allow names POST."""
    asked = {"WebHook-Request-Origin": "emitter.example.com", "WebHook-Request-Rate": "120"}
    answer = place.client.options("/events", headers=asked | {"WebHook-Request-Callback": "https://x.example/y"})
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "emitter.example.com"
    assert answer.headers["webhook-allowed-rate"] == "120"
    assert "POST" in answer.headers["allow"]


def test_no_more_than_a_tokens_rate_is_permitted(place: Place) -> None:
    """hook 4.2.2: the permitted rate, in requests per minute."""
    asked = {"WebHook-Request-Origin": "emitter.example.com", "WebHook-Request-Rate": "999999999"}
    answer = place.client.options("/events", headers=asked)
    assert answer.headers["webhook-allowed-rate"] == str(20_000 * 60)


def test_without_an_origin_nothing_is_permitted(place: Place) -> None:
    """hook 4.2: permission is the two headers, not the status."""
    answer = place.client.options("/events")
    assert "webhook-allowed-origin" not in answer.headers


@pytest.mark.parametrize("rate", ["0", "-1", "many", "1.5"])
def test_a_rate_is_a_whole_number_above_zero(place: Place, rate: str) -> None:
    """hook 4.1.4."""
    headers = {"WebHook-Request-Origin": "a.example", "WebHook-Request-Rate": rate}
    assert place.client.options("/events", headers=headers).status_code == 400


def test_the_token_may_stand_in_the_query(place: Place) -> None:
    """hook 3.2: both methods must be supported; success is not to be kept by caches."""
    media = {"Content-Type": "application/cloudevents+json"}
    answer = place.client.post(f"/events?access_token={place.token}", content=orjson.dumps(event()), headers=media)
    assert answer.status_code == 202
    assert "private" in answer.headers["cache-control"]
